# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed overrides of Python: a managed task whose body is a coroutine, awaited by another."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend


async def answer():
    await Tend.sleep(0.001)
    return 42


async def main():
    manager = Tend.TaskManager()
    print(await manager.register("answer", answer))


Tend.run(main())
