# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Random tasks that fail, are cancelled, stopped and collected: somebody is told of each error, and in one way.

Who waits and who handles task-failed may hear of an error; if none of them does, it is reported once, to the unobserved
function or in the log. Each error has a number, and says where it arises.

A combinator that nobody waits for any more is reported with the error that it passes on. Whoever holds the task itself
may still wait for it, and hears of the error too.

An error that is on its way through clean-up which is cancelled or stopped itself is replaced by that end, as everywhere in
Python: it is the context of the other exception.

An error is not told while its task lives. Some do for ever: where the frames of an exception keep an object of C, that
keeps a task in C, and the task keeps the exception, Python's collector does not see it. Those are counted only.

Time is virtual, so a seed is a sequence: told.py --seed N repeats the one that a failure names, and --trace prints what
is thrown and told. TEND_STRESS_SECONDS is how long it goes on, TEND_STRESS_SEED the first seed.
"""

import argparse
import asyncio
import collections
import contextlib
import gc
import os
import random
import sys
import time
import weakref

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend

MAX_TASKS = 60
MAX_DEPTH = 5


class Failure(Exception):
    """An error. Nobody here keeps one."""


class Sequence:
    """What happens with one seed."""

    def __init__(self, seed, is_traced=False):
        self.chance = random.Random(seed)
        self.is_traced = is_traced
        self.thrown = {}            # by number: where, and a weak reference
        self.heard = collections.Counter()
        self.reported = collections.Counter()
        self.superseded = set()     # what was on its way through clean-up that was cancelled or stopped
        self.passed_on = set()      # what a combinator was reported with: who holds the task itself may still hear of it
        self.n_tasks = 0
        self.n_kept = 0
        self.held = []

    def trace(self, *words):
        if self.is_traced:
            print(f"{Tend.get_time():10.3f}", *words, flush=True)

    # Errors, and who is told.

    def new_failure(self, where):
        number = len(self.thrown)
        failure = Failure(number)
        self.thrown[number] = where, weakref.ref(failure)
        self.trace(Tend.current_task(), "throws", number, where)
        return failure

    def throw(self, where):
        raise self.new_failure(where)

    def may_throw(self, where, probability=0.3):
        if self.chance.random() < probability:
            self.throw(where)

    def tell(self, counter, who, exception):
        if exception is None or getattr(exception, "args", None) == ():
            return
        if isinstance(exception, BaseExceptionGroup):
            for each in exception.exceptions:
                self.tell(counter, who, each)
        elif isinstance(exception, Failure):
            counter[exception.args[0]] += 1
            if str(who).startswith("Task("):     # one without a name
                self.passed_on.add(exception.args[0])
            self.trace(who, "is told", exception.args[0])
        elif isinstance(exception, GLib.Error) and "Failure" in exception.message:
            self.trace(who, "is told of a copy:", exception.message)

    def hear(self, exception):
        self.tell(self.heard, "a waiter", exception)

    @contextlib.contextmanager
    def listening(self):
        hooks = sys.excepthook, sys.unraisablehook
        sys.excepthook = lambda cls, exception, trace: self.tell(self.reported, "the log", exception)
        sys.unraisablehook = lambda unraisable: self.tell(self.reported, "the log", unraisable.exc_value)
        Tend.set_unobserved_func(lambda task, exception, origin: self.tell(self.reported, task, exception))
        try:
            yield
        finally:
            sys.excepthook, sys.unraisablehook = hooks
            Tend.set_unobserved_func(None)

    def list_wrong(self):
        wrong = []
        for number, (where, reference) in self.thrown.items():
            n_heard, n_reported = self.heard[number], self.reported[number]
            if n_heard + n_reported == 0 and reference() is not None:
                self.n_kept += 1
            elif (n_heard + n_reported == 0 and number not in self.superseded) or n_reported > 1 or (
                    n_heard > 0 and n_reported > 0 and number not in self.passed_on):
                wrong.append(f"error {number}, of {where}: heard of {n_heard} times, reported {n_reported} times")
        return wrong

    # Bodies.

    @contextlib.contextmanager
    def noting_superseded(self):
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit, Tend.Stopped) as end:
            cause = end.__context__
            while cause is not None:
                if isinstance(cause, Failure):
                    self.superseded.add(cause.args[0])
                cause = cause.__context__
            raise

    async def wait(self, awaitable):
        try:
            with self.noting_superseded():
                await awaitable
        except asyncio.CancelledError:
            raise
        except Exception as exception:
            self.hear(exception)

    async def body(self, depth):
        for _ in range(self.chance.randint(0, 4)):
            step = self.chance.choice(self.STEPS)
            self.trace(Tend.current_task(), step.__name__)
            with self.noting_superseded():
                try:
                    await step(self, depth)
                finally:
                    if self.chance.random() < 0.1:
                        await self.clean_up()
        self.may_throw("a body", 0.4)

    async def clean_up(self):
        if self.chance.random() < 0.5:
            await self.sleep()
        self.may_throw("a clean-up", 0.5)

    def function(self):
        self.may_throw("a function", 0.6)

    def generator(self):
        yield
        yield Tend.Task.run_delay(self.chance.random())
        self.may_throw("a generator", 0.6)

    def make(self, depth):
        """Gives the arguments of a new body."""
        self.n_tasks += 1
        kind = self.chance.randrange(4)
        if depth >= MAX_DEPTH or self.n_tasks > MAX_TASKS or kind == 0:
            return (self.function,)
        return (self.generator,) if kind == 1 else (self.body, depth + 1)

    def new_task(self, depth):
        return Tend.spawn(*self.make(depth), name=f"t{self.n_tasks}")

    # Steps of a body.

    async def sleep(self, depth=0):
        await Tend.sleep(self.chance.choice((0, 0.5, 1, 2)))

    async def drop(self, depth):
        self.new_task(depth)

    async def hold(self, depth):
        self.held.append(self.new_task(depth))

    async def release(self, depth):
        if self.held:
            self.held.pop(self.chance.randrange(len(self.held)))

    async def await_new(self, depth):
        await self.wait(self.new_task(depth))

    async def await_held(self, depth):
        """One that somebody else may cancel, and await as well."""
        if self.held:
            task = self.chance.choice(self.held)
            if task != Tend.current_task():
                await self.wait(task.with_timeout(3))

    async def give_up(self, depth):
        await self.wait(self.new_task(depth).with_timeout(self.chance.choice((0, 0.5, 1))))

    async def limit(self, depth):
        await self.wait(Tend.wait_for(self.new_task(depth), self.chance.choice((0.5, 1, None))))

    async def shield(self, depth):
        await self.wait(Tend.shield(self.new_task(depth)))

    async def combine(self, depth):
        combine = self.chance.choice((Tend.wait_all, Tend.when_all))
        await self.wait(combine([self.new_task(depth) for _ in range(self.chance.randint(0, 3))]))

    async def await_any(self, depth):
        tasks = [self.new_task(depth) for _ in range(self.chance.randint(1, 3))]
        await self.wait(Tend.when_any(tasks))

    async def stream(self, depth):
        async for task in Tend.when_each([self.new_task(depth) for _ in range(self.chance.randint(0, 3))]):
            if self.chance.random() < 0.5:
                self.hear(task.exception)
            if self.chance.random() < 0.2:
                break

    async def group(self, depth):
        async def block():
            policy = self.chance.choice((Tend.GroupPolicy.WAIT_ALL, Tend.GroupPolicy.FIRST_ERROR))
            async with Tend.Group(policy=policy) as group:
                for _ in range(self.chance.randint(0, 3)):
                    group.add(*self.make(depth))
                await self.sleep()
                self.may_throw("the block of a group")
        await self.wait(block())

    async def manage(self, depth):
        async def block():
            async with Tend.TaskManager(max_running=self.chance.randint(0, 2)) as manager:
                if self.chance.random() < 0.5:
                    manager.connect("task-failed", lambda _, task, exception: self.hear(exception))
                for _ in range(self.chance.randint(0, 3)):
                    manager.register_anonymous("m", *self.make(depth), delay=self.chance.choice((None, 0, 1)))
                await self.sleep()
                self.may_throw("the block of a manager")
        await self.wait(block())

    async def repeat(self, depth):
        manager = Tend.TaskManager()
        manager.register("r", self.function, delay=0, interval=0.5, keep_going=self.chance.random() < 0.5)
        await self.sleep()
        await manager.shutdown()

    async def retry(self, depth):
        retry = Tend.Retry.new(1)
        await self.wait(retry.run("r", *self.make(depth)))

    async def complete(self, depth):
        completion = Tend.Completion()
        Tend.current_task().add_timer(0.5, None, lambda task: completion.set_error(
            self.new_failure("a completion")) and False)
        if self.chance.random() < 0.5:
            await self.wait(completion)

    async def arm(self, depth):
        Tend.current_task().add_timer(self.chance.choice((0, 0.5)), None, lambda task: self.may_throw("a timer"))

    async def post(self, depth):
        Tend.current_task().post(lambda task: self.may_throw("a post"))

    async def handle_exit(self, depth):
        Tend.current_task().add_exit_handler(lambda task: self.may_throw("an exit handler"))

    async def handle_cancel(self, depth):
        Tend.current_task().add_cancel_handler(lambda task: self.may_throw("a cancel handler"))

    async def handle_progress(self, depth):
        handler = Tend.current_task().connect("notify::progress", lambda *_: self.may_throw("a handler of progress"))
        Tend.current_task().set_progress(self.chance.random(), None)
        Tend.current_task().disconnect(handler)

    async def call_back(self, depth):
        GLib.idle_add(lambda: self.may_throw("a callback of GLib"))

    async def leave_generator(self, depth):
        async def generate():
            try:
                yield 1
                yield 2
            finally:
                await self.sleep()
                self.may_throw("a generator that was left", 0.6)

        async def block():
            async for _ in generate():
                if self.chance.random() < 0.7:
                    break
        await self.wait(block())

    async def cancel(self, depth):
        for task in self.held:
            if self.chance.random() < 0.4:
                task.cancel()

    async def stop(self, depth):
        for task in list(self.held):
            if self.chance.random() < 0.2:
                task.stop()

    async def stop_itself(self, depth):
        if self.chance.random() < 0.3:
            Tend.current_task().stop()

    async def collect(self, depth):
        gc.collect(self.chance.choice((0, 1)))

    STEPS = (
        sleep, sleep, drop, drop, hold, hold, hold, release, await_new, await_held, give_up, limit, shield, combine,
        await_any, stream, group, manage, repeat, retry, complete, arm, post, handle_exit, handle_cancel,
        handle_progress, call_back, leave_generator, cancel, stop, stop_itself, collect,
    )

    async def main(self):
        for _ in range(self.chance.randint(3, 10)):
            task = self.new_task(0)
            if self.chance.random() < 0.6:
                self.held.append(task)
            del task
            await self.sleep()
            if self.chance.random() < 0.3:
                await self.cancel(0)

    def run(self):
        clock = Tend.Clock.freeze(None)
        with self.listening():
            Tend.run(self.main)
            self.held.clear()
            for _ in range(3):
                clock.advance(10)
                gc.collect()
                while GLib.MainContext.default().iteration(False):
                    pass
        del clock
        return self.list_wrong()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--trace", action="store_true")
    options = parser.parse_args()
    if options.seed is not None:
        wrong = Sequence(options.seed, options.trace).run()
        print("\n".join(wrong))
        return bool(wrong)

    seed = int(os.environ.get("TEND_STRESS_SEED", 0)) or random.SystemRandom().randrange(1, 2 ** 31)
    end = time.monotonic() + float(os.environ.get("TEND_STRESS_SECONDS", 120))
    n_thrown = n_kept = n_failed = n_sequences = 0
    while time.monotonic() < end and n_failed < 5:
        sequence = Sequence(seed)
        wrong = sequence.run()
        n_thrown += len(sequence.thrown)
        n_kept += sequence.n_kept
        n_sequences += 1
        if wrong:
            n_failed += 1
            print(f"told.py --seed {seed}:", *wrong, sep="\n  ")
        seed += 1
    print(f"{n_sequences} sequences, {n_thrown} errors, of which {n_kept} live on; {n_failed} sequences failed")
    # It is few in a thousand. More would be something else that keeps tasks.
    return n_failed > 0 or n_kept > 0.01 * n_thrown


if __name__ == "__main__":
    sys.exit(main())
