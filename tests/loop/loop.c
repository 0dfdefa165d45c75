// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The order of one turn: what runs when, and what waits for the next turn.

#include "trace.h"

/*
 * One turn that did something, with a mark behind it. Where the machine is slow the loop leaves a
 * turn to others in between, which does not count.
 */
static void
turn (void)
{
  gsize before = trace->len;

  for (guint i = 0; i < 3 && trace->len == before; i++)
    g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  g_string_append_c (trace, '|');
}

/* --- Zero delays --- */

static gboolean
post_more_cb (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_string_append_c (trace, 'a');
  post (task, "c");
  add_timer (task, 0, "d");
  return TRUE;
}

static void
test_zero_delay_is_next_turn (void)
{
  TendTask *host = new_host ();

  tend_task_post (host, post_more_cb, NULL, NULL);
  post (host, "b");
  turn ();
  turn ();
  turn ();
  assert_trace ("ab|cd||");

  drop_host (host);
}

static void
test_zero_timer_is_next_turn (void)
{
  TendTask *host = new_host ();

  tend_task_add_timer (host, 0, -1, post_more_cb, NULL, NULL);
  add_timer (host, 0, "b");
  turn ();
  turn ();
  assert_trace ("ab|cd|");

  drop_host (host);
}

/* What a timer makes ready waits for the next turn too, though the ready queue runs before timers. */
static void
test_zero_delay_from_timer_is_next_turn (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (g_main_context_get_thread_default ());
  TendTask *host = new_host ();

  tend_task_add_timer (host, 5, -1, post_more_cb, NULL, NULL);
  add_timer (host, 5, "b");
  tend_clock_advance (clock, 5, NULL);
  assert_trace ("abcd");

  drop_host (host);
}

static void
waited_post_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_string_append_c (trace, 'w');
  post (user_data, "p");
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  g_string_append_c (trace, 'e');
  tend_task_return_boolean (user_data, TRUE);
  return TRUE;
}

/* A waiter runs in this turn, but what it posts does not. */
static void
test_zero_delay_from_waiter_is_next_turn (void)
{
  TendTask *host = new_host ();
  TendTask *other = new_host ();

  tend_task_wait_async (other, NULL, waited_post_cb, host);
  tend_task_post (host, end_cb, other, NULL);
  turn ();
  turn ();
  assert_trace ("ew|p|");

  g_assert_finalize_object (other);
  drop_host (host);
}

static gboolean
yield_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  for (guint i = 0; i < 3; i++)
    {
      g_string_append (trace, user_data);
      if (!tend_sleep (0, error))
        return FALSE;
    }

  return TRUE;
}

static void
test_sleep_zero_takes_turns (void)
{
  TendTask *a = tend_task_run_fiber ("a", yield_body, (gpointer) "a", NULL);
  TendTask *b = tend_task_run_fiber ("b", yield_body, (gpointer) "b", NULL);

  turn ();
  turn ();
  turn ();
  assert_trace ("abab|ab||");

  g_assert_finalize_object (a);
  g_assert_finalize_object (b);
}

static gboolean
run_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  g_string_append (trace, user_data);
  tend_task_return_value (task, NULL);

  return TRUE;
}

/* A delay that is given, and is zero, is the next turn; none given is at once. */
static void
test_task_with_zero_delay_is_next_turn (void)
{
  TendTask *later = tend_task_new_open ("later", run_cb, (gpointer) "b", NULL);
  TendTask *now = tend_task_new_open ("now", run_cb, (gpointer) "a", NULL);

  tend_task_set_delay (later, 0);
  g_assert_true (tend_task_start (later, NULL));
  g_assert_true (tend_task_start (now, NULL));
  assert_trace ("a");
  turn ();
  assert_trace ("b|");

  g_assert_finalize_object (later);
  g_assert_finalize_object (now);
}

/* --- Timers --- */

static void
test_timers_run_by_deadline (void)
{
  static const struct { gint64 delay; const char *text; } timers[] = {
    { 500, "e" }, { 100, "a" }, { 400, "d" }, { 200, "b" }, { 600, "f" }, { 300, "c" },
  };
  g_autoptr(TendClock) clock = tend_clock_freeze (g_main_context_get_thread_default ());
  TendTask *host = new_host ();

  for (gsize i = 0; i < G_N_ELEMENTS (timers); i++)
    add_timer (host, timers[i].delay, timers[i].text);
  tend_clock_advance (clock, 350, NULL);
  assert_trace ("abc");
  tend_clock_advance (clock, 250, NULL);
  assert_trace ("def");

  drop_host (host);
}

/* All due at once, so that one turn orders them, and not the steps of a clock. */
static void
test_late_timers_run_by_deadline (void)
{
  TendClock *clock = tend_clock_freeze (g_main_context_get_thread_default ());
  gint64 begin = tend_clock_get_time (clock);
  TendTask *host = new_host ();

  add_timer (host, 3, "c");
  add_timer (host, 1, "a");
  add_timer (host, 4, "d");
  add_timer (host, 2, "b");
  g_assert_finalize_object (clock);
  while (g_get_monotonic_time () < begin + 4)
    ;
  turn ();
  assert_trace ("abcd|");

  drop_host (host);
}

static void
test_equal_deadlines_run_as_armed (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (g_main_context_get_thread_default ());
  TendTask *host = new_host ();

  add_timer (host, 100, "a");
  add_timer (host, 100, "b");
  tend_clock_advance (clock, 40, NULL);
  add_timer (host, 60, "c");
  add_timer (host, 60, "d");
  tend_clock_advance (clock, 60, NULL);
  assert_trace ("abcd");

  drop_host (host);
}

/* The ready queue is one, whatever puts things there; timers come behind it. */
static void
test_ready_runs_before_timers (void)
{
  TendTask *host = new_host ();

  add_timer (host, 1, "c");
  for (gint64 until = g_get_monotonic_time () + 10; g_get_monotonic_time () < until;)
    ;
  post (host, "a");
  add_timer (host, 0, "b");
  turn ();
  assert_trace ("abc|");

  drop_host (host);
}

/* A timer that a callback cancels does not fire, though it was due in the same turn. */
static gboolean
cancel_timer_cb (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  TendTimer **timer = user_data;

  g_string_append_c (trace, 'x');
  tend_timer_cancel (*timer);
  return TRUE;
}

static void
test_cancelled_timer_does_not_fire (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (g_main_context_get_thread_default ());
  TendTask *host = new_host ();
  TendTimer *timer;

  tend_task_add_timer (host, 10, -1, cancel_timer_cb, &timer, NULL);
  timer = tend_task_add_timer (host, 10, -1, trace_cb, (gpointer) "no", NULL);
  add_timer (host, 10, "y");
  tend_clock_advance (clock, 10, NULL);
  assert_trace ("xy");

  drop_host (host);
}

static void
test_timers_are_never_early (void)
{
  static const gint64 delays[] = { 1, 900, 1000, 1001, 1999, 5000 };

  for (gsize i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      TendTask *host = new_host ();
      gint64 begin = g_get_monotonic_time ();
      TendTimer *timer = tend_timer_ref (tend_task_add_timer (host, delays[i], -1, trace_cb, (gpointer) "t", NULL));

      while (tend_timer_is_active (timer))
        g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
      g_assert_cmpint (g_get_monotonic_time () - begin, >=, delays[i]);
      assert_trace ("t");

      tend_timer_unref (timer);
      drop_host (host);
    }
}

/* --- The micro-queue --- */

typedef struct
{
  const char *text;
  TendTask   *ends;     /* what the waiter ends in turn, or NULL */
} Waiter;

static void
waiter_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Waiter *waiter = user_data;

  g_string_append (trace, waiter->text);
  if (waiter->ends != NULL)
    tend_task_return_boolean (waiter->ends, TRUE);
}

/* Whoever waited for what the first one ended, and for what they ended, comes before the second. */
static void
check_micro (void (* add) (TendTask     *host,
                           TendBodyFunc  func,
                           gpointer      user_data))
{
  g_autoptr(TendClock) clock = tend_clock_freeze (g_main_context_get_thread_default ());
  TendTask *host = new_host ();
  TendTask *one = new_host ();
  TendTask *two = new_host ();
  Waiter waiters[] = { { "1", two }, { "2", NULL }, { "3", NULL } };

  tend_task_wait_async (one, NULL, waiter_cb, &waiters[0]);
  tend_task_wait_async (one, NULL, waiter_cb, &waiters[1]);
  tend_task_wait_async (two, NULL, waiter_cb, &waiters[2]);
  add (host, end_cb, one);
  add (host, trace_cb, (gpointer) "z");
  tend_clock_advance (clock, 10, NULL);
  assert_trace ("e123z");

  g_assert_finalize_object (one);
  g_assert_finalize_object (two);
  drop_host (host);
}

static void
add_by_timer (TendTask     *host,
              TendBodyFunc  func,
              gpointer      user_data)
{
  tend_task_add_timer (host, 10, -1, func, user_data, NULL);
}

static void
add_by_post (TendTask     *host,
             TendBodyFunc  func,
             gpointer      user_data)
{
  tend_task_post (host, func, user_data, NULL);
}

typedef struct
{
  TendTask     *host;
  TendBodyFunc  func;
  gpointer      user_data;
} Post;

static gpointer
post_thread (gpointer data)
{
  Post *sent = data;

  tend_task_post (sent->host, sent->func, sent->user_data, NULL);
  return NULL;
}

static void
add_by_thread (TendTask     *host,
               TendBodyFunc  func,
               gpointer      user_data)
{
  Post sent = { host, func, user_data };

  g_thread_join (g_thread_new ("post", post_thread, &sent));
}

static void
test_waiters_run_before_next_timer (void)
{
  check_micro (add_by_timer);
}

static void
test_waiters_run_before_next_post (void)
{
  check_micro (add_by_post);
}

static void
test_waiters_run_before_next_of_inbox (void)
{
  check_micro (add_by_thread);
}

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (!tend_await (user_data, error))
    return FALSE;

  g_string_append_c (trace, 'f');
  return TRUE;
}

static void
test_fibers_resume_before_next_timer (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (g_main_context_get_thread_default ());
  TendTask *host = new_host ();
  TendTask *one = new_host ();
  TendTask *fiber = tend_task_run_fiber ("fiber", await_body, one, NULL);
  Waiter waiter = { "1", NULL };

  tend_task_wait_async (fiber, NULL, waiter_cb, &waiter);
  tend_task_add_timer (host, 10, -1, end_cb, one, NULL);
  add_timer (host, 10, "z");
  tend_clock_advance (clock, 10, NULL);
  assert_trace ("ef1z");

  g_assert_finalize_object (fiber);
  g_assert_finalize_object (one);
  drop_host (host);
}

/* --- Nested loops, and priorities --- */

static gboolean
nest_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_string_append_c (trace, '(');
  post (task, "c");
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  g_string_append_c (trace, ')');
  post (task, "d");
  return TRUE;
}

static void
test_nested_loop_goes_on (void)
{
  TendTask *host = new_host ();

  post (host, "a");
  tend_task_post (host, nest_cb, NULL, NULL);
  post (host, "b");
  turn ();
  turn ();
  assert_trace ("a(bc)|d|");

  drop_host (host);
}

static gboolean
nest_until_ended_cb (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  g_autoptr(TendTask) child = tend_task_run_fiber ("child", yield_body, (gpointer) "c", NULL);

  return tend_task_wait_sync (child, error);
}

/* Nested waits in a timer: those below wait for it, but nothing stops. */
static void
test_nested_wait_in_timer_goes_on (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (g_main_context_get_thread_default ());
  TendTask *host = new_host ();

  tend_task_add_timer (host, 10, -1, nest_until_ended_cb, NULL, NULL);
  add_timer (host, 10, "z");
  tend_clock_advance (clock, 10, NULL);
  assert_trace ("cczc");

  drop_host (host);
}

static void
test_priorities_go_in_order (void)
{
  TendTask *low = tend_task_new_open ("low", run_cb, (gpointer) "l", NULL);
  TendTask *middle = tend_task_new_open ("middle", run_cb, (gpointer) "m", NULL);
  TendTask *high = tend_task_new_open ("high", run_cb, (gpointer) "h", NULL);

  tend_task_set_priority (low, G_PRIORITY_LOW);
  tend_task_set_priority (high, G_PRIORITY_HIGH);
  tend_task_set_delay (low, 0);
  tend_task_set_delay (middle, 0);
  tend_task_set_delay (high, 0);
  g_assert_true (tend_task_start (low, NULL));
  g_assert_true (tend_task_start (middle, NULL));
  g_assert_true (tend_task_start (high, NULL));

  turn ();
  turn ();
  turn ();
  assert_trace ("h|m|l|");

  g_assert_finalize_object (low);
  g_assert_finalize_object (middle);
  g_assert_finalize_object (high);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tend/loop/zero-delay-is-next-turn", test_zero_delay_is_next_turn);
  ADD ("/tend/loop/zero-timer-is-next-turn", test_zero_timer_is_next_turn);
  ADD ("/tend/loop/zero-delay-from-timer-is-next-turn", test_zero_delay_from_timer_is_next_turn);
  ADD ("/tend/loop/zero-delay-from-waiter-is-next-turn", test_zero_delay_from_waiter_is_next_turn);
  ADD ("/tend/loop/sleep-zero-takes-turns", test_sleep_zero_takes_turns);
  ADD ("/tend/loop/task-with-zero-delay-is-next-turn", test_task_with_zero_delay_is_next_turn);
  ADD ("/tend/loop/timers-run-by-deadline", test_timers_run_by_deadline);
  ADD ("/tend/loop/late-timers-run-by-deadline", test_late_timers_run_by_deadline);
  ADD ("/tend/loop/equal-deadlines-run-as-armed", test_equal_deadlines_run_as_armed);
  ADD ("/tend/loop/ready-runs-before-timers", test_ready_runs_before_timers);
  ADD ("/tend/loop/cancelled-timer-does-not-fire", test_cancelled_timer_does_not_fire);
  ADD ("/tend/loop/timers-are-never-early", test_timers_are_never_early);
  ADD ("/tend/loop/waiters-run-before-next-timer", test_waiters_run_before_next_timer);
  ADD ("/tend/loop/waiters-run-before-next-post", test_waiters_run_before_next_post);
  ADD ("/tend/loop/waiters-run-before-next-of-inbox", test_waiters_run_before_next_of_inbox);
  ADD ("/tend/loop/fibers-resume-before-next-timer", test_fibers_resume_before_next_timer);
  ADD ("/tend/loop/nested-loop-goes-on", test_nested_loop_goes_on);
  ADD ("/tend/loop/nested-wait-in-timer-goes-on", test_nested_wait_in_timer_goes_on);
  ADD ("/tend/loop/priorities-go-in-order", test_priorities_go_in_order);

  return g_test_run ();
}
