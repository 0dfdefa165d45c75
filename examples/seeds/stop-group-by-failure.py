# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tasks that stop one another: the first failure ends all of them.

Their exit handlers do it here, to show the order; a Tend.Group that ends with the first error does the same by itself.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend

N_STEPS = 5


async def run_child(number, on_exit):
    task = Tend.current_task()
    task.add_exit_handler(on_exit)

    for step in range(N_STEPS):
        print(f"{task} works: {step} of {N_STEPS - 1}")
        await Tend.sleep(2)
        if number == 1:
            raise Exception(f"Failure in {task}")

    print(f"{task} work done")
    return N_STEPS


async def run_parent():
    me = Tend.current_task()
    children = []

    def on_exit(task):
        print(f"On exit: {task} ({task.get_status().value_nick})")
        if task.get_status() != Tend.TaskStatus.COMPLETED:
            # Stopping a task that has ended does nothing.
            for other in (*children, me):
                other.stop()

    me.add_exit_handler(on_exit)
    children += [Tend.Task(f"Child {i}", run_child, i, on_exit) for i in range(3)]
    for child in children:
        child.start()
        await Tend.sleep(0)
    await Tend.wait_all(children)


async def main():
    try:
        await Tend.spawn(run_parent, name="Parent")
    except GLib.Error:
        pass  # It was stopped.


# Its parent is stopped before it hears of the failure, which would be reported.
Tend.set_unobserved_func(lambda task, exception, origin: None)
Tend.run(main())
