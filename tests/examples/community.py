# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/community in one language: lines, messages, exit status. community.py COMMAND..."""

import shutil
import signal
import socket
import subprocess
import sys
import unittest

from support import COMMAND, ENV, main


MALFORMED = [
    b"",
    b"hello",
    b"hello ",
    b"hello node-02",
    b"hello node-02 ",
    b"hello node-02 0",
    b"hello node-02 65536",
    b"hello node-02 123456789012345678901234567890",
    b"hello node-02 -1",
    b"hello node-02 1 x",
    b"hello node-02  1",
    b"hello node-2 1",
    b"hello node-02 1\n",
    b"hello node-02 1\0",
    b"hello node-\xff\xfe 1",
    b"HELLO node-02 1",
    b"goodbye node-02",
    b"\xff\xfe\0\0",
    b"hello node-02" + b" 1" * 600,
]


def names(n_nodes):
    return [f"node-{number:02}" for number in range(1, n_nodes + 1)]


def greetings(n_nodes):
    return [f"{name} was greeted by {', '.join(other for other in names(n_nodes) if other != name)}"
            for name in names(n_nodes)]


def goodbyes(n_nodes):
    return [f"{name} has said goodbye" for name in reversed(names(n_nodes))]


def new_socket():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.settimeout(30)
    return udp


class CommunityTest(unittest.TestCase):
    def start(self, *args, prefix=()):
        process = subprocess.Popen([*prefix, *COMMAND, *args], env=ENV, text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        out, err = process.communicate(timeout=60)
        return process.returncode, out.splitlines(), err.splitlines()

    def run_it(self, *args, **kwargs):
        return self.finish(self.start(*args, **kwargs))

    def start_staying(self, n_nodes, *args):
        """Starts it, and comes back when everybody has met."""
        process = self.start("--nodes", str(n_nodes), "--timeout", "30", "--stay", *args)
        lines = [process.stdout.readline().rstrip("\n") for _ in range(n_nodes)]
        self.assertEqual(lines, greetings(n_nodes))
        return process

    def test_four_nodes_meet_and_leave(self):
        self.assertEqual(self.run_it("--timeout", "30"), (0, greetings(4) + goodbyes(4), []))

    def test_twelve_nodes_meet_and_leave(self):
        self.assertEqual(self.run_it("--nodes", "12", "--timeout", "30"), (0, greetings(12) + goodbyes(12), []))

    def test_a_signal_ends_it_in_order(self):
        for signum, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signum):
                process = self.start_staying(3)
                process.send_signal(signum)
                self.assertEqual(self.finish(process), (status, goodbyes(3), []))

    def test_too_little_time_is_told(self):
        # The deadline comes before the second greeting, and one is not enough.
        self.assertEqual(self.run_it("--timeout", "0"),
                         (1, goodbyes(4), ["community: Not everybody has met within 0 s"]))

    def test_a_port_in_use_is_told(self):
        with new_socket() as other:
            status, out, err = self.run_it("--port", str(other.getsockname()[1]))
        self.assertEqual((status, out, len(err)), (1, [], 1))
        self.assertRegex(err[0], "^community: node-01: .*Address already in use")

    def test_a_task_that_fails_is_told(self):
        # In a network of its own, where nothing is up, a socket can be bound, and nothing be sent.
        unshare = shutil.which("unshare")
        prefix = [unshare, "--user", "--map-root-user", "--net"]
        if unshare is None or subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("a program cannot have a network of its own here")
        status, out, err = self.run_it(prefix=prefix)
        self.assertEqual((status, out), (1, goodbyes(4)))
        self.assertRegex(err[0], "^community: node-02: greet: .*Network is unreachable")
        for line in err:
            self.assertRegex(line, "^community: node-0[234]: greet: ")

    def test_malformed_datagrams_are_dropped(self):
        with new_socket() as other:
            port = other.getsockname()[1]
        process = self.start_staying(2, "--port", str(port))
        with new_socket() as guest:
            for datagram in MALFORMED:
                guest.sendto(datagram, ("127.0.0.1", port))

            # They arrive in order. A guest that greets is greeted, and introduced to node-02 alone.
            own = guest.getsockname()[1]
            guest.sendto(b"hello node-99 %d" % own, ("127.0.0.1", port))
            words = guest.recv(2048).decode().split()
            self.assertEqual(words[:3], ["hello", "node-01", str(port)])
            self.assertIn(str(own), words[3:])
            self.assertEqual(len(words), 5, words)

            process.send_signal(signal.SIGINT)
            self.assertEqual(self.finish(process), (130, goodbyes(2), []))
            guest.settimeout(0)
            last = words
            while last[:2] != ["goodbye", "node-01"]:
                last = guest.recv(2048).decode().split()

    def test_wrong_options(self):
        for args in (["--nodes", "1"], ["--nodes", "100"], ["--nodes", "x"], ["--port", "65536"], ["--timeout", "-1"],
                     ["--unknown"]):
            with self.subTest(args):
                status, out, err = self.run_it(*args)
                self.assertEqual((status, out), (2, []))
                self.assertTrue(err)


if __name__ == "__main__":
    main()
