// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The cache whose number is chosen when it is made, and kept from others until it goes.

#include "cache.h"

static TendNumberCache *
random_new (Fixture *fixture,
            guint    bits)
{
  g_autoptr(GError) error = NULL;
  TendRandomNumberCache *cache = tend_random_number_cache_new (fixture->requests, "r", bits, &error);

  g_assert_no_error (error);
  return TEND_NUMBER_CACHE (cache);
}

/* All that there are of @bits. */
static GPtrArray *
random_fill (Fixture *fixture,
             guint    bits)
{
  GPtrArray *caches = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 1u << bits; i++)
    g_ptr_array_add (caches, random_new (fixture, bits));
  return caches;
}

static void
assert_none_left (Fixture *fixture,
                  guint    bits)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (tend_random_number_cache_new (fixture->requests, "r", bits, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_FULL);
  g_assert_cmpstr (error->message, ==, "Cache 'r': every number is in use");
}

static void
test_widths (Fixture       *fixture,
             gconstpointer  unused)
{
  for (guint bits = 1; bits <= 64; bits++)
    {
      g_autoptr(TendNumberCache) cache = random_new (fixture, bits);

      g_assert_cmpuint (tend_random_number_cache_get_bits (TEND_RANDOM_NUMBER_CACHE (cache)), ==, bits);
      if (bits < 64)
        g_assert_cmpuint (tend_number_cache_get_number (cache), <, G_GUINT64_CONSTANT (1) << bits);
    }
}

static void
test_default_width (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = g_object_new (TEND_TYPE_RANDOM_NUMBER_CACHE,
                                                   "request-cache", fixture->requests, NULL);
  guint bits;

  g_object_get (cache, "bits", &bits, NULL);
  g_assert_cmpuint (bits, ==, 16);
  g_assert_cmpuint (tend_number_cache_get_number (cache), <, 65536);
  g_assert_cmpstr (tend_number_cache_get_prefix (cache), ==, "TendRandomNumberCache");
}

static void
test_number_cannot_be_given (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = NULL;

  expect_critical ("Cache 'r-*': the number cannot be changed");
  cache = g_object_new (TEND_TYPE_RANDOM_NUMBER_CACHE,
                        "request-cache", fixture->requests, "prefix", "r", "number", (guint64) 65536, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (tend_number_cache_get_number (cache), <, 65536);
}

/* Before it is added nobody finds it, and nobody else gets its number. */
static void
test_reserved (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = random_new (fixture, 1);
  guint64 number = tend_number_cache_get_number (cache);
  g_autoptr(TendNumberCache) intruder = tend_number_cache_new ("r", number);
  g_autoptr(TendNumberCache) other = random_new (fixture, 1);
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (tend_number_cache_get_number (other), ==, 1 - number);
  g_assert_false (tend_request_cache_has (fixture->requests, "r", number));
  g_assert_null (tend_request_cache_pop (fixture->requests, "r", number));
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
  g_assert_false (tend_request_cache_add (fixture->requests, intruder, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
  assert_none_left (fixture, 1);

  add (fixture->requests, cache);
  g_assert_true (tend_request_cache_lookup (fixture->requests, "r", number) == cache);
  assert_none_left (fixture, 1);
}

/* Whatever becomes of a cache, its number is free in the end. */
static void
test_number_comes_back (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(GPtrArray) caches = random_fill (fixture, 3);
  TendNumberCache *cache;

  assert_none_left (fixture, 3);

  g_ptr_array_remove_index_fast (caches, 0);
  g_ptr_array_add (caches, random_new (fixture, 3));
  assert_none_left (fixture, 3);

  cache = caches->pdata[0];
  add (fixture->requests, cache);
  g_object_unref (tend_request_cache_pop (fixture->requests, "r", tend_number_cache_get_number (cache)));
  g_ptr_array_add (caches, random_new (fixture, 3));
  assert_none_left (fixture, 3);

  cache = caches->pdata[1];
  add (fixture->requests, cache);
  advance (fixture, 10 * SECOND);
  g_ptr_array_add (caches, random_new (fixture, 3));
  assert_none_left (fixture, 3);

  cache = caches->pdata[2];
  add (fixture->requests, cache);
  tend_request_cache_clear (fixture->requests);
  g_ptr_array_add (caches, random_new (fixture, 3));
  assert_none_left (fixture, 3);
}

/* One that has timed out has its number still, but no claim to it. */
static void
test_added_again (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = random_new (fixture, 1);
  guint64 number = tend_number_cache_get_number (cache);
  g_autoptr(TendNumberCache) other = NULL;
  g_autoptr(GError) error = NULL;

  add (fixture->requests, cache);
  advance (fixture, 10 * SECOND);
  add (fixture->requests, cache);
  g_assert_true (tend_request_cache_lookup (fixture->requests, "r", number) == cache);
  advance (fixture, 10 * SECOND);

  other = tend_number_cache_new ("r", number);
  add (fixture->requests, other);
  g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
}

/* A number that was reserved in one request cache is not in the way there when it is used in another. */
static void
test_added_elsewhere (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(GPtrArray) caches = random_fill (fixture, 1);
  g_autoptr(TendRequestCache) other = tend_request_cache_new ();
  g_autoptr(TendNumberCache) cache = NULL;

  add (other, caches->pdata[0]);
  g_assert_true (tend_request_cache_has (other, "r", tend_number_cache_get_number (caches->pdata[0])));
  cache = random_new (fixture, 1);
  assert_none_left (fixture, 1);
}

static void
test_outlives_the_request_cache (Fixture       *fixture,
                                 gconstpointer  unused)
{
  g_autoptr(TendNumberCache) reserved = random_new (fixture, 8);
  g_autoptr(TendNumberCache) added = random_new (fixture, 8);

  add (fixture->requests, added);
  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
  g_assert_false (tend_number_cache_is_held (added));
  fixture->requests = tend_request_cache_new ();
  add (fixture->requests, reserved);
  g_assert_true (tend_number_cache_is_held (reserved));
}

/* One that could not be given a number must not be added under one that anybody can guess. */
static void
test_without_number_is_refused (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autoptr(GPtrArray) caches G_GNUC_UNUSED = random_fill (fixture, 1);
  g_autoptr(TendNumberCache) late = g_object_new (TEND_TYPE_RANDOM_NUMBER_CACHE, "prefix", "r", "bits", 1,
                                                  "request-cache", fixture->requests, NULL);
  g_autoptr(TendNumberCache) orphan = NULL;
  TendNumberCache *refused[2];

  expect_critical ("*request_cache != NULL*");
  orphan = g_object_new (TEND_TYPE_RANDOM_NUMBER_CACHE, "prefix", "other", NULL);
  g_test_assert_expected_messages ();

  refused[0] = late;
  refused[1] = orphan;
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (refused[i], "a");

      g_assert_false (tend_request_cache_add (fixture->requests, refused[i], &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_FULL);
      assert_notes ("a:cancelled");
    }
}

/* The number that a cache gives back comes from where it is kept. */
static void
test_dropped_elsewhere (Fixture       *fixture,
                        gconstpointer  unused)
{
  GPtrArray *caches = random_fill (fixture, 2);
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (caches->pdata[3], "a");

  unref_elsewhere (g_object_ref (caches->pdata[0]));
  g_ptr_array_set_free_func (caches, NULL);
  g_assert_true (g_main_context_acquire (NULL));
  for (guint i = 0; i < caches->len; i++)
    in_thread (unref_thread, caches->pdata[i]);
  g_main_context_release (NULL);
  g_ptr_array_unref (caches);

  assert_none_left (fixture, 2);
  settle ();
  assert_notes ("a:cancelled");
  caches = random_fill (fixture, 2);
  assert_none_left (fixture, 2);
  g_ptr_array_unref (caches);
}

/* What was promised by many threads is let go of by many, while the loop's own goes on. */
static void
test_dropped_by_many_threads (Fixture       *fixture,
                              gconstpointer  unused)
{
  GThread *threads[64];

  g_assert_true (g_main_context_acquire (NULL));
  for (guint round = 0; round < 4; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        {
          TendNumberCache *cache = random_new (fixture, 8);

          if (i % 2 == 0)
            {
              add (fixture->requests, cache);
              g_object_unref (tend_request_cache_pop (fixture->requests, "r", tend_number_cache_get_number (cache)));
            }
          threads[i] = g_thread_new ("unref", unref_thread, cache);
          if (i % 8 == 0)
            g_main_context_iteration (NULL, FALSE);
        }
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      settle ();
    }
  g_main_context_release (NULL);

  for (guint i = 0; i < 2; i++)
    g_ptr_array_unref (random_fill (fixture, 8));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/random-number-cache/has-as-many-bits-as-it-is-to", test_widths);
  add_test ("/tend/random-number-cache/has-16-bits-by-default", test_default_width);
  add_test ("/tend/random-number-cache/number-cannot-be-given", test_number_cannot_be_given);
  add_test ("/tend/random-number-cache/number-is-kept-before-it-is-added", test_reserved);
  add_test ("/tend/random-number-cache/number-comes-back", test_number_comes_back);
  add_test ("/tend/random-number-cache/is-added-again", test_added_again);
  add_test ("/tend/random-number-cache/is-added-to-another-request-cache", test_added_elsewhere);
  add_test ("/tend/random-number-cache/outlives-the-request-cache", test_outlives_the_request_cache);
  add_test ("/tend/random-number-cache/without-a-number-is-refused", test_without_number_is_refused);
  add_test ("/tend/random-number-cache/threads/dropped-elsewhere", test_dropped_elsewhere);
  add_test ("/tend/random-number-cache/threads/dropped-by-many", test_dropped_by_many_threads);

  return g_test_run ();
}
