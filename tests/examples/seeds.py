# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the short examples of every language and compares what they print, in TAP.

seeds.py EXPECTED_DIR [--run LABEL INTERPRETER PROGRAM...]...

There is one --run for each language, and each of them has to have all examples. INTERPRETER is what
runs them ("gjs -m", say), empty where they run by themselves. The words of LABEL may end the names of
the programs: with the label vala, future-vala is the example "future". Labels that end in -instant are
of programs that are linked to a virtual clock, and what these print is known to the letter. What others print depends
on how busy the machine is: how often a timer ticked, and which of two came first. Of those each line has to be one
that is known, whatever its numbers are.
"""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys

# What goes to stderr. Everything else is silent there.
MESSAGES = {
    # Where there are exceptions, it says which one it was, and where it comes from.
    "future": r".*Tend-WARNING.*: Task 0: nobody observed its error; it was made at .+: "
              r"(Error|(Exception: Error)\nTraceback .+(\n  .+)+\n\2)",
    # Who waits for all of them in JavaScript is stopped: the collector frees a wait that has failed.
    "stop-group-by-failure": r"(.*-WARNING.*: Task \d+: nobody observed its error; it was made at .+: One or more .*)?",
}
# What is run once more, another way: what that is called, what is in its environment, and its status.
ONCE_MORE = {
    "tasks-tutorial-6": ("-keeping", {"KEEP_PENDING_TASKS": "1"}, 1),
}
N_AT_ONCE = 4


def without_numbers(line):
    return re.sub(r"\d+", "0", line)


class Example:
    """A program that is run: NAME is the example's, WAY says what is special about this run of it."""

    def __init__(self, name, command, is_exact, way="", environment=None, status=0):
        self.name = name
        self.is_exact = is_exact
        self.output = name + way
        self.command = command
        self.environment = os.environ | (environment or {})
        self.status = status

    def check(self, expected):
        """Runs it, and says what is wrong with it, as lines."""
        process = subprocess.run(self.command, text=True, env=self.environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        out, messages = process.stdout, process.stderr
        lines = (expected / f"{self.output}.out").read_text(encoding="utf-8").splitlines()

        if self.is_exact:
            problems = list(difflib.unified_diff(lines, out.splitlines(), "expected", "printed", lineterm=""))
        else:
            known = set(map(without_numbers, lines))
            problems = [f"not expected: {line}" for line in out.splitlines() if without_numbers(line) not in known]
            if lines and not out:
                problems.append("nothing was printed")
        if process.returncode != self.status:
            problems.append(f"its status is {process.returncode}")
        if not re.fullmatch(MESSAGES.get(self.name, ""), messages.strip()):
            problems += ["its messages:", *messages.splitlines()]
        return problems


class Tap:
    """Lines of TAP; the plan stands at the end."""

    def __init__(self):
        self.n_points = 0
        self.n_bad = 0

    def point(self, what, problems):
        self.n_points += 1
        self.n_bad += bool(problems)
        for line in problems:
            print(f"# {line}")
        print(f"{'not ' if problems else ''}ok {self.n_points} - {what}", flush=True)


def get_name(program, label):
    name = pathlib.Path(program).stem
    for word in reversed(label.split("-")):
        name = name.removesuffix(f"-{word}")
    return name


def list_examples(label, interpreter, programs):
    """The programs, and once more those that are run another way."""
    examples = []
    for program in programs:
        name = get_name(program, label)
        command = [*shlex.split(interpreter), program]
        is_exact = label.endswith("-instant")
        examples.append(Example(name, command, is_exact))
        if name in ONCE_MORE:
            examples.append(Example(name, command, is_exact, *ONCE_MORE[name]))
    return examples


def run_all(tap, expected, label, examples):
    with concurrent.futures.ThreadPoolExecutor(N_AT_ONCE) as pool:
        for example, problems in zip(examples, pool.map(lambda example: example.check(expected), examples)):
            tap.point(f"{label}: {example.output}", problems)
    missing = {file.stem for file in expected.glob("*.out")} - {example.output for example in examples}
    tap.point(f"{label}: every example is there", [f"{name} is missing" for name in sorted(missing)])


def main(arguments):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("expected", type=pathlib.Path)
    parser.add_argument("--run", action="append", nargs="+", required=True)
    options = parser.parse_args(arguments)

    tap = Tap()
    for label, interpreter, *programs in options.run:
        run_all(tap, options.expected, label, list_examples(label, interpreter, programs))

    print(f"1..{tap.n_points}")
    return 1 if tap.n_bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
