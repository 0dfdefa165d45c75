# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the type stub with mypy: as it is installed, with right and with wrong code, and with the examples.

A virtual environment has the stub where Python's own directory would have it, beside stubs of PyGObject.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import venv

STUB = "bindings/python/gi-stubs"
HERE = "tests/bindings/typing"
ERROR = re.compile(r"(?P<file>.+?):(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$")
EXPECTED = re.compile(r"  # ([a-z-]+(?:, [a-z-]+)*)$")


class Checker:
    def __init__(self, mypy, root, scratch):
        self.mypy = mypy
        self.scratch = scratch
        venv.create(scratch / "venv", symlinks=True)
        self.python = scratch / "venv/bin/python"
        self.site = next(scratch.glob("venv/lib/python*/site-packages"))
        for stubs in (HERE + "/gi-stubs", STUB):
            shutil.copytree(root / stubs, self.site / "gi-stubs", dirs_exist_ok=True)

    def run(self, *args):
        """Gives the lines that mypy prints."""
        result = subprocess.run([self.mypy, "--python-executable", self.python, "--cache-dir", self.scratch / "cache",
                                 "--no-error-summary", "--hide-error-context", *args],
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return result.stdout.splitlines()


def check_wrong(checker, file):
    """Compares what is reported with the comments in the file."""
    reported, problems = {}, []
    for line in checker.run("--strict", file):
        found = ERROR.match(line)
        if found:
            reported.setdefault(int(found["line"]), []).append(found["code"])
        elif ": note: " not in line:
            problems.append(line)

    n_expected = 0
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        found = EXPECTED.search(line)
        expected = found[1].split(", ") if found else []
        n_expected += len(expected)
        was = reported.get(number, [])
        # Some report the same twice, of each of the ways in which a name is overloaded.
        if set(was) != set(expected):
            problems.append(f"{file.name}:{number}: expected {expected}, reported {was}: {line.strip()}")
    print(f"{n_expected} errors expected")
    return problems if n_expected else [*problems, "no error is expected anywhere"]


def main(mypy, root):
    root = pathlib.Path(root)
    here = root / HERE
    programs = [file for folder in ("examples", "doc/snippets") for file in sorted((root / folder).rglob("*.py"))
                if "from gi.repository import" in file.read_text(encoding="utf-8")]
    with tempfile.TemporaryDirectory(prefix="tend types ") as name:
        checker = Checker(mypy, root, pathlib.Path(name))
        # What some of the checkers have to be told to ignore, others have no objection to.
        problems = checker.run("--strict", "--no-warn-unused-ignores", checker.site / "gi-stubs/repository/Tend.pyi")
        problems += checker.run("--strict", here / "right.py")
        problems += check_wrong(checker, here / "wrong.py")
        # Programs need not say their own types; what they do with the library is checked all the same.
        problems += checker.run("--strict", "--allow-untyped-defs", "--allow-incomplete-defs", "--allow-untyped-calls",
                                "--disable-error-code=var-annotated", "--no-warn-return-any", *programs)
    print("\n".join(problems))
    print(f"{len(programs)} programs, {len(problems)} problems")
    return 1 if problems or not programs else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
