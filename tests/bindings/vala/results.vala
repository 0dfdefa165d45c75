// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Results of every type, from a callback and from another thread.

struct Point {
  public int x;
  public int y;
  public string label;
}

enum Colour {
  RED,
  GREEN
}

// Two tasks with the same result, the one of a callback, the other of a thread.
Tend.Task[] run_both (owned Tend.BodyFunc func) throws Error {
  var plain = new Tend.Task ("plain", (task) => func (task));
  var thread = new Tend.Task.thread ("thread", (task) => func (task));
  Tend.Task[] tasks = { plain, thread };

  foreach (var task in tasks) {
    task.start ();
    Tend.await (task);
    assert (task.status == Tend.TaskStatus.COMPLETED);
  }
  return tasks;
}

bool test_numbers (Tend.Task me) throws Error {
  foreach (var task in run_both ((task) => task.return_int (int64.MIN)))
    assert (task.get_int () == int64.MIN && (int64) task.get_result () == int64.MIN);
  foreach (var task in run_both ((task) => task.return_value (42)))
    assert (task.get_int () == 42 && (int) task.get_result () == 42);
  foreach (var task in run_both ((task) => task.return_value (uint64.MAX)))
    assert ((uint64) task.get_result () == uint64.MAX);
  foreach (var task in run_both ((task) => task.return_double (0.5)))
    assert (task.get_double () == 0.5 && (double) task.get_result () == 0.5);
  foreach (var task in run_both ((task) => task.return_boolean (true)))
    assert (task.get_boolean () && (bool) task.get_result ());
  foreach (var task in run_both ((task) => task.return_value (Colour.GREEN)))
    assert ((Colour) task.get_result () == Colour.GREEN);
  return true;
}

bool test_strings (Tend.Task me) throws Error {
  foreach (var task in run_both ((task) => task.return_string ("Grüße")))
    assert (task.get_string () == "Grüße" && (string) task.get_result () == "Grüße");
  foreach (var task in run_both ((task) => task.return_string (null)))
    assert (task.get_string () == null);
  foreach (var task in run_both ((task) => task.return_value (new string[] { "a", "b" }))) {
    var strings = (string[]) task.get_result ();
    assert (strings.length == 2 && strings[1] == "b");
  }
  return true;
}

bool test_objects (Tend.Task me) throws Error {
  var item = new TestTend.Item (7);

  foreach (var task in run_both ((task) => task.return_object (item)))
    assert (task.get_object () == item && (TestTend.Item) task.get_result () == item);
  foreach (var task in run_both ((task) => task.return_value (item)))
    assert (((TestTend.Item) task.get_object ()).number == 7);
  foreach (var task in run_both ((task) => task.return_object (null)))
    assert (task.get_object () == null);
  return true;
}

bool test_boxed (Tend.Task me) throws Error {
  Point point = { 3, 4, "here" };

  foreach (var task in run_both ((task) => task.return_value (point))) {
    var result = (Point) task.get_result ();
    assert (result.x == 3 && result.y == 4 && result.label == "here");
  }
  foreach (var task in run_both ((task) => task.return_value (new Bytes ("abc".data))))
    assert (((Bytes) task.get_result ()).length == 3);
  foreach (var task in run_both ((task) => task.return_value (typeof (TestTend.Item))))
    assert ((Type) task.get_result () == typeof (TestTend.Item));
  return true;
}

bool test_variants (Tend.Task me) throws Error {
  var numbers = new Variant ("ai", new VariantBuilder (new VariantType ("ai")));

  foreach (var task in run_both ((task) => task.return_value (new Variant ("(is)", 5, "five")))) {
    var result = (Variant) task.get_result ();
    assert (result.get_child_value (0).get_int32 () == 5);
    assert (result.get_child_value (1).get_string () == "five");
  }
  foreach (var task in run_both ((task) => task.return_value (numbers)))
    assert (((Variant) task.get_result ()).n_children () == 0);
  return true;
}

// Arrays that no Value can hold travel in a closure.
bool test_arrays (Tend.Task me) throws Error {
  int[] squares = {};
  var task = Tend.Task.run_fiber (null, (task) => {
    for (int i = 0; i < 4; i++) {
      Tend.sleep (1000);
      squares += i * i;
    }
    return true;
  });

  Tend.await (task);
  assert (squares.length == 4 && squares[3] == 9);
  foreach (var boxed in run_both ((task) => {
    var list = new GenericArray<TestTend.Item> ();
    list.add (new TestTend.Item (1));
    return task.return_value (list);
  })) {
    var result = (GenericArray<TestTend.Item>) boxed.get_result ();
    assert (result.length == 1 && result[0].number == 1);
  }
  return true;
}

bool test_nothing (Tend.Task me) throws Error {
  foreach (var task in run_both ((task) => task.return_value ()))
    assert (task.get_result () == null);
  return true;
}

bool test_before_the_end (Tend.Task me) throws Error {
  var task = Tend.Task.run_delay (1000);

  try {
    task.get_result ();
    assert_not_reached ();
  } catch (Tend.TendError.STATE e) {
    Tend.await (task);
  }
  return true;
}

bool test_error_is_result (Tend.Task me) throws Error {
  var task = Tend.Task.run (null, () => {
    throw new IOError.BUSY ("busy");
  });

  assert (task.status == Tend.TaskStatus.FAILED);
  assert (task.get_error () is IOError.BUSY);
  try {
    task.get_result ();
    assert_not_reached ();
  } catch (IOError.BUSY e) {
    assert (e.message == "busy");
  }
  return true;
}

bool test_of_completions (Tend.Task me) throws Error {
  var text = new Tend.Completion ();
  var point = new Tend.Completion ("point");
  var failure = new Tend.Completion ("failure");
  Point there = { 1, 2, "there" };

  text.set_string ("pong");
  point.set_value (there);
  failure.set_error (new IOError.CLOSED ("closed"));
  assert (text.task.get_string () == "pong");
  assert (((Point) point.task.get_result ()).label == "there");
  assert (failure.task.get_error () is IOError.CLOSED);
  try {
    text.set_value ();
    assert_not_reached ();
  } catch (Tend.TendError.STATE e) {
    assert (text.is_done ());
  }
  return true;
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add ("/tend/vala/results/numbers", test_numbers);
  TestTend.add ("/tend/vala/results/strings", test_strings);
  TestTend.add ("/tend/vala/results/objects", test_objects);
  TestTend.add ("/tend/vala/results/boxed", test_boxed);
  TestTend.add ("/tend/vala/results/variants", test_variants);
  TestTend.add ("/tend/vala/results/arrays", test_arrays);
  TestTend.add ("/tend/vala/results/nothing", test_nothing);
  TestTend.add ("/tend/vala/results/before-the-end", test_before_the_end);
  TestTend.add ("/tend/vala/results/error", test_error_is_result);
  TestTend.add ("/tend/vala/results/completions", test_of_completions);
  return Test.run ();
}
