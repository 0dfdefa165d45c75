// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// User code that a call on a task, a completion, a cancellable or an error runs, and that drops what the call was
// given.

#include "borrowed.h"

/* --- Completions --- */

static void
test_completion_set_error (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));
  g_autoptr(GError) reason = new_test_error ();
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_completion_set_error (lend (completion), reason, &error));
  g_assert_no_error (error);
  assert_test_error (tend_task_get_error (task));
  assert_dropped ();
}

/* There is no task either then. */
static void
test_completion_set_error_alone (void)
{
  g_autoptr(GError) reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
  g_autoptr(GError) other = new_test_error ();
  g_autoptr(GError) error = NULL;
  TendCompletion *completion = tend_completion_new ("twice");

  g_assert_true (tend_completion_set_error (completion, reason, NULL));
  g_assert_false (tend_completion_set_error (lend (completion), other, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "twice"));
  assert_dropped ();
}

static gpointer
set_thread (gpointer data)
{
  g_assert_true (tend_completion_set_int (data, 1, NULL));
  return NULL;
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  run_user_code ();
}

static gboolean
set_int (TendCompletion  *completion,
         GError         **error)
{
  return tend_completion_set_int (completion, 2, error);
}

static gboolean
set_boolean (TendCompletion  *completion,
             GError         **error)
{
  return tend_completion_set_boolean (completion, TRUE, error);
}

static gboolean
set_string (TendCompletion  *completion,
            GError         **error)
{
  return tend_completion_set_string (completion, "text", error);
}

/* What another thread has set comes home only as it is set again, and an exit handler hears of that. */
static void
test_completion_set_late (void)
{
  gboolean (* const setters[]) (TendCompletion *, GError **) = {
    set_int, set_boolean, set_string, tend_completion_set_cancelled,
  };

  for (guint i = 0; i < G_N_ELEMENTS (setters); i++)
    {
      TendCompletion *completion = tend_completion_new ("late");
      g_autoptr(GError) error = NULL;

      tend_task_add_exit_handler (tend_completion_get_task (completion), exit_cb, NULL, NULL);
      in_thread (set_thread, completion);
      g_assert_false (setters[i] (lend (completion), &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
      g_assert_nonnull (strstr (error->message, "late"));
      assert_dropped ();
    }
}

static void
test_completion_set_object (void)
{
  GObject *object = new_toggled (G_TYPE_OBJECT);
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_completion_set_object (lend (tend_completion_new (NULL)), object, &error));
  g_assert_no_error (error);
  assert_dropped ();
  free_toggled (object);
}

/* --- Tasks --- */

static void
test_return_object (void)
{
  GObject *object = new_toggled (G_TYPE_OBJECT);

  tend_task_return_object (lend (tend_task_new_open (NULL, NULL, NULL, NULL)), object);
  assert_dropped ();
  free_toggled (object);
}

static void
test_add_cancellable (void)
{
  GCancellable *cancellable = new_toggled (G_TYPE_CANCELLABLE);

  tend_task_add_cancellable (lend (tend_task_new_open (NULL, NULL, NULL, NULL)), cancellable);
  assert_dropped ();
  free_toggled (cancellable);
}

static void
stop_lent (void)
{
  tend_task_stop (lent);
}

/* A task that has ended keeps no cancellable. */
static void
test_add_cancellable_to_the_ended (void)
{
  GCancellable *cancellable = new_toggled (G_TYPE_CANCELLABLE);
  TendTask *task = lend (tend_task_new_open (NULL, NULL, NULL, NULL));

  user_code = stop_lent;
  tend_task_add_cancellable (task, cancellable);
  assert_status (task, "stopped");
  drop_lent ();
  assert_dropped ();
  free_toggled (cancellable);
}

static void
count_wait_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_assert_true (tend_task_wait_finish (TEND_TASK (source), result, NULL));
  count_cb (user_data);
}

static TendTask *
new_completed (void)
{
  TendTask *task = tend_task_new_open (NULL, NULL, NULL, NULL);

  tend_task_return_int (task, 1);
  settle ();

  return task;
}

static void
test_wait_async (void)
{
  GCancellable *cancellable = new_toggled (G_TYPE_CANCELLABLE);
  int n_called = 0;

  tend_task_wait_async (lend (new_completed ()), cancellable, count_wait_cb, &n_called);
  g_assert_cmpint (n_called, ==, 0);
  assert_dropped ();
  g_assert_cmpint (n_called, ==, 1);
  free_toggled (cancellable);
}

/* The callback does not come before the call returns, and the wait is still there then. */
static void
test_wait_async_in_a_loop (void)
{
  GCancellable *cancellable = new_toggled (G_TYPE_CANCELLABLE);
  g_autoptr(TendTask) task = new_completed ();
  int n_called = 0;

  user_code = settle;
  tend_task_wait_async (task, cancellable, count_wait_cb, &n_called);
  g_assert_cmpint (n_called, ==, 0);
  settle ();
  g_assert_cmpint (n_called, ==, 1);
  free_toggled (cancellable);
}

static gboolean
await_completed_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  use_up_waits ();
  return tend_await (user_data, error);
}

static gboolean
await_unstarted_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_autoptr(GError) failure = NULL;

  use_up_waits ();
  g_assert_false (tend_await (user_data, &failure));
  g_assert_error (failure, TEND_ERROR, TEND_ERROR_NOT_STARTED);
  return TRUE;
}

/* Who awaits a task that is not started does not keep it. */
static void
test_await (void)
{
  run_dropping (await_completed_body, new_completed ());
  run_dropping (await_unstarted_body, tend_task_new_open (NULL, idle_body, NULL, NULL));
}

/* --- Errors --- */

static void
test_list_errors (void)
{
  TendTask *tasks[2];
  TendTask *wait;
  g_autoptr(GPtrArray) errors = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_new_open (NULL, fail_with_copies_body, NULL, NULL);
  wait = tend_wait_all (tasks, G_N_ELEMENTS (tasks));
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    g_assert_true (tend_task_start (tasks[i], NULL));
  settle ();
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    g_object_unref (tasks[i]);
  assert_status (wait, "failed");

  errors = tend_task_list_errors (lend (wait));
  g_assert_cmpuint (errors->len, ==, 2);
  assert_test_error ((GError *) g_ptr_array_index (errors, 1));
  assert_dropped ();
}

/* --- Cancellables --- */

static void
test_add_parent (void)
{
  GCancellable *parent = new_toggled (G_TYPE_CANCELLABLE);

  tend_cancellable_add_parent (lend (tend_cancellable_new ()), parent);
  assert_dropped ();
  g_cancellable_cancel (parent);
  free_toggled (parent);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/borrowed/completion-set-error", test_completion_set_error);
  g_test_add_func ("/tend/borrowed/completion-set-error-alone", test_completion_set_error_alone);
  g_test_add_func ("/tend/borrowed/completion-set-late", test_completion_set_late);
  g_test_add_func ("/tend/borrowed/completion-set-object", test_completion_set_object);
  g_test_add_func ("/tend/borrowed/return-object", test_return_object);
  g_test_add_func ("/tend/borrowed/add-cancellable", test_add_cancellable);
  g_test_add_func ("/tend/borrowed/add-cancellable-to-the-ended", test_add_cancellable_to_the_ended);
  g_test_add_func ("/tend/borrowed/wait-async", test_wait_async);
  g_test_add_func ("/tend/borrowed/wait-async-in-a-loop", test_wait_async_in_a_loop);
  g_test_add_func ("/tend/borrowed/await", test_await);
  g_test_add_func ("/tend/borrowed/list-errors", test_list_errors);
  g_test_add_func ("/tend/borrowed/add-parent", test_add_parent);

  return g_test_run ();
}
