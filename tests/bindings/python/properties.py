# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The properties and signals of each class from Python, as a program that shows them hears of them."""

import unittest

import common
from gi.repository import GLib, Tend


def fail():
    raise ValueError("no luck")


class PropertiesTest(common.VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.log = []

    def listen(self, source, *names):
        """Logs each of the properties whenever it is notified, with its value."""
        for name in names:
            source.connect("notify::" + name, lambda source, pspec: self.log.append(
                f"{pspec.name}={source.get_property(pspec.name)}"))

    def assert_log(self, *expected):
        self.assertEqual(self.log, list(expected))
        self.log.clear()


class TaskTest(PropertiesTest):
    def test_end(self):
        task = Tend.Task("x", Tend.sleep, 1)
        self.listen(task, "ended", "finished", "cancelling")
        self.assertFalse(task.props.ended or task.props.finished or task.props.cancelling)
        task.start()
        self.run_for(1)
        self.assert_log("ended=True", "finished=True")
        self.assertTrue(task.props.ended and task.props.finished)

    def test_cancelling(self):
        async def body():
            try:
                await Tend.sleep(3600)
            finally:
                await Tend.shield(Tend.Task.run_delay(1))

        task = Tend.Task.run("x", body)
        self.run_for(0)
        self.listen(task, "ended", "finished", "cancelling")
        task.cancel()
        self.assert_log("cancelling=True")
        self.assertTrue(task.props.cancelling)
        self.run_for(1)
        self.assert_log("ended=True", "finished=True")

    def test_stopped(self):
        """A task that is stopped has ended, and is finished when its body is."""
        task = Tend.Task.run("x", Tend.sleep(3600))
        self.run_for(0)
        self.listen(task, "ended", "finished", "cancelling")
        task.stop()
        self.run_for(0)
        self.assertEqual(sorted(self.log), ["cancelling=True", "ended=True", "finished=True"])

    def test_progress(self):
        task = Tend.Task("x")
        self.listen(task, "progress", "message")
        task.pulse("looking")
        self.run_for(0)
        self.assertEqual(sorted(self.log), ["message=looking", "progress=-1.0"])
        self.log.clear()
        task.set_progress(0.5, "half")
        self.run_for(0)
        self.assertEqual(sorted(self.log), ["message=half", "progress=0.5"])
        task.pulse()
        self.run_for(0)
        self.assertEqual((task.props.progress, task.props.message), (-1.0, "half"))

    def test_forward_progress(self):
        whole, part = Tend.Task("whole"), Tend.Task("part")
        part.forward_progress(whole, 0.5, 1.0)
        self.listen(whole, "progress")
        part.set_progress(0.5, None)
        self.run_for(0)
        self.assert_log("progress=0.75")
        part.return_value()
        self.run_for(0)
        self.assert_log("progress=1.0")

    def test_settings(self):
        task = Tend.Task("x", print)
        self.listen(task, "delay", "interval", "interval-mode", "keep-going", "priority", "deadline")
        task.set_delay(1)
        task.props.interval = 2
        task.set_keep_going(True)
        task.set_priority(GLib.PRIORITY_LOW)
        task.set_interval_mode(Tend.IntervalMode.FIXED_RATE)
        task.set_deadline(3)
        self.assertEqual([line.partition("=")[0] for line in self.log],
                         ["delay", "interval", "keep-going", "priority", "interval-mode", "deadline"])
        self.assertEqual((task.props.delay, task.props.interval, task.props.deadline), (1, 2, 3))


class ManagerTest(PropertiesTest):
    def setUp(self):
        super().setUp()
        self.manager = Tend.TaskManager(max_running=1)
        self.manager.connect("task-failed", lambda *_: None)

    def tearDown(self):
        self.manager.stop_all()
        del self.manager
        super().tearDown()

    def test_counts(self):
        self.listen(self.manager, "n-pending", "n-running", "n-failed", "busy")
        self.manager.register("a", Tend.sleep, 1)
        self.manager.register("b", fail)
        self.run_for(0)
        self.assertEqual(self.manager.props.n_pending, 1)
        self.assertEqual(self.manager.props.n_running, 1)
        self.assertTrue(self.manager.props.busy)
        self.assertIn("busy=True", self.log)
        self.log.clear()
        self.run_for(1)
        self.assertEqual(sorted(self.log), ["busy=False", "n-failed=1", "n-pending=0", "n-running=0"])
        self.assertEqual(self.manager.props.n_failed, 1)

    def test_draining(self):
        async def body():
            try:
                await Tend.sleep(3600)
            finally:
                await Tend.shield(Tend.Task.run_delay(1))

        task = self.manager.register("x", body)
        self.run_for(0)
        self.listen(self.manager, "n-draining")
        task.cancel()
        self.run_for(0)
        self.assert_log("n-draining=1")
        self.assertEqual(self.manager.props.n_draining, 1)
        self.run_for(1)
        self.assert_log("n-draining=0")

    def test_progress(self):
        task = Tend.Task("open")
        self.manager.register(task)
        self.run_for(0)
        self.listen(self.manager, "progress")
        task.set_progress(0.25, None)
        self.run_for(0)
        self.assert_log("progress=0.25")
        self.assertEqual(self.manager.props.progress, 0.25)

    def test_end(self):
        self.listen(self.manager, "closed", "shut-down")
        self.manager.close()
        self.run_for(0)
        self.assert_log("closed=True")
        self.assertTrue(self.manager.props.closed and not self.manager.props.shut_down)
        self.manager.shutdown()
        self.run_for(0)
        self.assert_log("shut-down=True")
        self.assertTrue(self.manager.props.shut_down)

    def test_end_is_shown(self):
        async def body():
            try:
                await Tend.sleep(3600)
            finally:
                await Tend.shield(Tend.Task.run_delay(1))

        task = self.manager.register("x", body)
        self.run_for(2)
        self.assertEqual(list(self.manager.props.awaited), [])
        self.assertIsNone(self.manager.props.grace_deadline)
        self.listen(self.manager, "grace-deadline")
        self.manager.shutdown()
        self.run_for(0)
        deadline = Tend.get_time() + 5
        self.assert_log(f"grace-deadline={deadline}")
        self.assertEqual(self.manager.get_grace_deadline(), deadline)
        self.assertEqual([each.get_name() for each in self.manager.get_awaited()], ["x"])
        self.assertEqual(self.manager.get_age(task), 2)
        self.run_for(1)
        self.assert_log("grace-deadline=None")
        self.assertIsNone(self.manager.get_age(task))

    def test_settings(self):
        self.listen(self.manager, "max-running", "grace-period", "rate", "rate-period", "slow-age", "slow-interval")
        self.manager.set_rate(5, 2)
        self.assertEqual((self.manager.props.rate, self.manager.props.rate_period), (5, 2))
        self.manager.props.slow_age = 60
        self.manager.set_slow_check(60, 30)
        self.assertEqual((self.manager.props.slow_age, self.manager.props.slow_interval), (60, 30))
        self.manager.props.slow_age = None
        self.assertIsNone(self.manager.props.slow_age)
        self.manager.set_max_running(3)
        self.manager.set_grace_period(None)
        self.assertEqual([line.partition("=")[0] for line in self.log], [
            "rate", "rate-period", "slow-age", "slow-interval", "slow-age", "max-running", "grace-period"])

    def test_signals(self):
        def note(kind):
            return lambda manager, task, *rest: self.log.append(
                (kind, task.get_name(), *(repr(each) for each in rest)))

        for kind in ("task-added", "task-ended", "task-failed"):
            self.manager.connect(kind, note(kind))
        self.manager.register("a", len, "")
        self.manager.register("b", fail)
        self.run_for(0)
        self.assert_log(("task-added", "a"), ("task-added", "b"), ("task-ended", "a"),
                        ("task-failed", "b", "ValueError('no luck')"), ("task-ended", "b"))

    def test_owner_and_parent(self):
        child = Tend.TaskManager()
        self.manager.add_child(child)
        self.assertIs(child.props.parent, self.manager)
        self.assertIsNone(child.props.owner)


class OthersTest(PropertiesTest):
    def test_channel(self):
        channel = Tend.Channel(capacity=2)
        self.listen(channel, "length", "closed")
        channel.try_send(1)
        channel.try_send(2)
        self.assertEqual((channel.props.capacity, channel.props.length), (2, 2))
        self.run_for(0)
        self.assert_log("length=2")
        channel.try_receive()
        channel.close()
        self.run_for(0)
        self.assert_log("length=1", "closed=True")
        self.assertTrue(channel.props.closed)

    def test_completion(self):
        completion = Tend.Completion("x")
        self.listen(completion, "done")
        self.assertFalse(completion.props.done)
        completion.set_value(1)
        self.assert_log("done=True")
        cancelled = Tend.Completion()
        self.listen(cancelled, "done")
        cancelled.props.task.cancel()
        self.assert_log("done=True")
        self.assertTrue(cancelled.props.done)

    def test_request_cache(self):
        requests = Tend.RequestCache()
        cache = Tend.NumberCache(prefix="p", number=7)
        self.listen(requests, "n-caches", "shut-down")
        self.listen(cache, "held", "timeout")
        cache.connect("timed-out", lambda _: self.log.append("timed-out"))
        cache.set_timeout(2)
        requests.add(cache)
        self.assert_log("timeout=2.0", "held=True")
        self.run_for(0)
        self.assert_log("n-caches=1")
        self.run_for(2)
        self.assert_log("held=False", "timed-out", "n-caches=0")
        self.assertEqual((cache.props.prefix, cache.props.number, cache.props.timeout), ("p", 7, 2))
        self.assertEqual((requests.props.n_caches, requests.props.shut_down), (0, False))
        self.assertIs(requests.props.manager, requests.get_manager())
        requests.shutdown()
        self.run_for(0)
        self.assert_log("shut-down=True")

    def test_retry(self):
        retry = Tend.Retry(max_attempts=3)
        self.listen(retry, "max-attempts", "first-wait", "longest-wait", "factor", "jitter", "timeout", "seed")
        retry.set_max_attempts(5)
        retry.set_back_off(1, 8, 3.0)
        retry.set_jitter(0.5)
        retry.set_timeout(60)
        retry.set_seed(42)
        self.assertEqual([line.partition("=")[0] for line in self.log], [
            "max-attempts", "first-wait", "longest-wait", "factor", "jitter", "timeout", "seed"])
        props = retry.props
        self.assertEqual((props.max_attempts, props.first_wait, props.longest_wait, props.factor), (5, 1, 8, 3.0))
        self.assertEqual((props.jitter, props.timeout, props.seed), (0.5, 60, 42))

    def test_group(self):
        group = Tend.Group(policy=Tend.GroupPolicy.FIRST_SUCCESS)
        self.listen(group, "max-running", "grace-period")
        group.set_max_running(2)
        self.assert_log("max-running=2")
        group.set_grace_period(7)
        self.assertEqual((group.props.policy, group.props.max_running), (Tend.GroupPolicy.FIRST_SUCCESS, 2))
        self.assertEqual((group.props.grace_period, Tend.Group(grace_period=None).get_grace_period()), (7, None))


if __name__ == "__main__":
    unittest.main()
