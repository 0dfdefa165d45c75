// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How a task repeats: what can be set, and when the runs of a fixed delay and of a fixed rate come.

#include "common.h"

#define MSEC (SECOND / 1000)

typedef struct
{
  TendClock *clock;
  gint64     begin;
  gint64     works[4];      /* how long each run takes; those after them take no time */
  guint      n_runs;
  gboolean   is_in_run;
} Runs;

static TendClock *
freeze (Runs *runs)
{
  runs->clock = tend_clock_freeze (NULL);
  runs->begin = tend_clock_get_time (runs->clock);

  return runs->clock;
}

/* Notes when a run begins, in milliseconds, and gives how long it takes. */
static gint64
begin_run (Runs *runs)
{
  guint n = runs->n_runs++;

  g_assert_false (runs->is_in_run);
  runs->is_in_run = TRUE;
  note ("%d", (int) ((tend_clock_get_time (runs->clock) - runs->begin) / MSEC));

  return n < G_N_ELEMENTS (runs->works) ? runs->works[n] : 0;
}

static gboolean
runs_fiber (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Runs *runs = user_data;
  gint64 work = begin_run (runs);
  gboolean is_done = work == 0 || tend_sleep (work, error);

  runs->is_in_run = FALSE;
  return is_done;
}

static gboolean
end_run_cb (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  ((Runs *) user_data)->is_in_run = FALSE;
  tend_task_return_value (task, NULL);
  return FALSE;
}

/* Completes later, as a callback may, by a timer that goes on while the function has returned. */
static gboolean
runs_callback (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  Runs *runs = user_data;
  gint64 work = begin_run (runs);

  if (work > 0)
    tend_task_add_timer (task, work, -1, end_run_cb, runs, NULL);
  else
    end_run_cb (task, runs, NULL);

  return TRUE;
}

static TendTask *
make (Runs             *runs,
      TendIntervalMode  mode)
{
  TendTask *task = tend_task_new_fiber (NULL, runs_fiber, runs, NULL);

  tend_task_set_interval (task, SECOND);
  tend_task_set_interval_mode (task, mode);

  return task;
}

/* Starts @task, lets some time pass, and compares when its runs have begun. */
static void
start_and_check (TendTask   *task,
                 TendClock  *clock,
                 gint64      usec,
                 const char *expected)
{
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, usec, NULL);
  assert_notes (expected);
}

static void
stop (TendTask *task)
{
  tend_task_stop (task);
  assert_gone (task);
}

/* --- Settings --- */

static void
test_defaults (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  gint64 delay, interval;
  TendIntervalMode mode;
  gboolean keep_going;

  g_assert_cmpint (tend_task_get_interval (task), ==, -1);
  g_assert_cmpint (tend_task_get_interval_mode (task), ==, TEND_INTERVAL_MODE_FIXED_DELAY);
  g_assert_false (tend_task_get_keep_going (task));
  g_object_get (task, "delay", &delay, "interval", &interval, "interval-mode", &mode, "keep-going", &keep_going, NULL);
  g_assert_cmpint (delay, ==, -1);
  g_assert_cmpint (interval, ==, -1);
  g_assert_cmpint (mode, ==, TEND_INTERVAL_MODE_FIXED_DELAY);
  g_assert_false (keep_going);
  assert_gone (task);
}

static void
note_property_cb (TendTask   *task,
                  GParamSpec *pspec,
                  gpointer    unused)
{
  note ("%s", pspec->name);
}

static void
test_refuses_what_is_no_interval (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  tend_task_set_interval (task, 5);
  expect_critical ("*tend_task_set_interval*interval > 0*");
  tend_task_set_interval (task, 0);
  expect_critical ("*tend_task_set_interval*interval > 0*");
  g_object_set (task, "interval", (gint64) 0, NULL);
  expect_critical ("*tend_task_set_interval*interval > 0*");
  tend_task_set_interval (task, -2);
  expect_critical ("*tend_task_set_interval*interval > 0*");
  tend_task_set_interval (task, G_MININT64);
  expect_critical ("*tend_task_set_interval_mode*mode ==*");
  tend_task_set_interval_mode (task, (TendIntervalMode) 2);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_task_get_interval (task), ==, 5);
  g_assert_cmpint (tend_task_get_interval_mode (task), ==, TEND_INTERVAL_MODE_FIXED_DELAY);
  assert_gone (task);
}

/* A task whose delay and interval were taken back runs once, and at once. */
static void
test_taken_back (void)
{
  g_autoptr(TendTask) task = tend_task_new ("once", complete_body, NULL, NULL);

  g_signal_connect (task, "notify", G_CALLBACK (note_property_cb), NULL);
  tend_task_set_delay (task, -1);
  tend_task_set_interval (task, -1);
  assert_notes ("");
  tend_task_set_delay (task, SECOND);
  tend_task_set_interval (task, SECOND);
  assert_notes ("delay interval");
  g_object_set (task, "delay", (gint64) -1, NULL);
  g_object_set (task, "interval", (gint64) -1, NULL);
  assert_notes ("delay interval");
  g_assert_cmpint (tend_task_get_delay (task), ==, -1);
  g_assert_cmpint (tend_task_get_interval (task), ==, -1);

  g_signal_handlers_disconnect_by_func (task, note_property_cb, NULL);
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_interval_stays_once_started (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("set", idle_body, NULL, NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  expect_critical ("Task 'set': the interval cannot be set: it has been started");
  tend_task_set_interval (task, -1);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_task_get_interval (task), ==, SECOND);
  tend_task_stop (task);
  assert_gone (task);
}

static void
note_notify_cb (GObject    *object,
                GParamSpec *pspec,
                gpointer    user_data)
{
  note ("%s", pspec->name);
}

static void
test_settings_notify (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  TendIntervalMode mode;
  gboolean keep_going;

  g_signal_connect (task, "notify", G_CALLBACK (note_notify_cb), NULL);
  for (guint i = 0; i < 2; i++)
    {
      tend_task_set_interval (task, SECOND);
      tend_task_set_interval_mode (task, TEND_INTERVAL_MODE_FIXED_RATE);
      tend_task_set_keep_going (task, 4);
    }
  assert_notes ("interval interval-mode keep-going");
  g_object_get (task, "interval-mode", &mode, "keep-going", &keep_going, NULL);
  g_assert_cmpint (mode, ==, TEND_INTERVAL_MODE_FIXED_RATE);
  g_assert_cmpint (keep_going, ==, TRUE);

  g_object_set (task, "interval-mode", TEND_INTERVAL_MODE_FIXED_DELAY, NULL);
  g_object_set (task, "keep-going", FALSE, NULL);
  g_assert_cmpint (tend_task_get_interval_mode (task), ==, TEND_INTERVAL_MODE_FIXED_DELAY);
  g_assert_false (tend_task_get_keep_going (task));
  assert_notes ("interval-mode keep-going");
  assert_gone (task);
}

static void
test_settings_are_fixed_by_the_start (void)
{
  g_autoptr(TendTask) task = tend_task_run_open ("set", idle_body, NULL, NULL);

  expect_critical ("Task 'set': the interval mode cannot be set: it has been started");
  tend_task_set_interval_mode (task, TEND_INTERVAL_MODE_FIXED_RATE);
  expect_critical ("Task 'set': the keep-going cannot be set: it has been started");
  tend_task_set_keep_going (task, TRUE);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_task_get_interval_mode (task), ==, TEND_INTERVAL_MODE_FIXED_DELAY);
  g_assert_false (tend_task_get_keep_going (task));
  tend_task_set_interval (task, SECOND);
  g_assert_cmpint (tend_task_get_interval (task), ==, SECOND);
  stop (g_steal_pointer (&task));
}

/* --- The grid --- */

static void
test_fixed_delay_counts_from_the_end (void)
{
  Runs runs = { .works = { 0, 300 * MSEC, 2500 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_DELAY);

  start_and_check (task, clock, 8 * SECOND, "1000 2000 3300 6800 7800");
  stop (task);
}

static void
test_fixed_rate_keeps_its_grid (void)
{
  Runs runs = { .works = { 0, 300 * MSEC, SECOND - 1, 700 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  start_and_check (task, clock, 6 * SECOND, "1000 2000 3000 4000 5000 6000");
  stop (task);
}

/* Runs that end at 3.5 s and 5.5 s: what came meanwhile is not made up for, nor is the grid left. */
static void
test_fixed_rate_skips_what_it_missed (void)
{
  Runs runs = { .works = { 2500 * MSEC, 1500 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  start_and_check (task, clock, 7 * SECOND, "1000 4000 6000 7000");
  stop (task);
}

/* The next run is not missed by a run that ends when it is due, but by one that ends later. */
static void
test_fixed_rate_of_whole_intervals (void)
{
  Runs runs = { .works = { SECOND, SECOND, SECOND + 1, 2 * SECOND } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  start_and_check (task, clock, 8 * SECOND, "1000 2000 3000 5000 7000 8000");
  stop (task);
}

static void
test_fixed_rate_of_a_callback (void)
{
  Runs runs = { .works = { 300 * MSEC, 2500 * MSEC, SECOND } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = tend_task_new_open (NULL, runs_callback, &runs, NULL);

  tend_task_set_interval (task, SECOND);
  tend_task_set_interval_mode (task, TEND_INTERVAL_MODE_FIXED_RATE);
  start_and_check (task, clock, 7 * SECOND, "1000 2000 5000 6000 7000");
  stop (task);
}

static void
test_fixed_rate_begins_with_the_delay (void)
{
  Runs runs = { .works = { 0, 1200 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);

  for (gint64 delay = 0; delay <= 250 * MSEC; delay += 250 * MSEC)
    {
      TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

      tend_task_set_delay (task, delay);
      runs.begin = tend_clock_get_time (clock);
      runs.n_runs = 0;
      start_and_check (task, clock, 4500 * MSEC, delay == 0 ? "0 1000 3000 4000" : "250 1250 3250 4250");
      stop (task);
    }
}

/* The first run is that of a task without an interval, and sets one. */
static gboolean
set_interval_fiber (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  tend_task_set_interval (task, SECOND);

  return runs_fiber (task, user_data, error);
}

static void
test_interval_may_be_set_in_a_run (void)
{
  static const char * const expected[] = { "0 1300 2300", "0 1000 2000" };

  for (guint mode = 0; mode <= TEND_INTERVAL_MODE_FIXED_RATE; mode++)
    {
      Runs runs = { .works = { 300 * MSEC } };
      g_autoptr(TendClock) clock = freeze (&runs);
      TendTask *task = tend_task_new_fiber (NULL, set_interval_fiber, &runs, NULL);

      tend_task_set_interval_mode (task, mode);
      start_and_check (task, clock, 2500 * MSEC, expected[mode]);
      stop (task);
    }
}

/* The new grid begins when the run in which it was set was due. */
static void
test_fixed_rate_takes_a_new_interval (void)
{
  Runs runs = { .works = { 300 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  start_and_check (task, clock, 1100 * MSEC, "1000");
  tend_task_set_interval (task, 200 * MSEC);
  tend_clock_advance (clock, 500 * MSEC, NULL);
  assert_notes ("1400 1600");
  stop (task);
}

static void
test_fixed_rate_never_overflows (void)
{
  Runs runs = { .works = { 300 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  tend_task_set_interval (task, G_MAXINT64);
  tend_task_set_delay (task, 0);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 300 * MSEC);
  assert_notes ("0");
  assert_status (task, "running");
  stop (task);
}

/* --- Who begins the task --- */

/* The wait for a slot is none of the grid's: the interval begins with the slot. */
static void
test_fixed_rate_in_a_group (void)
{
  Runs runs = { .works = { 300 * MSEC } };
  Runs at_once = { .works = { 300 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) first = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);
  TendTask *other = tend_task_new_fiber (NULL, set_interval_fiber, &at_once, NULL);

  at_once.clock = clock;
  at_once.begin = runs.begin;
  tend_task_set_interval_mode (other, TEND_INTERVAL_MODE_FIXED_RATE);
  tend_task_set_delay (first, 100 * MSEC);
  tend_group_set_max_running (group, 1);
  g_assert_true (tend_group_add (group, g_object_ref (first), NULL));
  g_assert_true (tend_group_add (group, g_object_ref (task), NULL));
  tend_clock_advance (clock, 4 * SECOND, NULL);
  assert_notes ("slept 2100 3100");
  tend_task_stop (task);
  g_assert_true (tend_group_add (group, g_object_ref (other), NULL));
  assert_notes ("4000");
  tend_clock_advance (clock, 2 * SECOND, NULL);
  assert_notes ("5000 6000");
  tend_group_cancel (group);
  settle ();
  g_assert_finalize_object (group);
  assert_gone (task);
  assert_gone (other);
  assert_gone (first);
}

/* A manager counts the first wait by itself, and both stand still in a pause. */
static void
test_fixed_rate_in_a_manager (void)
{
  Runs runs = { .works = { 300 * MSEC, 1500 * MSEC, 300 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTaskManager *manager = tend_task_manager_new ();
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  g_assert_true (tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_advance (clock, 400 * MSEC, NULL);
  tend_task_pause (task);
  tend_clock_advance (clock, 10300 * MSEC, NULL);
  tend_task_resume (task);
  tend_clock_advance (clock, 5 * SECOND, NULL);
  assert_notes ("11300 12300 14300 15300");
  stop (task);
  g_assert_finalize_object (manager);
}

static void
test_managed_interval_may_be_paused_before (void)
{
  Runs runs = { .works = { 300 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTaskManager *manager = tend_task_manager_new ();
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  tend_task_pause (task);
  g_assert_true (tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_advance (clock, 10300 * MSEC, NULL);
  tend_task_resume (task);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  assert_notes ("11300 12300");
  stop (task);
  g_assert_finalize_object (manager);
}

/* --- Pauses --- */

static void
test_pause_between_runs_moves_the_grid (void)
{
  Runs runs = { .works = { 0, 300 * MSEC, 1200 * MSEC, 300 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  start_and_check (task, clock, 2400 * MSEC, "1000 2000");
  tend_task_pause (task);
  tend_clock_advance (clock, 10300 * MSEC, NULL);
  assert_notes ("");
  tend_task_resume (task);
  tend_clock_advance (clock, 4 * SECOND, NULL);
  assert_notes ("13300 15300 16300");
  stop (task);
}

/* The run ends at 3.5 s, half a second before the next is due, and that is what is left. */
static void
test_pause_over_the_end_of_a_run_moves_the_grid (void)
{
  Runs runs = { .works = { 2500 * MSEC, 300 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  start_and_check (task, clock, 1200 * MSEC, "1000");
  tend_task_pause (task);
  tend_clock_advance (clock, 3900 * MSEC, NULL);
  assert_notes ("");
  tend_task_resume (task);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  assert_notes ("5600 6600");
  stop (task);
}

static void
test_pause_within_a_run_leaves_the_grid (void)
{
  Runs runs = { .works = { 500 * MSEC, 2500 * MSEC } };
  g_autoptr(TendClock) clock = freeze (&runs);
  TendTask *task = make (&runs, TEND_INTERVAL_MODE_FIXED_RATE);

  start_and_check (task, clock, 1100 * MSEC, "1000");
  tend_task_pause (task);
  tend_clock_advance (clock, 200 * MSEC, NULL);
  tend_task_resume (task);
  tend_clock_advance (clock, SECOND, NULL);
  tend_task_pause (task);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  tend_task_resume (task);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  assert_notes ("2000 5000 6000");
  stop (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add_func ("/tend/task/interval/" name, func)
  ADD ("defaults", test_defaults);
  ADD ("refuses-what-is-no-interval", test_refuses_what_is_no_interval);
  ADD ("taken-back", test_taken_back);
  ADD ("stays-once-started", test_interval_stays_once_started);
  ADD ("settings-notify", test_settings_notify);
  ADD ("settings-are-fixed-by-the-start", test_settings_are_fixed_by_the_start);
  ADD ("fixed-delay-counts-from-the-end", test_fixed_delay_counts_from_the_end);
  ADD ("fixed-rate-keeps-its-grid", test_fixed_rate_keeps_its_grid);
  ADD ("fixed-rate-skips-what-it-missed", test_fixed_rate_skips_what_it_missed);
  ADD ("fixed-rate-of-whole-intervals", test_fixed_rate_of_whole_intervals);
  ADD ("fixed-rate-of-a-callback", test_fixed_rate_of_a_callback);
  ADD ("fixed-rate-begins-with-the-delay", test_fixed_rate_begins_with_the_delay);
  ADD ("may-be-set-in-a-run", test_interval_may_be_set_in_a_run);
  ADD ("fixed-rate-takes-a-new-interval", test_fixed_rate_takes_a_new_interval);
  ADD ("fixed-rate-never-overflows", test_fixed_rate_never_overflows);
  ADD ("fixed-rate-in-a-group", test_fixed_rate_in_a_group);
  ADD ("fixed-rate-in-a-manager", test_fixed_rate_in_a_manager);
  ADD ("fixed-rate-in-a-manager-paused-before", test_managed_interval_may_be_paused_before);
  ADD ("pause-between-runs-moves-the-grid", test_pause_between_runs_moves_the_grid);
  ADD ("pause-over-the-end-of-a-run-moves-the-grid", test_pause_over_the_end_of_a_run_moves_the_grid);
  ADD ("pause-within-a-run-leaves-the-grid", test_pause_within_a_run_leaves_the_grid);

  return g_test_run ();
}
