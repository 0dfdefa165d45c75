// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for a cache that is there, comes later, or never comes.

#include "cache.h"

/* A waiter that notes its end by @name. */
/* That they fail is what is tested. */
static void
observe_cb (TendTask *task,
            gpointer  unused)
{
  tend_task_get_error (task);
}

static TendTask *
wait_for (Fixture    *fixture,
          guint64     number,
          gint64      timeout,
          const char *name)
{
  TendTask *task = tend_request_cache_wait_for (fixture->requests, "p", number, timeout);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) name, NULL);
  tend_task_add_exit_handler (task, observe_cb, NULL, NULL);
  return task;
}

static void
test_there_already (Fixture       *fixture,
                    gconstpointer  unused)
{
  TendNumberCache *cache = request_add (fixture, 1, SECOND, NULL);
  static const gint64 times[] = { TEND_FOREVER, 0, SECOND };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr(TendTask) task = tend_request_cache_wait_for (fixture->requests, "p", 1, times[i]);

      assert_status (task, "completed");
      g_assert_true (tend_task_get_object (task) == cache);
    }
  tend_request_cache_clear (fixture->requests);
}

/* A number that GLib gives the same hash as 1, which it did in two ways. */
static guint64
get_hash_twin (void)
{
  static const guint64 one = 1, twins[] = { G_GUINT64_CONSTANT (1) << 32, (G_GUINT64_CONSTANT (1) << 32) + 1 };

  return twins[g_int64_hash (&twins[0]) == g_int64_hash (&one) ? 0 : 1];
}

/* Each of them gets it, as they came, and the cache is still there. */
static void
test_added_later (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_autoptr(TendTask) a = wait_for (fixture, 1, TEND_FOREVER, "a");
  g_autoptr(TendTask) other = wait_for (fixture, get_hash_twin (), TEND_FOREVER, "other");
  g_autoptr(TendTask) b = wait_for (fixture, 1, 10 * SECOND, "b");
  g_autoptr(TendTask) c = wait_for (fixture, 1, TEND_FOREVER, "c");
  TendNumberCache *cache;

  advance (fixture, SECOND);
  assert_notes ("");
  cache = request_add (fixture, 1, SECOND, NULL);
  assert_notes ("a:completed b:completed c:completed");
  g_assert_true (tend_task_get_object (a) == cache);
  g_assert_true (tend_task_get_object (b) == cache);
  g_assert_true (tend_task_get_object (c) == cache);
  g_assert_true (tend_request_cache_has (fixture->requests, "p", 1));
  assert_status (other, "running");

  /* The time of one that has come is over. */
  advance (fixture, 20 * SECOND);
  assert_notes ("p-1");
  tend_task_cancel (other);
  assert_notes ("other:cancelled");
}

static void
test_own_times (Fixture       *fixture,
                gconstpointer  unused)
{
  g_autoptr(TendTask) slow G_GNUC_UNUSED = wait_for (fixture, 1, 3 * SECOND, "slow");
  g_autoptr(TendTask) fast = wait_for (fixture, 1, SECOND, "fast");
  g_autoptr(TendTask) ever G_GNUC_UNUSED = wait_for (fixture, 1, TEND_FOREVER, "ever");

  advance (fixture, SECOND - 1);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("fast:failed");
  g_assert_error (tend_task_get_error (fast), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (tend_task_get_error (fast)->message, ==, "Cache 'p-1': was not added in time");

  advance (fixture, SECOND);
  request_add (fixture, 1, SECOND, NULL);
  assert_notes ("slow:completed ever:completed");
  tend_request_cache_clear (fixture->requests);
}

/* For the rest of the turn: what is added meanwhile comes in time. */
static void
test_zero (Fixture       *fixture,
           gconstpointer  unused)
{
  g_autoptr(TendTask) lucky G_GNUC_UNUSED = wait_for (fixture, 1, 0, "lucky");
  g_autoptr(TendTask) unlucky G_GNUC_UNUSED = wait_for (fixture, 2, 0, "unlucky");

  assert_notes ("");
  request_add (fixture, 1, SECOND, NULL);
  assert_notes ("lucky:completed");
  advance (fixture, 0);
  assert_notes ("unlucky:failed");
  request_add (fixture, 2, SECOND, NULL);
  assert_notes ("");
  tend_request_cache_clear (fixture->requests);
}

static void
test_longest (Fixture       *fixture,
              gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = wait_for (fixture, 1, TEND_FOREVER, "a");

  advance (fixture, ((gint64) 1 << 33) * SECOND);
  assert_notes ("");
  request_add (fixture, 1, SECOND, NULL);
  assert_notes ("a:completed");
  tend_request_cache_clear (fixture->requests);
}

/* Those that go from the midst of many leave the others in their order. */
static void
test_some_of_many (Fixture       *fixture,
                   gconstpointer  unused)
{
  static const char *const names[] = { "a", "b", "c", "d", "e" };
  TendTask *tasks[G_N_ELEMENTS (names)];

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    tasks[i] = wait_for (fixture, 1, TEND_FOREVER, names[i]);
  tend_task_cancel (tasks[2]);
  tend_task_cancel (tasks[0]);
  assert_notes ("c:cancelled a:cancelled");
  request_add (fixture, 1, SECOND, NULL);
  assert_notes ("b:completed d:completed e:completed");
  tend_request_cache_clear (fixture->requests);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_object_unref (tasks[i]);
}

static void
test_cancelled (Fixture       *fixture,
                gconstpointer  unused)
{
  g_autoptr(TendTask) a = wait_for (fixture, 1, SECOND, "a");
  g_autoptr(TendTask) b = wait_for (fixture, 1, SECOND, "b");
  g_autoptr(TendTask) c G_GNUC_UNUSED = wait_for (fixture, 1, SECOND, "c");

  tend_task_cancel (a);
  tend_task_stop (b);
  assert_notes ("a:cancelled b:stopped");
  request_add (fixture, 1, SECOND, NULL);
  assert_notes ("c:completed");
  tend_request_cache_clear (fixture->requests);
}

static void
test_cancelled_elsewhere (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) task = wait_for (fixture, 1, SECOND, "a");

  g_assert_true (g_main_context_acquire (NULL));
  in_thread (cancel_thread, task);
  g_main_context_release (NULL);
  settle ();
  assert_notes ("a:cancelled");
}

/* A waiter that nobody holds goes when its time is over, or with the request cache. */
static void
test_forgotten (Fixture       *fixture,
                gconstpointer  unused)
{
  TendTask *timed = wait_for (fixture, 1, SECOND, "timed");
  TendTask *ever = wait_for (fixture, 1, TEND_FOREVER, "ever");
  gpointer weak = timed;

  g_object_add_weak_pointer (G_OBJECT (timed), &weak);
  g_object_unref (timed);
  g_object_unref (ever);
  advance (fixture, SECOND);
  assert_notes ("timed:failed");
  g_assert_null (weak);
  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
  assert_notes ("ever:cancelled");
}

static void
test_finalized (Fixture       *fixture,
                gconstpointer  unused)
{
  g_autoptr(TendTask) a G_GNUC_UNUSED = wait_for (fixture, 1, TEND_FOREVER, "a");
  g_autoptr(TendTask) b G_GNUC_UNUSED = wait_for (fixture, 1, SECOND, "b");

  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
  assert_notes ("a:cancelled b:cancelled");
  advance (fixture, SECOND);
  assert_notes ("");
}

static void
test_shut_down (Fixture       *fixture,
                gconstpointer  unused)
{
  g_autoptr(TendTask) before = wait_for (fixture, 1, TEND_FOREVER, "before");
  g_autoptr(TendTask) after = NULL;

  tend_request_cache_clear (fixture->requests);
  assert_notes ("");
  tend_request_cache_shutdown_async (fixture->requests, NULL, NULL, NULL);
  assert_notes ("before:cancelled");
  g_assert_error (tend_task_get_error (before), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  after = tend_request_cache_wait_for (fixture->requests, "p", 1, TEND_FOREVER);
  assert_status (after, "cancelled");
}

/* --- From what is called --- */

static void
wait_again_cb (TendTask *task,
               gpointer  data)
{
  Fixture *fixture = data;

  g_object_set_data_full (G_OBJECT (fixture->clock), "again", wait_for (fixture, 1, 2 * SECOND, "again"),
                          g_object_unref);
}

/* When one has come it is there. When its time is over, or it was cancelled, one waits anew. */
static void
test_again (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(TendTask) late = wait_for (fixture, 1, SECOND, "late");
  g_autoptr(TendTask) cancelled = NULL;
  g_autoptr(TendTask) found = NULL;

  tend_task_add_exit_handler (late, wait_again_cb, fixture, NULL);
  advance (fixture, SECOND);
  assert_notes ("late:failed");
  advance (fixture, 2 * SECOND);
  assert_notes ("again:failed");

  cancelled = wait_for (fixture, 1, SECOND, "cancelled");
  tend_task_add_exit_handler (cancelled, wait_again_cb, fixture, NULL);
  tend_task_cancel (cancelled);
  assert_notes ("cancelled:cancelled");
  request_add (fixture, 1, SECOND, NULL);
  assert_notes ("again:completed");
  tend_request_cache_clear (fixture->requests);

  found = tend_request_cache_wait_for (fixture->requests, "p", 1, SECOND);
  tend_task_add_exit_handler (found, wait_again_cb, fixture, NULL);
  request_add (fixture, 1, SECOND, NULL);
  assert_status (g_object_get_data (G_OBJECT (fixture->clock), "again"), "completed");
  tend_request_cache_clear (fixture->requests);
}

static void
pop_cb (TendTask *task,
        gpointer  data)
{
  Fixture *fixture = data;
  g_autoptr(TendNumberCache) cache = tend_request_cache_pop (fixture->requests, "p", 1);

  g_assert_true (tend_task_get_object (task) == cache);
}

static void
cancel_cb (TendTask *task,
           gpointer  other)
{
  tend_task_cancel (other);
}

/* The first may take the cache away, or give up for the second: who is told was there in time. */
static void
test_first_interferes (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(TendTask) a = wait_for (fixture, 1, SECOND, "a");
  g_autoptr(TendTask) b = wait_for (fixture, 1, SECOND, "b");
  g_autoptr(TendTask) c = wait_for (fixture, 1, SECOND, "c");

  tend_task_add_exit_handler (a, pop_cb, fixture, NULL);
  tend_task_add_exit_handler (a, cancel_cb, b, NULL);
  request_add (fixture, 1, SECOND, NULL);
  assert_notes ("b:cancelled a:completed c:completed");
  g_assert_nonnull (tend_task_get_object (c));
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
}

static void
drop_requests_cb (TendTask *task,
                  gpointer  data)
{
  Fixture *fixture = data;

  g_object_unref (g_steal_pointer (&fixture->requests));
}

/* The last reference: the others are cancelled, and not called back by what is gone. */
static void
test_drops_the_request_cache (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(TendTask) a = wait_for (fixture, 1, SECOND, "a");
  g_autoptr(TendTask) b G_GNUC_UNUSED = wait_for (fixture, 2, SECOND, "b");

  tend_task_add_exit_handler (a, drop_requests_cb, fixture, NULL);
  advance (fixture, SECOND);
  assert_notes ("b:cancelled a:failed");
}

static gboolean
wait_fiber (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(TendTask) waiter = tend_request_cache_wait_for (fixture->requests, "p", 1, 2 * SECOND);

  if (!tend_await (waiter, error))
    return FALSE;

  tend_task_return_int (task, (gint64) tend_number_cache_get_number (tend_task_get_object (waiter)));
  return TRUE;
}

static void
test_in_fiber (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendTask) lucky = tend_task_run_fiber (NULL, wait_fiber, fixture, NULL);
  g_autoptr(TendTask) unlucky = NULL;

  advance (fixture, SECOND);
  request_add (fixture, 1, SECOND, NULL);
  settle ();
  g_assert_cmpint (tend_task_get_int (lucky), ==, 1);
  tend_request_cache_clear (fixture->requests);

  unlucky = tend_task_run_fiber (NULL, wait_fiber, fixture, NULL);
  advance (fixture, 2 * SECOND);
  assert_status (unlucky, "failed");
  g_assert_error (tend_task_get_error (unlucky), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* --- Refusals --- */

/* A cache that is refused is none that has come. */
static void
test_refused_cache (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(TendTask) task = wait_for (fixture, 1, TEND_FOREVER, "a");
  g_autoptr(TendNumberCache) cache = request_new (fixture, 1);

  get_private (cache)->timeout = -1;
  g_assert_false (tend_request_cache_add (fixture->requests, cache, NULL));
  assert_notes ("");
  tend_task_cancel (task);
  assert_notes ("a:cancelled");
}

/* A number that is reserved is not one that has come. */
static void
test_reserved_number (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(TendRandomNumberCache) cache = tend_random_number_cache_new (fixture->requests, "p", 16, NULL);
  g_autoptr(TendTask) task = wait_for (fixture, tend_number_cache_get_number (TEND_NUMBER_CACHE (cache)),
                                       TEND_FOREVER, "a");

  assert_status (task, "running");
  add (fixture->requests, TEND_NUMBER_CACHE (cache));
  assert_notes ("a:completed");
  tend_request_cache_clear (fixture->requests);
}

/* No callback of a task is called whose owner has gone, and the request cache forgets it all the same. */
static void
test_owner_goes (Fixture       *fixture,
                 gconstpointer  unused)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  TendTaskManager *manager = tend_task_manager_new_for_owner (owner);
  TendTask *task = tend_request_cache_wait_for (fixture->requests, "p", 1, SECOND);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_assert_true (tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL));
  g_object_unref (owner);
  assert_status (task, "stopped");
  assert_notes ("");
  g_assert_finalize_object (task);

  request_add (fixture, 1, SECOND, NULL);
  g_assert_finalize_object (manager);
  tend_request_cache_clear (fixture->requests);
}

static gpointer
wait_thread (gpointer requests)
{
  g_assert_null (tend_request_cache_wait_for (requests, "p", 1, TEND_FOREVER));
  return NULL;
}

static void
test_refuses_nonsense (Fixture       *fixture,
                       gconstpointer  unused)
{
  expect_critical ("*timeout >= 0*");
  g_assert_null (tend_request_cache_wait_for (fixture->requests, "p", 1, -1));
  expect_critical ("*tend_loop_is_mine*");
  g_assert_true (g_main_context_acquire (NULL));
  in_thread (wait_thread, fixture->requests);
  g_main_context_release (NULL);
  g_test_assert_expected_messages ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/request-cache/wait-for/cache-that-is-there", test_there_already);
  add_test ("/tend/request-cache/wait-for/cache-that-comes", test_added_later);
  add_test ("/tend/request-cache/wait-for/each-for-its-own-time", test_own_times);
  add_test ("/tend/request-cache/wait-for/zero-is-the-rest-of-the-turn", test_zero);
  add_test ("/tend/request-cache/wait-for/longest", test_longest);
  add_test ("/tend/request-cache/wait-for/some-of-many-go", test_some_of_many);
  add_test ("/tend/request-cache/wait-for/is-cancelled-or-stopped", test_cancelled);
  add_test ("/tend/request-cache/wait-for/is-cancelled-elsewhere", test_cancelled_elsewhere);
  add_test ("/tend/request-cache/wait-for/forgotten-waiters-go", test_forgotten);
  add_test ("/tend/request-cache/wait-for/is-cancelled-with-the-request-cache", test_finalized);
  add_test ("/tend/request-cache/wait-for/is-cancelled-by-shutdown-and-not-by-clear", test_shut_down);
  add_test ("/tend/request-cache/wait-for/again-from-the-end-of-a-wait", test_again);
  add_test ("/tend/request-cache/wait-for/first-interferes", test_first_interferes);
  add_test ("/tend/request-cache/wait-for/end-drops-the-request-cache", test_drops_the_request_cache);
  add_test ("/tend/request-cache/wait-for/in-a-fiber", test_in_fiber);
  add_test ("/tend/request-cache/wait-for/refused-cache-has-not-come", test_refused_cache);
  add_test ("/tend/request-cache/wait-for/reserved-number-has-not-come", test_reserved_number);
  add_test ("/tend/request-cache/wait-for/owner-of-the-waiter-goes", test_owner_goes);
  add_test ("/tend/request-cache/wait-for/refuses-nonsense", test_refuses_nonsense);

  return g_test_run ();
}
