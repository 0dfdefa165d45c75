# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""libtend in Python: `await task`, exceptions that arrive, bodies that are plain functions or coroutines.

A body is called with the arguments that were given with it, and without its task, which current_task() gives.
What it returns is the result, and what it throws fails the task. Times are seconds; None is no limit.
"""

from . import units, callbacks  # before the modules that derive from what they replace
from .awaiting import checkpoint, gio, shield, sleep, spawn, wait_fd, wait_for
from .driver import Stopped
from .errors import CancelledError, SeveralErrors, TimeoutError, set_unobserved_func
from .group import (
    Group, TaskStream, wait_all, when_all, when_any, when_each, when_first_error, when_first_success,
)
from .loop import EventLoop, run
from .manager import NumberCache, RequestCache, TaskManager
from .sync import Channel, Completion, Condition, Event, Retry, Semaphore
from .task import Task

current_task = Task.get_current

__all__ = [
    "CancelledError", "Channel", "Completion", "Condition", "Event", "EventLoop", "Group", "NumberCache",
    "RequestCache", "Retry", "Semaphore", "SeveralErrors", "Stopped", "Task", "TaskManager", "TaskStream",
    "TimeoutError", "checkpoint", "current_task", "gio", "run", "set_unobserved_func", "shield", "sleep", "spawn",
    "wait_all", "wait_fd", "wait_for", "when_all", "when_any", "when_each",
    "when_first_error", "when_first_success",
]
