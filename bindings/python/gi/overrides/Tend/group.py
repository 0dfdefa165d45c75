# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Several tasks: groups, and tasks that stand for others."""

import asyncio
import types

from . import callbacks, origin, values
from .base import Tend, override
from .errors import SeveralErrors
from .task import Task, with_sources


def wait_all(tasks):
    """Gives a task that ends when all of @tasks, any iterable, have, and fails if any has."""
    tasks = list(tasks)
    return with_sources(Tend.wait_all(tasks), *tasks)


def when_all(tasks):
    """Gives a task that ends when all of @tasks, any iterable, have; its result is the list of their results."""
    tasks = list(tasks)
    return with_sources(Tend.when_all(tasks), *tasks)


def when_any(tasks):
    """Gives a task that ends when the first of @tasks, any iterable, has; that one is its result."""
    tasks = list(tasks)
    if not tasks:
        raise ValueError("when_any() needs a task to wait for")
    return with_sources(Tend.when_any(tasks), *tasks)


def when_each(tasks):
    """Gives @tasks, any iterable, in the order in which they end: `async for task in Tend.when_each(tasks)`."""
    tasks = list(tasks)
    stream = Tend.when_each(tasks)
    values.keep(stream, tasks)
    return stream


@override
class TaskStream(Tend.TaskStream):
    __class_getitem__ = classmethod(types.GenericAlias)

    def __aiter__(self):
        return self

    async def __anext__(self):
        waiting = self.next()
        try:
            task = await waiting
        finally:
            # Whoever has given up must not be given the next one.
            waiting.cancel()
        if task is None:
            raise StopAsyncIteration
        return task


# As in C: what fails beyond is not an error of the group, and is reported.
MAX_FAILED = 1024


def keep_failed(child, failed):
    """The exit handler of a task in a group, which has what the task has thrown when it is over."""
    if child.get_status() == Tend.TaskStatus.FAILED and len(failed) < MAX_FAILED:
        failed.append(child)


def join_errors(exception, more):
    """Gives one exception for what a block has thrown, and what the tasks of its group have."""
    exceptions = [exception, *(more.exceptions if isinstance(more, SeveralErrors) else (more,))]
    return SeveralErrors("One or more errors occurred." + "".join(f" ({each})" for each in exceptions), exceptions)


@override
class Group(Tend.Group):
    def add(self, task, *args, name=None, **settings):
        """Adds @task, or a new one whose body is the function or coroutine @task, and gives it."""
        if not isinstance(task, Tend.Task):
            task = Task(name, task, *args, **settings)
        callbacks.add_exit_handler(task, keep_failed, self.__dict__.setdefault("_failed", []))
        Tend.Group.add(self, task)
        return task

    def join(self):
        task = origin.note(Tend.Group.join(self))
        task._sources = self.__dict__.setdefault("_failed", [])
        return task

    async def __aenter__(self):
        return self

    async def __aexit__(self, cls, exception, trace):
        if exception is not None:
            self.cancel()

        cancelled = exception if isinstance(exception, asyncio.CancelledError) else None
        joined = self.join()
        while not joined.is_ended():
            try:
                await joined.with_cancellable(None)
            except asyncio.CancelledError as error:
                # The end of the children belongs to the block, cancelled or not.
                cancelled = cancelled or error
                self.cancel()
            except Exception:
                pass  # which is the error of the group, and comes below

        failure = joined.exception
        if failure is None or isinstance(failure, asyncio.CancelledError) and (exception or cancelled):
            if exception is None and cancelled is not None:
                raise cancelled
        elif exception is None or isinstance(exception, asyncio.CancelledError):
            raise failure
        elif failure is not exception:
            raise join_errors(exception, failure) from exception
