# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The Python code of doc/testing.md."""

import gc
import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend


async def remind():
    await Tend.sleep(3600)
    return "tea"


async def measure_later():
    await Tend.sleep(60)
    return await Tend.Task.run_thread("measure", lambda: 42)


class TestReminder(unittest.TestCase):
    def setUp(self):
        self.clock = Tend.Clock.freeze()
        self.reports = []
        Tend.set_unobserved_func(lambda *report: self.reports.append(report))

    def tearDown(self):
        Tend.set_unobserved_func(None)
        self.assertEqual(self.reports, [])
        del self.clock

    def advance_and_wait(self, duration, task):
        self.clock.advance(duration)
        while not task.is_ended():
            GLib.MainContext.default().iteration(True)

    def test_an_hour(self):
        task = Tend.spawn(remind)
        self.clock.advance(3599)
        self.assertFalse(task.is_ended())
        self.clock.advance(1)
        self.assertEqual(task.result, "tea")

    def test_a_thread(self):
        task = Tend.spawn(measure_later)
        self.advance_and_wait(60, task)
        self.assertEqual(task.result, 42)

    def test_the_whole_program(self):
        self.assertEqual(Tend.run(remind()), "tea")

    def test_nothing_is_left(self):
        task = Tend.spawn(remind)
        left = task.weak_ref()
        self.clock.advance(3600)
        del task
        gc.collect()
        self.assertIsNone(left())


unittest.main()
