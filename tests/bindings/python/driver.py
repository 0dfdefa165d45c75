# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a coroutine can await, and how it goes on."""

import contextlib
import functools
import sys
import tempfile
import unittest

from common import Gio, GLib, Tend, VirtualTimeTest

FILE = Gio.File.new_for_path(__file__)


class Driver(VirtualTimeTest):
    def test_ended_tasks_in_a_row(self):
        """No recursion, and no turn of the loop for each."""
        async def body():
            ended = Tend.spawn(lambda: [1])
            for _ in range(100_000):
                self.assertIs(await ended, ended.result)

        task = Tend.spawn(body)
        self.assertEqual(task.get_status(), Tend.TaskStatus.COMPLETED)
        Tend.run(task)

    def test_fresh_tasks_in_a_row(self):
        async def body():
            return sum([await Tend.spawn(int, 1) for _ in range(2_000)])

        self.assertEqual(Tend.run(body), 2_000)

    def test_deep_nesting(self):
        async def body(depth):
            return 1 + (await Tend.spawn(body, depth - 1) if depth > 0 else await Tend.sleep(1) or 0)

        self.assertEqual(Tend.run(body, 50), 51)

    def test_any_number_of_times(self):
        task = Tend.spawn(bool, 0)

        async def body():
            return [await task, await task, *await Tend.when_all([task, task])]

        self.assertEqual(Tend.run(Tend.when_all([Tend.spawn(body), Tend.spawn(body)])), [[False] * 4] * 2)

    def test_turns(self):
        log = []

        async def count(name):
            for number in range(3):
                log.append(f"{name}{number}")
                await Tend.sleep(0)

        def yield_turns():
            for number in range(3):
                log.append(f"c{number}")
                yield

        with self.assert_takes(0):
            Tend.run(Tend.when_all([Tend.spawn(count, "a"), Tend.spawn(count, "b"), Tend.spawn(yield_turns)]))
        self.assertEqual(log, ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"])

    def test_sleep(self):
        with self.assert_takes(3600.5):
            Tend.run(Tend.sleep(3600.5))
        with self.assertRaises(ValueError):
            Tend.run(Tend.sleep(-1))

    def test_a_generator_that_is_left_cleans_up(self):
        async def numbers():
            try:
                while True:
                    yield 1
                    await Tend.sleep(1)
            finally:
                await Tend.sleep(1)
                log.append("closed")

        async def main():
            async for _ in numbers():
                break
            await Tend.sleep(2)

        hooks, log = sys.get_asyncgen_hooks(), []
        Tend.run(main)
        self.assertEqual(log, ["closed"])
        self.assertEqual(sys.get_asyncgen_hooks(), hooks)

    def test_no_time_to_sleep(self):
        self.assertRaises(TypeError, Tend.run, Tend.sleep(None))
        self.assertRaises(ValueError, Tend.run, Tend.sleep(-1))

    def test_a_cancelled_sleep_leaves_no_timer(self):
        task = Tend.spawn(Tend.sleep, 3600)
        task.cancel()
        self.run_for(0)
        self.assertEqual(self.clock.run_until_idle(), 0)
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

    def test_what_cannot_be_awaited(self):
        class Odd:
            def __await__(self):
                yield "odd"

        def generator():
            try:
                yield 3
            except TypeError as exception:
                return str(exception)

        with self.assertRaisesRegex(TypeError, "cannot await 'odd'"):
            Tend.run(Tend.spawn(lambda: self.await_it(Odd())))
        self.assertIn("int", Tend.run(generator))

    async def await_it(self, awaitable):
        return await awaitable

    def test_itself(self):
        async def body():
            await Tend.current_task()

        with self.assertRaisesRegex(RuntimeError, "cannot wait for its own end"):
            Tend.run(body)

    def test_where_nothing_runs(self):
        coroutine = self.await_it(Tend.spawn(Tend.sleep, 1))
        with self.assertRaisesRegex(RuntimeError, "awaited where nothing runs"):
            coroutine.send(None)

    def test_wait_for(self):
        async def later():
            await Tend.sleep(1)
            return [1]

        self.assertEqual(Tend.run(Tend.wait_for(later(), 2)), [1])
        self.assertEqual(Tend.run(Tend.wait_for(later(), None)), [1])
        task = Tend.spawn(Tend.sleep, 5)
        with self.assertRaises(Tend.TimeoutError), self.assert_takes(1):
            Tend.run(Tend.wait_for(task, 1))
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

    def test_shield(self):
        inner = Tend.spawn(Tend.sleep, 2)
        task = Tend.spawn(Tend.shield(inner))
        task.cancel()
        with self.assertRaises(Tend.CancelledError):
            Tend.run(task)
        self.assertFalse(inner.is_ended())
        Tend.run(inner)

    def test_checkpoint(self):
        log = []

        async def body():
            for number in range(3):
                await Tend.checkpoint()
                log.append(number)
                await Tend.sleep(1)

        task = Tend.spawn(body)
        task.pause()
        self.run_for(10)
        self.assertEqual(log, [0])
        task.resume()
        Tend.run(task)
        self.assertEqual(log, [0, 1, 2])

        task = Tend.spawn(body)
        task.pause()
        self.run_for(10)
        task.cancel()
        with self.assertRaises(Tend.CancelledError):
            Tend.run(task)

    def test_what_a_coroutine_starts_inherits_the_deadline(self):
        async def body():
            await Tend.sleep(1)
            child = Tend.spawn(Tend.sleep, 100)
            with contextlib.suppress(Tend.CancelledError):
                await Tend.sleep(100)
            await child

        with self.assertRaises(TimeoutError), self.assert_takes(5):
            Tend.run(Tend.spawn(body, timeout=5))

    def test_the_owner(self):
        """The coroutine of a task whose manager's owner is gone is unwound, and goes no further."""
        owner, log = Gio.SimpleAction.new("owner", None), []
        manager = Tend.TaskManager.new_for_owner(owner)

        async def body():
            try:
                await Tend.sleep(1)
                log.append("not reached")
            finally:
                log.append("finally")

        manager.register("x", body)
        self.run_for(0)
        del owner
        self.run_for(5)
        self.assertEqual(log, ["finally"])


class Files(unittest.TestCase):
    """Operations of GIO, which go by the machine's time."""

    def test_operations(self):
        async def body():
            ok, contents, etag = await Tend.gio(FILE.load_contents_async)
            stream = await Tend.gio(FILE.read_async, GLib.PRIORITY_DEFAULT)
            data = await Tend.gio(stream.read_bytes_async, 10, GLib.PRIORITY_DEFAULT)
            info = await Tend.gio(
                FILE.query_info_async, "standard::size", Gio.FileQueryInfoFlags.NONE, GLib.PRIORITY_LOW)
            return contents.startswith(data.get_data()) and info.get_size() == len(contents)

        self.assertTrue(Tend.run(body))

    def test_a_boxed_result_outlives_its_task(self):
        async def body():
            stream = FILE.read(None)
            return await Tend.gio(stream.read_bytes_async, 10, GLib.PRIORITY_DEFAULT)

        data = Tend.run(body())
        others = [GLib.Bytes.new(b"other") for _ in range(100)]  # where it would have been, if it were freed
        self.assertEqual(data.get_data(), FILE.load_contents()[1][:10])
        self.assertEqual(len(others), 100)

    def test_finish_of_a_constructor_and_of_a_function(self):
        self.assertRaises(GLib.Error, Tend.run, Tend.gio(
            Gio.DBusConnection.new_for_address, "nowhere:", Gio.DBusConnectionFlags.NONE, None))
        self.assertRaises(GLib.Error, Tend.run, Tend.gio(
            Gio.dbus_address_get_stream, "nowhere:"))

    def test_finish_that_is_given(self):
        result = Tend.run(Tend.gio(FILE.load_contents_async, finish=FILE.load_partial_contents_finish))
        self.assertEqual(result[0], True)

    def test_a_function_with_a_callback_of_progress(self):
        def begin(cancellable, callback):
            flags = Gio.FileCopyFlags.OVERWRITE
            # Older GLib takes data for the callback of progress, newer a closure, which has its own.
            progress = [None] if "progress_callback_closure" in Gio.File.copy_async.__doc__ else [None, None]
            FILE.copy_async(target, flags, GLib.PRIORITY_DEFAULT, cancellable, *progress, callback)

        with tempfile.TemporaryDirectory() as directory:
            target = Gio.File.new_for_path(directory).get_child("copy")
            for func in begin, functools.partial(begin):
                self.assertTrue(Tend.run(Tend.gio(func, finish=FILE.copy_finish)))
            self.assertEqual(target.load_contents()[1], FILE.load_contents()[1])

    def test_errors(self):
        with self.assertRaises(GLib.Error) as caught:
            Tend.run(Tend.gio(Gio.File.new_for_path("/no such file").load_contents_async))
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))
        with self.assertRaises(TypeError):
            Tend.run(Tend.gio(FILE.load_contents_async, "too", "many"))

    def test_cancel(self):
        """The operation has the cancellable of the task, also where that was cancelled before."""
        for cancel in (lambda task: task.cancel(), lambda task: GLib.idle_add(task.cancel) and None):
            socket = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP)
            socket.bind(Gio.InetSocketAddress.new_from_string("127.0.0.1", 0), False)
            connection = socket.connection_factory_create_connection()
            stream = connection.get_input_stream()
            task = Tend.spawn(Tend.gio(stream.read_bytes_async, 10, GLib.PRIORITY_DEFAULT))
            cancel(task)
            self.assertRaises(Tend.CancelledError, Tend.run, task)
            self.assertFalse(stream.has_pending())

    def test_another_cancellable(self):
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with self.assertRaises(Tend.CancelledError):
            Tend.run(Tend.gio(FILE.load_contents_async, cancellable=cancellable))

    def test_clean_up(self):
        async def body():
            try:
                await Tend.sleep(100)
            finally:
                return (await Tend.gio(FILE.load_contents_async))[0]

        task = Tend.spawn(body)
        task.cancel()
        self.assertTrue(Tend.run(task))


if __name__ == "__main__":
    unittest.main()
