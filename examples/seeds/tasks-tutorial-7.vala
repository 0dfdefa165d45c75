// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Three requests that each have something to wait for: the first is answered, the second times out, the
// third is cancelled by the shutdown.

class MyCache : Tend.NumberCache {
  public Tend.Completion future = new Tend.Completion ();

  public MyCache (uint64 number) throws Error {
    Object (prefix: "my cache", number: number);
    add_task (future.task, false);
  }

  // There is nothing to clean up: the future gets its value by itself.
  public override void timed_out () {
  }
}

string say (bool value) {
  return value ? "True" : "False";
}

bool example () throws Error {
  var requests = new Tend.RequestCache ();
  var cache0 = new MyCache (0);
  var cache1 = new MyCache (1);
  var cache2 = new MyCache (2);

  requests.add (cache0);
  cache0.future.set_boolean (true);

  // For what is added in between the time-out is zero, and not ten seconds.
  requests.push_timeout (typeof (Tend.NumberCache), 0);
  requests.add (cache1);
  requests.pop_timeout ();
  Tend.await (cache1.future.task);

  requests.add (cache2);
  requests.await_shutdown ();

  print ("future0.result()=%s\n", say (cache0.future.task.get_boolean ()));
  print ("future1.result()=%s\n", say (cache1.future.task.get_boolean ()));
  print ("future2.cancelled()=%s\n", say (cache2.future.task.status == Tend.TaskStatus.CANCELLED));
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
