// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels from JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';

// Runs the main loop until the operation that start(callback) begins has called back.
function untilCalled(start) {
    const loop = new GLib.MainLoop(null, false);
    let result = null;
    start((_source, res) => {
        result = res;
        loop.quit();
    });
    loop.run();
    return result;
}

function send(channel, value) {
    return channel.send_finish(untilCalled(callback => channel.send_async(value, null, callback)));
}

function receive(channel, cancellable = null) {
    return channel.receive_finish(untilCalled(callback => channel.receive_async(cancellable, callback)));
}

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} is not ${expected}`);
}

function assertThrows(func, domain, code) {
    try {
        func();
    } catch (error) {
        if (!(error instanceof GLib.Error) || !error.matches(domain, code))
            throw error;
        return;
    }
    throw new Error('nothing was thrown');
}

const tests = {
    values() {
        const channel = new Tend.Channel();
        for (const value of [42, 'text', 2.5, true, null, new GObject.Object()]) {
            assertEqual(send(channel, value), true);
            assertEqual(receive(channel), value);
            assertEqual(channel.try_send(value), true);
            System.gc();
            const [isReceived, received] = channel.try_receive();
            assertEqual(isReceived, true);
            assertEqual(received, value);
        }
        assertEqual(channel.try_receive()[0], false);
    },

    capacity() {
        const channel = Tend.Channel.new(1);
        const sent = [];
        assertEqual(channel.capacity, 1);
        assertEqual(channel.try_send(1), true);
        assertEqual(channel.try_send(2), false);
        channel.send_async(2, null, (_source, result) => sent.push(channel.send_finish(result)));
        assertEqual(receive(channel), 1);
        assertEqual(receive(channel), 2);
        assertEqual(`${sent}`, 'true');
    },

    allAtOnce() {
        const channel = new Tend.Channel();
        assertEqual(channel.try_receive_all().length, 0);
        channel.try_send({n: 1});
        channel.try_send(null);
        assertEqual(JSON.stringify(channel.try_receive_all()), '[{"n":1},null]');

        const task = Tend.Task.run('receiver', async () => {
            const received = [await channel.receive_all()];
            channel.try_send('c');
            channel.close();
            received.push(await channel.receive_all());
            await channel.receive_all().catch(error => received.push(error.code));
            return JSON.stringify(received);
        });
        channel.try_send({a: 1});
        channel.try_send('b');
        task.wait_sync();
        assertEqual(task.result, `[[{"a":1},"b"],["c"],${Tend.Error.CLOSED}]`);
    },

    close() {
        const channel = new Tend.Channel();
        channel.try_send(null);
        channel.close();
        assertEqual(channel.is_closed(), true);
        assertEqual(receive(channel), null);
        assertThrows(() => receive(channel), Tend.Error, Tend.Error.CLOSED);
        assertThrows(() => send(channel, 1), Tend.Error, Tend.Error.CLOSED);
    },

    closeWithError() {
        const channel = new Tend.Channel();
        channel.close_with_error(new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'no such thing'));
        assertThrows(() => receive(channel), Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND);
        assertThrows(() => send(channel, 1), Tend.Error, Tend.Error.CLOSED);
    },

    cancel() {
        const channel = new Tend.Channel();
        const cancellable = new Gio.Cancellable();
        GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
            cancellable.cancel();
            return GLib.SOURCE_REMOVE;
        });
        assertThrows(() => receive(channel, cancellable), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        channel.try_send(1);
        assertEqual(receive(channel), 1);
    },

    fiberFunctionsAreNotForJavaScript() {
        for (const name of ['send_int', 'receive_int', 'receive_string'])
            assertEqual(Tend.Channel.prototype[name], undefined);
    },
};

let nFailed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        test();
        print(`${name}: ok`);
    } catch (error) {
        nFailed++;
        print(`${name}: ${error}\n${error.stack ?? ''}`);
    }
}
System.exit(nFailed === 0 ? 0 : 1);
