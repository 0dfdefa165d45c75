# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A repeating timer that ends with its task."""

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend

HALF_A_SECOND = 0.5


def tick(task):
    print("tick")
    return GLib.SOURCE_CONTINUE


async def work():
    Tend.current_task().add_timer(HALF_A_SECOND, HALF_A_SECOND, tick)
    await Tend.sleep(1.5)


async def main():
    task = Tend.spawn(work, name="task with timer")
    await task
    print(f"{task} {task.get_status().value_nick}")

    await Tend.sleep(1.5)
    print("Let's wait and see what happens.")


Tend.run(main())
