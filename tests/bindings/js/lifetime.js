// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Many tasks with bodies of every kind leave nothing behind: each further lot of what leaks would add to the memory.
// The argument says how many there are of each kind in a lot.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const N_TASKS = Number(ARGV[0] ?? 2000);
const BATCH = 500;
const N_LOTS = 5;
// Memory is taken in large pieces: what leaks takes as much again with every lot, and more than this.
const MOST_BYTES_EACH = 64;

const manager = new Tend.TaskManager();
const ended = Tend.Task.run('ended', () => ({a: 1}));

const KINDS = {
    function: () => Tend.Task.run('a', () => [1, 2, 3]),
    asyncFunction: () => Tend.Task.run('a', async () => {
        await Tend.sleep(0);
        return {a: 1};
    }),
    managed: () => manager.register_anonymous('a', async task => ({task})),
    failing: () => Tend.Task.run('a', async () => {
        await Tend.sleep(0);
        throw new Error('failed');
    }).catch(() => {}),
    cancelled: () => {
        const task = Tend.Task.run('a', () => Tend.sleep(1e6));
        task.cancel();
        return task.catch(() => {});
    },
    stopped: () => {
        const task = Tend.Task.run('a', async self => {
            await self.wait_for(new Promise(() => {}));
        });
        task.stop();
        return task.catch(() => {});
    },
    awaitingOthers: () => Tend.Task.run('a', async task => {
        await ended;
        await task.wait_for(Promise.all([ended, Tend.sleep(0)]));
        await Tend.when_all([ended, Tend.sleep(0)]);
        return Tend.when_any([ended, Tend.sleep(0)]);
    }),
    timer: () => Tend.Task.run('a', task => new Promise(resolve => task.add_timer(0, 0, () => resolve()))),
    completion: () => {
        const completion = new Tend.Completion();
        completion.set_value({completion});
        return completion.task;
    },
    timeout: () => Tend.Task.run('a', () => Tend.sleep(0)).with_timeout(1000000),
    notStarted: () => {
        Tend.Task.new('a', () => ended);
        return null;
    },
    refersToItself: () => Tend.Task.run('a', task => ({task})),
    endedWithoutListeners: () => {
        Tend.Task.run('a', () => Tend.sleep(0));
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

async function getLeastGrowth(make) {
    let [before, least] = [0, Infinity];
    for (let i = 0; i < N_LOTS; i++) {
        await runMany(make, N_TASKS); // eslint-disable-line no-await-in-loop
        const after = getMemory();
        least = Math.min(least, after - before);
        before = after;
    }
    return least / N_TASKS;
}

// The first of everything takes memory that is kept: for compiled code, and for the heap as it grows.
for (const make of Object.values(KINDS))
    await runMany(make, 1000); // eslint-disable-line no-await-in-loop

let nFailed = 0;
for (const [name, make] of Object.entries(KINDS)) {
    const each = await getLeastGrowth(make); // eslint-disable-line no-await-in-loop
    const isFine = each < MOST_BYTES_EACH;
    nFailed += !isFine;
    print(`${name}: ${isFine ? 'ok' : 'failed'}, ${each.toFixed()} bytes each`);
}
System.exit(nFailed === 0 ? 0 : 1);
