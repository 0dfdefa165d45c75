# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The code of doc/languages.md in Python. The test that runs it compares what it prints with the other languages."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend


# --- Run a task and wait for it ---

def greet():
    return "hello"


async def run_and_wait():
    task = Tend.spawn(greet, name="greeting")
    print(f"{task.get_name()}: {await task}")


# --- Later, and again and again ---

def tick():
    print("tick")


async def repeat(manager):
    task = manager.register("tick", tick, delay=1, interval=60)
    await Tend.sleep(150)
    task.cancel()


# --- Many at once ---

async def square(n):
    await Tend.sleep(1)
    return n * n


async def collect():
    tasks = [Tend.spawn(square, n) for n in (1, 2, 3)]
    for result in await Tend.when_all(tasks):
        print(result)


# --- No longer than that ---

async def limit():
    try:
        await Tend.wait_for(Tend.sleep(3600), 1)
    except TimeoutError:
        print("timed out")


# --- Cancel, and clean up ---

async def keep_open():
    try:
        await Tend.sleep(3600)
    finally:
        await Tend.sleep(1)
        print("cleaned up")


async def cancel():
    task = Tend.spawn(keep_open)
    task.cancel()
    try:
        await task
    except Tend.CancelledError:
        print("cancelled")


# --- In a thread ---

def read_kernel():
    with open("/proc/sys/kernel/ostype", encoding="utf-8") as file:
        return file.read().strip()


async def use_thread():
    print(await Tend.Task.run_thread("kernel", read_kernel))


# --- An error ---

def find():
    raise LookupError("no such page")


async def handle_error():
    try:
        await Tend.spawn(find, name="page")
    except LookupError as error:
        print(error)


# --- A request and its answer ---

def ask(requests, number):
    cache = Tend.NumberCache(prefix="ping", number=number, timeout=5)
    answer = Tend.Task("answer")
    cache.add_task_with_error(answer, TimeoutError("no answer"))
    requests.add(cache)
    return answer


def received(requests, number, text):
    cache = requests.pop("ping", number)
    if cache is not None:
        cache.list_tasks()[0].return_value(text)


async def request():
    async with Tend.RequestCache() as requests:
        first, second = ask(requests, 1), ask(requests, 2)
        received(requests, 1, "pong")
        print(await first)
        try:
            await second
        except TimeoutError as error:
            print(error)


# --- From one task to another ---

async def send(channel):
    for n in (1, 2, 3):
        await channel.send(n)
    channel.close()


async def add_up():
    channel = Tend.Channel(capacity=1)
    sender = Tend.spawn(send, channel)
    print(sum([n async for n in channel]))
    await sender


# --- The end ---

async def shut_down(manager):
    manager.register("open", keep_open)
    await Tend.sleep(0)
    await manager.shutdown()
    print(len(manager), "left")


async def main():
    manager = Tend.TaskManager()
    await run_and_wait()
    await repeat(manager)
    await collect()
    await limit()
    await cancel()
    await use_thread()
    await handle_error()
    await request()
    await add_up()
    await shut_down(manager)


clock = Tend.Clock.freeze()
Tend.run(main)
