# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The bodies of tasks in Python: functions, coroutines and generators, however a task is made of them."""

import contextvars
import unittest

from common import GLib, Tend, VirtualTimeTest


def answer(*args):
    return args


async def answer_later(*args):
    await Tend.sleep(1)
    return args


def generate(*args):
    yield
    slept = yield Tend.spawn(answer_later, *args)
    return slept


class Bodies(VirtualTimeTest):
    def test_kinds(self):
        for body in (answer, answer_later, generate):
            with self.subTest(body=body.__name__):
                self.assertEqual(Tend.run(body, 1, "a"), (1, "a"))

    def test_a_coroutine_and_a_generator_as_they_are(self):
        self.assertEqual(Tend.run(answer_later(1)), (1,))
        self.assertEqual(Tend.run(Tend.spawn(generate(2), name="generator")), (2,))

    def test_constructors(self):
        """All of them call the body with its arguments, and without the task."""
        manager, retry = Tend.TaskManager(), Tend.Retry.new(1)
        for name, make in {
            "class": lambda: Tend.Task("x", answer, 1, 2),
            "new": lambda: Tend.Task.new("x", answer, 1, 2),
            "run": lambda: Tend.Task.run("x", answer, 1, 2),
            "new_thread": lambda: Tend.Task.new_thread("x", answer, 1, 2),
            "run_thread": lambda: Tend.Task.run_thread("x", answer, 1, 2),
            "spawn": lambda: Tend.spawn(answer, 1, 2, name="x"),
            "register": lambda: manager.register("x", answer, 1, 2),
            "register_named": lambda: manager.register("x", answer, 1, 2),
            "register_made": lambda: manager.register(Tend.Task("x", answer, 1, 2)),
            "register_thread": lambda: manager.register_thread("x", answer, 1, 2),
            "register_anonymous": lambda: manager.register_anonymous("x", answer, 1, 2),
            "debounce": lambda: manager.debounce("x", 1, answer, 1, 2),
            "throttle": lambda: manager.throttle("x", 1, answer, 1, 2),
            "create_task": lambda: retry.create_task("x", answer, 1, 2),
            "retry": lambda: retry.run("x", answer, 1, 2),
        }.items():
            with self.subTest(made_by=name):
                task = make()
                self.assertIsInstance(task, Tend.Task)
                self.assertEqual(Tend.run(task), (1, 2))
                if name != "register_anonymous":
                    self.assertEqual(task.get_name(), "x")

    def test_what_is_no_body(self):
        for body in (3, "answer"):
            self.assertRaises(TypeError, Tend.Task, None, body)
        self.assertRaises(TypeError, Tend.Task, None, answer, unknown=1)
        coroutine = answer_later(1)
        self.assertRaises(TypeError, Tend.Task, None, coroutine, 2)
        coroutine.close()

    def test_a_task_without_a_body_is_completed_by_hand(self):
        task = Tend.Task("by hand")
        self.assertTrue(task.is_running())
        task.return_value(answer)
        self.assertIs(task.result, answer)

    def test_times_are_seconds(self):
        task = Tend.Task("x", answer, delay=0.5, interval=2, priority=GLib.PRIORITY_LOW, keep_going=True)
        self.assertEqual((task.get_delay(), task.get_interval()), (0.5, 2))
        self.assertEqual((task.get_priority(), task.get_keep_going()), (GLib.PRIORITY_LOW, True))
        self.assertEqual(Tend.Task("x", answer, timeout=3).get_deadline(), self.clock.get_time() + 3)
        self.assertEqual(Tend.Task("x", answer, deadline=3).get_deadline(), 3)
        self.assertIsNone(Tend.Task("x", answer, timeout=float("inf")).get_deadline())
        for seconds in (-1, float("nan"), float("inf")):
            self.assertRaises(ValueError, Tend.Task, "x", answer, delay=seconds)

    def test_the_current_task(self):
        seen = []

        async def body():
            seen.append(Tend.current_task())
            await Tend.sleep(1)
            seen.append(Tend.Task.get_current())

        task = Tend.spawn(body)
        self.assertEqual(Tend.current_task().get_name(), "main()")
        Tend.run(task)
        self.assertEqual(seen, [task, task])

    def test_an_interval_calls_the_body_again(self):
        runs = []

        async def body(sign):
            runs.append((sign, self.clock.get_time() - begin))
            await Tend.sleep(1)
            return [sign]

        begin = self.clock.get_time()
        task = Tend.Task.run("x", body, "+", interval=2)
        self.run_for(8)
        self.assertEqual(runs, [("+", 2), ("+", 5), ("+", 8)])
        task.cancel()
        with self.assertRaises(Tend.CancelledError):
            task.wait_sync()

    def test_context_variables(self):
        """A task has those of whoever has made it, and what it sets is its own."""
        variable = contextvars.ContextVar("variable", default=0)

        async def body():
            seen = variable.get()
            variable.set(2)
            await Tend.sleep(1)
            return seen, variable.get()

        variable.set(1)
        task = Tend.Task("x", body)
        variable.set(3)
        self.assertEqual(Tend.run(task), (1, 2))
        self.assertEqual(variable.get(), 3)

    def test_what_is_printed(self):
        self.assertEqual(repr(Tend.Task("fetch", answer)).rsplit(",", 1)[0], "<Tend.Task('fetch'")
        self.assertTrue(repr(Tend.Task("fetch", answer)).endswith(" created>"))


if __name__ == "__main__":
    unittest.main()
