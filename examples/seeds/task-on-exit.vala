// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An exit handler runs however the task ends, and frees what the task had taken.

bool fail (Tend.Task task) throws Error {
  Object? handle = null;

  task.add_exit_handler ((task) => {
    print ("%s exit with status: '%s'\n", task.to_string (), task.status.to_string ());
    if (handle != null) {
      handle = null;
      print ("%s frees up: 'handle'\n", task.to_string ());
    }
  });
  handle = new Object ();

  throw new IOError.FAILED ("Error");
}

bool example () throws Error {
  var task = Tend.Task.run (null, fail);

  print ("Do some work\n");
  Tend.sleep (TimeSpan.SECOND);
  print ("Work completed\n");

  try {
    Tend.await (task);
    print ("Result: %lld\n", task.get_int ());
  } catch (IOError e) {
    print ("%s\n", e.message);
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
