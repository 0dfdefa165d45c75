// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A class derived from the manager in JavaScript; see subclass.c.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import System from 'system';
import Tend from 'gi://Tend?version=1';

const SECOND = 1000;
const clock = Tend.Clock.freeze(null);
const READ_WRITE = GObject.ParamFlags.READWRITE;

const TestNode = GObject.registerClass({
    Properties: {label: GObject.ParamSpec.string('label', '', '', READ_WRITE, '')},
}, class TestNode extends Tend.TaskManager {
    _init(params = {}) {
        super._init(params);
        this.log = [];
    }

    vfunc_task_failed(task, error) {
        super.vfunc_task_failed(task, error);
        this.log.push(`node: ${task.get_name()}: ${error.message}`);
    }

    visit(task) {
        this.log.push(task.get_name());
    }

    // Goes on until it is cancelled, as a body does that waits for an operation.
    async stay(task) {
        try {
            await Tend.sleep(1000);
        } catch (error) {
            this.log.push(task.get_name());
            throw error;
        }
    }
});

const TestHastyNode = GObject.registerClass(class TestHastyNode extends TestNode {
    _init() {
        super._init();
        this.register('hasty', task => this.visit(task));
    }

    vfunc_task_failed(task, error) {
        this.log.push('hasty');
        super.vfunc_task_failed(task, error);
    }
});

function assertEqual(value, expected) {
    if (value !== expected)
        throw new Error(`${value} is not ${expected}`);
}

function fail() {
    throw new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, 'busy');
}

// What tells whether a node is still there. The tests leave it behind, and with it no other reference.
const target = new TestNode();
const watch = node => node.bind_property('label', target, 'label', GObject.BindingFlags.DEFAULT);

const abandoned = Tend.Task.new('never', () => {});

const tests = {
    properties() {
        const node = new TestNode({label: 'Anna', max_running: 2});
        assertEqual(node.label, 'Anna');
        assertEqual(node.get_max_running(), 2);
        return watch(node);
    },

    classMethod() {
        const node = new TestNode();
        node.connect('task-failed', emitter => emitter.log.push('handler'));
        node.register('x', fail);
        clock.advance(0);
        assertEqual(node.log.join(), 'handler,node: x: busy');
        return watch(node);
    },

    classMethodChainsUp() {
        const node = new TestHastyNode();
        node.cancel_all();
        node.register('x', fail);
        clock.advance(0);
        assertEqual(node.log.join(), 'hasty,node: x: busy');
        return watch(node);
    },

    constructorRegisters() {
        const node = new TestHastyNode();
        assertEqual(node.is_active('hasty'), true);
        node.cancel_all();
        clock.advance(0);
        assertEqual(node.get_n_items(), 0);
        assertEqual(node.log.length, 0);
        return watch(node);
    },

    listModel() {
        const node = new TestNode();
        assertEqual(node instanceof Gio.ListModel, true);
        const tasks = ['a', 'b'].map(name => node.register(name, task => node.visit(task)));
        assertEqual(node.get_n_items(), 2);
        tasks.forEach((task, position) => assertEqual(node.get_item(position), task));
        clock.advance(0);
        assertEqual(node.get_n_items(), 0);
        assertEqual(node.log.join(), 'a,b');
        return watch(node);
    },

    shutdown() {
        const node = new TestNode();
        const log = node.log;
        node.register('a', task => node.stay(task));
        node.register('b', task => node.stay(task));
        ['last', 'very-last'].forEach(
            name => node.add_shutdown_task(Tend.Task.new(name, task => node.visit(task))));
        clock.advance(0);
        assertEqual(log.length, 0);
        node.shutdown_async(null, (source, result) => log.push(source.shutdown_finish(result)));
        clock.advance(0);
        assertEqual(log.join(), 'a,b,last,very-last,true');
        return watch(node);
    },

    dropped() {
        const node = new TestNode();
        abandoned.set_delay(SECOND);
        node.register(abandoned);
        return watch(node);
    },
};

function collect() {
    for (let i = 0; i < 3; i++) {
        System.gc();
        clock.advance(0);
    }
}

let nFailed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        const binding = test();
        collect();
        assertEqual(binding.dup_source(), null);
        assertEqual(abandoned.get_status(), name === 'dropped' ? Tend.TaskStatus.CANCELLED : Tend.TaskStatus.CREATED);
        print(`${name}: ok`);
    } catch (error) {
        nFailed++;
        print(`${name}: ${error}\n${error.stack ?? ''}`);
    }
}
System.exit(nFailed === 0 ? 0 : 1);
