# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Wrappers with data of their own, which go in any thread and by the collector, while their homes run.

PyGObject holds a toggle reference to an object whose wrapper has data, and takes the interpreter's lock
whenever it is told of one. So every step between one reference and two meets that lock, in whichever
thread it is taken, and whoever takes it under a lock of his own stands still sooner or later.

Each case runs in a process of its own, which another watches. It fails if a thread makes no step for long, or
if the interpreter stands still, and says then where each thread stands; if it crashes; and if a wait does not
end once and at home. TEND_STRESS_SECONDS is how long all of them may take, TEND_STRESS_SEED what is chosen at random.
"""

import collections
import faulthandler
import gc
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend

PATIENCE = 20  # in seconds; whoever has made no step for so long stands still
MAX_HANDED = 200  # objects on their way; who makes more waits until some have gone


def mark(thing, chance):
    """Gives a wrapper data of its own, as a rule such that it goes by the collector alone."""
    thing.mine = [thing] if chance.random() < 0.7 else 1
    return thing


class Home:
    """A thread with a main context, which makes things and hands them to others."""

    def __init__(self, case, number):
        self.case = case
        self.chance = random.Random(case.seed * 100 + number)
        self.waiting = self.ended = 0
        self.ident = None

    def expect(self):
        """A callback for a wait, which has to be called once and in this thread."""
        calls = []
        self.waiting += 1

        def told(source, result, *_):
            calls.append(result)
            if len(calls) > 1:
                self.case.failures.append("a wait has ended twice")
            self.check_thread()
            self.ended += 1

        return told

    def check_thread(self, *_):
        """A handler, which the home keeps: the collector may take others while they are called."""
        if threading.get_ident() != self.ident:
            self.case.failures.append("a callback has run in another thread")

    def hand(self, *things):
        self.case.handed.append(things)

    def run(self):
        self.ident = threading.get_ident()
        context = GLib.MainContext.new()
        context.push_thread_default()
        try:
            while not self.case.is_over:
                if len(self.case.handed) < MAX_HANDED:
                    self.case.make(self)
                while context.iteration(False):
                    pass
                yield
            while self.ended < self.waiting:
                while context.iteration(False):
                    pass
                self.case.drop_one(self.chance)
                time.sleep(0.001)
                yield
        finally:
            context.pop_thread_default()


class Case:
    """What the threads of a case do until it is over: make() and meddle() are the case's own."""

    n_homes = 2
    n_others = 2

    def __init__(self, seed):
        self.seed = seed
        self.handed = collections.deque()
        self.failures = []
        self.is_over = False

    def make(self, home):
        raise NotImplementedError

    def meddle(self, chance, *things):
        """Does to things what any thread may; a reference to them is dropped when this returns."""

    def drop_one(self, chance):
        try:
            things = self.handed.popleft()
        except IndexError:
            time.sleep(0)
            return
        self.meddle(chance, *things)

    def other(self, number):
        chance = random.Random(self.seed * 100 + 50 + number)
        while not self.is_over or self.handed:
            self.drop_one(chance)
            yield

    def collect(self):
        while not self.is_over:
            gc.collect()
            time.sleep(0.001)
            yield

    def steps(self):
        """What each thread does, step by step."""
        yield from (Home(self, i).run() for i in range(self.n_homes))
        yield from (self.other(i) for i in range(self.n_others))
        yield self.collect()


class Cancellables(Case):
    """Parents and children, which need no home."""

    n_homes = 0

    def alone(self, number):
        chance = random.Random(self.seed * 100 + number)
        while not self.is_over:
            mark(Tend.Cancellable(), chance)
            yield

    def family(self, number):
        chance = random.Random(self.seed * 100 + 10 + number)
        while not self.is_over:
            parent = Gio.Cancellable() if chance.random() < 0.5 else mark(Tend.Cancellable(), chance)
            child = mark(Tend.Cancellable(), chance)
            child.add_parent(parent)
            if chance.random() < 0.5:
                self.handed.append((child,))
                del child
            parent.cancel()
            yield

    def meddle(self, chance, child):
        if chance.random() < 0.5:
            child.cancel()

    def steps(self):
        yield from (self.alone(i) for i in range(2))
        yield from (self.family(i) for i in range(2))
        yield from super().steps()


class TaskCancellables(Case):
    """The cancellables of tasks, and what tasks are linked to."""

    def make(self, home):
        task = Tend.Task.new("unstarted", lambda *_: None)
        parent = Gio.Cancellable()
        if home.chance.random() < 0.5:
            mark(task, home.chance)
        mark(task.get_cancellable(), home.chance)
        task.add_cancellable(parent)
        task.wait_async(None, home.expect())
        home.hand(parent, task if home.chance.random() < 0.5 else task.get_cancellable())

    def meddle(self, chance, parent, other):
        if chance.random() < 0.7:
            parent.cancel()
        if chance.random() < 0.3:
            other.cancel()


class Channels(Case):
    """Channels that somebody waits for."""

    def make(self, home):
        channel = mark(Tend.Channel.new(1), home.chance)
        channel.receive_async(None, home.expect())
        if home.chance.random() < 0.3:
            channel.try_send("text")
            channel.receive_async(None, home.expect())
        if home.chance.random() < 0.3:
            cancellable = mark(Tend.Cancellable(), home.chance)
            channel.receive_async(cancellable, home.expect())
            home.hand(channel, cancellable)
        else:
            home.hand(channel, None)

    def meddle(self, chance, channel, cancellable):
        if cancellable is not None:
            cancellable.cancel()
        channel.get_capacity()


class Completions(Case):
    """Completions and their tasks, of which each may go first."""

    def make(self, home):
        completion = mark(Tend.Completion.new("answer"), home.chance)
        task = completion.get_task()
        if home.chance.random() < 0.5:
            mark(task, home.chance)
        task.wait_async(None, home.expect())
        home.hand(completion, task if home.chance.random() < 0.5 else None)

    def meddle(self, chance, completion, task):
        what = chance.randrange(4)
        if what == 0:
            try:
                completion.set_cancelled()
            except GLib.Error:
                pass  # Somebody was first.
        elif what == 1 and not completion.is_done():
            try:
                completion.set_boolean(True)
            except GLib.Error:
                pass  # Somebody was first.
        elif what == 2 and task is not None:
            task.stop()


async def sleep_a_little():
    await Tend.sleep(0)


def fail(*_):
    raise ValueError("at random")


class Groups(Case):
    """Groups with children that wait."""

    def make(self, home):
        group = mark(Tend.Group.new(Tend.GroupPolicy.WAIT_ALL), home.chance)
        child = Tend.Task.new("child", sleep_a_little)
        if home.chance.random() < 0.5:
            mark(child, home.chance)
        child.wait_async(None, home.expect())
        group.add(child)
        home.hand(group, child if home.chance.random() < 0.5 else None)

    def meddle(self, chance, group, child):
        if child is not None and chance.random() < 0.5:
            child.cancel()


class Managers(Case):
    """Managers with handlers, and tasks that fail."""

    def make(self, home):
        manager = mark(Tend.TaskManager(), home.chance)
        for signal_name in "task-failed", "items-changed", "notify":
            manager.connect(signal_name, home.check_thread)
        tasks = [manager.register(f"task {i}", fail if i % 2 == 0 else sleep_a_little) for i in range(4)]
        for task in tasks:
            task.wait_async(None, home.expect())
        if home.chance.random() < 0.5:
            mark(tasks[0], home.chance)
        home.hand(manager, tasks[home.chance.randrange(4)])

    def meddle(self, chance, manager, task):
        if chance.random() < 0.3:
            task.cancel()


class Owners(Case):
    """Objects with managers of their own, which ask for them while they go."""

    def make(self, home):
        owner = mark(Gio.SimpleActionGroup(), home.chance)
        managers = [Tend.TaskManager(owner=owner) for _ in range(2)]
        for manager in managers:
            manager.register("task", sleep_a_little)
        if home.chance.random() < 0.5:
            del owner
        for _ in range(10):
            for manager in managers:
                manager.dup_owner()
        home.hand(*managers)

    def meddle(self, chance, *managers):
        for manager in managers:
            owner = manager.dup_owner()
            if owner is not None and chance.random() < 0.3:
                owner.run_dispose()


CASES = {
    "cancellables": Cancellables,
    "task-cancellables": TaskCancellables,
    "channels": Channels,
    "completions": Completions,
    "groups": Groups,
    "managers": Managers,
    "owners": Owners,
}


class Stepper(threading.Thread):
    """A thread that goes through steps and counts them."""

    def __init__(self, case, steps):
        super().__init__(daemon=True)
        self.case, self.steps = case, steps
        self.n_steps, self.seen, self.when = 0, 0, time.monotonic()

    def run(self):
        try:
            for _ in self.steps:
                self.n_steps += 1
        except Exception as exception:
            self.case.failures.append(repr(exception))

    def stands_still(self):
        if self.n_steps != self.seen:
            self.seen, self.when = self.n_steps, time.monotonic()
        return self.is_alive() and time.monotonic() - self.when > PATIENCE


def leave(text):
    """Ends the process at once: what stands still cannot be waited for."""
    print(f"# {text}", flush=True)
    faulthandler.dump_traceback(all_threads=True)
    os._exit(1)


def run_case(name, seconds, seed, beat):
    case = CASES[name](seed)
    steppers = [Stepper(case, steps) for steps in case.steps()]
    end = time.monotonic() + seconds
    for stepper in steppers:
        stepper.start()

    # Who holds the interpreter's lock for ever stops this loop as well, which the watching process sees.
    while any(stepper.is_alive() for stepper in steppers):
        os.write(beat, b".")
        time.sleep(0.1)
        case.is_over = time.monotonic() > end
        if case.is_over:
            gc.collect()  # whose thread may have ended before the last things have gone
        if time.monotonic() > end + PATIENCE:
            leave("something that a home waits for has not ended")
        if case.failures:
            leave(case.failures[0])
        if any(stepper.stands_still() for stepper in steppers):
            leave(f"a thread has made no step for {PATIENCE} seconds")

    print(f"# {name}: {sum(stepper.n_steps for stepper in steppers)} steps", flush=True)
    if case.failures:
        leave(case.failures[0])


def watch_case(name, seconds, seed):
    """Runs a case in a process of its own, and aborts it when it stands still."""
    heart, beat = os.pipe()
    child = subprocess.Popen([sys.executable, __file__, "--case", name, str(seconds), str(seed), str(beat)],
                             pass_fds=[beat])
    os.close(beat)
    while True:
        ready, _, _ = select.select([heart], [], [], 2 * PATIENCE)
        if not ready:
            print(f"# the interpreter stands still for {2 * PATIENCE} seconds", flush=True)
            child.send_signal(signal.SIGABRT)  # faulthandler says where, whoever holds the lock
            break
        if not os.read(heart, 4096):
            break
    os.close(heart)
    return child.wait()


def main(names):
    seconds = float(os.environ.get("TEND_STRESS_SECONDS", "90")) / len(CASES)
    seed = int(os.environ.get("TEND_STRESS_SEED", random.randrange(1 << 31)))
    failed = 0
    print(f"# TEND_STRESS_SEED={seed}\n1..{len(names)}", flush=True)
    for number, name in enumerate(names, 1):
        status = watch_case(name, seconds, seed)
        failed += status != 0
        print(f"{'ok' if status == 0 else 'not ok'} {number} - {name} ({status})", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        faulthandler.enable()
        run_case(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
        os._exit(0)  # What is still in the collector's hands is no matter of the case.
    sys.exit(main(sys.argv[1:] or list(CASES)))
