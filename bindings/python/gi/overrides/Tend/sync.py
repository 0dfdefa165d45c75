# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What is handed from one task to another, and what tasks wait for: completions, channels, semaphores, attempts."""

import types

from gi.repository import GLib

from . import errors, origin, values
from .base import Tend, override
from .callbacks import Callback
from .task import Task, operate, set_times


@override
class Completion(Tend.Completion):
    __class_getitem__ = classmethod(types.GenericAlias)

    def __init__(self, name=None, **named):
        if name is not None and not isinstance(name, str):
            raise TypeError(f"the name of a completion is a str, and not {name!r}")
        super().__init__(name=name, **named)
        origin.note(self.get_task())

    @classmethod
    def new(cls, name=None):
        return cls(name=name)

    def __await__(self):
        return self.get_task().__await__()

    def set_value(self, value=None):
        return Tend.Completion.set_value(self, values.pack_for(self.get_task(), value))

    def set_error(self, exception):
        return Tend.Completion.set_error(self, errors.pack_exception_for(self.get_task(), exception))


class Arrival:
    """What comes for a coroutine that receives. Until the coroutine goes on, the channel may have the value back."""

    def __init__(self, channel):
        self.channel = channel
        self.cancellable = None
        self.result = None
        self.is_left = False

    def begin(self, cancellable, ready):
        self.cancellable = cancellable
        self.channel.receive_async(cancellable, ready)

    def come(self, _, result):
        if self.is_left:
            result.run_dispose()
        elif self.cancellable.is_cancelled():
            # Nothing has come. The operation, which ends with the error, ends as a cancelled one.
            self.channel.receive_finish(result)
        else:
            self.result = result
            self.channel.__dict__.setdefault("_arrivals", []).append(self)

    def take(self):
        """Gives what has come to whoever reads it now."""
        self.channel._arrivals.remove(self)
        result, self.result = self.result, None
        return self.channel.receive_finish(result)

    def leave(self):
        """Hands back what nobody will read. What is behind it on its way moves up, so that the order stays."""
        self.is_left = True
        if self.result is None:
            return
        arrivals = self.channel._arrivals
        last = self.result
        for other in arrivals[arrivals.index(self) + 1:]:
            other.result, last = last, other.result
        arrivals.remove(self)
        self.result = None
        last.run_dispose()


@override
class Channel(Tend.Channel):
    """Its values are kept by the channel itself until they are received, as those of a task by the task."""

    __class_getitem__ = classmethod(types.GenericAlias)

    def _take(self, packed):
        value = values.unpack(packed)
        if type(packed) is values.Token:
            values.discard(self, packed())
        return value

    async def send(self, value):
        """Sends @value, and waits until there is room for it."""
        packed = values.pack_for(self, value)

        def finish(_, result):
            try:
                return self.send_finish(result)
            except BaseException:
                # Not where the sender hears of it, who may be stopped when the value is in the channel already.
                if type(packed) is values.Token:
                    values.discard(self, packed())
                raise

        return await operate("send", Tend.Channel.send_async, (self, packed), finish)

    def send_async(self, value, cancellable, callback, *user_data):
        Tend.Channel.send_async(self, values.pack_for(self, value), cancellable, callback, *user_data)

    def try_send(self, value):
        packed = values.pack_for(self, value)
        if Tend.Channel.try_send(self, packed):
            return True
        if type(packed) is values.Token:
            values.discard(self, packed())
        return False

    async def receive(self):
        """Waits for a value, and gives it."""
        arrival = Arrival(self)
        try:
            await operate("receive", arrival.begin, (), arrival.come)
            return arrival.take()
        except BaseException:
            arrival.leave()
            raise

    def receive_finish(self, result):
        try:
            return self._take(Tend.Channel.receive_finish(self, result))
        except GLib.Error as error:
            if error.domain != errors.DOMAIN:
                raise
            raise errors.unpack_error(error)

    def try_receive(self):
        is_received, packed = Tend.Channel.try_receive(self)
        return is_received, self._take(packed)

    def try_receive_all(self):
        """Gives the list of the values that the channel holds. Senders that find room then are not waited for."""
        received = []
        for _ in range(self.get_length()):
            is_received, value = self.try_receive()
            if not is_received:  # It is on its way to somebody else.
                break
            received.append(value)
        return received

    async def receive_all(self):
        """Waits for a value, and gives the list of it and of those behind it."""
        return [await self.receive(), *self.try_receive_all()]

    def close_with_error(self, exception):
        Tend.Channel.close_with_error(self, errors.pack_exception_for(self, exception))

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return await self.receive()
        except GLib.Error as error:
            if error.matches(errors.TASK, Tend.Error.CLOSED):
                raise StopAsyncIteration from None
            raise


@override
class Semaphore(Tend.Semaphore):
    """Permits, one of which the body of "async with semaphore" has."""

    def __init__(self, n_permits=1):
        super().__init__(n_permits=n_permits)

    @classmethod
    def new(cls, n_permits=1):
        return cls(n_permits)

    async def acquire(self):
        """Waits for a permit, which is the running task's until release(), or until the task is finished."""
        return await operate("acquire", self.acquire_async, (), lambda _, result: self.acquire_finish(result))

    async def __aenter__(self):
        await self.acquire()

    async def __aexit__(self, *exception):
        self.release()


@override
class Event(Tend.Event):
    async def wait(self):
        """Waits until the event is set."""
        return await operate("wait", self.wait_async, (), lambda _, result: self.wait_finish(result))


@override
class Condition(Tend.Condition):
    async def wait(self):
        """Waits for a notification."""
        return await operate("wait", self.wait_async, (), lambda _, result: self.wait_finish(result))

    async def wait_for(self, predicate):
        """Waits until @predicate() is true, which is looked at after each notification, and gives what it gave."""
        while not (value := predicate()):
            await self.wait()
        return value


async def follow(task):
    """Ends as @task does, and takes it along when it is cancelled."""
    try:
        return await task
    finally:
        task.cancel()


def attempt(func, args):
    """The body of an attempt."""
    value = func(*args)
    return follow(value) if isinstance(value, Tend.Task) else value


@override
class Retry(Tend.Retry):
    """The function is a body as any other, or gives a task; it is called with its arguments alone."""

    def create_task(self, name, func, *args, **settings):
        if not callable(func):
            raise TypeError(f"what is tried again is a function, and not {func!r}")
        kept, place = errors.Sources(), origin.find()

        def make(*_):
            # The latest attempt has the result or the exception of the whole.
            kept[:] = [Task(name, attempt, func, args)]
            if place is not None:
                kept[0].set_origin(place)
            return kept[0]

        task = origin.note(set_times(Tend.Retry.create_task(self, name, make), **settings))
        kept.belong_to(task)
        return task

    def run(self, name, func, *args, **settings):
        task = self.create_task(name, func, *args, **settings)
        task.start()
        return task

    def set_predicate(self, func, *user_data):
        if func is None:
            Tend.Retry.set_predicate(self, None)
        else:
            Tend.Retry.set_predicate(self, Callback(lambda task, number, error, *_: func(
                task, number, errors.unpack_error(error), *user_data)))
