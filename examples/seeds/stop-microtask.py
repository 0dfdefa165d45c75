# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A chain of posts and timers that ends with its task. Each of them creates the next one."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

def add_timer(task):
    task.add_timer(0.5, None, tick)


def tick(task):
    print("tick")
    task.post(add_timer)


async def work():
    Tend.current_task().post(add_timer)
    await Tend.sleep(1.5)


async def main():
    task = Tend.spawn(work, name="task with timer")
    await task
    print(f"{task} {task.get_status().value_nick}")

    await Tend.sleep(1.5)
    print("Let's wait and see what happens.")


Tend.run(main())
