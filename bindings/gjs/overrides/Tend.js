// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The language's own face of libtend: functions and async functions as bodies, tasks that can be awaited, results
// and exceptions of any kind. The other classes are in _tendClasses.js.

const {GLib} = imports.gi;
const Await = imports.overrides._tendAwait;
const Body = imports.overrides._tendBody;
const Classes = imports.overrides._tendClasses;
const Deliver = imports.overrides._tendDeliver;
const Groups = imports.overrides._tendGroups;
const Outcome = imports.overrides._tendOutcome;
const Report = imports.overrides._tendReport;
const Steps = imports.overrides._tendSteps;
const Units = imports.overrides._tendUnits;
const Whose = imports.overrides._tendWhose;

// In how many turns of the loop the jobs of promises have run once.
const MAX_TURNS = 16;

const RETURN_METHODS = ['boolean', 'double', 'int', 'object', 'string'];

let Tend = null;

// What asks for the current task: by the names of the classes, the functions and the methods.
const OWNED = {
    '': ['wait_all', 'when_all', 'when_any', 'when_each', 'when_first_error', 'when_first_success'],
    Group: ['add'],
    RequestCache: ['add', 'pop_timeout', 'push_timeout'],
    Retry: ['run'],
    Semaphore: ['release', 'try_acquire'],
    Task: ['run_delay', 'run_fd', 'run_signal', 'start', 'with_cancellable', 'with_deadline', 'with_timeout'],
    TaskManager: ['debounce', 'register', 'register_anonymous', 'throttle'],
};

// The functions of C, by their names, that what is defined here stands in front of.
const native = {};

function newTask(name, body = null, given = {}) {
    const options = Body.readOptions(given);
    const task = native.new_open(name ?? null, body === null ? null : Body.wrapBody(body));
    return Body.applyOptions(Report.markOrigin(task), options);
}

// A task that stays open until it is completed: the function, if there is one, only begins the work.
function newOpenTask(name, begin = null, given = {}) {
    const options = Body.readOptions(given);
    const task = native.new_open(name ?? null, begin === null ? null : Body.wrapBegin(begin));
    return Body.applyOptions(Report.markOrigin(task), options);
}

function start(task) {
    task.start();
    return task;
}

function runTask(name, body, options = {}) {
    return start(newTask(name, Body.checkFunction(body, 'The body of a task'), options));
}

function runOpenTask(name, begin, options = {}) {
    return start(newOpenTask(name, Body.checkFunction(begin, 'The function of an open task'), options));
}

function checkTasks(tasks) {
    if (typeof tasks?.[Symbol.iterator] !== 'function')
        throw new TypeError('An array of tasks is needed, or anything that can be iterated over');
    return [...tasks].map(task => Body.toTask(task));
}

// A task that ends as others do.
function combine(task, sources, read) {
    return Outcome.setCombined(Report.markOrigin(task), sources, read);
}

// Combinators: they remember what they stand for, whose results and exceptions are the language's.
function defineCombinators() {
    for (const name of ['wait_all', 'when_all', 'when_any', 'when_first_success', 'when_first_error', 'when_each'])
        native[name] = Tend[name];
    for (const name of ['with_cancellable', 'with_deadline', 'with_timeout']) {
        native[name] = Tend.Task.prototype[name];
        Tend.Task.prototype[name] = function (limit) {
            return combine(native[name].call(this, limit), [this], () => Outcome.resultOf(this));
        };
    }

    Tend.wait_all = function (tasks) {
        const sources = checkTasks(tasks);
        return combine(native.wait_all(sources), sources);
    };
    Tend.when_all = function (tasks) {
        const sources = checkTasks(tasks);
        return combine(native.when_all(sources), sources, () => sources.map(Outcome.resultOf));
    };
    Tend.when_first_error = function (tasks) {
        const sources = checkTasks(tasks);
        return combine(native.when_first_error(sources), sources, () => sources.map(Outcome.resultOf));
    };
    for (const name of ['when_any', 'when_first_success']) {
        Tend[name] = function (tasks) {
            const sources = checkTasks(tasks);
            if (sources.length === 0)
                throw new RangeError('At least one task is needed');
            return combine(native[name](sources), sources);
        };
    }
    Tend.when_each = function (tasks) {
        return native.when_each(checkTasks(tasks));
    };
}

// Calls func, and throws the very exception of the task where it throws a copy of its error.
function throwOriginal(task, func) {
    try {
        return func();
    } catch (error) {
        if (task.is_ended())
            Outcome.outcomeOf(task);
        throw error;
    }
}

const taskMethods = {
    return_value(value) {
        Body.returnValue(this, value);
    },

    return_error(exception) {
        Body.returnError(this, exception);
    },

    return_error_if_cancelled() {
        const isCancelling = this.is_cancelling();
        if (isCancelling)
            Body.returnNative(this, native.return_error_if_cancelled);
        return isCancelling;
    },

    get_result() {
        if (!this.is_ended())
            native.get_result.call(this);
        return Outcome.outcomeOf(this);
    },

    get_error() {
        return Outcome.exceptionOf(this, null);
    },

    list_errors() {
        const failure = Outcome.failureOf(this);
        if (failure === null)
            return [];
        return Outcome.isSeveral(failure.exception) ? failure.exception.errors : [failure.exception];
    },

    toString() {
        return this.to_string();
    },

    // With a callback as in C, and else a promise of the result.
    wait_async(cancellable = null, callback = null) {
        return callback === null ? Await.waitForTask(this, Deliver.capture(), cancellable)
            : native.wait_async.call(this, cancellable, callback);
    },

    wait_finish(result) {
        return throwOriginal(this, () => native.wait_finish.call(this, result));
    },

    wait_sync() {
        return throwOriginal(this, () => native.wait_sync.call(this));
    },

    wait(cancellable = null) {
        return this.wait_async(cancellable);
    },

    // Waits in this task for a promise, for another task or for a generator: what goes on then is this task's code, which
    // cancelling interrupts and stopping ends.
    wait_for(awaitable) {
        return Steps.waitFor(this, awaitable);
    },

    catch(onRejected) {
        return this.then(undefined, onRejected);
    },

    finally(onSettled) {
        return Await.finallyOf(this, onSettled);
    },

    stop() {
        Deliver.callDetached(() => native.stop.call(this));
        const {run, number} = Outcome.state(this);
        Whose.forgetStopped(run?.number);
        Whose.forgetStopped(number);
    },

    cancel() {
        Deliver.callDetached(() => native.cancel.call(this));
    },

    post(func) {
        native.post.call(this, Body.wrapWork(func));
    },

    add_timer(delay, interval, func) {
        return native.add_timer.call(this, delay, interval, Body.wrapWork(func));
    },

    add_fd(fd, condition, func) {
        return native.add_fd.call(this, fd, condition, Body.wrapWork(func));
    },

    add_exit_handler(func) {
        native.add_exit_handler.call(this, Body.wrapHandler(func, 'An exit handler'));
    },

    add_cancel_handler(func) {
        native.add_cancel_handler.call(this, Body.wrapHandler(func, 'A cancel handler'));
    },
};

function defineTask() {
    const {prototype} = Tend.Task;
    for (const name of [...Object.keys(taskMethods), ...RETURN_METHODS.map(type => `return_${type}`)])
        native[name] = prototype[name];

    Object.assign(prototype, taskMethods);
    for (const type of RETURN_METHODS) {
        prototype[`return_${type}`] = function (value) {
            Body.returnNative(this, native[`return_${type}`], value);
        };
    }

    Object.defineProperties(prototype, {
        then: {configurable: true, get() {
            return Await.thenOf(this);
        }},
        result: {configurable: true, get() {
            return this.get_result();
        }},
    });

    // The constructor of C knows the body, and what it makes takes the place of the object that is made here.
    prototype._init = function (name = null, body = null, options = {}) {
        if (name === null || typeof name !== 'object')
            return newTask(name, body, options);
        const {name: ownName = null, body: ownBody = null, ...others} = name;
        return newTask(ownName, ownBody, others);
    };

    for (const name of ['new_open', 'new_main', 'run_delay'])
        native[name] = Tend.Task[name];
    native.run_task = Tend.run_task;
    Object.assign(Tend.Task, {
        new: newTask,
        new_main: body => Report.markOrigin(native.new_main(Body.wrapBody(body))),
        new_open: newOpenTask,
        run: runTask,
        run_open: runOpenTask,
        new_thread: Body.refuseThread,
        run_thread: Body.refuseThread,
    });
}

// Lets the given time pass, in milliseconds. In a task that is a timer of it, which a pause holds up; the sleep is
// given up when the task is cancelled, or the cancellable.
function sleep(milliseconds, cancellable = null) {
    const caller = Deliver.capture();
    if (caller !== null)
        return Await.sleepAs(caller, milliseconds, cancellable);

    const delay = native.run_delay(milliseconds);
    return cancellable === null ? delay.then(() => {}) : delay.wait(cancellable).then(() => {}, error => {
        delay.cancel();
        throw error;
    });
}

// Waits until a descriptor is ready, and gives the conditions that it is in. In a task that is a watch of it.
function wait_fd(fd, condition = GLib.IOCondition.IN) {
    const caller = Deliver.capture();
    if (caller === null)
        return Tend.Task.run_fd(null, fd, condition).then(ready => ready);
    return Await.waitForFdAs(caller, fd, condition);
}

// Lets a turn of the loop pass, and a task of its own stand still as long as it is paused.
function checkpoint() {
    const task = Deliver.capture()?.task;
    if (!task?.is_paused())
        return sleep(0);

    const resumed = newTask(null);
    const handler = task.connect('notify::paused', () => {
        task.disconnect(handler);
        resumed.return_value(undefined);
    });
    return resumed.wait();
}

// The jobs of promises wait while one of them runs the loop, so that no task would go on.
function doPromisesRun() {
    let hasRun = false;
    if (!Deliver.isDelivering()) {
        Promise.resolve().then(() => (hasRun = true));
        // Another source may be called before that of the jobs.
        for (let i = 0; i < MAX_TURNS && !hasRun; i++)
            GLib.MainContext.default().iteration(false);
    }
    return hasRun;
}

// Runs the main loop until the task has ended and left nothing behind; Ctrl-C cancels it.
function runUntilEnded(task) {
    try {
        native.run_task(task);
    } catch (error) {
        if (!task.is_ended())
            throw error;
    }
}

// Runs the main loop until a task has ended, or the function that is given in its place: the main part of a script.
// What was started meanwhile is cancelled then, and waited for.
function run(main) {
    const task = main instanceof Tend.Task ? main : Report.markOrigin(native.new_main(Body.wrapBody(main)));
    if (!task.is_ended()) {
        if (doPromisesRun()) {
            runUntilEnded(task);
        } else {
            if (task.get_status() === Tend.TaskStatus.CREATED)
                task.start();
            if (!task.is_ended())
                throw new Error('Tend.run() is for what runs in no promise: after an await, use await instead');
        }
    }
    return task.get_result();
}

function ownAll() {
    for (const [name, functions] of Object.entries(OWNED)) {
        const owner = name === '' ? Tend : Tend[name];
        for (const each of functions) {
            const isStatic = name === '' || Object.hasOwn(owner, each);
            Deliver.ownFunction(isStatic ? owner : owner.prototype, each);
        }
    }
}

function _init() {
    Tend = this;

    // An error of this domain has more than others: C must know so before the first of them is made.
    Tend.Error.quark();
    Units.init(Tend);
    defineTask();
    defineCombinators();
    for (const module of [Outcome, Report, Deliver, Await, Steps, Body, Groups, Classes])
        module.init(Tend, native);
    Object.assign(Tend, {sleep, wait_fd, checkpoint, run});
    ownAll();
}
