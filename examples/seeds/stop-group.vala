// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A parent that stops its children when it is stopped itself. Nothing relates the tasks but the
// parent's exit handler; a Tend.Group does the same by itself.

const int N_CHILDREN = 3;
const int N_STEPS = 5;

void print_exit (Tend.Task task) {
  print ("On exit: %s (%s)\n", task.to_string (), task.status.to_string ());
}

bool run_child (Tend.Task task) throws Error {
  task.add_exit_handler (print_exit);

  for (int i = 0; i < N_STEPS; i++) {
    print ("%s works: %d of %d\n", task.to_string (), i, N_STEPS - 1);
    Tend.sleep (2 * TimeSpan.SECOND);
  }
  return task.return_int (N_STEPS);
}

bool run_parent (Tend.Task me) throws Error {
  Tend.Task[] group = {};

  me.add_exit_handler ((me) => {
    print_exit (me);
    if (me.status == Tend.TaskStatus.COMPLETED)
      return;

    foreach (var child in group) {
      if (child.is_ended ())
        continue;
      print ("%s stops '%s' (%s)\n", me.name, child.name, child.status.to_string ());
      child.stop ();
    }
  });

  for (int i = 0; i < N_CHILDREN; i++)
    group += Tend.Task.run_fiber (@"Child $i", run_child);
  return Tend.await (Tend.wait_all (group));
}

bool example (Tend.Task main_task) throws Error {
  var parent = Tend.Task.run_fiber ("Parent", run_parent);

  main_task.add_timer (2 * TimeSpan.SECOND, -1, () => {
    print ("Stopping %s\n", parent.to_string ());
    parent.stop ();
    return Source.REMOVE;
  });
  try {
    Tend.await (parent);
  } catch (Tend.TendError.STOPPED e) {
    // That is what this is about.
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
