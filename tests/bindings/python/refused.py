# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the library refuses is an exception in Python: each function that sets something is given nonsense.

A critical, which the library prints for it, would end the test.
"""

import math
import unittest

import common
from gi.repository import GLib, GObject, Tend

NONSENSE = (-1, -0.5, 0, 5, math.nan, math.inf, -math.inf, 1e30, -10**30, "text", b"text", None, object(), [1], print)

# What is called with its own arguments but for one, by the object that has it.
CALLS = {
    Tend.Cancellable: {"cancel_after": [1], "add_parent": [None], "cancel_with_reason": ["x"],
                       "set_error_if_cancelled": []},
    Tend.Channel: {"close_with_error": [ValueError()]},
    lambda: Tend.Completion("x"): {
        "set_boolean": [True], "set_cancelled": [], "set_error": [], "set_int": [1], "set_object": [None],
        "set_string": [None], "set_value": [],
    },
    Tend.Group: {"set_grace_period": [1], "set_max_running": [1]},
    lambda: Tend.NumberCache(prefix="p", number=1): {"set_timeout": [1], "restart_timeout": [1],
                                                           "remove_task": [None]},
    Tend.RequestCache: {
        "has": ["p", 1], "has_type": [Tend.NumberCache, 1], "lookup": ["p", 1], "lookup_type": [Tend.NumberCache, 1],
        "pop": ["p", 1], "pop_type": [Tend.NumberCache, 1], "push_timeout": [Tend.NumberCache, 1],
        "wait_for": ["p", 1, 1], "wait_for_key": ["p", GLib.Bytes.new(b"k"), 1], "wait_for_text": ["p", "k", 1],
        "has_key": ["p", GLib.Bytes.new(b"k")], "has_text": ["p", "k"], "lookup_key": ["p", GLib.Bytes.new(b"k")],
        "lookup_text": ["p", "k"], "pop_key": ["p", GLib.Bytes.new(b"k")], "pop_text": ["p", "k"],
    },
    lambda: Tend.Retry.new(3): {
        "set_back_off": [1, 2, 2.0], "set_jitter": [0.5], "set_max_attempts": [1], "set_predicate": [None],
        "set_seed": [1], "set_timeout": [1],
    },
    lambda: Tend.Task("x", print): {
        "add_timer": [1, 1, print], "forward_progress": [Tend.Task("to"), 0.0, 1.0], "pulse": [None],
        "set_deadline": [1], "set_delay": [1], "set_interval": [1], "set_interval_mode": [Tend.IntervalMode.FIXED_RATE],
        "set_error_if_cancelled": [], "set_keep_going": [True], "set_origin": ["a.py:1"], "set_priority": [1],
        "set_progress": [0.5, None], "set_stack_size": [1],
    },
    Tend.TaskManager: {
        "get_run_time": [0.5], "ignore_error": [1, 1], "set_grace_period": [1], "set_keep_ended": [1],
        "set_max_running": [1],
        "set_rate": [5, 1], "set_slow_check": [5, 5],
    },
    lambda: Tend.RandomNumberCache: {"new": [Tend.RequestCache(), "p", 16]},
}
PROPERTIES = {
    Tend.Group: ("grace_period", "max_running"),
    Tend.NumberCache: ("timeout",),
    Tend.Retry: ("jitter", "max_attempts", "seed", "timeout"),
    lambda: Tend.Task("x", print): ("deadline", "delay", "interval", "keep_going", "priority", "stack_size"),
    Tend.TaskManager: ("grace_period", "max_running", "rate", "rate_period", "slow_age", "slow_interval"),
}


class RefusedTest(common.VirtualTimeTest):
    def setUp(self):
        super().setUp()
        kept = GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_CRITICAL | GLib.LogLevelFlags.LEVEL_WARNING)
        self.addCleanup(GLib.log_set_always_fatal, kept)

    def attempt(self, func, *args):
        try:
            func(*args)
        except (TypeError, ValueError, OverflowError, GLib.Error):
            pass

    def test_functions(self):
        for make, calls in CALLS.items():
            for name, good in calls.items():
                for place in range(len(good)):
                    for value in NONSENSE:
                        self.attempt(getattr(make(), name), *good[:place], value, *good[place + 1:])

    def test_properties(self):
        for make, names in PROPERTIES.items():
            for name in names:
                for value in NONSENSE:
                    self.attempt(setattr, make().props, name, value)

    def test_nothing_is_missing(self):
        for make, calls in CALLS.items():
            source = make()
            ours = {name for cls in type(source).__mro__ if cls.__module__.endswith("Tend") for name in vars(cls)}
            setters = {name for name in ours if name.startswith("set_")} - set(dir(GObject.Object))
            self.assertEqual(setters - calls.keys(), set() if isinstance(source, GObject.Object) else setters)

    def test_values(self):
        task, to, manager, retry = Tend.Task("x", print), Tend.Task("to"), Tend.TaskManager(), Tend.Retry.new(3)
        requests = Tend.RequestCache()
        for call in (
            lambda: retry.set_back_off(2, 1, 2.0), lambda: retry.set_back_off(factor=1.0, most=1, first=2),
            lambda: retry.set_back_off(1, 2, 0.5), lambda: retry.set_back_off(1, 2, math.nan),
            lambda: retry.set_back_off(1, 2, math.inf), lambda: retry.set_jitter(1.5), lambda: retry.set_jitter(-1),
            lambda: setattr(retry.props, "jitter", math.nan), lambda: Tend.Retry(jitter=2),
            lambda: manager.set_rate(1, 0), lambda: manager.set_rate(n_starts=1, interval=0),
            lambda: manager.set_slow_check(5, None), lambda: manager.throttle("x", 0, print),
            lambda: manager.ignore_error(0, 1), lambda: manager.get_run_time(1.5),
            lambda: setattr(manager.props, "rate_period", 0), lambda: Tend.TaskManager(slow_age=0),
            lambda: task.set_progress(math.nan, None), lambda: task.forward_progress(to, 0.0, 2.0),
            lambda: task.set_delay(-1), lambda: task.set_interval(-1), lambda: task.set_interval(0),
            lambda: setattr(task.props, "interval", 0), lambda: Tend.RandomNumberCache.new(requests, "p", 0),
            lambda: Tend.RandomNumberCache(request_cache=requests, bits=65),
        ):
            self.assertRaises(ValueError, call)
        for call in (
            lambda: requests.push_timeout(Tend.Task, 1), lambda: requests.has_type(str, 1),
            lambda: Tend.RandomNumberCache(prefix="p"), lambda: Tend.RandomNumberCache(request_cache=None),
            lambda: retry.set_jitter("x"), lambda: retry.set_back_off(1), lambda: manager.set_rate(1, 2, 3),
        ):
            self.assertRaises(TypeError, call)

    def test_good_values(self):
        """What is refused next to these is not."""
        manager, retry = Tend.TaskManager(), Tend.Retry(jitter=1)
        retry.set_back_off(1, 1, 1)
        retry.set_jitter(0)
        manager.set_rate(3, 1)
        manager.set_rate(0, 0)
        manager.set_rate(*manager.get_rate())
        manager.set_slow_check(None, None)
        manager.set_slow_check(1, 1)
        requests = Tend.RequestCache()
        self.assertFalse(requests.has_type(type=Tend.RandomNumberCache, number=1))
        for bits in (1, 64):
            self.assertEqual(Tend.RandomNumberCache(request_cache=requests, bits=bits).get_bits(), bits)
            self.assertEqual(Tend.RandomNumberCache.new(requests, "p", bits).get_bits(), bits)


if __name__ == "__main__":
    unittest.main()
