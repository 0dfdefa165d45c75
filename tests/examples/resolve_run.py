# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs examples/resolve, and reads what it prints: what its tests share."""

import collections
import itertools
import json
import os
import re
import subprocess

from support import COMMAND, ENV, TreeTest

COUNTS = re.compile(r"(?P<names>\d+) names, (?P<answered>\d+) answered, (?P<errors>\d+) errors, "
                    r"(?P<retries>\d+) retries, (?P<tcp>\d+) over TCP; "
                    r"dropped: wrong source (?P<source>\d+), wrong id (?P<id>\d+), malformed (?P<malformed>\d+), "
                    r"oversized (?P<oversized>\d+), late/duplicate (?P<late>\d+)")
DROPPED = ("source", "id", "malformed", "oversized", "late")
DEFINITE = ("not found", "no address")
BOTH = ("A", "AAAA")

# GJS takes the places of closed descriptors for itself. Nor has it a way to know where a datagram comes from: the
# sockets are connected there, and the kernel drops what is not the server's.
IS_GJS = os.path.basename(COMMAND[0]).startswith("gjs")


class Run:
    """What one run printed. Each outcome is a name, a type, and a list of addresses or the text of an error."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out.splitlines(), err.splitlines()
        match = COUNTS.fullmatch(self.err[-1]) if self.err else None
        self.counts = {key: int(value) for key, value in match.groupdict().items()} if match else None

    def outcomes(self):
        """In the order of the lines. Each address has a line, and those of one outcome come together."""
        lines = []
        for line in self.out:
            name, type_, rest = line.split(" ", 2)
            lines.append(((name, type_), rest))
        result = []
        for (name, type_), group in itertools.groupby(lines, lambda line: line[0]):
            texts = [rest for _, rest in group]
            errors = [text for text in texts if text.startswith("error: ")]
            # The same name may have been asked for twice, and then its lines follow each other.
            result += [(name, type_, text.removeprefix("error: ")) for text in errors]
            if len(errors) < len(texts):
                result.append((name, type_, [text for text in texts if not text.startswith("error: ")]))
        return result

    def json_outcomes(self):
        result = []
        for line in self.out:
            value = json.loads(line)
            assert set(value) == {"name", "type", "addresses", "error", "msec", "tries", "tcp"}, line
            assert (value["error"] is None) == bool(value["addresses"]), line
            result.append((value["name"], value["type"], value["error"] or value["addresses"]))
        return result


class ResolveTest(TreeTest):
    def start(self, *args, server=None, **kwargs):
        command = [*COMMAND, *(["--server", server] if server else []), *args]
        kwargs = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs}
        process = subprocess.Popen(command, env=ENV, text=True, encoding="utf-8", **kwargs)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, text=None, timeout=300):
        out, err = process.communicate(text, timeout=timeout)
        return Run(process.returncode, out, err)

    def run_it(self, *args, names=None, timeout=300, **kwargs):
        """Runs it, with the names on its standard input, if there are any."""
        if names is not None:
            kwargs["stdin"] = subprocess.PIPE
        text = "".join(f"{name}\n" for name in names) if names is not None else None
        return self.finish(self.start(*args, **kwargs), text, timeout)

    def assert_outcomes(self, run, names, expected, types=BOTH, outcomes=None):
        """That each name and type has one outcome, and that it is what EXPECTED gives: addresses, or an error."""
        outcomes = run.outcomes() if outcomes is None else outcomes
        asked = collections.Counter(itertools.product(names, types))
        self.assertEqual(collections.Counter((name, type_) for name, type_, _ in outcomes), asked)
        for name, type_, outcome in outcomes:
            if isinstance(outcome, list):
                self.assertEqual(len(set(outcome)), len(outcome), f"{name} {type_}: an address comes twice")
                outcome = set(outcome)
            right = expected(name, type_)
            self.assertEqual(outcome, right, f"{name} {type_}")
        self.assert_counts(run, outcomes)

    def assert_counts(self, run, outcomes):
        """That the line of counts and the status say the same as the outcomes."""
        n_errors = sum(isinstance(outcome, str) for _, _, outcome in outcomes)
        self.assertIsNotNone(run.counts, run.err[-3:])
        self.assertEqual((run.counts["answered"], run.counts["errors"]), (len(outcomes) - n_errors, n_errors))
        self.assertEqual(run.counts["names"], len({name for name, _, _ in outcomes}))
        failed = any(isinstance(outcome, str) and outcome not in DEFINITE for _, _, outcome in outcomes)
        self.assertEqual(run.status, 1 if failed else 0, run.err[-3:])

    def assert_dropped(self, run, **expected):
        """That so many answers were dropped for these reasons, and none for others."""
        self.assertEqual({key: run.counts[key] for key in DROPPED}, {**dict.fromkeys(DROPPED, 0), **expected})
