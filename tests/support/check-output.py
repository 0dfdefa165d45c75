# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program and compares what it prints with a file: check-output.py EXPECTED COMMAND..."""

import difflib
import subprocess
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    expected = file.read()
result = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, text=True)
diff = difflib.unified_diff(expected.splitlines(), result.stdout.splitlines(), "expected", "printed", lineterm="")
print("\n".join(diff))
sys.exit(result.returncode != 0 or result.stdout != expected)
