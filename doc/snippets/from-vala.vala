// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code blocks of doc/vala.md.

// --- Bodies ---

Tend.Task watch (string host) {
  return new Tend.Task.fiber ("watch", (task) => {
    for (int i = 1; i <= 3; i++) {
      Tend.sleep (TimeSpan.SECOND);
      print ("%s: look %d\n", host, i);
    }
    return task.return_int (3);
  });
}

Tend.Task sum_up (int64 last) {
  return new Tend.Task.thread ("sum", (task) => {
    int64 sum = 0;
    for (int64 i = 1; i <= last; i++) {
      Tend.checkpoint ();
      sum += i;
    }
    return task.return_int (sum);
  });
}

class Weather : Object {
  public async string ask (string place, Cancellable? cancellable) throws Error {
    if (place == "Atlantis")
      throw new IOError.NOT_FOUND ("There is no %s", place);
    yield Tend.Task.run_delay (TimeSpan.SECOND).wait (cancellable);
    return "rain";
  }

  public Tend.Task make_task (string place) {
    return Tend.Task.new_async (
        place,
        (task, cancellable, done) => ask.begin (place, cancellable, done),
        (task, result) => task.return_string (ask.end (result)));
  }
}

class Button : Object {
  public signal void clicked ();
}

Tend.Task wait_for_click (Button button) {
  return new Tend.Task.open ("click", (task) => {
    var id = button.clicked.connect (() => task.return_string ("clicked"));
    task.add_exit_handler (() => button.disconnect (id));
    return true;
  });
}

// --- Waiting ---

async void print_weather (Tend.Task task) {
  try {
    yield task.wait ();
    print ("%s: %s\n", task.name, task.get_string ());
  } catch (IOError.NOT_FOUND e) {
    print ("%s\n", e.message);
  } catch (Error e) {
    print ("%s has no answer: %s\n", task.name, e.message);
  }
}

bool load (Tend.Task task) throws Error {
  var file = File.new_for_path ("/proc/sys/kernel/ostype");
  uint8[] contents;

  var result = Tend.await_async ((task, cancellable, done) => file.load_contents_async.begin (cancellable, done));
  file.load_contents_async.end (result, out contents, null);
  return task.return_string ((string) contents);
}

int64 add_up_as_they_come (Tend.Task[] tasks) throws Error {
  int64 sum = 0;

  foreach (var task in Tend.when_each (tasks))
    sum += task.get_int ();
  return sum;
}

void use_all_at_once (Tend.Task[] tasks) throws Error {
  Tend.await (Tend.when_all (tasks).with_timeout (5 * TimeSpan.SECOND));
}

// --- Results ---

struct Point {
  public int x;
  public int y;
}

Tend.Task locate () {
  return new Tend.Task (null, (task) => {
    Point point = { 3, 4 };
    return task.return_value (point);
  });
}

int get_distance (Tend.Task task) throws Error {
  var point = (Point) task.get_result ();
  return point.x + point.y;
}

// --- Errors ---

bool try_all (Tend.Task[] tasks) throws Error {
  try {
    return Tend.await (Tend.wait_all (tasks));
  } catch (Tend.TendError.SEVERAL e) {
    foreach (unowned Error error in Tend.TendError.list (e))
      print ("- %s\n", error.message);
    return true;
  }
}

// --- Cancel and stop ---

bool keep_connection (Tend.Task task) throws Error {
  try {
    return Tend.sleep (int64.MAX);
  } finally {
    // The task has been asked to end. What it says as it goes may take its time.
    Tend.shield_push ();
    say_goodbye ();
    Tend.shield_pop ();
  }
}

void say_goodbye () {
  try {
    Tend.sleep (TimeSpan.SECOND);
    print ("goodbye\n");
  } catch (Error e) {
    print ("stopped, and so without a goodbye\n");
  }
}

// --- Managers ---

class Station : Tend.TaskManager {
  public void start () throws Error {
    register (new Tend.Task.fiber ("connection", keep_connection));

    var beacon = new Tend.Task ("beacon", () => {
      print ("beep\n");
      return true;
    });
    beacon.interval = TimeSpan.MINUTE;
    register (beacon);
  }

  public void text_changed (string text) throws Error {
    debounce (new Tend.Task ("search", () => {
      print ("searching for %s\n", text);
      return true;
    }), TimeSpan.SECOND / 3);
  }

  public override void task_failed (Tend.Task task, Error error) {
    print ("%s: %s\n", task.name, error.message);
  }
}

void look_at (Station station) {
  if ("beacon" in station)
    station.cancel_task ("beacon");
  foreach (var task in station)
    print ("%s is %s\n", task.name, task.status.to_string ());
}

async void leave (Station station) throws Error {
  yield station.shutdown ();
  print ("gone\n");
}

// --- Caches ---

class Ping : Tend.RandomNumberCache {
  public Tend.Completion answer = new Tend.Completion ("answer");

  public Ping (Tend.RequestCache requests) throws Error {
    Object (request_cache: requests, prefix: "ping");
    add_task_with_error (answer.task, new IOError.TIMED_OUT ("no answer"));
  }

  public override int64 get_timeout () {
    return 3 * TimeSpan.SECOND;
  }
}

void received (Tend.RequestCache requests, uint64 number, string text) throws Error {
  var ping = requests.pop ("ping", number) as Ping;
  if (ping != null)
    ping.answer.set_string (text);
}

void ping_twice (Tend.RequestCache requests) throws Error {
  var first = new Ping (requests);
  var second = new Ping (requests);

  requests.add (first);
  requests.add (second);
  received (requests, first.number, "pong");
  foreach (var ping in new Ping[] { first, second }) {
    try {
      Tend.await (ping.answer.task);
      print ("%s\n", ping.answer.task.get_string ());
    } catch (IOError.TIMED_OUT e) {
      print ("%s\n", e.message);
    }
  }
}

// --- Groups and channels ---

bool fetch_all (string[] places) throws Error {
  var group = new Tend.Group (Tend.GroupPolicy.FIRST_ERROR);

  group.max_running = 2;
  foreach (unowned string place in places)
    group.add (new Weather ().make_task (place));
  return group.await ();
}

bool send_numbers (Tend.Channel channel) throws Error {
  for (int i = 1; i <= 10; i++)
    channel.await_send (i);
  channel.close ();
  return true;
}

int add_up (Tend.Channel channel) throws Error {
  int sum = 0;

  foreach (var value in channel)
    sum += (int) value;
  return sum;
}

// --- All of it ---

Tend.Task start (Tend.Task task) throws Error {
  task.start ();
  return task;
}

bool show_bodies (Tend.Task me) throws Error {
  print ("%lld looks\n", add_up_as_they_come ({ start (watch ("a")), start (watch ("b")) }));

  var sum = start (sum_up (100));
  var place = start (locate ());
  var ostype = Tend.Task.run_fiber ("ostype", load);
  use_all_at_once ({ sum, place, ostype });
  print ("%lld, %d, %s", sum.get_int (), get_distance (place), ostype.get_string ());

  var button = new Button ();
  var click = start (wait_for_click (button));
  button.clicked ();
  print ("%s\n", click.get_string ());
  return true;
}

void show_errors () throws Error {
  var weather = new Weather ();

  foreach (unowned string place in new string[] { "Kiel", "Atlantis" }) {
    var task = weather.make_task (place);
    print_weather.begin (task);
    task.start ();
    Tend.sleep (TimeSpan.MINUTE);
  }
  try_all ({ start (weather.make_task ("Atlantis")), start (weather.make_task ("Atlantis")) });
  try {
    fetch_all ({ "Kiel", "Atlantis", "Rome" });
  } catch (IOError.NOT_FOUND e) {
    print ("%s\n", e.message);
  }
}

void show_manager () throws Error {
  var station = new Station ();

  station.start ();
  station.text_changed ("a");
  station.text_changed ("ab");
  station.register (new Tend.Task ("broken", () => {
    throw new IOError.FAILED ("does not work");
  }));
  Tend.sleep (90 * TimeSpan.SECOND);
  look_at (station);
  leave.begin (station);
  Tend.sleep (TimeSpan.MINUTE);
}

void show_channel () throws Error {
  var channel = new Tend.Channel (4);
  var sender = Tend.Task.run_fiber ("send", () => send_numbers (channel));

  print ("%d\n", add_up (channel));
  Tend.await (sender);
}

bool show_rest (Tend.Task me) throws Error {
  show_errors ();
  show_manager ();
  show_channel ();

  var requests = new Tend.RequestCache ();
  ping_twice (requests);
  return requests.await_shutdown ();
}

// --- Tests ---

void test_an_hour () throws Error {
  var clock = Tend.Clock.freeze ();
  var task = Tend.Task.run_delay (TimeSpan.HOUR);

  clock.advance (TimeSpan.HOUR - 1);
  assert (!task.is_ended ());
  clock.advance (1);
  assert (task.is_ended ());
}

int main () {
  try {
    test_an_hour ();

    var clock = Tend.Clock.freeze ();
    Tend.run (show_bodies);

    var rest = Tend.Task.run_fiber ("rest", show_rest);
    while (!rest.is_ended ())
      clock.advance (TimeSpan.SECOND);
    rest.wait_sync ();
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
