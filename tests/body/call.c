// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// TendCall: one operation after the other and several at a time, each way out of its scope, and where the fiber goes
// on. The operations are the test's own, which come back when it says so.

#include "call-op.h"

/* --- One call --- */

static gboolean
one_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_begin (user_data, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    {
      note ("%s", (*error)->message);
      return FALSE;
    }

  note ("came");
  return g_task_propagate_boolean (G_TASK (call.result), error);
}

static void
test_error_is_the_tasks_own (void)
{
  Op op = OP_OBEYS;
  g_autoptr(TendTask) task = tend_task_run_fiber ("a", one_body, &op, NULL);

  tend_cancellable_cancel_with_reason (TEND_CANCELLABLE (tend_task_get_cancellable (task)), "the window was closed");
  settle ();
  assert_notes ("Task 'a': cancelled: the window was closed");
  assert_status (task, "cancelled");
  assert_gone (task);
}

static void
test_deadline_is_the_tasks_own (void)
{
  Op op = OP_OBEYS;
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber ("a", one_body, &op, NULL);

  tend_task_set_deadline (task, tend_get_time () + SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_clock_advance (clock, SECOND, NULL));
  settle ();
  assert_notes ("Task 'a': did not end before its deadline");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
}

/* It ends when the operation does, and the operation when it likes. */
static void
test_operation_may_ignore_it (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber ("a", one_body, &op, NULL);

  tend_task_cancel (task);
  settle ();
  assert_notes ("");
  assert_status (task, "running");
  op_end (&op);
  settle ();
  assert_notes ("Task 'a': cancelled");
  assert_gone (task);
}

static gboolean
keeps_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_begin (user_data, tend_call_start (&call), tend_call_ready, &call);
  g_assert_null (call.result);
  g_assert_false (tend_await_call (&call, error));
  g_assert_true (g_task_propagate_boolean (G_TASK (call.result), NULL));
  note ("kept");
  return FALSE;
}

static void
test_result_is_there_all_the_same (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, keeps_body, &op, NULL);

  tend_task_cancel (task);
  op_end (&op);
  settle ();
  assert_notes ("kept");
  assert_status (task, "cancelled");
  assert_gone (task);
}

static gboolean
takes_error_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autoptr(GError) taken = NULL;

  op_begin (user_data, tend_call_start (&call), tend_call_ready, &call);
  g_assert_true (tend_await_call (&call, error));
  g_assert_false (g_task_propagate_boolean (G_TASK (call.result), &taken));
  g_assert_error (taken, G_IO_ERROR, G_IO_ERROR_FAILED);
  note ("taken");

  return tend_sleep (G_TIME_SPAN_HOUR, error);
}

/* An error that the fiber has taken is its own, also when it is stopped later. */
static void
test_stopped_with_an_error_taken (void)
{
  Op op = OP_OBEYS;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, takes_error_body, &op, NULL);

  op_fail (&op);
  settle ();
  assert_notes ("taken");
  tend_task_stop (task);
  settle ();
  assert_status (task, "stopped");
  assert_gone (task);
}

/* The task's own cancellable is not needed, and is not made for it. */
static gboolean
own_cancellable_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_auto(TendCall) one = TEND_CALL_INIT;
  g_auto(TendCall) two = TEND_CALL_INIT;
  GCancellable *first = tend_call_start (&one);
  GCancellable *second;

  op_begin (user_data, first, tend_call_ready, &one);
  second = tend_call_start (&two);
  op_begin ((Op *) user_data + 1, second, tend_call_ready, &two);
  g_assert_true (first != second);
  g_assert_true (first != tend_current_cancellable ());

  tend_call_clear (&one);
  g_assert_true (op_is_cancelled (user_data));
  g_assert_false (op_is_cancelled ((Op *) user_data + 1));
  return tend_await_call (&two, error);
}

static void
test_each_has_its_own_cancellable (void)
{
  Op ops[2] = { OP_OBEYS, OP_OBEYS };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, own_cancellable_body, ops, NULL);

  settle ();
  op_end (&ops[1]);
  settle ();
  assert_status (task, "completed");
  assert_gone (task);
}

static gboolean
too_late_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  tend_task_cancel (task);
  op_begin (user_data, tend_call_start (&call), tend_call_ready, &call);
  g_assert_true (op_is_cancelled (user_data));
  return tend_await_call (&call, error);
}

static void
test_begins_cancelled_in_a_cancelled_task (void)
{
  Op op = OP_OBEYS;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, too_late_body, &op, NULL);

  settle ();
  assert_status (task, "cancelled");
  assert_gone (task);
}

/* --- Shields --- */

static gboolean
shielded_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_auto(TendShield) shield = tend_shield_enter ();

  return one_body (task, user_data, error);
}

static void
test_shield_keeps_it_going (void)
{
  Op op = OP_OBEYS;
  g_autoptr(TendTask) task = tend_task_run_fiber ("a", shielded_body, &op, NULL);

  tend_task_cancel (task);
  settle ();
  g_assert_false (op_is_cancelled (&op));
  op_end (&op);
  settle ();
  assert_notes ("came");
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_no_shield_against_stop (void)
{
  Op op = OP_OBEYS;
  g_autoptr(TendTask) task = tend_task_run_fiber ("a", shielded_body, &op, NULL);

  tend_task_stop (task);
  g_assert_true (op_is_cancelled (&op));
  assert_status (task, "stopped");
  settle ();
  assert_notes ("Task 'a': stopped");
  assert_gone (task);
}

/* --- Leaving early --- */

static gboolean
both_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Op *ops = user_data;
  g_auto(TendCall) one = TEND_CALL_INIT;
  g_auto(TendCall) two = TEND_CALL_INIT;

  op_begin (&ops[0], tend_call_start (&one), tend_call_ready, &one);
  op_begin (&ops[1], tend_call_start (&two), tend_call_ready, &two);
  if (!tend_await_call (&one, error) || !g_task_propagate_boolean (G_TASK (one.result), error))
    return FALSE;
  note ("first");
  if (!tend_await_call (&two, error))
    return FALSE;
  note ("second");
  return g_task_propagate_boolean (G_TASK (two.result), error);
}

static void
test_two_at_a_time_in_any_order (void)
{
  Op ops[2] = { OP_OBEYS, OP_OBEYS };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, both_body, ops, NULL);

  op_end (&ops[1]);
  settle ();
  assert_notes ("");
  op_end (&ops[0]);
  settle ();
  assert_notes ("first second");
  assert_status (task, "completed");
  assert_gone (task);
}

/* The second operation ignores that it was cancelled: the fiber stays until it has come back. */
static void
test_leaving_waits_for_the_other (void)
{
  Op ops[2] = { OP_OBEYS, OP_IGNORES };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, both_body, ops, NULL);

  op_fail (&ops[0]);
  settle ();
  g_assert_true (op_is_cancelled (&ops[1]));
  assert_status (task, "running");

  /* Nothing cuts that wait short. */
  tend_task_cancel (task);
  settle ();
  assert_status (task, "running");
  op_end (&ops[1]);
  settle ();
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_FAILED);
  assert_gone (task);
}

static void
test_stopped_with_two (void)
{
  Op ops[2] = { OP_IGNORES, OP_IGNORES };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, both_body, ops, NULL);

  tend_task_stop (task);
  g_assert_true (op_is_cancelled (&ops[0]));
  g_assert_true (op_is_cancelled (&ops[1]));
  settle ();
  g_assert_false (tend_task_is_finished (task));
  op_end (&ops[0]);
  settle ();
  g_assert_false (tend_task_is_finished (task));
  op_end (&ops[1]);
  settle ();
  g_assert_true (tend_task_is_finished (task));
  assert_gone (task);
}

static gboolean
unawaited_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_begin (user_data, tend_call_start (&call), tend_call_ready, &call);
  return TRUE;
}

static void
test_started_and_not_awaited (void)
{
  Op op = OP_IGNORES;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, unawaited_body, &op, NULL);

  settle ();
  assert_status (task, "running");
  g_assert_true (op_is_cancelled (&op));
  op_end (&op);
  settle ();
  assert_status (task, "completed");
  assert_gone (task);
}

/* It came back while the fiber was elsewhere. */
static gboolean
slow_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_begin (user_data, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_sleep (SECOND, error))
    return FALSE;
  g_assert_nonnull (call.result);
  g_assert_true (tend_await_call (&call, error));
  return tend_await_call (&call, error);
}

static void
test_may_come_first (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Op op = OP_OBEYS;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, slow_body, &op, NULL);

  op_end (&op);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (task, "completed");
  assert_gone (task);
}

/* --- Using one again --- */

static gboolean
again_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Op *ops = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  for (guint i = 0; i < 3; i++)
    {
      op_begin (&ops[i], tend_call_start (&call), tend_call_ready, &call);
      g_assert_null (call.result);
      g_assert_false (op_is_cancelled (&ops[i]));
      if (!tend_await_call (&call, error) || !g_task_propagate_boolean (G_TASK (call.result), error))
        return FALSE;
      g_assert_true (g_task_is_valid (call.result, NULL));
      note ("%u", i);

      /* What was cancelled before is not, for the next. */
      if (i == 1)
        g_cancellable_cancel (tend_call_start (&call)), op_begin (&ops[3], NULL, tend_call_ready, &call);
      if (i == 1 && !tend_await_call (&call, error))
        return FALSE;
    }

  return TRUE;
}

static void
test_again_after_the_end (void)
{
  Op ops[4] = { OP_OBEYS, OP_OBEYS, OP_OBEYS, OP_OBEYS };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, again_body, ops, NULL);

  op_end (&ops[0]);
  settle ();
  op_end (&ops[1]);
  settle ();
  op_end (&ops[3]);
  settle ();
  op_end (&ops[2]);
  settle ();
  assert_notes ("0 1 2");
  assert_status (task, "completed");
  assert_gone (task);
}

static gboolean
twice_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Op *ops = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_begin (&ops[0], tend_call_start (&call), tend_call_ready, &call);
  expect_critical ("*tend_call_start(): the operation of this TendCall has not ended yet");
  op_begin (&ops[1], tend_call_start (&call), tend_call_ready, &call);
  g_test_assert_expected_messages ();
  if (!tend_await_call (&call, error))
    return FALSE;
  return TRUE;
}

static void
test_again_before_the_end (void)
{
  Op ops[2] = { OP_IGNORES, OP_IGNORES };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, twice_body, ops, NULL);

  g_assert_true (op_is_cancelled (&ops[0]));
  g_assert_true (op_is_cancelled (&ops[1]));
  op_end (&ops[1]);
  settle ();
  assert_status (task, "running");
  op_end (&ops[0]);
  settle ();
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STATE);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/call/error-is-the-tasks-own", test_error_is_the_tasks_own);
  g_test_add_func ("/tend/call/deadline-is-the-tasks-own", test_deadline_is_the_tasks_own);
  g_test_add_func ("/tend/call/operation-may-ignore-it", test_operation_may_ignore_it);
  g_test_add_func ("/tend/call/result-is-there-all-the-same", test_result_is_there_all_the_same);
  g_test_add_func ("/tend/call/stopped-with-an-error-taken", test_stopped_with_an_error_taken);
  g_test_add_func ("/tend/call/each-has-its-own-cancellable", test_each_has_its_own_cancellable);
  g_test_add_func ("/tend/call/begins-cancelled-in-a-cancelled-task", test_begins_cancelled_in_a_cancelled_task);
  g_test_add_func ("/tend/call/shield-keeps-it-going", test_shield_keeps_it_going);
  g_test_add_func ("/tend/call/no-shield-against-stop", test_no_shield_against_stop);
  g_test_add_func ("/tend/call/two-at-a-time-in-any-order", test_two_at_a_time_in_any_order);
  g_test_add_func ("/tend/call/leaving-waits-for-the-other", test_leaving_waits_for_the_other);
  g_test_add_func ("/tend/call/stopped-with-two", test_stopped_with_two);
  g_test_add_func ("/tend/call/started-and-not-awaited", test_started_and_not_awaited);
  g_test_add_func ("/tend/call/may-come-first", test_may_come_first);
  g_test_add_func ("/tend/call/again-after-the-end", test_again_after_the_end);
  g_test_add_func ("/tend/call/again-before-the-end", test_again_before_the_end);

  return g_test_run ();
}
