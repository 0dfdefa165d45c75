// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Twenty tasks without a name, which sleep at the same time: it takes half a second, not ten.

bool example () throws Error {
  var manager = new Tend.TaskManager ();

  for (int i = 0; i < 20; i++) {
    // The closures have i in common. This is one for each.
    int number = i;

    manager.register (new Tend.Task.fiber (null, () => {
      Tend.sleep (TimeSpan.SECOND / 2);
      add_completed (number);
      return true;
    }));
  }

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
