// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A parent that stops its children when it is stopped itself. Nothing relates the tasks but the
// parent's exit handler; a Tend.Group does the same by itself.

import Tend from 'gi://Tend?version=1';

const N_STEPS = 5;

const {COMPLETED, to_string: nameOf} = Tend.TaskStatus;

function printExit(task) {
    print(`On exit: ${task} (${nameOf(task.status)})`);
}

async function runChild(task) {
    task.add_exit_handler(printExit);

    for (let i = 0; i < N_STEPS; i++) {
        print(`${task} works: ${i} of ${N_STEPS - 1}`);
        await Tend.sleep(2000);
    }
    return N_STEPS;
}

async function runParent(me) {
    const group = [0, 1, 2].map(i => Tend.Task.new(`Child ${i}`, runChild));

    me.add_exit_handler(() => {
        printExit(me);
        if (me.status === COMPLETED)
            return;

        for (const child of group.filter(task => !task.is_ended())) {
            print(`${me.name} stops '${child.name}' (${nameOf(child.status)})`);
            child.stop();
        }
    });

    for (const child of group)
        child.start();
    await Tend.wait_all(group);
}

const parent = Tend.Task.run('Parent', runParent);

await Tend.sleep(2000);
print(`Stopping ${parent}`);
parent.stop();
