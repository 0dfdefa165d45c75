# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Caches derived in Python; cache.vala and cache.js do the same."""

import contextlib
import gc
import io
import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, GObject, Tend

SECOND = 1
clock = Tend.Clock.freeze(None)


class TestQuery(Tend.NumberCache):
    __gtype_name__ = "TestQuery"  # the prefix; it would have the module's name in it

    host = GObject.Property(type=str, default="")

    def __init__(self, number, **kwargs):
        super().__init__(number=number, **kwargs)
        self.log = []

    def do_timed_out(self):
        self.log.append(f"timed out: {self.host}")

    def do_dropped(self):
        self.log.append("dropped")

    def do_get_timeout(self):
        return 3 * SECOND


class TestPing(Tend.RandomNumberCache):
    def __init__(self, requests, bits=16):
        super().__init__(request_cache=requests, prefix="ping", bits=bits)
        self.answer = Tend.Completion.new("answer")
        self.add_task(self.answer.get_task(), "no answer")


class TestKeyed(Tend.NumberCache):
    def __init__(self, key):
        super().__init__(prefix="keyed", key=key)


class TestFaulty(Tend.NumberCache):
    def do_timed_out(self):
        raise RuntimeError("a fault of the handler")


class Test(unittest.TestCase):
    def setUp(self):
        self.requests = Tend.RequestCache()

    def tearDown(self):
        gone = []
        self.requests.weak_ref(gone.append, "gone")
        del self.requests
        gc.collect()
        self.assertEqual(gone, ["gone"])

    def test_properties(self):
        query = TestQuery(7, host="example.org")
        self.assertEqual((query.props.prefix, query.props.number, query.host), ("TestQuery", 7, "example.org"))
        self.assertEqual((query.get_prefix(), query.get_number()), ("TestQuery", 7))
        self.assertEqual((query.props.timeout, query.get_timeout()), (10 * SECOND, 3 * SECOND))
        self.assertEqual(Tend.NumberCache.new("p", 2 ** 64 - 1).get_number(), 2 ** 64 - 1)

    def test_timed_out(self):
        query = TestQuery(7, host="example.org")
        query.connect("timed-out", lambda query: query.log.append(self.requests.has("TestQuery", 7)))
        self.assertTrue(self.requests.add(query))
        clock.advance(3 * SECOND - 1e-6)
        self.assertEqual((query.log, query.is_held()), ([], True))
        clock.advance(1e-6)
        self.assertEqual((query.log, query.is_held()), ([False, "timed out: example.org"], False))

    def test_task_values(self):
        query = TestQuery(7)
        value, nothing, error = (Tend.Completion.new(name) for name in ("value", "nothing", "error"))
        query.add_task(value.get_task(), 42)
        query.add_task(nothing.get_task(), None)
        query.add_task_with_error(
            error.get_task(), GLib.Error.new_literal(Gio.io_error_quark(), "no answer", Gio.IOErrorEnum.TIMED_OUT))
        self.assertEqual(query.list_tasks(), [value.get_task(), nothing.get_task(), error.get_task()])
        self.requests.add(query)
        clock.advance(3 * SECOND)
        self.assertEqual((value.get_task().get_result(), nothing.get_task().get_result()), (42, None))
        with self.assertRaisesRegex(GLib.Error, "no answer"):
            error.get_task().get_result()

    def test_exception_in_handler(self):
        """It is printed, and the tasks are settled all the same."""
        faulty = TestFaulty(number=1)
        answer = Tend.Completion.new("answer")
        faulty.add_task(answer.get_task(), 42)
        self.requests.add(faulty)
        with contextlib.redirect_stderr(io.StringIO()) as stderr:
            clock.advance(10 * SECOND)
        self.assertIn("a fault of the handler", stderr.getvalue())
        self.assertEqual(answer.get_task().get_result(), 42)

    def test_random_number(self):
        ping = TestPing(self.requests)
        self.assertEqual((ping.get_prefix(), ping.get_bits()), ("ping", 16))
        self.assertLess(ping.get_number(), 65536)
        self.requests.add(ping)
        popped = self.requests.pop("ping", ping.get_number())
        self.assertIs(popped, ping)
        popped.answer.set_string("pong")
        self.assertIsNone(self.requests.pop("ping", ping.get_number()))
        self.assertEqual(ping.answer.get_task().get_result(), "pong")

    def test_numbers_run_out(self):
        pings = [TestPing(self.requests, bits=1) for _ in range(2)]
        self.assertEqual(sorted(ping.get_number() for ping in pings), [0, 1])
        with self.assertRaisesRegex(GLib.Error, "Cache 'ping': every number is in use"):
            self.requests.add(TestPing(self.requests, bits=1))
        with self.assertRaisesRegex(GLib.Error, "Cache 'ping': every number is in use"):
            Tend.RandomNumberCache.new(self.requests, "ping", 1)

    def test_types(self):
        self.requests.add(TestQuery(7))
        self.assertTrue(self.requests.has_type(TestQuery, 7))
        self.assertIsInstance(self.requests.lookup_type(TestQuery, 7), TestQuery)
        self.assertIsInstance(self.requests.pop_type(TestQuery, 7), TestQuery)
        self.assertFalse(self.requests.has_type(TestQuery, 7))

    def test_keys(self):
        key = GLib.Bytes.new(bytes(range(20)))
        query = TestKeyed(key)
        self.assertTrue(self.requests.add(query))
        self.assertEqual(query.get_key().get_data(), bytes(range(20)))
        self.assertEqual(query.props.key.get_data(), bytes(range(20)))
        self.assertIn(query, self.requests)
        self.assertTrue(self.requests.has_key("keyed", GLib.Bytes.new(bytes(range(20)))))
        self.assertIs(self.requests.lookup_key("keyed", key), query)
        self.assertIs(self.requests.pop_key("keyed", key), query)
        self.assertNotIn(query, self.requests)
        self.assertIsNone(Tend.NumberCache.new("p", 1).get_key())

    def test_text(self):
        waiter = self.requests.wait_for_text("p", "n\u00e4me", 1)
        late = self.requests.wait_for_key("p", GLib.Bytes.new(b"other"), SECOND)
        cache = Tend.NumberCache.new_for_text("p", "n\u00e4me")
        self.requests.add(cache)
        self.assertIs(waiter.get_result(), cache)
        self.assertEqual(cache.to_string(), "<TendNumberCache p-n\u00e4me>")
        self.assertTrue(self.requests.has_text("p", "n\u00e4me"))
        self.assertIs(self.requests.lookup_text("p", "n\u00e4me"), cache)
        self.assertIs(self.requests.lookup_key("p", GLib.Bytes.new("n\u00e4me".encode())), cache)
        self.assertIs(self.requests.pop_text("p", "n\u00e4me"), cache)
        clock.advance(SECOND)
        self.assertIsInstance(late.exception, Tend.TimeoutError)

    def test_list_caches(self):
        caches = [TestQuery(7), TestQuery(8), Tend.NumberCache.new_for_text("p", "name")]
        for cache in caches:
            self.requests.add(cache)
        self.assertEqual(set(self.requests.list_caches()), set(caches))
        self.assertEqual(set(self.requests.list_caches("TestQuery")), set(caches[:2]))
        self.assertEqual(self.requests.list_caches("other"), [])
        self.requests.clear()

    def test_clear_with_error(self):
        query, answer = TestQuery(7), Tend.Completion.new("answer")
        query.connect("dropped", lambda query: query.log.append((self.requests.has("TestQuery", 7), answer.is_done())))
        query.add_task(answer.get_task(), 42)
        self.requests.add(query)
        lost = ValueError("the connection is lost")
        self.requests.clear_with_error(lost)
        self.assertEqual(query.log, [(False, False), "dropped"])
        with self.assertRaises(ValueError) as raised:
            answer.get_task().get_result()
        self.assertIs(raised.exception, lost)
        self.assertRaises(TypeError, self.requests.clear_with_error, "text")

    def test_dropped(self):
        query = TestQuery(7)
        self.requests.add(query)
        self.requests.remove(query)
        self.requests.add(query)
        self.requests.clear()
        self.assertEqual(query.log, ["dropped", "dropped"])

    def test_restart_timeout(self):
        query = TestQuery(7)
        self.assertFalse(query.restart_timeout(5 * SECOND))
        self.requests.add(query)
        clock.advance(2 * SECOND)
        self.assertTrue(query.restart_timeout(5 * SECOND))
        clock.advance(5 * SECOND - 1e-6)
        self.assertEqual(query.log, [])
        clock.advance(1e-6)
        self.assertEqual(query.log, ["timed out: "])

    def test_duplicate(self):
        self.requests.add(TestQuery(7))
        with self.assertRaises(GLib.Error) as raised:
            self.requests.add(TestQuery(7))
        self.assertTrue(raised.exception.matches(Tend.Error.quark(), Tend.Error.EXISTS))

    def test_reserved(self):
        for cache in (Tend.NumberCache(prefix="p", number=7), Tend.NumberCache.new_for_text("p", "seven")):
            with cache as reserved:
                self.assertTrue(self.requests.reserve(reserved))
                with self.assertRaises(GLib.Error) as raised:
                    self.requests.add(Tend.NumberCache.new("p", 7) if reserved.get_key() is None
                                      else Tend.NumberCache.new_for_text("p", "seven"))
                self.assertTrue(raised.exception.matches(Tend.Error.quark(), Tend.Error.EXISTS))
            self.assertFalse(reserved.is_reserved())
            self.assertNotIn(reserved, self.requests)

    def test_reservation_is_taken_over(self):
        with Tend.RandomNumberCache.new(self.requests, "p", 16) as reserved:
            number = reserved.get_number()
            query = Tend.NumberCache(reservation=reserved)
            self.assertFalse(reserved.is_reserved())
            self.requests.add(query)
        self.assertIs(self.requests.lookup("p", number), query)
        self.requests.pop("p", number)

    def test_wait_for(self):
        found = []
        waiter = self.requests.wait_for("TestQuery", 7, None)
        waiter.wait_async(None, lambda task, result: found.append((task.wait_finish(result), task.get_result())))
        query = TestQuery(7)
        self.requests.add(query)
        clock.advance(0)
        self.assertEqual(found, [(True, query)])

        late = self.requests.wait_for("TestQuery", 8, SECOND)
        clock.advance(SECOND)
        self.assertIsInstance(late.exception, Tend.TimeoutError)

    def test_held_by_the_request_cache_alone(self):
        """What Python knows of the object lives as long as the object."""
        log = []
        query = TestQuery(7, host="example.org")
        query.log = log
        self.requests.add(query)
        del query
        gc.collect()
        clock.advance(3 * SECOND)
        self.assertEqual(log, ["timed out: example.org"])

    def test_override(self):
        query = TestQuery(7)
        self.requests.push_timeout(TestQuery, 0)
        self.requests.add(query)
        self.requests.pop_timeout()
        clock.advance(0)
        self.assertEqual(query.log, ["timed out: "])

    def test_shutdown(self):
        ping, query, log = TestPing(self.requests), TestQuery(7), []
        self.requests.add(ping)
        self.requests.add(query)
        self.requests.get_manager().register("again", lambda: None)
        self.requests.shutdown_async(None, lambda requests, result: log.append(requests.shutdown_finish(result)))
        self.assertEqual(ping.answer.get_task().get_status(), Tend.TaskStatus.CANCELLED)
        clock.advance(10 * SECOND)
        self.assertEqual((log, query.log, self.requests.get_n_caches()), ([True], ["dropped"], 0))
        with self.assertRaisesRegex(GLib.Error, "Cache 'TestQuery-7': is not added: .* has been shut down"):
            self.requests.add(query)

    def test_tags(self):
        self.assertTrue(Tend.tag_equal(GLib.Bytes.new(b"secret"), GLib.Bytes.new(b"secret")))
        self.assertFalse(Tend.tag_equal(GLib.Bytes.new(b"secret"), GLib.Bytes.new(b"Secret")))


if __name__ == "__main__":
    unittest.main()
