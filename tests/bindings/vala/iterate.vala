// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// "foreach" over tasks as they end, over a channel, and over a manager; "in" for its names.

Tend.Task run_for (int seconds) {
  return Tend.Task.run_fiber (seconds.to_string (), (task) => {
    Tend.sleep (seconds * TimeSpan.SECOND);
    return task.return_int (seconds);
  });
}

bool test_when_each (Tend.Task me) throws Error {
  Tend.Task[] tasks = { run_for (3), run_for (1), run_for (2) };
  string order = "";

  foreach (var task in Tend.when_each (tasks))
    order += task.name;
  assert (order == "123");
  foreach (var task in Tend.when_each ({}))
    assert_not_reached ();
  return true;
}

// The others go on without the loop.
bool test_when_each_break (Tend.Task me) throws Error {
  Tend.Task[] tasks = { run_for (3), run_for (1), run_for (2) };

  foreach (var task in Tend.when_each (tasks)) {
    assert (task.get_int () == 1);
    break;
  }
  return Tend.await (tasks[0]);
}

bool test_when_each_cancelled (Tend.Task me) throws Error {
  Tend.Task[] tasks = { run_for (1), run_for (3) };
  int n_ended = 0;

  var loop = Tend.Task.run_fiber (null, () => {
    foreach (var task in Tend.when_each (tasks))
      n_ended++;
    assert_not_reached ();
  });
  Tend.sleep (2 * TimeSpan.SECOND);
  loop.cancel ();
  try {
    Tend.await (loop);
    assert_not_reached ();
  } catch (IOError.CANCELLED e) {
    assert (n_ended == 1);
  }
  return Tend.await (tasks[1]);
}

bool test_channel (Tend.Task me) throws Error {
  var channel = new Tend.Channel (2);
  int64 sum = 0;

  var sender = Tend.Task.run_fiber (null, () => {
    for (int i = 1; i <= 100; i++)
      channel.await_send ((int64) i);
    channel.close ();
    return true;
  });
  foreach (var value in channel)
    sum += (int64) value;
  assert (sum == 5050);
  foreach (var value in channel)
    assert_not_reached ();
  return Tend.await (sender);
}

bool test_channel_of_objects (Tend.Task me) throws Error {
  var channel = new Tend.Channel ();
  int next = 0;

  for (int i = 0; i < 3; i++)
    channel.try_send (new TestTend.Item (i));
  channel.try_send (null);
  channel.close ();
  foreach (Value? value in channel) {
    if (value.holds (typeof (TestTend.Item)))
      assert (((TestTend.Item) value).number == next++);
    else
      assert (value.get_pointer () == null);
  }
  assert (next == 3);
  return true;
}

bool test_channel_error (Tend.Task me) throws Error {
  var channel = new Tend.Channel ();
  int n_values = 0;

  channel.try_send ("one");
  channel.close_with_error (new IOError.CONNECTION_CLOSED ("gone"));
  try {
    foreach (var value in channel) {
      assert ((string) value == "one");
      n_values++;
    }
    assert_not_reached ();
  } catch (IOError.CONNECTION_CLOSED e) {
    assert (n_values == 1);
  }
  return true;
}

// The loop is over what there was at its beginning, whatever it does.
bool test_manager (Tend.Task me) throws Error {
  var manager = new Tend.TaskManager ();
  string names = "";

  foreach (unowned string name in new string[] { "a", "b", "c" }) {
    var task = new Tend.Task (name, () => {
      assert_not_reached ();
    });
    task.delay = TimeSpan.SECOND;
    manager.register (task);
  }
  foreach (var task in manager) {
    names += task.name;
    task.cancel ();
    manager.register (new Tend.Task.open ("after " + task.name, () => true));
  }
  assert (names == "abc");
  assert (!("a" in manager) && "after a" in manager);

  foreach (var task in manager)
    break;
  manager.await_shutdown ();
  foreach (var task in manager)
    assert_not_reached ();
  return true;
}

// The lists are as good, where an index is wanted.
bool test_lists (Tend.Task me) throws Error {
  var manager = new Tend.TaskManager ();

  manager.register (new Tend.Task.open ("item", () => true), Tend.NamePolicy.ANONYMOUS);
  manager.register (new Tend.Task.open ("other", () => true));
  var anonymous = manager.list_anonymous ("item");
  assert (anonymous.length == 1 && manager.list_tasks ()[0] == anonymous[0]);
  manager.cancel_all ();
  var draining = manager.list_draining ();
  Tend.yield_turn ();
  foreach (var task in draining)
    assert (task.status == Tend.TaskStatus.CANCELLED);
  return manager.await_shutdown ();
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add ("/tend/vala/iterate/when-each", test_when_each);
  TestTend.add ("/tend/vala/iterate/when-each-break", test_when_each_break);
  TestTend.add ("/tend/vala/iterate/when-each-cancelled", test_when_each_cancelled);
  TestTend.add ("/tend/vala/iterate/channel", test_channel);
  TestTend.add ("/tend/vala/iterate/channel-of-objects", test_channel_of_objects);
  TestTend.add ("/tend/vala/iterate/channel-error", test_channel_error);
  TestTend.add ("/tend/vala/iterate/manager", test_manager);
  TestTend.add ("/tend/vala/iterate/lists", test_lists);
  return Test.run ();
}
