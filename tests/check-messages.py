# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The messages of src/ have one form, those of errors are marked for translation, and po/POTFILES.in is complete.

The form is "Task 'fetch': cancelled": what the message is about, a colon, and what is wrong, in lower case and without
a full stop. A helper puts a task or a cache with its name there. What has no name begins the message itself, as in
"Channel: closed", and so does a function, as in "tend_await(): waits". What is logged has the same form, and is not
translated.
"""

import pathlib
import re
import sys

# What makes a message, and which of its arguments is the text. The helpers put the object before it.
PLAIN = {"g_set_error": 3, "g_set_error_literal": 3, "g_error_new": 2, "g_error_new_literal": 2}
HELPERS = {"tend_task_set_error": 4, "tend_task_new_error": 3, "tend_task_message": 2, "new_error": 3,
           "tend_number_cache_set_error": 4}
MAKERS = re.compile(r"\b(" + "|".join([*PLAIN, *HELPERS]) + r") \(")
LOGGERS = re.compile(r"\b(g_error|g_critical|g_warning|g_message|g_info|g_debug) \(")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
# The texts of an argument, each of one literal or more. Macros of formats may stand between them.
TEXT = re.compile(rf"{LITERAL.pattern}(?:\s*(?:PR[IX]\w+|G_G\w+_FORMAT)?\s*{LITERAL.pattern})*(?:\s*G_G\w+_FORMAT)?")

WHAT = r"(?![A-Z][a-z])(?s:.*[^.!\s]|.*: )"
FUNCTION = r"(?:%s|\w+)\(\): "
NAMELESS = ["Channel", "Clock", "Condition", "Event", "Lock", "Loop", "Manager", "Operation", "Program", "Semaphore",
            "Watchdog"]
MESSAGE = re.compile(rf"(?:{FUNCTION}|(?:{'|'.join(NAMELESS)}): ){WHAT}")
LOGGED = re.compile(rf"(?:%s: |{FUNCTION}|(?:{'|'.join(NAMELESS)}): |(?:Task|Cache) '%s': ){WHAT}")

# The fiber whose stack it is puts its task before these.
FRAGMENTS = {"src/body/stack.c"}
# It prints tasks as well as messages.
PRINTS = {"src/task/task-state.c", "src/task/task-about.c"}


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


def texts(argument):
    """Gives the texts of an argument."""
    for text in TEXT.finditer(argument):
        yield "".join(literal[1:-1] for literal in LITERAL.findall(text[0]))


def check(name, text):
    for call in MAKERS.finditer(text):
        if text[:call.start()].endswith("\n"):
            continue  # the function itself
        arguments = split_arguments(text, call.end())
        is_plain = call[1] in PLAIN
        message = arguments[PLAIN[call[1]] if is_plain else HELPERS[call[1]]]
        form = re.compile(WHAT) if name in FRAGMENTS or not is_plain else MESSAGE
        if unmarked(message) and message != '"%s"':
            yield f"{name}: a message is not marked with _(): {message}"
        for words in texts(message):
            if words != "%s" and not form.fullmatch(words):
                yield f"{name}: a message does not begin with what it is about, or what is wrong is no clause: {words}"
    for call in LOGGERS.finditer(text):
        message = split_arguments(text, call.end())[0]
        if re.search(r"\b_\(", message):
            yield f"{name}: what is logged is for programmers, and is not translated: {call[0]}"
        for words in texts(message):
            if not LOGGED.fullmatch(words):
                yield f"{name}: what is logged does not begin with what it is about: {words}"
    if name not in PRINTS and re.search(r"(?<!\n)\btend_task_to_string \(", text):
        yield f"{name}: a message names a task as tend_task_head() prints it, and not with tend_task_to_string()"


def main(root):
    root = pathlib.Path(root)
    faults, marked = [], set()
    for path in sorted(root.glob("src/*/*.c")):
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(root))
        faults += check(name, text)
        if re.search(r'\b(_|tend_ngettext )\("', text):
            marked.add(name)
    listed = set((root / "po/POTFILES.in").read_text(encoding="utf-8").split())
    faults += [f"po/POTFILES.in: {name} is missing, or has no messages" for name in sorted(marked ^ listed)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def self_test():
    bad = [
        'g_set_error (error, A, B, a ? "Channel: x" : _("Channel: y"), f ("z"));',
        'g_warning (_("Channel: w"));',
        'g_set_error (error, A, B, _("%s was cancelled"), task);',
        'g_set_error (error, A, B, _("%s: was cancelled"), task);',
        'g_set_error (error, A, B, _("Channel: closed."));',
        'g_set_error (error, A, B, _("Channel: Has been closed"));',
        'tend_task_set_error (task, error, A, B, _("Not added"));',
        'tend_task_set_error (task, error, A, B, _("cancelled!"));',
        'tend_task_set_error (task, error, A, B, "cancelled");',
        'g_critical ("The task %s is over", task);',
        'task = tend_task_to_string (self);',
    ]
    good = """
  g_set_error (error, A, B, _("%s(): x (%" PRId64 ") y"), "name");
  return g_error_new_literal (A, B, _("Channel: closed"));
  tend_task_set_error (task, error, A, B, a ? _("cancelled: %s") : _("UTF-8 is needed"), "x");
  g_warning ("%s: w %s", head, x);
  g_critical ("%s(): number %" G_GSIZE_FORMAT " is no task", func, n);
"""
    for line in bad:
        assert len(list(check("bad", " " + line))) == 1, line
    assert not list(check("good", good)), list(check("good", good))


if __name__ == "__main__":
    self_test()
    sys.exit(main(sys.argv[1]))
