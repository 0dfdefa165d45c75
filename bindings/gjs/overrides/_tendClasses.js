// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Managers, channels, semaphores, completions, caches and the others, with promises, iterators and values of any kind.

/* exported init */

const {GLib} = imports.gi;
const {callAsync, onCancelled, thenOf} = imports.overrides._tendAwait;
const {applyOptions, checkFunction, checkTask, readOptions, refuseThread} = imports.overrides._tendBody;
const {capture, takeOpaque} = imports.overrides._tendDeliver;
const {
    box, isThenable, logException, originalOf, resultOf, setCombined, setResult, setThrown, state, toGError,
    toNative, unbox,
} = imports.overrides._tendOutcome;
const {markOrigin} = imports.overrides._tendReport;
const {isGenerator, waitFor} = imports.overrides._tendSteps;
const {toSnakeCase} = imports.overrides._tendUnits;
const {forgetEnded} = imports.overrides._tendWhose;

let Tend = null;

// The interpreter would abort the program that derives a class from one of these.
const FINAL_CLASSES = ['Clock', 'Condition', 'Event', 'Retry', 'Semaphore', 'Task', 'TaskStream'];

function refuseDerived(name) {
    Tend[name]._classInit = () => {
        throw new TypeError(`Tend.${name} is a final class, and no other is derived from it`);
    };
}

// Puts the methods that make(native) gives in front of those of C, which they call as native.NAME.call(this).
function define(klass, make) {
    const native = {};
    const methods = make(native);
    for (const name of Object.keys(methods))
        native[name] = klass.prototype[name];
    Object.assign(klass.prototype, methods);
}

function defineGetter(klass, name, get) {
    Object.defineProperty(klass.prototype, name, {configurable: true, get() {
        return get(this);
    }});
}

// Lets an asynchronous function give a promise when it is called without a callback, also under the name of its
// twin that waits in a fiber of C. The last of its own arguments comes before the cancellable.
function promisify(klass, name, {nArguments = 0, convert = value => value, isLazy = false, isFirm = false} = {}) {
    const {[`${name}_async`]: begin, [`${name}_finish`]: finish} = klass.prototype;
    // Nothing of a call stands around it: a wait does not keep its object.
    const read = (source, result) => convert(finishWith(finish, source, result));
    const call = function (...args) {
        const own = Array.from({length: nArguments}, (_, n) => box(args[n]));
        const [cancellable = null, callback = null] = args.slice(nArguments);
        if (callback !== null)
            return begin.call(this, ...own, cancellable, callback);

        return callAsync(cancellable, (given, ready) => begin.call(this, ...own, given, ready), read,
            {isLazy, isFirm});
    };

    Object.assign(klass.prototype, {
        [name]: call,
        [`${name}_async`]: call,
        [`${name}_finish`](result) {
            return read(this, result);
        },
    });
}

function finishWith(finish, source, result) {
    try {
        return finish.call(source, result);
    } catch (error) {
        throw error instanceof GLib.Error ? originalOf(source, error) : error;
    }
}

// --- Managers ---

// Registers what the arguments say: a task, or the name and the function for a new one, and options.
function register(manager, native, policy, first, ...rest) {
    const isTask = first instanceof Tend.Task;
    const [body, given = {}] = isTask ? [null, ...rest] : rest;
    const {policy: ownPolicy = policy, ...options} = typeof given === 'number' ? {policy: given}
        : readOptions(given, ['policy']);
    const task = isTask ? applyOptions(first, options)
        : Tend.Task.new(first, checkFunction(body, 'The body of a task'), options);

    return native.register.call(manager, task, ownPolicy);
}

// The task that is registered, or a new one of that name.
function toTask(taskOrName, body) {
    return taskOrName instanceof Tend.Task ? taskOrName
        : Tend.Task.new(taskOrName, checkFunction(body, 'The body of a task'));
}

const makeManagerMethods = native => ({
    register(taskOrName, ...rest) {
        return register(this, native, Tend.NamePolicy.REJECT, taskOrName, ...rest);
    },

    register_anonymous(base, body, options) {
        return register(this, native, Tend.NamePolicy.ANONYMOUS, base, body, options);
    },

    register_thread: refuseThread,

    debounce(taskOrName, delay, body) {
        return native.debounce.call(this, toTask(taskOrName, body), delay);
    },

    throttle(taskOrName, interval, body) {
        return native.throttle.call(this, toTask(taskOrName, body), interval);
    },

    stop_all() {
        native.stop_all.call(this);
        forgetEnded();
    },

    has(name) {
        return this.is_active(name);
    },

    get(name) {
        return this.lookup(name);
    },

    [Symbol.iterator]() {
        return this.list_tasks()[Symbol.iterator]();
    },
});

// The error of a signal or of a virtual function, as it was thrown.
function withOriginal(func) {
    return function (...args) {
        const at = args.findIndex(arg => arg instanceof GLib.Error);
        if (at > 0)
            args[at] = originalOf(args[at - 1], args[at]);
        return func.apply(this, args);
    };
}

// Handlers of task-failed are told of the exception itself.
function defineTaskFailed() {
    const {prototype} = Tend.TaskManager;
    for (const name of ['connect', 'connect_after']) {
        const connect = prototype[name];
        prototype[name] = function (signal, func) {
            const isIt = signal === 'task-failed' || signal === 'task_failed';
            return connect.call(this, signal, isIt && typeof func === 'function' ? withOriginal(func) : func);
        };
    }

    // As in _tendUnits.js: C takes over what is there while the class is registered.
    const {_classInit} = Tend.TaskManager;
    Tend.TaskManager._classInit = function (derived) {
        const own = derived.prototype;
        const written = Object.hasOwn(own, 'vfunc_task_failed') ? own.vfunc_task_failed : null;
        if (written !== null)
            own.vfunc_task_failed = withOriginal(written);
        const registered = _classInit.call(this, derived);
        if (written !== null)
            own.vfunc_task_failed = written;
        return registered;
    };
}

// --- Completions and caches ---

// Completes with what keep() makes of a value or an exception for C, and keeps it: not for one that was before.
function complete(completion, func, keep, convert, value) {
    const given = completion.is_done() ? convert(value) : keep(completion.get_task(), value);
    return func.call(completion, given);
}

const makeCompletionMethods = native => ({
    set_value(value) {
        return complete(this, native.set_value, setResult, toNative, value);
    },

    set_error(exception) {
        return complete(this, native.set_error, setThrown, toGError, exception);
    },
});

// A completion is awaited as its task is.
function defineThen() {
    Object.assign(Tend.Completion.prototype, {
        catch(onRejected) {
            return this.get_task().catch(onRejected);
        },

        finally(onSettled) {
            return this.get_task().finally(onSettled);
        },
    });
    defineGetter(Tend.Completion, 'then', completion => takeOpaque(completion) ? undefined
        : thenOf(completion.get_task()));
}

const makeCacheMethods = native => ({
    add_task(task, value) {
        return native.add_task.call(this, checkTask(task), box(value));
    },

    add_task_with_error(task, exception) {
        return native.add_task_with_error.call(this, task, setThrown(checkTask(task), exception));
    },
});

const makeRequestCacheMethods = native => ({
    clear_with_error(exception) {
        return native.clear_with_error.call(this, toGError(exception));
    },
});

// --- Semaphores ---

// Releases a permit of the task that has acquired it, whose code no longer runs where a promise goes on. What a task
// has that is finished was given back.
function releaseFor(semaphore, task) {
    if (task === null) {
        semaphore.release();
    } else if (!task.is_finished()) {
        task.push_current();
        try {
            semaphore.release();
        } finally {
            task.pop_current();
        }
    }
}

function runHeld(semaphore, body) {
    const task = capture()?.task ?? null;
    return callUntilEnd(body, () => releaseFor(semaphore, task));
}

const semaphoreMethods = {
    // Calls the function with a permit, which is released when what it gives has ended.
    run(body) {
        checkFunction(body, 'What is run with a permit');
        return this.acquire().then(() => runHeld(this, body));
    },
};

// --- Channels and streams ---

const makeChannelMethods = native => ({
    try_send(value) {
        return native.try_send.call(this, box(value));
    },

    try_receive() {
        const [isReceived, value] = native.try_receive.call(this);
        return [isReceived, unbox(value)];
    },

    // What senders send that find room then comes the next time.
    try_receive_all() {
        const received = [];
        for (let n = this.get_length(); n > 0; n--) {
            const [isReceived, value] = this.try_receive();
            // The others are on their way to somebody else.
            if (!isReceived)
                break;
            received.push(value);
        }
        return received;
    },

    // Waits for a value, and gives the array of it and of those behind it.
    receive_all(cancellable = null) {
        return callAsync(cancellable, (given, ready) => this.receive_async(given, ready),
            (source, result) => [source.receive_finish(result), ...source.try_receive_all()], {isLazy: true});
    },

    close_with_error(exception) {
        // Of a channel that is closed already, C keeps the error that it has.
        native.close_with_error.call(this, this.is_closed() ? toGError(exception) : setThrown(this, exception));
    },

    // Ends when the channel is closed and empty.
    [Symbol.asyncIterator]() {
        return {
            next: () => callAsync(null, (cancellable, ready) => this.receive_async(cancellable, ready),
                (source, result) => nextItem(() => source.receive_finish(result)), {isLazy: true}),
            [Symbol.asyncIterator]() {
                return this;
            },
        };
    },
});

function nextItem(receive) {
    try {
        return {value: receive(), done: false};
    } catch (error) {
        if (error instanceof GLib.Error && error.matches(Tend.Error, Tend.Error.CLOSED))
            return {value: undefined, done: true};
        throw error;
    }
}

// Asks for the next task that ends. Whoever gives up the wait takes the question back.
function nextTask(stream) {
    const next = stream.next();
    return callAsync(null,
        (cancellable, ready) => {
            if (cancellable !== null)
                next.add_cancellable(cancellable);
            next.wait_async(null, ready);
        },
        (source, result) => {
            next.wait_finish(result);
            const task = next.get_result();
            return {value: task ?? undefined, done: task === null};
        }, {isLazy: true});
}

const makeStreamMethods = () => ({
    [Symbol.asyncIterator]() {
        return {
            next: () => nextTask(this),
            [Symbol.asyncIterator]() {
                return this;
            },
        };
    },
});

// --- Retries ---

// The task of an attempt: what the function gives may be a task of its own, which is the attempt's then. It is that
// which is cancelled, and the attempt is over when it is.
function makeAttempt(func, attempt) {
    return Tend.Task.new(null, task => {
        const result = func(task, attempt);
        if (result instanceof Tend.Task) {
            state(task).isCancelSeen = true;
            result.add_cancellable(task.get_cancellable());
            if (result.get_status() === Tend.TaskStatus.CREATED)
                result.start();
        }
        return result;
    });
}

// Calls one of C's functions that try again, whose task ends as the last of the attempts.
function tryAgain(retry, func, name, body) {
    checkFunction(body, 'What is tried');
    const attempts = [];
    const task = func.call(retry, name, attempt => {
        attempts[0] = makeAttempt(body, attempt);
        return attempts[0];
    });
    return setCombined(markOrigin(task), attempts, () => resultOf(attempts[0]));
}

// A promise would be a yes, whatever it ends with.
function checkAnswer(answer) {
    if (!isThenable(answer))
        return Boolean(answer);

    answer.then(null, () => {});
    throw new TypeError('The predicate of a retry answers at once, and not with a promise');
}

const makeRetryMethods = native => ({
    create_task(name, body) {
        return tryAgain(this, native.create_task, name, body);
    },

    run(name, body) {
        return tryAgain(this, native.run, name, body);
    },

    set_predicate(func) {
        native.set_predicate.call(this, func && ((task, attempt, error) => {
            try {
                return checkAnswer(func(task, attempt, originalOf(task, error)));
            } catch (exception) {
                logException(exception, 'The predicate of a retry has failed');
                return false;
            }
        }));
    },
});

// --- Cancellables ---

const cancellableMethods = {
    // Calls the action, and onCancel() if the cancellable is cancelled before what the action gives has ended.
    run(onCancel, action) {
        checkFunction(onCancel, 'What is called at the cancellation');
        checkFunction(action, 'What is run under a cancellable');
        this.set_error_if_cancelled();
        const leave = onCancelled(this, () => {
            try {
                onCancel();
            } catch (error) {
                logException(error, 'What is called at the cancellation has failed');
            }
        });
        return callUntilEnd(action, leave);
    },
};

// Calls the function, and end() when what it gives has ended.
function callUntilEnd(func, end) {
    let result;
    try {
        result = func();
        if (isGenerator(result))
            result = waitAsCaller(result);
    } catch (error) {
        end();
        throw error;
    }
    if (!isThenable(result)) {
        end();
        return result;
    }
    return result.then(value => {
        end();
        return value;
    }, error => {
        end();
        throw error;
    });
}

function waitAsCaller(generator) {
    const task = capture()?.task ?? null;
    return task === null ? Tend.Task.run(null, () => generator) : waitFor(task, generator);
}

// --- Constructors ---

// Lets a number stand for the one setting that a class is mostly made with.
function takeNumber(klass, name) {
    const {_init} = klass.prototype;
    klass.prototype._init = function (settings, ...rest) {
        return _init.call(this, typeof settings === 'number' ? {[name]: settings} : settings, ...rest);
    };
}

// Takes what C has setters for, and no property that could be written.
function defineRetryInit() {
    const {_init} = Tend.Retry.prototype;
    Tend.Retry.prototype._init = function (settings = {}) {
        const own = {}, others = {};
        for (const [spelling, value] of Object.entries(settings)) {
            const name = toSnakeCase(spelling);
            (['first_wait', 'longest_wait', 'factor', 'predicate'].includes(name) ? own : others)[name] = value;
        }
        const self = _init.call(this, others) ?? this;
        const [, first, longest] = self.get_back_off();
        const {first_wait = first, longest_wait = Math.max(longest, first_wait), factor = self.factor} = own;
        self.set_back_off(first_wait, longest_wait, factor);
        if (own.predicate !== undefined)
            self.set_predicate(own.predicate);
        return self;
    };
    takeNumber(Tend.Retry, 'max_attempts');
}

function init(namespace) {
    Tend = namespace;
    FINAL_CLASSES.forEach(refuseDerived);
    define(Tend.TaskManager, makeManagerMethods);
    defineTaskFailed();
    define(Tend.Completion, makeCompletionMethods);
    define(Tend.NumberCache, makeCacheMethods);
    define(Tend.RequestCache, makeRequestCacheMethods);
    define(Tend.Channel, makeChannelMethods);
    defineThen();
    Object.assign(Tend.Semaphore.prototype, semaphoreMethods);
    Object.assign(Tend.Cancellable.prototype, cancellableMethods);
    define(Tend.TaskStream, makeStreamMethods);
    define(Tend.Retry, makeRetryMethods);

    takeNumber(Tend.Channel, 'capacity');
    takeNumber(Tend.Semaphore, 'n_permits');
    defineRetryInit();

    defineGetter(Tend.TaskManager, 'size', manager => manager.get_n_items());
    defineGetter(Tend.RequestCache, 'size', cache => cache.get_n_caches());
    defineGetter(Tend.Channel, 'size', channel => channel.get_length());

    promisify(Tend.TaskManager, 'shutdown');
    promisify(Tend.TaskManager, 'drain');
    promisify(Tend.TaskManager, 'wait_for_tasks');
    promisify(Tend.RequestCache, 'shutdown');
    promisify(Tend.Channel, 'send', {nArguments: 1, isFirm: true});
    promisify(Tend.Channel, 'receive', {convert: unbox, isLazy: true});
    promisify(Tend.Semaphore, 'acquire', {isLazy: true});
    promisify(Tend.Event, 'wait');
    promisify(Tend.Condition, 'wait', {isLazy: true});
}
