# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a coroutine can await besides a task, and what makes a task of a coroutine."""

import asyncio
import sys

from gi.repository import GLib

from . import driver
from .base import Tend
from .task import Task, operate


def spawn(func, *args, name=None, **settings):
    """Gives a started task whose body is @func(*@args), or a coroutine or generator that exists already."""
    return Task.run(name, func, *args, **settings)


async def sleep(seconds):
    """Waits in a coroutine for so many seconds; 0 is the next turn of the loop."""
    delay = Tend.Task.run_delay(seconds)
    try:
        await delay
    finally:
        delay.cancel()


async def wait_fd(fd, condition=GLib.IOCondition.IN):
    """Waits in a coroutine until a descriptor is ready, or a file or socket, and gives the conditions that it is in."""
    ready = Tend.Task.run_fd(None, fd if isinstance(fd, int) else fd.fileno(), condition)
    try:
        return GLib.IOCondition(await ready)
    finally:
        ready.cancel()


def get_task(awaitable):
    """Gives the task that @awaitable is, or a started one that awaits it."""
    if isinstance(awaitable, Tend.Task):
        return awaitable
    if isinstance(awaitable, driver.COROUTINES):
        return spawn(awaitable)
    return spawn(forward, awaitable)


async def forward(awaitable):
    return await awaitable


async def end(task):
    """Cancels @task and waits for its end, whatever else comes meanwhile; raises what its clean-up throws."""
    task.cancel()
    cancelled = None
    while not task.is_ended():
        try:
            await task.with_cancellable(None)
        except asyncio.CancelledError as exception:
            if not task.is_ended():
                cancelled = exception
        except Exception:
            pass  # which is that of the task
    if task.get_status() == Tend.TaskStatus.FAILED:
        raise task.exception
    if cancelled is not None:
        raise cancelled


async def wait_for(awaitable, seconds):
    """Awaits @awaitable, but cancels it after so many seconds, and then raises TimeoutError.

    It is cancelled too where the one who awaits it is. What its clean-up throws is raised instead. If it completes all
    the same, its result is not lost: that is returned.
    """
    task = get_task(awaitable)
    limited = task if seconds is None else task.with_timeout(seconds)
    try:
        return await limited
    except (Exception, asyncio.CancelledError) as exception:
        if not task.is_ended():
            give_up(limited, task)
            await end(task)
        if task.get_status() != Tend.TaskStatus.COMPLETED:
            raise
        if isinstance(exception, asyncio.CancelledError):
            driver.cancel_next_wait()
        return task.result
    except BaseException:
        give_up(limited, task)
        task.cancel()
        raise


def give_up(limited, task):
    """Ends the wait for @task. Nobody need be told that it is late: who has waited knows, or has ended otherwise."""
    if limited is not task and not task.is_ended():
        limited.cancel()
        limited.get_error()


async def shield(awaitable):
    """Awaits @awaitable, which goes on where the one who awaits it is cancelled."""
    return await get_task(awaitable).with_cancellable(None)


async def checkpoint():
    """Waits while the current task is paused."""
    task = Task.get_current()
    while task.is_paused():
        goes_on = Tend.Completion.new(None)
        task.add_timer(0, None, lambda *_: goes_on.set_value(None) and False)
        await goes_on.get_task()


# --- GIO ---

def find_finish(func, source):
    """Finds the function of GIO that finishes what @func has begun, by its name."""
    name = func.__name__.removesuffix("_async") + "_finish"
    container = getattr(func, "get_container", lambda: None)()
    if source is not None and hasattr(source, name):
        return getattr(source, name)
    if hasattr(func, "__self__"):
        return getattr(func.__self__, name)

    module = sys.modules[f"gi.repository.{func.get_namespace()}"]
    return getattr(module if container is None else getattr(module, container.get_name()), name)


async def gio(func, *args, cancellable=None, finish=None):
    """Awaits any asynchronous function of GIO: `await Tend.gio(file.load_contents_async)`.

    @args are those in front of the cancellable. That of the current task is given if there is no other, and then
    the operation is waited for until it is finished, also where it is cancelled. The function that finishes is
    found by its name, or is @finish, which takes the result. A function with more between the two callbacks, such as
    that of progress, is called by one of yours that takes the cancellable and the callback, and needs @finish.
    """
    def finished(source, result):
        return (finish or find_finish(func, source))(result)

    return await operate(getattr(func, "__name__", None), func, args, finished, cancellable)
