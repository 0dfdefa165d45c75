# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Removes a directory and runs the command that writes it: into-empty.py DIR COMMAND [ARGS]

So nothing of an earlier run is left in it.
"""

import shutil
import subprocess
import sys

shutil.rmtree(sys.argv[1], ignore_errors=True)
sys.exit(subprocess.run(sys.argv[2:]).returncode)
