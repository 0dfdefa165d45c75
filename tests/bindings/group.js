// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups, combined tasks, pauses and deadlines from JavaScript, without an override module.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const SECOND = 1000000;
const clock = Tend.Clock.freeze(null);

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} is not ${expected}`);
}

// A task that ends after so many seconds of virtual time.
function newTask(seconds, value = null, message = null) {
    return Tend.Task.new(null, task => task.add_timer(seconds * SECOND, 0, () => {
        if (message === null)
            task.return_value(value);
        else
            task.return_error(new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, message));
        return false;
    }));
}

function run(...args) {
    const task = newTask(...args);
    task.start();
    return task;
}

function wait(task) {
    let result = null;
    task.wait_async(null, (_source, res) => (result = res));
    clock.run_until_idle();
    assertEqual(task.wait_finish(result), true);
    return task.get_result();
}

function assertFails(task, domain, code) {
    try {
        wait(task);
    } catch (error) {
        return assertEqual(error instanceof GLib.Error && error.matches(domain, code), true);
    }
    throw new Error('nothing was thrown');
}

function join(policy, ...tasks) {
    const group = Tend.Group.new(policy);
    tasks.forEach(task => group.add(task));
    return group.join();
}

const tests = {
    all() {
        const tasks = [run(3, 'slow'), run(1, 'fast')];
        wait(Tend.wait_all(tasks));
        const model = wait(Tend.when_all(tasks));
        assertEqual(model instanceof Gio.ListModel, true);
        assertEqual([0, 1].map(i => model.get_item(i).get_result()).join(), 'slow,fast');
        const failed = Tend.wait_all([run(2, null, 'two'), run(1, null, 'one')]);
        assertFails(failed, Tend.TaskError, Tend.TaskError.SEVERAL);
        assertEqual(failed.list_errors().map(error => error.message).join(), 'one,two');
    },
    anyAndEach() {
        const tasks = [3, 1, 2].map(seconds => run(seconds, seconds));
        const stream = Tend.when_each(tasks);
        assertEqual(wait(Tend.when_any(tasks)), tasks[1]);
        const order = [];
        while (stream.get_n_left() > 0)
            order.push(wait(stream.next()).get_result());
        assertEqual(order.join(), '1,2,3');
        assertEqual(wait(stream.next()), null);
    },
    timeoutAndDeadline() {
        const task = run(5, 'in the end');
        assertFails(task.with_timeout(2 * SECOND), Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
        assertEqual(wait(task), 'in the end');
        const late = Tend.Task.new(null, null);
        late.set_deadline(clock.get_time() + SECOND);
        late.start();
        assertFails(late, Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
    },
    pause() {
        const start = clock.get_time();
        const task = run(3);
        clock.advance(SECOND);
        task.pause();
        clock.advance(10 * SECOND);
        assertEqual(task.is_paused(), true);
        assertEqual(task.is_ended(), false);
        task.resume();
        wait(task);
        assertEqual(clock.get_time() - start, 13 * SECOND);
    },
    policies() {
        const start = clock.get_time();
        const all = Tend.Group.new(Tend.GroupPolicy.WAIT_ALL);
        all.set_max_running(2);
        for (let i = 0; i < 5; i++)
            all.add(newTask(1));
        assertEqual(all.get_n_left(), 5);
        wait(all.join());
        assertEqual(clock.get_time() - start, 3 * SECOND);

        const endless = Tend.Task.new(null, null);
        const failed = join(Tend.GroupPolicy.FIRST_ERROR, endless, newTask(1, null, 'busy'));
        assertFails(failed, Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY);
        assertFails(endless, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);

        const fast = newTask(2, 'fast');
        const race = join(Tend.GroupPolicy.FIRST_SUCCESS, newTask(1, null, 'busy'), fast, Tend.Task.new(null, null));
        assertEqual(wait(race), fast);
    },
    listTasks() {
        const manager = new Tend.TaskManager();
        const tasks = [0, 1, 2].map(i => manager.register(`task ${i}`, () => {}));
        clock.run_until_idle();
        for (let i = 0; i < 100; i++) {
            manager.list_tasks().forEach((task, n) => assertEqual(task, tasks[n]));
            System.gc();
        }
        assertEqual(manager.list_tasks().map(task => task.name).join(), 'task 0,task 1,task 2');
        manager.shutdown_async(null, null);
        clock.run_until_idle();
    },
};

let nFailed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        test();
        print(`${name}: ok`);
    } catch (error) {
        nFailed++;
        print(`${name}: ${error}\n${error.stack ?? ''}`);
    }
}
System.exit(nFailed === 0 ? 0 : 1);
