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


SCENARIOS = (
    Scenario("S1", "spawn", "make, start, end and free n tasks, 1,000 at a time", (MIDDLE, LARGE), (MIDDLE,)),
    Scenario("S2", "yield", "n tasks that yield in turn", (1, SMALL, MIDDLE), (1, SMALL)),
    Scenario("S3", "timers", "n pending timers", (SMALL, MIDDLE, LARGE, HUGE), (SMALL, LARGE)),
    Scenario("accuracy", "accuracy", "n timers spread over a second", (LARGE,), (LARGE,)),
    Scenario("S4", "cache", "n requests in a cache", (SMALL, MIDDLE, LARGE, HUGE), (MIDDLE,)),
    Scenario("manager", "manager", "n named tasks in a manager", (SMALL, MIDDLE, LARGE, HUGE), (MIDDLE,)),
)

# What "./run bench" runs without a name, besides what is asked for by name only.
SUITE = tuple(scenario.name for scenario in SCENARIOS if scenario.name != "manager")


@dataclass(frozen=True)
class Aim:
    """So many times as much as a peer: at most ratio, and at best the moonshot."""

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
    Aim("S3a", "S3", "arm", LARGE, "libtend", "GLib source", 0.50, 0.40),
    Aim("S3a", "S3", "cancel", LARGE, "libtend", "GLib source", 0.35, 0.24),
    Aim("S3b", "S3", "turn", LARGE, "libtend", "GLib source", 0.0005, 0.0002),
    Aim("S3b", "S3", "turn", HUGE, "libtend", "libtend", 1.15, 1.05, their_case="turn, none pending"),
    Aim("S3c", "S3", "fire, all due", LARGE, "libtend", "libev", 1.0, 0.5),
    Aim("S3c", "S3", "fire, all due", LARGE, "libtend", "GLib source", 0.60, 0.40),
    Aim("S3d", "accuracy", "fire, spread", LARGE, "libtend", "libev", 1.0, 0.7, "processor time"),
    Aim("S3d", "accuracy", "fire, spread", LARGE, "libtend", "GLib source", 0.08, 0.06, "processor time"),
    Aim("S3d", "accuracy", "fire, spread", LARGE, "libtend", "1,000 us", 1.5, 1.1, "lateness p99"),
)
