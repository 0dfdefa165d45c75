# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A cache with a name and a number, and a task that waits for it.

Another part of the program adds it after 1.23 seconds, and the wait is over.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

class MyState(Tend.NumberCache):
    def __init__(self, state):
        super().__init__(prefix="my-state", number=0)
        self.state = state


async def add_later(requests):
    await Tend.sleep(1.23)
    requests.add(MyState(42))


async def main():
    async with Tend.RequestCache() as requests:
        requests.get_manager().register("Add later", add_later, requests)

        cache = await requests.wait_for("my-state", 0, None)
        print(f"I found a cache with the state: {cache.state}")


Tend.run(main())
