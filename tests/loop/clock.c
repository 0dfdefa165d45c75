// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Virtual time: that it stands still, moves as it is told, and is what every timer goes by.

#include "trace.h"

/* --- Standing still, and moving --- */

static void
test_stands_still (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  gint64 time = tend_clock_get_time (clock);

  g_assert_cmpint (time, <=, g_get_monotonic_time ());
  add_timer (host, 1, "no");
  for (gint64 until = g_get_monotonic_time () + 100; g_get_monotonic_time () < until;)
    g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  g_assert_cmpint (tend_clock_get_time (clock), ==, time);

  drop_host (host);
  g_assert_finalize_object (clock);
}

static void
test_advances_as_told (void)
{
  TendClock *clock = freeze ();
  gint64 time = tend_clock_get_time (clock);

  tend_clock_advance (clock, 5, NULL);
  g_assert_cmpint (tend_clock_get_time (clock), ==, time + 5);
  tend_clock_advance (clock, HOUR, NULL);
  g_assert_cmpint (tend_clock_get_time (clock), ==, time + HOUR + 5);

  g_assert_finalize_object (clock);
}

static void
test_advance_by_zero_runs_what_is_ready (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();

  post (host, "a");
  add_timer (host, 0, "b");
  add_timer (host, 1, "c");
  tend_clock_advance (clock, 0, NULL);
  assert_trace ("ab");
  tend_clock_advance (clock, 1, NULL);
  assert_trace ("c");

  drop_host (host);
  g_assert_finalize_object (clock);
}

static void
test_timers_fire_at_their_time (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  Notes notes;

  notes_init (&notes, clock);
  tend_task_add_timer (host, 30 * MSEC, -1, note_cb, &notes, NULL);
  tend_task_add_timer (host, 10 * MSEC, -1, note_cb, &notes, NULL);
  tend_task_add_timer (host, 20 * MSEC, 15 * MSEC, note_cb, &notes, NULL);
  tend_clock_advance (clock, 70 * MSEC, NULL);
  notes_check (&notes, "10 20 30 35 50 65 ");

  drop_host (host);
  g_assert_finalize_object (clock);
}

static gboolean
sleep_twice_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  for (guint i = 0; i < 2; i++)
    {
      if (!tend_sleep (10 * MSEC, error))
        return FALSE;
      note (user_data);
    }

  return TRUE;
}

/* What is armed on the way counts from its own moment, and runs on the way if it is due. */
static void
test_advance_runs_what_comes_of_it (void)
{
  TendClock *clock = freeze ();
  TendTask *task;
  Notes notes;

  notes_init (&notes, clock);
  task = tend_task_run_fiber (NULL, sleep_twice_body, &notes, NULL);
  tend_clock_advance (clock, HOUR, NULL);
  g_assert_true (tend_task_is_ended (task));
  notes_check (&notes, "10 20 ");

  g_assert_finalize_object (task);
  g_assert_finalize_object (clock);
}

static void
test_run_until_idle_tells_the_time (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  TendTask *task;
  Notes notes;

  notes_init (&notes, clock);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  task = tend_task_run_fiber (NULL, sleep_twice_body, &notes, NULL);
  tend_task_add_timer (host, HOUR, -1, note_cb, &notes, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, HOUR);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  notes_check (&notes, "10 20 3600000 ");

  g_assert_finalize_object (task);
  drop_host (host);
  g_assert_finalize_object (clock);
}

static gboolean
count_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  ++*(guint *) user_data;
  return TRUE;
}

static gboolean
count_run_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  ++*(guint *) user_data;
  tend_task_return_value (task, NULL);

  return TRUE;
}

static void
test_an_hour_is_nothing (void)
{
  gint64 begin = g_get_monotonic_time ();
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  guint n_ticks = 0, n_runs = 0, n_timers = 0;
  TendTask *task = tend_task_new_open ("each minute", count_run_cb, &n_runs, NULL);

  tend_task_set_interval (task, 60 * SEC);
  g_assert_true (tend_task_start (task, NULL));
  tend_task_add_timer (host, SEC, SEC, count_cb, &n_ticks, NULL);
  for (guint i = 0; i < 1000; i++)
    tend_task_add_timer (host, 1 + (gint64) i * 7919 % 3600 * SEC, -1, count_cb, &n_timers, NULL);

  tend_clock_advance (clock, HOUR, NULL);
  g_assert_cmpuint (n_ticks, ==, 3600);
  g_assert_cmpuint (n_runs, ==, 60);
  g_assert_cmpuint (n_timers, ==, 1000);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, HOUR / 60);

  tend_task_stop (task);
  drop_host (host);
  g_assert_finalize_object (task);
  g_assert_finalize_object (clock);
}

/* --- One clock, one context --- */

static void
test_moves_its_context_alone (void)
{
  GMainContext *other = g_main_context_new ();
  TendClock *clock = freeze ();
  TendClock *other_clock = tend_clock_freeze (other);
  TendTask *host = new_host ();

  add_timer (host, 10, "a");
  tend_clock_advance (other_clock, HOUR, NULL);
  assert_trace ("");
  tend_clock_advance (clock, 10, NULL);
  assert_trace ("a");

  drop_host (host);
  g_assert_finalize_object (clock);
  g_assert_finalize_object (other_clock);
  g_main_context_unref (other);
}

/* Tasks of every priority go by the one clock of their context. */
static void
test_moves_all_priorities (void)
{
  static const int priorities[] = { G_PRIORITY_LOW, G_PRIORITY_HIGH, G_PRIORITY_DEFAULT };
  TendClock *clock = freeze ();
  TendTask *tasks[3];
  Notes notes;

  notes_init (&notes, clock);
  for (guint i = 0; i < 3; i++)
    {
      tasks[i] = tend_task_new_fiber (NULL, sleep_twice_body, &notes, NULL);
      tend_task_set_priority (tasks[i], priorities[i]);
      g_assert_true (tend_task_start (tasks[i], NULL));
    }
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 20 * MSEC);
  notes_check (&notes, "10 10 10 20 20 20 ");

  for (guint i = 0; i < 3; i++)
    g_assert_finalize_object (tasks[i]);
  g_assert_finalize_object (clock);
}

static void
check_critical (const char *pattern)
{
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (pattern);
}

static void
test_freezing_twice_is_critical (void)
{
  TendClock *clock;

  if (!g_test_subprocess ())
    {
      check_critical ("*tend_clock_freeze(): the time of this context is frozen already*");
      return;
    }

  clock = freeze ();
  g_assert_null (freeze ());
  g_object_unref (clock);
}

static void
test_going_back_is_critical (void)
{
  TendClock *clock;

  if (!g_test_subprocess ())
    {
      check_critical ("*tend_clock_advance*duration >= 0*");
      return;
    }

  clock = freeze ();
  tend_clock_advance (clock, -1, NULL);
  g_object_unref (clock);
}

static void
test_may_be_frozen_again (void)
{
  for (guint i = 0; i < 3; i++)
    {
      TendClock *clock = freeze ();

      g_assert_nonnull (clock);
      g_assert_finalize_object (clock);
    }
}

static void
test_real_time_rules_again (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  TendTimer *timer;
  gint64 begin;

  tend_clock_advance (clock, HOUR, NULL);
  g_assert_finalize_object (clock);

  begin = g_get_monotonic_time ();
  timer = tend_timer_ref (tend_task_add_timer (host, 2 * MSEC, -1, trace_cb, (gpointer) "a", NULL));
  while (tend_timer_is_active (timer))
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 2 * MSEC);
  assert_trace ("a");

  tend_timer_unref (timer);
  drop_host (host);
}

/* --- Whole programs --- */

static gboolean
main_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autoptr(TendTask) child = tend_task_run_fiber ("child", sleep_twice_body, user_data, NULL);

  if (!tend_sleep (HOUR, error))
    return FALSE;

  note (user_data);
  return tend_await (child, error);
}

static void
test_run_takes_no_time (void)
{
  gint64 begin = g_get_monotonic_time ();
  TendClock *clock = freeze ();
  GError *error = NULL;
  Notes notes;

  notes_init (&notes, clock);
  g_assert_true (tend_run (main_body, &notes, &error));
  g_assert_no_error (error);
  notes_check (&notes, "10 20 3600000 ");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, HOUR / 60);

  g_assert_finalize_object (clock);
}

static void
test_the_time_of_tasks (void)
{
  gint64 begin = g_get_monotonic_time ();
  TendClock *clock = freeze ();

  tend_clock_advance (clock, HOUR, NULL);
  g_assert_cmpint (tend_get_time (), ==, tend_clock_get_time (clock));
  g_assert_finalize_object (clock);

  g_assert_cmpint (tend_get_time (), >=, begin);
  g_assert_cmpint (tend_get_time (), <, begin + HOUR);
}

static gpointer
return_thread (gpointer data)
{
  g_usleep (1000);
  tend_task_return_boolean (data, TRUE);
  return NULL;
}

/* Nothing is due, and nothing of ours goes on outside: whoever waits sleeps until something comes. */
static void
test_wait_sync_waits_for_others (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  GThread *thread = g_thread_new ("return", return_thread, host);

  g_assert_true (tend_task_wait_sync (host, NULL));
  g_thread_join (thread);

  g_assert_finalize_object (host);
  g_assert_finalize_object (clock);
}

static gboolean
wait_for_delay_cb (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_autoptr(TendTask) delay = tend_task_run_delay (HOUR);

  g_assert_true (tend_task_wait_sync (delay, NULL));
  note (user_data);
  return TRUE;
}

/* What runs while the clock advances takes it further than it was told, and it stays there. */
static void
test_never_goes_back (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  Notes notes;

  notes_init (&notes, clock);
  tend_task_add_timer (host, 10 * MSEC, -1, wait_for_delay_cb, &notes, NULL);
  tend_clock_advance (clock, SEC, NULL);
  note (&notes);
  notes_check (&notes, "3600010 3600010 ");

  drop_host (host);
  g_assert_finalize_object (clock);
}

/* One that was disposed of by hand has nothing to do with the clock that came after it. */
static void
test_end_leaves_the_next_alone (void)
{
  TendClock *first = freeze ();
  TendClock *second;
  gint64 time;

  g_object_run_dispose (G_OBJECT (first));
  second = freeze ();
  time = tend_clock_get_time (second);
  g_assert_finalize_object (first);
  tend_clock_advance (second, HOUR, NULL);
  g_assert_cmpint (tend_get_time (), ==, time + HOUR);
  g_assert_finalize_object (second);
}

/* Disposed of by hand, as language bindings can, it stops no time any more, whatever is asked of it. */
static void
test_disposed_of_stops_no_time (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  gint64 before = g_get_monotonic_time ();

  g_object_run_dispose (G_OBJECT (clock));
  tend_clock_advance (clock, (gint64) 3600 * G_TIME_SPAN_SECOND, NULL);
  tend_clock_run_until_idle (clock, NULL);
  g_assert_cmpint (tend_clock_get_time (clock), >=, before);
  g_assert_cmpint (tend_clock_get_time (clock), <=, g_get_monotonic_time ());
  g_assert_cmpint (tend_get_time (), <=, g_get_monotonic_time ());
  g_assert_finalize_object (clock);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tend/clock/stands-still", test_stands_still);
  ADD ("/tend/clock/advances-as-told", test_advances_as_told);
  ADD ("/tend/clock/advance-by-zero-runs-what-is-ready", test_advance_by_zero_runs_what_is_ready);
  ADD ("/tend/clock/timers-fire-at-their-time", test_timers_fire_at_their_time);
  ADD ("/tend/clock/advance-runs-what-comes-of-it", test_advance_runs_what_comes_of_it);
  ADD ("/tend/clock/run-until-idle-tells-the-time", test_run_until_idle_tells_the_time);
  ADD ("/tend/clock/an-hour-is-nothing", test_an_hour_is_nothing);
  ADD ("/tend/clock/moves-its-context-alone", test_moves_its_context_alone);
  ADD ("/tend/clock/moves-all-priorities", test_moves_all_priorities);
  ADD ("/tend/clock/freezing-twice-is-critical", test_freezing_twice_is_critical);
  ADD ("/tend/clock/going-back-is-critical", test_going_back_is_critical);
  ADD ("/tend/clock/may-be-frozen-again", test_may_be_frozen_again);
  ADD ("/tend/clock/real-time-rules-again", test_real_time_rules_again);
  ADD ("/tend/clock/run-takes-no-time", test_run_takes_no_time);
  ADD ("/tend/clock/the-time-of-tasks", test_the_time_of_tasks);
  ADD ("/tend/clock/wait-sync-waits-for-others", test_wait_sync_waits_for_others);
  ADD ("/tend/clock/never-goes-back", test_never_goes_back);
  ADD ("/tend/clock/end-leaves-the-next-alone", test_end_leaves_the_next_alone);
  ADD ("/tend/clock/disposed-of-stops-no-time", test_disposed_of_stops_no_time);

  return g_test_run ();
}
