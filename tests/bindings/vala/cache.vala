// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Caches derived in Vala; cache.py and cache.js do the same.

class TestQuery : Tend.NumberCache {
  public string host { get; set; default = ""; }
  public string log = "";

  public TestQuery (uint64 number) {
    Object (prefix: "query", number: number);
  }

  public override void timed_out () {
    base.timed_out ();
    log += "timed out: " + host;
  }

  public override void dropped () {
    base.dropped ();
    log += "dropped";
  }

  public override int64 get_timeout () {
    return 3 * TimeSpan.SECOND;
  }
}

class TestPing : Tend.RandomNumberCache {
  public Tend.Completion answer = new Tend.Completion ("answer");

  public TestPing (Tend.RequestCache requests, uint bits = 16) throws Error {
    Object (request_cache: requests, prefix: "ping", bits: bits);
    add_task (answer.get_task (), "no answer");
  }
}

void test_properties () {
  var query = (TestQuery) Object.new (typeof (TestQuery), "number", (uint64) 7, "host", "example.org");

  assert (query.prefix == "TestQuery");
  assert (query.number == 7);
  assert (query.host == "example.org");
  assert (query.get_timeout () == 3 * TimeSpan.SECOND);
  assert (new Tend.NumberCache ("p", uint64.MAX).to_string () == "<TendNumberCache p-18446744073709551615>");
}

void test_timed_out (Tend.Clock clock) throws Error {
  var requests = new Tend.RequestCache ();
  var query = new TestQuery (7);

  query.host = "example.org";
  query.timed_out.connect ((emitter) => {
    assert (!requests.has ("query", 7));
    ((TestQuery) emitter).log += "handler ";
  });
  requests.add (query);
  clock.advance (3 * TimeSpan.SECOND - 1);
  assert (query.log == "");
  assert (query.is_held ());
  clock.advance (1);
  assert (query.log == "handler timed out: example.org");
  assert (!query.is_held ());
}

void test_task_values (Tend.Clock clock) throws Error {
  var requests = new Tend.RequestCache ();
  var query = new TestQuery (7);
  var value = new Tend.Completion ("value");
  var nothing = new Tend.Completion ("nothing");
  var failed = new Tend.Completion ("failed");

  query.add_task (value.get_task (), 42);
  query.add_task (nothing.get_task (), null);
  query.add_task_with_error (failed.get_task (), new IOError.TIMED_OUT ("no answer"));
  assert (query.list_tasks ().length == 3);
  assert (query.list_tasks ()[0] == value.get_task ());
  requests.add (query);
  clock.advance (3 * TimeSpan.SECOND);
  assert ((int) value.get_task ().get_result () == 42);
  assert (nothing.get_task ().get_result () == null);
  assert (failed.get_task ().get_error () is IOError.TIMED_OUT);
}

void test_random_number () throws Error {
  var requests = new Tend.RequestCache ();
  var ping = new TestPing (requests);
  uint64 number = ping.number;

  assert (ping.bits == 16);
  assert (number < 65536);
  requests.add (ping);
  var popped = (TestPing) requests.pop ("ping", number);
  assert (popped == ping);
  popped.answer.set_string ("pong");
  assert (requests.pop ("ping", number) == null);
  assert (ping.answer.get_task ().get_string () == "pong");
}

void test_numbers_run_out () throws Error {
  var requests = new Tend.RequestCache ();
  var first = new TestPing (requests, 1);
  var second = new TestPing (requests, 1);

  assert (first.number + second.number == 1);
  try {
    requests.add (new TestPing (requests, 1));
    assert_not_reached ();
  } catch (Tend.TendError.FULL e) {
  }
  try {
    new Tend.RandomNumberCache (requests, "ping", 1);
    assert_not_reached ();
  } catch (Tend.TendError.FULL e) {
  }
}

void test_types () throws Error {
  var requests = new Tend.RequestCache ();
  var query = (TestQuery) Object.new (typeof (TestQuery), "number", (uint64) 7);

  requests.add (query);
  assert (requests.has_type (typeof (TestQuery), 7));
  assert (requests.lookup_type (typeof (TestQuery), 7) == query);
  assert (requests.pop_type (typeof (TestQuery), 7) == query);
  assert (!requests.has_type (typeof (TestQuery), 7));
}

class TestKeyed : Tend.NumberCache {
  public TestKeyed (Bytes key) {
    Object (prefix: "keyed", key: key);
  }
}

void test_keys (Tend.Clock clock) throws Error {
  var requests = new Tend.RequestCache ();
  var key = new Bytes ({ 0, 1, 2, 255 });
  var query = new TestKeyed (key);

  requests.add (query);
  assert (query.key.compare (key) == 0);
  assert (query.get_key ().compare (key) == 0);
  assert (requests.has_key ("keyed", new Bytes ({ 0, 1, 2, 255 })));
  assert (requests.lookup_key ("keyed", key) == query);
  assert (requests.pop_key ("keyed", key) == query);

  var waiter = requests.wait_for_text ("p", "name");
  var late = requests.wait_for_key ("p", key, TimeSpan.SECOND);
  var cache = new Tend.NumberCache.for_text ("p", "name");
  requests.add (cache);
  assert (waiter.get_object () == cache);
  assert (cache.to_string () == "<TendNumberCache p-name>");
  assert (requests.has_text ("p", "name") && requests.lookup_text ("p", "name") == cache);
  assert (requests.pop_text ("p", "name") == cache);
  requests.add (new Tend.NumberCache.for_key ("p", new Bytes ("other".data)));
  assert (requests.has_text ("p", "other"));
  clock.advance (TimeSpan.SECOND);
  assert (late.get_error ().matches (IOError.quark (), IOError.TIMED_OUT));
}

void test_clear_with_error () throws Error {
  var requests = new Tend.RequestCache ();
  var query = new TestQuery (7);
  var answer = new Tend.Completion ("answer");

  query.add_task (answer.get_task (), 42);
  query.dropped.connect (() => query.log += requests.has ("query", 7) || answer.is_done () ? "late " : "handler ");
  requests.add (query);
  assert (requests.list_caches ().length == 1 && requests.list_caches ("query")[0] == query);
  assert (requests.list_caches ("other").length == 0);
  requests.clear_with_error (new IOError.CONNECTION_CLOSED ("lost"));
  assert (query.log == "handler dropped");
  assert (answer.get_task ().get_error () is IOError.CONNECTION_CLOSED);
}

void test_restart_timeout (Tend.Clock clock) throws Error {
  var requests = new Tend.RequestCache ();
  var query = new TestQuery (7);

  assert (!query.restart_timeout (TimeSpan.SECOND));
  requests.add (query);
  clock.advance (2 * TimeSpan.SECOND);
  assert (query.restart_timeout (5 * TimeSpan.SECOND));
  clock.advance (5 * TimeSpan.SECOND - 1);
  assert (query.log == "");
  clock.advance (1);
  assert (query.log == "timed out: ");
}

void test_wait_for (Tend.Clock clock) throws Error {
  var requests = new Tend.RequestCache ();
  var query = new TestQuery (7);
  Tend.NumberCache? found = null;

  Tend.TaskManager manager = requests.get_manager ();
  manager.register (new Tend.Task.fiber ("find", (task) => {
    var waiter = requests.wait_for ("query", 7, Tend.FOREVER);
    Tend.await (waiter);
    found = (Tend.NumberCache) waiter.get_object ();
    return true;
  }));
  clock.advance (0);
  assert (found == null);
  requests.add (query);
  clock.advance (0);
  assert (found == query);

  var late = requests.wait_for ("query", 8, TimeSpan.SECOND);
  clock.advance (TimeSpan.SECOND);
  assert (late.get_error ().matches (IOError.quark (), IOError.TIMED_OUT));
}

void test_override (Tend.Clock clock) throws Error {
  var requests = new Tend.RequestCache ();
  var query = new TestQuery (7);

  requests.push_timeout (typeof (TestQuery), 0);
  requests.add (query);
  requests.pop_timeout ();
  clock.advance (0);
  assert (query.log == "timed out: ");
}

async void shut_down (Tend.RequestCache requests, TestQuery query) throws Error {
  yield requests.shutdown ();
  query.log += "down";
}

void test_shutdown (Tend.Clock clock) throws Error {
  var requests = new Tend.RequestCache ();
  var ping = new TestPing (requests);
  var query = new TestQuery (7);

  requests.add (ping);
  requests.add (query);
  requests.get_manager ().register (new Tend.Task.open ("again", () => true));
  shut_down.begin (requests, query);
  assert (ping.answer.get_task ().get_status () == Tend.TaskStatus.CANCELLED);
  clock.advance (10 * TimeSpan.SECOND);
  assert (query.log == "droppeddown");
  try {
    requests.add (query);
    assert_not_reached ();
  } catch (Tend.TendError.SHUT_DOWN e) {
    assert (e.message == "Cache 'query-7': is not added: the request cache has been shut down");
  }
}

bool run_await_shutdown (Tend.Task task) throws Error {
  var requests = new Tend.RequestCache ();

  requests.add (new TestQuery (7));
  return requests.await_shutdown () && requests.get_n_caches () == 0;
}

void test_reserved () throws Error {
  var requests = new Tend.RequestCache ();
  var reserved = new Tend.RandomNumberCache (requests, "p", 16);
  var query = (Tend.NumberCache) Object.new (typeof (Tend.NumberCache), reservation: reserved);

  assert (!reserved.is_reserved ());
  assert (query.is_reserved ());
  assert (query.release ());
  assert (requests.reserve (query));
  requests.add (query);
}

int main () {
  var clock = Tend.Clock.freeze (null);

  try {
    test_properties ();
    test_timed_out (clock);
    test_task_values (clock);
    test_random_number ();
    test_reserved ();
    test_numbers_run_out ();
    test_types ();
    test_keys (clock);
    test_clear_with_error ();
    test_restart_timeout (clock);
    test_wait_for (clock);
    test_override (clock);
    test_shutdown (clock);
    assert (Tend.run (run_await_shutdown));
    assert (Tend.tag_equal (new Bytes ("secret".data), new Bytes ("secret".data)));
    assert (!Tend.tag_equal (new Bytes ("secret".data), new Bytes ("Secret".data)));
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
