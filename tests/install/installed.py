# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the installed library share: a build that is installed, places where it stands, TAP."""

import contextlib
import functools
import json
import os
import pathlib
import re
import shlex
import stat
import subprocess
import tempfile

# A cache of the loader that knows what lies where it looks, in the place of the system's.
CACHE = """[ ! -d /var/cache/ldconfig ] || mount -t tmpfs tmpfs /var/cache/ldconfig
/sbin/ldconfig -X -C {cache} 2>/dev/null
mount --bind {cache} /etc/ld.so.cache
"""

# Where programs look by themselves, and what of a libtend they would find there.
SYSTEM = ["/usr", "/usr/local"]
FOUND = [
    "include/tend-1",
    *(f"{lib}/{name}" for lib in ("lib", "lib64", "lib/*")
      for name in ("libtend-1.*", "pkgconfig/tend-1.pc", "girepository-1.0/Tend-1.typelib")),
    "share/pkgconfig/tend-1.pc",
    "share/gir-1.0/Tend-1.gir",
    "share/vala*/vapi/tend-1.*",
    "share/gjs-1.0/overrides/Tend*",
    "lib/python3*/*-packages/gi/overrides/Tend*",
]

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
    """A prefix, as the programs see it that run there. None: the tree of files itself, wherever it is.

    A libtend that is installed in the system is not to be seen, since it could be found where this one is not."""

    def __init__(self, tree, prefix=None):
        self.tree = tree
        self.prefix = pathlib.Path(prefix or tree)
        self.work = tree.parent / "work"
        self.work.mkdir(exist_ok=True)
        self.layers = {} if prefix is None else {prefix: [tree]}
        hiding = self.make_hiding_layers()
        self.enter = self.find_way(hiding)
        self.sees_another = self.enter is None and bool(hiding)
        if self.sees_another:
            self.enter = self.find_way({})

    def make_hiding_layers(self):
        """For each folder of the system that has a libtend, a layer which says that it has not."""
        layers = {}
        for folder in map(pathlib.Path, SYSTEM):
            layer = self.work / "hidden" / folder.relative_to("/").as_posix().replace("/", "-")
            for found in {path for pattern in FOUND for path in folder.glob(pattern)}:
                whiteout = layer / found.relative_to(folder)
                whiteout.parent.mkdir(parents=True, exist_ok=True)
                os.mknod(whiteout, stat.S_IFCHR, os.makedev(0, 0))
                layers[str(folder)] = [layer]
        return layers

    def find_way(self, hiding):
        """The command that gives mounts of one's own: as root, or as root of a name space of users."""
        own = self.layers
        self.layers = {folder: own.get(folder, []) + hiding.get(folder, [])
                       for folder in sorted({*own, *hiding})}
        if not self.layers:
            return []
        for way in (["unshare", "-m"], ["unshare", "-rm"]):
            with contextlib.suppress(Failed, FileNotFoundError):
                self.enter = way
                run(*self.inside("true"))
                return way
        self.layers = own
        return None

    def inside(self, *command, cache=""):
        """The command, run where the layers lie over their folders: for it and for nobody else.

        All layers are lower ones: without an upper one nothing can be written to what lies below. A folder is put
        together before any comes to its place, for no more than two may lie over one another."""
        if not self.enter:
            return command
        made, placed = "", ""
        for number, (folder, layers) in enumerate(self.layers.items()):
            stage = self.work / f"stage-{number}"
            stage.mkdir(exist_ok=True)
            below = shlex.quote("lowerdir=" + ":".join(map(str, [*layers, folder])))
            made += f"mount -t overlay overlay -o {below} {shlex.quote(str(stage))}\n"
            placed += f"mount --bind {shlex.quote(str(stage))} {shlex.quote(folder)}\n"
        script = "set -e\n" + made + placed
        if cache:
            script += CACHE.format(cache=shlex.quote(str(cache)))
        return (*self.enter, "--", "sh", "-c", script + 'exec "$@"\n', "sh", *command)

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


class Skipped(Exception):
    """What cannot be tried here, and why."""


def tap(cases):
    """Runs the cases, pairs of a name and a function, and reports each."""
    n_bad = 0
    print(f"1..{len(cases)}", flush=True)
    for number, (name, case) in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} - {name}", flush=True)
        except Skipped as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except (Failed, AssertionError, OSError) as error:
            n_bad += 1
            print(re.sub("^", "# ", str(error) or repr(error), flags=re.MULTILINE))
            print(f"not ok {number} - {name}", flush=True)
    return 1 if n_bad else 0
