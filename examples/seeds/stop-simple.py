# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A task that is stopped while it sleeps. Nothing of it runs any more but its clean-up."""

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend

DURATION = 5


def on_exit(task):
    print(f"On exit: {task}, state: '{task.get_status().value_nick}'")


async def work():
    Tend.current_task().add_exit_handler(on_exit)

    print("running...")
    await Tend.sleep(DURATION)
    print("done")


async def main():
    task = Tend.spawn(work, name="my task")
    await Tend.sleep(0)

    print(f"Stop {task} with state '{task.get_status().value_nick}'")
    task.stop()

    try:
        await task
    except GLib.Error as error:
        print("Big bada boom?")
        print(error.message)
        print("Oh no, it was just a faint hiss...")

    print(f"Waiting {DURATION} sec. to see what happens...")
    await Tend.sleep(DURATION)
    print("Continue to work")


Tend.run(main())
