# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library exports and what the public headers declare are the same: nm library headers..."""

import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*(?:\\\n[^\n]*)*", re.DOTALL | re.MULTILINE)
FUNCTION = re.compile(r"TEND_PUBLIC\b[^;{]*?\b(tend_\w+)\s*\(")
TYPE = re.compile(r"TEND_PUBLIC\s+G_DECLARE_(?:FINAL|DERIVABLE)_TYPE\s*\(\s*\w+\s*,\s*(tend_\w+)")
ANY = re.compile(r"^(?!typedef)[\w \t*]+?\b(tend_\w+)\s*\(", re.MULTILINE)


def declared(headers):
    """The functions of the headers, and those declared there without TEND_PUBLIC."""
    public, bare = set(), set()
    for header in headers:
        with open(header, encoding="utf-8") as file:
            text = COMMENT.sub("", file.read())
        here = set(FUNCTION.findall(text)) | {f"{name}_get_type" for name in TYPE.findall(text)}
        public |= here
        bare |= set(ANY.findall(re.sub(r"static inline[^{]*", "", text))) - here
    return public, bare


def exported(nm, library):
    lines = subprocess.check_output([nm, "-D", "--defined-only", library], text=True).splitlines()
    names = {line.split()[-1].partition("@")[0] for line in lines}
    return {name for name in names if not name.startswith("_")}


def main(nm, library, *headers):
    public, bare = declared(headers)
    symbols = exported(nm, library)
    problems = (
        [f"declared, not exported: {name}" for name in sorted(public - symbols)]
        + [f"exported, not declared: {name}" for name in sorted(symbols - public)]
        + [f"declared without TEND_PUBLIC: {name}" for name in sorted(bare)]
    )
    if not public:
        problems.append("no public function found: the check itself is broken")
    print("\n".join(problems) or f"{len(public)} functions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
