// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The time-out: when it comes, in which order, and everything that its handlers may do.

#include "cache.h"

/* --- Order --- */

static void
look_around (TendNumberCache  *cache,
             TendRequestCache *requests)
{
  g_autoptr(GPtrArray) tasks = tend_number_cache_list_tasks (cache);

  g_assert_false (tend_request_cache_has (requests, "p", 1));
  g_assert_false (tend_number_cache_is_held (cache));
  g_assert_cmpuint (tend_request_cache_get_n_caches (requests), ==, 0);
  g_assert_cmpuint (tasks->len, ==, 2);
  for (guint i = 0; i < tasks->len; i++)
    assert_status (tasks->pdata[i], "running");
}

static void
note_handler_cb (TendNumberCache *cache,
                 gpointer         unused)
{
  note ("handler");
}

/* The number is free first, then the handlers are called and the class, then the tasks are settled. */
static void
test_order (Fixture       *fixture,
            gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, look_around);
  g_autoptr(TendTask) a G_GNUC_UNUSED = answer_add (cache, "a");
  g_autoptr(TendTask) b G_GNUC_UNUSED = answer_add (cache, "b");

  g_signal_connect (cache, "timed-out", G_CALLBACK (note_handler_cb), NULL);
  advance (fixture, SECOND);
  assert_notes ("handler p-1 a:completed b:completed");
}

static void
test_deadlines_in_order (Fixture       *fixture,
                         gconstpointer  unused)
{
  request_add (fixture, 3, 2 * SECOND, NULL);
  request_add (fixture, 1, SECOND, NULL);
  request_add (fixture, 2, SECOND, NULL);
  advance (fixture, 3 * SECOND);
  assert_notes ("p-1 p-2 p-3");
}

/* What waits for a settled task runs before the next cache times out. */
static void
test_waiters_between (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(TendTask) task = answer_add (request_add (fixture, 1, SECOND, NULL), "a");

  request_add (fixture, 2, SECOND, NULL);
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "waiter");
  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed waiter:ok p-2");
}

/* --- Times --- */

/* Zero is the next turn, and never within add(). */
static void
test_zero (Fixture       *fixture,
           gconstpointer  unused)
{
  request_add (fixture, 1, 0, NULL);
  assert_notes ("");
  g_assert_true (tend_request_cache_has (fixture->requests, "p", 1));
  advance (fixture, 0);
  assert_notes ("p-1");
}

static void
test_zero_popped (Fixture       *fixture,
                  gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, 0, NULL);

  g_assert_true (tend_request_cache_pop (fixture->requests, "p", 1) == cache);
  advance (fixture, SECOND);
  assert_notes ("");
  g_assert_finalize_object (cache);
}

static void
test_shortest_and_longest (Fixture       *fixture,
                           gconstpointer  unused)
{
  const gint64 very_long = ((gint64) 1 << 33) * SECOND;

  request_add (fixture, 1, 1, NULL);
  request_add (fixture, 2, very_long, NULL);
  request_add (fixture, 3, G_MAXINT64, NULL);
  advance (fixture, 0);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("p-1");
  advance (fixture, very_long - 2);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("p-2");
  advance (fixture, G_MAXINT64);
  assert_notes ("");
  g_assert_true (tend_request_cache_has (fixture->requests, "p", 3));
}

static void
test_fixed_when_added (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);

  tend_number_cache_set_timeout (cache, 10 * SECOND);
  advance (fixture, SECOND);
  assert_notes ("p-1");
}

static void
test_class_says (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = request_new (fixture, 1);

  get_private (cache)->timeout = 3 * SECOND;
  add (fixture->requests, cache);
  g_assert_cmpint (tend_number_cache_get_timeout (cache), ==, 3 * SECOND);
  advance (fixture, 3 * SECOND - 1);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("p-1");
}

/* --- What the class may do when it is asked for its time-out --- */

static void
add_same_number (TendNumberCache  *cache,
                 TendRequestCache *requests)
{
  g_autoptr(TendNumberCache) other = tend_number_cache_new ("p", 1);

  add (requests, other);
}

static void
add_itself (TendNumberCache  *cache,
            TendRequestCache *requests)
{
  get_private (cache)->ask_hook = NULL;
  add (requests, cache);
}

static void
shut_down_hook (TendNumberCache  *cache,
                TendRequestCache *requests)
{
  tend_request_cache_shutdown_async (requests, NULL, NULL, NULL);
}

static void
test_class_interferes (Fixture       *fixture,
                       gconstpointer  unused)
{
  static const struct
  {
    Hook hook;
    int  code;
  } hooks[] = {
    { add_same_number, TEND_ERROR_EXISTS },
    { add_itself, TEND_ERROR_STATE },
    { shut_down_hook, TEND_ERROR_SHUT_DOWN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (hooks); i++)
    {
      TendNumberCache *cache = request_new (fixture, 1);
      g_autoptr(GError) error = NULL;

      get_private (cache)->ask_hook = hooks[i].hook;
      g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
      g_assert_error (error, TEND_ERROR, hooks[i].code);
      g_assert_cmpint (tend_number_cache_is_held (cache), ==, hooks[i].hook == add_itself);
      tend_request_cache_clear (fixture->requests);
      g_assert_finalize_object (cache);
    }
}

/* A class may be an interpreter's, which cannot run on a fiber's stack. */
static void
assert_native (TendNumberCache  *cache,
               TendRequestCache *requests)
{
  g_autoptr(GTask) dummy = g_task_new (NULL, NULL, NULL, NULL);
  g_autoptr(GError) error = NULL;
  TendCall call = TEND_CALL_INIT;

  g_task_return_boolean (dummy, TRUE);
  tend_await_call (&call, &error);
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  note ("native");
}

static gboolean
add_in_fiber (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(TendNumberCache) cache = request_new (fixture, 1);

  get_private (cache)->ask_hook = assert_native;
  get_private (cache)->hook = assert_native;
  tend_number_cache_set_timeout (cache, 0);
  add (fixture->requests, cache);
  return tend_sleep (1, error);
}

static void
test_class_is_asked_natively (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_assert_true (tend_run (add_in_fiber, fixture, NULL));
  assert_notes ("native p-1 native");
}

/* --- What handlers may do --- */

static void
complete_first (TendNumberCache  *cache,
                TendRequestCache *requests)
{
  g_autoptr(GPtrArray) tasks = tend_number_cache_list_tasks (cache);

  tend_task_return_int (tasks->pdata[0], 1);
}

static void
test_handler_completes (Fixture       *fixture,
                        gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, complete_first);
  g_autoptr(TendTask) a = answer_add_int (cache, "a", 7);
  g_autoptr(TendTask) b = answer_add_int (cache, "b", 7);

  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed b:completed");
  g_assert_cmpint (tend_task_get_int (a), ==, 1);
  g_assert_cmpint (tend_task_get_int (b), ==, 7);
}

static void
again_once (TendNumberCache  *cache,
            TendRequestCache *requests)
{
  get_private (cache)->hook = NULL;
  add (requests, cache);
}

/* The time-out that was settles the tasks, though the cache is there again. */
static void
test_handler_adds_again (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, again_once);
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (cache, "a");

  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed");
  g_assert_true (tend_request_cache_lookup (fixture->requests, "p", 1) == cache);
  advance (fixture, SECOND);
  assert_notes ("p-1");
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
}

/* To ask again, with the same tasks: they are removed and added for the next time-out. */
static void
again_with_tasks (TendNumberCache  *cache,
                  TendRequestCache *requests)
{
  g_autoptr(GPtrArray) tasks = tend_number_cache_list_tasks (cache);

  get_private (cache)->hook = NULL;
  for (guint i = 0; i < tasks->len; i++)
    {
      g_assert_true (tend_number_cache_remove_task (cache, tasks->pdata[i]));
      g_assert_true (tend_number_cache_add_task (cache, tasks->pdata[i], NULL, NULL));
    }
  add (requests, cache);
}

static void
test_handler_keeps_tasks (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, again_with_tasks), "a");

  advance (fixture, SECOND);
  assert_notes ("p-1");
  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed");
}

static void
again_at_once (TendNumberCache  *cache,
               TendRequestCache *requests)
{
  tend_number_cache_set_timeout (cache, 0);
  add (requests, cache);
}

/* Each in a turn of its own: others get theirs. */
static void
test_handler_adds_again_without_end (Fixture       *fixture,
                                     gconstpointer  unused)
{
  request_add (fixture, 1, 0, again_at_once);
  for (guint i = 0; i < 3; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      assert_notes ("p-1");
    }
  tend_request_cache_clear (fixture->requests);
  advance (fixture, SECOND);
  assert_notes ("");
}

static void
add_others (TendNumberCache  *cache,
            TendRequestCache *requests)
{
  for (guint64 number = 1; number <= 100; number++)
    {
      g_autoptr(TendNumberCache) other = tend_number_cache_new ("p", number);

      add (requests, other);
    }
}

/* The number that is free again is taken by another. */
static void
test_handler_adds_others (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, add_others), "a");

  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed");
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 100);
  advance (fixture, 10 * SECOND);
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
}

static void
clear_hook (TendNumberCache  *cache,
            TendRequestCache *requests)
{
  tend_request_cache_clear (requests);
}

static void
again_and_clear (TendNumberCache  *cache,
                 TendRequestCache *requests)
{
  add (requests, cache);
  tend_request_cache_clear (requests);
}

static void
pop_next (TendNumberCache  *cache,
          TendRequestCache *requests)
{
  g_autoptr(TendNumberCache) next = tend_request_cache_pop (requests, "p", 2);

  g_assert_nonnull (next);
}

/* Of two that are due in the same turn the first may end the second. */
static void
test_handler_ends_next (Fixture       *fixture,
                        gconstpointer  unused)
{
  static const struct
  {
    Hook        hook;
    const char *notes;
  } hooks[] = {
    { clear_hook, "p-1 b:cancelled a:completed" },
    { shut_down_hook, "p-1 b:cancelled a:completed" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (hooks); i++)
    {
      g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
      Fixture other = { fixture->clock, requests };
      g_autoptr(TendTask) a G_GNUC_UNUSED = answer_add (request_add (&other, 1, SECOND, hooks[i].hook), "a");
      g_autoptr(TendTask) b G_GNUC_UNUSED = answer_add (request_add (&other, 2, SECOND, NULL), "b");

      advance (fixture, SECOND);
      assert_notes (hooks[i].notes);
    }
}

/* What is in a request cache again goes as everything there does. */
static void
test_handler_adds_again_and_clears (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, again_and_clear), "a");

  advance (fixture, SECOND);
  assert_notes ("p-1 a:cancelled");
}

static void
test_handler_pops_next (Fixture       *fixture,
                        gconstpointer  unused)
{
  request_add (fixture, 1, SECOND, pop_next);
  request_add (fixture, 2, SECOND, NULL);
  advance (fixture, SECOND);
  assert_notes ("p-1");
}

static void
drop_requests (TendNumberCache  *cache,
               TendRequestCache *requests)
{
  g_assert_finalize_object (requests);
}

/* The last reference to the request cache, with another cache in it that is due. */
static void
test_handler_drops_the_request_cache (Fixture       *fixture,
                                      gconstpointer  unused)
{
  g_autoptr(TendTask) a G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, drop_requests), "a");
  g_autoptr(TendTask) b G_GNUC_UNUSED = answer_add (request_add (fixture, 2, SECOND, NULL), "b");

  fixture->requests = NULL;
  advance (fixture, SECOND);
  assert_notes ("p-1 b:cancelled a:completed");
}

static void
drop_itself (TendNumberCache  *cache,
             TendRequestCache *requests)
{
  g_object_unref (cache);
}

/* The one reference that the program had. */
static void
test_handler_drops_itself (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendNumberCache *cache = g_object_ref (request_add (fixture, 1, SECOND, drop_itself));
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (cache, "a");
  gpointer weak = cache;

  g_object_add_weak_pointer (G_OBJECT (cache), &weak);
  advance (fixture, SECOND);
  assert_notes ("p-1 a:completed");
  g_assert_null (weak);
}

/* --- Popped and added --- */

/* In one turn: it times out once, by the time of the second. */
static void
test_popped_and_added (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (cache, "a");
  g_autoptr(TendNumberCache) popped = NULL;

  advance (fixture, SECOND - 1);
  popped = tend_request_cache_pop (fixture->requests, "p", 1);
  add (fixture->requests, popped);
  advance (fixture, SECOND - 1);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("p-1 a:completed");
  advance (fixture, 10 * SECOND);
  assert_notes ("");
}

/* Each counts from the moment when it is given. */
static void
test_restarted (Fixture       *fixture,
                gconstpointer  unused)
{
  g_autoptr(TendNumberCache) cache = g_object_ref (request_add (fixture, 1, SECOND, NULL));

  advance (fixture, SECOND - 1);
  g_assert_true (tend_number_cache_restart_timeout (cache, 2 * SECOND));
  advance (fixture, 2 * SECOND - 1);
  assert_notes ("");
  g_assert_true (tend_number_cache_restart_timeout (cache, TEND_FOREVER));
  advance (fixture, 1000 * SECOND);
  assert_notes ("");
  g_assert_true (tend_number_cache_restart_timeout (cache, 1));
  g_assert_true (tend_number_cache_restart_timeout (cache, 0));
  assert_notes ("");
  advance (fixture, 0);
  assert_notes ("p-1");
  g_assert_cmpint (tend_number_cache_get_timeout (cache), ==, SECOND);

  g_assert_false (tend_number_cache_restart_timeout (cache, SECOND));
  advance (fixture, SECOND);
  assert_notes ("");

  expect_critical ("*timeout >= 0*");
  g_assert_false (tend_number_cache_restart_timeout (cache, -1));
  g_test_assert_expected_messages ();
}

/* The longer time is given when the old one is over, and nobody has been told yet. */
static void
test_restarted_when_due (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, 0, NULL);

  g_assert_true (tend_number_cache_restart_timeout (cache, SECOND));
  advance (fixture, SECOND - 1);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("p-1");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/number-cache/timed-out/number-then-handlers-then-tasks", test_order);
  add_test ("/tend/number-cache/timed-out/by-deadline-then-as-added", test_deadlines_in_order);
  add_test ("/tend/number-cache/timed-out/waiters-run-before-the-next", test_waiters_between);
  add_test ("/tend/number-cache/timed-out/zero-is-the-next-turn", test_zero);
  add_test ("/tend/number-cache/timed-out/not-when-popped-before-the-next-turn", test_zero_popped);
  add_test ("/tend/number-cache/timed-out/shortest-and-longest", test_shortest_and_longest);
  add_test ("/tend/number-cache/timed-out/is-fixed-when-added", test_fixed_when_added);
  add_test ("/tend/number-cache/timed-out/when-the-class-says", test_class_says);
  add_test ("/tend/number-cache/timed-out/class-may-interfere", test_class_interferes);
  add_test ("/tend/number-cache/timed-out/class-is-asked-natively", test_class_is_asked_natively);
  add_test ("/tend/number-cache/timed-out/handler-completes", test_handler_completes);
  add_test ("/tend/number-cache/timed-out/handler-adds-it-again", test_handler_adds_again);
  add_test ("/tend/number-cache/timed-out/handler-keeps-its-tasks", test_handler_keeps_tasks);
  add_test ("/tend/number-cache/timed-out/handler-adds-it-again-without-end", test_handler_adds_again_without_end);
  add_test ("/tend/number-cache/timed-out/handler-adds-it-again-and-clears", test_handler_adds_again_and_clears);
  add_test ("/tend/number-cache/timed-out/handler-adds-others", test_handler_adds_others);
  add_test ("/tend/number-cache/timed-out/handler-ends-the-next", test_handler_ends_next);
  add_test ("/tend/number-cache/timed-out/handler-pops-the-next", test_handler_pops_next);
  add_test ("/tend/number-cache/timed-out/handler-drops-the-request-cache", test_handler_drops_the_request_cache);
  add_test ("/tend/number-cache/timed-out/handler-drops-the-cache", test_handler_drops_itself);
  add_test ("/tend/number-cache/timed-out/once-when-popped-and-added", test_popped_and_added);

  add_test ("/tend/number-cache/timed-out/restarted", test_restarted);
  add_test ("/tend/number-cache/timed-out/restarted-when-due", test_restarted_when_due);

  return g_test_run ();
}
