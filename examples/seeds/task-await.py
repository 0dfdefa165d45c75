# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A task keeps its error until somebody reads it."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

def fail():
    raise Exception("Error")


async def main():
    task = Tend.spawn(fail)

    print("Do some work")
    await Tend.sleep(1)
    print("Work completed")

    try:
        print(f"Result: {await task}")
    except Exception as error:
        print(error)


Tend.run(main())
