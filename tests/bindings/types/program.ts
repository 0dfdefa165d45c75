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

    const fetched: string = await task.wait_for(Promise.resolve('done'));
    print(fetched, manager.size, manager.has('answer'), manager.get('answer')?.get_status());

    await manager.shutdown();
    return number;
}

print(Tend.run(main));
