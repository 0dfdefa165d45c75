// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What TypeScript has to accept of the library as JavaScript sees it; it is run, too.

import GLib from 'gi://GLib?version=2.0';
import Tend from 'gi://Tend?version=1';

async function produce(channel: Tend.Channel): Promise<void> {
    for (const word of ['one', 'two'])
        await channel.send(word);
    channel.close();
}

async function consume(channel: Tend.Channel): Promise<string[]> {
    const words: string[] = [];
    for await (const word of channel)
        words.push(word);
    return words;
}

async function useWaits(): Promise<number> {
    const permits = new Tend.Semaphore({n_permits: 2});
    const event = Tend.Event.new();

    await permits.acquire();
    permits.release();
    event.set();
    await event.wait();
    return await permits.run(async () => 42);
}

// What a task gives is known by its body.
async function useResults(task: Tend.Task): Promise<void> {
    const length: number = await Tend.Task.run('length', () => 'text'.length);
    const text: string = await Tend.Task.run('text', async () => 'text');
    const half: number = await Tend.Task.run('half', function* () {
        yield Tend.sleep(1);
        return length / 2;
    });
    const [first, second]: [number, string] = await Tend.when_all([Tend.Task.run('a', () => half), Promise.resolve('b')]);
    const each: number[] = await Tend.when_all([1, 2].map(n => Tend.Task.run(null, () => n)));
    const retry = new Tend.Retry({maxAttempts: 2, firstWait: 1});
    const tried: number = await retry.run('try', async (_task, attempt) => attempt);
    const held: string = await new Tend.Semaphore(1).run(async () => text);
    const waited: number = await task.wait_for(Promise.resolve(1));
    const kept: number = new Tend.Cancellable().run(() => {}, () => 3);

    const options = new Tend.Task('options', async () => 1, {keepGoing: true, delay: 1});
    options.start();
    const group = new Tend.Group();
    group.add(Promise.resolve(1));
    await group.join();
    const completion = new Tend.Completion();
    completion.set_value(1);
    print(first, second, each.length, tried, held, waited, kept, await options, await completion);
}

async function main(task: Tend.Task): Promise<number> {
    const manager = new Tend.TaskManager();
    const channel = Tend.Channel.new(1);

    const answer: Tend.Task = manager.register('answer', async () => {
        await Tend.sleep(1);
        return 42;
    }, {delay: 1, policy: Tend.NamePolicy.REPLACE});
    const producer = manager.register('producer', () => produce(channel));
    manager.register('waits', useWaits);
    const consumer = manager.register('consumer', () => consume(channel));

    const [number] = await Tend.when_all([answer, producer, consumer]);
    for await (const ended of Tend.when_each(new Set([answer, consumer])))
        print(ended.get_name(), ended.result);
    for (const running of manager)
        running.cancel();

    const failed = Tend.Task.new_open('by hand', null);
    failed.return_error(new RangeError('too much'));
    await failed.catch((error: unknown) => {
        if (error instanceof GLib.Error)
            print(error.message);
    });

    await useResults(task);

    const fetched: string = await task.wait_for(Promise.resolve('done'));
    print(fetched, manager.size, manager.has('answer'), manager.get('answer')?.get_status());

    await manager.shutdown();
    return number;
}

print(Tend.run(main));
