# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The layout of src/: small circles, short private headers, short functions, and a task whose fields are its own.

The files of one folder call one another in one direction. Who calls whom is read from the symbols of the object files,
so that nothing is missed; a few files may form a circle. The functions *_get_type() do not count, for each file needs
the types of the others.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

MOST_IN_CIRCLE = 3
MOST_IN_HEADER = 200
MOST_IN_FUNCTION = 60
MOST_COLUMNS = 120


HEAD = re.compile(r"^(\w+) \(")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


# --- Circles ---

def read_symbols(nm, paths):
    """For each object file the symbols that it defines for others, and those that it asks others for."""
    output = subprocess.run([nm, "-g", "-A", *map(str, paths)], check=True, capture_output=True, text=True).stdout
    symbols = {path: (set(), set()) for path in paths}
    for line in output.splitlines():
        path, _, rest = line.rpartition(":")
        *_, kind, name = rest.split()
        if not name.endswith("_get_type"):
            symbols[pathlib.Path(path)][kind in "Uvw"].add(name)
    return symbols


def find_calls(symbols):
    """For each name in @symbols, a dictionary of (defined, wanted), the others that it asks for something."""
    owners = {symbol: name for name, (defined, _) in symbols.items() for symbol in defined}
    return {name: {owners[symbol] for symbol in wanted if symbol in owners} - {name}
            for name, (_, wanted) in symbols.items()}


def find_circles(calls):
    """The sets of names that reach one another, those of one name aside."""
    reached = {}
    for name in calls:
        seen, left = set(), [name]
        while left:
            for other in calls[left.pop()] - seen:
                seen.add(other)
                left.append(other)
        reached[name] = seen
    circles = {frozenset(other for other in reached[name] if name in reached[other])
               for name in calls if name in reached[name]}
    return sorted(sorted(circle) for circle in circles)


def check_circles(src, objects, nm):
    """The circles within each folder that are too large. What is left of a file that is gone does not count."""
    folders = {}
    for source in sorted(src.glob("*/*.c")):
        for path in objects.glob(f"libtend-*.p/{source.parent.name}_{source.name}.o"):
            folders.setdefault(source.parent.name, {})[source.name] = path
    symbols = read_symbols(nm, [path for paths in folders.values() for path in paths.values()])

    problems = []
    for folder, paths in folders.items():
        calls = find_calls({name: symbols[path] for name, path in paths.items()})
        for circle in find_circles(calls):
            if len(circle) > MOST_IN_CIRCLE:
                problems.append(f"{folder}: a circle of {len(circle)} files: {', '.join(circle)}")
    return problems


# --- Headers and functions ---

def find_functions(text):
    """The functions that a file defines, each with the lines of its body."""
    lines = text.split("\n")
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            heads = [HEAD.match(head) for head in lines[max(0, start - 12):start]]
            names = [head.group(1) for head in heads if head]
            if names:
                yield names[-1], number - start - 1
            start = None


def check_lengths(src):
    problems = []
    for path in sorted(src.rglob("*.[ch]")):
        name = path.relative_to(src).as_posix()
        text = path.read_text(encoding="utf-8")
        length = text.count("\n")
        if name.endswith("-private.h") and length > MOST_IN_HEADER:
            problems.append(f"{name}: {length} lines are too many for a private header")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > MOST_COLUMNS:
                problems.append(f"{name}:{number}: has {len(line)} columns")
        for function, n_lines in find_functions(text):
            if n_lines > MOST_IN_FUNCTION:
                problems.append(f"{name}: {function}() has {n_lines} lines")
    return problems


# --- The fields of a task ---

def check_fields(src):
    """Which files see the fields of a task that should not, be it by way of other headers."""
    struct = "struct _TendTask"
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(src.rglob("*.[ch]"))}
    includes = {path: set(INCLUDE.findall(text)) for path, text in texts.items()}
    seeing = {path for path, text in texts.items() if re.search(rf"^{struct}\n{{", text, re.MULTILINE)}
    if len(seeing) != 1:
        return [f"{struct} is defined in {len(seeing)} files"]

    grows = True
    while grows:
        names = {path.name for path in seeing}
        more = {path for path in texts if includes[path] & names} - seeing
        seeing |= more
        grows = bool(more)
    return [f"{path.relative_to(src)} sees the fields of {struct}" for path in sorted(seeing)
            if path.relative_to(src).parts[0] != "task"]


# --- The test of the test ---

def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def self_test():
    """Plants what is bad, and sees whether it is found."""
    symbols = {"a": ({"fa"}, {"fb"}), "b": ({"fb"}, {"fc", "fx"}), "c": ({"fc"}, {"fa"}), "d": ({"fd"}, {"fa"})}
    assert find_circles(find_calls(symbols)) == [["a", "b", "c"]]
    symbols["c"] = ({"fc"}, set())
    assert find_circles(find_calls(symbols)) == []

    function = "static int\nlong_one (int a,\n          int b)\n{\n" + "  a++;\n" * 61 + "}\n"
    with tempfile.TemporaryDirectory() as tmp:
        src = pathlib.Path(tmp)
        write(src, {
            "task/task-fields-private.h": "struct _TendTask\n{\n  int a;\n};\n",
            "task/a.c": '#include "task-fields-private.h"\n' + function,
            "task/long-private.h": "\n" * 201 + "//" + "x" * 119,
        })
        assert check_fields(src) == [], check_fields(src)
        assert len(check_lengths(src)) == 3, check_lengths(src)
        write(src, {
            "task/door-private.h": '#include "task-fields-private.h"\n',
            "body/b.c": '#include "door-private.h"\n',
        })
        assert check_fields(src) == ["body/b.c sees the fields of struct _TendTask"], check_fields(src)


def main(args):
    if args == ["--self-test"]:
        self_test()
        return 0
    nm, src, objects = args[0], pathlib.Path(args[1]), pathlib.Path(args[2])
    problems = check_circles(src, objects, nm) + check_lengths(src) + check_fields(src)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
