# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A request that nobody answers. Its class says how long to wait and what to do then."""

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend

class MyRequest(Tend.RandomNumberCache):
    def __init__(self, requests):
        super().__init__(request_cache=requests)

    def do_get_timeout(self):
        return 3

    def do_timed_out(self):
        print("Oh no! I never received a response!")


async def main():
    async with Tend.RequestCache() as requests:
        requests.add(MyRequest(requests))
        # Here the request would be sent, with its number in it.
        await Tend.sleep(4)


Tend.run(main())
