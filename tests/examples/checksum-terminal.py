# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/checksum on a terminal: its live view. checksum-terminal.py COMMAND... [-- NAME...]"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

from support import COMMAND, ENV, TreeTest, main

# For what ends soon, or never.
PATIENCE_SEC = 120

FRAME = "\x1b[?7l"  # each frame turns automatic wrapping off, and on again
TOKEN = re.compile(r"\x1b\[(\?7[lh]|\d*[AJKm])|([\r\n])|([^\x00-\x1f\x7f-\x9f])")


def width_of(char):
    return 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Screen:
    """A terminal without end, which folds its lines again when it is resized, as most of them do.

    It knows what the view needs, and anything else is an error.
    """

    def __init__(self, columns):
        self.columns = columns
        self.lines = [[]]  # of characters, one for each column
        self.row, self.column = 0, 0  # in lines, which may be longer than the screen is wide
        self.wraps = True
        self.n_frames = 0
        self.widest = 0

    def resize(self, columns):
        self.columns = columns
        self.widest = 0

    def up(self, count):
        for _ in range(count):
            if self.column >= self.columns:
                self.column -= self.columns
            elif self.row > 0:
                self.row -= 1
                self.column = max(0, len(self.lines[self.row]) - 1) // self.columns * self.columns

    def put(self, char):
        line = self.lines[self.row]
        line.extend(" " * (self.column - len(line)))
        for cell in [char, ""][: width_of(char)]:
            line[self.column : self.column + 1] = [cell]
            self.column += 1
        self.widest = max(self.widest, self.column)
        if not self.wraps:
            assert self.column < self.columns, f"a line is too long for {self.columns} columns: {self.text()}"

    def feed(self, text):
        position = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            assert match, f"sent to the terminal: {text[position:position + 20]!r}"
            position = match.end()
            command, control, char = match.groups()
            if char:
                self.put(char)
            elif control == "\r":
                self.column -= self.column % self.columns
            elif control == "\n":
                self.row, self.column = self.row + 1, 0
                if self.row == len(self.lines):
                    self.lines.append([])
            elif command in ("?7l", "?7h"):
                self.wraps = command == "?7h"
                self.n_frames += command == "?7l"
            elif command[-1] == "A":
                self.up(int(command[:-1]))
            elif command in ("J", "K"):
                del self.lines[self.row][self.column :]
                if command == "J":
                    del self.lines[self.row + 1 :]

    def text(self):
        return "\n".join("".join(line) for line in self.lines)


class TerminalTest(TreeTest):
    def start(self, *args, columns=80, rows=24, env=None, stdout=None, stderr=None):
        """Starts the program as the foreground of a new terminal."""
        self.master, self.slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.screen = Screen(columns)
        self.raw = ""
        self.rows = rows
        self.resize(columns)

        def control():
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([*COMMAND, *args], stdin=self.slave, stdout=stdout or self.slave,
                                        stderr=stderr or self.slave, preexec_fn=control,
                                        env={**ENV, "TERM": "xterm-256color", **(env or {})})
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        os.close(self.slave)

    def resize(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, columns, 0, 0))
        self.screen.resize(columns)

    def read(self, seconds=PATIENCE_SEC, until=None):
        """Reads what is printed, for so long, or until it is all, or a text is on the screen."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (until and until in self.screen.text()):
            if not select.select([self.master], [], [], left)[0]:
                break
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end has been closed
                break
            text = data.decode()
            self.raw += text
            self.screen.feed(text)
        if until:
            self.assertIn(until, self.screen.text())

    def read_frames(self, count=1):
        """Reads so many frames, to the end of the last, after which there is time until one more is drawn."""
        end = time.monotonic() + PATIENCE_SEC
        n_frames = self.screen.n_frames + count
        while self.screen.n_frames < n_frames or not self.screen.wraps:
            self.read(0.005)
            self.assertLess(time.monotonic(), end, "no more frames")

    def finish(self):
        self.read()
        return self.process.wait(timeout=PATIENCE_SEC)

    def interrupt(self):
        """What it reads takes for ever: that it ends shows that it was interrupted. The terminal may echo the key."""
        os.write(self.master, b"\x03")
        self.assertEqual(self.finish(), 130)

    def assert_clean(self, pattern):
        self.assertTrue(self.screen.wraps)
        self.assertEqual(self.screen.column, 0)
        # A slow machine may have to wait even for what is not blocked.
        text = re.sub(r"(?m)^(\^C)?checksum: waiting for .*\n", r"\1", self.screen.text())
        self.assertRegex(text, "^" + pattern + "\n$")

    # --- Frames ---

    def test_view_and_summary(self):
        self.write("tree/small")
        self.sparse("tree/big")
        self.start("tree")
        self.read(until="1/2 files")
        self.read_frames(3)
        self.assertRegex(self.screen.text(),
                         r"^\n*tree/big +[━─]+ [0-9.]+ .iB of 1.0 TiB, [0-9.]+ .iB/s *\n"
                         r"  0%  1/2 files  [0-9.]+ .iB of 1.0 TiB  [0-9.]+ .iB/s  ETA [0-9:]+  [━─]+\n$")

        self.start("--timeout", "1", "tree")
        self.assertEqual(self.finish(), 1)
        self.assert_clean(r"checksum: tree/big: Took longer than 1 s\n"
                          r"2 files, [0-9.]+ .iB in [0-9.]+ s \([0-9.]+ .iB/s\), 1 failed")

    def test_at_most_20_frames_a_second(self):
        self.sparse("tree/big")
        began = time.monotonic()
        self.start("tree")
        self.read_frames(30)
        self.assertLessEqual(self.screen.n_frames, 20 * (time.monotonic() - began) + 1)

    def test_short_work_shows_no_view(self):
        self.write("tree/file")
        self.start("tree")
        self.assertEqual(self.finish(), 0)
        self.assert_clean(r"1 files, 5 B in [0-9.]+ s \([0-9.]+ .*/s\)")
        if "in 0.0 s" in self.screen.text():
            self.assertLessEqual(self.screen.n_frames, 1)

    def test_empty_directory(self):
        os.mkdir("tree")
        self.start("tree")
        self.assertEqual(self.finish(), 0)
        self.assert_clean("checksum: tree: There are no regular files here")

    def test_many_small_files(self):
        for i in range(5000):
            self.write(f"tree/{i % 50}/{i}")
        self.start("--jobs", "8", "tree", rows=5)
        self.assertEqual(self.finish(), 0)
        self.assert_clean(r"5000 files, 24.4 KiB in [0-9.]+ s .*")

    # --- Lines ---

    def test_lines_above_the_view(self):
        for i in range(30):
            self.write(f"tree/{i}")
        self.sparse("tree/big")
        for option, pattern in (("--print", r"([0-9a-f]{64}  tree/\d+\n){30}"), ("--json", r"(\{.*\}\n){30}")):
            with self.subTest(option):
                self.start(option, "--timeout", "0.5", "tree", columns=120)
                self.assertEqual(self.finish(), 1)
                pattern += r"checksum: tree/big: Took longer than 0.5 s\n" if option == "--print" else r"(.*\n){2}"
                self.assert_clean(pattern + r"31 files.*")

    def test_view_on_stderr_where_stdout_is_a_file(self):
        self.write("tree/small")
        self.sparse("tree/big")
        with open("out", "wb") as out:
            self.start("tree", stdout=out)
        self.read(until="1/2 files")
        self.interrupt()
        self.assert_clean(r"(\^C)?checksum: tree/big: Interrupted")
        with open("out", "rb") as out:
            self.assertRegex(out.read(), rb"^[0-9a-f]{64}  tree/small\n$")

    def test_messages_elsewhere_where_stderr_is_a_file(self):
        self.sparse("tree/big")
        with open("err", "wb") as err:
            self.start("--timeout", "0.5", "tree", stderr=err)
        self.assertEqual(self.finish(), 1)
        self.assert_clean(r"1 files.*")
        with open("err", "rb") as err:
            self.assertEqual(err.read(), b"checksum: tree/big: Took longer than 0.5 s\n")

    def test_dumb_terminal_gets_the_lines_alone(self):
        self.write("tree/small")
        self.start("tree", env={"TERM": "dumb"})
        self.assertEqual(self.finish(), 0)
        self.assert_clean(r"[0-9a-f]{64}  tree/small")

    # --- Names and widths ---

    def test_names_cannot_command_the_terminal(self):
        names = [b"title \x1b]0;owned\a", b"clear \x1b[2J", b"line\nfeed", b"c1 \xc2\x9b2J", b"bytes \xff\x9b",
                 b"bidi \xe2\x80\xae", b"delete \x7f"]
        for name in names:
            self.sparse(b"tree/" + name)
        self.start("--timeout", "0.5", "--jobs", "16", "tree")
        self.assertEqual(self.finish(), 1)  # the screen takes no other commands
        self.assertIn(r"checksum: tree/title \033]0;owned\007: ", self.raw)
        self.assertIn(r"checksum: tree/line\nfeed: ", self.raw)
        self.assertNotIn("\u202e", self.raw)

    def test_wide_and_combining_names_fit(self):
        for name in ("\u65e5\u672c\u8a9e" * 25, "e\u0301" * 80, "\U0001f600" * 40, "x" * 200):
            self.sparse("tree/" + name)
        for columns in (80, 61, 45, 20, 9, 3, 1):
            with self.subTest(columns):
                self.start("--print", "tree", columns=columns)
                self.read_frames(2)  # the screen takes no lines that are too long
                self.interrupt()

    def test_ascii_only_in_the_c_locale(self):
        self.sparse("tree/gr\u00fc\u00df")
        self.start("tree", env={"LC_ALL": "C"})
        self.read_frames(2)
        self.interrupt()
        self.assertTrue(self.raw.isascii())
        self.assertIn(r"tree/gr\303\274\303\237", self.raw)
        self.assertIn("--------", self.raw)

    # --- Resizes ---

    def test_resize(self):
        for i in range(4):
            self.sparse(f"tree/{'a long name ' * 10}{i}")
        self.start("--jobs", "4", "tree", columns=120)
        self.read(until="/s")
        for columns in (50, 33, 100, 20, 180, 80):
            self.read_frames()
            self.resize(columns)
            self.read_frames()
            self.screen.widest = 0
            self.read_frames(2)
            self.assertEqual(len(self.screen.lines), 6, self.screen.text())
            self.assertLess(self.screen.widest, columns)
            self.assertGreater(self.screen.widest, columns // 2)
        self.interrupt()
        self.assert_clean(r"(\^C)?(checksum: tree/a long.*: Interrupted\n?){4}")

    # --- Interrupts ---

    def test_interrupt(self):
        self.sparse("tree/big")
        self.start("tree")
        self.read(until="/s")
        self.interrupt()
        self.assert_clean(r"(\^C)?checksum: tree/big: Interrupted")

    def test_interrupt_of_lines_above_the_view(self):
        self.write("tree/small")
        self.sparse("tree/big")
        self.start("--print", "tree", columns=120)
        self.read(until="/s")
        self.interrupt()
        self.assert_clean(r"[0-9a-f]{64}  tree/small\n(\^C)?checksum: tree/big: Interrupted")

    def test_stop_and_continue_leave_what_the_shell_wrote(self):
        self.sparse("tree/big")
        self.start("tree")
        self.read(until="/s")
        self.process.send_signal(signal.SIGSTOP)
        self.read(0.2)
        self.screen.feed("[1]+ Stopped\r\n$ fg\r\n")
        self.process.send_signal(signal.SIGCONT)
        self.read_frames()
        self.interrupt()
        self.assertIn("[1]+ Stopped\n$ fg\n", self.screen.text())


if __name__ == "__main__":
    main()
