// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Semaphores, events and conditions in Vala: in fibers, and as asynchronous methods.

bool test_semaphore (Tend.Task me) throws Error {
  var permits = new Tend.Semaphore ();
  Tend.Task[] tasks = {};
  string log = "";

  foreach (var name in new string[] { "a", "b", "c" }) {
    tasks += Tend.Task.run_fiber (name, (task) => {
      permits.await_acquire ();
      log += task.name;
      Tend.sleep (TimeSpan.SECOND);
      permits.release ();
      return true;
    });
  }
  assert (permits.n_permits == 1 && permits.n_available == 0 && permits.n_waiting == 2);
  Tend.await (Tend.when_all (tasks));
  assert (log == "abc");
  assert (permits.n_available == 1);
  assert (permits.try_acquire ());
  permits.release ();
  return true;
}

// What a task holds is given back when it is finished.
bool test_given_back (Tend.Task me) throws Error {
  var semaphore = new Tend.Semaphore (2);

  Tend.await (Tend.Task.run_fiber (null, () => {
    semaphore.await_acquire ();
    semaphore.await_acquire ();
    Tend.yield_turn ();
    return true;
  }));
  Tend.yield_turn ();
  assert (semaphore.n_available == 2);
  return true;
}

bool test_event (Tend.Task me) throws Error {
  var event = new Tend.Event ();
  var waits = Tend.Task.run_fiber ("waits", () => event.await ());

  assert (!event.is_set ());
  event.set ();
  Tend.await (waits);
  event.reset ();

  waits = Tend.Task.run_fiber ("waits", () => event.await ());
  waits.cancel ();
  try {
    Tend.await (waits);
    assert_not_reached ();
  } catch (IOError.CANCELLED e) {
  }
  return true;
}

bool test_condition (Tend.Task me) throws Error {
  var condition = new Tend.Condition ();
  var first = Tend.Task.run_fiber ("first", () => condition.await ());
  var second = Tend.Task.run_fiber ("second", () => condition.await ());

  condition.notify_one ();
  Tend.await (first);
  assert (!second.is_ended ());
  condition.notify_all ();
  Tend.await (second);
  return true;
}

async void test_async () throws Error {
  var permits = new Tend.Semaphore ();
  var event = new Tend.Event ();
  var condition = new Tend.Condition ();
  var cancellable = new Cancellable ();

  yield permits.acquire ();
  assert (permits.n_available == 0);
  permits.release ();

  event.set ();
  yield event.wait ();

  cancellable.cancel ();
  try {
    yield condition.wait (cancellable);
    assert_not_reached ();
  } catch (IOError.CANCELLED e) {
  }
}

int main (string[] args) {
  Test.init (ref args);

  TestTend.add ("/tend/vala/waits/semaphore", test_semaphore);
  TestTend.add ("/tend/vala/waits/given-back", test_given_back);
  TestTend.add ("/tend/vala/waits/event", test_event);
  TestTend.add ("/tend/vala/waits/condition", test_condition);
  TestTend.add_async ("/tend/vala/waits/async", (done) => test_async.begin (done),
                      (result) => test_async.end (result));

  return Test.run ();
}
