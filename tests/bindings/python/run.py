# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tend.run(): the main part of a program, and how Ctrl-C and sys.exit() end it."""

import os
import signal
import sys
import unittest

from common import GLib, Tend, VirtualTimeTest


async def later(value):
    await Tend.sleep(3600)
    return value


class Run(VirtualTimeTest):
    def test_what_it_runs(self):
        task = Tend.spawn(later, 3)
        for main, args in ((later, (3,)), (later(3), ()), (Tend.Task("x", later, 3), ()), (task, ()), (lambda: 3, ())):
            self.assertEqual(Tend.run(main, *args), 3)
        self.assertEqual(Tend.run(task), 3)
        completion = Tend.Completion()
        GLib.idle_add(lambda: completion.set_value(3) and False)
        self.assertEqual(Tend.run(completion), 3)

    def test_virtual_time(self):
        with self.assert_takes(3600):
            Tend.run(later, 3)

    def test_what_is_due_at_once_comes_in_order(self):
        """Also what begins with the main part, before the loop runs."""
        async def sleep(name):
            await Tend.sleep(1)
            order.append(name)

        async def main():
            first = Tend.spawn(sleep, "first")
            Tend.current_task().add_timer(1, None, lambda _: order.append("second"))
            third = Tend.spawn(sleep, "third")
            await Tend.wait_all([first, third])

        order = []
        Tend.run(main)
        self.assertEqual(order, ["first", "second", "third"])

    def test_not_within_a_coroutine(self):
        async def body():
            Tend.run(later, 3)

        with self.assertRaisesRegex(RuntimeError, r"Task 'main\(\)': runs already, and cannot call Tend.run\(\)"):
            Tend.run(body)

    def test_from_a_callback(self):
        """Outside of coroutines it may be nested, as a main loop may."""
        results = []
        GLib.idle_add(lambda: results.append(Tend.run(later, 1)))
        self.assertEqual(Tend.run(later, 2), 2)
        self.assertEqual(results, [1])

    def test_exit(self):
        """Of the main task or of another: the main task cleans up."""
        log = []

        async def body():
            Tend.spawn(self.exit_soon, 4)
            try:
                await later(3)
            finally:
                await Tend.sleep(1)
                log.append("cleaned up")

        for main in (body, lambda: sys.exit(4), lambda: self.exit_soon(4)):
            with self.assertRaises(SystemExit) as caught:
                Tend.run(main)
            self.assertEqual(caught.exception.code, 4)
        self.assertEqual(log, ["cleaned up"])

    def test_exit_in_a_thread(self):
        async def body():
            Tend.Task.run_thread(None, sys.exit, 4)
            never = Tend.Completion()
            await never

        with self.assertRaises(SystemExit) as caught:
            Tend.run(body)
        self.assertEqual(caught.exception.code, 4)

    async def exit_soon(self, code):
        await Tend.sleep(1)
        sys.exit(code)

    def test_keyboard_interrupt_of_a_body(self):
        async def body():
            raise KeyboardInterrupt

        self.assertRaises(KeyboardInterrupt, Tend.run, body)


class Interrupt(unittest.TestCase):
    """Ctrl-C, which comes by the machine's time."""

    def interrupt(self, times=1):
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)

    def tearDown(self):
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_while_it_waits(self):
        log = []

        async def body():
            GLib.idle_add(self.interrupt)
            try:
                await Tend.sleep(3600)
            except Tend.CancelledError:
                await Tend.sleep(0)
                log.append("cleaned up")
                raise

        self.assertRaises(KeyboardInterrupt, Tend.run, body)
        self.assertEqual(log, ["cleaned up"])

    def test_while_it_computes(self):
        async def body():
            self.interrupt()
            await Tend.sleep(3600)

        self.assertRaises(KeyboardInterrupt, Tend.run, body)

    def test_it_completes_after_all(self):
        async def body():
            self.interrupt()
            try:
                await Tend.sleep(3600)
            except Tend.CancelledError:
                return 3

        self.assertEqual(Tend.run(body), 3)

    def test_twice(self):
        async def body():
            GLib.idle_add(self.interrupt)
            try:
                await Tend.sleep(3600)
            finally:
                GLib.idle_add(self.interrupt)
                await Tend.sleep(3600)

        self.assertRaises(KeyboardInterrupt, Tend.run, body)

    def test_who_handles_it_otherwise(self):
        signals = []
        signal.signal(signal.SIGINT, lambda signum, frame: signals.append(signum))
        try:
            async def body():
                self.interrupt()
                await Tend.sleep(0)

            Tend.run(body)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.assertEqual(signals, [signal.SIGINT])


if __name__ == "__main__":
    unittest.main()
