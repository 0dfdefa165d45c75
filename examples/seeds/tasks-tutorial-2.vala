// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Await what you have started, and the program takes as long as the work does: half a second less
// than tasks-tutorial-1, which sleeps for long enough.

Tend.Task run (int number) {
  return Tend.Task.run_fiber (null, () => {
    Tend.sleep (TimeSpan.SECOND / 2);
    add_completed (number);
    return true;
  });
}

bool execute_me () throws Error {
  Tend.await (run (2));
  add_completed (3);

  var task = run (4);
  add_completed (5);
  return Tend.await (task);
}

int main () {
  try {
    Tend.run (execute_me);
    print_completed ();
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
