// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/javascript.md. It runs on a clock that stands still, so that an hour is over at once.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Tend from 'gi://Tend?version=1';

// --- Bodies ---

function add() {
    return 2 + 3;
}

async function look(task, times = 2) {
    for (let n = 1; n <= times; n++) {
        await Tend.sleep(1000);
        print(`${task.get_name()}: look ${n}`);
    }
    return times;
}

async function showBodies() {
    print(await Tend.Task.run('sum', add));
    print(await Tend.Task.run('example.org', look));
    print(await Tend.Task.run('gnome.org', task => look(task, 1)));
}

function* copy(task, names) {
    const lock = yield* takeLock();
    try {
        for (const name of names)
            yield Tend.sleep(100);
        return names.length;
    } finally {
        lock.release();
    }
}

function* takeLock() {
    const lock = new Tend.Semaphore({n_permits: 1});
    yield lock.acquire();
    return lock;
}

async function showGenerator() {
    print(await Tend.Task.run('copy', task => copy(task, ['a', 'b'])));
}

async function showTask() {
    const task = new Tend.Task('look', look, {delay: 2000, priority: GLib.PRIORITY_LOW});
    task.start();
    print(task.get_name(), task.get_status() === Tend.TaskStatus.PENDING);
    print(await task, task.result);
}

Gio._promisify(Gio.File.prototype, 'load_contents_async', 'load_contents_finish');

async function load(task, path) {
    const file = Gio.File.new_for_path(path);
    const [contents] = await task.wait_for(file.load_contents_async(task.get_cancellable()));
    return new TextDecoder().decode(contents);
}

// --- Exceptions ---

function check(number) {
    if (number < 0)
        throw new RangeError(`${number} is negative`);
    return number;
}

async function showExceptions() {
    try {
        await Tend.Task.run('check', () => check(-1));
    } catch (error) {
        print(error instanceof RangeError, error.message);
    }

    try {
        await Tend.Task.run('load', task => load(task, '/nowhere'));
    } catch (error) {
        print(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND));
    }

    try {
        await Tend.wait_all([-2, 0, -3].map(n => Tend.Task.run(null, () => check(n))));
    } catch (error) {
        print(error.matches(Tend.Error, Tend.Error.SEVERAL), error.errors.map(each => each.message).join());
    }
}

// --- Cancel and stop ---

async function keepConnection(log) {
    try {
        await Tend.sleep(3600 * 1000);
    } catch (error) {
        log.push('asked to end');
        await Tend.sleep(1000);
        log.push('said goodbye');
        throw error;
    } finally {
        log.push('closed');
    }
}

async function showCancel() {
    const log = [];
    const task = Tend.Task.run('connection', () => keepConnection(log));
    task.cancel();
    try {
        await task;
    } catch (error) {
        print(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), log.join());
    }
}

async function showStop() {
    const log = [];
    const task = Tend.Task.run('connection', () => keepConnection(log));
    task.add_exit_handler(() => log.push('exit handler'));
    task.stop();
    print(log.join());
    try {
        await task;
    } catch (error) {
        print(error.matches(Tend.Error, Tend.Error.STOPPED), log.join());
    }
}

async function showLimits() {
    const task = Tend.Task.run('slow', () => Tend.sleep(3600 * 1000));
    try {
        await task.with_timeout(500);
    } catch (error) {
        print(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT));
        task.cancel();
    }
}

// --- Promises of others ---

async function fetchBoth(first, second) {
    const one = await first;
    // To cancel the task throws here.
    await Tend.sleep(10);
    return one + await second;
}

async function waitForEither(task, promise) {
    return await task.wait_for(promise);
}

async function showPromises() {
    const task = Tend.Task.run('both', self => waitForEither(self, fetchBoth(Promise.resolve(1), Promise.resolve(2))));
    print(await Promise.all([task, Tend.sleep(5), 'text']));
}

// --- Managers ---

const Station = GObject.registerClass(class Station extends Tend.TaskManager {
    constructor(name) {
        super({max_running: 4});
        this.name = name;
        this.register('beacon', () => print(`${this.name}: beep`), {delay: 0, interval: 60 * 1000});
    }

    textChanged(text) {
        this.debounce('search', 300, () => print(`searching for ${text}`));
    }

    vfunc_task_failed(task, error) {
        print(`${task.get_name()}: ${error.message}`);
    }
});

async function showManager() {
    const station = new Station('north');
    station.textChanged('a');
    station.textChanged('ab');
    station.register('broken', () => check(-1));
    await Tend.sleep(90 * 1000);

    print(station.has('beacon'), station.size, [...station].map(task => task.get_name()));
    station.cancel_task('beacon');
    await station.wait_for_tasks();
    await station.shutdown();
    print(station.is_shut_down());
}

// --- Several tasks ---

async function showSeveral() {
    const tasks = ['a.org', 'b.org'].map((host, n) => Tend.Task.run(host, task => look(task, n + 1)));
    for await (const task of Tend.when_each(tasks)) {
        print('first:', task.result);
        break;
    }
    print(await Tend.when_all(tasks));

    const group = new Tend.Group({policy: Tend.GroupPolicy.FIRST_ERROR, max_running: 2});
    const children = [new Tend.Task('c.org', task => look(task, 1)), new Tend.Task('sum', add)];
    children.forEach(child => group.add(child));
    await group.join();
    print(children.map(child => child.result));
}

async function send(channel) {
    for (let n = 0; n < 5; n++)
        await channel.send({number: n});
    channel.close();
}

async function showChannel() {
    const channel = new Tend.Channel({capacity: 2});
    const sender = Tend.Task.run('sender', () => send(channel));
    const numbers = [];
    for await (const item of channel)
        numbers.push(item.number);
    print(numbers);
    await sender;
}

// --- Requests and answers ---

const Ping = GObject.registerClass(class Ping extends Tend.RandomNumberCache {
    constructor(requests) {
        super({request_cache: requests, prefix: 'ping', timeout: 3000});
        this.answer = new Tend.Completion();
        this.add_task_with_error(this.answer.get_task(), new Error('no answer'));
    }

    vfunc_timed_out() {
        print('given up');
    }
});

function received(requests, number, text) {
    requests.pop('ping', number)?.answer.set_value(text);
}

async function showRequests() {
    const requests = new Tend.RequestCache();
    const [first, second] = [new Ping(requests), new Ping(requests)];
    requests.add(first);
    requests.add(second);
    received(requests, first.get_number(), 'pong');
    print(await first.answer.get_task());
    try {
        await second.answer.get_task();
    } catch (error) {
        print(error.message);
    }
    await requests.shutdown();
}

// --- Tests ---

const clock = Tend.Clock.freeze(null);

function testAnHour() {
    const task = Tend.Task.run('hour', () => Tend.sleep(3600 * 1000));
    clock.advance(3599000);
    print(task.is_ended());
    clock.advance(1000);
    task.wait_sync();
    print(task.is_ended());
}

// --- Callbacks ---

function waitForSignal(object, signal) {
    const emitted = new Tend.Completion();
    const handler = object.connect(signal, () => emitted.set_value(signal));
    emitted.get_task().add_exit_handler(() => object.disconnect(handler));
    return emitted.get_task();
}

async function showSignal() {
    const action = new Gio.SimpleAction({name: 'quit'});
    const activated = waitForSignal(action, 'activate');
    action.activate(null);
    print(await activated);
}

async function main() {
    for (const show of [showBodies, showGenerator, showTask, showExceptions, showCancel, showStop, showLimits,
        showPromises, showManager, showSeveral, showChannel, showRequests, showSignal])
        await show();
}

testAnHour();
Tend.run(main);
