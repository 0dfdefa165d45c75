# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed library from Python, with nothing but its typelib: a managed task, completed by hand."""

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend


def ended(task, result):
    task.wait_finish(result)
    print(task.get_result())
    manager.shutdown_async(None, lambda manager, result: loop.quit())


def complete(completion):
    completion.set_int(42)
    return GLib.SOURCE_REMOVE


loop = GLib.MainLoop()
manager = Tend.TaskManager()
completion = Tend.Completion.new("answer")
answer = completion.get_task()
manager.register(answer, Tend.NamePolicy.REJECT)
answer.wait_async(None, ended)
GLib.idle_add(complete, completion)
loop.run()
