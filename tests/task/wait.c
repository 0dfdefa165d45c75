// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for a task.

#include "common.h"

/* --- wait_async --- */

static void
test_waits_before_and_after_the_end (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "1");
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "2");
  settle ();
  assert_notes ("");
  tend_task_return_value (task, NULL);
  note ("ended");
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "3");
  note ("called");
  settle ();
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "4");
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "5");
  note ("called");
  settle ();
  assert_notes ("ended called 1:ok 2:ok 3:ok called 4:ok 5:ok");
  assert_gone (task);
}

/* Each time the same, however often. */
static void
test_waits_give_the_same_each_time (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, fail_body, NULL, NULL);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GError) error = NULL;

      tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
      settle ();
      assert_notes ("wait:io-0");
      g_assert_false (tend_task_wait_sync (task, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_assert_cmpstr (error->message, ==, "No luck");
    }
  assert_gone (task);
}

static void
test_waits_for_an_unstarted_task (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  settle ();
  assert_notes ("");
  g_assert_true (tend_task_start (task, NULL));
  settle ();
  assert_notes ("wait:ok");
  assert_gone (task);
}

static void
test_many_wait (void)
{
  g_autoptr(GString) expected = g_string_new (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  char *names[1000];

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      names[i] = g_strdup_printf ("%u", i);
      g_string_append_printf (expected, "%s%u:tend-0", i > 0 ? " " : "", i);
      tend_task_wait_async (task, NULL, note_wait_cb, names[i]);
    }
  tend_task_stop (task);
  settle ();
  assert_notes (expected->str);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_free (names[i]);
  assert_gone (task);
}

static void
keep_result_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(GObject) object = g_async_result_get_source_object (result);

  g_assert_true (object == source);
  g_assert_true (g_async_result_get_user_data (result) == user_data);
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* What the callback was given may be finished later, and keeps the task until then, whichever of the two came first. */
static void
test_result_may_be_kept (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      TendTask *task = tend_task_run_open (NULL, i == 0 ? complete_body : idle_body, NULL, NULL);
      gpointer weak = task;

      g_object_add_weak_pointer (G_OBJECT (task), &weak);
      tend_task_wait_async (task, NULL, keep_result_cb, &result);
      if (i == 1)
        tend_task_return_boolean (task, TRUE);
      g_object_unref (task);
      settle ();
      g_assert_nonnull (result);
      g_assert_nonnull (weak);
      g_assert_true (tend_task_wait_finish (task, result, NULL));
      g_clear_object (&result);
      g_assert_null (weak);
    }
}

/* Of a plain cancellable, which knows no better, it may come twice. */
static void
test_is_given_up_once (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  GCancellable *cancellable = g_cancellable_new ();

  tend_task_wait_async (task, cancellable, note_wait_cb, (gpointer) "a");
  g_cancellable_cancel (cancellable);
  g_cancellable_reset (cancellable);
  g_cancellable_cancel (cancellable);
  settle ();
  assert_notes ("a:io-19");
  tend_task_stop (task);
  assert_gone (task);
  g_assert_finalize_object (cancellable);
}

static void
test_finish_refuses_foreign_results (void)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GTask) foreign = g_task_new (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) other = tend_task_run_open (NULL, complete_body, NULL, NULL);

  tend_task_wait_async (task, NULL, keep_result_cb, &result);
  settle ();
  expect_critical ("*tend_wait_get_type*");
  g_assert_false (tend_task_wait_finish (task, G_ASYNC_RESULT (foreign), NULL));
  expect_critical ("*wait->task == self*");
  g_assert_false (tend_task_wait_finish (other, result, NULL));
  expect_critical ("*tend_wait_get_type*");
  g_assert_false (tend_task_wait_finish (task, NULL, NULL));
  g_test_assert_expected_messages ();
  g_clear_object (&result);
  assert_gone (task);
  assert_gone (other);
}

/* --- Giving up --- */

static gpointer
cancel_cancellable_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_is_given_up_by_its_cancellable (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

      if (i == 2)
        g_cancellable_cancel (cancellable);
      tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "patient");
      tend_task_wait_async (task, cancellable, note_wait_cb, (gpointer) "given-up");
      if (i == 0)
        g_cancellable_cancel (cancellable);
      else if (i == 1)
        in_thread (cancel_cancellable_thread, cancellable);
      assert_notes ("");
      settle ();
      assert_notes ("given-up:io-19");
      assert_status (task, "running");
      tend_task_return_value (task, NULL);
      settle ();
      assert_notes ("patient:ok");
      assert_gone (task);
      g_assert_finalize_object (g_steal_pointer (&cancellable));
    }
}

static void
test_cancellable_after_the_end_does_nothing (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_wait_async (task, cancellable, note_wait_cb, (gpointer) "wait");
  tend_task_return_value (task, NULL);
  settle ();
  assert_notes ("wait:ok");
  g_cancellable_cancel (cancellable);
  settle ();
  assert_notes ("");
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static void
settle_cb (GCancellable *cancellable,
           gpointer      user_data)
{
  tend_task_stop (user_data);
  settle ();
  note ("handled");
}

/* The wait ends within the emission of the signal that gives it up. */
static void
test_cancellable_may_run_the_loop (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  g_signal_connect (cancellable, "cancelled", G_CALLBACK (settle_cb), task);
  tend_task_wait_async (task, cancellable, note_wait_cb, (gpointer) "wait");
  g_cancellable_cancel (cancellable);
  assert_notes ("wait:tend-0 handled");
  settle ();
  assert_notes ("");
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* --- wait_sync --- */

/* A body that ends within its start leaves those who wait to the loop, and they come first. */
static void
test_sync_lets_those_before_it_go_first (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "first");
  g_assert_true (tend_task_start (task, NULL));
  assert_notes ("");
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_notes ("first:ok");
  assert_gone (task);
}


static void
test_sync_runs_the_context (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (task, 1000);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_sync_jumps_in_virtual_time (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  gint64 begin = tend_clock_get_time (clock);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (task, 3600 * SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, 3600 * SECOND);
  assert_gone (task);
}

static void
test_sync_gives_the_error (void)
{
  g_autoptr(TendTask) task = tend_task_run_open ("x", idle_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  tend_task_stop (task);
  g_assert_false (tend_task_wait_sync (task, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STOPPED);
  assert_gone (task);
}

static void
test_sync_refuses_an_unstarted_task (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("x", idle_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_wait_sync (task, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_pattern_match_simple ("Task 'x': has not been started, and the wait for it would not end",
                                         error->message));
  assert_gone (task);
}

static gboolean
wait_sync_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  return tend_task_wait_sync (user_data, error);
}

static void
test_sync_refuses_a_fiber (void)
{
  g_autoptr(TendTask) task = tend_task_run_open ("x", idle_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_run (wait_sync_body, task, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_pattern_match_simple ("Task 'x': a fiber cannot run the main context to wait for it*",
                                         error->message));
  tend_task_stop (task);
  assert_gone (task);
}

static gpointer
wait_thread (gpointer data)
{
  expect_critical ("*tend_loop_is_mine (self->loop)*");
  g_assert_false (tend_task_wait_sync (data, NULL));
  expect_critical ("*tend_loop_is_mine (self->loop)*");
  tend_task_wait_async (data, NULL, note_wait_cb, (gpointer) "thread");
  g_test_assert_expected_messages ();
  return NULL;
}

static void
test_refuses_the_wrong_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  in_thread (wait_thread, task);
  tend_task_stop (task);
  settle ();
  assert_notes ("");
  assert_gone (task);
}

static void
test_refuses_what_is_no_task (void)
{
  g_autoptr(GObject) foreign = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  expect_critical ("*TEND_IS_TASK (self)*");
  tend_task_wait_async (NULL, NULL, note_wait_cb, NULL);
  expect_critical ("*TEND_IS_TASK (self)*");
  g_assert_false (tend_task_wait_sync ((TendTask *) foreign, NULL));
  expect_critical ("*G_IS_CANCELLABLE (cancellable)*");
  tend_task_wait_async (task, (GCancellable *) foreign, note_wait_cb, NULL);
  g_test_assert_expected_messages ();
  assert_gone (task);
}

/* --- Within the end --- */

static void
note_called_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  note ("%s", (const char *) user_data);
  tend_task_wait_finish (TEND_TASK (source), result, NULL);
}

static void
wait_too_cb (TendTask *task,
             gpointer  user_data)
{
  tend_task_wait_async (task, NULL, note_called_cb, (gpointer) "second");
  while (user_data != NULL && g_main_context_iteration (NULL, FALSE))
    ;
}

static void
note_exit_handler_cb (TendTask *task,
                      gpointer  user_data)
{
  note ("exit");
}

/* A wait that is asked for while the task ends comes behind those of before, and behind all that the end tells. */
static void
test_asked_for_while_it_ends (void)
{
  for (guint i = 0; i < 2; i++)
    {
      TendTask *task = tend_task_run_open (NULL, idle_body, NULL, NULL);

      tend_task_add_exit_handler (task, note_exit_handler_cb, NULL, NULL);
      tend_task_add_exit_handler (task, wait_too_cb, GUINT_TO_POINTER (i), NULL);
      tend_task_wait_async (task, NULL, note_called_cb, (gpointer) "first");
      tend_task_return_value (task, NULL);
      settle ();
      assert_notes ("exit first second");
      assert_gone (task);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/wait/before-and-after-the-end", test_waits_before_and_after_the_end);
  g_test_add_func ("/tend/task/wait/same-each-time", test_waits_give_the_same_each_time);
  g_test_add_func ("/tend/task/wait/for-an-unstarted-task", test_waits_for_an_unstarted_task);
  g_test_add_func ("/tend/task/wait/many", test_many_wait);
  g_test_add_func ("/tend/task/wait/result-may-be-kept", test_result_may_be_kept);
  g_test_add_func ("/tend/task/wait/is-given-up-once", test_is_given_up_once);
  g_test_add_func ("/tend/task/wait/sync-lets-those-before-it-go-first", test_sync_lets_those_before_it_go_first);
  g_test_add_func ("/tend/task/wait/finish-refuses-foreign-results", test_finish_refuses_foreign_results);
  g_test_add_func ("/tend/task/wait/is-given-up-by-its-cancellable", test_is_given_up_by_its_cancellable);
  g_test_add_func ("/tend/task/wait/cancellable-after-the-end-does-nothing",
                   test_cancellable_after_the_end_does_nothing);
  g_test_add_func ("/tend/task/wait/cancellable-may-run-the-loop", test_cancellable_may_run_the_loop);
  g_test_add_func ("/tend/task/wait/sync-runs-the-context", test_sync_runs_the_context);
  g_test_add_func ("/tend/task/wait/sync-jumps-in-virtual-time", test_sync_jumps_in_virtual_time);
  g_test_add_func ("/tend/task/wait/sync-gives-the-error", test_sync_gives_the_error);
  g_test_add_func ("/tend/task/wait/sync-refuses-an-unstarted-task", test_sync_refuses_an_unstarted_task);
  g_test_add_func ("/tend/task/wait/sync-refuses-a-fiber", test_sync_refuses_a_fiber);
  g_test_add_func ("/tend/task/wait/refuses-the-wrong-thread", test_refuses_the_wrong_thread);
  g_test_add_func ("/tend/task/wait/refuses-what-is-no-task", test_refuses_what_is_no_task);
  g_test_add_func ("/tend/task/wait/asked-for-while-it-ends", test_asked_for_while_it_ends);

  return g_test_run ();
}
