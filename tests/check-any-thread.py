# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every function that may be called from any thread has a row in stress/any-thread.c, and every row is of one.

The reference says it of a function, or of a class and so of all its functions. What gives a result
of another type refers to the function that says it.
"""

import pathlib
import re
import sys

COMMENT = re.compile(r"/\*\*\n \* (\w+):(.*?)\*/", re.DOTALL)
PHRASE = re.compile(r"may be (called|used) from any thread", re.IGNORECASE)
LIKE_RETURN = re.compile(r"see \[method@Tend\.Task\.return_value\]")
PUBLIC = re.compile(r"\b(tend_\w+)\s*\(")
ROW = re.compile(r"^  ROW \((tend_\w+),", re.MULTILINE)

# They say nothing of threads: one is about no object, the other is another form of one that says it.
ASIDE = {"tend_get_time", "tend_task_return_new_error"}


def words(text):
    """The text of a comment, without its frame."""
    return " ".join(re.sub(r"^ \*", "", line).strip() for line in text.split("\n"))


def prefix_of(name):
    """The beginning of the functions of a class: TendFooBar has those of tend_foo_bar_."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() + "_"


def promised(sources, headers):
    """The functions that may be called from any thread."""
    public = {name for text in headers for name in PUBLIC.findall(text) if not name.endswith("_get_type")}
    found = set()
    for text in sources:
        for name, comment in COMMENT.findall(text):
            comment = words(comment)
            if name.startswith("tend_") and (PHRASE.search(comment) or LIKE_RETURN.search(comment)):
                found.add(name)
            elif PHRASE.search(comment):
                found |= {function for function in public if function.startswith(prefix_of(name))}
    return found


def check(sources, headers, program):
    wanted, rows = promised(sources, headers), set(ROW.findall(program))
    return ([f"{name} may be called from any thread, and has no row" for name in sorted(wanted - rows)] +
            [f"{name} has a row, and the reference does not promise it" for name in sorted(rows - wanted - ASIDE)])


def self_test():
    source = ("/**\n * tend_foo_go:\n *\n * Goes. May be called from\n * any thread.\n */\n"
              "/**\n * TendFooBar:\n *\n * A bar.\n *\n * May be used from any thread.\n */\n"
              "/**\n * tend_foo_stay:\n *\n * Stays. Only for the owning thread.\n */\n")
    header = "void tend_foo_go (void);\nvoid tend_foo_bar_ring (void);\nGType tend_foo_bar_get_type (void);\n"
    assert promised([source], [header]) == {"tend_foo_go", "tend_foo_bar_ring"}
    assert check([source], [header], "  ROW (tend_foo_go, TASK),\n  ROW (tend_foo_bar_ring, TASK),\n") == []
    assert len(check([source], [header], "  ROW (tend_foo_go, TASK),\n  ROW (tend_foo_stay, TASK),\n")) == 2


def main(root):
    self_test()
    root = pathlib.Path(root)
    problems = check(
        [file.read_text(encoding="utf-8") for file in sorted(root.glob("src/*/*.c"))],
        [file.read_text(encoding="utf-8") for file in sorted(root.glob("include/*.h"))],
        (root / "tests/stress/any-thread.c").read_text(encoding="utf-8"))
    print("\n".join(problems) or "Each has a row.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
