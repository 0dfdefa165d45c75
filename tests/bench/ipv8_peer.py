#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The peers that use IPv8's task manager and request cache, from a checkout: TEND_IPV8 has its path."""

import asyncio
import os
import random
import sys

sys.dont_write_bytecode = True
sys.path.append(os.environ.get("TEND_IPV8", os.devnull))

import asyncio_peer  # noqa: E402
from asyncio_peer import BATCH, HOUR, Peer, step  # noqa: E402

try:
    from ipv8.requestcache import NumberCache, RequestCache
    from ipv8.taskmanager import TaskManager
except ImportError:
    NumberCache = RequestCache = TaskManager = None


class Spawn(Peer):
    scenario, name = "S1", "ipv8"

    def __init__(self, n, program):
        super().__init__(n, program)
        self.manager = TaskManager()

    async def body(self):
        pass

    @step("callback", "task")
    async def spawn(self):
        for first in range(0, self.n, BATCH):
            n = min(self.n - first, BATCH)
            tasks = [self.manager.register(f"task/{i}", self.body) for i in range(n)]
            for task in tasks:
                await task
        return self.n

    async def end(self):
        await self.manager.shutdown_task_manager()


class Cache(Peer):
    scenario, name = "S4", "ipv8"

    def __init__(self, n, program):
        super().__init__(n, program)
        self.numbers = list(range(n))
        random.Random(n).shuffle(self.numbers)
        self.cache = RequestCache()

    @step("make and add", "request", weighed=True)
    async def add(self):
        for number in range(self.n):
            self.cache.add(Request(self.cache, "bench", number))
        await asyncio.sleep(0)      # only then has each a timer, as those of the others have at once
        return self.n

    @step("look up", "request")
    async def look_up(self):
        for number in self.numbers:
            assert self.cache.get("bench", number) is not None
        return self.n

    @step("pop and free", "request")
    async def pop(self):
        for number in self.numbers:
            self.cache.pop("bench", number)
        await asyncio.sleep(0)      # their tasks end,
        await asyncio.sleep(0)      # and tell that they have
        return self.n

    async def end(self):
        await self.cache.shutdown()


class Cancel(Peer):
    scenario, name = "S6", "ipv8"

    async def body(self):
        await asyncio.sleep(HOUR)

    async def start(self):
        self.manager = TaskManager()
        for i in range(self.n):
            self.manager.register(f"task/{i}", self.body)
        await asyncio.sleep(0)

    @step("shut down", "task", prepare="start")
    async def shut_down(self):
        await self.manager.shutdown_task_manager()
        return self.n


if NumberCache is not None:
    class Request(NumberCache):
        @property
        def timeout_delay(self):
            return HOUR


if __name__ == "__main__":
    sys.exit(asyncio_peer.main([] if TaskManager is None else [Spawn, Cache, Cancel],
                               "" if TaskManager is None else "IPv8", sys.argv[1:]))
