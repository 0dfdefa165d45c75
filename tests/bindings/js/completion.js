// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Completions, cancellables and retries from JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const SECOND = 1000;

function wait(task) {
    const loop = new GLib.MainLoop(null, false);
    let result = null;
    task.wait_async(null, (_source, res) => {
        result = res;
        loop.quit();
    });
    loop.run();
    return task.wait_finish(result);
}

function settle() {
    while (GLib.MainContext.default().iteration(false))
        ;
}

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} is not ${expected}`);
}

function assertThrows(func, domain, code, message = null) {
    try {
        func();
    } catch (error) {
        if (!(error instanceof GLib.Error) || !error.matches(domain, code))
            throw error;
        if (message !== null && !error.message.endsWith(message))
            throw new Error(`${error.message} does not end with ${message}`);
        return;
    }
    throw new Error('nothing was thrown');
}

function newError(message) {
    return new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, message);
}

const tests = {
    completion() {
        for (const value of [42, 'text', 2.5, true]) {
            const completion = new Tend.Completion({name: 'answer'});
            assertEqual(completion.is_done(), false);
            assertEqual(completion.set_value(value), true);
            assertEqual(wait(completion.task), true);
            assertEqual(completion.task.get_result(), value);
            assertThrows(() => completion.set_value(value), Tend.Error, Tend.Error.STATE,
                'has been completed already');
        }
    },

    completionError() {
        const completion = Tend.Completion.new(null);
        assertEqual(completion.set_error(newError('busy')), true);
        assertThrows(() => wait(completion.get_task()), Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, 'busy');
    },

    completionCancelled() {
        const completion = new Tend.Completion();
        completion.task.cancel();
        assertThrows(() => completion.set_cancelled(), Tend.Error, Tend.Error.STATE,
            'has been cancelled already');
    },

    reasonAndParent() {
        const parent = new Tend.Cancellable();
        const child = new Tend.Cancellable();
        child.add_parent(parent);
        parent.cancel_with_reason('the window was closed');
        assertEqual(child.is_cancelled(), true);
        assertEqual(child.dup_reason(), 'the window was closed');
        assertThrows(() => child.set_error_if_cancelled(), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED,
            'cancelled: the window was closed');

        const task = Tend.Task.new('search', null);
        task.add_cancellable(child);
        assertThrows(() => wait(task), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED,
            'cancelled: the window was closed');
    },

    cancelAfter() {
        const clock = Tend.Clock.freeze(null);
        const cancellable = new Tend.Cancellable();
        cancellable.cancel_after(3600 * SECOND);
        assertEqual(clock.run_until_idle(), 3600 * SECOND);
        assertEqual(cancellable.is_cancelled(), true);
        clock.run_dispose();
    },

    handlers() {
        const cancellable = new Tend.Cancellable();
        const calls = [];
        const first = cancellable.add_handler(which => {
            calls.push('first');
            which.remove_handler(first);
        });
        const second = cancellable.add_handler(() => calls.push('second'));
        cancellable.add_handler(() => calls.push('third'));
        cancellable.remove_handler(second);
        cancellable.cancel();
        assertEqual(calls.length, 0);
        settle();
        assertEqual(calls.join(), 'first,third');
    },

    retry() {
        const retry = Tend.Retry.new(5);
        const attempts = [];
        retry.set_back_off(1000, 2000, 2);
        const task = retry.run('try', (_task, number) => {
            attempts.push(number);
            if (number < 3)
                throw newError(`busy ${number}`);
            return number;
        });
        assertEqual(wait(task), true);
        assertEqual(task.get_result(), 3);
        assertEqual(attempts.join(), '1,2,3');
    },

    retryNow() {
        const retry = Tend.Retry.new(2);
        const attempts = [];
        retry.set_back_off(1e9, 1e9, 1);
        const task = retry.run('try', (_task, number) => {
            attempts.push(number);
            if (number < 2)
                throw newError('busy');
            return number;
        });
        for (let i = 0; i < 10; i++)
            GLib.MainContext.default().iteration(false);
        assertEqual(attempts.join(), '1');
        retry.retry_now();
        assertEqual(wait(task), true);
        assertEqual(attempts.join(), '1,2');
    },

    retryPredicate() {
        const retry = Tend.Retry.new(5);
        const seen = [];
        retry.set_predicate((_task, number, error) => {
            seen.push(`${number}:${error.message}`);
            return false;
        });
        const task = retry.run(null, () => Tend.Task.new(null, t => t.return_error(newError('busy'))));
        assertThrows(() => wait(task), Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, 'busy (after 1 attempt)');
        assertEqual(seen.join(), '1:busy');
    },
};

let nFailed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        test();
        System.gc();
        settle();
        print(`${name}: ok`);
    } catch (error) {
        nFailed++;
        print(`${name}: ${error}\n${error.stack ?? ''}`);
    }
}
System.exit(nFailed === 0 ? 0 : 1);
