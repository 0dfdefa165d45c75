// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A cache with a name and a number, and a task that waits for it: another part of the
// program adds it after 1.23 seconds, and the wait is over.

class MyState : Tend.NumberCache {
  public int state;

  public MyState (int state) {
    Object (prefix: "my-state", number: (uint64) 0);
    this.state = state;
  }
}

bool example () throws Error {
  var requests = new Tend.RequestCache ();
  var found = requests.wait_for ("my-state", 0);

  requests.get_manager ().register (new Tend.Task.fiber ("Add later", () => {
    Tend.sleep (1230 * TimeSpan.MILLISECOND);
    return requests.add (new MyState (42));
  }));
  Tend.await (found);

  print ("I found a cache with the state: %d\n", ((MyState) found.get_object ()).state);
  return requests.await_shutdown ();
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
