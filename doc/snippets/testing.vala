// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The Vala code of doc/testing.md.

bool remind (Tend.Task task) throws Error {
  Tend.sleep (TimeSpan.HOUR);
  return task.return_string ("tea");
}

bool measure_later (Tend.Task task) throws Error {
  Tend.sleep (TimeSpan.MINUTE);

  var thread = Tend.Task.run_thread ("measure", (task) => task.return_int (42));
  Tend.await (thread);
  return task.return_int (thread.get_int ());
}

void advance_and_wait (Tend.Clock clock, int64 duration, Tend.Task task) throws Error {
  clock.advance (duration);
  while (!task.is_ended ())
    MainContext.default ().iteration (true);
}

void test_an_hour () throws Error {
  var clock = Tend.Clock.freeze ();
  var task = Tend.Task.run_fiber ("reminder", remind);

  clock.advance (TimeSpan.HOUR - 1);
  assert (!task.is_ended ());
  clock.advance (1);
  assert (task.get_string () == "tea");
}

void test_a_thread () throws Error {
  var clock = Tend.Clock.freeze ();
  var task = Tend.Task.run_fiber ("measurement", measure_later);

  advance_and_wait (clock, TimeSpan.MINUTE, task);
  assert (task.get_int () == 42);
}

void test_nothing_is_left () throws Error {
  var clock = Tend.Clock.freeze ();
  var task = Tend.Task.run_fiber ("reminder", remind);
  var left = WeakRef (task);

  clock.advance (TimeSpan.HOUR);
  task = null;
  assert (left.get () == null);
}

delegate void TestBody () throws Error;

// The functions of GLib's tests throw nothing.
void run (TestBody body) {
  try {
    body ();
  } catch (Error e) {
    error ("%s", e.message);
  }
}

int main (string[] args) {
  Test.init (ref args);
  Test.add_func ("/reminder/an-hour", () => run (test_an_hour));
  Test.add_func ("/reminder/a-thread", () => run (test_a_thread));
  Test.add_func ("/reminder/nothing-is-left", () => run (test_nothing_is_left));
  return Test.run ();
}
