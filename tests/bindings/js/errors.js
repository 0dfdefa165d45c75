// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a body throws comes back: the very exception, or the GLib error with its domain and code.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, collect, runTests} from './support.js';

const {FAILED, STOPPED} = Tend.TaskStatus;
const newError = message => new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, message);

function throwing(exception) {
    return () => {
        throw exception;
    };
}

function throwingLater(exception) {
    return async () => {
        await Tend.sleep(1000);
        throw exception;
    };
}

const fail = exception => Tend.Task.run('failing', throwing(exception));

class OwnError extends Error {}

const EXCEPTIONS = [
    new TypeError('wrong'), new OwnError('own'), newError('busy'), null, undefined, 0, '', 'text', 10n, Symbol('x'),
    {a: 1}, Object.create(null), [], () => {}, new Error('a\0b'), new AggregateError([new Error('part')], 'all'),
    new GLib.Error(Tend.Error, Tend.Error.SEVERAL, 'without parts'),
    {toString: throwing('again')},
];

const ENDS = {
    function: fail,
    asyncFunction: exception => Tend.Task.run(null, async () => {
        throw exception;
    }),
    later: exception => Tend.Task.run(null, throwingLater(exception)),
    promise: exception => Tend.Task.run(null, () => Promise.reject(exception)),
    byHand: exception => {
        const task = Tend.Task.new(null, null);
        task.return_error(exception);
        return task;
    },
    completion: exception => {
        const completion = new Tend.Completion();
        assertEqual(completion.set_error(exception), true);
        assertThrows(() => completion.set_error('another'), Tend.Error, Tend.Error.STATE, '');
        return completion.task;
    },
    timer: exception => Tend.Task.run(null, async task => {
        task.add_timer(1000, null, throwing(exception));
        await Tend.sleep(1000);
    }),
    asyncTimer: exception => Tend.Task.run(null, async task => {
        task.add_timer(1000, null, throwingLater(exception));
        await Tend.sleep(10000);
    }),
    post: exception => Tend.Task.run(null, async task => {
        task.post(throwing(exception));
        await Tend.sleep(1000);
    }),
    anotherTask: exception => Tend.Task.run(null, () => fail(exception)),
    retry: exception => {
        const retry = Tend.Retry.new(3);
        retry.set_predicate((_task, attempt, error) => {
            if (error instanceof GLib.Error ? error !== exception : !Object.is(error, exception))
                throw new Error('the predicate was given another exception');
            return attempt < 2;
        });
        return retry.run(null, throwing(exception));
    },
    timeout: exception => Tend.Task.run(null, throwingLater(exception)).with_timeout(1e9),
    cancellable: exception => fail(exception).with_cancellable(new Tend.Cancellable()),
    group: exception => {
        const group = Tend.Group.new(Tend.GroupPolicy.FIRST_ERROR);
        group.add(Tend.Task.new(null, throwingLater(exception)));
        return group.join();
    },
    defaultOfACache: exception => {
        const [completion, requests] = [new Tend.Completion(), new Tend.RequestCache()];
        const cache = Tend.NumberCache.new('prefix', 1);
        cache.add_task_with_error(completion.task, exception);
        requests.add(cache);
        return completion.task;
    },
};

// Those who hand on a GLib error give a copy of it, since C has nothing else; some of them add to its text.
const COPYING = ['retry', 'group'];

async function assertFailsWith(task, exception, isCopy) {
    const seen = [];
    const waits = [() => task, () => task.wait(), () => Tend.Task.run(null, () => task), () => Promise.all([task])];
    for (const wait of waits)
        // eslint-disable-next-line no-await-in-loop
        await wait().then(() => seen.push('nothing'), error => seen.push(error));
    for (const read of [() => task.get_result(), () => task.result, () => task.wait_sync()]) {
        try {
            seen.push(read());
        } catch (error) {
            seen.push(error);
        }
    }
    await task.catch(error => seen.push(error));
    seen.push(task.get_error());

    assertEqual(task.get_status(), FAILED);
    for (const error of seen) {
        if (isCopy && exception instanceof GLib.Error)
            assertEqual(error.domain === exception.domain && error.code === exception.code, true);
        else
            assertEqual(error, exception);
    }
}

const tests = {};
for (const [name, end] of Object.entries(ENDS)) {
    tests[name] = async () => {
        for (const exception of EXCEPTIONS)
            // eslint-disable-next-line no-await-in-loop
            await assertFailsWith(end(exception), exception, COPYING.includes(name));
    };
}

Object.assign(tests, {
    whatCSees: async () => {
        let seen = null;
        const manager = new Tend.TaskManager();
        GObject.Object.prototype.connect.call(manager, 'task-failed', (_manager, _task, error) => (seen = error));
        manager.register('x', throwing(new TypeError('wrong')));
        await Tend.sleep(1);
        assertEqual(seen.message, 'TypeError: wrong');
        assertEqual(seen.domain, Tend.ExceptionError.quark());
        assertEqual(GLib.quark_to_string(seen.domain), 'tend-exception');
    },

    several: async () => {
        const [type, busy, other] = [new TypeError('one'), newError('two'), newError('two')];
        const all = Tend.when_all([fail(busy), fail(type), fail(other), Tend.Task.run(null, () => 1)]);
        const error = await assertRejects(all, Tend.Error, Tend.Error.SEVERAL);
        assertEqual(error.message, 'One or more errors occurred. (two) (TypeError: one) (two)');
        [busy, type, other].forEach((part, n) => assertEqual(error.errors[n], part));
        [busy, type, other].forEach((part, n) => assertEqual(all.list_errors()[n], part));
        assertEqual(await assertRejects(all.with_timeout(1), Tend.Error, Tend.Error.SEVERAL), error);
    },

    severalCancelled: async () => {
        const tasks = [1, 2].map(() => Tend.Task.new(null, null));
        tasks.forEach(task => task.cancel());
        await assertRejects(Tend.wait_all(tasks), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    },

    manyAtOnce: async () => {
        const tasks = Array.from({length: 3000}, (_, n) => fail(n));
        const error = await assertRejects(Tend.wait_all(tasks), Tend.Error, Tend.Error.SEVERAL);
        error.errors.forEach((part, n) => assertEqual(part, n));
    },

    exceptionsOutliveTheirWrappers: async () => {
        let all = null;
        const seen = [];
        (() => {
            all = Tend.wait_all([1, 2].map(n => Tend.Task.run(null, throwingLater(new OwnError(`${n}`)))));
        })();
        for (let i = 0; i < 5; i++)
            await collect(); // eslint-disable-line no-await-in-loop
        await all.catch(error => seen.push(...error.errors));
        assertEqual(seen.map(error => `${error instanceof OwnError} ${error.message}`).join(), 'true 1,true 2');
    },

    timeoutsHaveTheirOwnError: async () => {
        const task = Tend.Task.run(null, throwingLater(new Error('later')));
        await assertRejects(task.with_timeout(1), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        await assertRejects(task, Error);
    },

    theEndThatCameFirstCounts: async () => {
        const task = Tend.Task.run(null, throwingLater(new Error('too late')));
        task.stop();
        assertEqual(task.get_status(), STOPPED);
        await assertRejects(task, Tend.Error, Tend.Error.STOPPED);
        await Tend.sleep(2000);
        await assertRejects(task, Tend.Error, Tend.Error.STOPPED);
    },

    returnedTwice() {
        const task = Tend.Task.new(null, null);
        task.return_value(1);
        assertThrows(() => task.return_value(2), Error);
        assertThrows(() => task.return_error(new Error('x')), Error);
        assertThrows(() => Tend.Task.new(null, () => 1).return_value(2), Error);
        assertEqual(task.result, 1);
    },

    callbacksOfC: async () => {
        const [task, type] = [fail(new TypeError('x')), TypeError];
        await new Promise(resolve => task.wait_async(null, (source, result) => {
            assertThrows(() => source.wait_finish(result), type);
            resolve();
        }));
        assertThrows(() => task.wait_sync(), type);
    },
});

runTests(tests);
