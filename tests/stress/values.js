// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Random senders and receivers of channels that are cancelled, stopped, too late, forgotten and collected. A value
// whose send has succeeded is received once, or is in the channel at the end; one whose send has failed is nowhere.
//
//     values.js [SECONDS]            random lots, each in a process of its own, for so long
//     values.js lot SEED [trace]     one lot; of the same seed the same

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const N_ROUNDS = 20;

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

// --- Values ---

let channel = null;
let nBegun = 0;
let isTraced = false;
const sent = new Set();
const failed = new Set();
const received = new Map();
let tasks = [];
let cancellables = [];

function trace(...words) {
    if (isTraced)
        print(Tend.get_time(), ...words);
}

const makeValue = number => pickOf([number, `${number}`, {number}]);

const numberOf = value => Number(value.number ?? value);

function endSome() {
    for (const task of [...tasks]) {
        const kind = pick(8);
        if (kind < 2 && task !== Tend.Task.get_current()) {
            trace(kind === 0 ? 'cancel' : 'stop', task.to_string());
            if (kind === 0)
                task.cancel();
            else
                task.stop();
        }
    }
    if (pick(3) === 0)
        cancellables.pop()?.cancel();
}

function noteReceived(value, how) {
    const number = numberOf(value);
    trace(Tend.Task.get_current()?.to_string(), 'has received', number, 'by', how);
    received.set(number, (received.get(number) ?? 0) + 1);
    if (pick(3) === 0)
        endSome();
}

// --- Steps ---

const rest = () => Tend.sleep(pick(3) * 500);

function newCancellable() {
    const cancellable = pickOf([() => null, () => new Gio.Cancellable(), () => new Tend.Cancellable()])();
    if (cancellable !== null)
        cancellables.push(cancellable);
    return cancellable;
}

async function send() {
    const number = nBegun++;
    try {
        await channel.send(makeValue(number));
    } catch (error) {
        trace('has not sent', number, error.message);
        failed.add(number);
        throw error;
    }
    trace('has sent', number);
    sent.add(number);
}

function trySend() {
    const number = nBegun++;
    const isSent = channel.try_send(makeValue(number));
    trace(isSent ? 'has sent' : 'has not sent', number);
    (isSent ? sent : failed).add(number);
}

async function receive() {
    noteReceived(await channel.receive(), 'receive()');
}

const STEPS = [
    send,
    send,
    trySend,
    trySend,
    () => {
        for (let n = pick(4); n >= 0; n--)
            trySend();
    },
    receive,
    receive,
    receive,
    self => self.wait_for(receive()),
    async self => noteReceived(await self.wait_for(channel.receive()), 'wait_for()'),
    async () => {
        for await (const value of channel) {
            noteReceived(value, 'for await');
            if (pick(3) === 0)
                break;
        }
    },
    async () => {
        const task = new Tend.Task('limited', receive, {deadline: Tend.get_time() + pick(3) * 500});
        task.start();
        await task;
    },
    () => Tend.Task.run('given up', receive).with_timeout(pick(3) * 500),
    async () => {
        try {
            await rest();
        } finally {
            await receive();
        }
    },
    () => {
        const [isReceived, value] = channel.try_receive();
        if (isReceived)
            noteReceived(value, 'try_receive()');
    },
    () => {
        channel.receive_async(newCancellable(), (source, result) => {
            try {
                noteReceived(source.receive_finish(result), 'a callback');
            } catch (error) {
                trace('callback', error.message);
            }
        });
    },
    () => channel.receive_async(newCancellable(), () => {}),
    () => void channel.receive(),
    () => {
        channel.receive().then(value => noteReceived(value, 'then()'), () => {});
    },
    async () => {
        const group = new Tend.Group({policy: Tend.GroupPolicy.FIRST_SUCCESS});
        for (let n = pick(3); n >= 0; n--)
            group.add(new Tend.Task(null, receive));
        await pickOf([() => group.wait(), () => group.join()])();
    },
    () => Tend.when_any([Tend.Task.run('one', receive), Tend.Task.run('other', rest)]),
    rest,
    rest,
    endSome,
    () => tasks.splice(0, pick(3)),
    () => pick(3) === 0 && System.gc(),
];

async function runSteps(self) {
    for (let n = pick(4); n >= 0; n--) {
        try {
            await pickOf(STEPS)(self); // eslint-disable-line no-await-in-loop
        } catch (error) {
            trace('fails', error.message);
            if (self.is_cancelling())
                throw error;
        }
    }
}

async function runRound() {
    channel = new Tend.Channel({capacity: pickOf([0, 0, 1, 2, 5])});
    const first = nBegun;
    for (let n = 5 + pick(30); n > 0; n--) {
        tasks.push(Tend.Task.run(`t${n}`, runSteps));
        if (pick(2) === 0)
            await rest(); // eslint-disable-line no-await-in-loop
    }
    await Tend.sleep(5000);
    for (const task of tasks)
        task.stop();
    for (const cancellable of cancellables)
        cancellable.cancel();
    [tasks, cancellables] = [[], []];
    for (let n = 0; n < 4; n++) {
        System.gc();
        await Tend.sleep(1000); // eslint-disable-line no-await-in-loop
    }
    for (let [is, value] = channel.try_receive(); is; [is, value] = channel.try_receive())
        noteReceived(value, 'the end');
    checkRound(first);
}

const faults = [];

function checkRound(first) {
    for (let number = first; number < nBegun; number++) {
        const nReceived = received.get(number) ?? 0;
        if (sent.has(number) && nReceived !== 1)
            faults.push(`value ${number} was sent, and received ${nReceived} times`);
        else if (nReceived > (failed.has(number) ? 0 : 1))
            faults.push(`value ${number} was received ${nReceived} times, although its send failed`);
    }
}

function runLot(seed) {
    const clock = Tend.Clock.freeze(null);
    chance = seed;
    Tend.set_unobserved_func(() => {});
    Tend.run(async () => {
        for (let n = 0; n < N_ROUNDS && faults.length === 0; n++)
            await runRound(); // eslint-disable-line no-await-in-loop
    });
    faults.forEach(fault => print(`lot ${seed}: ${fault}`));
    print(`${sent.size} values`);
    return faults.length > 0 || clock === null;
}

function main([first, seed, how]) {
    isTraced = how === 'trace';
    if (first === 'lot')
        return runLot(Number(seed));

    const until = GLib.get_monotonic_time() + Number(first ?? 120) * GLib.USEC_PER_SEC;
    let nLots = 0, nFailed = 0;
    for (let next = GLib.random_int(); GLib.get_monotonic_time() < until && nFailed < 5; next++) {
        const process = Gio.Subprocess.new(['gjs', '-m', System.programInvocationName, 'lot', `${next}`],
            Gio.SubprocessFlags.NONE);
        process.wait(null);
        nLots++;
        nFailed += process.get_successful() ? 0 : 1;
    }
    print(`${nLots} lots, of which ${nFailed} failed`);
    return nFailed > 0;
}

System.exit(main(ARGV) ? 1 : 0);
