// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The JavaScript code of doc/testing.md.

import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';

const clock = Tend.Clock.freeze(null);

async function remind() {
    await Tend.sleep(3600 * 1000);
    return 'tea';
}

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} instead of ${expected}`);
}

function testAnHour() {
    const task = Tend.Task.run('reminder', remind);
    clock.advance(3599000);
    assertEqual(task.is_ended(), false);
    clock.advance(1000);
    task.wait_sync();
    assertEqual(task.result, 'tea');
}

function testTheWholeProgram() {
    assertEqual(Tend.run(remind), 'tea');
}

testAnHour();
testTheWholeProgram();
