# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The include rules: a file of src/ sees its own folder and those above it in LAYERS.

body, group and sync do not see one another. A public header belongs to the folder that
implements it; tend.h, which has them all, is for users of the library only.

A folder may have several private headers. Those that are called tend-*-private.h are for the folders below it as well;
the others are its own.
"""

import pathlib
import re
import sys
import tempfile

LAYERS = ["core", "loop", "cancel", "task", "body", "group", "sync", "net", "manager", "cache", "application", "monitor"]
STRANGERS = {"body", "group", "sync"}

# The folders of the public headers; a header which is not named here is nobody's and refused.
PUBLIC = {
    "tend-macros.h": "core",
    "tend-types.h": "core",
    "tend-version.h": "core",
    "tend-error.h": "core",
    "tend-clock.h": "loop",
    "tend-cancellable.h": "cancel",
    "tend-completion.h": "task",
    "tend-fd-watch.h": "task",
    "tend-task.h": "task",
    "tend-timer.h": "task",
    "tend-call.h": "body",
    "tend-fiber.h": "body",
    "tend-group.h": "group",
    "tend-retry.h": "group",
    "tend-when.h": "group",
    "tend-channel.h": "sync",
    "tend-condition.h": "sync",
    "tend-event.h": "sync",
    "tend-semaphore.h": "sync",
    "tend-socket.h": "net",
    "tend-task-manager.h": "manager",
    "tend-number-cache.h": "cache",
    "tend-random-number-cache.h": "cache",
    "tend-request-cache.h": "cache",
    "tend-application.h": "application",
    "tend-watchdog.h": "monitor",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def may_see(folder, other):
    if folder == other:
        return True
    if folder in STRANGERS and other in STRANGERS:
        return False
    return LAYERS.index(other) < LAYERS.index(folder)


def check(src):
    """The violations below a source folder, as text."""
    owner = dict(PUBLIC)
    for header in src.glob("*/*.h"):
        owner[header.name] = header.parent.name

    problems = []
    for file in sorted(src.glob("**/*.[chS]")):
        folder = file.relative_to(src).parts[0]
        if folder not in LAYERS:
            problems.append(f"{file}: {folder} is not a folder of the layers")
            continue
        for quote, name in INCLUDE.findall(file.read_text(encoding="utf-8")):
            base = name.rpartition("/")[2]
            if base not in owner:
                if quote == '"' or base.startswith("tend"):
                    problems.append(f"{file}: {name} belongs to no folder")
            elif "/" in name:
                problems.append(f"{file}: {name} is to be included by its name alone")
            elif owner[base] not in LAYERS or not may_see(folder, owner[base]):
                problems.append(f"{file}: {folder} must not include {name} of {owner[base]}")
            elif owner[base] != folder and not base.startswith("tend-"):
                problems.append(f"{file}: {name} is for {owner[base]} alone")
    return problems


def self_test():
    """Plants includes, good and bad ones, and sees whether the bad ones are found."""
    plants = [
        ("body/a.c", "tend-task-private.h", True),
        ("body/b.c", "tend-body-private.h", True),
        ("core/c.c", "glib.h", True),
        ("task/d.c", "tend-body-private.h", False),
        ("core/e.c", "tend-loop-private.h", False),
        ("group/f.c", "tend-body-private.h", False),
        ("core/g.c", "tend-task.h", False),
        ("task/j.c", "task-own-private.h", True),
        ("body/k.c", "task-own-private.h", False),
        ("manager/h.c", "tend.h", False),
        ("manager/i.c", "../core/tend-core-private.h", False),
    ]
    for path, name, good in plants:
        with tempfile.TemporaryDirectory() as tmp:
            src = pathlib.Path(tmp)
            for layer in LAYERS:
                (src / layer).mkdir()
                (src / layer / f"tend-{layer}-private.h").touch()
                (src / layer / f"{layer}-own-private.h").touch()
            quotes = "<>" if name == "glib.h" else '""'
            (src / path).write_text(f"#include {quotes[0]}{name}{quotes[1]}\n", encoding="utf-8")
            assert (check(src) == []) == good, f"{path} including {name}: {check(src)}"


def main(args):
    if args == ["--self-test"]:
        self_test()
        return 0
    problems = check(pathlib.Path(args[0]))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
