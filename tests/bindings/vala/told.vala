// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Who is told of an error: each way in which one arises, times each way of holding its task. "told FILE" compares what
// it finds with the table in FILE, of rows "way<TAB>holding<TAB>told to", and "told --write FILE" makes that.
//
// Of each error one is told, once. The ways are in told-ways.vala.

class Trial {
  public string holding;
  public unowned Tend.Task? task = null;
  public bool has_arisen = false;
  public int n_strange = 0;
  public string told = "nobody";
  public int n_told = 0;
  public Object? kept = null;
  private bool is_over = false;

  public Trial (string holding) {
    this.holding = holding;
  }

  // The error arises now: what happens to the task just before that is a way of holding it, too.
  public Error arise () {
    if (holding == "stopped meanwhile")
      task.stop ();
    if (holding == "cancelled meanwhile")
      task.cancel ();
    has_arisen = true;
    return new IOError.BUSY ("it arose");
  }

  public void tell (string who) {
    told = n_told == 0 ? who : "%s, and %s".printf (told, who);
    n_told++;
  }

  // Whether it is the one, or one of several.
  public void hear (string who, Error error) {
    foreach (unowned Error part in Tend.TendError.list (error))
      if (part is IOError.BUSY && "it arose" in part.message)
        tell (who);
  }

  public LogWriterOutput log (LogLevelFlags level, string message) {
    if (!("it arose" in message)) {
      if ((level & (LogLevelFlags.LEVEL_CRITICAL | LogLevelFlags.LEVEL_WARNING)) == 0)
        return LogWriterOutput.HANDLED;
      n_strange++;
      printerr ("%s\n", message);
    } else if (is_over) {
      printerr ("too late: %s\n", message);
      n_strange++;
    } else {
      tell ((level & LogLevelFlags.LEVEL_CRITICAL) != 0 ? "log, as a critical"
        : (level & LogLevelFlags.LEVEL_WARNING) != 0 ? "log, as a warning" : "log, as information");
    }
    return LogWriterOutput.HANDLED;
  }

  public string describe () {
    is_over = true;
    if (!has_arisen)
      return "it does not arise";
    return told;
  }
}

delegate Tend.Task CreateFunc (Trial e);

class Way {
  public string name;
  public CreateFunc create;
  public bool is_thread;

  public Way (string name, owned CreateFunc create, bool is_thread = false) {
    this.name = name;
    this.create = (owned) create;
    this.is_thread = is_thread;
  }
}

const string[] HOLDINGS = {
  "held",
  "dropped",
  "managed",
  "managed, with a handler of task-failed",
  "managed, with task_failed() overridden",
  "managed, and ignored",
  "grouped",
  "awaited by a fiber",
  "awaited by an asynchronous method",
  "awaited through a combinator",
  "read by get_error()",
  "given up by who awaited it",
  "stopped meanwhile",
  "cancelled meanwhile",
};

class TellingManager : Tend.TaskManager {
  public Trial? trial = null;

  public override void task_failed (Tend.Task task, Error error) {
    if (trial.holding == "managed, with task_failed() overridden")
      trial.hear ("task-failed", error);
  }
}

async void wait_for (Trial e, Tend.Task task) {
  try {
    yield task.wait ();
  } catch (Error error) {
    e.hear ("waiter", error);
  }
}

Tend.Task run_awaiter (Trial e, owned Tend.Task awaited) {
  return Tend.Task.run_fiber ("awaiter", () => {
    try {
      Tend.await (awaited);
    } catch (Error error) {
      e.hear ("waiter", error);
    }
    awaited = null;
    return true;
  });
}

// Lets somebody look at the task, and starts it; gives who awaits it in a fiber.
Tend.Task? start (Trial e, Tend.Task task, Tend.TaskManager manager) throws Error {
  if (e.holding.has_prefix ("managed")) {
    if (e.holding.has_suffix ("handler of task-failed"))
      manager.task_failed.connect ((task, error) => e.hear ("task-failed", error));
    if (e.holding.has_suffix ("ignored"))
      manager.ignore_error (new IOError.BUSY ("").domain, IOError.BUSY);
    manager.register (task);
    return null;
  }
  if (e.holding == "grouped") {
    var group = new Tend.Group (Tend.GroupPolicy.WAIT_ALL);
    group.add (task);
    return run_awaiter (e, group.join ());
  }

  task.start ();
  switch (e.holding) {
  case "awaited by a fiber":
    return run_awaiter (e, task);
  case "awaited by an asynchronous method":
    wait_for.begin (e, task);
    return null;
  case "awaited through a combinator":
    return run_awaiter (e, Tend.when_all ({ task }));
  case "given up by who awaited it":
    var awaiter = run_awaiter (e, task);
    awaiter.cancel ();
    return awaiter;
  default:
    return null;
  }
}

void run_trial (Way way, Trial e) throws Error {
  var clock = Tend.Clock.freeze ();
  // The class is observed by its virtual function, whatever that does.
  Tend.TaskManager manager = new Tend.TaskManager ();
  if (e.holding == "managed, with task_failed() overridden") {
    var telling = new TellingManager ();
    telling.trial = e;
    manager = telling;
  }
  Tend.Task? task = way.create (e);
  e.task = task;
  Tend.set_unobserved_func ((task, error, origin) => e.hear ("unobserved function", error));

  var awaiter = start (e, task, manager);
  if (e.holding == "dropped" && !way.is_thread)
    task = null;
  clock.advance (3 * TimeSpan.SECOND);
  while (way.is_thread && !task.is_finished ()) {
    MainContext.default ().iteration (true);
    clock.advance (0);
  }
  if (e.holding == "read by get_error()" && task.get_error () != null)
    e.hear ("waiter", task.get_error ());

  // What goes on, such as an interval.
  if (task != null && !task.is_ended ())
    task.cancel ();
  clock.advance (3 * TimeSpan.SECOND);
  task = awaiter = null;
  e.kept = null;
  manager.cancel_all ();
  clock.advance (3 * TimeSpan.SECOND);
  manager = null;
  clock.advance (0);
  Tend.set_unobserved_func (null);
}

// Gives the rows, and how many are wrong.
string make_table (out int n_wrong) throws Error {
  var table = new StringBuilder ();
  n_wrong = 0;

  foreach (var way in make_ways ())
    foreach (unowned string holding in HOLDINGS) {
      var e = new Trial (holding);
      current = e;
      run_trial (way, e);
      string row = "%s\t%s\t%s".printf (way.name, holding, e.describe ());
      table.append (row + "\n");
      if (e.n_strange > 0 || (e.has_arisen && e.n_told != 1)) {
        printerr ("wrong: %s\n", row);
        n_wrong++;
      }
    }
  return table.str;
}

Trial? current = null;

int main (string[] args) {
  // An error that nobody catches is a critical of Vala's, and is what is looked for here.
  Log.set_always_fatal (LogLevelFlags.LEVEL_ERROR);
  Log.set_writer_func ((level, fields) => {
    foreach (unowned var field in fields)
      if (field.key == "MESSAGE" && current != null)
        return current.log (level, (string) field.value);
    return LogWriterOutput.UNHANDLED;
  });

  try {
    int n_wrong;
    string found = make_table (out n_wrong), expected;

    if (args[1] == "--write")
      FileUtils.set_contents (args[2], found);
    FileUtils.get_contents (args[args.length - 1], out expected);
    if (found != expected)
      printerr ("the table is another one:\n%s", found);
    return n_wrong == 0 && found == expected ? 0 : 1;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
