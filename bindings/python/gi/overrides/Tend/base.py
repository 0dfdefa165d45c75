# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the other modules stand on: the library as it is introspected."""

from gi.module import get_introspection_module
from gi.overrides import override as gi_override

Tend = get_introspection_module("Tend")


def override(cls):
    """Makes @cls the Python face of the class that it derives from."""
    cls.__module__ = "gi.overrides.Tend"  # which is where PyGObject takes the namespace from
    return gi_override(cls)
