// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Scripts: await without a main loop of one's own, and Tend.run().

import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertThrows, clock} from './support.js';

const error = new TypeError('x');

assertEqual(Tend.run(async () => {
    await Tend.sleep(1000);
    return 'from a function';
}), 'from a function');
assertEqual(Tend.run(Tend.Task.run(null, () => Tend.sleep(5))), undefined);
assertThrows(() => Tend.run(() => Promise.reject(error)), error);

// Time stands still here, and nobody else moves it on.
const moving = GLib.timeout_add(GLib.PRIORITY_DEFAULT, 1, () => {
    clock.advance(1000);
    return GLib.SOURCE_CONTINUE;
});
const task = Tend.Task.run(null, async () => {
    await Tend.sleep(1000);
    return {a: 1};
});
assertEqual((await task).a, 1);
assertEqual(await task, task.result);

// The main loop itself calls what is posted here: no JavaScript is on the stack when its failure is told.
const [manager, seen] = [new Tend.TaskManager(), []];
manager.connect('task-failed', (_manager, _task, given) => seen.push(given));
await manager.register('post', self => {
    self.post(() => {
        throw error;
    });
    return new Promise(() => {});
}).catch(thrown => seen.push(thrown));
assertEqual(seen.length, 2);
assertEqual(seen[0], error);
assertEqual(seen[1], error);

// The jobs of promises do not run within one of them, and so Tend.run() would wait for ever.
assertThrows(() => Tend.run(() => Tend.sleep(1)), Error);
GLib.source_remove(moving);
System.exit(0);
