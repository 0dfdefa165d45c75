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

/* Notes what is left in milliseconds, before and after it is set anew, as long as there are rounds. */
typedef struct
{
  TendTimer *timer;     /* a reference */
  int        n_rounds;
} Again;

static gboolean
set_again_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Again *again = user_data;

  note ("%d", (int) (tend_timer_get_remaining (again->timer) / 1000));
  if (again->n_rounds-- > 0)
    {
      tend_timer_set_delay (again->timer, 2 * SECOND);
      note ("set:%d", (int) (tend_timer_get_remaining (again->timer) / 1000));
    }
  return TRUE;
}

static void
begin_again (Again    *again,
             TendTask *task,
             gint64    interval)
{
  again->timer = tend_timer_ref (tend_task_add_timer (task, SECOND, interval, set_again_cb, again, NULL));
}

static void
test_timer_tells_what_remains (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTimer) timer = NULL;

  timer = tend_timer_ref (tend_task_add_timer (task, 3 * SECOND, -1, note_cb, (gpointer) "x", NULL));
  g_assert_cmpint (tend_timer_get_remaining (timer), ==, 3 * SECOND);
  tend_clock_advance (clock, SECOND, NULL);
  g_assert_cmpint (tend_timer_get_remaining (timer), ==, 2 * SECOND);

  tend_task_pause (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  g_assert_cmpint (tend_timer_get_remaining (timer), ==, 2 * SECOND);
  tend_task_resume (task);
  g_assert_cmpint (tend_timer_get_remaining (timer), ==, 2 * SECOND);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("x");
  g_assert_cmpint (tend_timer_get_remaining (timer), ==, -1);
  tend_timer_set_delay (timer, SECOND);
  g_assert_false (tend_timer_is_active (timer));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  tend_task_stop (task);
  g_assert_cmpint (tend_timer_get_remaining (tend_task_add_timer (task, SECOND, -1, note_cb, NULL, NULL)), ==, -1);
  assert_gone (task);
}

static void
test_timer_is_set_earlier_and_later (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTimer *timer = tend_task_add_timer (task, 2 * SECOND, -1, note_cb, (gpointer) "a", NULL);

  tend_task_add_timer (task, 3 * SECOND, -1, note_cb, (gpointer) "b", NULL);
  tend_timer_set_delay (timer, SECOND);
  tend_timer_set_delay (timer, 3 * SECOND);
  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  assert_notes ("");

  /* It was armed behind the other, so that it comes behind it. */
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("b a");

  timer = tend_task_add_timer (task, TEND_FOREVER, -1, note_cb, (gpointer) "c", NULL);
  tend_timer_set_delay (timer, 0);
  assert_notes ("");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("c");
  tend_task_stop (task);
  assert_gone (task);
}

/* One that fires once fires once more for each time that its callback sets it. */
static void
test_timer_is_set_by_its_callback (void)
{
  Again again = { NULL, 2 };
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  begin_again (&again, task, -1);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 5 * SECOND);
  assert_notes ("0 set:2000 0 set:2000 0");
  g_assert_false (tend_timer_is_active (again.timer));
  g_clear_pointer (&again.timer, tend_timer_unref);
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_timer_counts_its_ticks_from_there (void)
{
  Again again = { NULL, 1 };
  gint64 begin;
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  begin_again (&again, task, 5 * SECOND);
  begin = tend_clock_get_time (clock);
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("5000 set:2000");
  tend_clock_advance (clock, 2 * SECOND - 1, NULL);
  assert_notes ("");
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("5000");
  tend_clock_advance (clock, 5 * SECOND, NULL);
  assert_notes ("5000");
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, 8 * SECOND);
  g_clear_pointer (&again.timer, tend_timer_unref);
  tend_task_stop (task);
  assert_gone (task);
}

static gboolean
pause_and_set_cb (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  TendTimer **timer = user_data;

  note ("fired");
  if (tend_task_is_paused (task))
    return TRUE;

  tend_task_pause (task);
  tend_timer_set_delay (*timer, SECOND);
  return TRUE;
}

/* The new delay is what is left when the task goes on, whoever sets it. */
static void
test_timer_is_set_while_paused (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTimer *timer = tend_task_add_timer (task, SECOND, -1, pause_and_set_cb, &timer, NULL);

  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("fired");
  g_assert_cmpint (tend_timer_get_remaining (timer), ==, SECOND);
  tend_timer_set_delay (timer, 4 * SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_cmpint (tend_timer_get_remaining (timer), ==, 4 * SECOND);

  tend_task_resume (task);
  tend_clock_advance (clock, 4 * SECOND - 1, NULL);
  assert_notes ("");
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("fired");
  tend_task_stop (task);
  assert_gone (task);
}

/* It fires within its own callback, which runs the loop, and each is set anew for itself. */
static gboolean
run_the_loop_cb (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  Again *again = user_data;

  note ("fired");
  if (again->n_rounds-- > 0)
    {
      tend_timer_set_delay (again->timer, 0);
      settle ();
      note (tend_timer_is_active (again->timer) ? "active" : "over");
    }
  return TRUE;
}

static void
test_timer_is_set_and_fires_within (void)
{
  Again again = { NULL, 2 };
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  again.timer = tend_timer_ref (tend_task_add_timer (task, SECOND, -1, run_the_loop_cb, &again, NULL));
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("fired fired fired over over");
  g_clear_pointer (&again.timer, tend_timer_unref);
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
  g_test_add_func ("/tend/timer/tells-what-remains", test_timer_tells_what_remains);
  g_test_add_func ("/tend/timer/is-set-earlier-and-later", test_timer_is_set_earlier_and_later);
  g_test_add_func ("/tend/timer/is-set-by-its-callback", test_timer_is_set_by_its_callback);
  g_test_add_func ("/tend/timer/counts-its-ticks-from-there", test_timer_counts_its_ticks_from_there);
  g_test_add_func ("/tend/timer/is-set-while-paused", test_timer_is_set_while_paused);
  g_test_add_func ("/tend/timer/is-set-and-fires-within", test_timer_is_set_and_fires_within);

  return g_test_run ();
}
