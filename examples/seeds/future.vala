// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that nobody keeps: its error cannot be read any more, and is reported once. The program
// goes on.

// Starts the work in the next turn of the main loop, and forgets it.
void begin () throws Error {
  var task = new Tend.Task (null, () => {
    throw new IOError.FAILED ("Error");
  });

  task.delay = 0;
  task.start ();
}

int main () {
  try {
    Tend.run (() => {
      begin ();

      print ("Do some work\n");
      Tend.sleep (TimeSpan.SECOND);
      print ("Work completed\n");
      return true;
    });
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
