# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""DNS servers on loopback for tests: dnsmasq with a zone of our own, and one that misbehaves as it is told to.

    with Dnsmasq(Zone(1000)) as server: ... server.address ...
    with Hostile("--seed", "7") as server: ... server.address ...; server.report holds what it did

Each ends with the block, or with this program, however that ends.
"""

import ipaddress
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import dns_message as dns

HERE = pathlib.Path(__file__).resolve().parent
DNSMASQ = shutil.which("dnsmasq", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
START_SEC = 60

# Runs what it is given until its standard input ends, which it does when whoever holds it has gone.
TETHER = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
sys.stdin.read()
child.terminate()
sys.exit(child.wait())
"""

# Where more than these are behind one name, the answer does not fit into a datagram.
N_MANY = 120
N_ALIASES = 60


class Zone:
    """Names below test, and what each should be answered.

    Each tenth has an address of one type only. Besides there are chains of up to three aliases, and a name
    with too many addresses for a datagram.
    """

    def __init__(self, n_names):
        self.answers = {}  # by name: a dict from type to a set of addresses, which may be empty
        self.aliases = {}
        for i in range(n_names):
            self.answers[f"host-{i}.zone.test"] = {"A": {str(ipaddress.IPv4Address(0x0A000000 + i))},
                                                   "AAAA": set() if i % 10 == 9 else {ipv6(i)}}
        self.many = "many.zone.test"
        self.answers[self.many] = {"A": {str(ipaddress.IPv4Address(0xAC100000 + i)) for i in range(N_MANY)},
                                   "AAAA": {ipv6(0x1000000 + i) for i in range(N_MANY)}}
        for i in range(min(N_ALIASES, n_names)):
            target = f"host-{i}.zone.test" if i % 3 == 0 else f"alias-{i - 1}.zone.test"
            self.aliases[f"alias-{i}.zone.test"] = target
            self.answers[f"alias-{i}.zone.test"] = self.answers[target]

    def names(self, count):
        """So many names that stand in the zone, spread over it."""
        hosts = [name for name in self.answers if name.startswith("host-")]
        return hosts[:: max(1, len(hosts) // count)][:count]

    def expected(self, name, type_):
        """A set of addresses, or the text of an error."""
        if name.lower() not in self.answers:
            return "not found"
        return self.answers[name.lower()][type_] or "no address"

    def write(self, directory):
        with open(directory / "hosts", "w", encoding="ascii") as file:
            for name, by_type in self.answers.items():
                if name not in self.aliases:
                    file.writelines(f"{address} {name}\n" for address in sorted(by_type["A"] | by_type["AAAA"]))
        with open(directory / "dnsmasq.conf", "w", encoding="ascii") as file:
            file.writelines(f"cname={alias},{target}\n" for alias, target in self.aliases.items())


def ipv6(number):
    return str(ipaddress.IPv6Address((0xFD00 << 112) + 0x10000 + number))


def free_port(host="127.0.0.1"):
    """A port that is free for UDP and for TCP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family, socket.SOCK_STREAM) as tcp:
            udp.bind((host, 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


class Dnsmasq:
    """The real one. A port may be named; otherwise it is any that is free."""

    def __init__(self, zone, host="127.0.0.1", port=None):
        self.zone, self.host, self.port = zone, host, port
        self.directory = self.process = None

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tend-dns-"))
        try:
            # It reads its files as another user where it may not be root.
            self.directory.chmod(0o755)
            self.zone.write(self.directory)
            end = time.monotonic() + START_SEC
            while not self.start(end):
                if time.monotonic() > end:
                    raise RuntimeError("dnsmasq does not answer: " + (self.directory / "log").read_text())
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception):
        self.stop()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def start(self, end):
        """Starts it once. It may lose its port to another program, and is to be started again then."""
        port = self.port or free_port(self.host)
        options = [f"--conf-file={self.directory / 'dnsmasq.conf'}", "--no-resolv", "--no-hosts",
                   f"--addn-hosts={self.directory / 'hosts'}", "--local=/test/", f"--listen-address={self.host}",
                   "--bind-interfaces", f"--port={port}", "--pid-file=", "--keep-in-foreground", "--log-facility=-",
                   "--local-ttl=60", "--cache-size=0"]
        if os.geteuid() == 0:
            options += ["--user=root", "--group=root"]
        with open(self.directory / "log", "wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", TETHER, DNSMASQ, *options], stdin=subprocess.PIPE,
                                            stdout=log, stderr=log)
        while time.monotonic() < end and b"failed" not in (self.directory / "log").read_bytes():
            if answers(self.host, port):
                self.port = port
                return True
        self.end()
        return False

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process is not None:
            self.end()
        if self.directory is not None:
            shutil.rmtree(self.directory)
            self.directory = None


def answers(host, port):
    """Whether a server answers there, at once or after a moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect((host, port))
        udp.settimeout(0.1)
        try:
            udp.send(dns.query("host-0.zone.test", dns.A, 4711))
            return udp.recv(512)[:2] == b"\x12\x67"
        except ConnectionRefusedError:
            time.sleep(0.02)
        except socket.timeout:
            pass
        return False


class Hostile:
    """dns_hostile.py as a program of its own, with its options. Its report is there when it has ended."""

    def __init__(self, *options):
        self.options = options
        self.process = self.report = self.port = None

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, HERE / "dns_hostile.py", *self.options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"dns_hostile.py did not start: status {self.process.wait()}")
        self.port = int(line)
        return self

    def __exit__(self, *exception):
        self.end()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def end(self):
        """Ends it, if that was not done before, and gives its report."""
        if self.report is None:
            try:
                out, _ = self.process.communicate(timeout=START_SEC)
                self.report = json.loads(out)
            finally:
                self.process.kill()
        return self.report
