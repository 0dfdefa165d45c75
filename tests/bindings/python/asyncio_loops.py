# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tasks of libtend and asyncio await one another: under loops that run the main context, and from other threads."""

import asyncio
import gc
import os
import selectors
import signal
import threading
import unittest

from common import Gio, GLib, Tend


try:
    from gi.events import GLibEventLoop, GLibEventLoopPolicy
    HAS_ASYNC = True
except ImportError:
    HAS_ASYNC = False


class ForeignLoop(asyncio.SelectorEventLoop):
    """An event loop of somebody else that runs the main context, as those of PyGObject and gbulb do."""

    class Selector(selectors.DefaultSelector):
        def select(self, timeout=None):
            events = super().select(0)
            while GLib.MainContext.default().iteration(False):
                pass
            return events

    def __init__(self):
        super().__init__(self.Selector())
        self._context = GLib.MainContext.default()


async def later(value):
    await Tend.sleep(0)
    return value


async def throw_later(exception):
    await Tend.sleep(0)
    raise exception


async def forever():
    try:
        await Tend.sleep(3600)
    finally:
        await Tend.sleep(0)


async def await_it(awaitable):
    return await awaitable


def run(coroutine, factory=Tend.EventLoop):
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


class UnderOurLoop(unittest.TestCase):
    factory = Tend.EventLoop

    def run_here(self, coroutine):
        return run(coroutine, self.factory)

    def test_await(self):
        async def main():
            value = [1]
            task = Tend.spawn(later, value)
            self.assertIs(await task, value)
            self.assertIs(await task, value)
            for exception in (ValueError(), KeyError()):
                task = Tend.spawn(throw_later, exception)
                for _ in range(2):
                    with self.assertRaises(type(exception)) as caught:
                        await task
                    self.assertIs(caught.exception, exception)

        self.run_here(main())

    def test_clean_up_of_what_is_cancelled_in_asyncio(self):
        """What a task of asyncio makes of the cancellation is what the coroutine hears: its clean-up may await."""
        async def fail_in_clean_up():
            try:
                await asyncio.sleep(3600)
            finally:
                raise ValueError("in the clean-up")

        async def body():
            try:
                await asyncio.create_task(fail_in_clean_up())
            finally:
                await asyncio.sleep(0)
                await Tend.sleep(0)
                log.append("cleaned up")

        async def main():
            task = Tend.spawn(body)
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaisesRegex(ValueError, "in the clean-up"):
                await task

        log = []
        self.run_here(main())
        self.assertEqual(log, ["cleaned up"])

    def test_what_asyncio_has(self):
        async def main():
            tasks = Tend.spawn(later, 1), asyncio.sleep(0, 2), Tend.spawn(later, 3)
            self.assertEqual(await asyncio.gather(*tasks), [1, 2, 3])
            self.assertEqual(await asyncio.wait_for(Tend.spawn(later, 1), 3600), 1)
            self.assertEqual(await asyncio.ensure_future(Tend.spawn(later, 1)), 1)
            self.assertEqual(await asyncio.shield(Tend.spawn(later, 1)), 1)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(await_it(Tend.spawn(later, number))) for number in range(3)]
            self.assertEqual([task.result() for task in tasks], [0, 1, 2])
            self.assertEqual({await task for task in asyncio.as_completed([Tend.spawn(later, 1)])}, {1})

        self.run_here(main())

    def test_time_outs(self):
        async def main():
            task = Tend.spawn(forever)
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(task, 0.001)
            self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)
            task = Tend.spawn(forever)
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await task
            self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

        self.run_here(main())

    def test_cancelling_who_awaits_a_task(self):
        async def main():
            task = Tend.spawn(forever)
            waiter = asyncio.create_task(await_it(task))
            await asyncio.sleep(0)
            waiter.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await waiter
            self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

        self.run_here(main())

    def test_a_task_that_is_cancelled(self):
        async def main():
            task = Tend.spawn(forever)
            task.cancel()
            with self.assertRaises(Tend.CancelledError):
                await task

        self.run_here(main())

    def test_a_task_awaits_asyncio(self):
        async def body():
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            loop.call_soon(future.set_result, [1])
            return [await future, await asyncio.sleep(0.001, 2), await asyncio.to_thread(lambda: 3),
                    await asyncio.create_task(later_in_asyncio(4))]

        async def later_in_asyncio(value):
            await asyncio.sleep(0)
            return value

        async def main():
            self.assertEqual(await Tend.spawn(body), [[1], 2, 3, 4])
            future = asyncio.get_running_loop().create_future()
            future.set_exception(KeyError(3))
            with self.assertRaises(KeyError):
                await Tend.spawn(await_it, future)

        self.run_here(main())

    def test_a_body_is_not_in_the_task_of_asyncio(self):
        """What needs one says so, and does not take that which happens to have started the body."""
        async def body():
            self.assertIsNone(asyncio.current_task())
            async with asyncio.timeout(0):
                await Tend.sleep(1)

        async def main():
            task = Tend.spawn(body)
            self.assertIsNotNone(asyncio.current_task())
            with self.assertRaisesRegex(RuntimeError, "inside a task"):
                await task

        self.run_here(main())

    def test_cancelling_a_task_that_awaits_asyncio(self):
        async def main():
            future = asyncio.get_running_loop().create_future()
            task = Tend.spawn(await_it, future)
            task.cancel()
            with self.assertRaises(Tend.CancelledError):
                await task
            self.assertTrue(future.cancelled())

        self.run_here(main())

    def test_a_future_that_is_cancelled(self):
        async def main():
            future = asyncio.get_running_loop().create_future()
            task = Tend.spawn(await_it, future)
            future.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

        self.run_here(main())

    def test_a_stopped_task_that_awaits_asyncio(self):
        async def main():
            future = asyncio.get_running_loop().create_future()
            task = Tend.spawn(await_it, future)
            task.stop()
            self.assertTrue(task.is_ended())
            if not future.done():
                future.set_result(1)
            await asyncio.sleep(0)

        self.run_here(main())

    def test_what_awaits_in_either(self):
        async def main():
            await Tend.sleep(0)
            contents = (await Tend.gio(Gio.File.new_for_path(__file__).load_contents_async))[1]
            self.assertIn(b"test_what_awaits_in_either", contents)
            async with Tend.TaskManager() as manager:
                self.assertEqual(await manager.register("x", later, 1), 1)
            async with Tend.Group() as group:
                child = group.add(later, 2)
            self.assertEqual(child.result, 2)
            channel = Tend.Channel()
            await channel.send([1])
            self.assertEqual(await channel.receive(), [1])

        self.run_here(main())

    @unittest.skipUnless(HAS_ASYNC, "PyGObject's functions cannot be awaited before 3.50")
    def test_what_pygobject_can_await(self):
        async def load(path):
            return (await Gio.File.new_for_path(path).load_contents_async())[1]

        async def main():
            asyncio.get_running_loop().set_exception_handler(lambda _, what: reported.append(what))
            self.assertIn(b"test_what_pygobject_can_await", await Tend.spawn(load, __file__))
            with self.assertRaises(GLib.Error) as caught:
                await Tend.spawn(load, "/nowhere")
            self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))
            task = Tend.spawn(load, __file__)
            task.cancel()
            with self.assertRaises(Tend.CancelledError):
                await task
            self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

        reported = []
        self.run_here(main())
        gc.collect()
        self.assertEqual(reported, [])

    def test_where_the_owner_is_gone(self):
        async def main():
            owner = Gio.SimpleAction.new("owner", None)
            manager = Tend.TaskManager.new_for_owner(owner)
            task = manager.register("x", Tend.sleep, 3600)
            waiter = asyncio.create_task(await_it(task))
            await asyncio.sleep(0)
            del owner
            with self.assertRaises(GLib.Error) as caught:
                await waiter
            self.assertTrue(caught.exception.matches(Tend.error_quark(), Tend.Error.STOPPED))

        self.run_here(main())


@unittest.skipIf(HAS_ASYNC, "PyGObject takes it for one of its own from 3.50 on")
class UnderAForeignLoop(UnderOurLoop):
    factory = ForeignLoop


@unittest.skipUnless(HAS_ASYNC, "PyGObject has its own loop from 3.50 on")
class UnderPyGObjectsLoop(UnderOurLoop):
    def factory(self):
        return GLibEventLoop(GLib.MainContext.default())


class OurLoop(unittest.TestCase):
    def test_a_context_of_its_own(self):
        context = GLib.MainContext()

        async def main():
            task = Tend.spawn(later, 1)
            self.assertEqual(task.get_context(), context)
            return await task

        self.assertEqual(run(main(), lambda: Tend.EventLoop(context)), 1)

    def test_in_a_thread_while_the_main_thread_runs(self):
        def work():
            with asyncio.Runner(loop_factory=Tend.EventLoop) as runner:
                return runner.run(main())

        async def main():
            task = Tend.spawn(later, 1)
            return task.get_context() == GLib.MainContext.default(), await task

        async def body():
            return await Tend.Task.run_thread("loop", work)

        self.assertEqual(Tend.run(body), (False, 1))

    def test_subprocesses_and_signals(self):
        async def main():
            process = await asyncio.create_subprocess_exec("echo", "text", stdout=asyncio.subprocess.PIPE)
            self.assertEqual(await process.communicate(), (b"text\n", None))
            event = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, event.set)
            GLib.idle_add(lambda: os.kill(os.getpid(), signal.SIGUSR1))
            await event.wait()

        run(main())

    def test_interrupt(self):
        task = None

        async def main():
            nonlocal task
            GLib.idle_add(lambda: os.kill(os.getpid(), signal.SIGINT))
            task = Tend.spawn(forever)
            await task

        self.assertRaises(KeyboardInterrupt, run, main())
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

    def test_it_sleeps(self):
        """Sources of the main context wake it, and nothing turns it in between."""
        turns = 0

        class CountingLoop(Tend.EventLoop):
            def _run_once(self):
                nonlocal turns
                turns += 1
                super()._run_once()

        async def main():
            await Tend.sleep(0.05)
            await asyncio.sleep(0.05)

        run(main(), CountingLoop)
        self.assertLess(turns, 50)


class UnderNoSuchLoop(unittest.TestCase):
    def test_in_the_thread_of_the_task(self):
        async def main():
            with self.assertRaisesRegex(RuntimeError, "Tend.EventLoop"):
                await Tend.spawn(forever)

        asyncio.run(main())

    def test_a_task_that_would_await_asyncio(self):
        with self.assertRaisesRegex(RuntimeError, "no running event loop"):
            Tend.run(asyncio.sleep(1))
        loop = asyncio.SelectorEventLoop()
        with self.assertRaisesRegex(RuntimeError, "does not run in this thread; Tend.EventLoop is one"):
            Tend.run(await_it, loop.create_future())
        loop.close()

    def test_in_another_thread(self):
        """A loop there awaits tasks of the main thread, and may cancel them."""
        exception, endless = KeyError(3), Tend.spawn(forever)
        tasks = [Tend.spawn(later, [1]), Tend.spawn(lambda: [2]), Tend.spawn(throw_later, exception)]

        async def main():
            results = [await tasks[0], await tasks[1], await tasks[0]]
            try:
                await tasks[2]
            except KeyError as caught:
                results.append(caught)
            try:
                async with asyncio.timeout(0.001):
                    await endless
            except TimeoutError:
                results.append("late")
            done.set_value(results)

        done = Tend.Completion()
        thread = threading.Thread(target=asyncio.run, args=(main(),))
        thread.start()
        self.assertEqual(Tend.run(done), [[1], [2], [1], exception, "late"])
        thread.join()
        self.assertEqual(endless.get_status(), Tend.TaskStatus.CANCELLED)


if __name__ == "__main__":
    unittest.main()
