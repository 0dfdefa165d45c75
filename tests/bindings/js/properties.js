// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The properties and signals of each class from JavaScript, as a program that shows them hears of them.

import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, clock, runTests} from './support.js';

// Logs each of the properties whenever it is notified, with its value; gives a function that compares the log.
function listen(source, ...names) {
    const log = [];
    for (const name of names) {
        source.connect(`notify::${name}`, () =>
            log.push(`${name}=${source[name.replace(/-/g, '_')]}`));
    }
    return compare(log);
}

function compare(log) {
    const assertLog = expected => assertEqual(log.splice(0).join(' '), expected);
    assertLog.log = log;
    return assertLog;
}


// A task that takes a second to end once it was cancelled.
function newHeedless() {
    return Tend.Task.new_open('x', task => task.add_cancel_handler(() =>
        Tend.Task.run_delay(1000).then(() => task.return_value('late'))));
}

runTests({
    async taskEnds() {
        const task = Tend.Task.new('x', () => Tend.sleep(1000));
        const assertLog = listen(task, 'ended', 'finished', 'cancelling');
        assertEqual(task.ended || task.finished || task.cancelling, false);
        task.start();
        await task;
        assertLog('ended=true finished=true');
        assertEqual(task.ended && task.finished, true);
    },

    async taskIsCancelled() {
        const task = newHeedless();
        const assertLog = listen(task, 'ended', 'finished', 'cancelling');
        task.start();
        task.cancel();
        assertEqual(task.cancelling, true);
        assertLog('cancelling=true');
        assertEqual(await task, 'late');
        assertLog('ended=true finished=true');
    },

    async taskIsStopped() {
        const task = newHeedless();
        task.start();
        const assertLog = listen(task, 'ended', 'cancelling');
        task.stop();
        await assertRejects(task, Tend.Error, Tend.Error.STOPPED);
        assertEqual(assertLog.log.sort().join(), 'cancelling=true,ended=true');
    },

    progress() {
        const task = Tend.Task.new('x');
        const assertLog = listen(task, 'progress', 'message');
        task.pulse('looking');
        clock.advance(0);
        assertEqual(assertLog.log.splice(0).sort().join(), 'message=looking,progress=-1');
        task.set_progress(0.5, 'half');
        clock.advance(0);
        assertEqual(assertLog.log.splice(0).sort().join(), 'message=half,progress=0.5');
        task.pulse(null);
        clock.advance(0);
        assertEqual([task.progress, task.message].join(), '-1,half');
    },

    forwardProgress() {
        const [whole, part] = [Tend.Task.new('whole'), Tend.Task.new('part')];
        const assertLog = listen(whole, 'progress');
        part.forward_progress(whole, 0.5, 1);
        part.set_progress(0.5, null);
        clock.advance(0);
        assertLog('progress=0.75');
        part.return_value(null);
        clock.advance(0);
        assertLog('progress=1');
    },

    taskSettings() {
        const task = Tend.Task.new('x', () => {});
        const assertLog = listen(task, 'delay', 'interval', 'interval-mode', 'keep-going', 'priority', 'deadline');
        task.set_delay(1000);
        task.interval = 2000;
        task.set_keep_going(true);
        task.set_priority(GLib.PRIORITY_LOW);
        task.set_interval_mode(Tend.IntervalMode.FIXED_RATE);
        task.set_deadline(4000000000);
        assertLog('delay=1000 interval=2000 keep-going=true priority=300 interval-mode=1 deadline=4000000000');
    },

    async managerCounts() {
        const manager = new Tend.TaskManager({max_running: 1});
        const assertLog = listen(manager, 'n-pending', 'n-running', 'n-failed', 'busy');
        manager.connect('task-failed', () => {});
        manager.register('a', () => Tend.sleep(1000));
        manager.register('b', () => {
            throw new Error('no luck');
        });
        await Tend.sleep(0);
        assertEqual([manager.n_pending, manager.n_running, manager.busy].join(), '1,1,true');
        await Tend.sleep(0);
        assertEqual(assertLog.log.splice(0).includes('busy=true'), true);
        await Tend.sleep(1001);
        assertEqual(assertLog.log.sort().join(), 'busy=false,n-failed=1,n-pending=0,n-running=0');
        assertEqual(manager.n_failed, 1);
    },

    async managerDraining() {
        const manager = new Tend.TaskManager();
        const task = manager.register(newHeedless());
        await Tend.sleep(0);
        const assertLog = listen(manager, 'n-draining');
        task.cancel();
        await Tend.sleep(0);
        assertLog('n-draining=1');
        await task;
        await Tend.sleep(0);
        assertLog('n-draining=0');
    },

    managerProgress() {
        const manager = new Tend.TaskManager();
        const task = Tend.Task.new('x');
        manager.register(task);
        clock.advance(0);
        const assertLog = listen(manager, 'progress');
        task.set_progress(0.25, null);
        clock.advance(0);
        assertLog('progress=0.25');
        task.return_value(1);
    },

    managerEnds() {
        const manager = new Tend.TaskManager();
        const assertLog = listen(manager, 'closed', 'shut-down');
        manager.close();
        clock.advance(0);
        assertLog('closed=true');
        manager.shutdown();
        clock.advance(0);
        assertLog('shut-down=true');
    },

    async managerEndIsShown() {
        const manager = new Tend.TaskManager();
        const task = manager.register(newHeedless());
        await Tend.sleep(2000);
        assertEqual(manager.awaited.get_n_items(), 0);
        assertEqual(manager.grace_deadline, null);
        const assertLog = listen(manager, 'grace-deadline');
        manager.shutdown();
        await Tend.sleep(0);
        const deadline = Tend.get_time() + 5000;
        assertLog(`grace-deadline=${deadline}`);
        assertEqual(manager.get_grace_deadline(), deadline);
        assertEqual(manager.get_awaited().get_item(0), task);
        assertEqual(manager.get_age(task), 2000);
        await Tend.sleep(1001);
        assertLog('grace-deadline=null');
        assertEqual(manager.get_age(task), null);
    },

    managerSettings() {
        const manager = new Tend.TaskManager();
        const assertLog = listen(manager, 'max-running', 'grace-period', 'rate', 'rate-period', 'slow-age',
            'slow-interval');
        manager.set_rate(5, 2000);
        manager.slow_age = 60000;
        manager.set_slow_check(60000, 30000);
        manager.slow_age = null;
        manager.set_max_running(3);
        manager.set_grace_period(null);
        assertLog('rate=5 rate-period=2000 slow-age=60000 slow-interval=30000 slow-age=null max-running=3 ' +
            'grace-period=null');
    },

    managerSignals() {
        const manager = new Tend.TaskManager();
        const log = [];
        const assertLog = compare(log);
        for (const kind of ['task-added', 'task-ended', 'task-failed']) {
            manager.connect(kind, (emitter, task, error) =>
                log.push(`${kind}:${task.name}${error ? `:${error.message}` : ''}`));
        }
        manager.register('a', () => {});
        manager.register('b', () => {
            throw new Error('no luck');
        });
        clock.advance(0);
        assertLog('task-added:a task-added:b task-ended:a task-failed:b:no luck task-ended:b');
    },

    managerOwnerAndParent() {
        const [parent, child] = [new Tend.TaskManager(), new Tend.TaskManager()];
        parent.add_child(child);
        assertEqual(child.parent, parent);
        assertEqual(child.owner, null);
    },

    channel() {
        const channel = new Tend.Channel({capacity: 2});
        const assertLog = listen(channel, 'length', 'closed');
        channel.try_send(1);
        channel.try_send(2);
        assertEqual([channel.capacity, channel.length].join(), '2,2');
        clock.advance(0);
        assertLog('length=2');
        channel.try_receive();
        channel.close();
        clock.advance(0);
        assertLog('length=1 closed=true');
    },

    completion() {
        const completion = new Tend.Completion({name: 'x'});
        const assertLog = listen(completion, 'done');
        assertEqual(completion.done, false);
        completion.set_value(1);
        assertLog('done=true');

        const cancelled = new Tend.Completion();
        const assertCancelled = listen(cancelled, 'done');
        cancelled.task.cancel();
        assertCancelled('done=true');
    },

    requestCache() {
        const requests = new Tend.RequestCache();
        const cache = new Tend.NumberCache({prefix: 'p', number: 7});
        const assertRequests = listen(requests, 'n-caches', 'shut-down');
        const assertCache = listen(cache, 'held', 'timeout');
        cache.connect('timed-out', () => assertCache.log.push('timed-out'));
        cache.set_timeout(2000);
        requests.add(cache);
        assertCache('timeout=2000 held=true');
        clock.advance(0);
        assertRequests('n-caches=1');
        clock.advance(2000);
        assertCache('held=false timed-out');
        assertRequests('n-caches=0');
        assertEqual([cache.prefix, cache.number, cache.timeout].join(), 'p,7,2000');
        assertEqual(requests.manager, requests.get_manager());
        requests.shutdown();
        clock.advance(0);
        assertRequests('shut-down=true');
    },

    retry() {
        const retry = new Tend.Retry({max_attempts: 3});
        const assertLog = listen(retry, 'max-attempts', 'first-wait', 'longest-wait', 'factor', 'jitter', 'timeout',
            'seed');
        retry.set_max_attempts(5);
        retry.set_back_off(1000, 8000, 3);
        retry.set_jitter(0.5);
        retry.set_timeout(60000);
        retry.set_seed(42);
        assertLog('max-attempts=5 first-wait=1000 longest-wait=8000 factor=3 jitter=0.5 timeout=60000 seed=42');
    },

    group() {
        const group = new Tend.Group({policy: Tend.GroupPolicy.FIRST_SUCCESS});
        const assertLog = listen(group, 'max-running', 'grace-period');
        group.set_max_running(2);
        group.set_grace_period(7000);
        assertLog('max-running=2 grace-period=7000');
        assertEqual(group.policy, Tend.GroupPolicy.FIRST_SUCCESS);
    },
});
