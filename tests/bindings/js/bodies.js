// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions and async functions as bodies, wherever one is given, and the options of a task.

import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, clock, runTests} from './support.js';

const SECOND = 1000;
const {COMPLETED, CREATED, RUNNING} = Tend.TaskStatus;

async function later(task) {
    await Tend.sleep(1000);
    return task.get_name();
}

const tests = {
    constructors: async () => {
        const tasks = [Tend.Task.new('a', later), new Tend.Task('a', later), new Tend.Task({name: 'a', body: later})];
        for (const task of tasks) {
            assertEqual(task.get_status(), CREATED);
            assertEqual(task.get_name(), 'a');
            task.start();
            assertEqual(task.get_status(), RUNNING);
            assertEqual(await task, 'a'); // eslint-disable-line no-await-in-loop
        }
        assertEqual(Tend.Task.run('a', () => 1).get_status(), COMPLETED);
        for (const task of [new Tend.Task(), new Tend.Task({}), new Tend.Task('a'), Tend.Task.new(null, null)]) {
            task.return_value(1);
            assertEqual(task.result, 1);
        }
    },

    openTask: async () => {
        const seen = [];
        const begin = task => {
            seen.push(task === Tend.Task.get_current());
            Tend.sleep(1000).then(() => task.return_value('late'));
            return 'ignored';
        };
        const task = Tend.Task.new_open('a', begin, {delay: 2000});
        assertEqual([task.get_status(), task.get_name(), task.get_delay()].join(), [CREATED, 'a', 2000].join());
        task.start();
        assertEqual(await task, 'late');
        assertEqual(await Tend.Task.run_open(null, begin), 'late');
        assertEqual(seen.join(), 'true,true');

        const manager = new Tend.TaskManager();
        assertEqual(await manager.register(Tend.Task.new_open('b', begin)), 'late');
        const waiting = Tend.Task.run_open('c', () => {});
        await Tend.sleep(1000);
        assertEqual(waiting.get_status(), RUNNING);
        waiting.return_value('by another');
        assertEqual(await waiting, 'by another');
        for (const empty of [Tend.Task.new_open('d'), Tend.Task.new_open()]) {
            empty.return_value(1);
            assertEqual(empty.result, 1);
        }
    },

    openTaskFails: async () => {
        const error = new Error('no luck');
        const fail = () => {
            throw error;
        };
        await assertRejects(Tend.Task.run_open('a', fail), error);
        await assertRejects(Tend.Task.run_open('a', async () => {
            await Tend.sleep(1000);
            fail();
        }), error);

        // What comes after the end is too late.
        const task = Tend.Task.run_open('a', async open => {
            open.return_value('first');
            await Tend.sleep(1000);
            fail();
        });
        assertEqual(await task, 'first');
        await Tend.sleep(2000);
    },

    theBodyGetsItsTask: async () => {
        const [manager, seen] = [new Tend.TaskManager(), []];
        const body = task => seen.push(task === Tend.Task.get_current() ? task.get_name().split(' ')[0] : 'another');
        const retry = Tend.Retry.new(1);
        Tend.Task.run('run', body);
        await Promise.all([
            manager.register('register', body), manager.register('registered', body),
            manager.register(Tend.Task.new('task', body)), manager.register_anonymous('anonymous', body),
            manager.debounce('debounce', SECOND, body), manager.throttle('throttle', SECOND, body),
            retry.run('retry', (task, attempt) => seen.push(task instanceof Tend.Task && attempt)),
        ]);
        assertEqual(seen.sort().join(), '1,anonymous,debounce,register,registered,run,task,throttle');
    },

    options: async () => {
        const task = new Tend.Task('a', () => {}, {
            delay: 1500, interval: 2.5, interval_mode: Tend.IntervalMode.FIXED_RATE, keep_going: true, priority: 5,
        });
        assertEqual(task.get_delay(), 1500);
        assertEqual(task.get_interval(), 2.5);
        assertEqual(task.get_interval_mode(), Tend.IntervalMode.FIXED_RATE);
        assertEqual(task.get_keep_going(), true);
        assertEqual(task.get_priority(), 5);

        const manager = new Tend.TaskManager();
        const begin = clock.get_time();
        await manager.register('b', () => {}, {delay: 3000});
        assertEqual(clock.get_time() - begin, 3 * SECOND);
        assertEqual(manager.register_anonymous('c', later, {delay: 7}).get_delay(), 7);
        assertEqual(manager.register(Tend.Task.new('d', later), {delay: 7}).get_delay(), 7);
        await manager.shutdown();
    },

    policies: async () => {
        const manager = new Tend.TaskManager();
        const first = manager.register('a', later);
        assertEqual(manager.register('a', later, {policy: Tend.NamePolicy.KEEP}), first);
        assertThrows(() => manager.register('a', later), Tend.Error, Tend.Error.EXISTS);
        const second = manager.register('a', later, {policy: Tend.NamePolicy.REPLACE});
        assertEqual(manager.get('a'), second);
        await assertRejects(first);
        assertEqual(await second, 'a');
    },

    interval: async () => {
        let nRuns = 0;
        const begin = clock.get_time();
        const task = Tend.Task.run('a', async self => {
            await Tend.sleep(500);
            if (++nRuns === 3)
                self.cancel();
        }, {interval: 1000});
        await assertRejects(task);
        assertEqual(nRuns, 3);
        assertEqual(clock.get_time() - begin, 4.5 * SECOND);
    },

    anIntervalEndsWithWhatItsBodyThrows: async () => {
        const error = new RangeError('enough');
        await assertRejects(Tend.Task.run('a', () => {
            throw error;
        }, {interval: 1000}), error);
    },

    theFirstReturnCounts: async () => {
        assertEqual(await Tend.Task.run('a', task => {
            task.return_value(1);
            return 2;
        }), 1);
        const error = new Error('first');
        await assertRejects(Tend.Task.run('a', task => {
            task.return_error(error);
            throw new Error('second');
        }), error);
        assertEqual(await Tend.Task.run('a', async task => {
            await Tend.sleep(1);
            task.return_int(1);
            return 2;
        }), 1);
    },

    aTaskDoesNotWaitForItself: async () => {
        for (const body of [task => task, async task => task, async task => { // eslint-disable-line require-await
            await task;
        }])
            await assertRejects(Tend.Task.run('a', body), TypeError); // eslint-disable-line no-await-in-loop
    },

    threadsAreNotForJavaScript() {
        const manager = new Tend.TaskManager();
        for (const call of [Tend.Task.new_thread, Tend.Task.run_thread, () => manager.register_thread('a', later)])
            assertEqual(/one thread.*async function/.test(assertThrows(call, Error).message), true);
    },

    wrongArguments() {
        const manager = new Tend.TaskManager();
        const retry = Tend.Retry.new(1);
        const task = Tend.Task.new('a', later);
        for (const wrong of [5, 'text', {}, Symbol('x'), Promise.resolve()]) {
            for (const call of [
                () => Tend.Task.new('a', wrong), () => Tend.Task.run('a', wrong), () => new Tend.Task('a', wrong),
                () => Tend.Task.new_open('a', wrong), () => Tend.Task.run_open('a', wrong),
                () => manager.register('a', wrong),
                () => manager.register_anonymous('a', wrong), () => manager.debounce('a', 1, wrong),
                () => manager.throttle('a', 1, wrong), () => retry.run('a', wrong), () => retry.create_task('a', wrong),
                () => task.add_timer(1, 1, wrong), () => task.post(wrong), () => task.add_exit_handler(wrong),
                () => Tend.wait_all(wrong === 'text' ? 5 : wrong),
                () => Tend.when_all([wrong instanceof Promise ? 5 : wrong]),
                () => Tend.when_each([wrong instanceof Promise ? 5 : wrong]), () => manager.register(wrong, wrong),
            ])
                assertThrows(call, TypeError);
        }
        for (const call of [
            () => Tend.Task.run('a', null), () => Tend.Task.run('a'), () => Tend.Task.run_open('a'),
            () => manager.register('a'),
            () => Tend.Task.new('a', later, {dealy: 5}), () => Tend.Task.new('a', later, null),
            () => Tend.Task.new_open('a', later, {dealy: 5}),
            () => manager.register('a', later, {delay: '5'}),
            () => Tend.Task.new('a', later, {interval: true}),
            () => Tend.sleep('5'), () => Tend.sleep(), () => Tend.when_any(null), () => Tend.run(5),
            () => Tend.Task.new('a', later, {deadline: 'soon'}), () => Tend.Task.new('a', later, {priority: 'high'}),
            () => Tend.Task.new('a', later, {interval_mode: 'rate'}),
            () => task.with_timeout(), () => task.with_timeout('5'), () => task.with_deadline(),
        ])
            assertThrows(call, TypeError);
        for (const call of [
            () => Tend.sleep(-1), () => Tend.sleep(NaN), () => Tend.sleep(Infinity), () => Tend.when_any([]),
            () => Tend.Task.new('a', later, {deadline: NaN}),
            () => Tend.Task.new('a', later, {delay: -1}), () => Tend.Task.new('a', later, {interval: 0}),
            () => task.with_timeout(-1),
        ])
            assertThrows(call, RangeError);
        assertEqual(manager.size, 0);
        assertEqual(task.get_status(), CREATED);
    },
};

runTests(tests);
