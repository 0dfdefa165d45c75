# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Created, awaited, and started.

A task that is created and never started does not run, a task that is awaited is over before its creator goes on, and
a task that is started goes on beside it.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

COMPLETED = []


async def execute_me_too(i):
    await Tend.sleep(0.5)
    COMPLETED.append(i)


async def execute_me():
    Tend.Task(None, execute_me_too, 1)
    await execute_me_too(2)
    COMPLETED.append(3)
    started = Tend.spawn(execute_me_too, 4)
    COMPLETED.append(5)
    # Without this the program would end first, and 4 not be in the list.
    await Tend.sleep(1)


Tend.run(execute_me())
print(COMPLETED)
