# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Where a task was made: the line of the program that called for it. No frame is kept."""

import sys

from .base import Tend

OURS = "gi.overrides.Tend"


def find():
    """Gives the innermost line that is not of this library, as "file.py:12", or None."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(OURS):
        frame = frame.f_back
    return frame and f"{frame.f_code.co_filename}:{frame.f_lineno}"


def note(task):
    """Lets reports say where @task was made; gives it."""
    place = find()
    if place is not None:
        Tend.Task.set_origin(task, place)
    return task
