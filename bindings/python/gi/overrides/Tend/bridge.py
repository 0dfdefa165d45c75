# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting a task outside of any task: in a coroutine of asyncio, perhaps in another thread."""

import asyncio

from . import driver
from .base import Tend, head


class Ended(asyncio.Future):
    """Has the outcome of a task when that has ended. Cancelling it cancels the task, and its end is waited for."""

    def __init__(self, task, loop):
        super().__init__(loop=loop)
        self.task = task
        self.is_asked = False

    def cancel(self, msg=None):
        if self.done():
            return False
        self.is_asked = True
        self.task.cancel()
        return True

    def set_outcome(self, value, exception):
        if self.done():
            return
        if self.is_asked and isinstance(exception, asyncio.CancelledError):
            # Some in asyncio look for this very class, when they have cancelled something themselves.
            super().cancel()
        else:
            self.set_result((value, exception))


def watch(task, call):
    """Calls @call with the outcome of @task when that has ended, in the thread of the task; both are given up then."""
    # A wait would never end once the owner of the task's manager is gone. The end of one that follows it does.
    follower = Tend.Task.with_cancellable(task, None)

    def ended(*_):
        follower.get_error()  # which is not reported, then: that of the task is told
        call(*(driver.get_outcome(task) if task.is_ended() else driver.get_outcome(follower)))

    follower.wait_async(None, ended)


def relay(task, here):
    """Has @here, a task without a body of this thread, end as @task does, which is of another. Gives @here."""
    def tell(value, exception):
        if exception is None:
            here.return_value(value)
        else:
            here.return_error(exception)

    driver.invoke(task.get_context(), lambda: watch(task, tell))
    return here


def wait(task):
    """Gives the result of @task to a coroutine of asyncio, or raises: to be delegated to with "yield from"."""
    loop = asyncio._get_running_loop()
    is_here = task.is_owner_thread()
    if loop is None:
        raise RuntimeError(f"{head(task)}: awaited where nothing runs that could go on later: neither the "
                           "body of a task, which Tend.run() runs, nor an event loop of asyncio")
    # Loops that run a main context have it there: Tend.EventLoop, and those of PyGObject and of gbulb.
    if is_here and getattr(loop, "_context", None) != task.get_context():
        raise RuntimeError(f"{head(task)}: belongs to this thread, whose event loop does not run the main "
                           "context of GLib: use asyncio.Runner(loop_factory=Tend.EventLoop), or Tend.run()")

    future = Ended(task, loop)
    if is_here:
        watch(task, future.set_outcome)
    else:
        def tell(*outcome):
            loop.call_soon_threadsafe(future.set_outcome, *outcome)

        driver.invoke(task.get_context(), lambda: watch(task, tell))

    value, exception = yield from future
    if exception is not None:
        raise exception
    return value
