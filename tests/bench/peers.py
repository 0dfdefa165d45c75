# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs that there are, the peers in them, and one pass of a peer, measured in one way or another."""

import collections
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent

# What ends without an answer within this time hangs.
PASS_TIMEOUT_SEC = 300

# What is freed waits at hand for the next who wants that size. Otherwise the allocator would tidy up now and then,
# and a step would pay for what another has left.
COUNTED_ENVIRONMENT = (("GLIBC_TUNABLES", "glibc.malloc.tcache_count=65535"),)

ALL_CPUS = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

PER_OPERATION = {"ns", "B"}
POLLS = {"poll", "ppoll", "epoll_wait", "epoll_pwait", "epoll_pwait2", "select", "pselect6"}
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")
MARK = re.compile(r'^-1, "tend-bench (begin|end):([^:]+):([^:]+):(\d+)"')
DUMP = re.compile(r"^desc: Trigger: .*tend-bench:([^:]+):([^:]+):(\d+)")


@dataclass(frozen=True)
class Value:
    case: str
    metric: str
    unit: str
    amount: float


@dataclass(frozen=True)
class Peer:
    command: tuple
    scenario: str
    name: str
    max_n: int          # 0: any
    is_weighed: bool

    @property
    def is_ours(self):
        return self.name.startswith("libtend")

    def takes(self, n):
        return not self.max_n or n <= self.max_n

    def measure(self, n, mode, environment=()):
        """The values of one pass in a mode, of which bench.c says what they are."""
        return MODES[mode](self, n, environment)


def run(command, environment=()):
    environment = {**os.environ, **dict(environment)}
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=PASS_TIMEOUT_SEC,
                            env=environment)
    return result.stdout


def pass_command(peer, n, mode):
    return [*peer.command, peer.scenario, peer.name, str(n), mode]


def own_values(mode):
    """What the peer itself prints."""

    def measure(peer, n, environment):
        values = []
        for line in run(pass_command(peer, n, mode), environment).splitlines():
            case, metric, unit, operation, amount = line.split("\t")
            values.append(Value(case, metric, f"{unit}/{operation}" if unit in PER_OPERATION else unit, float(amount)))
        return values

    return measure


def count_calls(lines):
    """The system calls between the marks of each step, all threads' together, in the order of the steps."""
    counts, inside = collections.Counter(), False
    for line in lines:
        call = CALL.match(line)
        if not call:    # a signal, an end, or a call that is resumed
            continue
        name, arguments = call.groups()
        mark = MARK.match(arguments) if name == "write" else None
        if mark:
            inside = mark[1] == "begin"
            if not inside:
                yield mark[2], mark[3], int(mark[4]), counts
            counts = collections.Counter()
        elif inside:
            counts["calls"] += 1
            counts["polls"] += name in POLLS
            # The eight bytes of an eventfd, or the one of a pipe.
            counts["wake-ups"] += name == "write" and bool(re.search(r", [18]( |\))", arguments))


def calls(peer, n, environment):
    with tempfile.NamedTemporaryFile("r", prefix="tend-bench-", errors="replace") as trace:
        strace = ["strace", "-f", "-qq", "-e", "signal=none", "-s", "200", "-o", trace.name]
        run([*strace, *pass_command(peer, n, "calls")], environment)
        return [Value(case, metric, f"1/{operation}", counts[metric] / n_operations)
                for case, operation, n_operations, counts in count_calls(trace)
                for metric in ("calls", "polls", "wake-ups")]


def instructions(peer, n, environment):
    """What callgrind counts; its dumps are numbered in the order of the steps."""
    with tempfile.TemporaryDirectory(prefix="tend-bench-") as directory:
        out = pathlib.Path(directory, "out")
        valgrind = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={out}"]
        run([*valgrind, *pass_command(peer, n, "instructions")], (*environment, *COUNTED_ENVIRONMENT))
        values = []
        for dump in sorted(out.parent.glob("out.*"), key=lambda path: int(path.suffix[1:])):
            text = dump.read_text(encoding="utf-8", errors="replace")
            desc = next(filter(None, map(DUMP.match, text.splitlines())), None)
            if desc:
                total = int(re.search(r"^summary: (\d+)", text, re.MULTILINE)[1])
                values.append(Value(desc[1], "instructions", f"1/{desc[2]}", total / int(desc[3])))
        return values


MODES = {
    "time": own_values("time"),
    "memory": own_values("memory"),
    "calls": calls,
    "instructions": instructions,
}


def find_programs(build):
    programs = [[str(path)] for path in sorted(pathlib.Path(build, "tests", "bench").glob("bench-*"))
                if path.is_file() and os.access(path, os.X_OK)]
    return programs + [[sys.executable, str(path)] for path in sorted(HERE.glob("*_peer.py"))]


def find_peers(build):
    """All peers, ours first. A program says that it cannot run here by listing none."""
    peers = []
    for program in find_programs(build):
        for line in run([*program, "list"]).splitlines():
            scenario, name, max_n, weighed = line.split("\t")
            peers.append(Peer(tuple(program), scenario, name, int(max_n), weighed == "memory"))
    return sorted(peers, key=lambda peer: not peer.is_ours)


def pin(n_cpus):
    """Keeps to the last CPUs, and the children with it: the first has most of the interrupts."""
    with contextlib.suppress(OSError):
        if ALL_CPUS:
            os.sched_setaffinity(0, sorted(ALL_CPUS)[-n_cpus:])


def describe_machine(build):
    """One line that says what the figures were measured on."""
    model = "unknown CPU"
    with contextlib.suppress(OSError):
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
        if (found := re.search(r"^model name\s*: (.*)", text, re.MULTILINE)):
            model = found[1]
    system = os.uname()
    built = [run([*program, "machine"]).strip() for program in find_programs(build)]
    pinned = ", pinned" if ALL_CPUS else ""
    return ", ".join([f"{model} ({os.cpu_count()} CPUs{pinned})", f"{system.sysname} {system.release} {system.machine}",
                      *filter(None, dict.fromkeys(built))])


def has_tool(mode):
    tool = {"calls": "strace", "instructions": "valgrind"}.get(mode)
    return tool is None or shutil.which(tool) is not None
