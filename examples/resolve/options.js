// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The options of resolve in JavaScript: main.c has what they mean.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

import {TYPES} from './dns.js';

const DEFAULT_PORT = 53;
const MAX_PORT = 65535;
const MAX_SOCKETS = 256;
const MAX_RETRIES = 100;

// Half of the numbers that 16 bits have: more at once on a socket would be easy to guess.
const MAX_PER_SOCKET = 32768;

const ENTRIES = {
    help: {short: 'h', text: 'Show this help'},
    server: {short: 's', value: 'ADDR[:PORT]', text: 'The server to ask'},
    type: {short: 't', value: 'TYPE', text: 'A, AAAA or both (the default)'},
    file: {short: 'f', value: 'FILE', text: 'Where the names are'},
    parallel: {short: 'p', value: 'N', text: 'How many are outstanding at most (1000)'},
    timeout: {value: 'SECONDS', text: 'How long the first try lasts (2.0)'},
    retries: {short: 'r', value: 'N', text: 'How many more tries, each twice as long (3)'},
    sockets: {value: 'N', text: 'On how many random ports (8)'},
    ordered: {short: 'o', text: 'Print in the order of the names'},
    json: {text: 'Print an object on each line'},
    progress: {text: 'Show the progress on stderr'},
    'no-progress': {text: 'Do not, even if that is a terminal'},
    quiet: {short: 'q', text: 'Print no counts at the end'},
};

export function getHelp() {
    const lines = Object.entries(ENTRIES).map(([name, {short, value, text}]) => {
        const option = `  ${short ? `-${short}, ` : ''}--${name}${value ? `=${value}` : ''}`;
        return `${option.padEnd(30)}${text}`;
    });
    return `Usage:\n  resolve [OPTION...] [NAME...]\n\nResolves many names at once.\n\n${lines.join('\n')}\n
Without NAME, the names are read from FILE or stdin, one on each line; a "#" begins a comment.`;
}

// The options as they are given.
function readArguments(args) {
    const given = {names: []};
    const words = [...args];
    while (words.length > 0) {
        const word = words.shift();
        if (word === '--') {
            given.names.push(...words.splice(0));
        } else if (!/^-./.test(word)) {
            given.names.push(word);
        } else {
            const [, option, value] = /^([^=]*)(?:=(.*))?$/s.exec(word);
            const [name, entry] = Object.entries(ENTRIES).find(([long, {short}]) =>
                option === `--${long}` || option === `-${short}`) ?? [];
            if (!entry || (value !== undefined && !entry.value))
                throw new Error(`Unknown option ${word}`);
            if (entry.value && value === undefined && words.length === 0)
                throw new Error(`Missing argument for ${word}`);
            given[name] = entry.value ? value ?? words.shift() : true;
        }
    }
    return given;
}

function toNumber(text, min, max, message) {
    if (!/^\d+$/.test(text) || Number(text) < min || Number(text) > max)
        throw new Error(message);
    return Number(text);
}

// ADDR, ADDR:PORT, V6 or [V6]:PORT; null for anything else.
function parseServer(text) {
    const {groups = {v6: text}} = /^\[(?<v6>[^\]]*:[^\]]*)\](:(?<port>\d+))?$/.exec(text) ??
        /^(?<v4>[^:]*)(:(?<port>\d+))?$/.exec(text) ?? {};
    const address = groups.v6 ?? groups.v4;
    const port = Number(groups.port ?? DEFAULT_PORT);

    return GLib.hostname_is_ip_address(address) && port >= 1 && port <= MAX_PORT
        ? Gio.InetSocketAddress.new_from_string(address, port) : null;
}

// The first server that the system asks, or this machine, as the C library has it.
function getDefaultServer() {
    let text = '';
    try {
        text = new TextDecoder().decode(GLib.file_get_contents('/etc/resolv.conf')[1]);
    } catch {
        // There need not be such a file.
    }

    const servers = [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].map(([, address]) => address);
    return Gio.InetSocketAddress.new_from_string(
        servers.find(address => GLib.hostname_is_ip_address(address)) ?? '127.0.0.1', DEFAULT_PORT);
}

// The options, or an Error that says what is wrong with them.
export function parse(args) {
    const given = readArguments(args);
    const type = given.type?.toUpperCase() ?? 'BOTH';
    const timeout = Number(given.timeout ?? 2);
    const nSockets = toNumber(given.sockets ?? 8, 1, MAX_SOCKETS, `--sockets takes a number from 1 to ${MAX_SOCKETS}`);
    const options = {
        isHelp: given.help ?? false,
        server: given.server === undefined ? getDefaultServer() : parseServer(given.server),
        types: Object.keys(TYPES).filter(name => type === 'BOTH' || type === name),
        file: given.file ?? null,
        names: given.names.length > 0 ? given.names : null,
        nSockets,
        nParallel: toNumber(given.parallel ?? 1000, 1, nSockets * MAX_PER_SOCKET,
            `--parallel takes a number from 1 to ${MAX_PER_SOCKET} for each socket`),
        nRetries: toNumber(given.retries ?? 3, 0, MAX_RETRIES, `--retries takes a number from 0 to ${MAX_RETRIES}`),
        timeout: Math.max(Math.round(timeout * 1000), 1),
        isOrdered: given.ordered ?? false,
        isJson: given.json ?? false,
        isQuiet: given.quiet ?? false,
        showsProgress: given.progress ?? (!given['no-progress'] && GLib.log_writer_supports_color(2)),
    };

    if (!(timeout > 0 && timeout <= 1e6))
        throw new Error('--timeout takes a number of seconds above 0');
    if (given.progress && given['no-progress'])
        throw new Error('--progress and --no-progress exclude each other');
    if (options.types.length === 0)
        throw new Error('--type takes A, AAAA or both');
    if (options.server === null)
        throw new Error('--server takes an address, with or without a port');
    return options;
}
