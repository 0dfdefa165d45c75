# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Cancelling throws into a coroutine where it awaits; stopping ends it at once."""

import asyncio
import contextlib
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
