// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A chain of posts and timers that ends with its task. Each of them creates the next one.

import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';

function addTimer(task) {
    task.add_timer(500, null, () => {
        print('tick');
        task.post(addTimer);
    });
}

const task = Tend.Task.run('task with timer', async me => {
    me.post(addTimer);
    await Tend.sleep(1250);
});

await task;
print(`${task} ${Tend.TaskStatus.to_string(task.status)}`);

await Tend.sleep(1500);
print("Let's wait and see what happens.");
