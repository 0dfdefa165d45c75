// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The queries of resolve in JavaScript, and the UDP sockets on which they are asked.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';

import {UDP_SIZE, buildQuery, readAnswer, readQuestion} from './dns.js';

Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');

const [SOL_SOCKET, SO_RCVBUF] = [1, 8];
const RECEIVE_BUFFER = 1024 * 1024;     // less than that will do as well

const isSame = (a, b) => a?.name === b.name && a?.type === b.type;

// A try of a request, which is the question and what has come of it so far.
export const Query = GObject.registerClass(class Query extends Tend.RandomNumberCache {
    _init(params, request, timeout) {
        super._init(params);
        this.request = request;
        this.timeoutUsec = timeout;
        this.task = null;
        this.answered = new Tend.Completion();
        this.add_task(this.answered.task, null);
    }

    vfunc_get_timeout() {
        return this.timeoutUsec;
    }

    vfunc_timed_out() {
        this.task?.cancel();
    }
});

export const isError = (error, code) => error instanceof GLib.Error && error.matches(Gio.IOErrorEnum, code);

// A UDP socket on a port that the kernel chose at random. It is connected, so that nothing comes but from the server.
export class Port {
    constructor(resolver, number) {
        const {server} = resolver.options;
        this.resolver = resolver;
        this.prefix = `udp-${number}`;
        this.asked = new Map();     // the question that was asked last under each id
        this.socket = Gio.Socket.new(server.get_family(), Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP);
        this.socket.set_blocking(false);
        this.socket.set_option(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
        this.socket.connect(server, null);
        this.stream = this.socket.connection_factory_create_connection();
        resolver.manager.register(`receive on ${number}`, task => this.receive(task));
    }

    send({number, request}) {
        this.asked.set(number, request);
        try {
            this.socket.send(buildQuery(number, request), null);
        } catch {
            // As good as lost on the way: it times out, and is tried again.
        }
    }

    async receive(task) {
        const input = this.stream.get_input_stream();
        for (;;) {
            try {
                // One byte more than there may be shows that a datagram is too long.
                this.received((await task.wait_for(input.read_bytes_async( // eslint-disable-line no-await-in-loop
                    UDP_SIZE + 1, GLib.PRIORITY_DEFAULT, task.get_cancellable()))).toArray());
            } catch (error) {
                // That nobody listens there may change until the next try.
                if (!isError(error, Gio.IOErrorEnum.CONNECTION_REFUSED))
                    throw error;
            }
        }
    }

    // Drops and counts all but the answer to what was asked here, with the id and the question. Nobody can end a
    // query by sending rubbish.
    received(bytes) {
        try {
            this.resolver.counts[this.take(bytes)]++;
        } catch (error) {
            if (!(error instanceof RangeError))
                throw error;
            this.resolver.counts.malformed++;
        }
    }

    // The name of what is to be counted.
    take(bytes) {
        if (bytes.length > UDP_SIZE)
            return 'oversized';

        const {id, ...question} = readQuestion(bytes);
        const query = this.resolver.requests.lookup(this.prefix, id);
        if (query === null)
            return isSame(this.asked.get(id), question) ? 'late' : 'wrongId';

        const answer = readAnswer(bytes, query.request);
        if (answer === null)
            return 'wrongId';

        query.answered.set_value(answer);
        this.resolver.requests.pop(this.prefix, id);
        return 'taken';
    }
}
