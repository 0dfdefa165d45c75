// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

import Tend from 'gi://Tend?version=1';

async function countDown() {
    for (let i = 3; i > 0; i--) {
        print(i);
        await Tend.sleep(100);
    }
    return 'lift-off';
}

const manager = new Tend.TaskManager();
print(await manager.register('countdown', countDown));
await manager.shutdown();
