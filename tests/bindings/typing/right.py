# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What type checkers make of correct code. It runs, too, so that the types are those of the real values."""

import asyncio
from collections.abc import Generator
from typing import Any, assert_type

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend


def length(text: str) -> int:
    return len(text)


async def double(number: int) -> int:
    await Tend.sleep(0)
    return 2 * number


def steps() -> Generator[None, None, str]:
    yield
    return "steps"


def fail() -> None:
    raise ValueError("wrong")


class Node(Tend.TaskManager):
    def __init__(self, number: int) -> None:
        super().__init__(max_running=2)
        self.number = number


class Question(Tend.NumberCache):
    def __init__(self, number: int) -> None:
        super().__init__(prefix="question", number=number, timeout=1)
        self.answer: Tend.Completion[str] = Tend.Completion("answer")

    def do_timed_out(self) -> None:
        self.answer.set_value("none")


async def tasks() -> None:
    plain = Tend.Task("plain", length, "four", delay=0.001, priority=GLib.PRIORITY_DEFAULT)
    assert_type(plain, Tend.Task[int])
    plain.start()
    assert_type(await plain, int)
    assert_type(plain.result, int)
    assert_type(plain.exception, BaseException | None)
    assert_type(plain.get_status(), Tend.TaskStatus)

    assert_type(Tend.Task("by hand"), Tend.Task[Any])
    assert_type(Tend.Task.run("coroutine", double, 2), Tend.Task[int])
    assert_type(Tend.Task.run_thread("thread", length, "five!"), Tend.Task[int])
    assert_type(Tend.spawn(double(3)), Tend.Task[int])
    assert_type(Tend.spawn(steps, name="steps"), Tend.Task[str])
    assert_type(Tend.spawn(lambda: None), Tend.Task[None])
    assert_type(Tend.current_task(), Tend.Task[Any])

    annotated: Tend.Task[int] = Tend.Task.new("annotated", length, "x")
    annotated.add_timer(0, None, lambda *_: False)
    annotated.stop()
    assert_type(annotated.with_timeout(10).props.name, str | None)


async def combinations() -> None:
    numbers = [Tend.spawn(double, n) for n in range(3)]
    assert_type(await Tend.when_all(numbers), list[int])
    assert_type(await Tend.when_any(numbers), Tend.Task[int])
    assert_type(await Tend.wait_all({*numbers}), None)
    async for task in Tend.when_each(numbers):
        assert_type(task, Tend.Task[int])

    mixed: list[Tend.Task[object]] = [Tend.spawn(double, 1), Tend.spawn(steps)]
    assert_type(await Tend.when_all(mixed), list[object])

    assert_type(await Tend.wait_for(double(1), 1), int)
    assert_type(await Tend.shield(double(1)), int)

    async with Tend.Group(policy=Tend.GroupPolicy.WAIT_ALL) as group:
        assert_type(group.add(double, 1), Tend.Task[int])
        assert_type(group.add(Tend.Task("x", length, "x")), Tend.Task[int])
    assert_type(await Tend.Retry.new(3).run("retry", double, 1), int)


async def managers() -> None:
    async with Node(7) as node:
        assert_type(node, Node)
        assert_type(node.register("a", double, 1, interval=None), Tend.Task[int])
        assert_type(node.register(Tend.Task("b", length, "")), Tend.Task[int])
        assert_type(node.register_thread("c", length, "", policy=Tend.NamePolicy.REPLACE), Tend.Task[int])
        assert_type(node.debounce("d", 10, steps), Tend.Task[str])
        assert_type([task.to_string() for task in node], list[str])
        assert_type("a" in node, bool)
        assert_type(node["a"], Tend.Task[Any])
        assert_type(node.get_rate(), tuple[int, float])


async def caches() -> None:
    async with Tend.RequestCache() as cache:
        question = Question(5)
        cache.add(question)
        assert_type(cache.lookup("question", 5), Any | None)
        assert_type(cache.lookup_type(Question, 5), Question | None)
        question.answer.set_value("an answer")
        assert_type(await question.answer, str)


async def channels() -> None:
    channel: Tend.Channel[int] = Tend.Channel.new(2)
    assert_type(await channel.send(1), bool)
    assert_type(await channel.receive(), int)
    channel.close()
    async for number in channel:
        assert_type(number, int)


async def waits() -> None:
    permits = Tend.Semaphore(2)
    async with permits:
        assert_type(permits.get_n_available(), int)
    assert_type(await permits.acquire(), bool)
    permits.release()
    event, condition = Tend.Event(), Tend.Condition()
    event.set()
    assert_type(await event.wait(), bool)
    assert_type(await condition.wait_for(lambda: "now"), str)


async def errors() -> None:
    try:
        await Tend.spawn(fail)
    except ValueError:
        pass
    several = Tend.wait_all([Tend.spawn(fail), Tend.spawn(fail)])
    try:
        await several
    except Tend.SeveralErrors as error:
        assert_type(error.exceptions, tuple[Exception | ExceptionGroup[Exception], ...])
        assert_type(error.matches(Tend.error_quark(), Tend.Error.SEVERAL), bool)
    try:
        await Tend.wait_for(Tend.Task.run_delay(1), 0)
    except Tend.TimeoutError as error:
        assert_type(error.message, str)
    file = Gio.File.new_for_path("/")
    assert_type(await Tend.gio(file.query_info_async, "standard::name", Gio.FileQueryInfoFlags.NONE, 0), Any)


async def main() -> int:
    for part in (tasks, combinations, managers, caches, channels, waits, errors):
        await part()
    return 0


assert_type(Tend.run(main), int)
assert_type(Tend.run(main()), int)
assert_type(Tend.run(length, "abc"), int)
with asyncio.Runner(loop_factory=Tend.EventLoop) as runner:
    runner.run(tasks())
