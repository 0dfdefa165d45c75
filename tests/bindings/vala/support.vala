// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests in Vala share: each has a clock that stands still, and leaves no Item behind.

namespace TestTend {
  public class Item : Object {
    public static int n_alive = 0;
    public int number { get; construct; }

    public Item (int number = 0) {
      Object (number: number);
    }

    construct {
      AtomicInt.inc (ref n_alive);
    }

    ~Item () {
      AtomicInt.add (ref n_alive, -1);
    }
  }

  public delegate void BeginFunc (AsyncReadyCallback done);
  public delegate void EndFunc (AsyncResult result) throws Error;
  public delegate void ClockFunc (Tend.Clock clock) throws Error;

  public void add_with_clock (string path, owned ClockFunc func) {
    Test.add_data_func (path, () => {
      var clock = Tend.Clock.freeze ();
      try {
        func (clock);
        clock.run_until_idle ();
      } catch (Error e) {
        error ("%s", e.message);
      }
      assert (Item.n_alive == 0);
    });
  }

  // The test is a fiber.
  public void add (string path, owned Tend.BodyFunc func) {
    add_with_clock (path, (clock) => Tend.run (func));
  }

  // The test is an asynchronous method. Time is moved by hand for it: it would wait for what a fiber awaits.
  public void add_async (string path, owned BeginFunc begin, owned EndFunc end) {
    add_with_clock (path, (clock) => {
      AsyncResult? result = null;
      begin ((source, ready) => result = ready);
      while (result == null)
        clock.advance (TimeSpan.SECOND);
      end (result);
    });
  }
}
