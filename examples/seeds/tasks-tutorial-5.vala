// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that runs again and again until it cancels itself, and one that runs once, after a delay.
//
// The one with the delay is registered first, so that of two equal deadlines its own comes first, and
// the 2 before the fifth 1. That the fourth is before it hangs on the machine: tasks-tutorial-5.c has
// the reasons.

bool example () throws Error {
  var manager = new Tend.TaskManager ();

  var inject = new Tend.Task ("sneaky inject", () => {
    add_completed (2);
    return true;
  });
  inject.delay = TimeSpan.SECOND / 2;

  var keep_adding = new Tend.Task ("keep adding 1", (task) => {
    if (completed.length < 20)
      add_completed (1);
    else
      task.cancel ();
    return true;
  });
  keep_adding.interval = TimeSpan.SECOND / 10;

  manager.register (inject);
  manager.register (keep_adding);
  manager.await_tasks ();
  return manager.await_shutdown ();
}

int main () {
  try {
    Tend.run (example);
    print_completed ();
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
