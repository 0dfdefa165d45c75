// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A request that nobody answers. Its class says how long to wait and what to do then.

class MyRequest : Tend.RandomNumberCache {
  public MyRequest (Tend.RequestCache requests) {
    Object (request_cache: requests);
  }

  public override void timed_out () {
    print ("Oh no! I never received a response!\n");
  }

  public override int64 get_timeout () {
    return 3 * TimeSpan.SECOND;
  }
}

bool example () throws Error {
  var requests = new Tend.RequestCache ();

  // Here the request would be sent, with its number in it.
  requests.add (new MyRequest (requests));
  Tend.sleep (4 * TimeSpan.SECOND);
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
