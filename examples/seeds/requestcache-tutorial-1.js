// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A cache with a name and a number, and a task that waits for it: another part of the
// program adds it after 1.23 seconds, and the wait is over.

import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';

const MyState = GObject.registerClass(class MyState extends Tend.NumberCache {
    _init(state) {
        super._init({prefix: 'my-state', number: 0});
        this.state = state;
    }
});

const requests = new Tend.RequestCache();

requests.get_manager().register('Add later', async () => {
    await Tend.sleep(1230);
    requests.add(new MyState(42));
});

const found = await requests.wait_for('my-state', 0, null);
print(`I found a cache with the state: ${found.state}`);
await requests.shutdown();
