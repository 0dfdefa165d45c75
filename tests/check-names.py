# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages link what they name, and name what is there: check-names.py [--fix] ROOT GIR...

In the pages of the site, a code span that is just the name of a type or just a function with its parentheses is a
link, if a GIR has it: `tend_task_start()` is written [method@Tend.Task.start], `GCancellable`
[class@Gio.Cancellable], and `GLib.Error`, as Vala, Python and JavaScript say, is a link with that text. That holds
for prose, lists and tables, not for headings and code blocks. With --fix the script writes the links. A name of
libtend's own has to exist in include/ or src/, in all pages, README.md and CONTRIBUTING.md. And each page has a place
in doc/meson.build.
"""

import pathlib
import re
import sys
import textwrap
import xml.etree.ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"

TYPES = {"class": "class", "interface": "iface", "record": "struct", "enumeration": "enum", "bitfield": "flags",
         "callback": "callback", "alias": "alias"}
MEMBERS = {"constructor": "ctor", "method": "method", "function": "func"}

# Where the pages of a type are.
PAGES = {"Tend": "", "GLib": "https://docs.gtk.org/glib/", "GObject": "https://docs.gtk.org/gobject/",
         "Gio": "https://docs.gtk.org/gio/"}

# Types of C, whose GIR names are those of fundamental types or are no types at all.
NO_LINK = {"GType", "gboolean", "gpointer", "gint64", "guint64"}

# A page that is no part of the site.
ASIDE = {"claims"}

# A pattern, and no name.
PATTERNS = {"tend_class_verb"}

SPAN = re.compile(r"(?<![`\[\w])`([^`\n]+)`(?!`)")
NAME = re.compile(r"(\w+)(?: ?\(\))?")
OWN = re.compile(r"\b(?:tend_\w*[a-z0-9]|TEND_[A-Z0-9_]*[A-Z0-9]|Tend[A-Z]\w+)\b(?![*_])")


def links(girs):
    """The links of the names of C: {"tend_task_start": "[method@Tend.Task.start]"}."""
    found = {}
    for gir in girs:
        namespace = xml.etree.ElementTree.parse(gir).getroot().find(CORE + "namespace")
        n = namespace.get("name")
        for node in namespace:
            tag = node.tag.removeprefix(CORE)
            name = node.get("name")
            if tag == "function" and not node.get("moved-to"):
                found[node.get(C + "identifier")] = f"[func@{n}.{name}]"
            if tag not in TYPES or node.get(GLIB + "is-gtype-struct-for"):
                continue
            kind = "error" if node.get(GLIB + "error-domain") else TYPES[tag]
            found[node.get(C + "type")] = f"[{kind}@{n}.{name}]"
            found[f"{n}.{name}"] = f"[`{n}.{name}`]({PAGES[n]}{kind}.{name}.html)"
            for member in node:
                kind = MEMBERS.get(member.tag.removeprefix(CORE))
                if kind and not member.get("moved-to"):
                    found[member.get(C + "identifier")] = f"[{kind}@{n}.{name}.{member.get('name')}]"
    return {name: link for name, link in found.items() if name not in NO_LINK}


def prose(text):
    """The lines of a page, as (line, whether it is prose)."""
    in_block = False
    for line in text.split("\n"):
        if line.startswith("```"):
            in_block = not in_block
            yield line, False
        else:
            is_code = line.startswith("    ") and not line.startswith("    [") and line[4:5] in (" ", "|", "")
            yield line, not (in_block or is_code or line.startswith(("#", "Title:", "Slug:")))


def link_of(span, known):
    """The link that is to be written instead of a code span, if there is one."""
    if "." in span:
        return known.get(span)
    match = NAME.fullmatch(span)
    if not match or (match[1].islower() and "(" not in span):
        return None
    return known.get(match[1])


def wrapped(text):
    """The text with the paragraphs wrapped anew that have a line that is too long."""
    def one(paragraph):
        lines = paragraph.split("\n")
        if max(map(len, lines)) <= 120 or lines[0].startswith(("|", "#", "    ", "```")) or "\n|" in paragraph:
            return paragraph
        items = re.split(r"\n(?=(?:- |\d+\. |:   ))", paragraph)
        result = []
        for item in items:
            mark = re.match(r"(- |\d+\. |:   )?", item)[0]
            joined = " ".join(line.strip() for line in item.split("\n"))
            kept = re.sub(r"`[^`]+`", lambda match: match[0].replace(" ", "\0"), joined)
            result.append(textwrap.fill(kept, 118, subsequent_indent=" " * len(mark), break_long_words=False,
                                        break_on_hyphens=False).replace("\0", " "))
        return "\n".join(result)

    parts = re.split(r"(^```.*?^```)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else "\n\n".join(map(one, part.split("\n\n"))) for part in parts)


def check(text, known, exists, is_linked):
    """The problems of a page, and the text with its links."""
    problems, lines = [], []
    for line, is_prose in prose(text):
        if is_prose:
            problems += [f"there is no {name}" for name in OWN.findall(line) if not exists(name)]
            if is_linked:
                for span in SPAN.findall(line):
                    link = link_of(span, known)
                    if link:
                        problems.append(f"`{span}` is to be written {link}")
                line = SPAN.sub(lambda match: link_of(match[1], known) or match[0], line)
        lines.append(line)
    return problems, wrapped("\n".join(lines))


def self_test():
    known = {"tend_foo_go": "[method@Tend.Foo.go]", "TendFoo": "[class@Tend.Foo]",
             "Tend.Foo": "[`Tend.Foo`](class.Foo.html)"}
    page = ("# `tend_foo_go()`\n\nA `TendFoo` has `tend_foo_go ()`, `tend_foo_go (1)`, `tend_foo_go`, "
            "[`TendFoo`](x.html), `TEND_FOO_BAD`, `Tend.Foo`.\n\n```c\ntend_foo_come ();\n```\n")
    problems, fixed = check(page, known, lambda name: name != "TEND_FOO_BAD", True)
    assert len(problems) == 4, problems
    assert "[`Tend.Foo`](class.Foo.html)." in fixed, fixed
    assert "A [class@Tend.Foo] has [method@Tend.Foo.go], `tend_foo_go (1)`, `tend_foo_go`, [`TendFoo`]" in fixed, fixed
    assert "```c\ntend_foo_come ();\n```" in fixed
    assert check(fixed, known, lambda name: True, True) == ([], fixed)


def main(root, girs, is_fixing):
    root = pathlib.Path(root)
    known = links(girs)
    source = "\n".join(path.read_text(encoding="utf-8") for directory in ("include", "src")
                       for path in root.glob(f"{directory}/**/*.[chS]*"))
    source += "\n".join(path.read_text(encoding="utf-8") for path in root.glob("[sb]*/**/meson.build"))
    words = set(re.findall(r"\w+", source)) | {match.group(1) for match in re.finditer(r"(Tend\w+)Class\b", source)}
    build = (root / "doc/meson.build").read_text(encoding="utf-8")
    n_problems = 0

    def exists(name):
        return name in words | PATTERNS

    for page in [root / "README.md", root / "CONTRIBUTING.md", *sorted(root.glob("doc/*.md"))]:
        is_page = page.parent.name == "doc" and page.stem not in ASIDE
        text = page.read_text(encoding="utf-8")
        problems, fixed = check(text, known, exists, is_page)
        if is_page and f"'{page.stem}'" not in build:
            problems.append("it has no place in doc/meson.build")
        if is_fixing and fixed != text and is_page:
            page.write_text(fixed, encoding="utf-8")
            problems = [problem for problem in problems if "is to be written" not in problem]
        n_problems += len(problems)
        for problem in problems:
            print(f"{page.relative_to(root)}: {problem}")
    print(f"{len(known)} names, {n_problems} problems")
    return 1 if n_problems or not known else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        arguments = [argument for argument in sys.argv[1:] if argument != "--fix"]
        sys.exit(main(arguments[0], arguments[1:], "--fix" in sys.argv))
