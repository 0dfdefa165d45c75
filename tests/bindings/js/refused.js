// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the library refuses is an exception in JavaScript: each function that sets something is given nonsense. A
// critical, which the library prints for it, would end the test.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertThrows, runTests} from './support.js';

const NONSENSE = [-1, -0.5, 0, 5, NaN, Infinity, -Infinity, 1e30, 'text', null, undefined, {}, [1], () => {}];

GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_CRITICAL | GLib.LogLevelFlags.LEVEL_ERROR);

const makeTask = () => Tend.Task.new('x', () => {});

// What is called with its own arguments but for one, by the object that has it.
const CALLS = [
    [() => new Tend.Cancellable(), {cancel_after: [1], add_parent: [null], cancel_with_reason: ['x']}],
    [() => new Tend.Channel(), {close_with_error: [new Error()]}],
    [() => new Tend.Completion({name: 'x'}), {
        set_boolean: [true], set_cancelled: [], set_error: [], set_int: [1], set_object: [null], set_string: [null],
        set_value: [],
    }],
    [() => new Tend.Group(), {set_grace_period: [1], set_max_running: [1]}],
    [() => new Tend.NumberCache({prefix: 'p', number: 1}), {set_timeout: [1], restart_timeout: [1], remove_task: [null]}],
    [() => new Tend.RequestCache(), {
        has: ['p', 1], has_type: [Tend.NumberCache, 1], lookup: ['p', 1], lookup_type: [Tend.NumberCache, 1],
        pop: ['p', 1], pop_type: [Tend.NumberCache, 1], push_timeout: [Tend.NumberCache, 1], wait_for: ['p', 1, 1],
        wait_for_text: ['p', 'k', 1], has_text: ['p', 'k'], lookup_text: ['p', 'k'], pop_text: ['p', 'k'],
    }],
    [() => Tend.Retry.new(3), {
        set_back_off: [1, 2, 2], set_jitter: [0.5], set_max_attempts: [1], set_predicate: [null], set_seed: [1],
        set_timeout: [1],
    }],
    [makeTask, {
        add_timer: [1, 1, () => {}], forward_progress: [Tend.Task.new('to'), 0, 1], pulse: [null], set_deadline: [1],
        set_delay: [1], set_interval: [1], set_interval_mode: [0], set_keep_going: [true], set_origin: ['a.js:1'],
        set_priority: [1], set_progress: [0.5, null], set_stack_size: [1],
    }],
    [() => new Tend.TaskManager(), {
        get_run_time: [0.5], ignore_error: [1, 1], set_grace_period: [1], set_keep_ended: [1], set_max_running: [1],
        set_rate: [5, 1],
        set_slow_check: [5, 5],
    }],
    [() => Tend.RandomNumberCache, {new: [new Tend.RequestCache(), 'p', 16]}],
];

const PROPERTIES = [
    [() => new Tend.Group(), ['grace_period', 'max_running']],
    [() => new Tend.NumberCache({prefix: 'p', number: 1}), ['timeout']],
    [() => Tend.Retry.new(3), ['jitter', 'max_attempts', 'seed', 'timeout']],
    [makeTask, ['deadline', 'delay', 'interval', 'interval_mode', 'keep_going', 'priority', 'stack_size']],
    [() => new Tend.TaskManager(), [
        'grace_period', 'max_running', 'rate', 'rate_period', 'slow_age', 'slow_interval',
    ]],
];

// Whatever is thrown, it is an exception.
function attempt(func) {
    try {
        func();
    } catch (error) {
        assertEqual(error instanceof Error || error instanceof GLib.Error, true);
    }
}

runTests({
    functions() {
        for (const [make, calls] of CALLS) {
            for (const [name, good] of Object.entries(calls)) {
                for (const place of good.keys()) {
                    for (const value of NONSENSE)
                        attempt(() => make()[name](...good.map((own, n) => n === place ? value : own)));
                }
            }
        }
    },

    properties() {
        for (const [make, names] of PROPERTIES) {
            for (const name of names) {
                for (const value of NONSENSE) {
                    attempt(() => {
                        make()[name] = value;
                    });
                }
            }
        }
    },

    nothingIsMissing() {
        for (const [make, calls] of CALLS) {
            const setters = Object.getOwnPropertyNames(make().constructor.prototype ?? {})
                .filter(name => name.startsWith('set_') && name !== 'set_error_if_cancelled');
            assertEqual(setters.filter(name => !Object.hasOwn(calls, name)).join(), '');
        }
    },

    values() {
        const [task, to, manager, retry] = [makeTask(), Tend.Task.new('to'), new Tend.TaskManager(), Tend.Retry.new(3)];
        const requests = new Tend.RequestCache();
        for (const call of [
            () => retry.set_back_off(2, 1, 2), () => retry.set_back_off(1, 2, 0.5), () => retry.set_back_off(1, 2, NaN),
            () => retry.set_jitter(1.5), () => (retry.jitter = -1), () => new Tend.Retry({jitter: 2}),
            () => manager.set_rate(1, 0), () => manager.set_slow_check(5, null),
            () => manager.throttle('x', 0, () => {}), () => manager.ignore_error(0, 1),
            () => manager.get_run_time(1.5), () => manager.set_max_running(NaN), () => (manager.rate_period = 0),
            () => new Tend.TaskManager({slow_age: 0}), () => task.set_progress(NaN, null),
            () => task.forward_progress(to, 0, 2), () => task.set_delay(-1), () => task.set_interval(-1),
            () => task.set_interval(0), () => (task.interval = 0), () => Tend.RandomNumberCache.new(requests, 'p', 0),
            () => new Tend.RandomNumberCache({request_cache: requests, bits: 65}),
        ])
            assertThrows(call, RangeError);
        for (const call of [
            () => requests.push_timeout(Tend.Task, 1), () => requests.has_type(GObject.Object, 1),
            () => requests.lookup_type({}, 1), () => new Tend.RandomNumberCache({prefix: 'p'}),
            () => retry.set_jitter('x'), () => task.set_progress(null, null), () => manager.set_rate(undefined, 1),
        ])
            assertThrows(call, TypeError);
    },

    // What is refused next to these is not.
    goodValues() {
        const [manager, retry] = [new Tend.TaskManager(), new Tend.Retry({jitter: 1})];
        retry.set_back_off(1, 1, 1);
        retry.set_jitter(0);
        assertEqual(retry.jitter, 0);
        manager.set_rate(3, 1);
        manager.set_rate(0, 0);
        manager.set_rate(...manager.get_rate());
        manager.set_slow_check(null, null);
        manager.set_slow_check(1, 1);
        const requests = new Tend.RequestCache();
        assertEqual(requests.has_type(Tend.RandomNumberCache, 1), false);
        assertEqual(requests.has_type(Tend.RandomNumberCache.$gtype, 1), false);
        for (const bits of [1, 64]) {
            assertEqual(new Tend.RandomNumberCache({request_cache: requests, bits}).bits, bits);
            assertEqual(Tend.RandomNumberCache.new(requests, 'p', bits).bits, bits);
        }

        const task = Tend.Task.new('x', () => {}, {delay: 1, interval: 2});
        task.set_delay(null);
        task.interval = null;
        assertEqual([task.delay, task.get_interval()].join(), ',');
        assertEqual(Tend.Task.new('x', () => {}, {delay: null, interval: null}).interval, null);
    },
});
