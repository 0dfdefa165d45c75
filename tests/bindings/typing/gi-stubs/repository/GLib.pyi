# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# As much of the stubs of PyGObject as the tests need, which are not a package of every system.

from typing import Any

class Error(RuntimeError):
    domain: str
    code: int
    message: str
    def matches(self, domain: str | int, code: int) -> bool: ...

def __getattr__(name: str) -> Any: ...
