// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Fibers in Vala: what their closures capture, what they throw, and how they are unwound.

bool test_captures (Tend.Task me) throws Error {
  var manager = new Tend.TaskManager ();
  int[] order = {};

  for (int i = 0; i < 10; i++) {
    // The variable of a loop is one for all closures, this is one for each.
    int number = i;
    var item = new TestTend.Item (i);
    manager.register (new Tend.Task.fiber (null, () => {
      Tend.sleep ((10 - number) * TimeSpan.SECOND);
      assert (item.number == number);
      order += number;
      return true;
    }));
  }
  assert (TestTend.Item.n_alive == 10);
  manager.await_tasks ();
  assert (TestTend.Item.n_alive == 0);
  for (int i = 0; i < 10; i++)
    assert (order[i] == 9 - i);
  return manager.await_shutdown ();
}

int64 add_up (int depth) throws Error {
  var item = new TestTend.Item (depth);

  if (depth == 0)
    return 0;
  Tend.yield_turn ();
  return item.number + add_up (depth - 1);
}

bool test_many (Tend.Task me) throws Error {
  Tend.Task[] tasks = {};

  for (int i = 0; i < 1000; i++)
    tasks += Tend.Task.run_fiber (null, (task) => task.return_int (add_up (10)));
  Tend.await (Tend.when_all (tasks));
  foreach (var task in tasks)
    assert (task.get_int () == 55);
  return true;
}

void fail_at (int depth) throws Error {
  var item = new TestTend.Item (depth);

  Tend.yield_turn ();
  if (depth == 0)
    throw new IOError.BUSY ("deep down");
  fail_at (item.number - 1);
}

// Errors come through functions that waited, and leave nothing behind.
bool test_throws (Tend.Task me) throws Error {
  for (int i = 0; i < 100; i++) {
    try {
      fail_at (10);
      assert_not_reached ();
    } catch (IOError.BUSY e) {
      assert (e.message == "deep down");
    }
    assert (TestTend.Item.n_alive == 0);
  }
  return true;
}

bool test_finally (Tend.Task me) throws Error {
  string log = "";

  var task = Tend.Task.run_fiber (null, () => {
    try {
      var item = new TestTend.Item ();
      Tend.sleep (item.number + int64.MAX);
    } catch (IOError.CANCELLED e) {
      log += "cancelled ";
      throw e;
    } finally {
      // Waits go on under a shield, to clean up.
      Tend.shield_push ();
      try {
        Tend.sleep (TimeSpan.SECOND);
        log += "cleaned";
      } catch (Error e) {
        assert_not_reached ();
      }
      Tend.shield_pop ();
    }
    return true;
  });
  task.cancel ();
  try {
    Tend.await (task);
    assert_not_reached ();
  } catch (IOError.CANCELLED e) {
    assert (log == "cancelled cleaned");
  }
  return true;
}

bool test_stop_unwinds (Tend.Task me) throws Error {
  bool is_unwound = false;

  var task = Tend.Task.run_fiber (null, () => {
    var item = new TestTend.Item ();
    try {
      Tend.sleep (item.number + int64.MAX);
    } finally {
      is_unwound = true;
    }
    return true;
  });
  task.stop ();
  assert (task.status == Tend.TaskStatus.STOPPED);
  Tend.yield_turn ();
  assert (is_unwound && TestTend.Item.n_alive == 0);
  return true;
}

// A handler of a signal may be another language's: it runs where the fiber was resumed.
bool test_signals (Tend.Task me) throws Error {
  double seen = 0;

  var task = new Tend.Task.fiber (null, (task) => {
    task.set_progress (0.5, "half");
    return Tend.sleep (1000);
  });
  task.notify["progress"].connect (() => seen = task.progress);
  task.start ();
  Tend.await (task);
  assert (seen == 0.5 && task.message == "half");
  return true;
}

bool test_current (Tend.Task me) throws Error {
  assert (Tend.Task.get_current () == me);
  assert (Tend.current_cancellable () == me.get_cancellable ());
  assert (me.to_string () == "Task('main()', 1)");
  me.set_progress (0.5);
  assert (me.message == null);
  return true;
}

bool test_descriptor (Tend.Task me) throws Error {
  IOCondition revents;

  Tend.await_fd (1, IOCondition.OUT, out revents);
  assert (revents == IOCondition.OUT);
  try {
    Tend.await_fd (-1, IOCondition.IN);
    assert_not_reached ();
  } catch (IOError e) {
    return true;
  }
}

bool test_time_limit (Tend.Task me) throws Error {
  try {
    Tend.await (Tend.Task.run_delay (TimeSpan.HOUR).with_timeout (TimeSpan.MINUTE));
    assert_not_reached ();
  } catch (IOError.TIMED_OUT e) {
    return true;
  }
}

bool test_run_in_fiber (Tend.Task me) throws Error {
  try {
    Tend.run (() => true);
    assert_not_reached ();
  } catch (Tend.TendError.STATE e) {
    return true;
  }
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add ("/tend/vala/fibers/captures", test_captures);
  TestTend.add ("/tend/vala/fibers/many", test_many);
  TestTend.add ("/tend/vala/fibers/throws", test_throws);
  TestTend.add ("/tend/vala/fibers/finally", test_finally);
  TestTend.add ("/tend/vala/fibers/stop-unwinds", test_stop_unwinds);
  TestTend.add ("/tend/vala/fibers/signals", test_signals);
  TestTend.add ("/tend/vala/fibers/current", test_current);
  TestTend.add ("/tend/vala/fibers/descriptor", test_descriptor);
  TestTend.add ("/tend/vala/fibers/time-limit", test_time_limit);
  TestTend.add ("/tend/vala/fibers/run-in-fiber", test_run_in_fiber);
  return Test.run ();
}
