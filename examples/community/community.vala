// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// community in Vala: see main.c for what it does, and node.c for what the nodes say. The main part,
// the goodbye and the greetings are fibers; the receiver is an asynchronous method.

const int64 GREETING_INTERVAL = TimeSpan.SECOND / 20;
const int MAX_DATAGRAM = 1024;
const int MAX_NODES = 99;
const string DATAGRAM_PATTERN = "^(hello|goodbye) node-[0-9]{2}( [0-9]{1,5})+\\z";

class Node : Tend.TaskManager {
  public string name { get; construct; }
  public int n_nodes { get; construct; }
  public uint16 port { get; private set; }
  public Tend.Completion met { get; default = new Tend.Completion ("met"); }

  private Socket socket;
  private SocketConnection connection;
  private GenericSet<int> peers = new GenericSet<int> (direct_hash, direct_equal);
  private List<string> greeted_by = new List<string> ();

  public Node (int number, int n_nodes) {
    Object (name: "node-%02d".printf (number), n_nodes: n_nodes);
  }

  // Not in the constructor: a node that is only made has no tasks.
  public void start (uint16 port, uint16 bootstrap) throws Error {
    socket = new Socket (SocketFamily.IPV4, SocketType.DATAGRAM, SocketProtocol.UDP);
    socket.blocking = false;
    socket.bind (new InetSocketAddress.from_string ("127.0.0.1", port), false);
    connection = SocketConnection.factory_create_connection (socket);
    this.port = (uint16) ((InetSocketAddress) socket.get_local_address ()).port;
    if (bootstrap != 0)
      peers.add (bootstrap);

    var greeting = new Tend.Task.fiber ("greet", greet);
    greeting.delay = 0;
    greeting.interval = GREETING_INTERVAL;

    add_shutdown_task (new Tend.Task.fiber ("leave", leave));
    register (new Tend.Task.open ("receive", (task) => {
      receive.begin (task);
      return true;
    }));
    register (greeting);
  }

  public void print_met () {
    greeted_by.sort (strcmp);
    var names = new StringBuilder ();
    foreach (unowned string other in greeted_by)
      names.append (names.len == 0 ? other : ", " + other);
    print ("%s was greeted by %s\n", name, names.str);
  }

  // Goes on until the shutdown cancels it: then the read fails, and its error says so.
  private async void receive (Tend.Task task) {
    try {
      while (true) {
        // One byte more than there may be shows that a datagram is too long.
        var datagram = yield connection.input_stream.read_bytes_async (
            MAX_DATAGRAM + 1, Priority.DEFAULT, task.get_cancellable ());
        received (datagram);
      }
    } catch (Error e) {
      task.return_error (e);
    }
  }

  private void received (Bytes datagram) throws Error {
    if (datagram.length == 0 || datagram.length > MAX_DATAGRAM)
      return;

    var bytes = datagram.get_data ();
    var text = ((string) bytes).make_valid (bytes.length);
    if (!Regex.match_simple (DATAGRAM_PATTERN, text))
      return;

    string[] words = text.split (" ");
    int[] ports = {};
    foreach (unowned string word in words[2:words.length])
      ports += int.parse (word);
    foreach (int port in ports)
      if (port < 1 || port > uint16.MAX)
        return;

    if (words[1] == name)
      return;
    if (words[0] == "goodbye") {
      peers.remove (ports[0]);
      return;
    }

    foreach (int port in ports)
      if (port != this.port)
        peers.add (port);
    if (greeted_by.find_custom (words[1], strcmp) == null)
      greeted_by.append (words[1]);
    if (greeted_by.length () == n_nodes - 1 && !met.is_done ())
      met.set_value (true);
  }

  // Runs at each interval: greets all peers, and tells them of one another.
  private bool greet (Tend.Task task) throws Error {
    var hello = new StringBuilder ();
    hello.printf ("hello %s %u", name, port);
    peers.foreach ((peer) => hello.append_printf (" %d", peer));
    send_to_peers (hello.str);
    return true;
  }

  // The shutdown task: it runs when the others have ended, and nobody uses the socket any more.
  private bool leave (Tend.Task task) throws Error {
    if (!met.is_done ())
      met.set_cancelled ();
    try {
      send_to_peers ("goodbye %s %u".printf (name, port));
    } catch (Error e) {
      // Whoever leaves does not ask whether that is heard.
    }
    socket.close ();
    print ("%s has said goodbye\n", name);
    return true;
  }

  // One that there is no room for is lost, as any datagram may be: there will be another greeting.
  private void send_to_peers (string text) throws Error {
    foreach (int peer in peers.get_values ()) {
      try {
        socket.send_to (new InetSocketAddress.from_string ("127.0.0.1", peer), text.data);
      } catch (IOError.WOULD_BLOCK e) {
      }
    }
  }

  public override void task_failed (Tend.Task task, Error error) {
    printerr ("community: %s: %s: %s\n", name, task.get_name (), error.message);
  }
}

class Community {
  public static int n_nodes = 4;
  public static int port = 0;
  public static double timeout = 5;
  public static bool stays = false;

  public const OptionEntry[] OPTIONS = {
    { "nodes", 'n', 0, OptionArg.INT, ref n_nodes, "How many nodes there are", "N" },
    { "port", 'p', 0, OptionArg.INT, ref port, "The port of the first node", "PORT" },
    { "timeout", 't', 0, OptionArg.DOUBLE, ref timeout, "Within what time they have to meet", "SECONDS" },
    { "stay", 's', 0, OptionArg.NONE, ref stays, "Stay together until Ctrl-C", null },
    { null }
  };

  public int signum = 0;
  private Node[] nodes = {};

  public static bool is_valid () {
    return n_nodes >= 2 && n_nodes <= MAX_NODES && port >= 0 && port <= uint16.MAX && timeout >= 0 && timeout <= 1e6;
  }

  // The main part. A signal cancels its task, and it ends from wherever it waits, as at any end.
  public bool run (Tend.Task task) throws Error {
    foreach (int number in new int[] { Posix.Signal.INT, Posix.Signal.TERM }) {
      var source = new Unix.SignalSource (number);
      source.set_callback (() => {
        signum = number;
        task.cancel ();
        return Source.CONTINUE;
      });
      task.add_source (source);
    }

    try {
      start_nodes (task);
      meet ();
      if (stays)
        Tend.sleep (int64.MAX);
    } finally {
      leave ();
    }
    return true;
  }

  private void start_nodes (Tend.Task task) throws Error {
    for (int i = 1; i <= n_nodes; i++) {
      var node = new Node (i, n_nodes);
      nodes += node;

      // Where a task has failed there is no use in waiting. What failed the node says itself.
      node.task_failed.connect (() => task.cancel ());
      try {
        node.start ((uint16) (i == 1 ? port : 0), nodes[0].port);
      } catch (Error e) {
        e.message = "%s: %s".printf (node.name, e.message);
        throw e;
      }
    }
  }

  private void meet () throws Error {
    Tend.Task[] met = {};
    foreach (var node in nodes)
      met += node.met.get_task ();

    try {
      Tend.await (Tend.wait_all (met).with_timeout ((int64) (timeout * TimeSpan.SECOND)));
    } catch (IOError.TIMED_OUT e) {
      throw new IOError.TIMED_OUT ("Not everybody has met within %g s", timeout);
    }

    foreach (var node in nodes)
      node.print_met ();
  }

  // The last first, and all of them even if one cannot end well.
  private void leave () {
    Tend.shield_push ();
    for (int i = nodes.length - 1; i >= 0; i--) {
      try {
        nodes[i].await_shutdown ();
      } catch (Error e) {
        printerr ("community: %s: %s\n", nodes[i].name, e.message);
      }
    }
    Tend.shield_pop ();
  }
}

int main (string[] args) {
  var community = new Community ();
  try {
    var context = new OptionContext ();
    context.add_main_entries (Community.OPTIONS, null);
    context.parse (ref args);
    if (args.length > 1 || !Community.is_valid ())
      throw new OptionError.BAD_VALUE ("Wrong options");
  } catch (Error e) {
    printerr ("community: %s\nTry \"community-vala --help\".\n", e.message);
    return 2;
  }

  try {
    Tend.run (community.run);
    return 0;
  } catch (Error e) {
    // Whoever was cancelled, by a signal or for a task that failed, has been told why.
    if (!(e is IOError.CANCELLED))
      printerr ("community: %s\n", e.message);
    return community.signum != 0 ? 128 + community.signum : 1;
  }
}
