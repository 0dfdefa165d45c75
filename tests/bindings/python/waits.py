# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Semaphores, events and conditions from Python."""

import unittest

from common import VirtualTimeTest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend


class Waits(VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.log = []

    def go(self, func, *args):
        """Starts a task, and runs until nothing is left to do."""
        return Tend.spawn(func, *args)

    def settle(self):
        self.clock.advance(0)

    def assert_log(self, *expected):
        self.assertEqual(self.log, list(expected))
        self.log.clear()

    async def use(self, semaphore, name, seconds=1):
        async with semaphore:
            self.log.append(name)
            await Tend.sleep(seconds)
        self.log.append("-" + name)

    def test_semaphore(self):
        lock = Tend.Semaphore()
        self.assertEqual((lock.get_n_permits(), lock.props.n_available, lock.props.n_waiting), (1, 1, 0))
        tasks = [self.go(self.use, lock, name) for name in "abc"]
        self.settle()
        self.assert_log("a")
        self.assertEqual((lock.get_n_available(), lock.get_n_waiting()), (0, 2))
        self.clock.advance(3)
        self.assert_log("-a", "b", "-b", "c", "-c")
        self.assertEqual(lock.get_n_available(), 1)
        self.assertTrue(all(task.is_finished() for task in tasks))

    def test_semaphore_of_several(self):
        semaphore = Tend.Semaphore(n_permits=2)
        tasks = [self.go(self.use, semaphore, name) for name in "abc"]
        self.settle()
        self.assert_log("a", "b")
        self.clock.run_until_idle()
        self.assertEqual(semaphore.get_n_available(), 2)
        self.assertTrue(all(task.is_finished() for task in tasks))

    def test_semaphore_is_left_with_exception(self):
        lock = Tend.Semaphore.new(1)

        async def body():
            async with lock:
                raise ValueError("no")

        task = self.go(body)
        self.settle()
        self.assertRaises(ValueError, task.get_result)
        self.assertEqual(lock.get_n_available(), 1)

    def test_cancelled_while_waiting(self):
        lock = Tend.Semaphore()
        self.assertTrue(lock.try_acquire())
        first, second = (self.go(self.use, lock, name) for name in "ab")
        self.settle()
        first.cancel()
        self.settle()
        self.assertEqual(first.get_status(), Tend.TaskStatus.CANCELLED)
        lock.release()
        self.settle()
        self.assert_log("b")
        second.stop()
        self.settle()
        self.assertEqual(lock.get_n_available(), 1)

    def test_stopped_while_holding(self):
        lock = Tend.Semaphore()

        async def keep():
            await lock.acquire()
            await Tend.sleep(5)

        task = self.go(keep)
        self.settle()
        self.assertEqual(lock.get_n_available(), 0)
        task.stop()
        self.settle()
        self.assertEqual(lock.get_n_available(), 1)

    def test_stopped_with_permit_on_its_way(self):
        lock = Tend.Semaphore()
        self.assertTrue(lock.try_acquire())
        task = self.go(self.use, lock, "a")
        self.settle()
        lock.release()
        task.stop()
        self.settle()
        self.assert_log()
        self.assertEqual(lock.get_n_available(), 1)

    def test_semaphore_by_callback(self):
        lock = Tend.Semaphore()
        results = []
        lock.acquire_async(None, lambda source, result, *_: results.append(source.acquire_finish(result)))
        self.settle()
        self.assertEqual(results, [True])
        lock.release()

    def test_event(self):
        event = Tend.Event()

        async def wait(name):
            await event.wait()
            self.log.append(name)

        tasks = [self.go(wait, name) for name in "ab"]
        self.settle()
        self.assertFalse(event.is_set())
        event.set()
        event.reset()
        tasks.append(self.go(wait, "c"))
        self.settle()
        self.assert_log("a", "b")
        event.set()
        self.settle()
        self.assert_log("c")
        self.assertTrue(event.is_set())
        self.assertTrue(all(task.is_finished() for task in tasks))

    def test_event_is_dropped(self):
        caught = []

        def done(source, result, *_):
            try:
                source.wait_finish(result)
            except GLib.Error as error:
                caught.append(error)

        Tend.Event().wait_async(None, done)
        self.settle()
        self.assertTrue(caught[0].matches(Tend.error_quark(), Tend.Error.CLOSED), caught)

    def test_cancellable(self):
        event, cancellable, caught = Tend.Event(), Gio.Cancellable(), []

        def done(source, result, *_):
            try:
                source.wait_finish(result)
            except GLib.Error as error:
                caught.append(error)

        event.wait_async(cancellable, done)
        cancellable.cancel()
        self.settle()
        self.assertTrue(caught[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), caught)

    def test_condition(self):
        condition = Tend.Condition()

        async def wait(name):
            await condition.wait()
            self.log.append(name)

        tasks = [self.go(wait, name) for name in "abcd"]
        self.settle()
        condition.notify_one()
        self.settle()
        self.assert_log("a")
        condition.notify_one()
        tasks[1].cancel()
        self.settle()
        self.assert_log("c")
        condition.notify_all()
        self.settle()
        self.assert_log("d")

    def test_condition_with_predicate(self):
        condition, items = Tend.Condition(), []

        async def take():
            self.log.append(await condition.wait_for(lambda: items and items[0]))

        task = self.go(take)
        self.settle()
        condition.notify_one()
        self.settle()
        self.assert_log()
        items.append("one")
        condition.notify_one()
        self.settle()
        self.assert_log("one")
        self.assertTrue(task.is_finished())


if __name__ == "__main__":
    unittest.main()
