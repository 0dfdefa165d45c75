# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is told of an error, in every language: page.py [--write] ROOT

Makes tests/TOLD.md of the tables that the tests of the languages hold themselves to, tests/told/*.txt, and fails if the
page is another one. --write writes it. A row of a table is "way<TAB>holding<TAB>told to".
"""

import pathlib
import sys

LANGUAGES = {"c": "C", "vala": "Vala", "python": "Python", "javascript": "JavaScript"}

HEAD = """# Who is told of an error

Each way in which an error arises, times each way of holding its task. The rules are those of
[Errors](../doc/errors.md): somebody is told of each error; it is reported at most once, to the unobserved function or
the log, and not at all if somebody who waits, or a handler of `task-failed`, had it.

This page is made by `tests/told/page.py --write .` of the tables in `tests/told`. The tests of each language compare
what happens with its table, and `--write FILE` makes that.
"""


def read(path):
    """The table of a language: {way: {holding: told to}}."""
    table = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        way, holding, told = line.split("\t")
        assert holding not in table.setdefault(way, {}), f"{path}: {way}, {holding} comes twice"
        table[way][holding] = told
    return table


def format_table(table):
    """The rows of one language: ways below each other, and holdings that are told alike in one cell."""
    lines = ["| The error arises in | its task is | told to |", "|---|---|---|"]
    for way, holdings in table.items():
        by_told = {}
        for holding, told in holdings.items():
            by_told.setdefault(told, []).append(holding)
        for i, (told, held) in enumerate(by_told.items()):
            lines.append(f"| {way if i == 0 else ''} | {'; '.join(held)} | {told} |")
    return "\n".join(lines)


def make(directory):
    """The whole page."""
    parts = [HEAD]
    for name, language in LANGUAGES.items():
        path = directory / f"{name}.txt"
        if path.exists():
            parts.append(f"## {language}\n\n{format_table(read(path))}\n")
    return "\n".join(parts)


def main():
    root = pathlib.Path(sys.argv[-1])
    page = root / "tests/TOLD.md"
    text = make(root / "tests/told")
    if "--write" in sys.argv:
        page.write_text(text, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != text:
        print(f"{page} is not what the tables say: run tests/told/page.py --write .")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
