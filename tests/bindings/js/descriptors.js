// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Descriptors and signals in async functions.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, clock, runTests} from './support.js';

const {IN, OUT} = GLib.IOCondition;

// Two sockets that are connected.
function makePair() {
    const listener = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.STREAM, Gio.SocketProtocol.TCP);
    listener.bind(Gio.InetSocketAddress.new_from_string('127.0.0.1', 0), false);
    listener.listen();
    const here = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.STREAM, Gio.SocketProtocol.TCP);
    here.connect(listener.get_local_address(), null);
    const there = listener.accept(null);
    listener.close();
    return {here, there};
}

const tests = {
    wait: async () => {
        const {here, there} = makePair();
        const task = Tend.Task.run('waits', () => Tend.wait_fd(here.get_fd()));
        await Tend.sleep(0);
        assertEqual(task.is_ended(), false);
        there.send('x', null);
        assertEqual(await task, IN);
        assertEqual(await Tend.wait_fd(here.get_fd(), IN | OUT), IN | OUT);
        here.close();
        there.close();
    },

    cancelledWait: async () => {
        const {here, there} = makePair();
        const task = Tend.Task.run('waits', () => Tend.wait_fd(here.get_fd()));
        await Tend.sleep(0);
        task.cancel();
        await assertRejects(task, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED);
        here.close();
        there.close();
    },

    refused: async () => {
        await assertRejects(Tend.wait_fd(-1));
        await assertRejects(Tend.Task.run(null, () => Tend.wait_fd(-1)));
        const task = Tend.Task.new('host');
        assertThrows(() => task.add_fd(-1, IN, () => true));
        task.stop();
    },

    watch: async () => {
        const {here, there} = makePair();
        const task = Tend.Task.new('host');
        const log = [];
        const watch = task.add_fd(there.get_fd(), OUT, (self, fd, condition) => {
            log.push(self === task, fd === there.get_fd(), condition);
            return log.length < 6;
        });
        assertEqual(watch.is_active(), true);
        while (log.length < 6)
            await Tend.sleep(0); // eslint-disable-line no-await-in-loop
        assertEqual(log.join(), `true,true,${OUT},true,true,${OUT}`);
        assertEqual(watch.is_active(), false);
        task.stop();
        here.close();
        there.close();
    },

    isWorkOutside: async () => {
        const {here, there} = makePair();
        const begin = clock.get_time();
        const task = Tend.Task.run_fd(null, here.get_fd(), IN);
        GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
            there.send('x', null);
            return GLib.SOURCE_REMOVE;
        });
        assertEqual(await task, IN);
        assertEqual(clock.get_time(), begin);
        here.close();
        there.close();
    },
};

runTests(tests);
