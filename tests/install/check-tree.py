# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands where after "meson install": all of it, nothing else, and nothing after "ninja uninstall"."""

import argparse
import filecmp
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as etree

from installed import ANYTHING, below, option, run, staged, tap

GIR = "{http://www.gtk.org/introspection/core/1.0}"


def files_below(top):
    """But for what newer Meson compiles of Python's files when all is installed, and forgets to take away again."""
    return {str(p.relative_to(top)) for p in top.glob("**/*") if not p.is_dir() and "__pycache__" not in p.parts}


class Tree:
    """An installed build."""

    def __init__(self, args, destdir):
        build = args.build
        self.build = build
        self.source = args.source
        self.has = args.has
        self.destdir = destdir
        self.prefix = below(destdir, option(build, "prefix"))
        self.libdir = option(build, "libdir")
        self.datadir = option(build, "datadir")
        self.shared = option(build, "default_library") != "static"
        self.gir = self.prefix / self.datadir / "gir-1.0/Tend-1.gir"

    def expected(self):
        """Patterns of what belongs below the prefix, by what the build has."""
        headers = [h.name for h in (self.source / "include").glob("*.h")] + ["tend-version.h"]
        yield from (re.escape(f"{option(self.build, 'includedir')}/tend-1/{name}") for name in headers)
        yield re.escape(f"{self.libdir}/pkgconfig/tend-1.pc")
        if self.shared:
            yield re.escape(f"{self.libdir}/libtend-1.") + r"(so|dylib)"
            yield re.escape(f"{self.libdir}/libtend-1.") + r"(so\.0|0\.dylib)"
        if not self.shared or option(self.build, "default_library") == "both":
            yield re.escape(f"{self.libdir}/libtend-1.a")
        if "vapi" in self.has:
            yield from (re.escape(f"{self.datadir}/vala/vapi/tend-1.{end}") for end in ("vapi", "deps"))
        if "introspection" in self.has:
            yield from self.expected_of_bindings()

    def expected_of_bindings(self):
        yield re.escape(f"{self.datadir}/gir-1.0/Tend-1.gir")
        yield re.escape(f"{self.libdir}/girepository-1.0/Tend-1.typelib")
        bindings = self.source / "bindings"
        overrides = [("gjs/overrides", re.escape(f"{self.datadir}/gjs-1.0/overrides/"))]
        if "python" in self.has:
            overrides.append(("python/gi/overrides/Tend", ".*-packages/gi/overrides/Tend/"))
            overrides.append(("python/gi-stubs", ".*-packages/gi-stubs/"))
        for top, place in overrides:
            yield from (place + re.escape(name) for name in files_below(bindings / top))

    def all_of_it(self):
        found = {re.sub("^/", "", f) for f in files_below(self.prefix)}
        missing = [e for e in self.expected() if not any(re.fullmatch(e, f) for f in found)]
        assert not missing, f"missing: {missing}"

    def nothing_else(self):
        inside = str(self.prefix.relative_to(self.destdir)) + "/"
        wanted = re.compile("|".join(f"(?:{e})" for e in self.expected()))
        reference = f"{self.datadir}/doc/tend-1/"
        others = [f for f in files_below(self.destdir)
                  if not f.startswith(inside)
                  or not (wanted.fullmatch(f[len(inside):]) or f[len(inside):].startswith(reference))]
        assert not others, f"nobody knows of: {others}"

    def names_no_place(self):
        """The library is stripped for this: what is written for a debugger has to name the sources."""
        places = [str(self.build), str(self.source), os.path.relpath(self.source, self.build) + "/src"]
        bad = [(f, p) for f in files_below(self.destdir) for p in places
               if p.encode() in (self.destdir / f).read_bytes()]
        assert not bad, f"named in what is installed: {bad}"

    def gir_is_whole(self):
        repository = etree.parse(self.gir).getroot()
        assert repository.find(GIR + "package").get("name") == "tend-1"
        namespace = repository.find(GIR + "namespace")
        assert namespace.get("name") == "Tend" and namespace.get("version") == "1"
        assert namespace.get("shared-library") == "libtend-1.so.0" or not self.shared

    def typelib_is_of_gir(self):
        compiled = self.destdir.parent / "Tend-1.typelib"
        run("g-ir-compiler", "-o", compiled, self.gir, allow=ANYTHING)
        assert filecmp.cmp(compiled, self.prefix / self.libdir / "girepository-1.0/Tend-1.typelib", shallow=False)

    def uninstalls(self):
        run("ninja", "-C", self.build, "uninstall")
        left = files_below(self.destdir)
        assert not left, f"left: {left}"

    def cases(self):
        cases = [
            ("all of it is there", self.all_of_it),
            ("nothing else is there", self.nothing_else),
            ("nothing names the place of the build", self.names_no_place),
        ]
        if "introspection" in self.has:
            cases += [
                ("the GIR names its library", self.gir_is_whole),
                ("the typelib is that of the GIR", self.typelib_is_of_gir),
            ]
        return cases + [("uninstall leaves nothing", self.uninstalls)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--has", action="append", default=[], choices=["introspection", "python", "vapi"])
    args = parser.parse_args()
    with staged(args.build, "--strip") as destdir:
        return tap(Tree(args, destdir).cases())


if __name__ == "__main__":
    sys.exit(main())
