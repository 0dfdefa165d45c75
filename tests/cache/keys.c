// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Caches that are found by bytes or text instead of a number.

#include "cache.h"

/* Two texts with the same FNV-1a hash of 64 bits. */
#define TWIN_A "8yn0iYCKYHlIj4-BwPqk"
#define TWIN_B "GReLUrM4wMqfg9yzV3KQ"

static GBytes *
bytes (gconstpointer data,
       gsize         size)
{
  return g_bytes_new (data, size);
}

/* Added, and held by the request cache alone. */
static TendNumberCache *
text_add (Fixture    *fixture,
          const char *text)
{
  g_autoptr(TendNumberCache) cache = tend_number_cache_new_for_text ("p", text);

  add (fixture->requests, cache);
  return cache;
}

static void
test_has_properties (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GBytes) key = bytes ("\0\1\2", 3);
  g_autoptr(GBytes) copy = bytes ("\0\1\2", 3);
  g_autoptr(GBytes) found = NULL;
  g_autoptr(TendNumberCache) cache = tend_number_cache_new_for_key ("dht", key);
  g_autoptr(TendNumberCache) plain = tend_number_cache_new ("dht", 7);
  g_autoptr(TendNumberCache) made = g_object_new (TEST_TYPE_REQUEST, "key", key, NULL);

  g_object_get (cache, "key", &found, NULL);
  g_assert_true (g_bytes_equal (found, copy));
  g_assert_true (g_bytes_equal (tend_number_cache_get_key (made), copy));
  g_assert_cmpuint (tend_number_cache_get_number (cache), ==, 0);
  g_assert_null (tend_number_cache_get_key (plain));

  expect_critical ("Cache 'dht-000102': the key cannot be changed");
  g_object_set (cache, "key", copy, NULL);
  expect_critical ("Cache 'dht-000102': the number cannot be changed");
  g_object_set (cache, "number", (guint64) 7, NULL);
  expect_critical ("Cache 'dht-7': the key cannot be changed");
  g_object_set (plain, "key", key, NULL);
  g_test_assert_expected_messages ();
}

static void
assert_prints (gconstpointer  data,
               gsize          size,
               const char    *expected)
{
  g_autoptr(GBytes) key = bytes (data, size);
  g_autoptr(TendNumberCache) cache = tend_number_cache_new_for_key ("p", key);
  g_autofree char *text = tend_number_cache_to_string (cache);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_prints (Fixture       *fixture,
             gconstpointer  unused)
{
  char longest[33];

  memset (longest, 'x', sizeof longest);
  assert_prints ("", 0, "<TendNumberCache p->");
  assert_prints ("name of \303\251", 10, "<TendNumberCache p-name of \303\251>");
  assert_prints ("\303", 1, "<TendNumberCache p-c3>");
  assert_prints ("a\n", 2, "<TendNumberCache p-610a>");
  assert_prints ("a\0", 2, "<TendNumberCache p-6100>");
  assert_prints (longest, 32, "<TendNumberCache p-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>");
  assert_prints (longest, 33, "<TendNumberCache p-"
                 "7878787878787878787878787878787878787878787878787878787878787878...>");
}

static void
test_adds_finds_and_pops (Fixture       *fixture,
                          gconstpointer  unused)
{
  TendRequestCache *requests = fixture->requests;
  guint8 digest[20] = { 1, 2, 3 };
  g_autoptr(GBytes) key = bytes (digest, sizeof digest);
  g_autoptr(GBytes) shorter = bytes (digest, sizeof digest - 1);
  g_autoptr(GBytes) copy = bytes (digest, sizeof digest);
  g_autoptr(TendNumberCache) cache = tend_number_cache_new_for_key ("p", key);
  g_autoptr(TendNumberCache) popped = NULL;

  add (requests, cache);
  g_assert_true (tend_request_cache_has_key (requests, "p", copy));
  g_assert_true (tend_request_cache_lookup_key (requests, "p", copy) == cache);
  g_assert_false (tend_request_cache_has_key (requests, "q", copy));
  g_assert_null (tend_request_cache_pop_key (requests, "p", shorter));
  popped = tend_request_cache_pop_key (requests, "p", copy);
  g_assert_true (popped == cache);
  g_assert_false (tend_number_cache_is_held (cache));
  g_assert_null (tend_request_cache_pop_key (requests, "p", copy));
  g_assert_cmpuint (tend_request_cache_get_n_caches (requests), ==, 0);
}

static void
test_text_is_its_bytes (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(GBytes) key = bytes ("name", 4);
  TendNumberCache *cache = text_add (fixture, "name");
  g_autoptr(TendNumberCache) popped = NULL;

  g_assert_true (tend_request_cache_lookup_key (fixture->requests, "p", key) == cache);
  g_assert_true (tend_request_cache_lookup_text (fixture->requests, "p", "name") == cache);
  g_assert_true (tend_request_cache_has_text (fixture->requests, "p", "name"));
  g_assert_false (tend_request_cache_has_text (fixture->requests, "p", "names"));
  popped = tend_request_cache_pop_text (fixture->requests, "p", "name");
  g_assert_true (popped == cache);
}

/* The hash of a key is no number. */
static void
test_keys_and_numbers_do_not_clash (Fixture       *fixture,
                                    gconstpointer  unused)
{
  const guint64 number = 7, hash = G_GUINT64_CONSTANT (0xaf63dc4c8601ec8c);    /* that of "a" */
  g_autoptr(GBytes) key = bytes (&number, sizeof number);
  g_autoptr(TendNumberCache) keyed = tend_number_cache_new_for_key ("p", key);
  g_autoptr(TendNumberCache) popped = NULL;
  TendNumberCache *text = text_add (fixture, "a");

  add (fixture->requests, keyed);
  g_assert_false (tend_request_cache_has (fixture->requests, "p", number));
  g_assert_false (tend_request_cache_has (fixture->requests, "p", hash));
  request_add (fixture, number, SECOND, NULL);
  request_add (fixture, hash, SECOND, NULL);
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 4);
  popped = tend_request_cache_pop (fixture->requests, "p", hash);
  g_assert_nonnull (popped);
  g_assert_true (tend_request_cache_lookup_text (fixture->requests, "p", "a") == text);
  tend_request_cache_clear (fixture->requests);
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
  g_assert_false (tend_number_cache_is_held (keyed));
}

static void
test_first_of_a_key_stays (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendNumberCache) second = tend_number_cache_new_for_text ("p", "name");
  TendNumberCache *first = text_add (fixture, "name");

  g_assert_false (tend_request_cache_add (fixture->requests, second, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
  g_assert_cmpstr (error->message, ==, "Cache 'p-name': the key is in use");
  g_assert_true (tend_request_cache_lookup_text (fixture->requests, "p", "name") == first);
}

/* In both orders: the one behind is found when the one before it goes. */
static void
test_one_hash (Fixture       *fixture,
               gconstpointer  unused)
{
  static const char *texts[] = { TWIN_A, TWIN_B, TWIN_A };

  for (guint i = 0; i < 2; i++)
    {
      TendNumberCache *first = text_add (fixture, texts[i]);
      TendNumberCache *second;

      g_assert_false (tend_request_cache_has_text (fixture->requests, "p", texts[i + 1]));
      second = text_add (fixture, texts[i + 1]);
      g_assert_true (tend_request_cache_lookup_text (fixture->requests, "p", texts[i]) == first);
      g_assert_true (tend_request_cache_lookup_text (fixture->requests, "p", texts[i + 1]) == second);
      g_assert_true (tend_request_cache_remove (fixture->requests, first));
      g_assert_false (tend_request_cache_has_text (fixture->requests, "p", texts[i]));
      g_assert_true (tend_request_cache_lookup_text (fixture->requests, "p", texts[i + 1]) == second);
      tend_request_cache_clear (fixture->requests);
    }
}

static void
test_many (Fixture       *fixture,
           gconstpointer  unused)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("name-%u", i);

      text_add (fixture, text);
    }

  for (guint i = 0; i < 1000; i += 2)
    {
      g_autofree char *text = g_strdup_printf ("name-%u", i);
      g_autoptr(TendNumberCache) popped = tend_request_cache_pop_text (fixture->requests, "p", text);

      g_assert_nonnull (popped);
    }

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *text = g_strdup_printf ("name-%u", i);

      g_assert_true (tend_request_cache_has_text (fixture->requests, "p", text) == (i % 2 == 1));
    }
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 500);
}

static void
test_times_out (Fixture       *fixture,
                gconstpointer  unused)
{
  g_autoptr(GBytes) key = bytes ("name", 4);
  g_autoptr(TendNumberCache) cache = g_object_new (TEST_TYPE_REQUEST, "prefix", "p", "key", key, NULL);
  g_autoptr(TendTask) answer = answer_add (cache, "answer");

  add (fixture->requests, cache);
  advance (fixture, 10 * SECOND);
  assert_notes ("p-0 answer:completed");
  g_assert_false (tend_request_cache_has_text (fixture->requests, "p", "name"));
  add (fixture->requests, cache);
  g_assert_true (tend_request_cache_remove (fixture->requests, cache));
}

static void
test_waits (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(GBytes) key = bytes (TWIN_A, strlen (TWIN_A));
  g_autoptr(TendTask) task = tend_request_cache_wait_for_key (fixture->requests, "p", key, SECOND);
  g_autoptr(TendTask) text = tend_request_cache_wait_for_text (fixture->requests, "p", TWIN_A, SECOND);
  g_autoptr(TendTask) twin = tend_request_cache_wait_for_text (fixture->requests, "p", TWIN_B, SECOND);
  g_autoptr(TendTask) there = NULL;
  TendNumberCache *cache = text_add (fixture, TWIN_A);

  assert_status (task, "completed");
  assert_status (text, "completed");
  g_assert_false (tend_task_is_ended (twin));
  g_assert_true (tend_task_get_object (task) == cache);
  there = tend_request_cache_wait_for_key (fixture->requests, "p", key, 0);
  g_assert_true (tend_task_get_object (there) == cache);

  advance (fixture, SECOND);
  g_assert_error (tend_task_get_error (twin), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (tend_task_get_error (twin)->message, ==, "Cache 'p-" TWIN_B "': was not added in time");
}

static void
test_refuses_nonsense (Fixture       *fixture,
                       gconstpointer  unused)
{
  expect_critical ("*key != NULL*");
  g_assert_null (tend_number_cache_new_for_key ("p", NULL));
  expect_critical ("*text != NULL*");
  g_assert_null (tend_number_cache_new_for_text ("p", NULL));
  expect_critical ("*key != NULL*");
  g_assert_null (tend_request_cache_lookup_key (fixture->requests, "p", NULL));
  expect_critical ("*text != NULL*");
  g_assert_null (tend_request_cache_pop_text (fixture->requests, "p", NULL));
  expect_critical ("*key != NULL*");
  g_assert_null (tend_request_cache_wait_for_key (fixture->requests, "p", NULL, 0));
  g_test_assert_expected_messages ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/number-cache/key/has-properties", test_has_properties);
  add_test ("/tend/number-cache/key/prints", test_prints);
  add_test ("/tend/request-cache/key/adds-finds-and-pops", test_adds_finds_and_pops);
  add_test ("/tend/request-cache/key/text-is-its-bytes", test_text_is_its_bytes);
  add_test ("/tend/request-cache/key/does-not-clash-with-a-number", test_keys_and_numbers_do_not_clash);
  add_test ("/tend/request-cache/key/first-stays", test_first_of_a_key_stays);
  add_test ("/tend/request-cache/key/two-with-one-hash", test_one_hash);
  add_test ("/tend/request-cache/key/many", test_many);
  add_test ("/tend/request-cache/key/times-out", test_times_out);
  add_test ("/tend/request-cache/key/waits", test_waits);
  add_test ("/tend/request-cache/key/refuses-nonsense", test_refuses_nonsense);

  return g_test_run ();
}
