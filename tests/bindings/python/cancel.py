# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Cancelling throws into a coroutine where it awaits; stopping ends it at once."""

import asyncio
import contextlib
import threading
import unittest

from common import Gio, GLib, Tend, VirtualTimeTest, printed_errors


class Cancel(VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.log = []

    async def work(self, clean_up=0):
        try:
            self.log.append("begin")
            await Tend.sleep(10)
            self.log.append("not reached")
        finally:
            self.log.append("clean up")
            if clean_up:
                await Tend.sleep(clean_up)
                self.log.append("cleaned up")

    def assert_cancelled(self, task):
        with self.assertRaises(Tend.CancelledError) as caught:
            Tend.run(task)
        self.assertIsInstance(caught.exception, asyncio.CancelledError)
        self.assertNotIsInstance(caught.exception, Exception)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
        self.assertTrue(caught.exception.matches("g-io-error-quark", Gio.IOErrorEnum.CANCELLED))
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)
        return caught.exception

    def test_throws_at_the_await(self):
        task = Tend.spawn(self.work)
        self.run_for(1)
        with self.assert_takes(0):
            task.cancel()
            exception = self.assert_cancelled(task)
        self.assertEqual(self.log, ["begin", "clean up"])
        self.assertEqual(exception.message, f"Task {task.get_id()}: cancelled")

    def test_clean_up_may_await(self):
        task = Tend.spawn(self.work, 2)
        task.cancel()
        with self.assert_takes(2):
            self.assert_cancelled(task)
        self.assertEqual(self.log, ["begin", "clean up", "cleaned up"])

    def test_handlers_of_a_task_run_when_it_is_asked_to_end(self):
        task = Tend.Task.new("request", lambda: Tend.Completion())
        running = Tend.Task("running")
        task.add_cancel_handler(lambda task, word: self.log.append(word), "not running yet")
        task.cancel()
        self.assert_cancelled(task)
        self.assertFalse(running.return_error_if_cancelled())
        running.stop()

        task = Tend.spawn(self.work, 1)
        self.run_for(1)
        task.add_cancel_handler(lambda task, word: self.log.append(word), "asked")
        task.cancel()
        self.assert_cancelled(task)
        self.assertEqual(self.log, ["begin", "asked", "clean up", "cleaned up"])

    def test_except_exception_does_not_swallow_it(self):
        async def body():
            with contextlib.suppress(Exception):
                await Tend.sleep(10)
            self.log.append("not reached")

        task = Tend.spawn(body)
        task.cancel()
        self.assert_cancelled(task)
        self.assertEqual(self.log, [])

    def test_the_body_may_complete_after_all(self):
        async def body():
            try:
                await Tend.sleep(10)
            except Tend.CancelledError:
                await Tend.sleep(1)
                return "after all"

        task = Tend.spawn(body)
        task.cancel()
        self.assertEqual(Tend.run(task), "after all")

    def test_in_a_generator(self):
        def body():
            try:
                yield Tend.spawn(self.work)
            finally:
                self.log.append("generator")
                yield

        task = Tend.spawn(body)
        task.cancel()
        self.assert_cancelled(task)
        self.assertEqual(self.log, ["begin", "generator"])

    def test_where_it_does_not_wait(self):
        """A body that cancels its own task hears of it where it next awaits something."""
        async def body():
            Tend.current_task().cancel()
            self.log.append("goes on")
            await Tend.spawn(lambda: None)
            self.log.append("not reached")

        task = Tend.spawn(body)
        self.assert_cancelled(task)
        self.assertEqual(self.log, ["goes on"])

    def test_the_reason(self):
        task, cancellable = Tend.spawn(self.work), Tend.Cancellable()
        task.add_cancellable(cancellable)
        cancellable.cancel_with_reason("the window was closed")
        self.run_for(0)
        self.assertEqual(self.assert_cancelled(task).message,
                         f"Task {task.get_id()}: cancelled: the window was closed")

    def test_a_body_that_ends_with_it(self):
        def throw(exception):
            raise exception

        error = GLib.Error.new_literal(Gio.io_error_quark(), "enough", Gio.IOErrorEnum.CANCELLED)
        for exception in (error, Tend.CancelledError()):
            self.assert_cancelled(Tend.spawn(throw, exception))
        task = Tend.spawn(throw, asyncio.CancelledError())
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

    def test_who_awaits_a_cancelled_task(self):
        task = Tend.spawn(self.work)

        async def body():
            try:
                await task
            except Tend.CancelledError as exception:
                self.assertIs(exception, task.exception)
                return "seen"

        waiter = Tend.spawn(body)
        task.cancel()
        self.assertEqual(Tend.run(waiter), "seen")

    def test_a_task_goes_on_when_who_awaits_it_is_cancelled(self):
        task = Tend.spawn(Tend.sleep, 3)

        async def body():
            await task

        waiter = Tend.spawn(body)
        waiter.cancel()
        self.assert_cancelled(waiter)
        self.assertIsNone(Tend.run(task))

    def test_before_it_runs(self):
        task = Tend.TaskManager().register("x", self.fail, "it runs")
        task.cancel()
        self.assert_cancelled(task)

    def test_deadline(self):
        task = Tend.spawn(self.work, 2, timeout=1)
        with self.assertRaises(TimeoutError), self.assert_takes(3):
            Tend.run(task)
        self.assertEqual(self.log, ["begin", "clean up", "cleaned up"])

    def test_stop(self):
        task = Tend.spawn(self.work)
        task.stop()
        self.assertEqual(self.log, ["begin", "clean up"])
        self.assertEqual(task.get_status(), Tend.TaskStatus.STOPPED)
        with self.assert_error(Tend.error_quark(), Tend.Error.STOPPED):
            Tend.run(task)
        self.run_for(20)
        self.assertEqual(self.log, ["begin", "clean up"])

    def test_stop_does_not_wait_for_clean_up(self):
        """What awaits in its clean-up, several layers deep, gets no further there."""
        async def outer():
            try:
                await self.work(2)
            except Exception:
                self.log.append("not reached")
            finally:
                self.log.append("outer")
                await Tend.sleep(1)
                self.log.append("not reached")

        task = Tend.spawn(outer)
        task.stop()
        self.run_for(20)
        self.assertEqual(self.log, ["begin", "clean up", "outer"])

    def test_stop_in_its_own_body(self):
        async def body():
            Tend.current_task().stop()
            self.log.append("goes on")
            try:
                await Tend.sleep(1)
            finally:
                self.log.append("finally")

        task = Tend.spawn(body)
        self.assertEqual(self.log, ["goes on", "finally"])
        self.assertEqual(task.get_status(), Tend.TaskStatus.STOPPED)

    def test_stop_while_cleaning_up(self):
        task = Tend.spawn(self.work, 5)
        task.cancel()
        self.run_for(1)
        task.stop()
        self.run_for(20)
        self.assertEqual(self.log, ["begin", "clean up"])

    def test_stop_of_a_generator(self):
        def body():
            try:
                yield Tend.spawn(Tend.sleep, 5)
            finally:
                self.log.append("finally")

        Tend.spawn(body).stop()
        self.assertEqual(self.log, ["finally"])

    def test_a_body_that_will_not_end(self):
        async def body():
            while True:
                with contextlib.suppress(BaseException):
                    await Tend.sleep(1)

        task = Tend.spawn(body)
        with printed_errors() as printed:
            task.stop()
        self.assertIn("waits on and on", printed.getvalue())
        self.assertEqual(task.get_status(), Tend.TaskStatus.STOPPED)

    async def wait_in_group(self):
        async with Tend.Group() as group:
            group.add(Tend.sleep, 10)

    async def wait_for_item(self):
        async for _ in Tend.Channel():
            pass

    async def wait_for_end(self):
        async for _ in Tend.when_each([Tend.spawn(Tend.sleep, 10)]):
            pass

    async def wait_in_generator(self):
        async def generate():
            while True:
                await Tend.sleep(10)
                yield 1

        async for _ in generate():
            pass

    def list_waits(self):
        kept = []
        return {
            "task": lambda: Tend.spawn(Tend.sleep, 10),
            "completion": lambda: kept.append(Tend.Completion()) or kept[-1],
            "coroutine": lambda: Tend.sleep(10),
            "group": self.wait_in_group,
            "channel": self.wait_for_item,
            "stream": self.wait_for_end,
            "generator": self.wait_in_generator,
            "wait_for": lambda: Tend.wait_for(Tend.sleep(10), 5),
            "shield": lambda: Tend.shield(Tend.spawn(Tend.sleep, 10)),
            "several": lambda: Tend.when_all([Tend.spawn(Tend.sleep, 10)] * 2),
            "delay": lambda: Tend.Task.run_delay(10),
        }

    def test_it_is_thrown_once_into_the_innermost_wait(self):
        """Whatever that is; the clean-up of each layer awaits to its end, as often as it likes."""
        async def inner(wait):
            try:
                await wait()
            except Tend.CancelledError:
                self.log.append("cancelled")
                raise
            finally:
                await Tend.sleep(1)
                await Tend.spawn(Tend.sleep, 1)
                self.log.append("inner")

        async def outer(wait):
            try:
                await inner(wait)
            finally:
                async with Tend.Group() as group:
                    group.add(Tend.sleep, 1)
                await Tend.wait_for(Tend.sleep(1), 2)
                self.log.append("outer")

        for name, wait in self.list_waits().items():
            with self.subTest(wait=name):
                self.log = []
                task = Tend.spawn(outer, wait)
                self.run_for(1)
                task.cancel()
                task.cancel()
                with self.assert_takes(4):
                    self.assert_cancelled(task)
                self.assertEqual(self.log, ["cancelled", "inner", "outer"])

    def test_the_error_of_the_clean_up_is_that_of_the_task(self):
        async def body(wait):
            try:
                await wait()
            finally:
                await Tend.sleep(1)
                raise ValueError("in the clean-up")

        for name, wait in self.list_waits().items():
            with self.subTest(wait=name):
                task = Tend.spawn(body, wait)
                self.run_for(1)
                task.cancel()
                with self.assertRaisesRegex(ValueError, "in the clean-up") as caught:
                    Tend.run(task)
                self.assertIsInstance(caught.exception.__context__, Tend.CancelledError)

    async def fail_in_clean_up(self):
        try:
            await Tend.sleep(10)
        finally:
            await Tend.sleep(2)
            raise ValueError("in the clean-up")

    def test_what_is_waited_for_with_a_limit_may_fail_in_its_clean_up(self):
        """Then wait_for() raises that, whether the time is over or it was cancelled itself."""
        task = Tend.spawn(Tend.wait_for, self.fail_in_clean_up(), 1)
        with self.assertRaisesRegex(ValueError, "in the clean-up"), self.assert_takes(3):
            Tend.run(task)
        task = Tend.spawn(Tend.wait_for, self.fail_in_clean_up(), None)
        task.cancel()
        with self.assertRaisesRegex(ValueError, "in the clean-up"), self.assert_takes(2):
            Tend.run(task)

    def test_who_is_cancelled_while_its_limit_is_over_hears_of_it(self):
        task = Tend.spawn(Tend.wait_for, self.work(2), 1)
        self.run_for(2)
        task.cancel()
        with self.assert_takes(1):
            self.assert_cancelled(task)
        self.assertEqual(self.log, ["begin", "clean up", "cleaned up"])

    def test_an_exception_after_the_end_is_told(self):
        """Of a body that has stopped its own task, or whose task was stopped while it cleans up or in its thread."""
        def throw():
            Tend.current_task().stop()
            raise ValueError("too late")

        async def throw_later():
            Tend.current_task().stop()
            try:
                await Tend.sleep(1)
            finally:
                raise ValueError("too late")

        def throw_in_thread(is_begun, is_stopped):
            is_begun.set()
            is_stopped.wait()
            raise ValueError("too late")

        told = []
        Tend.set_unobserved_func(lambda task, exception, origin: told.append((task, str(exception))))
        try:
            for body in throw, throw_later:
                task = Tend.spawn(body)
                self.assertEqual(told, [(task.to_string(), "too late")])
                told.clear()
            is_begun, is_stopped = threading.Event(), threading.Event()
            task = Tend.Task.run_thread(None, throw_in_thread, is_begun, is_stopped)
            is_begun.wait()
            task.stop()
            is_stopped.set()
            while not told:
                GLib.MainContext.default().iteration(True)
            self.assertEqual(told, [(task.to_string(), "too late")])
        finally:
            Tend.set_unobserved_func(None)

    def test_an_exception_while_it_is_stopped_is_printed(self):
        async def body():
            try:
                await Tend.sleep(1)
            finally:
                raise ValueError("in the clean-up")

        task = Tend.spawn(body)
        with printed_errors() as printed:
            task.stop()
        self.assertIn("ValueError: in the clean-up", printed.getvalue())


if __name__ == "__main__":
    unittest.main()
