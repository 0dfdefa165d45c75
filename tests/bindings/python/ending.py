# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The end of Tend.run() and of an event loop: what was started under it ends too."""

import asyncio
import gc
import threading
import unittest

from common import GLib, Tend, VirtualTimeTest, printed_errors


class Ending(VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.log = []

    async def work(self, name, clean_up=1):
        try:
            await Tend.sleep(3600)
        finally:
            await Tend.sleep(clean_up)
            self.log.append(name)

    def start_all(self):
        """Starts a task of each kind, of which none would end."""
        manager, group, retry = Tend.TaskManager(max_running=3), Tend.Group(), Tend.Retry.new(3)
        tasks = [
            Tend.spawn(self.work, "spawned"),
            manager.register("x", self.work, "registered"),
            manager.register("y", self.work, "delayed", delay=60),
            manager.register("z", self.work, "interval", delay=0, interval=60),
            manager.debounce("d", 60, self.work, "debounced"),
            group.add(self.work, "grouped"),
            retry.run("r", self.work, "tried"),
        ]
        group.join()
        return tasks, (manager, group, retry)

    def test_all_that_was_started_is_cancelled_and_waited_for(self):
        async def main():
            kept.append(self.start_all())
            await Tend.sleep(1)
            return "done"

        kept = []
        with self.assert_takes(2), printed_errors() as printed:
            self.assertEqual(Tend.run(main), "done")
        self.assertEqual(sorted(self.log), ["grouped", "interval", "registered", "spawned", "tried"])
        for task in kept[0][0]:
            self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED, task)
        self.assertEqual(printed.getvalue(), "")

    def test_also_where_it_raises(self):
        async def main():
            Tend.spawn(self.work, "spawned")
            raise KeyError

        self.assertRaises(KeyError, Tend.run, main)
        self.assertEqual(self.log, ["spawned"])

    def test_what_clean_up_starts_comes_to_its_end(self):
        async def clean_up():
            await Tend.sleep(1)
            self.log.append("cleaned up")

        async def work():
            try:
                await Tend.sleep(3600)
            finally:
                await Tend.spawn(clean_up)
                Tend.spawn(self.work, "left by the clean-up")

        with self.assert_takes(2):
            Tend.run(lambda: Tend.spawn(work) and None)
        self.assertEqual(self.log, ["cleaned up", "left by the clean-up"])

    def test_what_was_started_before_goes_on(self):
        task, unbegun = Tend.spawn(self.work, "before"), Tend.Task("x", self.work, "not begun")
        manager = Tend.TaskManager()
        managed = manager.register("y", Tend.sleep, 7200)
        self.run_for(1)
        Tend.run(Tend.sleep(1))
        self.assertEqual((task.is_ended(), unbegun.is_started(), managed.is_ended()), (False, False, False))
        for each in (task, managed):
            each.stop()

    def test_a_run_within_another_leaves_it_to_that(self):
        def nested():
            Tend.run(lambda: tasks.append(Tend.spawn(self.work, "spawned")))
            tasks.append(tasks[0].is_cancelling())

        async def main():
            GLib.idle_add(nested)
            await Tend.sleep(1)

        tasks = []
        Tend.run(main)
        self.assertEqual((tasks[1], self.log), (False, ["spawned"]))

    def test_who_is_late_is_named_and_stopped(self):
        async def late():
            try:
                await self.work("late", 60)
            finally:
                self.log.append("unwound")

        with printed_errors() as printed, self.assert_takes(5):
            Tend.run(lambda: Tend.spawn(late, name="late") and None)
        self.assertEqual(self.log, ["unwound"])
        self.assertRegex(printed.getvalue(), r"Task\('late', \d+\) was started under Tend.run\(\)")

    def test_a_thread_is_waited_for(self):
        def work():
            is_begun.set()
            while not Tend.current_task().is_cancelling():
                pass
            self.log.append("thread")

        async def main():
            Tend.Task.run_thread(None, work)
            is_begun.wait()

        is_begun = threading.Event()
        del self.clock  # It would not wait for a thread.
        Tend.run(main)
        self.clock = Tend.Clock.freeze(None)
        self.assertEqual(self.log, ["thread"])

    def test_errors_of_the_clean_up_are_told(self):
        async def work():
            try:
                await Tend.sleep(3600)
            finally:
                raise ValueError("in the clean-up")

        with printed_errors() as printed:
            Tend.run(lambda: Tend.spawn(work) and None)
            gc.collect()
        self.assertEqual(printed.getvalue().count("nobody observed"), 1)
        self.assertIn("in the clean-up", printed.getvalue())

    def test_exit_in_the_clean_up(self):
        async def work():
            try:
                await Tend.sleep(3600)
            finally:
                raise SystemExit(4)

        with printed_errors() as printed, self.assertRaises(SystemExit) as caught:
            Tend.run(lambda: Tend.spawn(work) and None)
        self.assertEqual((caught.exception.code, printed.getvalue()), (4, ""))


class EventLoop(unittest.TestCase):
    async def work(self):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            await Tend.sleep(0)
            self.log.append("cleaned up")

    async def start(self):
        self.tasks.append(Tend.spawn(self.work))
        await asyncio.sleep(0)

    def setUp(self):
        self.log, self.tasks = [], []

    def test_with_a_runner(self):
        """Its tasks live from one run to the next, as those of asyncio do, and end when it is closed."""
        with asyncio.Runner(loop_factory=Tend.EventLoop) as runner:
            runner.run(self.start())
            runner.run(asyncio.sleep(0))
            self.assertFalse(self.tasks[0].is_ended())
        self.assertEqual(self.log, ["cleaned up"])

    def test_with_a_policy(self):
        """Which is how asyncio.run() has another loop."""
        class Policy(asyncio.DefaultEventLoopPolicy):
            _loop_factory = Tend.EventLoop

        asyncio.set_event_loop_policy(Policy())
        try:
            asyncio.run(self.start())
        finally:
            asyncio.set_event_loop_policy(None)
        self.assertEqual(self.log, ["cleaned up"])

    def test_by_hand(self):
        loop = Tend.EventLoop()
        loop.run_until_complete(self.start())
        loop.close()
        loop.close()
        self.assertEqual(self.log, ["cleaned up"])

    def test_exit(self):
        """What a body throws to end the program ends the loop with it, and what awaits there cleans up."""
        async def leave():
            await Tend.sleep(0)
            raise SystemExit(4)

        async def main():
            Tend.spawn(leave)
            await self.work()

        with self.assertRaises(SystemExit) as caught, asyncio.Runner(loop_factory=Tend.EventLoop) as runner:
            runner.run(main())
        self.assertEqual((caught.exception.code, self.log), (4, ["cleaned up"]))


if __name__ == "__main__":
    unittest.main()
