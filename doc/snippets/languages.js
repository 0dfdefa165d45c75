// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/languages.md in JavaScript. The test that runs it compares what it prints with the other languages.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Tend from 'gi://Tend?version=1';

// --- Run a task and wait for it ---

function greet() {
    return 'hello';
}

async function runAndWait() {
    const task = Tend.Task.run('greeting', greet);
    print(`${task.get_name()}: ${await task}`);
}

// --- Later, and again and again ---

function tick() {
    print('tick');
}

async function repeat(manager) {
    const task = manager.register('tick', tick, {delay: 1000, interval: 60 * 1000});
    await Tend.sleep(150 * 1000);
    task.cancel();
}

// --- Many at once ---

async function square(n) {
    await Tend.sleep(1000);
    return n * n;
}

async function collect() {
    const tasks = [1, 2, 3].map(n => Tend.Task.run(null, () => square(n)));
    for (const result of await Tend.when_all(tasks))
        print(result);
}

// --- No longer than that ---

async function limit() {
    const slow = Tend.Task.run_delay(3600000);
    try {
        await slow.with_timeout(1000);
    } catch (error) {
        if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT))
            print('timed out');
    }
    slow.cancel();
}

// --- Cancel, and clean up ---

async function keepOpen() {
    try {
        await Tend.sleep(3600 * 1000);
    } finally {
        await Tend.sleep(1000);
        print('cleaned up');
    }
}

async function cancel() {
    const task = Tend.Task.run('open', keepOpen);
    task.cancel();
    try {
        await task;
    } catch (error) {
        if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED))
            print('cancelled');
    }
}

// --- In a thread ---

Gio._promisify(Gio.File.prototype, 'load_contents_async', 'load_contents_finish');

// JavaScript has one thread: GIO reads the file in one of its own.
async function readKernel(task) {
    const file = Gio.File.new_for_path('/proc/sys/kernel/ostype');
    const [contents] = await task.wait_for(file.load_contents_async(task.get_cancellable()));
    return new TextDecoder().decode(contents).trim();
}

async function useThread() {
    print(await Tend.Task.run('kernel', readKernel));
}

// --- An error ---

function find() {
    throw new RangeError('no such page');
}

async function handleError() {
    try {
        await Tend.Task.run('page', find);
    } catch (error) {
        if (error instanceof RangeError)
            print(error.message);
    }
}

// --- A request and its answer ---

function ask(requests, number) {
    const cache = new Tend.NumberCache({prefix: 'ping', number, timeout: 5000});
    const answer = new Tend.Task('answer');
    cache.add_task_with_error(answer, new Error('no answer'));
    requests.add(cache);
    return answer;
}

function received(requests, number, text) {
    requests.pop('ping', number)?.list_tasks()[0].return_value(text);
}

async function request() {
    const requests = new Tend.RequestCache();
    const [first, second] = [ask(requests, 1), ask(requests, 2)];
    received(requests, 1, 'pong');
    print(await first);
    try {
        await second;
    } catch (error) {
        print(error.message);
    }
    await requests.shutdown();
}

// --- From one task to another ---

async function send(channel) {
    for (const n of [1, 2, 3])
        await channel.send(n);
    channel.close();
}

async function addUp() {
    const channel = new Tend.Channel({capacity: 1});
    const sender = Tend.Task.run('sender', () => send(channel));
    let sum = 0;
    for await (const n of channel)
        sum += n;
    print(sum);
    await sender;
}

// --- The end ---

async function shutDown(manager) {
    manager.register('open', keepOpen);
    await Tend.sleep(0);
    await manager.shutdown();
    print(`${manager.size} left`);
}

async function main() {
    const manager = new Tend.TaskManager();
    await runAndWait();
    await repeat(manager);
    await collect();
    await limit();
    await cancel();
    await useThread();
    await handleError();
    await request();
    await addUp();
    await shutDown(manager);
}

globalThis.clock = Tend.Clock.freeze(null);
Tend.run(main);
