// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The built library from Vala: asynchronous methods, and fibers through the vapi's metadata.

bool run_in_fiber (Tend.Task task) throws Error {
  Tend.sleep (1000);
  task.return_string ("slept");
  return true;
}

bool fail_in_fiber (Tend.Task task) throws Error {
  Tend.yield_turn ();
  throw new IOError.NOT_FOUND ("no such thing");
}

async void test_result (Tend.TaskManager manager) throws Error {
  var task = manager.register (new Tend.Task ("answer", (t) => t.return_value (42)));

  assert (manager.is_active ("answer"));
  yield task.wait (null);
  assert (task.get_status () == Tend.TaskStatus.COMPLETED);
  assert ((int) task.get_result () == 42);
  assert (!manager.is_active ("answer"));
}

async void test_error (Tend.TaskManager manager) throws Error {
  Tend.Task task = manager.register (new Tend.Task.fiber ("failure", fail_in_fiber));

  try {
    yield task.wait (null);
    assert_not_reached ();
  } catch (IOError.NOT_FOUND e) {
    assert (e.message == "no such thing");
  }
  assert (task.get_status () == Tend.TaskStatus.FAILED);
}

async void test_cancel_by_name (Tend.TaskManager manager) throws Error {
  manager.register (new Tend.Task ("never", () => {
    assert_not_reached ();
  }));
  var task = manager.cancel_task ("never");

  try {
    yield task.wait (null);
    assert_not_reached ();
  } catch (IOError.CANCELLED e) {
    assert (task.get_status () == Tend.TaskStatus.CANCELLED);
  }
}

async void test_fiber (Tend.TaskManager manager) throws Error {
  Tend.Task task = manager.register (new Tend.Task.fiber ("fiber", run_in_fiber));

  yield task.wait (null);
  assert (task.get_string () == "slept");
}

async void test_shutdown (Tend.TaskManager manager) throws Error {
  Tend.Task task = manager.register (new Tend.Task.fiber ("long", run_in_fiber));

  yield manager.shutdown (null);
  assert (manager.is_shut_down ());
  assert (task.is_ended ());
  try {
    manager.register (new Tend.Task ("late", () => true));
    assert_not_reached ();
  } catch (Tend.TendError.SHUT_DOWN e) {
    assert (e.message != "");
  }
}

void test_watchdog () throws Error {
  assert (Tend.watchdog_start (TimeSpan.HOUR));
  Tend.watchdog_stop ();
}

async void test_all () throws Error {
  test_watchdog ();
  yield test_result (new Tend.TaskManager ());
  yield test_error (new Tend.TaskManager ());
  yield test_cancel_by_name (new Tend.TaskManager ());
  yield test_fiber (new Tend.TaskManager ());
  yield test_shutdown (new Tend.TaskManager ());
}

int main () {
  var loop = new MainLoop ();
  int status = 1;

  test_all.begin ((obj, res) => {
    try {
      test_all.end (res);
      status = 0;
    } catch (Error e) {
      printerr ("%s\n", e.message);
    }
    loop.quit ();
  });
  loop.run ();
  return status;
}
