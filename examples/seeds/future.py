# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A task that nobody keeps: its error cannot be read any more, and is reported once.

The program goes on.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

def fail():
    raise Exception("Error")


async def main():
    Tend.spawn(fail, delay=0)

    print("Do some work")
    await Tend.sleep(1)
    print("Work completed")


Tend.run(main())
