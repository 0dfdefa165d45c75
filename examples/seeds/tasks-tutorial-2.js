// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Await what you have started, and the program takes as long as the work does: half a second less
// than tasks-tutorial-1, which sleeps for long enough.

import Tend from 'gi://Tend?version=1';

const completed = [];

const run = number => Tend.Task.run(null, async () => {
    await Tend.sleep(500);
    completed.push(number);
});

await run(2);
completed.push(3);

const task = run(4);
completed.push(5);
await task;
print(`[${completed.join(', ')}]`);
