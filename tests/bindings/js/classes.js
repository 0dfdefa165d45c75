// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The other classes in the language's way: iterators, promises, and classes derived from them.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, clock, collect, runTests} from './support.js';

const SECOND = 1000;
const {registerClass} = GObject;

async function later(value) {
    await Tend.sleep(1000);
    return value;
}

const run = value => Tend.Task.run(null, () => later(value));

const Node = registerClass(class TestJsNode extends Tend.TaskManager {
    _init(params) {
        super._init(params);
        this.log = [];
    }

    vfunc_task_failed(task) {
        this.log.push(task.get_error());
    }
});

const derived = {
    Query: registerClass(class TestJsQuery extends Tend.NumberCache {
        vfunc_timed_out() {
            this.log = ['timed out'];
        }
    }),
    Ping: registerClass(class TestJsPing extends Tend.RandomNumberCache {
        vfunc_timed_out() {
            this.log = ['timed out'];
        }
    }),
    Group: registerClass(class TestJsGroup extends Tend.Group {}),
    Channel: registerClass(class TestJsChannel extends Tend.Channel {}),
    Completion: registerClass(class TestJsCompletion extends Tend.Completion {}),
    Cancellable: registerClass(class TestJsCancellable extends Tend.Cancellable {}),
    RequestCache: registerClass(class TestJsRequestCache extends Tend.RequestCache {}),
};

const tests = {
    managerIsIterable: async () => {
        const manager = new Tend.TaskManager();
        const tasks = ['a', 'b'].map(name => manager.register(name, () => later(1)));
        assertEqual([...manager].map(task => task.get_name()).join(), 'a,b');
        assertEqual(manager.size, 2);
        assertEqual(manager.has('a') && !manager.has('c'), true);
        assertEqual(manager.get('b'), tasks[1]);
        assertEqual(manager.get('c'), null);
        assertEqual((await Tend.when_all(manager)).join(), '1,1');
        assertEqual([...manager].length, 0);
    },

    managerPromises: async () => {
        const [manager, log] = [new Tend.TaskManager(), []];
        manager.register('a', async () => log.push(await later('a')));
        assertEqual(await manager.wait_for_tasks(), true);
        manager.add_shutdown_task(Tend.Task.new('b', async () => log.push(await later('b'))));
        assertEqual(await manager.shutdown(), true);
        assertEqual(await manager.shutdown_async(null), true);
        assertEqual(log.join(), 'a,b');
        const called = await new Promise(resolve => manager.shutdown_async(null, (_source, result) => resolve(result)));
        assertEqual(manager.shutdown_finish(called), true);
    },

    managerEnds: async () => {
        const [manager, log] = [new Tend.TaskManager(), []];
        const stopped = manager.register('stopped', () => Tend.sleep(1000));
        manager.stop_all();
        assertEqual(stopped.get_status(), Tend.TaskStatus.STOPPED);
        assertEqual(manager.is_closed(), false);
        manager.register('a', async () => log.push(await later('a')));
        manager.add_shutdown_task(Tend.Task.new('b', async () => log.push(await later('b'))));
        manager.close();
        assertEqual(manager.is_closed(), true);
        assertThrows(() => manager.register('late', () => 1), Tend.Error, Tend.Error.SHUT_DOWN);
        assertEqual(manager.is_shut_down(), false);
        assertEqual(await manager.drain(), true);
        assertEqual(log.join(), 'a,b');
        assertEqual(manager.is_shut_down(), true);
    },

    shutdownInATask: async () => {
        const manager = new Tend.TaskManager();
        manager.register('other', () => later(1));
        await manager.register('shutdown', () => manager.shutdown()).catch(() => {});
        assertEqual(manager.is_shut_down(), true);
    },

    failedTasksAreTold: async () => {
        const [node, error] = [new Node(), new TypeError('x')];
        node.register('a', () => Promise.reject(error));
        await Tend.sleep(1);
        assertEqual(node.log[0], error);
        assertEqual(node.log.length, 1);
    },

    channelValues: async () => {
        const channel = Tend.Channel.new(1);
        const values = [undefined, null, {a: 1}, [1], () => {}, 5, 'a\0b', 10n, new GObject.Object(), run(1)];
        Tend.Task.run('send', async () => {
            for (const value of values)
                await channel.send(value); // eslint-disable-line no-await-in-loop
            channel.close();
        });
        for (const value of values.slice(0, -1)) {
            await collect(); // eslint-disable-line no-await-in-loop
            assertEqual(await channel.receive(), value); // eslint-disable-line no-await-in-loop
        }
        assertEqual(await channel.receive(), values[values.length - 1]);
        await assertRejects(channel.receive(), Tend.Error, Tend.Error.CLOSED);
        await assertRejects(channel.send(1), Tend.Error, Tend.Error.CLOSED);
    },

    channelItemsMayBeLeftOut: async () => {
        const channel = Tend.Channel.new(2);
        await channel.send();
        channel.try_send();
        assertEqual(await channel.receive(), undefined);
        assertEqual(await channel.receive(), undefined);
    },

    channelIsIterable: async () => {
        const [channel, log] = [new Tend.Channel(), []];
        const consumer = Tend.Task.run('consumer', async task => {
            for await (const {value} of channel)
                log.push(value, Tend.Task.get_current() === task);
        });
        for (const value of [1, 2])
            await channel.send({value}); // eslint-disable-line no-await-in-loop
        channel.close();
        await consumer;
        assertEqual(log.join(), '1,true,2,true');
    },

    channelLoopsThatBreak: async () => {
        const [channel, log] = [new Tend.Channel(), []];
        [1, 2, 3].forEach(value => assertEqual(channel.try_send([value]), true));
        for await (const [value] of channel) {
            log.push(value);
            break;
        }
        for await (const [value] of channel) {
            log.push(value);
            if (value === 2)
                break;
        }
        assertEqual(channel.try_receive()[1][0], 3);
        assertEqual(channel.size, 0);
        assertEqual(log.join(), '1,2');
    },

    channelErrors: async () => {
        const [channel, error] = [new Tend.Channel(), new TypeError('x')];
        channel.close_with_error(error);
        await assertRejects(channel.receive(), error);

        const [first, second] = ['a', 'b'].map(text => new GLib.Error(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, text));
        const closed = new Tend.Channel();
        closed.close_with_error(first);
        closed.close_with_error(second);
        await assertRejects(closed.receive(), first);
        await assertRejects((async () => {
            for await (const item of channel)
                throw new Error(`${item} was received`);
        })(), error);
    },

    tasksAsTheyEnd: async () => {
        const [log, failing] = [[], Tend.Task.run(null, () => Promise.reject(new TypeError('x')))];
        const tasks = new Set([3, 1, 2].map(n => Tend.Task.run(null, async () => {
            await Tend.sleep(n * 1000);
            return n;
        })));
        for await (const task of Tend.when_each([...tasks, failing]))
            log.push(await task.catch(error => error.name));
        assertEqual(log.join(), 'TypeError,1,2,3');

        const body = async self => {
            const current = [];
            for await (const task of Tend.when_each(tasks)) {
                current.push(Tend.Task.get_current() === self && tasks.has(task));
                if (current.length === 2)
                    break;
            }
            return current.join();
        };
        assertEqual(await Tend.Task.run('each', body), 'true,true');
        for await (const task of Tend.when_each([]))
            throw new Error(`${task} has ended`);
    },

    combinatorsTakeAnyIterable: async () => {
        const tasks = new Set([run(1), run(2)]);
        assertEqual((await Tend.when_all(tasks)).join(), '1,2');
        assertEqual((await Tend.when_all([])).length, 0);
        await Tend.wait_all(tasks.values());
        assertEqual(tasks.has(await Tend.when_any(tasks)), true);
    },

    groups: async () => {
        const group = new derived.Group({policy: Tend.GroupPolicy.FIRST_SUCCESS});
        const fast = Tend.Task.new(null, () => later({fast: 1}));
        group.add(Tend.Task.new(null, () => Promise.reject(new Error('x'))));
        group.add(fast);
        assertEqual(await group.join(), fast);
        assertEqual(fast.result.fast, 1);
        group.cancel();
    },

    retries: async () => {
        const retry = Tend.Retry.new(3);
        assertEqual(await retry.run('a', (_task, attempt) => {
            if (attempt < 3)
                throw new Error(`${attempt}`);
            return Tend.Task.new('inner', () => later(attempt));
        }), 3);

        const inner = Tend.Task.new('inner', () => later(1));
        const task = retry.create_task('b', () => inner);
        task.start();
        await Tend.sleep(10);
        task.cancel();
        await assertRejects(task, Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        assertEqual(inner.get_status(), Tend.TaskStatus.CANCELLED);
    },

    predicatesAnswerAtOnce: async () => {
        let nAttempts = 0;
        const [error, retry] = [new TypeError('x'), Tend.Retry.new(3)];
        retry.set_predicate(async () => true); // eslint-disable-line require-await
        await assertRejects(retry.run(null, () => {
            nAttempts++;
            throw error;
        }), error);
        assertEqual(nAttempts, 1);
    },

    requestCache: async () => {
        const requests = new derived.RequestCache();
        const query = new derived.Query({prefix: 'query', number: 5, timeout: SECOND});
        const answer = new derived.Completion();
        query.add_task(answer.task, {no: 'answer'});
        query.own = {a: 1};
        assertEqual(requests.add(query), true);
        assertEqual(requests.size, 1);
        assertEqual(await requests.wait_for('query', 5, null), query);
        assertEqual((await answer.task).no, 'answer');
        assertEqual(query.log.join(), 'timed out');
        assertEqual(query.own.a, 1);

        const ping = new derived.Ping({request_cache: requests, prefix: 'ping', bits: 16});
        requests.add(ping);
        await Tend.sleep(20000);
        assertEqual(ping.log.join(), 'timed out');
        await requests.shutdown();
        assertThrows(() => requests.add(query), Tend.Error, Tend.Error.SHUT_DOWN);
    },

    derivedClasses: async () => {
        const channel = new derived.Channel({capacity: 2});
        await channel.send({a: 1});
        assertEqual((await channel.receive()).a, 1);
        const cancellable = new derived.Cancellable();
        const task = run(1);
        task.add_cancellable(cancellable);
        cancellable.cancel_with_reason('enough');
        assertEqual((await assertRejects(task)).message.includes('cancelled'), true);
        const completion = new derived.Completion({name: 'x'});
        completion.set_value([1]);
        assertEqual((await completion.task)[0], 1);
    },

    finalClasses() {
        for (const name of ['Clock', 'Retry', 'Task', 'TaskStream'])
            assertThrows(() => registerClass({GTypeName: `TestJs${name}`}, class extends Tend[name] {}), TypeError);
    },

    debounceAndThrottle: async () => {
        const [manager, log, begin] = [new Tend.TaskManager(), [], clock.get_time()];
        for (let i = 0; i < 3; i++)
            manager.debounce('save', SECOND, () => log.push(`save ${i}`));
        await manager.wait_for_tasks();
        assertEqual(log.join(), 'save 2');
        assertEqual(clock.get_time() - begin, SECOND);
        for (let i = 0; i < 3; i++)
            manager.throttle('draw', SECOND, async () => log.push(await `draw ${i}`));
        await manager.wait_for_tasks();
        assertEqual(log.join(), 'save 2,draw 0,draw 2');
    },
};

runTests(tests);
