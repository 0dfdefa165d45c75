# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Groups, combined tasks, pauses and deadlines from Python."""

import gc
import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend

SECOND = 1
clock = Tend.Clock.freeze(None)


def new_task(seconds, value=None, error=None):
    """A task that ends after so many seconds of virtual time."""
    async def body():
        await Tend.sleep(seconds)
        await Tend.checkpoint()
        if error is not None:
            raise GLib.Error.new_literal(Gio.io_error_quark(), error, Gio.IOErrorEnum.BUSY)
        return value

    return Tend.Task.new(None, body)


def run(*args, **kwargs):
    task = new_task(*args, **kwargs)
    task.start()
    return task


def new_late_task():
    task = new_task(0)
    task.set_delay(9 * SECOND)
    return task


def wait(task):
    results = []
    task.wait_async(None, lambda source, result, *_: results.append(result))
    clock.run_until_idle()
    task.wait_finish(results[0])
    return task.get_result()


class Test(unittest.TestCase):
    def assert_fails(self, task, code, domain=Gio.io_error_quark()):
        with self.assertRaises((GLib.Error, Tend.CancelledError)) as caught:
            wait(task)
        self.assertTrue(caught.exception.matches(domain, code), caught.exception)

    def test_all(self):
        tasks = [run(3, "slow"), run(1, "fast")]
        self.assertIsNone(wait(Tend.wait_all(tasks)))
        self.assertEqual(wait(Tend.when_all(tasks)), ["slow", "fast"])
        failed = Tend.wait_all([run(2, error="two"), run(1, error="one"), run(1)])
        self.assert_fails(failed, Tend.Error.SEVERAL, Tend.error_quark())
        self.assertEqual([error.message for error in failed.list_errors()], ["one", "two"])

    def test_any_and_each(self):
        tasks = [run(seconds, seconds) for seconds in (3, 1, 2)]
        stream, order = Tend.when_each(tasks), []
        self.assertEqual(wait(Tend.when_any(tasks)), tasks[1])
        while stream.get_n_left() > 0:
            order.append(wait(stream.next()).get_result())
        self.assertEqual(order, [1, 2, 3])
        self.assertIsNone(wait(stream.next()))

    def test_limit_of_a_group(self):
        group, start = Tend.Group(), clock.get_time()
        group.add(new_task(60))
        self.assert_fails(group.join(2 * SECOND), Gio.IOErrorEnum.TIMED_OUT)
        self.assertEqual(clock.get_time() - start, 2)
        self.assertEqual(group.get_n_left(), 0)

    def test_paused_together(self):
        manager, group, start = Tend.TaskManager(keep_ended=1), Tend.Group(), clock.get_time()
        task = manager.register(new_task(1))
        group.add(new_task(1))
        manager.pause()
        group.pause()
        clock.advance(10 * SECOND)
        self.assertEqual((manager.props.paused, group.props.paused, task.is_ended(), group.get_n_left()),
                         (True, True, False, 1))
        manager.resume()
        group.resume()
        wait(task)
        wait(group.join())
        self.assertEqual(clock.get_time() - start, 11)
        self.assertEqual(manager.get_item(0), task)

    def test_timeout_and_deadline(self):
        task, late = run(5, "in the end"), new_late_task()
        self.assert_fails(task.with_timeout(2 * SECOND), Gio.IOErrorEnum.TIMED_OUT)
        self.assertEqual(wait(task), "in the end")
        late.set_deadline(clock.get_time() + SECOND)
        late.start()
        self.assert_fails(late, Gio.IOErrorEnum.TIMED_OUT)

    def test_pause(self):
        start, task = clock.get_time(), run(3)
        clock.advance(SECOND)
        task.pause()
        clock.advance(10 * SECOND)
        self.assertEqual((task.is_paused(), task.is_ended()), (True, False))
        task.resume()
        wait(task)
        self.assertEqual(clock.get_time() - start, 11 * SECOND)

    def test_policies(self):
        group, start = Tend.Group.new(Tend.GroupPolicy.WAIT_ALL), clock.get_time()
        group.set_max_running(2)
        self.assertTrue(all(group.add(new_task(1)) for _ in range(5)))
        self.assertEqual(group.get_n_left(), 5)
        wait(group.join())
        self.assertEqual(clock.get_time() - start, 3 * SECOND)
        group, late = Tend.Group(policy=Tend.GroupPolicy.FIRST_ERROR), new_late_task()
        self.assertTrue(all(map(group.add, (late, new_task(1, error="busy")))))
        self.assert_fails(group.join(), Gio.IOErrorEnum.BUSY)
        self.assert_fails(late, Gio.IOErrorEnum.CANCELLED)
        group, fast = Tend.Group.new(Tend.GroupPolicy.FIRST_SUCCESS), new_task(2, "fast")
        self.assertTrue(all(map(group.add, (new_task(1, error="busy"), fast, new_late_task()))))
        self.assertEqual(wait(group.join()), fast)

    def test_list_tasks(self):
        manager = Tend.TaskManager()
        tasks = [manager.register(name, Tend.sleep, 3600) for name in ("a", "b", "c")]
        clock.advance(0)
        for _ in range(100):
            self.assertEqual(manager.list_tasks(), tasks)
            gc.collect()
        manager.shutdown_async(None, None)
        clock.run_until_idle()


if __name__ == "__main__":
    unittest.main()
