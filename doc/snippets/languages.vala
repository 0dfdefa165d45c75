// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/languages.md in Vala. The test that runs it compares what it prints with the other languages.

// --- Run a task and wait for it ---

bool greet (Tend.Task task) throws Error {
  return task.return_string ("hello");
}

void run_and_wait () throws Error {
  var task = Tend.Task.run_fiber ("greeting", greet);

  Tend.await (task);
  print ("%s: %s\n", task.name, task.get_string ());
}

// --- Later, and again and again ---

bool tick (Tend.Task task) throws Error {
  print ("tick\n");
  return true;
}

void repeat (Tend.TaskManager manager) throws Error {
  var task = new Tend.Task ("tick", tick);

  task.delay = TimeSpan.SECOND;
  task.interval = TimeSpan.MINUTE;
  manager.register (task);
  Tend.sleep (150 * TimeSpan.SECOND);
  task.cancel ();
}

// --- Many at once ---

Tend.Task square (int n) {
  return Tend.Task.run_fiber (null, (task) => {
    Tend.sleep (TimeSpan.SECOND);
    return task.return_int (n * n);
  });
}

void collect () throws Error {
  Tend.Task[] tasks = { square (1), square (2), square (3) };

  Tend.await (Tend.when_all (tasks));
  foreach (var task in tasks)
    print ("%lld\n", task.get_int ());
}

// --- No longer than that ---

void limit () throws Error {
  var slow = Tend.Task.run_delay (TimeSpan.HOUR);

  try {
    Tend.await (slow.with_timeout (TimeSpan.SECOND));
  } catch (IOError.TIMED_OUT e) {
    print ("timed out\n");
  }
  slow.cancel ();
}

// --- Cancel, and clean up ---

bool keep_open (Tend.Task task) throws Error {
  try {
    return Tend.sleep (TimeSpan.HOUR);
  } finally {
    Tend.shield_push ();
    clean_up ();
    Tend.shield_pop ();
  }
}

void clean_up () {
  try {
    Tend.sleep (TimeSpan.SECOND);
    print ("cleaned up\n");
  } catch (Error e) {
    // It was stopped.
  }
}

void cancel () throws Error {
  var task = Tend.Task.run_fiber ("open", keep_open);

  task.cancel ();
  try {
    Tend.await (task);
  } catch (IOError.CANCELLED e) {
    print ("cancelled\n");
  }
}

// --- In a thread ---

bool read_kernel (Tend.Task task) throws Error {
  string text;

  FileUtils.get_contents ("/proc/sys/kernel/ostype", out text);
  return task.return_string (text.strip ());
}

void use_thread () throws Error {
  var task = Tend.Task.run_thread ("kernel", read_kernel);

  Tend.await (task);
  print ("%s\n", task.get_string ());
}

// --- An error ---

bool find (Tend.Task task) throws Error {
  throw new IOError.NOT_FOUND ("no such page");
}

void handle_error () throws Error {
  try {
    Tend.await (Tend.Task.run_fiber ("page", find));
  } catch (IOError.NOT_FOUND e) {
    print ("%s\n", e.message);
  }
}

// --- A request and its answer ---

Tend.Task ask (Tend.RequestCache requests, uint64 number) throws Error {
  var cache = new Tend.NumberCache ("ping", number);
  var answer = new Tend.Task.open ("answer");

  cache.timeout = 5 * TimeSpan.SECOND;
  cache.add_task_with_error (answer, new IOError.TIMED_OUT ("no answer"));
  requests.add (cache);
  return answer;
}

void received (Tend.RequestCache requests, uint64 number, string text) {
  var cache = requests.pop ("ping", number);

  if (cache != null)
    cache.list_tasks ()[0].return_string (text);
}

void request () throws Error {
  var requests = new Tend.RequestCache ();
  var first = ask (requests, 1);
  var second = ask (requests, 2);

  received (requests, 1, "pong");
  Tend.await (first);
  print ("%s\n", first.get_string ());
  try {
    Tend.await (second);
  } catch (IOError.TIMED_OUT e) {
    print ("%s\n", e.message);
  }
  requests.await_shutdown ();
}

// --- From one task to another ---

bool send (Tend.Channel channel) throws Error {
  for (int n = 1; n <= 3; n++)
    channel.await_send (n);
  channel.close ();
  return true;
}

void add_up () throws Error {
  var channel = new Tend.Channel (1);
  var sender = Tend.Task.run_fiber ("sender", () => send (channel));
  int sum = 0;

  foreach (var n in channel)
    sum += (int) n;
  print ("%d\n", sum);
  Tend.await (sender);
}

// --- The end ---

void shut_down (Tend.TaskManager manager) throws Error {
  manager.register (new Tend.Task.fiber ("open", keep_open));
  Tend.sleep (1);
  manager.await_shutdown ();
  print ("%u left\n", manager.get_n_items ());
}

bool show_all (Tend.Task me) throws Error {
  var manager = new Tend.TaskManager ();

  run_and_wait ();
  repeat (manager);
  collect ();
  limit ();
  cancel ();
  use_thread ();
  handle_error ();
  request ();
  add_up ();
  shut_down (manager);
  return true;
}

int main () {
  var clock = Tend.Clock.freeze ();

  try {
    Tend.run (show_all);
    clock.run_until_idle ();
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
