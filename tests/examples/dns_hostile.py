# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A DNS server that misbehaves as it is told to, by the names that it is asked for.

The first label of a name is a list of actions, such as wrongid-ok.17.test: an answer with a wrong id, and
then the right one. They are taken in turn. Those in ACTIONS send something, and these decide what is next:

    dropP     with a chance of P in a hundred, nothing more is done; seeded by name, type and try
    delayN    what follows is done N milliseconds later
    reorderN  what follows is done when N queries have come so far, in random order, or after a while
    chaosN    N actions at random, and then ok

Over TCP the actions before a tc... are left out, and it says what happens there. Addresses are
made from the name, those in wrong answers from WRONG. The server prints its port, runs until its standard
input ends, and then prints what it did, as JSON.
"""

import argparse
import asyncio
import collections
import contextlib
import ipaddress
import json
import random
import re
import socket
import struct
import sys
import zlib

import dns_message as dns
from dns_message import ASKED

WRONG = {dns.A: "192.0.2.66", dns.AAAA: "2001:db8:bad::66"}
LARGEST_DATAGRAM = 65507
BUFFER_SIZE = 4 << 20
SO_RCVBUFFORCE = 33
REORDER_SEC = 0.02


def address_of(name, type_):
    """The right address of any name."""
    number = zlib.crc32(f"{name.lower()}/{type_}".encode())
    if type_ == dns.A:
        return str(ipaddress.IPv4Address(0x0A000000 | number & 0xFFFFFF))
    return str(ipaddress.IPv6Address((0xFD << 120) | number))


def chance(seed, key, number):
    """What decides of a query: KEY is NAME/TYPE, and so many times it has come. Tests ask it for the same."""
    return random.Random(f"{seed}/{key}/{number}")


class Asked:
    """A query, and how an answer to it goes out."""

    def __init__(self, server, data, address):
        self.server, self.address = server, address
        self.question = dns.Question(data)

    def send(self, data, sender="main"):
        # Not by the transport of asyncio, which sends no empty datagrams.
        self.server.count("sent")
        self.server.sockets[sender].sendto(data, self.address)

    def records(self, owner=ASKED):
        return [dns.address_record(owner, self.question.type, address_of(self.question.name, self.question.type))]

    def wrong_records(self, owner=ASKED):
        return [dns.address_record(owner, self.question.type, WRONG[self.question.type])]

    def right(self, **kwargs):
        return dns.answer(self.question, self.records(), **kwargs)

    def wrong(self, **kwargs):
        return dns.answer(self.question, self.wrong_records(), **kwargs)


# --- Actions over UDP. Each takes what was asked, and a number if its name is followed by one. ---

ACTIONS = {}


def action(function):
    ACTIONS[function.__name__.rstrip("_")] = function
    return function


@action
def ok(asked):
    asked.send(asked.right())


def rcode(name, number):
    ACTIONS[name] = lambda asked: asked.send(dns.answer(asked.question, rcode=number))


for NAME, NUMBER in {"empty": dns.NOERROR, "formerr": dns.FORMERR, "servfail": dns.SERVFAIL, "nxdomain": dns.NXDOMAIN,
                     "notimp": dns.NOTIMP, "refused": dns.REFUSED}.items():
    rcode(NAME, NUMBER)


@action
def dup(asked, count):
    for _ in range(count):
        asked.send(asked.right())


@action
def cname(asked, count):
    """A chain of so many names, the last of which has the address."""
    names = [asked.question.name, *(f"alias{i}.test" for i in range(count))]
    links = [dns.record(names[i], dns.CNAME, dns.encode_name(names[i + 1])) for i in range(count)]
    asked.send(dns.answer(asked.question, links + asked.records(names[-1])))


@action
def cnameloop(asked):
    name = asked.question.name
    links = [dns.record(name, dns.CNAME, dns.encode_name("alias.test")),
             dns.record("alias.test", dns.CNAME, dns.encode_name(name))]
    asked.send(dns.answer(asked.question, links))


@action
def nowhere(asked):
    """An alias for a name without a record, next to the address of a stranger."""
    link = dns.record(ASKED, dns.CNAME, dns.encode_name("alias.test"))
    asked.send(dns.answer(asked.question, [link, *asked.wrong_records("stranger.test")]))


@action
def stranger(asked):
    """The right question, and records of other names, types and classes."""
    other = dns.AAAA if asked.question.type == dns.A else dns.A
    records = [*asked.wrong_records("stranger.test"),
               dns.address_record(ASKED, other, WRONG[other]),
               dns.record(ASKED, dns.TXT, b"\x04text"),
               dns.record(ASKED, asked.question.type, ipaddress.ip_address(WRONG[asked.question.type]).packed, klass=3)]
    asked.send(dns.answer(asked.question, records))


@action
def upper(asked):
    """The right answer, to a question that is written in another case, as a server may write it."""
    question = asked.question.bytes
    asked.send(asked.right(asked=question[:-4].swapcase() + question[-4:]))


@action
def many(asked, count):
    """The right address, among so many records that are none of the question's."""
    text = dns.record(ASKED, dns.TXT, b"\x01x")
    asked.send(dns.answer(asked.question, [text] * count + asked.records()))


# --- Forged ---


@action
def wrongid(asked):
    asked.send(asked.wrong(ident=asked.question.id ^ (1 + asked.server.rand.randrange(0xFFFF))))


@action
def wrongport(asked):
    asked.send(asked.wrong(), "other port")


@action
def wrongaddr(asked):
    asked.send(asked.wrong(), "other address")


@action
def wrongname(asked):
    asked.send(asked.wrong(asked=dns.encode_name("x" + asked.question.name) + asked.question.bytes[-4:]))


@action
def wrongtype(asked):
    asked.send(asked.wrong(asked=asked.question.bytes[:-4] + struct.pack("!HH", dns.TXT, 1)))


@action
def wrongclass(asked):
    asked.send(asked.wrong(asked=asked.question.bytes[:-4] + struct.pack("!HH", asked.question.type, 3)))


@action
def noquestion(asked):
    asked.send(dns.answer(asked.question, asked.wrong_records(asked.question.name), asked=b""))


@action
def twoquestions(asked):
    asked.send(asked.wrong(asked=asked.question.bytes * 2, counts=(2, 1, 0, 0)))


@action
def echo(asked):
    """Its own question, which is no answer."""
    asked.send(dns.query(asked.question.name, asked.question.type, asked.question.id))


# --- Malformed ---


@action
def loop(asked):
    """An answer whose owner is a pointer to itself."""
    position = 12 + len(asked.question.bytes)
    asked.send(dns.answer(asked.question, asked.wrong_records(struct.pack("!H", 0xC000 | position))))


@action
def pingpong(asked):
    """Two pointers to each other."""
    position = 12 + len(asked.question.bytes)
    pointers = struct.pack("!HH", 0xC000 | position + 2, 0xC000 | position)
    asked.send(dns.answer(asked.question, asked.wrong_records(pointers)))


@action
def beyond(asked):
    """A pointer beyond the end."""
    asked.send(dns.answer(asked.question, asked.wrong_records(b"\xff\xff")))


@action
def questionloop(asked):
    asked.send(asked.wrong(asked=b"\xc0\x0c" + asked.question.bytes[-4:]))


@action
def label(asked):
    """A label of a kind that there is not."""
    asked.send(dns.answer(asked.question, asked.wrong_records(b"\x80abc\0")))


@action
def longname(asked):
    """A name of more than 255 bytes."""
    asked.send(dns.answer(asked.question, asked.wrong_records((b"\x3f" + b"x" * 63) * 5 + b"\0")))


@action
def counts(asked):
    """As many records as there can be, and one that is there."""
    asked.send(asked.wrong(counts=(1, 0xFFFF, 0xFFFF, 0xFFFF)))


@action
def length(asked):
    """An address with a length that leads beyond the end."""
    asked.send(dns.answer(asked.question, [ASKED + struct.pack("!HHIH", asked.question.type, 1, 60, 0xFFFF)]))


@action
def short(asked):
    """An address of three bytes."""
    asked.send(dns.answer(asked.question, [dns.record(ASKED, asked.question.type, b"\x01\x02\x03")]))


@action
def zero(asked):
    asked.send(b"")


@action
def one(asked):
    asked.send(b"\0")


@action
def junk(asked):
    """Random bytes behind the right id."""
    asked.send(struct.pack("!H", asked.question.id) + asked.server.rand.randbytes(asked.server.rand.randrange(200)))


@action
def cut(asked, size):
    """The first bytes of the answer, never all of it."""
    data = asked.wrong()
    asked.send(data[: min(size, len(data) - 1)])


@action
def cuts(asked):
    """The answer cut off in every place."""
    data = asked.wrong()
    for size in range(len(data)):
        asked.send(data[:size])


@action
def huge(asked):
    """As large as a datagram can be: an answer, and nothing behind it."""
    data = asked.wrong()
    asked.send(data + bytes(LARGEST_DATAGRAM - len(data)))


# --- Truncated, and what TCP does then ---


def truncated(name):
    ACTIONS[name] = lambda asked: asked.send(dns.answer(asked.question, flags=dns.TRUNCATED))


async def tcp_ok(asked, writer, data):
    writer.write(struct.pack("!H", len(data)) + data)


async def tcp_pieces(asked, writer, data):
    for byte in struct.pack("!H", len(data)) + data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)


async def tcp_close(asked, writer, data):
    pass


async def tcp_reset(asked, writer, data):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def tcp_hang(asked, writer, data):
    await asked.server.ended.wait()


async def tcp_more(asked, writer, data):
    """Says that there is more than it sends."""
    writer.write(struct.pack("!H", len(data) + 100) + data)


async def tcp_less(asked, writer, data):
    """Says that there is less than it sends."""
    writer.write(struct.pack("!H", len(data) - 7) + data)


async def tcp_zero(asked, writer, data):
    writer.write(struct.pack("!H", 0))


async def tcp_garbage(asked, writer, data):
    writer.write(struct.pack("!H", 40) + asked.server.rand.randbytes(40))


async def tcp_wrongid(asked, writer, data):
    await tcp_ok(asked, writer, asked.wrong(ident=asked.question.id ^ 1))


async def tcp_wrongname(asked, writer, data):
    question = dns.encode_name("x" + asked.question.name) + asked.question.bytes[-4:]
    await tcp_ok(asked, writer, asked.wrong(asked=question))


async def tcp_nxdomain(asked, writer, data):
    await tcp_ok(asked, writer, dns.answer(asked.question, rcode=dns.NXDOMAIN))


async def tcp_again(asked, writer, data):
    """Truncated there too, which makes no sense."""
    await tcp_ok(asked, writer, dns.answer(asked.question, flags=dns.TRUNCATED))


TCP_ACTIONS = {"tc": tcp_ok}
for NAME, FUNCTION in list(globals().items()):
    if NAME.startswith("tcp_"):
        TCP_ACTIONS["tc" + NAME[4:]] = FUNCTION
for NAME in TCP_ACTIONS:
    truncated(NAME)

# For chaos: whatever sends nothing that is right or final.
HARMFUL = ["wrongid", "wrongport", "wrongaddr", "wrongname", "wrongtype", "wrongclass", "noquestion", "twoquestions",
           "echo", "loop", "pingpong", "beyond", "questionloop", "label", "longname", "counts", "length", "short",
           "zero", "one", "junk", "cut", "huge"]


# --- The server ---


class Server(asyncio.DatagramProtocol):
    def __init__(self, args):
        self.args = args
        self.rand = random.Random(args.seed)
        self.ended = asyncio.Event()
        self.counts = collections.Counter()
        self.queries = collections.Counter()  # by name and type, over UDP
        self.ids = []
        self.ports = set()
        self.sockets = {}
        self.held = []

    def count(self, what):
        self.counts[what] += 1

    def report(self):
        return {"counts": self.counts, "queries": self.queries, "ids": self.ids, "ports": sorted(self.ports)}

    def rules_for(self, name):
        first = name.lower().split(".")[0]
        rules = [re.fullmatch(r"([a-z]+)(\d*)", word) for word in first.split("-")]
        known = all(rule and (rule[1] in ACTIONS or rule[1] in ("drop", "delay", "reorder", "chaos")) for rule in rules)
        if not known:
            return self.rules_for(self.args.rule) if name != self.args.rule else []
        return [(rule[1], int(rule[2]) if rule[2] else None) for rule in rules]

    def datagram_received(self, data, address):
        self.count("UDP queries")
        try:
            asked = Asked(self, data, address)
        except (ValueError, IndexError, struct.error):
            self.count("bad queries")
            return
        key = f"{asked.question.name}/{dns.TYPE_NAMES.get(asked.question.type)}"
        self.queries[key] += 1
        asked.rand = chance(self.args.seed, key, self.queries[key])
        self.ids.append(asked.question.id)
        self.ports.add(address[1])
        self.act(asked, self.rules_for(asked.question.name))

    def act(self, asked, rules):
        for position, (name, number) in enumerate(rules):
            self.count(name)
            rest = rules[position + 1 :]
            if name == "drop":
                if asked.rand.random() * 100 < number:
                    self.count("dropped")
                    return
            elif name == "delay":
                asyncio.get_running_loop().call_later(number / 1000, self.act, asked, rest)
                return
            elif name == "reorder":
                self.hold(asked, rest, number)
                return
            elif name == "chaos":
                harms = asked.rand.choices(HARMFUL, k=number)
                self.act(asked, [(harm, 30 if harm == "cut" else None) for harm in harms])
                ok(asked)
            elif number is None:
                ACTIONS[name](asked)
            else:
                ACTIONS[name](asked, number)

    def hold(self, asked, rest, count):
        if not self.held:
            asyncio.get_running_loop().call_later(REORDER_SEC, self.let_go)
        self.held.append((asked, rest))
        if len(self.held) >= count:
            self.let_go()

    def let_go(self):
        held, self.held = self.held, []
        self.rand.shuffle(held)
        for asked, rest in held:
            self.act(asked, rest)

    async def connected(self, reader, writer):
        self.count("TCP connections")
        try:
            size, = struct.unpack("!H", await reader.readexactly(2))
            asked = Asked(self, await reader.readexactly(size), writer.get_extra_info("peername"))
            self.count("TCP queries")
            kinds = [name for name, _ in self.rules_for(asked.question.name) if name in TCP_ACTIONS]
            await TCP_ACTIONS[kinds[-1] if kinds else "tc"](asked, writer, asked.right())
        except (OSError, EOFError, ValueError, IndexError, struct.error):
            self.count("bad TCP connections")
        finally:
            writer.close()

    async def open(self, host):
        loop = asyncio.get_running_loop()
        main = bind(host, self.args.port, with_tcp=self.args.tcp)
        port = main[0].getsockname()[1]
        enlarge(main[0])
        await loop.create_datagram_endpoint(lambda: self, sock=main[0])
        self.sockets["main"] = main[0]
        if self.args.tcp:
            await asyncio.start_server(self.connected, sock=main[1])
        self.sockets["other port"] = socket.socket(main[0].family, socket.SOCK_DGRAM)
        self.sockets["other port"].bind((host, 0))
        self.sockets["other address"] = self.sockets["other port"]
        if host == "127.0.0.1":
            self.sockets["other address"] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sockets["other address"].bind(("127.0.0.2", port))
        return port


def bind(host, port, with_tcp):
    """A UDP and a TCP socket on one port, which is free for both."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((host, port))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            tcp.bind((host, udp.getsockname()[1]))
            if with_tcp:
                tcp.listen(100)
            else:
                tcp.close()
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()
            if port:
                raise


def enlarge(sock):
    """Room for what comes at once, so that the kernel drops nothing that the server would have counted."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_SIZE)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_SIZE)


async def serve(args):
    server = Server(args)
    print(await server.open(args.host), flush=True)

    # Also when the program that started the server was killed.
    end = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(end), sys.stdin)
    await end.read()
    server.ended.set()
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(server.report()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="default: any that is free")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rule", default="ok", help="for names that have no rule of their own (default: ok)")
    parser.add_argument("--no-tcp", dest="tcp", action="store_false", help="refuse connections")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
