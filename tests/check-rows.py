# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ROWS.md has each of the reference behaviours, and the tests that it names exist: check-rows.py TESTS_DIR"""

import pathlib
import re
import sys

WANTED = [
    *map(str, range(1, 213)),
    *(f"DA{i}" for i in range(1, 5)),
    *(f"DB{i}" for i in range(1, 14)),
    *(f"PB{i}" for i in range(1, 28)),
]

ROW = re.compile(r"^\| (\w+) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`([^`]+)` \(([^)]+)\)")
LITERAL = re.compile(r'"([^"\n]*)"')


def has_test(tests, path, file):
    """Whether a path stands in a file, as a whole, or behind a prefix that its own header has."""
    source = tests / file
    if not source.is_file():
        return False
    if file.endswith(".py"):
        is_example = (source.with_suffix("") / f"{path}.out").is_file()
        return is_example or f"def {path}(" in source.read_text(encoding="utf-8")

    literals = set(LITERAL.findall(source.read_text(encoding="utf-8")))
    for header in source.parent.glob("*.h"):
        if f'"{header.name}"' in source.read_text(encoding="utf-8"):
            literals |= set(LITERAL.findall(header.read_text(encoding="utf-8")))
    return path in literals or any(
        literal.startswith("/tend/") and literal.endswith("/") and path.removeprefix(literal) in literals
        for literal in literals)


def main(tests):
    rows = ROW.findall((tests / "ROWS.md").read_text(encoding="utf-8"))
    numbers = [number for number, _, _ in rows]
    problems = [f"row {number} is missing" for number in WANTED if number not in numbers]
    problems += [f"row {number} stands there twice" for number in set(numbers) if numbers.count(number) > 1]

    n_tests = 0
    for number, _, shown_by in rows:
        for path, file in TEST.findall(shown_by):
            n_tests += 1
            if not has_test(tests, path, file):
                problems.append(f"row {number}: there is no {path} in {file}")

    print("\n".join(problems) or f"{len(rows)} rows, {n_tests} tests")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
