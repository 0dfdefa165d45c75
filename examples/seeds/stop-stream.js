// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Two tasks with a channel between them, both of which run until they are stopped.

import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';

const channel = new Tend.Channel();

// Sends a number each second, and closes the channel when it ends.
const master = Tend.Task.run('master', task => {
    let next = 0;

    task.add_exit_handler(() => {
        print(`Exit ${task}`);
        if (!channel.is_closed()) {
            print(`${task} closing controller`);
            channel.close();
        }
    });
    task.add_timer(1000, 1000, () => channel.try_send(next++));

    // Never settled: the task ends when somebody ends it.
    return new Promise(() => {});
});

// Prints what comes.
const slave = Tend.Task.run('slave', async task => {
    task.add_exit_handler(() => print(`Exit ${task}`));
    for await (const value of channel)
        print(value);
});

const both = Tend.wait_all([master, slave]);

await Tend.sleep(3000);
for (const task of [slave, master]) {
    print(`Stop ${task}`);
    task.stop();
}

try {
    await both;
} catch (error) {
    print(error.message);
}
print('Tasks stopped');
