// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A repeating timer that ends with its task.

bool work (Tend.Task task) throws Error {
  task.add_timer (TimeSpan.SECOND / 2, TimeSpan.SECOND / 2, () => {
    print ("tick\n");
    return Source.CONTINUE;
  });
  return Tend.sleep (1500 * TimeSpan.MILLISECOND);
}

bool example () throws Error {
  var task = Tend.Task.run_fiber ("task with timer", work);

  Tend.await (task);
  print ("%s %s\n", task.to_string (), task.status.to_string ());

  Tend.sleep (1500 * TimeSpan.MILLISECOND);
  print ("Let's wait and see what happens.\n");
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
