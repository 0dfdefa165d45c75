# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the pages claim, a test shows: check-claims.py [--list] ROOT

A sentence of README.md, CONTRIBUTING.md or a page that says "never", "always", "any thread" or "order" stands in
doc/claims.md, below the name of its page, with the tests that show it; other sentences may stand there too. It fails
for a sentence that is not listed, for a listed one that its page does not have any more, and for a test that does not
exist. What only uses such a word and claims nothing has a reason instead of a test. --list prints the rows that are
missing.
"""

import pathlib
import re
import runpy
import sys

WORDS = re.compile(r"\b(never|always|any thread|order)\b", re.IGNORECASE)
ROW = re.compile(r"^\| (.+) \| (.+) \|$")
TEST = re.compile(r"`([^`]+)` \(([^)]+)\)")
REASON = "No claim: "


def normalized(text):
    """A sentence without the names in it, which change from a code span to a link."""
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"\[\w+@[\w.:-]+\]|`[^`]*`", "`", text)
    return " ".join(re.sub(r"[*\[\]]", "", text).split())


def sentences(text):
    """The sentences of the prose of a page, those of lists and tables too."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in text.split("\n") if not re.match(r"(#|Title:|Slug:|    |[|][-:|\s]+$)", line)]
    found = []
    for part in re.split(r"\n\s*\n|\n(?=\||- |\d+\. |:   )", "\n".join(lines)):
        part = re.sub(r"^(- |\d+\. |:   )", "", " ".join(part.replace("**", "").split()))
        cells = part.strip("| ").split(" | ") if part.startswith("|") else [part]
        for cell in cells:
            found += re.split(r"(?<=[.!?:])\s+(?=[A-Z`*\[\"])", cell.strip())
    return [sentence for sentence in found if sentence]


def listed(text):
    """The rows of doc/claims.md: {page: [(sentence, tests)]}."""
    rows, page = {}, None
    for line in text.split("\n"):
        if line.startswith("## "):
            page = line.removeprefix("## ").strip()
        elif page and ROW.match(line) and not line.startswith(("| Claim", "|---", "| ---")):
            rows.setdefault(page, []).append(ROW.match(line).groups())
    return rows


def check(pages, rows, exists):
    """The problems of pages, given as {name: text}, and the rows that are missing."""
    problems, missing = [], []
    problems += [f"doc/claims.md: there is no page {page}" for page in rows if page not in pages]
    for page, text in pages.items():
        known = {normalized(sentence) for sentence, _ in rows.get(page, [])}
        there = sentences(text)
        for sentence in there:
            if WORDS.search(normalized(sentence)) and normalized(sentence) not in known:
                problems.append(f"{page}: not in doc/claims.md: {sentence}")
                missing.append((page, sentence))
        there = {normalized(sentence) for sentence in there}
        for sentence, shown_by in rows.get(page, []):
            if normalized(sentence) not in there:
                problems.append(f"doc/claims.md: {page} does not say any more: {sentence}")
            tests = TEST.findall(shown_by)
            if not tests and not shown_by.startswith(REASON):
                problems.append(f"doc/claims.md: neither a test nor a reason: {sentence}")
            problems += [f"doc/claims.md: there is no {path} in {file}"
                         for path, file in tests if not exists(path, file)]
    return problems, missing


def self_test():
    page = ("# The order\n\nIt never\nends. It is `always` so.\n\n```c\nnever ();\n```\n\n"
            "- In [some](x.html) order. Fine.\n- Any thread may [method@A.B.c] it.\n")
    rows = listed("## p\n\n| Claim | Shown by |\n|---|---|\n| It never ends. | `/a` (a.c) |\n"
                  "| In some order. | No claim: just so |\n| Any thread may `c()` it. | `/b` (a.c) |\n")
    assert check({"p": page}, rows, lambda path, file: True) == ([], []), check({"p": page}, rows, lambda *_: True)
    assert len(check({"p": page}, rows, lambda path, file: path != "/b")[0]) == 1
    assert len(check({"p": page + "\nIt always ends.\n"}, rows, lambda *_: True)[1]) == 1
    assert len(check({"p": page.replace("It never\nends. ", "")}, rows, lambda *_: True)[0]) == 1
    assert len(check({"p": page}, {"p": [*rows["p"], ("Fine.", "well")]}, lambda *_: True)[0]) == 1


def main(root, is_listing):
    has_test = runpy.run_path(str(root / "tests/check-rows.py"))["has_test"]

    def exists(path, file):
        if has_test(root / "tests", path, file):
            return True
        source = root / "tests" / file
        text = source.read_text(encoding="utf-8") if source.is_file() else ""
        if path.startswith("/tend/any-thread/"):
            return f"ROW ({path.removeprefix('/tend/any-thread/')}," in text
        if file.endswith(".py"):
            return f'"{path}"' in text
        return file.endswith((".js", ".vala")) and re.search(rf"\b{re.escape(path)}\b", text)

    files = [root / "README.md", root / "CONTRIBUTING.md", *sorted(root.glob("doc/*.md"))]
    pages = {file.stem: file.read_text(encoding="utf-8") for file in files if file.stem != "claims"}
    rows = listed((root / "doc/claims.md").read_text(encoding="utf-8"))
    problems, missing = check(pages, rows, exists)

    if is_listing:
        for page, sentence in missing:
            print(f"{page}\n| {sentence} | |")
    else:
        print("\n".join(problems) or f"{sum(map(len, rows.values()))} claims")
    return 1 if problems or not rows else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        sys.exit(main(pathlib.Path(sys.argv[-1]), "--list" in sys.argv))
