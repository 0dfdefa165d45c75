# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Who is told of an error: each way in which one arises, times each way of holding its task.

told.py FILE compares what it finds with the table in FILE, and told.py --write FILE makes that: a row is
"way<TAB>holding<TAB>told to". Of each error somebody is told; it is reported, to the unobserved function or the log,
once at most, and not where one who waits or a handler of task-failed had it.
"""

import asyncio
import collections
import contextlib
import gc
import os
import sys
import threading

from common import GLib, Tend, settle


class Told(Exception):
    """What is thrown. The experiment does not keep it: with it would live the frames below, and the task in them."""


class Experiment:
    """One error, on its way in one place."""

    def __init__(self, step, interfere):
        self.step = step            # the time between two events
        self.interfere = interfere  # what is done to the task when the error is about to arise
        self.is_thrown = False
        self.told = collections.Counter()
        self.kept = []
        self.is_unfinished = lambda: False  # of what takes its own time

    def throw(self, task):
        self.interfere(task)
        raise self.new_exception()

    def new_exception(self):
        self.is_thrown = True
        return Told(self)

    def tell(self, who, exception):
        if isinstance(exception, Told) and exception.args == (self,):
            self.told[who] += 1

    async def sleep(self, n_steps=1):
        await Tend.sleep(n_steps * self.step)

    async def rest(self):
        """Waits until all has happened that will."""
        await self.sleep(8)
        while self.is_unfinished():
            await self.sleep()

    @contextlib.contextmanager
    def listening(self):
        """Notes all that is reported."""
        hooks = sys.excepthook, sys.unraisablehook
        sys.excepthook = lambda cls, exception, trace: self.tell("log", exception)
        sys.unraisablehook = lambda unraisable: self.tell("log", unraisable.exc_value)
        Tend.set_unobserved_func(lambda task, exception, origin: self.tell("unobserved function", exception))
        try:
            yield
        finally:
            sys.excepthook, sys.unraisablehook = hooks
            Tend.set_unobserved_func(None)

    def describe(self):
        if not self.is_thrown:
            return "not thrown"
        return ", ".join(f"{who} {n} times" if n > 1 else who for who, n in sorted(self.told.items())) or "nobody"

    def is_right(self):
        n_reports = self.told["unobserved function"] + self.told["log"]
        has_heard = self.told["waiter"] + self.told["task-failed"] > 0
        return not self.is_thrown or (has_heard and n_reports == 0) or (not has_heard and n_reports == 1)


# --- The ways in which errors arise; each gives a task that is not started ---

WAYS = {}


def way(name, **settings):
    def add(func):
        func.settings = settings
        WAYS[name] = func
        return func
    return add


@way("body: function")
def function(e):
    return Tend.Task("x", lambda: e.throw(Tend.current_task()))


@way("body: coroutine")
def coroutine(e):
    async def body():
        await e.sleep()
        e.throw(Tend.current_task())
    return Tend.Task("x", body)


@way("body: generator")
def generator(e):
    def body():
        yield Tend.Task.run_delay(e.step)
        e.throw(Tend.current_task())
    return Tend.Task("x", body)


@way("body: thread", is_in_time=True)
def thread(e):
    def body():
        is_time.wait()
        e.throw(Tend.current_task())

    is_time = threading.Event()
    e.is_unfinished = lambda: not e.is_thrown
    e.kept.append(lambda: Tend.spawn(e.sleep(4)).add_exit_handler(lambda _: is_time.set()))
    return Tend.Task.new_thread("x", body)


@way("body: interval")
def interval(e):
    return Tend.Task("x", lambda: e.is_thrown or e.throw(Tend.current_task()), interval=e.step)


@way("return_error() by hand")
def by_hand(e):
    async def end(task):
        await e.sleep()
        e.interfere(task)
        task.return_error(e.new_exception())

    task = Tend.Task("x")
    e.kept.append(lambda: Tend.spawn(end, task))
    return task


@way("completion")
def completion(e):
    async def body():
        await e.sleep()
        awaited = Tend.Completion()
        Tend.current_task().add_timer(e.step, None, lambda task: (
            e.interfere(task), awaited.set_error(e.new_exception())) and False)
        await awaited
    return Tend.Task("x", body)


def wait_long(e, begin):
    """A body that begins something which throws while it waits."""
    async def body():
        await e.sleep()
        e.kept.append(begin(Tend.current_task()))
        await e.sleep(3)
    return Tend.Task("x", body)


@way("timer of the task")
def timer(e):
    return wait_long(e, lambda task: task.add_timer(e.step, None, e.throw))


@way("post to the task")
def post(e):
    return wait_long(e, lambda task: task.post(e.throw))


@way("source of the task")
def source(e):
    def begin(task):
        source = GLib.Idle()
        source.set_callback(lambda *_: e.throw(task))
        task.add_source(source)
    return wait_long(e, begin)


@way("callback of GLib's")
def callback(e):
    return wait_long(e, lambda task: GLib.idle_add(lambda: e.is_thrown or e.throw(task)))


@way("exit handler")
def exit_handler(e):
    task = wait_long(e, lambda task: None)
    task.add_exit_handler(e.throw)
    return task


@way("cancel handler")
def cancel_handler(e):
    def begin(task):
        task.add_cancel_handler(e.throw)
        task.cancel()
    return wait_long(e, begin)


@way("handler of a cancellable")
def cancellable_handler(e):
    def begin(task):
        cancellable = Tend.Cancellable()
        cancellable.add_handler(lambda _: e.throw(task))
        task.add_cancellable(cancellable)
        cancellable.cancel()
        return cancellable
    return wait_long(e, begin)


@way("handler of progress")
def progress(e):
    def begin(task):
        task.connect("notify::progress", lambda task, _: e.is_thrown or e.throw(task))
        task.set_progress(0.5, None)
    return wait_long(e, begin)


@way("handler of a signal")
def signal_handler(e):
    def begin(task):
        manager = Tend.TaskManager()
        manager.connect("task-added", lambda *_: e.throw(task))
        manager.register("y", int)
        return manager
    return wait_long(e, begin)


@way("virtual function")
def virtual_function(e):
    class Manager(Tend.TaskManager):
        def do_task_added(self, _):
            e.throw(task)

    def begin(task):
        manager = Manager()
        manager.register("y", int)
        return manager

    task = wait_long(e, begin)
    return task


@way("predicate of a retry")
def predicate(e):
    def fail():
        raise ValueError("of the attempt")

    retry = Tend.Retry.new(3)
    task = retry.create_task("x", fail)
    retry.set_predicate(lambda *_: e.throw(task))
    e.kept.append(retry)
    return task


@way("attempt of a retry")
def attempt(e):
    async def fail():
        await e.sleep()
        e.throw(task)

    retry = Tend.Retry.new(1)
    task = retry.create_task("x", fail)
    return task


@way("callback of a wait")
def ready_callback(e):
    return wait_long(e, lambda task: Tend.Task.run_delay(e.step).wait_async(None, lambda *_: e.throw(task)))


@way("destroy notify")
def destroy_notify(e):
    class Data:
        def __del__(self):
            e.throw(task)

    task = wait_long(e, lambda task: None)
    task.add_exit_handler(lambda *_: None, Data())
    return task


@way("clean-up of a coroutine")
def clean_up(e):
    async def body():
        task = Tend.current_task()
        await e.sleep()
        task.add_timer(e.step, None, lambda task: e.interfere(task) and False)
        try:
            await e.sleep(2)
        finally:
            raise e.new_exception()
    return Tend.Task("x", body)


@way("clean-up of a generator that was left")
def generator_clean_up(e):
    async def generate():
        try:
            yield 1
        finally:
            await e.sleep()
            raise e.new_exception()

    async def body():
        async for _ in generate():
            break
        e.interfere(Tend.current_task())
        await e.sleep(2)
    return Tend.Task("x", body)


@way("future of asyncio", needs_loop=True)
def future(e):
    async def body():
        future = asyncio.get_running_loop().create_future()
        Tend.current_task().add_timer(e.step, None, lambda task: (e.interfere(task), set_exception(future)) and False)
        await future

    def set_exception(future):
        if not future.done():
            future.set_exception(e.new_exception())
    return Tend.Task("x", body)


@way("callback of a future", needs_loop=True)
def future_callback(e):
    def begin(task):
        future = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: e.throw(task))
        future.set_result(1)
    return wait_long(e, begin)


# --- The ways of holding its task; each is given one that is not started ---

HOLDINGS = {}


def holding(name, interfere=lambda task: None):
    def add(func):
        func.interfere = interfere
        HOLDINGS[name] = func
        return func
    return add


def start(tasks):
    """Gives the task, which has begun if it has a body."""
    task = tasks.pop()
    with contextlib.suppress(GLib.Error):
        task.start()
    return task


async def note(e, awaitable):
    """Awaits it, and notes what is thrown there."""
    try:
        await awaitable
    except BaseException as exception:
        for each in getattr(exception, "exceptions", [exception]):
            e.tell("waiter", each)


@holding("held")
async def hold(e, tasks):
    task = start(tasks)
    await e.rest()


@holding("dropped")
async def drop(e, tasks):
    start(tasks)
    await e.rest()


@holding("managed")
async def manage(e, tasks):
    async with Tend.TaskManager() as manager:
        manager.register(tasks.pop())
        await e.rest()


@holding("managed, with a handler of task-failed")
async def manage_and_hear(e, tasks):
    async with Tend.TaskManager() as manager:
        manager.connect("task-failed", lambda _, task, exception: e.tell("task-failed", exception))
        manager.register(tasks.pop())
        await e.rest()


@holding("grouped")
async def group(e, tasks):
    async def run_group():
        async with Tend.Group() as group:
            group.add(tasks.pop())
            await e.rest()
    await note(e, run_group())


@holding("awaited")
async def await_it(e, tasks):
    task = start(tasks)
    await note(e, task)
    await e.rest()


@holding("awaited through a combinator")
async def combine(e, tasks):
    task = start(tasks)
    combined = Tend.when_all([task])
    del task
    await note(e, combined)
    await e.rest()


@holding("given up")
async def give_up(e, tasks):
    task = start(tasks)
    if not task.is_ended():
        await note(e, task.with_timeout(e.step / 2))
    await e.rest()


@holding("stopped meanwhile", interfere=lambda task: task.stop())
async def stop(e, tasks):
    await hold(e, tasks)


@holding("cancelled meanwhile", interfere=lambda task: task.cancel())
async def cancel(e, tasks):
    await hold(e, tasks)


# --- The table ---

def experiment(make, hold):
    """Lets an error arise, and gives the experiment when all is over."""
    needs_loop = make.settings.get("needs_loop", False)
    is_frozen = not needs_loop and not make.settings.get("is_in_time", False)
    e = Experiment(1 if is_frozen else 0.02, hold.interfere)

    async def main():
        if needs_loop:
            asyncio.get_running_loop().set_exception_handler(
                lambda _, context: e.tell("log", context.get("exception")))
        tasks = [make(e)]
        for begin in filter(callable, e.kept):
            begin()
        await hold(e, tasks)

    clock = Tend.Clock.freeze(None) if is_frozen else None
    with e.listening():
        if needs_loop:
            with asyncio.Runner(loop_factory=Tend.EventLoop) as runner:
                runner.run(main())
        else:
            Tend.run(main)
        e.kept.clear()
        for _ in range(3):
            gc.collect()
            settle()
    del clock
    return e


def make_table():
    """Gives the rows, and those that are wrong."""
    rows, wrong = [], []
    for way_name, make in WAYS.items():
        for holding_name, hold in HOLDINGS.items():
            e = experiment(make, hold)
            rows.append(f"{way_name}\t{holding_name}\t{e.describe()}")
            if not e.is_right():
                wrong.append(rows[-1])
    return rows, wrong


def main():
    path = sys.argv[-1]
    rows, wrong = make_table()
    text = "\n".join(rows) + "\n"
    if "--write" in sys.argv:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        expected = file.read().splitlines()

    for row in wrong:
        print(f"wrong: {row}")
    for row in sorted(set(rows) ^ set(expected)):
        print(f"{'found' if row in rows else 'expected'}: {row}")
    print(f"{len(rows)} rows, {len(wrong)} of them wrong")
    return 1 if wrong or rows != expected else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status) if status else sys.exit(0)
