# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Exceptions end a task and come back as they were thrown, also through the tasks that stand for others."""

import asyncio
import gc
import subprocess
import sys
import traceback
import unittest

from common import Gio, GLib, Tend, VirtualTimeTest, new_error, printed_errors


class Custom(Exception):
    def __init__(self, one, two):
        super().__init__(one)
        self.two = two


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("it has no text")


def throw(exception):
    raise exception


async def throw_later(exception, seconds=1):
    await Tend.sleep(seconds)
    raise exception


class Errors(VirtualTimeTest):
    def catch(self, awaitable):
        with self.assertRaises(BaseException) as caught:
            Tend.run(awaitable)
        return caught.exception

    def test_the_very_exception(self):
        for exception in (ValueError("text"), Custom(1, 2), KeyError(), new_error(), ExceptionGroup(
                "several", [ValueError()]), asyncio.TimeoutError(), OSError(2, "no such file"), UnicodeError("\ud800")):
            for name, task in {
                "function": Tend.spawn(throw, exception),
                "coroutine": Tend.spawn(throw_later, exception),
                "thread": Tend.Task.run_thread(None, throw, exception),
                "follower": Tend.spawn(throw_later, exception).with_timeout(9),
                "retry": Tend.Retry.new(1).run(None, throw_later, exception),
            }.items():
                with self.subTest(exception=repr(exception), kind=name):
                    caught = self.catch(task)
                    if name != "retry" or not isinstance(exception, GLib.Error):  # to which that adds a text
                        self.assertIs(caught, exception)
                    self.assertEqual(task.get_status(), Tend.TaskStatus.FAILED)
                    self.assertIs(task.exception, self.catch(task))
                    self.assertIs(task.get_error(), task.exception)
                    self.assertEqual(task.list_errors(), list(getattr(task.exception, "exceptions", [task.exception])))

    def test_glib_errors_keep_domain_and_code(self):
        for task in (Tend.spawn(throw_later, new_error()), Tend.spawn(throw, new_error()).with_cancellable(None)):
            error = self.catch(task)
            self.assertTrue(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY))
            self.assertEqual(error.message, "busy")

    def test_what_a_manager_tells(self):
        """Its handlers are given what was thrown, also by a run that is not the last, and may hand it on."""
        class Manager(Tend.TaskManager):
            def do_task_failed(self, task, error):
                told.append(error)
                Tend.TaskManager.do_task_failed(self, task, error)

        manager, told = Manager(), []
        manager.connect("task-failed", lambda manager, task, error: told.append(error))
        errors = [ValueError("text"), new_error(), KeyError(1)]
        for error in errors[:2]:
            manager.register_anonymous("x", throw, error)
        self.run_for(0)
        manager.register("y", throw, errors[2], delay=0, interval=10, keep_going=True)
        self.run_for(15)
        expected = [errors[0]] * 2 + [errors[1]] * 2 + [errors[2]] * 4
        self.assertEqual([id(error) for error in told], [id(error) for error in expected])

    def test_an_exception_that_has_no_text(self):
        exception = Unprintable()
        self.assertIs(self.catch(Tend.spawn(throw, exception)), exception)

    def test_stop_iteration_of_a_function(self):
        exception = StopIteration(1)
        self.assertIs(self.catch(Tend.spawn(throw, exception)), exception)

    def test_it_is_caught_within_a_coroutine(self):
        async def body():
            try:
                await Tend.spawn(throw_later, Custom(1, 2))
            except Custom as exception:
                return exception.two

        self.assertEqual(Tend.run(body), 2)

    def test_tracebacks_say_where_it_was_thrown_and_do_not_grow(self):
        task, lengths = Tend.spawn(throw_later, ValueError()), set()
        for _ in range(5):
            try:
                Tend.run(task)
            except ValueError as exception:
                frames = traceback.extract_tb(exception.__traceback__)
            self.assertEqual(frames[-1].name, "throw_later")
            lengths.add(len(frames))
        self.assertEqual(len(lengths), 1)

    def test_one_of_several(self):
        """One that fails makes a group as well: whoever awaits several of them need not look for both."""
        exception = ValueError(1)
        caught = self.catch(Tend.when_all([Tend.spawn(throw_later, exception), Tend.spawn(Tend.sleep, 2)]))
        self.assertIsInstance(caught, Tend.SeveralErrors)
        self.assertEqual(caught.exceptions, (exception,))

    def test_several(self):
        exceptions = [ValueError(1), KeyError(2), new_error()]
        task = Tend.wait_all([Tend.spawn(throw_later, exceptions[2], 3), Tend.spawn(throw_later, exceptions[0], 1),
                              Tend.spawn(throw_later, exceptions[1], 2)])
        caught = self.catch(task)
        self.assertIsInstance(caught, Tend.SeveralErrors)
        self.assertIsInstance(caught, ExceptionGroup)
        self.assertIsInstance(caught, GLib.Error)
        self.assertTrue(caught.matches(Tend.error_quark(), Tend.Error.SEVERAL))
        self.assertEqual(str(caught), "One or more errors occurred. (ValueError: 1) (KeyError: 2) (busy)")
        self.assertEqual(caught.exceptions[:2], tuple(exceptions[:2]))
        self.assertEqual(caught.exceptions[2].message, "busy")
        self.assertEqual(task.list_errors(), list(caught.exceptions))

    def list_told(self, task):
        """Gives the numbers of the exceptions that are seen by "except*", and then of what is reported."""
        seen, told = [], []
        Tend.set_unobserved_func(lambda task, exception, origin: told.append(id(exception)))
        try:
            Tend.run(task)
        except* (ValueError, GLib.Error) as group:
            seen += map(id, group.exceptions)
        del task
        gc.collect()
        Tend.set_unobserved_func(None)
        return seen, told

    def test_very_many(self):
        """What is seen of each is what was thrown, however many there are, and whatever they look like in C."""
        async def fail_in_group():
            async with Tend.Group() as group:
                for exception in exceptions:
                    group.add(throw_later, exception)

        def follow(exception):
            return Tend.spawn(throw_later, exception).with_cancellable(None)

        waits = (
            lambda: Tend.wait_all([Tend.spawn(throw_later, each) for each in exceptions]),
            lambda: Tend.when_all([follow(each) for each in exceptions]),
            lambda: Tend.spawn(fail_in_group),
        )
        new = {"ValueError": ValueError, "GLib.Error": lambda n: new_error(f"busy {n}"), "equal": lambda n: new_error()}
        for name, make in new.items():
            for wait in waits:
                with self.subTest(exceptions=name):
                    exceptions = [make(n) for n in range(1100)]
                    seen, told = self.list_told(wait())
                    self.assertTrue(seen == [id(each) for each in exceptions])
                    self.assertEqual(told, [])

    def test_several_by_except_star(self):
        seen = []
        try:
            Tend.run(Tend.when_all([Tend.spawn(throw, ValueError(1)), Tend.spawn(throw, KeyError(2))]))
        except* ValueError as group:
            self.assertIsInstance(group, Tend.SeveralErrors)
            seen += group.exceptions
        except* KeyError as group:
            seen += group.exceptions
        self.assertEqual([repr(exception) for exception in seen], ["ValueError(1)", "KeyError(2)"])

    def test_a_cancelled_one_among_several(self):
        cancelled = Tend.spawn(Tend.sleep, 9)
        task = Tend.wait_all([Tend.spawn(throw, ValueError(1)), cancelled])
        cancelled.cancel()
        caught = self.catch(task)
        self.assertEqual([type(exception) for exception in caught.exceptions], [ValueError, GLib.Error])

    def test_time_out(self):
        for task in (Tend.spawn(Tend.sleep, 5).with_timeout(1), Tend.spawn(Tend.sleep, 5, timeout=1),
                     Tend.wait_for(Tend.sleep(5), 1)):
            caught = self.catch(task)
            self.assertIsInstance(caught, TimeoutError)
            self.assertIsInstance(caught, Tend.TimeoutError)
            self.assertTrue(caught.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT))

    def test_time_out_that_a_body_throws(self):
        def body():
            raise Tend.TimeoutError("late")

        task = Tend.spawn(body)
        with self.assertRaisesRegex(Tend.TimeoutError, "late") as caught:
            Tend.run(task)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT))
        self.assertEqual(Tend.TimeoutError().message, "Operation: timed out")

    def test_by_hand(self):
        exception, task, completion = Custom(1, 2), Tend.Task(), Tend.Completion()
        task.return_error(exception)
        self.assertIs(self.catch(task), exception)
        self.assertTrue(completion.set_error(exception))
        self.assertIs(self.catch(completion), exception)
        with self.assert_error(Tend.error_quark(), Tend.Error.STATE):
            completion.set_error(ValueError())

    def test_what_is_no_exception(self):
        completion = Tend.Completion()
        for wrong in "text", ValueError, None:
            self.assertRaises(TypeError, completion.set_error, wrong)
        completion.set_value(1)

    def test_what_a_callback_throws_is_printed(self):
        """It fails no task; attempts whose predicate throws end."""
        calls = []

        def callback(*_):
            calls.append(1)
            raise KeyError("callback")

        async def body():
            Tend.current_task().add_exit_handler(callback)
            await Tend.sleep(1)
            return "completed"

        retry = Tend.Retry.new(3)
        retry.set_predicate(callback)
        with printed_errors() as printed:
            self.assertEqual(Tend.run(body), "completed")
            self.assertRaises(ValueError, Tend.run, retry.run(None, throw, ValueError()))
        self.assertEqual(len(calls), 2)
        self.assertEqual(printed.getvalue().count("KeyError: 'callback'"), 2)

    def test_what_the_scope_of_a_task_throws_fails_it(self):
        """A timer or a post, as in C; the body is unwound."""
        async def body(begin):
            begin(Tend.current_task())
            try:
                await Tend.sleep(10)
            finally:
                log.append("unwound")

        for begin in (lambda task: task.add_timer(1, 1, lambda _: throw(exception)),
                      lambda task: task.post(lambda _: throw(exception))):
            for exception in (ValueError("text"), new_error()):
                with self.subTest(exception=repr(exception)), printed_errors() as printed:
                    log = []
                    task = Tend.spawn(body, begin)
                    self.run_for(1)
                    self.assertEqual(log, ["unwound"])
                    self.assertIs(task.exception, exception)
                    self.assertIn("throw", [frame.name for frame in traceback.extract_tb(exception.__traceback__)])
                    del task
                    gc.collect()
                self.assertEqual(printed.getvalue(), "")

    def test_the_callback_style(self):
        caught = []

        def callback(task, result):
            try:
                task.wait_finish(result)
            except ValueError as exception:
                caught.append(exception)

        exception = ValueError()
        Tend.spawn(throw_later, exception).wait_async(None, callback)
        self.run_for(1)
        self.assertEqual(caught, [exception])


class Unobserved(VirtualTimeTest):
    def fail_unobserved(self, exception):
        Tend.Task.run("fetch", throw, exception)

    def test_is_told_once_with_the_traceback(self):
        for exception, text in ((ValueError("text"), "ValueError: text"), (new_error(), "busy")):
            with self.subTest(exception=repr(exception)), printed_errors() as printed:
                self.fail_unobserved(exception)
                gc.collect()
            printed = printed.getvalue()
            self.assertEqual(printed.count("Task 'fetch': nobody observed its error; "), 1)
            self.assertIn(f": {text}\n", printed)
            self.assertIn("in throw\n    raise exception\n", printed)

    def test_is_told_at_the_end_of_the_program(self):
        program = """
import gi
gi.require_version("Tend", "1")
from gi.repository import Tend

def fail():
    raise ValueError("text")

cycle = Tend.spawn(fail)
cycle.cycle = cycle
del cycle
held = Tend.spawn(fail)
heard = Tend.spawn(fail)
heard.get_error()
"""
        ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, check=True)
        self.assertEqual(ended.stderr.count("nobody observed its error"), 2)

    def test_leaves_an_exception_on_its_way_alone(self):
        """Which frees what is on the stack, such as a task that has failed."""
        def fail():
            return [Tend.spawn(throw, ValueError("text")), 1 / 0]

        with printed_errors() as printed:
            self.assertRaises(ZeroDivisionError, fail)
        self.assertEqual(printed.getvalue().count("nobody observed its error"), 1)
        self.assertIn("in throw\n    raise exception\n", printed.getvalue())

    def test_leaves_a_cancellation_on_its_way_alone(self):
        async def clean_up():
            limited = Tend.spawn(Tend.sleep, 100).with_timeout(1)
            try:
                await Tend.sleep(100)
            except Tend.CancelledError:
                await Tend.sleep(1)
                raise

        with printed_errors() as printed:
            task = Tend.spawn(clean_up)
            self.run_for(2)
            task.cancel()
            self.run_for(2)
            self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)
        self.assertEqual(printed.getvalue().count("nobody observed its error"), 1)

    def test_is_told_of_the_very_exception_by_the_collector(self):
        """Also where nothing but what it has thrown keeps the task, by the frames of its traceback."""
        def throw_with_task(task):
            raise exceptions.pop()

        def fail():
            task = Tend.Task("x", lambda: throw_with_task(Tend.current_task()))
            task.start()

        for make in (lambda: ValueError("text"), new_error):
            exceptions, told = [make()], []
            number = id(exceptions[0])
            Tend.set_unobserved_func(lambda task, exception, origin: told.append(exception))
            try:
                fail()
                gc.collect()
            finally:
                Tend.set_unobserved_func(None)
            self.assertEqual([id(exception) for exception in told], [number])
            self.assertIn("in throw_with_task", "".join(traceback.format_exception(told[0])))

    def test_is_told_where_the_collector_finds_it(self):
        with printed_errors() as printed:
            task = Tend.Task("fetch", throw, ValueError("text"))
            task.cycle = task
            task.start()
            del task
            gc.collect()
        self.assertIn("in throw\n    raise exception\n", printed.getvalue())

    def test_is_told_of_a_completion_without_the_traceback(self):
        """By which the exception would keep the completion, and so itself: C refers to the task there."""
        def fail():
            completion = Tend.Completion("fetch")
            try:
                throw(ValueError("text"))
            except ValueError as exception:
                completion.set_error(exception.with_traceback(None))

        with printed_errors() as printed:
            fail()
            self.run_for(1)
            gc.collect()
        self.assertEqual(printed.getvalue().count("Task 'fetch': nobody observed its error; "), 1)

    def test_is_not_told_if_it_was_observed(self):
        with printed_errors() as printed:
            for observe in (lambda task: task.exception, lambda task: self.assertRaises(ValueError, task.get_result),
                            lambda task: self.assertRaises(ValueError, Tend.run, task)):
                observe(Tend.spawn(throw, ValueError()))
            Tend.spawn(Tend.sleep, 1).cancel()
            Tend.spawn(Tend.sleep, 1).stop()
            self.run_for(1)
            gc.collect()
        self.assertEqual(printed.getvalue(), "")

    def test_who_is_told_can_be_set(self):
        told, exception = [], ValueError("text")
        Tend.set_unobserved_func(lambda *args: told.append(args), "more")
        try:
            self.fail_unobserved(exception)
            gc.collect()
        finally:
            Tend.set_unobserved_func(None)
        (task, thrown, origin, more), = told
        self.assertTrue(task.startswith("Task('fetch', "))
        self.assertIs(thrown, exception)
        self.assertEqual(more, "more")


if __name__ == "__main__":
    unittest.main()
