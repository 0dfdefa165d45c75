# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of examples share: a temporary tree per test, and TAP for meson."""

import os
import subprocess
import sys
import tempfile
import unittest

# A script is run as "SCRIPT COMMAND... [-- NAME...]": what it tries, with an interpreter if it takes one, and some of
# its tests.
N_WORDS = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
COMMAND = [os.path.abspath(word) if os.path.exists(word) else word for word in sys.argv[1:N_WORDS]]
NAMES = sys.argv[N_WORDS + 1:]

# The locale and the terminal are the tests' own matter.
ENV = {key: value for key, value in os.environ.items() if not key.startswith("LC_") and key not in ("TERM", "LANG")}
ENV["LC_ALL"] = "C.UTF-8"

# ThreadSanitizer would sleep for a second at each exit, in wait of more reports.
ENV["TSAN_OPTIONS"] = ENV.get("TSAN_OPTIONS", "") + ":atexit_sleep_ms=0"


class TreeTest(unittest.TestCase):
    """Each test has an empty directory to itself, and stands in it."""

    def setUp(self):
        self.parent = tempfile.mkdtemp(prefix="tend-test-")
        self.addCleanup(subprocess.run, ["rm", "-rf", "--", self.parent])
        os.chmod(self.parent, 0o755)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.parent)

    def write(self, path, data=b"data\n"):
        parent = os.path.dirname(path)
        if parent:
            os.makedirs(parent, exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def sparse(self, path, size=1 << 40):
        """A file that takes minutes to hash, and no room."""
        self.write(path, b"")
        os.truncate(path, size)


class TapResult(unittest.TestResult):
    def __init__(self, *args):
        super().__init__(*args)
        self.count = 0
        self.failed_in_part = None

    def line(self, test, word, rest=""):
        self.count += 1
        print(f"{word} {self.count} {test.id().split('.', 1)[-1]}{rest}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line(test, "ok")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line(test, "ok", f" # SKIP {reason}")

    def fail(self, test, text):
        for line in text.splitlines():
            print("# " + line)
        self.line(test, "not ok")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fail(test, self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        """A part that fails makes the test fail, which has one line all the same."""
        super().addSubTest(test, subtest, err)
        if err is None:
            return
        text = (self.failures if issubclass(err[0], test.failureException) else self.errors)[-1][1]
        for line in [str(subtest), *text.splitlines()]:
            print("# " + line)
        if test is not self.failed_in_part:
            self.failed_in_part = test
            self.line(test, "not ok")

    def addError(self, test, err):
        super().addError(test, err)
        self.fail(test, self.errors[-1][1])


def main():
    """Runs the tests of the script, or those that have one of the names."""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    tests = [test for case in suite for test in case if not NAMES or any(name in test.id() for name in NAMES)]
    print(f"1..{len(tests)}", flush=True)
    result = TapResult()
    for test in tests:
        test.run(result)
    sys.exit(not result.wasSuccessful())
