# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Completions, cancellables and retries from Python."""

import gc
import threading
import unittest
import weakref

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, GObject, Tend

SECOND = 1


def wait(task):
    loop, results = GLib.MainLoop(), []

    def callback(source, result, *_):
        results.append(result)
        loop.quit()

    task.wait_async(None, callback)
    loop.run()
    return task.wait_finish(results[0])


def settle():
    while GLib.MainContext.default().iteration(False):
        pass


def new_error(code=Gio.IOErrorEnum.BUSY, message="busy"):
    return GLib.Error.new_literal(Gio.io_error_quark(), message, code)


class Completion(unittest.TestCase):
    def test_value(self):
        for value in (42, "text", None, ["a", {"list": 1}]):
            completion = Tend.Completion("answer")
            task = completion.get_task()
            self.assertEqual(task.get_name(), "answer")
            self.assertEqual(completion.props.name, "answer")
            self.assertFalse(completion.is_done())
            self.assertTrue(completion.set_value(value))
            self.assertTrue(completion.props.task.is_ended())
            self.assertTrue(wait(task))
            self.assertEqual(task.get_result(), value)

    def test_names(self):
        class Own(Tend.Completion):
            def __init__(self, name):
                super().__init__(name)
                self.is_own = True

        for make in (Tend.Completion, Tend.Completion.new, Own):
            self.assertEqual(make("x").get_task().get_name(), "x")
        self.assertEqual(Tend.Completion(name="x").get_task().get_name(), "x")
        self.assertIsNone(Tend.Completion().get_task().get_name())
        self.assertIsNone(Tend.Completion(None).get_task().get_name())
        self.assertTrue(Own("x").is_own)
        for wrong in (5, b"x", object()):
            with self.assertRaises(TypeError):
                Tend.Completion(wrong)
        with self.assertRaises(TypeError):
            Tend.Completion("x", "y")

    def test_first_wins(self):
        completion = Tend.Completion.new(None)
        self.assertTrue(completion.set_error(new_error()))
        with self.assertRaises(GLib.Error) as caught:
            completion.set_value(1)
        self.assertTrue(caught.exception.matches(Tend.error_quark(), Tend.Error.STATE))
        with self.assertRaises(GLib.Error) as caught:
            wait(completion.get_task())
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY))

    def test_from_a_thread(self):
        completion = Tend.Completion()
        thread = threading.Thread(target=lambda: completion.set_value("from afar"))
        thread.start()
        self.assertTrue(wait(completion.get_task()))
        thread.join()
        self.assertEqual(completion.get_task().get_result(), "from afar")

    def test_dropped(self):
        completion = Tend.Completion()
        task = completion.get_task()
        del completion
        gc.collect()
        with self.assertRaises(GLib.Error) as caught:
            wait(task)
        self.assertTrue(caught.exception.matches(Tend.error_quark(), Tend.Error.NOT_STARTED))


class Cancellable(unittest.TestCase):
    def test_is_one(self):
        cancellable = Tend.Cancellable()
        self.assertIsInstance(cancellable, Gio.Cancellable)
        self.assertIsNone(cancellable.dup_reason())
        cancellable.cancel()
        with self.assertRaises(GLib.Error) as caught:
            cancellable.set_error_if_cancelled()
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))

    def test_parent_and_reason(self):
        parent, child, plain = Tend.Cancellable(), Tend.Cancellable(), Gio.Cancellable()
        child.add_parent(plain)
        child.add_parent(parent)
        parent.cancel_with_reason("the window was closed")
        self.assertTrue(child.is_cancelled())
        self.assertFalse(plain.is_cancelled())
        self.assertEqual(child.dup_reason(), "the window was closed")

        task = Tend.Task.new("search", None)
        task.add_cancellable(child)
        with self.assertRaises(Tend.CancelledError) as caught:
            wait(task)
        self.assertTrue(caught.exception.message.endswith(": cancelled: the window was closed"))

    def test_after(self):
        clock = Tend.Clock.freeze(None)
        cancellable = Tend.Cancellable()
        cancellable.cancel_after(3600 * SECOND)
        self.assertEqual(clock.run_until_idle(), 3600 * SECOND)
        self.assertTrue(cancellable.is_cancelled())

    def test_handlers(self):
        class Token:
            pass

        cancellable, calls, token = Tend.Cancellable(), [], Token()
        gone = weakref.ref(token)

        def again(which, token=token):
            calls.append("again")
            which.remove_handler(first)

        first = cancellable.add_handler(again)
        second = cancellable.add_handler(again)
        third = cancellable.add_handler(lambda which: calls.append(which))
        self.assertNotEqual(first, second)
        cancellable.remove_handler(second)
        del again, token
        threading.Thread(target=cancellable.cancel).start()
        while len(calls) < 2:
            GLib.MainContext.default().iteration(True)
        self.assertEqual(calls, ["again", cancellable])
        cancellable.remove_handler(third)
        settle()
        gc.collect()
        self.assertIsNone(gone())


class Retry(unittest.TestCase):
    def setUp(self):
        gc.collect()  # An exception keeps the frames below it, and so what an earlier test has had.
        self.clock = Tend.Clock.freeze(None)
        self.attempts = []

    def attempt(self, succeeds_at):
        number = len(self.attempts) + 1
        self.attempts.append(number)
        if number < succeeds_at:
            raise new_error(message=f"busy {number}")
        return ["result", number]

    def test_success(self):
        retry = Tend.Retry.new(5)
        retry.set_back_off(SECOND, 10 * SECOND, 2.0)
        task = retry.run("try", self.attempt, 3)
        self.assertEqual(self.clock.run_until_idle(), 3 * SECOND)
        self.assertTrue(wait(task))
        self.assertEqual(task.get_result(), ["result", 3])
        self.assertEqual(self.attempts, [1, 2, 3])
        self.assertEqual(task.dup_message(), "attempt 3 of 5")

    def test_retry_now(self):
        retry = Tend.Retry.new(5)
        retry.set_back_off(SECOND, 10 * SECOND, 2.0)
        task = retry.run("try", self.attempt, 2)
        self.clock.advance(0.5 * SECOND)
        self.assertEqual(self.attempts, [1])
        retry.retry_now()
        self.clock.advance(0)
        self.assertEqual(self.attempts, [1, 2])
        self.assertEqual(task.get_result(), ["result", 2])

    def test_predicate(self):
        seen = []

        def is_worth_it(task, attempt, error):
            seen.append((attempt, error.message))
            return attempt < 2

        retry = Tend.Retry.new(0)
        retry.set_predicate(is_worth_it)
        task = retry.run(None, self.attempt, 10)
        self.clock.run_until_idle()
        with self.assertRaises(GLib.Error) as caught:
            wait(task)
        self.assertEqual(caught.exception.message, "busy 2 (after 2 attempts)")
        self.assertEqual(seen, [(1, "busy 1"), (2, "busy 2")])

    def test_attempts_do_not_leak(self):
        alive = []

        def attempt():
            number = len(self.attempts)
            alive.append(number)
            GObject.Object.weak_ref(Tend.current_task(), alive.remove, number)
            return self.attempt(4)

        retry = Tend.Retry.new(0)
        task = retry.run(None, attempt)
        self.clock.run_until_idle()
        self.assertTrue(wait(task))
        del task, retry
        gc.collect()
        settle()
        self.assertEqual(alive, [])


if __name__ == "__main__":
    unittest.main()
