// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks with bodies of every kind leave nothing behind: each is finalized when nobody has it any more, and many of
// them take no memory. The argument says how many there are of each kind in a lot.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const N_TASKS = Number(ARGV[0] ?? 0);
const N_LOTS = 4;
const N_TRACKED = 100;
// The interpreter keeps what it has seen last.
const MOST_LEFT = 5;
const BATCH = 500;
// Memory is taken and given back in large pieces. A task with its wrapper and its function takes hundreds of bytes.
const MOST_BYTES_EACH = 100;

// What tells whether a task is still there, without keeping it.
const target = new Tend.Completion();
const bindings = [];

function track(task) {
    if (N_TASKS === 0)
        bindings.push(task.bind_property('paused', target.task, 'keep-going', GObject.BindingFlags.DEFAULT));
    return task;
}

const manager = new Tend.TaskManager();
const ended = Tend.Task.run('ended', () => ({a: 1}));

const run = (...args) => track(Tend.Task.run(...args));

const KINDS = {
    function: () => run('a', () => [1, 2, 3]),
    asyncFunction: () => run('a', async () => {
        await Tend.sleep(0);
        return {a: 1};
    }),
    managed: () => track(manager.register_anonymous('a', async task => ({task}))),
    failing: () => run('a', async () => {
        await Tend.sleep(0);
        throw new Error('failed');
    }).catch(() => {}),
    cancelled: () => {
        const task = run('a', () => Tend.sleep(1e6));
        task.cancel();
        return task.catch(() => {});
    },
    stopped: () => {
        const task = run('a', async self => {
            await self.wait_for(new Promise(() => {}));
        });
        task.stop();
        return task.catch(() => {});
    },
    awaitingOthers: () => run('a', async task => {
        await ended;
        await task.wait_for(Promise.all([ended, Tend.sleep(0)]));
        await Tend.when_all([ended, Tend.Task.run_delay(0)]);
        return Tend.when_any([ended, Tend.Task.run_delay(0)]);
    }),
    timer: () => run('a', task => new Promise(resolve => task.add_timer(0, null, () => resolve()))),
    completion: () => {
        const completion = new Tend.Completion();
        completion.set_value({a: 1});
        return track(completion.task);
    },
    timeout: () => track(run('a', () => Tend.sleep(0)).with_timeout(1000000)),
    notStarted: () => {
        track(Tend.Task.new('a', () => ended));
        return null;
    },
    refersToItself: () => run('a', task => ({task})),
    endedWithoutListeners: () => {
        run('a', () => Tend.sleep(0));
        return null;
    },
};

function getMemory() {
    for (let i = 0; i < 3; i++) {
        System.gc();
        while (GLib.MainContext.default().iteration(false))
            ;
    }
    const [, bytes] = Gio.File.new_for_path('/proc/self/statm').load_contents(null);
    return Number(new TextDecoder().decode(bytes).split(' ')[1]) * 4096;
}

async function runMany(make, nTasks) {
    for (let i = 0; i < nTasks; i += BATCH) {
        /* eslint-disable no-await-in-loop */
        await Promise.all(Array.from({length: BATCH}, make));
        System.gc();
        await Tend.sleep(1);
        /* eslint-enable no-await-in-loop */
    }
}

// What each task adds to the memory in the lot that adds least: what leaks does so in each of them.
async function getGrowth(make) {
    let [before, least] = [0, Infinity];
    for (let i = 0; i < N_LOTS; i++) {
        await runMany(make, N_TASKS); // eslint-disable-line no-await-in-loop
        const after = getMemory();
        least = Math.min(least, i > 0 ? after - before : Infinity);
        before = after;
    }
    return least / N_TASKS;
}

async function countLeft(make) {
    bindings.length = 0;
    await Promise.all(Array.from({length: N_TRACKED}, make));
    const countThere = () => bindings.filter(binding => binding.dup_source() !== null).length;
    for (let i = 0; i < 20 && countThere() > MOST_LEFT; i++) {
        System.gc();
        await Tend.sleep(1); // eslint-disable-line no-await-in-loop
    }
    return bindings.length === 0 ? NaN : countThere();
}

let nFailed = 0;
for (const [name, make] of Object.entries(KINDS)) {
    const number = await (N_TASKS > 0 ? getGrowth(make) : countLeft(make)); // eslint-disable-line no-await-in-loop
    const isFine = N_TASKS > 0 ? number < MOST_BYTES_EACH : number <= MOST_LEFT;
    nFailed += !isFine;
    print(`${name}: ${isFine ? 'ok' : 'failed'}, ${number.toFixed()} ${N_TASKS > 0 ? 'bytes each' : 'left'}`);
}
System.exit(nFailed === 0 ? 0 : 1);
