# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Results of any type come back as they were, also through the tasks that stand for others."""

import enum
import unittest

from common import Gio, GLib, Tend, Token, VirtualTimeTest
from gi.repository import GObject


class Color(enum.IntEnum):
    RED = 1


class Text(str):
    pass


VALUES = (
    None, True, False, 0, 1, -1,
    2 ** 31, -2 ** 31, 2 ** 31 - 1, 2 ** 32, 2 ** 63 - 1, -2 ** 63, 2 ** 63, 2 ** 64, 10 ** 30,
    0.0, 1.5, float("inf"), 1e300,
    "", "text", "ä€😀", "a\0b", "\ud800", b"", b"bytes\0", (), (1, [2]), [], {}, {"a": {1}},
    Color.RED, Text("text"),
    Ellipsis, NotImplemented, int, len, lambda: None, ValueError("not thrown"), object(),
    GObject.Object(), Gio.ListStore(), Gio.ListStore.new(Tend.Task), GObject.Object,
    GLib.Variant("(is)", (1, "a")), GLib.Bytes.new(b"b"),
    GLib.DateTime.new_utc(2000, 1, 1, 0, 0, 0), GLib.Error("not thrown", "domain", 1), Tend.TaskStatus.FAILED,
)
IMMUTABLE = (int, float, str)
BOXED = (GLib.Variant, GObject.GBoxed)  # C has a copy, which is equal, and so have those who follow


async def later(value):
    await Tend.sleep(1)
    return value


class Results(VirtualTimeTest):
    def assert_same(self, value, result):
        self.assertIs(type(result), type(value))
        if type(value) in IMMUTABLE or isinstance(value, BOXED):
            self.assertEqual(result, value)
        else:
            self.assertIs(result, value)

    def test_of_any_type(self):
        for value in VALUES:
            for name, task in {
                "function": Tend.spawn(lambda: value),
                "coroutine": Tend.spawn(later, value),
                "thread": Tend.Task.run_thread(None, lambda: value),
                "follower": Tend.spawn(later, value).with_timeout(9).with_cancellable(None),
                "retry": Tend.Retry.new(3).run(None, later, value),
            }.items():
                with self.subTest(value=repr(value), kind=name):
                    for _ in range(2):
                        self.assert_same(value, Tend.run(task))
                    self.assert_same(value, task.result)
                    self.assert_same(value, task.get_result())

    def test_what_is_boxed_is_identical_in_the_task_itself(self):
        for value in VALUES:
            if isinstance(value, BOXED):
                self.assertIs(Tend.run(later, value), value)

    def test_a_value_of_gobject_is_not_unwrapped(self):
        for value in (GObject.Value(int, 3), GObject.Value()):
            self.assertIs(Tend.run(later, value), value)

    def test_by_hand(self):
        for value in VALUES:
            with self.subTest(value=repr(value)):
                task, completion = Tend.Task(), Tend.Completion()
                task.return_value(value)
                completion.set_value(value)
                self.assert_same(value, task.result)
                self.assert_same(value, completion.get_task().result)

    def test_c_sees_what_it_knows(self):
        self.assertEqual(Tend.spawn(lambda: 2 ** 40).get_int(), 2 ** 40)
        self.assertEqual(Tend.spawn(lambda: 7).get_int(), 7)
        self.assertEqual(Tend.spawn(lambda: 1.5).get_double(), 1.5)
        self.assertEqual(Tend.spawn(lambda: "text").get_string(), "text")
        self.assertTrue(Tend.spawn(lambda: True).get_boolean())
        self.assertIs(Tend.spawn(lambda: self.clock).get_object(), self.clock)

    def test_is_not_there_yet(self):
        task = Tend.spawn(later, 1)
        with self.assert_error(Tend.error_quark(), Tend.Error.STATE):
            task.result
        self.assertIsNone(task.exception)
        self.assertEqual(Tend.run(task), 1)

    def test_of_all(self):
        values = [[1], None, "a", {}]
        everything = Tend.when_all(Tend.spawn(later, value) for value in values)
        self.assertEqual(Tend.run(everything), values)
        for value, result in zip(values, everything.result):
            self.assert_same(value, result)
        self.assertEqual(Tend.run(everything.with_cancellable(None)), values)
        self.assertEqual(Tend.run(Tend.when_all([])), [])
        self.assertIsNone(Tend.run(Tend.wait_all([everything])))

    def test_of_any(self):
        tasks = [Tend.spawn(Tend.sleep, seconds) for seconds in (3, 1, 2)]
        self.assertIs(Tend.run(Tend.when_any(iter(tasks))), tasks[1])
        self.assertRaises(ValueError, Tend.when_any, [])

    def test_of_the_first_success_and_error(self):
        async def fail(error, seconds):
            await Tend.sleep(seconds)
            raise error

        error, early = ValueError("x"), KeyError("early")
        tasks = [Tend.spawn(fail, early, 1), Tend.spawn(later, 5)]
        self.assertIs(Tend.run(Tend.when_first_success(iter(tasks))), tasks[1])
        self.assertEqual(Tend.run(Tend.when_first_error(iter([Tend.spawn(later, n) for n in (1, 2)]))), [1, 2])
        self.assertEqual(Tend.run(Tend.when_first_error([])), [])
        with self.assertRaises(ValueError) as caught:
            Tend.run(Tend.when_first_error([Tend.spawn(Tend.sleep, 60), Tend.spawn(fail, error, 2)]))
        self.assertIs(caught.exception, error)
        with self.assertRaises(Tend.SeveralErrors) as caught:
            Tend.run(Tend.when_first_success([Tend.spawn(fail, error, 2), Tend.spawn(fail, early, 1)]))
        self.assertEqual(caught.exception.exceptions, (early, error))
        self.assertRaises(ValueError, Tend.when_first_success, [])

    def test_the_sources_may_be_dropped(self):
        """A task that stands for others keeps what they have."""
        everything = Tend.when_all([Tend.spawn(later, [1]), Tend.spawn(later, [2])]).with_cancellable(None)
        first = Tend.when_any([Tend.spawn(later, [3])])
        self.run_for(1)
        self.assertEqual((everything.result, first.result.result), ([[1], [2]], [3]))

    def test_a_token_is_not_shared(self):
        one, other = Tend.spawn(lambda: Token(1)), Tend.spawn(lambda: Token(2))
        self.assertEqual((one.result.things, other.result.things), ((1,), (2,)))


if __name__ == "__main__":
    unittest.main()
