// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// community in JavaScript: see main.c for what it does, and node.c for what the nodes say.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const SECOND = 1000;
const GREETING_INTERVAL = 50;   // milliseconds
const MAX_DATAGRAM = 1024;
const MAX_PORT = 65535;
const MAX_NODES = 99;
const DATAGRAM = /^(hello|goodbye) (node-[0-9]{2})((?: [0-9]{1,5})+)$/;
const SIGNALS = [2, 15];   // SIGINT and SIGTERM

function addSignal(priority, signum, callback) {
    try {
        // Newer GLib has apart what is of Unix. An import that waits would have the program run within a promise.
        return imports.gi.GLibUnix.signal_add(priority, signum, callback);
    } catch {
        return GLib.unix_signal_add(priority, signum, callback);
    }
}

Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');

const newAddress = port => Gio.InetSocketAddress.new_from_string('127.0.0.1', port);
const isError = (error, code) => error instanceof GLib.Error && error.matches(Gio.IOErrorEnum, code);

// A node is a task manager: what it does are its tasks, and their orderly end is its own.
const Node = GObject.registerClass(class Node extends Tend.TaskManager {
    _init(number, nNodes) {
        super._init();
        this.name = `node-${String(number).padStart(2, '0')}`;
        this.nNodes = nNodes;
        this.peers = new Set();
        this.greetedBy = new Set();
        this.met = Tend.Completion.new('met');
    }

    // Begins to receive and to greet. A node that is only made has no tasks.
    start(port, bootstrap) {
        this.socket = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP);
        this.socket.set_blocking(false);
        this.socket.bind(newAddress(port), false);
        this.port = this.socket.get_local_address().get_port();
        this.connection = this.socket.connection_factory_create_connection();
        if (bootstrap)
            this.peers.add(bootstrap);

        this.add_shutdown_task(Tend.Task.new('leave', () => this.leave()));
        this.register('receive', task => this.receive(task));
        this.register('greet', () => this.sendToPeers('hello', ...this.peers), {delay: 0, interval: GREETING_INTERVAL});
    }

    // Goes on until the shutdown cancels it: then the read fails, and its error says so.
    async receive(task) {
        const stream = this.connection.get_input_stream();
        for (;;) {
            // One byte more than there may be shows that a datagram is too long.
            // eslint-disable-next-line no-await-in-loop
            this.received((await task.wait_for(stream.read_bytes_async(
                MAX_DATAGRAM + 1, GLib.PRIORITY_DEFAULT, task.get_cancellable()))).toArray());
        }
    }

    received(bytes) {
        const match = DATAGRAM.exec(new TextDecoder().decode(bytes));
        if (bytes.length > MAX_DATAGRAM || match === null)
            return;

        const [, word, name, rest] = match;
        const ports = rest.trim().split(' ').map(Number);
        if (ports.some(port => port < 1 || port > MAX_PORT) || name === this.name)
            return;

        if (word === 'goodbye') {
            this.peers.delete(ports[0]);
            return;
        }

        ports.filter(port => port !== this.port).forEach(port => this.peers.add(port));
        this.greetedBy.add(name);
        if (this.greetedBy.size === this.nNodes - 1 && !this.met.is_done())
            this.met.set_value(true);
    }

    // The shutdown task: it runs when the others have ended, and nobody uses the socket any more.
    leave() {
        if (!this.met.is_done())
            this.met.set_cancelled();
        try {
            this.sendToPeers('goodbye');
        } catch {
            // Whoever leaves does not ask whether that is heard.
        }

        this.socket.close();
        print(`${this.name} has said goodbye`);
    }

    sendToPeers(word, ...ports) {
        const datagram = new TextEncoder().encode([word, this.name, this.port, ...ports].join(' '));
        for (const peer of this.peers) {
            try {
                this.socket.send_to(newAddress(peer), datagram, null);
            } catch (error) {
                // One that there is no room for is lost, as any datagram may be: there will be another.
                if (!isError(error, Gio.IOErrorEnum.WOULD_BLOCK))
                    throw error;
            }
        }
    }

    vfunc_task_failed(task, error) {
        printerr(`community: ${this.name}: ${task.get_name()}: ${error.message}`);
    }
});

class Community {
    constructor(options) {
        this.options = options;
        this.nodes = [];
        this.signum = 0;
        // Cancelled by what ends the program early: whichever wait it is in is given up.
        this.interrupt = new Gio.Cancellable();
        // Never completed, but for being dropped.
        this.end = Tend.Completion.new('end');
    }

    async run() {
        for (const signum of SIGNALS) {
            addSignal(GLib.PRIORITY_DEFAULT, signum, () => {
                this.signum = signum;
                this.interrupt.cancel();
                return GLib.SOURCE_CONTINUE;
            });
        }

        let isFine = false;
        try {
            this.startNodes();
            await this.meet();
            if (this.options.stay)
                await this.end.task.wait(this.interrupt);
            isFine = true;
        } catch (error) {
            // Whoever was interrupted, by a signal or for a task that failed, has been told why.
            if (!isError(error, Gio.IOErrorEnum.CANCELLED))
                printerr(`community: ${error.message}`);
        }

        isFine = await this.leave() && isFine;
        return this.signum ? 128 + this.signum : Number(!isFine);
    }

    startNodes() {
        for (let number = 1; number <= this.options.nodes; number++) {
            const node = new Node(number, this.options.nodes);
            this.nodes.push(node);
            // Where a task has failed there is no use in waiting. What failed the node says itself.
            node.connect('task-failed', () => this.interrupt.cancel());
            try {
                node.start(number === 1 ? this.options.port : 0, this.nodes[0].port);
            } catch (error) {
                throw new Error(`${node.name}: ${error.message}`);
            }
        }
    }

    async meet() {
        const everybody = Tend.wait_all(this.nodes.map(node => node.met.task));
        try {
            await everybody.with_timeout(this.options.timeout * SECOND).wait(this.interrupt);
        } catch (error) {
            if (isError(error, Gio.IOErrorEnum.TIMED_OUT))
                throw new Error(`Not everybody has met within ${this.options.timeout} s`);
            throw error;
        }

        for (const node of this.nodes)
            print(`${node.name} was greeted by ${[...node.greetedBy].sort().join(', ')}`);
    }

    // The last first, and all of them even if one cannot end well.
    async leave() {
        let isFine = true;
        for (const node of [...this.nodes].reverse()) {
            try {
                // eslint-disable-next-line no-await-in-loop
                await node.shutdown();
            } catch (error) {
                printerr(`community: ${node.name}: ${error.message}`);
                isFine = false;
            }
        }
        return isFine;
    }
}

function parse(args) {
    const options = {nodes: 4, port: 0, timeout: 5, stay: false};
    const isBetween = (value, min, max) => value >= min && value <= max;

    while (args.length > 0) {
        const name = args.shift().replace(/^--/, '');
        if (!(name in options))
            return null;
        options[name] = name === 'stay' ? true : Number(args.shift());
    }

    return Number.isInteger(options.nodes) && isBetween(options.nodes, 2, MAX_NODES) &&
        Number.isInteger(options.port) && isBetween(options.port, 0, MAX_PORT) &&
        isBetween(options.timeout, 0, 1e6) ? options : null;
}

const options = parse([...System.programArgs]);
if (options === null) {
    printerr('usage: community [--nodes N] [--port PORT] [--timeout SECONDS] [--stay]');
    System.exit(2);
}

System.exit(await new Community(options).run());
