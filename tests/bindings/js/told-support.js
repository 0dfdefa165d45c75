// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors that arise in a process of their own, and who was told of each: a waiter, a handler of task-failed, the
// unobserved function, or the log.
//
// The rule: an error that arose is told at least once; it is reported, to the unobserved function or to the log, at
// most once, and not if a waiter or a handler of task-failed had it.

import Gio from 'gi://Gio';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const MAX_COLLECTIONS = 50;
const TEXT = /<[^<>]* \/ [^<>]* \/ [0-9]+>/g;

// The text of errors that do not count: the interpreter keeps most of what it runs first.
export const WARM_UP = 'warm-up';

// --- In that process ---

const arisen = new Set();
const told = new Map();

export function raise(text) {
    if (text !== WARM_UP)
        arisen.add(text);
    throw new Error(text);
}

export function tell(error, whom) {
    const {message, errors = []} = error ?? {};
    if (arisen.has(message))
        told.set(message, [...told.get(message) ?? [], whom]);
    errors.forEach(part => tell(part, whom));
}

// Collects garbage until everybody was told, if it can be: the interpreter keeps a few until the program ends.
export async function collectAll() {
    for (let i = 0; i < MAX_COLLECTIONS && (i < 10 || [...arisen].some(text => !told.has(text))); i++) {
        System.gc();
        await Tend.Task.run('another', () => Tend.sleep(1)); // eslint-disable-line no-await-in-loop
    }
}

export function printAll() {
    print(JSON.stringify({arisen: [...arisen], told: [...told]}));
}

// --- In that which looks at it ---

// How often the log has told of each text: a message begins with the name of the program.
function countLogged(log) {
    const counts = new Map();
    for (const message of log.split(/^(?=\([^)]*\): )/m)) {
        for (const text of new Set(message.match(TEXT)))
            counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    return counts;
}

// Runs this program with the arguments; gives the texts of the errors that arose, and whom each was told.
export function readProcess(args) {
    const launcher = new Gio.SubprocessLauncher({
        flags: Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_PIPE,
    });
    // What is told in the log is no fault here.
    launcher.unsetenv('G_DEBUG');
    const process = launcher.spawnv(['gjs', '-m', System.programInvocationName, ...args]);
    const [, output, log] = process.communicate_utf8(null, null);
    try {
        const {arisen: texts, told: pairs} = JSON.parse(output);
        const [heard, logged] = [new Map(pairs), countLogged(log)];
        const whomOf = text => [...heard.get(text) ?? [], ...Array(logged.get(text) ?? 0).fill('log')];
        return {texts: new Set(texts), whomOf};
    } catch {
        printerr(log);
        throw new Error('the process in which the errors arise has failed');
    }
}

// What is wrong with whom an error was told, as texts.
export function checkRow(text, whom) {
    const nReports = whom.filter(who => who === 'log' || who === 'unobserved function').length;
    if (whom.length === 0)
        return [`${text}: nobody is told`];
    if (nReports > 1)
        return [`${text}: it is reported ${nReports} times`];
    return nReports > 0 && nReports < whom.length ? [`${text}: it is reported, and told to others`] : [];
}
