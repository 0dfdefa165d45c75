# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every link of the generated reference leads somewhere: check-links.py REFERENCE_DIR

It fails for a link to a page that is not there, for an anchor that its page does not have, for a link to another
library that urlmap.js does not know, and for a [kind@Name] that gi-docgen left as text. It looks nothing up on the
network.
"""

import collections
import html.parser
import pathlib
import re
import sys
import tempfile
import urllib.parse

UNRESOLVED = re.compile(
    r"\[(?:alias|callback|class|class_method|const|ctor|enum|error|flags|func|id|iface|method|property|signal|struct|"
    r"type|vfunc)@[\w.:-]+\]")
MAPPED = re.compile(r"\[\s*'(\w+)'\s*,\s*'https?://")


class Page(html.parser.HTMLParser):
    """The anchors, the links and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.anchors = set()
        self.links = []
        self.namespaces = set()
        self.text = []
        self.in_code = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        if attrs.get("data-namespace"):
            self.namespaces.add(attrs["data-namespace"])
        elif tag in ("a", "link") and attrs.get("href"):    # empty for an address that tend.toml does not have
            self.links.append(attrs["href"])
        elif tag in ("img", "script") and attrs.get("src"):
            self.links.append(attrs["src"])
        self.in_code += tag == "pre"

    def handle_endtag(self, tag):
        self.in_code -= tag == "pre"

    def handle_data(self, data):
        if not self.in_code:
            self.text.append(data)


def check(root):
    """The problems of a reference, as (page, problem), and the number of its links."""
    urlmap = root / "urlmap.js"
    mapped = set(MAPPED.findall(urlmap.read_text(encoding="utf-8"))) if urlmap.is_file() else set()
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in sorted(root.glob("*.html"))}
    problems, n_links = [], 0

    for name, page in pages.items():
        problems += [(name, f"{text} was not resolved") for text in UNRESOLVED.findall("".join(page.text))]
        problems += [(name, f"urlmap.js has no {namespace}") for namespace in page.namespaces - mapped]
        for link in page.links:
            n_links += 1
            url = urllib.parse.urlsplit(link)
            if url.scheme or url.netloc:
                continue
            path = urllib.parse.unquote(url.path)
            target = path or name
            if not (root / target).is_file():
                problems.append((name, f"there is no {target}"))
            elif url.fragment and target in pages and urllib.parse.unquote(url.fragment) not in pages[target].anchors:
                problems.append((name, f"{target} has no anchor #{url.fragment}"))
    return problems, n_links


def self_test():
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "urlmap.js").write_text("baseURLs = [\n    ['GLib', 'https://example.org/'],\n];\n")
        (root / "b.html").write_text("<h1 id='here'>b</h1>")
        (root / "a.html").write_text(
            "<a href='b.html#here'>good</a><a href='https://example.org/x'>good</a><pre>[class@Foo.Good]</pre>"
            "<a data-namespace='GLib' href='javascript:void(0)'>good</a>")
        assert check(root) == ([], 2)
        (root / "a.html").write_text(
            "<a href='c.html'>1</a><a href='b.html#there'>2</a><a href='#there'>3</a><p>[class@Foo.Bad]</p>"
            "<a data-namespace='Gtk' href='javascript:void(0)'>5</a><img src='none.svg'>")
        assert len(check(root)[0]) == 6, check(root)


def main(root):
    if not (root / "index.html").is_file():
        print(f"There is no reference in {root}: the test \"reference\" makes it")
        return 1
    problems, n_links = check(root)
    for (page, problem), count in sorted(collections.Counter(problems).items()):
        print(f"{page}: {problem}" + (f" ({count} times)" if count > 1 else ""))
    print(f"{n_links} links, {len(problems)} of them dead or unresolved")
    return 1 if problems or not n_links else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    else:
        sys.exit(main(pathlib.Path(sys.argv[1])))
