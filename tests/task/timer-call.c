// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What may end while the callback of a timer runs: the timer, its task, and who else holds them.

#include "common.h"

typedef struct
{
  TendTask  *task;      /* a reference, which the callback may drop */
  TendTimer *timer;
  int        n_freed;   /* of the timer's data */
  guint      n_calls;
} Fixture;

static void
freed_cb (gpointer user_data)
{
  Fixture *self = user_data;

  self->n_freed++;
  note ("freed");
}

static void
body_freed_cb (gpointer user_data)
{
  note ("body freed");
}

/* --- The last reference --- */

static gboolean
drop_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  Fixture *self = user_data;

  g_clear_object (&self->task);
  note ("dropped:%s", tend_task_status_to_string (tend_task_get_status (task)));
  return TRUE;
}

/* A task that was not started holds no reference to itself. */
static void
test_task_that_nobody_started (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Fixture self = { .task = tend_task_new_open ("unstarted", idle_body, NULL, NULL) };
  GWeakRef weak;

  g_weak_ref_init (&weak, self.task);
  tend_task_add_timer (self.task, SECOND, -1, drop_cb, &self, freed_cb);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("dropped:created freed");
  g_assert_null (g_weak_ref_get (&weak));
  g_weak_ref_clear (&weak);
}

static gboolean
complete_and_drop_cb (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  Fixture *self = user_data;

  tend_task_return_boolean (task, TRUE);
  note ("completed");
  g_clear_object (&self->task);
  g_assert_cmpint (self->n_freed, ==, 0);
  g_assert_true (tend_task_get_current () == task);
  note ("dropped:%s", tend_task_status_to_string (tend_task_get_status (task)));
  return TRUE;
}

/* What the body had goes with the end, the task itself when the callback is over; in each tick of a timer. */
static void
test_task_that_completes (void)
{
  for (gint64 interval = -1; interval <= SECOND; interval += SECOND + 1)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      Fixture self = { .task = tend_task_new_open ("running", idle_body, NULL, body_freed_cb) };
      GWeakRef weak;

      g_assert_true (tend_task_start (self.task, NULL));
      g_weak_ref_init (&weak, self.task);
      tend_task_add_timer (self.task, SECOND, interval, complete_and_drop_cb, &self, freed_cb);
      tend_clock_run_until_idle (clock, NULL);
      assert_notes ("body freed completed dropped:completed freed");
      g_assert_null (g_weak_ref_get (&weak));
      g_weak_ref_clear (&weak);
    }
}

static gboolean
drop_and_fail_cb (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Fixture *self = user_data;

  g_clear_object (&self->task);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "In the timer");
  return TRUE;
}

static void
note_unobserved_cb (const char   *task,
                    const GError *error,
                    const char   *origin,
                    gpointer      user_data)
{
  note ("unobserved:%s", error->message);
}

/* The error is the last that keeps the task from going. */
static void
test_task_that_fails (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Fixture self = { .task = tend_task_run_open ("failing", idle_body, NULL, NULL) };
  GWeakRef weak;

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  g_weak_ref_init (&weak, self.task);
  tend_task_add_exit_handler (self.task, note_exit_cb, (gpointer) "exit", NULL);
  tend_task_add_timer (self.task, SECOND, SECOND, drop_and_fail_cb, &self, freed_cb);
  tend_clock_run_until_idle (clock, NULL);
  tend_set_unobserved_func (NULL, NULL, NULL);
  assert_notes ("freed exit:failed unobserved:In the timer");
  g_assert_null (g_weak_ref_get (&weak));
  g_weak_ref_clear (&weak);
}

/* --- The timer itself --- */

static gboolean
cancel_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Fixture *self = user_data;

  g_assert_true (tend_timer_is_active (self->timer));
  tend_timer_cancel (self->timer);
  g_assert_false (tend_timer_is_active (self->timer));
  tend_timer_cancel (self->timer);
  g_assert_cmpint (self->n_freed, ==, 0);
  note ("cancelled");
  return TRUE;
}

/* One that fires once is active while it does, and goes when its callback returns. */
static void
test_cancelled_within (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  Fixture self = { 0 };

  self.timer = tend_task_add_timer (task, SECOND, -1, cancel_cb, &self, freed_cb);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("cancelled freed");
  tend_task_stop (task);
  assert_gone (task);
}

static gboolean
stop_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  Fixture *self = user_data;

  tend_task_stop (task);
  g_assert_cmpint (self->n_freed, ==, 0);
  note ("stopped");
  return TRUE;
}

/* A reference outlives the call, the scope and the task, and says so. */
static void
test_held_by_others (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  Fixture self = { 0 };
  g_autoptr(TendTimer) timer = tend_timer_ref (tend_task_add_timer (task, SECOND, -1, stop_cb, &self, freed_cb));

  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("stopped freed");
  assert_gone (task);
  g_assert_false (tend_timer_is_active (timer));
  tend_timer_cancel (timer);
  g_assert_cmpint (self.n_freed, ==, 1);
}

/* --- Calls in calls --- */

/* The first call runs a loop until the second has been, which ends what both are of. */
static gboolean
nested_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Fixture *self = user_data;
  guint call = ++self->n_calls;

  note ("begin:%u", call);
  if (call == 1)
    {
      while (self->n_calls < 2)
        g_main_context_iteration (NULL, TRUE);
    }
  else if (self->timer != NULL)
    tend_timer_cancel (self->timer);
  else
    {
      g_clear_object (&self->task);
      tend_task_stop (task);
    }

  g_assert_cmpint (self->n_freed, ==, 0);
  note ("end:%u:%s", call, tend_task_status_to_string (tend_task_get_status (task)));
  return TRUE;
}

static void
test_cancelled_in_a_nested_call (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  Fixture self = { 0 };

  self.timer = tend_task_add_timer (task, 0, 1000, nested_cb, &self, freed_cb);
  while (self.n_freed == 0)
    g_main_context_iteration (NULL, TRUE);
  assert_notes ("begin:1 begin:2 end:2:running end:1:running freed");
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_task_that_is_stopped_in_a_nested_call (void)
{
  Fixture self = { .task = tend_task_run_open (NULL, idle_body, NULL, NULL) };
  GWeakRef weak;

  g_weak_ref_init (&weak, self.task);
  tend_task_add_timer (self.task, 0, 1000, nested_cb, &self, freed_cb);
  while (self.n_freed == 0)
    g_main_context_iteration (NULL, TRUE);
  assert_notes ("begin:1 begin:2 end:2:stopped end:1:stopped freed");
  settle ();
  g_assert_null (g_weak_ref_get (&weak));
  g_weak_ref_clear (&weak);
}

/* A body that runs a loop, in which a timer completes the task: what the body has stays until it returns. */
static gboolean
looping_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Fixture *self = user_data;

  self->timer = tend_timer_ref (tend_task_add_timer (task, 0, -1, complete_and_drop_cb, self, freed_cb));
  while (tend_timer_is_active (self->timer))
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&self->timer, tend_timer_unref);
  settle ();
  note ("returned:%s", tend_task_status_to_string (tend_task_get_status (task)));

  return TRUE;
}

static void
test_task_that_completes_within_its_body (void)
{
  Fixture self = { 0 };
  GWeakRef weak;

  self.task = tend_task_new_open ("looping", looping_body, &self, body_freed_cb);
  g_weak_ref_init (&weak, self.task);
  g_assert_true (tend_task_start (self.task, NULL));
  assert_notes ("completed dropped:completed freed returned:completed body freed");
  settle ();
  g_assert_null (g_weak_ref_get (&weak));
  g_weak_ref_clear (&weak);
}

static gboolean
pausing_cb (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  note ("call");
  tend_task_pause (task);
  tend_task_resume (task);
  g_main_context_iteration (NULL, FALSE);
  return FALSE;
}

/* One that fires once does so also where its callback has everything of the task put back into the loop. */
static void
test_fires_once_though_paused (void)
{
  TendTask *task = tend_task_run_open ("pausing", idle_body, NULL, NULL);

  tend_task_add_timer (task, 0, -1, pausing_cb, NULL, NULL);
  settle ();
  assert_notes ("call");
  tend_task_post (task, pausing_cb, NULL, NULL);
  settle ();
  assert_notes ("call");
  tend_task_stop (task);
  assert_gone (task);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/timer-call/task-that-nobody-started", test_task_that_nobody_started);
  g_test_add_func ("/tend/timer-call/task-that-completes", test_task_that_completes);
  g_test_add_func ("/tend/timer-call/task-that-fails", test_task_that_fails);
  g_test_add_func ("/tend/timer-call/cancelled-within", test_cancelled_within);
  g_test_add_func ("/tend/timer-call/held-by-others", test_held_by_others);
  g_test_add_func ("/tend/timer-call/cancelled-in-a-nested-call", test_cancelled_in_a_nested_call);
  g_test_add_func ("/tend/timer-call/task-that-is-stopped-in-a-nested-call", test_task_that_is_stopped_in_a_nested_call);
  g_test_add_func ("/tend/timer-call/task-that-completes-within-its-body", test_task_that_completes_within_its_body);
  g_test_add_func ("/tend/timer-call/fires-once-though-paused", test_fires_once_though_paused);

  return g_test_run ();
}
