// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The life of a task from its making to its end: starting, delays and intervals, names and numbers.

#include "common.h"

/* --- Start --- */

static gboolean
note_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  note ("body:%s", tend_task_status_to_string (tend_task_get_status (task)));
  return TRUE;
}

static void
test_is_created_without_running (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_new_open (NULL, note_body, &n_destroyed, count_cb);

  assert_status (task, "created");
  g_assert_false (tend_task_is_started (task));
  g_assert_false (tend_task_is_running (task));
  g_assert_false (tend_task_is_ended (task));
  settle ();
  assert_notes ("");

  assert_gone (task);
  g_assert_cmpint (n_destroyed, ==, 1);
}

static gboolean
note_and_sleep_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  note ("X");
  return tend_sleep (SECOND, error);
}

static void
test_starts_up_to_the_first_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, note_and_sleep_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_task_start (task, &error));
  g_assert_no_error (error);
  note ("Y");
  assert_notes ("X Y");
  assert_status (task, "running");
  g_assert_true (tend_task_is_started (task));
  g_assert_true (tend_task_is_running (task));

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (task, "completed");
  g_assert_true (tend_task_is_ended (task));
  g_assert_false (tend_task_is_running (task));
  assert_gone (task);
}

static void
test_run_makes_and_starts (void)
{
  g_autoptr(TendTask) task = tend_task_run_open ("name", note_body, NULL, NULL);

  assert_notes ("body:running");
  g_assert_cmpstr (tend_task_get_name (task), ==, "name");
  tend_task_return_value (task, NULL);
  assert_status (task, "completed");
  assert_gone (task);
}

/* An ended body within start () needs no turn of the loop, and its waiters one. */
static void
test_may_end_within_start (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, fail_body, NULL, NULL);

  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_FAILED);
  assert_gone (task);
}

static void
assert_start_fails (TendTask   *task,
                    int         code,
                    const char *pattern)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_start (task, &error));
  g_assert_error (error, TEND_ERROR, code);
  g_assert_true (g_pattern_match_simple (pattern, error->message));

  /* Nobody has to ask. */
  g_assert_false (tend_task_start (task, NULL));
}

static void
test_starts_once (void)
{
  g_autoptr(TendTask) task = tend_task_run_open ("one", idle_body, NULL, NULL);

  assert_start_fails (task, TEND_ERROR_STATE, "Task 'one': has been started already");
  assert_status (task, "running");
  tend_task_return_value (task, NULL);
  assert_start_fails (task, TEND_ERROR_STATE, "Task 'one': has been started already");
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_does_not_start_after_the_end (void)
{
  g_autoptr(TendTask) stopped = tend_task_new_open (NULL, note_body, NULL, NULL);
  g_autoptr(TendTask) cancelled = tend_task_new_open (NULL, note_body, NULL, NULL);

  tend_task_stop (stopped);
  tend_task_cancel (cancelled);
  assert_start_fails (stopped, TEND_ERROR_STATE, "Task *: has been started already");
  assert_start_fails (cancelled, TEND_ERROR_STATE, "Task *: has been started already");
  assert_status (stopped, "stopped");
  assert_status (cancelled, "cancelled");
  assert_notes ("");
  assert_gone (stopped);
  assert_gone (cancelled);
}

static void
test_does_not_start_twice_while_pending (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  assert_start_fails (task, TEND_ERROR_STATE, "Task *: has been started already");
  assert_status (task, "pending");
  tend_clock_run_until_idle (clock, NULL);
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_does_not_start_without_body (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("source", NULL, NULL, NULL);

  assert_status (task, "running");
  assert_start_fails (task, TEND_ERROR_STATE, "Task 'source': has no body to start");
  tend_task_return_int (task, 1);
  assert_status (task, "completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 1);
  assert_gone (task);
}

static gpointer
start_thread (gpointer data)
{
  assert_start_fails (data, TEND_ERROR_WRONG_THREAD,
                      "Task 'mine': belongs to the main context of another thread");
  return NULL;
}

static void
test_does_not_start_in_another_thread (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("mine", note_body, NULL, NULL);

  in_thread (start_thread, task);
  assert_status (task, "created");
  assert_notes ("");
  assert_gone (task);
}

/* --- The end is final --- */

static void
end_all_ways (TendTask   *task,
              const char *status)
{
  assert_status (task, status);
  tend_task_cancel (task);
  tend_task_stop (task);
  assert_status (task, status);
  g_cancellable_cancel (tend_task_get_cancellable (task));
  settle ();
  assert_status (task, status);
}

static void
test_end_is_final (void)
{
  g_autoptr(TendTask) completed = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) failed = tend_task_run_open (NULL, fail_body, NULL, NULL);
  g_autoptr(TendTask) cancelled = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) stopped = tend_task_run_open (NULL, idle_body, NULL, NULL);

  end_all_ways (completed, "completed");
  g_assert_null (tend_task_get_error (completed));
  end_all_ways (failed, "failed");
  g_assert_error (tend_task_get_error (failed), G_IO_ERROR, G_IO_ERROR_FAILED);
  tend_task_cancel (cancelled);
  end_all_ways (cancelled, "cancelled");
  g_assert_error (tend_task_get_error (cancelled), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  tend_task_stop (stopped);
  end_all_ways (stopped, "stopped");
  g_assert_error (tend_task_get_error (stopped), TEND_ERROR, TEND_ERROR_STOPPED);

  assert_gone (completed);
  assert_gone (failed);
  assert_gone (cancelled);
  assert_gone (stopped);
}

/* --- References --- */

static void
test_keeps_itself_while_it_runs (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  gpointer weak = task;

  g_object_add_weak_pointer (G_OBJECT (task), &weak);
  g_object_unref (task);
  settle ();
  g_assert_nonnull (weak);

  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("slept");
  g_assert_null (weak);
}

static gboolean
unref_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  TendTask **holder = user_data;

  g_clear_object (holder);
  tend_task_return_value (task, NULL);
  assert_status (task, "completed");

  return TRUE;
}

static void
test_body_may_drop_the_last_reference (void)
{
  TendTask *task = NULL;
  gpointer weak;

  task = tend_task_new_open (NULL, unref_body, &task, NULL);
  weak = task;
  g_object_add_weak_pointer (G_OBJECT (task), &weak);
  g_assert_true (tend_task_start (task, NULL));
  settle ();
  g_assert_null (task);
  g_assert_null (weak);
}

static void
test_dropped_before_start_fails_its_waiters (void)
{
  TendTask *task = tend_task_new_open ("never", idle_body, NULL, NULL);
  gpointer weak = task;

  g_object_add_weak_pointer (G_OBJECT (task), &weak);
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "first");
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "second");
  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_object_unref (task);
  assert_notes ("exit:failed");
  settle ();
  assert_notes ("first:tend-4 second:tend-4");
  g_assert_cmpint (TEND_ERROR_NOT_STARTED, ==, 4);
  g_assert_null (weak);
}

static void
test_dropped_before_start_frees_its_data (void)
{
  int n_destroyed = 0;
  TendTask *task = tend_task_new_fiber (NULL, sleep_body, &n_destroyed, count_cb);

  tend_task_add_timer (task, SECOND, -1, note_cb, &n_destroyed, count_cb);
  tend_task_add_exit_handler (task, idle_handler, &n_destroyed, count_cb);
  g_assert_finalize_object (task);
  g_assert_cmpint (n_destroyed, ==, 3);
}

static gboolean
read_data_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  int *n_destroyed = user_data;

  tend_task_stop (task);
  g_assert_cmpint (*n_destroyed, ==, 0);
  return TRUE;
}

static gboolean
return_and_read_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  int *n_destroyed = user_data;

  tend_task_return_value (task, NULL);
  g_assert_cmpint (*n_destroyed, ==, 0);

  return TRUE;
}

static void
test_keeps_data_until_the_body_returns (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, return_and_read_body, &n_destroyed, count_cb);

  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (task);

  n_destroyed = 0;
  task = tend_task_run_fiber (NULL, read_data_body, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (task);
}

/* --- Names and numbers --- */

static void
assert_prints (TendTask   *task,
               const char *format)
{
  g_autofree char *text = tend_task_to_string (task);
  g_autofree char *id = g_strdup_printf ("%" G_GUINT64_FORMAT, tend_task_get_id (task));
  g_autofree char *expected = g_strconcat (format, id, ")", NULL);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_prints_name_and_id (void)
{
  g_autoptr(TendTask) named = tend_task_new_open ("my task", NULL, NULL, NULL);
  g_autoptr(TendTask) unnamed = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) empty = tend_task_new_open ("", NULL, NULL, NULL);
  g_autoptr(TendTask) foreign = tend_task_new_open ("Überfahrt", NULL, NULL, NULL);

  assert_prints (named, "Task('my task', ");
  assert_prints (unnamed, "Task(");
  assert_prints (empty, "Task('', ");
  assert_prints (foreign, "Task('Überfahrt', ");
  g_assert_null (tend_task_get_name (unnamed));
  g_assert_cmpstr (tend_task_get_name (empty), ==, "");

  g_assert_cmpuint (tend_task_get_id (unnamed), ==, tend_task_get_id (named) + 1);
  g_assert_cmpuint (tend_task_get_id (foreign), ==, tend_task_get_id (named) + 3);
}

static void
test_makes_a_name_valid_utf8 (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("caf\xe9", idle_body, NULL, NULL);

  g_assert_cmpstr (tend_task_get_name (task), ==, "caf\357\277\275");
  assert_gone (task);
}

static gboolean
note_current_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_autofree char *text = tend_task_to_string (tend_task_get_current ());

  note ("%s", text);
  return TRUE;
}

/* The first task of a program is 0, and its main part is 1 whenever it is asked for. */
static void
test_numbers_from_zero (void)
{
  g_autoptr(TendTask) first = NULL;
  g_autoptr(TendTask) second = NULL;
  g_autoptr(TendTask) third = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      return;
    }

  first = tend_task_new_open (NULL, NULL, NULL, NULL);
  second = tend_task_new_open ("two", NULL, NULL, NULL);
  assert_prints (tend_task_get_current (), "Task('main()', ");
  third = tend_task_new_open ("three", NULL, NULL, NULL);
  g_assert_cmpuint (tend_task_get_id (first), ==, 0);
  g_assert_cmpuint (tend_task_get_id (tend_task_get_current ()), ==, 1);
  g_assert_cmpuint (tend_task_get_id (second), ==, 2);
  g_assert_cmpuint (tend_task_get_id (third), ==, 3);

  g_assert_true (tend_run (note_current_body, NULL, NULL));
  assert_notes ("Task('main()', 1)");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/is-created-without-running", test_is_created_without_running);
  g_test_add_func ("/tend/task/starts-up-to-the-first-wait", test_starts_up_to_the_first_wait);
  g_test_add_func ("/tend/task/run-makes-and-starts", test_run_makes_and_starts);
  g_test_add_func ("/tend/task/may-end-within-start", test_may_end_within_start);
  g_test_add_func ("/tend/task/starts-once", test_starts_once);
  g_test_add_func ("/tend/task/does-not-start-after-the-end", test_does_not_start_after_the_end);
  g_test_add_func ("/tend/task/does-not-start-twice-while-pending", test_does_not_start_twice_while_pending);
  g_test_add_func ("/tend/task/does-not-start-without-body", test_does_not_start_without_body);
  g_test_add_func ("/tend/task/does-not-start-in-another-thread", test_does_not_start_in_another_thread);
  g_test_add_func ("/tend/task/end-is-final", test_end_is_final);
  g_test_add_func ("/tend/task/keeps-itself-while-it-runs", test_keeps_itself_while_it_runs);
  g_test_add_func ("/tend/task/body-may-drop-the-last-reference", test_body_may_drop_the_last_reference);
  g_test_add_func ("/tend/task/dropped-before-start-fails-its-waiters", test_dropped_before_start_fails_its_waiters);
  g_test_add_func ("/tend/task/dropped-before-start-frees-its-data", test_dropped_before_start_frees_its_data);
  g_test_add_func ("/tend/task/keeps-data-until-the-body-returns", test_keeps_data_until_the_body_returns);
  g_test_add_func ("/tend/task/prints-name-and-id", test_prints_name_and_id);
  g_test_add_func ("/tend/task/makes-a-name-valid-utf8", test_makes_a_name_valid_utf8);
  g_test_add_func ("/tend/task/numbers-from-zero", test_numbers_from_zero);

  return g_test_run ();
}
