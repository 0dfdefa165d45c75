// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Bodies that are generators: each "yield" awaits what it is given, and gives what that ends with.
//
// Their code runs in no job of a promise. So it is always known whose it is, and a stop runs every "finally".

/* exported isGenerator, isAwaitable, settleFrom, waitFor */

const {GLib} = imports.gi;
const Await = imports.overrides._tendAwait;
const {callAttached, callDetached, captureTask} = imports.overrides._tendDeliver;
const {headOf, isThenable, state} = imports.overrides._tendOutcome;
const {tellLate} = imports.overrides._tendReport;
const {callMarked, takeNumber} = imports.overrides._tendWhose;

// How often a generator that is ended may wait in spite of that.
const MAX_THROWN = 100;

let Tend = null;
let native = null;

function init(namespace, methods) {
    Tend = namespace;
    native = methods;
}

function isGenerator(value) {
    return Object.prototype.toString.call(value) === '[object Generator]';
}

// Whether the end of it is waited for.
function isAwaitable(value) {
    return isThenable(value) || isGenerator(value);
}

// Goes on with a generator, and with those that it yields, as the task: until a wait, and after each.
class Steps {
    constructor(task, generator, onFulfilled, onRejected) {
        this._task = task;
        this._caller = captureTask(task);
        this._generators = [generator];
        this._onFulfilled = onFulfilled;
        this._onRejected = onRejected;
        this._isStepping = false;
        this._isUnwound = false;
        this._goOn = value => this._step('next', value);
        this._throwInto = error => this._step('throw', error);

        const own = state(task);
        if (own.steps === undefined) {
            own.steps = new Set();
            native.add_exit_handler.call(task, () => callDetached(unwindAll, own.steps));
        }
        own.steps.add(this);
        // The function of a scope has no run.
        this._number = this._caller.run?.number ?? (own.number ??= takeNumber());
        this._step('next', undefined);
    }

    // Calls a method of the innermost generator as code of the task.
    _call(method, value) {
        const {run} = this._caller;
        const generator = this._generators.at(-1);
        this._isStepping = true;
        try {
            return callAttached(callMarked, this._number, this._task, run, () => generator[method](value), []);
        } finally {
            this._isStepping = false;
        }
    }

    _step(method, value) {
        let next = [method, value];
        while (next !== null && !this._isUnwound) {
            try {
                const {done, value: given} = this._call(...next);
                if (this._caller.isOver())
                    next = this._unwind(done);
                else
                    next = done ? this._return('next', given) : this._wait(given);
            } catch (error) {
                next = this._return('throw', error);
            }
        }
    }

    // Begins the wait for what a generator has yielded, or gives the next step where there is none to wait for.
    _wait(given) {
        if (isGenerator(given)) {
            this._generators.push(given);
            return ['next', undefined];
        }
        if (!isThenable(given))
            return ['next', given];

        Await.followAs(this._caller, given, this._goOn, this._throwInto);
        return null;
    }

    // The innermost generator has ended: the one that has yielded it goes on, if there is one.
    _return(method, value) {
        this._generators.pop();
        if (this._generators.length > 0)
            return [method, value];

        state(this._task).steps.delete(this);
        if (method === 'next')
            this._onFulfilled(value);
        else if (this._caller.isOver())
            tellLate(this._task, value);
        else
            this._onRejected(value);
        return null;
    }

    // Lets each generator do what is to be done at its end, where the task has ended.
    _unwind(isInnermostDone = false) {
        // The step that is under way sees that itself.
        if (this._isStepping || this._isUnwound)
            return null;

        this._isUnwound = true;
        state(this._task).steps.delete(this);
        if (isInnermostDone)
            this._generators.pop();
        for (let generator = this._generators.pop(); generator !== undefined; generator = this._generators.pop())
            this._end(generator);
        return null;
    }

    _end(generator) {
        try {
            let {done} = generator.return();
            for (let i = 0; i < MAX_THROWN && !done; i++)
                ({done} = generator.throw(makeEnded(this._task)));
        } catch (error) {
            tellLate(this._task, error);
        }
    }
}

function makeEnded(task) {
    return new GLib.Error(Tend.Error, Tend.Error.STOPPED, `${headOf(task)}: has ended, and cannot wait`);
}

function unwindAll(steps) {
    for (const each of [...steps])
        each._unwind();
}

// Calls one of the functions when whatever can be awaited ends, as the task, while the run of its body is not over.
function settleFrom(task, awaitable, onFulfilled, onRejected) {
    if (isGenerator(awaitable))
        new Steps(task, awaitable, onFulfilled ?? (() => {}), onRejected); // eslint-disable-line no-new
    else
        Await.settleFrom(task, awaitable, onFulfilled, onRejected);
}

// Waits as the task for anything that can be awaited.
function waitFor(task, awaitable) {
    if (!isGenerator(awaitable))
        return Await.waitForPromise(task, awaitable);

    const caller = captureTask(task);
    if (caller === null)
        return Tend.Task.run(null, () => awaitable);
    return Await.waitForCall(caller, settle => {
        settleFrom(task, awaitable, value => settle(() => value), error => settle(() => {
            throw error;
        }));
    });
}
