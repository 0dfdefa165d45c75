// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task keeps its error until somebody reads it.

import Tend from 'gi://Tend?version=1';

const task = Tend.Task.run(null, () => {
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
