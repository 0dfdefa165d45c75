// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task ends with: any value of the language, or the very exception that was thrown.
//
// A JavaScript object in a GValue is not seen by the garbage collector, and reading it later crashes. So
// values and exceptions are kept in a property of the task's wrapper, which lives as long as the task does
// once it has such a property. C gets what it can read: the value if there is a native one, and of an
// exception an error with its text.

/* exported init, isThenable, isOpaque, state, toNative, box, unbox, setResult, resultOf, setCombined, toGError,
   setThrown, isSeveral, originalOf, failureOf, exceptionOf, outcomeOf,
   headOf, logException */

const {GLib, GObject} = imports.gi;

const STATE = Symbol('tend-state');
const MAX_SERIAL = 0x7fffffff;
const MAX_RECENT = 1000;

// What cannot stand in a GValue travels in one of these: a channel's item, a default value of a cache.
const Box = GObject.registerClass({GTypeName: 'TendJsBox'}, class Box extends GObject.Object {});

// The exceptions thrown last, by the code of their GError: a group or a retry hands on nothing but a copy of that.
const recent = new Map();

let Tend = null;
let exceptionDomain = 0;
let native = null;
let serial = 0;

function init(namespace, methods) {
    Tend = namespace;
    exceptionDomain = Tend.ExceptionError.quark();
    native = methods;
}

function isThenable(value) {
    return value !== null && (typeof value === 'object' || typeof value === 'function') &&
        typeof value.then === 'function';
}

// Whether a promise would wait for the value instead of being fulfilled with it, although it is a result.
function isOpaque(value) {
    return value instanceof Tend.Task;
}

// What the language knows of a task: its run, result, thrown exception and those that it stands for.
function state(task) {
    task[STATE] ??= {run: null, isCancelSeen: false};
    return task[STATE];
}

function hasNative(value) {
    switch (typeof value) {
    case 'boolean':
    case 'number':
        return true;
    case 'string':
        // C ends a string at its first NUL, and has no lone surrogates.
        return !/[\0]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(value);
    default:
        return value === null || value instanceof GObject.Object;
    }
}

// What C is to see of a value that is kept elsewhere.
function toNative(value) {
    return hasNative(value) ? value : null;
}

// What is to stand in a GValue that alone holds the value.
function box(value) {
    if (hasNative(value))
        return value;

    const holder = new Box();
    holder[STATE] = {value};
    return holder;
}

function unbox(value) {
    return value instanceof Box ? value[STATE].value : value;
}

// Keeps the result for a task that is about to end with it; gives what C is to see of it.
function setResult(task, value) {
    state(task).result = {value};
    return toNative(value);
}

function resultOf(task) {
    const {result, read} = task[STATE] ?? {};
    if (read)
        return read();
    return result ? result.value : unbox(native.get_result.call(task));
}

// Says that the task ends as the sources do. Its result is what read() gives, if there is such a function.
function setCombined(task, sources, read) {
    Object.assign(state(task), {sources, read});
    return task;
}

function describe(exception) {
    try {
        return String(exception);
    } catch {
        return 'an exception without a text';
    }
}

// What a message about a task begins with, before its colon.
function headOf(task) {
    const name = task.get_name();
    return name === null ? `Task ${task.get_id()}` : `Task '${name}'`;
}

// Logs whatever was thrown where there is no task for it to fail.
function logException(exception, what) {
    logError(exception instanceof Error ? exception : new Error(describe(exception)), what);
}

// The GError that C gets for whatever was thrown.
function toGError(exception) {
    if (exception instanceof GLib.Error)
        return exception;

    serial = serial % MAX_SERIAL + 1;
    recent.set(serial, exception);
    if (recent.size > MAX_RECENT)
        recent.delete(recent.keys().next().value);

    return new GLib.Error(exceptionDomain, serial, describe(exception));
}

// Keeps the exception for a task that is about to end with it; gives its GError.
function setThrown(task, exception) {
    const error = toGError(exception);
    state(task).thrown = {exception, error};
    return error;
}

// What an error has in common with its copies. Somebody may have added to the text of an exception.
function keyOf(error) {
    return [error.domain, error.code, error.domain === exceptionDomain ? '' : error.message].join();
}

// Failures are objects that have the exception, since null and undefined can be thrown as well.

// The failures of those that a task stands for, in lists by what their copies have in common.
function indexFailures(sources) {
    const index = new Map();
    for (const source of sources) {
        const raw = source.is_ended() ? native.get_error.call(source) : null;
        if (raw !== null) {
            const key = keyOf(raw);
            index.set(key, [...index.get(key) ?? [], failureOf(source)]);
        }
    }
    return index;
}

// The failure that a GError stands for: what was thrown, where it is known, or else the error itself.
function takeFailure(error, index) {
    const isRecent = error.domain === exceptionDomain && recent.has(error.code);
    return index.get(keyOf(error))?.shift() ?? {exception: isRecent ? recent.get(error.code) : error};
}

// Whether it is the error of a task that stands for several which failed.
function isSeveral(exception) {
    return exception instanceof GLib.Error && exception.matches(Tend.Error, Tend.Error.SEVERAL);
}

function isThrown(thrown, error) {
    return thrown !== undefined && thrown.error.domain === error.domain && thrown.error.code === error.code;
}

// The exception that was given to an object, or to what it stands for, by a copy of the GError that C has of it.
function originalOf(object, error) {
    const {thrown, sources = []} = object[STATE] ?? {};
    return isThrown(thrown, error) ? thrown.exception : takeFailure(error, indexFailures(sources)).exception;
}

function findFailure(task, raw) {
    const {thrown, sources = []} = task[STATE] ?? {};
    if (isThrown(thrown, raw))
        return thrown;

    const index = indexFailures(sources);
    const failure = takeFailure(raw, index);
    if (failure.exception === raw && isSeveral(raw))
        raw.errors = native.list_errors.call(task).map(part => takeFailure(part, index).exception);
    return failure;
}

// What a task ended with if it did not complete, the same each time, or null. It counts as observed.
function failureOf(task) {
    const raw = native.get_error.call(task);
    if (raw === null)
        return null;

    const own = state(task);
    own.failure ??= findFailure(task, raw);
    return own.failure;
}

// The exception that a task ended with, or what is given for one that has none.
function exceptionOf(task, otherwise) {
    const failure = failureOf(task);
    return failure === null ? otherwise : failure.exception;
}

// What a task that has ended gives to those who wait.
function outcomeOf(task) {
    const failure = failureOf(task);
    if (failure !== null)
        throw failure.exception;
    return resultOf(task);
}
