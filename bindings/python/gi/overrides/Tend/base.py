# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the other modules stand on: the library as it is introspected, and times."""

from gi.module import get_introspection_module
from gi.overrides import override as gi_override
from gi.repository import GLib

Tend = get_introspection_module("Tend")


def override(cls):
    """Makes @cls the Python face of the class that it derives from."""
    cls.__module__ = "gi.overrides.Tend"  # which is where PyGObject takes the namespace from
    return gi_override(cls)


def to_usec(seconds):
    """Microseconds, for the library, of seconds; None is never, as -1 is there."""
    if seconds is None:
        return -1
    if seconds != seconds or seconds < 0:
        raise ValueError(f"a time in seconds cannot be {seconds}")

    usec = seconds * GLib.USEC_PER_SEC
    return round(usec) if usec < GLib.MAXINT64 else GLib.MAXINT64
