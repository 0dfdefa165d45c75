// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Sockets in fibers of Vala: a connection, bytes both ways, and a datagram.

Socket new_socket (SocketType type) throws Error {
  var socket = new Socket (SocketFamily.IPV4, type, SocketProtocol.DEFAULT);

  socket.bind (new InetSocketAddress.from_string ("127.0.0.1", 0), false);
  return socket;
}

void test_connection () throws Error {
  var listener = new_socket (STREAM);
  string received = "";

  listener.listen ();
  var server = new Tend.Task.fiber ("server", (task) => {
    uint8 buffer[16];
    var socket = Tend.socket_accept (listener, Tend.FOREVER);
    ssize_t n;

    while ((n = Tend.socket_receive (socket, buffer, Tend.FOREVER)) > 0)
      Tend.socket_send_all (socket, buffer[0:n], null, Tend.FOREVER);
    return true;
  });
  server.start ();

  var client = new Tend.Task.fiber ("client", (task) => {
    uint8 buffer[16];
    var socket = Tend.socket_connect (listener.local_address, Tend.FOREVER);

    Tend.socket_send_all (socket, "hello".data, null, Tend.FOREVER);
    while (received.length < 5) {
      ssize_t n = Tend.socket_receive (socket, buffer, Tend.FOREVER);
      received += ((string) buffer).substring (0, (long) n);
    }
    socket.close ();
    return true;
  });
  client.start ();

  client.wait_sync ();
  server.wait_sync ();
  assert (received == "hello");
}

void test_datagram () throws Error {
  var here = new_socket (DATAGRAM);
  var there = new_socket (DATAGRAM);

  var receiver = new Tend.Task.fiber ("receiver", (task) => {
    uint8 buffer[16];
    SocketAddress from;
    ssize_t n = Tend.socket_receive_from (here, out from, buffer, Tend.FOREVER);

    assert (n == 2 && buffer[0] == 'h' && buffer[1] == 'i');
    assert (((InetSocketAddress) from).port == ((InetSocketAddress) there.local_address).port);
    return true;
  });
  receiver.start ();

  var sender = new Tend.Task.fiber ("sender", (task) => {
    return Tend.socket_send_to (there, here.local_address, "hi".data, Tend.FOREVER) == 2;
  });
  sender.start ();

  sender.wait_sync ();
  receiver.wait_sync ();
}

void test_deadline () throws Error {
  var clock = Tend.Clock.freeze (null);
  var listener = new_socket (STREAM);

  listener.listen ();
  var task = new Tend.Task.fiber ("late", (task) => {
    return Tend.socket_accept (listener, Tend.get_time () + TimeSpan.SECOND) != null;
  });
  task.start ();
  clock.advance (TimeSpan.SECOND);
  try {
    task.wait_sync ();
    assert_not_reached ();
  } catch (IOError.TIMED_OUT e) {
    assert (task.is_ended ());
  }
}

int main () {
  try {
    test_connection ();
    test_datagram ();
    test_deadline ();
  } catch (Error e) {
    error (e.message);
  }

  return 0;
}
