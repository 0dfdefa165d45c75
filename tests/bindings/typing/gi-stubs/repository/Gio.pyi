# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# As much of the stubs of PyGObject as the tests need, which are not a package of every system.

from typing import Any

from gi.repository import GObject

class AsyncResult: ...
class ListModel: ...

class Cancellable(GObject.Object):
    def cancel(self) -> None: ...
    def is_cancelled(self) -> bool: ...

def __getattr__(name: str) -> Any: ...
