#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lets the types that ts-for-gir makes of Tend-1 have the functions and constructors of the overrides: patch-types.py FILE

TypeScript cannot declare a class's own function anew in another file, as tend-1-overrides.d.ts does with all else.
"""

import re
import sys

RUN = "<T>(name: string | null, body: Body<T>, options?: TaskOptions): TypedTask<T>;"
BEGIN = "name: string | null, begin: Begin{}, options?: TaskOptions): Task;"

# By class: what is replaced, and by what.
PATCHES = {
    "Task": [
        (r"static run\(.*\): Task;", f"static run{RUN}"),
        (r"static run_open\(.*\): Task;", f"static run_open({BEGIN.format('')}"),
        (r"static new_open\(.*\): Task;", f"static new_open({BEGIN.format(' | null')}"),
        (r"static new_main\(.*\): Task;", "static new_main<T>(body: Body<T>): TypedTask<T>;"),
        (r"constructor\(properties\?: .*\);",
         "constructor(name?: string | null, body?: Body<any> | null, options?: TaskOptions);\n"
         "constructor(settings: TaskOptions & {name?: string | null; body?: Body<any> | null});\n"
         f'static ["new"]<T>(name: string | null, body?: Body<T> | null, options?: TaskOptions): TypedTask<T>;'),
        (r"add_timer\(.*\): Timer;", "add_timer(delay: number, interval: number | null, func: Work): Timer;"),
        (r"add_exit_handler\(.*\): void;", "add_exit_handler(func: Handler): void;"),
        (r"add_cancel_handler\(.*\): void;", "add_cancel_handler(func: Handler): void;"),
        (r"post\(.*\): void;", "post(func: Work): void;"),
    ],
    "Channel": [(r"(constructor)\((properties\?: .*)\);", "\\1(capacity: number);\n\\1(\\2);")],
    "Semaphore": [(r"(constructor)\((properties\?: .*)\);", "\\1(n_permits: number);\n\\1(\\2);")],
    "Retry": [(r"constructor\(properties\?: .*\);", "constructor(settings?: number | RetrySettings);")],
}


def patch_class(text, name, patches):
    """The text with the patches in the class, each of which must find something."""
    begin = re.search(rf"^ +class {name}\b.*\{{$", text, re.M).start()
    end = text.index("\n    }\n", begin)
    part = text[begin:end]
    for pattern, replacement in patches:
        part, n_found = re.subn(rf"^( +){pattern}$", lambda m, r=replacement: m[1] + re.sub(
            r"\\(\d)", lambda g: m[int(g[1]) + 1], r), part, flags=re.M)
        if not n_found:
            sys.exit(f"The class {name} has nothing like {pattern}")
    return text[:begin] + part + text[end:]


def main(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for name, patches in PATCHES.items():
        text = patch_class(text, name, patches)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
