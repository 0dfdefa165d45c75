// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Fibers: how they wait, and what interrupts their waits.

#include "../task/common.h"

static void
note_error (const GError *error)
{
  note ("%s-%d", error->domain == G_IO_ERROR ? "io" : "tend", error->code);
}

/* --- Waits --- */

static gboolean
two_sleeps_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  const char *name = user_data;

  note ("%s1", name);
  if (!tend_sleep (SECOND, error))
    return FALSE;
  note ("%s2", name);
  if (!tend_yield (error))
    return FALSE;
  note ("%s3", name);
  return TRUE;
}

static void
test_sleeps_and_yields (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) a = tend_task_run_fiber (NULL, two_sleeps_body, (gpointer) "a", NULL);
  g_autoptr(TendTask) b = tend_task_run_fiber (NULL, two_sleeps_body, (gpointer) "b", NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("a1 b1 a2 b2 a3 b3");
  assert_status (a, "completed");
  assert_gone (a);
  assert_gone (b);
}

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(GError) own_error = NULL;

  if (tend_await (user_data, &own_error))
    note ("ok");
  else
    note_error (own_error);
  return TRUE;
}

static void
test_awaits_before_and_after_the_end (void)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = tend_clock_freeze (NULL);
  g_autoptr(TendTask) good = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(TendTask) bad = tend_task_run_open (NULL, fail_body, NULL, NULL);
  g_autoptr(TendTask) stopped = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_stop (stopped);
  g_assert_true (tend_run (await_body, good, NULL));
  g_assert_true (tend_run (await_body, good, NULL));
  g_assert_true (tend_run (await_body, bad, NULL));
  g_assert_true (tend_run (await_body, stopped, NULL));
  assert_notes ("slept ok ok io-0 tend-0");
  assert_gone (good);
  assert_gone (bad);
  assert_gone (stopped);
}

static void
test_awaits_a_task_that_is_dropped (void)
{
  g_autoptr(TendTask) task = NULL;
  TendTask *never = tend_task_new_open (NULL, idle_body, NULL, NULL);

  task = tend_task_run_fiber (NULL, await_body, never, NULL);
  g_object_unref (never);
  settle ();
  assert_notes ("tend-4");
  assert_gone (task);
}

static void
test_does_not_await_the_main_part (void)
{
  g_assert_true (tend_run (await_body, tend_task_get_current (), NULL));
  assert_notes ("tend-7");
  g_assert_cmpint (TEND_ERROR_WRONG_THREAD, ==, 7);
}

static gboolean
await_self_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  return tend_await (task, error);
}

static void
test_does_not_await_itself (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("me", await_self_body, NULL, NULL);

  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_pattern_match_simple ("Task 'me': cannot wait for its own end",
                                         tend_task_get_error (task)->message));
  assert_gone (task);
}

static gpointer
other_context_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTask) task = NULL;

  g_main_context_push_thread_default (context);
  task = tend_task_run_fiber (NULL, await_body, data, NULL);
  assert_status (task, "completed");
  g_main_context_pop_thread_default (context);
  g_clear_object (&task);
  while (g_main_context_iteration (context, FALSE))
    ;
  return NULL;
}

static void
test_does_not_await_another_threads (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  in_thread (other_context_thread, task);
  assert_notes ("tend-7");
  tend_task_stop (task);
  assert_gone (task);
}

/* Whoever may run that context at this moment: it is not the one that the fiber waits in. */
static void
test_does_not_await_another_contexts (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTask) task = NULL;

  g_main_context_push_thread_default (context);
  task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_main_context_pop_thread_default (context);
  g_assert_true (tend_run (await_body, task, NULL));
  assert_notes ("tend-7");

  g_main_context_push_thread_default (context);
  tend_task_stop (task);
  g_main_context_pop_thread_default (context);
  assert_gone (task);
}

static gboolean
bad_sleep_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  return tend_sleep (-1, error);
}

static void
test_does_not_sleep_for_a_negative_time (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_run (bad_sleep_body, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, "tend_sleep(): the time of -1 us is negative");
}

static void
assert_no_fiber (gboolean      result,
                 const char   *func,
                 GError      **error)
{
  g_autofree char *message = g_strdup_printf ("%s(): waits, and can only be called in a fiber", func);

  g_assert_false (result);
  g_assert_error (*error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  g_assert_cmpstr ((*error)->message, ==, message);
  g_clear_error (error);
}

static gboolean
wait_in_callback_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  g_auto(TendCall) call = TEND_CALL_INIT;
  GError *refusal = NULL;

  assert_no_fiber (tend_sleep (1, &refusal), "tend_sleep", &refusal);
  assert_no_fiber (tend_await (task, &refusal), "tend_await", &refusal);
  assert_no_fiber (tend_await_call (&call, &refusal), "tend_await_call", &refusal);
  g_assert_false (tend_yield (&refusal));
  g_assert_error (refusal, TEND_ERROR, TEND_ERROR_NO_FIBER);
  g_clear_error (&refusal);
  g_assert_false (tend_sleep (1, NULL));

  return TRUE;
}

static void
test_waits_in_fibers_only (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, wait_in_callback_body, NULL, NULL);

  wait_in_callback_body (task, NULL, NULL);
  expect_critical ("*is_on_fiber*");
  tend_shield_push ();
  expect_critical ("*no shield is on*");
  tend_shield_pop ();
  g_test_assert_expected_messages ();
  g_assert_null (tend_current_cancellable ());
  tend_task_stop (task);
  assert_gone (task);
}

/* --- run () --- */

static gboolean
nested_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  if (user_data == NULL)
    return tend_run (nested_body, task, error);

  note ("never");
  return TRUE;
}

/* Refused before anything of it has run. */
static void
test_run_is_not_for_fibers (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_run (nested_body, NULL, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_str_has_prefix (error->message, "tend_run(): runs the main context, which a fiber cannot do"));
  assert_notes ("");
}

/* Outside of fibers it nests as main loops do. */
static gboolean
run_in_callback_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_assert_true (tend_run (two_sleeps_body, (gpointer) "x", NULL));
  tend_task_return_value (task, NULL);

  return TRUE;
}

static void
test_run_nests_in_callbacks (void)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, run_in_callback_body, NULL, NULL);

  assert_notes ("x1 x2 x3");
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_run_gives_the_error (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_run (await_self_body, NULL, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_false (tend_run (await_self_body, NULL, NULL));
}

/* --- tend_await_call () --- */

static gboolean
await_call_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (user_data);
  g_auto(TendCall) call = TEND_CALL_INIT;
  g_autofree char *contents = NULL;

  g_file_load_contents_async (file, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;
  if (!g_file_load_contents_finish (file, call.result, &contents, NULL, NULL, error))
    return FALSE;

  tend_task_return_string (task, contents);
  return TRUE;
}

static void
test_awaits_a_result (void)
{
  g_autoptr(TendTask) good = tend_task_run_fiber (NULL, await_call_body, (gpointer) "/proc/self/comm", NULL);
  g_autoptr(TendTask) bad = tend_task_run_fiber (NULL, await_call_body, (gpointer) "/nonexistent", NULL);

  g_assert_true (tend_task_wait_sync (good, NULL));
  g_assert_true (g_str_has_suffix (tend_task_get_string (good), "\n"));
  g_assert_false (tend_task_wait_sync (bad, NULL));
  g_assert_error (tend_task_get_error (bad), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_gone (good);
  assert_gone (bad);
}

typedef struct
{
  GTask *operation;     /* what the fiber waits for; completed by the test */
} Op;

static void
op_async (Op                  *op,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  op->operation = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_check_cancellable (op->operation, FALSE);
}

static gboolean
op_body (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  Op *op = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_async (op, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    {
      note ("unwound");
      return FALSE;
    }

  note ("result");
  return g_task_propagate_boolean (G_TASK (call.result), error);
}

/* The operation came back before anybody waited for it. */
static gboolean
late_op_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Op *op = user_data;
  g_auto(TendCall) call = TEND_CALL_INIT;

  op_async (op, tend_call_start (&call), tend_call_ready, &call);
  g_task_return_boolean (op->operation, TRUE);
  g_clear_object (&op->operation);
  if (!tend_sleep (SECOND, error))
    return FALSE;
  g_assert_nonnull (call.result);
  return tend_await_call (&call, error) && g_task_propagate_boolean (G_TASK (call.result), error);
}

static void
test_result_may_come_first (void)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = tend_clock_freeze (NULL);
  Op op = { NULL };

  g_assert_true (tend_run (late_op_body, &op, NULL));
}

/* Cancelling reaches the operation, and the task waits for the end of that. */
static void
test_result_of_a_cancelled_task (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, op_body, &op, NULL);

  tend_task_cancel (task);
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (op.operation)));
  settle ();
  assert_notes ("");
  assert_status (task, "running");
  g_task_return_new_error (op.operation, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Given up");
  g_clear_object (&op.operation);
  settle ();
  assert_notes ("unwound");
  assert_status (task, "cancelled");
  assert_gone (task);
}

/* The call stays until the operation has written to it; then the fiber unwinds. */
static void
test_result_of_a_stopped_task (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, op_body, &op, NULL);

  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (op.operation)));
  settle ();
  assert_notes ("");
  g_task_return_boolean (op.operation, TRUE);
  g_clear_object (&op.operation);
  settle ();
  assert_notes ("unwound");
  assert_gone (task);
}

/* Nobody takes that result any more, so its error is told. */
static void
test_error_of_a_stopped_task (void)
{
  Op op = { NULL };
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, op_body, &op, NULL);

  tend_task_stop (task);
  g_task_set_check_cancellable (op.operation, FALSE);
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task *: nobody observed its error*: Dropped");
  g_task_return_new_error (op.operation, G_IO_ERROR, G_IO_ERROR_BUSY, "Dropped");
  g_clear_object (&op.operation);
  settle ();
  g_test_assert_expected_messages ();
  assert_notes ("unwound");
  assert_gone (task);
}

/* --- The current cancellable, and shields --- */

static gboolean
shield_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  g_assert_true (tend_current_cancellable () == tend_task_get_cancellable (task));
  g_assert_false (tend_sleep (SECOND, error));
  note ("cancelled");

  tend_shield_push ();
  g_assert_null (tend_current_cancellable ());
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_push ();
  tend_shield_pop ();
  g_assert_true (tend_sleep (SECOND, NULL));
  note ("cleaned-up");
  tend_shield_pop ();

  g_assert_false (tend_sleep (SECOND, NULL));
  return FALSE;
}

static void
test_shield_holds_against_cancel (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, shield_body, NULL, NULL);

  tend_task_cancel (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("cancelled cleaned-up");
  assert_status (task, "cancelled");
  assert_gone (task);
}

static gboolean
shielded_sleep_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  gboolean slept;

  tend_shield_push ();
  slept = tend_sleep (SECOND, error);
  tend_shield_pop ();
  note (slept ? "slept" : "stopped");
  return slept;
}

static void
test_shield_holds_during_a_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, shielded_sleep_body, NULL, NULL);

  tend_task_cancel (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("slept");
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_no_shield_holds_against_stop (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, shielded_sleep_body, NULL, NULL);

  tend_task_stop (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("stopped");
  assert_gone (task);
}

static void
test_cancel_reaches_an_await (void)
{
  g_autoptr(TendTask) awaited = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, await_body, awaited, NULL);

  tend_task_cancel (task);
  settle ();
  assert_notes ("io-19");

  /* The body finished all the same, and what it waited for goes on. */
  assert_status (task, "completed");
  assert_status (awaited, "running");
  tend_task_stop (awaited);
  assert_gone (task);
  assert_gone (awaited);
}

static gboolean
cancel_self_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  tend_task_cancel (task);
  note ("goes on");
  return tend_yield (error);
}

static void
test_cancels_itself (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, cancel_self_body, NULL, NULL);

  assert_notes ("goes on");
  assert_status (task, "cancelled");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/fiber/sleeps-and-yields", test_sleeps_and_yields);
  g_test_add_func ("/tend/fiber/awaits-before-and-after-the-end", test_awaits_before_and_after_the_end);
  g_test_add_func ("/tend/fiber/awaits-a-task-that-is-dropped", test_awaits_a_task_that_is_dropped);
  g_test_add_func ("/tend/fiber/does-not-await-the-main-part", test_does_not_await_the_main_part);
  g_test_add_func ("/tend/fiber/does-not-await-itself", test_does_not_await_itself);
  g_test_add_func ("/tend/fiber/does-not-await-another-threads", test_does_not_await_another_threads);
  g_test_add_func ("/tend/fiber/does-not-await-another-contexts", test_does_not_await_another_contexts);
  g_test_add_func ("/tend/fiber/does-not-sleep-for-a-negative-time", test_does_not_sleep_for_a_negative_time);
  g_test_add_func ("/tend/fiber/waits-in-fibers-only", test_waits_in_fibers_only);
  g_test_add_func ("/tend/fiber/run-is-not-for-fibers", test_run_is_not_for_fibers);
  g_test_add_func ("/tend/fiber/run-nests-in-callbacks", test_run_nests_in_callbacks);
  g_test_add_func ("/tend/fiber/run-gives-the-error", test_run_gives_the_error);
  g_test_add_func ("/tend/fiber/awaits-a-result", test_awaits_a_result);
  g_test_add_func ("/tend/fiber/result-may-come-first", test_result_may_come_first);
  g_test_add_func ("/tend/fiber/result-of-a-cancelled-task", test_result_of_a_cancelled_task);
  g_test_add_func ("/tend/fiber/result-of-a-stopped-task", test_result_of_a_stopped_task);
  g_test_add_func ("/tend/fiber/error-of-a-stopped-task", test_error_of_a_stopped_task);
  g_test_add_func ("/tend/fiber/shield-holds-against-cancel", test_shield_holds_against_cancel);
  g_test_add_func ("/tend/fiber/shield-holds-during-a-wait", test_shield_holds_during_a_wait);
  g_test_add_func ("/tend/fiber/no-shield-holds-against-stop", test_no_shield_holds_against_stop);
  g_test_add_func ("/tend/fiber/cancel-reaches-an-await", test_cancel_reaches_an_await);
  g_test_add_func ("/tend/fiber/cancels-itself", test_cancels_itself);

  return g_test_run ();
}
