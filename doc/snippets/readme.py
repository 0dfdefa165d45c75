# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

import gi

gi.require_version("Tend", "1")
from gi.repository import GLib, Tend


def count_down(task):
    count = iter((3, 2, 1))

    def tick(task):
        n = next(count, None)
        if n is None:
            task.return_value("lift-off")
        else:
            print(n)
        return True

    task.add_timer(0, GLib.USEC_PER_SEC // 10, tick)


def landed(task, result):
    print(task.get_result())
    manager.shutdown_async(None, lambda manager, result: loop.quit())


loop = GLib.MainLoop()
manager = Tend.TaskManager()
manager.register("countdown", count_down).wait_async(None, landed)
loop.run()
