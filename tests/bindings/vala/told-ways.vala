// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The ways in which errors arise in Vala, about a second after the start. Each gives a task that is not started.

Tend.Task delayed (Tend.Task task) {
  task.delay = TimeSpan.SECOND;
  return task;
}

// --- What may throw ---

// Its waits fail when it is cancelled or stopped: what fails is its clean-up.
void sleep_anyhow (int64 seconds) {
  try {
    Tend.sleep (seconds * TimeSpan.SECOND);
  } catch (Error error) {
  }
}

async bool fail_later (Trial e) throws Error {
  yield Tend.Task.run_delay (TimeSpan.SECOND).wait ();
  throw e.arise ();
}

bool clean_up (Trial e) throws Error {
  e.task.add_timer (TimeSpan.SECOND, -1, () => {
    e.arise ();
    return false;
  });
  sleep_anyhow (2);
  throw new IOError.BUSY ("it arose");
}

void add_throwing (GenericArray<Way> ways) {
  ways.add (new Way ("function", (e) => delayed (new Tend.Task ("task", () => {
    throw e.arise ();
  }))));
  ways.add (new Way ("fiber", (e) => new Tend.Task.fiber ("task", () => {
    sleep_anyhow (1);
    throw e.arise ();
  })));
  ways.add (new Way ("thread", (e) => delayed (new Tend.Task.thread ("task", () => {
    throw e.arise ();
  })), true));
  ways.add (new Way ("asynchronous method", (e) => Tend.Task.new_async ("task",
    (task, cancellable, done) => fail_later.begin (e, done),
    (task, result) => fail_later.end (result))));
  ways.add (new Way ("asynchronous method that a fiber waits for", (e) => new Tend.Task.fiber ("task", () => {
    var result = Tend.await_async ((task, cancellable, done) => fail_later.begin (e, done));
    return fail_later.end (result);
  })));
  ways.add (new Way ("clean-up of a fiber", (e) => new Tend.Task.fiber ("task", () => clean_up (e))));
  ways.add (new Way ("function of an open task", (e) => delayed (new Tend.Task.open ("task", () => {
    throw e.arise ();
  }))));
  ways.add (new Way ("return_error()", (e) => delayed (new Tend.Task.open ("task", (task) => {
    task.return_error (e.arise ());
    return true;
  }))));
  ways.add (new Way ("completion", (e) => new Tend.Task.fiber ("task", (task) => {
    var completion = new Tend.Completion ();
    task.add_timer (TimeSpan.SECOND, -1, () => {
      completion.set_error (e.arise ());
      return false;
    });
    return Tend.await (completion.get_task ());
  })));
}

void add_scope (GenericArray<Way> ways) {
  ways.add (new Way ("timer of the task", (e) => new Tend.Task.open ("task", (task) => {
    task.add_timer (TimeSpan.SECOND, -1, () => {
      throw e.arise ();
    });
    return true;
  })));
  ways.add (new Way ("post to the task", (e) => delayed (new Tend.Task.open ("task", (task) => {
    task.post (() => {
      throw e.arise ();
    });
    return true;
  }))));
}

bool fail_once (Trial e, Tend.Task task) throws Error {
  if (!e.has_arisen)
    throw e.arise ();
  task.cancel ();
  return true;
}

void add_repeated (GenericArray<Way> ways) {
  ways.add (new Way ("run of an interval", (e) => {
    var task = new Tend.Task ("task", (task) => fail_once (e, task));
    task.interval = TimeSpan.SECOND;
    return task;
  }));
  ways.add (new Way ("run that its task outlives", (e) => {
    var task = new Tend.Task ("task", (task) => fail_once (e, task));
    task.interval = TimeSpan.SECOND;
    task.keep_going = true;
    return task;
  }));
  ways.add (new Way ("last attempt of a retry", (e) => new Tend.Retry (1).create_task ("task",
    () => delayed (new Tend.Task ("attempt", () => {
      throw e.arise ();
    })))));
}

// --- What may not: Vala warns of an error that is thrown there, and logs it where it arises ---

delegate void BeginFunc (Tend.Task task);

// A task that begins something a second after its start, and waits.
Tend.Task beginning (owned BeginFunc begin) {
  return new Tend.Task.fiber ("task", (task) => {
    sleep_anyhow (1);
    begin (task);
    sleep_anyhow (1);
    return true;
  });
}

class Throwing {
  public Trial e;

  public Throwing (Trial e) {
    this.e = e;
  }

  ~Throwing () {
    throw e.arise ();
  }
}

class ThrowingManager : Tend.TaskManager {
  public Trial? trial = null;

  public override void task_added (Tend.Task task) {
    throw trial.arise ();
  }
}

void add_handlers (GenericArray<Way> ways) {
  ways.add (new Way ("exit handler, uncaught", (e) => beginning ((task) => task.add_exit_handler (() => {
    throw e.arise ();
  }))));
  ways.add (new Way ("cancel handler, uncaught", (e) => beginning ((task) => {
    task.add_cancel_handler (() => {
      throw e.arise ();
    });
    task.cancel ();
  })));
  ways.add (new Way ("handler of a cancellable, uncaught", (e) => beginning ((task) => {
    var cancellable = new Tend.Cancellable ();
    cancellable.add_handler (() => {
      throw e.arise ();
    });
    cancellable.cancel ();
    e.kept = cancellable;
  })));
  ways.add (new Way ("handler of progress, uncaught", (e) => beginning ((task) => {
    task.notify["progress"].connect (() => {
      if (!e.has_arisen)
        throw e.arise ();
    });
    task.set_progress (0.5);
  })));
  ways.add (new Way ("handler of a signal, uncaught", (e) => beginning ((task) => {
    var manager = new Tend.TaskManager ();
    manager.task_added.connect (() => {
      throw e.arise ();
    });
    manager.register (new Tend.Task ("another", () => true));
    e.kept = manager;
  })));
  ways.add (new Way ("virtual function, uncaught", (e) => beginning ((task) => {
    var manager = new ThrowingManager ();
    manager.trial = e;
    manager.register (new Tend.Task ("another", () => true));
    e.kept = manager;
  })));
}

void add_callbacks (GenericArray<Way> ways) {
  ways.add (new Way ("predicate of a retry, uncaught", (e) => {
    var retry = new Tend.Retry (3);
    retry.set_predicate (() => {
      throw e.arise ();
    });
    return retry.create_task ("task", () => delayed (new Tend.Task ("attempt", () => {
      throw new IOError.FAILED ("of the attempt");
    })));
  }));
  ways.add (new Way ("source of the task, uncaught", (e) => beginning ((task) => {
    var source = new IdleSource ();
    source.set_callback (() => {
      throw e.arise ();
    });
    task.add_source (source);
  })));
  ways.add (new Way ("callback of a wait, uncaught", (e) => beginning ((task) => {
    Tend.Task.run_delay (1).wait.begin (null, () => {
      throw e.arise ();
    });
  })));
  ways.add (new Way ("callback of GLib's, uncaught", (e) => beginning ((task) => Idle.add (() => {
    throw e.arise ();
  }))));
  ways.add (new Way ("destroy notify, uncaught", (e) => beginning ((task) => {
    var data = new Throwing (e);
    task.add_exit_handler (() => assert (data.e == e));
  })));
}

GenericArray<Way> make_ways () {
  var ways = new GenericArray<Way> ();

  add_throwing (ways);
  add_scope (ways);
  add_repeated (ways);
  add_handlers (ways);
  add_callbacks (ways);
  return ways;
}
