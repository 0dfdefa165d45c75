# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Public headers: <tend.h> compiles as C11 and C++, each other only through it, none needs another.

check-headers.py INCLUDE_DIR... -- COMPILER...
"""

import pathlib
import shlex
import shutil
import subprocess
import sys

STRICT = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
REFUSAL = "Only <tend.h> can be included directly."


def main(args):
    split = args.index("--")
    folders, compiler = args[:split], args[split + 1:]
    glib = shlex.split(subprocess.check_output(["pkg-config", "--cflags", "gio-2.0"], text=True))
    flags = [f"-I{folder}" for folder in folders] + glib + STRICT
    headers = sorted(h.name for folder in folders for h in pathlib.Path(folder).glob("*.h"))
    problems = []

    def compile_header(header, command):
        result = subprocess.run(
            command + flags + ["-fsyntax-only", "-"], text=True, capture_output=True,
            input=f"#include <{header}>\nint tend_is_included;\n")
        return result.returncode, result.stderr

    def must_compile(what, header, command):
        status, output = compile_header(header, command)
        if status != 0:
            problems.append(f"{header} {what}:\n{output}")

    c11 = compiler + ["-std=c11", "-x", "c"]
    must_compile("as C11", "tend.h", c11)
    for header in headers:
        if header in ("tend.h", "tend-version.h"):
            continue
        must_compile("alone", header, c11 + ["-DTEND_COMPILATION"])
        status, output = compile_header(header, c11)
        if status == 0 or REFUSAL not in output:
            problems.append(f"{header} can be included without tend.h")

    if shutil.which("g++"):
        must_compile("as C++", "tend.h", ["g++", "-std=c++17", "-x", "c++"])
    else:
        print("C++: skipped, there is no g++")

    print("\n".join(problems) or f"{len(headers)} headers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
