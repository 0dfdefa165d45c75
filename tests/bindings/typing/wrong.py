# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What type checkers must report: each of these lines, as what stands behind it, and no other."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, Tend


async def double(number: int) -> int:
    return 2 * number


async def wrong(manager: Tend.TaskManager, channel: Tend.Channel[int]) -> None:
    Tend.Task(3)  # call-overload
    Tend.Task("no body", 3)  # call-overload
    Tend.Task("misspelt", double, 1, intervall=1)  # call-overload
    Tend.Task.run("needs a body")  # call-overload
    Tend.spawn(double, delay="soon")  # call-overload
    await Tend.sleep("1")  # arg-type
    Tend.sleep(1)  # unused-coroutine
    doubling = Tend.spawn(double, 1)
    text: str = await doubling  # assignment
    text = doubling.result  # assignment
    text = await Tend.when_all([Tend.spawn(double, 1)])  # assignment
    for task in Tend.when_each([]):  # attr-defined
        pass
    await channel.send("text")  # arg-type
    await manager.registr("misspelt", double, 1)  # attr-defined
    manager.register("policy", double, 1, policy=Tend.GroupPolicy.WAIT_ALL)  # call-overload
    manager["name"].cancle()  # attr-defined
    manager.set_max_running("many")  # arg-type
    Tend.RequestCache().pop("unchecked", 1).get_number()  # union-attr
    with manager:  # attr-defined, attr-defined
        pass
    Tend.Cancellable().add_parent(manager)  # arg-type
    Tend.when_all(Tend.spawn(double, 1))  # arg-type
    Tend.current_task().return_error("an error")  # arg-type
    Gio.Cancellable().cancel_after(1)  # attr-defined
    Tend.Task("name").name  # attr-defined
    Tend.await_task  # attr-defined


class Cache(Tend.NumberCache):
    def do_timed_out(self) -> int:  # override
        return 0


class Manager(Tend.TaskManager):
    def do_task_failed(self, task: Tend.Task[int]) -> None:  # override
        pass
