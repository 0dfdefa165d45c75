# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured, at which sizes, and what libtend aims at: one table for each."""

from dataclasses import dataclass

SMALL, MIDDLE, LARGE, HUGE = 1_000, 10_000, 100_000, 1_000_000


@dataclass(frozen=True)
class Scenario:
    name: str
    alias: str
    title: str
    sizes: tuple
    quick_sizes: tuple
    n_cpus: int = 1
    mode: str = "time"
    parts: tuple = ()       # the scenarios whose steps it takes, where that is not its own name alone
    environment: tuple = ()


SCENARIOS = (
    Scenario("S1", "spawn", "make, start, end and free n tasks, 1,000 at a time", (LARGE,), (MIDDLE,)),
    Scenario("S2", "yield", "n tasks that yield in turn", (1, SMALL), (1, SMALL)),
    Scenario("switch", "switch", "a stack that is switched to n times, and back", (HUGE,), (LARGE,)),
    Scenario("S3", "timers", "n pending timers", (SMALL, MIDDLE, LARGE, HUGE), (SMALL, LARGE)),
    Scenario("accuracy", "accuracy", "n timers, a hundred for each millisecond", (LARGE,), (LARGE,)),
    Scenario("S4", "cache", "n requests in a cache", (SMALL, MIDDLE, LARGE), (MIDDLE,)),
    Scenario("S5", "threads", "n jobs in threads", (MIDDLE, LARGE), (MIDDLE,), n_cpus=2),
    Scenario("S6", "cancel", "n tasks that wait, cancelled until the last has ended", (SMALL, MIDDLE, LARGE),
             (MIDDLE,)),
    Scenario("S7", "memory", "n tasks that wait", (MIDDLE,), (MIDDLE,), mode="memory"),
    Scenario("S8", "calls", "calls to the system, with n tasks, jobs or timers", (MIDDLE,), (MIDDLE,), n_cpus=2,
             mode="calls", parts=("S1", "S5", "S8")),
    Scenario("call", "call", "n operations of GIO, one after the other", (LARGE,), (MIDDLE,)),
    Scenario("instructions", "instructions", "instructions of operations", (SMALL,), (SMALL,), mode="instructions"),
    Scenario("waits", "waits", "a lock that nobody else wants, and n fibers that are woken", (SMALL,), (SMALL,)),
    Scenario("fair", "fair", "the frames of a window on a loop that has n ready tasks", (LARGE,), (LARGE,)),
    # The slices of older GLib are not given back to the system, whoever used them; newer GLib has none.
    Scenario("scale", "scale", "memory after very many tasks", (LARGE,), (MIDDLE,),
             environment=(("G_SLICE", "always-malloc"),)),
    Scenario("echo", "echo", "an echo to one or all of n connections", (1, 500, 3_000, MIDDLE), (500,), n_cpus=2),
    Scenario("manager", "manager", "n named tasks in a manager", (SMALL, MIDDLE, LARGE, HUGE), (MIDDLE,)),
)

# What "./run bench" runs without a name, besides what is asked for by name only.
SUITE = tuple(scenario.name for scenario in SCENARIOS if scenario.name != "manager")


# Who takes part only where it is found, and by what it would be.
OPTIONAL_PEERS = {
    "libdex": "pkg-config does not know libdex-1 of version 1.2 or newer",
    "libev": "ev.h is not installed",
    "libuv": "pkg-config does not know libuv",
    "boost": "libboost_context is not installed, or there is no compiler for C++",
    "ipv8": "TEND_IPV8 does not have the path of a checkout",
}

# Whichever peer is.
BEST = "the best"


@dataclass(frozen=True)
class Aim:
    """So many times as much as a peer, or as a number: at most the ratio, and at best the moonshot.

    Of cases with a plus the sum counts.
    """

    name: str
    scenario: str
    case: str
    n: int
    ours: str
    theirs: str
    ratio: float
    moonshot: float
    metric: str = "time"
    their_case: str = ""    # where it is not the same one


AIMS = (
    Aim("S1a", "S1", "callback", LARGE, "libtend", "GTask", 0.60, 0.40),
    Aim("S1d", "S1", "fiber", LARGE, "libtend, managed", "libdex", 0.85, 0.55),
    Aim("S1e", "S1", "fiber that waits", LARGE, "libtend", "libdex", 0.10, 0.06),
    Aim("S1f", "S1", "spawn and await", LARGE, "libtend", "libdex", 0.30, 0.20),
    Aim("S2a", "S2", "yield", 1, "libtend", "libdex", 0.60, 0.50),
    Aim("S2b", "S2", "yield", SMALL, "libtend", "libdex", 0.30, 0.15),
    Aim("S2c", "switch", "flags equal", HUGE, "libtend", "boost", 1.0, 0.70),
    Aim("S2c", "switch", "flags differ", HUGE, "libtend", "boost", 0.10, 0.06),
    Aim("S3a", "S3", "arm", LARGE, "libtend", "GLib source", 0.50, 0.40),
    Aim("S3a", "S3", "cancel", LARGE, "libtend", "GLib source", 0.35, 0.24),
    Aim("S3b", "S3", "turn", LARGE, "libtend", "GLib source", 0.0005, 0.0002),
    Aim("S3b", "S3", "turn", HUGE, "libtend", "libtend", 1.15, 1.05, their_case="turn, none pending"),
    Aim("S3c", "S3", "fire, all due", LARGE, "libtend", "libev", 1.0, 0.5),
    Aim("S3c", "S3", "fire, all due", LARGE, "libtend", "GLib source", 0.60, 0.40),
    Aim("S3d", "accuracy", "fire, spread", LARGE, "libtend", "libev", 1.0, 0.7, "processor time"),
    Aim("S3d", "accuracy", "fire, spread", LARGE, "libtend", "GLib source", 0.08, 0.06, "processor time"),
    Aim("S3d", "accuracy", "fire, spread", LARGE, "libtend", "1,000 us", 1.5, 1.1, "lateness p99"),
    Aim("S4a", "S4", "add", MIDDLE, "libtend", "GLib source", 0.65, 0.50),
    Aim("S4a", "S4", "look up", MIDDLE, "libtend", "GLib source", 0.70, 0.45),
    Aim("S4a", "S4", "pop", MIDDLE, "libtend", "GLib source", 0.20, 0.10),
    Aim("S4b", "S4", "make and add + pop and free", MIDDLE, "libtend", "GLib source", 1.2, 1.0),
    Aim("S4b", "S4", "make and add + pop and free", LARGE, "libtend", "GLib source", 0.95, 0.75),
    Aim("S4c", "S4", "make and add", MIDDLE, "libtend", "ipv8", 0.02, 0.01),
    Aim("S4c", "S4", "look up", MIDDLE, "libtend", "ipv8", 0.05, 0.02),
    Aim("S4c", "S4", "pop and free", MIDDLE, "libtend", "ipv8", 0.05, 0.03),
    Aim("S5a", "S5", "thread jobs, in bulk", LARGE, "libtend", "GTask", 0.35, 0.25),
    Aim("S5a", "S5", "thread jobs, in bulk", LARGE, "libtend", "libdex", 0.85, 0.60),
    Aim("S5c", "S5", "thread jobs, one by one", LARGE, "libtend", BEST, 1.15, 0.60, "latency p50"),
    Aim("S5c", "S5", "thread jobs, one by one", LARGE, "libtend, looks 50 us", BEST, 1.15, 0.60, "latency p50"),
    Aim("S6a", "S6", "cancel callback tasks", MIDDLE, "libtend", "GTask", 0.35, 0.25),
    Aim("S6b", "S6", "cancel fibers", MIDDLE, "libtend", "libdex", 0.25, 0.10),
    Aim("S6c", "S6", "shut down", MIDDLE, "libtend", "ipv8", 0.08, 0.04),
    Aim("S7", "S7", "waiting callback task", MIDDLE, "libtend", "GTask, cancellable", 0.70, 0.50, "memory"),
    Aim("S7", "S7", "waiting fiber", MIDDLE, "libtend", "libdex", 0.85, 0.77, "memory"),
    Aim("S8", "S8", "callback", MIDDLE, "libtend", "1 call per task", 0.01, 0.0, "calls"),
    Aim("S8", "S8", "callback, one at a time", MIDDLE, "libtend", "1 call per task", 1.0, 1.0, "calls"),
    Aim("S8", "S8", "thread jobs, in bulk", MIDDLE, "libtend", "1 call per job", 0.6, 0.4, "calls"),
    Aim("S8", "S8", "wait with n timers", MIDDLE, "libtend", "1 poll", 1.0, 1.0, "calls"),
    Aim("S8", "S8", "n tasks completed by a thread", MIDDLE, "libtend", "1 wake-up", 5.0, 1.0, "wake-ups"),
    Aim("S8", "instructions", "callback task, make, run and free", SMALL, "libtend", "1 instruction", 3300, 1500,
        "instructions"),
    Aim("S8", "instructions", "fiber, make, run and free", SMALL, "libtend", "1 instruction", 3900, 2000,
        "instructions"),
    Aim("call", "call", "read from a socket", LARGE, "libtend", "GIO callback", 1.10, 1.0),
    Aim("waits", "waits", "acquire and release", SMALL, "libtend", "GMutex", 3.0, 2.0),
    Aim("waits", "waits", "woken by an event", SMALL, "libtend", "libtend", 1.2, 1.0, their_case="yield"),
    Aim("echo", "echo", "all active", MIDDLE, "libtend", "GIO", 0.60, 0.50, "processor time"),
    Aim("echo", "echo", "one active", 500, "libtend", "GIO", 0.20, 0.10, "processor time"),
    Aim("echo", "echo", "one active", 3_000, "libtend", "GIO", 0.02, 0.01, "processor time"),
    Aim("echo", "echo", "one active", MIDDLE, "libtend", "GIO", 0.002, 0.001, "processor time"),
    Aim("echo", "echo", "one active", MIDDLE, "libtend", "libtend", 1.5, 1.1, "processor time",
        their_case="one connection"),
    Aim("echo", "echo", "all active", MIDDLE, "libtend", "libuv", 1.5, 1.0, "processor time"),
    Aim("fair", "fair", "frames beside n ready tasks", LARGE, "libtend", "1 frame", 1.0, 0.0, "frames missed"),
    Aim("scale", "scale", "n fibers that sleep, cancelled", LARGE, "libtend", "1 %", 5.0, 1.0, "kept of the growth"),
    Aim("scale", "scale", "n fibers that sleep, stopped", LARGE, "libtend", "1 %", 5.0, 1.0, "kept of the growth"),
    Aim("scale", "scale", "10 n callback tasks at once", LARGE, "libtend", "1 %", 5.0, 1.0, "kept of the growth"),
)
