# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A manager finds tasks by their names: one is cancelled before it begins, and the program waits for the other."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

COMPLETED = []


async def execute_me_too(i):
    await Tend.sleep(0.5)
    COMPLETED.append(i)


async def main():
    async with Tend.TaskManager() as manager:
        manager.register("execute_me_too1", execute_me_too, 1)
        manager.register("execute_me_too2", execute_me_too, 2)
        manager.cancel_task("execute_me_too1")

        # The shutdown alone would cancel the other task too, and the list be empty.
        await manager.wait_for_tasks()


Tend.run(main())
print(COMPLETED)
