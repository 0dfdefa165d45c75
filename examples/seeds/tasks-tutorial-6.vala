// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A test of a class that registers a task when it is made, which is better avoided. Nothing that is
// registered runs at once, so that the test's set-up can cancel it in time: the body never runs. With
// KEEP_PENDING_TASKS in the environment the set-up lets the task be, and the test fails by its error.
//
// It is a small program and no GLib.Test, whose output has a random seed: it prints the lines that a
// unit test prints, but for the time.

class MyCommunity : Tend.TaskManager {
  construct {
    try {
      register (new Tend.Task ("error out :-(", () => {
        throw new IOError.FAILED ("RuntimeError");
      }));
    } catch (Error e) {
      // The name is free in a manager that is new.
      assert_not_reached ();
    }
  }
}

bool test_something () throws Error {
  var node = new MyCommunity ();
  Error? failure = null;

  node.task_failed.connect ((task, error) => {
    failure = error;
    failure.message = "%s: %s".printf (task.name, error.message);
  });
  if (Environment.get_variable ("KEEP_PENDING_TASKS") == null)
    node.cancel_all ();

  // What was registered before and is still there runs before this returns.
  Tend.yield_turn ();
  node.await_shutdown ();

  if (failure != null)
    throw failure;
  return true;
}

int main () {
  string verdict = "OK";

  try {
    Tend.run (test_something);
  } catch (Error e) {
    print ("ERROR: test_something: %s\n", e.message);
    verdict = "FAILED (errors=1)";
  }
  print ("Ran 1 test\n%s\n", verdict);
  return verdict == "OK" ? 0 : 1;
}
