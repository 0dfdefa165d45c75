// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a pair of functions in the manner of GIO.

#include "../task/common.h"

/* --- A real pair --- */

static void
load_async (TendTask            *task,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             user_data)
{
  g_autoptr(GFile) file = g_file_new_for_path (user_data);

  g_assert_true (cancellable == tend_task_get_cancellable (task));
  g_assert_true (tend_task_get_current () == task);
  g_file_load_contents_async (file, cancellable, callback, callback_data);
}

static gboolean
load_finish (TendTask      *task,
             GAsyncResult  *result,
             gpointer       user_data,
             GError       **error)
{
  g_autoptr(GObject) file = g_async_result_get_source_object (result);
  g_autofree char *contents = NULL;

  g_assert_true (tend_task_get_current () == task);
  if (!g_file_load_contents_finish (G_FILE (file), result, &contents, NULL, NULL, error))
    return FALSE;

  tend_task_return_string (task, contents);
  return TRUE;
}

static void
test_gives_the_result (void)
{
  g_autoptr(TendTask) task = tend_task_run_async (NULL, load_async, load_finish, (gpointer) "/proc/self/comm", NULL);

  assert_status (task, "running");
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_true (g_str_has_suffix (tend_task_get_string (task), "\n"));
  assert_gone (task);
}

static void
test_gives_the_error (void)
{
  g_autoptr(TendTask) task = tend_task_run_async (NULL, load_async, load_finish, (gpointer) "/nonexistent", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_wait_sync (task, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_status (task, "failed");
  assert_gone (task);
}

/* --- A pair in the test's hands --- */

typedef struct
{
  GTask *operation;
  int    n_destroyed;
} Op;

static void
op_async (TendTask            *task,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             callback_data,
          gpointer             user_data)
{
  Op *op = user_data;

  op->operation = g_task_new (NULL, cancellable, callback, callback_data);
  g_task_set_check_cancellable (op->operation, FALSE);
}

static gboolean
op_finish (TendTask      *task,
           GAsyncResult  *result,
           gpointer       user_data,
           GError       **error)
{
  note ("finish");
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
op_destroyed_cb (gpointer user_data)
{
  ((Op *) user_data)->n_destroyed++;
}

static void
op_return (Op       *op,
           gboolean  value)
{
  g_task_return_boolean (op->operation, value);
  g_clear_object (&op->operation);
  settle ();
}

static void
test_keeps_its_data_until_the_end (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_run_async (NULL, op_async, op_finish, &op, op_destroyed_cb);

  settle ();
  g_assert_cmpint (op.n_destroyed, ==, 0);
  op_return (&op, TRUE);
  assert_notes ("finish");
  assert_status (task, "completed");
  g_assert_cmpint (op.n_destroyed, ==, 1);
  assert_gone (task);
}

static void
test_cancel_leaves_the_end_to_the_operation (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_run_async (NULL, op_async, op_finish, &op, op_destroyed_cb);

  tend_task_cancel (task);
  settle ();
  assert_status (task, "running");
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (op.operation)));
  op_return (&op, TRUE);
  assert_notes ("finish");
  assert_status (task, "completed");
  assert_gone (task);
}

/* The data stay until the operation has come back; what it brings is dropped. */
static void
test_stop_drops_what_comes_back (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_run_async (NULL, op_async, op_finish, &op, op_destroyed_cb);

  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (op.operation)));
  settle ();
  g_assert_cmpint (op.n_destroyed, ==, 0);
  op_return (&op, TRUE);
  assert_notes ("");
  assert_status (task, "stopped");
  g_assert_cmpint (op.n_destroyed, ==, 1);
  assert_gone (task);
}

static gboolean
returning_finish (TendTask      *task,
                  GAsyncResult  *result,
                  gpointer       user_data,
                  GError       **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "Returned");
  return FALSE;
}

static gboolean
silent_finish (TendTask      *task,
               GAsyncResult  *result,
               gpointer       user_data,
               GError       **error)
{
  return FALSE;
}

static void
test_finish_may_return_its_error (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) returning = tend_task_run_async (NULL, op_async, returning_finish, &op, NULL);
  g_autoptr(TendTask) silent = NULL;

  op_return (&op, TRUE);
  g_assert_error (tend_task_get_error (returning), G_IO_ERROR, G_IO_ERROR_BUSY);
  silent = tend_task_run_async (NULL, op_async, silent_finish, &op, NULL);
  op_return (&op, TRUE);
  g_assert_error (tend_task_get_error (silent), TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_str_has_suffix (tend_task_get_error (silent)->message, ": the body failed without an error"));
  assert_gone (returning);
  assert_gone (silent);
}

static gboolean
stopping_finish (TendTask      *task,
                 GAsyncResult  *result,
                 gpointer       user_data,
                 GError       **error)
{
  tend_task_stop (task);
  g_assert_cmpint (((Op *) user_data)->n_destroyed, ==, 0);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Dropped");
  return FALSE;
}

static void
test_finish_may_stop_the_task (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_run_async (NULL, op_async, stopping_finish, &op, op_destroyed_cb);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task *: nobody observed its error*: Dropped");
  op_return (&op, TRUE);
  g_test_assert_expected_messages ();
  assert_status (task, "stopped");
  g_assert_cmpint (op.n_destroyed, ==, 1);
  assert_gone (task);
}

/* Nobody takes the result: its error is told, unless it is that the operation was cancelled. */
static void
test_stop_does_not_silence_the_operation (void)
{
  static const GIOErrorEnum codes[] = { G_IO_ERROR_BUSY, G_IO_ERROR_CANCELLED };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      Op op = { NULL };
      g_autoptr(TendTask) task = tend_task_run_async (NULL, op_async, op_finish, &op, op_destroyed_cb);

      tend_task_stop (task);
      if (codes[i] == G_IO_ERROR_BUSY)
        g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task *: nobody observed its error*: Dropped");
      g_task_return_new_error (op.operation, G_IO_ERROR, codes[i], "Dropped");
      g_clear_object (&op.operation);
      settle ();
      g_test_assert_expected_messages ();
      assert_notes ("");
      g_assert_cmpint (op.n_destroyed, ==, 1);
      assert_gone (task);
    }
}

static void
test_runs_again_by_its_interval (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_new_async (NULL, op_async, op_finish, &op, NULL);

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (op.operation);
      tend_clock_advance (clock, SECOND, NULL);
      g_assert_nonnull (op.operation);
      if (i == 2)
        tend_task_cancel (task);
      op_return (&op, TRUE);
    }
  assert_notes ("finish finish finish");
  assert_status (task, "cancelled");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/async/gives-the-result", test_gives_the_result);
  g_test_add_func ("/tend/async/gives-the-error", test_gives_the_error);
  g_test_add_func ("/tend/async/keeps-its-data-until-the-end", test_keeps_its_data_until_the_end);
  g_test_add_func ("/tend/async/cancel-leaves-the-end-to-the-operation", test_cancel_leaves_the_end_to_the_operation);
  g_test_add_func ("/tend/async/stop-drops-what-comes-back", test_stop_drops_what_comes_back);
  g_test_add_func ("/tend/async/finish-may-return-its-error", test_finish_may_return_its_error);
  g_test_add_func ("/tend/async/finish-may-stop-the-task", test_finish_may_stop_the_task);
  g_test_add_func ("/tend/async/stop-does-not-silence-the-operation", test_stop_does_not_silence_the_operation);
  g_test_add_func ("/tend/async/runs-again-by-its-interval", test_runs_again_by_its_interval);

  return g_test_run ();
}
