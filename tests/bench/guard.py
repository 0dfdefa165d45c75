# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the instructions of each operation with those that instructions.json has: no clock is asked."""

import json
import pathlib
import platform
import sys

BASELINE = pathlib.Path(__file__).resolve().parent / "instructions.json"
TOLERANCE = 0.03
N = 1000


def count(peer):
    return {value.case: round(value.amount) for value in peer.measure(N, "instructions")}


def compare(before, now):
    """Lines that say how each count has changed, and whether none is too large or unknown."""
    lines, is_good = [], True
    for case in [*before, *(case for case in now if case not in before)]:
        if case not in now or case not in before:
            verdict, is_good = "not measured" if case not in now else "not in the baseline", False
        elif now[case] > before[case] * (1 + TOLERANCE):
            verdict, is_good = "more", False
        elif now[case] < before[case] * (1 - TOLERANCE):
            verdict = "less: write the baseline anew"
        else:
            verdict = ""
        change = f"{now[case] / before[case] - 1:+.1%}" if case in now and case in before else ""
        lines.append(f"  {case:40} {before.get(case, 0):>8,} {now.get(case, 0):>8,} {change:>8}  {verdict}".rstrip())
    return lines, is_good


def run(peer, built_with, is_update, path=BASELINE):
    """Compares, or writes the baseline; gives the exit status."""
    built_with = f"{built_with}, {platform.machine()}"
    now = count(peer)
    if is_update:
        path.write_text(json.dumps({"built with": built_with, "instructions": now}, indent=2) + "\n", encoding="utf-8")
        print(f"{path.name} has {len(now)} operations now")
        return 0

    baseline = json.loads(path.read_text(encoding="utf-8"))
    lines, is_good = compare(baseline["instructions"], now)
    print(f"Instructions per operation, in the baseline and now ({built_with})")
    print("\n".join(lines))
    if baseline["built with"] != built_with:
        print(f"The baseline is of another build ({baseline['built with']}), whose instructions are others: not judged",
              file=sys.stderr)
        return 0
    if not is_good:
        print(f"More than {TOLERANCE:.0%} above the baseline, or without one", file=sys.stderr)
    return 0 if is_good else 1
