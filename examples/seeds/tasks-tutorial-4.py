# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Twenty tasks without a name, which sleep at the same time: it takes half a second, not ten."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

COMPLETED = []


async def execute_me_too(i):
    await Tend.sleep(0.5)
    COMPLETED.append(i)


async def main():
    async with Tend.TaskManager() as manager:
        for i in range(20):
            manager.register_anonymous(None, execute_me_too, i)
        await manager.wait_for_tasks()


Tend.run(main())
print(COMPLETED)
