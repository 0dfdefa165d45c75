// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The bridge from a task to a GTask: how the task ends, and the cancellable.

#include "to-gio.h"

/* --- Ends --- */

/* Warnings are fatal: an error that nobody has observed would end the test. */
static void
test_error_is_observed (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };

  bridge (task, NULL, &answer);
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "Too much");
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_gone (task);
}

static void
test_ended_before (void)
{
  g_autoptr(TendTask) task = open_task ();
  Answer answer = { 0 };

  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "Too much");
  settle ();
  bridge (task, NULL, &answer);
  g_assert_cmpint (answer.n_calls, ==, 0);
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_gone (task);
}

static void
test_cancelled_and_stopped (void)
{
  g_autoptr(TendTask) cancelled = tend_task_run_fiber ("cancelled", sleep_body, NULL, NULL);
  g_autoptr(TendTask) stopped = tend_task_run_fiber ("stopped", sleep_body, NULL, NULL);
  Answer first = { 0 }, second = { 0 };

  bridge (cancelled, NULL, &first);
  bridge (stopped, NULL, &second);
  tend_task_cancel (cancelled);
  tend_task_stop (stopped);
  assert_answered_error (&first, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_answered_error (&second, TEND_ERROR, TEND_ERROR_STOPPED);
  assert_gone (cancelled);
  assert_gone (stopped);
}

static void
test_timed_out (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber ("late", sleep_body, NULL, NULL);
  Answer answer = { 0 };

  bridge (task, NULL, &answer);
  tend_task_set_deadline (task, tend_get_time () + SECOND / 2);
  g_assert_true (tend_clock_advance (clock, SECOND / 2, NULL));
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&clock));
}

static void
test_dropped_before_its_start (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("never", idle_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  settle ();
  g_assert_cmpint (answer.n_calls, ==, 0);
  g_clear_object (&task);
  assert_answered_error (&answer, TEND_ERROR, TEND_ERROR_NOT_STARTED);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static gboolean
shielded_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_auto(TendShield) shield = tend_shield_enter ();
  g_auto(TendCall) call = TEND_CALL_INIT;
  GTask *operation;

  /* An operation that ignores its cancellable keeps a stopped fiber. */
  operation = g_task_new (NULL, tend_call_start (&call), tend_call_ready, &call);
  g_task_set_check_cancellable (operation, FALSE);
  *(GTask **) user_data = operation;

  return tend_await_call (&call, error);
}

/* The task ends when it is stopped, and is finished when its body has returned. */
static void
test_waits_until_finished (void)
{
  GTask *operation = NULL;
  g_autoptr(TendTask) task = tend_task_run_fiber ("long", shielded_body, &operation, NULL);
  Answer answer = { 0 }, late = { 0 };

  bridge (task, NULL, &answer);
  tend_task_stop (task);
  bridge (task, NULL, &late);
  settle ();
  assert_status (task, "stopped");
  g_assert_false (tend_task_is_finished (task));
  g_assert_cmpint (answer.n_calls + late.n_calls, ==, 0);

  g_task_return_boolean (operation, TRUE);
  g_object_unref (operation);
  assert_answered_error (&answer, TEND_ERROR, TEND_ERROR_STOPPED);
  assert_answered_error (&late, TEND_ERROR, TEND_ERROR_STOPPED);
  assert_gone (task);
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  note ("waited");
}

static void
returned_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  note ("returned");
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  note ("exit");
}

static void
free_notes (GString *text)
{
  g_string_free (text, TRUE);
}

static void
test_comes_after_those_who_wait (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_autoptr(GTask) to = g_task_new (NULL, NULL, returned_cb, NULL);

  g_clear_pointer (&notes, free_notes);
  tend_task_return_to_task (task, to);
  tend_task_add_exit_handler (task, exit_cb, NULL, NULL);
  tend_task_wait_async (task, NULL, waited_cb, NULL);
  tend_task_return_boolean (task, TRUE);
  settle ();
  assert_notes ("exit waited returned");
  g_assert_finalize_object (g_steal_pointer (&to));
  assert_gone (task);
}

/* --- The cancellable --- */

static void
test_cancellable (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("asked", sleep_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  settle ();
  g_assert_cmpint (answer.n_calls, ==, 0);
  g_cancellable_cancel (cancellable);
  g_assert_true (tend_task_is_cancelling (task));
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static void
test_cancelled_before (void)
{
  g_autoptr(TendTask) task = tend_task_new_fiber ("asked", sleep_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  g_cancellable_cancel (cancellable);
  bridge (task, cancellable, &answer);
  assert_status (task, "cancelled");
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* The body decides: what it has in spite of that is not lost. */
static void
test_cancelled_and_completed (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };
  g_autoptr(GError) error = NULL;

  bridge (task, cancellable, &answer);
  g_cancellable_cancel (cancellable);
  g_assert_true (tend_task_is_cancelling (task));
  tend_task_return_int (task, 5);
  assert_answered (&answer);
  g_assert_cmpint (g_task_propagate_int (answer.result, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&answer.result));
  assert_gone (task);
}

static void
test_cancelled_afterwards (void)
{
  g_autoptr(TendTask) task = open_task ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  tend_task_return_boolean (task, TRUE);
  assert_answered (&answer);
  g_clear_object (&answer.result);
  g_assert_false (g_signal_has_handler_pending (cancellable, g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0,
                                                TRUE));
  g_cancellable_cancel (cancellable);
  g_assert_false (tend_task_is_cancelling (task));
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static gpointer
cancel_cancellable (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancelled_in_another_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("asked", sleep_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Answer answer = { 0 };

  bridge (task, cancellable, &answer);
  g_thread_join (g_thread_new ("cancel", cancel_cancellable, cancellable));
  g_assert_false (tend_task_is_cancelling (task));
  assert_answered_error (&answer, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* The end and the other thread's cancel cross: the GTask ends once, and nothing is left. */
static void
test_cancel_crosses_the_end (void)
{
  int n_rounds = g_test_slow () ? 20000 : 500;

  for (int i = 0; i < n_rounds; i++)
    {
      g_autoptr(TendTask) task = open_task ();
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      Answer answer = { 0 };
      GThread *thread;

      bridge (task, cancellable, &answer);
      thread = g_thread_new ("cancel", cancel_cancellable, cancellable);
      tend_task_return_int (task, 1);
      while (answer.n_calls == 0)
        g_main_context_iteration (NULL, TRUE);
      g_thread_join (thread);
      assert_answered (&answer);
      g_assert_finalize_object (g_steal_pointer (&answer.result));
      assert_gone (task);
      g_assert_finalize_object (g_steal_pointer (&cancellable));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("error-is-observed", test_error_is_observed);
  add ("ended-before", test_ended_before);
  add ("cancelled-and-stopped", test_cancelled_and_stopped);
  add ("timed-out", test_timed_out);
  add ("dropped-before-its-start", test_dropped_before_its_start);
  add ("waits-until-finished", test_waits_until_finished);
  add ("comes-after-those-who-wait", test_comes_after_those_who_wait);
  add ("cancellable", test_cancellable);
  add ("cancelled-before", test_cancelled_before);
  add ("cancelled-and-completed", test_cancelled_and_completed);
  add ("cancelled-afterwards", test_cancelled_afterwards);
  add ("cancelled-in-another-thread", test_cancelled_in_another_thread);
  add ("cancel-crosses-the-end", test_cancel_crosses_the_end);

  return g_test_run ();
}
