# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/resolve with a server that misbehaves. resolve-hostile.py COMMAND... [-- NAME...]

What is dropped is counted exactly: there one query is outstanding at a time, and what is wrong comes before
what is right, over the same loopback, so that both are there when the right one is read.
"""

import itertools
import resource

from dns_hostile import HARMFUL, WRONG, address_of, chance
from dns_message import TYPES
from dns_servers import Hostile
from resolve_run import BOTH, DROPPED, IS_GJS, ResolveTest
from support import main

N_EACH = 10
PATIENT = ("--timeout", "60")
ONE_BY_ONE = (*PATIENT, "--parallel", "1", "--type", "A")

# Which count each of them goes to, and how often.
FORGED = {"wrongport": "source", "wrongaddr": "source", "wrongid": "id"}
NOT_ASKED = ["wrongname", "wrongtype", "wrongclass"]
MALFORMED = ["noquestion", "twoquestions", "echo", "loop", "pingpong", "beyond", "questionloop", "label", "longname",
             "counts", "length", "short", "zero", "one", "cut11", "cut12", "cut30"]

LOSS = 30
LOSS_SEED = 7
N_LOSS = 5000
N_TRIES = 4


def names_of(rule, count=N_EACH):
    return [f"{rule}.{i}.test" for i in range(count)]


def right(name, type_):
    return {address_of(name, TYPES[type_])}


def is_lost(key):
    """Whether the server drops each try."""
    return all(chance(LOSS_SEED, key, i + 1).random() * 100 < LOSS for i in range(N_TRIES))


class HostileTest(ResolveTest):
    def serve(self, *options):
        return self.enterContext(Hostile(*options))

    def assert_right(self, run, names, types=BOTH, expected=right):
        self.assert_outcomes(run, names, expected, types)
        self.assert_nothing_wrong(run)

    def assert_nothing_wrong(self, run):
        for address in WRONG.values():
            self.assertNotIn(address, "\n".join(run.out))

    # --- Answers that are no answers to the question ---

    def test_answers_from_elsewhere_or_with_wrong_ids_are_dropped(self):
        server = self.serve()
        for rule, key in FORGED.items():
            with self.subTest(rule):
                names = names_of(rule + "-ok")
                run = self.run_it(*ONE_BY_ONE, *names, server=server.address)
                self.assert_right(run, names, ["A"])
                self.assert_dropped(run, **{key: 0 if IS_GJS and key == "source" else N_EACH})

    def test_answers_to_other_questions_are_dropped(self):
        server = self.serve()
        for rule in NOT_ASKED:
            with self.subTest(rule):
                names = names_of(rule + "-ok")
                run = self.run_it(*ONE_BY_ONE, *names, server=server.address)
                self.assert_right(run, names, ["A"])
                self.assertEqual(sum(run.counts[key] for key in DROPPED), N_EACH)
                self.assertEqual((run.counts["source"], run.counts["oversized"]), (0, 0))

    def test_malformed_answers_are_dropped(self):
        server = self.serve()
        for rule in MALFORMED:
            with self.subTest(rule):
                names = names_of(rule + "-ok")
                run = self.run_it(*ONE_BY_ONE, *names, server=server.address)
                self.assert_right(run, names, ["A"])
                self.assert_dropped(run, malformed=N_EACH)

    def test_an_answer_cut_off_anywhere_is_dropped(self):
        server = self.serve()
        names = names_of("cuts-ok")
        run = self.run_it(*ONE_BY_ONE, *names, server=server.address)
        self.assert_right(run, names, ["A"])
        self.assertEqual(server.end()["counts"]["sent"], N_EACH + run.counts["malformed"])
        self.assert_dropped(run, malformed=run.counts["malformed"])

    def test_the_largest_datagrams_are_dropped(self):
        names = names_of("huge-ok")
        run = self.run_it(*ONE_BY_ONE, *names, server=self.serve().address)
        self.assert_right(run, names, ["A"])
        self.assert_dropped(run, oversized=N_EACH)

    def test_random_bytes_are_dropped(self):
        names = names_of("junk-ok", 50)
        run = self.run_it(*ONE_BY_ONE, *names, server=self.serve().address)
        self.assert_right(run, names, ["A"])
        self.assertEqual(sum(run.counts[key] for key in DROPPED), len(names))

    def test_nothing_right_ever_comes(self):
        server = self.serve()
        rules = [*FORGED, *NOT_ASKED, *MALFORMED, "junk", "huge", "cuts"]
        names = [name for rule in rules for name in names_of(rule, 3)]
        run = self.run_it("--timeout", "0.1", "--retries", "1", *names, server=server.address)
        self.assert_right(run, names, expected=lambda name, type_: "timed out")

    def test_all_of_it_at_once(self):
        server = self.serve("--seed", "3")
        names = [f"chaos{i % 8}.{i}.test" for i in range(1000)]
        run = self.run_it(*PATIENT, "--parallel", "40", names=names, server=server.address)
        self.assert_right(run, names)
        done = server.end()["counts"]
        self.assertGreater(min(done[harm] for harm in HARMFUL), 0)
        seen = ("id", "malformed", "oversized") if IS_GJS else ("source", "id", "malformed", "oversized")
        self.assertGreater(min(run.counts[key] for key in seen), 0)

    # --- Answers that are unusual ---

    def test_records_of_strangers_are_no_answer(self):
        names = [*names_of("stranger"), *names_of("nowhere"), *names_of("empty"), *names_of("cnameloop")]
        run = self.run_it(*PATIENT, *names, server=self.serve().address)
        self.assert_right(run, names, expected=lambda name, type_: "no address")
        self.assertEqual(run.status, 0)

    def test_what_the_server_says_is_told(self):
        server = self.serve()
        for rule, text in {"nxdomain": "not found", "servfail": "server failure", "refused": "refused",
                           "notimp": "SERVER NOTIMP", "formerr": "SERVER FORMERR"}.items():
            with self.subTest(rule):
                names = names_of(rule)
                run = self.run_it(*PATIENT, *names, server=server.address)
                self.assert_right(run, names, expected=lambda name, type_: text)

    def test_case_aliases_and_other_records_do_not_matter(self):
        names = [*names_of("upper"), *names_of("cname3"), *names_of("many40")]
        run = self.run_it(*PATIENT, *names, server=self.serve().address)
        self.assert_right(run, names)
        self.assert_dropped(run)

    # --- Time ---

    def test_duplicates_are_dropped(self):
        names = names_of("dup3", 50)
        run = self.run_it(*ONE_BY_ONE, *names, server=self.serve().address)
        self.assert_right(run, names, ["A"])
        # It need not wait for the duplicates of the last answers.
        self.assertIn(run.counts["late"], range(2 * (len(names) - 2), 2 * len(names) + 1))
        self.assert_dropped(run, late=run.counts["late"])

    def test_order_does_not_matter(self):
        names = names_of("host", 500)
        server = self.serve("--rule", "reorder50-ok")
        run = self.run_it(*PATIENT, "--ordered", names=names, server=server.address)
        self.assert_right(run, names)
        self.assertEqual([name for name, type_, _ in run.outcomes() if type_ == "A"], names)
        self.assertEqual(server.end()["counts"]["reorder"], 2 * len(names))

    def test_late_answers_are_dropped(self):
        # The answer to the first try comes while the second, which may take 0.4 s, waits for its own.
        names = names_of("delay300-ok", 20)
        run = self.run_it("--timeout", "0.2", "--retries", "6", *names, server=self.serve().address)
        self.assert_right(run, names)
        self.assertGreaterEqual(run.counts["retries"], 2 * len(names))
        self.assertGreaterEqual(run.counts["late"], 2 * len(names))
        self.assert_dropped(run, late=run.counts["late"])

    def test_loss(self):
        server = self.serve("--seed", str(LOSS_SEED))
        names = names_of(f"drop{LOSS}-ok", N_LOSS // 2)
        run = self.run_it("--timeout", "0.15", "--retries", str(N_TRIES - 1), "--parallel", "100", names=names,
                          server=server.address)
        outcomes = run.outcomes()
        self.assertEqual(sorted((name, type_) for name, type_, _ in outcomes), sorted(itertools.product(names, BOTH)))
        for name, type_, outcome in outcomes:
            self.assertIn(outcome if isinstance(outcome, str) else set(outcome), ("timed out", right(name, type_)))
        self.assert_counts(run, outcomes)

        # Each of those that were lost was asked in every try, and with those of the others that were all retries.
        lost = {f"{name}/{type_}" for name, type_, outcome in outcomes if outcome == "timed out"}
        queries = server.end()["queries"]
        self.assertEqual({queries[key] for key in lost}, {N_TRIES})
        self.assertEqual(sum(queries.values()), N_LOSS + run.counts["retries"])

        # The seed decides of each name. Others are lost only where the machine was slower than the time-outs.
        seeded = {key for key in queries if is_lost(key)}
        self.assertLessEqual(seeded, lost)

    def test_ids_and_ports_cannot_be_guessed(self):
        server = self.serve()
        names = names_of("ok", 2000)
        run = self.run_it(*PATIENT, "--parallel", "100", "--sockets", "8", names=names, server=server.address)
        self.assert_right(run, names)
        report = server.end()
        self.assertEqual(len(report["ports"]), 8)
        self.assertEqual(len(report["ids"]), 2 * len(names))
        # Each bit is set in half of the ids, give or take five standard deviations.
        for bit in range(16):
            ones = sum(ident >> bit & 1 for ident in report["ids"])
            self.assertLessEqual(abs(ones - len(names)), 5 * len(names) ** 0.5 / 2 ** 0.5, f"bit {bit}")
        steps = {(after - before) % 65536 for before, after in itertools.pairwise(report["ids"])}
        self.assertGreater(len(steps), len(names))

    # --- TCP ---

    def test_truncated_answers_come_over_tcp(self):
        names = [*names_of("tc", 40), *names_of("tcpieces", 5), *names_of("ok", 5)]
        run = self.run_it(*PATIENT, *names, server=self.serve().address)
        self.assert_right(run, names)
        self.assertEqual(run.counts["tcp"], 90)
        run = self.run_it(*PATIENT, *names_of("tcnxdomain"), server=self.serve().address)
        self.assert_right(run, names_of("tcnxdomain"), expected=lambda name, type_: "not found")

    def test_json_says_what_came_over_tcp(self):
        run = self.run_it(*PATIENT, "--json", "--ordered", "--type", "A", "tc.test", "ok.test",
                          server=self.serve().address)
        self.assertRegex(run.out[0], r'"tries": ?1, ?"tcp": ?true')
        self.assertRegex(run.out[1], r'"tries": ?1, ?"tcp": ?false')

    def test_garbage_over_tcp_is_told(self):
        server = self.serve()
        for rule in ("tcgarbage", "tcwrongid", "tcwrongname", "tcless", "tczero", "tcagain"):
            with self.subTest(rule):
                names = names_of(rule, 3)
                run = self.run_it("--timeout", "0.2", "--retries", "1", *names, server=server.address)
                self.assert_right(run, names, expected=lambda name, type_: "malformed answer")

    def test_tcp_that_does_not_answer_times_out(self):
        server = self.serve()
        for rule in ("tchang", "tcmore", "tcclose", "tcreset"):
            with self.subTest(rule):
                names = names_of(rule, 3)
                run = self.run_it("--timeout", "0.1", "--retries", "1", *names, server=server.address)
                self.assertLessEqual({outcome for _, _, outcome in run.outcomes()}, {"timed out", "malformed answer"})
                self.assertEqual(len(run.outcomes()), 6)
                self.assert_counts(run, run.outcomes())

    def test_tcp_that_is_refused(self):
        names = names_of("tc", 3)
        run = self.run_it("--timeout", "0.1", "--retries", "1", *names, server=self.serve("--no-tcp").address)
        self.assertLessEqual({outcome for _, _, outcome in run.outcomes()}, {"timed out", "refused"})
        self.assert_counts(run, run.outcomes())

    def test_few_descriptors_are_enough(self):
        names = names_of("tc", 200)
        run = self.run_it(*PATIENT, names=names, server=self.serve().address,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        self.assert_right(run, names)
        self.assertEqual(run.counts["retries"], 0)

    def test_descriptors_are_given_back(self):
        # Those who answer, those who close, and those who hang: none keeps its descriptor.
        names = [*names_of("tc", 150), *names_of("tcgarbage", 50), *names_of("tcclose", 5), *names_of("tchang", 5)]
        run = self.run_it("--timeout", "0.3", "--retries", "1", "--parallel", "20", names=names,
                          server=self.serve().address,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48)))
        answered = [(name, type_) for name, type_, outcome in run.outcomes() if not isinstance(outcome, str)]
        self.assertEqual(sorted(answered), sorted(itertools.product(names[:150], BOTH)))
        self.assertEqual(len(run.outcomes()), 2 * len(names))
        self.assert_counts(run, run.outcomes())


if __name__ == "__main__":
    main()
