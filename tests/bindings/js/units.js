// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Times: milliseconds everywhere, and nothing that carries a time is forgotten. What carries one in the library is
// what the tables of Python say, which a test there compares with the GIR.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertThrows, runTests, clock} from './support.js';

const Units = imports.overrides._tendUnits;

const Cache = GObject.registerClass(class Cache extends Tend.NumberCache {
    vfunc_get_timeout() {
        return super.vfunc_get_timeout() / 2;
    }
});

const Smaller = GObject.registerClass(class Smaller extends Cache {
    vfunc_get_timeout() {
        return super.vfunc_get_timeout() / 2;
    }
});

const Slow = GObject.registerClass(class Slow extends Tend.TaskManager {
    vfunc_task_slow(task, age) {
        this.age = age;
    }
});

// The lines of Python's table as text: class, function, places.
function readPython() {
    const [, bytes] = GLib.file_get_contents(ARGV[0]);
    const text = new TextDecoder().decode(bytes);
    const table = text.slice(text.indexOf('FUNCTIONS = {'), text.indexOf('PROPERTIES = {'));
    const found = [];
    let klass = null;
    for (const line of table.split('\n').slice(1)) {
        const opened = /^ {4}(?:"(\w+)"|None): \{$/.exec(line);
        const named = /^ {8}"(\w+)": \{(.*)\},$/.exec(line);
        if (opened)
            klass = opened[1] ?? '';
        else if (named)
            found.push(`${klass}.${named[1].replace(/^do_/, 'vfunc_')} ${placesOf(named[2])}`);
    }
    return found.sort();
}

function placesOf(text) {
    return [...text.matchAll(/("?\w+"?): /g)]
        .map(([, place]) => place.replace(/"/g, '').replace('return', 'result')).join(' ');
}

function readOwn() {
    const found = [];
    for (const [klass, functions] of Object.entries(Units.FUNCTIONS)) {
        for (const [name, units] of Object.entries(functions)) {
            const places = Object.keys(units).filter(key => key !== 'property');
            if (Object.keys(units.result ?? {}).every(key => /^\d+$/.test(key)))
                places.push(...Object.keys(units.result ?? {}));
            found.push(`${klass}.${name} ${places.join(' ')}`);
        }
    }
    return found.sort();
}

runTests({
    nothingIsMissing() {
        assertEqual(readOwn().join('\n'), readPython().join('\n'));
    },

    settersAndGetters() {
        const task = new Tend.Task('x', () => {});
        assertEqual([task.get_delay(), task.get_interval(), task.get_deadline()].join(), ',,');
        assertEqual(task.deadline, null);
        task.set_delay(0.5);
        task.interval = 2.5;
        task.set_deadline(4e9);
        assertEqual([task.delay, task.get_interval(), task.get_deadline()].join(), '0.5,2.5,4000000000');
        task.set_deadline(null);
        assertEqual(task.get_deadline(), null);

        const manager = new Tend.TaskManager({grace_period: 250});
        manager.set_rate(3, 0.5);
        manager.set_slow_check(null, null);
        assertEqual([...manager.get_rate(), manager.grace_period].join(), '3,0.5,250');
        manager.set_grace_period(null);
        assertEqual(manager.get_grace_period(), null);
    },

    virtualFunctions() {
        const requests = new Tend.RequestCache();
        for (const [klass, time] of [[Cache, 5000], [Smaller, 2500]]) {
            const cache = new klass({prefix: 'p', number: 1});
            assertEqual(cache.get_timeout(), time);
            requests.add(cache);
            clock.advance(time - 0.001);
            assertEqual(cache.is_held(), true);
            clock.advance(0.001);
            assertEqual(cache.is_held(), false);
        }
    },

    signals() {
        const manager = new Slow();
        const ages = [];
        manager.set_slow_check(1500, 10000);
        manager.connect('task-slow', (_, task, age) => ages.push(age));
        manager.register('x', () => Tend.sleep(2000));
        clock.advance(1500);
        assertEqual(manager.age, 1500);
        assertEqual(ages.join(), '1500');
        clock.advance(1000);
    },

    timers() {
        const task = Tend.Task.new_open('x', () => true);
        const times = [];
        const begin = clock.get_time();
        const timer = task.add_timer(1000, null, () => {
            times.push(clock.get_time() - begin);
            if (times.length === 1)
                timer.set_delay(500);
            return true;
        });
        assertEqual(timer.get_remaining(), 1000);
        timer.set_delay(2000);
        clock.advance(500);
        assertEqual(timer.get_remaining(), 1500);
        for (const time of [-1, NaN, Infinity])
            assertThrows(() => timer.set_delay(time), RangeError);
        assertThrows(() => timer.set_delay(null), TypeError);
        clock.advance(10000);
        assertEqual(times.join(), '2000,2500');
        assertEqual(timer.get_remaining(), null);
        task.stop();
    },

    whatIsNoTime() {
        const task = new Tend.Task('x', () => {});
        const manager = new Tend.TaskManager();
        for (const call of [
            time => task.set_delay(time), time => task.set_interval(time), time => task.set_deadline(time),
            time => task.with_timeout(time), time => Tend.Task.run_delay(time), time => clock.advance(time),
            time => manager.debounce('x', time, () => {}), time => (task.delay = time),
            time => Tend.watchdog_start(time),
            time => new Tend.NumberCache({prefix: 'p', number: 1, timeout: time}),
        ]) {
            for (const time of [-1, -0.5, NaN, -Infinity])
                assertThrows(() => call(time), RangeError);
            for (const time of ['1', [], {}, true, undefined])
                assertThrows(() => call(time), TypeError);
        }
        assertThrows(() => task.set_delay(Infinity), RangeError);
        assertThrows(() => task.add_timer(0, 0, () => {}), RangeError);
        assertThrows(() => manager.set_slow_check(0, 1), RangeError);
        assertThrows(() => Tend.set_thread_spin_time(2), RangeError);
        assertThrows(() => Tend.Task.run_delay(null), TypeError);
    },
});
