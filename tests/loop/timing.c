// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Long times, and the two ways to repeat: a timer's rate, and a task's interval.

#include "trace.h"

/* --- Far away --- */

#define FAR (((gint64) 1 << 33) * SEC)

static gboolean
count_run_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  ++*(guint *) user_data;
  tend_task_return_value (task, NULL);

  return TRUE;
}

static gboolean
sleep_far_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  return tend_sleep (*(gint64 *) user_data, error);
}

static void
test_far_delays_do_not_overflow (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  gint64 far = FAR;
  TendTask *sleeper = tend_task_run_fiber (NULL, sleep_far_body, &far, NULL);
  TendTask *delayed;
  guint n_runs = 0;

  delayed = tend_task_new_open ("delayed", count_run_cb, &n_runs, NULL);
  tend_task_set_delay (delayed, FAR);
  tend_task_set_interval (delayed, FAR);
  g_assert_true (tend_task_start (delayed, NULL));
  tend_task_add_timer (host, FAR, FAR, trace_cb, (gpointer) "f", NULL);

  tend_clock_advance (clock, FAR - 1, NULL);
  g_assert_cmpuint (n_runs, ==, 0);
  g_assert_false (tend_task_is_ended (sleeper));
  assert_trace ("");
  tend_clock_advance (clock, 1, NULL);
  g_assert_cmpuint (n_runs, ==, 1);
  g_assert_true (tend_task_is_ended (sleeper));
  assert_trace ("f");
  tend_clock_advance (clock, FAR, NULL);
  g_assert_cmpuint (n_runs, ==, 2);
  assert_trace ("f");

  tend_task_stop (delayed);
  g_assert_finalize_object (delayed);
  g_assert_finalize_object (sleeper);
  drop_host (host);
  g_assert_finalize_object (clock);
}

/* The longest time is for ever: it neither comes early nor at the end of time. */
static void
test_for_ever_does_not_come (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  gint64 ever = G_MAXINT64;
  TendTask *sleeper = tend_task_run_fiber (NULL, sleep_far_body, &ever, NULL);
  TendTask *delayed;
  guint n_runs = 0;

  delayed = tend_task_new_open ("delayed", count_run_cb, &n_runs, NULL);
  tend_task_set_delay (delayed, G_MAXINT64);
  g_assert_true (tend_task_start (delayed, NULL));
  tend_task_add_timer (host, G_MAXINT64, G_MAXINT64, trace_cb, (gpointer) "no", NULL);
  tend_task_add_timer (host, 1, G_MAXINT64, trace_cb, (gpointer) "once", NULL);
  tend_task_add_timer (host, G_MAXINT64 / 2, G_MAXINT64 / 2, trace_cb, (gpointer) "half", NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, G_MAXINT64 / 2);
  assert_trace ("oncehalf");
  tend_clock_advance (clock, G_MAXINT64, NULL);
  tend_clock_advance (clock, G_MAXINT64, NULL);
  g_assert_cmpuint (n_runs, ==, 0);
  g_assert_false (tend_task_is_ended (sleeper));
  assert_trace ("");

  tend_task_stop (sleeper);
  tend_task_stop (delayed);
  run_dry (g_main_context_get_thread_default ());
  g_assert_finalize_object (sleeper);
  g_assert_finalize_object (delayed);
  drop_host (host);
  g_assert_finalize_object (clock);
}

/* --- Two ways to repeat --- */

static gboolean
note_late_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Notes *notes = user_data;

  g_string_append_c (trace, 't');
  notes->begin = tend_clock_get_time (notes->clock);
  return TRUE;
}

/*
 * Thawed and frozen again, the clock stands as much later as the machine's time has gone on: the
 * loop was kept from its work for so long.
 */
static void
test_repeating_timer_skips_missed_ticks (void)
{
  TendTask *host = new_host ();
  Notes notes = { freeze (), 0, NULL };
  gint64 begin = tend_clock_get_time (notes.clock);
  gint64 n_passed;

  tend_task_add_timer (host, MSEC, MSEC, note_late_cb, &notes, NULL);
  g_assert_finalize_object (notes.clock);
  while (g_get_monotonic_time () < begin + 5 * MSEC + MSEC / 2)
    ;
  notes.clock = freeze ();
  n_passed = (tend_clock_get_time (notes.clock) - begin) / MSEC;
  g_assert_cmpint (n_passed, >=, 5);

  /* One for all that were missed, and the next ones where they would have been anyway. */
  tend_clock_advance (notes.clock, 0, NULL);
  assert_trace ("t");
  tend_clock_advance (notes.clock, MSEC, NULL);
  assert_trace ("t");
  g_assert_cmpint (notes.begin, ==, begin + (n_passed + 1) * MSEC);
  tend_clock_advance (notes.clock, 3 * MSEC, NULL);
  assert_trace ("ttt");
  g_assert_cmpint (notes.begin, ==, begin + (n_passed + 4) * MSEC);

  drop_host (host);
  g_assert_finalize_object (notes.clock);
}

static gboolean
slow_run_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  note (user_data);
  return tend_sleep (30 * MSEC, error);
}

/* An interval is counted from the end of a run, so that runs never crowd. */
static void
test_interval_counts_from_the_end (void)
{
  TendClock *clock = freeze ();
  TendTask *task;
  Notes notes;

  notes_init (&notes, clock);
  task = tend_task_new_fiber (NULL, slow_run_body, &notes, NULL);
  tend_task_set_interval (task, 100 * MSEC);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 500 * MSEC, NULL);
  notes_check (&notes, "100 230 360 490 ");

  tend_task_stop (task);
  run_dry (g_main_context_get_thread_default ());
  g_assert_finalize_object (task);
  g_assert_finalize_object (clock);
}

static void
test_delay_comes_before_the_first_run (void)
{
  TendClock *clock = freeze ();
  TendTask *task;
  Notes notes;

  notes_init (&notes, clock);
  task = tend_task_new_fiber (NULL, slow_run_body, &notes, NULL);
  tend_task_set_interval (task, 100 * MSEC);
  tend_task_set_delay (task, 7 * MSEC);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 300 * MSEC, NULL);
  notes_check (&notes, "7 137 267 ");

  tend_task_stop (task);
  run_dry (g_main_context_get_thread_default ());
  g_assert_finalize_object (task);
  g_assert_finalize_object (clock);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tend/timer/far-delays-do-not-overflow", test_far_delays_do_not_overflow);
  ADD ("/tend/timer/for-ever-does-not-come", test_for_ever_does_not_come);
  ADD ("/tend/timer/repeating-timer-skips-missed-ticks", test_repeating_timer_skips_missed_ticks);
  ADD ("/tend/timer/interval-counts-from-the-end", test_interval_counts_from_the_end);
  ADD ("/tend/timer/delay-comes-before-the-first-run", test_delay_comes_before_the_first_run);

  return g_test_run ();
}
