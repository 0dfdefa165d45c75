# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend


async def count_down():
    for n in (3, 2, 1):
        print(n)
        await Tend.sleep(0.1)
    return "lift-off"


async def main():
    async with Tend.TaskManager() as manager:
        print(await manager.register("countdown", count_down))


Tend.run(main())
