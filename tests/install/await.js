// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The installed overrides of GJS: a managed task whose body is an async function, awaited.

import Tend from 'gi://Tend?version=1';

const manager = new Tend.TaskManager();

print(await manager.register('answer', async () => {
    await Tend.sleep(1);
    return 42;
}));
