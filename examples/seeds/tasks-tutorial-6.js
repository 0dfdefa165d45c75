// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A test of a class that registers a task when it is made, which is better avoided. Nothing that is
// registered runs at once, so that the test's set-up can cancel it in time: the body never runs. With
// KEEP_PENDING_TASKS in the environment the set-up lets the task be, and the test fails by its error.
//
// It prints the lines that a unit test prints, but for the time.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const MyCommunity = GObject.registerClass(class MyCommunity extends Tend.TaskManager {
    _init() {
        super._init();
        this.register('error out :-(', () => {
            throw new Error('RuntimeError');
        });
    }
});

async function testSomething() {
    const node = new MyCommunity();
    const failures = [];

    node.connect('task-failed', (_, task) => failures.push(`${task.name}: ${task.get_error().message}`));
    if (GLib.getenv('KEEP_PENDING_TASKS') === null)
        node.cancel_all();

    // What was registered before and is still there runs before this returns.
    await Tend.checkpoint();
    await node.shutdown();

    if (failures.length > 0)
        throw new Error(failures[0]);
}

let verdict = 'OK';
try {
    await testSomething();
} catch (error) {
    print(`ERROR: test_something: ${error.message}`);
    verdict = 'FAILED (errors=1)';
}
print(`Ran 1 test\n${verdict}`);
System.exit(verdict === 'OK' ? 0 : 1);
