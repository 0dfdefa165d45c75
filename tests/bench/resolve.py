#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The throughput of examples/resolve next to others that ask a name server for many names.

All of them ask the same dnsmasq on loopback for the A records of the same names, in turn:

- resolve: the example, on a TendRequestCache;
- adnshost: from adns-tools; it would ask for all names at once, which no server stands, and so is given
  as many as the others have outstanding, and another one for each answer;
- dig: from bind9-dnsutils, one query at a time;
- asyncio: a request cache as in py-ipv8, in Python: a table, and a call_later() for each request.

Reported are names per second, and the processor time of each name in the peer alone: medians, with the least
and the most. Whoever is not installed is left out, and so is adnshost where port 53 may not be used.
"""

import argparse
import asyncio
import json
import os
import pathlib
import platform
import random
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "examples"))

import dns_message as dns
from dns_servers import DNSMASQ, Dnsmasq, Zone

N_NAMES = 100_000
N_QUICK_NAMES = 5_000
N_DIG_NAMES = 1_000

# Of a burst of more than some 150 queries the kernel drops some, since dnsmasq does not enlarge its socket's buffer.
PARALLEL = 100
TIMEOUT_SEC = 2.0
N_TRIES = 4

# adnshost knows no other port.
HOST, PORT = "127.0.0.77", 53


# --- The peer in Python ---


class NumberCache:
    """A request with a random number, which is not in use."""

    def __init__(self, request_cache, prefix, name):
        self.prefix, self.name, self.n_tries = prefix, name, 1
        self.number = random.randrange(65536)
        while request_cache.has(prefix, self.number):
            self.number = random.randrange(65536)

    def on_timeout(self):
        pass


class RequestCache:
    def __init__(self):
        self.identifiers = {}
        self.timeouts = {}

    def add(self, cache, timeout):
        key = f"{cache.prefix}:{cache.number}"
        self.identifiers[key] = cache
        self.timeouts[key] = asyncio.get_running_loop().call_later(timeout, self.timed_out, key)

    def has(self, prefix, number):
        return f"{prefix}:{number}" in self.identifiers

    def pop(self, prefix, number):
        key = f"{prefix}:{number}"
        cache = self.identifiers.pop(key, None)
        if cache is not None:
            self.timeouts.pop(key).cancel()
        return cache

    def timed_out(self, key):
        del self.timeouts[key]
        self.identifiers.pop(key).on_timeout()


class Query(NumberCache):
    def __init__(self, resolver, name):
        super().__init__(resolver.cache, "query", name)
        self.resolver = resolver

    def on_timeout(self):
        self.resolver.timed_out(self)


class Resolver(asyncio.DatagramProtocol):
    def __init__(self, names):
        self.names, self.cache, self.n_outstanding = names, RequestCache(), 0
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.fill()

    def fill(self):
        while self.n_outstanding < PARALLEL and (name := next(self.names, None)) is not None:
            self.n_outstanding += 1
            self.ask(Query(self, name), TIMEOUT_SEC)
        if self.n_outstanding == 0 and not self.ended.done():
            self.ended.set_result(None)

    def ask(self, query, timeout):
        self.cache.add(query, timeout)
        self.transport.sendto(dns.query(query.name, dns.A, query.number))

    def timed_out(self, query):
        if query.n_tries == N_TRIES:
            self.end(f"{query.name} A error: timed out")
            return
        again = Query(self, query.name)
        again.n_tries = query.n_tries + 1
        self.ask(again, TIMEOUT_SEC * 2 ** query.n_tries)

    def end(self, line):
        print(line)
        self.n_outstanding -= 1
        self.fill()

    def datagram_received(self, data, address):
        number, flags, _, n_records = struct.unpack_from("!HHHH", data)
        query = self.cache.pop("query", number)
        if query is None:
            return
        # The question, and records whose owner is a pointer to it, are all that this server sends for hosts.
        position = data.index(b"\0", 12) + 5
        if flags & 15 or not n_records:
            self.end(f"{query.name} A error: not found")
            return
        position += 12
        self.end(f"{query.name} A {socket.inet_ntoa(data[position : position + 4])}")


async def ask_all(address):
    host, port = address.rsplit(":", 1)
    names = (line.rstrip("\n") for line in sys.stdin)
    _, resolver = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Resolver(names), remote_addr=(host, int(port)))
    await resolver.ended


# --- Measuring ---


def find_peers(server):
    """The command of each peer, which reads names from its standard input, and how many it is given."""
    program = os.path.join(os.environ["TEND_BUILD"], "examples", "resolve", "resolve")
    peers = {"resolve": ([program, "--server", server.address, "--type", "A", "--quiet", "--no-progress",
                          "--parallel", str(PARALLEL)], N_NAMES)}
    if shutil.which("adnshost") and server.port == 53:
        config = f"nameserver {server.host}"
        peers["adnshost"] = (["adnshost", "--asynch", "--pipe", "--config", config, "--type", "a"], N_NAMES)
    if shutil.which("dig"):
        peers["dig"] = (["dig", f"@{server.host}", "-p", str(server.port), "+noall", "+answer", "-f", "/dev/stdin"],
                        N_DIG_NAMES)
    peers["asyncio"] = ([sys.executable, __file__, "--ask", server.address], N_NAMES)
    return peers


def feed(process, names, out):
    """Gives adnshost its names, one for each line that begins an answer, which has the name and a text."""
    lines = names.read().splitlines(keepends=True)
    n_given, n_answered = 0, 0
    while n_answered < len(lines):
        upto = min(len(lines), n_answered + PARALLEL)
        if upto > n_given:
            process.stdin.write(b"".join(lines[n_given:upto]))
            n_given = upto
        data = os.read(process.stdout.fileno(), 1 << 16)
        if not data:
            break
        out.write(data)
        n_answered += data.count(b' $ "')
    process.stdin.close()


def run_once(command, path, out):
    """The seconds, and those on the processor."""
    is_fed = command[0] == "adnshost"
    with open(path, "rb") as names, open(out, "wb") as file:
        began = time.monotonic()
        if is_fed:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
            feed(process, names, file)
        else:
            process = subprocess.Popen(command, stdin=names, stdout=file)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        if is_fed:
            file.write(process.stdout.read())
            process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]}: status {process.returncode}")
    return took, usage.ru_utime + usage.ru_stime


def check(peer, out, names, zone):
    """That it found each address, whatever it writes around them."""
    with open(out, encoding="ascii") as file:
        found = set(file.read().split())
    missing = [name for name in names if not zone.expected(name, "A") <= found]
    if missing:
        sys.exit(f"{peer}: {len(missing)} of {len(names)} names have no address, such as {missing[0]}")


def measure(server, directory, args):
    peers = find_peers(server)
    results = {peer: [] for peer in peers}
    inputs = {}
    for peer, (_, count) in peers.items():
        inputs[peer] = server.zone.names(min(count, args.names))
        (directory / peer).write_text("".join(f"{name}\n" for name in inputs[peer]), encoding="ascii")

    for round_ in range(args.runs + 1):
        # Another one comes first each time. The first round warms everything up, and is checked.
        order = list(peers)[round_ % len(peers) :] + list(peers)[: round_ % len(peers)]
        for peer in order:
            took, cpu = run_once(peers[peer][0], directory / peer, directory / "out")
            if round_ == 0:
                check(peer, directory / "out", inputs[peer], server.zone)
            else:
                results[peer].append((took, cpu))
    return {peer: (len(inputs[peer]), runs) for peer, runs in results.items()}


def list_figures(count, runs):
    """What is reported of a peer: the case, its unit, and the figure of each run."""
    return [("throughput", "names/s", [count / took for took, _ in runs]),
            ("processor time", "us/name", [cpu / count * 1e6 for _, cpu in runs])]


def report(results, as_json):
    machine = f"{platform.platform()}, {os.cpu_count()} CPUs"
    if not as_json:
        print(machine)
    for peer, (count, runs) in results.items():
        for case, unit, figures in list_figures(count, runs):
            median, least, most = statistics.median(figures), min(figures), max(figures)
            if as_json:
                print(json.dumps({"scenario": "resolve", "peer": peer, "case": case, "n": count, "metric": "time",
                                  "unit": unit, "median": round(median, 2), "min": round(least, 2),
                                  "max": round(most, 2), "rounds": len(figures), "machine": machine}))
            else:
                print(f"{peer:10} {count:7} names  {median:12,.2f} {unit} ({least:,.2f} to {most:,.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, help="runs of each peer (default: 7, or 3 with --quick)")
    parser.add_argument("--names", type=int, help=f"how many (default: {N_NAMES:,}, or {N_QUICK_NAMES:,} with --quick)")
    parser.add_argument("--quick", action="store_true", help="few runs, and few names")
    parser.add_argument("--json", action="store_true", help="print one object per line")
    parser.add_argument("--ask", metavar="ADDRESS", help="be the peer in Python: ask that server")
    args = parser.parse_args()

    if args.ask:
        asyncio.run(ask_all(args.ask))
        return 0
    if DNSMASQ is None:
        sys.exit("resolve.py: dnsmasq is not installed (Debian: dnsmasq-base)")

    args.runs = args.runs or (3 if args.quick else 7)
    args.names = args.names or (N_QUICK_NAMES if args.quick else N_NAMES)
    own_port = (HOST, PORT) if os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory(prefix="tend-resolve-") as directory:
        with Dnsmasq(Zone(args.names), *own_port) as server:
            report(measure(server, pathlib.Path(directory), args), args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
