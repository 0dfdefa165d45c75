// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Created, awaited, and started: a task that is created and never started does not run, a task that is awaited is over
// before its creator goes on, and a task that is started goes on beside it.

Tend.Task make (int number) {
  return new Tend.Task.fiber (null, () => {
    Tend.sleep (TimeSpan.SECOND / 2);
    add_completed (number);
    return true;
  });
}

bool execute_me () throws Error {
  // Nobody has started it, and nobody can any more.
  make (1);

  var awaited = make (2);
  awaited.start ();
  Tend.await (awaited);
  add_completed (3);

  var started = make (4);
  started.start ();
  add_completed (5);

  // Without this the program would end first, and 4 not be in the list.
  return Tend.sleep (TimeSpan.SECOND);
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
