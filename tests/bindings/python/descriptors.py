# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Descriptors and signals in coroutines."""

import asyncio
import os
import signal
import socket
import unittest

from common import GLib, Tend, VirtualTimeTest, settle

IN, OUT = GLib.IOCondition.IN, GLib.IOCondition.OUT


class Descriptors(VirtualTimeTest):
    def setUp(self):
        super().setUp()
        self.here, self.there = socket.socketpair()
        self.here.setblocking(False)

    def tearDown(self):
        self.here.close()
        self.there.close()
        super().tearDown()

    def test_wait(self):
        async def main():
            task = Tend.spawn(Tend.wait_fd, self.here)
            await Tend.sleep(0)
            self.assertFalse(task.is_ended())
            self.there.send(b"x")
            self.assertEqual(await task, IN)
            return await Tend.wait_fd(self.here.fileno(), IN | OUT)

        self.assertEqual(Tend.run(main), IN | OUT)

    def test_cancelled_wait_leaves_nothing(self):
        async def body():
            try:
                await Tend.wait_fd(self.here)
            except asyncio.CancelledError:
                log.append("cancelled")
                raise

        log = []
        task = Tend.spawn(body)
        settle()
        task.cancel()
        settle()
        self.assertEqual(log, ["cancelled"])
        self.assertEqual(self.clock.run_until_idle(), 0)

    def test_is_refused(self):
        async def main():
            await Tend.wait_fd(-1)

        with self.assertRaisesRegex(GLib.Error, "cannot wait for descriptor -1: "):
            Tend.run(main)

    def test_watch(self):
        def read(task, fd, condition, more):
            log.append((self.here.recv(1), condition, more))
            return len(log) < 2

        log = []
        task = Tend.Task("host")
        watch = task.add_fd(self.here.fileno(), IN, read, "more")
        self.assertTrue(watch.is_active())
        self.there.send(b"abc")
        settle()
        self.assertEqual(log, [(b"a", IN, "more"), (b"b", IN, "more")])
        task.stop()

    def test_watch_fails_its_task(self):
        def fail(*_):
            raise exception

        exception = ValueError()
        task = Tend.Task("host")
        task.add_fd(self.here.fileno(), OUT, fail)
        settle()
        self.assertIs(task.exception, exception)

    def test_signal(self):
        async def main():
            task = Tend.Task.run_signal(signal.SIGUSR1)
            os.kill(os.getpid(), signal.SIGUSR1)
            return await task

        self.assertEqual(Tend.run(main), signal.SIGUSR1)


if __name__ == "__main__":
    unittest.main()
