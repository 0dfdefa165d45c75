# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts what meson's log says: every case of a TAP program, and one for any other test."""

import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b[^#\n]*(# *skip)?", re.IGNORECASE | re.MULTILINE)
PLAN = re.compile(r"^1\.\.\d+", re.MULTILINE)
GOOD = ("OK", "EXPECTEDFAIL")


def count(test):
    """The cases of one test that passed, failed and were skipped."""
    if test["result"] == "SKIP":
        return 0, 0, 1
    good = test["result"] in GOOD
    output = test.get("stdout", "")
    cases = CASE.findall(output) if PLAN.search(output) else []
    failed = sum(1 for no, _ in cases if no)
    skipped = sum(1 for no, skip in cases if skip and not no)
    passed = len(cases) - failed - skipped
    if not good:
        return passed, max(failed, 1), skipped  # a crash leaves no line of its own
    return (passed, 0, skipped) if cases else (1, 0, 0)


def main(logs):
    tests = [json.loads(line) for log in logs for line in open(log, encoding="utf-8")]
    passed, failed, skipped = (sum(n) for n in zip((0, 0, 0), *map(count, tests)))
    bad = [t["name"] for t in tests if t["result"] not in GOOD + ("SKIP",)]
    if bad:
        print("Failed: " + ", ".join(bad))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
