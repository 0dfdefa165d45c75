# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What tasks leave behind: nothing, but for what PyGObject itself leaks with each callback.

lifetime.py [N]: with N the growth of the process is measured with so many tasks of each kind.
"""

import contextlib
import gc
import resource
import sys
import unittest
import weakref

from common import Gio, GLib, Tend, Token, VirtualTimeTest, printed_errors, settle

N_TASKS = int(sys.argv.pop()) if len(sys.argv) > 1 and sys.argv[-1].isdigit() else 2_000


async def return_value():
    return [1]


async def wait():
    await Tend.sleep(0)
    return [1]


async def throw():
    await Tend.sleep(0)
    raise KeyError(1)


async def cycle():
    """Its result, which the task keeps, keeps the task."""
    return [Tend.current_task()]


def repeat(func, n_tasks):
    """Runs so many tasks, each to its end."""
    async def main():
        for _ in range(n_tasks):
            with contextlib.suppress(KeyError, Tend.CancelledError, GLib.Error):
                await func()

    Tend.run(main)
    settle()
    gc.collect()


def cancel():
    task = Tend.spawn(wait)
    task.cancel()
    return task


async def stop():
    """The wait that the task was in is given up in the next turn of the loop."""
    Tend.spawn(wait).stop()
    await Tend.sleep(0)


KINDS = {
    "returns": lambda: Tend.spawn(return_value), "waits": lambda: Tend.spawn(wait), "throws": lambda: Tend.spawn(throw),
    "cycle": lambda: Tend.spawn(cycle), "cancelled": cancel, "stopped": stop,
    "combined": lambda: Tend.when_all([Tend.spawn(wait)]), "thread": lambda: Tend.Task.run_thread(None, list),
}


def count_objects():
    gc.collect()
    return sum(isinstance(o, (Tend.Task, BaseException, Gio.AsyncResult)) or "Tend" in type(o).__module__
               for o in gc.get_objects())


class Lifetime(VirtualTimeTest):  # in real time what a turn of the loop leaves to the next may be counted
    def assert_collected(self, make):
        """make(token) gives a task that keeps the token."""
        token = Token()
        gone, task = weakref.ref(token), make(token)
        task_gone = []
        task.weak_ref(task_gone.append, True)
        with contextlib.suppress(BaseException):
            task.wait_sync()
        token = task = None
        settle()
        gc.collect()
        self.assertIsNone(gone())
        self.assertEqual(task_gone, [True])

    def test_nothing_is_left(self):
        for name, func in KINDS.items():
            with self.subTest(kind=name):
                repeat(func, 10)
                before = count_objects()
                repeat(func, N_TASKS // 20)
                self.assertEqual(count_objects(), before)

    def test_cycles_are_collected(self):
        async def result(token):
            await Tend.sleep(0)
            token.things = Tend.current_task(), token
            return token

        async def exception(token):
            task = Tend.current_task()
            await Tend.sleep(0)
            token.things = task, token
            raise ValueError(token)

        def caught(token):
            task = Tend.spawn(exception, token)
            try:
                Tend.run(task)
            except ValueError:
                pass
            return task

        def never_started(token):
            task = Tend.Task("x", lambda: token)
            token.things = task,
            return task

        def by_hand(token):
            task = Tend.Task()
            token.things = task,
            task.return_value(token)
            return task

        for make in (lambda token: Tend.spawn(result, token), lambda token: Tend.spawn(exception, token), caught,
                     never_started, by_hand, lambda token: Tend.Task.run_thread(None, lambda: token),
                     lambda token: Tend.when_all([Tend.spawn(result, token)])):
            with self.subTest(make=make), printed_errors():
                self.assert_collected(make)

    def test_arguments_are_dropped_at_the_end(self):
        token = Token()
        gone, task = weakref.ref(token), Tend.Task("x", lambda token: None, token)
        task.start()
        del token
        gc.collect()
        self.assertIsNone(gone())
        self.assertTrue(task.is_ended())

    def test_a_running_task_needs_nobody(self):
        log = []

        async def body():
            await Tend.sleep(0)
            gc.collect()
            await Tend.sleep(0)
            log.append("end")
            raise ValueError("nobody hears it")

        with printed_errors() as printed:
            Tend.spawn(body)
            gc.collect()
            repeat(lambda: Tend.sleep(0), 5)
        self.assertEqual(log, ["end"])
        self.assertIn("ValueError: nobody hears it", printed.getvalue())

    def test_a_task_that_never_ran(self):
        Tend.Task("x", self.fail)
        coroutine = wait()
        Tend.Task("x", coroutine)
        coroutine.close()
        gc.collect()

    def test_what_a_manager_drops(self):
        manager, gone = Tend.TaskManager(), []
        task = manager.register("x", wait)
        task.weak_ref(gone.append, True)
        del task, manager
        settle()
        gc.collect()
        self.assertEqual(gone, [True])


@unittest.skipIf(N_TASKS < 100_000, "only with 100,000 tasks")
class Growth(unittest.TestCase):
    # What a kind of task has of callbacks: its body, and each wait for it and in it.
    N_CALLBACKS = 4

    @staticmethod
    def measure(func):
        """How many bytes of memory each of N_TASKS calls leaves."""
        def get_resident():
            with open("/proc/self/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * resource.getpagesize()

        func(N_TASKS // 10)
        before = get_resident()
        func(N_TASKS)
        return (get_resident() - before) / N_TASKS

    @staticmethod
    def query(n_times):
        """Calls GIO, with a callback, so many times."""
        loop, file = GLib.MainLoop(), Gio.File.new_for_path("/")

        def callback(*_):
            nonlocal n_times
            n_times -= 1
            if n_times == 0:
                loop.quit()
            else:
                file.query_info_async("standard::name", 0, 0, None, callback)

        file.query_info_async("standard::name", 0, 0, None, callback)
        loop.run()

    def test_growth(self):
        allowed = self.N_CALLBACKS * self.measure(self.query) + 64
        for name, func in KINDS.items():
            with self.subTest(kind=name):
                self.assertLess(self.measure(lambda n_tasks: repeat(func, n_tasks)), allowed)


if __name__ == "__main__":
    unittest.main()
