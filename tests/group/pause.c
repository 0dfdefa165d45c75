// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Pausing a task: what stands still, what does not, and what was left when it goes on.

#include "common.h"

static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  note ("%s", (const char *) user_data);
  return TRUE;
}

/* --- The scope --- */

static void
test_timers_go_on_with_what_was_left (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (task, 3 * SECOND, -1, tick_cb, (gpointer) "once", NULL);
  tend_clock_advance (clock, SECOND, NULL);
  tend_task_pause (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_notes ("");
  tend_task_resume (task);
  tend_clock_advance (clock, 2 * SECOND - 1, NULL);
  assert_notes ("");
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("once");
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_repeating_timer_keeps_its_phase (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (task, SECOND, SECOND, tick_cb, (gpointer) "tick", NULL);
  tend_clock_advance (clock, 2 * SECOND + SECOND / 4, NULL);
  assert_notes ("tick tick");
  tend_task_pause (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  tend_task_resume (task);
  tend_clock_advance (clock, SECOND * 3 / 4 - 1, NULL);
  assert_notes ("");
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("tick");
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("tick");
  tend_task_stop (task);
  assert_gone (task);
}

/* Those of the same time keep the order in which they were made. */
static void
test_timers_keep_their_order (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (task, SECOND, -1, tick_cb, (gpointer) "1", NULL);
  tend_task_add_timer (task, SECOND, -1, tick_cb, (gpointer) "2", NULL);
  tend_task_add_timer (task, SECOND, -1, tick_cb, (gpointer) "3", NULL);
  tend_task_pause (task);
  tend_task_resume (task);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("1 2 3");
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_timers_and_posts_made_meanwhile_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_post (task, tick_cb, (gpointer) "before", NULL);
  tend_task_pause (task);
  tend_task_post (task, tick_cb, (gpointer) "post", NULL);
  tend_task_add_timer (task, 0, -1, tick_cb, (gpointer) "zero", NULL);
  tend_task_add_timer (task, SECOND, -1, tick_cb, (gpointer) "second", NULL);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_notes ("");
  tend_task_resume (task);
  tend_clock_advance (clock, SECOND - 1, NULL);
  assert_notes ("before post zero");
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("second");
  tend_task_stop (task);
  assert_gone (task);
}

static gpointer
post_thread (gpointer data)
{
  tend_task_post (data, tick_cb, (gpointer) "post", NULL);
  return NULL;
}

static void
test_posts_from_other_threads_wait (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) ended = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_pause (task);
  tend_task_pause (ended);
  in_thread (post_thread, task);
  in_thread (post_thread, ended);
  settle ();
  assert_notes ("");
  tend_task_stop (ended);
  tend_task_resume (task);
  settle ();
  assert_notes ("post");
  tend_task_stop (task);
  assert_gone (task);
  assert_gone (ended);
}

static gboolean
pause_itself_cb (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  note ("tick");
  tend_task_pause (task);
  return TRUE;
}

static void
test_a_timer_may_pause_its_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (task, SECOND, SECOND, pause_itself_cb, NULL, NULL);
  tend_task_add_timer (task, SECOND, -1, pause_itself_cb, NULL, NULL);
  tend_clock_advance (clock, 5 * SECOND, NULL);
  assert_notes ("tick");
  tend_task_resume (task);
  tend_clock_advance (clock, SECOND / 2, NULL);
  assert_notes ("tick");
  tend_task_resume (task);
  tend_clock_advance (clock, SECOND / 2 - 1, NULL);
  assert_notes ("");
  tend_clock_advance (clock, SECOND / 2 + 1, NULL);
  assert_notes ("tick");
  tend_task_stop (task);
  assert_gone (task);
}

/* --- The task itself --- */

static void
test_delay_goes_on_with_what_was_left (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (3, complete_body, NULL);

  tend_clock_advance (clock, SECOND, NULL);
  tend_task_pause (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_status (task, "pending");
  tend_task_resume (task);
  tend_clock_advance (clock, 2 * SECOND - 1, NULL);
  assert_status (task, "pending");
  tend_clock_advance (clock, 1, NULL);
  assert_status (task, "completed");
  assert_gone (task);
}

static gboolean
note_run_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  note ("run");
  tend_task_return_value (task, NULL);

  return TRUE;
}

static void
test_interval_goes_on_with_what_was_left (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, note_run_body, NULL, NULL);

  tend_task_set_interval (task, 2 * SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, 3 * SECOND, NULL);
  assert_notes ("run");
  tend_task_pause (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_notes ("");
  tend_task_resume (task);
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("run");
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_paused_before_the_start_begins_when_it_goes_on (void)
{
  for (int delay = -1; delay <= 1; delay++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendTask) task = tend_task_new_open (NULL, note_run_body, NULL, NULL);

      if (delay >= 0)
        tend_task_set_delay (task, delay * SECOND);
      tend_task_pause (task);
      g_assert_true (tend_task_start (task, NULL));
      tend_clock_advance (clock, 10 * SECOND, NULL);
      assert_notes ("");
      assert_status (task, "pending");
      tend_task_resume (task);
      tend_clock_advance (clock, MAX (delay, 0) * SECOND, NULL);
      assert_notes ("run");
      assert_status (task, "completed");
      assert_gone (task);
    }
}

static void
test_resumed_before_the_start_is_as_if_nothing_was (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, note_run_body, NULL, NULL);

  tend_task_pause (task);
  tend_task_resume (task);
  g_assert_true (tend_task_start (task, NULL));
  assert_notes ("run");
  assert_gone (task);
}

/* --- Bodies --- */

static gboolean
steps_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  for (guint i = 0; i < 3; i++)
    {
      if (!tend_checkpoint (error))
        {
          note ("interrupted");
          return FALSE;
        }
      note ("%u", i);
      if (!tend_sleep (SECOND, error))
        return FALSE;
    }
  return TRUE;
}

static void
test_fiber_stops_at_a_checkpoint (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, steps_body, NULL, NULL);

  assert_notes ("0");
  tend_task_pause (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_notes ("");
  tend_task_resume (task);
  tend_clock_advance (clock, 0, NULL);
  assert_notes ("1");
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("2");
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_paused_fiber_is_cancelled_and_stopped_as_ever (void)
{
  void (* const ways[]) (TendTask *) = { tend_task_cancel, tend_task_stop };
  const char *statuses[] = { "cancelled", "stopped" };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendTask) task = tend_task_run_fiber (NULL, steps_body, NULL, NULL);

      tend_task_pause (task);
      tend_clock_advance (clock, 10 * SECOND, NULL);
      assert_notes ("0");
      ways[i] (task);
      settle ();
      assert_notes ("interrupted");
      assert_status (task, statuses[i]);
      tend_task_resume (task);
      assert_gone (task);
    }
}

static void
test_pending_task_is_cancelled_as_ever (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (1, complete_body, NULL);

  tend_task_pause (task);
  tend_task_cancel (task);
  assert_status (task, "cancelled");
  tend_task_resume (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_gone (task);
}

typedef struct
{
  GMutex   lock;
  GCond    cond;
  gboolean is_there;        /* the thread has come to its loop */
  int      n_steps;         /* atomic */
  int      wants_end;       /* atomic */
} Worker;

static gboolean
step_thread_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Worker *worker = user_data;

  g_mutex_lock (&worker->lock);
  worker->is_there = TRUE;
  g_cond_signal (&worker->cond);
  g_mutex_unlock (&worker->lock);

  while (!g_atomic_int_get (&worker->wants_end))
    {
      if (!tend_checkpoint (error))
        return FALSE;
      g_atomic_int_inc (&worker->n_steps);
      g_thread_yield ();
    }
  return TRUE;
}

static TendTask *
run_worker (Worker *worker)
{
  TendTask *task = tend_task_run_thread (NULL, step_thread_body, worker, NULL);

  g_mutex_lock (&worker->lock);
  while (!worker->is_there)
    g_cond_wait (&worker->cond, &worker->lock);
  g_mutex_unlock (&worker->lock);
  return task;
}

/* It may be in a step when it is paused, but comes to no second one. */
static void
test_thread_stops_at_a_checkpoint (void)
{
  Worker worker = { 0 };
  g_autoptr(TendTask) task = run_worker (&worker);
  int n_steps;

  tend_task_pause (task);
  n_steps = g_atomic_int_get (&worker.n_steps);
  for (guint i = 0; i < 1000; i++)
    g_thread_yield ();
  g_assert_cmpint (g_atomic_int_get (&worker.n_steps), <=, n_steps + 1);

  tend_task_resume (task);
  n_steps = g_atomic_int_get (&worker.n_steps);
  while (g_atomic_int_get (&worker.n_steps) < n_steps + 10)
    g_thread_yield ();
  g_atomic_int_set (&worker.wants_end, TRUE);
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
}

static void
test_paused_thread_is_cancelled_and_stopped_as_ever (void)
{
  void (* const ways[]) (TendTask *) = { tend_task_cancel, tend_task_stop };
  const char *statuses[] = { "cancelled", "stopped" };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      Worker worker = { 0 };
      g_autoptr(TendTask) task = run_worker (&worker);
      gpointer kept = task;

      tend_task_pause (task);
      ways[i] (task);
      tend_task_wait_sync (task, NULL);
      assert_status (task, statuses[i]);
      g_object_add_weak_pointer (kept, &kept);
      g_clear_object (&task);
      while (kept != NULL)
        g_main_context_iteration (NULL, TRUE);
    }
}

static void
test_checkpoint_needs_a_body (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_checkpoint (&error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

/* --- From another thread, and what is seen of it --- */

static gpointer
pause_thread (gpointer data)
{
  tend_task_pause (data);
  g_assert_true (tend_task_is_paused (data));
  return NULL;
}

static gpointer
resume_thread (gpointer data)
{
  tend_task_resume (data);
  g_assert_false (tend_task_is_paused (data));
  return NULL;
}

static void
test_from_another_thread (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (2, complete_body, NULL);

  in_thread (pause_thread, task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_status (task, "pending");
  in_thread (resume_thread, task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_status (task, "completed");
  assert_gone (task);
}

static void
note_paused_cb (GObject    *object,
                GParamSpec *pspec,
                gpointer    user_data)
{
  note (tend_task_is_paused (TEND_TASK (object)) ? "paused" : "resumed");
}

static void
test_notifies (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  gboolean paused;

  g_signal_connect (task, "notify::paused", G_CALLBACK (note_paused_cb), NULL);
  tend_task_pause (task);
  tend_task_pause (task);
  g_object_get (task, "paused", &paused, NULL);
  g_assert_true (paused);
  tend_task_resume (task);
  tend_task_resume (task);
  assert_notes ("paused resumed");

  in_thread (pause_thread, task);
  assert_notes ("");
  settle ();
  assert_notes ("paused");
  in_thread (resume_thread, task);
  in_thread (pause_thread, task);
  settle ();
  assert_notes ("");
  tend_task_stop (task);
  tend_task_resume (task);
  assert_notes ("");
  assert_gone (task);
}

/* The delay that a manager counts stands still as well, and takes no slot. */
static void
test_managed_delay_stands_still (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTaskManager *manager = tend_task_manager_new ();
  g_autoptr(TendTask) task = tend_task_new_open ("managed", complete_body, NULL, NULL);

  tend_task_set_delay (task, 5 * SECOND);
  g_assert_true (tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_advance (clock, 2 * SECOND, NULL);
  tend_task_pause (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_status (task, "pending");
  tend_task_resume (task);
  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  assert_status (task, "pending");
  tend_clock_advance (clock, 1, NULL);
  assert_status (task, "completed");
  assert_gone (task);
  g_assert_finalize_object (manager);
}

static gboolean
checkpoint_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  if (!tend_yield (error) || !tend_checkpoint (error))
    return FALSE;

  note ("passed:%d", tend_task_is_paused (task));
  return TRUE;
}

/* It was let go on and paused again before it could: it stays. */
static void
test_checkpoint_holds_until_the_last_pause_is_over (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, checkpoint_body, NULL, NULL);

  tend_task_pause (task);
  tend_clock_advance (clock, 0, NULL);
  tend_task_resume (task);
  tend_task_pause (task);
  tend_clock_advance (clock, 0, NULL);
  assert_notes ("");
  tend_task_resume (task);
  tend_clock_advance (clock, 0, NULL);
  assert_notes ("passed:0");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/pause/timers-go-on-with-what-was-left", test_timers_go_on_with_what_was_left);
  g_test_add_func ("/tend/pause/repeating-timer-keeps-its-phase", test_repeating_timer_keeps_its_phase);
  g_test_add_func ("/tend/pause/timers-keep-their-order", test_timers_keep_their_order);
  g_test_add_func ("/tend/pause/timers-and-posts-made-meanwhile-wait", test_timers_and_posts_made_meanwhile_wait);
  g_test_add_func ("/tend/pause/posts-from-other-threads-wait", test_posts_from_other_threads_wait);
  g_test_add_func ("/tend/pause/a-timer-may-pause-its-task", test_a_timer_may_pause_its_task);
  g_test_add_func ("/tend/pause/delay-goes-on-with-what-was-left", test_delay_goes_on_with_what_was_left);
  g_test_add_func ("/tend/pause/interval-goes-on-with-what-was-left", test_interval_goes_on_with_what_was_left);
  g_test_add_func ("/tend/pause/before-the-start-begins-when-it-goes-on",
                   test_paused_before_the_start_begins_when_it_goes_on);
  g_test_add_func ("/tend/pause/resumed-before-the-start-is-as-if-nothing-was",
                   test_resumed_before_the_start_is_as_if_nothing_was);
  g_test_add_func ("/tend/pause/fiber-stops-at-a-checkpoint", test_fiber_stops_at_a_checkpoint);
  g_test_add_func ("/tend/pause/paused-fiber-is-cancelled-and-stopped-as-ever",
                   test_paused_fiber_is_cancelled_and_stopped_as_ever);
  g_test_add_func ("/tend/pause/pending-task-is-cancelled-as-ever", test_pending_task_is_cancelled_as_ever);
  g_test_add_func ("/tend/pause/thread-stops-at-a-checkpoint", test_thread_stops_at_a_checkpoint);
  g_test_add_func ("/tend/pause/paused-thread-is-cancelled-and-stopped-as-ever",
                   test_paused_thread_is_cancelled_and_stopped_as_ever);
  g_test_add_func ("/tend/pause/checkpoint-needs-a-body", test_checkpoint_needs_a_body);
  g_test_add_func ("/tend/pause/from-another-thread", test_from_another_thread);
  g_test_add_func ("/tend/pause/notifies", test_notifies);
  g_test_add_func ("/tend/pause/managed-delay-stands-still", test_managed_delay_stands_still);
  g_test_add_func ("/tend/pause/checkpoint-holds-until-the-last-pause-is-over",
                   test_checkpoint_holds_until_the_last_pause_is_over);

  return g_test_run ();
}
