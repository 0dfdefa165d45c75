// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Three requests that each have something to wait for: the first is answered, the second times out, the
// third is cancelled by the shutdown.

import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';

const MyCache = GObject.registerClass(class MyCache extends Tend.NumberCache {
    _init(number) {
        super._init({prefix: 'my cache', number});
        this.future = new Tend.Completion();
        this.add_task(this.future.task, false);
    }

    // There is nothing to clean up: the future gets its value by itself.
    vfunc_timed_out() {}
});

const say = value => value ? 'True' : 'False';

const requests = new Tend.RequestCache();
const [cache0, cache1, cache2] = [0, 1, 2].map(number => new MyCache(number));

requests.add(cache0);
cache0.future.set_value(true);

// For what is added in between the time-out is zero, and not ten seconds.
requests.push_timeout(Tend.NumberCache, 0);
requests.add(cache1);
requests.pop_timeout();
await cache1.future.task;

requests.add(cache2);
await requests.shutdown();

print(`future0.result()=${say(cache0.future.task.result)}`);
print(`future1.result()=${say(cache1.future.task.result)}`);
print(`future2.cancelled()=${say(cache2.future.task.status === Tend.TaskStatus.CANCELLED)}`);
