# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""DNS messages, as far as the test servers need them: a question comes in, and bytes go out."""

import ipaddress
import struct

A, CNAME, AAAA, TXT = 1, 5, 28, 16
TYPES = {"A": A, "AAAA": AAAA}
TYPE_NAMES = {number: name for name, number in TYPES.items()}

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)

RESPONSE, AUTHORITATIVE, TRUNCATED, RECURSION_DESIRED, RECURSION_AVAILABLE = 0x8000, 0x400, 0x200, 0x100, 0x80


class Question:
    """The question of a query, with its id and its bytes, which an answer repeats."""

    def __init__(self, data):
        self.id, self.flags, count = struct.unpack_from("!HHH", data)
        if self.flags & RESPONSE or count != 1:
            raise ValueError("not a query of one question")
        labels = []
        position = 12
        while data[position]:
            length = data[position]
            if length > 63 or position + 1 + length >= len(data):
                raise ValueError("not a plain name")
            labels.append(data[position + 1 : position + 1 + length])
            position += 1 + length
        self.name = b".".join(labels).decode("ascii")
        self.type, self.klass = struct.unpack_from("!HH", data, position + 1)
        self.bytes = data[12 : position + 5]


def encode_name(name):
    labels = [label.encode("ascii") for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def query(name, type_, ident):
    question = encode_name(name) + struct.pack("!HH", type_, 1)
    return struct.pack("!HHHHHH", ident, RECURSION_DESIRED, 1, 0, 0, 0) + question


def record(owner, type_, data, klass=1):
    """A record; its owner is a name, or the bytes of one, such as a pointer to the question's."""
    if isinstance(owner, str):
        owner = encode_name(owner)
    return owner + struct.pack("!HHIH", type_, klass, 60, len(data)) + data


def address_record(owner, type_, address):
    return record(owner, type_, ipaddress.ip_address(address).packed)


# Where the name of the question stands in each message.
ASKED = b"\xc0\x0c"


def answer(question, records=(), rcode=NOERROR, flags=0, ident=None, asked=None, counts=None):
    """A whole answer. What it says of itself may be changed: ident, the question's bytes, the four counts."""
    asked = question.bytes if asked is None else asked
    counts = counts or (1 if asked else 0, len(records), 0, 0)
    head = struct.pack("!HH4H", question.id if ident is None else ident,
                       RESPONSE | AUTHORITATIVE | RECURSION_DESIRED | RECURSION_AVAILABLE | flags | rcode, *counts)
    return head + asked + b"".join(records)
