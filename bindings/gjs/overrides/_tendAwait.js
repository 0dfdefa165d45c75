// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting: for tasks, promises, time and the asynchronous functions of C.
//
// Who waits is known when he asks: await looks up the property "then" at once, in the code that awaits. A wait that was
// begun gives an object, whose "then" works as that of a task: who awaits it is known, also if another task has begun
// it, and whoever may not go on has not read what the wait ended with.
//
// Nothing here keeps a task that was not started: whoever waits for one that is dropped is told so.

/* exported init, callAsync, thenOf, finallyOf, waitForTask, waitForPromise, waitForCall, waitForEnd, sleepAs,
   onCancelled, waitForFdAs, asPromise, follow, followAs, settleFrom */

const {Gio, GLib} = imports.gi;
const {
    addOuter, capture, captureTask, deliver, getQueue, giveUpOuter, isResolver, isToBeTold, listen, newDelivery,
    removeOuter, soon, takeOpaque,
} = imports.overrides._tendDeliver;
const {headOf, isThenable, outcomeOf, resultOf, setCombined} = imports.overrides._tendOutcome;
const {makeCarrier} = imports.overrides._tendReport;

let Tend = null;
let native = null;

function init(namespace, methods) {
    Tend = namespace;
    native = methods;
}

// What await looks up it calls in a job of its own. Until then the caller is known to wait, though not for what.
function captureAsking() {
    const caller = capture();
    if (caller !== null)
        caller.counts.nAsking = (caller.counts.nAsking ?? 0) + 1;
    return caller;
}

function endAsking(caller) {
    if (caller !== null)
        caller.counts.nAsking--;
}

// --- Waits ---

// What a wait gives: it can be awaited as often as one likes, and each time belongs to whose code awaits.
class Wait {
    constructor(caller, isInner = true) {
        this._caller = caller;
        this._isInner = isInner;
        this._finish = null;
        this._followers = [];
        this._heirs = [];
        this._isFollowed = false;
        // It goes on when the caller is cancelled, and says so at its end.
        this._isShielded = false;
        // It has done something when it is over, which a cancellation that comes later must not hide.
        this._isFirm = false;
        // A task that has failed with the error that nobody has seen.
        this._carrier = null;
    }

    get then() {
        const caller = captureAsking();
        return (onFulfilled, onRejected) => {
            endAsking(caller);
            return this._follow(caller, onFulfilled, onRejected);
        };
    }

    catch(onRejected) {
        return this.then(undefined, onRejected);
    }

    finally(onSettled) {
        return finallyOf(this, onSettled);
    }

    _follow(caller, onFulfilled, onRejected, isOwn = false) {
        return derive(caller, {onFulfilled, onRejected, isOwn, wait: this}, others => {
            const delivery = newDelivery(caller, this._isInner || this._isOfOthers(caller), others);
            this._noteFollower();
            if (this._finish !== null)
                this._deliver(delivery);
            else
                this._add(delivery);
        });
    }

    _noteFollower() {
        this._isFollowed = true;
        if (this._carrier !== null)
            native.get_error.call(this._carrier);
        this._carrier = null;
    }

    // Calls settle(finish) when it is over, where nobody reads what it ended with.
    _handOn(settle) {
        this._noteFollower();
        if (this._finish !== null)
            settle(this._finish);
        else
            this._heirs.push(settle);
    }

    _isOfOthers(caller) {
        return caller?.task !== this._caller?.task;
    }

    _add(delivery) {
        const {caller} = delivery;
        this._followers.push(delivery);
        if (!this._isOfOthers(caller))
            return;

        // Somebody else has begun it: to cancel who has begun it is one thing, and to cancel who awaits another.
        if (!this._isShielded && caller?.needsCancellable()) {
            delivery.cancellable = caller.task.get_cancellable();
            delivery.handler = delivery.cancellable.add_handler(() => this._giveUp(delivery));
        }
        if (this._endsWithTask) {
            this._endsWithTask = false;
            const settle = task => this._settle(() => throwEnded(task));
            if (this._caller.task.is_ended())
                settle(this._caller.task);
            else
                native.add_exit_handler.call(this._caller.task, settle);
        }
    }

    _giveUp(delivery) {
        this._followers = this._followers.filter(other => other !== delivery);
        deliver({...delivery, isGivenUp: true, wait: null, finish: () => delivery.caller.throwCancelled()});
    }

    _settle(finish) {
        if (this._finish !== null)
            return;
        this._finish = finish;
        const followers = this._followers;
        this._followers = [];
        for (const delivery of followers) {
            if (delivery.handler !== undefined)
                delivery.cancellable.remove_handler(delivery.handler);
            this._deliver(delivery);
        }
        const heirs = this._heirs;
        this._heirs = [];
        heirs.forEach(settle => settle(finish));
    }

    _deliver(delivery) {
        deliver({...delivery, finish: this._finish, putBack: this._putBack});
    }

    // Lets the error that it ended with be reported unless somebody awaits it, as that of a task: when it is freed.
    _carryError() {
        soon.then(() => {
            if (this._isFollowed)
                return;
            try {
                this._finish();
            } catch (error) {
                this._carrier = makeCarrier(this._caller?.task, error);
            }
        });
    }
}

// It is one to those who ask; but there is nothing in it that a promise would settle.
Object.setPrototypeOf(Wait.prototype, Promise.prototype);

const never = new Promise(() => {});

// Calls begin() for what is delivered to somebody, and gives what then() gives. What awaits has no use for it.
function derive(caller, others, begin) {
    const {onFulfilled, onRejected, isOwn} = others;
    if (isOwn || (isResolver(onFulfilled) && isResolver(onRejected))) {
        begin({...others, resolve() {}, reject() {}});
        return never;
    }

    const derived = new Wait(caller, false);
    const resolve = value => derived._settle(() => value);
    const reject = error => {
        derived._settle(() => {
            throw error;
        });
        derived._carryError();
    };
    begin({...others, resolve, reject});
    return derived;
}

function throwEnded(task) {
    throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED,
        `${task?.to_string() ?? 'Who has waited'} has ended, and with it the wait that it had begun`);
}

// A wait for what begin(settle) begins as the caller.
function newWait(caller, begin, isInner = true) {
    const wait = new Wait(caller, isInner);
    begin(finish => wait._settle(finish), wait);
    return wait;
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

// --- Asynchronous functions of C ---

// Hands back what nobody will read, such as the value of a channel. Those that are behind it on the way move up: what
// goes back is what came last, so that the order stays. A wait that was given up has got an error, which is its own.
function putBack(wait) {
    if (wait._arrival.isRead || getQueue().some(other => other.wait?._arrival === wait._arrival))
        return;

    const {source} = wait._arrival;
    let {result} = wait._arrival;
    for (const {wait: other} of wait._arrival.isGivenUp ? [] : getQueue()) {
        // What was sent arrives as well.
        const arrival = other?._putBack ? other._arrival : null;
        if (arrival && !arrival.isRead && !arrival.isGivenUp && arrival.source === source)
            [arrival.result, result] = [result, arrival.result];
    }
    wait._finish = () => throwEnded(wait._caller?.task);
    result.run_dispose();
}

// Reads what came, once.
function readArrival(arrival, finish) {
    const isFirst = !arrival.isRead;
    arrival.isRead = true;
    if (isFirst) {
        try {
            arrival.value = finish(arrival.source, arrival.result);
        } catch (error) {
            arrival.failure = {error};
        }
    }
    if (arrival.failure !== undefined)
        throw arrival.failure.error;
    return arrival.value;
}

// In a function of its own, since a callback keeps what stands around it.
function makeReady(wait, finish, cancellable, {isLazy}) {
    return (source, result) => {
        const arrival = {source, result, isRead: false, isGivenUp: cancellable?.is_cancelled() ?? false};
        wait._arrival = arrival;
        if (isLazy)
            wait._putBack = () => putBack(wait);
        wait._settle(() => readArrival(arrival, finish));
        if (!isLazy)
            wait._carryError();
        else if (!wait._isFollowed && wait._caller?.isOver())
            putBack(wait);
    };
}

// Waits for an asynchronous function of C. begin(cancellable, callback) calls it, finish(source, result) gives its
// result. What a lazy one gives is not read before somebody waits for it.
function callAsync(given, begin, finish, options) {
    const caller = capture();
    return newWait(caller, (settle, wait) => {
        wait._isShielded = Boolean(options.isShielded);
        wait._isFirm = Boolean(options.isFirm);
        if (!caller?.isOver())
            beginAs(caller, given, cancellable =>
                begin(cancellable, makeReady(wait, finish, cancellable, options)));
    });
}

// --- Tasks ---

function makeCallback(settle) {
    return (source, result) => settle(() => {
        if (!source.is_ended())
            native.wait_finish.call(source, result);
        return outcomeOf(source);
    });
}

function refuseItself(task) {
    throw new TypeError(`${headOf(task)}: cannot wait for its own end`);
}

// Calls settle(finish) at the end of the task, or when the caller gives up the wait.
function beginTaskWait(task, caller, given, settle) {
    if (caller?.task === task) {
        settle(() => refuseItself(task));
    } else if (caller?.isToBeCancelled()) {
        settle(() => caller.throwCancelled());
    } else if (task.is_ended()) {
        settle(() => outcomeOf(task));
    } else {
        // Outside of tasks the wait belongs to the awaited one, and goes with the owner of its manager. One
        // that follows it ends in any case; but that would keep a task which nobody starts.
        let awaited = task;
        if (caller === null && task.get_status() !== Tend.TaskStatus.CREATED)
            awaited = setCombined(native.with_cancellable.call(task, null), [task], () => resultOf(task));
        beginAs(caller, given, cancellable => native.wait_async.call(awaited, cancellable, makeCallback(settle)));
    }
}

function makeDeliverer(delivery) {
    return finish => deliver({...delivery, finish});
}

// Waits as the caller for the end of the task, and calls one of the functions.
function followTask(task, caller, onFulfilled, onRejected, isOwn = false) {
    return derive(caller, {onFulfilled, onRejected, isOwn}, others => {
        const delivery = newDelivery(caller, true, others);
        if (!caller?.isOver())
            beginTaskWait(task, caller, null, makeDeliverer(delivery));
        else if (isToBeTold(delivery))
            beginTaskWait(task, null, null, makeDeliverer(delivery));
    });
}

// Waits as the caller for the end of the task.
function waitForTask(task, caller, given) {
    return newWait(caller, settle => {
        if (!caller?.isOver())
            beginTaskWait(task, caller, given, settle);
    });
}

// Calls one of the functions at the end of the task, for nobody.
function waitForEnd(task, onEnded) {
    native.wait_async.call(task, null, () => onEnded());
}

// The method that await looks up, which belongs to whose code looks it up.
function thenOf(task) {
    if (takeOpaque(task))
        return undefined;

    const caller = captureAsking();
    return (onFulfilled, onRejected) => {
        endAsking(caller);
        return followTask(task, caller, onFulfilled, onRejected);
    };
}

// A promise's own finally() would go on in jobs that are no longer the caller's.
function finallyOf(thenable, onSettled) {
    if (typeof onSettled !== 'function')
        return thenable.then();

    const settle = end => {
        const result = onSettled();
        return isThenable(result) ? asPromise(result).then(end) : end();
    };
    return thenable.then(value => settle(() => value), error => settle(() => {
        throw error;
    }));
}

// --- Promises, and time ---

// Waits as the caller for what begin(settle) begins. That calls settle(finish) at its end, and gives a function that
// takes it back, if there is one.
function waitUnlessCancelled(wait, settleWait, begin) {
    const caller = wait._caller;
    const isInterrupted = caller.needsCancellable();
    let takeBack = null;
    const settle = finish => {
        caller.counts.inner?.delete(giveUp);
        wait._giveUpOuter = null;
        if (!wait._isFollowed)
            removeOuter(wait);
        settleWait(finish);
    };
    const giveUp = () => {
        takeBack?.();
        settle(() => caller.throwCancelled());
    };

    if (wait._isInner && isInterrupted && caller.task.is_cancelling()) {
        giveUp();
        return;
    }
    if (!wait._isInner)
        addOuter(wait, isInterrupted ? giveUp : null);
    if (isInterrupted)
        listen(caller, wait._isInner ? giveUp : null);
    takeBack = begin(settle);
    if (!wait._isInner)
        giveUpOuter(caller);
}

// Settles a wait as the promise, unless its caller is cancelled before.
function followPromise(caller, promise) {
    // What it ends with is dropped where the task has ended.
    promise.catch(() => {});
    return newWait(caller, (settleWait, wait) => {
        if (caller.isOver())
            return;
        waitUnlessCancelled(wait, settleWait, settle => {
            promise.then(value => settle(() => value), error => settle(() => {
                throw error;
            }));
        });
    }, false);
}

// A wait for what begin(settle) begins and calls at its end, which awaits for the caller itself.
function waitForCall(caller, begin) {
    return newWait(caller, (settleWait, wait) => {
        if (!caller.isOver())
            waitUnlessCancelled(wait, settleWait, begin);
    }, false);
}

// Settles a wait as another one, which is not read before somebody reads this one.
function followWait(caller, inner) {
    return newWait(caller, (settleWait, wait) => {
        if (caller.isOver())
            return;
        waitUnlessCancelled(wait, settleWait, settle => {
            inner._handOn(finish => {
                if (wait._finish !== null || caller.isOver()) {
                    inner._putBack?.();
                    return;
                }
                wait._arrival = inner._arrival;
                wait._putBack = inner._putBack;
                settle(finish);
            });
        });
    }, false);
}

function follow({caller, resolve, reject}, promise) {
    followPromise(caller, promise)._follow(caller, resolve, reject);
}

// Calls one of the functions as the caller at the end of a promise, of a wait or of a task, unless the caller is over.
function followAs(caller, thenable, onFulfilled, onRejected) {
    if (thenable instanceof Tend.Task)
        followTask(thenable, caller, onFulfilled, onRejected, true);
    else if (thenable instanceof Wait)
        thenable._follow(caller, onFulfilled, onRejected, true);
    else
        followPromise(caller, Promise.resolve(thenable))._follow(caller, onFulfilled, onRejected, true);
}

// Waits as the task for anything that can be awaited. The main part of a program is no task that could be cancelled.
function waitForPromise(task, promise) {
    const caller = captureTask(task);
    if (promise instanceof Tend.Task)
        return waitForTask(promise, caller, null);
    // What it ends with is not read before the task goes on, and so not lost if the task does not.
    if (promise instanceof Wait && caller !== null)
        return promise._isInner && !promise._isOfOthers(caller) ? promise : followWait(caller, promise);

    const settled = Promise.resolve(promise);
    return caller === null ? settled : followPromise(caller, settled);
}

// Lets time pass for the caller by a timer of its task.
function sleepAs(caller, milliseconds, given) {
    return newWait(caller, (settleWait, wait) => {
        if (caller.isOver())
            return;
        wait._endsWithTask = true;
        waitUnlessCancelled(wait, settleWait, settle => {
            let leave = null;
            const timer = native.add_timer.call(caller.task, milliseconds, null, () => {
                leave?.();
                settle(() => {});
            });
            if (given !== null) {
                leave = onCancelled(given, throwReason => {
                    timer.cancel();
                    settle(throwReason);
                });
            }
            return () => {
                leave?.();
                timer.cancel();
            };
        });
    });
}

// Calls func(throwReason) when the cancellable is cancelled, which it may be. What is returned takes that back.
function onCancelled(given, func) {
    const child = new Tend.Cancellable();
    child.add_parent(given);
    const throwReason = () => child.set_error_if_cancelled();
    if (child.is_cancelled()) {
        func(throwReason);
        return null;
    }
    const handler = child.add_handler(() => func(throwReason));
    return () => child.remove_handler(handler);
}

// Waits for a descriptor by a watch of the caller's task.
function waitForFdAs(caller, fd, condition) {
    return newWait(caller, (settleWait, wait) => {
        if (caller.isOver())
            return;
        wait._endsWithTask = true;
        waitUnlessCancelled(wait, settleWait, settle => {
            const watch = native.add_fd.call(caller.task, fd, condition, (task, number, ready) => {
                settle(() => ready);
                return false;
            });
            return () => watch.cancel();
        });
    });
}

// A promise that ends as whatever can be awaited.
function asPromise(thenable) {
    return thenable instanceof Tend.Task ? waitForTask(thenable, capture(), null) : Promise.resolve(thenable);
}

// Calls one of the functions when whatever can be awaited ends, as the task, while the run of its body is not over.
function settleFrom(task, thenable, onFulfilled, onRejected) {
    if (thenable instanceof Tend.Task)
        followTask(thenable, captureTask(task), onFulfilled, onRejected, true);
    else if (thenable instanceof Wait)
        thenable._follow(captureTask(task), onFulfilled, onRejected, true);
    else
        Promise.resolve(thenable).then(onFulfilled, onRejected);
}
