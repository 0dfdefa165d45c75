// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Nothing is silent: who is told of an error, of a cancellation, and of what is left over.

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, collect, runTests} from './support.js';

const CANCELLED = [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED];
const {TaskStatus} = Tend;

class OwnError extends Error {}

const reports = [];

function throwing(exception) {
    return () => {
        throw exception;
    };
}

// Lets go of a task that fails with the exception.
function lose(exception) {
    Tend.Task.run('lost', throwing(exception));
}

async function takeReports(nExpected = 0) {
    // The interpreter may keep what it has seen last.
    for (let i = 0; i < 3 || (i < 20 && reports.length < nExpected); i++)
        await Tend.Task.run('another', collect); // eslint-disable-line no-await-in-loop
    return reports.splice(0);
}

const tests = {
    theUnobservedFunctionGetsWhatWasThrown: async () => {
        const given = [new OwnError('lost'), 'a text', null, new OwnError('with data', {cause: {code: 7}})];
        given.forEach(lose);
        const told = await takeReports(given.length);
        assertEqual(told.length, given.length);
        for (const exception of given)
            assertEqual(told.filter(report => Object.is(report.error, exception)).length, 1);
        assertEqual(told[0].task.startsWith('Task'), true);
    },

    theOriginIsTheLineOfTheProgram: async () => {
        const tasks = [Tend.Task.new('a', null), Tend.Task.run('b', () => 1), new Tend.Task('c', null),
            new Tend.TaskManager().register('d', () => 1), Tend.when_all([]), Tend.Task.new('e', null).with_timeout(null),
            new Tend.Group().join(), Tend.Retry.new(1).run('f', () => 1)];
        tasks.forEach(task => assertEqual(task.dup_origin().replace(/[0-9]+$/, 'N'), 'told.js:N'));
        const here = Number(/told\.js:([0-9]+)/.exec(new Error().stack)[1]);
        assertEqual(tasks[0].dup_origin(), `told.js:${here - 4}`);

        lose(new OwnError('somewhere'));
        const [{origin}] = await takeReports(1);
        assertEqual(/^told\.js:[0-9]+$/.test(origin), true);
    },

    anErrorThatRefersToItsTaskIsTold: async () => {
        (() => {
            const error = new OwnError('of itself');
            error.task = Tend.Task.new('lost', throwing(error));
            error.task.start();
        })();
        const told = await takeReports(1);
        assertEqual(told.map(({error}) => error.message).join(), 'Error: of itself');
        assertEqual(/told\.js/.test(told[0].error.stack), true);
    },

    moreThanAThousandAreTheThrownOnes: async () => {
        const given = Array.from({length: 1500}, (_, n) => new OwnError(`${n}`));
        given.forEach(lose);
        const told = await takeReports(given.length);
        assertEqual(told.length, given.length);
        assertEqual(new Set(told.map(({error}) => error)).size, given.length);
        assertEqual(told.every(({error}) => given.includes(error)), true);
    },

    aGroupHandsOnWhatWasThrown: async () => {
        const given = Array.from({length: 1500}, (_, n) => n % 2 === 0 ? new OwnError(`${n}`) : {n, call() {}});
        const group = new Tend.Group({policy: Tend.GroupPolicy.WAIT_ALL});
        given.forEach(exception => group.add(new Tend.Task(null, throwing(exception))));
        const error = await assertRejects(group.join(), Tend.Error, Tend.Error.SEVERAL);
        assertEqual(error.errors.length, given.length);
        error.errors.forEach((part, n) => assertEqual(part, given[n]));
    },

    taskFailedHandsOnWhatWasThrown: async () => {
        const seen = [];
        const Own = GObject.registerClass(class TellsOwn extends Tend.TaskManager {
            vfunc_task_failed(task, error) {
                seen.push(task.get_name(), error);
            }
        });
        const [plain, own, error] = [new Tend.TaskManager(), new Own(), new RangeError('r')];
        plain.connect('task-failed', (_manager, task, given) => seen.push(task.get_name(), given));
        plain.register('a', throwing(error));
        await Tend.sleep(1);
        own.register('b', throwing(error));
        await Tend.sleep(1);
        assertEqual(seen.length, 4);
        assertEqual(seen[1], error);
        assertEqual(seen[3], error);
        assertEqual((await takeReports()).length, 0);
    },

    aManagedErrorIsTold: async () => {
        const [manager, error] = [new Tend.TaskManager(), new OwnError('managed')];
        manager.register('x', throwing(error));
        await Tend.sleep(10);
        assertEqual((await takeReports(1))[0]?.error, error);
    },

    aHandlerIsCalledThoughItsTaskHasEnded: async () => {
        const seen = [], error = new OwnError('later');
        await Tend.Task.run('start', () => {
            Tend.Task.run('worker', async () => {
                await Tend.sleep(100);
                throw error;
            }).catch(given => seen.push(given, Tend.Task.get_current()?.get_name()));
        });
        await Tend.sleep(1000);
        assertEqual(seen[0], error);
        assertEqual(seen[1] === 'start', false);
        assertEqual((await takeReports()).length, 0);
    },

    aHandlerOfAStoppedTaskIsNotCalledAndTheErrorIsReported: async () => {
        const seen = [], error = new OwnError('later');
        const starter = Tend.Task.run('start', () => {
            Tend.Task.run('worker', async () => {
                await Tend.sleep(100);
                throw error;
            }).catch(given => seen.push(given));
            return new Promise(() => {});
        });
        starter.stop();
        starter.catch(() => {});
        await Tend.sleep(1000);
        assertEqual(seen.length, 0);
        assertEqual((await takeReports(1)).map(report => report.error === error).join(), 'true');
    },

    aWaitOutlivesWhoHasBegunIt: async () => {
        const other = Tend.Task.run('other', async () => {
            await Tend.sleep(100);
            return 7;
        });
        let shared = null, sleeping = null;
        await Tend.Task.run('first to ask', () => {
            shared = other.wait();
            sleeping = Tend.sleep(1000);
        });
        assertEqual(await shared, 7);
        assertEqual(await Tend.Task.run('another', () => shared), 7);
        await assertRejects(sleeping, ...CANCELLED);
    },

    cancelReachesAWaitThatAnotherHasBegun: async () => {
        const other = Tend.Task.new('other', null);
        const shared = other.wait();
        const log = [];
        const task = Tend.Task.run('waits', async self => {
            try {
                await shared;
            } finally {
                log.push(Tend.Task.get_current() === self);
            }
        });
        await Tend.sleep(1);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        other.return_value(5);
        assertEqual(await shared, 5);
        assertEqual(log.join(), 'true');
    },

    errorsAfterTheEndAreReported: async () => {
        const late = new OwnError('late');
        let reject = null;
        const task = Tend.Task.run('late', () => new Promise((_, given) => (reject = given)));
        task.stop();
        reject(late);
        await Tend.sleep(1);
        assertEqual((await takeReports(1)).map(({error}) => error === late).join(), 'true');
    },

    theFunctionThatFailsLosesNothing: async () => {
        const seen = [];
        Tend.set_unobserved_func((_task, error) => {
            seen.push(error.message);
            throw new Error('the function of the test fails, which is logged');
        });
        lose(new OwnError('a'));
        lose(new OwnError('b'));
        await takeReports();
        Tend.set_unobserved_func(report);
        assertEqual(seen.sort().join(), 'a,b');
        assertThrows(() => Tend.set_unobserved_func('no function'), TypeError);
    },
};

function report(task, error, origin) {
    reports.push({task, error, origin});
}

// --- Cancelling ---

async function cleanUp(log, error = null) {
    try {
        await Tend.sleep(1000);
    } finally {
        log.push('begins');
        await Tend.sleep(100);
        log.push('ends');
        if (error !== null)
            throw error; // eslint-disable-line no-unsafe-finally
    }
}

// Where the clean-up stands that a body waits for.
const PLACES = {
    await: (_self, wait) => wait(),
    waitFor: (self, wait) => self.wait_for(wait()),
    waitForTwice: (self, wait) => self.wait_for((async () => {
        await self.wait_for(wait());
    })()),
    all: (self, wait) => self.wait_for(Promise.all([wait(), Tend.sleep(1)])),
    race: (self, wait) => self.wait_for(Promise.race([wait(), new Promise(() => {})])),
    then: (_self, wait) => Tend.Task.run(null, () => {}).then(wait),
    finally: (_self, wait) => Tend.Task.run(null, () => {}).finally(wait),
    asyncIterator: async (self, wait) => {
        async function* generate() {
            yield await wait();
        }
        for await (const item of generate())
            print(item);
    },
};

for (const [place, call] of Object.entries(PLACES)) {
    tests[`cleanUpRunsToItsEnd_${place}`] = async () => {
        const log = [];
        const task = Tend.Task.run(place, async self => {
            await call(self, () => cleanUp(log));
            log.push('went on');
        });
        await Tend.sleep(10);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), 'begins,ends');
        assertEqual(task.get_status(), TaskStatus.CANCELLED);
    };

    tests[`anErrorOfCleanUpIsTheTasks_${place}`] = async () => {
        const error = new OwnError('could not save');
        const task = Tend.Task.run(place, async self => {
            await call(self, () => cleanUp([], error));
        });
        await Tend.sleep(10);
        task.cancel();
        await assertRejects(task, error);
        assertEqual(task.get_status(), TaskStatus.FAILED);
    };
}

Object.assign(tests, {
    aWaitForAPromiseIsGivenUpBehindOthers: async () => {
        // What stands beside it has nothing to do with it, and ends when it is cancelled.
        const log = [];
        const task = Tend.Task.run('a', async self => {
            (async () => {
                await Tend.sleep(1e6).catch(() => log.push('beside'));
            })();
            await self.wait_for(new Promise(() => {}));
        });
        await Tend.sleep(10);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), 'beside');
    },

    aCancelledSleepThatIsOverAlready: async () => {
        let second = null;
        const log = [];
        Tend.Task.run('first', async () => {
            await Tend.sleep(500);
            second.cancel();
        });
        second = Tend.Task.run('second', async () => {
            await Tend.sleep(500);
            log.push('went on');
        });
        await assertRejects(second, ...CANCELLED);
        assertEqual(log.join(), '');
    },

    aDeadlineSaysWhatItIs: async () => {
        const seen = [];
        const waits = [() => Tend.sleep(1e6), () => new Tend.Channel().receive(), self => self.wait_for(
            new Promise(() => {})), () => Tend.Task.new(null, null)];
        for (const wait of waits) {
            const task = new Tend.Task('x', async self => {
                const error = await assertRejects(wait(self), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
                seen.push(error.message.includes("'x'"));
                throw error;
            }, {deadline: Tend.get_time() + 5000});
            task.start();
            // eslint-disable-next-line no-await-in-loop
            await assertRejects(task, Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        }
        assertEqual(seen.join(), waits.map(() => 'true').join());
    },

    aCancelSaysWhoseItIs: async () => {
        const task = Tend.Task.run('mine', () => Tend.sleep(1e6));
        task.cancel();
        const error = await assertRejects(task, ...CANCELLED);
        assertEqual(error.message.includes("'mine'"), true);
    },
});

// --- Groups ---

const newChild = (children, body = () => Tend.sleep(1000)) =>
    children[children.push(new Tend.Task('child', body)) - 1];

// How a body may leave the scope of a group.
const WAYS_OUT = {
    return: () => {},
    throw: throwing(new OwnError('x')),
    cancel: group => group.join(),
    cancelInWait: group => group.wait(),
    stop: group => group.join(),
};

for (const [name, leave] of Object.entries(WAYS_OUT)) {
    tests[`aGroupEndsWithItsScope_${name}`] = async () => {
        const [children, log, begin] = [[], [], Tend.get_time()];
        const task = Tend.Task.run(name, async () => {
            const group = new Tend.Group();
            group.add(newChild(children));
            group.add(newChild(children, () => cleanUp(log)));
            await Tend.sleep(1);
            await leave(group);
        });
        await Tend.sleep(10);
        if (name.startsWith('cancel'))
            task.cancel();
        if (name === 'stop')
            task.stop();
        await task.catch(() => {});
        if (name === 'stop')
            await Tend.sleep(200);
        // They were cancelled: by themselves they take a second.
        assertEqual(Tend.get_time() - begin < 900, true);
        assertEqual(children.every(child => child.is_ended()), true);
        assertEqual(log.join(), 'begins,ends');
    };
}

Object.assign(tests, {
    aGroupIsWaitedFor: async () => {
        const children = [];
        const result = await Tend.Task.run('a', async () => {
            const group = Tend.Group.new(Tend.GroupPolicy.WAIT_ALL);
            group.add(newChild(children));
            await group.wait();
            return children[0].get_status();
        });
        assertEqual(result, TaskStatus.COMPLETED);
        const group = new Tend.Group();
        group.add(newChild(children));
        await group.wait();
        assertEqual(children[1].get_status(), TaskStatus.COMPLETED);
    },

    aChildThatFailsIsTold: async () => {
        const error = new OwnError('child');
        const ways = [group => group.wait(), () => {}];
        for (const way of ways) {
            const task = Tend.Task.run('a', async () => {
                const group = new Tend.Group();
                group.add(newChild([], () => cleanUp([], error)));
                await Tend.sleep(1);
                await way(group);
            });
            await Tend.sleep(10); // eslint-disable-line no-await-in-loop
            task.cancel();
            await task.catch(() => {}); // eslint-disable-line no-await-in-loop
            const isWaited = way === ways[0];
            const told = await takeReports(isWaited ? 0 : 1); // eslint-disable-line no-await-in-loop
            assertEqual(isWaited ? task.get_error() : told[0].error, error);
            assertEqual(told.length, isWaited ? 0 : 1);
        }
    },
});

// --- Channels ---

// What comes between a value and its receiver.
const BETWEEN = {
    stopped: task => task.stop(),
    cancelled: task => task.cancel(),
};

for (const [name, end] of Object.entries(BETWEEN)) {
    tests[`aValueOnItsWayGoesBack_${name}`] = async () => {
        const channel = new Tend.Channel();
        const tasks = [], got = [];
        const receive = n => async () => {
            got.push(`${n}:${(await channel.receive()).text}`);
            if (n === 0)
                [1, 2].forEach(other => end(tasks[other]));
        };
        for (let n = 0; n < 4; n++)
            tasks.push(Tend.Task.run(`${n}`, receive(n)));
        tasks.forEach(task => task.catch(() => {}));
        for (const text of 'abcd')
            channel.try_send({text});
        await Tend.sleep(100);
        assertEqual(got.join(), '0:a,3:b');
        assertEqual([channel.try_receive()[1], channel.try_receive()[1]].map(({text}) => text).join(), 'c,d');
    };
}

Object.assign(tests, {
    aValueOfAForgottenReceiverGoesBack: async () => {
        const channel = new Tend.Channel();
        (() => {
            channel.receive();
        })();
        channel.try_send({text: 'a'});
        await takeReports();
        assertEqual((await channel.receive()).text, 'a');
    },

    aForgottenChannelLeavesNobodyWaiting: async () => {
        let told = 0;
        for (let i = 0; i < 3; i++)
            new Tend.Channel().receive().then(() => told++, () => told++);
        await takeReports();
        assertEqual(told, 3);
    },
});

Tend.set_unobserved_func(report);
runTests(tests);
