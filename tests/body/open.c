// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that stays open: a function begins it, and somebody completes the task.

#include "../task/common.h"

static gboolean
thrice_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  note ("%s", (const char *) user_data);
  tend_task_return_string (task, user_data);

  return TRUE;
}

static void
test_completes_within_the_call (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, thrice_body, (gpointer) "data", NULL);

  assert_notes ("data");
  assert_status (task, "completed");
  g_assert_cmpstr (tend_task_get_string (task), ==, "data");
  assert_gone (task);
}

static void
test_completes_later (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, &n_destroyed, count_cb);

  settle ();
  assert_status (task, "running");
  g_assert_cmpint (n_destroyed, ==, 0);
  tend_task_return_int (task, 4);
  assert_status (task, "completed");
  g_assert_cmpint (n_destroyed, ==, 1);
  g_assert_cmpint (tend_task_get_int (task), ==, 4);
  assert_gone (task);
  g_assert_cmpint (n_destroyed, ==, 1);
}

static void
test_stop_frees_its_data (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, &n_destroyed, count_cb);

  tend_task_stop (task);
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (task);
  g_assert_cmpint (n_destroyed, ==, 1);
}

/* The body begins a GIO operation, and completes its task from the operation's callback. */
static void
loaded_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(TendTask) task = user_data;
  g_autofree char *contents = NULL;
  GError *error = NULL;

  if (g_file_load_contents_finish (G_FILE (source), result, &contents, NULL, NULL, &error))
    tend_task_return_string (task, contents);
  else
    tend_task_return_error (task, error);
}

static gboolean
load_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (user_data);

  g_file_load_contents_async (file, tend_task_get_cancellable (task), loaded_cb, g_object_ref (task));

  return TRUE;
}

static void
test_wraps_a_gio_operation (void)
{
  g_autoptr(TendTask) good = tend_task_run_open (NULL, load_body, (gpointer) "/proc/self/comm", NULL);
  g_autoptr(TendTask) cancelled = tend_task_run_open (NULL, load_body, (gpointer) "/proc/self/comm", NULL);
  g_autoptr(TendTask) stopped = tend_task_run_open (NULL, load_body, (gpointer) "/proc/self/comm", NULL);

  tend_task_cancel (cancelled);
  tend_task_stop (stopped);
  g_assert_true (tend_task_wait_sync (good, NULL));
  g_assert_true (g_str_has_suffix (tend_task_get_string (good), "\n"));
  g_assert_false (tend_task_wait_sync (cancelled, NULL));
  assert_status (cancelled, "cancelled");
  assert_status (stopped, "stopped");

  /* The operation of the stopped task still has to come back. */
  while (G_OBJECT (stopped)->ref_count > 1)
    g_main_context_iteration (NULL, TRUE);
  assert_gone (good);
  assert_gone (cancelled);
  assert_gone (stopped);
}

static gboolean
nested_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  int *n_destroyed = user_data;
  g_autoptr(TendTask) inner = tend_task_run_open (NULL, complete_body, NULL, NULL);

  tend_task_return_value (task, NULL);
  g_assert_true (tend_task_wait_sync (inner, NULL));
  g_assert_true (tend_task_get_current () == task);
  g_assert_cmpint (*n_destroyed, ==, 0);

  return TRUE;
}

/* Its data stay while it runs the loop, though its task has ended. */
static void
test_may_run_the_loop (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, nested_body, &n_destroyed, count_cb);

  assert_status (task, "completed");
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (task);
}

static gboolean
failing_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  if (user_data != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, user_data);
  return FALSE;
}

/* A beginning that does not succeed is the end. */
static void
test_fails_with_its_function (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, failing_body, (gpointer) "busy", NULL);
  g_autoptr(TendTask) silent = tend_task_run_open (NULL, failing_body, NULL, NULL);

  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_error (tend_task_get_error (silent), TEND_ERROR, TEND_ERROR_STATE);
  assert_gone (task);
  assert_gone (silent);
}

static gboolean
end_and_fail_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  if (user_data != NULL)
    tend_task_stop (task);
  else
    tend_task_return_value (task, NULL);

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "too late");
  return FALSE;
}

static void
told_cb (const char   *task,
         const GError *error,
         const char   *origin,
         gpointer      user_data)
{
  note ("told:%s", error->message);
}

/* What a function has to say after the end is told. */
static void
test_fails_after_its_end (void)
{
  g_autoptr(TendTask) completed = NULL, stopped = NULL;

  tend_set_unobserved_func (told_cb, NULL, NULL);
  completed = tend_task_run_open (NULL, end_and_fail_body, NULL, NULL);
  assert_status (completed, "completed");
  assert_notes ("told:too late");
  stopped = tend_task_run_open (NULL, end_and_fail_body, (gpointer) "stop", NULL);
  assert_status (stopped, "stopped");
  assert_notes ("told:too late");
  tend_set_unobserved_func (NULL, NULL, NULL);
  assert_gone (completed);
  assert_gone (stopped);
}

static void
test_refuses_no_function (void)
{
  g_autoptr(TendTask) task = NULL;

  expect_critical ("*func != NULL*");
  task = tend_task_run_open (NULL, NULL, NULL, NULL);
  g_assert_null (task);
  expect_critical ("*func != NULL*");
  task = tend_task_new_fiber (NULL, NULL, NULL, NULL);
  g_assert_null (task);
  expect_critical ("*func != NULL*");
  task = tend_task_new_thread (NULL, NULL, NULL, NULL);
  g_assert_null (task);
  expect_critical ("*begin != NULL*");
  task = tend_task_new_async (NULL, NULL, NULL, NULL, NULL);
  g_assert_null (task);
  expect_critical ("*func != NULL*");
  g_assert_false (tend_run (NULL, NULL, NULL));
  g_test_assert_expected_messages ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/open/completes-within-the-call", test_completes_within_the_call);
  g_test_add_func ("/tend/open/completes-later", test_completes_later);
  g_test_add_func ("/tend/open/stop-frees-its-data", test_stop_frees_its_data);
  g_test_add_func ("/tend/open/wraps-a-gio-operation", test_wraps_a_gio_operation);
  g_test_add_func ("/tend/open/may-run-the-loop", test_may_run_the_loop);
  g_test_add_func ("/tend/open/fails-with-its-function", test_fails_with_its_function);
  g_test_add_func ("/tend/open/fails-after-its-end", test_fails_after_its_end);
  g_test_add_func ("/tend/open/refuses-no-function", test_refuses_no_function);

  return g_test_run ();
}
