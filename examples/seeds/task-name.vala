// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task may have a name.

int main () {
  try {
    Tend.run (() => {
      var task = Tend.Task.run_open ("my task", (task) => task.return_int (1));
      print ("%s\n", task.name);
      return Tend.await (task);
    });
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
