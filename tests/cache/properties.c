// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a cache is made with: its prefix, its number and its time-out.

#include "cache.h"

static void
test_properties (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = tend_number_cache_new ("dns", 4711);
  g_autofree char *prefix = NULL, *text = NULL;
  guint64 number;
  gint64 timeout;

  g_object_get (cache, "prefix", &prefix, "number", &number, "timeout", &timeout, NULL);
  g_assert_cmpstr (prefix, ==, "dns");
  g_assert_cmpuint (number, ==, 4711);
  g_assert_cmpint (timeout, ==, 10 * SECOND);
  g_assert_cmpstr (tend_number_cache_get_prefix (cache), ==, "dns");
  g_assert_cmpuint (tend_number_cache_get_number (cache), ==, 4711);
  g_assert_false (tend_number_cache_is_held (cache));

  text = tend_number_cache_to_string (cache);
  g_assert_cmpstr (text, ==, "<TendNumberCache dns-4711>");
}

static void
note_given_cb (TendNumberCache *cache,
               GParamSpec      *pspec,
               gpointer         unused)
{
  g_autofree char *text = tend_number_cache_to_string (cache);

  note ("%s:%s", pspec->name, text);
}

static void
test_number_is_given_once (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = g_object_new (TEND_TYPE_NUMBER_CACHE, NULL);
  g_autoptr(TendNumberCache) plain = tend_number_cache_new (NULL, 1);

  g_signal_connect (cache, "notify", G_CALLBACK (note_given_cb), NULL);
  g_object_set (cache, "prefix", NULL, NULL);
  g_object_set (cache, "number", (guint64) 0, NULL);
  g_object_set (cache, "prefix", "dns", NULL);
  assert_notes ("number:<TendNumberCache TendNumberCache-0> prefix:<TendNumberCache dns-0>");

  expect_critical ("Cache 'dns-0': the number cannot be changed");
  g_object_set (cache, "number", (guint64) 2, NULL);
  expect_critical ("Cache 'dns-0': the prefix cannot be changed");
  g_object_set (cache, "prefix", "mdns", NULL);
  expect_critical ("Cache 'dns-0': the prefix cannot be changed");
  g_object_set (cache, "prefix", NULL, NULL);
  expect_critical ("Cache 'TendNumberCache-1': the number cannot be changed");
  g_object_set (plain, "number", (guint64) 1, NULL);
  g_test_assert_expected_messages ();
  assert_notes ("");
  g_assert_cmpuint (tend_number_cache_get_number (cache), ==, 0);
  g_assert_cmpstr (tend_number_cache_get_prefix (cache), ==, "dns");
}

/* Where none were given, those that there are by default are in use. */
static void
test_number_stays_when_added (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = g_object_new (TEND_TYPE_NUMBER_CACHE, NULL);

  g_assert_true (tend_request_cache_add (fixture->requests, cache, NULL));
  expect_critical ("Cache 'TendNumberCache-0': the number cannot be changed");
  g_object_set (cache, "number", (guint64) 7, NULL);
  expect_critical ("Cache 'TendNumberCache-0': the prefix cannot be changed");
  g_object_set (cache, "prefix", "p", NULL);
  g_test_assert_expected_messages ();
  g_assert_true (tend_request_cache_lookup (fixture->requests, "TendNumberCache", 0) == cache);
}

static void
test_class_name_is_prefix (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(TendNumberCache) plain = tend_number_cache_new (NULL, G_MAXUINT64);
  g_autoptr(TendNumberCache) special = g_object_new (TEST_TYPE_SPECIAL, "number", (guint64) 5, NULL);
  g_autofree char *plain_text = tend_number_cache_to_string (plain);
  g_autofree char *special_text = tend_number_cache_to_string (special);

  g_assert_cmpstr (plain_text, ==, "<TendNumberCache TendNumberCache-18446744073709551615>");
  g_assert_cmpstr (special_text, ==, "<TestSpecial TestSpecial-5>");
}

/* Short ones are kept in the object, and the longest of those has fifteen bytes. */
static void
test_prefix_has_any_length (Fixture       *fixture,
                            gconstpointer  unused)
{
  const char *text = "a-prefix-of-some-length-that-goes-on";

  for (gsize length = 0; length <= strlen (text); length++)
    {
      g_autofree char *prefix = g_strndup (text, length);
      g_autoptr(TendNumberCache) cache = tend_number_cache_new (prefix, length);

      memset (prefix, 'x', length);
      g_assert_true (g_str_has_prefix (text, tend_number_cache_get_prefix (cache)));
      g_assert_cmpuint (strlen (tend_number_cache_get_prefix (cache)), ==, length);
      g_assert_true (tend_request_cache_add (fixture->requests, cache, NULL));
    }

  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, strlen (text) + 1);
}

static void
note_timeout_cb (TendNumberCache *cache,
                 GParamSpec      *pspec,
                 gpointer         unused)
{
  note ("%s=%" G_GINT64_FORMAT, pspec->name, tend_number_cache_get_timeout (cache));
}

static void
test_timeout_is_settable (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = tend_number_cache_new ("p", 1);

  g_signal_connect (cache, "notify::timeout", G_CALLBACK (note_timeout_cb), NULL);
  tend_number_cache_set_timeout (cache, 5);
  tend_number_cache_set_timeout (cache, 5);
  g_object_set (cache, "timeout", (gint64) 0, NULL);
  assert_notes ("timeout=5 timeout=0");

  expect_critical ("*timeout >= 0*");
  tend_number_cache_set_timeout (cache, -1);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_number_cache_get_timeout (cache), ==, 0);
}

static void
note_held_cb (TendNumberCache *cache,
              GParamSpec      *pspec,
              gpointer         unused)
{
  gboolean is_held;

  g_object_get (cache, "held", &is_held, NULL);
  g_assert_true (is_held == tend_number_cache_is_held (cache));
  note ("%s=%d", pspec->name, is_held);
}

static void
note_timed_out_cb (TendNumberCache *cache,
                   gpointer         unused)
{
  note ("timed-out");
}

static TendNumberCache *
add_noted (TendRequestCache *requests)
{
  TendNumberCache *cache = tend_number_cache_new ("p", 1);

  g_signal_connect (cache, "notify::held", G_CALLBACK (note_held_cb), NULL);
  g_signal_connect (cache, "timed-out", G_CALLBACK (note_timed_out_cb), NULL);
  g_assert_true (tend_request_cache_add (requests, cache, NULL));
  assert_notes ("held=1");
  return cache;
}

static void
test_held_is_notified (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendRequestCache *requests = fixture->requests;
  TendNumberCache *cache = add_noted (requests);

  g_assert_false (tend_request_cache_add (requests, cache, NULL));
  g_object_unref (tend_request_cache_pop (requests, "p", 1));
  assert_notes ("held=0");
  g_assert_true (tend_request_cache_add (requests, cache, NULL));
  g_assert_true (tend_request_cache_remove (requests, cache));
  g_assert_false (tend_request_cache_remove (requests, cache));
  assert_notes ("held=1 held=0");
  g_assert_true (tend_request_cache_add (requests, cache, NULL));
  tend_request_cache_clear (requests);
  assert_notes ("held=1 held=0");
  g_assert_true (tend_request_cache_add (requests, cache, NULL));
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_notes ("held=1 held=0 timed-out");
  g_assert_true (tend_request_cache_add (requests, cache, NULL));
  g_object_run_dispose (G_OBJECT (cache));
  g_assert_false (tend_number_cache_is_held (cache));
  assert_notes ("held=1 held=0");
  g_clear_object (&cache);

  cache = add_noted (requests);
  tend_request_cache_shutdown_async (requests, NULL, NULL, NULL);
  assert_notes ("held=0");
  g_assert_finalize_object (cache);
}

static gboolean
add_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_object_unref (add_noted (user_data));
  g_object_unref (tend_request_cache_pop (user_data, "p", 1));
  assert_notes ("held=0");
  return TRUE;
}

static void
test_fiber_changes_held (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, add_body, fixture->requests, NULL);

  tend_clock_advance (fixture->clock, 0, NULL);
  g_assert_true (tend_task_is_ended (task));
}

/* What is notified takes the cache out again, and drops it and the request cache. */
static void
drop_all_cb (TendNumberCache *cache,
             GParamSpec      *pspec,
             Fixture         *fixture)
{
  if (!tend_number_cache_is_held (cache) || fixture->requests == NULL)
    return;

  g_object_unref (tend_request_cache_pop (fixture->requests, "p", 1));
  g_clear_object (&fixture->requests);
}

static void
test_notified_code_drops_all (Fixture       *fixture,
                              gconstpointer  unused)
{
  TendNumberCache *cache = tend_number_cache_new ("p", 1);
  TendTask *task = tend_request_cache_wait_for (fixture->requests, "p", 1, TEND_FOREVER);
  TendRequestCache *requests = fixture->requests;

  g_signal_connect (cache, "notify::held", G_CALLBACK (drop_all_cb), fixture);
  g_assert_true (tend_request_cache_add (requests, cache, NULL));
  g_assert_null (fixture->requests);
  g_assert_cmpstr (tend_task_status_to_string (tend_task_get_status (task)), ==, "completed");
  tend_clock_advance (fixture->clock, 0, NULL);
  g_object_unref (task);
  g_assert_finalize_object (cache);
}

static void
note_changed_cb (GObject    *object,
                 GParamSpec *pspec,
                 gpointer    unused)
{
  guint n_caches;
  gboolean is_shut_down;

  g_object_get (object, "n-caches", &n_caches, "shut-down", &is_shut_down, NULL);
  note ("%s:%u,%d", pspec->name, n_caches, is_shut_down);
}

static void
test_request_cache (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(TendTaskManager) manager = NULL;
  g_autoptr(TendNumberCache) first = tend_number_cache_new ("dns", 1);
  g_autoptr(TendNumberCache) second = tend_number_cache_new ("dns", 2);

  g_object_get (requests, "manager", &manager, NULL);
  g_assert_true (manager == tend_request_cache_get_manager (requests));

  g_signal_connect (requests, "notify", G_CALLBACK (note_changed_cb), NULL);
  g_assert_true (tend_request_cache_add (requests, first, NULL));
  g_assert_true (tend_request_cache_add (requests, second, NULL));
  assert_notes ("");
  tend_clock_advance (fixture->clock, 0, NULL);
  assert_notes ("n-caches:2,0");

  g_assert_true (tend_request_cache_remove (requests, first));
  g_assert_true (tend_request_cache_add (requests, first, NULL));
  tend_clock_advance (fixture->clock, 0, NULL);
  assert_notes ("");

  tend_request_cache_shutdown_async (requests, NULL, NULL, NULL);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_notes ("n-caches:0,1 shut-down:0,1");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/number-cache/has-properties", test_properties);
  add_test ("/tend/number-cache/name-of-the-class-is-the-prefix", test_class_name_is_prefix);
  add_test ("/tend/number-cache/number-is-given-once", test_number_is_given_once);
  add_test ("/tend/number-cache/number-stays-when-it-is-added", test_number_stays_when_added);
  add_test ("/tend/number-cache/prefix-has-any-length", test_prefix_has_any_length);
  add_test ("/tend/number-cache/time-out-is-settable", test_timeout_is_settable);
  add_test ("/tend/number-cache/held-is-notified", test_held_is_notified);
  add_test ("/tend/number-cache/fiber-changes-held", test_fiber_changes_held);
  add_test ("/tend/number-cache/code-that-is-notified-drops-all", test_notified_code_drops_all);

  add_test ("/tend/request-cache/has-properties", test_request_cache);

  return g_test_run ();
}
