# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the tests of the Python overrides share."""

import contextlib
import gc
import io
import os
import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, GObject, Tend


def settle():
    """Lets happen what happens now."""
    while GLib.MainContext.default().iteration(False):
        pass


def new_error(message="busy", code=Gio.IOErrorEnum.BUSY):
    return GLib.Error.new_literal(Gio.io_error_quark(), message, code)


class Token:
    """A value whose end can be seen, and that refers to whatever it is given."""

    def __init__(self, *things):
        self.things = things


class VirtualTimeTest(unittest.TestCase):
    """Tests in virtual time: an hour of it is nothing."""

    def setUp(self):
        gc.collect()  # An exception keeps the frames below it, and so what an earlier test has had.
        self.clock = Tend.Clock.freeze(None)

    def tearDown(self):
        del self.clock
        settle()

    def run_for(self, seconds):
        self.clock.advance(seconds)

    @contextlib.contextmanager
    def assert_takes(self, seconds):
        begin = self.clock.get_time()
        yield
        self.assertEqual(round(self.clock.get_time() - begin, 6), seconds)

    @contextlib.contextmanager
    def assert_error(self, domain, code):
        with self.assertRaises(GLib.Error) as caught:
            yield caught
        self.assertTrue(caught.exception.matches(domain, code), caught.exception)


@contextlib.contextmanager
def printed_errors():
    """Gives what is written to the standard error by Python, and by C, in the end."""
    text = io.StringIO()
    reader, writer = os.pipe()
    kept = os.dup(2)
    os.dup2(writer, 2)
    os.close(writer)
    try:
        with contextlib.redirect_stderr(text):
            yield text
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        with open(reader, encoding="utf-8") as file:
            text.write(file.read())
