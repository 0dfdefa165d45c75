# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the other modules stand on: the library as it is introspected."""

import gc
import sys

from gi.module import get_introspection_module
from gi.overrides import override as gi_override
from gi.repository import GLib

Tend = get_introspection_module("Tend")


def head(task):
    """Gives what a message about @task begins with, before its colon: "Task 'fetch'", or "Task 3" without a name."""
    name = task.get_name()
    return f"Task {task.get_id()}" if name is None else f"Task '{name}'"


def say_cancelled(task, reason=None):
    """Gives the message of the error of a cancelled task, as C has it: in the user's language, if that is known."""
    name = task.get_name()
    form, place = ("Task %s: ", str(task.get_id())) if name is None else ("Task '%s': ", name)
    what = GLib.dgettext("libtend", "cancelled: ") + reason if reason else GLib.dgettext("libtend", "cancelled")
    return GLib.dgettext("libtend", form).replace("%1$s", "%s").replace("%s", place, 1) + what


class Collector:
    """Python's garbage collector."""

    def __init__(self):
        self.is_running = False
        gc.callbacks.append(self.notice)

    def notice(self, phase, info):
        self.is_running = phase == "start"


collector = Collector()


def dispose(self, is_finalizing=sys.is_finalizing):
    """Lets go of what an object has, which may call Python, before PyGObject drops the last reference to it.

    An exception may be on its way there, which frees what was on the stack. Code of Python that is called then fails,
    and both that exception and what was to be told are lost. Here Python has put the exception aside. Where the
    collector frees the object there is none, and what is reported needs all that the collector finalizes first. When
    the interpreter goes, nothing of Python can be called any more.
    """
    if not is_finalizing() and not collector.is_running and self.__grefcount__ == 1:
        self.run_dispose()


def override(cls):
    """Makes @cls the Python face of the class that it derives from."""
    cls.__module__ = "gi.overrides.Tend"  # which is where PyGObject takes the namespace from
    cls.__del__ = dispose
    return gi_override(cls)
