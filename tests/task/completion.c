// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The writing end of a task: the first outcome, what is told those who come later, and who can wait for it.

#include "completion.h"

static GError *
new_busy (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "Busy");
}

/* --- The first outcome --- */

static void
test_is_running_until_it_is_set (void)
{
  TendCompletion *completion = tend_completion_new ("answer");
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (tend_task_get_name (task), ==, "answer");
  assert_status (task, "running");
  g_assert_false (tend_completion_is_done (completion));

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  g_assert_true (tend_completion_set_int (completion, 42, &error));
  g_assert_no_error (error);
  g_assert_true (tend_completion_is_done (completion));
  assert_status (task, "completed");
  assert_notes ("");
  settle ();
  assert_notes ("wait:ok");

  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  g_assert_null (tend_task_get_error (task));
  g_assert_finalize_object (completion);
  assert_gone (task);
}

/* What was set can be read afterwards, from the task, as often as one likes. */
static void
test_result_and_error_can_be_read_afterwards (void)
{
  g_autoptr(GObject) object = g_object_new (G_TYPE_OBJECT, NULL);
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(GError) busy = new_busy ();
  g_autoptr(GError) error = NULL;
  TendCompletion *completions[7];
  TendTask *tasks[7];

  g_value_init (&value, G_TYPE_DOUBLE);
  g_value_set_double (&value, 1.5);
  for (guint i = 0; i < G_N_ELEMENTS (completions); i++)
    completions[i] = tend_completion_new (NULL);
  g_assert_true (tend_completion_set_value (completions[0], &value, &error));
  g_assert_true (tend_completion_set_value (completions[1], NULL, &error));
  g_assert_true (tend_completion_set_boolean (completions[2], TRUE, &error));
  g_assert_true (tend_completion_set_int (completions[3], G_MAXINT64, &error));
  g_assert_true (tend_completion_set_string (completions[4], "text", &error));
  g_assert_true (tend_completion_set_object (completions[5], object, &error));
  g_assert_true (tend_completion_set_error (completions[6], busy, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (completions); i++)
    tasks[i] = drop (completions[i]);

  for (guint twice = 0; twice < 2; twice++)
    {
      g_assert_cmpfloat (tend_task_get_double (tasks[0]), ==, 1.5);
      g_assert_null (tend_task_get_result (tasks[1], &error));
      g_assert_true (tend_task_get_boolean (tasks[2]));
      g_assert_cmpint (tend_task_get_int (tasks[3]), ==, G_MAXINT64);
      g_assert_cmpstr (tend_task_get_string (tasks[4]), ==, "text");
      g_assert_true (tend_task_get_object (tasks[5]) == object);
      g_assert_no_error (error);
      g_assert_error (tend_task_get_error (tasks[6]), G_IO_ERROR, G_IO_ERROR_BUSY);
      assert_status (tasks[6], "failed");
    }

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    assert_gone (tasks[i]);
}

static void
test_setting_twice_is_an_error (void)
{
  TendCompletion *completion = tend_completion_new ("answer");
  g_autoptr(GError) busy = new_busy ();
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = NULL;

  g_assert_true (tend_completion_set_string (completion, "first", &error));
  g_assert_false (tend_completion_set_string (completion, "second", &error));
  g_assert_cmpstr (error->message, ==, "Task 'answer': has been completed already");
  expect_state_error (error, " has been completed already");
  g_assert_false (tend_completion_set_value (completion, NULL, &error));
  expect_state_error (error, " has been completed already");
  g_assert_false (tend_completion_set_error (completion, busy, &error));
  expect_state_error (error, " has been completed already");
  g_assert_false (tend_completion_set_cancelled (completion, &error));
  expect_state_error (error, " has been completed already");

  task = drop (completion);
  g_assert_cmpstr (tend_task_get_string (task), ==, "first");
  assert_gone (task);
}

/* After an error, too, and after a cancellation. */
static void
test_first_error_stays (void)
{
  TendCompletion *failed = tend_completion_new (NULL);
  TendCompletion *cancelled = tend_completion_new (NULL);
  g_autoptr(GError) busy = new_busy ();
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = NULL;

  g_assert_true (tend_completion_set_error (failed, busy, NULL));
  g_assert_false (tend_completion_set_int (failed, 1, &error));
  expect_state_error (error, " has been completed already");
  task = drop (failed);
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_gone (task);

  g_assert_true (tend_completion_set_cancelled (cancelled, NULL));
  g_assert_false (tend_completion_set_error (cancelled, busy, &error));
  expect_state_error (error, " has been cancelled already");
  task = drop (cancelled);
  assert_status (task, "cancelled");
  assert_gone (task);
}

static void
test_trying_twice_says_so (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(GError) busy = new_busy ();
  g_autoptr(TendTask) task = NULL;

  g_assert_true (tend_completion_set_error (completion, busy, NULL));
  g_assert_false (tend_completion_set_error (completion, busy, NULL));
  g_assert_false (tend_completion_set_value (completion, NULL, NULL));
  g_assert_false (tend_completion_set_cancelled (completion, NULL));
  g_assert_false (tend_completion_set_int (completion, 1, NULL));

  task = drop (completion);
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_gone (task);
}

static void
test_cancelled_is_an_error_of_its_own (void)
{
  TendCompletion *completion = tend_completion_new ("answer");
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  g_assert_true (tend_completion_set_cancelled (completion, NULL));
  assert_status (task, "cancelled");
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message, "\': cancelled"));
  settle ();
  assert_notes ("wait:io-19");

  g_assert_finalize_object (completion);
  assert_gone (task);
}

/* --- Errors --- */

static guint n_reports;

static void
count_report_cb (const char   *task,
                 const GError *error,
                 const char   *origin,
                 gpointer      user_data)
{
  n_reports++;
}

/* Nothing is told at once, and what nobody has read is told once, when the task goes. */
static void
test_unobserved_error_is_told_once_at_the_end (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(GError) busy = new_busy ();
  TendTask *task;

  n_reports = 0;
  tend_set_unobserved_func (count_report_cb, NULL, NULL);
  g_assert_true (tend_completion_set_error (completion, busy, NULL));
  settle ();
  task = drop (completion);
  settle ();
  g_assert_cmpuint (n_reports, ==, 0);
  assert_gone (task);
  g_assert_cmpuint (n_reports, ==, 1);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_observed_error_is_not_told (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(GError) busy = new_busy ();
  TendTask *task;

  g_assert_true (tend_completion_set_error (completion, busy, NULL));
  task = drop (completion);
  g_assert_nonnull (tend_task_get_error (task));
  assert_gone (task);
}

/* --- With others --- */

/* A task without a body goes by its own name with whoever takes tasks: a fiber, a combinator. */
static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (!tend_await (user_data, error))
    return FALSE;

  tend_task_return_int (task, tend_task_get_int (user_data) + 1);
  return TRUE;
}

static void
test_fiber_awaits_it (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  TendTask *task = tend_completion_get_task (completion);
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, await_body, task, NULL);

  assert_status (fiber, "running");
  g_assert_true (tend_completion_set_int (completion, 41, NULL));
  assert_status (fiber, "running");
  settle ();
  g_assert_cmpint (tend_task_get_int (fiber), ==, 42);

  assert_gone (fiber);
  g_assert_finalize_object (completion);
}

static void
test_all_waits_for_it (void)
{
  TendCompletion *completions[2] = { tend_completion_new (NULL), tend_completion_new (NULL) };
  TendTask *tasks[2] = { tend_completion_get_task (completions[0]), tend_completion_get_task (completions[1]) };
  g_autoptr(TendTask) all = tend_when_all (tasks, 2);

  g_assert_true (tend_completion_set_int (completions[1], 2, NULL));
  settle ();
  assert_status (all, "running");
  g_assert_true (tend_completion_set_int (completions[0], 1, NULL));
  settle ();
  assert_status (all, "completed");

  assert_gone (all);
  g_assert_finalize_object (completions[0]);
  g_assert_finalize_object (completions[1]);
}

static void
test_is_made_with_properties (void)
{
  TendCompletion *completion = g_object_new (TEND_TYPE_COMPLETION, "name", "answer", NULL);
  g_autoptr(TendTask) task = NULL;
  g_autofree char *name = NULL;

  g_object_get (completion, "name", &name, "task", &task, NULL);
  g_assert_cmpstr (name, ==, "answer");
  g_assert_true (task == tend_completion_get_task (completion));
  g_assert_true (tend_completion_set_value (completion, NULL, NULL));

  g_assert_finalize_object (completion);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/completion/is-running-until-it-is-set", test_is_running_until_it_is_set);
  g_test_add_func ("/tend/completion/result-and-error-can-be-read-afterwards",
                   test_result_and_error_can_be_read_afterwards);
  g_test_add_func ("/tend/completion/setting-twice-is-an-error", test_setting_twice_is_an_error);
  g_test_add_func ("/tend/completion/first-error-stays", test_first_error_stays);
  g_test_add_func ("/tend/completion/trying-twice-says-so", test_trying_twice_says_so);
  g_test_add_func ("/tend/completion/cancelled-is-an-error-of-its-own", test_cancelled_is_an_error_of_its_own);
  g_test_add_func ("/tend/completion/unobserved-error-is-told-once-at-the-end",
                   test_unobserved_error_is_told_once_at_the_end);
  g_test_add_func ("/tend/completion/observed-error-is-not-told", test_observed_error_is_not_told);
  g_test_add_func ("/tend/completion/fiber-awaits-it", test_fiber_awaits_it);
  g_test_add_func ("/tend/completion/all-waits-for-it", test_all_waits_for_it);
  g_test_add_func ("/tend/completion/is-made-with-properties", test_is_made_with_properties);

  return g_test_run ();
}
