// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a fiber or a thread of C does is told to JavaScript on the native stack of its own thread: elsewhere no line of
// it would run.

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import TendTest from 'gi://TendTest?version=1';
import {assertEqual, assertRejects, runTests} from './support.js';

const Node = GObject.registerClass(class TestFiberNode extends Tend.TaskManager {
    vfunc_task_failed(task) {
        this.failed = task.get_error().message;
    }
});

runTests({
    everythingIsToldOnTheNativeStack: async () => {
        const [log, own, manager] = [[], Tend.Task.new('own', null), new Node()];
        const tell = what => () => log.push(what);

        const started = Tend.Task.new('started', async () => {
            log.push('body');
            await Tend.sleep(1);
            log.push('rest of the body');
        });
        const cancelled = manager.register('cancelled', () => Tend.sleep(1e6));
        const fiber = TendTest.new_fiber(own, started, manager);
        fiber.connect('notify::progress', tell('progress'));
        fiber.add_exit_handler(tell('exit handler'));
        own.connect('notify::status', tell('status'));
        own.add_exit_handler(tell('exit handler of its own'));
        started.connect('notify::status', tell('status of the started'));
        manager.connect('items-changed', tell('items'));

        const other = new Node();
        other.register(fiber);
        await assertRejects(fiber, Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY);
        assertEqual(await own, 'from a fiber');
        await started;
        await assertRejects(cancelled);
        assertEqual(other.failed, 'busy');
        for (const what of ['progress', 'exit handler', 'status', 'exit handler of its own', 'status of the started',
            'items', 'body', 'rest of the body'])
            assertEqual(`${what} ${log.includes(what)}`, `${what} true`);
    },

    everythingIsToldInItsOwnThread: async () => {
        const [log, own] = [[], Tend.Task.new('own', null)];
        const tell = what => () => log.push(what);

        const cancelled = Tend.Task.run('cancelled', () => Tend.sleep(1e6));
        const thread = TendTest.new_thread(own, cancelled);
        thread.connect('notify::progress', tell('progress'));
        thread.add_exit_handler(tell('exit handler'));
        own.connect('notify::status', tell('status'));
        cancelled.connect('notify::status', tell('status of the cancelled'));

        const manager = new Node();
        manager.connect('items-changed', tell('items'));
        manager.register(thread);
        assertEqual(await thread, 'result');
        assertEqual(await own, 'from a thread');
        await assertRejects(cancelled, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        for (const what of ['progress', 'exit handler', 'status', 'status of the cancelled', 'items'])
            assertEqual(`${what} ${log.includes(what)}`, `${what} true`);
    },
});
