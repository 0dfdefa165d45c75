// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Each way in which an error arises, with each way of holding the task: who is told of it. The rows are compared with
// those of tests/told/javascript.txt.
//
//     told-rows.js FILE            compares
//     told-rows.js FILE --write    writes the file anew
//
// The errors arise in a process of their own, whose log is read: it runs with the argument "arise".
//
// The rule: an error that arose is told at least once; it is reported, to the unobserved function or to the log, at
// most once, and not if a waiter or a handler of task-failed had it.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';
import {WARM_UP, checkRow, collectAll, printAll, raise, readProcess, tell} from './told-support.js';

const LONG = 1e6;
// Each is tried so often: the interpreter keeps a few of the tasks that it has seen last until the program ends, when
// their errors go to the log. The row says what most of them have come to.
const N_TRIES = 3;

// --- The errors ---

// A promise that is none of libtend's, so that what goes on after it does so in any case.
const outside = [];
const passOutside = () => new Promise(resolve => outside.push(resolve));

// How an error arises in a task, ten milliseconds after the start of its body or at its end.
const WAYS = {
    'body': text => async () => {
        try {
            await Tend.sleep(10);
        } finally {
            raise(text); // eslint-disable-line no-unsafe-finally
        }
    },
    'body, after a promise of others': text => async () => {
        await passOutside();
        raise(text);
    },
    'helper that is waited for': text => self => self.wait_for((async () => {
        try {
            await Tend.sleep(10);
        } finally {
            raise(text); // eslint-disable-line no-unsafe-finally
        }
    })()),
    'timer': text => async self => {
        self.add_timer(10, null, () => raise(text));
        await Tend.sleep(LONG);
    },
    'timer, async': text => async self => {
        self.add_timer(5, null, async () => {
            await passOutside();
            raise(text);
        });
        await Tend.sleep(LONG);
    },
    'post': text => async self => {
        await Tend.sleep(10);
        self.post(() => raise(text));
        await Tend.sleep(LONG);
    },
    'source': text => async () => {
        outside.push(() => GLib.idle_add(GLib.PRIORITY_DEFAULT, () => raise(text)));
        await Tend.sleep(20);
    },
    'exit handler': text => self => {
        self.add_exit_handler(() => raise(text));
        return Tend.sleep(10);
    },
    'exit handler, async': text => self => {
        self.add_exit_handler(async () => {
            await null;
            raise(text);
        });
        return Tend.sleep(10);
    },
    'cancel handler': text => self => {
        self.add_cancel_handler(() => raise(text));
        return Tend.sleep(10);
    },
    'progress handler': text => async self => {
        self.connect('notify::progress', () => raise(text));
        await Tend.sleep(10);
        self.set_progress(0.5, null);
        await Tend.sleep(1);
    },
    'signal handler': text => self => {
        self.connect('notify::status', () => raise(text));
        return Tend.sleep(10);
    },
    'retry predicate': text => () => {
        const retry = Tend.Retry.new(3);
        retry.set_predicate(() => raise(text));
        return retry.run(null, async () => {
            await Tend.sleep(10);
            throw new Error('what is tried');
        }).catch(() => {});
    },
    'virtual function': text => async () => {
        const cache = new Failing({prefix: 'p', number: 1, timeout: 10});
        cache.text = text;
        const requests = new Tend.RequestCache();
        requests.add(cache);
        await Tend.sleep(20);
        requests.shutdown();
    },
    'promise handler': text => async () => {
        Tend.Task.run(null, () => Tend.sleep(10)).then(() => raise(text));
        await Tend.sleep(20);
    },
    'promise handler, after the end': text => () => {
        Tend.Task.run(null, () => Tend.sleep(10)).then(() => raise(text));
    },
    // The interpreter tells of it when the program ends, and names the function but not the error.
    'helper that nobody awaits': text => async () => {
        const helper = {[text]: async () => {
            await Tend.sleep(10);
            raise(text);
        }}[text];
        helper();
        await Tend.sleep(20);
    },
    'clean-up of a generator': text => async () => {
        for await (const item of generate(text)) {
            // The error of the loop would hide that of the clean-up.
            await Tend.sleep(item).catch(() => {});
            break;
        }
    },
    'child of a group': text => async () => {
        const group = new Tend.Group();
        group.add(new Tend.Task(null, async () => {
            try {
                await Tend.sleep(10);
            } finally {
                raise(text); // eslint-disable-line no-unsafe-finally
            }
        }));
        await group.join();
    },
};

const Failing = GObject.registerClass(class Failing extends Tend.NumberCache {
    vfunc_timed_out() {
        raise(this.text);
    }
});

async function* generate(text) {
    try {
        yield 10;
    } finally {
        raise(text); // eslint-disable-line no-unsafe-finally
    }
}

// --- The holders ---

const wait = async thenable => {
    try {
        await thenable;
    } catch (error) {
        tell(error, 'waiter');
    }
};

const kept = [];

function register(task, isHeard = false) {
    const manager = new Tend.TaskManager();
    if (isHeard)
        manager.connect('task-failed', (_manager, _task, error) => tell(error, 'task-failed'));
    manager.register(task);
    kept.push(manager);
}

// How a task is held that is not started yet.
const HOLDINGS = {
    'held': task => {
        kept.push(task);
        task.start();
    },
    'dropped': task => {
        task.start();
    },
    'managed': task => register(task),
    'managed, with a handler': task => register(task, true),
    'grouped': task => {
        const group = new Tend.Group();
        group.add(task);
        wait(group.wait());
    },
    'awaited': task => {
        task.start();
        wait(task);
    },
    'awaited by a task': task => {
        task.start();
        Tend.Task.run('waiter', () => wait(task));
    },
    'awaited by a task that returns': task => {
        task.start();
        Tend.Task.run('waiter', () => {
            task.catch(error => tell(error, 'waiter'));
        });
    },
    'given up': task => {
        task.start();
        wait(task.with_timeout(5));
    },
    'awaited by a task that is stopped': task => {
        task.start();
        const waiter = Tend.Task.run('waiter', () => wait(task));
        waiter.catch(() => {});
        waiter.stop();
    },
    'stopped meanwhile': task => {
        task.start();
        wait(task);
        Tend.Task.run('stopper', async () => {
            await Tend.sleep(7);
            task.stop();
        });
    },
    'cancelled meanwhile': task => {
        task.start();
        wait(task);
        Tend.Task.run('canceller', async () => {
            await Tend.sleep(7);
            task.cancel();
        });
    },
    'cancelled meanwhile, and dropped': task => {
        task.start();
        Tend.Task.run('canceller', async () => {
            await Tend.sleep(7);
            task.cancel();
        });
    },
};

// --- The process in which they arise ---

const makeText = (way, holding, n) => `<${way} / ${holding} / ${n}>`;

async function hold(way, holding, n, text = makeText(way, holding, n)) {
    HOLDINGS[holding](new Tend.Task('held', WAYS[way](text)));
    await Tend.sleep(10);
    outside.splice(0).forEach(pass => pass());
    await Tend.sleep(100);
    const managers = kept.splice(0).filter(each => each instanceof Tend.TaskManager);
    await Promise.all(managers.map(manager => manager.shutdown()));
}

async function warmUp() {
    for (const holding of Object.keys(HOLDINGS)) {
        for (let n = 0; n < N_TRIES; n++)
            await hold('body', holding, n, WARM_UP); // eslint-disable-line no-await-in-loop
    }
}

async function arise() {
    await warmUp();
    for (const way of Object.keys(WAYS)) {
        for (const holding of Object.keys(HOLDINGS)) {
            for (let n = 0; n < N_TRIES; n++)
                await hold(way, holding, n); // eslint-disable-line no-await-in-loop
        }
    }
    await collectAll();
}

function runArising() {
    const clock = Tend.Clock.freeze(null);
    Tend.set_unobserved_func((_task, error) => tell(error, 'unobserved function'));
    Tend.run(arise);
    printAll();
    void clock;
}

// --- The rows ---

function mostCommon(texts) {
    const count = text => texts.filter(other => other === text).length;
    return texts.reduce((best, text) => count(text) > count(best) ? text : best);
}

function makeRows() {
    const {texts, whomOf} = readProcess(['arise']);
    const [rows, faults] = [[], []];
    for (const way of Object.keys(WAYS)) {
        for (const holding of Object.keys(HOLDINGS)) {
            const ends = Array.from({length: N_TRIES}, (_, n) => {
                const text = makeText(way, holding, n);
                const whom = whomOf(text);
                if (!texts.has(text))
                    return 'it does not arise';
                faults.push(...checkRow(text, whom));
                return whom.join(', ');
            });
            rows.push([way, holding, mostCommon(ends)].join('\t'));
        }
    }
    return [`${rows.join('\n')}\n`, faults];
}

function main([name, mode]) {
    if (name === 'arise') {
        runArising();
        return 0;
    }

    const [rows, faults] = makeRows();
    faults.forEach(fault => print(fault));
    if (mode === '--write') {
        GLib.file_set_contents(name, rows);
        return faults.length;
    }

    const expected = new TextDecoder().decode(GLib.file_get_contents(name)[1]).split('\n');
    const differing = rows.split('\n').filter(row => !expected.includes(row));
    differing.forEach(row => print(`differs: ${row}`));
    return faults.length + differing.length + (rows === expected.join('\n') ? 0 : 1);
}

System.exit(main(ARGV) === 0 ? 0 : 1);
