# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/resolve with dnsmasq: lines, order, messages, exit status. resolve.py COMMAND... [-- NAME...]

The environment's TEND_NAMES says how many names the test of many names takes (default: 2,000).
"""

import contextlib
import functools
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import dns_message as dns
from dns_servers import DNSMASQ, Dnsmasq, Zone, free_port
from resolve_run import BOTH, IS_GJS, ResolveTest
from support import main

N_NAMES = int(os.environ.get("TEND_NAMES", "2000"))
N_ZONE = max(N_NAMES, 20_000)

# Of a burst of more than some 150 queries the kernel drops some, since dnsmasq does not enlarge its socket's buffer.
PARALLEL = "100"

# One for all tests; it ends with them.
SERVERS = contextlib.ExitStack()


@functools.cache
def start_dnsmasq():
    return SERVERS.enter_context(Dnsmasq(Zone(N_ZONE)))


class WithDnsmasq(ResolveTest):
    def setUp(self):
        super().setUp()
        if DNSMASQ is None:
            self.skipTest("dnsmasq is not installed")
        self.server = start_dnsmasq()
        self.zone = self.server.zone

    def resolve(self, *args, **kwargs):
        return self.run_it(*args, server=self.server.address, **kwargs)

    def assert_right(self, run, names, types=BOTH, outcomes=None):
        self.assert_outcomes(run, names, self.zone.expected, types, outcomes)

    def mixed_names(self, count):
        """Of every kind: with one type or both, aliases, unknown ones."""
        aliases = list(self.zone.aliases)[: count // 4]
        unknown = [f"unknown-{i}.zone.test" for i in range(count // 8)]
        names = [*self.zone.names(count - len(aliases) - len(unknown)), *aliases, *unknown]
        return [name for group in itertools.zip_longest(*[iter(names)] * 7) for name in reversed(group) if name]

    # --- Outcomes ---

    def test_many_names_have_the_right_outcomes(self):
        names = self.mixed_names(N_NAMES)
        run = self.resolve("--parallel", PARALLEL, names=names)
        self.assert_right(run, names)
        self.assertEqual(len(run.err), 1, run.err)

    def test_a_burst_that_overruns_the_server_comes_out_right(self):
        names = self.mixed_names(500)
        self.assert_right(self.resolve("--timeout", "0.02", "--retries", "14", names=names), names)

    def test_one_name_as_an_argument(self):
        run = self.resolve("host-7.zone.test")
        self.assertEqual(sorted(run.out), ["host-7.zone.test A 10.0.0.7", "host-7.zone.test AAAA fd00::1:7"])
        self.assert_right(run, ["host-7.zone.test"])

    def test_types(self):
        names = ["host-1.zone.test", "host-9.zone.test", "nobody.test"]
        for option, types in (("A", ["A"]), ("AAAA", ["AAAA"]), ("both", BOTH)):
            with self.subTest(option):
                self.assert_right(self.resolve("--type", option, *names), names, types)

    def test_what_does_not_exist_is_told(self):
        run = self.resolve("--ordered", "host-9.zone.test", "nobody.test")
        self.assertEqual(run.out, ["host-9.zone.test A 10.0.0.9",
                                   "host-9.zone.test AAAA error: no address",
                                   "nobody.test A error: not found",
                                   "nobody.test AAAA error: not found"])
        self.assertEqual(run.status, 0)

    def test_aliases_are_followed(self):
        names = list(self.zone.aliases)
        self.assert_right(self.resolve(*names), names)

    def test_truncated_answers_come_over_tcp(self):
        names = [self.zone.many, "host-1.zone.test"]
        run = self.resolve(*names)
        self.assert_right(run, names)
        self.assertEqual(run.counts["tcp"], 2)

    def test_names_are_printed_as_they_were_given(self):
        names = ["HOST-1.Zone.TEST", "host-2.zone.test"]
        self.assert_right(self.resolve(*names), names)
        run = self.resolve("--type", "A", "host-3.zone.test.")
        self.assertEqual(run.out, ["host-3.zone.test. A 10.0.0.3"])

    def test_invalid_names_are_told(self):
        label = "x" * 63
        good = "host-1.zone.test"
        bad = ["a..b.test", ".test", f"{label}x.test", ".".join([label] * 4), "gr\u00fc\u00df.test"]
        run = self.resolve("--ordered", "--type", "A", *bad, good)
        self.assertEqual(run.out, [*(f"{name} A error: invalid name" for name in bad), f"{good} A 10.0.0.1"])
        self.assertEqual((run.status, run.counts["errors"]), (1, len(bad)))

    def test_a_name_of_the_greatest_length_is_asked_for(self):
        name = ".".join(["x" * 63] * 3 + ["y" * 56, "test"])
        self.assertEqual(len(name), 253)
        self.assertEqual(self.resolve("--type", "A", name).out, [f"{name} A error: not found"])

    def test_a_name_that_comes_twice_has_two_outcomes(self):
        run = self.resolve("--type", "A", *["host-1.zone.test"] * 3, "nobody.test", "nobody.test")
        self.assertEqual(sorted(run.out), ["host-1.zone.test A 10.0.0.1"] * 3 + ["nobody.test A error: not found"] * 2)
        self.assertEqual((run.counts["names"], run.counts["answered"], run.counts["errors"]), (5, 3, 2))

    # --- Input and output ---

    def test_names_come_from_a_file_or_standard_input(self):
        lines = "# a comment\n\nhost-1.zone.test\n   \n#host-2.zone.test\nhost-3.zone.test"
        names = ["host-1.zone.test", "host-3.zone.test"]
        self.write("names", lines.encode())
        self.assert_right(self.resolve("--file", "names"), names)
        self.assert_right(self.finish(self.start(server=self.server.address, stdin=subprocess.PIPE), lines), names)

    def test_no_names_are_no_error(self):
        run = self.resolve(names=[])
        self.assertEqual((run.status, run.out), (0, []))
        self.assertEqual(run.counts["names"], 0)

    def test_a_file_that_is_not_there_is_told(self):
        run = self.resolve("--file", "nowhere")
        self.assertIn(run.status, (1, 2))
        self.assertEqual(run.out, [])
        self.assertIn("nowhere", "\n".join(run.err))

    def test_ordered_keeps_the_order(self):
        names = self.mixed_names(500) + [self.zone.many]
        names = names[-1:] + names[:-1]
        run = self.resolve("--ordered", "--parallel", PARALLEL, names=names)
        self.assert_right(run, names)
        self.assertEqual([(name, type_) for name, type_, _ in run.outcomes()], list(itertools.product(names, BOTH)))

    def test_json(self):
        names = self.mixed_names(100) + [self.zone.many, "a..b", 'quote"d\\.test']
        run = self.resolve("--json", "--ordered", "--parallel", PARALLEL, names=names)
        outcomes = run.json_outcomes()
        self.assertEqual([(name, type_) for name, type_, _ in outcomes], list(itertools.product(names, BOTH)))
        invalid = [outcome for name, _, outcome in outcomes if name == "a..b"]
        self.assertEqual(invalid, ["invalid name"] * 2)
        good = [outcome for outcome in outcomes if outcome[0] not in names[-2:]]
        for name, type_, outcome in good:
            right = self.zone.expected(name, type_)
            self.assertEqual(outcome if isinstance(outcome, str) else set(outcome), right, f"{name} {type_}")

    def test_few_at_once_on_one_socket(self):
        names = self.mixed_names(60)
        for parallel in ("1", "7"):
            with self.subTest(parallel):
                self.assert_right(self.resolve("--parallel", parallel, "--sockets", "1", *names), names)

    def test_quiet_and_progress(self):
        run = self.resolve("--quiet", "host-1.zone.test")
        self.assertEqual((run.status, run.err), (0, []))
        run = self.resolve("--no-progress", "host-1.zone.test")
        self.assertEqual(len(run.err), 1, run.err)
        run = self.resolve("--progress", "--parallel", PARALLEL, names=self.mixed_names(500))
        self.assertEqual(run.status, 0)
        self.assertEqual(len(run.outcomes()), 1000)


class WithoutServer(ResolveTest):
    def silent(self):
        """A socket for queries that the test answers itself, or does not."""
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(udp.close)
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(60)
        return udp, f"127.0.0.1:{udp.getsockname()[1]}"

    def receive(self, udp, count):
        result = []
        for _ in range(count):
            data, address = udp.recvfrom(65535)
            result.append((dns.Question(data), address))
        return result

    def answer(self, udp, asked, address="10.1.2.3"):
        for question, sender in asked:
            record = dns.address_record(dns.ASKED, question.type, address)
            udp.sendto(dns.answer(question, [record]), sender)

    def test_a_port_where_nobody_listens(self):
        names = [f"host-{i}.test" for i in range(20)]
        run = self.run_it("--timeout", "0.02", "--retries", "1", *names, server=f"127.0.0.1:{free_port()}")
        outcomes = run.outcomes()
        self.assertEqual(sorted((name, type_) for name, type_, _ in outcomes), sorted(itertools.product(names, BOTH)))
        self.assertLessEqual({outcome for _, _, outcome in outcomes}, {"timed out", "refused"})
        self.assertEqual(run.status, 1)

    def test_each_try_is_sent_and_then_it_has_timed_out(self):
        udp, address = self.silent()
        run = self.run_it("--timeout", "0.01", "--retries", "2", "--type", "A", "host.test", server=address)
        self.assertEqual((run.status, run.out), (1, ["host.test A error: timed out"]))
        self.assertEqual(run.counts["retries"], 2)
        self.assertEqual([question.name for question, _ in self.receive(udp, 3)], ["host.test"] * 3)
        udp.settimeout(0)
        self.assertRaises(BlockingIOError, udp.recv, 1)

    def test_no_more_than_that_are_outstanding(self):
        udp, address = self.silent()
        names = [f"host-{i}.test" for i in range(12)]
        process = self.start("--parallel", "5", "--timeout", "60", "--type", "A", *names, server=address)
        for count in (5, 3, 3, 1):
            asked = self.receive(udp, count)
            udp.settimeout(0)
            self.assertRaises(BlockingIOError, udp.recv, 1)
            udp.settimeout(60)
            self.answer(udp, asked[:3])
            if count == 5:
                kept = asked[3:]
        self.answer(udp, kept)
        self.assertEqual(self.finish(process).status, 0)

    def test_ipv6_server(self):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
            try:
                udp.bind(("::1", 0))
            except OSError:
                self.skipTest("there is no IPv6 here")
            udp.settimeout(60)
            process = self.start("--type", "AAAA", "host.test", server=f"[::1]:{udp.getsockname()[1]}")
            self.answer(udp, self.receive(udp, 1), "fd00::1")
            run = self.finish(process)
        self.assertEqual((run.status, run.out), (0, ["host.test AAAA fd00::1"]))

    def test_signals_end_it_in_order(self):
        names = [f"host-{i}.test" for i in range(90)]
        for signum, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for options in ([], ["--ordered"]):
                with self.subTest(signum=signum, options=options):
                    udp, address = self.silent()
                    process = self.start("--parallel", "50", "--timeout", "60", "--type", "A", *options, *names,
                                         server=address)
                    # That it asks for the others tells that it has taken the answers.
                    first = self.receive(udp, 50)
                    self.answer(udp, first[10:])
                    self.receive(udp, 40)
                    process.send_signal(signum)
                    run = self.finish(process)
                    answered = {question.name for question, _ in first[10:]}
                    expected = [f"{name} A {'10.1.2.3' if name in answered else 'error: cancelled'}" for name in names]
                    if options:
                        self.assertEqual(run.out, expected)
                    else:
                        self.assertEqual(sorted(run.out), sorted(expected))
                        self.assertEqual(run.out[40:], [line for line in expected if line.endswith("cancelled")])
                    self.assertEqual(run.status, status)
                    self.assertEqual((run.counts["answered"], run.counts["errors"]), (40, 50))

    def test_a_signal_ends_it_while_more_names_may_come(self):
        udp, address = self.silent()
        process = self.start("--timeout", "60", "--type", "A", server=address, stdin=subprocess.PIPE)
        process.stdin.write("host-1.test\n")
        process.stdin.flush()
        self.receive(udp, 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 143)
        self.assertEqual(process.stdout.read(), "host-1.test A error: cancelled\n")

    def test_answers_are_printed_while_more_names_may_come(self):
        udp, address = self.silent()
        process = self.start("--timeout", "60", "--type", "A", server=address, stdin=subprocess.PIPE)
        for i in range(3):
            process.stdin.write(f"host-{i}.test\n")
            process.stdin.flush()
            self.answer(udp, self.receive(udp, 1))
            self.assertEqual(process.stdout.readline(), f"host-{i}.test A 10.1.2.3\n")
        self.assertEqual(self.finish(process).status, 0)

    def test_a_signal_ends_it_while_nobody_writes_to_its_file(self):
        os.mkfifo("pipe")
        process = self.start("--file", "pipe", server="127.0.0.1:9")
        # Some kernels do not tell what a process waits for.
        wchan = pathlib.Path(f"/proc/{process.pid}/wchan")
        end = time.monotonic() + 20
        while not wchan.exists() or wchan.read_text(encoding="ascii") != "wait_for_partner":
            if time.monotonic() > end:
                self.skipTest("it is not seen to open the file")
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), -signal.SIGINT)

    def test_outcomes_that_wait_for_the_first_are_limited(self):
        # The last question comes when the first one has been given up: its answer would come too late.
        udp, address = self.silent()
        bad = ["a..b"] * 120_000
        self.write("names", "\n".join(["first.test", *bad, "last.test"]).encode())
        process = self.start("--ordered", "--type", "A", "--timeout", "2", "--retries", "0", "--file", "names",
                             server=address)
        first = self.receive(udp, 1)
        reader = threading.Thread(target=lambda: self.answer(udp, self.receive(udp, 1) + first))
        reader.start()
        run = self.finish(process)
        reader.join()
        self.assertEqual([run.out[0], run.out[-1], len(run.out)],
                         ["first.test A error: timed out", "last.test A 10.1.2.3", len(bad) + 2])

    def test_a_line_that_is_too_long_is_no_name(self):
        names = [" " * 1012 + "www.example.org", "a.test" + " " * 1100 + "x", "x" * 2000]
        run = self.run_it("--type", "A", names=[*names, "# " + "x" * 2000], server="127.0.0.1:9")
        self.assertEqual([line.rpartition(" error: ")[2] for line in run.out], ["invalid name"] * len(names))

    def test_closed_descriptors_get_nothing(self):
        if IS_GJS:
            self.skipTest("GJS takes the places of closed descriptors for itself")
        bad = "Bad file descriptor"
        for closed, args, text in ((0, [], bad), (1, ["a..b"], f"standard output: {bad}")):
            with self.subTest(closed):
                run = self.run_it(*args, server="127.0.0.1:9", preexec_fn=lambda fd=closed: os.close(fd))
                self.assertEqual((run.status, run.out), (1, []))
                self.assertIn(text, run.err[-1])
        run = self.run_it("--type", "A", "a..b", server="127.0.0.1:9", preexec_fn=lambda: os.close(2))
        self.assertEqual((run.status, run.out, run.err), (1, ["a..b A error: invalid name"], []))

    def test_more_wait_for_tcp_than_an_id_has_values(self):
        n_rounds, n_each = 660, 100
        if N_NAMES < n_rounds * n_each:
            self.skipTest(f"TEND_NAMES is below {n_rounds * n_each}")
        udp, address = self.silent()
        tcp = socket.create_server(udp.getsockname(), backlog=n_each)
        self.addCleanup(tcp.close)
        tcp.settimeout(60)
        process = self.start("--type", "A", "--timeout", "900", "--retries", "0", "--parallel", str(n_rounds * n_each),
                             server=address, stdin=subprocess.PIPE)
        for i in range(n_rounds):
            process.stdin.write("".join(f"host-{i}-{j}.test\n" for j in range(n_each)))
            process.stdin.flush()
            for question, sender in self.receive(udp, n_each):
                udp.sendto(dns.answer(question, flags=dns.TRUNCATED), sender)
            # Each is closed at once, and keeps its number until the end of its try.
            for _ in range(n_each):
                tcp.accept()[0].close()
        process.send_signal(signal.SIGTERM)
        run = self.finish(process)
        self.assertEqual((run.status, run.counts["tcp"]), (143, n_rounds * n_each))

    def test_a_reader_that_goes_ends_it(self):
        udp, address = self.silent()
        process = self.start("--timeout", "60", "--type", "A", *(f"host-{i}.test" for i in range(2000)), server=address)
        process.stdout.close()
        self.answer(udp, self.receive(udp, 50))
        self.assertNotEqual(process.wait(timeout=60), 0)
        process.stdout = None

    def test_wrong_options(self):
        for args in (["--unknown"], ["--parallel", "0"], ["--parallel", "x"], ["--parallel", "-1"], ["--timeout", "-1"],
                     ["--timeout", "x"], ["--retries", "-1"], ["--retries", "x"], ["--type", "MX"], ["--sockets", "0"],
                     ["--sockets", "x"], ["--server", "nonsense"], ["--server", "127.0.0.1:99999"],
                     ["--server", "127.0.0.1:x"], ["--server", "[::1"], ["--server"]):
            with self.subTest(args):
                run = self.run_it("host.test", *args)
                self.assertEqual((run.status, run.out), (2, []))
                self.assertTrue(run.err)

    def test_help_names_every_option(self):
        run = self.run_it("--help")
        self.assertEqual((run.status, run.err), (0, []))
        for option in ("server", "parallel", "timeout", "retries", "type", "sockets", "ordered", "json", "progress",
                       "file", "quiet"):
            self.assertIn(f"--{option}", "\n".join(run.out))


if __name__ == "__main__":
    with SERVERS:
        main()
