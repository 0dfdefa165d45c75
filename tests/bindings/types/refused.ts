// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What TypeScript has to refuse, so that the types are more than "anything": never run.

import Tend from 'gi://Tend?version=1';

const manager = new Tend.TaskManager();
const task = Tend.Task.new_open('task', null);

// @ts-expect-error: a time is a number.
Tend.sleep('long');
// @ts-expect-error: there is no such option.
manager.register('wrong', () => null, {dealy: 1});
// @ts-expect-error: a body is a function.
manager.register('wrong', 'body');
// @ts-expect-error: tasks are needed.
Tend.when_any([1, 2]);
// @ts-expect-error: there is no such method.
task.await();
// @ts-expect-error: the body gives a number.
const text: string = await Tend.Task.run('wrong', async () => 1);
// @ts-expect-error: there is no such option.
Tend.Task.run('wrong', () => 1, {dealy: 1});
// @ts-expect-error: there is no such setting.
new Tend.Retry({attempts: 1});
print(text);
