# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Exceptions on their way through the library, as a GError, and back.

A GLib.Error goes as it is. For any other exception goes a GError of a domain of its own, whose code is a
number that finds the exception again, also in a copy that the library has handed on.
"""

import asyncio
import atexit
import builtins
import collections
import contextlib
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

# Those whose exceptions a task hands on, by what that prints as.
handed_on = weakref.WeakValueDictionary()


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


class Collection:
    """What a run of the garbage collector has found.

    It finalizes all of that before it frees the first task, which then is reported. By then weak references are gone,
    so what is found leaves here what the report needs.
    """

    MAX_TEXTS = 20

    def __init__(self):
        self.is_running = False
        self.words = {}     # the exception, or None, and its traceback as text, by the keys of Thrown
        self.handed = {}    # the keys of what a task hands on, by what that prints as
        gc.callbacks.append(self.notice)

    def notice(self, phase, info):
        self.is_running = phase == "start"
        if self.is_running or not self.words and not self.handed:
            return
        # A task that was found and not freed will be found again. Nothing must keep it from that.
        texts = list(self.words.items())[-self.MAX_TEXTS:]
        self.words = {key: (None, text) for key, (_, text) in texts}
        self.handed = {}


collection = Collection()


@atexit.register
def report_rest():
    """Reports the errors of the tasks that live until the program ends: where Python frees them, none is reported."""
    gc.collect()
    for each in gc.get_objects():
        if issubclass(type(each), Tend.Task) and each.get_status() == Tend.TaskStatus.FAILED:
            each.run_dispose()


class Thrown(Kept):
    """What a task has thrown."""

    __slots__ = ("is_observed", "key", "task", "trace")

    def __init__(self, exception, task):
        super().__init__(exception)
        self.is_observed = isinstance(exception, asyncio.CancelledError)  # nobody reports a cancellation
        self.task = task    # what it prints as
        self.key = task     # or the number of the exception
        self.trace = None

    def __del__(self):
        if collection.is_running and not self.is_observed and self.key is not None and not sys.is_finalizing():
            self.leave(format_exception(self.value))

    def leave(self, text):
        """Leaves the exception for the report. Its traceback, by which it keeps its task, becomes a note."""
        self.value.add_note(text)
        collection.words[self.key] = self.value, text
        for each in list_contexts(self.value):
            trace, each.__traceback__ = each.__traceback__, None
            self.take(trace)

    def take(self, trace):
        """Takes a trace along, so that nothing is freed before all that the collector has found has left what it has.

        A list of them would be new to the collector, which would take all in it for alive.
        """
        if self.trace is None:
            self.trace = trace
            return
        last = self.trace
        while last.tb_next is not None:
            last = last.tb_next
        with contextlib.suppress(ValueError):  # where it is in the chain already
            last.tb_next = trace


class Sources(list):
    """The tasks whose exceptions another hands on."""

    __slots__ = ("__weakref__", "is_observed", "task")

    def __init__(self, tasks=()):
        super().__init__(tasks)
        self.is_observed = False
        self.task = None  # what that prints as

    def belong_to(self, task):
        self.task = task.to_string()
        handed_on[self.task] = task._sources = self

    def list_leaves(self):
        """Gives the tasks that stand for no others, among these and those that these stand for."""
        found, seen, waiting = [], set(self), collections.deque(self)
        while waiting:
            task = waiting.popleft()
            sources = task.__dict__.get("_sources")
            if sources is None or "_failure" in task.__dict__:
                found.append(task)
                continue
            fresh = [each for each in sources if each not in seen]
            seen.update(fresh)
            waiting.extend(fresh)
        return found

    def list_thrown(self):
        """Gives what they have thrown."""
        attributes = (task.__dict__ for task in self.list_leaves())
        return [each["_failure"] for each in attributes if "_failure" in each]

    def list_keys(self):
        """Gives the keys of that, and how many have failed otherwise."""
        leaves = self.list_leaves()
        others = [task for task in leaves if "_failure" not in task.__dict__]
        return ([task.__dict__["_failure"].key for task in leaves if "_failure" in task.__dict__],
                sum(task.get_status() == Tend.TaskStatus.FAILED for task in others))

    def __del__(self):
        if collection.is_running and self.task is not None and not self.is_observed and not sys.is_finalizing():
            collection.handed[self.task] = self.list_keys()


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
    """Finds what @sources have thrown by what it is in C: for those that have no number."""

    def __init__(self, sources):
        self.found = {}
        for kept in sources.list_thrown():
            if isinstance(kept.value, GLib.Error) and not isinstance(kept.value, SeveralErrors):
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
            matching = Matching(task.__dict__.get("_sources", Sources()))
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

    kept, sources = task.__dict__.get("_failure"), task.__dict__.get("_sources")
    for each in (kept, sources):
        if each is not None:
            each.is_observed = True

    if "_raised" not in task.__dict__:
        if error.matches(TASK, Tend.Error.SEVERAL):
            exception = unpack_several(task, error)
        elif kept is None and error.domain != DOMAIN and sources is not None:
            exception = unpack_error(error, Matching(sources).take(error))
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
        key = error.code if error.domain == DOMAIN else task
        if key in thrown:
            # Who heard of it may have done so from another task that hands it on.
            if not thrown[key].is_observed:
                thrown[key].is_observed = True
                self.tell(task, unpack_error(error, thrown[key]), origin)
            return

        exception, text = collection.words.pop(key, (None, None))
        if exception is None:
            exception = find_handed(task, error)
            if exception is None:
                return
            if text is not None:
                exception.add_note(text)
        self.tell(task, exception, origin, text)


def take(key):
    """Gives what is told now, or None if somebody was told of it."""
    kept = thrown.get(key)
    if kept is None:
        return collection.words.pop(key, (None, None))[0]
    if kept.is_observed:
        return None
    kept.is_observed = True
    return kept.value


def is_of(key, error):
    """Whether @error is what was thrown by this key."""
    exception = thrown[key].value if key in thrown else collection.words.get(key, (None, None))[0]
    return exception is not None and is_same(error, exception)


def find_handed(task, error):
    """Gives the exception for an error that @task, as it prints, may have from others, or None if that was told."""
    sources = handed_on.get(task)
    if sources is not None:
        sources.is_observed = True
        keys, n_others = sources.list_keys()
    else:
        keys, n_others = collection.handed.pop(task, ((), 1))

    if error.matches(TASK, Tend.Error.SEVERAL):
        exceptions = [each for each in map(take, keys) if isinstance(each, Exception)]
        if exceptions:
            return SeveralErrors(error.message, exceptions)
        return unpack_error(error) if n_others > 0 else None

    key = next((key for key in keys if is_of(key, error)), None)
    return unpack_error(error) if key is None else take(key)


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
