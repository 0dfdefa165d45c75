// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks that stop one another: the first failure ends all of them. Their exit handlers do it here,
// to show the order; a Tend.Group of the policy FIRST_ERROR does the same by itself.

const int N_CHILDREN = 3;
const int N_STEPS = 5;

class Family {
  private Tend.Task parent;
  private Tend.Task[] children = {};

  private void left (Tend.Task task) {
    print ("On exit: %s (%s)\n", task.to_string (), task.status.to_string ());
    if (task.status == Tend.TaskStatus.COMPLETED)
      return;

    // Stopping a task that has ended does nothing.
    foreach (var child in children)
      child.stop ();
    parent.stop ();
  }

  private bool run_child (Tend.Task task) throws Error {
    task.add_exit_handler (left);

    for (int i = 0; i < N_STEPS; i++) {
      print ("%s works: %d of %d\n", task.to_string (), i, N_STEPS - 1);
      Tend.sleep (2 * TimeSpan.SECOND);
      if (task == children[1])
        throw new IOError.FAILED ("Failure in %s", task.to_string ());
    }

    print ("%s work done\n", task.to_string ());
    return task.return_int (N_STEPS);
  }

  public bool run_parent (Tend.Task me) throws Error {
    parent = me;
    me.add_exit_handler (left);

    for (int i = 0; i < N_CHILDREN; i++)
      children += new Tend.Task.fiber (@"Child $i", run_child);
    foreach (var child in children) {
      child.start ();
      Tend.yield_turn ();
    }
    return Tend.await (Tend.wait_all (children));
  }
}

bool example () throws Error {
  var family = new Family ();
  var parent = Tend.Task.run_fiber ("Parent", family.run_parent);

  try {
    Tend.await (parent);
  } catch (Tend.TendError.STOPPED e) {
    // The child that failed has stopped it.
  }
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
