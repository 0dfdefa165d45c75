// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Cancelling throws into a body at its await; stopping ends it, and no line of it runs again.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, runTests} from './support.js';

const CANCELLED = [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED];
const STOPPED = [Tend.Error, Tend.Error.STOPPED];
const {TaskStatus} = Tend;

const never = new Promise(() => {});
const isCancelled = error => error instanceof GLib.Error && error.matches(...CANCELLED);

// What a body can wait in, so that cancelling gives up the wait.
const WAITS = {
    sleep: () => Tend.sleep(1e6),
    task: () => Tend.Task.new(null, null),
    wait: () => Tend.Task.new(null, null).wait(),
    waitWithCancellable: () => Tend.Task.new(null, null).wait(new Gio.Cancellable()),
    waitForPromise: task => task.wait_for(never),
    waitForTask: task => task.wait_for(Tend.Task.new(null, null)),
    waitForHelper: task => task.wait_for((async () => {
        await Tend.sleep(1e6);
    })()),
    all: task => Promise.all([Tend.sleep(1), Tend.sleep(1e6), task.wait_for(never)]),
    whenAll: () => Tend.when_all([Tend.Task.new(null, null)]),
    then: () => Tend.Task.new(null, null).then(() => {}),
    thenPromise: () => Tend.Task.run(null, () => {}).then(() => never),
    finallyPromise: () => Tend.Task.run(null, () => {}).finally(() => never),
    receive: () => new Tend.Channel().receive(),
    send: async () => {
        const channel = Tend.Channel.new(1);
        await channel.send({});
        await channel.send({});
    },
    forAwaitChannel: async () => {
        for await (const item of new Tend.Channel())
            print(item);
    },
    forAwaitTasks: async () => {
        for await (const task of Tend.when_each([Tend.Task.new(null, null)]))
            print(task);
    },
    managerTasks: () => {
        const manager = new Tend.TaskManager();
        manager.register('a', () => never);
        return manager.wait_for_tasks();
    },
};

const tests = {};
for (const [name, wait] of Object.entries(WAITS)) {
    tests[`cancelThrowsInto_${name}`] = async () => {
        const log = [];
        const task = Tend.Task.run(name, async self => {
            try {
                log.push('began');
                await wait(self);
                log.push('went on');
            } catch (error) {
                log.push(isCancelled(error));
                throw error;
            }
        });
        await Tend.sleep(100);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), 'began,true');
        assertEqual(task.get_status(), TaskStatus.CANCELLED);
    };

    tests[`stopEnds_${name}`] = async () => {
        const log = [];
        const task = Tend.Task.run(name, async self => {
            try {
                await wait(self);
            } finally {
                log.push('a line of it ran');
            }
        });
        await Tend.sleep(100);
        task.stop();
        assertEqual(task.get_status(), TaskStatus.STOPPED);
        await assertRejects(task, ...STOPPED);
        await Tend.sleep(1e7);
        assertEqual(log.join(), '');
    };
}

Object.assign(tests, {
    cleanUpMayWait: async () => {
        const log = [];
        const task = Tend.Task.run('a', async self => {
            try {
                await Tend.sleep(1e6);
            } catch (error) {
                await Tend.sleep(10);
                await Tend.Task.run(null, () => Tend.sleep(10));
                await self.wait_for(Promise.resolve());
                await Tend.checkpoint();
                log.push('cleaned up');
                throw error;
            }
        });
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), 'cleaned up');
    },

    handlersRunWhenItIsAskedToEnd: async () => {
        const log = [];
        const task = Tend.Task.run('request', self => {
            self.add_cancel_handler(() => {
                log.push('asked');
                assertEqual(self.return_error_if_cancelled(), true);
            });
            assertEqual(self.return_error_if_cancelled(), false);
            return never;
        });
        task.cancel();
        assertEqual(log.join(), 'asked');
        assertEqual(task.get_status(), TaskStatus.CANCELLED);
        await assertRejects(task, ...CANCELLED);
    },

    theBodyDecides: async () => {
        const task = Tend.Task.run('a', async () => {
            try {
                await Tend.sleep(1e6);
            } catch {
                return 'after all';
            }
            return 'late';
        });
        task.cancel();
        assertEqual(await task, 'after all');
        assertEqual(task.get_status(), TaskStatus.COMPLETED);
    },

    aWaitThatBeginsAfterTheCancelIsGivenUp: async () => {
        const log = [];
        const task = Tend.Task.run('a', async self => {
            self.cancel();
            await Tend.sleep(1).catch(error => log.push(isCancelled(error)));
            await Tend.sleep(1);
            log.push('on');
        });
        await task;
        assertEqual(log.join(), 'true,on');
    },

    whatIsAwaitedGoesOn: async () => {
        const inner = Tend.Task.run('inner', async () => {
            await Tend.sleep(1000);
            return 1;
        });
        const outer = Tend.Task.run('outer', () => inner);
        outer.cancel();
        await assertRejects(outer, ...CANCELLED);
        assertEqual(await inner, 1);
    },

    aHelperGoesWithItsTask: async () => {
        const log = [];
        const helper = async () => {
            await Tend.sleep(1000);
            log.push('helper');
        };
        const task = Tend.Task.run('a', async self => {
            await self.wait_for(helper());
            log.push(Tend.Task.get_current() === self);
            await self.wait_for(Promise.all([Tend.sleep(1), helper()]));
            log.push(Tend.Task.get_current() === self);
            await Tend.sleep(1e6);
        });
        await Tend.sleep(3000);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), 'helper,true,helper,true');
    },

    stopFromAnotherThatWaitedForTheSame: async () => {
        const [log, gate] = [[], Tend.Task.new(null, null)];
        const tasks = [];
        for (let i = 0; i < 3; i++) {
            tasks.push(Tend.Task.run(`${i}`, async () => {
                await gate;
                log.push(i);
                tasks[i + 1]?.stop();
            }));
        }
        gate.return_value(null);
        await tasks[0];
        await tasks[2];
        await Tend.sleep(1);
        assertEqual(log.join(), '0,2');
    },

    stopItself: async () => {
        const log = [];
        for (const wait of [() => Tend.sleep(1), self => self.wait_for(1), () => Tend.Task.run(null, () => 1)]) {
            const task = Tend.Task.run('a', async self => {
                await Tend.sleep(1);
                self.stop();
                log.push('the rest of its turn');
                await wait(self);
                log.push('a line of it ran');
            });
            await assertRejects(task, ...STOPPED); // eslint-disable-line no-await-in-loop
        }
        await Tend.sleep(10);
        assertEqual(log.join(), Array(3).fill('the rest of its turn').join());
    },

    branchesEndWithTheBody: async () => {
        const log = [];
        const task = Tend.Task.run('a', async () => {
            (async () => {
                await Tend.sleep(1000);
                log.push('a line of it ran');
            })();
            await Tend.sleep(500);
            return 1;
        });
        assertEqual(await task, 1);
        await Tend.sleep(5000);
        assertEqual(log.join(), '');
    },

    branchesEndWithTheirRun: async () => {
        const log = [];
        const task = Tend.Task.run('a', async () => {
            (async () => {
                await Tend.sleep(1200);
                log.push('a line of it ran');
            })().catch(() => {});
            await Tend.sleep(500);
        }, {interval: 100});
        await Tend.sleep(10000);
        task.cancel();
        assertEqual(log.join(), '');
    },

    cancelBeforeTheStart: async () => {
        const [manager, log] = [new Tend.TaskManager(), []];
        const task = manager.register('a', () => log.push('ran'));
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), '');
    },

    cancelByCancellable: async () => {
        const cancellable = new Gio.Cancellable();
        const task = Tend.Task.run('a', () => Tend.sleep(1e6));
        task.add_cancellable(cancellable);
        cancellable.cancel();
        await assertRejects(task, ...CANCELLED);
        await assertRejects(Tend.Task.run_delay(1000000).wait(cancellable), ...CANCELLED);
        await assertRejects(Tend.Task.new(null, null).wait(cancellable), ...CANCELLED);
    },

    gioOperations: async () => {
        Gio._promisify(Gio.File.prototype, 'load_contents_async', 'load_contents_finish');
        const file = Gio.File.new_for_path(System.programInvocationName);
        const [bytes] = await Tend.Task.run('read', self => self.wait_for(
            file.load_contents_async(self.get_cancellable())));
        assertEqual(bytes.length > 100, true);

        const task = Tend.Task.run('read', self => file.load_contents_async(self.get_cancellable()));
        task.cancel();
        await assertRejects(task, ...CANCELLED);
    },

    paused: async () => {
        const [log, gate] = [[], Tend.Task.new(null, null)];
        const body = async () => {
            await gate;
            await Tend.checkpoint();
            log.push('on');
            await Tend.sleep(1000);
            log.push('end');
        };
        const [task, cancelled] = [Tend.Task.run('a', body), Tend.Task.run('b', body)];
        task.pause();
        cancelled.pause();
        gate.return_value(null);
        await Tend.sleep(5000);
        cancelled.cancel();
        await assertRejects(cancelled, ...CANCELLED);
        assertEqual(log.join(), '');
        task.resume();
        await Tend.sleep(10);
        task.pause();
        await Tend.sleep(5000);
        assertEqual(log.join(), 'on');
        task.resume();
        await task;
        assertEqual(log.join(), 'on,end');
    },

    aFailureThatStopsAnotherIsFirst: async () => {
        // Both wake up at the same time, and the error of the first takes its way through several promises.
        const log = [];
        const fail = async () => {
            await Tend.sleep(10);
            throw new Error('failed');
        };
        const failing = Tend.Task.new('a', async () => {
            await (async () => (await fail(), 'never'))();
        });
        const other = Tend.Task.new('b', async () => {
            await Tend.sleep(10);
            log.push('a line of one that was stopped');
        });
        failing.add_exit_handler(() => other.stop());
        failing.start();
        other.start();
        await assertRejects(failing, Error);
        await assertRejects(other, ...STOPPED);
        await Tend.sleep(10);
        assertEqual(log.join(), '');
    },

    whatWasSentIsSentForWhoIsCancelledMeanwhile: async () => {
        // Who hears of the cancellation at the next wait.
        for (const isInTurn of [false, true]) {
            const channel = new Tend.Channel();
            const log = [];
            const sender = Tend.Task.run('sender', async () => {
                try {
                    await channel.send('value');
                    log.push('sent');
                    await Tend.sleep(1);
                } catch (error) {
                    log.push(isCancelled(error));
                }
            });
            if (isInTurn)
                await Tend.Task.run(null, () => {});
            sender.cancel();
            await sender;
            assertEqual(log.join(), channel.try_receive()[0] ? 'sent,true' : 'true');
        }
    },

    aValueThatGoesBackLeavesSendersAlone: async () => {
        const channel = new Tend.Channel();
        let second = null;
        Tend.Task.run('first', async () => {
            await channel.receive();
            second.stop();
        });
        second = Tend.Task.run('second', () => channel.receive());
        second.catch(() => {});
        const sent = await Promise.all([1, 2, 3].map(value => channel.send(value)));
        await Tend.sleep(1);
        assertEqual(sent.join(), 'true,true,true');
        assertEqual([1, 2].map(() => channel.try_receive()[1]).join(), '2,3');
    },
});

runTests(tests);
