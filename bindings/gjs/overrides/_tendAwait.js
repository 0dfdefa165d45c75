// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting: how a promise is settled so that what goes on then runs as the task that has been waiting.
//
// Who waits is known when he asks: await looks up the property "then" at once, in the code that awaits. What goes
// on is a job of its own, which resolving the promise puts behind those that wait already. So there are three: one
// makes the task the current one, one goes on, one makes an end of it. They are queued for one wait at a time,
// and for the next one when no job is left: what goes on may stop the task that would go on next, also by promises
// of its own, as when its body fails, and no line of that one must run then.
//
// Nothing here keeps a task that was not started: whoever waits for one that is dropped is told so.

/* exported init, isDelivering, capture, callDetached, callAttached, callAsync, thenOf, waitForTask, waitForPromise,
   sleepAs, asPromise */

const {Gio, GLib} = imports.gi;
const {headOf, isOpaque, isThenable, outcomeOf, resultOf, setCombined, state} = imports.overrides._tendOutcome;

const deliveries = [];

let Tend = null;
let native = null;
let main = null;
let opaque = null;
let nDetached = 0;
let isPumping = false;
let isUnderWay = false;
let delivered = null;

function init(namespace, methods) {
    Tend = namespace;
    native = methods;
    main = Tend.Task.get_current();
}

// Whether the code of this is what goes on behind a wait.
function isDelivering() {
    return isUnderWay;
}

// Settled, so that each reaction is a job of the next round.
const soon = Promise.resolve();

// The task whose code waits, with the run of its body that the code belongs to.
class Caller {
    constructor(task) {
        const {run} = state(task);
        this.task = task;
        this.run = run?.isOver ? null : run;
    }

    // Whether no line of it may run any more.
    isOver() {
        return this.task.is_ended() || Boolean(this.run?.isOver);
    }

    // Cancellation is thrown once: what cleans up after it may wait.
    needsCancellable() {
        return !state(this.task).isCancelSeen;
    }

    noteError(error) {
        if (error instanceof GLib.Error && error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED) &&
            this.task.is_cancelling())
            state(this.task).isCancelSeen = true;
    }
}

function captureTask(task) {
    return task === main ? null : new Caller(task);
}

// Whose code this is; null outside of tasks.
function capture() {
    return nDetached > 0 ? null : captureTask(Tend.Task.get_current());
}

// Calls a function whose code belongs to nobody, although a task that has ended may be the current one: an exit
// handler, or whoever is told of an end.
function callDetached(func) {
    nDetached++;
    try {
        return func();
    } finally {
        nDetached--;
    }
}

// Calls a function whose code belongs to the current task, wherever it is called from.
function callAttached(func) {
    const outer = nDetached;
    nDetached = 0;
    try {
        return func();
    } finally {
        nDetached = outer;
    }
}

// Whether a handler is what settles a promise, not a function that somebody wrote. Bound ones have a name.
function isResolver(handler) {
    return handler.name === '' && /\[native code\]/.test(Function.prototype.toString.call(handler));
}

// Calls what settles a promise. A result that is a task itself is handed on, and not waited for in turn.
function callResolver(resolver, value) {
    opaque = isOpaque(value) ? value : null;
    try {
        resolver(value);
    } finally {
        opaque = null;
    }
}

// What remains to be done to settle a wait, as a function: the handlers that were given to then() are called here,
// unless they are those of an await.
function getLastStep({caller, finish, onFulfilled, onRejected, resolve, reject}) {
    let value, handler = onFulfilled, resolver = resolve;
    try {
        value = finish();
    } catch (error) {
        caller?.noteError(error);
        [value, handler, resolver] = [error, onRejected, reject];
    }

    if (typeof handler !== 'function')
        return () => callResolver(resolver, value);
    if (isResolver(handler))
        return () => callResolver(handler, value);

    try {
        const result = handler(value);
        if (caller === null || !isThenable(result))
            return () => resolve(result);

        // By itself the promise would be settled in jobs that are no longer the caller's.
        const promise = asPromise(result);
        return () => follow({caller, resolve, reject}, promise);
    } catch (error) {
        return () => reject(error);
    }
}

function schedule() {
    if (!isPumping) {
        isPumping = true;
        GLib.idle_add(GLib.PRIORITY_HIGH, pump); // eslint-disable-line no-use-before-define
    }
}

function enter() {
    delivered?.task.push_current();
}

function leave() {
    delivered?.task.pop_current();
    delivered = null;
    isUnderWay = false;
    if (deliveries.length > 0)
        schedule();
}

// Reads what came for a task that is over meanwhile. It was told to who asked for it, and so counts as observed.
function drop({finish}) {
    try {
        finish();
    } catch {
        // Nobody is left whom it could concern.
    }
}

// Delivers the next one. Sources run when those jobs have that are there, and all that come of them; but for a
// loop that what goes on runs within itself, where no job does: the last of the three begins anew then.
function pump() {
    if (isUnderWay) {
        isPumping = false;
        return GLib.SOURCE_REMOVE;
    }

    let next = deliveries.shift();
    for (; next?.caller?.isOver(); next = deliveries.shift())
        drop(next);

    isPumping = next !== undefined;
    if (!isPumping)
        return GLib.SOURCE_REMOVE;

    isUnderWay = true;
    delivered = next.caller;
    delivered?.task.push_current();
    const lastStep = getLastStep(next);
    delivered?.task.pop_current();

    soon.then(enter);
    lastStep();
    soon.then(leave);
    return GLib.SOURCE_CONTINUE;
}

function deliver(delivery) {
    deliveries.push(delivery);
    schedule();
}

// Calls begin(cancellable) as the caller, with a cancellable that has all that may give up the wait.
function beginAs(caller, given, begin) {
    let cancellable = given;
    if (caller?.needsCancellable()) {
        cancellable = caller.task.get_cancellable();
        if (given) {
            cancellable = new Tend.Cancellable();
            cancellable.add_parent(given);
            cancellable.add_parent(caller.task.get_cancellable());
        }
    }

    caller?.task.push_current();
    try {
        begin(cancellable);
    } finally {
        caller?.task.pop_current();
    }
}

// Waits for an asynchronous function of C. begin(cancellable, callback) calls it, finish(source, result) gives its
// result.
function callAsync(given, begin, finish) {
    const caller = capture();
    return new Promise((resolve, reject) => {
        const wait = {caller, resolve, reject};
        if (!caller?.isOver()) {
            beginAs(caller, given, cancellable => begin(cancellable,
                (source, result) => deliver({...wait, finish: () => finish(source, result)})));
        }
    });
}

// In a function of its own, since a callback keeps what stands around it.
function makeCallback(wait) {
    return (source, result) => deliver({
        ...wait,
        finish() {
            if (!source.is_ended())
                native.wait_finish.call(source, result);
            return outcomeOf(source);
        },
    });
}

function refuseItself(task) {
    throw new TypeError(`${headOf(task)}: cannot wait for its own end`);
}

// Waits as the caller for the end of the task.
function waitForTask(task, caller, given, onFulfilled, onRejected) {
    return new Promise((resolve, reject) => {
        const wait = {caller, onFulfilled, onRejected, resolve, reject};
        if (caller?.isOver())
            return;

        if (caller?.task === task) {
            deliver({...wait, finish: () => refuseItself(task)});
        } else if (caller?.needsCancellable() && caller.task.is_cancelling()) {
            deliver({...wait, finish: () => caller.task.get_cancellable().set_error_if_cancelled()});
        } else if (task.is_ended()) {
            deliver({...wait, finish: () => outcomeOf(task)});
        } else {
            // Outside of tasks the wait belongs to the awaited one, and goes with the owner of its manager. One
            // that follows it ends in any case; but that would keep a task which nobody starts.
            let awaited = task;
            if (caller === null && task.get_status() !== Tend.TaskStatus.CREATED)
                awaited = setCombined(native.with_cancellable.call(task, null), [task], () => resultOf(task));
            beginAs(caller, given,
                cancellable => native.wait_async.call(awaited, cancellable, makeCallback(wait)));
        }
    });
}

// The method that await looks up, which belongs to whose code looks it up.
function thenOf(task) {
    if (opaque === task) {
        opaque = null;
        return undefined;
    }

    const caller = capture();
    return (onFulfilled, onRejected) => waitForTask(task, caller, null, onFulfilled, onRejected);
}

// Waits as the caller for what begin(settle) begins. That calls settle(finish) at its end, and gives a function that
// takes it back, if there is one.
function waitUnlessCancelled(wait, begin) {
    const {caller} = wait;
    if (caller.isOver())
        return;

    const cancellable = caller.needsCancellable() ? caller.task.get_cancellable() : null;
    let isSettled = false, handler = 0, takeBack = null;
    const settle = finish => {
        if (isSettled)
            return;
        isSettled = true;
        if (handler !== 0)
            cancellable.remove_handler(handler);
        deliver({...wait, finish});
    };
    const giveUp = () => {
        takeBack?.();
        settle(() => cancellable.set_error_if_cancelled());
    };

    if (cancellable?.is_cancelled()) {
        giveUp();
        return;
    }
    handler = cancellable?.add_handler(giveUp) ?? 0;
    takeBack = begin(settle);
}

// Settles a wait as the promise, unless its caller is cancelled before.
function follow(wait, promise) {
    // What it ends with is dropped where the task has ended, or has been told to.
    promise.catch(() => {});
    waitUnlessCancelled(wait, settle => {
        promise.then(value => settle(() => value), error => settle(() => {
            throw error;
        }));
    });
}

// Waits as the task for anything that can be awaited. The main part of a program is no task that could be cancelled.
function waitForPromise(task, promise) {
    const caller = captureTask(task);
    if (promise instanceof Tend.Task)
        return waitForTask(promise, caller, null);

    const settled = Promise.resolve(promise);
    return caller === null ? settled : new Promise((resolve, reject) => follow({caller, resolve, reject}, settled));
}

// Lets time pass for the caller by a timer of its task.
function sleepAs(caller, milliseconds) {
    return new Promise((resolve, reject) => waitUnlessCancelled({caller, resolve, reject}, settle => {
        const timer = native.add_timer.call(caller.task, milliseconds, null, () => settle(() => {}));
        return () => timer.cancel();
    }));
}

// A promise that ends as whatever can be awaited.
function asPromise(thenable) {
    return thenable instanceof Tend.Task ? waitForTask(thenable, capture(), null) : Promise.resolve(thenable);
}
