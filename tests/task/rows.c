// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Behaviours of tests/ROWS.md that are nobody else's subject.

#include "common.h"

/* --- Statuses --- */

static void
test_statuses_have_names (void)
{
  const char *names[] = { "created", "pending", "running", "completed", "failed", "cancelled", "stopped" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (tend_task_status_to_string ((TendTaskStatus) i), ==, names[i]);
}

static gboolean
cancel_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
  return TRUE;
}

static const struct
{
  const char   *status;
  TendBodyFunc  body;       /* NULL: the task is stopped */
} ends[] = {
  { "completed", complete_body },
  { "failed", fail_body },
  { "cancelled", cancel_body },
  { "stopped", NULL },
};

static void
test_questions_agree_with_the_status (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr(TendTask) task = tend_task_new_open (NULL, ends[i].body != NULL ? ends[i].body : idle_body, NULL,
                                                     NULL);

      tend_task_set_delay (task, 0);
      g_assert_false (tend_task_is_started (task) || tend_task_is_running (task) || tend_task_is_ended (task));
      g_assert_true (tend_task_start (task, NULL));
      assert_status (task, "pending");
      g_assert_true (tend_task_is_started (task));
      g_assert_false (tend_task_is_running (task) || tend_task_is_ended (task));
      settle ();
      if (ends[i].body == NULL)
        {
          g_assert_true (tend_task_is_running (task));
          tend_task_stop (task);
        }
      assert_status (task, ends[i].status);
      g_assert_true (tend_task_is_ended (task) && tend_task_is_started (task));
      g_assert_false (tend_task_is_running (task));
      g_assert_true ((tend_task_get_error (task) == NULL) == (ends[i].body == complete_body));
      assert_gone (task);
    }
}

static void
test_has_no_error_before_its_end (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  g_assert_null (tend_task_get_error (task));
  tend_task_return_value (task, NULL);
  g_assert_null (tend_task_get_error (task));
  assert_gone (task);
}

static void
test_messages_name_the_task (void)
{
  void (* const ways[]) (TendTask *) = { tend_task_cancel, tend_task_stop };
  const char *verbs[] = { "cancelled", "stopped" };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(TendTask) task = tend_task_new_open ("name", complete_body, NULL, NULL);
      g_autofree char *expected = g_strdup_printf ("Task 'name': %s", verbs[i]);

      ways[i] (task);
      g_assert_cmpstr (tend_task_get_error (task)->message, ==, expected);
      assert_gone (task);
    }
}

static void
test_empty_name_is_kept (void)
{
  g_autoptr(TendTask) task = tend_task_new_open ("", complete_body, NULL, NULL);
  g_autofree char *text = tend_task_to_string (task);

  g_assert_cmpstr (tend_task_get_name (task), ==, "");
  g_assert_true (g_str_has_prefix (text, "Task('', "));
  g_assert_finalize_object (g_steal_pointer (&task));
}

/* --- Exit handlers --- */

static void
test_handlers_run_at_every_end (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr(TendTask) task = tend_task_new_open (NULL, ends[i].body != NULL ? ends[i].body : idle_body, NULL,
                                                     NULL);
      g_autofree char *expected = g_strdup_printf ("exit:%s", ends[i].status);

      tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
      g_assert_true (tend_task_start (task, NULL));
      tend_task_stop (task);
      assert_notes (expected);
      tend_task_get_error (task);
      assert_gone (task);
    }
}

static void
note_current_cb (TendTask *task,
                 gpointer  user_data)
{
  note (tend_task_get_current () == task ? "current" : "other");
}

static gboolean
stop_other_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  tend_task_stop (user_data);
  note (tend_task_get_current () == task ? "current" : "other");
  return TRUE;
}

static void
test_current_in_a_handler_is_its_task (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) other = NULL;

  tend_task_add_exit_handler (task, note_current_cb, NULL, NULL);
  other = tend_task_run_fiber (NULL, stop_other_body, task, NULL);
  assert_notes ("current current");
  assert_gone (task);
  assert_gone (other);
}

/* The scope of its task is dead; other tasks live, and new ones begin. */
static void
begin_others_cb (TendTask *task,
                 gpointer  user_data)
{
  g_object_unref (tend_task_run_fiber (NULL, sleep_body, NULL, NULL));
  g_assert_false (tend_timer_is_active (tend_task_add_timer (task, 0, -1, note_cb, (gpointer) "own", NULL)));
  tend_task_add_timer (user_data, SECOND, -1, note_cb, (gpointer) "timer", NULL);
}

static void
test_handler_may_begin_other_work (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) other = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_add_exit_handler (task, begin_others_cb, other, NULL);
  tend_task_stop (task);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("slept timer");
  tend_task_stop (other);
  assert_gone (task);
  assert_gone (other);
}

static void
test_main_part_has_no_exit (void)
{
  expect_critical ("*self->loop != NULL*");
  tend_task_add_exit_handler (tend_task_get_current (), note_exit_cb, NULL, NULL);
  g_test_assert_expected_messages ();
}

/* --- Others --- */

static void
test_stopping_an_ended_task_does_nothing (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr(TendTask) task = tend_task_run_open (NULL, ends[i].body != NULL ? ends[i].body : idle_body, NULL,
                                                     NULL);

      tend_task_stop (task);
      tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "late", NULL);
      tend_task_stop (task);
      tend_task_cancel (task);
      assert_status (task, ends[i].status);
      assert_notes ("");
      tend_task_get_error (task);
      assert_gone (task);
    }
}

static void
test_failed_task_harms_nobody (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) failed = tend_task_run_open (NULL, fail_body, NULL, NULL);
  g_autoptr(TendTask) other = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("slept");
  assert_status (failed, "failed");
  g_assert_cmpstr (tend_task_get_error (failed)->message, ==, "No luck");
  assert_gone (failed);
  assert_gone (other);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/statuses-have-names", test_statuses_have_names);
  g_test_add_func ("/tend/task/questions-agree-with-the-status", test_questions_agree_with_the_status);
  g_test_add_func ("/tend/task/has-no-error-before-its-end", test_has_no_error_before_its_end);
  g_test_add_func ("/tend/task/messages-name-the-task", test_messages_name_the_task);
  g_test_add_func ("/tend/task/empty-name-is-kept", test_empty_name_is_kept);
  g_test_add_func ("/tend/task/end/handlers-run-at-every-end", test_handlers_run_at_every_end);
  g_test_add_func ("/tend/task/end/current-in-a-handler-is-its-task", test_current_in_a_handler_is_its_task);
  g_test_add_func ("/tend/task/end/handler-may-begin-other-work", test_handler_may_begin_other_work);
  g_test_add_func ("/tend/task/end/main-part-has-none", test_main_part_has_no_exit);
  g_test_add_func ("/tend/task/stop/of-an-ended-task-does-nothing", test_stopping_an_ended_task_does_nothing);
  g_test_add_func ("/tend/task/failed-one-harms-nobody", test_failed_task_harms_nobody);

  return g_test_run ();
}
