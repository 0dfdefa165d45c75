# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the other modules stand on: the library as it is introspected."""

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


def override(cls):
    """Makes @cls the Python face of the class that it derives from."""
    cls.__module__ = "gi.overrides.Tend"  # which is where PyGObject takes the namespace from
    return gi_override(cls)
