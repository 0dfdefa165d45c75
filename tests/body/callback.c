// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function on the loop's thread, and ends when the function returns.

#include "../task/common.h"

static gboolean
answer_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_return_int (task, 42);
  note ("%s", tend_task_status_to_string (tend_task_get_status (task)));
  return TRUE;
}

static gboolean
quiet_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  ++*(int *) user_data;
  return TRUE;
}

/* The result is recorded in the call, and the task ends when the function has returned. */
static void
test_ends_within_the_call (void)
{
  g_autoptr(TendTask) task = tend_task_run (NULL, answer_body, NULL, NULL);

  assert_notes ("running");
  assert_status (task, "completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  assert_gone (task);
}

static void
test_needs_no_result (void)
{
  int n_runs = 0;
  g_autoptr(TendTask) task = tend_task_new (NULL, quiet_body, &n_runs, count_cb);

  assert_status (task, "created");
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "completed");
  g_assert_null (tend_task_get_result (task, NULL));
  g_assert_cmpint (n_runs, ==, 2);
  assert_gone (task);
}

static gboolean
failing_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  if (user_data != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, user_data);
  return FALSE;
}

static gboolean
recording_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "recorded");
  return user_data != NULL;
}

/* However the error is given, it is the task's. */
static void
test_fails (void)
{
  g_autoptr(TendTask) returned = tend_task_run (NULL, failing_body, (gpointer) "busy", NULL);
  g_autoptr(TendTask) silent = tend_task_run (NULL, failing_body, NULL, NULL);
  g_autoptr(TendTask) recorded = tend_task_run (NULL, recording_body, NULL, NULL);
  g_autoptr(TendTask) true = tend_task_run (NULL, recording_body, (gpointer) "true", NULL);

  g_assert_error (tend_task_get_error (returned), G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_error (tend_task_get_error (silent), TEND_ERROR, TEND_ERROR_STATE);
  g_assert_error (tend_task_get_error (recorded), G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_error (tend_task_get_error (true), G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_gone (returned);
  assert_gone (silent);
  assert_gone (recorded);
  assert_gone (true);
}

static gboolean
ending_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  void (* end) (TendTask *task) = user_data;

  end (task);
  note ("%s", tend_task_status_to_string (tend_task_get_status (task)));
  return !tend_task_is_cancelling (task) ||
         !g_cancellable_set_error_if_cancelled (tend_task_get_cancellable (task), error);
}

/* A function that is on the stack goes on: a stopped task has ended, and is finished when it returns. */
static void
test_ended_from_inside (void)
{
  g_autoptr(TendTask) cancelled = tend_task_run (NULL, ending_body, tend_task_cancel, NULL);
  g_autoptr(TendTask) stopped = tend_task_run (NULL, ending_body, tend_task_stop, NULL);

  assert_notes ("running stopped");
  assert_status (cancelled, "cancelled");
  assert_status (stopped, "stopped");
  assert_gone (cancelled);
  assert_gone (stopped);
}

static gboolean
thrice_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  if (++*(int *) user_data == 3)
    tend_task_cancel (task);
  return TRUE;
}

static void
test_runs_at_an_interval (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  int n_runs = 0;
  g_autoptr(TendTask) task = tend_task_new (NULL, thrice_body, &n_runs, NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 10 * SECOND, NULL);
  g_assert_cmpint (n_runs, ==, 3);
  assert_status (task, "cancelled");
  assert_gone (task);
  g_assert_finalize_object (clock);
}

static void
test_refuses_no_function (void)
{
  expect_critical ("*func != NULL*");
  g_assert_null (tend_task_new (NULL, NULL, NULL, NULL));
  expect_critical ("*func != NULL*");
  g_assert_null (tend_task_run (NULL, NULL, NULL, NULL));
  g_test_assert_expected_messages ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/callback/ends-within-the-call", test_ends_within_the_call);
  g_test_add_func ("/tend/callback/needs-no-result", test_needs_no_result);
  g_test_add_func ("/tend/callback/fails", test_fails);
  g_test_add_func ("/tend/callback/ended-from-inside", test_ended_from_inside);
  g_test_add_func ("/tend/callback/runs-at-an-interval", test_runs_at_an_interval);
  g_test_add_func ("/tend/callback/refuses-no-function", test_refuses_no_function);

  return g_test_run ();
}
