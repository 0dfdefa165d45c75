// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Asynchronous methods as bodies, and within fibers.

class Worker : TestTend.Item {
  public int factor;

  public Worker (int factor) {
    this.factor = factor;
  }

  public async int multiply (int number, Cancellable? cancellable) throws Error {
    yield Tend.Task.run_delay (TimeSpan.SECOND).wait (cancellable);
    if (number < 0)
      throw new IOError.INVALID_ARGUMENT ("negative");
    return factor * number;
  }

  // What it needs of the worker it captures.
  public Tend.Task make_task (int number) {
    return Tend.Task.new_async (
        "multiply",
        (task, cancellable, done) => multiply.begin (number, cancellable, done),
        (task, result) => task.return_int (multiply.end (result)));
  }

  public async void complete (Tend.Task task) {
    try {
      task.return_int (yield multiply (1, task.get_cancellable ()));
    } catch (Error e) {
      task.return_error (e);
    }
  }
}

void test_result (Tend.Clock clock) throws Error {
  var task = new Worker (2).make_task (21);

  task.start ();
  assert (task.status == Tend.TaskStatus.RUNNING);
  clock.advance (TimeSpan.SECOND);
  assert (task.status == Tend.TaskStatus.COMPLETED);
  assert (task.get_int () == 42);
}

void test_error (Tend.Clock clock) throws Error {
  var task = new Worker (2).make_task (-1);

  task.start ();
  clock.advance (TimeSpan.SECOND);
  assert (task.status == Tend.TaskStatus.FAILED);
  assert (task.get_error () is IOError.INVALID_ARGUMENT);
}

void test_cancel (Tend.Clock clock) throws Error {
  var task = new Worker (2).make_task (21);

  task.start ();
  task.cancel ();
  clock.advance (0);
  assert (task.status == Tend.TaskStatus.CANCELLED);
}

// What the method brings afterwards is dropped, and what it holds is freed.
void test_stop (Tend.Clock clock) throws Error {
  var task = new Worker (2).make_task (21);

  task.start ();
  task.stop ();
  assert (task.status == Tend.TaskStatus.STOPPED);
  clock.advance (TimeSpan.SECOND);
  assert (task.status == Tend.TaskStatus.STOPPED);
  assert (TestTend.Item.n_alive == 0);
}

void test_never_started (Tend.Clock clock) throws Error {
  var task = new Worker (2).make_task (21);

  assert (TestTend.Item.n_alive == 1);
  task = null;
  assert (TestTend.Item.n_alive == 0);
}

Tend.Task run_with_item (TestTend.Item item) {
  return Tend.Task.run_async (
      null,
      (task, cancellable, done) => new Worker (item.number).multiply.begin (2, cancellable, done),
      (task, result) => {
        assert (item.number == 5);
        return task.return_int (((Worker) result.get_source_object ()).multiply.end (result));
      });
}

// The task still lives, and nothing of its closures.
void test_closures_are_freed (Tend.Clock clock) throws Error {
  var task = run_with_item (new TestTend.Item (5));

  assert (TestTend.Item.n_alive == 2);
  clock.advance (TimeSpan.SECOND);
  assert (task.get_int () == 10);
  assert (TestTend.Item.n_alive == 0);
}

void test_managed (Tend.Clock clock) throws Error {
  var manager = new Tend.TaskManager ();
  var worker = new Worker (3);
  int64 found = 0;

  var task = manager.register (Tend.Task.new_async (
      "managed",
      (task, cancellable, done) => worker.multiply.begin (7, cancellable, done),
      (task, result) => {
        found = worker.multiply.end (result);
        return true;
      }));
  assert ("managed" in manager);
  clock.advance (TimeSpan.SECOND);
  assert (task.status == Tend.TaskStatus.COMPLETED && found == 21);
  try {
    manager.register (new Tend.Task.open ("managed", () => true));
    manager.register (Tend.Task.new_async (
        "managed", (task, cancellable, done) => assert_not_reached (), () => false));
    assert_not_reached ();
  } catch (Tend.TendError.EXISTS e) {
    manager.cancel_all ();
  }
}

// A method that completes its task itself is a body as well.
void test_callback (Tend.Clock clock) throws Error {
  var worker = new Worker (4);
  var task = new Tend.Task.open (null, (task) => {
    worker.complete.begin (task);
    return true;
  });

  task.start ();
  assert (task.status == Tend.TaskStatus.RUNNING);
  clock.advance (TimeSpan.SECOND);
  assert (task.get_int () == 4);
}

// Operations of GIO are awaited without a wrapper for each.
bool test_await_async (Tend.Task me) throws Error {
  FileIOStream stream;
  var file = File.new_tmp (null, out stream);
  uint8[] contents;

  var result = Tend.await_async ((task, cancellable, done) => {
    assert (task == me && cancellable != null && cancellable != me.get_cancellable ());
    file.replace_contents_async.begin ("Hello".data, null, false, FileCreateFlags.NONE, cancellable, done);
  });
  file.replace_contents_async.end (result, null);

  result = Tend.await_async ((task, cancellable, done) => file.load_contents_async.begin (cancellable, done));
  file.load_contents_async.end (result, out contents, null);
  assert ((string) contents == "Hello");
  return file.delete ();
}

// Two operations at a time, each with a call of its own.
bool test_call (Tend.Task me) throws Error {
  FileIOStream stream;
  var file = File.new_tmp (null, out stream);
  uint8[] contents;
  Tend.Call first = {};
  Tend.Call second = {};

  file.query_info_async.begin ("standard::size", FileQueryInfoFlags.NONE, Priority.DEFAULT, first.start (),
                               (source, ready) => Tend._call_ready (source, ready, &first));
  file.load_contents_async.begin (second.start (), (source, ready) => Tend._call_ready (source, ready, &second));
  assert (second.await ());
  file.load_contents_async.end (second.result, out contents, null);
  assert (contents.length == 0);
  assert (first.await ());
  assert (file.query_info_async.end (first.result).get_size () == 0);
  return file.delete ();
}

// A task inside an asynchronous method of another library: what it ends with is the result of the GTask.
bool test_return_to_task (Tend.Task me) throws Error {
  Tend.Call call = {};
  var to = new GLib.Task (me, call.start (), (source, ready) => Tend._call_ready (source, ready, &call));
  var inner = Tend.Task.run_fiber (null, (task) => {
    Tend.yield_turn ();
    return task.return_int (5);
  });

  inner.return_to_task (to);
  assert (call.await ());
  assert (to.propagate_int () == 5);
  return inner.get_invocation () == null;
}

bool test_await_async_error (Tend.Task me) throws Error {
  uint8[] contents;
  var file = File.new_for_path ("/nonexistent/file");
  var result = Tend.await_async ((task, cancellable, done) => file.load_contents_async.begin (cancellable, done));

  try {
    file.load_contents_async.end (result, out contents, null);
    assert_not_reached ();
  } catch (IOError.NOT_FOUND e) {
    return true;
  }
}

void test_await_async_cancelled (Tend.Clock clock) throws Error {
  var worker = new Worker (2);
  var task = Tend.Task.run_fiber (null, (task) => {
    var result = Tend.await_async ((task, cancellable, done) => worker.multiply.begin (1, cancellable, done));
    return task.return_int (worker.multiply.end (result));
  });

  clock.advance (1000);
  task.cancel ();
  clock.advance (0);
  assert (task.status == Tend.TaskStatus.CANCELLED);

  task = Tend.Task.run_fiber (null, (task) => {
    var result = Tend.await_async ((task, cancellable, done) => worker.multiply.begin (1, cancellable, done));
    return task.return_int (worker.multiply.end (result));
  });
  clock.advance (1000);
  task.stop ();
  clock.advance (TimeSpan.SECOND);
  assert (task.status == Tend.TaskStatus.STOPPED);
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add_with_clock ("/tend/vala/bodies/result", test_result);
  TestTend.add_with_clock ("/tend/vala/bodies/error", test_error);
  TestTend.add_with_clock ("/tend/vala/bodies/cancel", test_cancel);
  TestTend.add_with_clock ("/tend/vala/bodies/stop", test_stop);
  TestTend.add_with_clock ("/tend/vala/bodies/never-started", test_never_started);
  TestTend.add_with_clock ("/tend/vala/bodies/closures-are-freed", test_closures_are_freed);
  TestTend.add_with_clock ("/tend/vala/bodies/managed", test_managed);
  TestTend.add_with_clock ("/tend/vala/bodies/callback", test_callback);
  TestTend.add ("/tend/vala/bodies/await-async", test_await_async);
  TestTend.add ("/tend/vala/bodies/call", test_call);
  TestTend.add ("/tend/vala/bodies/return-to-task", test_return_to_task);
  TestTend.add ("/tend/vala/bodies/await-async-error", test_await_async_error);
  TestTend.add_with_clock ("/tend/vala/bodies/await-async-cancelled", test_await_async_cancelled);
  return Test.run ();
}
