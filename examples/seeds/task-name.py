# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A task may have a name."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

async def main():
    task = Tend.spawn(lambda: 1, name="my task")

    print(task.get_name())

    await task


Tend.run(main())
