// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Twenty tasks without a name, which sleep at the same time: it takes half a second, not ten.

import Tend from 'gi://Tend?version=1';

const manager = new Tend.TaskManager();
const completed = [];

for (let i = 0; i < 20; i++) {
    manager.register(null, async () => {
        await Tend.sleep(500);
        completed.push(i);
    });
}

await manager.wait_for_tasks();
await manager.shutdown();
print(`[${completed.join(', ')}]`);
