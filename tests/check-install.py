# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs the build somewhere, then builds and runs a program against what is installed there.

check-install.py BUILD_DIR PROGRAM.c COMPILER...
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile


def relocate(pc, prefix):
    """pkg-config's file names the final prefix; here it stands somewhere else."""
    text = pc.read_text(encoding="utf-8")
    quoted = str(prefix).replace(" ", "\\ ")
    pc.write_text(re.sub(r"^prefix=.*$", lambda _: f"prefix={quoted}", text, flags=re.MULTILINE),
                  encoding="utf-8")


def main(build, program, *compiler):
    with tempfile.TemporaryDirectory(prefix="tend install ") as tmp:
        subprocess.run(["meson", "install", "-C", build, "--destdir", tmp, "--no-rebuild", "--quiet"],
                       check=True)
        top = pathlib.Path(tmp)
        pc, = top.glob("**/pkgconfig/tend-1.pc")
        prefix = next(top.glob("**/include/tend-1")).parent.parent
        relocate(pc, prefix)

        env = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent), LD_LIBRARY_PATH=str(pc.parent.parent))
        flags = shlex.split(subprocess.check_output(
            ["pkg-config", "--cflags", "--libs", "tend-1"], text=True, env=env))
        consumer = top / "consumer"
        subprocess.run([*compiler, "-Wall", "-Werror", "-o", consumer, program, *flags], check=True)
        subprocess.run([consumer], check=True, env=env)

        print("\n".join(sorted(str(p.relative_to(top)) for p in top.glob("**/*") if p.is_file())))


if __name__ == "__main__":
    main(*sys.argv[1:])
