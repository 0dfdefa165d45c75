// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tend.run() leaves nothing behind, and Ctrl-C ends it. It runs in a process of its own where its log or its end is looked
// at: "run.js NAME".

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertThrows} from './support.js';

const CANCELLED = [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED];

async function sleepAndCleanUp(log, name) {
    try {
        await Tend.sleep(1e6);
    } finally {
        await Tend.sleep(10);
        log.push(name);
    }
}

const CHILDREN = {
    late: () => {
        Tend.run(() => {
            Tend.Task.run('late', async () => {
                await Tend.sleep(1e6).catch(() => {});
                await Tend.sleep(1e6);
            });
        });
        print('ended');
    },

    busy: () => {
        Tend.run(async () => {
            await null;
            print('ready');
            for (;;)
                GLib.usleep(1000);
        });
    },

    interrupted: () => {
        let handler = null;
        try {
            Tend.run(async task => {
                handler = task;
                task.add_cancel_handler(() => print('cancelled'));
                print('ready');
                await new Promise(() => {});
            });
        } catch (error) {
            print(error.matches(Tend.Error, Tend.Error.STOPPED), handler.is_ended());
        }
    },
};

function spawn(name) {
    return Gio.Subprocess.new(['gjs', '-m', System.programInvocationName, name],
        Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_PIPE);
}

const TESTS = {
    leavesNothingBehind: () => {
        const log = [];
        const before = Tend.Task.run('before', () => sleepAndCleanUp(log, 'before'));
        const manager = new Tend.TaskManager();
        assertEqual(Tend.run(async () => {
            Tend.Task.run('left', () => sleepAndCleanUp(log, 'left'));
            await Tend.sleep(1);
            manager.register('managed', () => sleepAndCleanUp(log, 'managed'));
            await Tend.sleep(1);
            return 'the result';
        }), 'the result');
        assertEqual(log.sort().join(), 'left,managed');
        assertEqual(before.is_ended(), false);
        before.stop();
    },

    takesAGenerator: () => {
        const half = function* (n) {
            yield Tend.sleep(1);
            return n / 2;
        };
        assertEqual(Tend.run(function* () {
            return (yield half(4)) + (yield* half(6));
        }), 5);
    },

    leavesNothingBehindWhenItFails: () => {
        const [log, error] = [[], new RangeError('x')];
        assertThrows(() => Tend.run(async () => {
            Tend.Task.run('left', () => sleepAndCleanUp(log, 'left'));
            await Tend.sleep(1);
            throw error;
        }), error);
        assertEqual(log.join(), 'left');
    },

    whatIsCancelledIsThrown: () => {
        assertThrows(() => Tend.run(task => {
            task.cancel();
            return Tend.sleep(1);
        }), ...CANCELLED);
    },

    whoIsLateIsNamed: () => {
        const [, output, log] = spawn('late').communicate_utf8(null, null);
        assertEqual(output, 'ended\n');
        assertEqual(/Tend-WARNING.*'late'.*run\.js:[0-9]+/.test(log), true);
    },

    theSecondInterruptStops: () => {
        const process = spawn('interrupted');
        const lines = Gio.DataInputStream.new(process.get_stdout_pipe());
        const read = () => lines.read_line_utf8(null)[0];
        assertEqual(read(), 'ready');
        process.send_signal(2);
        assertEqual(read(), 'cancelled');
        process.send_signal(2);
        assertEqual(read(), 'true true');
        process.wait(null);
    },

    // Signals that come while one is pending are one.
    interruptsEndABodyThatNeverWaits: () => {
        const process = spawn('busy');
        Gio.DataInputStream.new(process.get_stdout_pipe()).read_line_utf8(null);
        let hasEnded = false;
        process.wait_async(null, () => (hasEnded = true));
        while (!hasEnded) {
            process.send_signal(2);
            GLib.MainContext.default().iteration(false);
        }
        assertEqual(process.get_if_signaled() && process.get_term_sig(), 2);
    },
};

if (ARGV.length > 0) {
    CHILDREN[ARGV[0]]();
} else {
    for (const [name, test] of Object.entries(TESTS)) {
        test();
        print(`${name}: ok`);
    }
}
System.exit(0);
