#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmarks run, at a size that measures nothing: each peer that there is tells of each of its steps."""

import contextlib
import io
import json
import os
import sys
import unittest

sys.dont_write_bytecode = True

import aims  # noqa: E402
import guard  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import suite  # noqa: E402

BUILD = os.environ["TEND_BUILD"]
N = 20


def output_of(*arguments):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(io.StringIO()):
        suite.main(list(arguments))
    return text.getvalue()


class Smoke(unittest.TestCase):
    def test_every_peer_measures(self):
        for peer in peers.find_peers(BUILD):
            if peer.scenario not in SLOW:
                with self.subTest(f"{peer.scenario} of {peer.name}"):
                    self.assertTrue(peer.measure(N, "memory" if peer.is_weighed else "time"))

    def test_json_has_a_line_for_each_figure(self):
        text = output_of("S3", "--json", f"--n={N}", "--rounds=2", "--peer=libtend")
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual({line["case"] for line in lines},
                         {"arm", "turn", "cancel", "turn, none pending", "fire, all due"})
        for line in lines:
            self.assertEqual((line["scenario"], line["n"]), ("S3", N))
            self.assertLessEqual(line["min"], line["median"])
            self.assertLessEqual(line["median"], line["max"])

    def test_table_has_the_peers_and_the_aims(self):
        text = output_of("memory", f"--n={N}", "--rounds=1", "--peer=libtend")
        self.assertRegex(text, r"(?m)^S7, .*medians")
        self.assertRegex(text, r"(?m)^  libtend +[\d,.]+$")
        self.assertRegex(text, r"(?m)^\| S7 +\| waiting fiber, memory +\|.*\| not measured +\|$")


class Report(unittest.TestCase):
    def results(self, ours, theirs):
        results = report.Results()
        for name, amounts in (("libtend", ours), ("GTask", theirs)):
            for amount in amounts:
                results.add("S1", name, aims.LARGE, peers.Value("callback", "time", "ns/task", amount))
        return results

    def verdict(self, ours, theirs):
        return next(row[-1] for row in report.aim_rows(self.results(ours, theirs)) if row[0] == "S1a")

    def test_the_medians_and_the_least_decide(self):
        self.assertEqual(self.verdict([1, 50, 999], [100]), "met")
        self.assertEqual(self.verdict([50, 70, 71], [1, 100, 101]), "missed")
        self.assertEqual(self.verdict([50, 90, 91], [100, 100, 101]), "unclear")
        self.assertEqual(self.verdict([50, 51, 52], [60, 100, 101]), "unclear")
        self.assertEqual(self.verdict([30], [100]), "moonshot")

    def test_what_was_not_measured_is_not_met(self):
        self.assertEqual(self.verdict([1], []), "not measured")

    def test_calls_are_counted_between_the_marks(self):
        trace = ["12 poll([], 0, 0) = 0",
                 '12 write(-1, "tend-bench begin:bulk:task:0", 28) = -1 EBADF (Bad file descriptor)',
                 "12 ppoll([{fd=4}], 1, NULL, NULL, 0 <unfinished ...>",
                 r'13 write(4, "\1\0\0\0\0\0\0\0", 8) = 8',
                 "12 <... ppoll resumed>) = 1",
                 "13 +++ exited with 0 +++",
                 '12 write(-1, "tend-bench end:bulk:task:10", 27) = -1 EBADF (Bad file descriptor)',
                 "12 close(4) = 0"]
        self.assertEqual(list(peers.count_calls(trace)),
                         [("bulk", "task", 10, {"calls": 2, "polls": 1, "wake-ups": 1})])


class Guard(unittest.TestCase):
    def compare(self, before, now):
        return guard.compare(before, now)[1]

    def test_little_more_is_allowed_and_less_is_welcome(self):
        self.assertTrue(self.compare({"arm": 1000}, {"arm": 1030}))
        self.assertTrue(self.compare({"arm": 1000}, {"arm": 10}))

    def test_more_is_not(self):
        self.assertFalse(self.compare({"arm": 1000, "fire": 10}, {"arm": 1031, "fire": 10}))

    def test_each_operation_has_to_be_in_both(self):
        self.assertFalse(self.compare({"arm": 1000}, {}))
        self.assertFalse(self.compare({}, {"arm": 1000}))

    def test_the_baseline_has_the_operations_that_there_are(self):
        peer = next(peer for peer in peers.find_peers(BUILD) if peer.scenario == "instructions")
        operations = [value.case for value in peer.measure(N, "time")]
        baseline = json.loads(guard.BASELINE.read_text(encoding="utf-8"))
        self.assertEqual(list(baseline["instructions"]), operations)


# What lasts two seconds at any size.
SLOW = {"fair"}

if __name__ == "__main__":
    unittest.main()
