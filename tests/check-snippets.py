# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No example is only text: each code block of the documentation stands in a file of doc/snippets.

Read are README.md, doc/*.md and the comments of src/. A block may be a part of a file, and may be
indented less than it is there, but it closes the braces that it opens. Blocks of another language
(sh, text, ...) are not looked at.
"""

import pathlib
import re
import sys

SUFFIXES = {"c": ".c", "vala": ".vala", "python": ".py", "js": ".js", "javascript": ".js"}
BLOCK = re.compile(r"^([ \t]*)```(\w+)[^\n]*\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)


def blocks(file):
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".c":
        text = "\n".join(line[3:] for line in text.splitlines() if line.startswith(" * "))
    for indent, language, body in BLOCK.findall(text):
        if language.lower() in SUFFIXES:
            lines = [line.removeprefix(indent).rstrip() for line in body.splitlines()]
            yield SUFFIXES[language.lower()], lines


def contains(haystack, needle):
    """Whether the lines of needle follow one another in haystack, by one indentation more."""
    for start in range(len(haystack) - len(needle) + 1):
        more = len(haystack[start]) - len(needle[0])
        indent = " " * more if more > 0 else ""
        part = haystack[start:start + len(needle)]
        if part == [indent + line if line else "" for line in needle]:
            return True
    return False


def main(root):
    root = pathlib.Path(root)
    files = {}
    for file in sorted((root / "doc/snippets").glob("*.*")):
        lines = [line.rstrip() for line in file.read_text(encoding="utf-8").splitlines()]
        files.setdefault(file.suffix, []).append(lines)

    pages = [root / "README.md", *sorted(root.glob("doc/*.md")), *sorted(root.glob("src/*/*.c"))]
    n_blocks, n_missing = 0, 0
    for page in pages:
        for suffix, lines in blocks(page):
            n_blocks += 1
            if not any(contains(file, lines) for file in files.get(suffix, [])):
                n_missing += 1
                print(f"{page}: this is in no {suffix} file of doc/snippets:")
                print("\n".join("    " + line for line in lines))
            elif "".join(lines).count("{") != "".join(lines).count("}"):
                n_missing += 1
                print(f"{page}: this is cut off within braces:")
                print("\n".join("    " + line for line in lines))
    print(f"{n_blocks} code blocks, {n_missing} of them not compiled or cut off")
    return 1 if n_missing or not n_blocks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
