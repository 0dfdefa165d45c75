// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The run of a program: what it leaves behind is cancelled and waited for, and who is late is named and stopped.

#include "common.h"

typedef struct
{
  TendTask        *first;
  TendTask        *second;
  TendTaskManager *manager;
} Left;

static void
left_clear (Left *self)
{
  g_clear_object (&self->first);
  g_clear_object (&self->second);
  g_clear_object (&self->manager);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Left, left_clear)

/* Cleans up for as long as @user_data says, in microseconds. */
static gboolean
tidy_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  gboolean has_slept = tend_sleep (100 * SECOND, error);
  g_auto(TendShield) shield = tend_shield_enter ();

  note ("%s %s", tend_task_get_name (task), has_slept ? "slept" : "cancelled");
  if (!tend_sleep (GPOINTER_TO_SIZE (user_data), NULL))
    {
      note ("%s stopped", tend_task_get_name (task));
      return has_slept;
    }
  note ("%s tidy", tend_task_get_name (task));

  return has_slept;
}

static gboolean
leave_two_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  Left *left = user_data;

  left->first = tend_task_run_fiber ("a", tidy_body, GSIZE_TO_POINTER (2 * SECOND), NULL);
  left->second = tend_task_run_fiber ("b", tidy_body, GSIZE_TO_POINTER (SECOND), NULL);

  return tend_sleep (SECOND, error);
}

static void
test_cancels_what_it_leaves_behind (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_auto(Left) left = { NULL };
  gint64 begin = tend_clock_get_time (clock);

  g_assert_true (tend_run (leave_two_body, &left, NULL));
  assert_notes ("a cancelled b cancelled b tidy a tidy");
  assert_status (left.first, "cancelled");
  assert_status (left.second, "cancelled");
  g_assert_true (tend_task_is_finished (left.first));
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, 3 * SECOND);
}

static gboolean
leave_late_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  Left *left = user_data;

  left->first = tend_task_run_fiber ("late", tidy_body, GSIZE_TO_POINTER (60 * SECOND), NULL);
  left->second = tend_task_run_fiber ("b", tidy_body, GSIZE_TO_POINTER (SECOND), NULL);

  return TRUE;
}

static void
test_names_and_stops_who_is_late (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_auto(Left) left = { NULL };
  gint64 begin = tend_clock_get_time (clock);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Program: has ended, and stops what did not end within 5 s after that: "
                         "Task 'late', made at *test-task-run*");
  g_assert_true (tend_run (leave_late_body, &left, NULL));
  g_test_assert_expected_messages ();
  assert_notes ("late cancelled b cancelled b tidy late stopped");
  assert_status (left.first, "stopped");
  g_assert_true (tend_task_is_finished (left.first));
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, 5 * SECOND);
}

/* What was there before goes on: it is not of this run. */
static void
test_leaves_alone_what_was_there_before (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) older = tend_task_run_fiber ("older", tidy_body, NULL, NULL);
  g_auto(Left) left = { NULL };

  g_assert_true (tend_run (leave_two_body, &left, NULL));
  assert_notes ("a cancelled b cancelled b tidy a tidy");
  assert_status (older, "running");
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("older slept older tidy");
}

/* A task that is cancelled starts the next one for its clean-up, which is cancelled too. */
static gboolean
start_when_cancelled_body (TendTask  *task,
                           gpointer   user_data,
                           GError   **error)
{
  Left *left = user_data;

  tend_sleep (100 * SECOND, NULL);
  left->second = tend_task_run_fiber ("next", tidy_body, GSIZE_TO_POINTER (SECOND), NULL);

  return TRUE;
}

static gboolean
leave_starter_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  ((Left *) user_data)->first = tend_task_run_fiber ("starter", start_when_cancelled_body, user_data, NULL);

  return TRUE;
}

static void
test_cancels_what_the_cancelled_start (void)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = tend_clock_freeze (NULL);
  g_auto(Left) left = { NULL };

  g_assert_true (tend_run (leave_starter_body, &left, NULL));
  assert_notes ("next cancelled next tidy");
  assert_status (left.second, "cancelled");
}

/* What the clean-up of a task waits for is left alone until that has ended. */
static gboolean
await_when_cancelled_body (TendTask  *task,
                           gpointer   user_data,
                           GError   **error)
{
  Left *left = user_data;
  gboolean has_slept = tend_sleep (100 * SECOND, error);
  g_auto(TendShield) shield = tend_shield_enter ();

  left->second = tend_task_run_delay (SECOND);
  note ("%s", tend_await (left->second, NULL) ? "awaited" : "cut off");

  return has_slept;
}

static gboolean
leave_awaiter_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  ((Left *) user_data)->first = tend_task_run_fiber ("awaiter", await_when_cancelled_body, user_data, NULL);

  return TRUE;
}

static void
test_leaves_alone_what_a_clean_up_awaits (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_auto(Left) left = { NULL };
  gint64 begin = tend_clock_get_time (clock);

  g_assert_true (tend_run (leave_awaiter_body, &left, NULL));
  assert_notes ("awaited");
  assert_status (left.first, "cancelled");
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, SECOND);
}

/* Tasks of which each starts the next when it is cancelled do not go on for ever. */
static gboolean
start_another_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  gboolean has_slept = tend_sleep (100 * SECOND, error);
  g_auto(TendShield) shield = tend_shield_enter ();

  if (!tend_sleep (SECOND, NULL))
    return FALSE;
  note ("%s", tend_task_get_name (task));
  g_object_unref (tend_task_run_fiber ("another", start_another_body, NULL, NULL));

  return has_slept;
}

static gboolean
leave_chain_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_object_unref (tend_task_run_fiber ("one", start_another_body, NULL, NULL));

  return TRUE;
}

static void
test_stops_a_chain_by_the_grace_period (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  gint64 begin = tend_clock_get_time (clock);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Program: has ended, and stops what did not end*'another'*");
  g_assert_true (tend_run (leave_chain_body, NULL, NULL));
  g_test_assert_expected_messages ();
  g_assert_true (g_str_has_prefix (notes->str, "one another another another"));
  g_string_free (g_steal_pointer (&notes), TRUE);
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, 5 * SECOND);
}

/* Of a manager that nobody shuts down: what runs, and what waits for its turn. */
static gboolean
leave_manager_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  Left *left = user_data;

  left->manager = tend_task_manager_new ();
  tend_task_manager_set_max_running (left->manager, 1);
  tend_task_manager_register (left->manager,
                              tend_task_new_fiber ("runs", tidy_body, GSIZE_TO_POINTER (SECOND), NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_register (left->manager,
                              tend_task_new_fiber ("pending", tidy_body, GSIZE_TO_POINTER (SECOND), NULL),
                              TEND_NAME_POLICY_REJECT, NULL);

  return tend_sleep (SECOND, error);
}

static void
test_cancels_what_is_managed (void)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = tend_clock_freeze (NULL);
  g_auto(Left) left = { NULL };

  g_assert_true (tend_run (leave_manager_body, &left, NULL));
  assert_notes ("runs cancelled runs tidy");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (left.manager)), ==, 0);
}

static gboolean
fail_and_leave_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  leave_two_body (task, user_data, NULL);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "main failed");

  return FALSE;
}

static void
test_ends_what_is_left_by_a_failure (void)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = tend_clock_freeze (NULL);
  g_autoptr(GError) error = NULL;
  g_auto(Left) left = { NULL };

  g_assert_false (tend_run (fail_and_leave_body, &left, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_notes ("a cancelled b cancelled b tidy a tidy");
}

/* The task may be one of any kind, and may run already. */
static void
test_task_may_have_been_started (void)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = tend_clock_freeze (NULL);
  g_auto(Left) left = { NULL };
  g_autoptr(TendTask) main_task = tend_task_run_fiber ("mine", leave_late_body, &left, NULL);
  g_autoptr(TendTask) last = tend_task_run_delay (SECOND);

  tend_task_cancel (left.first);
  assert_status (main_task, "completed");
  g_assert_true (tend_run_task (last, NULL));
  assert_notes ("late cancelled");
  assert_status (left.second, "running");
  g_assert_false (tend_run_task (left.first, NULL));
  assert_notes ("late tidy");
  tend_task_stop (left.second);
  settle ();
  assert_notes ("b cancelled b stopped");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/run/cancels-what-it-leaves-behind", test_cancels_what_it_leaves_behind);
  g_test_add_func ("/tend/run/names-and-stops-who-is-late", test_names_and_stops_who_is_late);
  g_test_add_func ("/tend/run/leaves-alone-what-was-there-before", test_leaves_alone_what_was_there_before);
  g_test_add_func ("/tend/run/cancels-what-the-cancelled-start", test_cancels_what_the_cancelled_start);
  g_test_add_func ("/tend/run/leaves-alone-what-a-clean-up-awaits", test_leaves_alone_what_a_clean_up_awaits);
  g_test_add_func ("/tend/run/stops-a-chain-by-the-grace-period", test_stops_a_chain_by_the_grace_period);
  g_test_add_func ("/tend/run/cancels-what-is-managed", test_cancels_what_is_managed);
  g_test_add_func ("/tend/run/ends-what-is-left-by-a-failure", test_ends_what_is_left_by_a_failure);
  g_test_add_func ("/tend/run/task-may-have-been-started", test_task_may_have_been_started);

  return g_test_run ();
}
