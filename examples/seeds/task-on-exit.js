// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An exit handler runs however the task ends, and frees what the task had taken. For what a body takes
// and frees itself there is "finally", which a task that is stopped does not come to.

import Tend from 'gi://Tend?version=1';

const task = Tend.Task.run(null, me => {
    let handle = null;

    me.add_exit_handler(() => {
        print(`${me} exit with status: '${Tend.TaskStatus.to_string(me.status)}'`);
        if (handle !== null) {
            handle = null;
            print(`${me} frees up: 'handle'`);
        }
    });
    handle = {};

    throw new Error('Error');
});

print('Do some work');
await Tend.sleep(1000);
print('Work completed');

try {
    print(`Result: ${await task}`);
} catch (error) {
    print(error.message);
}
