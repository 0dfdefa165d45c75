// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Semaphores, events and conditions from JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertIs, assertRejects, assertThrows, runTests} from './support.js';

const SECOND = 1000;

const start = body => Tend.Task.run(null, body);

runTests({
    // During a collection GJS 1.74 calls nothing, and removes the source whose function it has not called.
    aLostDispatchIsMadeUpFor: async () => {
        const [context, log] = [GLib.MainContext.default(), []];
        const tasks = [1, 2, 3].map(n => Tend.Task.run(`${n}`, async () => {
            await Tend.sleep(1e6).catch(() => log.push(n));
        }));
        await Tend.sleep(1);
        tasks[0].cancel();
        const next = GLib.idle_add(GLib.PRIORITY_LOW, () => GLib.SOURCE_REMOVE);
        assertEqual(context.find_source_by_id(next - 1)?.get_priority(), GLib.PRIORITY_HIGH);
        GLib.source_remove(next - 1);
        tasks[1].cancel();
        tasks[2].cancel();
        await Promise.all(tasks);
        assertEqual(log.join(), '1,2,3');
    },

    async semaphore() {
        const lock = new Tend.Semaphore();
        const log = [];
        const use = name => start(() => lock.run(async () => {
            log.push(name);
            await Tend.sleep(SECOND);
            log.push(`-${name}`);
            return name;
        }));
        assertEqual(lock.get_n_permits(), 1);
        const tasks = ['a', 'b', 'c'].map(use);
        await Tend.sleep(0);
        assertEqual(`${log}`, 'a');
        assertEqual(lock.get_n_available(), 0);
        assertEqual(lock.get_n_waiting(), 2);
        assertEqual(`${await Promise.all(tasks)}`, 'a,b,c');
        assertEqual(`${log}`, 'a,-a,b,-b,c,-c');
        await Tend.sleep(0);
        assertEqual(lock.n_available, 1);
    },

    async several() {
        const semaphore = new Tend.Semaphore({n_permits: 2});
        const log = [];
        const tasks = ['a', 'b', 'c'].map(name => start(async () => {
            await semaphore.acquire();
            log.push(name);
            await Tend.sleep(SECOND);
            semaphore.release();
        }));
        await Tend.sleep(0);
        assertEqual(`${log}`, 'a,b');
        await Promise.all(tasks);
        assertEqual(`${log}`, 'a,b,c');
        assertEqual(semaphore.get_n_available(), 2);
    },

    async runReturns() {
        const lock = Tend.Semaphore.new(1);
        assertEqual(await lock.run(() => 42), 42);
        assertEqual(await lock.run(() => Promise.resolve('text')), 'text');
        const error = new Error('no');
        await assertRejects(lock.run(() => {
            throw error;
        }), error);
        await assertRejects(lock.run(() => Promise.reject(error)), error);
        assertEqual(lock.get_n_available(), 1);
        assertThrows(() => lock.run('nothing'), TypeError);
    },

    async runInTask() {
        const lock = new Tend.Semaphore();
        await start(async () => {
            assertEqual(await lock.run(() => 1), 1);
            assertEqual(lock.get_n_available(), 1);
        });
    },

    async cancelledWhileWaiting() {
        const lock = new Tend.Semaphore();
        assertEqual(lock.try_acquire(), true);
        const task = start(() => lock.run(() => 'never'));
        const next = start(() => lock.run(() => 'next'));
        await Tend.sleep(0);
        task.cancel();
        await assertRejects(task, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        lock.release();
        assertEqual(await next, 'next');
        assertEqual(lock.get_n_available(), 1);
    },

    // The permit is on its way, and the function does not go on.
    async stoppedWithPermitOnItsWay() {
        const lock = new Tend.Semaphore();
        lock.try_acquire();
        const task = start(async () => {
            await lock.acquire();
            throw new Error('it goes on');
        });
        await Tend.sleep(0);
        lock.release();
        task.stop();
        await Tend.sleep(0);
        assertEqual(lock.get_n_available(), 1);
    },

    async stoppedWhileHolding() {
        const lock = new Tend.Semaphore();
        const task = start(async () => {
            await lock.acquire();
            await Tend.sleep(5 * SECOND);
        });
        await Tend.sleep(0);
        assertEqual(lock.get_n_available(), 0);
        task.stop();
        await Tend.sleep(0);
        assertEqual(lock.get_n_available(), 1);
    },

    async semaphoreByCallback() {
        const lock = new Tend.Semaphore();
        const isAcquired = await new Promise(resolve => lock.acquire_async(null, (source, result) => {
            resolve(source.acquire_finish(result));
        }));
        assertEqual(isAcquired, true);
        lock.release();
    },

    async event() {
        const event = new Tend.Event();
        const log = [];
        const wait = name => start(async () => {
            await event.wait();
            log.push(name);
        });
        const tasks = ['a', 'b'].map(wait);
        await Tend.sleep(0);
        assertEqual(event.is_set(), false);
        event.set();
        event.reset();
        const late = wait('c');
        await Promise.all(tasks);
        await Tend.sleep(0);
        assertEqual(`${log}`, 'a,b');
        event.set();
        await late;
        assertEqual(`${log}`, 'a,b,c');
        await event.wait();
    },

    async cancellable() {
        const event = new Tend.Event();
        const cancellable = new Gio.Cancellable();
        const wait = event.wait(cancellable);
        cancellable.cancel();
        await assertRejects(wait, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    async condition() {
        const condition = new Tend.Condition();
        const log = [];
        const tasks = ['a', 'b', 'c', 'd'].map(name => start(async () => {
            await condition.wait();
            log.push(name);
        }));
        await Tend.sleep(0);
        condition.notify_one();
        await tasks[0];
        condition.notify_one();
        tasks[1].cancel();
        await assertRejects(tasks[1], Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        await tasks[2];
        assertEqual(`${log}`, 'a,c');
        condition.notify_all();
        await tasks[3];
        assertEqual(`${log}`, 'a,c,d');
    },

    // The error of a receiver that is cancelled is its own, and goes to nobody else.
    async receiverCancelledWithValueOnItsWay() {
        const channel = new Tend.Channel();
        const tasks = ['a', 'b', 'c'].map(name => start(async () => `${name}${await channel.receive()}`));
        await Tend.sleep(0);
        channel.try_send(1);
        channel.try_send(2);
        tasks[0].cancel();
        await assertRejects(tasks[0], Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        assertEqual(await tasks[1], 'b1');
        assertEqual(await tasks[2], 'c2');
    },

    finalClasses() {
        for (const name of ['Semaphore', 'Event', 'Condition'])
            assertIs(assertThrows(() => imports.gi.GObject.registerClass(class extends Tend[name] {})), TypeError);
    },
});
