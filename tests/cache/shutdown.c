// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The end of the request cache and of its manager: whichever ends first, the other ends with it.

#include "cache.h"

static void
down_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      name)
{
  g_autoptr(GError) error = NULL;

  if (tend_request_cache_shutdown_finish (TEND_REQUEST_CACHE (source), result, &error))
    note ("%s", (const char *) name);
  else
    note ("%s:%s", (const char *) name,
          g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ? "cancelled" :
          g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? "timed-out" : error->message);
}

static void
shut_down (Fixture    *fixture,
           const char *name)
{
  tend_request_cache_shutdown_async (fixture->requests, NULL, down_cb, (gpointer) name);
}

static void
manager_down_cb (GObject      *source,
                 GAsyncResult *result,
                 gpointer      name)
{
  g_assert_true (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source), result, NULL));
  note ("%s", (const char *) name);
}

static void
shut_down_manager (Fixture    *fixture,
                   const char *name)
{
  tend_task_manager_shutdown_async (tend_request_cache_get_manager (fixture->requests), NULL,
                                    manager_down_cb, (gpointer) name);
}

/* A fiber of the manager that is cancelled by the shutdown, and cleans up for a second. */
static gboolean
linger (TendTask  *task,
        gpointer   data,
        GError   **error)
{
  gboolean slept = tend_sleep (1000 * SECOND, error);

  g_assert_false (slept);
  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_pop ();
  note ("lingered");
  return FALSE;
}

static void
register_linger (Fixture *fixture)
{
  tend_task_manager_register (tend_request_cache_get_manager (fixture->requests),
                              tend_task_new_fiber ("linger", linger, NULL, NULL), TEND_NAME_POLICY_REJECT, NULL);
}

static gboolean
last_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  note ("last");
  tend_task_return_value (task, NULL);

  return TRUE;
}

static void
add_last (Fixture *fixture)
{
  g_autoptr(TendTask) task = tend_task_new_open ("last", last_body, NULL, NULL);

  g_assert_true (tend_task_manager_add_shutdown_task (tend_request_cache_get_manager (fixture->requests),
                                                      g_object_ref (task), NULL));
}

static void
assert_shut_down (Fixture *fixture)
{
  g_autoptr(TendNumberCache) cache = request_new (fixture, 99);
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_request_cache_is_shut_down (fixture->requests));
  g_assert_cmpuint (tend_request_cache_get_n_caches (fixture->requests), ==, 0);
  g_assert_false (tend_request_cache_add (fixture->requests, cache, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
}

static void
assert_manager_is_shut_down (Fixture *fixture)
{
  TendTaskManager *manager = tend_request_cache_get_manager (fixture->requests);
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_task_manager_is_shut_down (manager));
  g_assert_null (tend_task_manager_register (manager, tend_task_new_open ("late", idle_body, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
}

/* --- The request cache --- */

/* The caches are dropped within the call, and nothing times out by it or after it. */
static void
test_without_manager (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(TendTask) a = answer_add (request_add (fixture, 1, SECOND, NULL), "a");

  request_add (fixture, 2, 0, NULL);
  g_assert_false (tend_request_cache_is_shut_down (fixture->requests));
  shut_down (fixture, "down");
  assert_notes ("a:cancelled");
  g_assert_error (tend_task_get_error (a), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_shut_down (fixture);
  advance (fixture, 10 * SECOND);
  assert_notes ("down");
}

/* The manager's tasks really end, and then its shutdown tasks run. */
static void
test_with_manager (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, NULL), "a");

  register_linger (fixture);
  add_last (fixture);
  advance (fixture, 0);
  shut_down (fixture, "down");
  assert_notes ("a:cancelled");
  assert_shut_down (fixture);
  advance (fixture, SECOND - 1);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("lingered last down");
  assert_manager_is_shut_down (fixture);
}

static void
test_twice (Fixture       *fixture,
            gconstpointer  unused)
{
  register_linger (fixture);
  add_last (fixture);
  advance (fixture, 0);
  shut_down (fixture, "first");
  shut_down (fixture, "second");
  advance (fixture, SECOND);
  assert_notes ("lingered last first second");
  shut_down (fixture, "third");
  advance (fixture, 0);
  assert_notes ("third");
}

/* There was no manager to shut down: one that is asked for now takes nothing. */
static void
test_manager_afterwards (Fixture       *fixture,
                         gconstpointer  unused)
{
  shut_down (fixture, "down");
  assert_manager_is_shut_down (fixture);
  advance (fixture, 0);
  assert_notes ("down");
  shut_down (fixture, "again");
  advance (fixture, 0);
  assert_notes ("again");
}

/* --- The manager --- */

/* Until its tasks have ended they may send requests; then the caches go, and those who wait for some. */
static void
test_manager_alone (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, 10 * SECOND, NULL), "a");
  g_autoptr(TendTask) waiter = tend_request_cache_wait_for (fixture->requests, "p", 2, TEND_FOREVER);

  tend_task_add_exit_handler (waiter, note_exit_cb, (gpointer) "waiter", NULL);
  register_linger (fixture);
  add_last (fixture);
  advance (fixture, 0);
  shut_down_manager (fixture, "down");
  advance (fixture, SECOND / 2);
  assert_notes ("");
  g_assert_true (tend_request_cache_has (fixture->requests, "p", 1));
  advance (fixture, SECOND / 2);
  assert_notes ("lingered a:cancelled waiter:cancelled last down");
  assert_shut_down (fixture);
  shut_down (fixture, "all down");
  advance (fixture, 0);
  assert_notes ("all down");
}

static void
test_together (Fixture       *fixture,
               gconstpointer  request_cache_first)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, 10 * SECOND, NULL), "a");

  register_linger (fixture);
  add_last (fixture);
  advance (fixture, 0);
  if (request_cache_first)
    shut_down (fixture, "x");
  shut_down_manager (fixture, "x");
  if (!request_cache_first)
    shut_down (fixture, "x");
  assert_notes ("a:cancelled");
  advance (fixture, SECOND);
  assert_notes ("lingered last x x");
  assert_shut_down (fixture);
}

/* Its errors are the shutdown's: a task that does not end in time is stopped and named. */
static gboolean
ignore_cancel (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  return TRUE;
}

static void
test_errors (Fixture       *fixture,
             gconstpointer  unused)
{
  tend_task_manager_register (tend_request_cache_get_manager (fixture->requests),
                              tend_task_new_open ("stubborn", ignore_cancel, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  advance (fixture, 0);
  shut_down (fixture, "down");
  advance (fixture, 5 * SECOND - 1);
  assert_notes ("");
  advance (fixture, 1);
  assert_notes ("down:timed-out");
}

/* It belongs to the request cache's context, whichever is the thread's default when it is asked for. */
static void
test_manager_context (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  tend_request_cache_get_manager (fixture->requests);
  g_main_context_pop_thread_default (context);
  register_linger (fixture);
  advance (fixture, 0);
  shut_down (fixture, "down");
  advance (fixture, SECOND);
  assert_notes ("lingered down");
}

/* Its context is not the program's, and is asked for a manager when it is not the default any more. */
static void
test_manager_of_other_context (Fixture       *fixture,
                               gconstpointer  unused)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendClock) clock = tend_clock_freeze (context);
  Fixture other = { clock, NULL };

  g_main_context_push_thread_default (context);
  other.requests = tend_request_cache_new ();
  g_main_context_pop_thread_default (context);
  tend_request_cache_get_manager (other.requests);

  g_main_context_push_thread_default (context);
  add_last (&other);
  shut_down (&other, "down");
  g_main_context_pop_thread_default (context);
  advance (fixture, SECOND);
  assert_notes ("");
  advance (&other, 0);
  assert_notes ("last down");
  g_assert_finalize_object (other.requests);
}

/* --- From where it is called --- */

static gboolean
shutdown_fiber (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Fixture *fixture = data;
  gboolean ok = tend_request_cache_shutdown (fixture->requests, error);

  note ("fiber:%s", ok ? "ok" : "failed");
  return ok;
}

static void
test_in_fiber (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, 10 * SECOND, NULL), "a");
  g_autoptr(TendTask) fiber = NULL;
  g_autoptr(GError) error = NULL;

  register_linger (fixture);
  advance (fixture, 0);
  fiber = tend_task_run_fiber (NULL, shutdown_fiber, fixture, NULL);
  assert_notes ("a:cancelled");
  advance (fixture, SECOND);
  assert_notes ("lingered fiber:ok");

  g_assert_false (tend_request_cache_shutdown (fixture->requests, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

/* A task of the manager is not waited for by itself. */
static void
test_in_managed_fiber (Fixture       *fixture,
                       gconstpointer  unused)
{
  tend_task_manager_register (tend_request_cache_get_manager (fixture->requests),
                              tend_task_new_fiber (NULL, shutdown_fiber, fixture, NULL), TEND_NAME_POLICY_REJECT,
                              NULL);
  request_add (fixture, 1, 10 * SECOND, NULL);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_notes ("fiber:ok");
  assert_shut_down (fixture);
}

static void
shut_down_hook (TendNumberCache  *cache,
                TendRequestCache *requests)
{
  tend_request_cache_shutdown_async (requests, NULL, down_cb, (gpointer) "down");
}

static void
test_in_timed_out (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_autoptr(TendTask) a = answer_add_int (request_add (fixture, 1, SECOND, shut_down_hook), "a", 7);
  g_autoptr(TendTask) b G_GNUC_UNUSED = answer_add (request_add (fixture, 2, SECOND, NULL), "b");

  add_last (fixture);
  advance (fixture, SECOND);
  assert_notes ("p-1 b:cancelled a:completed last down");
  g_assert_cmpint (tend_task_get_int (a), ==, 7);
}

static void
test_given_up (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  register_linger (fixture);
  add_last (fixture);
  advance (fixture, 0);
  tend_request_cache_shutdown_async (fixture->requests, cancellable, down_cb, (gpointer) "down");
  g_cancellable_cancel (cancellable);
  advance (fixture, 0);
  assert_notes ("down:cancelled");
  advance (fixture, SECOND);
  assert_notes ("lingered last");
}

static void
add_another_cb (TendTask *task,
                gpointer  data)
{
  assert_shut_down (data);
}

static void
test_added_meanwhile (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(TendTask) task = answer_add (request_add (fixture, 1, SECOND, NULL), "a");

  tend_task_add_exit_handler (task, add_another_cb, fixture, NULL);
  shut_down (fixture, "down");
  advance (fixture, 0);
  assert_notes ("a:cancelled down");
}

/* --- Without a shutdown --- */

static void
test_dropped (Fixture       *fixture,
              gconstpointer  unused)
{
  g_autoptr(TendTask) task G_GNUC_UNUSED = answer_add (request_add (fixture, 1, SECOND, NULL), "a");

  register_linger (fixture);
  add_last (fixture);
  advance (fixture, 0);
  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
  assert_notes ("a:cancelled");
  advance (fixture, SECOND);
  assert_notes ("lingered");
}

/* The manager holds no request cache, and its shutdown finds none any more. */
static void
test_manager_outlives (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendTaskManager *manager = g_object_ref (tend_request_cache_get_manager (fixture->requests));

  add_last (fixture);
  g_assert_finalize_object (g_steal_pointer (&fixture->requests));
  tend_task_manager_shutdown_async (manager, NULL, manager_down_cb, (gpointer) "down");
  advance (fixture, 0);
  assert_notes ("last down");
  g_assert_finalize_object (manager);
}

static void
test_dropped_while_shut_down (Fixture       *fixture,
                              gconstpointer  unused)
{
  register_linger (fixture);
  add_last (fixture);
  advance (fixture, 0);
  shut_down (fixture, "down");
  g_object_unref (g_steal_pointer (&fixture->requests));
  advance (fixture, SECOND);
  assert_notes ("lingered last down");
}

static gboolean
shut_down_fiber (TendTask  *task,
                 gpointer   requests,
                 GError   **error)
{
  return tend_request_cache_shutdown (requests, error);
}

static gboolean
shut_down_body (TendTask  *task,
                gpointer   requests,
                GError   **error)
{
  tend_request_cache_shutdown_async (requests, NULL, down_cb, (gpointer) "down");
  return TRUE;
}

/*
 * The owner of a task that shuts the request cache down goes meanwhile: the shutdown goes on, nobody is called back,
 * and nothing is left, which the end of the fixture sees.
 */
static void
test_owner_goes (Fixture       *fixture,
                 gconstpointer  in_fiber)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  TendTaskManager *manager = tend_task_manager_new_for_owner (owner);

  register_linger (fixture);
  add_last (fixture);
  if (in_fiber != NULL)
    tend_task_manager_register (manager, tend_task_new_fiber ("ender", shut_down_fiber, fixture->requests, NULL),
                                TEND_NAME_POLICY_REJECT, NULL);
  else
    tend_task_manager_register (manager, tend_task_new_open ("ender", shut_down_body, fixture->requests, NULL),
                                TEND_NAME_POLICY_REJECT, NULL);
  advance (fixture, 0);
  g_object_unref (owner);
  advance (fixture, SECOND);
  assert_notes ("lingered last");
  assert_shut_down (fixture);
  g_assert_finalize_object (manager);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/request-cache/shutdown/drops-the-caches", test_without_manager);
  add_test ("/tend/request-cache/shutdown/ends-the-manager", test_with_manager);
  add_test ("/tend/request-cache/shutdown/second-call-joins", test_twice);
  add_test ("/tend/request-cache/shutdown/manager-made-afterwards-is-shut-down", test_manager_afterwards);
  add_test ("/tend/request-cache/shutdown/manager-alone-ends-the-caches", test_manager_alone);
  g_test_add ("/tend/request-cache/shutdown/both-request-cache-first", Fixture, GINT_TO_POINTER (TRUE),
              set_up, test_together, tear_down);
  g_test_add ("/tend/request-cache/shutdown/both-manager-first", Fixture, NULL, set_up, test_together, tear_down);
  add_test ("/tend/request-cache/shutdown/errors-of-the-manager", test_errors);
  add_test ("/tend/request-cache/shutdown/manager-belongs-to-its-context", test_manager_context);
  add_test ("/tend/request-cache/shutdown/manager-of-another-context", test_manager_of_other_context);
  add_test ("/tend/request-cache/shutdown/in-a-fiber", test_in_fiber);
  add_test ("/tend/request-cache/shutdown/in-a-fiber-of-the-manager", test_in_managed_fiber);
  add_test ("/tend/request-cache/shutdown/in-timed-out", test_in_timed_out);
  add_test ("/tend/request-cache/shutdown/given-up-it-goes-on", test_given_up);
  add_test ("/tend/request-cache/shutdown/nothing-is-added-meanwhile", test_added_meanwhile);
  add_test ("/tend/request-cache/shutdown/dropped-without-one", test_dropped);
  add_test ("/tend/request-cache/shutdown/manager-outlives-the-request-cache", test_manager_outlives);
  g_test_add ("/tend/request-cache/shutdown/owner-of-the-fiber-goes", Fixture, GINT_TO_POINTER (TRUE),
              set_up, test_owner_goes, tear_down);
  g_test_add ("/tend/request-cache/shutdown/owner-of-the-callback-goes", Fixture, NULL, set_up, test_owner_goes, tear_down);
  add_test ("/tend/request-cache/shutdown/dropped-in-between", test_dropped_while_shut_down);

  return g_test_run ();
}
