// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task that nobody keeps: its error cannot be read any more, and is reported once. The program
// goes on.

import Tend from 'gi://Tend?version=1';

// Starts the work in the next turn of the main loop, and forgets it.
function begin() {
    Tend.Task.new(null, () => {
        throw new Error('Error');
    }, {delay: 0}).start();
}

begin();

print('Do some work');
await Tend.sleep(1000);
print('Work completed');
