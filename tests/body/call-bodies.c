// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TendCall: what is a mistake, bodies that are given up or end their thread, and the bodies of threads.

#include "call-op.h"

#include "../support/tool.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- Mistakes --- */

static gboolean
never_started_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  tend_call_clear (&call);
  expect_critical ("tend_await_call(): no operation was begun with this TendCall");
  return tend_await_call (&call, error);
}

static void
test_never_started (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_run (never_started_body, NULL, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
}

static gboolean
end_op_cb (gpointer data)
{
  op_end (data);
  return G_SOURCE_REMOVE;
}

/* The operation is cancelled from the start, and leaving the scope runs the context until it has come back. */
static void
test_outside_of_bodies (void)
{
  g_autoptr(GError) error = NULL;
  Op op = OP_IGNORES;

  {
    g_auto(TendCall) call = TEND_CALL_INIT;

    expect_critical ("tend_call_start(): *fiber*");
    op_begin (&op, tend_call_start (&call), tend_call_ready, &call);
    g_test_assert_expected_messages ();
    g_assert_true (op_is_cancelled (&op));
    g_assert_false (tend_await_call (&call, &error));
    g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
    g_timeout_add (1, end_op_cb, &op);
  }
  g_assert_null (op.task);
}

static gboolean
shares_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  expect_critical ("tend_await_call(): this TendCall is of another body");
  return tend_await_call (user_data, error);
}

static gboolean
clears_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  expect_critical ("tend_call_clear(): this TendCall is of another body*");
  tend_call_clear (user_data);
  return TRUE;
}

typedef struct
{
  Op        op;
  TendCall *call;
} Shared;

static gboolean
lends_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Shared *shared = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_begin (&shared->op, tend_call_start (&call), tend_call_ready, &call);
  shared->call = &call;
  return tend_await_call (&call, error);
}

static void
test_of_another_body (void)
{
  Shared shared = { OP_IGNORES, NULL };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, lends_body, &shared, NULL);
  g_autoptr(TendTask) awaits = tend_task_run_fiber (NULL, shares_body, shared.call, NULL);
  g_autoptr(TendTask) clears = NULL;

  g_test_assert_expected_messages ();
  g_assert_error (tend_task_get_error (awaits), TEND_ERROR, TEND_ERROR_STATE);
  clears = tend_task_run_fiber (NULL, clears_body, shared.call, NULL);
  g_test_assert_expected_messages ();
  op_end (&shared.op);
  settle ();
  assert_status (task, "completed");
  assert_gone (task);
  assert_gone (awaits);
  assert_gone (clears);
}

static gboolean
forgetful_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  TendCall call = TEND_CALL_INIT;

  op_begin (user_data, tend_call_start (&call), tend_call_ready, &call);
  return TRUE;
}

static gboolean
filling_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  volatile char fill[4000];

  memset ((char *) fill, 0x55, sizeof fill);
  if (!tend_sleep (SECOND, error))
    return FALSE;
  for (guint i = 0; i < sizeof fill; i++)
    g_assert_cmpint (fill[i], ==, 0x55);
  return TRUE;
}

/* Without g_auto() the operation finds a stack that is nobody else's. */
static void
test_forgotten (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = NULL;
  g_autoptr(TendTask) other = NULL;

  expect_critical ("Task 'a': the body has returned before its operation has ended*");
  task = tend_task_run_fiber ("a", forgetful_body, &op, NULL);
  g_test_assert_expected_messages ();
  assert_status (task, "completed");
  g_assert_true (op_is_cancelled (&op));

  other = tend_task_run_fiber (NULL, filling_body, NULL, NULL);
  op_end (&op);
  settle ();
  tend_clock_run_until_idle (clock, NULL);
  assert_status (other, "completed");
  assert_gone (task);
  assert_gone (other);
}

/* --- A body that is given up, and one that ends its thread --- */

/* What such a body holds is not freed, so here it is the test that does. */
static TendCall lost = TEND_CALL_INIT;

static gboolean
deaf_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  op_begin (user_data, tend_call_start (&lost), tend_call_ready, &lost);
  while (TRUE)
    tend_sleep (SECOND, NULL);

  return FALSE;
}

static void
test_given_up (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber ("deaf", deaf_body, &op, NULL);

  tend_task_stop (task);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'deaf': * it is given up");
  settle ();
  g_test_assert_expected_messages ();
  g_assert_false (tend_task_is_finished (task));
  op_end (&op);
  settle ();
  g_assert_true (tend_task_is_finished (task));
  assert_gone (task);
  tend_call_clear (&lost);
}

static gboolean
exits_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  op_begin (user_data, tend_call_start (&lost), tend_call_ready, &lost);
  if (!tend_yield (error))
    return FALSE;
  pthread_exit (NULL);
}

static void
test_ends_its_thread (void)
{
  g_autoptr(TendTask) task = NULL;
  Op op = OP_IGNORES;

  if (IS_TSAN)
    {
      g_test_skip ("ThreadSanitizer does not let a fiber call pthread_exit().");
      return;
    }

  task = tend_task_run_fiber (NULL, exits_body, &op, NULL);
  settle ();
  g_assert_true (op_is_cancelled (&op));
  assert_status (task, "running");
  op_end (&op);
  settle ();
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STATE);
  assert_gone (task);
  tend_call_clear (&lost);
}

/* --- The body of a thread --- */

static gboolean
loads_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(GFile) file = g_file_new_for_path ("/proc/self/comm");
  g_auto(TendCall) one = TEND_CALL_INIT;
  g_auto(TendCall) two = TEND_CALL_INIT;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&first, g_free);
      g_clear_pointer (&second, g_free);
      g_file_load_contents_async (file, tend_call_start (&one), tend_call_ready, &one);
      g_file_load_contents_async (file, tend_call_start (&two), tend_call_ready, &two);
      if (!tend_await_call (&two, error) ||
          !g_file_load_contents_finish (file, two.result, &second, NULL, NULL, error) ||
          !tend_await_call (&one, error) ||
          !g_file_load_contents_finish (file, one.result, &first, NULL, NULL, error))
        return FALSE;
      g_assert_cmpstr (first, ==, second);
      g_assert_null (g_main_context_get_thread_default ());
    }

  tend_task_return_string (task, first);
  return TRUE;
}

static void
test_in_a_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, loads_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_true (g_str_has_suffix (tend_task_get_string (task), "\n"));
  assert_gone (task);
}

static int n_reads;

/* A read that never ends by itself. */
static gboolean
reads_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  char byte;

  g_input_stream_read_async (user_data, &byte, 1, G_PRIORITY_DEFAULT, tend_call_start (&call), tend_call_ready, &call);
  g_atomic_int_set (&n_reads, 1);
  if (!tend_await_call (&call, error))
    return FALSE;
  return g_input_stream_read_finish (user_data, call.result, error) >= 0;
}

static void
test_in_a_thread_that_is_interrupted (void)
{
  for (guint is_stopped = 0; is_stopped < 2; is_stopped++)
    {
      int fds[2];
      g_autoptr(GSocket) socket = NULL;
      g_autoptr(GSocketConnection) connection = NULL;
      g_autoptr(TendTask) task = NULL;

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
      socket = g_socket_new_from_fd (fds[0], NULL);
      connection = g_socket_connection_factory_create_connection (socket);
      g_atomic_int_set (&n_reads, 0);
      task = tend_task_run_thread (NULL, reads_body, g_io_stream_get_input_stream (G_IO_STREAM (connection)), NULL);
      while (g_atomic_int_get (&n_reads) == 0)
        g_thread_yield ();
      if (is_stopped)
        tend_task_stop (task);
      else
        tend_task_cancel (task);
      while (!tend_task_is_finished (task))
        g_main_context_iteration (NULL, TRUE);
      assert_status (task, is_stopped ? "stopped" : "cancelled");
      assert_gone (task);
      close (fds[1]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/call/never-started", test_never_started);
  g_test_add_func ("/tend/call/outside-of-bodies", test_outside_of_bodies);
  g_test_add_func ("/tend/call/of-another-body", test_of_another_body);
  g_test_add_func ("/tend/call/forgotten", test_forgotten);
  g_test_add_func ("/tend/call/given-up", test_given_up);
  g_test_add_func ("/tend/call/ends-its-thread", test_ends_its_thread);
  g_test_add_func ("/tend/call/in-a-thread", test_in_a_thread);
  g_test_add_func ("/tend/call/in-a-thread-that-is-interrupted", test_in_a_thread_that_is_interrupted);

  return g_test_run ();
}
