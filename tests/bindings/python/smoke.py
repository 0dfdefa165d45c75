# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The built library from Python."""

import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend


def until_called(start):
    """Runs the main loop until the operation that start(callback) begins has called back."""
    loop, results = GLib.MainLoop(), []

    def callback(source, result, *_):
        results.append(result)
        loop.quit()

    start(callback)
    loop.run()
    return results[0]


def wait(task):
    return task.wait_finish(until_called(lambda callback: task.wait_async(None, callback)))


def fail():
    raise GLib.Error.new_literal(Gio.io_error_quark(), "no such thing", Gio.IOErrorEnum.NOT_FOUND)


class Smoke(unittest.TestCase):
    def setUp(self):
        self.manager = Tend.TaskManager()

    def shut_down(self):
        return self.manager.shutdown_finish(
            until_called(lambda callback: self.manager.shutdown_async(None, callback)))

    def test_result(self):
        for value in (42, "text", 2.5, True, ["a", {"list": None}]):
            task = self.manager.register("answer", lambda: value)
            self.assertTrue(self.manager.is_active("answer"))
            self.assertTrue(wait(task))
            self.assertEqual(task.get_status(), Tend.TaskStatus.COMPLETED)
            self.assertEqual(task.get_result(), value)
            self.assertFalse(self.manager.is_active("answer"))

    def test_error(self):
        task = self.manager.register("failure", fail)
        with self.assertRaises(GLib.Error) as caught:
            wait(task)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))
        self.assertEqual(caught.exception.message, "no such thing")
        self.assertEqual(task.get_status(), Tend.TaskStatus.FAILED)

    def test_cancel_by_name(self):
        self.manager.register("never", self.fail, "it runs")
        task = self.manager.cancel_task("never")
        with self.assertRaises(Tend.CancelledError) as caught:
            wait(task)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)
        self.assertIsNone(self.manager.cancel_task("never"))

    def test_a_name_is_used_once(self):
        self.manager.register("name", lambda: 1)
        with self.assertRaises(GLib.Error) as caught:
            self.manager.register("name", lambda: None)
        self.assertTrue(caught.exception.matches(Tend.error_quark(), Tend.Error.EXISTS))

    def test_shutdown(self):
        task = self.manager.register("long", Tend.sleep, 3600)
        self.assertTrue(self.shut_down())
        self.assertTrue(self.manager.is_shut_down())
        self.assertTrue(task.is_ended())
        with self.assertRaises(GLib.Error) as caught:
            self.manager.register("late", lambda: None)
        self.assertTrue(caught.exception.matches(Tend.error_quark(), Tend.Error.SHUT_DOWN))

    def test_watchdog(self):
        self.assertTrue(Tend.watchdog_start(3600))
        context = GLib.MainContext()
        context.push_thread_default()
        with self.assertRaises(GLib.Error) as caught:
            Tend.watchdog_start(1)
        context.pop_thread_default()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY))
        Tend.watchdog_stop()

    def test_waiting_takes_no_number(self):
        async def main():
            self.assertEqual(str(Tend.current_task()), "Task('main()', 1)")
            first = Tend.Task(None, self.fail), Tend.Task(None, self.fail)
            await Tend.sleep(0)
            await Tend.sleep(0.001)
            self.assertEqual(Tend.Task(None, self.fail).get_id(), first[1].get_id() + 1)

        Tend.run(main())

    def test_cancelling_ends_a_sleep(self):
        async def sleep():
            try:
                await Tend.sleep(3600)
            finally:
                await Tend.sleep(0)
                lines.append("cleaned up")

        async def main():
            task = Tend.spawn(sleep)
            task.cancel()
            with self.assertRaises(Tend.CancelledError):
                await task
            Tend.spawn(sleep).stop()

        lines = []
        Tend.run(main())
        self.assertEqual(lines, ["cleaned up"])

    def test_wait_for_takes_along_what_it_waits_for(self):
        async def main(seconds):
            slow = Tend.spawn(Tend.sleep, 3600)
            task = Tend.spawn(Tend.wait_for, slow, seconds)
            task.cancel()
            with self.assertRaises(Tend.CancelledError):
                await task
            await Tend.sleep(0)
            self.assertEqual(slow.get_status(), Tend.TaskStatus.CANCELLED)

        for seconds in (3600, None):
            Tend.run(main(seconds))

    def test_fibers_are_not_for_python(self):
        self.assertFalse(hasattr(Tend.TaskManager, "register_fiber"))
        self.assertFalse(hasattr(Tend.Task, "new_fiber"))
        self.assertFalse(hasattr(Tend, "await_"))


if __name__ == "__main__":
    unittest.main()
