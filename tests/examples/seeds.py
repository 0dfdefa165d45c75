# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the short examples and compares what they print, in TAP.

seeds.py EXPECTED_DIR PROGRAM... INSTANT_PROGRAM...

They run all at once: as they are, in real time, and linked to a virtual clock, in an instant.
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys
import time

# What goes to stderr. Everything else is silent there.
MESSAGES = {
    "future": r".*Tend-WARNING.*: Nobody observed the error of Task\(0\), made at .+: Error",
}
# What is run once more, another way: what that is called, what is in its environment, and its status.
ONCE_MORE = {
    "tasks-tutorial-6": ("-keeping", {"KEEP_PENDING_TASKS": "1"}, 1),
}
# All of the instant ones together; as they are, they sleep for twice as long.
INSTANT_SEC = 10


class Example:
    def __init__(self, expected, program, way="", environment=None, status=0):
        self.label = pathlib.Path(program).name + way
        self.name = self.label.replace("-instant", "")
        self.expected = (expected / f"{self.name}.out").read_text(encoding="utf-8")
        self.status = status
        self.process = subprocess.Popen(
            [program], text=True, env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def check(self):
        """What is wrong with it, as lines."""
        out, messages = self.process.communicate()

        problems = list(difflib.unified_diff(
            self.expected.splitlines(), out.splitlines(), "expected", "printed", lineterm=""))
        if self.process.returncode != self.status:
            problems.append(f"its status is {self.process.returncode}")
        if not re.fullmatch(MESSAGES.get(self.name, ""), messages.strip()):
            problems += ["its messages:", *messages.splitlines()]
        return problems


def list_runs(programs):
    """The programs, and once more those that are run another way: what Example() takes."""
    again = [(program, *ONCE_MORE[name]) for program in programs
             if (name := pathlib.Path(program).name.removesuffix("-instant")) in ONCE_MORE]
    return [*((program,) for program in programs), *again]


def run_all(expected, runs, first):
    """Runs them at once and gives how many are wrong; they have the numbers from first on."""
    n_bad = 0
    for number, example in enumerate([Example(expected, *run) for run in runs], first):
        problems = example.check()
        n_bad += bool(problems)
        print("\n".join(f"# {line}" for line in problems))
        print(f"{'not ' if problems else ''}ok {number} - {example.label}", flush=True)
    return n_bad


def main(expected, *programs):
    instant = list_runs([program for program in programs if program.endswith("-instant")])
    others = list_runs([program for program in programs if not program.endswith("-instant")])
    n_runs = len(instant) + len(others)

    print(f"1..{n_runs + 1}")
    begin = time.monotonic()
    n_bad = run_all(pathlib.Path(expected), instant, 1)
    seconds = time.monotonic() - begin
    n_bad += run_all(pathlib.Path(expected), others, len(instant) + 1)

    slow = seconds > INSTANT_SEC
    print(f"{'not ' if slow else ''}ok {n_runs + 1} - the instant ones took {seconds:.1f} s")
    return 1 if n_bad or slow else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
