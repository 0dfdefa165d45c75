# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds and runs a program of each language against a build that is installed into a prefix.

A prefix that is named is put into place for these programs alone, and the real one is never written to;
without one, the library stays in a folder of its own. With --source, it is built for that prefix first;
otherwise a build for any prefix is moved there. Each program runs with what NEEDS says, and on
Debian, which is what the README speaks of, it must fail without any of that.
"""

import argparse
import contextlib
import os
import pathlib
import shlex
import sys
import tempfile

from installed import ANYTHING, Failed, Place, Skipped, below, configure, option, run, staged, tap

# What each program needs, by prefix. The README has the same table.
NEEDS = {
    "/usr": {},
    "/usr/local": {
        "c": ["ldconfig"],
        "vala": ["ldconfig"],
        "python": ["ldconfig", "GI_TYPELIB_PATH"],
        "js": ["ldconfig", "GI_TYPELIB_PATH"],
        "await-python": ["ldconfig", "GI_TYPELIB_PATH", "PYTHONPATH"],
        "await-js": ["ldconfig", "GI_TYPELIB_PATH"],
    },
    None: {
        "c": ["PKG_CONFIG_PATH", "LD_LIBRARY_PATH"],
        "vala": ["PKG_CONFIG_PATH", "LD_LIBRARY_PATH", "XDG_DATA_DIRS"],
        "python": ["GI_TYPELIB_PATH", "LD_LIBRARY_PATH"],
        "js": ["GI_TYPELIB_PATH", "LD_LIBRARY_PATH"],
        "await-python": ["GI_TYPELIB_PATH", "LD_LIBRARY_PATH", "PYTHONPATH"],
        "await-js": ["GI_TYPELIB_PATH", "LD_LIBRARY_PATH", "XDG_DATA_DIRS"],
    },
}

HERE = pathlib.Path(__file__).parent


class Programs:
    """The programs of a place. Each runs with the variables that it is given, and prints 42."""

    def __init__(self, place, args):
        self.place = place
        self.args = args

    def answer(self, *command, needs):
        output = self.place.run(*command, needs=needs)
        assert output == "42\n", output

    def compile_c(self, needs, *options):
        flags = self.place.run("pkg-config", "--cflags", "--libs", *options, "tend-1", needs=needs)
        program = self.place.work / "consumer-c"
        self.place.run(*shlex.split(self.args.cc), "-Wall", "-Werror", "-o", program, HERE / "consumer.c",
                       *shlex.split(flags), needs=needs)
        self.answer(program, needs=needs)

    def c(self, needs):
        self.compile_c(needs)

    def c_static(self, needs):
        self.compile_c(needs, "--static")

    def vala(self, needs):
        program = self.place.work / "consumer-vala"
        self.place.run(self.args.valac, "--quiet", "--fatal-warnings", "--pkg", "tend-1", "-X", "-w", "-o", program,
                       HERE / "consumer.vala", needs=needs)
        self.answer(program, needs=needs)

    def python(self, needs, script="consumer.py"):
        self.answer(self.args.python, HERE / script, needs=needs)

    def js(self, needs, script="consumer.js"):
        self.answer(self.args.gjs, "-m", HERE / script, needs=needs)

    def await_python(self, needs):
        self.python(needs, "await.py")

    def await_js(self, needs):
        self.js(needs, "await.js")

    def all(self):
        """The programs that this build can have, by the name of what they need."""
        programs = {"c": self.c}
        if self.args.valac:
            programs["vala"] = self.vala
        for language, there, overrides, script in (
                ("python", self.args.python, "gi/overrides/Tend", self.await_python),
                ("js", self.args.gjs, "gjs-1.0/overrides/Tend.js", self.await_js)):
            if there:
                programs[language] = getattr(self, language)
            if there and any(self.place.tree.glob("**/" + overrides)):
                programs["await-" + language] = script
        return programs


def must_fail(place, program, needs):
    if place.sees_another:
        raise Skipped("a libtend is installed in the system, which lets us mount nothing over it")
    try:
        program(needs)
    except (Failed, AssertionError):
        return
    raise AssertionError("it runs all the same")


def cases_of(programs, table):
    """Each program with all that it needs, and without each single thing."""
    cases = []
    for name, program in programs.all().items():
        needs = table.get(name, [])
        cases.append((name.replace("-", " in "), lambda program=program, needs=needs: program(needs)))
        for left_out in needs if os.path.exists("/etc/debian_version") else []:
            fewer = [n for n in needs if n != left_out]
            cases.append((f"{name.replace('-', ' in ')} fails without {left_out}",
                          lambda program=program, fewer=fewer: must_fail(programs.place, program, fewer)))
    cases.append(("c, as for a static library", lambda: programs.c_static(table.get("c", []))))
    return cases


@contextlib.contextmanager
def place_of(args):
    """Installs the build for as long as it is needed."""
    if not args.source:
        with staged(args.build) as destdir:
            place = Place(below(destdir, option(args.build, "prefix")), args.prefix)
            place.relocate()
            yield place
        return

    with tempfile.TemporaryDirectory(prefix="tend-build-") as tmp:
        prefix = args.prefix or f"{tmp}/own prefix"
        build = f"{tmp}/build"
        configure(build, args.source, prefix, "-Ddocs=enabled")
        if args.prefix:
            with staged(build) as destdir:
                yield Place(below(destdir, prefix), prefix)
        else:
            run("meson", "install", "-C", build, "--no-rebuild", "--quiet", allow=ANYTHING)
            yield Place(pathlib.Path(prefix))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", nargs="?")
    parser.add_argument("--source")
    parser.add_argument("--prefix")
    parser.add_argument("--cc", default="cc")
    for program in ("valac", "python", "gjs"):
        parser.add_argument("--" + program)
    args = parser.parse_args()

    with place_of(args) as place:
        if place.enter is None:
            print("1..0 # SKIP this system lets us mount nothing, not even over a prefix of our own sight")
            return 0
        return tap(cases_of(Programs(place, args), NEEDS[args.prefix]))


if __name__ == "__main__":
    sys.exit(main())
