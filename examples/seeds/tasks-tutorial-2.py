# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Await what you have started, and the program takes as long as the work does.

That is half a second less than tasks-tutorial-1, which sleeps for long enough.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

COMPLETED = []


async def execute_me_too(i):
    await Tend.sleep(0.5)
    COMPLETED.append(i)


async def execute_me():
    await execute_me_too(2)
    COMPLETED.append(3)
    task = Tend.spawn(execute_me_too, 4)
    COMPLETED.append(5)
    await task


Tend.run(execute_me())
print(COMPLETED)
