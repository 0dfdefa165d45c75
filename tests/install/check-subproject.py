# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds a project that brings libtend along: doc/libtend.wrap fetches it, from here instead of afar.

check-subproject.py [--bindings] SOURCE: with --bindings, the project builds a GIR and a Vala API upon
those of libtend too; without, libtend is built without any.
"""

import argparse
import os
import pathlib
import re
import shutil
import sys
import tempfile

from installed import ANYTHING, run, tap

# What a project may demand of itself, and would then demand of its subprojects.
STRICT = ["--fatal-meson-warnings", "-Dwerror=true"]
PYTHON = """import gi
gi.require_version("Counter", "1")
from gi.repository import Counter
assert Counter.Manager().count("one").get_name() == "one"
"""


def copy_source(source, to):
    """What stands in the tree, as somebody would clone it: not what was built in it."""
    shutil.copytree(source, to, symlinks=True,
                    ignore=shutil.ignore_patterns(".git", "_build", "__pycache__", "subprojects"))


def make_repository(source, to):
    copy_source(source, to)
    git = ["git", "-C", to, "-c", "user.name=test", "-c", "user.email=test", "-c", "commit.gpgsign=false"]
    run(*git, "init", "--quiet", "--initial-branch=main", env=GIT_ENV)
    run(*git, "add", "--all", "--force", env=GIT_ENV, allow=ANYTHING)
    run(*git, "commit", "--quiet", "--message=test", env=GIT_ENV, allow=ANYTHING)


# Nobody's settings of git, for these may sign, rewrite addresses, or run hooks.
GIT_ENV = dict(os.environ, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")


class Consumer:
    """The project, with the wrap file, and its build."""

    def __init__(self, source, tmp, bindings):
        self.source = source
        self.top = tmp / "consumer"
        self.build = tmp / "build"
        self.repository = tmp / "libtend"
        self.bindings = bindings

    def fetch(self):
        """Without git, the source stands where the wrap would have put it."""
        shutil.copytree(self.source / "tests/install/subproject", self.top)
        subprojects = self.top / "subprojects"
        subprojects.mkdir()
        wrap = (self.source / "doc/libtend.wrap").read_text(encoding="utf-8")
        wrap, n = re.subn("^url = .*$", lambda _: f"url = {self.repository.as_uri()}", wrap, flags=re.MULTILINE)
        assert n == 1
        (subprojects / "libtend.wrap").write_text(wrap, encoding="utf-8")
        if shutil.which("git"):
            make_repository(self.source, self.repository)
        else:
            copy_source(self.source, subprojects / "libtend")

    def setup(self):
        switch = "true" if self.bindings else "false"
        feature = "enabled" if self.bindings else "disabled"
        run("meson", "setup", self.build, self.top, *STRICT, "-Dforce_fallback_for=libtend",
            f"-Dbindings={switch}", f"-Dlibtend:introspection={feature}", f"-Dlibtend:vapi={feature}",
            env=GIT_ENV, allow=ANYTHING)

    def compile(self):
        output = run("ninja", "-C", self.build, timeout=800)
        assert "warning" not in output, output

    def answer(self, program):
        output = run(self.build / program)
        assert output == "1\n", output

    def import_gir(self):
        libraries = f"{self.build}:{self.build / 'subprojects/libtend/src'}"
        run(self.python, "-c", PYTHON, env=dict(os.environ, GI_TYPELIB_PATH=libraries, LD_LIBRARY_PATH=libraries))

    def cases(self, python, valac):
        self.python = python
        cases = [
            ("the wrap file fetches it", self.fetch),
            ("it is set up", self.setup),
            ("it is built without warnings", self.compile),
            ("the program in C runs", lambda: self.answer("counter-c")),
        ]
        if self.bindings and python:
            cases.append(("the GIR on top of it is loaded", self.import_gir))
        if self.bindings and valac:
            cases.append(("the program in Vala runs", lambda: self.answer("counter-vala")))
        return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--bindings", action="store_true")
    parser.add_argument("--python")
    parser.add_argument("--valac")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tend-subproject-") as tmp:
        consumer = Consumer(args.source, pathlib.Path(tmp), args.bindings)
        return tap(consumer.cases(args.python, args.valac))


if __name__ == "__main__":
    sys.exit(main())
