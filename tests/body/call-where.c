// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TendCall: where the fiber goes on.

#include "call-op.h"

/* --- In the callback, or behind what runs --- */

#define N_OPERATIONS 100

static guint n_polls;

static int
counting_poll (GPollFD *fds,
               guint    n_fds,
               int      timeout)
{
  n_polls++;
  return g_poll (fds, n_fds, timeout);
}

/* An operation that comes back from a source of its own, in the next iteration of the context. */
static void
idle_begin (GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr(GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_return_boolean (task, TRUE);
}

typedef struct
{
  guint n;
} Counter;

static void
next_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Counter *counter = user_data;

  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  if (++counter->n < N_OPERATIONS)
    idle_begin (NULL, next_cb, counter);
}

static gboolean
many_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Counter *counter = user_data;

  for (; counter->n < N_OPERATIONS; counter->n++)
    {
      g_auto(TendCall) call = TEND_CALL_INIT;

      idle_begin (tend_call_start (&call), tend_call_ready, &call);
      if (!tend_await_call (&call, error))
        return FALSE;
      g_assert_true (g_task_propagate_boolean (G_TASK (call.result), NULL));
      g_assert_cmpint (g_main_depth (), ==, 1);
    }

  return TRUE;
}

static guint
count_polls (Counter *counter)
{
  n_polls = 0;
  while (counter->n < N_OPERATIONS)
    g_main_context_iteration (NULL, TRUE);

  return n_polls;
}

/* An operation takes as many polls as with callbacks: one. */
static void
test_takes_one_poll (void)
{
  GPollFunc before = g_main_context_get_poll_func (NULL);
  Counter callbacks = { 0 };
  Counter fiber = { 0 };
  g_autoptr(TendTask) task = NULL;
  guint n;

  g_main_context_set_poll_func (NULL, counting_poll);
  idle_begin (NULL, next_cb, &callbacks);
  n = count_polls (&callbacks);
  g_assert_cmpuint (n, ==, N_OPERATIONS);

  task = tend_task_run_fiber (NULL, many_body, &fiber, NULL);
  g_assert_cmpuint (count_polls (&fiber), ==, n);
  g_main_context_set_poll_func (NULL, before);
  assert_gone (task);
}

/* A callback as GLib's sources are called: the result comes back within the call that gives it. */
static void
end_at_once (Op *op)
{
  g_autoptr(GTask) task = op_take (op);
  GAsyncReadyCallback callback = tend_call_ready;

  callback (NULL, G_ASYNC_RESULT (task), g_task_get_task_data (task));
}

static void
op_begin_at_once (Op           *op,
                  GCancellable *cancellable,
                  TendCall     *call)
{
  op_begin (op, cancellable, NULL, NULL);
  g_task_set_task_data (op->task, call, NULL);
}

static gboolean
at_once_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_begin_at_once (user_data, tend_call_start (&call), &call);
  if (!tend_await_call (&call, error))
    return FALSE;
  note ("fiber");
  return TRUE;
}

/* Outside of the loop the fiber runs within the callback, and before that what was woken before. */
static void
test_goes_on_in_the_callback (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, at_once_body, &op, NULL);
  g_autoptr(TendTask) other = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_wait_async (other, NULL, note_wait_cb, (gpointer) "other");
  tend_task_return_boolean (other, TRUE);
  assert_notes ("");
  end_at_once (&op);
  assert_notes ("other:ok fiber");
  assert_status (task, "completed");
  assert_gone (task);
  assert_gone (other);
}

static gboolean
ends_op_cb (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  note ("timer(");
  end_at_once (user_data);
  note (")");
  return TRUE;
}

/* In a turn of the loop it runs when the callback has returned, before the next timer that is due. */
static void
test_goes_on_behind_a_callback (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, at_once_body, &op, NULL);
  g_autoptr(TendTask) host = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_timer (host, SECOND, -1, ends_op_cb, &op, NULL);
  tend_task_add_timer (host, SECOND, -1, note_cb, (gpointer) "next", NULL);
  g_assert_true (tend_clock_advance (clock, SECOND, NULL));
  settle ();
  assert_notes ("timer( ) fiber next");
  tend_task_stop (host);
  assert_gone (task);
  assert_gone (host);
}

static void
wait_ends_op_cb (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  note ("waiter(");
  end_at_once (user_data);
  note (")");
}

/* The callback of a wait is no task's, and is called in a turn of the loop all the same. */
static void
test_goes_on_behind_a_waiter (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, at_once_body, &op, NULL);
  g_autoptr(TendTask) other = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_wait_async (other, NULL, wait_ends_op_cb, &op);
  tend_task_return_boolean (other, TRUE);
  settle ();
  assert_notes ("waiter( ) fiber");
  assert_gone (task);
  assert_gone (other);
}

static void
exit_ends_op_cb (TendTask *task,
                 gpointer  user_data)
{
  note ("exit(");
  end_at_once (user_data);
  note (")");
}

/* It does not run within the handlers of another task's end, though nothing of the loop is under way. */
static void
test_goes_on_behind_an_exit_handler (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, at_once_body, &op, NULL);
  g_autoptr(TendTask) other = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_exit_handler (other, exit_ends_op_cb, &op, NULL);
  tend_task_stop (other);
  assert_notes ("exit( )");
  settle ();
  assert_notes ("fiber");
  assert_gone (task);
  assert_gone (other);
}

static void
cancelled_at_once_cb (GCancellable *cancellable,
                      gpointer      user_data)
{
  note ("cancelled(");
  end_at_once (user_data);
  note (")");
}

static gboolean
cancelled_at_once_body (TendTask  *task,
                        gpointer   user_data,
                        GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  GCancellable *cancellable = tend_call_start (&call);

  op_begin_at_once (user_data, cancellable, &call);
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (cancelled_at_once_cb), user_data);
  if (!tend_await_call (&call, error))
    note ("fiber");
  return FALSE;
}

/* Nor within the call that cancels it. */
static void
test_goes_on_behind_its_cancelling (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, cancelled_at_once_body, &op, NULL);

  tend_task_cancel (task);
  assert_notes ("cancelled( )");
  settle ();
  assert_notes ("fiber");
  assert_gone (task);
}

static gpointer
end_thread (gpointer data)
{
  end_at_once (data);
  return NULL;
}

static void
test_callback_may_come_in_another_thread (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, at_once_body, &op, NULL);

  /* From here on the loop is this thread's, and not only of its making. */
  settle ();
  in_thread (end_thread, &op);
  assert_notes ("");
  settle ();
  assert_notes ("fiber");
  assert_status (task, "completed");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/call/takes-one-poll", test_takes_one_poll);
  g_test_add_func ("/tend/call/goes-on-in-the-callback", test_goes_on_in_the_callback);
  g_test_add_func ("/tend/call/goes-on-behind-a-callback", test_goes_on_behind_a_callback);
  g_test_add_func ("/tend/call/goes-on-behind-a-waiter", test_goes_on_behind_a_waiter);
  g_test_add_func ("/tend/call/goes-on-behind-an-exit-handler", test_goes_on_behind_an_exit_handler);
  g_test_add_func ("/tend/call/goes-on-behind-its-cancelling", test_goes_on_behind_its_cancelling);
  g_test_add_func ("/tend/call/callback-may-come-in-another-thread", test_callback_may_come_in_another_thread);

  return g_test_run ();
}
