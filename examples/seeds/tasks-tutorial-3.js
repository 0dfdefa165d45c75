// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager finds tasks by their names: one is cancelled before it begins, and the program waits for the other.

import Tend from 'gi://Tend?version=1';

const manager = new Tend.TaskManager();
const completed = [];

for (const number of [1, 2]) {
    manager.register(`executeMeToo${number}`, async () => {
        await Tend.sleep(500);
        completed.push(number);
    });
}
manager.cancel_task('executeMeToo1');

// A shutdown alone would cancel the other task too, and the list be empty.
await manager.wait_for_tasks();
await manager.shutdown();
print(`[${completed.join(', ')}]`);
