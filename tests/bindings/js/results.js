// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Results of any type come back as they were, from wherever they are read.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, collect, runTests} from './support.js';

const VALUES = [
    undefined, null, true, false, 0, -0, 42, 2 ** 31, 2 ** 53, -1.5, NaN, Infinity, 10n ** 30n, '', 'text', 'a\0b',
    '\ud800', '😀', Symbol('symbol'), {a: 1}, [1, [2]], Object.create(null), new Map([[1, 2]]), new Set(), new Date(),
    /x/u, new Uint8Array([1]), new Error('a value'), () => {}, class {}, new GObject.Object(), GObject.Object,
    new GLib.Variant('s', 'x'), new GLib.Bytes(new Uint8Array([1])), new Proxy({}, {}),
];

// Ways for a task to end with a value, and ways to read it.
const ENDS = {
    function: value => Tend.Task.run(null, () => value),
    asyncFunction: value => Tend.Task.run(null, async () => value),
    later: value => Tend.Task.run(null, async () => {
        await Tend.sleep(1000);
        return value;
    }),
    promise: value => Tend.Task.run(null, () => new Promise(resolve => resolve(value))),
    byHand: value => {
        const task = Tend.Task.new(null, null);
        task.return_value(value);
        return task;
    },
    inTheBody: value => Tend.Task.run(null, task => task.return_value(value)),
    completion: value => {
        const completion = new Tend.Completion();
        assertEqual(completion.set_value(value), true);
        assertThrows(() => completion.set_value('another'), Tend.Error, Tend.Error.STATE, '');
        return completion.task;
    },
    anotherTask: value => Tend.Task.run(null, () => Tend.Task.run(null, () => value)),
    retry: value => Tend.Retry.new(1).run(null, () => value),
    timeout: value => Tend.Task.run(null, () => value).with_timeout(1000),
    cancellable: value => Tend.Task.run(null, () => value).with_cancellable(null),
    defaultOfACache: value => {
        const [completion, requests] = [new Tend.Completion(), new Tend.RequestCache()];
        const cache = Tend.NumberCache.new('prefix', 1);
        cache.add_task(completion.task, value);
        requests.add(cache);
        return completion.task;
    },
};

const tests = {};
for (const [name, end] of Object.entries(ENDS)) {
    tests[name] = async () => {
        for (const expected of VALUES) {
            const task = end(expected);
            /* eslint-disable no-await-in-loop */
            const values = [await task, await task, await task.wait(), await task.wait_async(null), task.get_result(),
                task.result, (await Promise.all([task]))[0], (await Tend.when_all([task, task]))[1],
                await task.with_timeout(1), await task.then(value => value), await task.finally(() => 1)];
            /* eslint-enable no-await-in-loop */
            values.forEach(value => assertEqual(value, expected));
        }
    };
}

Object.assign(tests, {
    whatCSees() {
        for (const value of [true, 42, 2.5, 'text']) {
            const task = Tend.Task.run(null, () => value);
            const type = {boolean: 'boolean', number: Number.isInteger(value) ? 'int' : 'double', string: 'string'};
            assertEqual(task[`get_${type[typeof value]}`](), value);
        }
        const object = new GObject.Object();
        assertEqual(Tend.Task.run(null, () => object).get_object(), object);
    },

    theTypedFunctionsOfC() {
        const values = {boolean: true, int: 5, double: 0.5, string: 'x', object: null};
        for (const [name, value] of Object.entries(values)) {
            const task = Tend.Task.new(null, null);
            task[`return_${name}`](value);
            assertEqual(task.result, value);
        }
    },

    valuesOutliveTheirWrappers: async () => {
        const holder = [];
        (() => {
            const task = Tend.Task.run(null, () => ({a: {b: 1}}));
            holder.push(new Tend.TaskManager(), Tend.wait_all([task]));
            Tend.Task.run('later', async () => {
                await Tend.sleep(1000);
                return {c: 2};
            }).add_exit_handler(ended => holder.push(ended.result));
        })();
        await Tend.sleep(500);
        await collect();
        await Tend.sleep(1000);
        assertEqual(holder[2].c, 2);
    },

    noResultYet() {
        const task = Tend.Task.new(null, null);
        assertThrows(() => task.get_result(), Tend.Error, Tend.Error.STATE);
        assertThrows(() => task.result, Tend.Error, Tend.Error.STATE);
        assertEqual(task.get_error(), null);
    },

    aPromiseThatIsReturnedByHandIsWaitedFor: async () => {
        const task = Tend.Task.new(null, null);
        task.return_value(new Promise(resolve => resolve('in the end')));
        assertEqual(await task, 'in the end');

        const [failed, error] = [Tend.Task.new(null, null), new Error('in the end')];
        failed.return_value(Tend.Task.run(null, async () => {
            throw error;
        }));
        await assertRejects(failed, error);
    },

    aResultThatIsATask: async () => {
        const tasks = [1, 2].map(seconds => Tend.Task.run(null, async () => {
            await Tend.sleep(seconds * 1000);
            return seconds;
        }));
        assertEqual(await Tend.when_any(tasks), tasks[0]);
        assertEqual(await Tend.when_any(tasks).with_timeout(10), tasks[0]);
        assertEqual(await Tend.when_any(tasks).wait(), tasks[0]);
        await Tend.when_any(tasks).then(async task => assertEqual(await task, 1));
        assertEqual((await Promise.all([Tend.when_any(tasks)]))[0], tasks[0]);
        for (const body of [() => Tend.when_any(tasks), async () => Tend.when_any(tasks)]) // eslint-disable-line
            assertEqual(await Tend.Task.run(null, body), tasks[0]); // eslint-disable-line no-await-in-loop
    },

    aTaskIsTextByItsName() {
        const task = Tend.Task.run('a task', () => 1);
        assertEqual(`${task}`, task.to_string());
    },
});

runTests(tests);
