// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task keeps its error until somebody reads it.

bool example () throws Error {
  var task = Tend.Task.run (null, () => {
    throw new IOError.FAILED ("Error");
  });

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
