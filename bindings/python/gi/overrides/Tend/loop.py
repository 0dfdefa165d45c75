# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Running the main context: Tend.run(), and an event loop of asyncio."""

import asyncio
import contextlib
import math
import selectors
import signal
import threading

from gi.repository import GLib
from gi._ossighelper import sigint_handler_is_default, wakeup_on_signal

from . import driver
from .awaiting import forward
from .base import Tend, head
from .task import Task, set_body


class Interrupt:
    """Cancels the main task on Ctrl-C, and stops it on the second."""

    def __init__(self, task):
        self.task = task
        self.exception = None

    def handle(self, signum, frame):
        if self.exception is None:
            self.end_with(KeyboardInterrupt())
        else:
            self.task.stop()

    def end_with(self, exception):
        self.exception = exception
        self.task.cancel()


@contextlib.contextmanager
def handling_interrupts(interrupt):
    """Has Ctrl-C go to @interrupt, unless the program has its own idea of that."""
    if threading.current_thread() is not threading.main_thread() or not sigint_handler_is_default():
        yield
        return

    signal.signal(signal.SIGINT, interrupt.handle)
    try:
        with wakeup_on_signal():
            yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
    then raises KeyboardInterrupt. What other tasks throw to end the program, SystemExit say, does the same.
    """
    if driver.stepping.driver is not None:
        raise RuntimeError(f"{head(Task.get_current())}: runs already, and cannot call Tend.run(): use await")

    task = make_task(main, args)
    interrupt = Interrupt(task)
    outer, driver.stepping.interrupt = driver.stepping.interrupt, interrupt
    try:
        with handling_interrupts(interrupt):
            if not task.is_started():
                task.start()
            task.wait_sync()
    except BaseException:
        if interrupt.exception is not None and task.get_status() != Tend.TaskStatus.FAILED:
            raise interrupt.exception from None
        raise
    finally:
        driver.stepping.interrupt = outer

    return task.get_result()


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


class EventLoop(asyncio.SelectorEventLoop):
    """An event loop of asyncio that runs a main context as well, the thread's own if no other is given.

    A thread that has none of its own gets a new one, since the main thread may run the context that it would share.

    For `asyncio.Runner(loop_factory=Tend.EventLoop)`: there tasks of both kinds can await one another.
    """

    def __init__(self, context=None):
        is_main = threading.current_thread() is threading.main_thread()
        self._context = context or GLib.MainContext.get_thread_default() or (
            GLib.MainContext.default() if is_main else GLib.MainContext())
        super().__init__(Selector(self._context))

    def run_forever(self):
        self._context.push_thread_default()
        try:
            super().run_forever()
        finally:
            self._context.pop_thread_default()
