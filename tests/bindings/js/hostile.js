// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Nothing crashes: exceptions in every callback, what is dropped while it runs, and tasks left behind at the exit.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, collect, runTests} from './support.js';

const THROWN = [new Error('x'), null, undefined, 'text', 5, Symbol('x'), Object.create(null),
    new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.FAILED, 'x'), new GLib.Error(Gio.IOErrorEnum, 12345, '')];

function throwing(exception) {
    return () => {
        throw exception;
    };
}

const run = body => Tend.Task.run(null, body);

const tests = {
    exceptionsInCallbacks: async () => {
        for (const exception of THROWN) {
            const throws = throwing(exception);
            const manager = new Tend.TaskManager();
            const retry = Tend.Retry.new(3);
            retry.set_predicate(throws);
            const task = run(() => Tend.sleep(10));
            task.add_exit_handler(throws);
            task.add_exit_handler(async () => throws());
            /* eslint-disable no-await-in-loop */
            assertEqual(await task, undefined);
            await retry.run(null, throws).catch(() => {});
            await manager.register('a', throws).catch(() => {});
            await run(self => self.post(throws)).catch(() => {});
            await run(() => 1).then(throws).catch(() => {});
            await run(throws).catch(throws).catch(() => {});
            await run(throws).finally(throws).catch(() => {});
            await run(() => ({then: throws})).catch(() => {});
            await run(() => ({
                get then() {
                    return throws();
                },
            })).catch(() => {});
            await run(() => new Proxy({}, {get: throws})).catch(() => {});
            await manager.shutdown();
            /* eslint-enable no-await-in-loop */
        }
    },

    thenablesThatMisbehave: async () => {
        assertEqual(await run(() => ({then: (resolve, reject) => {
            resolve(1);
            reject(2);
            resolve(3);
        }})), 1);
        const never = run(() => ({then() {}}));
        await collect();
        never.stop();
        await assertRejects(never);
    },

    droppedEverywhere: async () => {
        for (let i = 0; i < 200; i++) {
            run(async self => {
                await Tend.sleep(i % 3);
                if (i % 5 === 0)
                    self.cancel();
                if (i % 7 === 0)
                    self.stop();
                await self.wait_for(new Promise(resolve => i % 2 && resolve()));
                throw new Error('nobody sees this');
            }).catch(() => {});
            Tend.Task.new(null, () => {});
            Tend.Task.new(null, null).wait().catch(() => {});
            Tend.Task.new(null, () => {}).with_timeout(5).catch(() => {});
            new Tend.Completion().task.then(() => {}, () => {});
            new Tend.TaskManager().register('a', () => Tend.sleep(100)).catch(() => {});
            new Tend.Channel().receive().catch(() => {});
            Tend.when_each([run(() => Tend.sleep(1))])[Symbol.asyncIterator]().next();
            if (i % 20 === 0)
                await collect(); // eslint-disable-line no-await-in-loop
        }
        await collect();
        await Tend.sleep(1e6);
    },

    everyMethodWithWrongArguments() {
        const objects = [new Tend.Channel(), new Tend.Completion(), new Tend.Cancellable(), Tend.Retry.new(1),
            new Tend.RequestCache(), new Tend.TaskManager(), Tend.Task.new(null, null), Tend.NumberCache.new('a', 1)];
        const others = /^(constructor|_.*|vfunc_.*)$/;
        // A number of the wrong size is the caller's bug, and C says so: that is fatal to no program but a test.
        const fatal = GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR);
        for (const object of objects) {
            for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(object))) {
                const {value} = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(object), name);
                if (typeof value !== 'function' || others.test(name) || value.length === 0)
                    continue;
                for (const wrong of [Symbol('x'), {}, () => {}]) {
                    try {
                        value.call(object, wrong, wrong, wrong, wrong);
                    } catch (error) {
                        assertEqual(error instanceof Error || error instanceof GLib.Error, true);
                    }
                }
            }
        }
        GLib.log_set_always_fatal(fatal);
        assertThrows(() => Tend.Task.prototype.get_result.call({}), Error);
        assertEqual(typeof Tend.Task.prototype.then, 'function');
    },

    deepRecursion: async () => {
        const recurse = () => recurse() + 1;
        await assertRejects(run(recurse), Error);
        let depth = 0;
        const nested = () => ++depth < 100 ? run(nested) : 'bottom';
        assertEqual(await run(nested), 'bottom');
    },

    managersThatStopThemselves: async () => {
        const owner = new GObject.Object();
        const manager = Tend.TaskManager.new_for_owner(owner);
        manager.register('a', async () => {
            await Tend.sleep(1);
            owner.run_dispose();
            await Tend.sleep(1);
        }).catch(() => {});
        await Tend.sleep(100);
        assertEqual(manager.size, 0);
    },

    leftBehindAtTheExit() {
        run(() => Tend.sleep(1e9));
        run(async task => {
            await task.wait_for(new Promise(() => {}));
        });
        new Tend.TaskManager().register('a', () => Tend.sleep(1e9));
        Tend.Task.new('not started', () => {});
        new Tend.Channel().receive();
        System.gc();
    },
};

runTests(tests);
