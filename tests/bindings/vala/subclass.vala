// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A class derived from the manager in Vala; see subclass.c.

class TestNode : Tend.TaskManager {
  public string label { get; set; default = ""; }
  public string log = "";

  public void note (string what) {
    log += (log == "" ? "" : " ") + what;
  }

  public override void task_failed (Tend.Task task, Error error) {
    base.task_failed (task, error);
    assert (error is IOError.BUSY);
    note ("node");
  }

  public bool visit (Tend.Task task) throws Error {
    note (task.get_name ());
    return true;
  }

  public bool stay (Tend.Task task) throws Error {
    try {
      return Tend.sleep (int64.MAX);
    } finally {
      note (task.get_name ());
    }
  }
}

class TestHastyNode : TestNode {
  construct {
    try {
      register (new Tend.Task ("hasty", visit));
    } catch (Error e) {
      assert_not_reached ();
    }
  }

  public override void task_failed (Tend.Task task, Error error) {
    note ("hasty");
    base.task_failed (task, error);
  }
}

bool fail () throws Error {
  throw new IOError.BUSY ("busy");
}

// Takes the last reference.
void assert_finalized (owned TestNode node) {
  bool is_gone = false;

  node.weak_ref ((object) => is_gone = true);
  node = null;
  assert (is_gone);
}

void test_properties (Tend.Clock clock) {
  var node = (TestNode) Object.new (typeof (TestNode), "label", "Anna", "max-running", 2);

  assert (node.label == "Anna");
  assert (node.max_running == 2);
  assert_finalized ((owned) node);
}

void test_class_method (Tend.Clock clock) throws Error {
  var node = new TestNode ();

  node.task_failed.connect ((emitter, task, error) => ((TestNode) emitter).note ("handler"));
  node.register (new Tend.Task ("x", fail));
  clock.advance (0);
  assert (node.log == "handler node");
  assert_finalized ((owned) node);
}

void test_class_method_chains_up (Tend.Clock clock) throws Error {
  TestNode node = new TestHastyNode ();

  node.cancel_all ();
  node.register (new Tend.Task ("x", fail));
  clock.advance (0);
  assert (node.log == "hasty node");
  assert_finalized ((owned) node);
}

void test_constructor_registers (Tend.Clock clock) throws Error {
  TestNode node = new TestHastyNode ();

  assert (node.is_active ("hasty"));
  node.cancel_all ();
  clock.advance (0);
  assert (node.get_n_items () == 0);
  assert (node.log == "");
  assert_finalized ((owned) node);
}

void test_list_model (Tend.Clock clock) throws Error {
  var node = new TestNode ();

  node.register (new Tend.Task ("a", node.visit));
  node.register (new Tend.Task ("b", node.visit));
  assert (node.get_n_items () == 2);
  assert (((Tend.Task) node.get_item (1)).get_name () == "b");
  clock.advance (0);
  assert (node.get_n_items () == 0);
  assert (node.log == "a b");
  assert_finalized ((owned) node);
}

// The tasks hold the node, which holds the tasks: the shutdown ends both.
void test_shutdown (Tend.Clock clock) throws Error {
  var node = new TestNode ();

  node.register (new Tend.Task.fiber ("a", node.stay));
  node.register (new Tend.Task.fiber ("b", node.stay));
  node.add_shutdown_task (new Tend.Task ("last", node.visit));
  node.add_shutdown_task (new Tend.Task ("very-last", node.visit));
  clock.advance (0);
  assert (node.log == "");
  node.shutdown.begin (null);
  clock.advance (0);
  assert (node.log == "a b last very-last");
  assert_finalized ((owned) node);
}

void test_dropped (Tend.Clock clock) throws Error {
  var node = new TestNode ();
  var task = new Tend.Task ("never", () => {
    assert_not_reached ();
  });

  task.delay = TimeSpan.SECOND;
  node.register (task);
  assert_finalized ((owned) node);
  assert (task.get_status () == Tend.TaskStatus.CANCELLED);
  clock.advance (2 * TimeSpan.SECOND);
}

int main () {
  var clock = Tend.Clock.freeze (null);

  try {
    test_properties (clock);
    test_class_method (clock);
    test_class_method_chains_up (clock);
    test_constructor_registers (clock);
    test_list_model (clock);
    test_shutdown (clock);
    test_dropped (clock);
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
