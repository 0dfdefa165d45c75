// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Generators as bodies: "yield" awaits, and "finally" runs also when the task is stopped.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, collect, runTests} from './support.js';

const CANCELLED = [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED];
const STOPPED = [Tend.Error, Tend.Error.STOPPED];

const never = new Promise(() => {});
const pass = () => new Promise(resolve => GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
    resolve();
    return GLib.SOURCE_REMOVE;
}));

function* add(a, b) {
    yield Tend.sleep(10);
    return a + b;
}

function* hold(log, name, wait = () => Tend.sleep(1e6)) {
    try {
        log.push(`${name} begins`);
        yield wait();
        log.push(`${name} goes on`);
    } finally {
        log.push(`${name} ends`);
    }
}

// Each takes a body, and gives what can be awaited for its end.
const TAKERS = {
    run: body => Tend.Task.run('a', body),
    construct: body => {
        const task = new Tend.Task('a', body);
        task.start();
        return task;
    },
    register: body => new Tend.TaskManager().register('a', body),
    debounce: body => new Tend.TaskManager().debounce('a', 10, body),
    retry: body => Tend.Retry.new(1).run('a', body),
    permit: body => new Tend.Semaphore({n_permits: 1}).run(body),
    permitInATask: body => Tend.Task.run('a', () => new Tend.Semaphore({n_permits: 1}).run(body)),
    waitFor: body => Tend.Task.run('a', self => self.wait_for(body(self))),
    open: body => Tend.Task.run_open('a', function* (self) {
        self.return_value(yield* body(self));
    }),
    timer: body => Tend.Task.run('a', self => new Promise(resolve => {
        self.add_timer(10, null, function* () {
            resolve(yield* body(self));
        });
    })),
};

// What is yielded, and what it gives.
const YIELDED = {
    task: [() => Tend.Task.run(null, () => 7), 7],
    sleep: [() => Tend.sleep(10), undefined],
    promise: [() => Promise.resolve(7), 7],
    ordinary: [() => pass().then(() => 7), 7],
    asyncFunction: [async () => {
        await Tend.sleep(5);
        await pass();
        await Tend.sleep(5);
        return 7;
    }, 7],
    generator: [() => add(3, 4), 7],
    value: [() => 7, 7],
    taskOfAGenerator: [() => Tend.Task.run(null, () => add(3, 4)), 7],
};

// What a body waits in when it is ended.
const WAITS = {
    sleep: () => Tend.sleep(1e6),
    promise: () => never,
    task: () => Tend.Task.new(null, null),
    receive: () => new Tend.Channel().receive(),
    asyncFunction: async () => {
        await pass();
        await Tend.sleep(1e6);
    },
};

const tests = {};
for (const [name, take] of Object.entries(TAKERS)) {
    tests[`${name}_takesAGenerator`] = async () => {
        assertEqual(await take(function* () {
            const sum = yield* add(1, 2);
            return sum + (yield add(10, 20));
        }), 33);
    };
}

for (const [name, [make, expected]] of Object.entries(YIELDED)) {
    tests[`yieldAwaits_${name}`] = async () => {
        const task = Tend.Task.run('a', function* (self) {
            const value = yield make();
            assertEqual(Tend.Task.get_current(), self);
            return value;
        });
        assertEqual(await task, expected);
    };
}

for (const [name, wait] of Object.entries(WAITS)) {
    tests[`cancelThrowsInto_${name}`] = async () => {
        const log = [];
        const task = Tend.Task.run('a', function* () {
            try {
                yield* hold(log, 'helper', wait);
            } catch (error) {
                log.push(error.matches(...CANCELLED));
                yield Tend.sleep(10);
                throw error;
            }
        });
        await Tend.sleep(100);
        await pass();
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), 'helper begins,helper ends,true');
    };

    tests[`stopRunsFinallyIn_${name}`] = async () => {
        const log = [];
        const task = Tend.Task.run('a', function* () {
            try {
                yield hold(log, 'inner', wait);
            } finally {
                log.push('outer ends');
            }
        });
        await Tend.sleep(100);
        await pass();
        task.stop();
        assertEqual(log.join(), 'inner begins,inner ends,outer ends');
        await assertRejects(task, ...STOPPED);
        await Tend.sleep(1e7);
        assertEqual(log.length, 3);
    };
}

Object.assign(tests, {
    exceptionsArriveAsTheyWereThrown: async () => {
        const thrown = new RangeError('x');
        const fails = function* () {
            yield Tend.sleep(1);
            throw thrown;
        };
        await assertRejects(Tend.Task.run('a', fails), thrown);
        assertEqual(await Tend.Task.run('b', function* () {
            try {
                yield fails();
            } catch (error) {
                return error;
            }
            return null;
        }), thrown);
    },

    aStoppedOneCannotWait: async () => {
        const log = [];
        const task = Tend.Task.run('a', function* () {
            try {
                yield Tend.sleep(1e6);
            } finally {
                try {
                    yield Tend.sleep(10);
                    log.push('waited');
                } catch (error) {
                    log.push(error.matches(...STOPPED));
                }
            }
        });
        task.stop();
        assertEqual(log.join(), 'true');
        await assertRejects(task, ...STOPPED);
    },

    aStopOfItself: async () => {
        const log = [];
        const task = Tend.Task.run('a', function* (self) {
            try {
                yield Tend.sleep(1);
                self.stop();
                log.push('the rest of its turn');
                yield Tend.sleep(1);
                log.push('a line behind it');
            } finally {
                log.push('finally');
            }
        });
        await assertRejects(task, ...STOPPED);
        assertEqual(log.join(), 'the rest of its turn,finally');
    },

    anEndByHand: async () => {
        const log = [];
        const task = Tend.Task.run('a', () => hold(log, 'body'));
        task.return_value(3);
        assertEqual(await task, 3);
        assertEqual(log.join(), 'body begins,body ends');
    },

    noValueIsLost: async () => {
        const [channel, received] = [new Tend.Channel(), []];
        const receive = function* () {
            received.push(yield channel.receive());
        };
        const first = Tend.Task.run('first', receive);
        Tend.Task.run('second', receive);
        channel.try_send({n: 1});
        first.stop();
        first.catch(() => {});
        await Tend.sleep(10);
        assertEqual(received.map(({n}) => n).join(), '1');
    },

    oneThatRepeats: async () => {
        let n = 0;
        const task = Tend.Task.run('a', function* () {
            yield Tend.sleep(10);
            n++;
        }, {interval: 100});
        await Tend.sleep(1000);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(n >= 9, true);
    },

    manyThatDoNotWait: async () => {
        const nothing = function* () {};
        assertEqual(await Tend.Task.run('a', function* () {
            for (let i = 0; i < 100000; i++)
                yield nothing();
            return 'done';
        }), 'done');
    },

    theErrorOfAFinallyIsReported: async () => {
        const reports = [];
        Tend.set_unobserved_func((_task, error) => reports.push(error.message));
        const task = Tend.Task.run('a', function* () {
            try {
                yield Tend.sleep(1e6);
            } finally {
                throw new Error('in the finally'); // eslint-disable-line no-unsafe-finally
            }
        });
        task.stop();
        await assertRejects(task, ...STOPPED);
        await collect();
        Tend.set_unobserved_func(null);
        assertEqual(reports.join(), 'in the finally');
    },
});

runTests(tests);
