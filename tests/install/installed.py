# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the installed library share: a build that is installed, places where it stands, TAP."""

import contextlib
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile

# Puts the tree $1 over the prefix $2, for this command and nobody else. Both layers are lower ones: without
# an upper one nothing can be written to what lies below. $3, if any, takes a cache of the loader that knows of it.
MOUNT = """set -e
mount -t overlay overlay -o "lowerdir=$1:$2" "$2"
if [ -n "$3" ]; then
  [ ! -d /var/cache/ldconfig ] || mount -t tmpfs tmpfs /var/cache/ldconfig
  /sbin/ldconfig -X -C "$3" 2>/dev/null
  mount --bind "$3" /etc/ld.so.cache
fi
shift 3
exec "$@"
"""

# In seconds: for what hangs, not for what is slow.
TIMEOUT = 300


class Failed(Exception):
    """A command that did not do what it should, with all that it said."""


def run(*command, allow=re.compile(""), timeout=TIMEOUT, **options):
    """Runs a command that must succeed, and gives its output. What it says on stderr has to match ALLOW."""
    try:
        result = subprocess.run([str(c) for c in command], text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, **options)
    except subprocess.TimeoutExpired as error:
        raise Failed(str(error)) from error
    if result.returncode or not allow.fullmatch(result.stderr):
        raise Failed(f"{command}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


ANYTHING = re.compile(".*", re.DOTALL)


@functools.cache
def options_of(build):
    options = json.loads(run("meson", "introspect", "--buildoptions", build, allow=ANYTHING))
    return {o["name"]: o["value"] for o in options}


def option(build, name):
    """The value of an option of a build directory."""
    return options_of(build)[name]


def configure(build, source, prefix, *options):
    """Builds the library for a prefix, without what is not installed."""
    run("meson", "setup", build, source, f"-Dprefix={prefix}", "-Dtests=false", "-Dexamples=false",
        "-Dwerror=true", *options, allow=ANYTHING)
    run("ninja", "-C", build, timeout=800, allow=ANYTHING)


@contextlib.contextmanager
def staged(build, *options):
    """Installs a build below a directory that is removed afterwards.

    Meson's log of what it installed is put back, for otherwise a later "ninja uninstall" of somebody who
    had installed this build for good would look for the files here."""
    log = pathlib.Path(build, "meson-logs/install-log.txt")
    kept = log.read_bytes() if log.exists() else None
    with tempfile.TemporaryDirectory(prefix="tend install ") as tmp:
        try:
            destdir = pathlib.Path(tmp, "dest dir")
            run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", destdir, *options,
                allow=ANYTHING)
            yield destdir
        finally:
            log.unlink(missing_ok=True)
            if kept is not None:
                log.write_bytes(kept)


def below(destdir, path):
    """Where an absolute path lies below a DESTDIR."""
    return destdir / pathlib.Path(path).relative_to("/")


class Place:
    """A prefix, as the programs see it that run there. None: the tree of files itself, wherever it is."""

    def __init__(self, tree, prefix=None):
        self.tree = tree
        self.prefix = pathlib.Path(prefix or tree)
        self.enter = [] if prefix is None else self.find_way()
        self.work = tree.parent / "work"
        self.work.mkdir(exist_ok=True)

    def find_way(self):
        """The command that gives mounts of one's own: as root, or as root of a name space of users."""
        for way in (["unshare", "-m"], ["unshare", "-rm"]):
            with contextlib.suppress(Failed, FileNotFoundError):
                self.enter = way
                run(*self.inside("true"))
                return way
        return None

    def inside(self, *command, cache=""):
        """The command, run where the tree lies over the prefix."""
        if not self.enter:
            return command
        return (*self.enter, "--", "sh", "-c", MOUNT, "sh", self.tree, self.prefix, cache, *command)

    def relocate(self):
        """For a build that was made for another prefix: only the file of pkg-config names it."""
        pc, = self.tree.glob("**/pkgconfig/tend-1.pc")
        quoted = str(self.prefix).replace(" ", "\\ ")
        text, n = re.subn("^prefix=.*$", lambda _: f"prefix={quoted}", pc.read_text(encoding="utf-8"),
                          flags=re.MULTILINE)
        assert n == 1
        pc.write_text(text, encoding="utf-8")

    def find(self, pattern):
        """The folder below the prefix in which something like PATTERN stands."""
        found = next(self.tree.glob("**/" + pattern))
        return self.prefix / found.relative_to(self.tree).parent

    def environment(self, needs):
        """An environment without anything but these variables, each with its value for this place."""
        values = {
            "PKG_CONFIG_PATH": lambda: self.find("tend-1.pc"),
            "LD_LIBRARY_PATH": lambda: self.find("libtend-1.so"),
            "GI_TYPELIB_PATH": lambda: self.find("Tend-1.typelib"),
            "XDG_DATA_DIRS": lambda: f"{self.prefix / 'share'}:/usr/local/share:/usr/share",
            "PYTHONPATH": lambda: self.find("gi/overrides/Tend").parents[1],
        }
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return env | {name: str(values[name]()) for name in needs if name in values}

    def run(self, *command, needs=(), **options):
        """Runs a command there, with what it needs: variables, or a cache of the loader ("ldconfig")."""
        cache = self.work / "ld.so.cache" if "ldconfig" in needs else ""
        return run(*self.inside(*command, cache=cache), cwd=self.work, env=self.environment(needs), **options)


def tap(cases):
    """Runs the cases, pairs of a name and a function, and reports each."""
    n_bad = 0
    print(f"1..{len(cases)}", flush=True)
    for number, (name, case) in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} - {name}", flush=True)
        except (Failed, AssertionError, OSError) as error:
            n_bad += 1
            print(re.sub("^", "# ", str(error) or repr(error), flags=re.MULTILINE))
            print(f"not ok {number} - {name}", flush=True)
    return 1 if n_bad else 0
