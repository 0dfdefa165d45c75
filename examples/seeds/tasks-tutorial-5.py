# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A task that runs again and again until it cancels itself, and one that runs once, after a delay.

They are registered in this order, and half a second is exactly five intervals: tasks-tutorial-5.c says why the 2 always
comes before the fifth 1.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

COMPLETED = []


def execute_me_too(i, manager):
    if len(COMPLETED) < 20:
        COMPLETED.append(i)
    else:
        manager.cancel_task("keep adding 1")


async def main():
    async with Tend.TaskManager() as manager:
        manager.register("sneaky inject", execute_me_too, 2, manager, delay=0.5)
        manager.register("keep adding 1", execute_me_too, 1, manager, interval=0.1)
        await manager.wait_for_tasks()


Tend.run(main())
print(COMPLETED)
