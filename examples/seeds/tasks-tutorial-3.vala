// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager finds tasks by their names: one is cancelled before it begins, and the program waits for the other.

void execute_me_too (Tend.TaskManager manager, int number) throws Error {
  manager.register (new Tend.Task.fiber (@"execute_me_too$number", () => {
    Tend.sleep (TimeSpan.SECOND / 2);
    add_completed (number);
    return true;
  }));
}

bool example () throws Error {
  var manager = new Tend.TaskManager ();

  execute_me_too (manager, 1);
  execute_me_too (manager, 2);
  manager.cancel_task ("execute_me_too1");

  // A shutdown alone would cancel the other task too, and the list be empty.
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
