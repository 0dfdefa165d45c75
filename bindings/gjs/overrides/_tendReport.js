// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The reports of errors that nobody observed, and the lines that have made the tasks.
//
// A task of JavaScript is freed in a collection, where no line of JavaScript may run. So the library keeps the
// reports, and they are taken from it in the next turn of the loop.

/* exported init, tellLate */

const {Gio, GLib} = imports.gi;
const {describe, thrownOf} = imports.overrides._tendOutcome;

let Tend = null;
let native = null;
let func = null;

// The stack of the exception, where it has one.
function stackOf(exception) {
    const stack = exception instanceof Error || exception instanceof GLib.Error ? exception.stack : '';
    return typeof stack === 'string' && stack !== '' ? `\n${stack.trimEnd()}` : '';
}

function textOf(exception) {
    return exception instanceof GLib.Error ? exception.message : describe(exception);
}

function warn(task, exception, origin) {
    GLib.log_structured('Tend', GLib.LogLevelFlags.LEVEL_WARNING, {
        MESSAGE: `Nobody observed the error of ${task}, made at ${origin}: ${textOf(exception)}${stackOf(exception)}`,
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
        report(task, thrownOf(error), origin);
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

function setUnobservedFunc(newFunc) {
    if (newFunc !== null && typeof newFunc !== 'function')
        throw new TypeError('What reports errors is a function, or null');
    func = newFunc;
}

function init(namespace, methods) {
    Tend = namespace;
    native = methods;
    native.take_report = Tend.take_report;
    Tend.keep_reports(takeReports);
    Tend.set_unobserved_func = setUnobservedFunc;
}
