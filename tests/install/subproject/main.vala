// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

bool count (Tend.Task task) throws Error {
  var manager = new Counter.Manager ();
  unowned var counted = manager.count ("one");

  Tend.await (counted);
  print ("%s\n", counted.get_int ().to_string ());
  return manager.await_shutdown ();
}

int main () {
  try {
    Tend.run (count);
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
