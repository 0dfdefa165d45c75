#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How often the library calls the system, as strace counts it in the benchmarks.

Only what hangs on no clock is asserted. How often threads wake one another depends on who runs meanwhile, and is
shown by the benchmark alone.
"""

import os
import pathlib
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

import peers  # noqa: E402

N = 10_000
MANY = 100_000

# strace itself may be missing, or not be allowed to look.
CAN_TRACE = peers.has_tool("calls") and subprocess.run(
    ["strace", "-o", os.devnull, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


@unittest.skipUnless(CAN_TRACE, "strace cannot be used here")
class Calls(unittest.TestCase):
    def counts(self, scenario, n):
        """For each case its calls, polls and wake-ups, for each operation."""
        peer = next(peer for peer in peers.find_peers(os.environ["TEND_BUILD"])
                    if (peer.scenario, peer.name) == (scenario, "libtend"))
        counts = {}
        for value in peer.measure(n, "calls"):
            counts.setdefault(value.case, {})[value.metric] = value.amount
        return counts

    def test_a_loop_that_waits_calls_nothing_until_a_timer_is_due(self):
        self.assertEqual(self.counts("S8", MANY)["wait with n timers"], {"calls": 1, "polls": 1, "wake-ups": 0})

    def test_a_burst_of_completions_wakes_the_loop_a_handful_of_times(self):
        burst = self.counts("S8", N)["n tasks completed by a thread"]
        self.assertGreaterEqual(burst["wake-ups"], 1)
        self.assertLessEqual(burst["wake-ups"], 5)

    def test_a_task_alone_takes_one_poll(self):
        counts = self.counts("S8", N)
        for case in ("callback, one at a time", "fiber, one at a time"):
            self.assertLessEqual(counts[case]["calls"], 1.01, case)
            self.assertEqual(counts[case]["wake-ups"], 0, case)

    def test_tasks_in_bulk_take_a_poll_for_each_turn(self):
        counts = self.counts("S1", N)
        for case in ("callback", "callback, at once", "fiber", "fiber that waits"):
            self.assertLessEqual(counts[case]["calls"], 0.01, case)
            self.assertEqual(counts[case]["wake-ups"], 0, case)


if __name__ == "__main__":
    unittest.main(verbosity=2)
