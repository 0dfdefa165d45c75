# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Times: seconds in Python, microseconds in the library. And other numbers, which have limits.

The tables say what carries a time, and what else has limits. What they name is replaced in the introspected classes,
before the other modules derive from these: everything in Python sees seconds, and exceptions.
"""

import datetime
import functools
import math
import sys

from gi.repository import GLib, GObject

from .base import Tend

MICROSECOND = datetime.timedelta(microseconds=1)


class Unit:
    """A kind of time, between @least and @most microseconds.

    @none is what the library has for None, which is not allowed where that is not given. Infinity is allowed where
    None is no limit, and where @is_endless.
    """

    def __init__(self, what, none=None, least=0, most=GLib.MAXINT64, is_endless=False):
        self.what = what
        self.none = none
        self.least = least
        self.most = most
        self.is_endless = is_endless or none == GLib.MAXINT64

    def to_c(self, time):
        """Gives the microseconds of a number of seconds, or of a timedelta."""
        if time is None:
            if self.none is None:
                raise TypeError(f"{self.what} is a number of seconds or a timedelta, and not None")
            return self.none
        if isinstance(time, datetime.timedelta):
            usec = time // MICROSECOND
        elif isinstance(time, (int, float)) and not isinstance(time, bool):
            usec = self.round(time)
        else:
            raise TypeError(f"{self.what} is a number of seconds or a timedelta, and not {time!r}")

        usec = min(usec, GLib.MAXINT64)
        if not self.least <= usec <= self.most:
            raise ValueError(f"{self.what} cannot be {time}")
        return usec

    def round(self, seconds):
        if math.isnan(seconds) or math.isinf(seconds) and (seconds < 0 or not self.is_endless):
            raise ValueError(f"{self.what} cannot be {seconds}")
        return GLib.MAXINT64 if math.isinf(seconds) else round(seconds * GLib.USEC_PER_SEC)

    def to_python(self, usec):
        return None if usec == self.none else usec / GLib.USEC_PER_SEC


class Range:
    """A number that is no time, from @least to @most. What is no number is left to PyGObject, which refuses it."""

    def __init__(self, what, least=-math.inf, most=math.inf):
        self.what = what
        self.least = least
        self.most = most

    def to_c(self, value):
        if isinstance(value, (int, float)) and not self.least <= value <= self.most:
            raise ValueError(f"{self.what} cannot be {value}")
        return value

    def to_python(self, value):
        return value


LIMIT = Unit("a time limit", none=GLib.MAXINT64)
DEADLINE = Unit("a deadline", none=GLib.MAXINT64)
DELAY = Unit("a delay", none=-1)
INTERVAL = Unit("an interval", none=-1, least=1)
DURATION = Unit("a time")
POSITIVE = Unit("a time", least=1)
POSITIVE_LIMIT = Unit("a time limit", none=GLib.MAXINT64, least=1)
SLEEP = Unit("a time to sleep", is_endless=True)
SPIN_TIME = Unit("a time to spin", most=1000)

BITS = Range("a number of bits", least=1, most=64)
FACTOR = Range("a factor", least=1.0, most=sys.float_info.max)
FRACTION = Range("a fraction", least=0.0, most=1.0)
NUMBER = Range("a number")
QUARK = Range("the domain of an error", least=1)

# By the names of classes and functions: the parameters by their places, behind self, and what is returned.
FUNCTIONS = {
    None: {
        "get_thread_spin_time": {"return": DURATION},
        "get_time": {"return": DURATION},
        "set_thread_spin_time": {0: SPIN_TIME},
        "watchdog_start": {0: POSITIVE},
    },
    "Cancellable": {
        "cancel_after": {0: LIMIT},
    },
    "Clock": {
        "advance": {0: DURATION},
        "get_time": {"return": DURATION},
        "run_until_idle": {"return": DURATION},
    },
    "Group": {
        "get_grace_period": {"return": LIMIT},
        "join_with_timeout": {0: LIMIT},
        "set_grace_period": {0: LIMIT},
    },
    "NumberCache": {
        "do_get_timeout": {"return": LIMIT},
        "get_timeout": {"return": LIMIT},
        "restart_timeout": {0: LIMIT},
        "set_timeout": {0: LIMIT},
    },
    "RequestCache": {
        "push_timeout": {1: LIMIT},
        "wait_for": {2: LIMIT},
        "wait_for_key": {2: LIMIT},
        "wait_for_text": {2: LIMIT},
    },
    "Retry": {
        "get_back_off": {"return": {1: DURATION, 2: DURATION}},
        "get_timeout": {"return": LIMIT},
        "set_back_off": {0: DURATION, 1: DURATION},
        "set_timeout": {0: POSITIVE_LIMIT},
    },
    "Task": {
        "add_timer": {0: DURATION, 1: INTERVAL},
        "get_deadline": {"return": DEADLINE},
        "get_delay": {"return": DELAY},
        "get_interval": {"return": INTERVAL},
        "run_delay": {0: SLEEP},
        "set_deadline": {0: DEADLINE},
        "set_delay": {0: DELAY},
        "set_interval": {0: INTERVAL},
        "with_deadline": {0: DEADLINE},
        "with_timeout": {0: LIMIT},
    },
    "TaskManager": {
        "debounce": {1: DURATION},
        "do_task_slow": {1: DURATION},
        "get_age": {"return": DELAY},
        "get_grace_deadline": {"return": DEADLINE},
        "get_grace_period": {"return": LIMIT},
        "get_rate": {"return": {1: DURATION}},
        "get_run_time": {"return": DURATION},
        "set_grace_period": {0: LIMIT},
        "set_rate": {1: DURATION},
        "set_slow_check": {0: POSITIVE_LIMIT, 1: INTERVAL},
        "throttle": {1: POSITIVE},
    },
    "Timer": {
        "get_remaining": {"return": DELAY},
        "set_delay": {0: DURATION},
    },
}

PROPERTIES = {
    "Group": {"grace-period": LIMIT},
    "NumberCache": {"timeout": LIMIT},
    "Retry": {"first-wait": DURATION, "longest-wait": DURATION, "timeout": POSITIVE_LIMIT},
    "Task": {"deadline": DEADLINE, "delay": DELAY, "interval": INTERVAL},
    "TaskManager": {
        "grace-deadline": DEADLINE, "grace-period": LIMIT, "rate-period": POSITIVE, "slow-age": POSITIVE_LIMIT,
        "slow-interval": POSITIVE,
    },
}

# What has limits and is no time, in the same way.
RANGES = {
    "Retry": {
        "set_back_off": {2: FACTOR},
        "set_jitter": {0: FRACTION},
    },
    "Task": {
        "forward_progress": {1: FRACTION, 2: FRACTION},
        "set_progress": {0: NUMBER},
    },
    "TaskManager": {
        "get_run_time": {0: FRACTION},
        "ignore_error": {0: QUARK},
    },
}

PROPERTY_RANGES = {
    "Retry": {"jitter": FRACTION},
}

SIGNALS = {
    "TaskManager": {"task-slow": {1: DURATION}},
}


# What the library refuses beyond that. These are called with what it is given, by place or by name.

def check_back_off(first=0, most=GLib.MAXINT64, factor=None):
    if most < first:
        raise ValueError("the longest wait is at least as long as the first")


def check_rate(n_starts=0, interval=None):
    if n_starts != 0 and interval == 0:
        raise ValueError("the interval of a rate cannot be 0")


def check_slow_check(age=GLib.MAXINT64, interval=None):
    if age < GLib.MAXINT64 and interval == INTERVAL.none:
        raise ValueError("the interval of a check cannot be None")


def check_cache_type(type=Tend.NumberCache, *_, **named):
    if not GObject.type_is_a(type, Tend.NumberCache):
        raise TypeError(f"a class derived from Tend.NumberCache is needed, and not {type!r}")


def check_random_number_cache(request_cache=None, bits=BITS.least, **_):
    if request_cache is None:
        raise TypeError("a random number cache is made with its request_cache")
    BITS.to_c(bits)


RULES = {
    "RequestCache": dict.fromkeys(("has_type", "lookup_type", "pop_type", "push_timeout"), check_cache_type),
    "Retry": {"set_back_off": check_back_off},
    "TaskManager": {"set_rate": check_rate, "set_slow_check": check_slow_check},
}


def convert_result(result, unit):
    if isinstance(unit, Unit):
        return unit.to_python(result)
    return tuple(unit[n].to_python(each) if n in unit else each for n, each in enumerate(result))


def convert_all(args, units, direction):
    return [getattr(units[n], direction)(arg) if n in units else arg for n, arg in enumerate(args)]


def with_seconds(native, units, n_before, rule=None):
    """Gives a function that takes and gives seconds, and calls @native, whose time parameters come behind others."""
    name = native.__name__
    given = {n + n_before: unit for n, unit in units.items() if n != "return"}
    returned = units.get("return")

    @functools.wraps(native, assigned=("__name__", "__doc__"), updated=())
    def call(*args, **named):
        # The library's functions take names too, which its metadata know.
        try:
            args = convert_all(args, given, "to_c")
            named = convert_named(native, named, given, n_before)
            if rule is not None:
                rule(*args[n_before:], **named)
            result = native(*args, **named)
        finally:
            del args, named  # from a frame that an exception within may keep
        return result if returned is None else convert_result(result, returned)

    call.__qualname__ = name
    return call


def convert_named(native, named, given, n_before):
    if not named:
        return named
    names = [argument.get_name() for argument in native.get_arguments()]
    places = {name: n + n_before for n, name in enumerate(names)}
    return {name: given[places[name]].to_c(value) if places.get(name) in given else value
            for name, value in named.items()}


class Properties:
    """What is behind `object.props`."""

    __slots__ = ("_props", "_units")

    def __init__(self, props, units):
        object.__setattr__(self, "_props", props)
        object.__setattr__(self, "_units", units)

    def __getattr__(self, name):
        value = getattr(self._props, name)
        unit = self._units.get(name.replace("_", "-"))
        return value if unit is None else unit.to_python(value)

    def __setattr__(self, name, value):
        unit = self._units.get(name.replace("_", "-"))
        setattr(self._props, name, value if unit is None else unit.to_c(value))

    def __dir__(self):
        return dir(self._props)

    def __iter__(self):
        return iter(self._props)

    def __len__(self):
        return len(self._props)


PROPS = next(cls.__dict__["props"] for cls in GObject.Object.__mro__ if "props" in cls.__dict__)


class PropertiesOf:
    def __init__(self, units):
        self.units = units

    def __get__(self, instance, owner):
        props = PROPS.__get__(instance, owner)
        return props if instance is None else Properties(props, self.units)


def replace_properties(cls, units):
    """Replaces what reads and writes the properties of @cls, and what makes an object with some."""
    def unit_of(name):
        return units.get(name.replace("_", "-"))

    def convert(named):
        return {name: value if unit_of(name) is None else unit_of(name).to_c(value) for name, value in named.items()}

    def get_property(self, name):
        value = GObject.Object.get_property(self, name)
        return value if unit_of(name) is None else unit_of(name).to_python(value)

    def get_properties(self, *names):
        return tuple(get_property(self, name) for name in names)

    def set_property(self, name, value):
        GObject.Object.set_property(self, name, value if unit_of(name) is None else unit_of(name).to_c(value))

    def set_properties(self, **named):
        GObject.Object.set_properties(self, **convert(named))

    native_init = cls.__init__

    def __init__(self, *args, **named):
        native_init(self, *args, **convert(named))

    cls.props = PropertiesOf(units)
    for func in (get_property, get_properties, set_property, set_properties, __init__):
        setattr(cls, func.__name__, func)


def restrict_random_number_cache(cls):
    """Lets @cls refuse what it cannot be made of. PyGObject makes this class of the override of its parent."""
    native_init = cls.__init__

    def __init__(self, *args, **named):
        check_random_number_cache(**named)
        native_init(self, *args, **named)

    cls.__init__ = __init__
    replace_functions(cls, {"new": {2: BITS}}, {})


def replace_functions(owner, functions, rules):
    is_class = isinstance(owner, type)
    for name, units in functions.items():
        if name.startswith("do_"):
            continue
        native = getattr(owner, name)
        is_method = is_class and native.is_method()
        func = with_seconds(native, units, int(is_method), rules.get(name))
        setattr(owner, name, staticmethod(func) if is_class and not is_method else func)


def join(*tables):
    """Gives one table of all."""
    joined = {}
    for table in tables:
        for name, units in table.items():
            joined[name] = {**joined.get(name, {}), **units}
    return joined


def install():
    for name in FUNCTIONS:
        owner = Tend if name is None else getattr(Tend, name)
        rules = RULES.get(name, {})
        functions = join(FUNCTIONS[name], RANGES.get(name, {}), dict.fromkeys(rules, {}))
        replace_functions(owner, functions, rules)
    for name, units in PROPERTIES.items():
        replace_properties(getattr(Tend, name), {**units, **PROPERTY_RANGES.get(name, {})})


install()
