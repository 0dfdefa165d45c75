// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Classes derived from the manager with asynchronous virtual methods, and what else takes closures:
// caches, groups, retries. See subclass.vala and cache.vala for the rest of the classes.

class Fetcher : Tend.TaskManager {
  public string log = "";

  public virtual async string fetch (string name, Cancellable? cancellable) throws Error {
    yield Tend.Task.run_delay (TimeSpan.SECOND).wait (cancellable);
    return "plain " + name;
  }

  public Tend.Task register_fetch (string name) throws Error {
    return register (Tend.Task.new_async (
        name,
        (task, cancellable, done) => fetch.begin (name, cancellable, done),
        (task, result) => task.return_string (fetch.end (result))));
  }

  public override void task_slow (Tend.Task task, int64 usec) {
    log += "%s slow after %lld;".printf (task.name, (long) (usec / TimeSpan.SECOND));
  }
}

class LoudFetcher : Fetcher {
  public override async string fetch (string name, Cancellable? cancellable) throws Error {
    if (name == "nothing")
      throw new IOError.NOT_FOUND ("there is no %s", name);
    return "LOUD " + yield base.fetch (name, cancellable);
  }

  public override void task_failed (Tend.Task task, Error error) {
    log += "%s failed: %s;".printf (task.name, error.message);
  }
}

void test_async_virtual (Tend.Clock clock) throws Error {
  Fetcher[] fetchers = { new Fetcher (), new LoudFetcher () };
  string[] results = {};

  foreach (var fetcher in fetchers) {
    var task = fetcher.register_fetch ("x");
    clock.advance (2 * TimeSpan.SECOND);
    results += task.get_string ();
  }
  assert (results[0] == "plain x" && results[1] == "LOUD plain x");
}

void test_async_virtual_error (Tend.Clock clock) throws Error {
  var fetcher = new LoudFetcher ();
  var task = fetcher.register_fetch ("nothing");

  clock.advance (0);
  assert (task.status == Tend.TaskStatus.FAILED);
  assert (fetcher.log == "nothing failed: there is no nothing;");
}

void test_slow (Tend.Clock clock) throws Error {
  var fetcher = new Fetcher ();

  fetcher.set_slow_check (2 * TimeSpan.SECOND, TimeSpan.HOUR);
  fetcher.register (new Tend.Task.fiber ("long", () => Tend.sleep (TimeSpan.MINUTE)));
  clock.advance (3 * TimeSpan.SECOND);
  assert (fetcher.log.has_prefix ("long slow after 2;"));
  fetcher.cancel_all ();
}

async void shut_down_twice (Fetcher fetcher) throws Error {
  yield fetcher.shutdown ();
  yield fetcher.shutdown ();
  fetcher.log += "down";
}

void test_shutdown (Tend.Clock clock) throws Error {
  var fetcher = new LoudFetcher ();
  var task = fetcher.register_fetch ("x");

  fetcher.add_shutdown_task (new Tend.Task.fiber ("last", () => {
    fetcher.log += "last;";
    return true;
  }));
  shut_down_twice.begin (fetcher);
  clock.advance (TimeSpan.SECOND);
  assert (task.status == Tend.TaskStatus.CANCELLED);
  assert (fetcher.log == "last;down");
}

async void drain_twice (Fetcher fetcher) throws Error {
  yield fetcher.drain ();
  yield fetcher.drain ();
  fetcher.log += "drained";
}

void test_ends (Tend.Clock clock) throws Error {
  var fetcher = new LoudFetcher ();
  var task = fetcher.register (new Tend.Task.fiber ("stopped", () => Tend.sleep (TimeSpan.HOUR)));

  fetcher.stop_all ();
  assert (task.status == Tend.TaskStatus.STOPPED && !fetcher.is_closed ());
  fetcher.register (new Tend.Task.fiber ("task", () => Tend.sleep (TimeSpan.HOUR)));
  fetcher.add_shutdown_task (new Tend.Task.fiber ("last", () => {
    fetcher.log += "last;";
    return true;
  }));
  fetcher.close ();
  assert (fetcher.is_closed () && !fetcher.is_shut_down ());
  drain_twice.begin (fetcher);
  clock.advance (TimeSpan.HOUR);
  assert (fetcher.log == "last;drained");
}

bool test_await_drain (Tend.Task me) throws Error {
  var manager = new Tend.TaskManager ();

  manager.register (new Tend.Task.fiber ("task", () => Tend.sleep (1)));
  manager.await_drain ();
  assert (manager.is_shut_down ());
  return true;
}

bool test_ignore_error (Tend.Task me) throws Error {
  var fetcher = new LoudFetcher ();

  fetcher.ignore_error (new IOError.BUSY ("").domain, IOError.BUSY);
  fetcher.register (new Tend.Task ("busy", () => {
    throw new IOError.BUSY ("busy");
  }));
  fetcher.register (new Tend.Task ("not ours", () => {
    throw new IOError.CLOSED ("closed");
  }));
  Tend.yield_turn ();
  assert (fetcher.log == "not ours failed: closed;");
  return fetcher.await_shutdown ();
}

bool test_policies (Tend.Task me) throws Error {
  var manager = new Tend.TaskManager ();
  string log = "";

  for (int i = 0; i < 3; i++) {
    int number = i;
    manager.debounce (new Tend.Task ("save", () => {
      log += "saved %d;".printf (number);
      return true;
    }), TimeSpan.SECOND);
  }
  Tend.sleep (2 * TimeSpan.SECOND);
  assert (log == "saved 2;");

  var first = manager.register (new Tend.Task.open ("name", () => true));
  var second = new Tend.Task.fiber ("name", () => true);
  assert (manager.register (second, Tend.NamePolicy.KEEP) == first);
  second.cancel ();
  return manager.await_shutdown ();
}

bool test_owner (Tend.Task me) throws Error {
  var owner = new TestTend.Item ();
  var manager = new Tend.TaskManager.for_owner (owner);
  var task = manager.register (new Tend.Task.fiber ("owned", () => Tend.sleep (TimeSpan.HOUR)));

  assert (manager.owner == owner && manager.parent == null);
  Tend.sleep (TimeSpan.SECOND);
  owner = null;
  assert (manager.owner == null);
  Tend.yield_turn ();
  assert (task.is_ended ());
  return true;
}

bool test_group (Tend.Task me) throws Error {
  var group = new Tend.Group (Tend.GroupPolicy.FIRST_ERROR);
  var long = new Tend.Task.fiber ("long", () => Tend.sleep (TimeSpan.HOUR));

  group.add (long);
  group.add (new Tend.Task.fiber ("bad", () => {
    Tend.sleep (TimeSpan.SECOND);
    throw new IOError.BUSY ("busy");
  }));
  try {
    group.await ();
    assert_not_reached ();
  } catch (IOError.BUSY e) {
    assert (long.status == Tend.TaskStatus.CANCELLED);
  }
  return true;
}

bool test_retry (Tend.Task me) throws Error {
  var retry = new Tend.Retry (3);
  var item = new TestTend.Item ();
  string log = "";

  retry.set_back_off (TimeSpan.SECOND, TimeSpan.MINUTE, 2);
  retry.set_predicate ((task, attempt, error) => {
    log += "%s ".printf (error.message);
    return error is IOError.BUSY && item.number == 0;
  });
  var task = retry.run ("retry", (attempt) => Tend.Task.run_fiber (null, (task) => {
    if (attempt < 3)
      throw new IOError.BUSY ("busy %u", attempt);
    return task.return_int (attempt);
  }));
  Tend.await (task);
  assert (task.get_int () == 3 && log == "busy 1 busy 2 ");
  return true;
}

bool test_retry_now (Tend.Task me) throws Error {
  var retry = new Tend.Retry (2);

  retry.set_back_off (TimeSpan.HOUR, TimeSpan.HOUR, 1);
  retry.set_timeout (Tend.FOREVER);
  var begin = Tend.get_time ();
  var task = retry.run ("retry", (attempt) => Tend.Task.run_fiber (null, (task) => {
    if (attempt < 2)
      throw new IOError.BUSY ("busy");
    return task.return_int (attempt);
  }));
  Tend.sleep (0);
  retry.retry_now ();
  Tend.await (task);
  assert (task.get_int () == 2 && Tend.get_time () - begin < TimeSpan.HOUR);
  return true;
}

bool test_cache_passes_its_value (Tend.Task me) throws Error {
  var requests = new Tend.RequestCache ();
  var cache = new Tend.RandomNumberCache (requests, "ping");
  var answer = new Tend.Completion ("answer");
  var nothing = new Tend.Completion ();

  assert (cache.bits == 16);
  cache.timeout = TimeSpan.SECOND;
  cache.add_task (answer.task, "no answer");
  cache.add_task (nothing.task);
  requests.add (cache);
  var found = requests.wait_for ("ping", cache.number);
  Tend.await (found);
  assert (found.get_object () == cache);
  Tend.await (answer.task);
  assert (answer.task.get_string () == "no answer" && nothing.task.get_result () == null);
  return requests.await_shutdown ();
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add_with_clock ("/tend/vala/managers/async-virtual", test_async_virtual);
  TestTend.add_with_clock ("/tend/vala/managers/async-virtual-error", test_async_virtual_error);
  TestTend.add_with_clock ("/tend/vala/managers/slow", test_slow);
  TestTend.add_with_clock ("/tend/vala/managers/shutdown", test_shutdown);
  TestTend.add_with_clock ("/tend/vala/managers/ends", test_ends);
  TestTend.add ("/tend/vala/managers/await-drain", test_await_drain);
  TestTend.add ("/tend/vala/managers/ignore-error", test_ignore_error);
  TestTend.add ("/tend/vala/managers/policies", test_policies);
  TestTend.add ("/tend/vala/managers/owner", test_owner);
  TestTend.add ("/tend/vala/managers/group", test_group);
  TestTend.add ("/tend/vala/managers/retry", test_retry);
  TestTend.add ("/tend/vala/managers/retry-now", test_retry_now);
  TestTend.add ("/tend/vala/managers/cache", test_cache_passes_its_value);
  return Test.run ();
}
