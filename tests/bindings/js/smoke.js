// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The built library from JavaScript, by the functions and callbacks of C; js/ has the language's own.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

// Runs the main loop until the operation that start(callback) begins has called back.
function untilCalled(start) {
    const loop = new GLib.MainLoop(null, false);
    let result = null;
    start((_source, res) => {
        result = res;
        loop.quit();
    });
    loop.run();
    return result;
}

function wait(task) {
    return task.wait_finish(untilCalled(callback => task.wait_async(null, callback)));
}

function shutDown(manager) {
    return manager.shutdown_finish(untilCalled(callback => manager.shutdown_async(null, callback)));
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
        if (message !== null)
            assertEqual(error.message, message);
        return;
    }
    throw new Error('nothing was thrown');
}

const tests = {
    result(manager) {
        for (const value of [42, 'text', 2.5, true]) {
            const task = manager.register('answer', t => t.return_value(value));
            assertEqual(manager.is_active('answer'), true);
            assertEqual(wait(task), true);
            assertEqual(task.get_status(), Tend.TaskStatus.COMPLETED);
            assertEqual(task.get_result(), value);
            assertEqual(manager.is_active('answer'), false);
        }
    },

    error(manager) {
        const task = manager.register('failure', t => t.return_error(
            new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'no such thing')));
        assertThrows(() => wait(task), Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, 'no such thing');
        assertEqual(task.get_status(), Tend.TaskStatus.FAILED);
    },

    cancelByName(manager) {
        let hasRun = false;
        manager.register('never', () => (hasRun = true));
        const task = manager.cancel_task('never');
        assertThrows(() => wait(task), Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED);
        assertEqual(hasRun, false);
        assertEqual(manager.cancel_task('never'), null);
    },

    aNameIsUsedOnce(manager) {
        manager.register('name', t => t.return_value(1));
        assertThrows(() => manager.register('name', () => {}), Tend.Error, Tend.Error.EXISTS);
    },

    shutdown(manager) {
        const task = manager.register('long', () => {});
        assertEqual(shutDown(manager), true);
        assertEqual(manager.is_shut_down(), true);
        assertEqual(task.is_ended(), true);
        assertThrows(() => manager.register('late', () => {}), Tend.Error, Tend.Error.SHUT_DOWN);
    },

    watchdog() {
        assertEqual(Tend.watchdog_start(3600000), true);
        const context = new GLib.MainContext();
        context.push_thread_default();
        assertThrows(() => Tend.watchdog_start(1000), Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY);
        context.pop_thread_default();
        Tend.watchdog_stop();
    },

    fibersAreNotForJavaScript() {
        assertEqual(Tend.TaskManager.prototype.register_fiber, undefined);
        assertEqual(Tend.Task.new_fiber, undefined);
        assertEqual(Tend.Task.run_fiber, undefined);
    },
};

let nFailed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        test(new Tend.TaskManager());
        print(`${name}: ok`);
    } catch (error) {
        nFailed++;
        print(`${name}: ${error}\n${error.stack ?? ''}`);
    }
}
System.exit(nFailed === 0 ? 0 : 1);
