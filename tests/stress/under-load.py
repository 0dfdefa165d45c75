# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command many times while every core is busy, in TAP: under-load.py TIMES COMMAND...

Each time it must succeed.
"""

import os
import subprocess
import sys

BUSY_PER_CORE = 4
AT_ONCE = 8

# They end with this program, however that ends.
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


def run_all(times, command):
    """Gives how many have failed."""
    n_bad = 0
    for first in range(1, times + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, times + 1))
        runs = [subprocess.Popen(command, text=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in numbers]
        for number, run in zip(numbers, runs):
            out, _ = run.communicate()
            if run.returncode != 0:
                n_bad += 1
                print("\n".join(f"# {line}" for line in [*out.splitlines(), f"status {run.returncode}"]))
            print(f"{'ok' if run.returncode == 0 else 'not ok'} {number}", flush=True)
    return n_bad


def main(times, *command):
    busy = []
    print(f"1..{times}", flush=True)
    try:
        for _ in range(BUSY_PER_CORE * os.cpu_count()):
            busy.append(subprocess.Popen([sys.executable, "-c", BUSY]))
        return 1 if run_all(int(times), command) else 0
    finally:
        for process in busy:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
