# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the cost against n, a panel for each case, by gnuplot."""

import shutil
import statistics
import subprocess

# What is worth seeing over n; other cases hardly change with it.
PANELS = (
    ("S3", "turn", "time", "a turn of the loop, n timers pending"),
    ("S3", "arm", "time", "arm one of n timers"),
    ("S3", "cancel", "time", "cancel one of n timers"),
    ("S3", "fire, all due", "time", "fire one of n timers that are due"),
    ("S4", "make and add", "time", "make a request and add it to a cache of n"),
    ("S6", "cancel callback tasks", "time", "cancel one of n waiting tasks"),
)
COLUMNS = 2
PANEL_SIZE = (480, 300)

# Each peer keeps its colour from panel to panel; they are told apart without colours by their points.
PEERS = ("libtend", "GLib source", "GTask", "libuv", "libev", "asyncio", "libdex")
COLOURS = ("#1c71d8", "#e66100", "#c64600", "#2ec27e", "#26a269", "#9141ac", "#865e3c")


def points(results, scenario, peer, case, metric):
    sizes = sorted(results.select("n", scenario=scenario, peer=peer, case=case, metric=metric))
    return [(n, statistics.median(results.values[scenario, peer, case, n, metric][1])) for n in sizes]


def panel(results, number, scenario, case, metric, title):
    """The commands that draw a panel, its data within them; none where nothing was measured at two sizes."""
    lines, blocks = [], []
    for i, peer in enumerate(PEERS):
        data = points(results, scenario, peer, case, metric)
        if len(data) < 2:
            continue
        block = f"$panel{number}_{i}"
        blocks += [f"{block} << EOD", *(f"{n} {amount}" for n, amount in data), "EOD"]
        width = 3 if i == 0 else 1.5
        lines.append(f'{block} with linespoints title "{peer}" lc rgb "{COLOURS[i]}" lw {width} pt {i + 4}')
    if not lines:
        return []
    return [*blocks, f'set title "{title}"', "plot " + ", \\\n  ".join(lines)]


def draw(results, path, machine):
    """Writes an SVG; gives whether there was something to draw with and to draw."""
    panels = [commands for i, wanted in enumerate(PANELS) if (commands := panel(results, i, *wanted))]
    if not panels or not shutil.which("gnuplot"):
        return False
    rows = -(-len(panels) // COLUMNS)
    width, height = PANEL_SIZE[0] * COLUMNS, PANEL_SIZE[1] * rows
    script = [
        f'set terminal svg size {width},{height} dynamic font "sans,12" background "white"',
        f'set output "{path}"',
        f'set multiplot layout {rows},{COLUMNS} title "{machine}" font "sans,10" noenhanced',
        "set logscale xy",
        'set format xy "10^{%L}"',
        "set xrange [500:2e6]",
        'set xlabel "n"',
        'set ylabel "ns per operation"',
        "set grid",
        "set key below samplen 2 font \"sans,10\"",
    ]
    script += [line for commands in panels for line in commands]
    subprocess.run(["gnuplot", "-"], input="\n".join([*script, "unset multiplot", ""]), text=True, check=True)
    return True
