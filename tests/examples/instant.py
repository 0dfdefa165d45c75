# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs an example in no time: it finds the clock frozen, and so Tend.run() jumps from deadline to deadline.

instant.py PROGRAM
"""

import runpy
import sys

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

clock = Tend.Clock.freeze(None)
runpy.run_path(sys.argv[1], run_name="__main__")
