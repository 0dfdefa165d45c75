#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libtend costs, next to others that do the same.

Each peer takes its steps in a process of its own. The peers of a scenario take turns, round by round, and what is
reported are medians with the least and the most.
"""

import argparse
import os
import subprocess
import sys

sys.dont_write_bytecode = True

import chart  # noqa: E402
import guard  # noqa: E402
import report  # noqa: E402
from aims import OPTIONAL_PEERS, SCENARIOS, SUITE  # noqa: E402
from peers import describe_machine, find_peers, has_tool, pin, run  # noqa: E402

ROUNDS = {"time": 7, "memory": 3, "calls": 1, "instructions": 1}
QUICK_ROUNDS = {"time": 3, "memory": 1, "calls": 1, "instructions": 1}


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("scenario", nargs="*", help="one or more of: " + ", ".join(
        f"{scenario.name} ({scenario.alias})" if scenario.alias != scenario.name else scenario.name
        for scenario in SCENARIOS))
    parser.add_argument("--json", action="store_true", help="one object per line")
    parser.add_argument("--quick", action="store_true", help="few rounds, and few sizes")
    parser.add_argument("--chart", metavar="FILE", help="draw the cost against n as well, as SVG")
    parser.add_argument("--rounds", type=int, help="so many rounds")
    parser.add_argument("--n", type=int, help="only this size, which may be any")
    parser.add_argument("--peer", help="only peers whose name begins so")
    parser.add_argument("--instructions", action="store_true",
                        help="count the instructions of operations, and compare them with the committed baseline")
    parser.add_argument("--update", action="store_true", help="with --instructions: write the baseline anew")
    options = parser.parse_args(arguments)

    wanted = options.scenario or SUITE
    options.scenarios = [scenario for scenario in SCENARIOS if {scenario.name, scenario.alias} & set(wanted)]
    known = {name for scenario in SCENARIOS for name in (scenario.name, scenario.alias)}
    if (unknown := set(wanted) - known):
        parser.error("no such scenario: " + ", ".join(sorted(unknown)))
    return options


def run_rounds(results, scenario, peers, n, mode, n_rounds):
    """The first of a round is another peer each time, since whoever comes first may meet a colder machine."""
    for i in range(n_rounds):
        first = i % len(peers)
        for peer in peers[first:] + peers[:first]:
            try:
                values = peer.measure(n, mode, scenario.environment)
            except (subprocess.SubprocessError, OSError) as error:
                sys.exit(f"{peer.scenario} of {peer.name} with n = {n} failed: {error}")
            for value in values:
                results.add(scenario.name, peer.name, n, value)


def run_scenario(results, scenario, peers, options):
    parts = scenario.parts or (scenario.name,)
    peers = [peer for peer in peers if peer.scenario in parts and peer.name.startswith(options.peer or "")]
    if not has_tool(scenario.mode):
        say(f"{scenario.name}: skipped, since what counts {scenario.mode} is not installed")
        return

    rounds = dict.fromkeys(ROUNDS, options.rounds) if options.rounds else QUICK_ROUNDS if options.quick else ROUNDS
    sizes = [options.n] if options.n else scenario.quick_sizes if options.quick else scenario.sizes
    pin(scenario.n_cpus)
    for n in sizes:
        able = [peer for peer in peers if peer.takes(n)]
        say(f"{scenario.name}: n = {n:,}, {len(able)} peers, {rounds[scenario.mode]} rounds")
        if able:
            run_rounds(results, scenario, able, n, scenario.mode, rounds[scenario.mode])
        weighed = [peer for peer in able if peer.is_weighed]
        if weighed and scenario.mode == "time" and os.path.exists("/proc/self/smaps_rollup"):
            run_rounds(results, scenario, weighed, n, "memory", rounds["memory"])


def main(arguments):
    options = parse(arguments)
    build = os.environ["TEND_BUILD"]
    machine = describe_machine(build)
    peers = find_peers(build)
    if options.instructions:
        if not has_tool("instructions"):
            sys.exit("valgrind is not installed, which counts instructions")
        peer = next(peer for peer in peers if peer.scenario == "instructions")
        return guard.run(peer, run([*peer.command, "machine"]).strip(), options.update)

    for name, reason in OPTIONAL_PEERS.items():
        if not any(peer.name == name for peer in peers):
            say(f"{name} is left out: {reason}")
    results = report.Results()
    for scenario in options.scenarios:
        run_scenario(results, scenario, peers, options)

    if options.chart and not chart.draw(results, options.chart, machine):
        sys.exit("There is no chart: gnuplot is not installed, or nothing was measured at two sizes")
    if options.json:
        report.print_json(results, machine)
    else:
        report.print_tables(results, machine)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
