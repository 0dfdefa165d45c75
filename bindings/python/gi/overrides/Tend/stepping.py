# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What each thread runs."""

import os
import threading


class Stepping(threading.local):
    def __init__(self):
        self.running = []   # the tasks whose bodies are on the stack, the outermost first

    driver = None       # whose coroutine runs just now
    interrupt = None    # what ends what runs the main context: Tend.run(), say
    started = None      # what was started under that, a WeakSet; None where nobody will ask


stepping = Stepping()


def begin_anew():
    """The child of a fork runs nothing of its parent's, though it was forked within a body."""
    stepping.running = []
    stepping.driver = None
    stepping.interrupt = None
    stepping.started = None


os.register_at_fork(after_in_child=begin_anew)
