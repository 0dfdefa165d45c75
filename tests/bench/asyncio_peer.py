#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The peers that use asyncio: a program as bench.c describes it, in Python.

  asyncio_peer.py list | machine | SCENARIO PEER N MODE

A peer is a class, and its steps are its methods that are marked as such, in their order: each gives
how many operations it was. The mode "instructions" has no use here.
"""

import asyncio
import gc
import os
import platform
import random
import sys
import time

BATCH = 1000
N_YIELDS = 100_000
N_TURNS = 1000
N_TRIPS = 2000
HOUR = 3600.0
WARM_UP_SIZE = 1000
WEIGH_WARM_UP_SIZE = 16


def step(name, operation, weighed=False, cpu=False, prepare=None):
    def mark(function):
        function.step = (name, operation, weighed, cpu, prepare)
        return function

    return mark


def resident_bytes():
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Rss:"))


class Peer:
    max_n = 100_000

    def __init__(self, n, program):
        self.n, self.program = n, program

    def note_quantiles(self, name, metric, seconds):
        """They are sorted when the step is over and measured."""
        self.program.durations = name, metric, seconds

    async def end(self):
        pass


class SpawnTask(Peer):
    scenario, name = "S1", "asyncio"

    async def body(self):
        pass

    async def waiting_body(self):
        await asyncio.sleep(0)

    async def in_batches(self, body):
        for first in range(0, self.n, BATCH):
            n = min(self.n - first, BATCH)
            tasks = [asyncio.create_task(body(), name=f"task/{i}") for i in range(n)]
            for task in tasks:
                await task
        return self.n

    @step("callback", "task")
    async def spawn(self):
        return await self.in_batches(self.body)

    @step("fiber", "task")
    async def spawn_coroutine(self):
        return await self.in_batches(self.body)

    @step("fiber that waits", "task")
    async def spawn_waiting(self):
        return await self.in_batches(self.waiting_body)

    @step("spawn and await", "child")
    async def spawn_and_await(self):
        for _ in range(self.n):
            await asyncio.create_task(self.waiting_body())
        return self.n


class Yield(Peer):
    scenario, name = "S2", "asyncio"

    async def body(self, n_yields):
        for _ in range(n_yields):
            await asyncio.sleep(0)

    @step("yield", "yield")
    async def run(self):
        n_yields = max(N_YIELDS // self.n, 1)
        await asyncio.gather(*(self.body(n_yields) for _ in range(self.n)))
        return self.n * n_yields


class Timers(Peer):
    scenario, name = "S3", "asyncio"

    def __init__(self, n, program):
        super().__init__(n, program)
        self.positions = list(range(n))
        random.Random(n).shuffle(self.positions)
        self.n_fired = 0
        self.fired = None

    def fired_cb(self):
        self.n_fired += 1
        if self.n_fired == self.n:
            self.fired.set_result(None)

    @step("arm", "timer", weighed=True)
    async def arm(self):
        loop = asyncio.get_running_loop()
        self.timers = [loop.call_later(HOUR + HOUR * self.positions[i] / self.n, self.fired_cb) for i in range(self.n)]
        return self.n

    @step("turn", "turn")
    async def turn(self):
        for _ in range(N_TURNS):
            await asyncio.sleep(0)
        return N_TURNS

    @step("cancel", "timer")
    async def cancel(self):
        for i in self.positions:
            self.timers[i].cancel()
        return self.n

    @step("turn, none pending", "turn")
    async def turn_empty(self):
        return await self.turn()

    async def arm_due(self):
        loop = asyncio.get_running_loop()
        self.n_fired, self.fired = 0, loop.create_future()
        for _ in range(self.n):
            loop.call_later(0.001, self.fired_cb)
        time.sleep(0.002)

    @step("fire, all due", "timer", prepare="arm_due")
    async def fire(self):
        await self.fired
        return self.n


class Accuracy(Timers):
    scenario = "accuracy"
    arm = turn = cancel = turn_empty = fire = None

    def shot_cb(self, due):
        self.late.append(time.monotonic() - due)
        self.fired_cb()

    async def arm_spread(self):
        loop = asyncio.get_running_loop()
        self.n_fired, self.fired, self.late = 0, loop.create_future(), []
        for i in self.positions:
            due = loop.time() + (1 + self.n // 300 + i // 100) / 1000
            loop.call_at(due, self.shot_cb, due)

    @step("fire, spread", "timer", cpu=True, prepare="arm_spread")
    async def fire_spread(self):
        await self.fired
        self.note_quantiles("fire, spread", "lateness", self.late)
        return self.n


class Cache(Peer):
    """A table of requests by hand, with a call_later() for each."""

    scenario, name = "S4", "asyncio"

    def __init__(self, n, program):
        super().__init__(n, program)
        self.numbers = list(range(n))
        random.Random(n).shuffle(self.numbers)
        self.requests = {}

    def time_out(self, number):
        del self.requests[number]

    @step("make and add", "request", weighed=True)
    async def add(self):
        loop = asyncio.get_running_loop()
        for number in range(self.n):
            self.requests[number] = loop.call_later(HOUR, self.time_out, number)
        return self.n

    @step("look up", "request")
    async def look_up(self):
        for number in self.numbers:
            assert self.requests.get(number) is not None
        return self.n

    @step("pop and free", "request")
    async def pop(self):
        for number in self.numbers:
            self.requests.pop(number).cancel()
        return self.n


class Threads(Peer):
    scenario, name = "S5", "asyncio"
    max_n = 10_000

    @staticmethod
    def job():
        return True

    @step("thread jobs, in bulk", "job")
    async def run_in_bulk(self):
        loop = asyncio.get_running_loop()
        for job in [loop.run_in_executor(None, self.job) for _ in range(self.n)]:
            await job
        return self.n

    @step("thread jobs, one by one", "job")
    async def run_one_by_one(self):
        loop, trips = asyncio.get_running_loop(), []
        for _ in range(min(self.n, N_TRIPS)):
            began = time.monotonic()
            await loop.run_in_executor(None, self.job)
            trips.append(time.monotonic() - began)
        self.note_quantiles("thread jobs, one by one", "latency", trips)
        return len(trips)


class Cancel(Peer):
    scenario, name = "S6", "asyncio"

    async def body(self):
        await asyncio.sleep(HOUR)

    async def start(self):
        self.tasks = [asyncio.create_task(self.body(), name=f"task/{i}") for i in range(self.n)]
        await asyncio.sleep(0)

    @step("cancel callback tasks", "task", prepare="start")
    async def cancel(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        return self.n

    @step("cancel fibers", "task", prepare="start")
    async def cancel_coroutines(self):
        return await self.cancel()


class Memory(Cancel):
    scenario = "S7"
    cancel = cancel_coroutines = None

    @step("waiting callback task", "task", weighed=True)
    async def wait(self):
        await self.start()
        return self.n

    async def end(self):
        await Cancel.cancel(self)


class Program:
    def __init__(self, peers):
        self.peers = peers
        self.mode, self.is_warm, self.operation, self.durations = None, False, None, None

    def tell(self, name, metric, unit, value):
        if self.is_warm and self.mode == "time" or metric == "memory":
            print(f"{name}\t{metric}\t{unit}\t{self.operation}\t{value:.6g}")

    def tell_quantiles(self):
        (name, metric, seconds), self.durations = self.durations, None
        seconds.sort()
        self.tell(name, f"{metric} p50", "us", seconds[len(seconds) // 2] * 1e6)
        self.tell(name, f"{metric} p99", "us", seconds[len(seconds) * 99 // 100] * 1e6)

    def mark(self, what, name, n):
        if self.mode == "calls" and self.is_warm:
            try:
                os.write(-1, f"tend-bench {what}:{name}:{self.operation}:{n}".encode())
            except OSError:
                pass

    async def run_step(self, peer, function):
        name, self.operation, _, cpu, prepare = function.step
        if prepare is not None:
            await getattr(peer, prepare)()
        clock = time.process_time_ns if cpu else time.monotonic_ns
        if self.mode == "memory":
            clock = resident_bytes
        self.mark("begin", name, 0)
        before = clock()
        n = await function(peer)
        amount = clock() - before
        self.mark("end", name, n)
        if self.durations is not None:
            self.tell_quantiles()
        if self.mode == "memory":
            if self.is_warm:
                self.tell(name, "memory", "B", amount / n)
        else:
            self.tell(name, "processor time" if cpu else "time", "ns", amount / n)

    async def run_pass(self, kind, n, is_warm):
        self.is_warm = is_warm
        peer = kind(n, self)
        for function in steps(kind):
            if self.mode != "memory" or function.step[2]:
                await self.run_step(peer, function)
        await peer.end()

    async def run(self, kind, n, mode):
        self.mode = mode
        await self.run_pass(kind, min(n, WEIGH_WARM_UP_SIZE if mode == "memory" else WARM_UP_SIZE), False)
        gc.collect()
        await self.run_pass(kind, n, True)


def steps(kind):
    """The marked methods of a class and of those that it extends, which come first."""
    names = dict.fromkeys(name for base in reversed(kind.__mro__) for name in vars(base))
    return [function for function in (getattr(kind, name) for name in names) if hasattr(function, "step")]


def main(peers, machine, arguments):
    if arguments == ["list"]:
        for peer in peers:
            weighed = "memory" if any(function.step[2] for function in steps(peer)) else ""
            print(f"{peer.scenario}\t{peer.name}\t{peer.max_n}\t{weighed}")
        return 0
    if arguments == ["machine"]:
        print(machine)
        return 0
    if len(arguments) != 4:
        print(__doc__, file=sys.stderr)
        return 2

    scenario, name, n, mode = arguments
    kind = next(peer for peer in peers if (peer.scenario, peer.name) == (scenario, name))
    asyncio.run(Program(peers).run(kind, int(n), mode))
    return 0


if __name__ == "__main__":
    sys.exit(main([SpawnTask, Yield, Timers, Accuracy, Cache, Threads, Cancel, Memory],
                  f"Python {platform.python_version()}", sys.argv[1:]))
