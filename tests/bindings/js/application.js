// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An application that waits for its tasks, and lets them end before its run is over. It is run at the top level of the
// module, before any await: promises do not go on within one.

import Gio from 'gi://Gio';
import Tend from 'gi://Tend?version=1';
import {assertEqual} from './support.js';

function run(flags, makeBodies) {
    const application = new Gio.Application({flags: Gio.ApplicationFlags.NON_UNIQUE});
    const manager = new Tend.TaskManager();
    const log = [];
    Tend.application_add_manager(application, manager, flags);
    application.connect('activate', () => {
        makeBodies(log, application).forEach((body, n) => manager.register(`${n}`, body));
    });
    assertEqual(application.run([]), 0);
    assertEqual(manager.is_shut_down(), true);
    assertEqual(manager.is_busy(), false);
    return log.join();
}

const work = log => async () => {
    for (let i = 0; i < 10; i++)
        await Tend.sleep(0);
    log.push('done');
};

const save = log => async () => {
    try {
        await Tend.sleep(3000);
        log.push('saved');
    } finally {
        await Tend.sleep(1000);
        log.push('closed');
    }
};

const quit = application => async () => application.quit();

assertEqual(run(Tend.ApplicationFlags.NONE, log => [work(log)]), 'done');
assertEqual(run(Tend.ApplicationFlags.NONE, (log, app) => [save(log), quit(app)]), 'closed');
assertEqual(run(Tend.ApplicationFlags.DRAIN, (log, app) => [save(log), quit(app)]), 'saved,closed');
