// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What belongs to a task from Vala: timers, posts, sources, exit handlers, cancellables, times and pauses.

void test_timer (Tend.Clock clock) throws Error {
  var item = new TestTend.Item (3);
  int n_ticks = 0;

  var task = Tend.Task.run_open (null, (task) => {
    task.add_timer (TimeSpan.SECOND, TimeSpan.SECOND, () => {
      n_ticks++;
      return n_ticks < item.number;
    });
    return true;
  });
  clock.advance (TimeSpan.MINUTE);
  assert (n_ticks == 3);
  task.stop ();
}

// The timer is kept for longer than it is active.
void test_timer_is_kept (Tend.Clock clock) throws Error {
  var task = new Tend.Task.open (null);
  Tend.Timer timer = task.add_timer (TimeSpan.SECOND, -1, () => {
    assert_not_reached ();
  });

  assert (timer.is_active ());
  timer.cancel ();
  assert (!timer.is_active ());
  clock.advance (TimeSpan.MINUTE);
  task.return_value ();
  task = null;
  assert (!timer.is_active ());
}

void test_timer_is_set_anew (Tend.Clock clock) throws Error {
  int n_calls = 0;
  var task = new Tend.Task.open (null);
  Tend.Timer? timer = null;

  timer = task.add_timer (TimeSpan.SECOND, -1, () => {
    if (++n_calls == 1)
      timer.set_delay (TimeSpan.MINUTE);
    return true;
  });
  assert (timer.get_remaining () == TimeSpan.SECOND);
  clock.advance (TimeSpan.SECOND);
  assert (n_calls == 1 && timer.get_remaining () == TimeSpan.MINUTE);
  clock.advance (TimeSpan.HOUR);
  assert (n_calls == 2 && timer.get_remaining () == -1);
  task.return_value ();
}

void test_error_in_scope (Tend.Clock clock) throws Error {
  var task = Tend.Task.run_open (null, (task) => {
    task.post (() => {
      throw new IOError.BUSY ("in a post");
    });
    return true;
  });

  clock.advance (0);
  assert (task.status == Tend.TaskStatus.FAILED);
  assert (task.get_error () is IOError.BUSY);
}

void test_source (Tend.Clock clock) throws Error {
  var source = new IdleSource ();
  bool has_run = false;

  source.set_callback (() => {
    has_run = true;
    return Source.REMOVE;
  });
  var task = Tend.Task.run_open (null, (task) => {
    task.add_source (source);
    return true;
  });
  clock.advance (0);
  assert (has_run);

  source = new IdleSource ();
  source.set_callback (() => {
    assert_not_reached ();
  });
  task.add_source (source);
  task.stop ();
  assert (source.is_destroyed ());
  clock.advance (0);
}

void test_exit_handlers (Tend.Clock clock) throws Error {
  var item = new TestTend.Item ();
  string log = "";

  var task = new Tend.Task.open ("name");
  task.add_exit_handler ((task) => log += "%s %s;".printf (task.name, task.status.to_string ()));
  task.add_exit_handler (() => log += "%d;".printf (item.number));
  task.stop ();
  // The last that was added runs first.
  assert (log == "0;name stopped;");
}

void test_cancellable (Tend.Clock clock) throws Error {
  var parent = new Cancellable ();
  var cancellable = new Tend.Cancellable ();
  string log = "";

  cancellable.add_parent (parent);
  cancellable.add_handler ((cancellable) => log += "first ");
  var id = cancellable.add_handler (() => assert_not_reached ());
  cancellable.remove_handler (id);
  parent.cancel ();
  clock.advance (0);
  assert (cancellable.is_cancelled () && log == "first ");

  cancellable = new Tend.Cancellable ();
  cancellable.cancel_with_reason ("no longer wanted");
  assert (cancellable.dup_reason () == "no longer wanted");
  try {
    cancellable.set_error_if_cancelled ();
    assert_not_reached ();
  } catch (IOError.CANCELLED e) {
    assert ("no longer wanted" in e.message);
  }
}

void test_cancellable_of_time (Tend.Clock clock) throws Error {
  var cancellable = new Tend.Cancellable ();
  var task = Tend.Task.run_delay (TimeSpan.HOUR);

  task.add_cancellable (cancellable);
  cancellable.cancel_after (TimeSpan.MINUTE);
  clock.advance (TimeSpan.MINUTE);
  assert (task.status == Tend.TaskStatus.CANCELLED);
}

void test_properties (Tend.Clock clock) throws Error {
  int n_runs = 0, n_told = 0;
  var task = new Tend.Task ("again", () => {
    n_runs++;
    if (n_runs == 2)
      throw new IOError.BUSY ("busy");
    return true;
  });

  Tend.set_unobserved_func (() => n_told++);
  task.delay = TimeSpan.SECOND;
  task.interval = TimeSpan.SECOND;
  task.interval_mode = Tend.IntervalMode.FIXED_RATE;
  task.keep_going = true;
  task.priority = Priority.LOW;
  task.deadline = clock.get_time () + 10 * TimeSpan.SECOND;
  assert (task.name == "again" && task.id == task.get_id () && task.stack_size == task.get_stack_size ());
  task.start ();
  clock.advance (3 * TimeSpan.SECOND);
  assert (n_runs == 3 && n_told == 1);
  task.pause ();
  assert (task.paused);
  clock.advance (3 * TimeSpan.SECOND);
  assert (n_runs == 3);
  task.resume ();
  clock.advance (TimeSpan.MINUTE);
  assert (task.is_ended () && n_runs > 3);
  assert (task.get_error () is IOError.TIMED_OUT);
  Tend.set_unobserved_func (null);
}

void test_cancel_handlers (Tend.Clock clock) throws Error {
  var task = Tend.Task.run_open ("request", () => true);
  var log = new StringBuilder ();

  task.add_exit_handler (() => log.append (" ended"));
  task.add_cancel_handler ((task) => {
    log.append ("asked");
    assert (task.return_error_if_cancelled ());
  });
  assert (!task.return_error_if_cancelled ());
  task.cancel ();
  assert (log.str == "asked ended" && task.is_ended ());
  assert (task.get_error () is IOError.CANCELLED);
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add_with_clock ("/tend/vala/scope/timer", test_timer);
  TestTend.add_with_clock ("/tend/vala/scope/timer-is-kept", test_timer_is_kept);
  TestTend.add_with_clock ("/tend/vala/scope/timer-is-set-anew", test_timer_is_set_anew);
  TestTend.add_with_clock ("/tend/vala/scope/error", test_error_in_scope);
  TestTend.add_with_clock ("/tend/vala/scope/source", test_source);
  TestTend.add_with_clock ("/tend/vala/scope/exit-handlers", test_exit_handlers);
  TestTend.add_with_clock ("/tend/vala/scope/cancel-handlers", test_cancel_handlers);
  TestTend.add_with_clock ("/tend/vala/scope/cancellable", test_cancellable);
  TestTend.add_with_clock ("/tend/vala/scope/cancellable-of-time", test_cancellable_of_time);
  TestTend.add_with_clock ("/tend/vala/scope/properties", test_properties);
  return Test.run ();
}
