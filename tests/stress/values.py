# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Random senders and receivers of channels that are cancelled, stopped, too late and collected: no value is lost.

Each value is sent once. If its send has succeeded, somebody receives it, once, or it is in the channel at the end. If
its send has failed, it is nowhere. Values come in the order in which they were sent.

Time is virtual, so a seed is a sequence: values.py --seed N repeats the one that a failure names, and --trace prints
what is sent and received. TEND_STRESS_SECONDS is how long it goes on, TEND_STRESS_SEED the first seed.
"""

import argparse
import asyncio
import gc
import os
import random
import sys
import time

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend

KINDS = (int, str, lambda number: [number])


class Sequence:
    """What happens with one seed."""

    def __init__(self, seed, is_traced=False):
        self.chance = random.Random(seed)
        self.is_traced = is_traced
        self.channel = Tend.Channel(capacity=self.chance.choice((0, 0, 1, 2, 5)))
        self.begun = []         # in the order in which the sends began
        self.sent = set()
        self.failed = set()     # neither, if who sends is stopped meanwhile
        self.received = []
        self.tasks = []
        self.limited = set()    # the tasks that wait by wait_for()
        self.cancellables = []
        self.wrong = []

    def trace(self, *words):
        if self.is_traced:
            print(f"{Tend.get_time():10.3f}", Tend.current_task(), *words, flush=True)

    # Values.

    def new_value(self):
        number = len(self.begun)
        self.begun.append(number)
        return number, self.chance.choice(KINDS)(number)

    def note_sent(self, number):
        self.trace("has sent", number)
        self.sent.add(number)

    def note_received(self, value, how):
        number = int(value[0] if isinstance(value, list) else value)
        self.trace("has received", number, "by", how)
        self.received.append(number)
        # A coroutine of Python hears of the value where it goes on, and may end others there.
        if self.chance.random() < 0.3:
            self.end_some()

    # Senders.

    async def note_outcome(self, number, sending):
        try:
            await sending
        except (Exception, asyncio.CancelledError):
            self.trace("has not sent", number)
            self.failed.add(number)
            raise
        self.note_sent(number)

    async def send(self):
        number, value = self.new_value()
        await self.note_outcome(number, self.channel.send(value))

    async def send_in_time(self):
        number, value = self.new_value()
        await self.note_outcome(number, Tend.wait_for(self.channel.send(value), self.chance.choice((0, 0.5, 1))))

    async def try_send(self):
        number, value = self.new_value()
        if self.channel.try_send(value):
            self.note_sent(number)
        else:
            self.failed.add(number)

    async def send_many(self):
        for _ in range(self.chance.randint(1, 4)):
            await self.try_send()

    # Receivers.

    async def receive(self):
        self.note_received(await self.channel.receive(), "receive()")

    async def receive_in_time(self):
        await self.receive_for(self.chance.choice((0, 0.5, 1, 2)))

    async def receive_for(self, seconds):
        """A value that it has received is lost if its task is stopped in the same turn: that is not tried."""
        self.limited.add(Tend.current_task())
        try:
            value = await Tend.wait_for(self.channel.receive(), seconds)
        finally:
            self.limited.discard(Tend.current_task())
        self.note_received(value, "wait_for()")

    async def receive_until_deadline(self):
        task = Tend.Task("limited", self.receive, timeout=self.chance.choice((0, 0.5, 1)))
        task.start()
        await task

    async def receive_many(self):
        async for value in self.channel:
            self.note_received(value, "async for")
            if self.chance.random() < 0.3:
                break

    async def receive_in_clean_up(self):
        try:
            await self.sleep()
        finally:
            await self.receive_for(1)

    async def try_receive(self):
        is_received, value = self.channel.try_receive()
        if is_received:
            self.note_received(value, "try_receive()")

    async def receive_by_callback(self):
        def received(channel, result):
            try:
                self.note_received(channel.receive_finish(result), "a callback")
            except GLib.Error:
                pass

        self.channel.receive_async(self.new_cancellable(), received)

    async def forget_result(self):
        """The value of a result that nobody reads stays in the channel."""
        self.channel.receive_async(self.new_cancellable(), lambda channel, result: None)

    async def receive_in_group(self):
        async with Tend.Group(policy=Tend.GroupPolicy.FIRST_SUCCESS) as group:
            for _ in range(self.chance.randint(1, 3)):
                group.add(self.receive)

    async def receive_among_others(self):
        await Tend.when_any([Tend.spawn(self.receive), Tend.Task.run_delay(1)])

    # What happens meanwhile.

    def new_cancellable(self):
        cancellable = self.chance.choice((None, Gio.Cancellable(), Tend.Cancellable()))
        if cancellable is not None:
            self.cancellables.append(cancellable)
        return cancellable

    async def sleep(self):
        await Tend.sleep(self.chance.choice((0, 0.5, 1)))

    async def end(self):
        self.end_some()

    def end_some(self):
        for task in list(self.tasks):
            chance = self.chance.random()
            if task != Tend.current_task() and chance < 0.3:
                end = task.cancel if chance < 0.15 or task in self.limited else task.stop
                self.trace(end.__name__, task)
                end()
        if self.cancellables and self.chance.random() < 0.3:
            self.cancellables.pop().cancel()

    async def forget(self):
        del self.tasks[:self.chance.randint(0, 3)]

    async def collect(self):
        gc.collect(self.chance.choice((0, 1)))

    STEPS = (
        send, send, send, send_in_time, try_send, send_many, send_many, receive, receive, receive_in_time,
        receive_in_time, receive_until_deadline, receive_many, receive_in_clean_up, try_receive, receive_by_callback,
        forget_result, receive_in_group, receive_among_others, sleep, end, forget, collect,
    )

    async def body(self, steps):
        for step in steps:
            self.trace(step.__name__)
            try:
                await step(self)
            except (GLib.Error, TimeoutError) as error:
                self.trace("fails:", error)
                if Tend.current_task().is_cancelling():
                    return

    async def main(self):
        for _ in range(self.chance.randint(5, 40)):
            steps = [self.chance.choice(self.STEPS) for _ in range(self.chance.randint(1, 4))]
            self.tasks.append(Tend.spawn(self.body, steps, name=f"t{len(self.tasks)}"))
            if self.chance.random() < 0.5:
                await self.sleep()

    # The end.

    def take_rest(self):
        is_received, value = self.channel.try_receive()
        while is_received:
            self.note_received(value, "the end")
            is_received, value = self.channel.try_receive()

    def list_wrong(self):
        wrong = []
        for number in self.begun:
            n_received = self.received.count(number)
            if number in self.sent and n_received != 1:
                wrong.append(f"value {number} was sent, and received {n_received} times")
            elif n_received > (0 if number in self.failed else 1):
                wrong.append(f"value {number} was received {n_received} times; its send failed")
        return wrong

    def run(self):
        clock = Tend.Clock.freeze(None)
        Tend.set_unobserved_func(lambda *_: None)
        try:
            Tend.run(self.main)
            self.tasks.clear()
            for _ in range(3):
                clock.advance(10)
                gc.collect()
                while GLib.MainContext.default().iteration(False):
                    pass
            for cancellable in self.cancellables:
                cancellable.cancel()
            self.take_rest()
        finally:
            Tend.set_unobserved_func(None)
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
    n_sent = n_failed = n_sequences = 0
    while time.monotonic() < end and n_failed < 5:
        sequence = Sequence(seed)
        wrong = sequence.run()
        n_sent += len(sequence.sent)
        n_sequences += 1
        if wrong:
            n_failed += 1
            print(f"values.py --seed {seed}:", *wrong, sep="\n  ")
        seed += 1
    print(f"{n_sequences} sequences, {n_sent} values; {n_failed} sequences failed")
    return n_failed > 0


if __name__ == "__main__":
    sys.exit(main())
