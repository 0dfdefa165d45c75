# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the library calls besides bodies: callbacks, handlers of signals, and virtual functions.

What such a function throws goes on as follows. What is to end the program ends Tend.run(). A timer, a watch or a post
fails its task with it, as in C. Anything else is printed, as PyGObject does it.

They are given what Python has: seconds for times, and for an error the exception that was thrown. The tables say
which functions take a callback; what they name is replaced in the introspected classes, as in units.py.
"""

import functools

from gi.repository import GLib, GObject

from . import errors, units, values
from .base import Tend
from .interrupt import end_with, print_exception

# By the names of classes and functions: the place of the callback, behind self.
CALLBACKS = {
    "Cancellable": {"add_handler": 0},
    "Channel": {"receive_async": 1, "send_async": 2},
    "Condition": {"wait_async": 1},
    "Event": {"wait_async": 1},
    "RequestCache": {"shutdown_async": 1},
    "Semaphore": {"acquire_async": 1},
    "Task": {"add_cancel_handler": 0, "add_exit_handler": 0, "wait_async": 1},
    "TaskManager": {"drain_async": 1, "shutdown_async": 1, "wait_for_tasks_async": 1},
}
NAMES = {"callback", "func"}
SCOPE = {
    "Task": {"add_fd": 2, "add_timer": 2, "post": 0},
}

# Those whose signals anybody can connect to. That of a cancellable is GIO's: its connect() is another function.
EMITTERS = (
    "Channel", "Clock", "Completion", "Condition", "Event", "Group", "NumberCache", "RequestCache", "Retry",
    "Semaphore", "Task", "TaskManager", "TaskStream",
)

# For those of us who throw nothing.
add_exit_handler = Tend.Task.add_exit_handler
wait_async = Tend.Task.wait_async


class Callback:
    """Calls a function. It is equal to that, so that GObject finds it by the function."""

    __slots__ = ("func",)

    def __init__(self, func):
        self.func = func

    def __call__(self, *args):
        try:
            return self.func(*args)
        except Exception as exception:
            if not end_with(exception):
                print_exception(exception)
        except BaseException as exception:
            if not end_with(exception):
                raise  # which may end the process
        finally:
            del args  # from a frame that the exception keeps

    def __eq__(self, other):
        return other is self or other == self.func

    def __hash__(self):
        return hash(self.func)


def pack_failure(task, exception):
    """Gives the GError that fails @task with what a callback of its scope has thrown, or None if that ends more."""
    error, kept = errors.pack_exception(task, exception)
    if task.is_ended():
        values.keep(task, kept)  # for the report, which comes at once
        return None if end_with(exception) else error

    task._failure = kept
    if end_with(exception):
        kept.is_observed = True
        task.add_exit_handler(lambda task: Tend.Task.get_error(task) and None)
    return error


class ScopeCallback(Callback):
    """A timer, a watch or a post of a task, which it may fail."""

    __slots__ = ()

    def __call__(self, task, *data):
        try:
            return self.func(task, *data)
        except BaseException as exception:
            # The first frame is ours; see settle_with_exception().
            exception.__traceback__ = exception.__traceback__.tb_next
            error = pack_failure(task, exception)
        finally:
            del task, data
        if error is not None:
            raise error


def convert_error(manager, task, error, *data):
    return manager, task, errors.unpack_error_of(task, error), *data


def find_conversion(class_name, signal):
    """Gives what makes Python's arguments of those of the library, or None. The object that emits comes first."""
    own = units.SIGNALS.get(class_name, {}).get(signal)
    if own is not None:
        places = {n + 1: unit for n, unit in own.items() if n != "return"}
        return lambda *args: units.convert_all(args, places, "to_python")
    return convert_error if (class_name, signal) == ("TaskManager", "task-failed") else None


class Handler(Callback):
    """A handler of a signal whose arguments are converted."""

    __slots__ = ("convert",)

    def __init__(self, func, convert):
        super().__init__(func)
        self.convert = convert

    def __call__(self, *args):
        return Callback.__call__(self, *self.convert(*args))


def replace_callback(cls, name, place, make):
    native = getattr(cls, name)

    @functools.wraps(native, assigned=("__name__", "__doc__"), updated=())
    def call(self, *args, **named):
        if len(args) > place and callable(args[place]):
            args = *args[:place], make(args[place]), *args[place + 1:]
        for name in NAMES.intersection(named):
            named[name] = make(named[name])
        try:
            return native(self, *args, **named)
        finally:
            del self, args, named

    call.__qualname__ = name
    setattr(cls, name, call)


def replace_connect(cls):
    """Replaces what connects handlers to the signals of @cls."""
    def replace(name, place):
        native = getattr(GObject.Object, name)

        def connect(self, signal, *args):
            if len(args) > place and callable(args[place]):
                convert = find_conversion(cls.__name__, signal.partition("::")[0].replace("_", "-"))
                func = Callback(args[place]) if convert is None else Handler(args[place], convert)
                args = *args[:place], func, *args[place + 1:]
            return native(self, signal, *args)

        connect.__name__ = connect.__qualname__ = name
        setattr(cls, name, connect)

    for name in ("connect", "connect_after", "connect_object", "connect_object_after"):
        replace(name, 0)


# --- Virtual functions ---

class VirtualFunction:
    """A virtual function that a class of Python overrides: Python calls it as it is, and the library this object."""

    def __init__(self, func, convert, unit):
        self.func = func
        self.convert = convert
        self.unit = unit

    def __get__(self, instance, owner):
        return self.func.__get__(instance, owner)

    def __call__(self, instance, *args):
        try:
            args = self.convert(instance, *args)
            if self.unit is None:
                return Callback(self.func)(*args)
            return self.unit.to_c(self.func(*args))
        finally:
            del instance, args


def list_virtual(native):
    """Gives the names of the virtual functions of @native, each with the times that it takes and gives."""
    own = units.FUNCTIONS.get(native.__name__, {})
    names = [name for name in dir(native) if name.startswith("do_") and not hasattr(GObject.Object, name)]
    return {name: own.get(name, {}) for name in names}


def convert_nothing(*args):
    return args


def replace_virtual(cls):
    """Lets the library call in its own way what classes that are derived from @cls, an override, override.

    PyGObject finds a virtual function in the introspected class, which keeps it. What stands in front of it in @cls
    must come when the class is there, or it would be taken for an implementation of that class.
    """
    native = getattr(Tend, cls.__name__)
    virtual = list_virtual(native)
    for name, own in virtual.items():
        setattr(cls, name, call_virtual(native, name, own))

    @classmethod
    def __init_subclass__(derived, **named):
        super(cls, derived).__init_subclass__(**named)
        for name, own in virtual.items():
            func = derived.__dict__.get(name)
            if callable(func) and not isinstance(func, VirtualFunction):
                convert = find_conversion(cls.__name__, name.removeprefix("do_").replace("_", "-"))
                setattr(derived, name, VirtualFunction(func, convert or convert_nothing, own.get("return")))

    cls.__init_subclass__ = __init_subclass__
    return cls


def call_virtual(native, name, own):
    """Gives what calls the implementation of the library, with what Python has."""
    def call(self, *args):
        args = units.convert_all(args, own, "to_c")
        if name == "do_task_failed" and not isinstance(args[1], GLib.Error):
            args[1] = errors.pack_exception_for(*args)
        try:
            result = getattr(native, name)(self, *args)
        finally:
            del self, args
        return units.convert_result(result, own["return"]) if "return" in own else result

    return functools.update_wrapper(call, getattr(native, name), assigned=("__name__", "__doc__"), updated=())


def install():
    for table, make in ((CALLBACKS, Callback), (SCOPE, ScopeCallback)):
        for class_name, functions in table.items():
            for name, place in functions.items():
                replace_callback(getattr(Tend, class_name), name, place, make)
    for class_name in EMITTERS:
        replace_connect(getattr(Tend, class_name))


install()
