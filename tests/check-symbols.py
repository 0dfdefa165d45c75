# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is public is said alike everywhere: check-symbols.py NM LIBRARY MAP SOURCES HEADERS...

The public headers declare what the library exports, each function under the macro of the version that it came with. The
version script has it in the node of that version, and the reference says "Since" that version.
"""

import pathlib
import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*(?:\\\n[^\n]*)*", re.DOTALL | re.MULTILINE)
MACRO = r"TEND_AVAILABLE_IN_(\d+)_(\d+)\b"
FUNCTION = re.compile(MACRO + r"[^;{]*?\b(tend_\w+)\s*\(")
TYPE = re.compile(MACRO + r"\s+G_DECLARE_(?:FINAL|DERIVABLE)_TYPE\s*\(\s*\w+\s*,\s*(tend_\w+)")
ANY = re.compile(r"^(?!typedef)[\w \t*]+?\b(tend_\w+)\s*\(", re.MULTILINE)
NODE = re.compile(r"LIBTEND_(\d+)\.(\d+)\s*\{(.*?)\}", re.DOTALL)
REFERENCE = re.compile(r"/\*\*\n \* (tend_\w+):.*?\*/", re.DOTALL)
SINCE = re.compile(r"^ \* Since: (\S+)$", re.MULTILINE)


def declared(headers):
    """The functions of the headers with their versions, and those that are declared there without one."""
    public, bare = {}, set()
    for header in headers:
        text = COMMENT.sub("", pathlib.Path(header).read_text(encoding="utf-8"))
        here = {name: f"{major}.{minor}" for major, minor, name in FUNCTION.findall(text)}
        here |= {f"{name}_get_type": f"{major}.{minor}" for major, minor, name in TYPE.findall(text)}
        public |= here
        bare |= set(ANY.findall(re.sub(r"static inline[^{]*", "", text))) - here.keys()
    return public, bare


def exported(nm, library):
    lines = subprocess.check_output([nm, "-D", "--defined-only", library], text=True).splitlines()
    names = {line.split()[-1].partition("@")[0] for line in lines if " A " not in line}
    return {name for name in names if not name.startswith("_")}


def mapped(script):
    text = COMMENT.sub("", pathlib.Path(script).read_text(encoding="utf-8"))
    return {name: f"{major}.{minor}" for major, minor, names in NODE.findall(text)
            for name in re.findall(r"\b(tend_\w+);", names)}


def documented(sources):
    """The versions since which the functions of the reference are there."""
    since = {}
    for file in pathlib.Path(sources).rglob("*.c"):
        for match in REFERENCE.finditer(file.read_text(encoding="utf-8")):
            since[match[1]] = (SINCE.findall(match[0]) or ["never"])[-1]
    return since


def compare(what, versions, public):
    return [f"{name}: the header says {public[name]}, {what} says {versions[name]}"
            for name in sorted(public.keys() & versions.keys()) if versions[name] != public[name]]


def main(nm, library, script, sources, *headers):
    public, bare = declared(headers)
    symbols = exported(nm, library)
    nodes, since = mapped(script), documented(sources)
    problems = (
        [f"declared, not exported: {name}" for name in sorted(public.keys() - symbols)]
        + [f"exported, not declared: {name}" for name in sorted(symbols - public.keys())]
        + [f"declared without a version: {name}" for name in sorted(bare)]
        + [f"declared, not in the version script: {name}" for name in sorted(public.keys() - nodes.keys())]
        + [f"in the version script, not declared: {name}" for name in sorted(nodes.keys() - public.keys())]
        + [f"not in the reference: {name}" for name in sorted(public.keys() - since.keys())
           if not name.endswith("_get_type")]
        + compare("the version script", nodes, public)
        + compare("the reference", since, public)
    )
    if not public:
        problems.append("no public function found: the check itself is broken")
    print("\n".join(problems) or f"{len(public)} functions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
