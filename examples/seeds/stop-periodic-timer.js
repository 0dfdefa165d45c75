// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A repeating timer that ends with its task.

import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';

const task = Tend.Task.run('task with timer', async me => {
    me.add_timer(500, 500, () => print('tick'));
    await Tend.sleep(1500);
});

await task;
print(`${task} ${Tend.TaskStatus.to_string(task.status)}`);

await Tend.sleep(1500);
print("Let's wait and see what happens.");
