// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What is of Unix: newer GLib has it in namespaces of its own, and older GLib does not have these.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

function find(name) {
    try {
        // An import that waits would have the program run within a promise, and its loop go on with no other.
        return imports.gi[name];
    } catch {
        return null;
    }
}

const glib = find('GLibUnix');
const gio = find('GioUnix');

export const addSignal = glib?.signal_add ?? GLib.unix_signal_add;
export const InputStream = gio?.InputStream ?? Gio.UnixInputStream;
export const OutputStream = gio?.OutputStream ?? Gio.UnixOutputStream;
