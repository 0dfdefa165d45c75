# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Times: seconds in Python, microseconds in the library.

The tables say what carries a time. What they name is replaced in the introspected classes, before the other modules
derive from these: everything in Python sees seconds.
"""

import datetime
import functools
import math

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


LIMIT = Unit("a time limit", none=GLib.MAXINT64)
DEADLINE = Unit("a deadline", none=GLib.MAXINT64)
DELAY = Unit("a delay", none=-1)
INTERVAL = Unit("an interval", none=-1, least=1)
DURATION = Unit("a time")
POSITIVE = Unit("a time", least=1)
POSITIVE_LIMIT = Unit("a time limit", none=GLib.MAXINT64, least=1)
SLEEP = Unit("a time to sleep", is_endless=True)
SPIN_TIME = Unit("a time to spin", most=1000)

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
    "NumberCache": {
        "do_get_timeout": {"return": LIMIT},
        "get_timeout": {"return": LIMIT},
        "set_timeout": {0: LIMIT},
    },
    "RequestCache": {
        "push_timeout": {1: LIMIT},
        "wait_for": {2: LIMIT},
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
        "get_grace_period": {"return": LIMIT},
        "get_rate": {"return": {1: DURATION}},
        "get_run_time": {"return": DURATION},
        "set_grace_period": {0: LIMIT},
        "set_rate": {1: DURATION},
        "set_slow_check": {0: POSITIVE_LIMIT, 1: INTERVAL},
        "throttle": {1: DURATION},
    },
}

PROPERTIES = {
    "NumberCache": {"timeout": LIMIT},
    "Retry": {"first-wait": DURATION, "longest-wait": DURATION, "timeout": POSITIVE_LIMIT},
    "Task": {"deadline": DEADLINE, "delay": DELAY, "interval": INTERVAL},
    "TaskManager": {
        "grace-period": LIMIT, "rate-period": POSITIVE, "slow-age": POSITIVE_LIMIT, "slow-interval": POSITIVE,
    },
}

SIGNALS = {
    "TaskManager": {"task-slow": {1: DURATION}},
}


def convert_result(result, unit):
    if isinstance(unit, Unit):
        return unit.to_python(result)
    return tuple(unit[n].to_python(each) if n in unit else each for n, each in enumerate(result))


def convert_all(args, units, direction):
    return [getattr(units[n], direction)(arg) if n in units else arg for n, arg in enumerate(args)]


def with_seconds(native, units, n_before):
    """Gives a function that takes and gives seconds, and calls @native, whose time parameters come behind others."""
    name = native.__name__
    given = {n + n_before: unit for n, unit in units.items() if n != "return"}
    returned = units.get("return")

    @functools.wraps(native, assigned=("__name__", "__doc__"), updated=())
    def call(*args, **named):
        # The library's functions take names too, which its metadata know.
        try:
            result = native(*convert_all(args, given, "to_c"), **convert_named(native, named, given, n_before))
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


class VirtualFunction:
    """A virtual function that a class of Python overrides: Python calls it in seconds, and the library this object."""

    def __init__(self, func, units):
        self.func = func
        self.units = units

    def __get__(self, instance, owner):
        return self.func.__get__(instance, owner)

    def __call__(self, instance, *args):
        try:
            result = self.func(instance, *convert_all(args, self.units, "to_python"))
        finally:
            del instance, args
        return self.units["return"].to_c(result) if "return" in self.units else result


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


def replace_signals(cls, units):
    def replace(name):
        native = getattr(GObject.Object, name)

        def connect(self, signal, func, *data):
            own = units.get(signal.partition("::")[0].replace("_", "-"))
            if own is None:
                return native(self, signal, func, *data)
            # The object that emits comes first.
            places = {n + 1: unit for n, unit in own.items() if n != "return"}
            return native(self, signal, lambda *args: func(*convert_all(args, places, "to_python")), *data)

        setattr(cls, name, connect)

    for name in ("connect", "connect_after"):
        replace(name)


def replace_virtual(cls):
    """Lets the library call in its own times what classes that are derived from @cls, an override, override.

    PyGObject finds a virtual function in the introspected class, which keeps it. What stands in front of it in @cls
    must come when the class is there, or it would be taken for an implementation of that class.
    """
    native = getattr(Tend, cls.__name__)
    virtual = {name: units for name, units in FUNCTIONS[cls.__name__].items() if name.startswith("do_")}
    for name, units in virtual.items():
        setattr(cls, name, call_virtual(native, name, units))

    @classmethod
    def __init_subclass__(derived, **named):
        super(cls, derived).__init_subclass__(**named)
        for name, units in virtual.items():
            func = derived.__dict__.get(name)
            if callable(func) and not isinstance(func, VirtualFunction):
                setattr(derived, name, VirtualFunction(func, units))

    cls.__init_subclass__ = __init_subclass__
    return cls


def call_virtual(native, name, units):
    def call(self, *args):
        try:
            result = getattr(native, name)(self, *convert_all(args, units, "to_c"))
        finally:
            del self, args
        return convert_result(result, units["return"]) if "return" in units else result

    return functools.update_wrapper(call, getattr(native, name), assigned=("__name__", "__doc__"), updated=())


def replace_functions(owner, functions):
    is_class = isinstance(owner, type)
    for name, units in functions.items():
        if name.startswith("do_"):
            continue
        native = getattr(owner, name)
        is_method = is_class and native.is_method()
        func = with_seconds(native, units, int(is_method))
        setattr(owner, name, staticmethod(func) if is_class and not is_method else func)


def install():
    for name, functions in FUNCTIONS.items():
        owner = Tend if name is None else getattr(Tend, name)
        replace_functions(owner, functions)
    for name, units in PROPERTIES.items():
        replace_properties(getattr(Tend, name), units)
    for name, units in SIGNALS.items():
        replace_signals(getattr(Tend, name), units)


install()
