# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/echo: the server and the load program together, and how the server ends."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import support  # noqa: E402

SERVER, LOAD = support.COMMAND
TIMEOUT_SEC = 60


class Echo(unittest.TestCase):
    @contextlib.contextmanager
    def server(self):
        with subprocess.Popen([SERVER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=support.ENV) as process:
            try:
                line = process.stdout.readline()
                self.port = int(re.fullmatch(r"listening on port (\d+)\n", line)[1])
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def load(self, *options):
        return subprocess.run([LOAD, f"--port={self.port}", *options], capture_output=True, text=True,
                              timeout=TIMEOUT_SEC, env=support.ENV)

    def end(self, process, signum=signal.SIGINT):
        process.send_signal(signum)
        return process.communicate(timeout=TIMEOUT_SEC)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SEC)
        self.addCleanup(connection.close)
        return connection

    def test_many_connections(self):
        with self.server() as process:
            result = self.load("--connections=200", "--rounds=5", "--size=1000")
            self.assertEqual(result.stderr, "")
            self.assertRegex(result.stdout, r"^1000 echoes in .* s, 0 of 200 connections failed\n$")
            self.assertEqual(result.returncode, 0)
            out, err = self.end(process)
        self.assertEqual((process.returncode, out, err), (0, "200 connections, 1000000 bytes, 0 failed\n", ""))

    def test_more_than_fits_into_a_socket(self):
        with self.server() as process:
            result = self.load("--connections=2", "--rounds=1", f"--size={100_000}")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.end(process)

    def test_a_signal_ends_it_in_order(self):
        for signum in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signum=signum), self.server() as process:
                connection = self.connect()
                connection.sendall(b"hello")
                self.assertEqual(connection.recv(5, socket.MSG_WAITALL), b"hello")
                out, err = self.end(process, signum)
                self.assertEqual((process.returncode, out, err), (0, "1 connections, 5 bytes, 0 failed\n", ""))
                self.assertEqual(connection.recv(1), b"")

    def test_the_second_signal_kills_it(self):
        with self.server() as process:
            connection = self.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(1)
            # The server is held up by its answers, which nobody reads.
            with contextlib.suppress(TimeoutError):
                while True:
                    connection.sendall(bytes(1 << 20))
            process.send_signal(signal.SIGINT)
            # It accepts no more: then it has seen the signal.
            while True:
                try:
                    socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SEC).close()
                except ConnectionError:
                    break
            self.end(process, signal.SIGINT)
            self.assertEqual(process.returncode, -signal.SIGINT)

    def test_who_breaks_off_is_counted(self):
        with self.server() as process:
            connection = self.connect()
            connection.sendall(b"x")
            self.assertEqual(connection.recv(1), b"x")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
            # It goes on for others.
            self.assertEqual(self.load("--connections=1").returncode, 0)
            out, err = self.end(process)
        self.assertEqual((process.returncode, out, err), (0, "2 connections, 641 bytes, 1 failed\n", ""))

    def test_no_server(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            self.port = unused.getsockname()[1]
            result = self.load("--connections=3")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^echo-load: .*cannot connect to .*\n$")
        self.assertRegex(result.stdout, r"3 of 3 connections failed\n$")

    def test_wrong_options(self):
        for options in [], ["--port=x"], ["--port=1", "--size=0"]:
            with self.subTest(options=options):
                result = subprocess.run([LOAD, *options], capture_output=True, text=True, timeout=TIMEOUT_SEC,
                                        env=support.ENV)
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr, r"^echo-load: .+\n$")


if __name__ == "__main__":
    support.main()
