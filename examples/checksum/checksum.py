# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""checksum in Python: see main.c for what it does.

Channels lead from the coroutine that walks through the tree to those that have the files hashed, each one at a time
in a thread, and from these to the one that writes the lines. All of them are a group: it ends when they have ended,
and what fails or is interrupted ends all.
"""

import argparse
import base64
import collections.abc
import contextlib
import hashlib
import importlib
import json
import os
import signal
import sys

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend

try:
    # Newer GLib has apart what is of Unix.
    gi.require_version("GLibUnix", "2.0")
    add_signal = importlib.import_module("gi.repository.GLibUnix").signal_add
except ValueError:
    add_signal = GLib.unix_signal_add

MAX_JOBS = 256
WINDOW = 512            # how many files the walk is ahead
BATCH = 64              # how many lines may wait to be written
MAX_LEFT_OUT = 10       # how many of them are named after an interrupt
GRACE = 0.25    # what threads get to end in after that
FRAME = 0.0625
BUFFER_SIZE = 128 * 1024


def printable(path):
    """A name, in whichever bytes, as a terminal may show it."""
    text = path.decode(errors="backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def format_line(path, sha256=None, **_):
    """The line of sha256sum, for "sha256sum -c"; on a terminal it is only looked at."""
    if sha256 is None:
        return b""
    escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    shown = os.fsencode(printable(escaped)) if sys.stdout.isatty() else escaped
    return (b"\\" if escaped != path else b"") + sha256.encode() + b"  " + shown + b"\n"


def format_json(path, **members):
    text = path.decode(errors="replace")
    exact = {"path_base64": base64.b64encode(path).decode()} if text.encode() != path else {}
    return json.dumps({"path": text, **exact, **members}).encode() + b"\n"


FORMATS: dict[bool, collections.abc.Callable[..., bytes]] = {False: format_line, True: format_json}


def scan(directory):
    """Gives the files and the directories in a directory. Runs in a thread, as digest() does."""
    with os.scandir(directory) as entries:
        found = list(entries)
    return ([entry.path for entry in found if entry.is_file(follow_symlinks=False)],
            [entry.path for entry in found if entry.is_dir(follow_symlinks=False)])


def digest(path):
    """Gives the length of a file and its checksum."""
    task, sha256, n_bytes = Tend.current_task(), hashlib.sha256(), 0
    # A link that has come into its place meanwhile is not followed.
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        while data := file.read(BUFFER_SIZE):
            sha256.update(data)
            n_bytes += len(data)
            if task.is_cancelling():
                raise Tend.CancelledError()
            if size > BUFFER_SIZE:
                task.set_progress(min(n_bytes / size, 1), None)
    return {"bytes": n_bytes, "sha256": sha256.hexdigest()}


class Checksum:
    def __init__(self, options):
        self.options = options
        self.began = Tend.get_time()
        self.n_working = options.jobs
        self.n_files = self.n_bytes = self.n_rows = self.status = 0
        self.paths = Tend.Channel.new(WINDOW)
        self.lines = Tend.Channel.new(BATCH)
        self.writing = None     # the task that writes lines
        self.unfinished = {}    # from a path to the task that hashes it, until its line is written
        self.format = FORMATS[options.json]
        is_terminal = sys.stdout.isatty()
        self.shows_lines = not is_terminal or options.json or options.print
        self.shows_work = sys.stderr.isatty() and not (is_terminal and self.shows_lines)

    async def run(self):
        main = Tend.current_task()
        for signum in (signal.SIGINT, signal.SIGTERM):
            # Whoever started the program with the signal ignored, as nohup does, means it.
            if signal.getsignal(signum) != signal.SIG_IGN:
                add_signal(GLib.PRIORITY_HIGH, signum, self.interrupt, signum, main)
        if self.shows_work:
            main.add_timer(FRAME, FRAME, self.draw)
        # There are only so many who hash. One whose thread is blocked gets another.
        Tend.set_max_threads(GLib.MAXINT32)
        try:
            async with Tend.Group(policy=Tend.GroupPolicy.FIRST_ERROR) as group:
                group.add(self.walk, name="walk")
                group.add(self.write_lines, name="write")
                for _ in range(self.options.jobs):
                    group.add(self.hash_files, name="hash")
        except Tend.CancelledError:
            with contextlib.suppress(Tend.CancelledError, GLib.Error, OSError):
                await Tend.wait_all(filter(None, [*self.unfinished.values(), self.writing])).with_timeout(GRACE)
            self.tell_interrupted()
        except BrokenPipeError:
            # Nobody reads any more, which is no failure of ours: ends as programs do that never ask.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.raise_signal(signal.SIGPIPE)
        except OSError as error:
            self.fail(b"standard output", error.strerror)
        else:
            if self.n_files == 0 and self.status == 0:
                self.say(self.options.dir, "There are no regular files here")
        if self.n_files > 0:
            self.show(self.summarise())
        return self.status

    async def walk(self):
        directories = [self.options.dir]
        while directories:
            directory = directories.pop()
            try:
                files, below = await Tend.Task.run_thread("scan", scan, directory)
            except OSError as error:
                self.fail(directory, error.strerror)
                continue

            directories += below
            for path in files:
                await self.paths.send(path)
        self.paths.close()

    async def hash_files(self):
        async for path in self.paths:
            task = self.unfinished[path] = Tend.Task.run_thread(printable(path), digest, path)
            try:
                # Tend.wait_for() would wait for a thread that is blocked, too.
                members = await task.with_timeout(self.options.timeout or None)
                self.n_bytes += members["bytes"]
            except OSError as error:
                is_late = isinstance(error, Tend.TimeoutError)
                members = {"error": f"Took longer than {self.options.timeout:g} s" if is_late else error.strerror}
                self.fail(path, members["error"])
                del self.unfinished[path]
                task.stop()     # Tend.run() does not wait for what has been given up
            finally:
                task.cancel()
            await self.lines.send((path, self.format(path, **members)))

        self.n_working -= 1
        if self.n_working == 0:
            self.lines.close()

    async def write_lines(self):
        async for path, line in self.lines:
            batch = {path: line}
            while (more := self.lines.try_receive())[0]:
                batch.update([more[1]])
            self.writing = Tend.Task.run_thread("write", self.write, batch)
            await self.writing
            self.n_files += len(batch)

    def write(self, batch):
        data = b"".join(batch.values())
        while self.shows_lines and data:
            data = data[os.write(sys.stdout.fileno(), data):]
        for path in batch:
            self.unfinished.pop(path, None)

    def say(self, path, message):
        self.show()
        print(f"checksum: {printable(path)}: {message}", file=sys.stderr, flush=True)

    def fail(self, path, message):
        self.status = self.status or 1
        self.say(path, message)

    def draw(self, _):
        """Shows a line for each file that is being hashed, and one for all."""
        rows = [f"{task.get_progress():4.0%}  {task.get_name()}" for task in list(self.unfinished.values())]
        self.show(*rows[:self.options.jobs], self.summarise())
        return GLib.SOURCE_CONTINUE

    def summarise(self):
        seconds = Tend.get_time() - self.began
        size = GLib.format_size_full(self.n_bytes, GLib.FormatSizeFlags.IEC_UNITS)
        return f"{self.n_files} files, {size} in {seconds:.1f} s"

    def show(self, *rows):
        """Replaces what stood on the terminal before."""
        if self.shows_work:
            n_rows = (os.get_terminal_size(sys.stderr.fileno()).lines or 24) - 1
            lines = "".join(f"{row}\n" for row in rows[-n_rows:])
            clear = f"\033[{self.n_rows}A\033[J" if self.n_rows > 0 else ""
            print(f"{clear}\033[?7l{lines}\033[?7h", end="", file=sys.stderr, flush=True)
            self.n_rows = min(len(rows), n_rows)

    def interrupt(self, signum, main):
        if self.status >= 128:
            os._exit(self.status)  # the second one does not wait
        self.status = 128 + signum
        main.cancel()
        return GLib.SOURCE_CONTINUE

    def tell_interrupted(self):
        for path, task in self.unfinished.items():
            self.say(path, "Interrupted")
            task.stop()
        left_out = list(iter(lambda: self.paths.try_receive()[1], None))
        for path in left_out[:MAX_LEFT_OUT]:
            self.say(path, "Interrupted before it was read")
        if len(left_out) > MAX_LEFT_OUT:
            print(f"checksum: and {len(left_out) - MAX_LEFT_OUT} more of those found so far", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f'checksum: {message}\nTry "checksum --help".\n')


def main():
    parser = Parser(prog="checksum", description="Hashes every regular file below DIR with SHA-256.")
    parser.add_argument("dir", nargs="?", type=os.fsencode, default=b"/usr/lib", metavar="DIR")
    parser.add_argument("-j", "--jobs", type=int, default=min(max(os.cpu_count() or 1, 4), MAX_JOBS), metavar="N",
                        help="hash N files at once")
    parser.add_argument("-t", "--timeout", type=float, default=0, metavar="SECONDS", help="give files up after so long")
    parser.add_argument("--json", action="store_true", help="print an object for each file")
    parser.add_argument("-p", "--print", action="store_true", help="print on a terminal, too")
    parser.add_argument("--version", action="version", version=f"checksum (libtend) {Tend.VERSION_S}")
    options = parser.parse_args()
    if not 1 <= options.jobs <= MAX_JOBS:
        parser.error(f"--jobs takes a number from 1 to {MAX_JOBS}")
    if not 0 <= options.timeout <= 1e9:
        parser.error("--timeout takes a number of seconds")

    return Tend.run(Checksum(options).run)


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # in which no thread has a say that is still blocked
