// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Created, awaited, and started: a task that is created and never started does not run, a task that is awaited is over
// before its creator goes on, and a task that is started goes on beside it.

import Tend from 'gi://Tend?version=1';

const completed = [];

const make = number => Tend.Task.new(null, async () => {
    await Tend.sleep(500);
    completed.push(number);
});

// Nobody has started it, and nobody can any more.
make(1);

const awaited = make(2);
awaited.start();
await awaited;
completed.push(3);

make(4).start();
completed.push(5);

// Without this the program would end first, and 4 not be in the list.
await Tend.sleep(1000);
print(`[${completed.join(', ')}]`);
