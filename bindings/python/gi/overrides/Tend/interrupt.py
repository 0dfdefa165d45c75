# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What ends a program early: Ctrl-C, sys.exit(), and what handlers of signals throw.

While a thread runs the main context in Tend.run(), in wait_sync() or in an event loop, it has an interrupt. That is
given what is to end the program, wherever it was thrown, and ends the main part, which may clean up.
"""

import _signal
import contextlib
import functools
import os
import signal
import sys
import threading

from gi.repository import GLib
from gi._ossighelper import sigint_handler_is_default

from .base import Tend
from .errors import get_exception, is_fatal, list_contexts, raise_exception
from .stepping import stepping


SIGNALS = [int(signum) for signum in signal.Signals]


class Interrupt:
    """Cancels the main task when the program is to end, and stops it on the second Ctrl-C."""

    def __init__(self, task):
        self.task = task
        self.exception = None
        self.is_optional = False    # as with Ctrl-C, after which the main task may complete all the same
        self.second = None          # what is thrown into whatever computes on the second Ctrl-C
        self.left = ()              # what is waited for after its end

    def end_with(self, exception):
        """Ends the main task; gives whether @exception is what has ended it, and so will be raised."""
        if self.exception is None:
            self.exception = exception
            self.cancel()
        elif exception is self.second:
            self.stop()
            return True
        return self.exception is exception

    def cancel(self):
        self.task.cancel()

    def stop(self):
        for task in (*self.list_tasks(), *self.left):
            task.stop()

    def list_tasks(self):
        return (self.task,)

    def handle(self, frame):
        """Is told of Ctrl-C, which has come while @frame ran."""
        if self.exception is None:
            self.is_optional = not self.task.is_ended()
            self.end_with(KeyboardInterrupt())
        elif is_of_program(frame):
            # It computes, and would hear of nothing.
            self.second = KeyboardInterrupt()
            raise self.second
        else:
            self.stop()

    def run(self):
        """Runs the main context until the main task has ended."""
        while not self.task.is_ended():
            try:
                Tend.Task.wait_sync(self.task)
            except GLib.Error:
                if not self.task.is_ended():
                    raise
            except BaseException as exception:
                # A handler of a signal, which ran as the wait came to its end.
                self.end_with(exception)

    def conclude(self):
        """Gives the result of the main task, or raises."""
        failure = get_exception(self.task)
        exception = self.get_exception(failure)
        if exception is None:
            return self.task.result
        if exception is failure:
            raise_exception(self.task)
        raise exception

    def get_exception(self, failure):
        """Gives what is to be raised in the end: @failure is the exception of the main task, or None."""
        if self.exception is None:
            return failure
        if failure is self.second is not None:
            return failure
        if self.task.get_status() == Tend.TaskStatus.FAILED:
            # As with "finally": what the clean-up throws comes first, and says what it has come in the way of.
            chain = list_contexts(failure)
            if all(each is not self.exception for each in chain) and failure is not self.exception.__context__:
                chain[-1].__context__ = self.exception
            return failure
        return None if failure is None and self.is_optional else self.exception


def is_of_program(frame):
    """Whether @frame may be left by an exception: it is not of PyGObject, which would abort, and not one of ours."""
    return frame is not None and not frame.f_globals.get("__name__", "").startswith("gi.")


def handle(signum, frame):
    if stepping.interrupt is not None:
        stepping.interrupt.handle(frame)
    else:
        signal.default_int_handler(signum, frame)


def is_of_handler(exception):
    """Whether the handler of a signal has thrown it: that may run anywhere, and means the program."""
    codes = set()
    trace = exception.__traceback__
    while trace is not None:
        codes.add(trace.tb_frame.f_code)
        trace = trace.tb_next
    return any(getattr(_signal.getsignal(signum), "__code__", None) in codes for signum in SIGNALS)


def end_with(exception):
    """Ends what this thread runs with @exception, if that is to end the program; gives whether it does."""
    interrupt = stepping.interrupt
    return (interrupt is not None and (is_fatal(exception) or is_of_handler(exception)) and
            interrupt.end_with(exception))


# --- Signals ---

def watch_signals(reader, outer, interrupt):
    """Gives what is called, by next(), when a signal has come: a generator, where its handler runs within the "try".

    A function would be left before its first line. @outer is a descriptor that another loop wants to be told by.
    """
    while True:
        try:
            yield True
            data = os.read(reader, 4096)
            if outer >= 0:
                os.write(outer, data)
        except GeneratorExit:
            return
        except BlockingIOError:
            pass
        except BaseException as exception:
            if not interrupt.end_with(exception):
                print_exception(exception)


@contextlib.contextmanager
def noticing_signals(interrupt, context):
    """Has a signal wake @context, so that its handler of Python runs, and what that throws go to @interrupt."""
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    outer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watch = watch_signals(reader, outer, interrupt)
    next(watch)
    source = GLib.unix_fd_source_new(reader, GLib.IOCondition.IN)
    source.set_priority(GLib.PRIORITY_HIGH)  # before callbacks of others, where the handler would run otherwise
    source.set_callback(functools.partial(next, watch))
    source.attach(context)
    try:
        yield
    finally:
        source.destroy()
        now = signal.set_wakeup_fd(outer)
        if now != writer:
            signal.set_wakeup_fd(now)  # somebody else's, from within
        os.close(writer)
        os.close(reader)


@contextlib.contextmanager
def handling_ctrl_c():
    """Has Ctrl-C go to the innermost interrupt, unless the program has its own idea of that."""
    if not sigint_handler_is_default():
        yield
        return

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)


# --- What is thrown elsewhere ---

def forget_last():
    """Lets go of what was printed last, unless there is somebody to debug it: by its frames it keeps tasks alive."""
    if not hasattr(sys, "ps1"):
        sys.last_type = sys.last_value = sys.last_traceback = None


def print_exception(exception):
    """Prints it as PyGObject does, but does not keep it."""
    sys.excepthook(type(exception), exception, exception.__traceback__)


@contextlib.contextmanager
def catching(interrupt):
    """Gives @interrupt what is to end the program, wherever this thread throws it, also in a callback of GLib's."""
    def told(cls, exception, trace):
        if not end_with(exception):
            hook(cls, exception, trace)
        forget_last()

    is_main = threading.current_thread() is threading.main_thread()
    outer, stepping.interrupt = stepping.interrupt, interrupt
    hook = sys.excepthook  # which PyGObject calls for what a callback throws, but not for SystemExit
    if is_main:
        sys.excepthook = told
    try:
        yield interrupt
    finally:
        stepping.interrupt = outer
        if sys.excepthook is told:
            sys.excepthook = hook


@contextlib.contextmanager
def interrupting(interrupt, context):
    """Has @interrupt hear of all that is to end the program, while @context runs."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(catching(interrupt))
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(noticing_signals(interrupt, context))
            stack.enter_context(handling_ctrl_c())
        yield interrupt
