// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Settings: each spelling of an option or of a property, and constructors that are alike.

import Gio from 'gi://Gio';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertThrows, runTests} from './support.js';

const SPELLINGS = ['grace_period', 'gracePeriod', 'grace-period'];

const tests = {};
for (const spelling of SPELLINGS) {
    tests[`aTimeIsInMilliseconds_${spelling}`] = () => {
        const manager = new Tend.TaskManager({[spelling]: 5000});
        for (const other of SPELLINGS)
            assertEqual(manager[other], 5000);
        manager[spelling] = 3000;
        assertEqual(manager.get_grace_period(), 3000);
        assertThrows(() => new Tend.TaskManager({[spelling]: -1}), RangeError);
        assertThrows(() => (manager[spelling] = 'x'), TypeError);
    };
}

for (const [snake, camel, value] of [['keep_going', 'keepGoing', true],
    ['interval_mode', 'intervalMode', Tend.IntervalMode.FIXED_RATE ?? 1]]) {
    tests[`anOption_${camel}`] = () => {
        for (const name of [snake, camel]) {
            const task = new Tend.Task('a', () => {}, {[name]: value, interval: 1000});
            assertEqual(task[`get_${snake}`](), value);
        }
        assertThrows(() => new Tend.Task('a', () => {}, {[`${camel}s`]: value}), TypeError);
        new Tend.TaskManager().register('a', () => {}, {[camel]: value, interval: 1000});
    };
}

Object.assign(tests, {
    limits: () => {
        assertThrows(() => new Tend.Group({maxRunning: -1}), RangeError);
        assertThrows(() => new Tend.TaskManager({'max-running': 'x'}), TypeError);
        assertEqual(new Tend.Group({maxRunning: 2}).max_running, 2);
    },

    aRetry: () => {
        const retry = new Tend.Retry({
            maxAttempts: 3, firstWait: 100, longestWait: 1000, factor: 3, jitter: 0.5, timeout: 5000,
        });
        assertEqual(retry.max_attempts, 3);
        assertEqual(retry.get_back_off().join(), '3,100,1000');
        assertEqual(retry.jitter, 0.5);
        assertEqual(retry.timeout, 5000);
        const [factor, first, longest] = Tend.Retry.new(4).get_back_off();
        assertEqual(new Tend.Retry({maxAttempts: 4}).get_back_off().join(), [factor, first, longest].join());
        assertEqual(new Tend.Retry({firstWait: longest + 1}).longestWait, longest + 1);
        assertThrows(() => new Tend.Retry({firstWait: 10, longestWait: 5}), RangeError);
        assertThrows(() => new Tend.Retry({attempts: 3}));
    },

    aPredicate: async () => {
        const seen = [];
        const retry = new Tend.Retry({maxAttempts: 5, firstWait: 1, predicate: (_task, attempt, error) => {
            seen.push(error.message);
            return attempt < 2;
        }});
        await retry.run('a', () => {
            throw new Error('no');
        }).catch(() => {});
        assertEqual(seen.join(), 'no,no');
    },

    aNumber: () => {
        assertEqual(new Tend.Semaphore(2).n_permits, 2);
        assertEqual(new Tend.Semaphore({nPermits: 3}).n_permits, 3);
        assertEqual(new Tend.Channel(2).capacity, 2);
        assertEqual(new Tend.Retry(3).max_attempts, 3);
        assertEqual(new Tend.Retry().max_attempts, new Tend.Retry({}).maxAttempts);
    },

    aCancellableRunsAnAction: async () => {
        const [cancellable, log] = [new Tend.Cancellable(), []];
        const never = new Promise(() => {});
        const run = action => cancellable.run(() => log.push('cancelled'), action);
        assertEqual(run(() => 3), 3);
        assertThrows(() => run(() => {
            throw new RangeError('x');
        }), RangeError);
        assertEqual(await run(() => Tend.sleep(10).then(() => 4)), 4);
        assertEqual(await run(function* () {
            return yield Promise.resolve(5);
        }), 5);
        run(() => never);
        cancellable.cancel();
        await Tend.sleep(1);
        assertEqual(log.join(), 'cancelled');
        assertThrows(() => run(() => log.push('ran')), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        assertEqual(log.join(), 'cancelled');
    },
});

runTests(tests);
