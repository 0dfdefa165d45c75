// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What takes a task takes a promise, and what can be awaited is.

import Gio from 'gi://Gio';
import Tend from 'gi://Tend?version=1';
import {assertEqual, assertRejects, assertThrows, runTests} from './support.js';

const CANCELLED = [Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED];
const SEVERAL = [Tend.Error, Tend.Error.SEVERAL];

const give = async (value, time = 10) => {
    await Tend.sleep(time);
    return value;
};
const fail = async (error, time = 10) => {
    await Tend.sleep(time);
    throw error;
};

function* give2() {
    yield Tend.sleep(10);
    return 2;
}

const tests = {
    allOfThem: async () => {
        const given = [give(1), give2(), Tend.Task.run(null, () => 3), Tend.sleep(5)];
        assertEqual((await Tend.when_all(given)).join(), '1,2,3,');
        await Tend.wait_all(new Set([give(1), Promise.resolve(2)]));
        assertThrows(() => Tend.when_all([1]), TypeError);
        assertThrows(() => Tend.when_all(['text']), TypeError);
    },

    theFirst: async () => {
        assertEqual((await Tend.when_any([give(1, 100), give(2, 10)])).result, 2);
        assertEqual((await Tend.when_first_success([fail(new Error('x')), give(2, 20)])).result, 2);
        const error = new RangeError('x');
        await assertRejects(Tend.when_first_error([give(1, 100), fail(error)]), error);
    },

    each: async () => {
        const results = [];
        for await (const task of Tend.when_each([give(1, 30), give(2, 10), give2()]))
            results.push(task.result);
        assertEqual(results.sort().join(), '1,2,2');
    },

    theChildrenOfAGroup: async () => {
        const group = new Tend.Group();
        group.add(give(1));
        group.add(give2());
        group.add(Tend.Task.new(null, () => 3));
        await group.join();
        assertThrows(() => group.add(7), TypeError);

        const [failing, error] = [new Tend.Group({maxRunning: 1}), new RangeError('x')];
        failing.add(give(1, 100));
        failing.add(fail(error, 10));
        await assertRejects(failing.join(), error);
    },

    severalErrors: async () => {
        const given = [new RangeError('a'), new TypeError('b')];
        const error = await assertRejects(Tend.wait_all(given.map(each => fail(each))), ...SEVERAL);
        assertEqual(error instanceof AggregateError, true);
        assertEqual(error.errors.length, 2);
        assertEqual(error.errors[0], given[0]);
        assertEqual(error.errors[1], given[1]);
        assertEqual(error.code, Tend.Error.SEVERAL);
        assertEqual(/a/.test(error.message) && /b/.test(error.message), true);
        assertEqual(Tend.Error.list(error), error.errors);

        // It is handed on through other tasks, groups and completions.
        const again = await assertRejects(Tend.Task.run(null, () => fail(error)), error);
        assertEqual(again, error);
        const completion = new Tend.Completion();
        completion.set_error(error);
        assertEqual(await assertRejects(completion, ...SEVERAL), error);
        assertEqual(await assertRejects(Tend.Task.run(null, () => fail(error)).with_timeout(1000), ...SEVERAL), error);
    },

    aCompletion: async () => {
        const completion = new Tend.Completion();
        Tend.Task.run(null, async () => {
            await Tend.sleep(10);
            completion.set_value({a: 1});
        });
        assertEqual((await completion).a, 1);
        assertEqual((await Promise.all([completion, 2])).length, 2);

        const failed = new Tend.Completion();
        failed.set_error(new RangeError('x'));
        await assertRejects(failed, RangeError);
        assertEqual(await failed.catch(() => 'caught').finally(() => {}), 'caught');
    },

    aCompletionAsAnItemIsNotAwaited: async () => {
        const [channel, completion] = [new Tend.Channel(), new Tend.Completion()];
        channel.try_send(completion);
        assertEqual(await Tend.Task.run('a', async () => {
            const received = await Promise.all([channel.receive()].map(each => each.then(item => [item])));
            return received[0][0] === completion;
        }), true);
        channel.try_send(completion);
        const received = await channel.receive();
        assertEqual(received, completion);
        completion.set_value(null);
    },

    aCancellationReachesTheWaitForACompletion: async () => {
        const completion = new Tend.Completion();
        const task = Tend.Task.run('a', async () => await completion);
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        completion.set_value(1);
    },

    aSleepWithACancellable: async () => {
        for (const make of [() => new Gio.Cancellable(), () => new Tend.Cancellable()]) {
            /* eslint-disable no-await-in-loop */
            const cancellable = make();
            const begin = Tend.get_time();
            const inATask = Tend.Task.run('a', async () => {
                await assertRejects(Tend.sleep(1e6, cancellable), ...CANCELLED);
                await Tend.sleep(10);
                await assertRejects(Tend.sleep(1e6, cancellable), ...CANCELLED);
                return Tend.get_time() - begin;
            });
            const outside = assertRejects(Tend.sleep(1e6, cancellable), ...CANCELLED);
            await Tend.sleep(100, make());
            cancellable.cancel();
            await outside;
            assertEqual(await inATask, 110);
            /* eslint-enable no-await-in-loop */
        }
    },

    aCancelOfTheTaskEndsASleepWithACancellable: async () => {
        const task = Tend.Task.run('a', () => Tend.sleep(1e6, new Gio.Cancellable()));
        task.cancel();
        await assertRejects(task, ...CANCELLED);
        assertEqual(await Tend.Task.run('b', async () => {
            await Tend.sleep(10, new Gio.Cancellable());
            return 'slept';
        }), 'slept');
    },
};

runTests(tests);
