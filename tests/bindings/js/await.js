// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks among promises: who goes on, in which order, and as which task.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, collect, runTests} from './support.js';

const main = Tend.Task.get_current();

function assertCurrent(task) {
    assertEqual(Tend.Task.get_current(), task);
}

async function later(value, milliseconds = 1000) {
    await Tend.sleep(milliseconds);
    return value;
}

const run = (...args) => Tend.Task.run(null, () => later(...args));

const tests = {
    promises: async () => {
        const tasks = [run('slow', 3000), run('fast', 1000)];
        assertEqual((await Promise.all(tasks)).join(), 'slow,fast');
        assertEqual(await Promise.race([run('slow', 3000), run('fast', 1000)]), 'fast');
        assertEqual(await Promise.any([run('slow', 3000), Promise.reject(new Error('x'))]), 'slow');
        assertEqual((await Promise.allSettled([run(1), Tend.Task.run(null, () => Promise.reject(new Error('x')))]))
            .map(({status}) => status).join(), 'fulfilled,rejected');
        assertEqual(await Promise.resolve(run('resolved')), 'resolved');
        assertEqual(await (async () => run('returned'))(), 'returned'); // eslint-disable-line require-await
    },

    thenCatchFinally: async () => {
        const log = [];
        const task = run(1);
        assertEqual(await task.then(value => value + 1), 2);
        assertEqual(await task.then(value => run(value + 2)), 3);
        await assertRejects(task.then(() => {
            throw new TypeError('x');
        }), TypeError);
        const failed = Tend.Task.run(null, () => Promise.reject(new RangeError('x')));
        assertEqual(await failed.catch(error => error.name), 'RangeError');
        assertEqual(await failed.then(() => 1, () => 2), 2);
        await assertRejects(failed.then(() => 1), RangeError);
        await assertRejects(failed.finally(() => log.push('finally')), RangeError);
        assertEqual(await task.finally(() => log.push('finally')), 1);
        assertEqual(log.length, 2);
    },

    theOrderIsThatOfWaiting: async () => {
        const [log, gate] = [[], Tend.Task.new(null, null)];
        const waits = [1, 2, 3].map(n => Tend.Task.run(null, async () => {
            await gate;
            log.push(n);
        }));
        gate.then(() => log.push(4));
        gate.return_value(null);
        await Promise.all(waits);
        assertEqual(log.join(), '1,2,3,4');
    },

    currentAfterAnAwait: async () => {
        const ended = Tend.Task.run(null, () => 1);
        const channel = Tend.Channel.new(4);
        const manager = new Tend.TaskManager();
        const steps = [
            () => Tend.sleep(1000), () => ended, () => run(1), () => run(1).wait(), () => Tend.checkpoint(),
            () => Tend.when_all([run(1), ended]), () => Tend.when_any([run(1), run(2)]),
            () => channel.send({}), () => channel.receive(),
            () => manager.wait_for_tasks(), () => manager.shutdown(), task => task.wait_for(Promise.resolve(1)),
            task => task.wait_for(later(1)), task => task.wait_for(Promise.all([run(1), later(2)])),
            () => ended.catch(),
            () => ended.then(() => 1), () => ended.then(() => run(1)), () => ended.then(() => later(1)),
            () => ended.finally(() => {}), () => ended.finally(() => later(1)), () => ended.finally(() => run(1)),
            () => Tend.Task.run(null, () => Promise.reject(new Error('x'))).catch(() => {}),
        ];
        const body = async task => {
            assertCurrent(task);
            for (const step of steps) {
                await step(task); // eslint-disable-line no-await-in-loop
                assertCurrent(task);
                await run(1).catch(() => {}); // eslint-disable-line no-await-in-loop
                assertCurrent(task);
            }
            await assertRejectsHere(Tend.Task.run(null, () => Promise.reject(new Error('x'))));
            return 'in the end';
        };
        const assertRejectsHere = async failed => {
            const task = Tend.Task.get_current();
            try {
                await failed;
            } catch {
                assertCurrent(task);
                return;
            }
            throw new Error('it did not fail');
        };
        const tasks = [1, 2, 3].map(() => Tend.Task.run(null, body));
        for (const task of tasks) {
            assertEqual(await task, 'in the end'); // eslint-disable-line no-await-in-loop
            assertCurrent(main);
        }
    },

    othersAreNotTheTask: async () => {
        const seen = [];
        let resolve = null;
        const foreign = new Promise(resolver => (resolve = resolver));
        const others = (async () => {
            await foreign;
            seen.push(Tend.Task.get_current());
            await Tend.sleep(10);
            seen.push(Tend.Task.get_current());
        })();
        await Tend.Task.run(null, async () => {
            await Tend.sleep(1);
            resolve();
            await Tend.sleep(1);
        });
        await others;
        assertEqual(seen.every(task => task === main), true);
        assertEqual(seen.length, 2);
    },

    handlersAreNobodys: async () => {
        const log = [];
        const wait = async name => {
            await Tend.sleep(1);
            log.push(name);
        };
        const task = Tend.Task.new(null, self => {
            self.connect('notify::status', () => self.is_ended() && wait('notify'));
            self.add_exit_handler(() => wait('exit'));
        });
        task.connect('notify::status', () => task.is_ended() && wait('outer notify'));
        task.start();
        await Tend.sleep(10);
        assertEqual(log.sort().join(), 'exit,notify,outer notify');
    },

    outsideOfTasks: async () => {
        assertEqual(await main.wait_for(later(1)), 1);
        assertEqual(await main.wait_for(run(2)), 2);
        const error = new TypeError('x');
        await assertRejects(main.wait_for(Promise.reject(error)), error);
        await assertRejects(run(1).finally(() => Promise.reject(error)), error);
    },

    aLoopWithinWhatGoesOn: async () => {
        const [log, first, second] = [[], Tend.Task.new(null, null), Tend.Task.new(null, null)];
        const nesting = Tend.Task.run(null, async task => {
            await first;
            second.return_value(null);
            for (let i = 0; i < 10; i++)
                GLib.MainContext.default().iteration(false);
            log.push(Tend.Task.get_current() === task);
        });
        const others = [1, 2].map(() => Tend.Task.run(null, async task => {
            await second;
            log.push(Tend.Task.get_current() === task);
        }));
        first.return_value(null);
        await Promise.all([nesting, ...others]);
        assertEqual(log.join(), 'true,true,true');
    },

    runWithinAHandler: async () => {
        await run(1).then(() => assertThrows(() => Tend.run(() => later(1)), Error));
    },

    manyEndedInARow: async () => {
        const ended = Tend.Task.run(null, () => 1);
        let sum = 0;
        await Tend.Task.run(null, async () => {
            for (let i = 0; i < 2000; i++)
                sum += await ended; // eslint-disable-line no-await-in-loop
        });
        assertEqual(sum, 2000);
    },

    aDeepChain: async () => {
        let task = Tend.Task.run(null, () => 1);
        for (let i = 0; i < 2000; i++) {
            const inner = task;
            task = Tend.Task.run(null, () => inner);
        }
        assertEqual(await task, 1);
    },

    droppedWhileItRuns: async () => {
        const log = [];
        (() => {
            Tend.Task.run(null, async () => {
                await later(1);
                await collect();
                await Tend.sleep(1000);
                log.push('in the end');
            });
        })();
        for (let i = 0; i < 5; i++) {
            await collect(); // eslint-disable-line no-await-in-loop
            await Tend.sleep(1000); // eslint-disable-line no-await-in-loop
        }
        assertEqual(log.join(), 'in the end');
    },

    anOwnerThatIsGone: async () => {
        const owner = new GObject.Object();
        const manager = Tend.TaskManager.new_for_owner(owner);
        const task = manager.register('a', () => later(1));
        const wait = assertRejects(task);
        await Tend.sleep(10);
        owner.run_dispose();
        await wait;
    },

    aTimerOfTheTask: async () => {
        const log = [];
        await Tend.Task.run(null, async task => {
            task.add_timer(1, 1, async () => {
                await Tend.sleep(0);
                log.push(Tend.Task.get_current() === task);
            });
            await Tend.sleep(10);
        });
        assertEqual(log.length > 5 && log.every(isCurrent => isCurrent), true);
    },
};

runTests(tests);
