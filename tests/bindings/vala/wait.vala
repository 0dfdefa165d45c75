// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for tasks in asynchronous methods and in fibers, and what comes of their errors.

Tend.Task make_late () {
  return Tend.Task.run_fiber ("late", (task) => {
    Tend.sleep (TimeSpan.SECOND);
    return task.return_int (42);
  });
}

Tend.Task make_failing () {
  return Tend.Task.run_fiber ("failing", (task) => {
    Tend.sleep (TimeSpan.SECOND);
    throw new IOError.NOT_FOUND ("no such thing");
  });
}

async void wait_before_and_after () throws Error {
  var task = make_late ();

  assert (!task.is_ended ());
  yield task.wait ();
  assert (task.get_int () == 42);
  for (int i = 0; i < 3; i++) {
    yield task.wait ();
    assert (task.get_int () == 42);
  }
}

async void wait_for_every_kind () throws Error {
  var plain = new Tend.Task ("plain", (task) => task.return_int (1));
  var fiber = new Tend.Task.fiber ("fiber", (task) => task.return_int (2));
  var thread = new Tend.Task.thread ("thread", (task) => task.return_int (3));
  var operation = Tend.Task.new_async ("async", (task, cancellable, done) => later.begin (done), (task, result) => {
    later.end (result);
    return task.return_int (4);
  });
  var completion = new Tend.Completion ("completion");
  Tend.Task[] tasks = { plain, fiber, thread, operation, completion.get_task () };

  foreach (var task in tasks[0:4])
    task.start ();
  completion.set_int (5);
  for (int i = 0; i < tasks.length; i++) {
    yield tasks[i].wait ();
    yield tasks[i].wait ();
    assert (tasks[i].get_int () == i + 1);
  }
}

async void later () throws Error {
  yield Tend.Task.run_delay (TimeSpan.SECOND).wait ();
}

async void catch_error_each_time () throws Error {
  var task = make_failing ();

  for (int i = 0; i < 3; i++) {
    try {
      yield task.wait ();
      assert_not_reached ();
    } catch (IOError.NOT_FOUND e) {
      assert (e.message == "no such thing");
    }
  }
}

async void give_up_waiting () throws Error {
  var task = make_late ();
  var cancellable = new Cancellable ();

  Tend.Task.run_delay (1000).add_exit_handler (() => cancellable.cancel ());
  try {
    yield task.wait (cancellable);
    assert_not_reached ();
  } catch (IOError.CANCELLED e) {
    assert (!task.is_ended ());
  }
  yield task.wait ();
}

async void stop_while_waiting () {
  var task = make_late ();

  Tend.Task.run_delay (1000).add_exit_handler (() => task.stop ());
  try {
    yield task.wait ();
    assert_not_reached ();
  } catch (Tend.TendError.STOPPED e) {
    assert (task.status == Tend.TaskStatus.STOPPED);
  } catch (Error e) {
    assert_not_reached ();
  }
}

// However a task has ended, and although nobody waited meanwhile.
async void wait_after_every_end () throws Error {
  var cancelled = make_late ();
  var stopped = make_late ();
  var failed = make_failing ();
  var unstarted = new Tend.Task.fiber ("unstarted", () => true);

  cancelled.cancel ();
  stopped.stop ();
  unstarted.stop ();
  yield Tend.Task.run_delay (TimeSpan.MINUTE).wait ();
  foreach (var task in new Tend.Task[] { cancelled, stopped, failed, unstarted }) {
    for (int i = 0; i < 2; i++) {
      try {
        yield task.wait ();
        assert_not_reached ();
      } catch (Error e) {
        assert (task.is_ended () && e.matches (task.get_error ().domain, task.get_error ().code));
      }
    }
  }
}

async void wait_for_all () throws Error {
  Tend.Task[] tasks = { make_late (), make_late (), make_late () };
  int64 sum = 0;

  yield Tend.when_all (tasks).wait ();
  foreach (var task in tasks)
    sum += task.get_int ();
  assert (sum == 126);
}

async void wait_for_the_first () throws Error {
  Tend.Task[] tasks = { make_failing (), make_late () };
  var first = Tend.when_first_success (tasks);

  yield first.wait ();
  assert (first.get_object () == tasks[1]);
  try {
    yield Tend.when_first_error (tasks).wait ();
    assert_not_reached ();
  } catch (IOError.NOT_FOUND e) {
  }
}

async void several_errors () throws Error {
  try {
    yield Tend.wait_all ({ make_failing (), make_late (), make_failing () }).wait ();
    assert_not_reached ();
  } catch (Tend.TendError.SEVERAL e) {
    var errors = Tend.TendError.list (e);
    assert (errors.length == 2);
    foreach (unowned Error error in errors)
      assert (error is IOError.NOT_FOUND);
  }
}

bool test_fiber (Tend.Task me) throws Error {
  var task = make_late ();

  for (int i = 0; i < 3; i++) {
    Tend.await (task);
    assert (task.get_int () == 42);
  }
  try {
    Tend.await (make_failing ());
    assert_not_reached ();
  } catch (IOError.NOT_FOUND e) {
    assert (e.message == "no such thing");
  }
  return true;
}

// The error of the foreign domain passes through as well, and with it what a program has itself.
errordomain TestError {
  FIRST,
  SECOND
}

bool test_own_domain (Tend.Task me) throws Error {
  var task = Tend.Task.run_fiber (null, () => {
    Tend.yield_turn ();
    throw new TestError.SECOND ("own");
  });

  try {
    Tend.await (task);
    assert_not_reached ();
  } catch (TestError e) {
    assert (e is TestError.SECOND);
    assert (e.message == "own");
  }
  return true;
}

bool test_no_fiber (Tend.Task me) throws Error {
  var task = Tend.Task.run (null, () => {
    try {
      Tend.sleep (1);
      assert_not_reached ();
    } catch (Tend.TendError.NO_FIBER e) {
      return true;
    }
  });

  return Tend.await (task);
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add_async ("/tend/vala/wait/before-and-after",
                      (done) => wait_before_and_after.begin (done), (result) => wait_before_and_after.end (result));
  TestTend.add_async ("/tend/vala/wait/every-kind",
                      (done) => wait_for_every_kind.begin (done), (result) => wait_for_every_kind.end (result));
  TestTend.add_async ("/tend/vala/wait/every-end",
                      (done) => wait_after_every_end.begin (done), (result) => wait_after_every_end.end (result));
  TestTend.add_async ("/tend/vala/wait/error-each-time",
                      (done) => catch_error_each_time.begin (done), (result) => catch_error_each_time.end (result));
  TestTend.add_async ("/tend/vala/wait/given-up",
                      (done) => give_up_waiting.begin (done), (result) => give_up_waiting.end (result));
  TestTend.add_async ("/tend/vala/wait/stopped",
                      (done) => stop_while_waiting.begin (done), (result) => stop_while_waiting.end (result));
  TestTend.add_async ("/tend/vala/wait/all",
                      (done) => wait_for_all.begin (done), (result) => wait_for_all.end (result));
  TestTend.add_async ("/tend/vala/wait/first",
                      (done) => wait_for_the_first.begin (done), (result) => wait_for_the_first.end (result));
  TestTend.add_async ("/tend/vala/wait/several-errors",
                      (done) => several_errors.begin (done), (result) => several_errors.end (result));
  TestTend.add ("/tend/vala/wait/fiber", test_fiber);
  TestTend.add ("/tend/vala/wait/own-domain", test_own_domain);
  TestTend.add ("/tend/vala/wait/no-fiber", test_no_fiber);
  return Test.run ();
}
