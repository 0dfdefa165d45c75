# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A parent that stops its children when it is stopped itself.

Nothing relates the tasks but the parent's exit handler; a Tend.Group does the same by itself.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend

N_STEPS = 5


def say_exit(task):
    print(f"On exit: {task} ({task.get_status().value_nick})")


async def run_child():
    task = Tend.current_task()
    task.add_exit_handler(say_exit)

    for step in range(N_STEPS):
        print(f"{task} works: {step} of {N_STEPS - 1}")
        await Tend.sleep(2)
    return N_STEPS


async def run_parent():
    children = []

    def on_exit(me):
        say_exit(me)
        if me.get_status() == Tend.TaskStatus.COMPLETED:
            return
        for child in children:
            if not child.is_ended():
                print(f"{me.get_name()} stops '{child.get_name()}' ({child.get_status().value_nick})")
                child.stop()

    Tend.current_task().add_exit_handler(on_exit)
    children += [Tend.spawn(run_child, name=f"Child {i}") for i in range(3)]
    await Tend.wait_all(children)


def stop(_, task):
    print(f"Stopping {task}")
    task.stop()


async def main():
    parent = Tend.spawn(run_parent, name="Parent")
    Tend.current_task().add_timer(2, None, stop, parent)

    try:
        await parent
    except GLib.Error:
        pass  # It was stopped.


Tend.run(main())
