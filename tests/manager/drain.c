// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager that is closed, and one that drains: in each state of a manager, from inside, and with child managers.

#include "children.h"

static void
drained_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  Fixture *fixture = data;
  g_autoptr(GError) error = NULL;

  assert_is_native (fixture);
  if (tend_task_manager_drain_finish (TEND_TASK_MANAGER (object), result, &error))
    note (fixture, "drained");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    note (fixture, "given-up");
  else
    note (fixture, "%s", g_error_matches (error, TEND_ERROR, TEND_ERROR_SEVERAL) ? "errors" : error->message);
}

static void
drain (Fixture *fixture)
{
  tend_task_manager_drain_async (fixture->manager, NULL, drained_cb, fixture);
}

static gboolean
sleep_a_second (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  if (!tend_sleep (SECOND, error))
    {
      note (data, "cut-off");
      return FALSE;
    }

  note (data, "%s", tend_task_get_name (task) != NULL ? tend_task_get_name (task) : "slept");
  return TRUE;
}

static void
assert_refused (TendTaskManager *manager,
                const char      *message)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_task_manager_is_closed (manager));
  g_assert_null (tend_task_manager_register (manager, tend_task_new_open ("late", NULL, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  if (strstr (error->message, message) == NULL)
    g_error ("'%s' is not in '%s'", message, error->message);
}

/* --- Closed --- */

static void
test_close_refuses_and_lets_go_on (Fixture       *fixture,
                                   gconstpointer  unused)
{
  TendTask *delayed = watch (fixture, tend_task_new_fiber ("delayed", sleep_a_second, fixture, NULL));

  tend_task_manager_set_max_running (fixture->manager, 1);
  fiber_in (fixture, fixture->manager, "running", sleep_a_second, fixture);
  fiber_in (fixture, fixture->manager, "queued", sleep_a_second, fixture);
  tend_task_set_delay (delayed, 10 * SECOND);
  tend_task_manager_register (fixture->manager, delayed, TEND_NAME_POLICY_REJECT, NULL);
  settle (fixture);

  g_assert_false (tend_task_manager_is_closed (fixture->manager));
  tend_task_manager_close (fixture->manager);
  tend_task_manager_close (fixture->manager);
  assert_refused (fixture->manager, "closed");
  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "running queued delayed");
  assert_refused (fixture->manager, "closed");

  /* Shutdown tasks are still taken. */
  add_note (fixture, "last");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "last down");
  tend_task_manager_close (fixture->manager);
  assert_refused (fixture->manager, "shut down");
}

static void
test_close_refuses_in_children (Fixture       *fixture,
                                gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);
  g_autoptr(TendTaskManager) other = tend_task_manager_new ();
  g_autoptr(GError) error = NULL;

  tend_task_manager_close (child);
  assert_refused (grandchild, "closed");
  g_assert_false (tend_task_manager_is_closed (fixture->manager));
  tend_task_manager_close (fixture->manager);
  assert_refused (fixture->manager, "closed");

  g_assert_false (tend_task_manager_add_child (fixture->manager, other, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_clear_error (&error);
  tend_task_manager_close (other);
  g_assert_false (tend_task_manager_add_child (other, fixture->manager, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
}

static void
test_closed_while_it_shuts_down (Fixture       *fixture,
                                 gconstpointer  unused)
{
  add_sleep (fixture, "a");
  shut_down (fixture);
  tend_task_manager_close (fixture->manager);
  assert_refused (fixture->manager, "shut down");
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "a< >a down");
}

static void
test_running_task_that_is_refused (Fixture       *fixture,
                                   gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_run_fiber ("runs", sleep_a_second, fixture, NULL));
  g_autoptr(GError) error = NULL;

  tend_task_manager_close (fixture->manager);
  g_assert_null (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  settle (fixture);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
}

/* --- Drained --- */

static void
test_drain_of_an_empty_manager (Fixture       *fixture,
                                gconstpointer  unused)
{
  add_note (fixture, "last");
  drain (fixture);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "last drained");
  drain (fixture);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "drained");
}

static void
test_drain_finishes_what_was_taken (Fixture       *fixture,
                                    gconstpointer  unused)
{
  TendTask *delayed = watch (fixture, tend_task_new_fiber ("delayed", sleep_a_second, fixture, NULL));

  tend_task_manager_set_max_running (fixture->manager, 1);
  add_note (fixture, "last");
  fiber_in (fixture, fixture->manager, "running", sleep_a_second, fixture);
  fiber_in (fixture, fixture->manager, "waiting", sleep_a_second, fixture);
  tend_task_manager_register (fixture->manager, watch (fixture, tend_task_new_fiber ("running", sleep_a_second, fixture,
                                                                                     NULL)),
                              TEND_NAME_POLICY_QUEUE, NULL);
  tend_task_set_delay (delayed, 10 * SECOND);
  tend_task_manager_register (fixture->manager, delayed, TEND_NAME_POLICY_REJECT, NULL);

  drain (fixture);
  assert_refused (fixture->manager, "closed");
  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 11 * SECOND);
  assert_log (fixture, "running waiting running delayed last drained");
  assert_refused (fixture->manager, "shut down");
}

/* What was debounced or throttled runs as well, and a paused task keeps the drain waiting until it goes on. */
static void
test_drain_finishes_what_was_held_back (Fixture       *fixture,
                                        gconstpointer  unused)
{
  TendTask *paused = fiber_in (fixture, fixture->manager, "paused", sleep_a_second, fixture);

  tend_task_pause (paused);
  tend_task_manager_debounce (fixture->manager, watch (fixture, tend_task_new_fiber ("debounced", sleep_a_second,
                                                                                     fixture, NULL)),
                              3 * SECOND, NULL);
  tend_task_manager_throttle (fixture->manager, watch (fixture, tend_task_new_open ("x", note_name, fixture, NULL)),
                              SECOND, NULL);
  settle (fixture);
  tend_task_manager_throttle (fixture->manager, watch (fixture, tend_task_new_open ("x", note_name, fixture, NULL)),
                              SECOND, NULL);
  drain (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 4 * SECOND);
  assert_log (fixture, "x x debounced");
  tend_task_resume (paused);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "paused drained");
}

static void
test_drain_of_a_closed_manager (Fixture       *fixture,
                                gconstpointer  unused)
{
  fiber_in (fixture, fixture->manager, "task", sleep_a_second, fixture);
  tend_task_manager_close (fixture->manager);
  drain (fixture);
  tend_task_manager_close (fixture->manager);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "task drained");
}

static void
test_drain_waits_for_what_was_cancelled_before (Fixture       *fixture,
                                                gconstpointer  unused)
{
  Work *work = register_work (fixture, THREAD, "deaf");

  work->is_deaf = TRUE;
  work_wait_begun (work);
  tend_task_manager_cancel_task (fixture->manager, "deaf");
  drain (fixture);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  assert_log (fixture, "");
  work_let_go (work);
  work_wait_gone (work);
  settle (fixture);
  assert_log (fixture, "drained");
}

static void
test_drain_tells_of_shutdown_tasks_alone (Fixture       *fixture,
                                          gconstpointer  unused)
{
  add_shutdown_task (fixture, tend_task_new_open ("x", fail_at_once, NULL, NULL));
  add_shutdown_task (fixture, tend_task_new_open ("y", fail_at_once, NULL, NULL));
  callback_in (fixture, fixture->manager, NULL, fail_at_once, NULL);
  drain (fixture);
  drain (fixture);
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "errors errors errors");
}

static void
test_wait_is_given_up (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  fiber_in (fixture, fixture->manager, "task", sleep_a_second, fixture);
  add_note (fixture, "last");
  tend_task_manager_drain_async (fixture->manager, cancellable, drained_cb, fixture);
  drain (fixture);
  settle (fixture);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "given-up");
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "task last drained");
}

static void
test_drain_joins_a_shutdown (Fixture       *fixture,
                             gconstpointer  unused)
{
  fiber_in (fixture, fixture->manager, "task", sleep_a_second, fixture);
  add_sleep (fixture, "a");
  settle (fixture);
  shut_down (fixture);
  drain (fixture);
  settle (fixture);
  assert_log (fixture, "cut-off a<");
  drain (fixture);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, ">a down drained drained");
}

static void
test_shutdown_overtakes_a_drain (Fixture       *fixture,
                                 gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);

  note_in (fixture, fixture->manager, "parent");
  note_in (fixture, grandchild, "grandchild");
  fiber_in (fixture, fixture->manager, "task", sleep_a_second, fixture);
  fiber_in (fixture, grandchild, "below", sleep_a_second, fixture);
  drain (fixture);
  settle (fixture);
  assert_log (fixture, "");

  /* One that was taken out is drained for the manager all the same. */
  tend_task_manager_remove_child (fixture->manager, child);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "cut-off cut-off grandchild parent drained down");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
}

static void
test_grace_period_after_a_drain (Fixture       *fixture,
                                 gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  Work *work = work_in (fixture, child, THREAD, "deaf");

  work->is_deaf = TRUE;
  work_wait_begun (work);
  drain (fixture);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_nonnull (strstr (fixture->log->str, ": stopped: "));
  g_assert_nonnull (strstr (fixture->log->str, " error"));
  g_string_truncate (fixture->log, 0);
  work_let_go (work);
  work_wait_gone (work);
}

/* --- From inside --- */

static gboolean
drain_in_a_fiber (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;

  if (!tend_task_manager_drain (fixture->manager, error))
    {
      note (fixture, "%s", (*error)->message);
      return FALSE;
    }

  note (fixture, "%s", tend_task_get_name (task));
  return TRUE;
}

static void
test_tasks_of_the_manager_drain_it (Fixture       *fixture,
                                    gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  fiber_in (fixture, fixture->manager, "caller", drain_in_a_fiber, fixture);
  fiber_in (fixture, child, "below", drain_in_a_fiber, fixture);
  fiber_in (fixture, fixture->manager, "task", sleep_a_second, fixture);
  add_note (fixture, "last");
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "task last caller below");
}

/* Who waits for the drain is not cancelled by the shutdown that overtakes it. */
static void
test_caller_when_a_shutdown_overtakes (Fixture       *fixture,
                                       gconstpointer  unused)
{
  fiber_in (fixture, fixture->manager, "caller", drain_in_a_fiber, fixture);
  fiber_in (fixture, fixture->manager, "task", sleep_a_second, fixture);
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "cut-off down caller");
}

static gboolean
drain_when_cancelled (TendTask  *task,
                      gpointer   data,
                      GError   **error)
{
  tend_task_cancel (task);
  g_assert_false (tend_task_manager_drain (((Fixture *) data)->manager, error));
  g_assert_error (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  return FALSE;
}

static void
test_cancelled_fiber_begins_the_drain (Fixture       *fixture,
                                       gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  g_autoptr(GError) error = NULL;

  fiber_in (fixture, fixture->manager, "task", sleep_a_second, fixture);
  add_note (fixture, "last");
  task = tend_task_run_fiber (NULL, drain_when_cancelled, fixture, NULL);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "task last");
  g_assert_true (tend_task_manager_is_shut_down (fixture->manager));
  g_assert_false (tend_task_manager_drain (fixture->manager, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

static void
test_shutdown_task_drains (Fixture       *fixture,
                           gconstpointer  unused)
{
  add_shutdown_task (fixture, tend_task_new_fiber ("x", drain_in_a_fiber, fixture, NULL));
  drain (fixture);
  settle (fixture);
  g_assert_nonnull (strstr (fixture->log->str, "cannot wait for the shutdown"));
  g_string_truncate (fixture->log, 0);
}

/* --- Child managers, and the end --- */

static void
test_children_drain_first (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);

  note_in (fixture, fixture->manager, "parent");
  note_in (fixture, child, "child");
  note_in (fixture, grandchild, "grandchild");
  fiber_in (fixture, grandchild, "task", sleep_a_second, fixture);

  drain (fixture);
  assert_refused (grandchild, "closed");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "task grandchild child parent drained");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* A child that drains by itself keeps the parent waiting. A drain lets it, and a shutdown hurries it. */
static void
test_child_that_drains_keeps_the_parent (Fixture       *fixture,
                                         gconstpointer  is_shutdown)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  note_in (fixture, fixture->manager, "parent");
  note_in (fixture, child, "child");
  fiber_in (fixture, child, "task", sleep_a_second, fixture);
  settle (fixture);
  tend_task_manager_drain_async (child, NULL, NULL, NULL);
  if (is_shutdown != NULL)
    shut_down (fixture);
  else
    drain (fixture);
  settle (fixture);
  assert_log (fixture, is_shutdown != NULL ? "cut-off child parent down" : "");
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, is_shutdown != NULL ? "" : "task child parent drained");
}

static void
test_disposed_of_meanwhile (Fixture       *fixture,
                            gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  fiber_in (fixture, child, "task", sleep_a_second, fixture);
  drain (fixture);
  settle (fixture);
  g_object_run_dispose (G_OBJECT (fixture->manager));
  g_ptr_array_set_size (fixture->shadow, 0);
  settle (fixture);
  assert_log (fixture, "cut-off Manager: it, or its owner, was disposed of during the shutdown");
}

/* The drain holds the manager, and lets it go. */
static void
test_drain_keeps_the_manager (Fixture       *fixture,
                              gconstpointer  unused)
{
  TendTaskManager *manager = watch (fixture, tend_task_manager_new ());

  fiber_in (fixture, manager, "task", sleep_a_second, fixture);
  tend_task_manager_drain_async (manager, NULL, NULL, NULL);
  g_object_unref (manager);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "task");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_shutdown_test ("/tend/task-manager/close/refuses-and-lets-go-on", test_close_refuses_and_lets_go_on);
  add_shutdown_test ("/tend/task-manager/close/refuses-in-children", test_close_refuses_in_children);
  add_shutdown_test ("/tend/task-manager/close/while-it-shuts-down", test_closed_while_it_shuts_down);
  add_shutdown_test ("/tend/task-manager/close/running-task-that-is-refused", test_running_task_that_is_refused);
  add_shutdown_test ("/tend/task-manager/drain/empty-manager", test_drain_of_an_empty_manager);
  add_shutdown_test ("/tend/task-manager/drain/finishes-what-was-taken", test_drain_finishes_what_was_taken);
  add_shutdown_test ("/tend/task-manager/drain/finishes-what-was-held-back", test_drain_finishes_what_was_held_back);
  add_shutdown_test ("/tend/task-manager/drain/closed-manager", test_drain_of_a_closed_manager);
  add_shutdown_test ("/tend/task-manager/drain/waits-for-what-was-cancelled-before",
                     test_drain_waits_for_what_was_cancelled_before);
  add_shutdown_test ("/tend/task-manager/drain/tells-of-shutdown-tasks-alone",
                     test_drain_tells_of_shutdown_tasks_alone);
  add_shutdown_test ("/tend/task-manager/drain/wait-is-given-up", test_wait_is_given_up);
  add_shutdown_test ("/tend/task-manager/drain/joins-a-shutdown", test_drain_joins_a_shutdown);
  add_shutdown_test ("/tend/task-manager/drain/shutdown-overtakes-it", test_shutdown_overtakes_a_drain);
  add_shutdown_test ("/tend/task-manager/drain/grace-period-after-it", test_grace_period_after_a_drain);
  add_shutdown_test ("/tend/task-manager/drain/called-by-tasks-of-the-manager", test_tasks_of_the_manager_drain_it);
  add_shutdown_test ("/tend/task-manager/drain/caller-when-a-shutdown-overtakes",
                     test_caller_when_a_shutdown_overtakes);
  add_shutdown_test ("/tend/task-manager/drain/cancelled-fiber-begins-it", test_cancelled_fiber_begins_the_drain);
  add_shutdown_test ("/tend/task-manager/drain/called-by-a-shutdown-task", test_shutdown_task_drains);
  add_shutdown_test ("/tend/task-manager/drain/children-first", test_children_drain_first);
  g_test_add ("/tend/task-manager/drain/child-keeps-the-drain-waiting", Fixture, NULL, set_up,
              test_child_that_drains_keeps_the_parent, tear_down_shutdown);
  g_test_add ("/tend/task-manager/drain/child-keeps-the-shutdown-waiting", Fixture, "shutdown", set_up,
              test_child_that_drains_keeps_the_parent, tear_down_shutdown);
  add_shutdown_test ("/tend/task-manager/drain/disposed-of-meanwhile", test_disposed_of_meanwhile);
  add_shutdown_test ("/tend/task-manager/drain/keeps-the-manager", test_drain_keeps_the_manager);

  return g_test_run ();
}
