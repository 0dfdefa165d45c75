// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Cancelling, stopping and pausing a retry, from outside and within, and what becomes of the attempt.

#include "retry.h"

/* --- Cancelling --- */

static gboolean
stubborn_body (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  if (!tend_sleep (10 * SECOND, error))
    {
      tend_shield_push ();
      note ("cleaning");
      g_assert_true (tend_sleep (SECOND, NULL));
      note ("clean");
      tend_shield_pop ();
      return FALSE;
    }

  return TRUE;
}

static TendTask *
stubborn_cb (guint    attempt,
             gpointer data)
{
  return tend_task_new_fiber (NULL, stubborn_body, NULL, NULL);
}

static void
test_cancel_waits_for_the_attempt (Work          *work,
                                   gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", stubborn_cb, work, work_destroyed_cb);

  tend_clock_advance (work->clock, SECOND, NULL);
  tend_task_cancel (task);
  tend_clock_advance (work->clock, SECOND / 2, NULL);
  assert_status (task, "running");
  assert_notes ("cleaning");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, SECOND / 2);
  assert_notes ("clean");
  assert_status (task, "cancelled");
  assert_all_gone (work, task, retry);
}

static void
test_cancel_while_it_waits (Work          *work,
                            gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendCancellable *cancellable = tend_cancellable_new ();
  TendTask *task;

  work->n_failures = 10;
  task = run (work, retry);
  tend_task_add_cancellable (task, G_CANCELLABLE (cancellable));
  tend_clock_advance (work->clock, 150 * MSEC, NULL);
  tend_cancellable_cancel_with_reason (cancellable, "enough");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_notes ("1@0 2@100");
  assert_status (task, "cancelled");
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message, "\': cancelled: enough"));
  assert_all_gone (work, task, retry);
  g_assert_finalize_object (cancellable);
}

/* A clean-up that fails is told. */
static gboolean
fail_cleaning_body (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  if (!tend_sleep (10 * SECOND, NULL))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Full");
  return FALSE;
}

static TendTask *
fail_cleaning_cb (guint    attempt,
                  gpointer data)
{
  return tend_task_new_fiber (NULL, fail_cleaning_body, NULL, NULL);
}

static void
test_error_of_a_cancelled_attempt_is_told (Work          *work,
                                           gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", fail_cleaning_cb, work, work_destroyed_cb);

  tend_task_cancel (task);
  settle ();
  assert_status (task, "failed");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Full (after 1 attempt)");
  assert_all_gone (work, task, retry);
}

/* --- Stopping --- */

static void
test_stop_stops_the_attempt (Work          *work,
                             gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  work->kind = FIBER;
  work->duration = SECOND;
  task = run (work, retry);
  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_notes ("1@0 interrupted");
  assert_all_gone (work, task, retry);

  retry = new_retry (3);
  work->kind = CALLBACK;
  work->n_attempts = work->n_destroyed = 0;
  work->n_failures = 10;
  work->begin = tend_clock_get_time (work->clock);
  task = run (work, retry);
  settle ();
  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_notes ("1@0");
  assert_all_gone (work, task, retry);
}

static int is_thread_there, is_thread_let_go;   /* atomic */

static gboolean
deaf_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  g_atomic_int_set (&is_thread_there, TRUE);
  while (!g_atomic_int_get (&is_thread_let_go))
    g_thread_yield ();
  return TRUE;
}

static TendTask *
deaf_cb (guint    attempt,
         gpointer data)
{
  return tend_task_new_thread (NULL, deaf_body, NULL, NULL);
}

/* It has ended, but is released no earlier than the thread returns. */
static void
test_stop_waits_for_the_thread (Work          *work,
                                gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", deaf_cb, work, work_destroyed_cb);

  /* One that has not begun is forgotten. */
  while (!g_atomic_int_get (&is_thread_there))
    g_thread_yield ();
  tend_task_stop (task);
  settle ();
  assert_status (task, "stopped");
  g_assert_cmpuint (work->n_destroyed, ==, 0);
  g_atomic_int_set (&is_thread_let_go, TRUE);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_all_gone (work, task, retry);
}

/* Each attempt is failed by a timer of its own while its thread goes on. */
static gboolean
fail_cb (TendTask  *task,
         gpointer   data,
         GError   **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "Busy");
  return FALSE;
}

static TendTask *
failing_deaf_cb (guint    attempt,
                 gpointer data)
{
  TendTask *task = deaf_cb (attempt, data);

  ((Work *) data)->n_attempts++;
  tend_task_add_timer (task, SECOND, -1, fail_cb, NULL, NULL);
  return task;
}

/* The attempt has failed, and the next one is long due; but its thread has not come back. */
static void
test_next_attempt_waits_for_the_thread (Work          *work,
                                        gconstpointer  unused)
{
  TendRetry *retry = new_retry (2);
  TendTask *task;

  g_atomic_int_set (&is_thread_there, FALSE);
  g_atomic_int_set (&is_thread_let_go, FALSE);
  task = tend_retry_run (retry, "try", failing_deaf_cb, work, work_destroyed_cb);
  while (!g_atomic_int_get (&is_thread_there))
    g_thread_yield ();

  tend_clock_advance (work->clock, 1000 * SECOND, NULL);
  g_assert_cmpuint (work->n_attempts, ==, 1);
  assert_status (task, "running");

  g_atomic_int_set (&is_thread_let_go, TRUE);
  tend_clock_run_until_idle (work->clock, NULL);
  g_assert_cmpuint (work->n_attempts, ==, 2);
  assert_all_gone (work, task, retry);
}

/* --- From within, and by others --- */

/* Somebody else ends the attempt: that is no failure to try again after. */
static TendTask *the_attempt;

static TendTask *
known_cb (guint    attempt,
          gpointer data)
{
  g_assert_cmpuint (attempt, ==, 1);
  the_attempt = tend_task_new_open ("attempt", idle_body, NULL, NULL);
  return the_attempt;
}

static void
test_attempt_ended_by_others_ends_it (Work          *work,
                                      gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", known_cb, work, work_destroyed_cb);

  tend_task_stop (the_attempt);
  settle ();
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STOPPED);
  assert_all_gone (work, task, retry);

  retry = new_retry (3);
  work->n_destroyed = 0;
  task = tend_retry_run (retry, "try", known_cb, work, work_destroyed_cb);
  tend_task_return_new_error (the_attempt, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Not now");
  settle ();
  assert_status (task, "cancelled");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Not now (after 1 attempt)");
  assert_all_gone (work, task, retry);
}

static TendTask *
end_task_cb (guint    attempt,
             gpointer data)
{
  Work *work = data;
  TendTask *task = tend_task_get_current ();

  if (work->kind == CALLBACK)
    tend_task_cancel (task);
  else
    tend_task_stop (task);
  g_assert_cmpuint (work->n_destroyed, ==, 0);

  return tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
}

static void
test_function_may_end_its_task (Work          *work,
                                gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", end_task_cb, work, work_destroyed_cb);

  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_status (task, "cancelled");
  assert_notes ("interrupted");
  assert_all_gone (work, task, retry);

  retry = new_retry (3);
  work->n_destroyed = 0;
  work->kind = FIBER;
  task = tend_retry_run (retry, "try", end_task_cb, work, work_destroyed_cb);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_notes ("interrupted");
  assert_all_gone (work, task, retry);
}

static gboolean
ending_predicate_cb (TendTask     *task,
                     guint         attempt,
                     const GError *error,
                     gpointer      data)
{
  if (GPOINTER_TO_INT (data))
    tend_task_stop (task);
  else
    tend_task_cancel (task);
  return TRUE;
}

static void
test_predicate_may_end_the_task (Work          *work,
                                 gconstpointer  unused)
{
  for (int stops = 0; stops < 2; stops++)
    {
      TendRetry *retry = new_retry (3);
      TendTask *task;

      work->n_attempts = work->n_destroyed = 0;
      work->n_failures = 10;
      work->begin = tend_clock_get_time (work->clock);
      tend_retry_set_predicate (retry, ending_predicate_cb, GINT_TO_POINTER (stops), NULL);
      task = run (work, retry);
      g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
      assert_status (task, stops ? "stopped" : "cancelled");
      assert_notes ("1@0");
      assert_all_gone (work, task, retry);
    }
}

/* --- Pausing --- */

/* While it is paused the wait stands still. */
static void
test_pause_holds_the_wait (Work          *work,
                           gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  work->n_failures = 1;
  task = run (work, retry);
  tend_clock_advance (work->clock, 50 * MSEC, NULL);
  tend_task_pause (task);
  tend_clock_advance (work->clock, SECOND, NULL);
  assert_notes ("1@0");
  tend_task_resume (task);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("2@1100");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  assert_all_gone (work, task, retry);
}

/* --- No more waiting --- */

static void
test_retry_now (Work          *work,
                gconstpointer  unused)
{
  TendRetry *retry = new_retry (5);
  TendTask *task;

  tend_retry_retry_now (retry);
  work->n_failures = 3;
  task = run (work, retry);
  tend_clock_advance (work->clock, 50 * MSEC, NULL);
  assert_notes ("1@0");
  tend_retry_retry_now (retry);
  tend_retry_retry_now (retry);
  assert_notes ("");
  tend_clock_advance (work->clock, 0, NULL);
  assert_notes ("2@50");

  /* The next wait is as long as it would have been, and the old one does not end it. */
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("3@250 4@650");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  tend_retry_retry_now (retry);
  assert_all_gone (work, task, retry);
}

static void
test_retry_now_when_cancelled (Work          *work,
                               gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  work->n_failures = 10;
  task = run (work, retry);
  tend_clock_advance (work->clock, 50 * MSEC, NULL);
  tend_retry_retry_now (retry);
  tend_task_cancel (task);
  tend_retry_retry_now (retry);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0");
  assert_status (task, "cancelled");
  assert_all_gone (work, task, retry);
}

static void
test_retry_now_when_paused (Work          *work,
                            gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  work->n_failures = 1;
  task = run (work, retry);
  tend_clock_advance (work->clock, 50 * MSEC, NULL);
  tend_task_pause (task);
  tend_retry_retry_now (retry);
  tend_clock_advance (work->clock, SECOND, NULL);
  assert_notes ("1@0");
  tend_task_resume (task);
  tend_clock_advance (work->clock, 0, NULL);
  assert_notes ("2@1050");
  assert_all_gone (work, task, retry);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/retry/cancel-waits-for-the-attempt", test_cancel_waits_for_the_attempt);
  add_test ("/tend/retry/cancel-while-it-waits", test_cancel_while_it_waits);
  add_test ("/tend/retry/error-of-a-cancelled-attempt-is-told", test_error_of_a_cancelled_attempt_is_told);
  add_test ("/tend/retry/stop-stops-the-attempt", test_stop_stops_the_attempt);
  add_test ("/tend/retry/stop-waits-for-the-thread", test_stop_waits_for_the_thread);
  add_test ("/tend/retry/next-attempt-waits-for-the-thread", test_next_attempt_waits_for_the_thread);
  add_test ("/tend/retry/attempt-ended-by-others-ends-it", test_attempt_ended_by_others_ends_it);
  add_test ("/tend/retry/function-may-end-its-task", test_function_may_end_its_task);
  add_test ("/tend/retry/predicate-may-end-the-task", test_predicate_may_end_the_task);
  add_test ("/tend/retry/pause-holds-the-wait", test_pause_holds_the_wait);

  add_test ("/tend/retry/now", test_retry_now);
  add_test ("/tend/retry/now-when-cancelled", test_retry_now_when_cancelled);
  add_test ("/tend/retry/now-when-paused", test_retry_now_when_paused);

  return g_test_run ();
}
