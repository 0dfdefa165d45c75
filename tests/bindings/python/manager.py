# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What Python adds to the manager and to the request cache: names as keys, and "async with"."""

import unittest

from common import GLib, Tend, VirtualTimeTest


class Node(Tend.TaskManager):
    def __init__(self, name, *, log):
        super().__init__()
        self.name = name
        self.log = log

    async def work(self):
        try:
            await Tend.sleep(3600)
        finally:
            await Tend.sleep(1)
            self.log.append(self.name)


class Manager(VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.log = []

    def test_as_a_container(self):
        async def main():
            manager = Tend.TaskManager()
            self.assertTrue(manager)
            self.assertEqual(len(manager), 0)
            task = manager.register("x", Tend.sleep, 1)
            other = Tend.spawn(Tend.sleep, 1)
            self.assertIn("x", manager)
            self.assertIn(task, manager)
            self.assertNotIn("y", manager)
            self.assertNotIn(other, manager)
            self.assertIs(manager["x"], task)
            self.assertIs(manager[0], task)
            self.assertEqual((list(manager), len(manager)), ([task], 1))
            with self.assertRaises(KeyError):
                manager["y"]
            await task
            self.assertNotIn("x", manager)

        Tend.run(main)

    def test_register_with_settings_and_policy(self):
        async def main():
            async with Tend.TaskManager() as manager:
                first = manager.register("x", self.log.append, 1, delay=5)
                kept = manager.register("x", self.log.append, 2, policy=Tend.NamePolicy.KEEP)
                self.assertIs(kept, first)
                with self.assert_error(Tend.error_quark(), Tend.Error.EXISTS):
                    manager.register("x", self.log.append, 2)
                latest = manager.register("x", self.log.append, 3, policy=Tend.NamePolicy.REPLACE, delay=0.5)
                ticks = manager.register("tick", self.log.append, "tick", interval=1, delay=0)
                await latest
                self.assertEqual(first.get_status(), Tend.TaskStatus.CANCELLED)
                await Tend.sleep(2)
                ticks.cancel()

        Tend.run(main)
        self.assertEqual(self.log, ["tick", 3, "tick", "tick"])

    def test_debounce_and_throttle(self):
        async def main():
            async with Tend.TaskManager() as manager:
                for number in range(3):
                    manager.debounce("search", 1, self.log.append, number)
                    manager.throttle("save", 1, self.log.append, f"save {number}")
                    await Tend.sleep(0.3)
                await Tend.sleep(2)

        Tend.run(main)
        self.assertEqual(self.log, ["save 0", "save 2", 2])

    def test_async_with(self):
        """A manager of any class is shut down in order, also where the block throws."""
        async def main(throw):
            async with Node("node", log=self.log) as node:
                node.add_shutdown_task(Tend.Task("last", self.log.append, "last"))
                node.register("work", node.work)
                await Tend.sleep(1)
                throw()
            self.log.append("not reached" if node.is_shut_down() and throw is not int else "shut down")

        Tend.run(main, int)
        self.assertEqual(self.log, ["node", "last", "shut down"])
        self.log.clear()
        with self.assertRaises(ZeroDivisionError):
            Tend.run(main, lambda: 1 / 0)
        self.assertEqual(self.log, ["node", "last"])

    def test_shutdown_and_wait_for_tasks(self):
        async def main():
            manager = Tend.TaskManager()
            manager.register("x", Tend.sleep, 3)
            with self.assert_takes(3):
                await manager.wait_for_tasks()
            manager.add_shutdown_task(Tend.Task("fails", lambda: 1 / 0))
            with self.assertRaisesRegex(GLib.Error, "ZeroDivisionError: division by zero"):
                await manager.shutdown()
            self.assertTrue(manager.is_shut_down())

        Tend.run(main)

    def test_ends(self):
        async def main():
            manager = Tend.TaskManager()
            stopped = manager.register("stopped", Tend.sleep, 3)
            manager.stop_all()
            self.assertEqual(stopped.get_status(), Tend.TaskStatus.STOPPED)
            self.assertFalse(manager.is_closed())
            manager.register("x", Tend.sleep, 3)
            manager.add_shutdown_task(Tend.Task("last", self.log.append, "last"))
            manager.close()
            self.assertTrue(manager.is_closed())
            with self.assertRaisesRegex(GLib.Error, "the manager is closed"):
                manager.register("late", Tend.sleep, 3)
            self.assertFalse(manager.is_shut_down())
            with self.assert_takes(3):
                await manager.drain()
            self.assertEqual(self.log, ["last"])
            self.assertTrue(manager.is_shut_down())

        Tend.run(main)

    def test_a_failed_task(self):
        class Failing(Tend.TaskManager):
            def do_task_failed(manager, task, error):
                self.log.append((task.get_name(), error, task.exception))

        manager, exception = Failing(), ValueError("text")

        def throw():
            raise exception

        manager.register("x", throw)
        self.run_for(0)
        self.assertEqual(self.log, [("x", exception, exception)])

    def test_threads(self):
        async def main():
            async with Tend.TaskManager() as manager:
                return await manager.register_thread("sum", sum, [1, 2], policy=Tend.NamePolicy.QUEUE)

        self.assertEqual(Tend.run(main), 3)


class Cache(VirtualTimeTest):
    class Query(Tend.NumberCache):
        def __init__(self, number, answer):
            super().__init__(prefix="query", number=number)
            self.answer = Tend.Completion()
            self.add_task(self.answer.get_task(), answer)

    def test_default_values(self):
        """Those of a cache come back as they were, and so do its exceptions."""
        async def main():
            default, exception = {"no": "answer"}, KeyError("no answer")
            async with Tend.RequestCache() as requests:
                query = self.Query(7, default)
                failing = Tend.Completion()
                query.add_task_with_error(failing.get_task(), exception)
                requests.add(query)
                self.assertIn(query, requests)
                self.assertEqual((len(requests), bool(requests)), (1, True))
                with self.assert_takes(10):
                    self.assertIs(await query.answer, default)
                with self.assertRaises(KeyError) as caught:
                    await failing
                self.assertIs(caught.exception, exception)
                self.assertNotIn(query, requests)
                self.assertNotIn("query", requests)

        Tend.run(main)

    def test_async_with(self):
        async def main():
            async with Tend.RequestCache() as requests:
                query = self.Query(7, None)
                requests.add(query)
            self.assertTrue(requests.is_shut_down())
            with self.assertRaises(Tend.CancelledError):
                await query.answer

        Tend.run(main)


if __name__ == "__main__":
    unittest.main()
