# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Three requests that each have something to wait for.

The first is answered, the second times out, the third is cancelled by the shutdown.
"""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

class MyCache(Tend.NumberCache):
    def __init__(self, number):
        super().__init__(prefix="my cache", number=number)
        self.future = Tend.Completion()
        self.add_task(self.future.get_task(), False)

    def do_timed_out(self):
        pass  # Nothing to clean up: the future gets its value by itself.


async def main():
    async with Tend.RequestCache() as requests:
        cache0, cache1, cache2 = (MyCache(number) for number in range(3))

        requests.add(cache0)
        cache0.future.set_value(True)

        # For what is added in between the time-out is zero, and not ten seconds.
        requests.push_timeout(Tend.NumberCache, 0)
        requests.add(cache1)
        requests.pop_timeout()
        await cache1.future

        requests.add(cache2)

    print(f"future0.result()={cache0.future.get_task().result}")
    print(f"future1.result()={cache1.future.get_task().result}")
    print(f"future2.cancelled()={cache2.future.get_task().get_status() == Tend.TaskStatus.CANCELLED}")


Tend.run(main())
