// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Caches that go without an answer before their time is over, and the list of those that are there.

#include "cache.h"

static void
dropped_cb (TendNumberCache *cache,
            gpointer         requests)
{
  g_assert_false (tend_number_cache_is_held (cache));
  g_assert_false (tend_request_cache_has (requests, "p", tend_number_cache_get_number (cache)));
  note ("dropped-%" G_GUINT64_FORMAT, tend_number_cache_get_number (cache));
}

static TendNumberCache *
noted_add (Fixture *fixture,
           guint64  number)
{
  TendNumberCache *cache = request_add (fixture, number, SECOND, NULL);

  g_signal_connect (cache, "dropped", G_CALLBACK (dropped_cb), fixture->requests);
  return cache;
}

static void
test_is_emitted (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = g_object_ref (noted_add (fixture, 1));

  g_assert_true (tend_request_cache_remove (fixture->requests, cache));
  assert_notes ("dropped-1");
  add (fixture->requests, cache);
  tend_request_cache_clear (fixture->requests);
  assert_notes ("dropped-1");
  add (fixture->requests, cache);
  tend_request_cache_shutdown_async (fixture->requests, NULL, NULL, NULL);
  assert_notes ("dropped-1");
}

/* A garbage collection may do that, when no handler can run. */
static void
test_is_not_emitted_at_the_end (Fixture       *fixture,
                                gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);

  g_signal_connect_swapped (cache, "dropped", G_CALLBACK (note), (gpointer) "dropped");
  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
  assert_notes ("");
}

/* An answer, a time-out, a refusal: none of them drops. */
static void
test_is_not_emitted (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = g_object_ref (noted_add (fixture, 1));
  g_autoptr(TendNumberCache) popped = tend_request_cache_pop (fixture->requests, "p", 1);
  g_autoptr(TendNumberCache) refused = request_new (fixture, 1);

  add (fixture->requests, cache);
  g_signal_connect (refused, "dropped", G_CALLBACK (dropped_cb), fixture->requests);
  g_assert_false (tend_request_cache_add (fixture->requests, refused, NULL));
  advance (fixture, SECOND);
  assert_notes ("p-1");
}

static void
complete_cb (TendNumberCache *cache,
             gpointer         task)
{
  g_assert_false (tend_task_is_ended (task));
  tend_task_return_int (task, 42);
}

static void
remove_cb (TendNumberCache *cache,
           gpointer         task)
{
  g_assert_true (tend_number_cache_remove_task (cache, task));
}

static void
test_handler_keeps_tasks (Fixture       *fixture,
                          gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) completed = answer_add (cache, "completed");
  g_autoptr(TendTask) removed = answer_add (cache, "removed");
  g_autoptr(TendTask) other = answer_add (cache, "other");

  g_signal_connect (cache, "dropped", G_CALLBACK (complete_cb), completed);
  g_signal_connect (cache, "dropped", G_CALLBACK (remove_cb), removed);
  tend_request_cache_clear (fixture->requests);
  assert_notes ("completed:completed other:cancelled");
  g_assert_false (tend_task_is_ended (removed));
  tend_task_cancel (removed);
  assert_notes ("removed:cancelled");
}

static void
add_again_cb (TendNumberCache *cache,
              gpointer         fixture)
{
  g_autoptr(TendTask) task = answer_add_int (cache, "new", 1);

  add (((Fixture *) fixture)->requests, cache);
}

/* Only the tasks that were there before are cancelled. */
static void
test_handler_adds_again (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) old = answer_add (cache, "old");

  g_signal_connect (cache, "dropped", G_CALLBACK (add_again_cb), fixture);
  tend_request_cache_clear (fixture->requests);
  assert_notes ("old:cancelled");
  g_assert_true (tend_number_cache_is_held (cache));
  advance (fixture, SECOND);
  assert_notes ("p-1 new:completed");
}

static void
test_clear_with_error (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(GError) reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "lost");
  TendNumberCache *first = request_add (fixture, 1, SECOND, NULL);
  TendNumberCache *second = request_add (fixture, 2, SECOND, NULL);
  g_autoptr(TendTask) value = answer_add_int (first, "value", 42);
  g_autoptr(TendTask) plain = answer_add (first, "plain");
  g_autoptr(TendTask) done = answer_add (second, "done");
  g_autoptr(TendTask) waiting = tend_request_cache_wait_for (fixture->requests, "p", 3, TEND_FOREVER);

  tend_task_return_int (done, 1);
  assert_notes ("done:completed");
  tend_request_cache_clear_with_error (fixture->requests, reason);
  assert_notes ("value:failed plain:failed");
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
  g_assert_error (tend_task_get_error (value), G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_error (tend_task_get_error (plain), G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  assert_status (done, "completed");
  g_assert_false (tend_task_is_ended (waiting));
  advance (fixture, SECOND);
  tend_task_cancel (waiting);

  expect_critical ("*reason != NULL*");
  tend_request_cache_clear_with_error (fixture->requests, NULL);
  g_test_assert_expected_messages ();
}

static void
assert_lists (TendRequestCache *requests,
              const char       *prefix,
              guint             n_expected)
{
  g_autoptr(GPtrArray) caches = tend_request_cache_list_caches (requests, prefix);

  g_assert_cmpuint (caches->len, ==, n_expected);
  for (guint i = 0; i < caches->len; i++)
    {
      TendNumberCache *cache = g_ptr_array_index (caches, i);

      g_assert_true (tend_number_cache_is_held (cache));
      if (prefix != NULL)
        g_assert_cmpstr (tend_number_cache_get_prefix (cache), ==, prefix);
    }
}

/* A number that is only reserved has no cache yet. */
static void
test_lists (Fixture       *fixture,
            gconstpointer  unused)
{
  TendRequestCache *requests = fixture->requests;
  g_autoptr(TendRandomNumberCache) reserved = tend_random_number_cache_new (requests, "p", 16, NULL);
  g_autoptr(TendNumberCache) keyed = tend_number_cache_new_for_text ("q", "name");

  assert_lists (requests, NULL, 0);
  request_add (fixture, 100001, SECOND, NULL);
  request_add (fixture, 100002, SECOND, NULL);
  add (requests, keyed);
  assert_lists (requests, NULL, 3);
  assert_lists (requests, "p", 2);
  assert_lists (requests, "q", 1);
  assert_lists (requests, "r", 0);
  g_object_unref (tend_request_cache_pop (requests, "p", 100001));
  assert_lists (requests, "p", 1);
  tend_request_cache_clear (requests);
  assert_lists (requests, NULL, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/number-cache/dropped/removed-cleared-or-shut-down", test_is_emitted);
  add_test ("/tend/number-cache/dropped/not-with-the-request-cache", test_is_not_emitted_at_the_end);
  add_test ("/tend/number-cache/dropped/not-when-answered-late-or-refused", test_is_not_emitted);
  add_test ("/tend/number-cache/dropped/handler-keeps-tasks", test_handler_keeps_tasks);
  add_test ("/tend/number-cache/dropped/handler-adds-it-again", test_handler_adds_again);
  add_test ("/tend/request-cache/clear-with-error", test_clear_with_error);
  add_test ("/tend/request-cache/lists-caches", test_lists);

  return g_test_run ();
}
