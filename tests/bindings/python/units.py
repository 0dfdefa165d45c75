# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Times in Python: seconds everywhere, and nothing that carries a time is forgotten."""

import datetime
import pathlib
import sys
import unittest
import xml.etree.ElementTree as ET

import common
from gi.overrides.Tend import callbacks, units
from gi.repository import GLib, GObject, Tend

CORE = "{http://www.gtk.org/introspection/core/1.0}"
SIGNAL = "{http://www.gtk.org/introspection/glib/1.0}signal"

GIR = pathlib.Path(sys.argv.pop())
CONVENTIONS = pathlib.Path(sys.argv.pop())


def get_numbers():
    """The parameters and functions of type gint64 that carry no time, which a table of the page lists."""
    text = CONVENTIONS.read_text(encoding="utf-8")
    table = text.partition("## Numbers of 64 bits that are no times")[2].partition("\n## ")[0]
    return {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}


def is_number(node):
    kind = node.find(CORE + "type")
    return kind is not None and kind.get("name") == "gint64"


def get_places(function):
    """The places that carry a number of 64 bits, as Python counts them, with the names that the page may list."""
    name = function.get("name")
    returned = function.find(f"{CORE}return-value/{CORE}type")
    place, n_returned = 0, int(returned is None or returned.get("name") != "none")
    if is_number(function.find(CORE + "return-value")):
        yield "return", name
    for parameter in function.iterfind(f"{CORE}parameters/{CORE}parameter"):
        if parameter.get("direction") == "out":
            if is_number(parameter):
                yield ("return", n_returned), parameter.get("name")
            n_returned += 1
            continue
        if is_number(parameter):
            yield place, parameter.get("name")
        place += 1


def list_table(functions):
    for name, places in functions.items():
        for place, unit in places.items():
            if isinstance(unit, dict):
                yield from ((name, (place, n)) for n in unit)
            else:
                yield name, place


class TableTest(unittest.TestCase):
    """The tables and the GIR name the same."""

    def list_gir(self):
        namespace = ET.parse(GIR).getroot().find(CORE + "namespace")
        numbers = get_numbers()
        for owner in [namespace, *namespace.iterfind(CORE + "class"), *namespace.iterfind(CORE + "record")]:
            class_name = None if owner is namespace else owner.get("name")
            for kind, prefix in (("function", ""), ("method", ""), ("constructor", ""), ("virtual-method", "do_")):
                for function in owner.iterfind(CORE + kind):
                    if function.get("introspectable") == "0" or function.get("moved-to"):
                        continue
                    for place, name in get_places(function):
                        if name not in numbers:
                            yield class_name, prefix + function.get("name"), place
            for each in owner.iterfind(CORE + "property"):
                if is_number(each) and each.get("name") not in numbers:
                    yield class_name, each.get("name"), "property"
            for signal in owner.iterfind(SIGNAL):
                for place, name in get_places(signal):
                    if name not in numbers:
                        yield class_name, signal.get("name"), ("signal", place)

    def list_tables(self):
        for class_name, functions in units.FUNCTIONS.items():
            yield from ((class_name, *each) for each in list_table(functions))
        for class_name, properties in units.PROPERTIES.items():
            yield from ((class_name, name, "property") for name in properties)
        for class_name, signals in units.SIGNALS.items():
            yield from ((class_name, name, ("signal", place)) for name, place in list_table(signals))

    def test_nothing_is_missing(self):
        self.maxDiff = None
        self.assertEqual(sorted(map(str, self.list_gir())), sorted(map(str, self.list_tables())))


# Callbacks that other modules call: they are bodies, or called by functions of ours.
OTHERS = {
    (None, "keep_reports"), (None, "set_unobserved_func"), ("Retry", "create_task"), ("Retry", "run"), ("Retry", "set_predicate"),
    *(("Task", name + kind) for name in ("new", "run") for kind in ("", "_main", "_open", "_thread")),
}


class CallbackTest(unittest.TestCase):
    def list_gir(self):
        """The functions that take a callback, with its place behind self."""
        namespace = ET.parse(GIR).getroot().find(CORE + "namespace")
        for owner in [namespace, *namespace.iterfind(CORE + "class")]:
            for kind in "function", "method", "constructor":
                for function in owner.iterfind(CORE + kind):
                    if function.get("introspectable") == "0" or function.get("moved-to"):
                        continue
                    parameters = function.iterfind(f"{CORE}parameters/{CORE}parameter")
                    for place, parameter in enumerate(parameters):
                        if parameter.get("scope") is not None:
                            yield (None if owner is namespace else owner.get("name"), function.get("name")), place
                            break  # the others are what frees the data

    def test_each_is_one_of_ours(self):
        """What a callback throws goes on as the module says, whoever takes it."""
        found = dict(self.list_gir())
        for table in callbacks.CALLBACKS, callbacks.SCOPE:
            for class_name, functions in table.items():
                for name, place in functions.items():
                    self.assertEqual(found.pop((class_name, name)), place, name)
        self.assertLessEqual(set(found), OTHERS)


class Slow(Tend.TaskManager):
    def do_task_slow(self, task, age):
        self.age = age


class Cache(Tend.NumberCache):
    def do_get_timeout(self):
        return super().do_get_timeout() / 2


class Smaller(Cache):
    def do_get_timeout(self):
        return datetime.timedelta(seconds=super().do_get_timeout() / 2)


class Endless(Tend.NumberCache):
    def do_get_timeout(self):
        return None


class UnitsTest(common.VirtualTimeTest):
    def test_setters_and_getters(self):
        task = Tend.Task("x", print)
        self.assertEqual((task.get_delay(), task.get_interval(), task.get_deadline()), (None, None, None))
        task.set_delay(0.25)
        task.set_interval(datetime.timedelta(milliseconds=500))
        task.set_deadline(deadline=4e6)
        self.assertEqual((task.get_delay(), task.get_interval(), task.get_deadline()), (0.25, 0.5, 4e6))

        manager = Tend.TaskManager()
        manager.set_rate(3, 0.5)
        manager.set_grace_period(None)
        manager.set_slow_check(None, None)
        self.assertEqual((manager.get_rate(), manager.get_grace_period()), ((3, 0.5), None))
        self.assertEqual(manager.get_run_time(0.5), 0)

    def test_none(self):
        task = Tend.Task("x", print, delay=1, interval=2)
        task.set_delay(None)
        task.set_interval(None)
        self.assertEqual((task.get_delay(), task.get_interval()), (None, None))
        task.props.delay, task.props.interval = 1, 2
        task.props.delay = task.props.interval = None
        self.assertEqual((task.props.delay, task.props.interval), (None, None))

    def test_properties(self):
        task = Tend.Task("x", print, delay=1.5)
        self.assertEqual((task.props.delay, task.get_property("delay"), task.props.name), (1.5, 1.5, "x"))
        self.assertEqual(task.get_properties("delay", "name"), (1.5, "x"))
        task.props.delay = 2
        task.set_property("interval", 0.5)
        self.assertEqual((task.get_delay(), task.get_interval()), (2, 0.5))
        self.assertIn("delay", dir(task.props))
        self.assertEqual(Tend.Task.props.delay.value_type, GObject.TYPE_INT64)

        cache = Tend.NumberCache(prefix="p", number=1, timeout=None)
        self.assertIsNone(cache.props.timeout)
        cache.set_properties(timeout=0.5)
        self.assertEqual(cache.get_timeout(), 0.5)
        self.assertRaises(ValueError, setattr, cache.props, "timeout", -1)

    def test_virtual_functions(self):
        for cls, seconds in ((Cache, 5), (Smaller, 2.5)):
            requests = Tend.RequestCache()
            cache = cls(prefix="p", number=1)
            requests.add(cache)
            self.run_for(seconds - 1e-6)
            self.assertTrue(cache.is_held())
            self.run_for(1e-6)
            self.assertFalse(cache.is_held())

        endless = Endless(prefix="p", number=1)
        requests.add(endless)
        self.run_for(1e9)
        self.assertTrue(endless.is_held())
        requests.clear()

    def test_signals(self):
        manager, ages = Slow(), []
        manager.set_slow_check(1.5, 10)
        manager.connect("task-slow", lambda manager, task, age: ages.append(age))
        manager.register("x", Tend.sleep, 2)
        self.run_for(1.5)
        self.assertEqual((manager.age, ages), (1.5, [1.5]))
        self.run_for(1)

    def test_timers(self):
        def call(_):
            calls.append(self.clock.get_time() - begin)
            if len(calls) == 1:
                timer.set_delay(datetime.timedelta(seconds=0.5))
            return True

        calls, begin = [], self.clock.get_time()
        task = Tend.Task("x")
        timer = task.add_timer(1, None, call)
        self.assertEqual(timer.get_remaining(), 1)
        timer.set_delay(2)
        self.run_for(0.5)
        self.assertEqual(timer.get_remaining(), 1.5)
        for time in (-1, float("inf")):
            self.assertRaises(ValueError, timer.set_delay, time)
        self.assertRaises(TypeError, timer.set_delay, None)
        self.run_for(10)
        self.assertEqual(calls, [2, 2.5])
        self.assertIsNone(timer.get_remaining())
        task.stop()

    def test_waits(self):
        with self.assert_takes(0.5):
            self.clock.advance(0.25)
            self.clock.advance(datetime.timedelta(microseconds=250_000))
        waiting = Tend.RequestCache().wait_for("p", 1, timeout=0.5)
        del waiting
        late = Tend.Task("x").with_timeout(0.5)
        self.run_for(0.5)
        self.assertTrue(late.is_ended())
        self.assertIsNotNone(late.exception)

    def test_refuses_what_is_no_time(self):
        task, cancellable = Tend.Task("x", print), Tend.Cancellable()
        manager = Tend.TaskManager()
        calls = (
            task.set_delay, task.set_interval, task.set_deadline, task.with_timeout, Tend.Task.run_delay,
            cancellable.cancel_after, self.clock.advance, manager.set_grace_period, Tend.watchdog_start,
            lambda time: manager.debounce("x", time, print), lambda time: manager.set_rate(1, time),
        )
        for call in calls:
            for time in (-1, -0.5, float("nan"), -float("inf"), datetime.timedelta(seconds=-1)):
                self.assertRaises(ValueError, call, time)
            for time in ("1", b"1", [], True):
                self.assertRaises(TypeError, call, time)
        for call in (Tend.Task.run_delay, self.clock.advance):
            self.assertRaises(TypeError, call, None)
        for call in (task.set_delay, self.clock.advance):
            self.assertRaises(ValueError, call, float("inf"))

    def test_refuses_what_the_library_does(self):
        task, manager = Tend.Task("x", print), Tend.TaskManager()
        calls = (
            lambda: task.set_interval(0), lambda: task.add_timer(0, 0, print), lambda: Tend.watchdog_start(0),
            lambda: manager.set_slow_check(0, 1), lambda: manager.set_slow_check(1, 0),
            lambda: Tend.set_thread_spin_time(1), lambda: Tend.Retry.new(1).set_timeout(0),
        )
        for call in calls:
            self.assertRaises(ValueError, call)

    def test_long_times(self):
        sleeping = Tend.Task.run_delay(float("inf"))
        self.run_for(1e9)
        self.assertFalse(sleeping.is_ended())
        sleeping.cancel()
        cancellable = Tend.Cancellable()
        cancellable.cancel_after(1e300)
        cancellable.cancel_after(float("inf"))
        self.assertEqual(units.LIMIT.to_c(1e300), GLib.MAXINT64)


if __name__ == "__main__":
    unittest.main()
