// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that is stopped while it sleeps. Nothing of it runs any more but its clean-up.

const int DURATION_SEC = 5;

bool work (Tend.Task task) throws Error {
  task.add_exit_handler ((task) => print ("On exit: %s, state: '%s'\n", task.to_string (), task.status.to_string ()));

  print ("running...\n");
  Tend.sleep (DURATION_SEC * TimeSpan.SECOND);
  print ("done\n");
  return true;
}

bool example () throws Error {
  var task = new Tend.Task.fiber ("my task", work);

  task.start ();
  Tend.yield_turn ();

  print ("Stop %s with state '%s'\n", task.to_string (), task.status.to_string ());
  task.stop ();
  try {
    Tend.await (task);
  } catch (Tend.TendError.STOPPED e) {
    print ("Big bada boom?\n");
    print ("%s\n", e.message);
    print ("Oh no, it was just a faint hiss...\n");
  }

  print ("Waiting %d sec. to see what happens...\n", DURATION_SEC);
  Tend.sleep (DURATION_SEC * TimeSpan.SECOND);
  print ("Continue to work\n");
  return true;
}

int main () {
  try {
    Tend.run (example);
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
