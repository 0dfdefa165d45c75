# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""community in Python: see main.c for what it does, and node.c for what the nodes say."""

import argparse
import importlib
import re
import signal
import sys

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, Tend

try:
    # Newer GLib has apart what is of Unix.
    gi.require_version("GLibUnix", "2.0")
    add_signal = importlib.import_module("gi.repository.GLibUnix").signal_add
except ValueError:
    add_signal = GLib.unix_signal_add

GREETING_INTERVAL = 0.05
MAX_DATAGRAM = 1024
DATAGRAM = re.compile(rb"(hello|goodbye) (node-[0-9]{2})((?: [0-9]{1,5})+)")


def new_address(port):
    return Gio.InetSocketAddress.new_from_string("127.0.0.1", port)


class Node(Tend.TaskManager):
    """A node is a task manager: what it does are its tasks, and their orderly end is its own."""

    def __init__(self, number, n_nodes):
        super().__init__()
        self.name = f"node-{number:02}"
        self.n_nodes = n_nodes
        self.port = None
        self.peers = set()
        self.greeted_by = set()
        self.met = Tend.Completion.new("met")

    def start(self, port, bootstrap):
        """Begins to receive and to greet. A node that is only made has no tasks."""
        self.socket = Gio.Socket.new(Gio.SocketFamily.IPV4, Gio.SocketType.DATAGRAM, Gio.SocketProtocol.UDP)
        self.socket.set_blocking(False)
        self.socket.bind(new_address(port), False)
        self.port = self.socket.get_local_address().get_port()
        self.connection = self.socket.connection_factory_create_connection()
        if bootstrap is not None:
            self.peers.add(bootstrap)

        self.add_shutdown_task(Tend.Task("leave", self.leave))
        self.register("receive", self.receive)
        self.register("greet", self.greet, delay=0, interval=GREETING_INTERVAL)

    async def receive(self):
        """Goes on until the shutdown cancels it."""
        stream = self.connection.get_input_stream()
        while True:
            # One byte more than there may be shows that a datagram is too long.
            datagram = await Tend.gio(stream.read_bytes_async, MAX_DATAGRAM + 1, GLib.PRIORITY_DEFAULT)
            self.handle(datagram.get_data() or b"")

    def handle(self, datagram):
        match = DATAGRAM.fullmatch(datagram)
        if len(datagram) > MAX_DATAGRAM or match is None:
            return

        word, name = match[1], match[2].decode()
        ports = [int(port) for port in match[3].split()]
        if not all(0 < port < 1 << 16 for port in ports) or name == self.name:
            return

        if word == b"goodbye":
            self.peers.discard(ports[0])
            return

        self.peers.update(port for port in ports if port != self.port)
        self.greeted_by.add(name)
        if len(self.greeted_by) == self.n_nodes - 1 and not self.met.is_done():
            self.met.set_value(True)

    def greet(self):
        """Runs at each interval: greets all peers, and tells them of one another."""
        self.send_to_peers("hello", *self.peers)

    def leave(self):
        """The shutdown task: it runs when the others have ended, and nobody uses the socket any more."""
        if not self.met.is_done():
            self.met.set_cancelled()
        try:
            self.send_to_peers("goodbye")
        except GLib.Error:
            pass  # Whoever leaves does not ask whether that is heard.

        self.socket.close()
        print(f"{self.name} has said goodbye", flush=True)

    def send_to_peers(self, word, *ports):
        datagram = " ".join(map(str, (word, self.name, self.port, *ports))).encode()
        for peer in self.peers:
            try:
                self.socket.send_to(new_address(peer), datagram, None)
            except GLib.Error as error:
                # One that there is no room for is lost, as any datagram may be: there will be another.
                if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK):
                    raise

    def do_task_failed(self, task, error):
        print(f"community: {self.name}: {task.get_name()}: {error}", file=sys.stderr, flush=True)


class Community:
    def __init__(self, options):
        self.options = options
        self.nodes = []
        self.status = 1
        # Cancelled by what ends the program early: whichever wait it is in is given up.
        self.interrupt = Tend.Cancellable()

    async def run(self):
        for signum in (signal.SIGINT, signal.SIGTERM):
            add_signal(GLib.PRIORITY_DEFAULT, signum, self.interrupted, signum)
        try:
            self.begin()
            await self.meet()
        except GLib.Error as error:
            self.tell(error.message)
        except Tend.CancelledError:
            pass  # Whoever was interrupted, by a signal or for a task that failed, has been told why.
        await self.leave()
        return self.status

    def interrupted(self, signum):
        self.status = 128 + signum
        self.interrupt.cancel()
        return GLib.SOURCE_CONTINUE

    def begin(self):
        for number in range(1, self.options.nodes + 1):
            node = Node(number, self.options.nodes)
            # Where a task has failed there is no use in waiting. What failed the node says itself.
            node.connect("task-failed", lambda *_: self.interrupt.cancel())
            self.nodes.append(node)
            try:
                node.start(self.options.port if number == 1 else 0, self.nodes[0].port)
            except GLib.Error as error:
                error.message = f"{node.name}: {error.message}"
                raise

    async def meet(self):
        everybody = Tend.wait_all(node.met.get_task() for node in self.nodes)
        try:
            await everybody.with_timeout(self.options.timeout).with_cancellable(self.interrupt)
        except TimeoutError:
            self.tell(f"Not everybody has met within {self.options.timeout:g} s")
            return

        for node in self.nodes:
            print(f"{node.name} was greeted by {', '.join(sorted(node.greeted_by))}", flush=True)

        if self.options.stay:
            await Tend.Task.run_delay(1e9).with_cancellable(self.interrupt)
        else:
            self.status = 0

    async def leave(self):
        """The last first, and all of them even if one cannot end well."""
        while self.nodes:
            node = self.nodes.pop()
            try:
                await node.shutdown()
            except GLib.Error as error:
                self.tell(f"{node.name}: {error.message}")
                self.status = self.status or 1

    @staticmethod
    def tell(message):
        print(f"community: {message}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="community")
    parser.add_argument("--nodes", type=int, default=4, metavar="N", help="how many nodes there are")
    parser.add_argument("--port", type=int, default=0, help="the port of the first node")
    parser.add_argument("--timeout", type=float, default=5, metavar="SECONDS", help="within what time they have to meet")
    parser.add_argument("--stay", action="store_true", help="stay together until Ctrl-C")
    options = parser.parse_args()
    if not (2 <= options.nodes <= 99 and 0 <= options.port < 1 << 16 and 0 <= options.timeout <= 1e6):
        parser.error("Wrong options")
    return Tend.run(Community(options).run())


if __name__ == "__main__":
    sys.exit(main())
