// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups, combined tasks, pauses and deadlines from JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const SECOND = 1000;
const clock = Tend.Clock.freeze(null);

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} is not ${expected}`);
}

const newError = message => new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, message);

// A task that ends after so many seconds of virtual time.
function newTask(seconds, value = null) {
    return Tend.Task.new(null, task => new Promise((resolve, reject) => task.add_timer(seconds * SECOND, null, () => {
        value instanceof GLib.Error ? reject(value) : resolve(value);
    })));
}

function run(...args) {
    const task = newTask(...args);
    task.start();
    return task;
}

function newLateTask() {
    const task = newTask(0);
    task.set_delay(9 * SECOND);
    return task;
}

function wait(task) {
    const results = [];
    task.wait_async(null, (_source, result) => results.push(result));
    clock.run_until_idle();
    task.wait_finish(results[0]);
    return task.get_result();
}

function assertFails(task, domain, code) {
    try {
        wait(task);
    } catch (error) {
        return assertEqual(Boolean(error?.matches?.(domain, code)), true);
    }
    throw new Error('nothing was thrown');
}

function join(policy, ...tasks) {
    const group = Tend.Group.new(policy);
    tasks.forEach(task => group.add(task));
    return group.join();
}

{ // All
    const tasks = [run(3, 'slow'), run(1, 'fast')];
    wait(Tend.wait_all(tasks));
    assertEqual(wait(Tend.when_all(tasks)).join(), 'slow,fast');
    const failed = Tend.wait_all([run(2, newError('two')), run(1, newError('one'))]);
    assertFails(failed, Tend.Error, Tend.Error.SEVERAL);
    assertEqual(failed.list_errors().map(error => error.message).join(), 'one,two');
}
{ // The first, and one after the other
    const tasks = [3, 1, 2].map(seconds => run(seconds, seconds));
    const stream = Tend.when_each(tasks);
    assertEqual(wait(Tend.when_any(tasks)), tasks[1]);
    assertEqual(tasks.map(() => wait(stream.next()).get_result()).join(), '1,2,3');
    assertEqual(wait(stream.next()), null);
}
{ // The first success and the first error
    const [fast, slow] = [run(1, 'fast'), run(2, 'slow')];
    assertEqual(wait(Tend.when_first_success(new Set([fast, slow]))), fast);
    assertEqual(wait(Tend.when_first_error([fast, slow])).join(), 'fast,slow');
    assertEqual(wait(Tend.when_first_error([])).length, 0);
    const late = run(1).with_timeout(0);
    assertFails(Tend.when_first_error([run(9), late]), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    assertFails(Tend.when_first_success([late]), Tend.Error, Tend.Error.SEVERAL);
}
{ // Timeouts and deadlines
    const [task, late] = [run(5, 'in the end'), newLateTask()];
    assertFails(task.with_timeout(2 * SECOND), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    assertEqual(wait(task), 'in the end');
    late.set_deadline(clock.get_time() + SECOND);
    late.start();
    assertFails(late, Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
}
{ // Pauses
    const [start, task] = [clock.get_time(), run(3)];
    clock.advance(SECOND);
    task.pause();
    clock.advance(10 * SECOND);
    assertEqual(task.is_paused() && !task.is_ended(), true);
    task.resume();
    wait(task);
    assertEqual(clock.get_time() - start, 13 * SECOND);
}
{ // Groups
    const start = clock.get_time();
    const group = new Tend.Group({policy: Tend.GroupPolicy.WAIT_ALL, max_running: 2});
    [1, 1, 1, 1, 1].forEach(seconds => group.add(newTask(seconds)));
    assertEqual(group.get_n_left(), 5);
    wait(group.join());
    assertEqual(clock.get_time() - start, 3 * SECOND);
    const [late, fast] = [newLateTask(), newTask(2, 'fast')];
    const failed = join(Tend.GroupPolicy.FIRST_ERROR, late, newTask(1, newError('busy')));
    assertFails(failed, Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY);
    assertFails(late, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
    const failing = newTask(1, newError('busy'));
    assertEqual(wait(join(Tend.GroupPolicy.FIRST_SUCCESS, failing, fast, newLateTask())), fast);
}
{ // A limit for a group
    const start = clock.get_time();
    const group = new Tend.Group({policy: Tend.GroupPolicy.WAIT_ALL});
    group.add(Tend.Task.new(null, () => Tend.sleep(60 * SECOND)));
    assertFails(group.join(2 * SECOND), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    assertEqual(clock.get_time() - start, 2 * SECOND);
    assertEqual(group.get_n_left(), 0);
}
{ // The tasks of a manager, and of a group, stand still
    const start = clock.get_time();
    const manager = new Tend.TaskManager({keep_ended: 1});
    const group = new Tend.Group({policy: Tend.GroupPolicy.WAIT_ALL});
    const task = manager.register(newTask(1));
    group.add(newTask(1));
    manager.pause();
    group.pause();
    clock.advance(10 * SECOND);
    assertEqual([manager.paused, group.paused, task.is_ended(), group.get_n_left()].join(), 'true,true,false,1');
    assertEqual(manager.list_running().get_n_items(), 0);
    manager.resume();
    group.resume();
    wait(task);
    wait(group.join());
    assertEqual(clock.get_time() - start, 11 * SECOND);
    assertEqual(manager.get_item(0), task);
}
{ // Lists of tasks that live on
    const manager = new Tend.TaskManager();
    const tasks = ['a', 'b', 'c'].map(name => manager.register(name, () => {}));
    for (let i = 0; i < 100; i++) {
        manager.list_tasks().forEach((task, n) => assertEqual(task, tasks[n]));
        System.gc();
    }
    manager.shutdown_async(null, null);
    clock.run_until_idle();
}
