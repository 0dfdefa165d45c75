// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups: each ends with the scope that has made it, which is a run of a body. When the run ends, in whichever way, the
// groups that are not over are cancelled, and the run ends when their last child has.

/* exported init, endScope */

const {callAsync, waitForEnd} = imports.overrides._tendAwait;
const {capture} = imports.overrides._tendDeliver;
const {keepFailures, state} = imports.overrides._tendOutcome;
const {markOrigin} = imports.overrides._tendReport;

let Tend = null;
let native = null;

function cancelGroups(groups) {
    for (const group of groups)
        group.cancel();
}

// Lets the group end with the run of the task that makes it.
function enterScope(group) {
    const caller = capture();
    if (!caller?.run || caller.isOver())
        return group;

    const {task, run} = caller;
    if (run.groups === undefined) {
        const groups = new Set();
        run.groups = groups;
        // A task that is stopped ends at once, and waits for nobody.
        native.add_exit_handler.call(task, () => cancelGroups(groups));
    }
    run.groups.add(group);
    return group;
}

// What a child has thrown stands for itself in the group's error, also where the error has but a picture of it.
function expectChild(group, task) {
    const own = state(group);
    own.parts ??= [];
    keepFailures(task, own.parts);
}

function join(group, timeout = null) {
    const task = native.join_with_timeout.call(group, timeout);
    const own = state(group);
    own.parts ??= [];
    if (state(task).parts === undefined)
        markOrigin(task);
    state(task).parts = own.parts;
    return task;
}

// Calls end() when no child of the groups of a run is left.
function endScope(run, end) {
    const groups = run?.groups ?? [];
    // What is left of it is told when the group is freed.
    if (run)
        run.groups = undefined;
    const joined = [...groups].map(group => join(group)).filter(task => !task.is_ended());
    let nLeft = joined.length;
    if (nLeft === 0) {
        end();
        return;
    }

    for (const task of joined) {
        waitForEnd(task, () => {
            nLeft--;
            if (nLeft === 0)
                end();
        });
    }
    cancelGroups(groups);
}

// Waits as the caller until no child is left. If it is cancelled, so are the children, and they are waited for all the
// same: what one of them has failed with stands before the cancellation.
function waitAs(caller, group, timeout) {
    const joined = join(group, timeout);
    const cancellable = caller.task.get_cancellable();
    const handler = cancellable.add_handler(() => group.cancel());
    if (cancellable.is_cancelled())
        group.cancel();

    return callAsync(null, (_given, ready) => native.wait_async.call(joined, null, ready), (source, result) => {
        cancellable.remove_handler(handler);
        if (!source.is_ended())
            native.wait_finish.call(source, result);
        return caller.endWait(() => source.get_result());
    }, {isLazy: true, isShielded: true});
}

const methods = {
    add(awaitable) {
        const task = native.toTask(awaitable, Tend.Task.new);
        // A child may fail within the call.
        expectChild(this, task);
        return native.add.call(this, task);
    },

    // The children are cancelled if they take longer than so many milliseconds.
    join(timeout = null) {
        return join(this, timeout);
    },

    join_with_timeout(timeout) {
        return join(this, timeout);
    },

    wait(timeout = null) {
        const caller = capture();
        return caller?.needsCancellable() ? waitAs(caller, this, timeout) : join(this, timeout).wait();
    },
};

function init(namespace, natives) {
    Tend = namespace;
    native = {...natives, add: Tend.Group.prototype.add, join_with_timeout: Tend.Group.prototype.join_with_timeout};
    Object.assign(Tend.Group.prototype, methods);

    const {_init} = Tend.Group.prototype;
    Tend.Group.prototype._init = function (...args) {
        return enterScope(_init.apply(this, args) ?? this);
    };
    const create = Tend.Group.new;
    Tend.Group.new = policy => enterScope(create.call(Tend.Group, policy));
}
