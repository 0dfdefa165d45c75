# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a fiber of C does is told to Python on the native stack: that of a fiber is too small for Python."""

import unittest

import gi

from common import Gio, GLib, Tend, VirtualTimeTest

gi.require_version("TendTest", "1")
from gi.repository import TendTest

DEPTH = 300  # of nested calls from C: a few times as many as fit on the stack of a fiber


def go_deep(depth=DEPTH):
    """Takes much of the stack by calls of Python from C from Python, and so on."""
    if depth > 0:
        sorted([0], key=lambda _: go_deep(depth - 1) or 0)


class Node(Tend.TaskManager):
    def do_task_failed(self, task, error):
        go_deep()
        self.failed = str(error)


class Fiber(VirtualTimeTest):
    def test_everything_is_told_on_the_native_stack(self):
        log = []

        def tell(what):
            def note(*_):
                go_deep()
                log.append(what)
            return note

        async def body():
            tell("body")()
            await Tend.sleep(1)
            tell("rest of the body")()

        own, started, manager, other = Tend.Task("own"), Tend.Task("started", body), Node(), Node()
        cancelled = manager.register("cancelled", Tend.sleep, 1000)
        fiber = TendTest.new_fiber(own, started, manager)
        fiber.connect("notify::progress", tell("progress"))
        fiber.add_exit_handler(tell("exit handler"))
        own.connect("notify::status", tell("status"))
        own.add_exit_handler(tell("exit handler of its own"))
        started.connect("notify::status", tell("status of the started"))
        manager.connect("items-changed", tell("items"))

        other.register(fiber)
        with self.assert_error(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY):
            fiber.wait_sync()  # not Tend.run(), which ends what the fiber has started
        self.assertEqual(Tend.run(own), "from a fiber")
        Tend.run(started)
        with self.assertRaises(Tend.CancelledError):
            Tend.run(cancelled)

        self.assertIn("busy", other.failed)
        self.assertLessEqual({"progress", "exit handler", "status", "exit handler of its own", "status of the started",
                              "items", "body", "rest of the body"}, set(log))


if __name__ == "__main__":
    unittest.main()
