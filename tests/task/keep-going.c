// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Interval tasks with runs that fail: which of them go on, and where the errors go.

#include "common.h"

/* Notes the error of which it is told, and then does something to the task, if it has one. */
typedef struct
{
  TendTask *task;
  void (* act) (TendTask *task);
} Listener;

static void
told_cb (const char   *task,
         const GError *error,
         const char   *origin,
         gpointer      user_data)
{
  Listener *listener = user_data;

  note ("told:%s", error->message);
  if (listener != NULL && listener->act != NULL)
    listener->act (listener->task);
}

static void
listen (Listener *listener)
{
  tend_set_unobserved_func (told_cb, listener, NULL);
}

/* Has @task run each second, at once for the first time, and go on although runs fail. */
static TendTask *
keep_going (TendTask *task)
{
  tend_task_set_delay (task, 0);
  tend_task_set_interval (task, SECOND);
  tend_task_set_keep_going (task, TRUE);
  g_assert_true (tend_task_start (task, NULL));

  return task;
}

static void
stop (TendTask *task)
{
  tend_task_stop (task);
  assert_gone (task);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* --- Each kind of failure --- */

static gboolean
fail_fiber (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (!tend_sleep (SECOND / 2, error))
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Fiber");
  return FALSE;
}

static gboolean
return_error_fiber (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "Returned");
  return TRUE;
}

static gboolean
fail_silently_fiber (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  return FALSE;
}

static gboolean
fail_after_result_fiber (TendTask  *task,
                         gpointer   user_data,
                         GError   **error)
{
  tend_task_return_string (task, "half a result");
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Half");
  return FALSE;
}

static gboolean
fail_thread (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Thread");
  return FALSE;
}

static gboolean
return_error_cb (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "Later");
  return FALSE;
}

static gboolean
fail_later_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  tend_task_add_timer (task, SECOND / 2, -1, return_error_cb, NULL, NULL);
  return TRUE;
}

static void
fail_async (TendTask            *task,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             user_data)
{
  g_autoptr(GTask) operation = g_task_new (NULL, cancellable, callback, callback_data);

  g_task_return_new_error (operation, G_IO_ERROR, G_IO_ERROR_FAILED, "Operation");
}

static gboolean
fail_finish (TendTask      *task,
             GAsyncResult  *result,
             gpointer       user_data,
             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Lets time pass until the listener was told @n_times, however long a thread takes. */
static void
run_until_told (TendClock *clock,
                guint      n_times)
{
  while (n_times > 0)
    {
      if (notes != NULL && g_str_has_prefix (notes->str, "told:"))
        {
          n_times--;
          g_string_free (g_steal_pointer (&notes), TRUE);
        }
      else
        tend_clock_advance (clock, SECOND / 4, NULL);
    }
}

static void
test_after_each_kind_of_failure (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    tend_task_new_fiber ("fiber", fail_fiber, NULL, NULL),
    tend_task_new_fiber ("returns", return_error_fiber, NULL, NULL),
    tend_task_new_fiber ("silent", fail_silently_fiber, NULL, NULL),
    tend_task_new_fiber ("half", fail_after_result_fiber, NULL, NULL),
    tend_task_new_thread ("thread", fail_thread, NULL, NULL),
    tend_task_new_open ("at once", fail_body, NULL, NULL),
    tend_task_new_open ("later", fail_later_body, NULL, NULL),
    tend_task_new_async ("async", fail_async, fail_finish, NULL, NULL),
  };

  listen (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      keep_going (tasks[i]);
      run_until_told (clock, 3);
      assert_status (tasks[i], "running");
      tend_task_stop (tasks[i]);
      tend_clock_run_until_idle (clock, NULL);
      assert_gone (tasks[i]);
      assert_notes ("");
    }
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_errors_are_told_at_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_open ("loser", fail_body, NULL, NULL);

  keep_going (task);
  for (guint i = 0; i < 3; i++)
    {
      g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                             "Task 'loser': nobody observed its error; it was made at *test-task-keep-going*: No luck");
      tend_clock_advance (clock, i == 0 ? 0 : SECOND, NULL);
      g_test_assert_expected_messages ();
    }
  g_assert_null (tend_task_get_error (task));
  stop (task);
}

/* --- When the next run comes --- */

static gboolean
fail_slowly_fiber (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  note ("run");

  return fail_fiber (task, user_data, error);
}

static void
test_next_run_comes_as_after_success (void)
{
  for (guint mode = 0; mode <= TEND_INTERVAL_MODE_FIXED_RATE; mode++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendTask *task = tend_task_new_fiber (NULL, fail_slowly_fiber, NULL, NULL);
      gint64 wait = mode == TEND_INTERVAL_MODE_FIXED_RATE ? SECOND / 2 : SECOND;

      listen (NULL);
      tend_task_set_interval_mode (task, mode);
      keep_going (task);
      tend_clock_advance (clock, SECOND / 2, NULL);
      assert_notes ("run told:Fiber");
      tend_clock_advance (clock, wait - 1, NULL);
      assert_notes ("");
      tend_clock_advance (clock, 1, NULL);
      assert_notes ("run");
      stop (task);
    }
}

/* --- What ends the task all the same --- */

static void
test_failed_run_ends_it_by_default (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, fail_body, NULL, NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_FAILED);
  assert_gone (task);
}

static gboolean
cancelled_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
  return TRUE;
}

static void
test_cancelled_run_ends_it (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_open (NULL, cancelled_body, NULL, NULL);

  listen (NULL);
  keep_going (task);
  tend_clock_advance (clock, 0, NULL);
  assert_status (task, "cancelled");
  stop (task);
  assert_notes ("");
}

/* The body fails for another reason while it is being cancelled: that is how the task ends. */
static gboolean
fail_when_cancelled_fiber (TendTask  *task,
                           gpointer   user_data,
                           GError   **error)
{
  g_assert_false (tend_sleep (SECOND, NULL));
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Not saved");
  return FALSE;
}

static void
test_cancel_during_a_failing_run_ends_it (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_fiber (NULL, fail_when_cancelled_fiber, NULL, NULL);

  listen (NULL);
  keep_going (task);
  tend_clock_advance (clock, SECOND / 2, NULL);
  tend_task_cancel (task);
  settle ();
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  stop (task);
  assert_notes ("");
}

static void
test_deadline_ends_it (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_fiber (NULL, fail_fiber, NULL, NULL);

  listen (NULL);
  tend_task_set_deadline (task, tend_clock_get_time (clock) + SECOND * 7 / 4);
  keep_going (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND * 7 / 4);
  assert_notes ("told:Fiber");
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  stop (task);
  assert_notes ("");
}

static gboolean
fail_timer_cb (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Timer");
  return FALSE;
}

static void
test_error_of_a_timer_ends_it (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  listen (NULL);
  keep_going (task);
  tend_task_add_timer (task, SECOND / 2, -1, fail_timer_cb, NULL, NULL);
  tend_clock_advance (clock, SECOND / 2, NULL);
  assert_status (task, "failed");
  assert_notes ("");
  stop (task);
  assert_notes ("told:Timer");
}

static void
test_needs_an_interval (void)
{
  g_autoptr(TendTask) once = tend_task_new_open (NULL, fail_body, NULL, NULL);
  g_autoptr(TendTask) empty = tend_task_new_open (NULL, NULL, NULL, NULL);

  tend_task_set_keep_going (once, TRUE);
  g_assert_true (tend_task_start (once, NULL));
  assert_status (once, "failed");
  g_assert_nonnull (tend_task_get_error (once));

  tend_task_set_interval (empty, SECOND);
  tend_task_return_new_error (empty, G_IO_ERROR, G_IO_ERROR_FAILED, "No body");
  assert_status (empty, "failed");
  g_assert_nonnull (tend_task_get_error (empty));
  assert_gone (once);
  assert_gone (empty);
}

/* --- What the listener does to the task --- */

static void
test_listener_may_end_it (void)
{
  static void (* const ways[]) (TendTask *) = { tend_task_cancel, tend_task_stop };
  static const char * const statuses[] = { "cancelled", "stopped" };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendTask *task = tend_task_new_open (NULL, fail_body, NULL, NULL);
      Listener listener = { task, ways[i] };

      listen (&listener);
      tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
      keep_going (task);
      g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
      assert_status (task, statuses[i]);
      assert_notes (i == 0 ? "told:No luck exit:cancelled" : "told:No luck exit:stopped");
      stop (task);
    }
}

/* The last reference but the task's own, which goes with its end. */
static void
stop_and_drop (TendTask *task)
{
  tend_task_stop (task);
  g_object_unref (task);
}

static void
test_listener_may_drop_it (void)
{
  TendTask *tasks[] = {
    tend_task_new_open (NULL, fail_body, NULL, NULL),
    tend_task_new_fiber (NULL, return_error_fiber, NULL, NULL),
    tend_task_new_async (NULL, fail_async, fail_finish, NULL, NULL),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      Listener listener = { tasks[i], stop_and_drop };
      gpointer kept = tasks[i];

      listen (&listener);
      g_object_add_weak_pointer (kept, &kept);
      keep_going (tasks[i]);
      tend_clock_run_until_idle (clock, NULL);
      g_assert_null (kept);
      g_assert_true (notes != NULL && g_str_has_prefix (notes->str, "told:"));
      g_string_free (g_steal_pointer (&notes), TRUE);
    }
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* The wait for the next run begins after the error was told, and stands still from the first. */
static void
test_listener_may_pause_it (void)
{
  for (guint mode = 0; mode <= TEND_INTERVAL_MODE_FIXED_RATE; mode++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendTask *task = tend_task_new_open (NULL, fail_body, NULL, NULL);
      Listener listener = { task, tend_task_pause };

      listen (&listener);
      tend_task_set_interval_mode (task, mode);
      keep_going (task);
      tend_clock_advance (clock, 10 * SECOND, NULL);
      assert_notes ("told:No luck");
      assert_status (task, "running");
      tend_task_resume (task);
      tend_clock_advance (clock, SECOND - 1, NULL);
      assert_notes ("");
      tend_clock_advance (clock, 1, NULL);
      assert_notes ("told:No luck");
      stop (task);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, func) g_test_add_func ("/tend/task/keep-going/" name, func)
  ADD ("after-each-kind-of-failure", test_after_each_kind_of_failure);
  ADD ("errors-are-told-at-once", test_errors_are_told_at_once);
  ADD ("next-run-comes-as-after-success", test_next_run_comes_as_after_success);
  ADD ("failed-run-ends-it-by-default", test_failed_run_ends_it_by_default);
  ADD ("cancelled-run-ends-it", test_cancelled_run_ends_it);
  ADD ("cancel-during-a-failing-run-ends-it", test_cancel_during_a_failing_run_ends_it);
  ADD ("deadline-ends-it", test_deadline_ends_it);
  ADD ("error-of-a-timer-ends-it", test_error_of_a_timer_ends_it);
  ADD ("needs-an-interval", test_needs_an_interval);
  ADD ("listener-may-end-it", test_listener_may_end_it);
  ADD ("listener-may-drop-it", test_listener_may_drop_it);
  ADD ("listener-may-pause-it", test_listener_may_pause_it);

  return g_test_run ();
}
