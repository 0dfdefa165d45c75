// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The cancellable: it is cancelled once, for a reason, and what that does to a task and to others.

#include "cancellable.h"

static void
assert_error_ends (const GError *error,
                   const char   *text)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_str_has_suffix (error->message, text));
}

/* --- Once --- */

static void
test_cancels_once (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  g_assert_false (is_cancelled (cancellable));
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_true (is_cancelled (cancellable));
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  tend_cancellable_cancel_with_reason (cancellable, "too late");
  settle ();
  assert_notes ("a");
  assert_reason (cancellable, NULL);
  g_assert_finalize_object (cancellable);
}

static void
test_sets_an_error_iff_cancelled (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_cancellable_set_error_if_cancelled (cancellable, &error));
  g_assert_no_error (error);
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_true (tend_cancellable_set_error_if_cancelled (cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "Operation: cancelled");
  g_assert_true (tend_cancellable_set_error_if_cancelled (cancellable, NULL));
  g_assert_finalize_object (cancellable);
}

/* --- The reason --- */

static void
test_reason_is_in_the_error (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(GError) error = NULL;

  assert_reason (cancellable, NULL);
  tend_cancellable_cancel_with_reason (cancellable, "the window was closed");
  assert_reason (cancellable, "the window was closed");
  g_assert_true (tend_cancellable_set_error_if_cancelled (cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "Operation: cancelled: the window was closed");
  g_assert_finalize_object (cancellable);
}

static void
test_first_reason_stays (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_with_reason (cancellable, "first");
  tend_cancellable_cancel_with_reason (cancellable, "second");
  assert_reason (cancellable, "first");
  g_assert_finalize_object (cancellable);
}

/* --- With tasks --- */

static void
test_ends_nothing_by_itself (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, cancellable, NULL);

  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_status (task, "running");
  tend_task_return_value (task, NULL);
  assert_gone (task);
  g_assert_finalize_object (cancellable);
}

static void
test_task_has_the_reason (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);
  g_autoptr(TendTask) bare = tend_task_new_open ("x", NULL, NULL, NULL);

  tend_task_add_cancellable (fiber, G_CANCELLABLE (cancellable));
  tend_task_add_cancellable (bare, G_CANCELLABLE (cancellable));
  tend_cancellable_cancel_with_reason (cancellable, "the window was closed");
  settle ();
  assert_status (fiber, "cancelled");
  assert_error_ends (tend_task_get_error (fiber), "': cancelled: the window was closed");
  g_assert_cmpstr (tend_task_get_error (bare)->message, ==, "Task 'x': cancelled: the window was closed");
  assert_notes ("interrupted");
  assert_gone (fiber);
  assert_gone (bare);
  g_assert_finalize_object (cancellable);
}

static void
test_task_has_the_reason_of_the_parent (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *parent = tend_cancellable_new ();
  TendCancellable *child = tend_cancellable_new ();
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);

  tend_cancellable_add_parent (child, G_CANCELLABLE (parent));
  tend_task_add_cancellable (fiber, G_CANCELLABLE (child));
  tend_cancellable_cancel_after (parent, SECOND / 2);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND / 2);
  assert_error_ends (tend_task_get_error (fiber), "': cancelled: its time of 0.5 s was up");
  assert_notes ("interrupted");
  assert_gone (fiber);
  g_assert_finalize_object (child);
  g_assert_finalize_object (parent);
  g_assert_finalize_object (clock);
}

/* A task's own is one of these. */
static void
test_cancellable_of_a_task_takes_a_reason (void)
{
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);
  TendCancellable *cancellable = TEND_CANCELLABLE (tend_task_get_cancellable (fiber));

  tend_cancellable_cancel_with_reason (cancellable, "enough");
  settle ();
  assert_error_ends (tend_task_get_error (fiber), "': cancelled: enough");
  assert_notes ("interrupted");
  assert_gone (fiber);
}

/* Cancelled first by hand, it has no reason, though one comes after. */
static void
test_task_cancelled_by_hand_has_no_reason (void)
{
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", sleep_body, NULL, NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_task_add_cancellable (fiber, G_CANCELLABLE (cancellable));
  tend_task_get_cancellable (fiber);
  tend_task_cancel (fiber);
  tend_cancellable_cancel_with_reason (cancellable, "too late");
  settle ();
  assert_error_ends (tend_task_get_error (fiber), "': cancelled");
  assert_notes ("interrupted");
  assert_gone (fiber);
  g_assert_finalize_object (cancellable);
}

/* A sleep that is cancelled rejects at once, and its timer goes: no time passes. */
static void
test_sleep_ends_at_once (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) early = NULL;
  g_autoptr(TendTask) late = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_add_cancellable (late, G_CANCELLABLE (cancellable));
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  early = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
  tend_task_add_cancellable (early, G_CANCELLABLE (cancellable));
  tend_task_start (early, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_status (late, "cancelled");
  assert_status (early, "cancelled");
  assert_notes ("interrupted interrupted");
  assert_gone (late);
  assert_gone (early);
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

/* Given to a wait, it ends the wait and not the task; cancelled before, at once. */
static void
test_wait_ends (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_wait_async (task, G_CANCELLABLE (cancellable), note_wait_cb, (gpointer) "before");
  settle ();
  assert_notes ("");
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  settle ();
  assert_notes ("before:io-19");
  tend_task_wait_async (task, G_CANCELLABLE (cancellable), note_wait_cb, (gpointer) "entry");
  assert_notes ("");
  settle ();
  assert_notes ("entry:io-19");
  assert_status (task, "running");
  tend_task_return_value (task, NULL);
  assert_gone (task);
  g_assert_finalize_object (cancellable);
}

static void
load_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError **error = user_data;

  g_assert_null (g_file_query_info_finish (G_FILE (source), result, error));
}

/* GIO takes it for what it is. */
static void
test_gio_operation_ends (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();
  g_autoptr(GFile) file = g_file_new_for_path ("/");
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_file_query_info_async (file, "standard::name", G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT,
                           G_CANCELLABLE (cancellable), load_cb, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  /* GIO's own thread may have it for a moment more. */
  g_object_unref (cancellable);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/cancellable/cancels-once", test_cancels_once);
  g_test_add_func ("/tend/cancellable/sets-an-error-iff-cancelled", test_sets_an_error_iff_cancelled);
  g_test_add_func ("/tend/cancellable/reason-is-in-the-error", test_reason_is_in_the_error);
  g_test_add_func ("/tend/cancellable/first-reason-stays", test_first_reason_stays);
  g_test_add_func ("/tend/cancellable/ends-nothing-by-itself", test_ends_nothing_by_itself);
  g_test_add_func ("/tend/cancellable/task-has-the-reason", test_task_has_the_reason);
  g_test_add_func ("/tend/cancellable/task-has-the-reason-of-the-parent", test_task_has_the_reason_of_the_parent);
  g_test_add_func ("/tend/cancellable/cancellable-of-a-task-takes-a-reason", test_cancellable_of_a_task_takes_a_reason);
  g_test_add_func ("/tend/cancellable/task-cancelled-by-hand-has-no-reason", test_task_cancelled_by_hand_has_no_reason);
  g_test_add_func ("/tend/cancellable/sleep-ends-at-once", test_sleep_ends_at_once);
  g_test_add_func ("/tend/cancellable/wait-ends", test_wait_ends);
  g_test_add_func ("/tend/cancellable/gio-operation-ends", test_gio_operation_ends);

  return g_test_run ();
}
