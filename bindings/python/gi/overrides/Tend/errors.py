# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Exceptions on their way through the library, as a GError, and back.

A GLib.Error goes as it is. For any other exception goes a GError of a domain of its own, whose code is a
number that finds the exception again, also in a copy that the library has handed on.
"""

import asyncio
import builtins
import collections
import gc
import itertools
import re
import sys
import traceback
import weakref

from gi.repository import Gio, GLib

from .base import Tend, say_cancelled
from .values import Kept, keep

DOMAIN = GLib.quark_to_string(Tend.exception_error_quark())
IO = Gio.io_error_quark()
TASK = Tend.error_quark()

# What was thrown, by its number, and by what the task prints as. The tasks keep it.
thrown = weakref.WeakValueDictionary()
numbers = itertools.count(1)

# What was thrown by tasks that the garbage collector has found, by their numbers, or by what they print as: the library
# is about to report it. Each is an exception, or None, and its traceback as text.
last_words = {}
MAX_LAST_WORDS = 20


class _Coded:
    """What a GLib.Error has, for exceptions that cannot be one by their layout or their place."""

    def _set(self, message, domain, code):
        self.domain = GLib.quark_to_string(domain)
        self.code = int(code)
        return self

    def matches(self, domain, code):
        """Whether the error has this domain, a string or a quark, and this code."""
        if not isinstance(domain, str):
            domain = GLib.quark_to_string(domain)
        return (self.domain, self.code) == (domain, code)


class CancelledError(_Coded, asyncio.CancelledError):
    """The task that was awaited, or that awaits, was cancelled: G_IO_ERROR_CANCELLED.

    Not an Exception, as in asyncio, so that no body swallows it by mistake.
    """

    def __init__(self, message="Operation: cancelled"):
        super().__init__(message)
        self.message = message
        self._set(message, IO, Gio.IOErrorEnum.CANCELLED)


class TimeoutError(GLib.Error, builtins.TimeoutError):
    """Something did not end in time: G_IO_ERROR_TIMED_OUT."""

    def __init__(self, message="Operation: timed out"):
        super().__init__(message, GLib.quark_to_string(IO), int(Gio.IOErrorEnum.TIMED_OUT))


class SeveralErrors(_Coded, ExceptionGroup, GLib.Error):
    """Several errors at once, those of the tasks of a group: TEND_ERROR_SEVERAL.

    Its exceptions are those that the tasks have thrown; a cancelled one counts as a GLib.Error here.
    """

    def __new__(cls, message, exceptions):
        return super().__new__(cls, message, exceptions)

    def __init__(self, message, exceptions):
        self._set(message, TASK, Tend.Error.SEVERAL)

    def __str__(self):
        return self.message

    def derive(self, exceptions):
        return type(self)(self.message, exceptions)


def format_exception(exception):
    return "".join(traceback.format_exception(exception)).rstrip()


class Thrown(Kept):
    """What a task has thrown."""

    __slots__ = ("is_observed", "key", "task")

    def __init__(self, exception, task):
        super().__init__(exception)
        self.is_observed = isinstance(exception, asyncio.CancelledError)  # nobody reports a cancellation
        self.task = task    # what it prints as
        self.key = task     # or the number of the exception

    def __del__(self):
        # Where the garbage collector finds a cycle, this runs before the task is finalized, which then reports.
        if not self.is_observed and self.key is not None and not sys.is_finalizing():
            self.leave(format_exception(self.value))
            while len(last_words) > MAX_LAST_WORDS:
                del last_words[next(iter(last_words))]

    def leave(self, text):
        """Leaves the exception for what follows at once. Its traceback, by which it keeps its task, becomes a note."""
        self.value.add_note(text)
        last_words[self.key] = self.value, text
        for each in list_contexts(self.value):
            each.__traceback__ = None  # which may be what frees the task


def forget_last_words(phase, info):
    """Keeps no exception beyond the collection that has found its task: that may keep the task in other ways."""
    if phase == "stop":
        for task, (_, text) in last_words.items():
            last_words[task] = None, text


gc.callbacks.append(forget_last_words)


def list_contexts(exception):
    """Gives @exception, what was handled when it was thrown, and so on."""
    chain = []
    while exception is not None and all(each is not exception for each in chain):
        chain.append(exception)
        exception = exception.__context__
    return chain


def is_fatal(exception):
    """Whether it is to end the program, and is never wrapped."""
    return isinstance(exception, (KeyboardInterrupt, SystemExit))


def is_ending(exception):
    """Whether it says that somebody has ended a task on purpose, which nobody need be told."""
    return isinstance(exception, asyncio.CancelledError) or isinstance(exception, GLib.Error) and (
        exception.matches(IO, Gio.IOErrorEnum.CANCELLED) or exception.matches(TASK, Tend.Error.STOPPED))


def describe(exception):
    """Gives the type and the text of @exception, as far as it has one, as C can have it."""
    try:
        text = str(exception)
    except Exception:
        text = "<exception str() failed>"
    return f"{type(exception).__name__}: {text}".encode(errors="backslashreplace").decode().replace("\0", "\\0")


def pack_exception(thrower, exception):
    """Gives the GError that stands for @exception, and what has to be kept for that."""
    kept = Thrown(exception, thrower.to_string() if isinstance(thrower, Tend.Task) else None)
    if isinstance(exception, GLib.Error) and not isinstance(exception, SeveralErrors):
        error = exception
    elif isinstance(exception, asyncio.CancelledError):
        message = getattr(exception, "message", None) or str(exception) or (
            say_cancelled(thrower) if kept.task is not None else "Operation: cancelled")
        error = GLib.Error.new_literal(IO, message, Gio.IOErrorEnum.CANCELLED)
    else:
        number = next(numbers) % GLib.MAXINT32
        error = GLib.Error(describe(exception), DOMAIN, number)
        thrown[number] = kept
        kept.key = number

    if kept.task is not None:
        thrown[kept.task] = kept
    return error, kept


def pack_exception_for(owner, exception):
    """Gives the GError that stands for @exception, and lets @owner, a task perhaps, keep the exception."""
    if not isinstance(exception, BaseException):
        raise TypeError(f"an error is an exception, and not {exception!r}")
    error, kept = pack_exception(owner, exception)
    keep(owner, kept)
    owner.__dict__.setdefault("_failure", kept)
    return error


def is_same(error, exception):
    """Whether @exception, that a task has thrown, is why it ended with @error."""
    if isinstance(exception, asyncio.CancelledError):
        return error.matches(IO, Gio.IOErrorEnum.CANCELLED)

    return (isinstance(exception, GLib.Error) and not isinstance(exception, SeveralErrors) and
            (exception.domain, exception.code, exception.message) == (error.domain, error.code, error.message))


def unpack_error(error, own=None):
    """Gives the exception that @error stands for; @own is what the task itself has thrown, or None."""
    if error.domain == DOMAIN:
        kept = thrown.get(error.code)
        if kept is None:
            return error
        kept.is_observed = True
        return kept.value

    exception = own.value if own is not None and is_same(error, own.value) else error
    if error.matches(IO, Gio.IOErrorEnum.CANCELLED) and not isinstance(exception, asyncio.CancelledError):
        return CancelledError(error.message).with_traceback(exception.__traceback__)
    if error.matches(IO, Gio.IOErrorEnum.TIMED_OUT) and exception is error:
        return TimeoutError(error.message)

    return exception


class Matching:
    """Finds the exceptions of the tasks that another stands for by what they are in C: for those that have no number."""

    def __init__(self, task):
        self.found = {}
        seen, waiting = set(), collections.deque([task])
        while waiting:
            task = waiting.popleft()
            kept = task.__dict__.get("_failure")
            if kept is None:
                fresh = [each for each in task.__dict__.get("_sources", ()) if each not in seen]
                seen.update(fresh)
                waiting.extend(fresh)
            elif isinstance(kept.value, GLib.Error) and not isinstance(kept.value, SeveralErrors):
                self.found.setdefault(self.get_key(kept.value), collections.deque()).append(kept)

    def get_key(self, error):
        return error.domain, error.code, error.message

    def take(self, error):
        """Gives what was thrown as @error, each once, or None."""
        found = self.found.get(self.get_key(error))
        return found.popleft() if found else None


def unpack_several(task, error):
    """Gives the exception for the error of @task that has those of others as its parts."""
    exceptions, matching = [], None
    for part in Tend.Task.list_errors(task):
        if part.domain != DOMAIN and matching is None:
            matching = Matching(task)
        exception = unpack_error(part, matching and matching.take(part))
        if is_fatal(exception):
            return exception
        # What groups exceptions takes nothing else, neither from asyncio nor from here.
        exceptions.append(exception if isinstance(exception, Exception) else part)

    return SeveralErrors(error.message, exceptions)


def get_exception(task):
    """Gives the exception of the ended @task, the same each time, or None; it counts as observed."""
    error = Tend.Task.get_error(task)
    if error is None:
        return None

    kept = task.__dict__.get("_failure")
    if kept is not None:
        kept.is_observed = True

    if "_raised" not in task.__dict__:
        if error.matches(TASK, Tend.Error.SEVERAL):
            exception = unpack_several(task, error)
        elif kept is None and error.domain != DOMAIN and "_sources" in task.__dict__:
            exception = unpack_error(error, Matching(task).take(error))
        else:
            exception = unpack_error(error, kept)
        task._raised = exception, exception.__traceback__

    return task._raised[0]


def unpack_error_of(task, error):
    """Gives the exception for @error, of @task or of one of its runs, to somebody who is told of it."""
    if task.is_ended():
        return get_exception(task)
    kept = task.__dict__.get("_failure")
    if kept is not None:
        kept.is_observed = True
    return unpack_error(error, kept)


def raise_exception(task):
    """Raises the exception of @task: from where the task has thrown it, however often it was raised since."""
    get_exception(task)
    exception, origin = task._raised
    raise exception.with_traceback(origin)


# --- Errors that nobody observed ---

def warn(message):
    GLib.log_variant("Tend", GLib.LogLevelFlags.LEVEL_WARNING, GLib.Variant("a{sv}", {
        "MESSAGE": GLib.Variant("s", message),
        "GLIB_DOMAIN": GLib.Variant("s", "Tend"),
    }))


def report(task, exception, origin, text=None):
    """Says what the library says by default, and where the exception comes from."""
    name, number = re.fullmatch(r"Task\((?:('.*'), )?(\d+)\)", task, re.DOTALL).groups()
    message = (f"Task {name or number}: nobody observed its error; it was made at {origin}: "
               f"{describe_short(exception)}")
    warn("\n".join(filter(None, (message, text))))


def describe_short(exception):
    """Gives the text of @exception as the library has it."""
    return exception.message if isinstance(exception, GLib.Error) else describe(exception)


class Listener:
    """What is told the errors that nobody observed: a function of the program, or what logs them."""

    def __init__(self):
        self.func = None
        self.data = ()

    def tell(self, task, exception, origin, text=None):
        if self.func is None:
            report(task, exception, origin, text or format_exception(exception))
        else:
            self.func(task, exception, origin, *self.data)

    def tell_of(self, task, error, origin, *_):
        """Is called by the library, with what the task prints as and its GError."""
        kept = thrown.get(task)
        saved, text = last_words.pop(error.code if error.domain == DOMAIN else task, (None, None))
        if kept is not None:
            kept.is_observed = True
        exception = unpack_error(error, kept) if saved is None else saved
        if kept is None and text is not None and exception is not saved:
            exception.add_note(text)
        self.tell(task, exception, origin, text)


listener = Listener()


def tell_unobserved(task, exception):
    """Tells of @exception, which @task has thrown when nobody could be told of it any more."""
    listener.tell(task.to_string(), exception, task.dup_origin())


def set_unobserved_func(func, *user_data):
    """Sets what is told the exception of a failed task that was dropped with nobody having read it.

    It is called with what the task prints as, the exception, and where the task was made. None restores the
    default, which logs a warning with the traceback.
    """
    listener.func, listener.data = func, user_data
    Tend.set_unobserved_func(listener.tell_of)  # again, in the place of one that was set in C


Tend.set_unobserved_func(listener.tell_of)
