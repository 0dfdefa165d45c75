# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that was built against the last release runs with this library: check-abi.py LIBRARY HEADERS COMPILER...

The interface of each release is kept in tests/abi as `abidw` of libabigail writes it down, tend-VERSION.xml. It is made
by "check-abi.py --dump LIBRARY HEADERS FILE". What is added since is allowed; what was taken away or changed is not.
"""

import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
DUMPS = pathlib.Path(__file__).parent / "abi"
CHANGED = 4 | 8     # bits of what abidiff returns
ERRORS = 1 | 2


def dump(library, headers, file):
    subprocess.run(["abidw", "--headers-dir", headers, "--no-show-locs", "--out-file", file, library], check=True)


def compare(before, library, headers):
    """What a program that uses @before would miss or find changed in @library, or nothing."""
    result = subprocess.run(["abidiff", "--headers-dir2", headers, "--no-added-syms", before, library],
                            capture_output=True, text=True)
    if result.returncode & ERRORS:
        sys.exit(f"abidiff failed:\n{result.stdout}{result.stderr}")
    return result.stdout if result.returncode & CHANGED else ""


def find_last_release():
    def version(file):
        return [int(part) for part in file.stem.removeprefix("tend-").split(".")]

    return max(DUMPS.glob("tend-*.xml"), key=version, default=None)


def self_test(compiler):
    """A function that is gone or takes something else is found; one that is new is not."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def build(name, code):
            header = folder / name / "api.h"
            header.parent.mkdir()
            header.write_text("".join(line + ";\n" for line in code), encoding="utf-8")
            body = "".join(line + " { return 0; }\n" for line in code)
            library = folder / f"{name}.so"
            subprocess.run([*compiler, "-g", "-shared", "-fPIC", "-x", "c", "-", "-o", library, "-include", header],
                           input=body, text=True, check=True)
            return library, header.parent

        before = folder / "before.xml"
        dump(*build("before", ["int one (int n)", "int two (int n)"]), before)
        assert not compare(before, *build("added", ["int one (int n)", "int two (int n)", "int three (void)"]))
        assert compare(before, *build("removed", ["int one (int n)"]))
        assert compare(before, *build("changed", ["int one (int n)", "int two (const char *text)"]))


def main(library, headers, *compiler):
    try:
        self_test(compiler)
    except FileNotFoundError as error:
        print(f"skipped: there is no {error.filename}")
        return SKIPPED

    before = find_last_release()
    if before is None:
        print("skipped: nothing was released yet")
        return SKIPPED

    changes = compare(before, library, headers)
    print(changes or f"compatible with {before.stem}")
    return 1 if changes else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--dump"]:
        dump(*sys.argv[2:])
    else:
        sys.exit(main(*sys.argv[1:]))
