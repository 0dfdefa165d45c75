// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How what waits goes on: as whose code it is, one at a time.
//
// What goes on is a job of its own, which resolving the promise puts behind those that wait already. So there are three:
// one makes the task the current one, one goes on, one makes an end of it. They are queued for one wait at a time,
// and for the next one when no job is left: what goes on may stop the task that would go on next, also by promises
// of its own, as when its body fails, and no line of that one must run then.
//
// Cancelling a task is thrown into what it awaits innermost: what a function of its own awaits, and not the await of
// that function's promise, unless nothing else is awaited. So the clean-up of the function runs to its end.

/* exported init, isDelivering, soon, captureTask, capture, ownFunction, callDetached, callAttached, isResolver, isCancelled,
   takeOpaque, isToBeTold, deliver, newDelivery, getQueue, dropWaits, listen, addOuter, removeOuter, giveUpOuter */

const {Gio, GLib} = imports.gi;
const {isOpaque, isThenable, state} = imports.overrides._tendOutcome;
const {callUnmarked, look} = imports.overrides._tendWhose;

const deliveries = [];

let Tend = null;
let getCurrent = null;
let main = null;
let opaque = null;
let context = null;
let pumpId = 0;
let nDetached = 0;
let nTurns = 0;
let isPumping = false;
let isUnderWay = false;
let isRunning = false;
let delivered = null;
let left = null;

function init(namespace) {
    Tend = namespace;
    context = GLib.MainContext.default();
    getCurrent = Tend.Task.get_current;
    main = getCurrent();
    Tend.Task.get_current = () => getOwner() ?? getCurrent();
}

// Whether the code of this is what goes on behind a wait.
function isDelivering() {
    return isRunning;
}

// Settled, so that each reaction is a job of the next round.
var soon = Promise.resolve();

// The task whose code waits, with the run of its body that the code belongs to.
class Caller {
    constructor(task, run = state(task).run) {
        const own = state(task);
        this.task = task;
        this.run = run?.isOver ? null : run;
        // Where the innermost waits are counted.
        this.counts = this.run ?? own;
    }

    // Whether no line of it may run any more.
    isOver() {
        return this.task.is_ended() || Boolean(this.run?.isOver);
    }

    // What was to be told of an end is told also after that of its task, unless somebody has stopped that.
    isStopped() {
        return this.task.get_status() === Tend.TaskStatus.STOPPED;
    }

    // Cancellation is thrown once: what cleans up after it may wait.
    needsCancellable() {
        return !state(this.task).isCancelSeen;
    }

    isToBeCancelled() {
        return this.task.is_cancelling() && this.needsCancellable();
    }

    // Throws what the task is asked to end with.
    throwCancelled() {
        this.task.set_error_if_cancelled();
    }

    // Gives the end of a wait that went on to its end in spite of the cancellation, which is thrown unless an error is.
    endWait(getResult) {
        if (!this.isToBeCancelled())
            return getResult();

        state(this.task).isCancelSeen = true;
        try {
            getResult();
        } catch (error) {
            if (!isCancelled(error))
                throw error;
        }
        return this.throwCancelled();
    }

    // What is thrown for an error of a wait. The operation that was cancelled does not know why.
    convert(error) {
        if (!this.isToBeCancelled() || !isCancelled(error))
            return error;

        state(this.task).isCancelSeen = true;
        try {
            this.throwCancelled();
        } catch (own) {
            return own;
        }
        return error;
    }
}

function isCancelled(error) {
    return error instanceof GLib.Error && (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED) ||
        error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT));
}

function captureTask(task) {
    return task === main ? null : new Caller(task);
}

// Who no longer goes on: the code of a run that is over, whose task may be gone.
const nobodyAnyMore = {
    task: null,
    run: null,
    counts: {},
    isOver: () => true,
    isStopped: () => true,
    isToBeCancelled: () => false,
    needsCancellable: () => false,
};

function captureByStack(isWait) {
    const found = look(isWait);
    if (found === null)
        return null;
    if (found === undefined || found.run?.isOver)
        return nobodyAnyMore;
    return found.run === null ? new Caller(found.task) : new Caller(found.task, found.run);
}

// Whose code this is; null outside of tasks.
function capture() {
    if (nDetached > 0)
        return null;
    const task = getCurrent();
    return task === main ? captureByStack(true) : new Caller(task);
}

// The task whose code this is, where C does not know it; else null.
function getOwner() {
    if (nDetached > 0 || getCurrent() !== main)
        return null;
    const caller = captureByStack(false);
    return caller === null || caller.isOver() ? null : caller.task;
}

// Calls a function of C that asks for the current task, as the task whose code this is.
function callOwned(func) {
    const owner = getOwner();
    if (owner === null)
        return func();

    owner.push_current();
    try {
        return func();
    } finally {
        owner.pop_current();
    }
}

// Lets a function of an object be called as the task whose code calls it.
function ownFunction(object, name) {
    const func = object[name];
    object[name] = function (...args) {
        return callOwned(() => func.apply(this, args));
    };
}

// Calls a function whose code belongs to nobody, although a task that has ended may be the current one: an exit
// handler, or whoever is told of an end.
function callDetached(func, ...args) {
    nDetached++;
    try {
        return callUnmarked(func, args);
    } finally {
        nDetached--;
    }
}

// Calls a function whose code belongs to the current task, wherever it is called from.
function callAttached(func, ...args) {
    const outer = nDetached;
    nDetached = 0;
    nTurns++;
    try {
        return func(...args);
    } finally {
        nDetached = outer;
    }
}

// Whether a handler is what settles a promise, not a function that somebody wrote. Bound ones have a name.
function isResolver(handler) {
    return typeof handler === 'function' && handler.name === '' && /\[native code\]/.test(Function.prototype.toString.call(handler));
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

// Takes back that a task is a result that is handed on.
function takeOpaque(task) {
    const isIt = opaque === task;
    if (isIt)
        opaque = null;
    return isIt;
}

// Calls a handler that somebody has given to then(), and gives what remains to be done.
function callHandler(caller, handler, value, {resolve, reject}) {
    // That file stands on this one.
    const {asPromise, follow} = imports.overrides._tendAwait;
    try {
        const result = handler(value);
        if (!isThenable(result))
            return () => resolve(result);
        if (caller === null)
            return () => asPromise(result).then(resolve, reject);

        // By itself the promise would be settled in jobs that are no longer the caller's.
        const promise = asPromise(result);
        return () => follow({caller, resolve, reject}, promise);
    } catch (error) {
        return () => reject(error);
    }
}

// What remains to be done to settle a wait, as a function: the handlers that were given to then() are called here,
// unless they are those of an await.
function getLastStep(caller, delivery) {
    const {finish, onFulfilled, onRejected, resolve, reject} = delivery;
    let value, handler = onFulfilled, resolver = resolve;
    try {
        value = finish();
    } catch (error) {
        [value, handler, resolver] = [caller === null ? error : caller.convert(error), onRejected, reject];
    }

    if (typeof handler !== 'function')
        return () => callResolver(resolver, value);
    if (isResolver(handler))
        return () => callResolver(handler, value);

    return callHandler(caller, handler, value, delivery);
}

// GJS 1.74 calls no function between the slices of a collection, and the source of one that was not called is gone.
function isPumpLost() {
    // To look each time would take as long as to deliver.
    const {length} = deliveries;
    return (length & (length - 1)) === 0 && context.find_source_by_id(pumpId) === null;
}

function schedule() {
    if (!isPumping || isPumpLost()) {
        isPumping = true;
        pumpId = GLib.idle_add(GLib.PRIORITY_HIGH, pump); // eslint-disable-line no-use-before-define
    }
}

function enter() {
    isRunning = true;
    nTurns++;
    delivered?.task.push_current();
}

function leave() {
    left = delivered?.task.is_cancelling() ? delivered : null;
    delivered = null;
    isUnderWay = isRunning = false;
    if (deliveries.length > 0 || left !== null)
        schedule();
}

function leaveJob() {
    delivered?.task.pop_current();
    leave();
}

// Whether what was given to then() is called although the task has ended or its run is over: it is no await, which
// would go on in the middle of a function, and nobody has stopped the task.
function isToBeTold({caller, isOwn, onFulfilled, onRejected}) {
    return !isOwn && !caller.isStopped() && !(isResolver(onFulfilled) && isResolver(onRejected));
}

// Leaves what came for a task that is over to others. Nobody has read it: an error counts as unobserved.
function drop(delivery) {
    delivery.putBack?.();
}

// Takes the next one that is to be delivered from the queue, and says whose code it is then.
function takeNext() {
    for (let next = deliveries.shift(); next !== undefined; next = deliveries.shift()) {
        const {caller} = next;
        if (caller === null || !caller.isOver())
            return [next, caller];
        if (isToBeTold(next))
            return [next, null];
        drop(next);
    }
    return [null, null];
}

// A wait of a task that was cancelled meanwhile is given up, though it is over.
function giveUpIfCancelled(delivery, caller) {
    if (!delivery.isInner) {
        removeOuter(delivery.wait);
        return;
    }
    caller.counts.nInner--;
    const {isGivenUp, wait} = delivery;
    if (caller.isToBeCancelled() && !isGivenUp && !wait?._isShielded && !wait?._isFirm) {
        drop(delivery);
        delivery.finish = () => caller.throwCancelled();
    }
}

// Delivers the next one. Sources run when those jobs have that are there, and all that come of them; but for a
// loop that what goes on runs within itself, where no job does: the last of the three begins anew then.
function pump() {
    if (isUnderWay) {
        isPumping = false;
        return GLib.SOURCE_REMOVE;
    }

    // By now all has come of the last one that comes of it.
    if (left !== null && !left.isOver())
        giveUpOuter(left);
    left = null;

    const [next, caller] = takeNext();
    isPumping = next !== null;
    if (!isPumping)
        return GLib.SOURCE_REMOVE;

    isUnderWay = true;
    delivered = caller;
    if (caller !== null)
        giveUpIfCancelled(next, caller);
    isRunning = true;
    delivered?.task.push_current();
    const lastStep = caller === null ? callDetached(() => getLastStep(null, next)) : getLastStep(caller, next);
    delivered?.task.pop_current();
    isRunning = false;

    // What ends a task goes on nowhere. So no job is left when a loop ends with the task: the interpreter of 1.74 crashes
    // if the program ends then.
    if (next.isOwn) {
        leave();
        return GLib.SOURCE_CONTINUE;
    }

    soon.then(enter);
    lastStep();
    soon.then(leaveJob);
    return GLib.SOURCE_CONTINUE;
}

// What is on its way, in order.
function getQueue() {
    return deliveries;
}

function deliver(delivery) {
    deliveries.push(delivery);
    schedule();
}

// What is delivered to the caller at the end of a wait. One of the innermost is counted until then.
function newDelivery(caller, isInner, others) {
    if (caller !== null && isInner)
        caller.counts.nInner = (caller.counts.nInner ?? 0) + 1;
    return {caller, isInner, ...others};
}

// --- What a caller waits for ---

// Lets the cancellation of the caller give up a wait of the innermost, and else those for promises. One handler of C
// serves all waits of a run, since to add one and to remove it takes as long as the timer of a sleep.
function listen(caller, giveUp) {
    const {counts, task} = caller;
    if (giveUp !== null)
        (counts.inner ??= new Set()).add(giveUp);
    if (counts.handler !== undefined)
        return;

    counts.cancellable = task.get_cancellable();
    counts.handler = counts.cancellable.add_handler(() => {
        for (const each of [...counts.inner ?? []])
            each();
        giveUpOuter(caller);
    });
}

// The code of a task goes on no more: its handler would keep it.
function dropWaits(task) {
    const own = state(task);
    const counts = own.run ?? own;
    if (counts.handler !== undefined)
        counts.cancellable.remove_handler(counts.handler);
    counts.handler = counts.cancellable = undefined;
    counts.inner?.clear();
}

// A wait for a promise is given up after those that stand within it: see the head. It stands here until it has told
// its end.
function addOuter(wait, giveUp) {
    wait._giveUpOuter = giveUp;
    wait._turn = nTurns;
    const {counts} = wait._caller;
    counts.outer ??= [];

    // The innermost is the last. Of those that begin in one go the inner one begins first: it makes the promise that
    // the outer one waits for.
    const at = counts.outer.findIndex(other => other._turn === nTurns);
    counts.outer.splice(at < 0 ? counts.outer.length : at, 0, wait);
}

function removeOuter(wait) {
    const {outer} = wait._caller.counts;
    if (outer?.includes(wait))
        outer.splice(outer.indexOf(wait), 1);
}

// Gives up the innermost wait for a promise, if the caller was cancelled and nothing else is awaited.
function giveUpOuter(caller) {
    const {nInner = 0, outer = []} = caller.counts;
    if (nInner === 0 && caller.task.is_cancelling())
        outer.at(-1)?._giveUpOuter?.();
}
