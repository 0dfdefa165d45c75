# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A test of a class that registers a task when it is made, which is better avoided.

Nothing that is registered runs at once, so that the test's set-up can cancel it in time: the body never runs. With
KEEP_PENDING_TASKS in the environment the set-up lets the task be, and the test fails by its error.

It is a small program and no unittest, which prints to stderr and how long it took: it prints the same lines otherwise.
"""

import os
import sys

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

class MyCommunity(Tend.TaskManager):
    def __init__(self):
        super().__init__()
        self.register("error out :-(", self.error_out)

    def error_out(self):
        raise Exception("RuntimeError")


def create_node(failures):
    node = MyCommunity()
    node.connect("task-failed", lambda node, task, error: failures.append((task, error)))
    if "KEEP_PENDING_TASKS" not in os.environ:
        node.cancel_all()
    return node


async def test_something():
    failures = []
    async with create_node(failures):
        # What was registered before and is still there runs before this returns.
        await Tend.sleep(0)
    for task, _ in failures:
        raise AssertionError(f"{task.get_name()}: {task.exception}")


status = 0
try:
    Tend.run(test_something())
except AssertionError as error:
    print(f"ERROR: test_something: {error}")
    status = 1

print("Ran 1 test")
print("FAILED (errors=1)" if status else "OK")
sys.exit(status)
