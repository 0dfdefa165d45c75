# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was measured: as tables and ratios for people, as JSON for programs."""

import json
import statistics

from aims import AIMS, SCENARIOS


class Results:
    """The values of all rounds, by what they are of; in the order in which they came."""

    def __init__(self):
        self.values = {}    # (scenario, peer, case, n, metric): [unit, amounts]

    def add(self, peer, n, value):
        key = (peer.scenario, peer.name, value.case, n, value.metric)
        self.values.setdefault(key, (value.unit, []))[1].append(value.amount)

    def median(self, *key):
        return statistics.median(self.values[key][1]) if key in self.values else None

    def unit(self, scenario, case, metric):
        return next(value[0] for key, value in self.values.items() if (key[0], *key[2::2]) == (scenario, case, metric))

    def select(self, position, **wanted):
        """The different parts of the keys at a position, where the other parts are as wanted."""
        names = ("scenario", "peer", "case", "n", "metric")
        keys = (key for key in self.values if all(key[names.index(name)] == value for name, value in wanted.items()))
        return list(dict.fromkeys(key[names.index(position)] for key in keys))


def figure(amount):
    """The three digits that count, thousands set apart."""
    size = abs(amount)
    if size >= 1e6:
        return f"{amount / 1e6:,.2f}M"
    if size >= 100:
        return f"{amount:,.0f}"
    return f"{amount:.1f}" if size >= 10 else f"{amount:.2f}" if size >= 0.1 or size == 0 else f"{amount:.2g}"


def cell(results, *key):
    if key not in results.values:
        return ""
    amounts = results.values[key][1]
    text = figure(statistics.median(amounts))
    return text if len(amounts) == 1 else f"{text} ({figure(min(amounts))} to {figure(max(amounts))})"


def ratio_cells(results, scenario, ours, case, metric, sizes, peers):
    """Our cost as a part of the best peer's, by size."""
    for n in sizes:
        mine = results.median(scenario, ours, case, n, metric)
        theirs = {peer: results.median(scenario, peer, case, n, metric) for peer in peers}
        theirs = {peer: median for peer, median in theirs.items() if median}
        best = min(theirs, key=theirs.get, default=None)
        yield f"{figure(mine / theirs[best])} of {best}" if best and mine is not None else ""


def print_case(results, scenario, case, metric):
    sizes = sorted(results.select("n", scenario=scenario, case=case, metric=metric))
    peers = results.select("peer", scenario=scenario, case=case, metric=metric)
    unit = results.unit(scenario, case, metric)
    rows = [("", *(f"{n:,}" for n in sizes))]
    rows += [(peer, *(cell(results, scenario, peer, case, n, metric) for n in sizes)) for peer in peers]
    others = [peer for peer in peers if not peer.startswith("libtend")]
    for peer in peers:
        if others and peer not in others:
            rows.append((f"  {peer} to the best", *ratio_cells(results, scenario, peer, case, metric, sizes, others)))

    print(f"\n{case}: {metric}, {unit}")
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print(("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths))).rstrip())


def print_scenario(results, scenario):
    print(f"\n{scenario.name}, {scenario.title}: medians (least to most)")
    for case in results.select("case", scenario=scenario.name):
        for metric in results.select("metric", scenario=scenario.name, case=case):
            print_case(results, scenario.name, case, metric)


# --- Aims ---


def limit(text):
    """A peer that is a number, such as "1,000 us": what it would take."""
    number = text.split()[0].replace(",", "")
    return float(number) if number.replace(".", "").isdigit() else None


def aim_ratio(results, aim):
    """What the ratio is, and at which size: the aim's, or the next below. None where something was not measured."""
    sizes = [n for n in results.select("n", scenario=aim.scenario, case=aim.case) if n <= aim.n]
    if not sizes:
        return None
    n = max(sizes)
    mine = results.median(aim.scenario, aim.ours, aim.case, n, aim.metric)
    theirs = limit(aim.theirs) or results.median(aim.scenario, aim.theirs, aim.their_case or aim.case, n, aim.metric)
    return (mine / theirs, n) if mine is not None and theirs else None


def aim_rows(results):
    for aim in AIMS:
        found = aim_ratio(results, aim)
        if not results.select("n", scenario=aim.scenario):
            continue
        if found is None:
            verdict, measured, n = "not measured", "", aim.n
        else:
            measured, n = found
            verdict = "moonshot" if measured <= aim.moonshot else "met" if measured <= aim.ratio else "missed"
            measured = figure(measured)
        theirs = f"{aim.theirs}: {aim.their_case}" if aim.their_case else aim.theirs
        yield aim.name, f"{aim.case}, {aim.metric}", f"{n:,}", aim.ours, theirs, measured, figure(aim.ratio), \
            figure(aim.moonshot), verdict


def print_aims(results):
    rows = list(aim_rows(results))
    if not rows:
        return
    print("\nThe aims, as parts of what the peer takes\n")
    rows = [("aim", "case", "n", "of", "to", "ratio", "aim", "moonshot", ""), *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for i, row in enumerate(rows):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |")
        if i == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


# --- All ---


def print_tables(results, machine):
    print(machine)
    for scenario in SCENARIOS:
        print_scenario_if_any(results, scenario)
    print_aims(results)


def print_scenario_if_any(results, scenario):
    if results.select("n", scenario=scenario.name):
        print_scenario(results, scenario)


def print_json(results, machine):
    for (scenario, peer, case, n, metric), (unit, amounts) in results.values.items():
        print(json.dumps({
            "scenario": scenario, "peer": peer, "case": case, "n": n, "metric": metric, "unit": unit,
            "median": statistics.median(amounts), "min": min(amounts), "max": max(amounts),
            "rounds": len(amounts), "machine": machine,
        }))
