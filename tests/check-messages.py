# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Each message of an error in src/ is marked for translation, what is logged is not, and po/POTFILES.in is complete."""

import pathlib
import re
import sys

MAKERS = re.compile(r"\b(g_set_error|g_set_error_literal|g_error_new|g_error_new_literal) \(")
LOGGERS = re.compile(r"\b(g_critical|g_warning|g_message|g_info|g_debug) \(")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')


def split_arguments(text, start):
    """Gives the arguments of the call whose parenthesis is in front of @start."""
    arguments, depth, begin = [], 0, start
    position = start
    while True:
        literal = LITERAL.match(text, position)
        if literal:
            position = literal.end()
            continue
        letter = text[position]
        if letter in "([{":
            depth += 1
        elif letter in ")]}" and depth > 0:
            depth -= 1
        elif depth == 0 and letter in ",)":
            arguments.append(text[begin:position].strip())
            if letter == ")":
                return arguments
            begin = position + 1
        position += 1


def unmarked(argument):
    """Whether there is text in @argument outside of _()."""
    return LITERAL.search(re.sub(r"\b_\((?:[^()\"]|" + LITERAL.pattern + r")*\)", "", argument)) is not None


def check(name, text):
    for call in MAKERS.finditer(text):
        arguments = split_arguments(text, call.end())
        message = arguments[3 if "set" in call[1] else 2]
        if unmarked(message):
            yield f"{name}: a message is not marked with _(): {message}"
    for call in LOGGERS.finditer(text):
        if re.search(r"\b_\(", split_arguments(text, call.end())[0]):
            yield f"{name}: what is logged is for programmers, and is not translated: {call[0]}"


def main(root):
    root = pathlib.Path(root)
    faults, marked = [], set()
    for path in sorted(root.glob("src/*/*.c")):
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(root))
        faults += check(name, text)
        if re.search(r'\b_\("', text):
            marked.add(name)
    listed = set((root / "po/POTFILES.in").read_text(encoding="utf-8").split())
    faults += [f"po/POTFILES.in: {name} is missing, or has no messages" for name in sorted(marked ^ listed)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def self_test():
    bad = 'g_set_error (error, A, B, a ? "x" : _("y"), f ("z"));\ng_warning (_("w"));\n'
    good = 'return g_error_new (A, B, _("x (%" PRId64 ") y"), "name");\ng_warning ("w %s", x);\n'
    assert len(list(check("bad", bad))) == 2
    assert not list(check("good", good))


if __name__ == "__main__":
    self_test()
    sys.exit(main(sys.argv[1]))
