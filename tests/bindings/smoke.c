// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The library from outside, as a program that includes <tend.h> sees it: one manager, a task of
// each kind, and a shutdown.

#include <tend.h>

static gboolean
answer (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  tend_task_return_int (task, 42);
  return TRUE;
}

static gboolean
fail (TendTask  *task,
      gpointer   user_data,
      GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no %s", "such thing");
  return TRUE;
}

static gboolean
never (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  g_assert_not_reached ();
  return TRUE;
}

static gboolean
add_in_thread (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  tend_task_return_int (task, 40 + GPOINTER_TO_INT (user_data));
  return TRUE;
}

static gboolean
sleep_in_fiber (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  if (!tend_sleep (1000, error))
    return FALSE;

  tend_task_return_string (task, "slept");
  return TRUE;
}

/* A manager in a loop of its own, and the task that is looked at. */
typedef struct
{
  TendTaskManager *manager;
  TendTask        *task;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->manager = tend_task_manager_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_shutdown (fixture->manager, &error);
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);

  g_assert_finalize_object (fixture->manager);
  if (fixture->task != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->task));
}

static void
wait_for (TendTask  *task,
          GError   **error)
{
  tend_task_wait_sync (task, error);
}

static void
test_result (Fixture       *fixture,
             gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  fixture->task = g_object_ref (tend_task_manager_register (fixture->manager,
                                                            tend_task_new_open ("answer", answer, NULL, NULL),
                                                            TEND_NAME_POLICY_REJECT, &error));
  g_assert_no_error (error);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "answer"));

  wait_for (fixture->task, &error);
  g_assert_no_error (error);
  g_assert_cmpint (tend_task_get_status (fixture->task), ==, TEND_TASK_STATUS_COMPLETED);
  g_assert_cmpint (tend_task_get_int (fixture->task), ==, 42);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "answer"));
}

static void
test_error (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  fixture->task = g_object_ref (tend_task_manager_register (fixture->manager,
                                                            tend_task_new_open ("failure", fail, NULL, NULL),
                                                            TEND_NAME_POLICY_REJECT, &error));
  g_assert_no_error (error);

  wait_for (fixture->task, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "no such thing");
  g_assert_cmpint (tend_task_get_status (fixture->task), ==, TEND_TASK_STATUS_FAILED);
}

static void
test_cancel_by_name (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_register (fixture->manager, tend_task_new_open ("never", never, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);

  fixture->task = g_object_ref (tend_task_manager_cancel_task (fixture->manager, "never"));
  g_assert_false (tend_task_manager_is_active (fixture->manager, "never"));

  wait_for (fixture->task, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (tend_task_get_status (fixture->task), ==, TEND_TASK_STATUS_CANCELLED);
}

static void
test_thread (Fixture       *fixture,
             gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  fixture->task = tend_task_new_thread ("thread", add_in_thread, GINT_TO_POINTER (2), NULL);
  tend_task_manager_register (fixture->manager, g_object_ref (fixture->task), TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);

  wait_for (fixture->task, &error);
  g_assert_no_error (error);
  g_assert_cmpint (tend_task_get_int (fixture->task), ==, 42);
}

static void
test_fiber (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  fixture->task = g_object_ref (tend_task_manager_register (fixture->manager,
                                                            tend_task_new_fiber ("fiber", sleep_in_fiber, NULL, NULL),
                                                            TEND_NAME_POLICY_REJECT, &error));
  g_assert_no_error (error);

  wait_for (fixture->task, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (tend_task_get_string (fixture->task), ==, "slept");
}

/* Bindings free the closure of a callback with its data: never while it is being called. */
static void
set_true_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static gboolean
return_from_timer (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  tend_task_return_boolean (task, TRUE);
  g_assert_false (*(gboolean *) user_data);
  return TRUE;
}

static gboolean
return_at_once (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_boolean (task, TRUE);
  g_assert_false (*(gboolean *) user_data);

  return TRUE;
}

static void
test_data_outlive_calls (void)
{
  g_autoptr(GError) error = NULL;
  gboolean is_body_destroyed = FALSE;
  gboolean is_timer_destroyed = FALSE;
  TendTask *task = tend_task_run_open ("body", return_at_once, &is_body_destroyed, set_true_cb);

  g_assert_true (tend_task_is_ended (task));
  g_assert_true (is_body_destroyed);
  g_assert_finalize_object (task);

  task = tend_task_new_open ("timer", NULL, NULL, NULL);
  tend_task_add_timer (task, 0, 1000, return_from_timer, &is_timer_destroyed, set_true_cb);
  g_assert_true (tend_task_wait_sync (task, &error));
  g_assert_no_error (error);
  g_assert_true (is_timer_destroyed);
  g_assert_finalize_object (task);
}

static gboolean
shut_down_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(TendTask) draining = NULL;
  g_autoptr(GError) refused = NULL;

  tend_task_manager_register (manager, tend_task_new_fiber ("draining", sleep_in_fiber, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, error);
  draining = g_object_ref (tend_task_manager_lookup (manager, "draining"));

  g_assert_true (tend_task_manager_shutdown (manager, error));
  g_assert_true (tend_task_manager_is_shut_down (manager));
  g_assert_true (tend_task_is_ended (draining));

  g_assert_null (tend_task_manager_register (manager, tend_task_new_open ("late", never, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &refused));
  g_assert_error (refused, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  return TRUE;
}

static void
test_shutdown (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_run (shut_down_body, NULL, &error));
  g_assert_no_error (error);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/tend/smoke/result", Fixture, NULL, set_up, test_result, tear_down);
  g_test_add ("/tend/smoke/error", Fixture, NULL, set_up, test_error, tear_down);
  g_test_add ("/tend/smoke/cancel-by-name", Fixture, NULL, set_up, test_cancel_by_name, tear_down);
  g_test_add ("/tend/smoke/thread", Fixture, NULL, set_up, test_thread, tear_down);
  g_test_add ("/tend/smoke/fiber", Fixture, NULL, set_up, test_fiber, tear_down);
  g_test_add_func ("/tend/smoke/shutdown", test_shutdown);
  g_test_add_func ("/tend/smoke/data-outlive-calls", test_data_outlive_calls);

  return g_test_run ();
}
