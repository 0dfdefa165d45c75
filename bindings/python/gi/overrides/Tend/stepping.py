# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What each thread runs."""

import os
import threading
import weakref


class Started:
    """What was started, which it does not keep."""

    def __init__(self):
        self.references = []
        self.limit = 1000

    def add(self, task):
        self.references.append(weakref.ref(task))
        if len(self.references) > self.limit:
            self.references = [weakref.ref(task) for task in self]
            self.limit = 2 * len(self.references) + 1000

    def __iter__(self):
        tasks = (reference() for reference in self.references)
        return iter(dict.fromkeys(task for task in tasks if task is not None))


class Stepping(threading.local):
    def __init__(self):
        self.running = []   # the tasks whose bodies are on the stack, the outermost first

    driver = None       # whose coroutine runs just now
    interrupt = None    # what ends what runs the main context: Tend.run(), say
    started = None      # what was Started under that; None where nobody will ask


stepping = Stepping()


def begin_anew():
    """The child of a fork runs nothing of its parent's, though it was forked within a body."""
    stepping.running = []
    stepping.driver = None
    stepping.interrupt = None
    stepping.started = None


os.register_at_fork(after_in_child=begin_anew)
