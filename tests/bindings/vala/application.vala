// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An application that waits for its tasks, and lets them end before its run returns.

string run (Tend.ApplicationFlags flags, bool quits) {
  var clock = Tend.Clock.freeze (null);
  int64 begin = clock.get_time ();
  var application = new Application (null, ApplicationFlags.NON_UNIQUE);
  var manager = new Tend.TaskManager ();
  string log = "";

  Tend.application_add_manager (application, manager, flags);
  application.activate.connect (() => {
    try {
      manager.register (new Tend.Task.fiber ("save", (task) => {
        try {
          for (int i = 0; i < 10; i++)
            Tend.sleep (quits ? TimeSpan.SECOND : 0);
          log += "saved ";
        } finally {
          log += "closed";
        }
        return true;
      }));
      if (quits)
        manager.register (new Tend.Task ("quit", (task) => { application.quit (); return true; }));
    } catch (Error e) {
      error (e.message);
    }
  });
  assert (application.run () == 0);
  assert (manager.is_shut_down ());
  assert (!manager.is_busy ());
  assert (clock.get_time () - begin == (flags == DRAIN ? manager.grace_period : 0));

  return log;
}

int main () {
  assert (run (NONE, false) == "saved closed");
  assert (run (NONE, true) == "closed");
  assert (run (DRAIN, true) == "closed");

  return 0;
}
