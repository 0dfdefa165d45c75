# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Groups, streams, channels and retries in coroutines."""

import contextlib
import unittest

from common import Gio, GLib, Tend, VirtualTimeTest, new_error


async def later(seconds, value=None):
    await Tend.sleep(seconds)
    return value


async def throw_later(seconds, exception):
    await Tend.sleep(seconds)
    raise exception


class Groups(VirtualTimeTest):
    def test_joins(self):
        async def main():
            async with Tend.Group() as group:
                tasks = [group.add(later, seconds, [seconds]) for seconds in (2, 3, 1)]
                group.add(Tend.Task("made", later, 1))
                group.add(later(1), name="coroutine")
            return [task.result for task in tasks]

        with self.assert_takes(3):
            self.assertEqual(Tend.run(main), [[2], [3], [1]])

    def test_cancels_if_the_block_throws(self):
        async def main():
            async with Tend.Group() as group:
                tasks.append(group.add(later, 10))
                await Tend.sleep(1)
                raise ValueError

        tasks = []
        with self.assertRaises(ValueError), self.assert_takes(1):
            Tend.run(main)
        self.assertEqual(tasks[0].get_status(), Tend.TaskStatus.CANCELLED)

    def test_is_cancelled_with_its_task(self):
        async def child():
            try:
                await Tend.sleep(10)
            finally:
                await Tend.sleep(2)

        async def main():
            async with Tend.Group() as group:
                tasks.append(group.add(child))

        tasks = []
        task = Tend.spawn(main)
        self.run_for(1)
        task.cancel()
        with self.assertRaises(Tend.CancelledError), self.assert_takes(2):
            Tend.run(task)
        self.assertEqual(tasks[0].get_status(), Tend.TaskStatus.CANCELLED)

    def test_errors(self):
        """The group keeps what its tasks have thrown, which nobody else does."""
        async def main(*exceptions, policy=Tend.GroupPolicy.WAIT_ALL, own=None):
            async with Tend.Group(policy=policy) as group:
                for seconds, exception in enumerate(exceptions):
                    group.add(throw_later, seconds, exception)
                if own is not None:
                    await Tend.sleep(5)
                    raise own

        one, other, own = KeyError(1), ValueError(2), OSError(3)
        with self.assertRaises(KeyError) as caught:
            Tend.run(main(one))
        self.assertIs(caught.exception, one)
        with self.assertRaises(Tend.SeveralErrors) as caught:
            Tend.run(main(one, other))
        self.assertEqual(caught.exception.exceptions, (one, other))
        with self.assertRaises(KeyError), self.assert_takes(0):
            Tend.run(main(one, other, policy=Tend.GroupPolicy.FIRST_ERROR))
        with self.assertRaises(Tend.SeveralErrors) as caught:
            Tend.run(main(one, other, own=own))
        self.assertEqual(caught.exception.exceptions, (own, one, other))

    def test_nested(self):
        exception = KeyError(1)

        async def inner():
            async with Tend.Group() as group:
                group.add(throw_later, 1, exception)

        async def main():
            outer = Tend.Group()
            outer.add(inner)
            outer.add(Tend.Task("x", Tend.sleep, 3))
            await outer.join()

        with self.assertRaises(KeyError) as caught:
            Tend.run(main)
        self.assertIs(caught.exception, exception)

    def test_the_first_success(self):
        async def main():
            async with Tend.Group(policy=Tend.GroupPolicy.FIRST_SUCCESS) as group:
                group.add(throw_later, 1, KeyError())
                group.add(later, 2, [2])
                group.add(later, 9)
            return (await group.join()).result

        with self.assert_takes(2):
            self.assertEqual(Tend.run(main), [2])

    def test_subclass(self):
        class Downloads(Tend.Group):
            def __init__(self, base):
                super().__init__(max_running=1)
                self.base = base

        async def main():
            async with Downloads("base") as group:
                self.assertEqual(group.base, "base")
                for _ in range(3):
                    group.add(later, 1)

        with self.assert_takes(3):
            Tend.run(main)


class Streams(VirtualTimeTest):
    def test_in_the_order_of_their_end(self):
        async def main():
            tasks = (Tend.spawn(later, seconds, [seconds]) for seconds in (3, 1, 2))
            return [task.result async for task in Tend.when_each(tasks)]

        self.assertEqual(Tend.run(main), [[1], [2], [3]])

    def test_whoever_gives_up_gets_none(self):
        async def main():
            stream = Tend.when_each([Tend.spawn(later, 2, [2])])
            with contextlib.suppress(TimeoutError):
                await Tend.wait_for(anext(stream), 1)
            return [task.result async for task in stream]

        self.assertEqual(Tend.run(main), [[2]])


class Channels(VirtualTimeTest):
    def test_values(self):
        """They are those that were sent, and the channel keeps none that was received."""
        values = [[1], None, "text", {}, 2 ** 70, len, ValueError()]

        async def main():
            channel = Tend.Channel.new(1)

            async def send():
                for value in values:
                    await channel.send(value)
                channel.close()

            Tend.spawn(send)
            received = [value async for value in channel]
            self.assertEqual(channel.__dict__.get("_kept"), [])
            return received

        for received, value in zip(Tend.run(main), values, strict=True):
            self.assertIs(type(received), type(value))
            self.assertEqual(received, value)

    def test_what_is_boxed_is_not_kept(self):
        channel = Tend.Channel.new(1)
        self.assertTrue(channel.try_send(GLib.Variant("i", 5)))
        self.assertEqual(channel.try_receive()[1].unpack(), 5)
        self.assertFalse(channel.__dict__.get("_kept"))

    def test_try(self):
        channel = Tend.Channel.new(1)
        value = [1]
        self.assertTrue(channel.try_send(value))
        self.assertFalse(channel.try_send([2]))
        self.assertIs(channel.try_receive()[1], value)
        self.assertEqual(channel.try_receive(), (False, None))
        self.assertEqual(channel._kept, [])

    def test_a_cancelled_receive_takes_nothing(self):
        async def main():
            channel = Tend.Channel()
            with contextlib.suppress(TimeoutError):
                await Tend.wait_for(channel.receive(), 1)
            Tend.spawn(channel.send([1]))
            return await channel.receive()

        self.assertEqual(Tend.run(main), [1])

    def test_a_cancelled_send_leaves_nothing(self):
        async def main():
            channel = Tend.Channel.new(1)
            await channel.send("first")
            with contextlib.suppress(TimeoutError):
                await Tend.wait_for(channel.send([1]), 1)
            self.assertEqual(channel._kept, [])
            return channel.try_receive(), channel.try_receive()

        self.assertEqual(Tend.run(main), ((True, "first"), (False, None)))

    def test_close_with_an_exception(self):
        async def main(exception):
            channel = Tend.Channel()
            channel.close_with_error(exception)
            async for _ in channel:
                pass

        exception = KeyError(1)
        with self.assertRaises(KeyError) as caught:
            Tend.run(main, exception)
        self.assertIs(caught.exception, exception)
        with self.assert_error(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY):
            Tend.run(main, new_error())


class Retries(VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.retry = Tend.Retry.new(4)
        self.retry.set_back_off(1, 1e12, 2.0)
        self.attempts = 0

    async def attempt(self, *exceptions):
        self.attempts += 1
        if self.attempts <= len(exceptions):
            raise exceptions[self.attempts - 1]
        return [self.attempts]

    def test_coroutines(self):
        with self.assert_takes(3):
            self.assertEqual(Tend.run(self.retry.run("x", self.attempt, KeyError(), ValueError())), [3])

    def test_the_last_exception(self):
        exceptions = [KeyError(number) for number in range(4)]
        with self.assertRaises(KeyError) as caught:
            Tend.run(self.retry.run("x", self.attempt, *exceptions))
        self.assertIs(caught.exception, exceptions[3])

    def test_tasks(self):
        """A function may give a task, which is cancelled with the whole."""
        tasks = []

        def attempt():
            tasks.append(Tend.spawn(later, 9))
            return tasks[0]

        task = self.retry.run("x", attempt)
        self.run_for(1)
        task.cancel()
        self.assertRaises(Tend.CancelledError, Tend.run, task)
        self.run_for(0)
        self.assertEqual(tasks[0].get_status(), Tend.TaskStatus.CANCELLED)

    def test_what_cannot_be_tried_again(self):
        coroutine = later(1)
        self.assertRaises(TypeError, self.retry.run, "x", coroutine)
        coroutine.close()
        self.assertRaises(TypeError, self.retry.run, "x", 5)

    def test_the_predicate_sees_the_exception(self):
        seen, exception = [], KeyError(1)
        self.retry.set_predicate(lambda task, attempt, error, more: seen.append((attempt, error, more)), "more")
        with self.assertRaises(KeyError):
            Tend.run(self.retry.run("x", self.attempt, exception))
        self.assertEqual(seen, [(1, exception, "more")])


if __name__ == "__main__":
    unittest.main()
