// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// When a task runs: its delay, its interval, and both.

#include "common.h"

typedef struct
{
  TendClock *clock;
  gint64     begin;
  gint64     work;      /* how long each run takes */
  guint      n_runs;
  guint      n_most;    /* the run that ends it, and how */
  enum { NEVER, FAIL, STOP, CANCEL } end;
} Runs;

static TendClock *
freeze (Runs *runs)
{
  runs->clock = tend_clock_freeze (NULL);
  runs->begin = tend_clock_get_time (runs->clock);

  return runs->clock;
}

/* Notes when each run begins, in milliseconds, and works for a while. */
static gboolean
runs_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Runs *runs = user_data;
  gboolean is_last = ++runs->n_runs == runs->n_most;

  note ("%d", (int) ((tend_clock_get_time (runs->clock) - runs->begin) / 1000));
  if (runs->work > 0 && !tend_sleep (runs->work, error))
    return FALSE;
  if (!is_last)
    return TRUE;

  if (runs->end == STOP)
    tend_task_stop (task);
  else if (runs->end == CANCEL)
    tend_task_cancel (task);
  else if (runs->end == FAIL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Run %u fails", runs->n_runs);
      return FALSE;
    }

  tend_task_return_int (task, runs->n_runs);
  return TRUE;
}

static void
run_to_the_end (Runs       *runs,
                gint64      delay,
                gint64      interval,
                const char *expected,
                const char *status)
{
  g_autoptr(TendClock) clock = freeze (runs);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, runs_body, runs, NULL);

  if (delay >= 0)
    tend_task_set_delay (task, delay);
  tend_task_set_interval (task, interval);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_run_until_idle (clock, NULL);
  assert_notes (expected);
  assert_status (task, status);
  tend_task_get_error (task);
  assert_gone (task);
}

static void
test_delay (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  g_assert_cmpint (tend_task_get_delay (task), ==, -1);
  tend_task_set_delay (task, SECOND);
  g_assert_cmpint (tend_task_get_delay (task), ==, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "pending");
  g_assert_true (tend_task_is_started (task));
  tend_clock_advance (clock, SECOND - 1, NULL);
  assert_status (task, "pending");
  tend_clock_advance (clock, 1, NULL);
  assert_status (task, "completed");
  assert_gone (task);
}

/* Never within start (), but without time going on. */
static void
test_delay_of_zero_is_the_next_turn (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (task, 0);
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "pending");
  tend_clock_advance (clock, 0, NULL);
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_long_delays_do_not_overflow (void)
{
  const gint64 long_delay = ((gint64) 1 << 33) * SECOND;
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) never = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (task, long_delay);
  tend_task_set_delay (never, G_MAXINT64);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_start (never, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, long_delay);
  assert_status (task, "completed");
  assert_status (never, "pending");
  tend_task_stop (never);
  assert_gone (task);
  assert_gone (never);
}

/* The first run comes one interval after the start, and no period is lost or gained. */
static void
test_interval (void)
{
  Runs runs = { .n_most = 4, .end = STOP };

  run_to_the_end (&runs, -1, SECOND / 10, "100 200 300 400", "stopped");
}

static void
test_delay_and_interval (void)
{
  Runs runs = { .n_most = 3, .end = STOP };

  run_to_the_end (&runs, SECOND / 2, SECOND / 10, "500 600 700", "stopped");
}

static void
test_delay_of_zero_and_interval (void)
{
  Runs runs = { .n_most = 3, .end = STOP };

  run_to_the_end (&runs, 0, SECOND / 10, "0 100 200", "stopped");
}

/* 0.1 s between the end of one run and the beginning of the next, so 0.15 s from run to run. */
static void
test_interval_is_a_fixed_delay (void)
{
  Runs runs = { .n_most = 4, .end = STOP, .work = SECOND / 20 };

  run_to_the_end (&runs, -1, SECOND / 10, "100 250 400 550", "stopped");
}

static void
test_failing_run_ends_it (void)
{
  Runs runs = { .n_most = 3, .end = FAIL };

  run_to_the_end (&runs, -1, SECOND, "1000 2000 3000", "failed");
}

static void
test_run_may_stop_it (void)
{
  Runs runs = { .n_most = 2, .end = STOP };

  run_to_the_end (&runs, -1, SECOND, "1000 2000", "stopped");
}

/* The run goes well, but there is no next one. */
static void
test_run_may_cancel_it (void)
{
  Runs runs = { .n_most = 2, .end = CANCEL };

  run_to_the_end (&runs, -1, SECOND, "1000 2000", "cancelled");
}

static void
test_status_between_runs_is_running (void)
{
  Runs runs = { .n_most = 2, .end = STOP };
  g_autoptr(TendClock) clock = freeze (&runs);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, runs_body, &runs, NULL);

  tend_task_set_interval (task, SECOND);
  g_signal_connect (task, "notify::status", G_CALLBACK (note_status_cb), NULL);
  g_assert_true (tend_task_start (task, NULL));
  assert_notes ("notify:pending");
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("notify:running 1000");
  assert_status (task, "running");
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("2000 notify:stopped");
  assert_gone (task);
}

/* A callback's run ends when it returns its result, and so may outlast the call. */
static gboolean
return_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_return_value (task, NULL);
  return FALSE;
}

static gboolean
late_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Runs *runs = user_data;

  note ("%d", (int) ((tend_clock_get_time (runs->clock) - runs->begin) / 1000));
  tend_task_add_timer (task, runs->work, -1, return_cb, NULL, NULL);
  if (++runs->n_runs == runs->n_most)
    tend_task_cancel (task);

  return TRUE;
}

static void
test_interval_of_a_callback (void)
{
  Runs runs = { .n_most = 3, .work = SECOND / 2 };
  g_autoptr(TendClock) clock = freeze (&runs);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, late_body, &runs, NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 4500 * 1000);
  assert_notes ("1000 2500 4000");
  assert_status (task, "cancelled");
  assert_gone (task);
}

static gboolean
count_thread_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_atomic_int_inc ((int *) user_data);
  return TRUE;
}

static void
test_interval_of_a_thread (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  int n_runs = 0;
  g_autoptr(TendTask) task = tend_task_new_thread (NULL, count_thread_body, &n_runs, NULL);

  tend_task_set_delay (task, 0);
  tend_task_set_interval (task, 1);
  g_assert_true (tend_task_start (task, NULL));
  while (g_atomic_int_get (&n_runs) < 3)
    tend_clock_advance (clock, 1, NULL);
  tend_task_cancel (task);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (task, "cancelled");
  assert_gone (task);
}

/* There is nothing to run again. */
static void
test_interval_without_body_does_not_count (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);

  tend_task_set_interval (task, 1);
  tend_task_return_int (task, 5);
  assert_status (task, "completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 5);
  assert_gone (task);
}

static void
test_refuses_negative_times (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  expect_critical ("*delay >= -1*");
  tend_task_set_delay (task, -2);
  expect_critical ("*interval > 0*");
  tend_task_set_interval (task, -2);
  expect_critical ("*delay >= 0*");
  g_assert_null (tend_task_add_timer (task, -1, -1, note_cb, NULL, NULL));
  expect_critical ("*interval == -1*");
  g_assert_null (tend_task_add_timer (task, 0, 0, note_cb, NULL, NULL));
  expect_critical ("*interval == -1*");
  g_assert_null (tend_task_add_timer (task, 0, -2, note_cb, NULL, NULL));
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_task_get_delay (task), ==, -1);
  g_assert_cmpint (tend_task_get_interval (task), ==, -1);
  assert_gone (task);
}

static void
test_settings_are_fixed_by_the_start (void)
{
  g_autoptr(TendTask) task = tend_task_run_open ("set", idle_body, NULL, NULL);

  expect_critical ("Task 'set': the delay cannot be set: it has been started");
  tend_task_set_delay (task, 5);
  expect_critical ("Task 'set': the priority cannot be set: it has been started");
  tend_task_set_priority (task, G_PRIORITY_LOW);
  expect_critical ("Task 'set': the stack size cannot be set: it has been started");
  tend_task_set_stack_size (task, 1 << 20);
  g_test_assert_expected_messages ();
  tend_task_stop (task);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/delay", test_delay);
  g_test_add_func ("/tend/task/delay-of-zero-is-the-next-turn", test_delay_of_zero_is_the_next_turn);
  g_test_add_func ("/tend/task/long-delays-do-not-overflow", test_long_delays_do_not_overflow);
  g_test_add_func ("/tend/task/interval", test_interval);
  g_test_add_func ("/tend/task/delay-and-interval", test_delay_and_interval);
  g_test_add_func ("/tend/task/delay-of-zero-and-interval", test_delay_of_zero_and_interval);
  g_test_add_func ("/tend/task/interval-is-a-fixed-delay", test_interval_is_a_fixed_delay);
  g_test_add_func ("/tend/task/failing-run-ends-it", test_failing_run_ends_it);
  g_test_add_func ("/tend/task/run-may-stop-it", test_run_may_stop_it);
  g_test_add_func ("/tend/task/run-may-cancel-it", test_run_may_cancel_it);
  g_test_add_func ("/tend/task/status-between-runs-is-running", test_status_between_runs_is_running);
  g_test_add_func ("/tend/task/interval-of-a-callback", test_interval_of_a_callback);
  g_test_add_func ("/tend/task/interval-of-a-thread", test_interval_of_a_thread);
  g_test_add_func ("/tend/task/interval-without-body-does-not-count", test_interval_without_body_does_not_count);
  g_test_add_func ("/tend/task/refuses-negative-times", test_refuses_negative_times);
  g_test_add_func ("/tend/task/settings-are-fixed-by-the-start", test_settings_are_fixed_by_the_start);

  return g_test_run ();
}
