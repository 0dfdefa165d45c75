// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What goes on after an await of an ordinary promise belongs to the task whose function called it. Where the
// interpreter does not know that, the wait is nobody's and is reported once.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, runTests} from './support.js';

const CANCELLED = [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED];
const STOPPED = [Tend.Error, Tend.Error.STOPPED];
const TIMED_OUT = [Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT];
const N_TASKS = 2000;

// Nothing of libtend: what goes on behind it does so in a job of its own.
const pass = () => new Promise(resolve => GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
    resolve();
    return GLib.SOURCE_REMOVE;
}));

async function sleepTwice() {
    await Tend.sleep(10);
    await Tend.sleep(10);
}

async function* count(n) {
    for (let i = 0; i < n; i++) {
        yield i;
        await Tend.sleep(10); // eslint-disable-line no-await-in-loop
    }
}

async function nest(n) {
    if (n > 0)
        await nest(n - 1);
    else
        await pass();
}

async function fail() {
    await pass();
    throw new RangeError('failed');
}

// After each of these JavaScript does not say for whom it goes on.
const WAYS = {
    ownFunction: () => sleepTwice(),
    ownFunctionOfOthers: async () => {
        await pass();
        await sleepTwice();
    },
    nestedFunctions: () => nest(50),
    promise: () => pass(),
    nothing: () => null,
    all: () => Promise.all([sleepTwice(), Tend.sleep(5), pass()]),
    allSettled: () => Promise.allSettled([sleepTwice(), fail()]),
    race: () => Promise.race([pass(), Tend.sleep(1e6)]),
    any: () => Promise.any([fail(), pass()]),
    generator: async () => {
        for await (const n of count(3))
            assertEqual(typeof n, 'number');
    },
    caught: async () => {
        try {
            await fail();
        } catch {
            await pass();
        }
    },
    clearedUp: async () => {
        try {
            await pass();
        } finally {
            await pass();
        }
    },
    imported: () => import('system'),
};

const tests = {};
for (const [name, way] of Object.entries(WAYS)) {
    tests[`${name}IsTheTasks`] = async () => {
        const task = Tend.Task.run(name, async self => {
            await way();
            return Tend.Task.get_current() === self;
        });
        assertEqual(await task, true);
    };

    tests[`cancelReachesTheWaitAfter_${name}`] = async () => {
        let isCancelled = false;
        const task = Tend.Task.run(name, async () => {
            await way();
            try {
                await Tend.sleep(1e6);
            } catch (error) {
                isCancelled = error.matches(...CANCELLED);
                throw error;
            }
        });
        // Before that time another wait stands there.
        await Tend.sleep(1000);
        await pass();
        await Tend.sleep(1000);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(isCancelled, true);
    };

    tests[`stopEndsTheWaitAfter_${name}`] = async () => {
        const log = [];
        const task = Tend.Task.run(name, async () => {
            await way();
            try {
                await Tend.sleep(1e6);
            } finally {
                log.push('a line of it ran');
            }
        });
        await Tend.sleep(1000);
        await pass();
        task.stop();
        await assertRejects(task, ...STOPPED);
        await Tend.sleep(1e7);
        assertEqual(log.join(), '');
    };
}

Object.assign(tests, {
    inACatchAndAFinally: async () => {
        const seen = [];
        const task = Tend.Task.run('a', async self => {
            try {
                await fail();
            } catch {
                seen.push(Tend.Task.get_current() === self);
                await pass();
                seen.push(Tend.Task.get_current() === self);
            } finally {
                await pass();
                seen.push(Tend.Task.get_current() === self);
            }
        });
        await task;
        assertEqual(seen.join(), 'true,true,true');
    },

    theWaitOfAHelperIsCancelledAndNotTheBody: async () => {
        const log = [];
        const helper = async () => {
            await pass();
            try {
                await Tend.sleep(1e6);
            } finally {
                await Tend.sleep(10);
                log.push('cleaned up');
            }
        };
        const task = Tend.Task.run('a', async () => {
            try {
                await helper();
            } finally {
                log.push('body');
            }
        });
        await Tend.sleep(100);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(log.join(), 'cleaned up,body');
    },

    // The sleep is the first task's, also where the second awaits it.
    aHelperIsWhoseCodeHasCalledIt: async () => {
        let shared = null;
        const helper = async () => {
            await pass();
            await Tend.sleep(1e6);
        };
        const first = Tend.Task.run('first', async () => {
            shared = helper();
            await shared;
        });
        const second = Tend.Task.run('second', async () => {
            try {
                await shared;
            } catch (error) {
                return error.matches(...CANCELLED);
            }
            return false;
        });
        await Tend.sleep(100);
        second.cancel();
        await Tend.sleep(100);
        assertEqual(first.is_ended(), false);
        first.cancel();
        await assertRejects(first, ...CANCELLED);
        assertEqual(await second, true);
    },

    manyAtOnce: async () => {
        const find = async self => {
            await pass();
            return Tend.Task.get_current() === self;
        };
        const found = await Promise.all(Array.from({length: N_TASKS}, () => Tend.Task.run(null, find)));
        assertEqual(found.length, N_TASKS);
        assertEqual(found.every(each => each), true);
    },

    aTaskWithinATask: async () => {
        const seen = [];
        await Tend.Task.run('outer', async outer => {
            await pass();
            await Tend.Task.run('inner', async inner => {
                await pass();
                seen.push(Tend.Task.get_current() === inner);
            });
            await pass();
            seen.push(Tend.Task.get_current() === outer);
        });
        assertEqual(seen.join(), 'true,true');
    },

    whatItStartsHasItsDeadline: async () => {
        const task = new Tend.Task('a', async () => {
            await pass();
            await Tend.Task.run('child', () => Tend.sleep(1e6));
        }, {deadline: Tend.get_time() + 5000});
        task.start();
        const error = await assertRejects(task, ...TIMED_OUT);
        assertEqual(/deadline/.test(error.message), true);
        assertEqual(Tend.get_time() >= task.get_deadline(), true);
    },

    whatItHoldsIsGivenBack: async () => {
        const permits = new Tend.Semaphore({n_permits: 1});
        const take = async () => {
            await pass();
            return permits.try_acquire();
        };
        assertEqual(await Tend.Task.run('a', take), true);
        assertEqual(await Tend.Task.run('b', take), true);
    },

    aCallbackOfItsScope: async () => {
        const task = Tend.Task.run('a', self => new Promise(resolve => {
            self.add_timer(10, null, async () => {
                await pass();
                resolve(Tend.Task.get_current() === self);
            });
        }));
        assertEqual(await task, true);
        const open = Tend.Task.run_open('b', async self => {
            await pass();
            self.return_value(Tend.Task.get_current() === self);
        });
        assertEqual(await open, true);
    },

    // A handler runs within the code of whoever ends the task.
    anExitHandlerIsNobodys: async () => {
        const other = Tend.Task.new('other', null);
        let seen = null;
        other.add_exit_handler(async () => {
            await pass();
            seen = Tend.Task.get_current().get_name();
        });
        await Tend.Task.run('stopper', async () => {
            await pass();
            other.stop();
            await pass();
            await pass();
        });
        assertEqual(seen === 'stopper', false);
    },

    whatIsOutsideIsNobodys: async () => {
        const task = Tend.Task.run('a', () => pass());
        const log = [];
        const outside = (async () => {
            await pass();
            await Tend.sleep(10);
            log.push('went on');
        })();
        task.stop();
        await outside;
        assertEqual(log.join(), 'went on');
    },
});

// --- What the interpreter does not know ---

// Each is tried in a process of its own, which goes on until everything has ended.
const UNKNOWN = {
    handler: [/The wait at whose\.js:\d+ belongs to no task. If it is Task 'a'/g, () => Tend.Task.run('a', async () => {
        const sleep = () => Tend.sleep(1).then(() => print('went on'));
        for (let i = 0; i < 2; i++)
            await pass().then(sleep); // eslint-disable-line no-await-in-loop
    })],
    deep: [/The wait at whose\.js:\d+ belongs to no task, since it is more than 127 calls away/g,
        () => Tend.Task.run('a', async () => {
            for (let i = 0; i < 2; i++) {
                await (async function dive(n) { // eslint-disable-line no-await-in-loop
                    if (n > 0)
                        await dive(n - 1);
                    else
                        await pass();
                    if (n === 0)
                        await Tend.sleep(1);
                })(200);
                print('went on');
            }
        })],
    cutOff: [/Task 'a': its function has returned while an async function that it called waits/g, async () => {
        for (let i = 0; i < 2; i++) {
            Tend.Task.run('a', () => {
                (async () => {
                    await Tend.sleep(1);
                    print('a line of it ran');
                })();
            });
            // This goes on.
            Tend.Task.run('b', () => {
                Tend.sleep(1);
                Tend.Task.run('c', () => Tend.sleep(1)).then(() => print('went on'));
            });
        }
        await Tend.sleep(10);
    }],
    unawaited: [/The wait at whose\.js:\d+ does not end/g, async () => {
        for (let i = 0; i < 2; i++) {
            Tend.Task.run('a', () => {
                (async () => {
                    await pass();
                    await Tend.sleep(1);
                    print('a line of it ran');
                })();
            });
        }
        await pass();
        await pass();
        print('went on\nwent on');
    }],
};

for (const [name, [pattern]] of Object.entries(UNKNOWN)) {
    tests[`${name}IsReportedOnce`] = () => {
        const process = Gio.Subprocess.new(['gjs', '-m', System.programInvocationName, name],
            Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_PIPE);
        const [, output, log] = process.communicate_utf8(null, null);
        assertEqual(output, 'went on\nwent on\n');
        // From 1.82 on it knows the callers of those functions, too.
        if (name === 'handler' && System.version >= 18200)
            return;
        assertEqual([...log.matchAll(pattern)].length, 1);
        assertEqual(log.trim().split('\n').length, 1);
    };
}

if (ARGV.length > 0) {
    Tend.run(UNKNOWN[ARGV[0]][1]);
    System.exit(0);
}
runTests(tests);
