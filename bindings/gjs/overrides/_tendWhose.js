// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Whose code it is where no task is the current one: what goes on after an await of an ordinary promise.
//
// The interpreter knows the async callers of a line: new Error().stack lists those who called the async functions that
// it is in, back to the function of the task. That one is called through functions whose names are digits of a number,
// so the stack has the number. A look costs several microseconds, so nobody looks while the current task is known, or
// while no function of a task is under way.
//
// GJS before 1.82 does not know the callers in a function given to then() of an ordinary promise, and no GJS knows more
// than 127 frames. A wait that may be affected is reported once. It belongs to nobody.

/* exported callMarked, callUnmarked, forget, forgetEnded, forgetStopped, look, takeNumber, tellCutOff */

const {GLib} = imports.gi;
const System = imports.system;
const {headOf, state} = imports.overrides._tendOutcome;
const {findLine, isOfProgram} = imports.overrides._tendReport;

const MARK = 'tend_run_';
const BASE = 1024;
const MAX_FRAMES = 127;
// The entries of tasks that C has ended are dropped when so many have been added since, or as many as were left.
const MIN_ADDED = 64;
// How many functions that are under way are asked whether they await an ordinary promise.
const MAX_ASKED = 16;
// Of how many that were stopped the numbers are remembered at least, so that what is left of them is silent.
const MAX_STOPPED = 1024;
const JOB_SOURCE = 'GjsPromiseJobQueueSource';

const digits = [];
// The functions of tasks that are under way, by their numbers: each with its task and its run, which may be null.
const underWay = new Map();
const told = new Set();

let stopped = new Set();
let stoppedBefore = new Set();
let nTaken = 0;
let nUntilSweep = MIN_ADDED;

// The number is read from the innermost frame on, so its highest digit is called last.
function callDigit(number, func, args) {
    const digit = number % BASE;
    digits[digit] ??= makeDigit(`${MARK}${digit}`);
    return digits[digit](Math.floor(number / BASE), func, args);
}

function makeDigit(name) {
    return {[name]: (rest, func, args) => rest === 0 ? func(...args) : callDigit(rest, func, args)}[name];
}

function takeNumber() {
    return ++nTaken;
}

function forget(number) {
    underWay.delete(number);
}

// Forgets what was ended from outside, and not by the function.
function forgetStopped(number) {
    if (!underWay.delete(number))
        return;
    if (stopped.size === MAX_STOPPED)
        [stoppedBefore, stopped] = [stopped, new Set()];
    stopped.add(number);
}

function forgetEnded() {
    for (const [number, {task}] of underWay) {
        if (task.is_ended())
            forgetStopped(number);
    }
    nUntilSweep = Math.max(MIN_ADDED, underWay.size);
}

// Calls a function of the task so that it is found again under the number, until that is forgotten. No function is made
// here that has the task: the interpreter keeps some that it has called.
function callMarked(number, task, run, func, args) {
    if (!underWay.has(number)) {
        if (--nUntilSweep <= 0)
            forgetEnded();
        underWay.set(number, {task, run});
    }
    return callDigit(number, func, args);
}

// Calls a function that is nobody's, wherever it is called from.
function callUnmarked(func, args) {
    return callDigit(0, func, args);
}

function readNumber(stack) {
    let at = stack.indexOf(MARK);
    if (at < 0)
        return null;

    let number = 0;
    do {
        const end = stack.indexOf('@', at);
        number = number * BASE + Number(stack.slice(at + MARK.length, end));
        at = stack.indexOf('\n', end) + 1;
        // Between two digits stands the function that calls them.
        if (stack.startsWith('callDigit@', at))
            at = stack.indexOf('\n', at) + 1;
    } while (stack.startsWith(MARK, at));
    return number;
}

function tellOnce(kind, text) {
    if (told.has(kind))
        return;
    told.add(kind);
    GLib.log_structured('Tend', GLib.LogLevelFlags.LEVEL_MESSAGE, {MESSAGE: text});
}

// Whether its code may go on behind an ordinary promise: no wait of libtend is under way in it.
function awaitsOrdinary({task, run}) {
    const {nAsking = 0, nInner = 0, outer = []} = run ?? state(task);
    return nAsking <= 0 && nInner === 0 && outer.length === 0;
}

// Reports that a function has returned while an async function that it called waits. An await looks up what it calls
// later, so one that has begun in the same turn is known.
function tellCutOff(task, {nAsking = 0}) {
    if (nAsking > 0) {
        tellOnce('cut off', `${headOf(task)}: its function has returned while an async function that it called ` +
            'waits, which does not go on: await it, or return its promise');
    }
}

function isOutermost(stack) {
    // What is outside of Tend.run() has only called that.
    const [inner] = stack.split('\nrunUntilEnded@');
    const outermost = inner.split('\n').filter(isOfProgram).at(-1) ?? '';
    // A program may run others that it is given the names of, as those that run tests do.
    const programs = [System.programInvocationName, ...System.programArgs];
    return outermost.startsWith('@') &&
        programs.some(name => outermost.includes(`/${GLib.path_get_basename(name)}:`));
}

// Reports a wait that may belong to a task, and cannot be found to.
function tellUnknown(stack) {
    if (stack.split('\n').length > MAX_FRAMES) {
        tellOnce('deep', `The wait at ${findLine(stack)} belongs to no task, since it is more than ${MAX_FRAMES} ` +
            'calls away from the function of one');
        return;
    }

    // An async function has a caller, unless that is C. The outermost code of a script looks like a function without a
    // name in it.
    if (told.has('then') || stack.includes('async*') || isOutermost(stack) ||
        GLib.main_current_source()?.get_name() !== JOB_SOURCE)
        return;
    let nAsked = 0;
    for (const each of underWay.values()) {
        if (awaitsOrdinary(each)) {
            tellOnce('then', `The wait at ${findLine(stack)} belongs to no task. If it is ${headOf(each.task)}, ` +
                'which awaits a promise, use await in place of then()');
            return;
        }
        if (++nAsked === MAX_ASKED)
            return;
    }
}

// The task and the run whose code this is, null if it is nobody's, and undefined if it is that of a run that is over. A
// wait is reported where that may be wrong.
function look(isWait) {
    if (nTaken === 0)
        return null;

    const {stack} = new Error();
    const number = readNumber(stack);
    if (number === null) {
        if (isWait && underWay.size > 0)
            tellUnknown(stack);
        return null;
    }
    if (number === 0)
        return null;

    const found = underWay.get(number);
    if (found === undefined && isWait && !stopped.has(number) && !stoppedBefore.has(number)) {
        tellOnce('over', `The wait at ${findLine(stack)} does not end, and what stands behind it does not run: it ` +
            'is of an async function that nobody awaits, and the function of the task that called it has returned');
    }
    return found;
}
