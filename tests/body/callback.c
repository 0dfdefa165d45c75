// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function on the loop's thread.

#include "../task/common.h"

static void
thrice_body (TendTask *task,
             gpointer  user_data)
{
  note ("%s", (const char *) user_data);
  tend_task_return_string (task, user_data);
}

static void
test_completes_within_the_call (void)
{
  g_autoptr(TendTask) task = tend_task_run (NULL, thrice_body, (gpointer) "data", NULL);

  assert_notes ("data");
  assert_status (task, "completed");
  g_assert_cmpstr (tend_task_get_string (task), ==, "data");
  assert_gone (task);
}

static void
test_completes_later (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run (NULL, idle_body, &n_destroyed, count_cb);

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
  g_autoptr(TendTask) task = tend_task_run (NULL, idle_body, &n_destroyed, count_cb);

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

static void
load_body (TendTask *task,
           gpointer  user_data)
{
  g_autoptr(GFile) file = g_file_new_for_path (user_data);

  g_file_load_contents_async (file, tend_task_get_cancellable (task), loaded_cb, g_object_ref (task));
}

static void
test_wraps_a_gio_operation (void)
{
  g_autoptr(TendTask) good = tend_task_run (NULL, load_body, (gpointer) "/proc/self/comm", NULL);
  g_autoptr(TendTask) cancelled = tend_task_run (NULL, load_body, (gpointer) "/proc/self/comm", NULL);
  g_autoptr(TendTask) stopped = tend_task_run (NULL, load_body, (gpointer) "/proc/self/comm", NULL);

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

static void
nested_body (TendTask *task,
             gpointer  user_data)
{
  int *n_destroyed = user_data;
  g_autoptr(TendTask) inner = tend_task_run (NULL, complete_body, NULL, NULL);

  tend_task_return_value (task, NULL);
  g_assert_true (tend_task_wait_sync (inner, NULL));
  g_assert_true (tend_task_get_current () == task);
  g_assert_cmpint (*n_destroyed, ==, 0);
}

/* Its data stay while it runs the loop, though its task has ended. */
static void
test_may_run_the_loop (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run (NULL, nested_body, &n_destroyed, count_cb);

  assert_status (task, "completed");
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (task);
}

static void
test_refuses_no_function (void)
{
  g_autoptr(TendTask) task = NULL;

  expect_critical ("*func != NULL*");
  task = tend_task_run (NULL, NULL, NULL, NULL);
  g_assert_null (task);
  expect_critical ("*func != NULL*");
  task = tend_task_new_fiber (NULL, NULL, NULL, NULL);
  g_assert_null (task);
  expect_critical ("*func != NULL*");
  task = tend_task_new_thread (NULL, NULL, NULL, NULL);
  g_assert_null (task);
  expect_critical ("*func != NULL*");
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

  g_test_add_func ("/tend/callback/completes-within-the-call", test_completes_within_the_call);
  g_test_add_func ("/tend/callback/completes-later", test_completes_later);
  g_test_add_func ("/tend/callback/stop-frees-its-data", test_stop_frees_its_data);
  g_test_add_func ("/tend/callback/wraps-a-gio-operation", test_wraps_a_gio_operation);
  g_test_add_func ("/tend/callback/may-run-the-loop", test_may_run_the_loop);
  g_test_add_func ("/tend/callback/refuses-no-function", test_refuses_no_function);

  return g_test_run ();
}
