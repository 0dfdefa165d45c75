// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which task is the current one, and which thread is a task's own.

#include "common.h"

static void
note_current (TendTask   *task,
              const char *where)
{
  if (tend_task_get_current () == task)
    note ("%s", where);
  else
    note ("not-%s", where);
}

static gboolean
current_timer_cb (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  note_current (task, user_data);
  return FALSE;
}

static void
current_exit_cb (TendTask *task,
                 gpointer  user_data)
{
  note_current (task, user_data);
}

static gboolean
current_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  g_autoptr(TendTask) other = NULL;

  note_current (task, "body");
  tend_task_add_timer (task, 10, -1, current_timer_cb, (gpointer) "timer", NULL);
  tend_task_post (task, current_timer_cb, (gpointer) "post", NULL);
  tend_task_add_exit_handler (task, current_exit_cb, (gpointer) "exit", NULL);

  other = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  tend_task_add_exit_handler (other, current_exit_cb, (gpointer) "other-exit", NULL);
  note_current (task, "after-start");
  if (!tend_sleep (20, error))
    return FALSE;
  note_current (task, "after-sleep");
  tend_task_stop (other);
  note_current (task, "after-stop");
  return TRUE;
}

static void
test_current_is_the_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, current_body, NULL, NULL);

  assert_notes ("body after-start");
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("post timer after-sleep other-exit after-stop exit interrupted");
  assert_gone (task);
}

static gboolean
current_thread_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  gboolean *is_current = user_data;

  *is_current = tend_task_get_current () == task;
  return TRUE;
}

static void
test_current_in_a_thread_is_the_task (void)
{
  gboolean is_current = FALSE;
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, current_thread_body, &is_current, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_true (is_current);
  assert_gone (task);
}

static gpointer
current_thread (gpointer data)
{
  return tend_task_get_current ();
}

static void
test_current_outside_is_the_main_part (void)
{
  TendTask *main_task = tend_task_get_current ();

  g_assert_cmpstr (tend_task_get_name (main_task), ==, "main()");
  g_assert_cmpuint (tend_task_get_id (main_task), ==, 1);
  assert_status (main_task, "running");
  g_assert_true (tend_task_get_current () == main_task);
  g_assert_true (g_thread_join (g_thread_new ("test", current_thread, NULL)) == main_task);
}

static void
test_main_part_of_another_language (void)
{
  TendTask *task = tend_task_new_main (complete_body, NULL, NULL);
  g_autoptr(TendTask) next = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) last = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autofree char *text = tend_task_to_string (task);

  g_assert_cmpstr (text, ==, "Task('main()', 1)");
  g_assert_cmpuint (tend_task_get_id (last), ==, tend_task_get_id (next) + 1 + (tend_task_get_id (next) == 0));
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_main_part_cannot_be_ended (void)
{
  TendTask *main_task = tend_task_get_current ();

  expect_critical ("Task 'main()': is the main part of the program, and cannot be stopped");
  tend_task_stop (main_task);
  expect_critical ("Task 'main()': is the main part of the program, and cannot be cancelled");
  tend_task_cancel (main_task);
  expect_critical ("Task 'main()': does not run, and cannot return a result");
  tend_task_return_value (main_task, NULL);
  g_test_assert_expected_messages ();
  assert_status (main_task, "running");
}

/* --- A task that is made current from outside --- */

static gboolean
notice_late_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  return tend_sleep (2 * SECOND, error);
}

static void
test_pushed_is_current (void)
{
  g_autoptr(TendTask) outer = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) inner = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTask *main_task = tend_task_get_current ();

  tend_task_push_current (outer);
  tend_task_push_current (inner);
  tend_task_push_current (inner);
  g_assert_true (tend_task_get_current () == inner);
  tend_task_pop_current (inner);
  g_assert_true (tend_task_get_current () == inner);
  tend_task_pop_current (inner);
  g_assert_true (tend_task_get_current () == outer);
  tend_task_stop (outer);
  g_assert_true (tend_task_get_current () == outer);
  tend_task_pop_current (outer);
  g_assert_true (tend_task_get_current () == main_task);

  tend_task_stop (inner);
  assert_gone (outer);
  assert_gone (inner);
}

static void
test_what_a_pushed_task_starts_is_its_own (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) parent = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, notice_late_body, NULL, NULL);

  tend_task_set_deadline (parent, tend_clock_get_time (clock) + SECOND);
  g_assert_true (tend_task_start (parent, NULL));
  tend_task_push_current (parent);
  g_assert_true (tend_task_start (child, NULL));
  tend_task_pop_current (parent);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (child, "failed");
  g_assert_error (tend_task_get_error (child), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  tend_task_stop (parent);
  assert_gone (child);
  assert_gone (parent);
}

static void
test_pop_takes_the_last_one_only (void)
{
  g_autoptr(TendTask) outer = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) inner = tend_task_run_open (NULL, idle_body, NULL, NULL);

  expect_critical ("*push != NULL*");
  tend_task_pop_current (outer);
  tend_task_push_current (outer);
  tend_task_push_current (inner);
  expect_critical ("*push->task == self*");
  tend_task_pop_current (outer);
  g_assert_true (tend_task_get_current () == inner);
  tend_task_pop_current (inner);
  tend_task_pop_current (outer);
  expect_critical ("*self->loop != NULL*");
  tend_task_push_current (tend_task_get_current ());
  g_test_assert_expected_messages ();

  tend_task_stop (outer);
  tend_task_stop (inner);
  assert_gone (outer);
  assert_gone (inner);
}

static gboolean
push_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  expect_critical ("*!tend_is_on_fiber*");
  tend_task_push_current (task);
  g_test_assert_expected_messages ();
  return TRUE;
}

static void
test_fiber_cannot_push (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, push_body, NULL, NULL);

  assert_status (task, "completed");
  assert_gone (task);
}

/* --- The owning thread --- */

static gpointer
look_thread (gpointer data)
{
  TendTask *task = data;

  g_assert_false (tend_task_is_owner_thread (task));
  g_assert_true (tend_task_get_context (task) == g_main_context_default ());
  expect_critical ("*tend_loop_is_mine*");
  tend_task_push_current (task);
  g_test_assert_expected_messages ();
  return NULL;
}

static void
test_knows_its_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) other = NULL;

  g_main_context_push_thread_default (context);
  other = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_main_context_pop_thread_default (context);

  g_assert_true (tend_task_get_context (task) == g_main_context_default ());
  g_assert_true (tend_task_get_context (other) == context);
  g_assert_true (tend_task_get_context (tend_task_get_current ()) == g_main_context_default ());
  g_assert_true (tend_task_is_owner_thread (task));
  g_assert_true (tend_task_is_owner_thread (other));
  g_assert_true (tend_task_is_owner_thread (tend_task_get_current ()));

  g_assert_true (g_main_context_acquire (NULL));
  in_thread (look_thread, task);
  g_main_context_release (NULL);
}

static gboolean
set_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
test_keeps_its_context (void)
{
  GMainContext *context = g_main_context_new ();
  g_autoptr(TendTask) task = NULL;
  gboolean runs = FALSE;

  g_main_context_push_thread_default (context);
  task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);

  g_main_context_invoke (tend_task_get_context (task), set_cb, &runs);
  g_main_context_iteration (tend_task_get_context (task), FALSE);
  g_assert_true (runs);
}

/* --- A task that is made of the class alone --- */

static void
test_made_by_gobject_is_completed_by_hand (void)
{
  g_autoptr(TendTask) before = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) task = g_object_new (TEND_TYPE_TASK, NULL);

  g_assert_cmpuint (tend_task_get_id (task), ==, tend_task_get_id (before) + 1);
  g_assert_null (tend_task_get_name (task));
  assert_status (task, "running");
  tend_task_return_int (task, 42);
  assert_status (task, "completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  settle ();
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/current-is-the-task", test_current_is_the_task);
  g_test_add_func ("/tend/task/current-in-a-thread-is-the-task", test_current_in_a_thread_is_the_task);
  g_test_add_func ("/tend/task/current-outside-is-the-main-part", test_current_outside_is_the_main_part);
  g_test_add_func ("/tend/task/main-part-of-another-language", test_main_part_of_another_language);
  g_test_add_func ("/tend/task/main-part-cannot-be-ended", test_main_part_cannot_be_ended);
  g_test_add_func ("/tend/task/pushed-is-current", test_pushed_is_current);
  g_test_add_func ("/tend/task/pushed-starts-its-own", test_what_a_pushed_task_starts_is_its_own);
  g_test_add_func ("/tend/task/pop-takes-the-last-one-only", test_pop_takes_the_last_one_only);
  g_test_add_func ("/tend/task/fiber-cannot-push", test_fiber_cannot_push);
  g_test_add_func ("/tend/task/knows-its-context", test_knows_its_context);
  g_test_add_func ("/tend/task/keeps-its-context", test_keeps_its_context);
  g_test_add_func ("/tend/task/made-by-gobject-is-completed-by-hand", test_made_by_gobject_is_completed_by_hand);

  return g_test_run ();
}
