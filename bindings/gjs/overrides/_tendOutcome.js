// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task ends with: any value of the language, or the very exception that was thrown.
//
// A JavaScript object in a GValue is not seen by the garbage collector, and reading it later crashes. So
// values and exceptions are kept in a property of the task's wrapper, which lives as long as the task does
// once it has such a property. C gets what it can read: the value if there is a native one, and of an
// exception an error with its text, which carries an object that has the exception. So each copy of the error leads to
// the exception, also when the task is gone. But for an exception that may refer to the task: the two would keep each
// other. Of that one the error has a picture, and the task alone has the exception.

/* exported init, isThenable, isOpaque, state, toNative, box, unbox, setResult, resultOf, setCombined, describe,
   toGError, setThrown, thrownOf, isSeveral, readError, originalOf, failureOf, exceptionOf, outcomeOf, keepFailures,
   headOf, logException */

const {GLib, GObject} = imports.gi;

const STATE = Symbol('tend-state');
// How deep and how far an exception is searched for what it refers to.
const MAX_DEPTH = 3;
const MAX_PROPERTIES = 32;

// What cannot stand in a GValue travels in one of these: a channel's item, a default value of a cache, an exception.
const Box = GObject.registerClass({GTypeName: 'TendJsBox'}, class Box extends GObject.Object {});

// An error of C that stands for several: AggregateError is the language's class for it. Its domain, its code and
// matches() are as those of an error of C.
class SeveralError extends AggregateError {
    constructor(raw, errors) {
        super(errors, raw.message);
        Object.defineProperties(this, {
            domain: {value: raw.domain},
            code: {value: raw.code},
            [STATE]: {value: raw},
        });
    }

    matches(domain, code) {
        return this[STATE].matches(domain, code);
    }
}

let Tend = null;
let exceptionDomain = 0;
let native = null;

function init(namespace, methods) {
    Tend = namespace;
    exceptionDomain = Tend.ExceptionError.quark();
    native = methods;
    native.new_exception = Tend.ExceptionError.new;
    native.get_exception = Tend.ExceptionError.get_exception;
    native.list_parts = Tend.Error.list;
    Tend.Error.list = error => isSeveral(error) ? error.errors : native.list_parts(error);
}

function isThenable(value) {
    return value !== null && (typeof value === 'object' || typeof value === 'function') &&
        typeof value.then === 'function';
}

// Whether a promise would wait for the value instead of being fulfilled with it, although it is a result.
function isOpaque(value) {
    return value instanceof Tend.Task || value instanceof Tend.Completion;
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
    return hasNative(value) ? value : putIntoBox(value);
}

function putIntoBox(value) {
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

// Whether what was thrown refers to nothing but data, so that it cannot lead back to a task.
function isData(value, depth = 0) {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
        return true;

    const prototype = Object.getPrototypeOf(value);
    if (typeof value === 'function' || depth === MAX_DEPTH ||
        !(value instanceof Error || Array.isArray(value) || prototype === Object.prototype || prototype === null))
        return false;

    const keys = Reflect.ownKeys(value);
    return keys.length <= MAX_PROPERTIES && keys.every(key => {
        const property = Object.getOwnPropertyDescriptor(value, key);
        return property !== undefined && Object.hasOwn(property, 'value') && isData(property.value, depth + 1);
    });
}

// What is to be seen of an exception that the error itself must not keep.
function takePicture(exception) {
    const picture = new Error(describe(exception));
    if (exception instanceof Error)
        picture.stack = String(exception.stack);
    return picture;
}

function canBeKept(exception) {
    try {
        return isData(exception);
    } catch {
        return false;
    }
}

// The GError that C gets for whatever was thrown.
function toGError(exception) {
    if (exception instanceof GLib.Error)
        return exception;
    if (exception instanceof SeveralError)
        return exception[STATE];

    return native.new_exception(putIntoBox(canBeKept(exception) ? exception : takePicture(exception)),
        describe(exception));
}

// Keeps the exception for a task that is about to end with it; gives its GError.
function setThrown(task, exception) {
    const own = state(task);
    const error = toGError(exception);
    own.thrown = {exception, key: keyOf(error)};
    if (own.failures !== undefined && (exception === error || thrownOf(error) !== exception))
        own.failures.push(own.thrown);
    return error;
}

// The box that an error carries, or null.
function boxOf(error) {
    return error.domain === exceptionDomain ? native.get_exception(error) : null;
}

// What was thrown, of which the error may be a copy.
function thrownOf(error) {
    const holder = boxOf(error);
    return holder === null ? error : unbox(holder);
}

// What an error has in common with its copies. Somebody may have added to the text of an exception.
function keyOf(error) {
    return boxOf(error) ?? [error.domain, error.code, error.message].join();
}

// Failures are objects that have the exception, since null and undefined can be thrown as well.

// Lets the failures of a task be found in the list, too, which others have who stand for it.
function keepFailures(task, failures) {
    state(task).failures = failures;
}

function addToIndex(index, key, failure) {
    const list = index.get(key);
    if (list === undefined)
        index.set(key, [failure]);
    else
        list.push(failure);
}

// The failures of those that a task stands for, in lists by what their copies have in common.
function indexFailures({sources = [], parts = []}) {
    const index = new Map();
    for (const failure of parts)
        addToIndex(index, failure.key, failure);
    for (const source of sources) {
        const raw = source.is_ended() ? native.get_error.call(source) : null;
        if (raw !== null)
            addToIndex(index, keyOf(raw), failureOf(source));
    }
    return index;
}

// The failure that a GError stands for: what was thrown, where it is known, or else the error itself.
function takeFailure(error, index) {
    return index.get(keyOf(error))?.shift() ?? {exception: readError(error)};
}

// Whether it is the error of a task that stands for several which failed.
function isSeveral(exception) {
    return exception instanceof SeveralError;
}

function isRawSeveral(error) {
    return error instanceof GLib.Error && error.matches(Tend.Error, Tend.Error.SEVERAL);
}

// What was thrown, of which the error may be a copy, with the parts of one that stands for several.
function readError(error) {
    const exception = thrownOf(error);
    if (exception !== error || !isRawSeveral(error))
        return exception;
    // C gives the error itself for one whose parts it does not know.
    const parts = native.list_parts(error);
    return new SeveralError(error, parts.length > 1 ? parts.map(readError) : []);
}

// Of a GLib error the text may have been added to.
function isThrown(thrown, error) {
    if (thrown === undefined)
        return false;
    const {exception, key} = thrown;
    if (exception instanceof GLib.Error || isSeveral(exception))
        return exception.domain === error.domain && exception.code === error.code;
    return key === boxOf(error);
}

// The exception that was given to an object, or to what it stands for, by a copy of the GError that C has of it.
function originalOf(object, error) {
    const own = object[STATE] ?? {};
    return isThrown(own.thrown, error) ? own.thrown.exception : takeFailure(error, indexFailures(own)).exception;
}

function findFailure(task, raw) {
    const own = task[STATE] ?? {};
    if (isThrown(own.thrown, raw))
        return own.thrown;

    const index = indexFailures(own);
    const known = index.get(keyOf(raw))?.shift();
    if (known !== undefined || !isRawSeveral(raw))
        return known ?? {exception: readError(raw)};
    const parts = native.list_errors.call(task).map(part => takeFailure(part, index).exception);
    return {exception: new SeveralError(raw, parts)};
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
