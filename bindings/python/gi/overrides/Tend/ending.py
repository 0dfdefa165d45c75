# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The end of Tend.run() and of an event loop: what was started under it is asked to end, and waited for."""

import atexit
import contextlib

from gi.repository import GLib

from . import errors
from .base import Tend
from .group import when_each
from .stepping import stepping
from .task import Task

GRACE_PERIOD = Tend.TaskManager.props.grace_period.default_value / GLib.USEC_PER_SEC
POLL = 0.01


@contextlib.contextmanager
def collecting(started):
    """Has @started what this thread starts meanwhile."""
    outer, stepping.started = stepping.started, started
    try:
        yield started
    finally:
        stepping.started = outer


def is_left(task):
    # What runs further up on the stack cannot end before what asks here does.
    return task.is_started() and not task.is_ended() and task not in stepping.running


async def wait_until_finished(tasks):
    async for _ in when_each(tasks):
        pass
    while not all(task.is_finished() for task in tasks):
        await Task.run_delay(POLL)


def end(started, what, interrupt, wait):
    """Ends the tasks @started under @what, and names who does not end by the grace period.

    What they start while they clean up is not cancelled before they have come to their ends. @wait is called with a
    task, and returns when that has ended.
    """
    deadline = Tend.get_time() + GRACE_PERIOD
    while True:
        left = [task for task in started if is_left(task)]
        if not left or Tend.get_time() >= deadline:
            break
        interrupt.left = left
        for task in left:
            if "_is_clean_up" not in task.__dict__:
                task.cancel()

        with collecting(None):
            waiting = Task.run("end", wait_until_finished, left, deadline=deadline)
        wait(waiting)
        waiting.get_error()  # that it was too late, which is told below

    for task in left:
        errors.warn(f"{task} was started under {what}, and has not finished within {GRACE_PERIOD:g} s after its end; "
                    f"it was made at {task.dup_origin()}")
    for task in left:
        task.stop()
    interrupt.left = ()


def end_run(started, interrupt):
    """Ends what was @started under the Tend.run() of @interrupt."""
    def wait(waiting):
        while not waiting.is_ended():
            try:
                Tend.Task.wait_sync(waiting)
            except GLib.Error:
                pass
            except BaseException as exception:
                interrupt.end_with(exception)

    end(started, "Tend.run()", interrupt, wait)


@atexit.register
def clean_up():
    """Lets the main part clean up where PyGObject exits by itself, as SystemExit in a callback of GLib's makes it."""
    interrupt = stepping.interrupt
    if interrupt is not None:
        interrupt.end_with(SystemExit())
        end_run({*(stepping.started or ()), *interrupt.list_tasks()}, interrupt)
