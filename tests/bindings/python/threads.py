# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Bodies in worker threads, and what other threads may do with a task."""

import multiprocessing
import threading
import unittest

from common import GLib, Tend, settle


async def later(value):
    await Tend.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


async def answer_of_a_thread():
    await Tend.sleep(0.001)
    return await Tend.Task.run_thread("x", lambda: 42)


def answer_in_child(queue):
    queue.put(Tend.run(answer_of_a_thread()))


def double(number):
    return 2 * number


class Fork(unittest.TestCase):
    """What multiprocessing does with "fork", which is how it begins on Linux before Python 3.14."""

    def setUp(self):
        self.context = multiprocessing.get_context("fork")
        self.assertEqual(Tend.run(answer_of_a_thread()), 42)

    def check_child(self):
        queue = self.context.SimpleQueue()
        child = self.context.Process(target=answer_in_child, args=(queue,))
        child.start()
        child.join()
        self.assertEqual(child.exitcode, 0)
        self.assertEqual(queue.get(), 42)

    def test_outside(self):
        self.check_child()

    def test_in_a_body(self):
        async def main():
            async with Tend.TaskManager() as manager:
                await manager.register("fork", self.check_child)
            self.check_child()
            return await answer_of_a_thread()

        self.assertEqual(Tend.run(main), 42)

    def test_pool_in_a_thread(self):
        async def main():
            with self.context.Pool(2) as pool:
                return await Tend.Task.run_thread("pool", lambda: pool.map(double, range(5)))

        self.assertEqual(Tend.run(main), [0, 2, 4, 6, 8])


class Threads(unittest.TestCase):
    def test_results_and_exceptions(self):
        async def main():
            ident = await Tend.Task.run_thread("x", threading.get_ident)
            self.assertNotEqual(ident, threading.get_ident())
            results = await Tend.when_all(Tend.Task.run_thread(None, list, (n,)) for n in range(50))
            self.assertEqual(results, [[n] for n in range(50)])

        Tend.run(main)

    def test_the_current_task(self):
        task = Tend.Task.run_thread("x", lambda: Tend.current_task())
        self.assertIs(Tend.run(task), task)

    def test_nothing_can_be_awaited_there(self):
        async def coroutine():
            pass

        def generator():
            yield

        for body in coroutine, generator:
            with self.assertRaisesRegex(TypeError, "a coroutine cannot run in a thread"):
                Tend.run(Tend.Task.run_thread("x", body))

    def test_cancel(self):
        """A body looks for it, and may end with it."""
        begun = threading.Event()

        def body():
            begun.set()
            while not Tend.current_task().is_cancelling():
                pass
            raise Tend.CancelledError("enough")

        task = Tend.Task.run_thread("x", body)
        begun.wait()
        task.cancel()
        with self.assertRaisesRegex(Tend.CancelledError, "enough"):
            Tend.run(task)
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)

    def test_stop(self):
        """What it returns when it has been stopped is dropped."""
        begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

        def body():
            begun.set()
            go_on.wait()
            ended.set()
            return [1]

        task = Tend.Task.run_thread("x", body)
        begun.wait()
        task.stop()
        go_on.set()
        ended.wait()
        settle()
        self.assertIsInstance(task.exception, GLib.Error)
        self.assertEqual(task.get_status(), Tend.TaskStatus.STOPPED)

    def test_what_other_threads_may_do(self):
        value, completion = [1], Tend.Completion()
        by_hand, endless, failing = Tend.Task(), Tend.spawn(Tend.sleep, 3600), Tend.Task()
        exception = KeyError(1)

        def others():
            completion.set_value(value)
            by_hand.return_value(value)
            failing.return_error(exception)
            endless.cancel()

        thread = threading.Thread(target=others)
        thread.start()
        self.assertIs(Tend.run(completion), value)
        self.assertIs(Tend.run(by_hand), value)
        with self.assertRaises(KeyError) as caught:
            Tend.run(failing)
        self.assertIs(caught.exception, exception)
        self.assertRaises(Tend.CancelledError, Tend.run, endless)
        thread.join()

    def test_several_complete_at_once(self):
        """The first wins, and its value is that which everybody sees."""
        for _ in range(20):
            completion, won = Tend.Completion(), []

            def complete(value):
                try:
                    completion.set_value(value)
                except GLib.Error:
                    return  # Another was first.
                won.append(value)

            threads = [threading.Thread(target=complete, args=([number],)) for number in range(4)]
            for thread in threads:
                thread.start()
            result = Tend.run(completion)
            for thread in threads:
                thread.join()
            self.assertEqual(len(won), 1)
            self.assertIs(result, won[0])

    def test_a_loop_in_another_thread(self):
        """A whole program runs there in a context of its own."""
        def other():
            context = GLib.MainContext()
            context.push_thread_default()
            try:
                results.append(Tend.run(main))
            finally:
                context.pop_thread_default()

        async def main():
            await Tend.sleep(0)
            return await Tend.spawn(lambda: [1])

        results = []
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertEqual(results, [[1]])

    def test_awaiting_a_task_of_another_thread(self):
        """Its own thread has to run it, and is asked there."""
        value, exception = [1], KeyError(1)
        tasks = [Tend.spawn(later, value), Tend.spawn(later, exception), Tend.spawn(lambda: value)]

        def other():
            context = GLib.MainContext()
            context.push_thread_default()
            try:
                done.set_value(Tend.run(main))
            finally:
                context.pop_thread_default()

        async def main():
            self.assertIs(await tasks[0], value)
            self.assertIs(await tasks[2], value)
            with self.assertRaises(KeyError) as caught:
                await tasks[1]
            self.assertIs(caught.exception, exception)
            return "done"

        done = Tend.Completion()
        thread = threading.Thread(target=other)
        thread.start()
        self.assertEqual(Tend.run(done), "done")
        thread.join()


if __name__ == "__main__":
    unittest.main()
