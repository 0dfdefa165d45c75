// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the overrides share: they run one after the other on virtual time, which moves on by itself
// whenever nothing else is left to be done.

import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const PENDING = 'it has not ended';
const MAX_SECONDS = 10;

export const clock = Tend.Clock.freeze(null);

// Runs the main loop and the clock until nothing is left to be done at any time.
function settle() {
    do
        clock.run_until_idle();
    while (GLib.MainContext.default().iteration(false));
}

// Collects garbage, and lets what comes of it happen.
export async function collect() {
    for (let i = 0; i < 3; i++) {
        System.gc();
        // eslint-disable-next-line no-await-in-loop
        await Tend.sleep(0);
    }
}

export function assertEqual(value, expected) {
    if (!Object.is(value, expected))
        throw new Error(`${String(value)} is not ${String(expected)}`);
}

// For a GLib error: the domain and the code, or else the very exception, or its class; nothing for any.
export function assertIs(error, ...expected) {
    const [first, code] = expected;
    if (expected.length === 0)
        return;
    if (expected.length === 2 ? !error?.matches?.(first, code)
        : error !== first && !(typeof first === 'function' && error instanceof first))
        throw error instanceof Error ? error : new Error(`${String(error)} was thrown`);
}

export function assertThrows(func, ...expected) {
    try {
        func();
    } catch (error) {
        assertIs(error, ...expected);
        return error;
    }
    throw new Error('nothing was thrown');
}

export async function assertRejects(thenable, ...expected) {
    try {
        await thenable;
    } catch (error) {
        assertIs(error, ...expected);
        return error;
    }
    throw new Error('it was not rejected');
}

// Runs the loop for what comes from outside, but not for ever.
function waitForMore(isOver) {
    const guard = GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, MAX_SECONDS, () => GLib.SOURCE_CONTINUE);
    const begin = GLib.get_monotonic_time();
    while (!isOver() && GLib.get_monotonic_time() - begin < MAX_SECONDS * GLib.USEC_PER_SEC) {
        GLib.MainContext.default().iteration(true);
        settle();
    }
    GLib.source_remove(guard);
}

// Its callers are known, as in a program.
async function runToItsEnd(test) {
    await null;
    await test();
    await collect();
}

// Runs each of the functions of an object, which may be async, to their ends. One that never ends has failed.
export function runTests(tests) {
    let nFailed = 0;
    for (const [name, test] of Object.entries(tests)) {
        let outcome = PENDING;
        runToItsEnd(test).then(() => (outcome = 'ok'),
            error => (outcome = `${String(error)}\n${error?.stack ?? ''}`));
        settle();
        waitForMore(() => outcome !== PENDING);
        nFailed += outcome !== 'ok';
        print(`${name}: ${outcome}`);
    }
    System.exit(nFailed === 0 ? 0 : 1);
}
