// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The properties and signals of each class from Vala, as a program that shows them hears of them.

// What was notified, in order.
class Log : Object {
  private string text = "";

  public void add (string line) {
    text += text == "" ? line : " " + line;
  }

  // Adds each of the properties whenever it is notified, with its value.
  public void listen (Object source, ...) {
    var names = va_list ();

    for (string? name = names.arg (); name != null; name = names.arg ())
      source.notify[name].connect ((pspec) => {
        var value = Value (pspec.value_type);
        source.get_property (pspec.name, ref value);
        var printed = Value (typeof (string));
        value.transform (ref printed);
        add ("%s=%s".printf (pspec.name, printed.get_string ()));
      });
  }

  public void expect (string expected) {
    if (text != expected)
      error ("'%s' is not '%s'", text, expected);
    text = "";
  }

  // For what is notified in no certain order.
  public void expect_all (string expected) {
    string[] lines = text.split (" "), others = expected.split (" ");

    assert (lines.length == others.length);
    foreach (unowned var line in others)
      assert (line in lines);
    text = "";
  }
}

// A fiber that takes a second to end once it was cancelled.
Tend.Task heedless_task () {
  return new Tend.Task.fiber ("x", () => {
    try {
      Tend.sleep (TimeSpan.HOUR);
    } catch (Error e) {
      Tend.shield_push ();
      Tend.sleep (TimeSpan.SECOND);
      Tend.shield_pop ();
      throw e;
    }
    return true;
  });
}

void test_task_ends (Tend.Clock clock) throws Error {
  var log = new Log ();
  var task = new Tend.Task.fiber ("x", () => Tend.sleep (TimeSpan.SECOND));

  log.listen (task, "ended", "finished", "cancelling");
  assert (!task.ended && !task.finished && !task.cancelling);
  task.start ();
  clock.advance (TimeSpan.SECOND);
  log.expect ("ended=TRUE finished=TRUE");
  assert (task.ended && task.finished);
}

void test_task_is_cancelled (Tend.Clock clock) throws Error {
  var log = new Log ();
  var task = heedless_task ();

  log.listen (task, "ended", "finished", "cancelling");
  task.start ();
  clock.advance (0);
  task.cancel ();
  log.expect ("cancelling=TRUE");
  assert (task.cancelling && !task.ended);
  clock.advance (TimeSpan.SECOND);
  log.expect ("ended=TRUE finished=TRUE");
}

void test_task_is_stopped (Tend.Clock clock) throws Error {
  var log = new Log ();
  var task = heedless_task ();

  log.listen (task, "ended", "finished");
  task.start ();
  clock.advance (0);
  task.stop ();
  clock.advance (TimeSpan.SECOND);
  log.expect ("ended=TRUE finished=TRUE");
}

void test_progress (Tend.Clock clock) throws Error {
  var log = new Log ();
  var task = new Tend.Task.open ("x");

  log.listen (task, "progress", "message");
  task.pulse ("looking");
  clock.advance (0);
  log.expect_all ("progress=-1.000000 message=looking");
  task.set_progress (0.5, "half");
  clock.advance (0);
  log.expect_all ("progress=0.500000 message=half");
  task.pulse ();
  clock.advance (0);
  assert (task.progress == -1.0 && task.message == "half");
  task.return_boolean (true);
}

void test_forward_progress (Tend.Clock clock) throws Error {
  var log = new Log ();
  var whole = new Tend.Task.open ("whole");
  var part = new Tend.Task.open ("part");

  part.forward_progress (whole, 0.5, 1.0);
  log.listen (whole, "progress");
  part.set_progress (0.5);
  clock.advance (0);
  log.expect ("progress=0.750000");
  part.return_boolean (true);
  clock.advance (0);
  log.expect ("progress=1.000000");
  whole.return_boolean (true);
}

void test_task_settings (Tend.Clock clock) throws Error {
  var log = new Log ();
  var task = new Tend.Task ("x", () => true);

  log.listen (task, "delay", "interval", "keep-going", "priority");
  task.delay = 1;
  task.interval = 2;
  task.keep_going = true;
  task.priority = Priority.LOW;
  task.deadline = 5;
  task.interval_mode = Tend.IntervalMode.FIXED_RATE;
  log.expect ("delay=1 interval=2 keep-going=TRUE priority=300");
  assert (task.deadline == 5 && task.interval_mode == Tend.IntervalMode.FIXED_RATE);
}

void test_manager_counts (Tend.Clock clock) throws Error {
  var log = new Log ();
  var manager = new Tend.TaskManager ();

  manager.max_running = 1;
  manager.task_failed.connect (() => {});
  manager.register (new Tend.Task.fiber ("a", () => Tend.sleep (TimeSpan.SECOND)));
  manager.register (new Tend.Task ("b", () => {
    throw new IOError.BUSY ("busy");
  }));
  clock.advance (0);
  assert (manager.n_pending == 1 && manager.n_running == 1 && manager.busy);
  log.listen (manager, "n-pending", "n-running", "n-failed", "busy");
  clock.advance (TimeSpan.SECOND);
  log.expect_all ("n-pending=0 n-running=0 n-failed=1 busy=FALSE");
  assert (manager.n_failed == 1);
}

void test_manager_draining (Tend.Clock clock) throws Error {
  var log = new Log ();
  var manager = new Tend.TaskManager ();
  var task = manager.register (heedless_task ());

  clock.advance (0);
  log.listen (manager, "n-draining");
  task.cancel ();
  clock.advance (0);
  log.expect ("n-draining=1");
  assert (manager.n_draining == 1);
  clock.advance (TimeSpan.SECOND);
  log.expect ("n-draining=0");
}

void test_manager_progress (Tend.Clock clock) throws Error {
  var log = new Log ();
  var manager = new Tend.TaskManager ();
  var task = manager.register (new Tend.Task.open ("x"));

  clock.advance (0);
  log.listen (manager, "progress");
  task.set_progress (0.25);
  clock.advance (0);
  log.expect ("progress=0.250000");
  assert (manager.progress == 0.25);
  task.return_boolean (true);
}

void test_manager_ends (Tend.Clock clock) throws Error {
  var log = new Log ();
  var manager = new Tend.TaskManager ();

  log.listen (manager, "closed", "shut-down");
  manager.close ();
  clock.advance (0);
  log.expect ("closed=TRUE");
  assert (manager.closed && !manager.shut_down);
  manager.shutdown.begin (null);
  clock.advance (0);
  log.expect ("shut-down=TRUE");
  assert (manager.shut_down);
}

void test_manager_end_is_shown (Tend.Clock clock) throws Error {
  var log = new Log ();
  var manager = new Tend.TaskManager ();
  var task = manager.register (heedless_task ());

  clock.advance (0);
  assert (manager.awaited.get_n_items () == 0 && manager.grace_deadline == Tend.FOREVER);
  log.listen (manager, "grace-deadline");
  manager.shutdown.begin (null);
  clock.advance (0);
  assert (manager.grace_deadline == Tend.get_time () + 5 * TimeSpan.SECOND);
  log.expect ("grace-deadline=" + manager.grace_deadline.to_string ());
  assert (manager.get_awaited ().get_item (0) == task && manager.get_age (task) == 0);
  clock.advance (TimeSpan.SECOND);
  log.expect ("grace-deadline=" + Tend.FOREVER.to_string ());
  assert (manager.get_age (task) == -1);
}

void test_manager_settings (Tend.Clock clock) throws Error {
  var log = new Log ();
  var manager = new Tend.TaskManager ();

  log.listen (manager, "max-running", "grace-period", "rate", "rate-period", "slow-age", "slow-interval");
  manager.set_rate (5, 2);
  manager.slow_age = 60;
  manager.set_slow_check (60, 30);
  manager.max_running = 3;
  manager.grace_period = 7;
  log.expect ("rate=5 rate-period=2 slow-age=60 slow-interval=30 max-running=3 grace-period=7");
  assert (manager.rate == 5 && manager.rate_period == 2 && manager.slow_age == 60 && manager.slow_interval == 30);
}

void test_manager_signals (Tend.Clock clock) throws Error {
  var log = new Log ();
  var manager = new Tend.TaskManager ();

  manager.task_added.connect ((task) => log.add ("+" + task.name));
  manager.task_ended.connect ((task) => log.add ("-" + task.name));
  manager.task_failed.connect ((task, error) => log.add (task.name + ":" + error.message));
  manager.register (new Tend.Task ("a", () => true));
  manager.register (new Tend.Task ("b", () => {
    throw new IOError.BUSY ("busy");
  }));
  clock.advance (0);
  log.expect ("+a +b -a b:busy -b");
}

void test_channel (Tend.Clock clock) throws Error {
  var log = new Log ();
  var channel = new Tend.Channel (2);
  Value value;

  log.listen (channel, "length", "closed");
  channel.try_send (1);
  channel.try_send (2);
  assert (channel.capacity == 2 && channel.length == 2);
  clock.advance (0);
  log.expect ("length=2");
  channel.try_receive (out value);
  channel.close ();
  clock.advance (0);
  log.expect ("length=1 closed=TRUE");
  assert (channel.closed);
}

void test_completion (Tend.Clock clock) throws Error {
  var log = new Log ();
  var completion = new Tend.Completion ("x");
  var cancelled = new Tend.Completion ();

  log.listen (completion, "done");
  log.listen (cancelled, "done");
  assert (!completion.done);
  completion.set_int (1);
  log.expect ("done=TRUE");
  cancelled.task.cancel ();
  log.expect ("done=TRUE");
  assert (completion.done && cancelled.done);
}

void test_request_cache (Tend.Clock clock) throws Error {
  var log = new Log ();
  var requests = new Tend.RequestCache ();
  var cache = new Tend.NumberCache ("p", 7);

  log.listen (requests, "n-caches", "shut-down");
  log.listen (cache, "held", "timeout");
  cache.timed_out.connect (() => log.add ("timed-out"));
  cache.timeout = 2;
  requests.add (cache);
  log.expect ("timeout=2 held=TRUE");
  assert (cache.held && cache.prefix == "p" && cache.number == 7);
  clock.advance (0);
  log.expect ("n-caches=1");
  clock.advance (2);
  log.expect ("held=FALSE timed-out n-caches=0");
  assert (requests.manager == requests.get_manager ());
  requests.shutdown.begin (null);
  clock.advance (0);
  log.expect ("shut-down=TRUE");
  assert (requests.shut_down && requests.n_caches == 0);
}

void test_retry (Tend.Clock clock) throws Error {
  var log = new Log ();
  var retry = new Tend.Retry (3);

  log.listen (retry, "max-attempts", "first-wait", "longest-wait", "factor", "jitter", "timeout", "seed");
  retry.max_attempts = 5;
  retry.set_back_off (1, 8, 3.0);
  retry.jitter = 0.5;
  retry.timeout = 60;
  retry.seed = 42;
  log.expect ("max-attempts=5 first-wait=1 longest-wait=8 factor=3.000000 jitter=0.500000 timeout=60 seed=42");
  assert (retry.first_wait == 1 && retry.longest_wait == 8 && retry.factor == 3.0);
}

void test_group (Tend.Clock clock) throws Error {
  var log = new Log ();
  var group = new Tend.Group (Tend.GroupPolicy.FIRST_SUCCESS);

  log.listen (group, "max-running", "grace-period");
  group.max_running = 2;
  group.grace_period = 7;
  log.expect ("max-running=2 grace-period=7");
  assert (group.policy == Tend.GroupPolicy.FIRST_SUCCESS);
}

int main (string[] args) {
  Test.init (ref args);

  TestTend.add_with_clock ("/tend/vala/properties/task/ends", test_task_ends);
  TestTend.add_with_clock ("/tend/vala/properties/task/is-cancelled", test_task_is_cancelled);
  TestTend.add_with_clock ("/tend/vala/properties/task/is-stopped", test_task_is_stopped);
  TestTend.add_with_clock ("/tend/vala/properties/task/progress", test_progress);
  TestTend.add_with_clock ("/tend/vala/properties/task/forward-progress", test_forward_progress);
  TestTend.add_with_clock ("/tend/vala/properties/task/settings", test_task_settings);
  TestTend.add_with_clock ("/tend/vala/properties/manager/counts", test_manager_counts);
  TestTend.add_with_clock ("/tend/vala/properties/manager/draining", test_manager_draining);
  TestTend.add_with_clock ("/tend/vala/properties/manager/progress", test_manager_progress);
  TestTend.add_with_clock ("/tend/vala/properties/manager/ends", test_manager_ends);
  TestTend.add_with_clock ("/tend/vala/properties/manager/end-is-shown", test_manager_end_is_shown);
  TestTend.add_with_clock ("/tend/vala/properties/manager/settings", test_manager_settings);
  TestTend.add_with_clock ("/tend/vala/properties/manager/signals", test_manager_signals);
  TestTend.add_with_clock ("/tend/vala/properties/channel", test_channel);
  TestTend.add_with_clock ("/tend/vala/properties/completion", test_completion);
  TestTend.add_with_clock ("/tend/vala/properties/request-cache", test_request_cache);
  TestTend.add_with_clock ("/tend/vala/properties/retry", test_retry);
  TestTend.add_with_clock ("/tend/vala/properties/group", test_group);

  return Test.run ();
}
