# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""An application that waits for its tasks, and lets them end before its run returns."""

import unittest

from common import Tend, VirtualTimeTest

from gi.repository import Gio


class Application(VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.manager = Tend.TaskManager()
        self.application = Gio.Application(flags=Gio.ApplicationFlags.NON_UNIQUE)
        self.log = []

    def run_with(self, flags, *bodies):
        def activate(application):
            for number, body in enumerate(bodies):
                self.manager.register(str(number), body)

        Tend.application_add_manager(self.application, self.manager, flags)
        self.application.connect("activate", activate)
        self.assertEqual(self.application.run(), 0)
        self.assertTrue(self.manager.is_shut_down())
        self.assertFalse(self.manager.is_busy())
        return self.log

    async def work(self):
        for _ in range(10):
            await Tend.sleep(0)
        self.log.append("done")

    async def save(self):
        try:
            await Tend.sleep(3)
            self.log.append("saved")
        finally:
            await Tend.sleep(1)
            self.log.append("closed")

    async def quit(self):
        self.application.quit()

    def test_tasks_hold_it(self):
        self.assertEqual(self.run_with(Tend.ApplicationFlags.NONE, self.work), ["done"])

    def test_quit_cancels(self):
        self.assertEqual(self.run_with(Tend.ApplicationFlags.NONE, self.save, self.quit), ["closed"])

    def test_quit_drains(self):
        self.assertEqual(self.run_with(Tend.ApplicationFlags.DRAIN, self.save, self.quit), ["saved", "closed"])


if __name__ == "__main__":
    unittest.main()
