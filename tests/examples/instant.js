// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs an example in no time: it finds the clock frozen, which jumps from deadline to deadline whenever
// nothing else is left to be done. instant.js PROGRAM

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const clock = Tend.Clock.freeze(null);

GLib.idle_add(GLib.PRIORITY_LOW, () => {
    clock.run_until_idle();
    return GLib.SOURCE_CONTINUE;
});

await import(Gio.File.new_for_path(System.programArgs[0]).get_uri());
System.exit(0);
