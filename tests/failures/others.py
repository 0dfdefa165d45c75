#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs other tests in a system that refuses now and then what can be done without.

They do not know of it, and pass. Usage: others.py MODULE PROGRAM...
The seed is printed; TEND_FAILURES_SEED gives it. Whatever the seed, each program runs once; and then again, as long as
a minute lasts.
"""

import os
import random
import subprocess
import sys
import time

SECONDS = 60

# What none of the tests is to hear of. Stacks have guards of a lesser kind, or none. Threads are not among them: the loop
# of a task asks for one again, and many a test stands still until a body has begun.
CALLS = "madvise,mprotect,munmap,sigaltstack,getrandom"


def run(module, program, rule):
    """Runs the program, and says whether it passed."""
    done = subprocess.run([program, "--tap", "-k"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env={**os.environ, "LD_PRELOAD": module, "TEND_REFUSE": rule})
    if done.returncode != 0:
        print("\n".join("# " + line for line in done.stdout.splitlines()[-30:]))
    return done.returncode == 0


def main():
    module, *programs = sys.argv[1:]
    seed = int(os.environ.get("TEND_FAILURES_SEED", random.randrange(2**31)))
    chance = random.Random(seed)
    end = time.monotonic() + SECONDS
    n_done = n_failed = 0

    print(f"# seed {seed}")
    while n_done < len(programs) or time.monotonic() < end:
        program = programs[n_done % len(programs)]
        rule = f"{chance.randrange(2**31)}:{chance.choice([2, 3, 5, 10])}:{CALLS}"
        n_done += 1
        is_good = run(module, program, rule)
        n_failed += not is_good
        print(f"{'ok' if is_good else 'not ok'} {n_done} {os.path.basename(program)} TEND_REFUSE={rule}", flush=True)
    print(f"1..{n_done}")
    return n_failed > 0


if __name__ == "__main__":
    sys.exit(main())
