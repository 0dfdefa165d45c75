// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';

function countDown(task) {
    let count = 3;
    task.add_timer(0, GLib.USEC_PER_SEC / 10, () => {
        if (count === 0)
            task.return_value('lift-off');
        else
            print(count--);
        return true;
    });
}

const loop = new GLib.MainLoop(null, false);
const manager = new Tend.TaskManager();
const countdown = manager.register('countdown', countDown);

countdown.wait_async(null, () => {
    print(countdown.get_result());
    manager.shutdown_async(null, () => loop.quit());
});
loop.run();
