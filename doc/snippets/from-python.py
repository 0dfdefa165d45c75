# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The code of doc/python.md. Most of it runs on a clock that stands still, so that an hour is over at once."""

import asyncio
import time
import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, GObject, Tend


# --- Bodies ---

def add(a, b):
    return a + b


async def look(host, times):
    for n in range(times):
        await Tend.sleep(1)
        print(f"{host}: look {n + 1}")
    return times


def count_down(n):
    while n > 0:
        yield Tend.Task.run_delay(1)
        n -= 1
    return "lift-off"


async def show_bodies():
    print(await Tend.spawn(add, 2, 3))
    print(await Tend.spawn(look, "example.org", 2))
    print(await Tend.spawn(count_down, 3, name="countdown"))


async def load(path):
    file = Gio.File.new_for_path(path)
    _, contents, _ = await Tend.gio(file.load_contents_async)
    return contents.decode()


async def copy(source, target):
    def begin(cancellable, callback):
        source.copy_async(target, Gio.FileCopyFlags.NONE, GLib.PRIORITY_DEFAULT, cancellable, None, None, callback)

    await Tend.gio(begin, finish=source.copy_finish)


async def show_task():
    task = Tend.Task("look", look, "gnome.org", 1, delay=2, timeout=60)
    task.start()
    print(task.get_name(), task.get_status().value_nick)
    print(await task, task.result)


# --- Exceptions ---

def check(number):
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number


async def show_exceptions():
    try:
        await Tend.spawn(check, -1)
    except ValueError as error:
        print(error)

    try:
        await load("/nowhere")
    except GLib.Error as error:
        print(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND))

    try:
        await Tend.wait_all(Tend.spawn(check, n) for n in (-2, 0, -3))
    except* ValueError as group:
        print([str(error) for error in group.exceptions])


# --- Cancel and stop ---

async def keep_connection(log):
    try:
        await Tend.sleep(3600)
    except Tend.CancelledError:
        log.append("asked to end")
        await Tend.sleep(1)
        log.append("said goodbye")
        raise
    finally:
        log.append("closed")


async def show_cancel():
    log = []
    task = Tend.spawn(keep_connection, log)
    task.cancel()
    try:
        await task
    except Tend.CancelledError:
        print(log)


async def show_stop():
    log = []
    task = Tend.spawn(keep_connection, log)
    task.stop()
    print(log)
    try:
        await task
    except GLib.Error as error:
        print(error.matches(Tend.error_quark(), Tend.Error.STOPPED))


async def show_limits():
    try:
        await Tend.wait_for(Tend.sleep(3600), 0.5)
    except TimeoutError:
        print("too late")


# --- Managers ---

class Station(Tend.TaskManager):
    def __init__(self, name):
        super().__init__(max_running=4)
        self.name = name
        self.register("beacon", self.beacon, delay=0, interval=60)

    def beacon(self):
        print(f"{self.name}: beep")

    def text_changed(self, text):
        self.debounce("search", 0.3, print, f"searching for {text}")

    def do_task_failed(self, task, error):
        print(f"{task.get_name()}: {error}")


async def show_manager():
    async with Station("north") as station:
        station.text_changed("a")
        station.text_changed("ab")
        station.register("broken", check, -1)
        await Tend.sleep(90)

        print("beacon" in station, len(station), station["beacon"].get_status().value_nick)
        station.cancel_task("beacon")
        await station.wait_for_tasks()
    print(station.is_shut_down())


# --- Several tasks ---

async def show_several():
    tasks = [Tend.spawn(look, host, n) for n, host in enumerate(("a.org", "b.org"), 1)]
    async for task in Tend.when_each(tasks):
        print("first:", task.result)
        break
    print(await Tend.when_all(tasks))

    async with Tend.Group(policy=Tend.GroupPolicy.FIRST_ERROR, max_running=2) as group:
        children = [group.add(look, "c.org", 1), group.add(add, 1, 1)]
    print([child.result for child in children])


async def send(channel):
    for n in range(5):
        await channel.send({"number": n})
    channel.close()


async def show_channel():
    channel = Tend.Channel(capacity=2)
    sender = Tend.spawn(send, channel)
    async for item in channel:
        print(item["number"], end=" ")
    print("received")
    await sender


# --- Requests and answers ---

async def show_reservation():
    requests = Tend.RequestCache()
    with Tend.RandomNumberCache.new(requests, "dns", 16) as reserved:
        message = f"ping {reserved.get_number()}"
        requests.add(Tend.NumberCache(reservation=reserved))
    assert message.startswith("ping ") and len(requests) == 1


class Ping(Tend.RandomNumberCache):
    def __init__(self, requests):
        super().__init__(request_cache=requests, prefix="ping", timeout=3)
        self.answer = Tend.Completion()
        self.add_task_with_error(self.answer.get_task(), ConnectionError("no answer"))

    def do_timed_out(self):
        print("given up")


def received(requests, number, text):
    ping = requests.pop("ping", number)
    if ping is not None:
        ping.answer.set_value(text)


async def show_requests():
    async with Tend.RequestCache() as requests:
        first, second = Ping(requests), Ping(requests)
        requests.add(first)
        requests.add(second)
        received(requests, first.get_number(), "pong")
        print(await first.answer)
        try:
            await second.answer
        except ConnectionError as error:
            print(error)


# --- Threads ---

def add_up(last):
    task = Tend.current_task()
    total = 0
    for n in range(last):
        if task.is_cancelling():
            break
        total += n
    return total


async def show_thread():
    print(await Tend.Task.run_thread("add up", add_up, 1000))


# --- asyncio ---

async def show_asyncio():
    task = Tend.Task.run("add", add, 1, 2)
    print(await asyncio.gather(task, asyncio.sleep(0, "slept")))


def use_event_loop():
    with asyncio.Runner(loop_factory=Tend.EventLoop) as runner:
        runner.run(show_asyncio())


async def await_in_other_loop(task):
    return await task


def use_other_thread():
    task = Tend.Task.run_delay(0.001)
    result = Tend.Task.run_thread("asyncio", lambda: asyncio.run(await_in_other_loop(task)))
    Tend.run(result)
    print("awaited in another thread")


# --- Tests ---

class TestAnHour(unittest.TestCase):
    def test_an_hour(self):
        clock = Tend.Clock.freeze()
        task = Tend.spawn(Tend.sleep(3600))
        clock.advance(3599)
        self.assertFalse(task.is_ended())
        clock.advance(1)
        self.assertTrue(task.is_ended())


# --- Callbacks ---

class Button(GObject.Object):
    clicked = GObject.Signal()


def wait_for_click(button):
    clicked = Tend.Completion()
    handler = button.connect("clicked", lambda _: clicked.set_value("clicked"))
    clicked.get_task().add_exit_handler(lambda _: button.disconnect(handler))
    return clicked


async def show_click():
    button = Button()
    click = wait_for_click(button)
    button.emit("clicked")
    print(await click)


async def main():
    for show in (show_bodies, show_task, show_exceptions, show_cancel, show_stop, show_limits, show_manager,
                 show_several, show_channel, show_requests, show_reservation, show_thread, show_click):
        await show()


use_event_loop()
use_other_thread()
clock = Tend.Clock.freeze()
started = time.monotonic()
Tend.run(main())
del clock
unittest.main()
