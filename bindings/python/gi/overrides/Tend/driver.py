# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The bodies of tasks: functions, and what drives the coroutines that they return.

A coroutine goes on within a driver, which waits for what the coroutine awaits. The task is the thread's current
one meanwhile. A coroutine that awaits what has ended goes on at once, in a loop and not by recursion.

The body is an attribute of its task, and not data of the callback that the library has, since the garbage
collector would not look into that.
"""

import asyncio
import contextvars
import ctypes
import sys
import types

from gi.repository import Gio, GLib, GObject

from . import callbacks, errors, values
from .base import Tend, head, say_cancelled
from .errors import CancelledError
from .interrupt import end_with
from .stepping import stepping

COROUTINES = (types.CoroutineType, types.GeneratorType)
MAX_UNWINDING = 100  # how many times a stopped coroutine may wait once more


class Stopped(BaseException):
    """What a coroutine sees whose task was stopped: only for "finally", and for who cleans up and raises it again.

    Not GeneratorExit: with that, Python would not let clean-up of an inner coroutine get as far as awaiting
    something, and would raise an Exception from there.
    """


# --- Results ---

def settle(task, value):
    """Ends a run of the body of @task with @value."""
    packed, kept = values.pack(value)
    if kept is not None or "_result" in task.__dict__:
        task._result = kept
    Tend.Task.return_value(task, packed)


def end_run(task, *_):
    """Has Tend.run() of this thread end with what @task has thrown, if that is to end the program.

    It is the exit handler of a task whose body runs in another thread, where no Tend.run() is to be seen.
    """
    failure = task.__dict__.get("_failure")
    if failure is not None and end_with(failure.value):
        errors.get_exception(task)  # which Tend.run() raises: nobody need be told again


def settle_with_exception(task, exception):
    """Ends a run of the body of @task with what it has thrown."""
    drop_first_frame(exception)
    if task.is_ended():
        tell_late(task, exception)
        return
    error, task._failure = errors.pack_exception(task, exception)
    Tend.Task.return_error(task, error)
    end_run(task)


def drop_first_frame(exception):
    """Forgets our own frame, which would make a cycle of every task that failed."""
    if exception.__traceback__ is not None:
        exception.__traceback__ = exception.__traceback__.tb_next


def tell_late(task, exception):
    """Tells of what was thrown when @task had ended otherwise, which is not what it was ended with."""
    if not isinstance(exception, Stopped) and not errors.is_ending(exception) and not end_with(exception):
        errors.tell_unobserved(task, exception)


def get_result(task):
    """Gives the result of the ended @task, or raises."""
    try:
        packed = Tend.Task.get_result(task)
    except GLib.Error:
        if not task.is_ended():
            raise
    else:
        return values.unpack(packed, task.__dict__.get("_result"))
    errors.raise_exception(task)


def get_outcome(task):
    """Gives the result and the exception of the ended @task, one of which is None."""
    try:
        return get_result(task), None
    except BaseException as exception:
        exception.__traceback__ = exception.__traceback__.tb_next
        return None, exception


# --- Bodies ---

def give(value):
    """The body of a task that is given a coroutine."""
    return value


def take_body(task):
    """Gives the body of @task: its context, function, arguments, and what has collected it already.

    What runs once is not kept beyond that.
    """
    body = task._body
    if task.get_interval() is None:
        del task._body
    return body


def run(task, *_):
    """The body that the library knows: calls that of Python, which is an attribute of the task."""
    context, func, args, collected = take_body(task)
    started, running = stepping.started, stepping.running
    if started is not None and started is not collected:
        started.add(task)
    running.append(task)
    failure = None
    try:
        value = context.run(func, *args)
        if isinstance(value, COROUTINES):
            Driver(task, context, value).step(None, None)
        else:
            settle(task, value)
    except BaseException as exception:
        failure = exception
    try:
        # Not where the exception is handled: what is thrown by those who hear of the end has nothing to do with it.
        if failure is not None:
            settle_with_exception(task, failure)
    finally:
        running.pop()
        # An exception keeps the frames that it came through, and so would keep its own task.
        del func, args, task, failure
    return True


def run_in_thread(task, *_):
    """The same for a body in a worker thread, where nothing can be awaited."""
    context, func, args, _ = take_body(task)
    try:
        value = context.run(func, *args)
        if isinstance(value, COROUTINES):
            value.close()
            raise TypeError("a coroutine cannot run in a thread of the pool, nor can a generator")
    except BaseException as exception:
        drop_first_frame(exception)
        error, task._failure = errors.pack_exception(task, exception)
        Tend.Task.return_error(task, error)
    else:
        settle(task, value)
    finally:
        del func, args, task
    return True


def invoke(context, func):
    """Calls @func once in the thread that runs @context."""
    source = GLib.Idle(priority=GLib.PRIORITY_DEFAULT)
    source.set_callback(lambda *_: func() and False)
    source.attach(context)


class Turn:
    """What lets a turn of the loop pass when it is awaited."""

    def __await__(self):
        yield


class Unhurried:
    """Awaits a task that was given the cancellable of who awaits it, and so hears of that by itself."""

    def __init__(self, task):
        self.task = task

    def __await__(self):
        return (yield self)


async def drive_generator(generator):
    """Runs a generator as a coroutine that awaits what the generator yields; None is a turn of the loop."""
    step, argument = generator.send, None
    while True:
        try:
            awaited = step(argument)
        except StopIteration as stop:
            return stop.value

        try:
            argument = await (Turn() if awaited is None else awaited)
            step = generator.send
        except BaseException as exception:
            step, argument = generator.throw, exception


# --- Coroutines ---

def leave_asyncio():
    """Hides the task of asyncio that has started or ended something, and gives it: it is not that of our coroutine.

    asyncio.timeout(), for one, would cancel it in place of the task that the coroutine is the body of.
    """
    loop = asyncio._get_running_loop()
    task = asyncio.current_task(loop) if loop is not None else None
    if task is not None:
        asyncio.tasks._leave_task(loop, task)
    return task


def cancel_next_wait():
    """Lets the current coroutine, which was told that it is cancelled, hear of that where it waits next."""
    if stepping.driver is not None:
        stepping.driver.is_cancelled = False
    else:
        asyncio.current_task().cancel()


async def close_generator(generator):
    await generator.aclose()


def finalize_generator(generator):
    """Closes an asynchronous generator that was left where it yields: in a task, since its clean-up may await."""
    if not sys.is_finalizing():
        task = Tend.Task.new_open("aclose", run)
        task.set_origin(f"{generator.ag_code.co_filename}:{generator.ag_code.co_firstlineno}")
        task._body = contextvars.copy_context(), close_generator, (generator,), None
        task._is_clean_up = True  # and so is not cancelled at the end of Tend.run()
        task.start()


def was_cancelled(future):
    """Whether @future was cancelled. PyGObject's has an error of GIO then, and reports an error nobody asked for."""
    if hasattr(future, "cancelled"):
        return future.cancelled()
    try:
        exception = future.exception()
    except asyncio.CancelledError as cancelled:
        exception = cancelled
    return isinstance(exception, asyncio.CancelledError) or (
        isinstance(exception, GLib.Error) and exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))


def close_driver(task, *_):
    """Is told of the status of a task that has waited: when the task has ended, nothing of it is to run any more."""
    driver = task._driver if task.is_ended() else None
    if driver is not None and driver.coroutine is not None and not driver.is_running:
        driver.run(driver.close)


class Driver:
    """Runs one coroutine as the body of a task."""

    __slots__ = ("context", "coroutine", "is_cancelled", "is_running", "n_waits", "task", "turn")

    def __init__(self, task, context, coroutine):
        if isinstance(coroutine, types.GeneratorType):
            coroutine = drive_generator(coroutine)
        self.task = task
        self.context = context
        self.coroutine = coroutine  # None when it has ended
        self.n_waits = 0            # which wait it is in: what an earlier one brings is dropped
        self.is_cancelled = False   # the coroutine was told so
        self.is_running = False
        self.turn = None            # the turn of the loop that it waits for last: nobody else keeps it

    def run(self, func, *args):
        """Calls a function that runs code of the coroutine."""
        outer, stepping.driver = stepping.driver, self
        hidden = leave_asyncio()
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, finalize_generator)
        self.is_running = True
        self.task.push_current()
        try:
            self.context.run(func, *args)
        finally:
            stepping.driver = outer
            sys.set_asyncgen_hooks(*hooks)
            if hidden is not None:
                asyncio.tasks._enter_task(hidden.get_loop(), hidden)
            self.is_running = False
            self.task.pop_current()
            # See run() above.
            if self.coroutine is None:
                self.task = None

    def step(self, value, exception):
        """Goes on until the coroutine has ended, or awaits what has not."""
        self.run(self.step_on, value, exception)

    def step_on(self, value, exception):
        ready = value, exception
        while ready is not None:
            ready = self.step_once(*ready)

        # It has stopped its own task, and has come to where it waits.
        if self.coroutine is not None and self.task.is_ended():
            self.close()

    def step_once(self, value, exception):
        """Gives what the coroutine goes on with at once, or None where it waits, or has ended."""
        failure = None
        try:
            if exception is None:
                awaited = self.coroutine.send(value)
            else:
                trace = exception.__traceback__
                awaited = self.coroutine.throw(exception)
                # It is handled. The frames that it came through would live as long as it, and all that is in them.
                exception.__traceback__ = trace
            return None if self.task.is_ended() else self.try_to_wait(awaited)
        except StopIteration as stop:
            result = stop.value
        except BaseException as raised:
            failure = raised
        finally:
            del exception
            trace = None

        # Not where the exception is handled; see run().
        self.coroutine = None
        try:
            if failure is None:
                settle(self.task, result)
            else:
                settle_with_exception(self.task, failure)
        finally:
            del failure

    def close(self):
        """Unwinds the coroutine, where each wait fails at once."""
        coroutine, self.coroutine = self.coroutine, None
        for _ in range(MAX_UNWINDING):
            try:
                coroutine.throw(Stopped())
            except (Stopped, StopIteration):
                return
            except BaseException as exception:
                drop_first_frame(exception)
                tell_late(self.task, exception)
                return

        # Python would go on with it when it frees it, and for ever perhaps: it never does, not even as it exits.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(coroutine))
        tell_late(self.task, RuntimeError(f"{head(self.task)}: the body waits on and on, though it was stopped"))

    # What it can wait for.

    def try_to_wait(self, awaited):
        try:
            return self.wait(awaited)
        except BaseException as exception:  # of what it awaits, which may be anything, or of the handler of a signal
            return None, exception

    def wait(self, awaited):
        """Begins to wait for what the coroutine awaits; gives what is there already, as step_once() does."""
        self.n_waits += 1
        if "_driver" not in self.task.__dict__:
            # Not an exit handler, which is not called where the owner of the task's manager is gone.
            GObject.Object.connect(self.task, "notify::status", close_driver)
        self.task._driver = self

        cancellable = None if self.is_cancelled else self.task.get_cancellable()
        if cancellable is not None and cancellable.is_cancelled():
            return self.tell_cancelled()
        if awaited is None:
            awaited = self.turn = Tend.Task.run_delay(0)
        if isinstance(awaited, Tend.Task):
            return self.wait_for_task(awaited, cancellable)
        if isinstance(awaited, Unhurried):
            return self.wait_for_task(awaited.task, None)
        if getattr(awaited, "_asyncio_future_blocking", None) is not None:
            return self.wait_for_future(awaited, cancellable)

        return None, TypeError(f"{head(self.task)}: cannot await {awaited!r}")

    def tell_cancelled(self):
        self.is_cancelled = True
        return None, CancelledError(say_cancelled(self.task, self.task.get_cancellable().dup_reason()))

    def wait_for_task(self, awaited, cancellable):
        if awaited.is_ended():
            return get_outcome(awaited)
        if awaited == self.task:
            return None, RuntimeError(f"{head(awaited)}: cannot wait for its own end")

        callbacks.wait_async(awaited, cancellable, self.waited, self.n_waits)

    def waited(self, awaited, result, n_waits):
        # In C it has a reference to the task. This frame, which an exception of the task may keep, must not have one.
        del result
        if n_waits != self.n_waits or self.coroutine is None:
            return

        # What has ended with the task that awaits it, by the same deadline say, is not to blame: the task hears of
        # its own end, and once.
        is_news = awaited.is_ended() and (
            self.is_cancelled or not self.task.is_cancelling() or awaited.get_status() == Tend.TaskStatus.COMPLETED)
        self.step(*(get_outcome(awaited) if is_news else self.tell_cancelled()))

    def wait_for_future(self, future, cancellable):
        # What PyGObject's functions give has no more than asyncio's protocol asks for: it does not tell its loop.
        loop = asyncio._get_running_loop()
        if loop is None or loop is not getattr(future, "get_loop", lambda: loop)():
            return None, RuntimeError(f"{head(self.task)}: cannot await {future!r}, whose event loop does not run in "
                                      "this thread; Tend.EventLoop is one that runs both")

        future._asyncio_future_blocking = False
        handler = cancellable.add_handler(lambda *_: self.cancel_future(future)) if cancellable is not None else 0

        def done(future, n_waits=self.n_waits):
            if handler != 0:
                cancellable.remove_handler(handler)
            if n_waits == self.n_waits and self.coroutine is not None:
                is_told = was_cancelled(future) and cancellable is not None and cancellable.is_cancelled()
                self.step(*(self.tell_cancelled() if is_told else (None, None)))

        future.add_done_callback(done)

    def cancel_future(self, future):
        # What the future does of it, clean up or swallow it, is what the coroutine hears of it. When one is cancelled
        # that has ended, asyncio would not tell of its exception any more.
        if not future.done():
            self.is_cancelled = future.cancel() or self.is_cancelled
