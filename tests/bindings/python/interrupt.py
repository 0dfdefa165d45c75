# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What ends a program early, wherever it is thrown: it ends Tend.run(), after the clean-up of its main part."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
import unittest

from common import GLib, GObject, Tend, VirtualTimeTest, printed_errors, settle


class Emitter(GObject.Object):
    @GObject.Signal
    def rang(self):
        pass


class Terminated(Exception):
    pass


def throw(exception):
    raise exception


async def suppress_errors(task):
    with contextlib.suppress(ValueError):
        await task


def list_places(exception):
    """Gives functions that have @exception thrown soon, each in another kind of callback."""
    def in_timer():
        Tend.current_task().add_timer(1, None, lambda _: throw(exception))

    def in_post():
        Tend.current_task().post(lambda _: throw(exception))

    def in_exit_handler():
        task = Tend.spawn(Tend.sleep, 1)
        task.add_exit_handler(lambda _: throw(exception))

    def in_cancel_handler():
        task = Tend.spawn(Tend.sleep, 3600)
        task.add_cancel_handler(lambda _: throw(exception))
        task.cancel()

    def in_handler_of_cancellable():
        cancellable = Tend.Cancellable()
        cancellable.add_handler(lambda _: throw(exception))
        cancellable.cancel()
        return cancellable

    def in_ready_callback():
        Tend.spawn(Tend.sleep, 1).wait_async(None, lambda *_: throw(exception))

    def in_signal_of_manager():
        manager = Tend.TaskManager()
        manager.connect("task-added", lambda *_: throw(exception))
        manager.register("x", print)
        return manager

    def in_progress():
        task = Tend.current_task()
        task.connect("notify::progress", lambda *_: throw(exception))
        task.set_progress(0.5, None)

    def in_virtual_function():
        class Manager(Tend.TaskManager):
            def do_task_added(self, task):
                raise exception

        manager = Manager()
        manager.register("x", print)
        return manager

    def in_body():
        Tend.spawn(throw, exception)

    def in_managed_body():
        manager = Tend.TaskManager()
        manager.register("x", throw, exception)
        return manager

    def in_predicate():
        retry = Tend.Retry.new(3)
        retry.set_predicate(lambda *_: throw(exception))
        Tend.spawn(suppress_errors, retry.run(None, throw, ValueError("of the attempt")))

    def in_stopped_body():
        async def body():
            try:
                await Tend.sleep(3600)
            finally:
                raise exception

        Tend.spawn(body).stop()

    return {func.__name__: func for func in list(locals().values()) if callable(func)}


class Anywhere(VirtualTimeTest):
    """SystemExit and KeyboardInterrupt, from each kind of callback."""

    async def main(self, begin):
        kept = begin()
        try:
            await Tend.sleep(10)
            self.log.append("not reached")
        finally:
            await Tend.sleep(1)
            self.log.append("cleaned up")
        return kept

    def check(self, exception, begin):
        self.log = []
        with printed_errors() as printed, self.assertRaises(type(exception)) as caught:
            Tend.run(self.main, begin)
        self.assertIs(caught.exception, exception)
        self.assertEqual((self.log, printed.getvalue()), (["cleaned up"], ""))

    def test_exit(self):
        for name in list_places(None):
            exception = SystemExit(4)
            if name in ("in_timer", "in_post"):
                continue  # see below
            with self.subTest(place=name):
                self.check(exception, list_places(exception)[name])

    def test_interrupt(self):
        for name in list_places(None):
            exception = KeyboardInterrupt()
            if name in ("in_timer", "in_post"):
                continue
            with self.subTest(place=name):
                self.check(exception, list_places(exception)[name])

    def test_in_the_scope_of_a_task(self):
        """Its task fails at once with what its own timers throw, as with any error of theirs: it is unwound."""
        async def main():
            try:
                begin()
                await Tend.sleep(10)
            finally:
                self.log.append("unwound")

        for name in ("in_timer", "in_post"):
            exception, self.log = SystemExit(4), []
            begin = list_places(exception)[name]
            with self.subTest(place=name), printed_errors() as printed, self.assertRaises(SystemExit) as caught:
                Tend.run(main)
            self.assertIs(caught.exception, exception)
            self.assertEqual((self.log, printed.getvalue()), (["unwound"], ""))

    def test_interrupt_in_what_is_not_of_the_library(self):
        exception, emitter = KeyboardInterrupt(), Emitter()
        emitter.connect("rang", lambda _: throw(exception))
        self.check(exception, lambda: GLib.idle_add(throw, exception))
        exception = KeyboardInterrupt()
        self.check(exception, lambda: emitter.emit("rang"))

    def test_others_are_printed_once(self):
        for name in list_places(None):
            if name in ("in_timer", "in_post", "in_body", "in_managed_body"):
                continue  # whose tasks they fail
            with self.subTest(place=name), printed_errors() as printed:
                self.log = []
                Tend.run(self.main, list_places(LookupError("once"))[name])
                self.assertEqual(self.log, ["not reached", "cleaned up"])
            self.assertEqual(printed.getvalue().count("\nLookupError: once"), 1, printed.getvalue())

    def test_who_prints_is_as_it_was(self):
        hook = sys.excepthook
        Tend.run(Tend.sleep(1))
        self.assertIs(sys.excepthook, hook)

    def test_the_error_of_the_clean_up_comes_first(self):
        async def main():
            Tend.spawn(sys.exit, 4)
            try:
                await Tend.sleep(10)
            finally:
                raise ValueError("in the clean-up")

        with self.assertRaises(ValueError) as caught:
            Tend.run(main)
        contexts = []
        exception = caught.exception
        while exception is not None:
            contexts.append(type(exception).__name__)
            exception = exception.__context__
        self.assertEqual(contexts, ["ValueError", "CancelledError", "SystemExit"])

    def test_it_is_not_swallowed(self):
        """Other than Ctrl-C, which only asks."""
        async def main():
            Tend.spawn(sys.exit, 4)
            with contextlib.suppress(Tend.CancelledError):
                await Tend.sleep(10)

        self.assertRaises(SystemExit, Tend.run, main)

    def test_the_second_is_told_as_any_error(self):
        async def main():
            Tend.spawn(sys.exit, 4)
            Tend.spawn(sys.exit, 5)

        with printed_errors() as printed, self.assertRaises(SystemExit) as caught:
            Tend.run(main)
        self.assertEqual(caught.exception.code, 4)
        self.assertEqual(printed.getvalue().count("SystemExit: 5"), 2)  # the message, and the traceback


class Signals(unittest.TestCase):
    """By the machine's time."""

    def send(self, signum=signal.SIGINT, times=1):
        for _ in range(times):
            os.kill(os.getpid(), signum)

    def spend(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass

    def test_a_body_that_never_waits(self):
        async def busy():
            self.send()
            self.spend(0.05)
            log.append("the first asks")
            self.send()
            self.spend(20)
            log.append("not reached")

        for main in busy, lambda: busy().send(None):
            log = []
            self.assertRaises(KeyboardInterrupt, Tend.run, main)
            self.assertEqual(log, ["the first asks"])

    def test_a_callback_that_never_ends(self):
        async def main():
            GLib.timeout_add(1, busy)
            try:
                await Tend.sleep(3600)
            finally:
                log.append("clean-up")
                await Tend.sleep(3600)
                log.append("not reached")

        def busy():
            self.send()
            self.spend(0.05)
            self.send()
            self.spend(20)

        log = []
        with printed_errors() as printed:
            self.assertRaises(KeyboardInterrupt, Tend.run, main)
        self.assertEqual((log, printed.getvalue()), (["clean-up"], ""))

    def test_a_body_that_swallows_the_first(self):
        async def main():
            while True:
                with contextlib.suppress(Tend.CancelledError):
                    self.send()
                    await Tend.sleep(0.01)

        self.assertRaises(KeyboardInterrupt, Tend.run, main)

    def test_what_is_left_is_stopped_by_the_second(self):
        async def left():
            try:
                await Tend.sleep(3600)
            finally:
                log.append("clean-up")
                GLib.timeout_add(1, self.send)
                GLib.timeout_add(20, self.send)
                try:
                    await Tend.sleep(3600)
                finally:
                    log.append("unwound")

        log = []
        with printed_errors():
            self.assertRaises(KeyboardInterrupt, Tend.run, lambda: Tend.spawn(left) and None)
        self.assertEqual(log, ["clean-up", "unwound"])

    def test_wait_sync(self):
        async def work():
            GLib.timeout_add(1, self.send)
            try:
                await Tend.sleep(3600)
            finally:
                await Tend.sleep(0)
                log.append("cleaned up")

        log = []
        self.assertRaises(KeyboardInterrupt, Tend.spawn(work).wait_sync)
        self.assertEqual(log, ["cleaned up"])
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_in_a_run_within_another(self):
        """The inner one has it, and ends the outer one as any KeyboardInterrupt in a callback."""
        async def inner():
            GLib.timeout_add(1, self.send)
            await self.wait(log, "inner")

        async def main():
            GLib.timeout_add(1, Tend.run, inner)
            await self.wait(log, "outer")

        log = []
        with printed_errors() as printed:
            self.assertRaises(KeyboardInterrupt, Tend.run, main)
        self.assertEqual((log, printed.getvalue()), (["inner", "outer"], ""))

    async def wait(self, log, name):
        try:
            await Tend.sleep(3600)
        finally:
            log.append(name)

    def test_a_handler_that_throws(self):
        """In whatever runs just then: in a body, in that of another task, in a callback."""
        def in_callback():
            GLib.timeout_add(1, self.send, signal.SIGTERM)

        def in_other_body():
            Tend.spawn(self.send, signal.SIGTERM)

        def in_exit_handler():
            Tend.spawn(Tend.sleep, 0).add_exit_handler(lambda _: self.send(signal.SIGTERM))

        for exception in (Terminated(), KeyboardInterrupt()):
            for begin in (in_callback, in_other_body, in_exit_handler, lambda: self.send(signal.SIGTERM)):
                async def main():
                    try:
                        begin()
                        await Tend.sleep(3600)
                    finally:
                        log.append("cleaned up")

                log = []
                with self.subTest(exception=repr(exception)), self.handling(lambda *_: throw(exception)):
                    with printed_errors() as printed, self.assertRaises(type(exception)) as caught:
                        Tend.run(main)
                    self.assertIs(caught.exception, exception)
                    self.assertEqual((log, printed.getvalue()), (["cleaned up"], ""))

    def test_a_handler_that_throws_while_nothing_runs(self):
        """A signal of another process, which comes while the loop sleeps: the handler runs in no callback."""
        exception, log = Terminated(), []
        code = f"import os, time; time.sleep(0.1); os.kill({os.getpid()}, {int(signal.SIGTERM)})"
        with self.handling(lambda *_: throw(exception)):
            sender = subprocess.Popen([sys.executable, "-c", code])
            with printed_errors() as printed, self.assertRaises(Terminated) as caught:
                Tend.run(self.wait(log, "cleaned up"))
            sender.wait()
        self.assertIs(caught.exception, exception)
        self.assertEqual((log, printed.getvalue()), (["cleaned up"], ""))

    @contextlib.contextmanager
    def handling(self, handler):
        signal.signal(signal.SIGTERM, handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def test_descriptors_are_as_they_were(self):
        Tend.run(lambda: None)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(10):
            Tend.run(Tend.sleep(0))
        settle()
        self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.assertEqual(signal.set_wakeup_fd(-1), -1)


class Exits(unittest.TestCase):
    """PyGObject exits by itself where a callback of GLib's throws SystemExit: what runs cleans up all the same."""

    def run_program(self, begin):
        code = textwrap.dedent("""
            import gi, sys, time
            gi.require_version("Tend", "1")
            from gi.repository import GLib, GObject, Tend
            async def work(name):
                try:
                    await Tend.sleep(3600)
                finally:
                    await Tend.sleep(0.01)
                    print(name, flush=True)
            async def main():
                Tend.spawn(work, "other")
                {begin}
                await work("main")
            {run}
            """).format(**begin)
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False)
        self.assertLess(time.monotonic() - began, 4.5)  # nobody was waited for in vain
        return done.returncode, sorted(done.stdout.split()), done.stderr

    def test_a_callback(self):
        begin = {"begin": "GLib.idle_add(sys.exit, 4)", "run": "Tend.run(main)"}
        self.assertEqual(self.run_program(begin), (4, ["main", "other"], ""))

    def test_below_a_body(self):
        """That body cannot clean up: it is further up on the stack."""
        begin = {
            "begin": "c = GLib.MainContext.default(); GLib.idle_add(sys.exit, 4); c.iteration(True)",
            "run": "Tend.run(main)",
        }
        self.assertEqual(self.run_program(begin), (4, ["other"], ""))

    def test_wait_sync(self):
        begin = {"begin": "GLib.idle_add(sys.exit, 4)", "run": "Tend.spawn(main).wait_sync()"}
        self.assertEqual(self.run_program(begin), (4, ["main"], ""))


if __name__ == "__main__":
    unittest.main()
