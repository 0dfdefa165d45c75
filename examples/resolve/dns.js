// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// DNS packets (RFC 1035, RFC 6891) in JavaScript: questions built, and answers read that anybody may have sent.
//
// A name is a string of its bytes as in a packet, in lower case: labels, each with its length before it, and a
// zero at the end. What is malformed throws a RangeError, as a DataView does where the packet ends.

export const TYPES = {A: 1, AAAA: 28};
const HEADER_SIZE = 12;

// What fits into a packet of the network anywhere (RFC 9715), and is offered to the server.
export const UDP_SIZE = 1232;

const TYPE_CNAME = 5;
const TYPE_OPT = 41;
const CLASS_IN = 1;
const FLAGS = {QR: 0x8000, OPCODE: 0x7800, TC: 0x0200, RD: 0x0100};

const MAX_NAME = 255;
const MAX_LABEL = 63;
const MAX_JUMPS = 32;
const MAX_ALIASES = 16;
const MAX_ALIAS_RECORDS = 64;

const CODES = [
    'NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH',
    'NOTZONE',
];
CODES[16] = 'BADVERS';
const ERRORS = {2: 'server failure', 3: 'not found', 5: 'refused'};

const toLower = text => text.replace(/[A-Z]+/g, letters => letters.toLowerCase());

function check(isFine) {
    if (!isFine)
        throw new RangeError('A malformed packet');
}

// The name that a text is, of letters, digits, hyphens and underscores; null if it is none.
export function nameFromText(text) {
    if (text === '.')
        return '\0';

    const labels = text.replace(/\.$/, '').split('.');
    const name = `${labels.map(label => String.fromCharCode(label.length) + toLower(label)).join('')}\0`;
    return labels.every(label => /^[a-z0-9_-]{1,63}$/i.test(label)) && name.length <= MAX_NAME ? name : null;
}

// A question, with recursion asked for and room offered.
export function buildQuery(id, {name, type}) {
    const behind = HEADER_SIZE + name.length;
    const packet = new Uint8Array(behind + 15);
    const view = new DataView(packet.buffer);

    [id, FLAGS.RD, 1, 0, 0, 1].forEach((number, i) => view.setUint16(2 * i, number));
    packet.set(Array.from(name, byte => byte.charCodeAt(0)), HEADER_SIZE);
    view.setUint16(behind, type);
    view.setUint16(behind + 2, CLASS_IN);

    // OPT: the root's, with the size in the place of the class, and no options.
    view.setUint16(behind + 5, TYPE_OPT);
    view.setUint16(behind + 7, UDP_SIZE);
    return packet;
}

class Packet {
    constructor(bytes) {
        this.bytes = bytes;
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.offset = 0;
        [this.id, this.flags, this.nQuestions, ...this.nRecords] = Array.from({length: 6}, () => this.read16());
    }

    read16() {
        this.offset += 2;
        return this.view.getUint16(this.offset - 2);
    }

    readName() {
        let name = '', at = this.offset, begin = at, end = null;
        for (let nJumps = 0;;) {
            const length = this.view.getUint8(at);
            if (length >= 0xc0) {
                const target = this.view.getUint16(at) & 0x3fff;
                end ??= at + 2;

                // Each part begins before the last one did: no loop, whatever the number of jumps.
                check(target < begin && target >= HEADER_SIZE && ++nJumps <= MAX_JUMPS);
                at = begin = target;
                continue;
            }

            check(length <= MAX_LABEL && name.length + length + 1 <= MAX_NAME && at + length < this.bytes.length);
            if (length === 0) {
                this.offset = end ?? at + 1;
                return toLower(`${name}\0`);
            }
            name += String.fromCharCode(...this.bytes.subarray(at, at + length + 1));
            at += length + 1;
        }
    }

    readQuestion() {
        check((this.flags & FLAGS.QR) && !(this.flags & FLAGS.OPCODE) && this.nQuestions === 1);
        const question = {name: this.readName(), type: this.read16()};
        check(this.read16() === CLASS_IN);
        return question;
    }

    // A record, with the name or the address in it.
    readRecord() {
        const owner = this.readName();
        const [type, klass, high] = [this.read16(), this.read16(), this.read16()];
        this.offset += 2;
        const size = this.read16();
        const begin = this.offset, end = begin + size;
        check(end <= this.bytes.length);

        let value = null;
        if (type === TYPE_OPT) {
            value = high >> 8;
        } else if (klass === CLASS_IN && type === TYPE_CNAME) {
            value = this.readName();
            check(this.offset === end);
        } else if (klass === CLASS_IN && (type === TYPES.A || type === TYPES.AAAA)) {
            check(size === (type === TYPES.A ? 4 : 16));
            value = type === TYPES.A ? this.bytes.subarray(begin, end).join('.') : this.readIPv6();
        }
        this.offset = end;
        return {owner, type: klass === CLASS_IN || type === TYPE_OPT ? type : null, value};
    }

    readIPv6() {
        const text = Array.from({length: 8}, () => this.read16().toString(16)).join(':');
        const runs = [...text.matchAll(/\b0(:0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
        if (runs.length === 0)
            return text;

        const [{0: zeros, index}] = runs;
        return `${text.slice(0, index)}::${text.slice(index + zeros.length)}`.replace(/:{3,}/, '::');
    }
}

// The question that an answer repeats, with its id.
export function readQuestion(bytes) {
    const packet = new Packet(bytes);
    return {id: packet.id, ...packet.readQuestion()};
}

// The name that is left when aliases have been followed, in whatever order they stand; null behind too many.
function followAliases(name, answers) {
    const aliases = new Map();
    for (const {owner, type, value} of answers) {
        if (type === TYPE_CNAME && !aliases.has(owner))
            aliases.set(owner, value);
    }
    check(answers.filter(({type}) => type === TYPE_CNAME).length <= MAX_ALIAS_RECORDS);

    for (let n = 0; n <= MAX_ALIASES; n++) {
        if (!aliases.has(name))
            return name;
        name = aliases.get(name);
    }
    return null;
}

// Reads what should be the answer to a question: null if it is one to another. Otherwise it has addresses, or an
// error, or is truncated, and then nothing but the question has been looked at.
export function readAnswer(bytes, {name, type}) {
    const packet = new Packet(bytes);
    const question = packet.readQuestion();
    if (question.name !== name || question.type !== type)
        return null;
    if (packet.flags & FLAGS.TC)
        return {isTruncated: true};

    const [answers, authorities, others] = packet.nRecords.map(n => Array.from({length: n}, () => packet.readRecord()));
    const options = others.filter(record => record.type === TYPE_OPT);
    check(options.length <= 1 && ![...answers, ...authorities].some(record => record.type === TYPE_OPT));

    const owner = followAliases(name, answers);
    const code = packet.flags & 0xf | (options[0]?.value ?? 0) << 4;
    if (code !== 0)
        return {error: ERRORS[code] ?? `SERVER ${CODES[code] ?? `RCODE${code}`}`};

    const addresses = answers.filter(record => record.owner === owner && record.type === type).map(({value}) => value);
    return addresses.length > 0 ? {addresses} : {error: 'no address'};
}
