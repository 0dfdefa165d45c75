# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The task manager in Python, and the request cache with what it holds."""

from . import callbacks, driver, errors, origin, units, values
from .base import Tend, override
from .group import raise_failure, wait_for_end
from .task import Task, begin, new_task, set_times


def make_task(task, func, args, settings):
    """Gives @task, or a new task of that name whose body is @func(*@args)."""
    if isinstance(task, Tend.Task):
        return set_times(task, **settings)
    return Task(task, func, *args, **settings)


class ShutDown:
    """Classes that can be shut down, and with "async with" are."""

    def shutdown(self):
        """Begins the shutdown; gives a task that ends with it."""
        return begin("shutdown", self.shutdown_async, (), lambda _, result: self.shutdown_finish(result))

    async def __aenter__(self):
        return self

    async def __aexit__(self, cls, exception, trace):
        ending = self.shutdown()
        cancelled = await wait_for_end(ending)
        failure = ending.exception
        if failure is not None:
            raise_failure(ending, exception, failure)
        elif exception is None and cancelled is not None:
            raise cancelled


@callbacks.replace_virtual
@override
class TaskManager(ShutDown, Tend.TaskManager):
    def __contains__(self, task):
        if isinstance(task, str):
            return self.is_active(task)
        return task in self.list_tasks()

    def __getitem__(self, key):
        if not isinstance(key, str):
            return super().__getitem__(key)

        task = self.lookup(key)
        if task is None:
            raise KeyError(key)
        return task

    def __bool__(self):
        return True  # with no tasks, too

    def register(self, task, func=None, *args, policy=Tend.NamePolicy.REJECT, **settings):
        """Registers @task, or a new one of that name whose body is @func(*@args); gives the one that has the name."""
        return Tend.TaskManager.register(self, make_task(task, func, args, settings), policy)

    def register_thread(self, name, func, *args, policy=Tend.NamePolicy.REJECT, **settings):
        task = new_task(Task, driver.run_in_thread, name, func, args, settings)
        return Tend.TaskManager.register(self, task, policy)

    def register_anonymous(self, base, func, *args, **settings):
        return self.register(base, func, *args, policy=Tend.NamePolicy.ANONYMOUS, **settings)

    def debounce(self, task, delay, func=None, *args, **settings):
        return Tend.TaskManager.debounce(self, make_task(task, func, args, settings), delay)

    def throttle(self, task, interval, func=None, *args, **settings):
        return Tend.TaskManager.throttle(self, make_task(task, func, args, settings), interval)

    def drain(self):
        """Closes the manager; gives a task that ends when all tasks have, and the shutdown tasks."""
        return begin("drain", self.drain_async, (), lambda _, result: self.drain_finish(result))

    def wait_for_tasks(self):
        """Gives a task that ends when the tasks that are there now have."""
        return begin("wait_for_tasks", self.wait_for_tasks_async, (),
                     lambda _, result: self.wait_for_tasks_finish(result))


@callbacks.replace_virtual
@override
class NumberCache(Tend.NumberCache):
    def add_task(self, task, value):
        return Tend.NumberCache.add_task(self, task, values.pack_for(task, value))

    def add_task_with_error(self, task, exception):
        return Tend.NumberCache.add_task_with_error(self, task, errors.pack_exception_for(task, exception))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # What has been added, or taken over by another cache, is not reserved any more.
        self.release()


units.restrict_random_number_cache(Tend.RandomNumberCache)


@override
class RequestCache(ShutDown, Tend.RequestCache):
    def wait_for(self, prefix, number, timeout):
        return origin.note(Tend.RequestCache.wait_for(self, prefix, number, timeout))

    def clear_with_error(self, exception):
        error = errors.pack_exception_for(self, exception)
        # A task may live longer than the request cache, and gives the exception itself.
        for cache in self.list_caches():
            for task in cache.list_tasks():
                errors.keep(task, self._failure)
        Tend.RequestCache.clear_with_error(self, error)
        del self._failure

    def wait_for_key(self, prefix, key, timeout):
        return origin.note(Tend.RequestCache.wait_for_key(self, prefix, key, timeout))

    def wait_for_text(self, prefix, text, timeout):
        return origin.note(Tend.RequestCache.wait_for_text(self, prefix, text, timeout))

    def __len__(self):
        return self.get_n_caches()

    def __bool__(self):
        return True  # with no caches, too

    def __contains__(self, cache):
        if not isinstance(cache, Tend.NumberCache):
            return False
        prefix, key = cache.get_prefix(), cache.get_key()
        found = self.lookup(prefix, cache.get_number()) if key is None else self.lookup_key(prefix, key)
        return found is cache
