# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Several tasks: groups, and tasks that stand for others."""

import asyncio
import types

from . import callbacks, errors, origin, values
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


def when_first_success(tasks):
    """Gives a task that completes when the first of @tasks, any iterable, does; that one is its result."""
    tasks = list(tasks)
    if not tasks:
        raise ValueError("when_first_success() needs a task to wait for")
    return with_sources(Tend.when_first_success(tasks), *tasks)


def when_first_error(tasks):
    """Gives a task that fails when the first of @tasks, any iterable, does; otherwise it is as when_all()."""
    tasks = list(tasks)
    return with_sources(Tend.when_first_error(tasks), *tasks)


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
MAX_FAILED = 65536


def get_failed(group):
    """Gives the children of @group that have failed."""
    return group.__dict__.setdefault("_failed", errors.Sources())


def keep_failed(child, failed):
    """The exit handler of a task in a group, which has what the task has thrown when it is over."""
    if child.get_status() == Tend.TaskStatus.FAILED and len(failed) < MAX_FAILED:
        failed.append(child)


async def wait_for_end(task, cancel=None):
    """Waits for the end of @task, cancelled or not; gives the cancellation that came meanwhile, which calls @cancel."""
    cancelled = None
    while not task.is_ended():
        try:
            await task.with_cancellable(None)
        except asyncio.CancelledError as exception:
            if not task.is_ended():
                cancelled = exception
                if cancel is not None:
                    cancel()
        except Exception:
            pass  # which is that of the task
    try:
        return cancelled
    finally:
        del task, cancel, cancelled  # from a frame that an exception may keep


def raise_failure(task, exception, failure):
    """Raises @failure, of @task, for which a block has waited that has thrown @exception, if that is not None.

    What ends more than the block is not hidden by it.
    """
    if exception is None or isinstance(exception, asyncio.CancelledError):
        raise failure
    if isinstance(exception, Exception):
        exceptions = [exception, *(failure.exceptions if isinstance(failure, SeveralErrors) else (failure,))]
        raise SeveralErrors("One or more errors occurred." + "".join(f" ({each})" for each in exceptions),
                            exceptions) from exception
    errors.tell_unobserved(task, failure)


@override
class Group(Tend.Group):
    def add(self, task, *args, name=None, **settings):
        """Adds @task, which may run already, or a new one whose body is @task, and gives it."""
        if not isinstance(task, Tend.Task):
            task = Task(name, task, *args, **settings)
        if not task.is_ended():
            callbacks.add_exit_handler(task, keep_failed, get_failed(self))
        else:
            keep_failed(task, get_failed(self))
        Tend.Group.add(self, task)
        return task

    def join_with_timeout(self, timeout):
        return self.join(timeout)

    def join(self, timeout=None):
        """Gives the task that ends with the group, which is cancelled if that takes longer than @timeout."""
        task = origin.note(Tend.Group.join_with_timeout(self, timeout))
        get_failed(self).belong_to(task)
        return task

    async def __aenter__(self):
        return self

    async def __aexit__(self, cls, exception, trace):
        if exception is not None:
            self.cancel()

        joined = self.join()
        # The end of the children belongs to the block, cancelled or not.
        cancelled = await wait_for_end(joined, self.cancel)
        failure = joined.exception
        if failure is None or isinstance(failure, asyncio.CancelledError) and (exception or cancelled):
            if exception is None and cancelled is not None:
                raise cancelled
        elif failure is not exception:
            raise_failure(joined, exception, failure)
