# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""How Python's values go through the library and come back as they were.

What a GValue can hold exactly is given to the library as it is, so that C and other languages see it. In
place of any other value goes a token that refers to it weakly. The value itself is kept by an attribute of
the task, or of whatever it is given to: Python's garbage collector looks into that, but not into a GValue, so
that a result which refers to its own task would never be freed.

The library copies tokens as it copies values, to a combined task, say. Whoever may be given such a copy
keeps those who have the value; see keep().
"""

import weakref

from gi.repository import Gio, GLib, GObject

from .base import Tend

INT32 = range(-2 ** 31, 2 ** 31)
INT64 = range(-2 ** 63, 2 ** 63)
BOXED = (GObject.GBoxed, GLib.Variant)


class Kept:
    """A value or an exception that somebody keeps, and that a token or a number stands for."""

    __slots__ = ("__weakref__", "value")

    def __init__(self, value):
        self.value = value


class Token(weakref.ref):
    """What the library has in place of a value: a weak reference to what keeps it."""

    __slots__ = ()


def keep(owner, thing):
    """Lets @thing live as long as the object @owner, or until discard()."""
    try:
        owner.__dict__["_kept"].append(thing)
    except KeyError:
        owner._kept = [thing]


def discard(owner, thing):
    """Undoes a keep(), if there was one."""
    kept = owner.__dict__.get("_kept", [])
    if thing in kept:
        kept.remove(thing)


def is_utf8(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text  # where a string of the library ends


def is_tasks(value):
    """Whether it is what when_all() gives in C: the tasks, where Python wants their results."""
    return type(value) is Gio.ListStore and value.get_item_type() == Tend.Task.__gtype__


def pack(value):
    """Gives what stands for @value in the library, and what has to be kept for that, or None."""
    cls = type(value)
    if value is None or cls is bool or cls is float or isinstance(value, GObject.Object) and not is_tasks(value):
        return value, None
    if cls is int and value in INT64:
        return value if value in INT32 else GObject.Value(GObject.TYPE_INT64, value), None
    if cls is str and is_utf8(value):
        return value, None

    # A value of GObject's own would arrive as what is in it, and an empty one not at all.
    is_boxed = isinstance(value, BOXED) and cls is not GObject.Value

    # C gets a copy of it, and gives back a copy of that: Python looks at what is kept.
    kept = Kept(value)
    return value if is_boxed else Token(kept), kept


def pack_for(owner, value):
    """Gives what stands for @value in the library, and lets @owner keep the value."""
    packed, kept = pack(value)
    if type(packed) is Token:  # Of what is boxed the library has a copy of its own.
        keep(owner, kept)
    return packed


def own_copy(packed):
    """Gives what outlives the task that @packed was got from: PyGObject borrows what is boxed from who has it."""
    return GObject.Value(packed.__gtype__, packed).get_value() if isinstance(packed, GObject.GBoxed) else packed


def unpack(packed, own=None):
    """Gives the value that the library had @packed for; @own is what its task itself has given, or None."""
    if is_tasks(packed):
        return [task.get_result() for task in packed]
    if type(packed) is not Token:
        return own.value if own is not None and isinstance(packed, BOXED) else own_copy(packed)

    kept = packed()
    if kept is None:
        raise LookupError("a value of Python was not kept by whoever took it from one task to another")
    return kept.value
