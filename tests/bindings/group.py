# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Groups, combined tasks, pauses and deadlines from Python, without an override module."""

import gc
import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend

SECOND = 1_000_000


def is_io_error(error, code):
    return error.matches(Gio.io_error_quark(), code)


class Base(unittest.TestCase):
    def setUp(self):
        self.clock = Tend.Clock.freeze(None)

    def task(self, seconds, value=None, error=None):
        """A task that ends after so many seconds of virtual time."""
        def fire(timer_task):
            if error is not None:
                timer_task.return_error(GLib.Error.new_literal(Gio.io_error_quark(), error, Gio.IOErrorEnum.BUSY))
            else:
                timer_task.return_value(value)
            return False

        return Tend.Task.new(None, lambda task: task.add_timer(seconds * SECOND, 0, fire))

    def run_task(self, *args, **kwargs):
        task = self.task(*args, **kwargs)
        self.assertTrue(task.start())
        return task

    def wait(self, task):
        results = []
        task.wait_async(None, lambda source, result, *_: results.append(result))
        self.clock.run_until_idle()
        return task.wait_finish(results[0])

    def assert_fails(self, task, code):
        with self.assertRaises(GLib.Error) as caught:
            self.wait(task)
        self.assertTrue(is_io_error(caught.exception, code), caught.exception)


class When(Base):
    def test_all(self):
        tasks = [self.run_task(3, "slow"), self.run_task(1, "fast")]
        self.assertTrue(self.wait(Tend.wait_all(tasks)))
        task = Tend.when_all(tasks)
        self.assertTrue(self.wait(task))
        model = task.get_result()
        self.assertIsInstance(model, Gio.ListModel)
        self.assertEqual([each.get_result() for each in model], ["slow", "fast"])

    def test_errors(self):
        task = Tend.wait_all([self.run_task(2, error="two"), self.run_task(1, error="one"), self.run_task(1)])
        with self.assertRaises(GLib.Error) as caught:
            self.wait(task)
        self.assertTrue(caught.exception.matches(Tend.task_error_quark(), Tend.TaskError.SEVERAL))
        self.assertEqual([error.message for error in task.list_errors()], ["one", "two"])

    def test_any_and_each(self):
        tasks = [self.run_task(seconds, seconds) for seconds in (3, 1, 2)]
        first = Tend.when_any(tasks)
        stream, order = Tend.when_each(tasks), []
        self.assertTrue(self.wait(first))
        self.assertEqual(first.get_result(), tasks[1])
        while stream.get_n_left() > 0:
            following = stream.next()
            self.assertTrue(self.wait(following))
            order.append(following.get_result().get_result())
        self.assertEqual(order, [1, 2, 3])
        end = stream.next()
        self.assertTrue(self.wait(end))
        self.assertIsNone(end.get_result())

    def test_timeout(self):
        task = self.run_task(5, "in the end")
        self.assert_fails(task.with_timeout(2 * SECOND), Gio.IOErrorEnum.TIMED_OUT)
        self.assertTrue(self.wait(task))
        late = self.task(5)
        late.set_deadline(self.clock.get_time() + SECOND)
        late.start()
        self.assert_fails(late, Gio.IOErrorEnum.TIMED_OUT)

    def test_pause(self):
        start, task = self.clock.get_time(), self.run_task(3)
        self.clock.advance(SECOND)
        task.pause()
        self.assertTrue(task.is_paused())
        self.clock.advance(10 * SECOND)
        self.assertFalse(task.is_ended())
        task.resume()
        self.assertTrue(self.wait(task))
        self.assertEqual(self.clock.get_time() - start, 13 * SECOND)


class Group(Base):
    def test_wait_all(self):
        group, start = Tend.Group.new(Tend.GroupPolicy.WAIT_ALL), self.clock.get_time()
        group.set_max_running(2)
        tasks = [self.task(1, number) for number in range(5)]
        for task in tasks:
            self.assertTrue(group.add(task))
        self.assertEqual((group.props.max_running, group.get_n_left()), (2, 5))
        self.assertTrue(self.wait(group.join()))
        self.assertEqual([task.get_result() for task in tasks], list(range(5)))
        self.assertEqual(self.clock.get_time() - start, 3 * SECOND)

    def test_first_error(self):
        group, slow = Tend.Group(policy=Tend.GroupPolicy.FIRST_ERROR), self.task(9)
        group.add(slow)
        group.add(self.task(1, error="busy"))
        self.assert_fails(group.join(), Gio.IOErrorEnum.BUSY)
        self.assertTrue(is_io_error(slow.get_error(), Gio.IOErrorEnum.CANCELLED))

    def test_first_success(self):
        group, fast = Tend.Group.new(Tend.GroupPolicy.FIRST_SUCCESS), self.task(2, "fast")
        for task in (self.task(1, error="busy"), fast, self.task(9)):
            group.add(task)
        joined = group.join()
        self.assertTrue(self.wait(joined))
        self.assertEqual(joined.get_result(), fast)
        self.assertEqual(joined.get_result().get_result(), "fast")


class Lists(Base):
    def test_tasks_live_on(self):
        manager = Tend.TaskManager()
        tasks = [manager.register(f"task {number}", lambda task: None) for number in range(3)]
        self.clock.run_until_idle()
        for _ in range(100):
            self.assertEqual(manager.list_tasks(), tasks)
            gc.collect()
        self.assertEqual([task.get_name() for task in manager.list_tasks()], ["task 0", "task 1", "task 2"])
        manager.shutdown_async(None, None)
        self.clock.run_until_idle()


if __name__ == "__main__":
    unittest.main()
