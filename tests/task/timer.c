// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The timers of a task: when they fire, and for how long.

#include "common.h"

static void
test_timer_fires_once (void)
{
  int n_destroyed = 0;
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTimer) once = tend_timer_ref (tend_task_add_timer (task, SECOND, -1, note_cb, (gpointer) "once", NULL));

  tend_task_add_timer (task, SECOND, -1, note_cb, &n_destroyed, count_cb);
  tend_timer_cancel (tend_task_add_timer (task, SECOND, -1, note_cb, &n_destroyed, count_cb));
  g_assert_cmpint (n_destroyed, ==, 1);
  g_assert_true (tend_timer_is_active (once));
  tend_task_stop (task);
  g_assert_false (tend_timer_is_active (once));
  assert_notes ("");
  g_clear_pointer (&once, tend_timer_unref);
  assert_gone (task);

  task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  once = tend_timer_ref (tend_task_add_timer (task, SECOND, -1, note_cb, (gpointer) "once", NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("once");
  g_assert_false (tend_timer_is_active (once));
  tend_timer_cancel (once);
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_timer_of_zero_is_the_next_turn (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (task, 0, -1, note_cb, (gpointer) "zero", NULL);
  assert_notes ("");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("zero");
  tend_task_stop (task);
  assert_gone (task);
}

static gboolean
three_ticks_cb (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  int *n_ticks = user_data;

  note ("tick");
  return ++*n_ticks < 3;
}

static void
test_timer_repeats_until_it_says_no (void)
{
  int n_ticks = 0;
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (task, SECOND / 2, SECOND, three_ticks_cb, &n_ticks, count_cb);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND + SECOND / 2);
  assert_notes ("tick tick tick");
  g_assert_cmpint (n_ticks, ==, 4);
  tend_task_stop (task);
  assert_gone (task);
}

static gboolean
cancel_timer_cb (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  struct
  {
    TendTimer *timer;
    gboolean   is_freed;
  } *data = user_data;

  tend_timer_cancel (data->timer);
  g_assert_false (data->is_freed);
  note ("tick");
  return TRUE;
}

static void
free_cb (gpointer user_data)
{
  struct
  {
    TendTimer *timer;
    gboolean   is_freed;
  } *data = user_data;

  g_assert_false (data->is_freed);
  data->is_freed = TRUE;
}

/* Its data stay until the callback has returned. */
static void
test_timer_may_cancel_itself (void)
{
  struct
  {
    TendTimer *timer;
    gboolean   is_freed;
  } data = { NULL, FALSE };
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  data.timer = tend_task_add_timer (task, SECOND, SECOND, cancel_timer_cb, &data, free_cb);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("tick");
  g_assert_true (data.is_freed);
  tend_task_stop (task);
  assert_gone (task);
}

/* Three ticks, the last at the very end of the sleep, and silence once the body is through. */
static gboolean
half_second_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  tend_task_add_timer (task, SECOND / 2, SECOND / 2, note_cb, (gpointer) "tick", NULL);
  return tend_sleep (SECOND * 3 / 2, error);
}

static void
test_periodic_timer_ends_with_its_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, half_second_body, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND * 3 / 2);
  assert_notes ("tick tick tick exit:completed");
  assert_gone (task);
}

/* A tick is due on the grid, however long the one before took; missed ones are skipped. */
typedef struct
{
  TendClock *clock;
  gint64     begin;
} Grid;

static gboolean
slow_tick_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Grid *grid = user_data;

  note ("%d", (int) ((tend_clock_get_time (grid->clock) - grid->begin) / 1000));
  return TRUE;
}

static void
test_timer_keeps_its_rate (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Grid grid = { clock, tend_clock_get_time (clock) };
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (task, 0, SECOND, slow_tick_cb, &grid, NULL);
  tend_clock_advance (clock, 3 * SECOND + 1, NULL);
  assert_notes ("0 1000 2000 3000");
  tend_task_stop (task);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/timer/fires-once", test_timer_fires_once);
  g_test_add_func ("/tend/timer/zero-is-the-next-turn", test_timer_of_zero_is_the_next_turn);
  g_test_add_func ("/tend/timer/repeats-until-it-says-no", test_timer_repeats_until_it_says_no);
  g_test_add_func ("/tend/timer/may-cancel-itself", test_timer_may_cancel_itself);
  g_test_add_func ("/tend/timer/ends-with-its-task", test_periodic_timer_ends_with_its_task);
  g_test_add_func ("/tend/timer/keeps-its-rate", test_timer_keeps_its_rate);

  return g_test_run ();
}
