// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that is stopped while it sleeps. Nothing of it runs any more but its clean-up.

import Tend from 'gi://Tend?version=1';

const DURATION_SEC = 5;

const {to_string: nameOf} = Tend.TaskStatus;

const task = Tend.Task.run('my task', async me => {
    me.add_exit_handler(() => print(`On exit: ${me}, state: '${nameOf(me.status)}'`));

    print('running...');
    await Tend.sleep(DURATION_SEC * 1000);
    print('done');
});
await Tend.checkpoint();

print(`Stop ${task} with state '${nameOf(task.status)}'`);
task.stop();
try {
    await task;
} catch (error) {
    print('Big bada boom?');
    print(error.message);
    print('Oh no, it was just a faint hiss...');
}

print(`Waiting ${DURATION_SEC} sec. to see what happens...`);
await Tend.sleep(DURATION_SEC * 1000);
print('Continue to work');
