// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A chain of posts and timers that ends with its task. Each of them creates the next one.

void post_timer (Tend.Task task) {
  task.post (() => {
    task.add_timer (TimeSpan.SECOND / 2, -1, () => {
      print ("tick\n");
      post_timer (task);
      return Source.REMOVE;
    });
    return Source.REMOVE;
  });
}

bool example () throws Error {
  var task = Tend.Task.run_fiber ("task with timer", (task) => {
    post_timer (task);
    return Tend.sleep (1500 * TimeSpan.MILLISECOND);
  });

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
