// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Numbers and keys that are kept for a cache before it is added, and handed on to another one.

#include "cache.h"

/* --- Each kind of what a cache is found by --- */

typedef enum
{
  BY_NUMBER,
  BY_KEY,
  BY_TEXT,
  N_KINDS
} Kind;

static TendNumberCache *
kind_new (Kind kind)
{
  g_autoptr(GBytes) key = g_bytes_new ("\0\1", 2);

  return kind == BY_NUMBER ? tend_number_cache_new ("p", 7)
         : kind == BY_KEY  ? tend_number_cache_new_for_key ("p", key)
                           : tend_number_cache_new_for_text ("p", "seven");
}

static TendNumberCache *
kind_lookup (Fixture *fixture,
             Kind     kind)
{
  g_autoptr(GBytes) key = g_bytes_new ("\0\1", 2);

  return kind == BY_NUMBER ? tend_request_cache_lookup (fixture->requests, "p", 7)
         : kind == BY_KEY  ? tend_request_cache_lookup_key (fixture->requests, "p", key)
                           : tend_request_cache_lookup_text (fixture->requests, "p", "seven");
}

static TendNumberCache *
kind_pop (Fixture *fixture,
          Kind     kind)
{
  g_autoptr(GBytes) key = g_bytes_new ("\0\1", 2);

  return kind == BY_NUMBER ? tend_request_cache_pop (fixture->requests, "p", 7)
         : kind == BY_KEY  ? tend_request_cache_pop_key (fixture->requests, "p", key)
                           : tend_request_cache_pop_text (fixture->requests, "p", "seven");
}

static void
reserve (Fixture         *fixture,
         TendNumberCache *cache)
{
  g_autoptr(GError) error = NULL;

  tend_request_cache_reserve (fixture->requests, cache, &error);
  g_assert_no_error (error);
  g_assert_true (tend_number_cache_is_reserved (cache));
}

/* Nobody but its owner can have what is reserved. */
static void
assert_taken (Fixture *fixture,
              Kind     kind)
{
  g_autoptr(TendNumberCache) intruder = kind_new (kind);
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_request_cache_add (fixture->requests, intruder, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_false (tend_request_cache_reserve (fixture->requests, intruder, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
  g_assert_false (tend_number_cache_is_reserved (intruder));
}

static void
assert_free (Fixture *fixture,
             Kind     kind)
{
  g_autoptr(TendNumberCache) cache = kind_new (kind);

  add (fixture->requests, cache);
  g_assert_true (tend_request_cache_remove (fixture->requests, cache));
}

/* It is kept, and to be found by nobody. */
static void
test_kept (Fixture       *fixture,
           gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendNumberCache) cache = kind_new (kind);
      g_autoptr(GPtrArray) all = NULL;

      g_assert_false (tend_number_cache_is_reserved (cache));
      reserve (fixture, cache);
      reserve (fixture, cache);
      assert_taken (fixture, kind);
      g_assert_null (kind_lookup (fixture, kind));
      g_assert_null (kind_pop (fixture, kind));
      all = tend_request_cache_list_caches (fixture->requests, NULL);
      g_assert_cmpuint (all->len, ==, 0);
      g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
      g_assert_false (tend_number_cache_is_held (cache));
      g_assert_false (tend_request_cache_remove (fixture->requests, cache));
      assert_taken (fixture, kind);
    }
}

/* To add the cache takes the reservation, which is not there any more when the cache is popped. */
static void
test_added (Fixture       *fixture,
            gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendNumberCache) cache = kind_new (kind);
      g_autoptr(TendNumberCache) popped = NULL;
      g_autoptr(GError) error = NULL;

      reserve (fixture, cache);
      add (fixture->requests, cache);
      g_assert_true (kind_lookup (fixture, kind) == cache);
      g_assert_false (tend_number_cache_is_reserved (cache));
      g_assert_false (tend_number_cache_release (cache));
      g_assert_false (tend_request_cache_reserve (fixture->requests, cache, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);

      popped = kind_pop (fixture, kind);
      g_assert_true (popped == cache);
      g_assert_false (tend_number_cache_is_reserved (cache));
      assert_free (fixture, kind);
    }
}

/* One that is released, or whose cache goes, is free for others. */
static void
test_given_back (Fixture       *fixture,
                 gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendNumberCache) cache = kind_new (kind);
      TendNumberCache *gone = kind_new (kind);

      reserve (fixture, cache);
      g_assert_true (tend_number_cache_release (cache));
      g_assert_false (tend_number_cache_release (cache));
      g_assert_false (tend_number_cache_is_reserved (cache));
      assert_free (fixture, kind);

      reserve (fixture, gone);
      g_assert_finalize_object (gone);
      assert_free (fixture, kind);

      /* It comes home first. */
      gone = kind_new (kind);
      reserve (fixture, gone);
      unref_elsewhere (gone);
      settle ();
      assert_free (fixture, kind);

      /* What has been released may be added as any other cache. */
      add (fixture->requests, cache);
      g_assert_true (kind_lookup (fixture, kind) == cache);
    }
  tend_request_cache_clear (fixture->requests);
}

/* --- Handed on --- */

static void
test_handed_on (Fixture       *fixture,
                gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      TendNumberCache *reservation = kind_new (kind);
      g_autoptr(TendNumberCache) cache = NULL;
      g_autoptr(TendNumberCache) popped = NULL;

      reserve (fixture, reservation);
      cache = g_object_new (TEST_TYPE_REQUEST, "reservation", reservation, NULL);
      g_assert_cmpstr (tend_number_cache_get_prefix (cache), ==, "p");
      g_assert_cmpuint (tend_number_cache_get_number (cache), ==, kind == BY_NUMBER ? 7 : 0);
      g_assert_true ((tend_number_cache_get_key (cache) != NULL) == (kind != BY_NUMBER));
      g_assert_false (tend_number_cache_is_reserved (reservation));
      g_assert_true (tend_number_cache_is_reserved (cache));

      g_assert_false (tend_number_cache_release (reservation));
      g_assert_finalize_object (reservation);
      assert_taken (fixture, kind);
      add (fixture->requests, cache);
      popped = kind_pop (fixture, kind);
      g_assert_true (popped == cache);
      assert_free (fixture, kind);
    }
}

/* A number that was chosen at random goes to a cache of another class, and one of that class chooses none. */
static void
test_random_number (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendRandomNumberCache) first = tend_random_number_cache_new (fixture->requests, "r", 1, NULL);
  g_autoptr(TendRandomNumberCache) second = tend_random_number_cache_new (fixture->requests, "r", 1, NULL);
  guint64 number = tend_number_cache_get_number (TEND_NUMBER_CACHE (first));
  g_autoptr(TendNumberCache) request = NULL;
  g_autoptr(TendNumberCache) random = NULL;

  g_assert_true (tend_number_cache_is_reserved (TEND_NUMBER_CACHE (first)));
  request = g_object_new (TEST_TYPE_REQUEST, "reservation", first, NULL);
  random = g_object_new (TEND_TYPE_RANDOM_NUMBER_CACHE, "request-cache", fixture->requests,
                         "reservation", second, NULL);
  g_assert_cmpuint (tend_number_cache_get_number (request), ==, number);
  g_assert_cmpuint (tend_number_cache_get_number (random), ==, 1 - number);

  g_assert_null (tend_random_number_cache_new (fixture->requests, "r", 1, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_FULL);
  g_assert_true (tend_number_cache_release (random));
  g_object_unref (tend_random_number_cache_new (fixture->requests, "r", 1, NULL));

  add (fixture->requests, request);
  g_assert_true (tend_request_cache_lookup (fixture->requests, "r", number) == request);
  tend_request_cache_clear (fixture->requests);
}

/* --- The end of the others, and mistakes --- */

static void
test_left_by_clear_and_shutdown (Fixture       *fixture,
                                 gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendNumberCache) cache = kind_new (kind);
      g_autoptr(TendNumberCache) late = tend_number_cache_new ("p", 8);
      g_autoptr(GError) error = NULL;

      reserve (fixture, cache);
      request_add (fixture, 1, SECOND, NULL);
      tend_request_cache_clear (fixture->requests);
      assert_taken (fixture, kind);

      tend_request_cache_shutdown_async (fixture->requests, NULL, NULL, NULL);
      settle ();
      g_assert_true (tend_number_cache_is_reserved (cache));
      g_assert_false (tend_request_cache_reserve (fixture->requests, late, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
      g_clear_error (&error);
      g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);

      /* It may outlive the request cache. */
      g_assert_finalize_object (g_steal_pointer (&fixture->requests));
      g_assert_true (tend_number_cache_release (cache));
      fixture->requests = tend_request_cache_new ();
    }
}

/* A cache has one reservation, in the request cache that was asked last. */
static void
test_two_request_caches (Fixture       *fixture,
                         gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendRequestCache) other = tend_request_cache_new ();
      g_autoptr(TendNumberCache) cache = kind_new (kind);
      g_autoptr(GError) error = NULL;

      tend_request_cache_reserve (other, cache, &error);
      g_assert_no_error (error);
      assert_free (fixture, kind);
      reserve (fixture, cache);
      assert_taken (fixture, kind);
      g_clear_object (&other);
      assert_taken (fixture, kind);
    }
}

static void
test_nothing_to_hand_on (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(TendNumberCache) plain = tend_number_cache_new ("p", 7);
  g_autoptr(TendNumberCache) cache = NULL;
  g_autoptr(TendNumberCache) named = NULL;
  g_autoptr(GError) error = NULL;

  expect_critical ("Cache 'p-7': nothing is reserved for it that another cache could take over");
  cache = g_object_new (TEND_TYPE_NUMBER_CACHE, "reservation", plain, NULL);
  g_test_assert_expected_messages ();
  g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_FULL);

  reserve (fixture, plain);
  expect_critical ("Cache 'q-0': the reservation cannot be changed");
  named = g_object_new (TEND_TYPE_NUMBER_CACHE, "prefix", "q", "reservation", plain, NULL);
  g_test_assert_expected_messages ();
  g_assert_true (tend_number_cache_is_reserved (plain));
}

/* --- Against a model --- */

#define N_CACHES 12
#define N_NUMBERS 5

/* Which of the caches has each number and each key, and whether it has been added. */
typedef struct
{
  TendNumberCache *caches[N_CACHES];
  int              owners[2 * N_NUMBERS];
  gboolean         is_added[N_CACHES];
} Model;

static TendNumberCache *
model_new (guint place)
{
  g_autofree char *text = g_strdup_printf ("%u", place);

  return place < N_NUMBERS ? tend_number_cache_new ("p", place) : tend_number_cache_new_for_text ("p", text);
}

/* Adds or reserves, releases, removes, hands on, drops: one step. */
static void
model_step (Model   *model,
            Fixture *fixture)
{
  int i = g_test_rand_int_range (0, N_CACHES);
  int *owner = &model->owners[i % (2 * N_NUMBERS)];
  TendNumberCache *cache = model->caches[i];
  gboolean is_owner = *owner == i, can = *owner < 0 || is_owner;

  switch (g_test_rand_int_range (0, 6))
    {
    case 0:
      g_assert_cmpint (tend_request_cache_add (fixture->requests, cache, NULL), ==, can && !model->is_added[i]);
      model->is_added[i] |= can;
      *owner = can ? i : *owner;
      break;
    case 1:
      g_assert_cmpint (tend_request_cache_reserve (fixture->requests, cache, NULL), ==, can && !model->is_added[i]);
      *owner = can ? i : *owner;
      break;
    case 2:
      g_assert_cmpint (tend_number_cache_release (cache), ==, is_owner && !model->is_added[i]);
      *owner = is_owner && !model->is_added[i] ? -1 : *owner;
      break;
    case 3:
      g_assert_cmpint (tend_request_cache_remove (fixture->requests, cache), ==, model->is_added[i]);
      *owner = model->is_added[i] ? -1 : *owner;
      model->is_added[i] = FALSE;
      break;
    case 4:
      if (is_owner && !model->is_added[i])
        model->caches[i] = g_object_new (TEST_TYPE_REQUEST, "reservation", cache, NULL);
      else if (!model->is_added[i])
        model->caches[i] = model_new ((guint) i % (2 * N_NUMBERS));
      if (model->caches[i] != cache)
        g_assert_finalize_object (cache);
      break;
    default:
      if (g_test_rand_int_range (0, 8) > 0)
        return;
      tend_request_cache_clear (fixture->requests);
      for (guint j = 0; j < N_CACHES; j++)
        {
          if (model->is_added[j])
            model->owners[j % (2 * N_NUMBERS)] = -1;
          model->is_added[j] = FALSE;
        }
    }
}

static void
test_model (Fixture       *fixture,
            gconstpointer  unused)
{
  Model model = { 0 };

  for (guint i = 0; i < N_CACHES; i++)
    model.caches[i] = model_new (i % (2 * N_NUMBERS));
  for (guint i = 0; i < 2 * N_NUMBERS; i++)
    model.owners[i] = -1;

  for (guint step = 0; step < 5000; step++)
    {
      guint n_added = 0;

      model_step (&model, fixture);
      for (int i = 0; i < N_CACHES; i++)
        {
          gboolean is_owner = model.owners[i % (2 * N_NUMBERS)] == i;

          g_assert_cmpint (tend_number_cache_is_held (model.caches[i]), ==, model.is_added[i]);
          g_assert_cmpint (tend_number_cache_is_reserved (model.caches[i]), ==, is_owner && !model.is_added[i]);
          n_added += model.is_added[i] ? 1 : 0;
        }
      g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, n_added);
    }

  tend_request_cache_clear (fixture->requests);
  for (guint i = 0; i < N_CACHES; i++)
    g_assert_finalize_object (model.caches[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/request-cache/reserve/kept", test_kept);
  add_test ("/tend/request-cache/reserve/added", test_added);
  add_test ("/tend/request-cache/reserve/given-back", test_given_back);
  add_test ("/tend/request-cache/reserve/handed-on", test_handed_on);
  add_test ("/tend/request-cache/reserve/random-number", test_random_number);
  add_test ("/tend/request-cache/reserve/left-by-clear-and-shutdown", test_left_by_clear_and_shutdown);
  add_test ("/tend/request-cache/reserve/two-request-caches", test_two_request_caches);
  add_test ("/tend/request-cache/reserve/nothing-to-hand-on", test_nothing_to_hand_on);
  add_test ("/tend/request-cache/reserve/model", test_model);

  return g_test_run ();
}
