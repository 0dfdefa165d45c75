# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the library in other shapes: each option off, static, ucontext, poll."""

import pathlib
import subprocess
import sys
import tempfile

SHAPES = {
    "no introspection": ["-Dintrospection=disabled"],
    "no Vala": ["-Dvapi=disabled"],
    "no tests": ["-Dtests=false"],
    "no examples": ["-Dexamples=false"],
    "nothing": ["-Dintrospection=disabled", "-Dvapi=disabled", "-Ddocs=disabled",
                "-Dtests=false", "-Dexamples=false"],
    "static": ["-Ddefault_library=static"],
    "both": ["-Ddefault_library=both"],
    "ucontext": ["-Ducontext=true", "-Dintrospection=disabled"],
    "poll": ["-Depoll=disabled", "-Dintrospection=disabled"],
    "reference": ["-Ddocs=enabled", "-Dtests=false"],
}

REFUSED = {
    "Vala without GIR": ["-Dintrospection=disabled", "-Dvapi=enabled"],
    "reference without GIR": ["-Dintrospection=disabled", "-Ddocs=enabled"],
}


def run(*command):
    """Runs a command and gives its output if it failed, else an empty string."""
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.stdout if result.returncode else ""


def build(source, build_dir, options=()):
    return (run("meson", "setup", build_dir, source, "-Dwerror=true", *options)
            or run("ninja", "-C", build_dir))


def main(source):
    n_bad = 0

    def report(what, output):
        nonlocal n_bad
        n_bad += bool(output)
        print(f"{what}: {output or 'ok'}", flush=True)

    with tempfile.TemporaryDirectory(prefix="tend build ") as name:
        tmp = pathlib.Path(name)
        for what, options in SHAPES.items():
            report(what, build(source, tmp / what, options))
        report("ucontext, run", run("meson", "test", "-C", tmp / "ucontext", "--suite", "body",
                                    "--suite", "bindings", "--print-errorlogs"))
        report("poll, run", run("meson", "test", "-C", tmp / "poll", "--suite", "loop", "--suite", "task",
                                "--suite", "body", "--suite", "sync", "--suite", "net", "--suite", "failures",
                                "--print-errorlogs"))
        for what, options in REFUSED.items():
            output = run("meson", "setup", tmp / what, source, *options)
            report(what, "" if "is made from the GIR" in output else f"not refused:\n{output}")
    return 1 if n_bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
