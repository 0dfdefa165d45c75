// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task calls when it is asked to end, and how a body gives up.

#include "common.h"

static void
note_handler_cb (TendTask *task,
                 gpointer  user_data)
{
  g_assert_true (tend_task_is_cancelling (task));
  g_assert_true (tend_task_get_current () == task);
  note ("%s", (const char *) user_data);
}

static void
give_up_cb (TendTask *task,
            gpointer  user_data)
{
  note_handler_cb (task, user_data);
  g_assert_true (tend_task_return_error_if_cancelled (task));
}

static void
assert_cancelled (TendTask *task)
{
  assert_status (task, "cancelled");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_str_has_prefix (tend_task_get_error (task)->message, "Task "));
  g_assert_nonnull (strstr (tend_task_get_error (task)->message, ": cancelled"));
}

/* --- When it runs --- */

static void
test_ends_the_body (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_cancel_handler (task, note_handler_cb, (gpointer) "never", NULL);
  tend_task_add_cancel_handler (task, give_up_cb, (gpointer) "asked", NULL);
  tend_task_add_cancel_handler (task, note_handler_cb, (gpointer) "asked-first", NULL);
  tend_task_add_exit_handler (task, note_handler_cb, (gpointer) "exit", NULL);
  assert_notes ("");
  tend_task_cancel (task);
  assert_notes ("asked-first asked exit");
  assert_cancelled (task);
  tend_task_cancel (task);
  assert_notes ("");
  assert_gone (task);
}

static void
test_the_body_goes_on (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_cancel_handler (task, note_handler_cb, (gpointer) "asked", NULL);
  tend_task_cancel (task);
  assert_notes ("asked");
  assert_status (task, "running");
  tend_task_return_int (task, 7);
  assert_status (task, "completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 7);
  assert_gone (task);
}

static void
test_added_late (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_cancel (task);
  tend_task_add_cancel_handler (task, give_up_cb, (gpointer) "at-once", NULL);
  assert_notes ("at-once");
  assert_cancelled (task);

  tend_task_add_cancel_handler (task, give_up_cb, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_notes ("");
}

static gboolean
sleep_and_note_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  gboolean slept = tend_sleep (SECOND, error);

  note ("woken");
  return slept;
}

/* The task, which nobody else holds, goes with its body. */
static void
test_added_late_ends_the_task (void)
{
  TendTask *task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTask *weak = task;

  g_object_add_weak_pointer (G_OBJECT (task), (gpointer *) &weak);
  tend_task_cancel (task);
  g_object_unref (task);
  g_assert_nonnull (weak);
  tend_task_add_cancel_handler (task, note_handler_cb, (gpointer) "late", NULL);
  assert_notes ("late");
  tend_task_add_cancel_handler (task, give_up_cb, (gpointer) "asked", NULL);
  assert_notes ("asked");
  g_assert_null (weak);
}

static void
test_before_a_fiber_is_woken (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_and_note_body, NULL, NULL);

  tend_task_add_cancel_handler (task, note_handler_cb, (gpointer) "asked", NULL);
  tend_task_cancel (task);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("asked woken");
  assert_cancelled (task);
}

static void
test_at_the_deadline (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  tend_task_set_deadline (task, tend_get_time () + SECOND);
  tend_task_add_cancel_handler (task, give_up_cb, (gpointer) "timed-out", NULL);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("timed-out");
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_from_another_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_cancel_handler (task, give_up_cb, (gpointer) "asked", NULL);
  g_thread_join (g_thread_new (NULL, cancel_thread, task));
  assert_notes ("");
  while (!tend_task_is_ended (task))
    g_main_context_iteration (NULL, TRUE);
  assert_notes ("asked");
  assert_cancelled (task);
}

/* --- When it does not --- */

static void
test_not_when_stopped (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_cancel_handler (task, give_up_cb, &n_destroyed, count_cb);
  tend_task_stop (task);
  assert_notes ("");
  assert_status (task, "stopped");
  g_assert_cmpint (n_destroyed, ==, 1);
}

static void
test_not_before_the_body_runs (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  tend_task_add_cancel_handler (task, give_up_cb, &n_destroyed, count_cb);
  tend_task_cancel (task);
  assert_notes ("");
  assert_cancelled (task);
  g_assert_cmpint (n_destroyed, ==, 1);
}

static gboolean
run_and_return_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  tend_task_add_cancel_handler (task, note_handler_cb, user_data, count_cb);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_for_one_run (void)
{
  int n_destroyed = 0;
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, run_and_return_body, &n_destroyed, NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 2 * SECOND, NULL);
  g_assert_cmpint (n_destroyed, ==, 2);
  tend_task_cancel (task);
  assert_notes ("");
  assert_cancelled (task);
}

static void
stop_the_task (gpointer data)
{
  note ("destroyed");
  tend_task_stop (data);
}

static gboolean
stopping_data_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  tend_task_add_cancel_handler (task, note_handler_cb, task, stop_the_task);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* What is destroyed between two runs ends the task. */
static void
test_stopped_by_its_data (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, stopping_data_body, NULL, NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 2 * SECOND, NULL);
  assert_notes ("destroyed");
  assert_status (task, "stopped");
}

/* The scope has begun to end, and knows the cancellable until all of it has. */
static void
test_its_data_cancels_a_cancellable_of_the_scope (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  GCancellable *cancellable = g_cancellable_new ();

  tend_task_add_cancellable (task, cancellable);
  tend_task_add_cancel_handler (task, note_handler_cb, cancellable, (GDestroyNotify) g_cancellable_cancel);
  tend_task_stop (task);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  settle ();
  assert_status (task, "stopped");
  assert_notes ("");
  assert_gone (task);
  g_assert_finalize_object (cancellable);
}

/* --- Giving up --- */

static void
test_nothing_to_give_up (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  g_assert_false (tend_task_return_error_if_cancelled (task));
  assert_status (task, "running");
  tend_task_stop (task);
}

static void
test_the_reason (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_cancel_handler (task, give_up_cb, (gpointer) "asked", NULL);
  tend_cancellable_cancel_with_reason (TEND_CANCELLABLE (tend_task_get_cancellable (task)), "enough");
  while (!tend_task_is_ended (task))
    g_main_context_iteration (NULL, TRUE);
  assert_notes ("asked");
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message, ": cancelled: enough"));
}

static gboolean
give_up_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  while (!tend_task_return_error_if_cancelled (task))
    g_usleep (100);
  g_atomic_int_inc ((int *) user_data);

  return TRUE;
}

/* In the thread of the body the error is recorded, and the task ends when the body returns. */
static void
test_in_a_thread (void)
{
  int n_through = 0;
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, give_up_body, &n_through, NULL);

  tend_task_cancel (task);
  while (!tend_task_is_ended (task))
    g_main_context_iteration (NULL, TRUE);
  assert_cancelled (task);
}

static gboolean
give_up_fiber_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_assert_false (tend_task_return_error_if_cancelled (task));
  g_assert_false (tend_sleep (SECOND, NULL));
  g_assert_true (tend_task_return_error_if_cancelled (task));

  return TRUE;
}

static void
test_in_a_fiber (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, give_up_fiber_body, NULL, NULL);

  tend_task_cancel (task);
  while (!tend_task_is_ended (task))
    g_main_context_iteration (NULL, TRUE);
  assert_cancelled (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/cancel-handler/ends-the-body", test_ends_the_body);
  g_test_add_func ("/tend/task/cancel-handler/the-body-goes-on", test_the_body_goes_on);
  g_test_add_func ("/tend/task/cancel-handler/added-late", test_added_late);
  g_test_add_func ("/tend/task/cancel-handler/added-late-ends-the-task", test_added_late_ends_the_task);
  g_test_add_func ("/tend/task/cancel-handler/before-a-fiber-is-woken", test_before_a_fiber_is_woken);
  g_test_add_func ("/tend/task/cancel-handler/at-the-deadline", test_at_the_deadline);
  g_test_add_func ("/tend/task/cancel-handler/from-another-thread", test_from_another_thread);
  g_test_add_func ("/tend/task/cancel-handler/not-when-stopped", test_not_when_stopped);
  g_test_add_func ("/tend/task/cancel-handler/not-before-the-body-runs", test_not_before_the_body_runs);
  g_test_add_func ("/tend/task/cancel-handler/for-one-run", test_for_one_run);
  g_test_add_func ("/tend/task/cancel-handler/stopped-by-its-data", test_stopped_by_its_data);
  g_test_add_func ("/tend/task/cancel-handler/its-data-cancels-a-cancellable-of-the-scope",
                   test_its_data_cancels_a_cancellable_of_the_scope);
  g_test_add_func ("/tend/task/give-up/nothing-to-give-up", test_nothing_to_give_up);
  g_test_add_func ("/tend/task/give-up/the-reason", test_the_reason);
  g_test_add_func ("/tend/task/give-up/in-a-thread", test_in_a_thread);
  g_test_add_func ("/tend/task/give-up/in-a-fiber", test_in_a_fiber);

  return g_test_run ();
}
