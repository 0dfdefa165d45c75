# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The task in Python: what makes one, its result, and and its end."""

import contextvars
import types

from gi.repository import GLib

from . import bridge, callbacks, driver, errors, origin, units, values
from .base import Tend, override
from .interrupt import Interrupt, interrupting
from .stepping import stepping


def set_times(task, delay=None, interval=None, interval_mode=None, keep_going=None, priority=None, timeout=None,
              deadline=None):
    """Sets what the keyword arguments of a constructor say."""
    if delay is not None:
        task.set_delay(delay)
    if interval is not None:
        task.set_interval(interval)
    if interval_mode is not None:
        task.set_interval_mode(interval_mode)
    if keep_going is not None:
        task.set_keep_going(keep_going)
    if priority is not None:
        task.set_priority(priority)
    if timeout is not None:
        task.set_deadline(Tend.get_time() + units.LIMIT.to_c(timeout) / GLib.USEC_PER_SEC)
    if deadline is not None:
        task.set_deadline(deadline)
    return task


def set_body(task, func, args):
    """Gives @task its body, which the function that the library knows calls as @func(*@args)."""
    if isinstance(func, driver.COROUTINES):
        if args:
            raise TypeError(f"{func!r} has its arguments already, and is given {args!r}")
        func, args = driver.give, (func,)
    if not callable(func):
        raise TypeError(f"the body of a task is a function, and not {func!r}")

    started = stepping.started
    task._body = contextvars.copy_context(), func, args, started
    if started is not None:
        started.add(task)
    return origin.note(task, 4)


def new_task(cls, run, name, func, args, settings):
    """Makes a task whose body is @func(*@args), called by the function @run."""
    if run is not driver.run_in_thread:
        return set_times(set_body(Tend.Task.new_open(name, run), func, args), **settings)

    task = Tend.Task.new_thread(name, run)
    callbacks.add_exit_handler(task, driver.end_run)
    return set_times(set_body(task, func, args), **settings)


def begin(name, func, args, finish, cancellable=None):
    """Begins an asynchronous operation; gives a task that ends as the operation does.

    @finish takes the object that calls back, and the result. Cancelling the task cancels the operation.
    """
    task = Task(name)

    def ready(source, result, *_):
        try:
            task.return_value(finish(source, result))
        except Exception as exception:
            task.return_error(exception)
        finally:
            del result  # and what it refers to in C, from a frame that the exception keeps

    func(*args, cancellable or task.get_cancellable(), ready)
    return task


async def operate(name, func, args, finish, cancellable=None):
    """Awaits such an operation.

    Where it is cancelled with the current task, and not by another @cancellable, it is waited for until it has really
    ended: what it brings after all is not lost.
    """
    running = driver.stepping.driver
    if cancellable is not None or running is None or running.is_cancelled:
        return await begin(name, func, args, finish, cancellable)

    return await driver.Unhurried(begin(name, func, args, finish, running.task.get_cancellable()))


def with_sources(task, *sources):
    """Lets @task keep those whose values and exceptions it may hand on."""
    errors.Sources(sources).belong_to(task)
    return origin.note(task, 3)


def start(task):
    try:
        task.start()
        return task
    finally:
        del task  # which the exception of a body that fails at once would keep, with this frame


@override
class Task(Tend.Task):
    """A task whose body is @func(*@args), or without one if there is no @func; see set_times() for the settings."""

    __class_getitem__ = classmethod(types.GenericAlias)  # Tend.Task[int], for annotations

    def __new__(cls, name=None, func=None, *args, **settings):
        if func is not None:
            return new_task(cls, driver.run, name, func, args, settings)
        return set_times(origin.note(Tend.Task.new_open(name, None), 2), **settings)

    def __init__(self, name=None, func=None, *args, **settings):
        # The constructor of the library has done all, and a GObject's knows no positional arguments.
        pass

    def __str__(self):
        return self.to_string()

    def __repr__(self):
        return f"<Tend.{self.to_string()} {self.get_status().value_nick}>"

    @classmethod
    def new(cls, name=None, func=None, *args, **settings):
        return cls(name, func, *args, **settings)

    new_open = run_open = None  # Task(name) has no body and is open; a coroutine that waits needs neither

    @classmethod
    def new_thread(cls, name, func, *args, **settings):
        return new_task(cls, driver.run_in_thread, name, func, args, settings)

    @classmethod
    def run(cls, name, func, *args, **settings):
        return start(cls.new(name, func, *args, **settings))

    @classmethod
    def run_thread(cls, name, func, *args, **settings):
        return start(cls.new_thread(name, func, *args, **settings))

    # Its end.

    def return_value(self, value=None):
        Tend.Task.return_value(self, values.pack_for(self, value))

    def return_error(self, exception):
        Tend.Task.return_error(self, errors.pack_exception_for(self, exception))

    def get_result(self):
        return driver.get_result(self)

    @property
    def result(self):
        return driver.get_result(self)

    def get_error(self):
        return errors.get_exception(self)

    @property
    def exception(self):
        return errors.get_exception(self)

    def list_errors(self):
        exception = errors.get_exception(self)
        return list(getattr(exception, "exceptions", [exception])) if exception is not None else []

    # Its waits.

    def __await__(self):
        if driver.stepping.driver is not None:
            return (yield self if self.is_owner_thread() else bridge.relay(self, Task()))
        if self.is_owner_thread() and self.is_ended():
            return driver.get_result(self)
        return (yield from bridge.wait(self))

    def wait_finish(self, result):
        try:
            return Tend.Task.wait_finish(self, result)
        except GLib.Error:
            if not self.is_ended():
                raise  # the wait was given up
        errors.raise_exception(self)

    def wait_sync(self):
        interrupt = Interrupt(self)
        with interrupting(interrupt, self.get_context()):
            interrupt.run()
        interrupt.conclude()
        return True

    # What follows it.

    def with_cancellable(self, cancellable):
        return with_sources(Tend.Task.with_cancellable(self, cancellable), self)

    def with_timeout(self, timeout):
        return with_sources(Tend.Task.with_timeout(self, timeout), self)

    def with_deadline(self, deadline):
        return with_sources(Tend.Task.with_deadline(self, deadline), self)
