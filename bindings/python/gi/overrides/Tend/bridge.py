# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Awaiting a task outside of any task: in a coroutine of asyncio."""

import asyncio

from gi.repository import GLib

from .base import Tend


def runs_context(loop):
    """Whether @loop runs the main context as well: Tend.EventLoop, gi.events of PyGObject, gbulb."""
    return (getattr(loop, "_tend_context", None) is not None or
            any(cls.__module__.partition(".")[0] in ("gi", "gbulb") for cls in type(loop).__mro__))


def invoke(context, func):
    """Calls @func once in the thread that runs @context."""
    source = GLib.Idle()
    source.set_priority(GLib.PRIORITY_DEFAULT)
    source.set_callback(lambda *_: func() and False)
    source.attach(context)


def watch(task, call):
    """Has call() called when @task has ended, in the thread of the task."""
    # A wait would never end once the owner of the task's manager is gone. The end of one that follows it does.
    follower = task.with_cancellable(None)
    follower.wait_async(None, lambda *_: call())
    # Nobody else looks at the error of the follower.
    return follower


def wait(task):
    """What awaits @task in a coroutine of asyncio: to be delegated to with "yield from"."""
    loop = asyncio._get_running_loop()
    if loop is None:
        raise RuntimeError(f"{task.to_string()} is awaited where nothing runs that could go on later: neither the "
                           "body of a task (Tend.run() runs one) nor asyncio")
    is_here = task.is_owner_thread()
    if is_here and not runs_context(loop):
        raise RuntimeError(f"{task.to_string()} belongs to this thread, whose event loop does not run the main "
                           "context of GLib: use asyncio.Runner(loop_factory=Tend.EventLoop), or Tend.run()")

    future = loop.create_future()

    def wake():
        if not future.done():
            future.set_result(None)

    if is_here:
        watch(task, wake)
    else:
        invoke(task.get_context(), lambda: watch(task, lambda: loop.call_soon_threadsafe(wake)) and None)

    try:
        yield from future
    except asyncio.CancelledError:
        task.cancel()
        raise
