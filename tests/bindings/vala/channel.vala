// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels from Vala: in fibers, and as asynchronous methods.

async void test_async () throws Error {
  var channel = new Tend.Channel (1);

  yield channel.send (1, null);
  assert (!channel.try_send (2));
  int first = (int) yield channel.receive (null);
  assert (first == 1);

  yield channel.send ("text", null);
  var text = (string) yield channel.receive (null);
  assert (text == "text");

  channel.close ();
  try {
    yield channel.receive (null);
    assert_not_reached ();
  } catch (Tend.TendError.CLOSED e) {
    assert (channel.is_closed ());
  }
}

string join (GenericArray<Value?> values) {
  string text = "";

  foreach (unowned Value? value in values)
    text += ((int) value).to_string ();
  return text;
}

async void test_all_at_once () throws Error {
  var channel = new Tend.Channel ();

  assert (channel.try_receive_all ().length == 0);
  for (int i = 1; i <= 3; i++)
    channel.try_send (i);
  assert (join (yield channel.receive_all (null)) == "123");

  var receiver = new Tend.Task.fiber ("receiver", (task) => {
    assert (join (channel.await_receive_all ()) == "45");
    return channel.await_receive_all () == null;
  });
  receiver.start ();
  channel.try_send (4);
  channel.try_send (5);
  channel.close ();
  yield receiver.wait (null);
}

async void test_close_with_error () throws Error {
  var channel = new Tend.Channel (0);

  channel.close_with_error (new IOError.NOT_FOUND ("no such thing"));
  try {
    yield channel.receive (null);
    assert_not_reached ();
  } catch (IOError.NOT_FOUND e) {
    assert (e.message == "no such thing");
  }
}

async void test_fibers () throws Error {
  var channel = new Tend.Channel (2);
  int sum = 0;

  var sender = new Tend.Task.fiber ("sender", (task) => {
    for (int i = 1; i <= 10; i++)
      channel.await_send (i);
    channel.close ();
    return true;
  });
  var receiver = new Tend.Task.fiber ("receiver", (task) => {
    Value value;

    while (channel.await_receive (out value))
      sum += (int) value;
    return true;
  });

  sender.start ();
  receiver.start ();
  yield receiver.wait (null);
  assert (sum == 55);
}

async void test_all () throws Error {
  yield test_async ();
  yield test_all_at_once ();
  yield test_close_with_error ();
  yield test_fibers ();
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
