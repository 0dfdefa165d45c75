// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// resolve in JavaScript: the addresses of many names, asked for at once. See main.c for what it does.
//
// Each try of a name and type is a query in a request cache, under a random number, which is the id in the packet.
// It has a completion that is awaited: its value is the answer, or null when its time is up.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

import {TYPES, buildQuery, nameFromText, readAnswer, readQuestion} from './dns.js';
import {Names, Output} from './lines.js';
import {getHelp, parse} from './options.js';
import {Port, Query, isError} from './transport.js';
import {OutputStream, addSignal} from './unix.js';

const STDERR = 2;
const [SIGINT, SIGPIPE, SIGTERM] = [2, 13, 15];

const FULL_SIZE = 256 * 1024;   // of lines that were not read yet: no new names are asked for
const MAX_KEPT = 100000;        // outcomes may wait for one before them
const BURST_SIZE = 64;          // questions are sent before what has come is looked at
const MAX_CONNECTIONS = 16;     // at once; the receivers have slots besides
const MAX_DOUBLINGS = 20;
const JITTER = 0.1;             // a try lasts up to so much longer, so that those that began together part
const PATIENCE = 400;           // milliseconds that an interrupt waits for whoever reads the last lines
const PROGRESS_INTERVAL = 100;

const DEFINITE = ['not found', 'no address'];
const MALFORMED = {error: 'malformed answer'};

Gio._promisify(Gio.SocketClient.prototype, 'connect_async', 'connect_finish');

class Resolver {
    constructor(options) {
        this.options = options;
        this.counts = {
            names: 0, answered: 0, errors: 0, retries: 0, tcp: 0, taken: 0,
            wrongSource: 0, wrongId: 0, malformed: 0, oversized: 0, late: 0,
        };
        this.requests = new Tend.RequestCache();
        this.manager = this.requests.get_manager();
        this.manager.set_max_running(options.nSockets + MAX_CONNECTIONS);
        this.pending = new Set();   // those whose outcome was not printed yet, in the order of the input
        this.nOutstanding = 0;
        this.hasFailed = false;
        this.signum = 0;
        this.error = null;
        this.room = null;           // what the main part waits for
        this.output = new Output(() => this.wake());
        this.stderr = new OutputStream({fd: STDERR, close_fd: false});

        // To open a named pipe waits for a writer. That is done before Tend.run() handles Ctrl-C.
        try {
            this.names = new Names(options);
        } catch (error) {
            this.error = error;
        }
    }

    // --- One name and type ---

    add(text, typeName) {
        const request = {text, name: nameFromText(text), type: TYPES[typeName], typeName, tries: 0, isTcp: false};
        this.pending.add(request);
        return request;
    }

    begin(request) {
        this.nOutstanding++;
        request.begun = GLib.get_monotonic_time();
        if (request.name === null)
            this.end(request, {error: 'invalid name'});
        else
            this.ask(request).then(outcome => this.end(request, outcome), error => this.fail(error));
    }

    async ask(request) {
        for (request.tries = 1; ; request.tries++) {
            let answer = request.isTcp ? await this.askOverTcp(request) : await this.askOverUdp(request);
            if (answer?.isTruncated) {
                // It is the same try, and goes on over TCP; so does any that follows.
                request.isTcp = true;
                this.counts.tcp++;
                answer = await this.askOverTcp(request);
            }
            if (answer !== null)
                return answer;
            if (request.tries > this.options.nRetries)
                return {error: 'timed out'};
            this.counts.retries++;
        }
    }

    newQuery(request, prefix, bits) {
        const doublings = Math.min(request.tries - 1, MAX_DOUBLINGS);
        const timeout = Math.round(this.options.timeout * 2 ** doublings * (1 + JITTER * Math.random()));
        const query = new Query({request_cache: this.requests, prefix, bits}, request, timeout);
        this.requests.add(query);
        return query;
    }

    askOverUdp(request) {
        const port = this.ports[Math.floor(Math.random() * this.ports.length)];
        const query = this.newQuery(request, port.prefix, 16);
        port.send(query);
        return query.answered.task;
    }

    // The try begins when there is a slot for its task. Where the connection fails the query stays until its time is
    // up, so that a server that has no room is not asked again at once.
    async askOverTcp(request) {
        const query = await this.manager.register_anonymous('tcp', async task => {
            const ownQuery = this.newQuery(request, 'tcp', 32);
            ownQuery.task = task;
            try {
                const answer = await this.exchange(task, ownQuery);
                if (answer !== null && ownQuery.is_held()) {
                    ownQuery.answered.set_value(answer);
                    this.requests.pop('tcp', ownQuery.number);
                }
            } catch (error) {
                if (!(error instanceof GLib.Error))
                    throw error;
            }
            return ownQuery;
        });
        return query.answered.task;
    }

    async exchange(task, {number, request}) {
        const id = number % 0x10000;
        const packet = buildQuery(id, request);
        const client = new Gio.SocketClient({enable_proxy: false});
        const connection = await task.wait_for(
            client.connect_async(this.options.server, task.get_cancellable()));
        try {
            const length = [packet.length >> 8, packet.length & 0xff];
            await task.wait_for(connection.get_output_stream().write_bytes_async(
                new GLib.Bytes(Uint8Array.of(...length, ...packet)), GLib.PRIORITY_DEFAULT, task.get_cancellable()));

            const input = connection.get_input_stream();
            const [high, low] = await this.readAll(task, input, 2);
            const bytes = await this.readAll(task, input, high << 8 | low);
            const answer = readQuestion(bytes).id === id ? readAnswer(bytes, request) : null;
            return answer === null || answer.isTruncated ? MALFORMED : answer;
        } catch (error) {
            if (error instanceof RangeError)
                return MALFORMED;
            throw error;
        } finally {
            connection.close(null);
        }
    }

    async readAll(task, input, size) {
        const bytes = new Uint8Array(size);
        for (let n = 0; n < size;) {
            const part = await task.wait_for(input.read_bytes_async(
                size - n, GLib.PRIORITY_DEFAULT, task.get_cancellable()));
            if (part.get_size() === 0)
                throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.CLOSED, 'The server has closed the connection');
            bytes.set(part.toArray(), n);
            n += part.get_size();
        }
        return bytes;
    }

    // --- Outcomes ---

    end(request, {addresses = [], error = null}) {
        if (request.text === null)
            return;

        this.nOutstanding--;
        this.counts[error === null ? 'answered' : 'errors']++;
        this.hasFailed ||= error !== null && !DEFINITE.includes(error);
        request.lines = this.format(request, addresses, error);
        request.text = null;
        if (this.options.isOrdered) {
            for (const first of this.pending) {
                if (first.text !== null)
                    break;
                this.print(first);
            }
        } else {
            this.print(request);
        }
        this.wake();
    }

    print(request) {
        this.pending.delete(request);
        this.output.print(request.lines);
    }

    format({text, typeName, tries, isTcp, begun}, addresses, error) {
        if (this.options.isJson) {
            const msec = tries > 0 ? Math.round((GLib.get_monotonic_time() - begun) / 100) / 10 : 0;
            return `${JSON.stringify({name: text, type: typeName, addresses, error, msec, tries, tcp: isTcp})}\n`;
        }

        // Nothing in a name is a command to a terminal.
        const name = text.replace(/\p{C}/gu, c => `\\u${c.codePointAt(0).toString(16).padStart(4, '0')}`);
        const rests = error === null ? addresses : [`error: ${error}`];
        return rests.map(rest => `${name} ${typeName} ${rest}\n`).join('');
    }

    fail(error) {
        // Those that were cancelled have their outcome from the main part, in their order.
        if (isError(error, Gio.IOErrorEnum.CANCELLED))
            return;
        this.error ??= error;
        this.task.cancel();
    }

    // --- The main part ---

    hasRoom() {
        return this.nOutstanding < this.options.nParallel && this.pending.size <= this.options.nParallel + MAX_KEPT &&
            this.output.size <= FULL_SIZE;
    }

    // A task that ends when the condition holds.
    until(condition) {
        const completion = new Tend.Completion();
        this.room = {condition, completion};
        this.wake();
        return completion.task;
    }

    wake() {
        if (this.output.error)
            this.task.cancel();

        if (this.room?.condition()) {
            const {completion} = this.room;
            this.room = null;
            completion.set_value(true);
        }
    }

    async askAll(task, names) {
        for (let nBegun = 0, some; (some = await task.wait_for(names.next(task.get_cancellable()))) !== null;) {
            for (const name of some) {
                this.counts.names++;
                // If that is cut short, what was not asked any more has its outcome all the same.
                for (const request of this.options.types.map(type => this.add(name, type))) {
                    if (++nBegun % BURST_SIZE === 0)
                        await Tend.checkpoint();
                    if (!this.hasRoom())
                        await this.until(() => this.hasRoom());
                    this.begin(request);
                }
            }
        }
        await this.until(() => this.pending.size === 0 && this.output.size === 0);
    }

    interrupt(signum) {
        if (this.signum)
            System.exit(128 + signum);
        this.signum = signum;
        this.task.cancel();
        return GLib.SOURCE_CONTINUE;
    }

    // What ends it early cancels its task: whichever wait it is in fails.
    async run(task) {
        this.task = task;
        try {
            if (this.error !== null)
                throw this.error;
            for (const signum of [SIGINT, SIGTERM])
                addSignal(GLib.PRIORITY_HIGH, signum, () => this.interrupt(signum));
            if (this.options.showsProgress)
                task.add_timer(PROGRESS_INTERVAL, PROGRESS_INTERVAL, () => this.showProgress());
            this.ports = Array.from({length: this.options.nSockets}, (_, i) => new Port(this, i));
            await task.wait_for(this.askAll(task, this.names));
        } catch (error) {
            if (!isError(error, Gio.IOErrorEnum.CANCELLED))
                this.error ??= error;
        }

        for (const request of this.pending)
            this.end(request, {error: 'cancelled'});
        await this.requests.shutdown();
        await Promise.race([this.output.written, Tend.sleep(PATIENCE)]);
        if (this.options.showsProgress)
            this.say('\r\x1b[K');
        if (!this.options.isQuiet)
            this.sayCounts();
        return this.getStatus();
    }

    say(text) {
        this.stderr.write_bytes(new GLib.Bytes(new TextEncoder().encode(text)), null);
    }

    showProgress() {
        const {answered, errors} = this.counts;
        this.say(`\r\x1b[K${answered + errors} done, ${errors} errors, ${this.nOutstanding} outstanding`);
    }

    sayCounts() {
        const {counts} = this;
        printerr(`${counts.names} names, ${counts.answered} answered, ${counts.errors} errors, ` +
            `${counts.retries} retries, ${counts.tcp} over TCP; dropped: wrong source ${counts.wrongSource}, ` +
            `wrong id ${counts.wrongId}, malformed ${counts.malformed}, oversized ${counts.oversized}, ` +
            `late/duplicate ${counts.late}`);
    }

    getStatus() {
        if (this.signum)
            return 128 + this.signum;

        // Nobody reads any more, which is no failure of ours.
        if (this.output.error && isError(this.output.error, Gio.IOErrorEnum.BROKEN_PIPE))
            return 128 + SIGPIPE;
        if (this.output.error)
            printerr(`resolve: standard output: ${this.output.error.message}`);
        else if (this.error)
            printerr(`resolve: ${this.error.message}`);
        return this.output.error || this.error || this.hasFailed ? 1 : 0;
    }
}

let options;
try {
    options = parse(System.programArgs);
} catch (error) {
    printerr(`resolve: ${error.message}\nTry "resolve --help".`);
    System.exit(2);
}

if (options.isHelp) {
    print(getHelp());
} else {
    const resolver = new Resolver(options);
    System.exit(Tend.run(task => resolver.run(task)));
}
