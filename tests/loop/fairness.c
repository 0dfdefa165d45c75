// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the loop leaves to others: to other sources of its context, and to the rest of itself.
//
// These tests run in real time, since in virtual time nothing is cut short. None of them measures
// it: they count what the loop does before it lets the others through, and are generous.

#include "trace.h"

/* So much the loop may do on its own behalf; in a turn it does a few thousand things at most. */
#define PATIENCE 1000000

typedef struct
{
  GSource *source;
  guint    n_turns;     /* of the other source */
  guint    n_run;       /* of our callbacks */
  guint    n_at_first;  /* our callbacks before its first turn */
} Other;

static gboolean
other_cb (gpointer user_data)
{
  Other *other = user_data;

  if (other->n_turns++ == 0)
    other->n_at_first = other->n_run;
  return G_SOURCE_CONTINUE;
}

/* A source that is always ready, of lower priority than the tasks, as a redraw is. */
static void
other_init (Other *other)
{
  *other = (Other) { .source = g_idle_source_new () };
  g_source_set_priority (other->source, G_PRIORITY_DEFAULT + 120);
  g_source_set_callback (other->source, other_cb, other, NULL);
  g_source_attach (other->source, g_main_context_get_thread_default ());
}

static void
other_clear (Other *other)
{
  g_source_destroy (other->source);
  g_source_unref (other->source);
}

static gboolean
count_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  Other *other = user_data;

  other->n_run++;
  return other->n_turns < 5 && other->n_run < PATIENCE;
}

static void
work_for (gint64 usec)
{
  for (gint64 until = g_get_monotonic_time () + usec; g_get_monotonic_time () < until;)
    ;
}

static gboolean
work_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  ((Other *) user_data)->n_run++;
  work_for (2);
  return TRUE;
}

/* --- Other sources --- */

static void
test_ready_tasks_let_others_through (void)
{
  const guint n = 400000;
  TendTask *host = new_host ();
  Other other;

  other_init (&other);
  for (guint i = 0; i < n; i++)
    tend_task_post (host, count_cb, &other, NULL);
  while (other.n_run < n)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);

  g_test_message ("others had %u turns, the first after %u of %u", other.n_turns, other.n_at_first, n);
  g_assert_cmpuint (other.n_turns, >, 0);
  g_assert_cmpuint (other.n_at_first, <, n);

  other_clear (&other);
  drop_host (host);
}

static void
test_due_timers_let_others_through (void)
{
  const guint n = 400000;
  TendTask *host = new_host ();
  Other other;

  for (guint i = 0; i < n; i++)
    tend_task_add_timer (host, 1 + i % 100, -1, count_cb, &other, NULL);
  other_init (&other);
  while (other.n_run < n)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);

  g_test_message ("others had %u turns, the first after %u of %u", other.n_turns, other.n_at_first, n);
  g_assert_cmpuint (other.n_turns, >, 0);
  g_assert_cmpuint (other.n_at_first, <, n);

  other_clear (&other);
  drop_host (host);
}

static gboolean
yield_for_ever_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  while (count_cb (task, user_data, NULL))
    if (!tend_yield (error))
      return FALSE;

  return TRUE;
}

static void
wait_for_turns (Other *other)
{
  while (other->n_turns < 5 && other->n_run < PATIENCE)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);

  g_test_message ("others had %u turns in %u", other->n_turns, other->n_run);
  g_assert_cmpuint (other->n_turns, ==, 5);
}

/* One that goes on from turn to turn, each of them short. */
static void
test_yielding_lets_others_through (void)
{
  TendTask *fiber;
  Other other;

  other_init (&other);
  fiber = tend_task_run_fiber ("fiber", yield_for_ever_body, &other, NULL);
  wait_for_turns (&other);
  other_clear (&other);

  tend_task_stop (fiber);
  run_dry (g_main_context_get_thread_default ());
  g_assert_finalize_object (fiber);
}

/* Timers that are due again whenever one looks keep the loop ready, though its queues are empty. */
static void
test_frequent_timers_let_others_through (void)
{
  TendTask *host = new_host ();
  Other other;

  other_init (&other);
  for (guint i = 0; i < 50; i++)
    tend_task_add_timer (host, 1, 1, count_cb, &other, NULL);
  wait_for_turns (&other);
  other_clear (&other);

  drop_host (host);
}

/* Each wait for what has ended is over at once, and begins anew: the micro-queue is never empty. */
static void
wait_again_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  if (count_cb (NULL, user_data, NULL))
    tend_task_wait_async (TEND_TASK (source), NULL, wait_again_cb, user_data);
}

static void
test_endless_micro_queue_lets_others_through (void)
{
  TendTask *host = new_host ();
  Other other;

  other_init (&other);
  tend_task_wait_async (host, NULL, wait_again_cb, &other);
  tend_task_return_boolean (host, TRUE);
  wait_for_turns (&other);
  other_clear (&other);

  run_dry (g_main_context_get_thread_default ());
  g_assert_finalize_object (host);
}

static void
trace_wait_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_string_append (trace, "b");
  tend_task_return_boolean (user_data, TRUE);
}

static void
trace_last_wait_cb (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  g_string_append (trace, "c");
}

static gboolean
end_task_cb (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_string_append (trace, "a");
  tend_task_return_boolean (user_data, TRUE);
  return TRUE;
}

static void
work_wait_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  work_cb (NULL, user_data, NULL);
}

/* What was cut is cut once: afterwards the waits that lead to one another come before what is ready, as ever. */
static void
test_micro_queue_is_whole_after_a_cut (void)
{
  const guint n = 20000;
  TendTask *tasks[3] = { new_host (), new_host (), new_host () };
  TendTask *host = new_host ();
  g_autoptr(TendClock) clock = NULL;
  Other other = { 0 };
  guint n_at_first;

  for (guint i = 0; i < n; i++)
    tend_task_wait_async (tasks[0], NULL, work_wait_cb, &other);
  tend_task_return_boolean (tasks[0], TRUE);
  g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  n_at_first = other.n_run;
  run_dry (g_main_context_get_thread_default ());
  g_assert_cmpuint (n_at_first, <, n);
  g_assert_cmpuint (other.n_run, ==, n);

  clock = freeze ();
  tend_task_wait_async (tasks[1], NULL, trace_wait_cb, tasks[2]);
  tend_task_wait_async (tasks[2], NULL, trace_last_wait_cb, NULL);
  tend_task_post (host, end_task_cb, tasks[1], NULL);
  post (host, "d");
  run_dry (g_main_context_get_thread_default ());
  assert_trace ("abcd");

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    g_assert_finalize_object (tasks[i]);
  drop_host (host);
}

/* A loop of high priority lets one of low priority through. */
static void
test_high_priority_lets_low_through (void)
{
  Other others[2] = { { 0 } };
  TendTask *high = tend_task_new_fiber ("high", yield_for_ever_body, &others[0], NULL);
  TendTask *low = tend_task_new_fiber ("low", yield_for_ever_body, &others[1], NULL);

  tend_task_set_priority (high, G_PRIORITY_HIGH);
  tend_task_set_priority (low, G_PRIORITY_LOW);
  g_assert_true (tend_task_start (high, NULL));
  g_assert_true (tend_task_start (low, NULL));
  while (others[1].n_run < 10 && others[0].n_run < PATIENCE - 1)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_assert_cmpuint (others[1].n_run, ==, 10);

  tend_task_stop (high);
  tend_task_stop (low);
  run_dry (g_main_context_get_thread_default ());
  g_assert_finalize_object (high);
  g_assert_finalize_object (low);
}

/* A source of higher priority, which is found to be ready each time that the loop has run something. */
typedef struct
{
  GSource source;
  Other  *other;        /* what the loop runs */
  guint   n_seen;       /* of our callbacks */
  guint   n_dispatches; /* of the loop */
  guint   n_most;       /* callbacks in one of them, but for the first */
} Usurper;

static gboolean
usurper_prepare (GSource *source,
                 int     *timeout_ms)
{
  *timeout_ms = 0;
  return FALSE;
}

static gboolean
usurper_check (GSource *source)
{
  Usurper *self = (Usurper *) source;
  guint n_more = self->other->n_run - self->n_seen;

  if (n_more == 0)
    return FALSE;

  self->n_seen = self->other->n_run;
  if (self->n_dispatches++ > 0)
    self->n_most = MAX (self->n_most, n_more);

  return TRUE;
}

static gboolean
usurper_dispatch (GSource     *source,
                  GSourceFunc  callback,
                  gpointer     user_data)
{
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs usurper_funcs = {
  .prepare = usurper_prepare,
  .check = usurper_check,
  .dispatch = usurper_dispatch,
};

/*
 * A loop that has let others through has its whole time again, also where one of higher priority took that turn, and
 * the loop was not asked anything in it. Otherwise each turn would be over at the first look at the clock, 16
 * callbacks later.
 */
static void
test_time_is_new_after_others (void)
{
  const guint n = 20000;
  TendTask *host = new_host ();
  Other other = { 0 };
  GSource *source = g_source_new (&usurper_funcs, sizeof (Usurper));
  Usurper *usurper = (Usurper *) source;

  usurper->other = &other;
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_attach (source, g_main_context_get_thread_default ());
  for (guint i = 0; i < n; i++)
    tend_task_post (host, work_cb, &other, NULL);
  while (other.n_run < n)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);

  g_test_message ("at most %u of %u in one of %u turns", usurper->n_most, n, usurper->n_dispatches);
  g_assert_cmpuint (usurper->n_dispatches, >, 1);
  g_assert_cmpuint (usurper->n_most, >, 32);

  g_source_destroy (source);
  g_source_unref (source);
  drop_host (host);
}

/*
 * So it has after a pause in which it had nothing to do but wait for a timer. The pauses are longer than its time, and
 * each callback takes next to none.
 */
static void
test_time_is_new_after_a_pause (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *host = new_host ();
  Other other = { .n_turns = 5 };
  guint n_most = 0;

  tend_task_add_timer (host, 3600 * G_TIME_SPAN_SECOND, -1, count_cb, &other, NULL);
  for (guint round = 0; round < 10; round++)
    {
      gint64 end = g_get_monotonic_time () + 5000;
      guint n_before;

      tend_task_post (host, count_cb, &other, NULL);
      while (g_main_context_iteration (context, FALSE) || g_get_monotonic_time () < end)
        ;

      n_before = other.n_run;
      for (guint i = 0; i < 1000; i++)
        tend_task_post (host, count_cb, &other, NULL);
      g_main_context_iteration (context, FALSE);
      n_most = MAX (n_most, other.n_run - n_before);
      run_dry (context);
    }
  g_assert_cmpuint (n_most, >, 32);

  drop_host (host);
}

/* --- The loop itself --- */

typedef struct
{
  guint    n_run;       /* atomic where another thread looks at it */
  gboolean is_over;     /* likewise */
} Flood;

static gboolean
flood_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Flood *flood = user_data;

  while (!flood->is_over && flood->n_run < 20000)
    {
      flood->n_run++;
      work_for (100);
      if (!tend_yield (error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
flood_over_cb (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  ((Flood *) user_data)->is_over = TRUE;
  return FALSE;
}

static void
stop_all (TendTask **tasks,
          guint      n)
{
  for (guint i = 0; i < n; i++)
    tend_task_stop (tasks[i]);
  run_dry (g_main_context_get_thread_default ());
  for (guint i = 0; i < n; i++)
    g_assert_finalize_object (tasks[i]);
}

/*
 * More is always ready than a turn has time for: 200 fibers that need 20 ms for one round. A timer
 * that is due comes after the round, not after all of them.
 */
static void
test_zero_delays_do_not_starve_timers (void)
{
  TendTask *tasks[200];
  TendTask *host = new_host ();
  Flood flood = { 0, FALSE };

  tend_task_add_timer (host, 1000, -1, flood_over_cb, &flood, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_fiber (NULL, flood_body, &flood, NULL);
  while (!flood.is_over && flood.n_run < 4000)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_assert_true (flood.is_over);
  g_assert_cmpuint (flood.n_run, <, 4000);

  stop_all (tasks, G_N_ELEMENTS (tasks));
  drop_host (host);
}

static gboolean
flood_timer_cb (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  Flood *flood = user_data;

  flood->n_run++;
  work_for (100);
  return !flood->is_over;
}

/* The other way round: timers that take longer than they are apart. */
static void
test_timers_do_not_starve_zero_delays (void)
{
  TendTask *host = new_host ();
  Flood flood = { 0, FALSE };

  for (guint i = 0; i < 200; i++)
    tend_task_add_timer (host, 1, 1, flood_timer_cb, &flood, NULL);
  while (flood.n_run == 0)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  tend_task_post (host, flood_over_cb, &flood, NULL);
  while (!flood.is_over && flood.n_run < 4000)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_assert_true (flood.is_over);

  drop_host (host);
}

typedef struct
{
  TendTask *host;
  Flood    *flood;
} Sender;

static gboolean
flood_post_cb (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_atomic_int_inc (&((Flood *) user_data)->n_run);
  work_for (20);
  return TRUE;
}

static gpointer
flood_thread (gpointer data)
{
  Sender *sender = data;

  while (!g_atomic_int_get (&sender->flood->is_over))
    {
      /* Faster than they are worked off, and yet not without bounds. */
      if (g_atomic_int_get (&sender->flood->n_run) > 100000)
        break;
      for (guint i = 0; i < 100; i++)
        tend_task_post (sender->host, flood_post_cb, sender->flood, NULL);
      g_usleep (500);
    }

  return NULL;
}

static gboolean
over_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_atomic_int_set (&((Flood *) user_data)->is_over, TRUE);
  return FALSE;
}

/* Another thread that sends more than the loop can do does not keep it from its timers either. */
static void
test_other_threads_do_not_starve_timers (void)
{
  TendTask *host = new_host ();
  Flood flood = { 0, FALSE };
  Sender sender = { host, &flood };
  GThread *thread;

  tend_task_add_timer (host, 10000, -1, over_cb, &flood, NULL);
  thread = g_thread_new ("flood", flood_thread, &sender);
  while (!flood.is_over && flood.n_run < 50000)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_assert_true (flood.is_over);
  g_thread_join (thread);

  run_dry (g_main_context_get_thread_default ());
  drop_host (host);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tend/loop/ready-tasks-let-others-through", test_ready_tasks_let_others_through);
  ADD ("/tend/loop/due-timers-let-others-through", test_due_timers_let_others_through);
  ADD ("/tend/loop/yielding-lets-others-through", test_yielding_lets_others_through);
  ADD ("/tend/loop/frequent-timers-let-others-through", test_frequent_timers_let_others_through);
  ADD ("/tend/loop/endless-micro-queue-lets-others-through", test_endless_micro_queue_lets_others_through);
  ADD ("/tend/loop/micro-queue-is-whole-after-a-cut", test_micro_queue_is_whole_after_a_cut);
  ADD ("/tend/loop/high-priority-lets-low-through", test_high_priority_lets_low_through);
  ADD ("/tend/loop/time-is-new-after-others", test_time_is_new_after_others);
  ADD ("/tend/loop/time-is-new-after-a-pause", test_time_is_new_after_a_pause);
  ADD ("/tend/loop/zero-delays-do-not-starve-timers", test_zero_delays_do_not_starve_timers);
  ADD ("/tend/loop/timers-do-not-starve-zero-delays", test_timers_do_not_starve_zero_delays);
  ADD ("/tend/loop/other-threads-do-not-starve-timers", test_other_threads_do_not_starve_timers);

  return g_test_run ();
}
