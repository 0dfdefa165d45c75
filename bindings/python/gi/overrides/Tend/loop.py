# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Running the main context: Tend.run(), and an event loop of asyncio."""

import asyncio
import contextlib
import math
import selectors
import threading

from gi.repository import GLib

from . import driver, ending
from .awaiting import forward
from .base import Tend, head
from .interrupt import Interrupt, catching, interrupting
from .stepping import Started, stepping
from .task import Task, set_body

try:
    from gi.events import GLibEventLoop  # PyGObject has one of its own, from 3.50 on
except ImportError:
    GLibEventLoop = None


def make_task(main, args):
    """Gives the task that @main is, or one that is not started yet."""
    if isinstance(main, Tend.Task):
        return main
    if not callable(main) and not isinstance(main, driver.COROUTINES):
        main, args = forward, (main,)
    return set_body(Tend.Task.new_main(driver.run), main, args)


def run(main, *args):
    """Runs the main context until @main has ended, and gives its result or raises.

    @main is a function, which is called with @args, a coroutine or a task. Ctrl-C cancels it, which may clean up, and
    then raises KeyboardInterrupt. What other tasks and callbacks throw to end the program, SystemExit say, does the
    same. At the end, what was started meanwhile and has not finished is cancelled, and waited for.
    """
    if stepping.driver is not None:
        raise RuntimeError(f"{head(Task.get_current())}: runs already, and cannot call Tend.run(): use await")

    task = make_task(main, args)
    interrupt = Interrupt(task)
    started = Started() if stepping.started is None else None  # what is within another leaves it to that
    with interrupting(interrupt, task.get_context()):
        with ending.collecting(stepping.started if started is None else started):
            try:
                if not task.is_started():
                    task.start()
                interrupt.run()
            finally:
                if started is not None:
                    ending.end_run(started, interrupt)

    return interrupt.conclude()


# --- asyncio ---

class Selector(selectors.DefaultSelector):
    """Runs a main context while it waits for files, all of which are one file to that."""

    def __init__(self, context):
        super().__init__()
        self.context = context
        self.files = GLib.unix_fd_source_new(self.fileno(), GLib.IOCondition.IN)
        self.timer = GLib.timeout_source_new(GLib.MAXINT32)
        for source in (self.files, self.timer):
            source.set_callback(lambda *_: GLib.SOURCE_CONTINUE)
            source.attach(context)

    def select(self, timeout=None):
        if timeout is None:
            self.timer.set_ready_time(-1)
        else:
            self.timer.set_ready_time(GLib.get_monotonic_time() + math.ceil(max(0, timeout) * GLib.USEC_PER_SEC))
        self.context.iteration(timeout is None or timeout > 0)
        return super().select(0)

    def close(self):
        self.files.destroy()
        self.timer.destroy()
        super().close()


class LoopInterrupt(Interrupt):
    """Has an event loop end, which raises then what has ended it."""

    def __init__(self, loop):
        super().__init__(None)
        self.loop = loop

    def list_tasks(self):
        return ()

    def cancel(self):
        self.loop.stop()


async def wait_quietly(task):
    with contextlib.suppress(GLib.Error):
        await task


class SelectorLoop(asyncio.SelectorEventLoop):
    """Stands in for the event loop of newer PyGObjects."""

    def __init__(self, context):
        self._context = context
        super().__init__(Selector(context))


class EventLoop(GLibEventLoop or SelectorLoop):
    """An event loop of asyncio that runs a main context as well, the thread's own if no other is given.

    A thread that has none of its own gets a new one, since the main thread may run the context that it would share.

    For `asyncio.Runner(loop_factory=Tend.EventLoop)`: there tasks of both kinds can await one another. What was
    started under it and has not finished is cancelled when it is closed, and waited for.
    """

    def __init__(self, context=None):
        is_main = threading.current_thread() is threading.main_thread()
        self._started = Started()
        super().__init__(context or GLib.MainContext.get_thread_default() or (
            GLib.MainContext.default() if is_main else GLib.MainContext()))

    def run_forever(self):
        interrupt = LoopInterrupt(self)
        self._context.push_thread_default()
        try:
            with catching(interrupt), ending.collecting(self._started):
                super().run_forever()
        finally:
            self._context.pop_thread_default()
        if interrupt.exception is not None:
            raise interrupt.exception

    def close(self):
        if not self.is_running() and not self.is_closed():
            ending.end(self._started, "an event loop", LoopInterrupt(self),
                       lambda task: self.run_until_complete(wait_quietly(task)))
        super().close()
