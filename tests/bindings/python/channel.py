# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Channels from Python."""

import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, GObject, Tend


def until_called(start):
    """Runs the main loop until the operation that start(callback) begins has called back."""
    loop, results = GLib.MainLoop(), []

    def callback(source, result, *_):
        results.append(result)
        loop.quit()

    start(callback)
    loop.run()
    return results[0]


def send(channel, value):
    return channel.send_finish(until_called(lambda callback: channel.send_async(value, None, callback)))


def receive(channel, cancellable=None):
    return channel.receive_finish(until_called(lambda callback: channel.receive_async(cancellable, callback)))


class Channel(unittest.TestCase):
    def assert_raises(self, domain, code, func, *args):
        with self.assertRaises(GLib.Error) as caught:
            func(*args)
        self.assertTrue(caught.exception.matches(domain, code), caught.exception)

    def test_values(self):
        channel = Tend.Channel()
        for value in (42, "text", 2.5, True, None, ["a", {"list": None}], GObject.Object(), receive):
            self.assertTrue(send(channel, value))
            self.assertEqual(receive(channel), value)
            self.assertTrue(channel.try_send(value))
            self.assertEqual(channel.try_receive(), (True, value))
        self.assertEqual(channel.try_receive(), (False, None))

    def test_values_of_coroutines(self):
        async def main():
            for value in (42, b"bytes", ("a", {"tuple": None}), receive):
                await channel.send(value)
                self.assertEqual(await channel.receive(), value)

        channel = Tend.Channel()
        Tend.run(main())

    def test_capacity(self):
        channel = Tend.Channel.new(1)
        received = []
        self.assertEqual(channel.props.capacity, 1)
        self.assertTrue(channel.try_send(1))
        self.assertFalse(channel.try_send(2))
        channel.send_async(2, None, lambda channel, result: received.append(channel.send_finish(result)))
        self.assertEqual(receive(channel), 1)
        self.assertEqual(receive(channel), 2)
        self.assertEqual(received, [True])

    def test_all_at_once(self):
        async def receive_all():
            received = [await channel.receive_all()]
            received.append(await channel.receive_all())
            with self.assertRaises(GLib.Error):
                await channel.receive_all()
            return received

        async def main():
            receiver = Tend.spawn(receive_all)
            await Tend.sleep(0)
            for value in ([1], "two", 3):
                channel.try_send(value)
            while channel.get_length() > 0:
                await Tend.sleep(0)
            channel.try_send(b"4")
            channel.close()
            return await receiver

        channel = Tend.Channel()
        self.assertEqual(channel.try_receive_all(), [])
        channel.try_send({"a": 0})
        channel.try_send(None)
        self.assertEqual(channel.try_receive_all(), [{"a": 0}, None])
        self.assertEqual(Tend.run(main()), [[[1], "two", 3], [b"4"]])

    def test_full_channel_is_closed(self):
        async def main():
            channel = Tend.Channel(capacity=1)
            senders = [Tend.spawn(channel.send, [n]) for n in range(3)]
            await Tend.sleep(0)
            channel.close()
            await Tend.wait_all(senders)
            return [value async for value in channel]

        self.assertEqual(Tend.run(main()), [[0], [1], [2]])

    def test_close(self):
        channel = Tend.Channel()
        channel.try_send(None)
        channel.close()
        self.assertTrue(channel.is_closed())
        self.assertIsNone(receive(channel))
        self.assert_raises(Tend.error_quark(), Tend.Error.CLOSED, receive, channel)
        self.assert_raises(Tend.error_quark(), Tend.Error.CLOSED, send, channel, 1)

    def test_close_with_error(self):
        channel = Tend.Channel()
        channel.close_with_error(GLib.Error.new_literal(
            Gio.io_error_quark(), "no such thing", Gio.IOErrorEnum.NOT_FOUND))
        self.assert_raises(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, receive, channel)
        self.assert_raises(Tend.error_quark(), Tend.Error.CLOSED, send, channel, 1)

    def test_cancel(self):
        channel = Tend.Channel()
        cancellable = Gio.Cancellable()
        GLib.idle_add(cancellable.cancel)
        self.assert_raises(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, receive, channel, cancellable)
        channel.try_send(1)
        self.assertEqual(receive(channel), 1)

    def test_fiber_functions_are_not_for_python(self):
        for name in ("send_int", "receive_int"):
            self.assertFalse(hasattr(Tend.Channel, name))


class LostValues(unittest.TestCase):
    """What comes for a coroutine that does not go on is not lost."""

    def setUp(self):
        self.clock = Tend.Clock.freeze(None)

    def tearDown(self):
        del self.clock

    def test_goes_back_from_a_receiver_that_is_stopped(self):
        async def first():
            await channel.receive()
            tasks[1].stop()

        async def other(name):
            received.append((name, await channel.receive()))

        async def main():
            tasks.append(Tend.spawn(first))
            tasks.extend(Tend.spawn(other, name) for name in ("second", "third", "fourth"))
            for n in range(3):
                channel.try_send([n])
            await Tend.sleep(1)

        channel, tasks, received = Tend.Channel(), [], []
        Tend.run(main())
        self.assertEqual(dict(received), {"third": [1], "fourth": [2]})

    def test_is_received_in_the_turn_of_the_timeout(self):
        async def send():
            await Tend.sleep(1)
            channel.try_send(["value"])

        async def main():
            Tend.spawn(send)
            return await Tend.wait_for(channel.receive(), 1)

        channel = Tend.Channel()
        self.assertEqual(Tend.run(main()), ["value"])

    def test_is_received_by_who_is_cancelled_in_that_turn(self):
        """Who hears of the cancellation where he waits next."""
        async def receive():
            log.append(await Tend.wait_for(channel.receive(), 10))
            try:
                await Tend.sleep(1)
            except Tend.CancelledError:
                log.append("cancelled")
                raise

        async def main():
            task = Tend.spawn(receive)
            await Tend.sleep(1)
            channel.try_send("value")
            task.cancel()
            await Tend.sleep(2)
            if not log:
                log.extend((channel.try_receive()[1], "cancelled"))
            return task.get_status()

        channel, log = Tend.Channel(), []
        self.assertEqual(Tend.run(main()), Tend.TaskStatus.CANCELLED)
        self.assertEqual(log, ["value", "cancelled"])

    def test_is_sent_though_who_sends_is_stopped(self):
        async def send():
            await channel.send(["value"])

        async def main():
            task = Tend.spawn(send)
            task.stop()
            await Tend.sleep(1)

        channel = Tend.Channel()
        Tend.run(main())
        self.assertEqual(channel.try_receive(), (True, ["value"]))

    def test_is_returned_by_what_completes_though_it_is_late(self):
        async def complete():
            try:
                await Tend.sleep(10)
            except Tend.CancelledError:
                await Tend.sleep(1)
            return "late"

        self.assertEqual(Tend.run(Tend.wait_for(complete(), 1)), "late")


if __name__ == "__main__":
    unittest.main()
