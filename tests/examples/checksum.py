# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/checksum without a terminal: lines, messages, exit status. checksum.py COMMAND... [-- NAME...]"""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pty
import re
import resource
import signal
import socket
import struct
import subprocess
import termios
import time
import unittest

from support import COMMAND, ENV, TreeTest, main

F_SETLEASE, F_GETLEASE = 1024, 1025
NOBODY = 65534

# For what ends soon, or never.
PATIENCE_SEC = 120

# What threads get to end in after an interrupt.
GRACE_SEC = 2

# The one in C does.
SAYS_THAT_IT_WAITS = not COMMAND[-1].endswith((".py", ".js"))

ODD_NAMES = [
    b"plain",
    b" space at both ends ",
    b"-leading dash",
    b"--help",
    b"line\nfeed",
    b"carriage\rreturn",
    b"back\\slash",
    b"back\\nslash and\nline feed",
    b"tab\tand bell\a and escape \x1b[31m",
    b"quote ' and \" and $(dollar) and *",
    b"\xff\xfe not utf-8",
    b"latin1 caf\xe9",
    b"\xff \xfe",
    b"\\377 \xfe",
    b"\\377 \\376",
    "gr\u00fc\u00df \u65e5\u672c\u8a9e \U0001f600".encode(),
    b".hidden",
    b"\\",
    b"%s%n",
    b"a" * 255,
]


class ChecksumTest(TreeTest):
    def run_it(self, *args, timeout=PATIENCE_SEC, **kwargs):
        return subprocess.run([*COMMAND, *args], capture_output=True, env=ENV, timeout=timeout, **kwargs)

    def start(self, *args, **kwargs):
        kwargs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": ENV, **kwargs}
        process = subprocess.Popen([*COMMAND, *args], **kwargs)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def expected(self, directory):
        """What find and sha256sum print."""
        command = ["find", directory, "-type", "f", "-exec", "sha256sum", "{}", "+"]
        return sorted(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines())

    def assert_same_lines(self, directory, *options):
        result = self.run_it(*options, directory)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(sorted(result.stdout.splitlines()), self.expected(directory))
        return result

    def make_odd_tree(self):
        for i, name in enumerate(ODD_NAMES):
            self.write(os.path.join(b"tree", name), b"%d" % i)
            self.write(os.path.join(b"tree", b"below " + name[:200], name), b"%d below" % i)

    def wait_until(self, func):
        end = time.monotonic() + PATIENCE_SEC
        while not func():
            self.assertLess(time.monotonic(), end, "what is waited for does not come")
            time.sleep(0.01)

    def wait_until_opened(self, process, *paths):
        """Waits until the program has opened all these files."""
        paths = {os.path.join(self.parent, path) for path in paths}
        fds = f"/proc/{process.pid}/fd"

        def is_open():
            with contextlib.suppress(FileNotFoundError):  # what it has closed meanwhile
                return paths <= {os.readlink(f"{fds}/{fd}") for fd in os.listdir(fds)}

        self.wait_until(is_open)

    def wait_until_found(self, process, directory):
        """Waits until the program reads files of the directory, and the directory no more."""
        directory = os.path.join(self.parent, directory)

        def is_found():
            with contextlib.suppress(FileNotFoundError):
                opened = {os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd")}
                return directory not in opened and any(path.startswith(f"{directory}/") for path in opened)

        self.wait_until(is_found)

    def wait_until_asleep(self, process):
        """Waits until no thread of the program has anything to do."""
        def is_asleep():
            states = []
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    with open(f"/proc/{process.pid}/task/{thread}/stat", encoding="ascii", errors="replace") as stat:
                        states.append(stat.read().rpartition(")")[2].split()[0])
            return "R" not in states

        self.wait_until(is_asleep)

    def wait_until_full(self, process):
        """Waits until the program has no room to write more lines, and nothing else to do."""
        # Pages that are not full count as if they were, so that no more than this is sure to come.
        half = fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ) // 2
        self.wait_until(lambda: struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))[0] >= half)
        self.wait_until_asleep(process)

    def lease(self, path):
        """Holds a file so that whoever opens it is blocked, in the kernel; gives what waits until somebody is."""
        fd = os.open(path, os.O_WRONLY)
        self.addCleanup(os.close, fd)
        old = signal.signal(signal.SIGIO, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGIO, old)
        try:
            fcntl.fcntl(fd, F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            self.skipTest(f"no leases here: {error}")
        self.addCleanup(fcntl.fcntl, fd, F_SETLEASE, fcntl.F_UNLCK)
        return lambda: self.wait_until(lambda: fcntl.fcntl(fd, F_GETLEASE) != fcntl.F_WRLCK)

    # --- Lines ---

    def test_odd_names_are_printed_as_sha256sum_does(self):
        self.make_odd_tree()
        result = self.assert_same_lines("tree")
        command = ["sha256sum", "--check", "--strict", "--quiet"]
        check = subprocess.run(command, input=result.stdout, capture_output=True)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, b"", b""))

    def test_paths_begin_as_those_of_find(self):
        self.write("tree/a/b/c")
        self.write("tree/d")
        for directory in ("tree", "tree/", "./tree", "tree//", ".", "tree/a/..", self.parent, "tree/a/b"):
            with self.subTest(directory):
                self.assert_same_lines(directory)

    def test_sizes_around_the_buffer(self):
        for size in (0, 1, 63, 64, 131071, 131072, 131073, 3 * 131072, 1000003):
            self.write(f"tree/{size}", b"x" * size)
        self.assert_same_lines("tree")
        self.assert_same_lines("tree", "--jobs", "1")
        self.assert_same_lines("tree", "--jobs", "256", "--timeout", "60")

    def test_a_file_that_says_it_is_empty(self):
        result = self.run_it("/proc/sys/kernel/random")
        lines = dict(reversed(line.split(b"  ", 1)) for line in result.stdout.splitlines())
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            boot_id = hashlib.sha256(file.read()).hexdigest().encode()
        self.assertEqual(lines[b"/proc/sys/kernel/random/boot_id"], boot_id)

    def test_many_files_and_directories_leak_no_descriptors(self):
        for i in range(3000):
            self.write(f"tree/{i // 10}/{i % 10}", b"%d" % i)
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
        result = self.run_it("tree", preexec_fn=limit)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(sorted(result.stdout.splitlines()), self.expected("tree"))

    def test_deep_tree(self):
        path = "tree" + "/d" * 400
        os.makedirs(path)
        self.write(path + "/f")
        self.assert_same_lines("tree")

    def test_dir_may_be_a_link_whose_parent_is_elsewhere(self):
        self.write("elsewhere/sub/f")
        self.write("elsewhere/g")
        os.symlink("elsewhere/sub", "link")
        result = self.run_it("link/..")
        self.assertEqual(sorted(line.split(b"  ")[1] for line in result.stdout.splitlines()),
                         [b"link/../g", b"link/../sub/f"])

    # --- JSON ---

    def test_json(self):
        self.make_odd_tree()
        result = self.run_it("--json", "tree")
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        seen = {}
        for line in result.stdout.decode("utf-8").splitlines():
            item = json.loads(line)
            path = base64.b64decode(item["path_base64"]) if "path_base64" in item else item["path"].encode()
            self.assertIsInstance(item["path"], str)
            with open(path, "rb") as file:
                data = file.read()
            self.assertEqual((item["bytes"], item["sha256"]), (len(data), hashlib.sha256(data).hexdigest()))
            seen[path] = item
        self.assertEqual(len(seen), 2 * len(ODD_NAMES))
        self.assertNotIn(b"\x1b", result.stdout)

    # --- What is no file, or cannot be read ---

    def test_no_directory(self):
        self.write("file")
        for directory, message in (("missing", "No such file or directory"), ("file", "Not a directory"),
                                   ("", "No such file or directory")):
            with self.subTest(directory):
                result = self.run_it(directory)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stdout, b"")
                self.assertEqual(result.stderr.decode(), f"checksum: {directory}: {message}\n")

    def test_empty_directory(self):
        os.makedirs("empty/below")
        result = self.run_it("empty")
        self.assertEqual((result.returncode, result.stdout), (0, b""))
        self.assertEqual(result.stderr, b"checksum: empty: There are no regular files here\n")

    def test_wrong_options(self):
        for args in (["--jobs", "0"], ["--jobs", "-1"], ["--jobs", "x"], ["--timeout", "-1"], ["--timeout", "nan"],
                     ["--nonsense"], ["a", "b"]):
            with self.subTest(args):
                result = self.run_it(*args)
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertTrue(result.stderr.startswith(b"checksum: "))

    def test_help_and_version(self):
        for option in ("--help", "--version"):
            result = self.run_it(option)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            self.assertIn(b"checksum", result.stdout)

    def test_what_is_no_file_is_passed_over(self):
        self.write("tree/a/file")
        self.write("outside/file")
        os.mkfifo("tree/fifo")
        os.symlink("..", "tree/a/loop")
        os.symlink(".", "tree/self")
        os.symlink("/dev/zero", "tree/zero")
        os.symlink("../outside", "tree/outside")
        os.symlink("../outside/file", "tree/outside-file")
        os.symlink("nowhere", "tree/nowhere")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("tree/socket")
            result = self.assert_same_lines("tree")
        self.assertEqual(len(result.stdout.splitlines()), 1)

    def test_unreadable_file_is_reported_and_the_rest_goes_on(self):
        # One whose mode binds root as well.
        secret = "/proc/sys/vm/compact_memory"
        if not os.path.exists(secret):
            self.skipTest(f"no {secret}")
        result = self.run_it("/proc/sys/vm")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"checksum: {secret}: Permission denied\n", result.stderr.decode())
        self.assertIn(b"/proc/sys/vm/swappiness\n", result.stdout)
        self.assertNotIn(secret.encode(), result.stdout)

        items = [json.loads(line) for line in self.run_it("--json", "/proc/sys/vm").stdout.splitlines()]
        self.assertIn({"path": secret, "error": "Permission denied"}, items)

    def test_unreadable_directory_is_reported_and_the_rest_goes_on(self):
        self.write("tree/good")
        self.write("tree/no\nfile")
        self.write("tree/locked/file")
        os.chmod("tree/locked", 0)
        os.chmod("tree/no\nfile", 0)
        self.addCleanup(os.chmod, "tree/locked", 0o755)
        other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            if self.run_it("--version", **other).returncode != 0:
                self.skipTest("the program cannot be run by another user")
        except PermissionError:
            self.skipTest("the program cannot be run by another user")

        result = self.run_it("tree", **other)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(sorted(result.stderr.splitlines()),
                         [b"checksum: tree/locked: Permission denied", b"checksum: tree/no\\nfile: Permission denied"])
        self.assertEqual(len(result.stdout.splitlines()), 1)
        self.assertIn(b"  tree/good\n", result.stdout)

    # --- Time ---

    def test_timeout(self):
        for i in range(20):
            self.write(f"tree/{i}")
        self.sparse("tree/big 1")
        self.sparse("tree/big 2")
        result = self.run_it("--timeout", "0.2", "--jobs", "1", "tree", timeout=PATIENCE_SEC)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(sorted(result.stderr.splitlines()),
                         [b"checksum: tree/big %d: Took longer than 0.2 s" % i for i in (1, 2)])
        self.assertEqual(len(result.stdout.splitlines()), 20)

    def test_timeout_of_a_thread_that_is_blocked(self):
        for i in range(200):
            self.write(f"tree/{i}")
        self.write("tree/held")
        self.lease("tree/held")
        result = self.run_it("--timeout", "0.3", "--jobs", "1", "tree", timeout=PATIENCE_SEC)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, b"checksum: tree/held: Took longer than 0.3 s\n")
        self.assertEqual(len(result.stdout.splitlines()), 200)

    # --- Interrupts ---

    def interrupt(self, process, signum=signal.SIGINT):
        """What it reads or waits for would take for ever: that it ends at all shows that it was interrupted."""
        process.send_signal(signum)
        out, err = process.communicate(timeout=PATIENCE_SEC)
        return out, (err or b"").decode()

    def without_waiting(self, err):
        """A slow machine may have to wait even for what is not blocked."""
        return re.sub(r"(?m)^checksum: waiting for .*\n", "", err)

    def test_interrupt_names_the_unfinished(self):
        for signum, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signum):
                self.write("tree/small")
                for i in range(3):
                    self.sparse(f"tree/big {i}")
                process = self.start("--jobs", "4", "tree")
                self.assertIn(b"tree/small", process.stdout.readline())
                self.wait_until_opened(process, *(f"tree/big {i}" for i in range(3)))
                out, err = self.interrupt(process, signum)
                self.assertEqual((process.returncode, out), (status, b""))
                self.assertEqual(sorted(self.without_waiting(err).splitlines()), [f"checksum: tree/big {i}: Interrupted" for i in range(3)])

    def test_interrupt_tells_what_was_not_begun(self):
        for i in range(500):
            self.sparse(f"tree/{i}")
        process = self.start("--jobs", "2", "tree")
        self.wait_until_found(process, "tree")
        out, err = self.interrupt(process)
        self.assertEqual((process.returncode, out), (130, b""))
        # Files are cancelled one by one: a thread that has heard of it may begin one that has not.
        self.assertIn(err.count("Interrupted\n"), range(2, 67))    # two threads, and 64 that wait for one
        self.assertEqual(err.count("Interrupted before it was read\n"), 10)
        self.assertTrue(err.endswith("more of those found so far\n"))

    def test_interrupt_while_nobody_reads_the_lines(self):
        for i in range(3000):
            self.write(f"tree/{'long name ' * 12}{i}")
        process = self.start("tree")
        self.wait_until_full(process)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE_SEC), 130)

    def test_interrupt_of_a_thread_that_is_blocked(self):
        self.write("tree/held")
        wait_until_blocked = self.lease("tree/held")
        process = self.start("tree")
        wait_until_blocked()
        out, err = self.interrupt(process)
        self.assertEqual((process.returncode, out), (130, b""))
        waiting = r"checksum: waiting for 1 file, 1\.\d s until it is stopped: tree/held\n" if SAYS_THAT_IT_WAITS else ""
        self.assertRegex(err, rf"\A{waiting}checksum: tree/held: Interrupted\n\Z")

    @unittest.skipUnless(SAYS_THAT_IT_WAITS, "it does not say that it waits")
    def test_interrupt_names_the_blocked(self):
        held = [f"tree/held {i}" for i in range(5)]
        for path in held:
            self.write(path)
        waits = [self.lease(path) for path in held]
        process = self.start("--jobs", "5", "tree")
        for wait_until_blocked in waits:
            wait_until_blocked()
        err = self.interrupt(process)[1].splitlines()
        self.assertRegex(err[0], r"^checksum: waiting for 5 files, 1\.\d s until they are stopped: "
                         r"tree/held \d, tree/held \d, tree/held \d and 2 more$")
        self.assertEqual(sorted(err[1:]), [f"checksum: {path}: Interrupted" for path in held])

    def test_second_interrupt_stops_at_once(self):
        self.write("tree/held")
        wait_until_blocked = self.lease("tree/held")
        process = self.start("tree")
        wait_until_blocked()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.wait_until_asleep(process)
        process.send_signal(signal.SIGINT)
        took = time.monotonic() - began
        out, err = process.communicate(timeout=PATIENCE_SEC)
        self.assertEqual((process.returncode, out), (130, b""))
        # Where the machine was slow, the first one may have had its time before the second came.
        err = self.without_waiting(err.decode())
        told = ["", "checksum: tree/held: Interrupted\n"]
        self.assertIn(err, told[:1] if took < GRACE_SEC else told)

    def test_ignored_interrupt_stays_ignored(self):
        self.sparse("tree/big")
        def ignore():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        process = self.start("--timeout", "0.6", "tree", preexec_fn=ignore)
        self.wait_until_opened(process, "tree/big")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE_SEC), 1)

    # --- The terminal ---

    def test_work_is_shown_on_a_terminal(self):
        self.sparse("tree/big")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = self.start("tree", stderr=slave, env={**ENV, "TERM": "xterm"})
        os.close(slave)
        shown = b""
        while b"tree/big" not in shown:
            shown += os.read(master, 4096)
        self.assertEqual(self.interrupt(process)[0], b"")
        self.assertEqual(process.returncode, 130)

    # --- Stdout ---

    def test_closed_pipe_ends_it_quietly(self):
        for i in range(2000):
            self.write(f"tree/{i}")
        process = self.start("tree")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(process.wait(timeout=PATIENCE_SEC), -signal.SIGPIPE)
        process.stdout = None

    def test_slow_reader_gets_all(self):
        for i in range(3000):
            self.write(f"tree/{'long name ' * 12}{i}")
        process = self.start("tree")
        self.wait_until_full(process)
        out, err = process.communicate(timeout=PATIENCE_SEC)
        self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual(sorted(out.splitlines()), self.expected("tree"))

    def test_full_disk_is_told(self):
        self.write("tree/file")
        with open("/dev/full", "wb") as full:
            process = self.start("tree", stdout=full)
            self.assertEqual(process.wait(timeout=PATIENCE_SEC), 1)
        self.assertEqual(process.stderr.read(), b"checksum: standard output: No space left on device\n")


if __name__ == "__main__":
    main()
