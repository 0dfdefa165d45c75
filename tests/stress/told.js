// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Random tasks that fail, are cancelled, stopped, awaited and forgotten, with collections of garbage in between. Each
// error that arose is told: to those who wait, or else once by a report.
//
//     told.js [SECONDS]         random lots, each in a process of its own, for so long
//     told.js lot SEED          one lot; of the same seed the same

import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';
import {checkRow, collectAll, printAll, raise, readProcess, tell} from '../bindings/js/told-support.js';

const N_STEPS = 400;
const LONG = 1e5;

// --- Chance ---

let chance = 0;

// A number below most; mulberry32.
function pick(most) {
    chance = (chance + 0x6d2b79f5) | 0;
    let mixed = Math.imul(chance ^ (chance >>> 15), 1 | chance);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
}

const pickOf = list => list[pick(list.length)];

// --- Bodies ---

let nErrors = 0;

function fail(kind) {
    raise(`<told / ${kind} / ${nErrors++}>`);
}

const rest = () => Tend.sleep(pick(20));

async function failLater(kind) {
    try {
        await rest();
        await rest();
    } finally {
        fail(kind); // eslint-disable-line no-unsafe-finally
    }
}

const BODIES = [
    () => fail('function'),
    () => failLater('async function'),
    self => self.wait_for(failLater('helper')),
    self => self.wait_for(self.wait_for(failLater('helper of a helper'))),
    async self => {
        self.add_timer(pick(20), null, () => fail('timer'));
        await Tend.sleep(LONG);
    },
    async self => {
        await rest();
        self.post(() => fail('post'));
        await Tend.sleep(LONG);
    },
    async () => {
        const group = new Tend.Group({policy: pickOf([Tend.GroupPolicy.WAIT_ALL, Tend.GroupPolicy.FIRST_ERROR])});
        for (let n = pick(4); n > 0; n--)
            group.add(new Tend.Task(null, () => failLater('child')));
        await rest();
        await pickOf([() => group.wait(), () => group.join(), () => {}])();
    },
    async () => {
        Tend.Task.run(null, rest).then(() => fail('handler'));
        await rest();
    },
    self => {
        self.add_exit_handler(() => fail('exit handler'));
        return rest();
    },
    () => Tend.Task.run('inner', () => failLater('inner')),
    () => Tend.Retry.new(1 + pick(3)).run(null, rest),
    async () => {
        await rest();
        await rest();
    },
];

// --- Holders ---

const kept = [];
const keep = thing => kept.push(thing);

async function wait(thenable) {
    try {
        await thenable;
    } catch (error) {
        tell(error, 'waiter');
    }
}

function makeManager() {
    const manager = new Tend.TaskManager({max_running: pick(3)});
    if (pick(2) === 0)
        manager.connect('task-failed', (_manager, _task, error) => tell(error, 'task-failed'));
    return manager;
}

let manager = null;

const run = task => {
    task.start();
    return task;
};

const HOLDERS = [
    task => keep(run(task)),
    task => void run(task),
    task => void manager.register_anonymous('a', self => self.wait_for(run(task))),
    task => manager.register(task),
    task => wait(run(task)),
    task => Promise.all([1, 2].map(() => wait(run(new Tend.Task(null, () => wait(task.is_started() ? task : run(task))))))),
    task => Tend.Task.run('waiter', () => {
        run(task).catch(error => tell(error, 'waiter'));
    }),
    task => wait(run(task).with_timeout(pick(20))),
    task => wait(Tend.wait_all([run(task), Tend.Task.run(null, rest)])),
    task => {
        const waiter = Tend.Task.run('waiter', () => wait(run(task)));
        Tend.Task.run('stopper', () => rest().then(() => waiter.stop()));
    },
    task => void run(task).wait(),
];

const ACTIONS = [
    () => {
        const task = new Tend.Task(null, pickOf(BODIES));
        const end = pick(6);
        if (end < 2)
            Tend.Task.run('ender', () => rest().then(() => end === 0 ? task.cancel() : task.stop()));
        pickOf(HOLDERS)(task);
    },
    () => Tend.sleep(pick(30)),
    () => kept.splice(0, pick(4)),
    () => pick(4) === 0 && System.gc(),
    async () => {
        if (pick(10) > 0)
            return;
        const old = manager;
        manager = makeManager();
        await old.shutdown().catch(() => {});
    },
];

async function runLot() {
    manager = makeManager();
    for (let step = 0; step < N_STEPS; step++)
        await pickOf(ACTIONS)(); // eslint-disable-line no-await-in-loop
    await Tend.sleep(2 * LONG);
    await manager.shutdown();
    manager = null;
    kept.length = 0;
    await collectAll();
}

function main([first, seed]) {
    if (first === 'lot') {
        const clock = Tend.Clock.freeze(null);
        chance = Number(seed);
        Tend.set_unobserved_func((_task, error) => tell(error, 'unobserved function'));
        Tend.run(runLot);
        printAll();
        return clock === null;
    }

    const until = GLib.get_monotonic_time() + Number(first ?? 120) * GLib.USEC_PER_SEC;
    let [nLots, nAll] = [0, 0];
    for (let next = GLib.random_int(); GLib.get_monotonic_time() < until; next++) {
        const {texts, whomOf} = readProcess(['lot', String(next)]);
        const faults = [...texts].flatMap(text => checkRow(text, whomOf(text)));
        faults.forEach(fault => print(`lot ${next}: ${fault}: ${whomOf(/<.*>/.exec(fault)[0])}`));
        if (faults.length > 0)
            return true;
        nLots++;
        nAll += texts.size;
    }
    print(`${nLots} lots with ${nAll} errors`);
    return false;
}

System.exit(main(ARGV) ? 1 : 0);
