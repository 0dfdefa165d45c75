// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The installed library from GJS, with nothing but its typelib: a managed task, completed by hand.

import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';

const loop = new GLib.MainLoop(null, false);
const manager = new Tend.TaskManager();
const completion = Tend.Completion.new('answer');
const answer = completion.get_task();

manager.register(answer, Tend.NamePolicy.REJECT);
answer.wait_async(null, (task, result) => {
    task.wait_finish(result);
    print(task.get_result());
    manager.shutdown_async(null, () => loop.quit());
});
GLib.idle_add(GLib.PRIORITY_DEFAULT_IDLE, () => {
    completion.set_int(42);
    return GLib.SOURCE_REMOVE;
});
loop.run();
