// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Two tasks with a channel between them, both of which run until they are stopped.

// Sends a number each second, and closes the channel when it ends. The task
// is open: it ends when other code ends it.
Tend.Task run_master (Tend.Channel channel) {
  return Tend.Task.run_open ("master", (task) => {
    int next = 0;

    task.add_exit_handler ((task) => {
      print ("Exit %s\n", task.to_string ());
      if (!channel.is_closed ()) {
        print ("%s closing controller\n", task.to_string ());
        channel.close ();
      }
    });
    task.add_timer (TimeSpan.SECOND, TimeSpan.SECOND, () => {
      channel.try_send (next++);
      return Source.CONTINUE;
    });
    return true;
  });
}

// Prints what comes.
Tend.Task run_slave (Tend.Channel channel) {
  return Tend.Task.run_fiber ("slave", (task) => {
    task.add_exit_handler ((task) => print ("Exit %s\n", task.to_string ()));
    foreach (var value in channel)
      print ("%d\n", (int) value);
    return true;
  });
}

bool example (Tend.Task main_task) throws Error {
  var channel = new Tend.Channel ();
  var master = run_master (channel);
  var slave = run_slave (channel);
  var both = Tend.wait_all ({ master, slave });

  main_task.add_timer (3 * TimeSpan.SECOND, -1, () => {
    foreach (var task in new Tend.Task[] { slave, master }) {
      print ("Stop %s\n", task.to_string ());
      task.stop ();
    }
    return Source.REMOVE;
  });

  try {
    Tend.await (both);
  } catch (Tend.TendError.SEVERAL e) {
    print ("%s\n", e.message);
  }
  print ("Tasks stopped\n");
  return true;
}

int main () {
  try {
    Tend.run (example);
    return 0;
  } catch (Error e) {
    printerr ("%s\n", e.message);
    return 1;
  }
}
