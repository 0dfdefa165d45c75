// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The reports of errors that nobody observed, and the lines that have made the tasks.
//
// A task of JavaScript is freed in a collection, where no line of JavaScript may run. So the library keeps the
// reports, and they are taken from it in the next turn of the loop.

/* exported init, findLine, isOfProgram, makeCarrier, markOrigin, tellLate */

const {Gio, GLib} = imports.gi;
const {describe, isSeveral, readError, setThrown} = imports.overrides._tendOutcome;

// How many stacks are known by the line that they lead to: to look one up takes a third of the time.
const MAX_KNOWN = 1000;
const FRAME = /^[^@]*@(.+):(\d+):\d+$/;

// The folder of the files here, as stacks have it.
const OWN_FOLDER = new Error().stack.split('\n')[0].replace(/^[^@]*@/, '').replace(/[^/]*$/, '');

const known = new Map();

let Tend = null;
let native = null;
let func = null;

// --- Lines of the program ---

function isOfProgram(frame) {
    return FRAME.test(frame) && !frame.slice(frame.indexOf('@') + 1).startsWith(OWN_FOLDER);
}

function findLine(stack) {
    const frame = stack.split('\n').find(isOfProgram);
    if (frame === undefined)
        return null;
    const [, path, line] = FRAME.exec(frame);
    return `${path.replace(/^.*\//, '')}:${line}`;
}

// Notes the line of the program that makes the task, for reports.
function markOrigin(task) {
    const {stack} = new Error();
    let line = known.get(stack);
    if (line === undefined) {
        if (known.size === MAX_KNOWN)
            known.clear();
        line = findLine(stack);
        known.set(stack, line);
    }
    if (line !== null)
        native.set_origin.call(task, line);
    return task;
}

// --- Reports ---

// The stack of the exception, where it has one, without what is ours.
function stackOf(exception) {
    const {stack = ''} = exception instanceof Error || exception instanceof GLib.Error ? exception : {};
    const frames = String(stack).split('\n').filter(isOfProgram);
    return frames.map(frame => `\n    ${frame}`).join('');
}

function textOf(exception) {
    return exception instanceof GLib.Error || isSeveral(exception) ? exception.message : describe(exception);
}

function warn(task, exception, origin) {
    const [, name, number] = /^Task\((?:('.*'), )?(\d+)\)$/s.exec(task);
    const head = `Task ${name ?? number}: nobody observed its error; it was made at ${origin}: `;
    GLib.log_structured('Tend', GLib.LogLevelFlags.LEVEL_WARNING, {
        MESSAGE: `${head}${textOf(exception)}${stackOf(exception)}`,
    });
}

// Reports an error to the function of the program, or to the log.
function report(task, exception, origin) {
    if (func === null) {
        warn(task, exception, origin);
        return;
    }

    try {
        func(task, exception, origin);
    } catch (error) {
        logError(error instanceof Error ? error : new Error(describe(error)),
            'The function of Tend.set_unobserved_func() has failed');
        warn(task, exception, origin);
    }
}

function takeReports() {
    let [error, task, origin] = native.take_report();
    while (error !== null) {
        report(task, readError(error), origin);
        [error, task, origin] = native.take_report();
    }
}

// Whether it only says that something was cancelled or stopped, which is not reported.
function isEnding(exception) {
    return exception instanceof GLib.Error && (exception.matches(Gio.IOErrorEnum,
        Gio.IOErrorEnum.CANCELLED) || exception.matches(Tend.Error, Tend.Error.STOPPED));
}

// Reports what came of the task when this had ended already.
function tellLate(task, exception) {
    if (!isEnding(exception))
        report(task.to_string(), exception, task.dup_origin());
}

// Gives a task that has failed with an error, which is reported when nobody has the task any more.
function makeCarrier(task, exception) {
    if (isEnding(exception))
        return null;

    const carrier = native.new_open(`promise of ${task?.get_name() ?? 'nobody'}`, null);
    const line = exception instanceof Error ? findLine(String(exception.stack)) : null;
    native.set_origin.call(carrier, line ?? task?.dup_origin() ?? 'an unknown place');
    native.return_error.call(carrier, setThrown(carrier, exception));
    return carrier;
}

function setUnobservedFunc(newFunc) {
    if (newFunc !== null && typeof newFunc !== 'function')
        throw new TypeError('What reports errors is a function, or null');
    func = newFunc;
}

function init(namespace, methods) {
    Tend = namespace;
    native = methods;
    native.take_report = Tend.take_report;
    native.set_origin = Tend.Task.prototype.set_origin;
    Tend.keep_reports(takeReports);
    Tend.set_unobserved_func = setUnobservedFunc;
}
