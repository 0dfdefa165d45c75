# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was measured: as tables and ratios for people, as JSON for programs."""

import json
import statistics

from aims import AIMS, BEST, SCENARIOS


class Results:
    """The values of all rounds, by what they are of; in the order in which they came."""

    def __init__(self):
        self.values = {}    # (scenario, peer, case, n, metric): [unit, amounts]

    def add(self, scenario, peer, n, value):
        key = (scenario, peer, value.case, n, value.metric)
        self.values.setdefault(key, (value.unit, []))[1].append(value.amount)

    def get(self, statistic, *key):
        return statistic(self.values[key][1]) if key in self.values else None

    def median(self, *key):
        return self.get(statistics.median, *key)

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


def ratio_cell(results, scenario, ours, case, n, metric, peers):
    """Our cost as a part of the best peer's."""
    mine = results.median(scenario, ours, case, n, metric)
    theirs = {peer: results.median(scenario, peer, case, n, metric) for peer in peers}
    best = min((peer for peer in theirs if theirs[peer]), key=theirs.get, default=None)
    return f"{figure(mine / theirs[best])} of {best}" if best and mine is not None else ""


def print_case(results, scenario, case, title, columns):
    """A row for each peer, and for each of ours its ratio; columns are of heading, n and metric."""
    peers = results.select("peer", scenario=scenario, case=case)
    others = [peer for peer in peers if not peer.startswith("libtend")]
    rows = [("", *(heading for heading, _, _ in columns))]
    rows += [(peer, *(cell(results, scenario, peer, case, n, metric) for _, n, metric in columns)) for peer in peers]
    for peer in peers:
        if others and peer not in others:
            rows.append((f"  {peer} to the best",
                         *(ratio_cell(results, scenario, peer, case, n, metric, others) for _, n, metric in columns)))

    print(f"\n{title}")
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        if any(row[1:]):
            print(("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths))).rstrip())


def print_scenario(results, scenario):
    """One table for each metric of each case with a column for each size; or a column for each metric of one size."""
    sizes = sorted(results.select("n", scenario=scenario.name))
    print(f"\n{scenario.name}, {scenario.title}: medians (least to most)")
    for case in results.select("case", scenario=scenario.name):
        metrics = [(metric, results.unit(scenario.name, case, metric))
                   for metric in results.select("metric", scenario=scenario.name, case=case)]
        if len(sizes) == 1:
            columns = [(f"{metric}, {unit}", sizes[0], metric) for metric, unit in metrics]
            print_case(results, scenario.name, case, f"{case}: n = {sizes[0]:,}", columns)
            continue
        for metric, unit in metrics:
            columns = [(f"{n:,}", n, metric) for n in sizes]
            print_case(results, scenario.name, case, f"{case}: {metric}, {unit}", columns)


# --- Aims ---


def number_of(text):
    """What "1,000 us" stands for, which a peer would take; None for the name of a peer."""
    number = text.split()[0].replace(",", "")
    return float(number) if number.replace(".", "").isdigit() else None


def amount_of(results, statistic, aim, peer, case, n):
    """What a peer takes for a case, or for the sum of some."""
    if peer == BEST:
        others = [name for name in results.select("peer", scenario=aim.scenario, case=case, n=n, metric=aim.metric)
                  if not name.startswith("libtend")]
        return min((results.get(statistic, aim.scenario, name, case, n, aim.metric) for name in others), default=None)
    amounts = [results.get(statistic, aim.scenario, peer, part, n, aim.metric) for part in case.split(" + ")]
    return None if None in amounts else sum(amounts)


def aim_ratio(results, aim, n, statistic):
    """How many times as much as theirs ours is, or None where something was not measured."""
    mine = amount_of(results, statistic, aim, aim.ours, aim.case, n)
    theirs = amount_of(results, statistic, aim, aim.theirs, aim.their_case or aim.case, n)
    theirs = number_of(aim.theirs) or theirs
    return mine / theirs if mine is not None and theirs else None


def verdict_on(aim, ratios):
    """The worse of what the medians and the least say; unclear if an aim is met by one of them alone."""
    if None in ratios:
        return "not measured"
    if min(ratios) <= aim.ratio < max(ratios):
        return "unclear"
    worse = max(ratios)
    return "moonshot" if worse <= aim.moonshot else "met" if worse <= aim.ratio else "missed"


def aim_rows(results):
    """A row for each aim whose scenario was measured, at the size of the aim or at the next below."""
    for aim in AIMS:
        sizes = results.select("n", scenario=aim.scenario)
        if not sizes:
            continue
        n = max((n for n in sizes if n <= aim.n), default=min(sizes))
        ratio = aim_ratio(results, aim, n, statistics.median)
        least = aim_ratio(results, aim, n, min)
        theirs = f"{aim.theirs}: {aim.their_case}" if aim.their_case else aim.theirs
        yield (aim.name, f"{aim.case}, {aim.metric}", f"{n:,}", aim.ours, theirs,
               "" if ratio is None else figure(ratio), "" if least is None else figure(least),
               figure(aim.ratio), figure(aim.moonshot), verdict_on(aim, (ratio, least)))


def print_aims(results):
    rows = list(aim_rows(results))
    if not rows:
        return
    print("\nThe aims, as parts of what the peer takes: by the medians, and by the least of each\n")
    rows = [("aim", "case", "n", "of", "to", "ratio", "of the least", "aim", "moonshot", ""), *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for i, row in enumerate(rows):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |")
        if i == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


# --- All ---


def print_tables(results, machine):
    print(machine)
    for scenario in SCENARIOS:
        if results.select("n", scenario=scenario.name):
            print_scenario(results, scenario)
    print_aims(results)


def print_json(results, machine):
    for (scenario, peer, case, n, metric), (unit, amounts) in results.values.items():
        print(json.dumps({
            "scenario": scenario, "peer": peer, "case": case, "n": n, "metric": metric, "unit": unit,
            "median": statistics.median(amounts), "min": min(amounts), "max": max(amounts),
            "rounds": len(amounts), "machine": machine,
        }))
