#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs other tests in a system that refuses now and then what can be done without.

They do not know of it, and pass; and all of them together have been refused something.

Usage: others.py MODULE PROGRAM...
The seed is printed; TEND_FAILURES_SEED gives it. Whatever the seed, each program runs once; and then again, as long as
a minute lasts.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

SECONDS = 60

# What none of the tests is to hear of. Stacks have guards of a lesser kind, or none. Threads are not among them: the loop
# of a task asks for one again, and many a test stands still until a body has begun.
CALLS = "madvise,mprotect,munmap,sigaltstack,getrandom"


def run(module, program, rule, counts):
    """Runs the program, and says whether it passed. Counts go to the end of the file."""
    done = subprocess.run([program, "--tap", "-k"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env={**os.environ, "LD_PRELOAD": module, "TEND_REFUSE": rule, "TEND_REFUSE_COUNT": counts})
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
    with tempfile.NamedTemporaryFile(prefix="tend-refused-") as counts:
        while n_done < len(programs) or time.monotonic() < end:
            program = programs[n_done % len(programs)]
            rule = f"{chance.randrange(2**31)}:{chance.choice([2, 3, 5, 10])}:{CALLS}"
            n_done += 1
            is_good = run(module, program, rule, counts.name)
            n_failed += not is_good
            print(f"{'ok' if is_good else 'not ok'} {n_done} {os.path.basename(program)} TEND_REFUSE={rule}",
                  flush=True)
        n_refused = sum(int(line) for line in pathlib.Path(counts.name).read_text(encoding="ascii").split())

    # A module that was not loaded, or did not know the library's calls, would have let all of them pass.
    n_done += 1
    n_failed += n_refused == 0
    print(f"{'ok' if n_refused > 0 else 'not ok'} {n_done} {n_refused} calls were refused")
    print(f"1..{n_done}")
    return n_failed > 0


if __name__ == "__main__":
    sys.exit(main())
