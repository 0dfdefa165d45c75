// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A completion whose task is ended by others, and one that is dropped before it has an outcome.

#include "completion.h"

/* --- Cancelling and stopping --- */

static void
test_cancelling_the_task_ends_it (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));
  GCancellable *cancellable = tend_task_get_cancellable (task);
  g_autoptr(GError) error = NULL;

  tend_task_cancel (task);
  assert_status (task, "cancelled");
  g_assert_true (tend_completion_is_done (completion));
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_false (tend_completion_set_int (completion, 1, &error));
  expect_state_error (error, " has been cancelled already");
  g_assert_false (tend_completion_set_value (completion, NULL, NULL));

  g_assert_finalize_object (completion);
  assert_gone (task);
}

static void
test_stopping_the_task_ends_it (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));
  GCancellable *cancellable = tend_task_get_cancellable (task);
  g_autoptr(GError) error = NULL;

  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_true (tend_completion_is_done (completion));
  g_assert_true (g_cancellable_is_cancelled (cancellable));
  g_assert_false (tend_completion_set_int (completion, 1, &error));
  expect_state_error (error, " has been stopped already");

  g_assert_finalize_object (completion);
  assert_gone (task);
}

/* An exit handler of the task comes after the decision. */
static void
set_late_cb (TendTask *task,
             gpointer  user_data)
{
  note ("late:%d", tend_completion_set_value (user_data, NULL, NULL));
}

static void
test_exit_handler_is_too_late (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  tend_task_add_exit_handler (task, set_late_cb, completion, NULL);
  tend_task_stop (task);
  assert_notes ("late:0");
  assert_status (task, "stopped");

  g_assert_finalize_object (completion);
  assert_gone (task);
}

static gboolean
fail_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "Broken");
  return FALSE;
}

static void
test_scope_of_the_task_may_fail_it (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  tend_task_add_timer (task, 0, -1, fail_cb, NULL, NULL);
  settle ();
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  g_assert_false (tend_completion_set_value (completion, NULL, NULL));

  g_assert_finalize_object (completion);
  assert_gone (task);
}

/* --- Being dropped --- */

static void
test_dropped_completion_fails_its_task (void)
{
  TendCompletion *completion = tend_completion_new ("answer");
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  g_assert_finalize_object (completion);
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_NOT_STARTED);
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message,
                                   " cannot be completed any more: its completion was dropped"));
  settle ();
  g_autofree char *expected = g_strdup_printf ("wait:tend-%d", TEND_ERROR_NOT_STARTED);
  assert_notes (expected);
  assert_gone (task);
}

static void
note_unobserved_cb (const char   *task,
                    const GError *error,
                    const char   *origin,
                    gpointer      user_data)
{
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NOT_STARTED);
  g_assert_true (g_pattern_match_simple ("*test-task-completion-end*", origin));
  note ("unobserved:%s", task);
}

/* Somebody has forgotten to complete it: where nobody hears of that by waiting, it is told. */
static void
test_dropped_with_nobody_waiting_is_told_once (void)
{
  TendCompletion *completion = tend_completion_new ("kept");
  TendTask *task = g_object_ref (tend_completion_get_task (completion));

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  g_assert_finalize_object (completion);
  settle ();
  assert_notes ("");
  assert_gone (task);
  g_assert_true (g_str_has_prefix (notes->str, "unobserved:Task('kept', "));
  g_string_free (g_steal_pointer (&notes), TRUE);

  completion = tend_completion_new ("waited for");
  task = g_object_ref (tend_completion_get_task (completion));
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  g_object_unref (completion);
  settle ();
  assert_gone (task);
  g_autofree char *expected = g_strdup_printf ("wait:tend-%d", TEND_ERROR_NOT_STARTED);
  assert_notes (expected);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* Nobody needs the outcome any more, or nobody has ever known of the task. */
static void
test_dropped_where_nobody_cares_is_not_told (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  TendTask *task = g_object_ref (tend_completion_get_task (completion));

  tend_task_cancel (task);
  g_assert_finalize_object (completion);
  assert_gone (task);

  completion = tend_completion_new (NULL);
  g_assert_finalize_object (completion);
  settle ();
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

static void
test_dropped_elsewhere_fails_its_task_at_home (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  in_thread (unref_thread, completion);
  assert_status (task, "running");
  settle ();
  assert_status (task, "failed");
  g_autofree char *expected = g_strdup_printf ("wait:tend-%d", TEND_ERROR_NOT_STARTED);
  assert_notes (expected);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/completion/cancelling-the-task-ends-it", test_cancelling_the_task_ends_it);
  g_test_add_func ("/tend/completion/stopping-the-task-ends-it", test_stopping_the_task_ends_it);
  g_test_add_func ("/tend/completion/exit-handler-is-too-late", test_exit_handler_is_too_late);
  g_test_add_func ("/tend/completion/scope-of-the-task-may-fail-it", test_scope_of_the_task_may_fail_it);
  g_test_add_func ("/tend/completion/dropped-fails-its-task", test_dropped_completion_fails_its_task);
  g_test_add_func ("/tend/completion/dropped-with-nobody-waiting-is-told-once",
                   test_dropped_with_nobody_waiting_is_told_once);
  g_test_add_func ("/tend/completion/dropped-where-nobody-cares-is-not-told",
                   test_dropped_where_nobody_cares_is_not_told);
  g_test_add_func ("/tend/completion/dropped-elsewhere-fails-its-task-at-home",
                   test_dropped_elsewhere_fails_its_task_at_home);

  return g_test_run ();
}
