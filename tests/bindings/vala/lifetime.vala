// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Who keeps what alive: tasks that nobody holds, what their closures hold, and that none of it is left.

// Counts the tasks that are there.
class Census {
  public int n_alive = 0;

  public Tend.Task count (Tend.Task task) {
    n_alive++;
    task.weak_ref (() => n_alive--);
    return task;
  }
}

bool test_dropped_while_it_runs (Tend.Task me) throws Error {
  var census = new Census ();
  bool has_run = false;

  census.count (Tend.Task.run_fiber (null, () => {
    var item = new TestTend.Item ();
    Tend.sleep (TimeSpan.SECOND);
    has_run = item.number == 0;
    return true;
  }));
  assert (census.n_alive == 1);
  Tend.sleep (2 * TimeSpan.SECOND);
  assert (has_run && census.n_alive == 0);
  return true;
}

bool test_dropped_before_it_starts (Tend.Task me) throws Error {
  var item = new TestTend.Item ();
  Tend.Task[] tasks = {
    new Tend.Task (null, () => item == null),
    new Tend.Task.open (null, () => item == null),
    new Tend.Task.fiber (null, () => item == null),
    new Tend.Task.thread (null, () => item == null),
    Tend.Task.new_async (null, () => assert (item == null), () => item == null)
  };

  tasks = {};
  return item != null;
}

// The error of a task that is gone is told, once.
string told;

async void fail_later () throws Error {
  yield Tend.Task.run_delay (TimeSpan.SECOND).wait ();
  throw new IOError.BUSY ("async");
}

void test_errors_are_told (Tend.Clock clock) throws Error {
  told = "";
  Tend.set_unobserved_func ((task, error, origin) => told += error.message + " ");

  Tend.Task.run (null, () => {
    throw new IOError.BUSY ("plain");
  });
  Tend.Task.run_fiber (null, () => {
    Tend.sleep (TimeSpan.SECOND);
    throw new IOError.BUSY ("fiber");
  });
  Tend.Task.run_async (null, (task, cancellable, done) => fail_later.begin (done), (task, result) => {
    fail_later.end (result);
    return true;
  });
  clock.advance (TimeSpan.SECOND);
  assert (told == "plain fiber async " || told == "plain async fiber ");

  told = "";
  Tend.Task.run_thread (null, () => {
    throw new IOError.BUSY ("thread");
  });
  clock.run_until_idle ();
  assert (told == "thread ");

  // Nobody is told of what was read, cancelled or stopped.
  told = "";
  var task = Tend.Task.run (null, () => {
    throw new IOError.BUSY ("read");
  });
  assert (task.get_error () is IOError.BUSY);
  task = Tend.Task.run_delay (TimeSpan.SECOND);
  task.cancel ();
  task = Tend.Task.run_delay (TimeSpan.SECOND);
  task.stop ();
  task = null;
  clock.advance (TimeSpan.SECOND);
  assert (told == "");
  Tend.set_unobserved_func (null);
}

bool test_manager_goes_with_its_tasks (Tend.Task me) throws Error {
  var census = new Census ();
  var manager = new Tend.TaskManager ();
  var item = new TestTend.Item ();

  for (int i = 0; i < 10; i++)
    census.count (manager.register (new Tend.Task.fiber (null, () => Tend.sleep (TimeSpan.HOUR + item.number))));
  Tend.yield_turn ();
  assert (census.n_alive == 10);
  manager = null;
  Tend.yield_turn ();
  assert (census.n_alive == 0);
  return true;
}

async int give (TestTend.Item item) {
  return item.number;
}

async void work (Tend.Task task, TestTend.Item item) {
  task.return_int (item.number);
}

// Tasks of every kind, each with a closure that holds something. A thread costs more time than memory.
void run_some (Census census, Tend.TaskManager manager, int n_tasks) throws Error {
  Tend.Task[] tasks = {};

  for (int i = 0; i < n_tasks; i++) {
    var item = new TestTend.Item (i);
    Tend.Task task;
    switch (i % 16 == 15 ? 4 : i % 4) {
    case 0:
      task = new Tend.Task.open ("plain", (task) => {
        work.begin (task, item);
        return true;
      });
      break;
    case 1:
      task = new Tend.Task.fiber ("fiber", (task) => {
        Tend.sleep (1 + item.number % 5);
        return task.return_int (item.number);
      });
      break;
    case 2:
      task = Tend.Task.new_async (
          "async",
          (task, cancellable, done) => give.begin (item, done),
          (task, result) => task.return_int (give.end (result)));
      break;
    case 3:
      task = new Tend.Task.fiber ("failing", () => {
        throw new IOError.FAILED ("%d", item.number);
      });
      break;
    default:
      task = new Tend.Task.thread ("thread", (task) => task.return_int (item.number));
      break;
    }
    tasks += census.count (task);
    manager.register (task, Tend.NamePolicy.ANONYMOUS);
  }
  manager.await_tasks ();
  for (int i = 0; i < n_tasks; i++)
    assert (i % 4 == 3 && i % 16 != 15 ? tasks[i].get_error () is IOError.FAILED : tasks[i].get_int () == i);
}

size_t get_resident_pages () throws Error {
  string statm;

  FileUtils.get_contents ("/proc/self/statm", out statm);
  return (size_t) uint64.parse (statm.split (" ")[1]);
}

// A leak of one byte for each task would not be seen; one of the smallest allocation is three times the limit.
bool test_no_growth (Tend.Task me) throws Error {
  int n_tasks = Test.slow () ? 100000 : 2000;
  var census = new Census ();
  var manager = new Tend.TaskManager ();
  size_t limit = 1024 * 1024 / 4096;

  run_some (census, manager, n_tasks);
  run_some (census, manager, n_tasks);
  size_t before = get_resident_pages ();
  run_some (census, manager, n_tasks);
  size_t after = get_resident_pages ();

  Tend.yield_turn ();
  assert (census.n_alive == 0);
  assert (TestTend.Item.n_alive == 0);
  if (Test.slow ())
    assert (after < before + limit);
  return manager.await_shutdown ();
}

int main (string[] args) {
  Test.init (ref args);
  TestTend.add ("/tend/vala/lifetime/dropped-while-it-runs", test_dropped_while_it_runs);
  TestTend.add ("/tend/vala/lifetime/dropped-before-it-starts", test_dropped_before_it_starts);
  TestTend.add_with_clock ("/tend/vala/lifetime/errors-are-told", test_errors_are_told);
  TestTend.add ("/tend/vala/lifetime/manager-goes-with-its-tasks", test_manager_goes_with_its_tasks);
  TestTend.add ("/tend/vala/lifetime/no-growth", test_no_growth);
  return Test.run ();
}
