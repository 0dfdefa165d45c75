// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Built by "valac --pkg tend-1": a managed task, awaited in a fiber.

bool ask (Tend.Task task) throws Error {
  var manager = new Tend.TaskManager ();
  var answer = manager.register (new Tend.Task ("answer", (t) => t.return_value (42)));

  Tend.await (answer);
  print ("%d\n", (int) answer.get_result ());
  return manager.await_shutdown ();
}

int main () {
  try {
    Tend.run (ask);
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
