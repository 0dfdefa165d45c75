// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The lines that resolve in JavaScript reads and writes, many at a time.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

import {InputStream, OutputStream} from './unix.js';

const [STDIN, STDOUT] = [0, 1];

const BUFFER_SIZE = 64 * 1024;
const MAX_LINE = 1024;      // no name is as long
const PIPE_SIZE = 4096;     // a pipe that has room at all has room for so much

Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async', 'write_bytes_finish');

// The names, from the arguments, a file or stdin: many at a time, and null at the end.
export class Names {
    constructor({names, file}) {
        this.names = names;
        this.rest = new Uint8Array();
        if (names !== null)
            return;

        this.channel = file === null ? null : Names.open(file);
        this.stream = new InputStream({fd: this.channel?.unix_get_fd() ?? STDIN, close_fd: false});
    }

    static open(file) {
        try {
            return GLib.IOChannel.new_file(file, 'r');
        } catch (error) {
            throw new Error(`${file}: ${error.message}`);
        }
    }

    async next(cancellable) {
        if (!this.stream) {
            const {names} = this;
            this.names = null;
            return names;
        }

        const bytes = (await this.stream.read_bytes_async(BUFFER_SIZE, GLib.PRIORITY_DEFAULT, cancellable)).toArray();
        const all = new Uint8Array(this.rest.length + bytes.length);
        all.set(this.rest);
        all.set(bytes, this.rest.length);
        if (bytes.length === 0)
            this.stream = null;

        const end = this.stream ? all.lastIndexOf(0x0a) + 1 : all.length;
        this.rest = all.slice(end, end + 4 * MAX_LINE);
        return new TextDecoder().decode(all.subarray(0, end)).split('\n').map(Names.fromLine).filter(Boolean);
    }

    // What is too long is no name, unless a comment begins before.
    static fromLine(line) {
        return (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE - 1)}?` : line).replace(/#.*/s, '').trim();
    }
}

// Standard output: lines are gathered while those before them are written. Whoever reads them may be slow.
export class Output {
    constructor(onProgress) {
        this.stream = new OutputStream({fd: STDOUT, close_fd: false});
        this.onProgress = onProgress;
        this.text = '';
        this.size = 0;
        this.error = null;
        this.written = null;    // the promise of what is being written
    }

    print(text) {
        this.text += text;
        this.size += text.length;
        this.written ??= this.write();
    }

    async write() {
        try {
            // What is printed in one go is written in one go.
            await null;
            for (; this.text !== ''; this.onProgress()) {
                const bytes = new TextEncoder().encode(this.text);
                this.text = '';
                for (let n = 0; n < bytes.length;) {
                    n += await this.stream.write_bytes_async( // eslint-disable-line no-await-in-loop
                        new GLib.Bytes(bytes.subarray(n, n + PIPE_SIZE)), GLib.PRIORITY_DEFAULT, null);
                }
                this.size = this.text.length;
            }
            this.written = null;
        } catch (error) {
            this.error = error;
        }
        this.onProgress();
    }
}
