// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Bodies: how what a function returns or throws ends its task, and the options of a task.

/* exported init, checkFunction, checkTask, refuseThread, checkNumber, readOptions, toTask, wrapBody, wrapBegin, wrapWork,
   wrapHandler, applyOptions, returnValue, returnError, returnNative */

const {callAttached, callDetached, dropWaits} = imports.overrides._tendDeliver;
const {headOf, isThenable, logException, setResult, setThrown, state, toGError} = imports.overrides._tendOutcome;
const {endScope} = imports.overrides._tendGroups;
const {tellLate} = imports.overrides._tendReport;
const {isAwaitable, settleFrom} = imports.overrides._tendSteps;
const {toSnakeCase} = imports.overrides._tendUnits;
const {callMarked, forget, takeNumber, tellCutOff} = imports.overrides._tendWhose;

let Tend = null;
let native = null;

function init(namespace, methods) {
    Tend = namespace;
    native = methods;
    // The file of groups stands below this one.
    native.toTask = toTask;
}

function checkFunction(func, what) {
    if (typeof func !== 'function')
        throw new TypeError(`${what} is a function, and not ${func === null ? 'null' : typeof func}`);
    return func;
}

function checkTask(task) {
    if (!(task instanceof Tend.Task))
        throw new TypeError(`${String(task)} is not a Tend.Task`);
    return task;
}

// A task for what can be awaited: itself, if it is one.
function toTask(awaitable, make = Tend.Task.run) {
    if (awaitable instanceof Tend.Task || !isAwaitable(awaitable))
        return checkTask(awaitable);

    // It may be rejected before the task asks for it.
    if (awaitable instanceof Promise)
        awaitable.catch(() => {});
    return make(null, () => awaitable);
}

// JavaScript runs in one thread: a function of it can be called in no other.
function refuseThread() {
    throw new Error('JavaScript runs in one thread: use an async function as the body, ' +
        'and the asynchronous functions of GIO for what would block');
}

// C would take what is no number for zero.
function checkNumber(value, what) {
    if (typeof value !== 'number' || Number.isNaN(value))
        throw new TypeError(`${what} is a number`);
    return value;
}

// How each option of a task is set.
const SETTERS = {
    delay: (task, value) => task.set_delay(value),
    interval: (task, value) => task.set_interval(value),
    interval_mode: (task, value) => task.set_interval_mode(checkNumber(value, 'An interval mode')),
    keep_going: (task, value) => task.set_keep_going(value),
    priority: (task, value) => task.set_priority(checkNumber(value, 'A priority')),
    deadline: (task, value) => task.set_deadline(value),
};

// Gives the options by their names in C: "keepGoing" is "keep_going" as well.
function readOptions(given, others = []) {
    if (given === null || typeof given !== 'object')
        throw new TypeError('The options of a task are an object');
    const options = {};
    for (const [spelling, value] of Object.entries(given)) {
        const name = toSnakeCase(spelling);
        if (!Object.hasOwn(SETTERS, name) && !others.includes(name))
            throw new TypeError(`A task has no option '${spelling}'`);
        options[name] = value;
    }
    return options;
}

function applyOptions(task, options) {
    for (const [name, set] of Object.entries(SETTERS)) {
        if (options[name] !== undefined)
            set(task, options[name]);
    }
    return task;
}

// Whether the task takes a result now. One that was ended by others drops it; one that has returned already, or
// does not run, is told so.
function takesResult(task) {
    const status = task.get_status();
    if (status === Tend.TaskStatus.RUNNING)
        return true;

    if (task.is_ended() && !state(task).hasReturned)
        return false;
    throw new Error(task.is_ended() ? `${headOf(task)}: has returned a result already`
        : `${headOf(task)}: does not run, and cannot return a result`);
}

function endMarked(run) {
    run.isOver = true;
    forget(run.number);
}

function give(task, func, argument) {
    const own = state(task);
    if (own.run)
        endMarked(own.run);
    forget(own.number);
    own.hasReturned = true;
    dropWaits(task);
    callDetached(() => func.call(task, argument));
}

function completeWith(task, value) {
    give(task, native.return_value, setResult(task, value));
}

// Completes the task with the value, or as a promise or a task ends that is given instead of one.
function returnValue(task, value) {
    if (!takesResult(task))
        return;

    if (isAwaitable(value))
        settleWith(task, state(task).run, value);
    else
        completeWith(task, value);
}

function returnError(task, exception) {
    if (takesResult(task))
        give(task, native.return_error, setThrown(task, exception));
}

// Ends the run with what func gives, unless it was over before. An error that comes too late is reported.
function endRun(task, run, end, outcome) {
    const isRunning = task.get_status() === Tend.TaskStatus.RUNNING;
    if (run?.isOver || !isRunning) {
        if (end === returnError)
            tellLate(task, outcome);
        return;
    }

    // A second end of it, such as by hand, comes while the children of its groups are waited for.
    if (run?.isEnding)
        return;
    if (run)
        run.isEnding = true;
    endScope(run, () => {
        if (run?.isOver || task.get_status() !== Tend.TaskStatus.RUNNING)
            return;
        if (run)
            endMarked(run);
        end(task, outcome);
    });
}

function settleWith(task, run, thenable) {
    settleFrom(task, thenable,
        value => endRun(task, run, completeWith, value),
        error => endRun(task, run, returnError, error));
}

function beginRun(task) {
    const run = {isOver: false, number: takeNumber()};
    state(task).run = run;
    state(task).hasReturned = false;
    return run;
}

function runBody(task, body) {
    const run = beginRun(task);

    try {
        const result = callAttached(callMarked, run.number, task, run, body, [task]);
        const isOpen = isAwaitable(result);
        if (!isOpen)
            tellCutOff(task, run);
        if (!run.isOver && isOpen)
            settleWith(task, run, result);
        else
            endRun(task, run, completeWith, result);
    } catch (error) {
        endRun(task, run, returnError, error);
    }
}

// The function that C calls for a body: nothing that is thrown leaves it.
function wrapBody(body) {
    checkFunction(body, 'The body of a task');
    return task => {
        runBody(task, body);
        return true;
    };
}

// The same for the function of an open task, which only begins the work: what it throws fails the task, and so does
// its promise. What it returns is nobody's.
function wrapBegin(begin) {
    checkFunction(begin, 'The function of an open task');
    return task => {
        const run = beginRun(task);
        const fail = error => endRun(task, run, returnError, error);
        try {
            const result = callAttached(callMarked, run.number, task, run, begin, [task]);
            if (isAwaitable(result))
                settleFrom(task, result, null, fail);
        } catch (error) {
            fail(error);
        }
        return true;
    };
}

// Calls a callback of a task's scope, which belongs to the run that is under way, if one is.
function callInScope(task, func, args) {
    const own = state(task);
    if (own.run && !own.run.isOver)
        return callMarked(own.run.number, task, own.run, func, args);
    own.number ??= takeNumber();
    return callMarked(own.number, task, null, func, args);
}

// The same for a callback of a task's scope, which fails the task if it throws, or if its promise does. One that
// is to be called again is, unless it gives false.
function wrapWork(func) {
    checkFunction(func, 'A callback of a task');
    return (task, ...args) => {
        let result;
        try {
            result = callAttached(callInScope, task, func, [task, ...args]);
        } catch (error) {
            if (task.is_ended())
                throw toGError(error);
            dropWaits(task);
            throw setThrown(task, error);
        }
        if (isAwaitable(result))
            settleFrom(task, result, null, error => endRun(task, null, returnError, error));
        return result !== false;
    };
}

function wrapHandler(func, what) {
    checkFunction(func, what);
    return task => {
        const log = error => logException(error, `${headOf(task)}: ${what.toLowerCase()} has failed`);
        try {
            const result = callDetached(() => func(task));
            if (isThenable(result))
                Promise.resolve(result).then(null, log);
        } catch (error) {
            log(error);
        }
    };
}

// Completes the task with a value that C has a function for.
function returnNative(task, func, value) {
    if (!takesResult(task))
        return;

    state(task).result = undefined;
    give(task, func, value);
}
