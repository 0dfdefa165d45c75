// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// When the clock may jump: it waits for what goes on outside, and for nobody who never ends.

#include "trace.h"

/* --- What goes on outside --- */

static GMutex lock;
static GCond cond;
static gboolean may_end;    /* under lock, as the next one */
static gboolean has_begun;

static void
set_may_end (gboolean may)
{
  g_mutex_lock (&lock);
  may_end = may;
  has_begun = has_begun && may;
  g_cond_broadcast (&cond);
  g_mutex_unlock (&lock);
}

/* A context that goes to sleep shows that its clock waits for what another thread does. */
static int
sleeping_poll (GPollFD *fds,
               guint    n_fds,
               int      timeout_ms)
{
  if (timeout_ms != 0)
    set_may_end (TRUE);

  return g_poll (fds, n_fds, timeout_ms);
}

static gboolean
blocked_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_mutex_lock (&lock);
  has_begun = TRUE;
  g_cond_broadcast (&cond);
  while (!may_end)
    g_cond_wait (&cond, &lock);
  g_mutex_unlock (&lock);

  return TRUE;
}

static gboolean
timer_first_cb (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  g_string_append_c (trace, 't');
  set_may_end (TRUE);
  return TRUE;
}

static void
ended_cb (TendTask *task,
          gpointer  user_data)
{
  g_string_append_c (trace, 'e');
}

static void
test_waits_for_threads (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  TendTask *task = tend_task_new_thread (NULL, blocked_body, NULL, NULL);

  set_may_end (FALSE);
  g_main_context_set_poll_func (g_main_context_get_thread_default (), sleeping_poll);
  tend_task_add_exit_handler (task, ended_cb, NULL, NULL);
  tend_task_add_timer (host, 1, -1, timer_first_cb, NULL, NULL);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 1);
  assert_trace ("et");

  g_assert_finalize_object (task);
  drop_host (host);
  g_assert_finalize_object (clock);
}

/* A stopped task has ended, but its function still runs: its time is waited for as well. */
static void
test_waits_for_stopped_threads (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  TendTask *task;

  set_may_end (FALSE);
  task = tend_task_run_thread (NULL, blocked_body, NULL, NULL);
  g_mutex_lock (&lock);
  while (!has_begun)
    g_cond_wait (&cond, &lock);
  g_mutex_unlock (&lock);

  g_main_context_set_poll_func (g_main_context_get_thread_default (), sleeping_poll);
  tend_task_stop (task);
  tend_clock_run_until_idle (clock, NULL);
  g_mutex_lock (&lock);
  g_assert_true (may_end);
  g_mutex_unlock (&lock);

  g_assert_finalize_object (task);
  drop_host (host);
  g_assert_finalize_object (clock);
}

static gboolean
load_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autoptr(GFile) file = g_file_new_for_path ("/proc/self/status");
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autofree char *contents = NULL;

  g_file_load_contents_async (file, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;
  if (!g_file_load_contents_finish (file, call.result, &contents, NULL, NULL, error))
    return FALSE;

  g_string_append_c (trace, 'l');
  return TRUE;
}

static void
test_waits_for_awaited_results (void)
{
  for (guint i = 0; i < 20; i++)
    {
      TendClock *clock = freeze ();
      TendTask *host = new_host ();
      TendTask *task = tend_task_run_fiber (NULL, load_body, NULL, NULL);

      add_timer (host, 1, "t");
      g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 1);
      assert_trace ("lt");

      g_assert_finalize_object (task);
      drop_host (host);
      g_assert_finalize_object (clock);
    }
}

static void
load_begin (TendTask            *task,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             user_data)
{
  g_file_load_contents_async (user_data, cancellable, callback, callback_data);
}

static gboolean
load_finish (TendTask      *task,
             GAsyncResult  *result,
             gpointer       user_data,
             GError       **error)
{
  g_autofree char *contents = NULL;

  g_string_append_c (trace, 'l');
  return g_file_load_contents_finish (user_data, result, &contents, NULL, NULL, error);
}

static void
test_waits_for_async_pairs (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  GFile *file = g_file_new_for_path ("/proc/self/status");
  TendTask *task = tend_task_run_async (NULL, load_begin, load_finish, file, g_object_unref);

  add_timer (host, 1, "t");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 1);
  assert_trace ("lt");

  g_assert_finalize_object (task);
  drop_host (host);
  g_assert_finalize_object (clock);
}

/* --- Time goes on --- */

typedef struct
{
  gboolean is_over;
  guint    n_turns;
} Spin;

static gboolean
spin_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Spin *spin = user_data;

  while (!spin->is_over)
    {
      spin->n_turns++;
      if (!tend_sleep (0, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
spin_over_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  ((Spin *) user_data)->is_over = TRUE;
  return TRUE;
}

/* Somebody who yields without end stops no wait: a timer ends it, a second later. */
static void
test_endless_yield_is_ended_by_wait_sync (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  gint64 begin = tend_clock_get_time (clock);
  Spin spin = { FALSE, 0 };
  TendTask *task;

  tend_task_add_timer (host, SEC, -1, spin_over_cb, &spin, NULL);
  task = tend_task_run_fiber (NULL, spin_body, &spin, NULL);
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_true (spin.is_over);
  g_assert_true (tend_task_is_ended (task));
  g_assert_cmpint (tend_clock_get_time (clock), ==, begin + SEC);
  g_assert_cmpuint (spin.n_turns, >, 1);

  g_assert_finalize_object (task);
  drop_host (host);
  g_assert_finalize_object (clock);
}

static void
run_by_advance (TendClock  *clock,
                GError    **error)
{
  g_assert_false (tend_clock_advance (clock, SEC, error));
}

static void
run_until_idle (TendClock  *clock,
                GError    **error)
{
  g_assert_cmpint (tend_clock_run_until_idle (clock, error), ==, -1);
}

/* The clock gives up instead, with an error that names the task, and can be run again. */
static void
check_spin (void (* run) (TendClock  *clock,
                          GError    **error))
{
  TendClock *clock = freeze ();
  gint64 begin = tend_clock_get_time (clock);
  g_autoptr(GError) error = NULL;
  Spin spin = { FALSE, 0 };
  TendTask *task = tend_task_run_fiber ("spinner", spin_body, &spin, NULL);

  run (clock, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (g_pattern_match_simple ("Clock: not idle after 10000 turns of the loop: *'spinner'*, made at *",
                                         error->message));
  g_assert_cmpint (tend_clock_get_time (clock), ==, begin);
  g_assert_cmpuint (spin.n_turns, >, 1);

  spin.is_over = TRUE;
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_finalize_object (task);
  g_assert_finalize_object (clock);
}

static void
test_endless_yield_fails_advance (void)
{
  check_spin (run_by_advance);
}

static void
test_endless_yield_fails_run_until_idle (void)
{
  check_spin (run_until_idle);
}

/* Where nobody asks for the error, the test fails. */
static void
test_without_error_it_is_a_critical (void)
{
  TendClock *clock = freeze ();
  Spin spin = { FALSE, 0 };
  TendTask *task = tend_task_run_fiber ("spinner", spin_body, &spin, NULL);

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "tend_clock_advance: Clock: not idle after 10000 turns of the loop: *");
  g_assert_false (tend_clock_advance (clock, 0, NULL));
  g_test_assert_expected_messages ();

  spin.is_over = TRUE;
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_finalize_object (task);
  g_assert_finalize_object (clock);
}

static gboolean
beat_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  return TRUE;
}

/* What goes on for ever moves the time each turn, and is given up after a minute of real time. */
static void
test_interval_fails_run_until_idle (void)
{
  TendClock *clock = freeze ();
  g_autoptr(GError) error = NULL;
  TendTask *host;

  if (!g_test_slow ())
    {
      g_test_skip ("It takes a minute: suite stress runs it.");
      g_assert_finalize_object (clock);
      return;
    }

  host = new_host ();
  tend_task_add_timer (host, SEC, SEC, beat_cb, NULL, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_nonnull (strstr (error->message, "not idle after 60 s of real time"));

  drop_host (host);
  g_assert_finalize_object (clock);
}

/* And yet it does not jump while a thread is at work, however many turns that takes. */
static gboolean
spin_and_let_end_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  Spin *spin = user_data;

  while (!spin->is_over)
    {
      if (++spin->n_turns == 30000)
        set_may_end (TRUE);
      if (!tend_yield (error))
        return FALSE;
    }

  return TRUE;
}

static void
test_endless_yield_waits_for_threads (void)
{
  TendClock *clock = freeze ();
  TendTask *host = new_host ();
  gint64 begin = tend_clock_get_time (clock);
  Spin spin = { FALSE, 0 };
  TendTask *task, *thread;

  set_may_end (FALSE);
  thread = tend_task_new_thread (NULL, blocked_body, NULL, NULL);
  tend_task_add_exit_handler (thread, ended_cb, NULL, NULL);
  tend_task_add_timer (host, SEC, -1, spin_over_cb, &spin, NULL);
  add_timer (host, SEC, "t");
  g_assert_true (tend_task_start (thread, NULL));
  task = tend_task_run_fiber (NULL, spin_and_let_end_body, &spin, NULL);
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_trace ("et");
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, SEC);
  g_assert_cmpuint (spin.n_turns, >=, 30000);

  g_assert_finalize_object (task);
  g_assert_finalize_object (thread);
  drop_host (host);
  g_assert_finalize_object (clock);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tend/clock/waits-for-threads", test_waits_for_threads);
  ADD ("/tend/clock/waits-for-stopped-threads", test_waits_for_stopped_threads);
  ADD ("/tend/clock/waits-for-awaited-results", test_waits_for_awaited_results);
  ADD ("/tend/clock/waits-for-async-pairs", test_waits_for_async_pairs);
  ADD ("/tend/clock/endless-yield-fails-advance", test_endless_yield_fails_advance);
  ADD ("/tend/clock/endless-yield-fails-run-until-idle", test_endless_yield_fails_run_until_idle);
  ADD ("/tend/clock/without-error-it-is-a-critical", test_without_error_it_is_a_critical);
  ADD ("/tend/clock/interval-fails-run-until-idle", test_interval_fails_run_until_idle);
  ADD ("/tend/clock/endless-yield-is-ended-by-wait-sync", test_endless_yield_is_ended_by_wait_sync);
  ADD ("/tend/clock/endless-yield-waits-for-threads", test_endless_yield_waits_for_threads);

  return g_test_run ();
}
