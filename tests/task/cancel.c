// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Cancelling a task: in each state, with each kind of body, and from each side.

#include "common.h"

static void
assert_cancelled (TendTask *task)
{
  assert_status (task, "cancelled");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* --- In each state --- */

static void
test_before_the_start (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_new_open ("early", idle_body, &n_destroyed, count_cb);

  tend_task_cancel (task);
  assert_cancelled (task);
  g_assert_cmpint (n_destroyed, ==, 1);
  g_assert_true (g_pattern_match_simple ("Task 'early': cancelled", tend_task_get_error (task)->message));
  assert_gone (task);
}

static void
test_while_pending (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_set_delay (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_task_cancel (task);
  assert_cancelled (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("");
  assert_gone (task);
}

static void
test_between_runs (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, note_cb, (gpointer) "run", NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 2 * SECOND + SECOND / 2, NULL);
  assert_notes ("run run");
  tend_task_cancel (task);
  assert_cancelled (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("");
  assert_gone (task);
}

static void
test_without_body (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);

  tend_task_cancel (task);
  assert_cancelled (task);
  assert_gone (task);
}

/* --- With each kind of body --- */

static void
test_running_fiber (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_cancel (task);
  g_assert_true (tend_task_is_cancelling (task));
  assert_status (task, "running");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("interrupted");
  assert_cancelled (task);
  assert_gone (task);
}

static void
return_cancelled_cb (GCancellable *cancellable,
                     gpointer      user_data)
{
  tend_task_return_new_error (user_data, G_IO_ERROR, G_IO_ERROR_CANCELLED, "As you wish");
}

/* What a callback's body does about it is its own affair. */
static void
test_running_callback (void)
{
  g_autoptr(TendTask) deaf = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_cancel (deaf);
  settle ();
  assert_status (deaf, "running");
  g_assert_true (tend_task_is_cancelling (deaf));
  g_assert_true (g_cancellable_is_cancelled (tend_task_get_cancellable (deaf)));
  tend_task_return_int (deaf, 3);
  assert_status (deaf, "completed");

  g_signal_connect (tend_task_get_cancellable (task), "cancelled", G_CALLBACK (return_cancelled_cb), task);
  tend_task_cancel (task);
  assert_cancelled (task);
  g_assert_cmpstr (tend_task_get_error (task)->message, ==, "As you wish");

  assert_gone (deaf);
  assert_gone (task);
}

static gboolean
wait_for_cancel_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_atomic_int_set ((int *) user_data, TRUE);
  while (!tend_task_is_cancelling (task))
    g_thread_yield ();

  return !g_cancellable_set_error_if_cancelled (tend_task_get_cancellable (task), error);
}

static void
test_running_thread (void)
{
  int is_running = FALSE;
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, wait_for_cancel_body, &is_running, NULL);

  while (!g_atomic_int_get (&is_running))
    g_thread_yield ();
  tend_task_cancel (task);
  assert_status (task, "running");
  g_assert_false (tend_task_wait_sync (task, NULL));
  assert_cancelled (task);
  assert_gone (task);
}

static void
begin_cb (TendTask            *task,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             callback_data,
          gpointer             user_data)
{
  GTask **operation = user_data;

  *operation = g_task_new (task, cancellable, callback, callback_data);
  g_task_set_return_on_cancel (*operation, FALSE);
}

static gboolean
finish_cb (TendTask      *task,
           GAsyncResult  *result,
           gpointer       user_data,
           GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_running_async (void)
{
  g_autoptr(GTask) operation = NULL;
  g_autoptr(TendTask) task = tend_task_run_async (NULL, begin_cb, finish_cb, &operation, NULL);

  tend_task_cancel (task);
  settle ();
  assert_status (task, "running");
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (operation)));
  g_assert_true (g_task_return_error_if_cancelled (operation));
  settle ();
  assert_cancelled (task);
  g_clear_object (&operation);
  assert_gone (task);
}

static gboolean
refuse_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_autoptr(GError) own_error = NULL;

  g_assert_false (tend_sleep (SECOND, &own_error));
  g_assert_error (own_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  tend_task_return_string (task, "all the same");
  return TRUE;
}

static void
test_body_may_complete_after_all (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, refuse_body, NULL, NULL);

  tend_task_cancel (task);
  settle ();
  assert_status (task, "completed");
  g_assert_cmpstr (tend_task_get_string (task), ==, "all the same");
  assert_gone (task);
}

/* --- From each side --- */

static void
test_twice_is_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  tend_task_cancel (task);
  tend_task_cancel (task);
  tend_clock_advance (clock, 0, NULL);
  tend_task_cancel (task);
  tend_clock_advance (clock, 0, NULL);
  assert_notes ("interrupted exit:cancelled");
  assert_gone (task);
}

static void
test_from_another_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  in_thread (cancel_thread, task);
  assert_status (task, "running");
  g_assert_false (tend_task_wait_sync (task, NULL));
  assert_notes ("interrupted");
  assert_cancelled (task);
  assert_gone (task);
}

static gpointer
cancel_cancellable_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_by_its_cancellable (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
      GCancellable *cancellable = tend_task_get_cancellable (task);

      g_assert_true (tend_task_get_cancellable (task) == cancellable);
      if (i == 0)
        g_cancellable_cancel (cancellable);
      else
        in_thread (cancel_cancellable_thread, cancellable);
      assert_status (task, "running");
      settle ();
      assert_notes ("interrupted");
      assert_cancelled (task);
      assert_gone (task);
    }
}

/* Whoever keeps it longer than the task may still cancel it. */
static void
test_cancellable_outlives_the_task (void)
{
  TendTask *task = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_object_ref (tend_task_get_cancellable (task));

  settle ();
  g_assert_finalize_object (task);
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  g_cancellable_cancel (cancellable);
  settle ();
}

static void
test_cancellable_of_a_cancelled_task_is_cancelled (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_cancel (task);
  g_assert_true (g_cancellable_is_cancelled (tend_task_get_cancellable (task)));
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_by_an_added_cancellable (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

      tend_task_add_cancellable (task, NULL);
      tend_task_add_cancellable (task, cancellable);
      settle ();
      assert_status (task, "running");
      if (i == 0)
        g_cancellable_cancel (cancellable);
      else
        in_thread (cancel_cancellable_thread, cancellable);
      assert_status (task, "running");
      settle ();
      assert_notes ("interrupted");
      assert_cancelled (task);
      assert_gone (task);
      g_assert_finalize_object (g_steal_pointer (&cancellable));
    }
}

static void
test_by_a_cancelled_cancellable (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) created = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) running = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  g_cancellable_cancel (cancellable);
  tend_task_add_cancellable (created, cancellable);
  tend_task_add_cancellable (running, cancellable);
  settle ();
  assert_cancelled (created);
  assert_cancelled (running);
  assert_notes ("interrupted");
  assert_gone (created);
  assert_gone (running);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static void
test_lets_go_of_an_added_cancellable (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_cancellable (task, cancellable);
  tend_task_return_value (task, NULL);
  tend_task_add_cancellable (task, cancellable);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
  assert_gone (task);
}

static void
stop_cb (GCancellable *cancellable,
         gpointer      user_data)
{
  tend_task_stop (user_data);
}

/* The task lets go of the cancellable within that one's own emission. */
static void
test_added_cancellable_may_stop_it (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  g_signal_connect (cancellable, "cancelled", G_CALLBACK (stop_cb), task);
  tend_task_add_cancellable (task, cancellable);
  g_cancellable_cancel (cancellable);
  assert_status (task, "stopped");
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* --- Bad input --- */

static void
test_refuses_what_is_no_task (void)
{
  g_autoptr(GObject) foreign = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  expect_critical ("*TEND_IS_TASK (self)*");
  tend_task_cancel (NULL);
  expect_critical ("*TEND_IS_TASK (self)*");
  tend_task_cancel ((TendTask *) foreign);
  expect_critical ("*TEND_IS_TASK (self)*");
  tend_task_stop ((TendTask *) foreign);
  expect_critical ("*TEND_IS_TASK (self)*");
  g_assert_null (tend_task_get_cancellable (NULL));
  expect_critical ("*TEND_IS_TASK (self)*");
  g_assert_false (tend_task_start (NULL, NULL));
  expect_critical ("*G_IS_CANCELLABLE (cancellable)*");
  tend_task_add_cancellable (task, (GCancellable *) foreign);
  g_test_assert_expected_messages ();
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/cancel/before-the-start", test_before_the_start);
  g_test_add_func ("/tend/task/cancel/while-pending", test_while_pending);
  g_test_add_func ("/tend/task/cancel/between-runs", test_between_runs);
  g_test_add_func ("/tend/task/cancel/without-body", test_without_body);
  g_test_add_func ("/tend/task/cancel/running-fiber", test_running_fiber);
  g_test_add_func ("/tend/task/cancel/running-callback", test_running_callback);
  g_test_add_func ("/tend/task/cancel/running-thread", test_running_thread);
  g_test_add_func ("/tend/task/cancel/running-async", test_running_async);
  g_test_add_func ("/tend/task/cancel/body-may-complete-after-all", test_body_may_complete_after_all);
  g_test_add_func ("/tend/task/cancel/twice-is-once", test_twice_is_once);
  g_test_add_func ("/tend/task/cancel/from-another-thread", test_from_another_thread);
  g_test_add_func ("/tend/task/cancel/by-its-cancellable", test_by_its_cancellable);
  g_test_add_func ("/tend/task/cancel/cancellable-outlives-the-task", test_cancellable_outlives_the_task);
  g_test_add_func ("/tend/task/cancel/cancellable-of-a-cancelled-task-is-cancelled",
                   test_cancellable_of_a_cancelled_task_is_cancelled);
  g_test_add_func ("/tend/task/cancel/by-an-added-cancellable", test_by_an_added_cancellable);
  g_test_add_func ("/tend/task/cancel/by-a-cancelled-cancellable", test_by_a_cancelled_cancellable);
  g_test_add_func ("/tend/task/cancel/lets-go-of-an-added-cancellable", test_lets_go_of_an_added_cancellable);
  g_test_add_func ("/tend/task/cancel/added-cancellable-may-stop-it", test_added_cancellable_may_stop_it);
  g_test_add_func ("/tend/task/cancel/refuses-what-is-no-task", test_refuses_what_is_no_task);

  return g_test_run ();
}
