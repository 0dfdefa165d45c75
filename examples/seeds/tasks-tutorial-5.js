// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that runs again and again until it cancels itself, and one that runs once, after a delay.
//
// The one with the delay is registered first, so that of two equal deadlines its own comes first, and
// the 2 before the fifth 1. That the fourth is before it hangs on the machine: tasks-tutorial-5.c has
// the reasons.

import Tend from 'gi://Tend?version=1';

const manager = new Tend.TaskManager();
const completed = [];

manager.register('sneaky inject', () => completed.push(2), {delay: 500});
manager.register('keep adding 1', () => {
    if (completed.length < 20)
        completed.push(1);
    else
        manager.cancel_task('keep adding 1');
}, {interval: 100});

await manager.wait_for_tasks();
await manager.shutdown();
print(`[${completed.join(', ')}]`);
