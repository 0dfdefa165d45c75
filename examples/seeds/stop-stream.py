# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Two tasks with a channel between them, both of which run until they are stopped."""

import itertools
import math

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend

async def send_numbers(channel):
    """Sends a number each second, and closes the channel when it ends."""
    def on_exit(task):
        print(f"Exit {task}")
        if not channel.is_closed():
            print(f"{task} closing controller")
            channel.close()

    numbers = itertools.count()
    task = Tend.current_task()
    task.add_exit_handler(on_exit)
    task.add_timer(1, 1, lambda _: channel.try_send(next(numbers)))
    await Tend.sleep(math.inf)


async def print_numbers(channel):
    Tend.current_task().add_exit_handler(lambda task: print(f"Exit {task}"))
    async for number in channel:
        print(number)
        await Tend.sleep(0)


async def main():
    channel = Tend.Channel.new(0)
    master = Tend.spawn(send_numbers, channel, name="master")
    slave = Tend.spawn(print_numbers, channel, name="slave")

    def stop_both(_):
        for task in (slave, master):
            print(f"Stop {task}")
            task.stop()

    Tend.current_task().add_timer(3, None, stop_both)

    try:
        await Tend.wait_all([master, slave])
    except* GLib.Error as errors:
        print(errors)
    print("Tasks stopped")


Tend.run(main())
