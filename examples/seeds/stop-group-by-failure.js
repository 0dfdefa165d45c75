// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks that stop one another: the first failure ends all of them. Their exit handlers do it here,
// to show the order; a Tend.Group of the policy FIRST_ERROR does the same by itself.

import Tend from 'gi://Tend?version=1';

const N_STEPS = 5;

const {COMPLETED, to_string: nameOf} = Tend.TaskStatus;
const children = [];

async function runChild(task) {
    task.add_exit_handler(leave);

    for (let i = 0; i < N_STEPS; i++) {
        print(`${task} works: ${i} of ${N_STEPS - 1}`);
        await Tend.sleep(2000);
        if (task === children[1])
            throw new Error(`Failure in ${task}`);
    }

    print(`${task} work done`);
    return N_STEPS;
}

const parent = Tend.Task.new('Parent', async me => {
    me.add_exit_handler(leave);

    for (let i = 0; i < 3; i++)
        children.push(Tend.Task.new(`Child ${i}`, runChild));
    for (const child of children) {
        child.start();
        await Tend.checkpoint();
    }
    await Tend.wait_all(children);
});

function leave(task) {
    print(`On exit: ${task} (${nameOf(task.status)})`);
    if (task.status === COMPLETED)
        return;

    // Stopping a task that has ended does nothing.
    for (const other of [...children, parent])
        other.stop();
}

parent.start();
try {
    await parent;
} catch {
    // The child that failed has stopped it.
}
