# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Where a task was made: the line of the program that called for it. No frame is kept."""

import sys

from .base import Tend

OURS = "gi.overrides.Tend"

set_origin = Tend.Task.set_origin


def find(depth=1):
    """Gives the innermost line that is not of this library, as "file.py:12", or None.

    So many of the innermost frames are ours at least.
    """
    frame = sys._getframe(depth)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(OURS):
        frame = frame.f_back
    return frame and f"{frame.f_code.co_filename}:{frame.f_lineno}"


def note(task, depth=1):
    """Lets reports say where @task was made; gives it. So many of the innermost frames are ours at least."""
    place = find(depth + 1)
    if place is not None:
        set_origin(task, place)
    return task
