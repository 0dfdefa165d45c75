#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The throughput of examples/checksum next to find, xargs and sha256sum, and its memory.

Both commands take turns over the same trees, whose files are in the page cache: many small files, those
of /usr/include, and a few large ones. Reported are medians, and the ratio of the two: how many times as
fast as sha256sum the example is. --memory makes a million files and 10,000, and reports the peak
memory of the example for each.
"""

import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
SMALL_FILES = 20_000
SMALL_SIZE = 4096
LARGE_FILES = 3
LARGE_SIZE = 1 << 30
MAX_LINKS = 10_000


def theirs(directory):
    return f'find {shlex.quote(directory)} -type f -print0 | xargs -0 -n 64 -P "$(nproc)" sha256sum'


def ours(directory):
    program = os.path.join(os.environ["TEND_BUILD"], "examples", "checksum", "checksum")
    return f"{shlex.quote(program)} {shlex.quote(directory)}"


def make_small(directory):
    data = os.urandom(SMALL_SIZE + SMALL_FILES)
    for i in range(SMALL_FILES):
        parent = os.path.join(directory, f"{i // 200:03}")
        os.makedirs(parent, exist_ok=True)
        with open(os.path.join(parent, f"{i:05}"), "wb") as file:
            file.write(data[i : i + SMALL_SIZE])
    return f"{SMALL_FILES} files of {SMALL_SIZE} bytes"


def make_large(directory):
    size = LARGE_SIZE
    while size > 64 * MIB and shutil.disk_usage(directory).free < 2 * LARGE_FILES * size:
        size //= 2
    block = os.urandom(16 * MIB)
    for i in range(LARGE_FILES):
        with open(os.path.join(directory, f"{i}"), "wb") as file:
            for _ in range(size // len(block)):
                file.write(block)
    return f"{LARGE_FILES} files of {size // MIB} MiB"


def seconds(command):
    began = time.monotonic()
    subprocess.run(["bash", "-c", command + " > /dev/null"], check=True)
    return time.monotonic() - began


def same_lines(directory):
    def lines(command):
        result = subprocess.run(["bash", "-c", command(directory)], stdout=subprocess.PIPE, check=True)
        return sorted(result.stdout.splitlines())

    return lines(ours) == lines(theirs)


def compare(title, directory, runs):
    if not same_lines(directory):  # which warms the cache as well
        sys.exit(f"{directory}: the lines of both commands differ")

    times = {ours: [], theirs: []}
    for _ in range(runs):
        for command in times:
            times[command].append(seconds(command(directory)))

    medians = {command: statistics.median(times[command]) for command in times}
    print(f"{title}, {runs} runs each in turn")
    for command in times:
        took = times[command]
        print(f"  {medians[command]:8.3f} s ({min(took):.3f} to {max(took):.3f})  {command(directory)}")
    ratio = medians[theirs] / medians[ours]
    print(f"  {ratio:8.2f} times as fast", flush=True)
    return ratio


def make_links(directory, count):
    """Many names for few files: what counts is that each is found, opened and read."""
    source = None
    for i in range(count):
        if i % MAX_LINKS == 0:
            parent = os.path.join(directory, f"{i // MAX_LINKS:03}")
            os.makedirs(parent)
            source = os.path.join(parent, f"{i:07}")
            with open(source, "wb") as file:
                file.write(b"%d" % i)
        else:
            os.link(source, os.path.join(parent, f"{i:07}"))


def peak_kib(directory):
    """The peak memory and the time of one run, which a child of our own asks of its only child."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], shell=True, check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    began = time.monotonic()
    result = subprocess.run([sys.executable, "-c", code, "exec " + ours(directory)], stdout=subprocess.PIPE, check=True)
    return int(result.stdout), time.monotonic() - began


def measure_memory(parent):
    for count in (10_000, 1_000_000):
        directory = os.path.join(parent, str(count))
        os.mkdir(directory)
        make_links(directory, count)
        peak, took = peak_kib(directory)
        print(f"{count} files: {peak} KiB at most, {took:.1f} s", flush=True)
        shutil.rmtree(directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="runs of each command (default: 7)")
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="tend-checksum-") as parent:
        if args.memory:
            measure_memory(parent)
            return 0

        ratios = []
        for make in (make_small, make_large):
            directory = os.path.join(parent, make.__name__[5:])
            os.mkdir(directory)
            ratios.append(compare(make(directory), directory, args.runs))
            shutil.rmtree(directory)
        if os.path.isdir("/usr/include"):
            ratios.append(compare("/usr/include", "/usr/include", args.runs))

    return 0 if min(ratios) >= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
