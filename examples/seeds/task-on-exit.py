# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""An exit handler runs however the task ends, and frees what the task had taken.

For what a body takes and frees itself there is "with", which a task that is stopped leaves as well.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

def fail():
    handle = None

    def on_exit(task):
        print(f"{task} exit with status: '{task.get_status().value_nick}'")
        if handle is not None:
            print(f"{task} frees up: 'handle'")

    Tend.current_task().add_exit_handler(on_exit)
    handle = object()
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
