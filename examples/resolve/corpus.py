#!/usr/bin/env python3
# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the packets of corpus/: what servers and others send, whole, broken and hostile.

Each is an answer, or pretends to be one, to the question for the A records of www.example.org. The first
word of a file's name is what dns_read_answer() makes of it.
"""

import pathlib
import struct

NAME = b"\3www\7example\3org\0"
QUESTION = NAME + struct.pack(">HH", 1, 1)
HERE = b"\xc0\x0c"  # the name in the question
A, CNAME, AAAA, OPT = 1, 5, 28, 41


def packet(*records, flags=0x8180, question=QUESTION, answers=None, authority=0, additional=0, n_questions=1):
    n = len(records) - authority - additional if answers is None else answers
    header = struct.pack(">HHHHHH", 0x1234, flags, n_questions, n, authority, additional)
    return header + question + b"".join(records)


def record(owner, kind, data, ttl=300, size=None, number=1):
    return owner + struct.pack(">HHIH", kind, number, ttl, len(data) if size is None else size) + data


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def at(offset):
    return struct.pack(">H", 0xC000 | offset)


ADDRESS = record(HERE, A, b"\x0a\0\0\1")
EDNS = record(b"\0", OPT, b"", ttl=0, number=1232)
RECORDS = 12 + len(QUESTION)

# Each name is a label and a pointer to the name before it: as many jumps as there are names.
STEPS = b"".join(record(b"\1a" + (at(RECORDS + 13 * (i - 1)) if i else HERE), A, b"", number=2) for i in range(40))

PACKETS = {
    "answered-one": packet(ADDRESS),
    "answered-edns": packet(ADDRESS, EDNS, additional=1),
    "answered-many": packet(*(record(HERE, A, bytes([10, 0, 0, i])) for i in range(20))),
    "answered-no-ttl": packet(record(HERE, A, b"\x0a\0\0\1", ttl=0)),
    "answered-case": packet(record(name("wWw.EXAMPLE.org"), A, b"\x0a\0\0\1"), question=QUESTION.upper()),
    "answered-alias": packet(record(HERE, CNAME, name("a.test")), record(name("a.test"), A, b"\x0a\0\0\1")),
    "answered-alias-backwards": packet(
        record(name("b.test"), A, b"\x0a\0\0\1"),
        record(name("a.test"), CNAME, name("b.test")),
        record(HERE, CNAME, name("a.test")),
    ),
    "answered-others-too": packet(record(name("evil.test"), A, b"\6\6\6\6"), ADDRESS, record(HERE, 46, b"\0" * 40)),
    "answered-trailing": packet(ADDRESS) + b"\xc0\xff\xee",
    "empty-nothing": packet(),
    "empty-authority": packet(record(HERE, 6, NAME + NAME + b"\0" * 20), authority=1),
    "empty-other-owner": packet(record(name("evil.test"), A, b"\6\6\6\6")),
    "empty-other-class": packet(record(HERE, A, b"\x0a\0\0\1", number=3)),
    "empty-only-aaaa": packet(record(HERE, AAAA, b"\0" * 16)),
    "empty-alias-loop": packet(record(HERE, CNAME, name("a.test")), record(name("a.test"), CNAME, HERE)),
    "empty-alias-self": packet(record(HERE, CNAME, HERE)),
    "empty-alias-nowhere": packet(record(HERE, CNAME, name("a.test"))),
    "empty-in-additional": packet(ADDRESS, additional=1),
    "empty-name-longest": packet(record((b"\x3f" * 64 * 3) + b"\x2d" * 46 + HERE, A, b"\x0a\0\0\1")),
    "missing-name": packet(flags=0x8183),
    "failure-servfail": packet(flags=0x8182),
    "refused-edns": packet(EDNS, flags=0x8185, additional=1),
    "other-formerr": packet(flags=0x8181),
    "other-badvers": packet(record(b"\0", OPT, b"", ttl=0x01000000, number=1232), additional=1),
    "truncated-empty": packet(flags=0x8380),
    "truncated-cut": packet(ADDRESS, flags=0x8380, answers=200)[:-2],
    "malformed-nothing": b"",
    "malformed-header": packet()[:11],
    "malformed-query": packet(flags=0x0100),
    "malformed-opcode": packet(flags=0xA180),
    "malformed-no-question": packet(question=b"", n_questions=0),
    "malformed-questions": packet(ADDRESS, question=QUESTION * 2, n_questions=2),
    "malformed-question-class": packet(question=NAME + struct.pack(">HH", 1, 3)),
    "malformed-question-cut": packet()[:-1],
    "malformed-count": packet(ADDRESS, answers=2),
    "malformed-counts": packet(answers=0xFFFF, authority=0xFFFF, additional=0xFFFF),
    "malformed-record-size": packet(record(HERE, A, b"\x0a\0\0\1", size=0xFFFF)),
    "malformed-address-short": packet(record(HERE, A, b"\x0a\0\0")),
    "malformed-address-long": packet(record(HERE, A, b"\x0a\0\0\1\2")),
    "malformed-alias-short": packet(record(HERE, CNAME, name("a.test")[:-1]), ADDRESS),
    "malformed-alias-long": packet(record(HERE, CNAME, name("a.test") + b"\0")),
    "malformed-pointer-self": packet(record(at(RECORDS), A, b"\x0a\0\0\1")),
    "malformed-pointer-forward": packet(record(at(RECORDS + 12), A, b"\0\0\0\0")),
    "malformed-pointer-header": packet(record(at(2), A, b"\x0a\0\0\1")),
    "malformed-pointer-far": packet(record(at(0x3FFF), A, b"\x0a\0\0\1")),
    "malformed-pointer-loop": packet(record(b"\1a" + at(RECORDS), A, b"\x0a\0\0\1")),
    "malformed-pointer-pair": packet(record(at(RECORDS + 2), A, at(RECORDS) + b"\0\0")),
    "malformed-pointer-cut": packet(b"\xc0", answers=1),
    "malformed-pointer-question": packet(question=HERE + struct.pack(">HH", 1, 1)),
    "malformed-pointer-steps": packet(STEPS, answers=40),
    "malformed-label-type": packet(record(b"\x40a\0", A, b"\x0a\0\0\1")),
    "malformed-label-type-2": packet(record(b"\x80a\0", A, b"\x0a\0\0\1")),
    "malformed-label-cut": packet(b"\x3fab", answers=1),
    "malformed-name-long": packet(record(b"\x3f" * 64 * 4 + b"\0", A, b"\x0a\0\0\1")),
    "malformed-name-long-pointer": packet(record((b"\x3f" * 64 * 3) + b"\x2e" * 47 + HERE, A, b"\x0a\0\0\1")),
    "malformed-opt-twice": packet(EDNS, EDNS, additional=2),
    "malformed-opt-answer": packet(EDNS),
}

folder = pathlib.Path(__file__).parent / "corpus"
folder.mkdir(exist_ok=True)
for title, data in PACKETS.items():
    assert len(data) < 600, title
    (folder / title).write_bytes(data)
