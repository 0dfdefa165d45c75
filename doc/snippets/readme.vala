// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

bool count_down (Tend.Task task) throws Error {
  for (int i = 3; i > 0; i--) {
    print ("%d\n", i);
    Tend.sleep (TimeSpan.SECOND / 10);
  }

  return task.return_string ("lift-off");
}

bool launch (Tend.Task task) throws Error {
  var manager = new Tend.TaskManager ();
  var countdown = new Tend.Task.fiber ("countdown", count_down);

  manager.register (countdown);
  Tend.await (countdown);
  print ("%s\n", countdown.get_string ());
  return manager.await_shutdown ();
}

int main () {
  try {
    Tend.run (launch);
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
