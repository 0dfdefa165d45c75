# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the locks of the library with the table of doc/architecture.md, and finds those that are no TendLock."""

import pathlib
import re
import sys

DEFINED = re.compile(r"^(?:static )?TEND_DEFINE_LOCK \((\w+)\)", re.MULTILINE)
ROW = re.compile(r"^\| `(\w+_lock)` \| ([\w/.-]+) \|", re.MULTILINE)
OTHER = re.compile(r"\b(GMutex|GRecMutex|GRWLock|GCond|pthread_\w*lock_t|pthread_mutex_t|pthread_cond_t|g_bit_lock|"
                   r"G_LOCK_DEFINE\w*)\b")

# What a TendLock is made of.
OWN = {"core/tend-lock-private.h", "core/lock.c"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def main(root):
    problems = []
    defined = set()
    for path in sorted((root / "src").rglob("*.[ch]")):
        name = path.relative_to(root / "src").as_posix()
        text = without_comments(path.read_text(encoding="utf-8"))
        defined |= {(lock, name) for lock in DEFINED.findall(text)}
        if name not in OWN:
            problems += [f"{name}: {word} is no TendLock" for word in OTHER.findall(text)]

    listed = set(ROW.findall((root / "doc" / "architecture.md").read_text(encoding="utf-8")))
    problems += [f"{lock} of {name} is not in the table of locks" for lock, name in sorted(defined - listed)]
    problems += [f"the table has {lock} of {name}, which is not there" for lock, name in sorted(listed - defined)]

    print("\n".join(problems) or f"{len(defined)} locks")
    return 1 if problems or not defined else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
