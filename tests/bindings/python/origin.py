# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Where a task was made: the line of the program, whoever makes the task on its behalf."""

import gc
import sys
import unittest
import weakref

from common import Tend, Token, VirtualTimeTest


class Origin(VirtualTimeTest):
    def list_makers(self):
        """Gives functions, each of one line, that make a task."""
        manager, group, retry = Tend.TaskManager(), Tend.Group(), Tend.Retry.new(1)
        requests, task = Tend.RequestCache(), Tend.Task()
        return [
            lambda: Tend.Task("x", print),
            lambda: Tend.Task("x"),
            lambda: Tend.Task.new("x", print),
            lambda: Tend.Task.new_thread("x", int),
            lambda: Tend.Task.run("x", Tend.sleep, 1),
            lambda: Tend.Task.run_thread("x", int),
            lambda: Tend.spawn(Tend.sleep, 1),
            lambda: Tend.spawn(Tend.sleep(1)),
            lambda: manager.register("x", Tend.sleep, 1),
            lambda: manager.register_anonymous("x", Tend.sleep, 1),
            lambda: manager.register_thread("y", int),
            lambda: manager.debounce("d", 1, print),
            lambda: manager.throttle("t", 1, Tend.sleep, 1),
            lambda: group.add(Tend.sleep, 1),
            lambda: group.join(),
            lambda: retry.create_task("r", Tend.sleep, 1),
            lambda: retry.run("r", Tend.sleep, 1),
            lambda: Tend.Completion(name="c").get_task(),
            lambda: Tend.Completion.new("c").get_task(),
            lambda: Tend.wait_all([task]),
            lambda: Tend.when_all([task]),
            lambda: Tend.when_any([task]),
            lambda: task.with_cancellable(None),
            lambda: task.with_timeout(1),
            lambda: task.with_deadline(1),
            lambda: requests.wait_for("p", 1, 1),
            lambda: manager.wait_for_tasks(),
            lambda: manager.drain(),
        ]

    def test_each_way(self):
        for make in self.list_makers():
            line = make.__code__.co_firstlineno
            with self.subTest(line=line):
                self.assertEqual(make().dup_origin(), f"{__file__}:{line}")

    def test_within_coroutines(self):
        """The line that awaits, also through functions of the library that are coroutines themselves."""
        async def show():
            return Tend.current_task().dup_origin()

        async def main():
            here = Tend.current_task().dup_origin()
            line = sys._getframe().f_lineno + 1
            return here, line, [await Tend.wait_for(show(), 1), await Tend.shield(show()), await Tend.spawn(show)]

        line = sys._getframe().f_lineno + 1
        here, line_within, others = Tend.run(main)
        self.assertEqual(here, f"{__file__}:{line}")
        self.assertEqual(others, [f"{__file__}:{line_within}"] * 3)

    def test_each_attempt(self):
        async def show():
            origins.append(Tend.current_task().dup_origin())
            if len(origins) < 3:
                raise ValueError

        origins = []
        line = sys._getframe().f_lineno + 1
        Tend.run(Tend.Retry.new(3).run("r", show))
        self.assertEqual(origins, [f"{__file__}:{line}"] * 3)

    def test_a_generator_that_is_left(self):
        async def generate():
            try:
                yield 1
            finally:
                await Tend.sleep(1)
                raise ValueError("in the clean-up")

        async def main():
            async for _ in generate():
                break

        told = []
        Tend.set_unobserved_func(lambda task, exception, origin: told.append((str(exception), origin)))
        try:
            Tend.run(main)
            gc.collect()
        finally:
            Tend.set_unobserved_func(None)
        self.assertEqual(told, [("in the clean-up", f"{__file__}:{generate.__code__.co_firstlineno}")])

    def test_no_frame_is_kept(self):
        def make():
            token = Token()
            return Tend.Task("x", print), weakref.ref(token)

        task, reference = make()
        self.assertIsNone(reference())
        del task


if __name__ == "__main__":
    unittest.main()
