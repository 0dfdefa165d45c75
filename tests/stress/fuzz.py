#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds a fuzz target with clang and runs it for a while, from a corpus that it does not change.

Usage: fuzz.py SECONDS CORPUS SOURCE...

It is skipped where clang or its fuzzer is missing. What made it fail is printed in base64.
"""

import base64
import pathlib
import shutil
import subprocess
import sys
import tempfile

FLAGS = ["-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]


def skip(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def main(seconds, corpus, *sources):
    clang = shutil.which("clang")
    if clang is None:
        skip("clang is not installed")

    with tempfile.TemporaryDirectory(prefix="tend-fuzz-") as folder:
        tmp = pathlib.Path(folder)
        (tmp / "empty.c").write_text("int LLVMFuzzerTestOneInput (void) { return 0; }\n", encoding="ascii")
        probe = subprocess.run([clang, *FLAGS, tmp / "empty.c", "-o", tmp / "empty"], capture_output=True, check=False)
        if probe.returncode != 0:
            skip("clang has no fuzzer (Debian: libclang-rt-dev)")

        subprocess.run([clang, *FLAGS, *sources, "-o", tmp / "fuzz"], check=True)
        (tmp / "new").mkdir()
        print("1..1", flush=True)
        result = subprocess.run(
            [tmp / "fuzz", f"-max_total_time={seconds}", "-seed=1", "-max_len=4096", "-timeout=5", "-verbosity=0",
             f"-artifact_prefix={tmp}/", tmp / "new", corpus],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)

        for line in result.stderr.splitlines()[-40:]:
            print("# " + line)
        for file in tmp.glob("*-*"):
            print(f"# {file.name}: {base64.b64encode(file.read_bytes()).decode()}")
        print("not ok 1" if result.returncode else "ok 1", pathlib.Path(sources[0]).stem)
    sys.exit(result.returncode != 0)


main(*sys.argv[1:])
