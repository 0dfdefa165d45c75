// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A task may have a name.

import Tend from 'gi://Tend?version=1';

const task = Tend.Task.run('my task', () => 1);
print(task.name);
await task;
