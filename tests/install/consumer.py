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


def complete(task):
    task.return_value(42)
    return GLib.SOURCE_REMOVE


loop = GLib.MainLoop()
manager = Tend.TaskManager()
answer = Tend.Task.new_open("answer", None)
manager.register(answer, Tend.NamePolicy.REJECT)
answer.wait_async(None, ended)
GLib.idle_add(complete, answer)
loop.run()
