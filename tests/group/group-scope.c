// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The scope of a group, with which it ends, and the children that do not end in time.

#include "group.h"

/* Creates a group with a child, for somebody who keeps it. */
static gboolean
create_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  TendGroup **group = user_data;

  *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  add_draining (*group, "child");
  return TRUE;
}

/* Joins a group that another task has created. */
static gboolean
join_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_object_unref (tend_group_join (user_data));
  return TRUE;
}

static void
fail (TendTask *task)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "No luck");
  g_assert_nonnull (tend_task_get_error (task));
}

static void
give_up (TendTask *task)
{
  tend_task_cancel (task);
  g_assert_true (tend_task_return_error_if_cancelled (task));
}

static void (* const ends[]) (TendTask *task) = { fail, give_up, tend_task_stop };

static void
test_ends_with_the_task_that_created_it (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendGroup *group = NULL;
      g_autoptr(TendTask) task = tend_task_run_open (NULL, create_body, &group, NULL);

      tend_clock_advance (clock, SECOND, NULL);
      g_assert_cmpuint (tend_group_get_n_left (group), ==, 1);
      ends[i] (task);
      tend_clock_advance (clock, SECOND, NULL);
      assert_notes ("child:drained");
      assert_group_gone (&group);
      assert_gone (task);
    }
}

/* Whoever joins it answers for it. */
static void
test_ends_with_the_task_that_joined_it (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendGroup *group = NULL;
      g_autoptr(TendTask) creator = tend_task_run_open (NULL, create_body, &group, NULL);
      g_autoptr(TendTask) task = tend_task_run_open (NULL, join_body, group, NULL);

      ends[i] (creator);
      tend_clock_advance (clock, SECOND, NULL);
      g_assert_cmpuint (tend_group_get_n_left (group), ==, 1);
      ends[i] (task);
      tend_clock_advance (clock, SECOND, NULL);
      assert_notes ("child:drained");
      assert_group_gone (&group);
      assert_gone (task);
      assert_gone (creator);
    }
}

/* It may hand the group on, joined or not. */
static void
test_goes_on_when_its_scope_completes (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = NULL;
  g_autoptr(TendTask) task = tend_task_run_open (NULL, create_body, &group, NULL);

  tend_task_return_value (task, NULL);
  assert_gone (task);
  tend_clock_advance (clock, 10 * SECOND, NULL);
  assert_notes ("");
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 1);
  tend_group_cancel (group);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("child:drained");
  assert_group_gone (&group);
}

/* A group that is over, or gone, does not keep the task. */
static void
test_leaves_its_scope (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = NULL;
  TendTask *task = tend_task_run_open (NULL, create_body, &group, NULL);

  g_assert_finalize_object (g_steal_pointer (&group));
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("child:drained");
  tend_task_stop (task);
  g_assert_finalize_object (task);
}

/* --- Children that do not end --- */

static gboolean
deaf_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_shield_push ();
  tend_sleep (100 * SECOND, NULL);
  tend_shield_pop ();
  note (tend_task_is_ended (task) ? "stopped" : "slept");
  return TRUE;
}

static TendGroup *
create_deaf (TendGroupPolicy policy)
{
  TendGroup *group = tend_group_new (policy);
  g_autoptr(TendTask) task = tend_task_new_fiber ("deaf", deaf_body, NULL, NULL);

  add (group, task);
  add_draining (group, "child");
  return group;
}

#define LATE "Task 'deaf': did not end within %s s after its group was cancelled, and is stopped; it was made at " \
             "*test-group-group-scope*"

static void
expect_late (const char *seconds)
{
  g_autofree char *pattern = g_strdup_printf (LATE, seconds);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, pattern);
}

static void
test_child_that_is_late_is_stopped (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = create_deaf (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = tend_group_join (group);

  tend_clock_advance (clock, SECOND, NULL);
  tend_group_cancel (group);
  tend_clock_advance (clock, 5 * SECOND - 1, NULL);
  assert_notes ("child:drained");
  assert_status (joined, "running");
  expect_late ("5");
  tend_clock_advance (clock, 1, NULL);
  g_test_assert_expected_messages ();
  assert_notes ("stopped");

  /* It was told, and is no failure of the group. */
  assert_status (joined, "cancelled");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
test_child_of_a_dropped_group_is_stopped (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = create_deaf (TEND_GROUP_POLICY_WAIT_ALL);

  tend_group_set_grace_period (group, 2500 * G_TIME_SPAN_MILLISECOND);
  g_assert_finalize_object (group);
  expect_late ("2.5");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2500 * G_TIME_SPAN_MILLISECOND);
  g_test_assert_expected_messages ();
  assert_notes ("child:drained stopped");
}

/* To drop a group that was cancelled gives the children no more time. */
static void
test_grace_period_begins_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = create_deaf (TEND_GROUP_POLICY_WAIT_ALL);

  tend_group_cancel (group);
  tend_group_set_grace_period (group, 50 * SECOND);
  tend_clock_advance (clock, 4 * SECOND, NULL);
  g_object_unref (group);
  expect_late ("5");
  tend_clock_advance (clock, SECOND, NULL);
  g_test_assert_expected_messages ();
  assert_notes ("child:drained stopped");
}

static void
test_grace_period_may_have_no_end (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = create_deaf (TEND_GROUP_POLICY_WAIT_ALL);

  g_assert_cmpint (tend_group_get_grace_period (group), ==, 5 * SECOND);
  tend_group_set_grace_period (group, TEND_FOREVER);
  tend_group_cancel (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 100 * SECOND);
  assert_notes ("child:drained slept");
  assert_group_gone (&group);
}

/* Somebody waits for the group, and can still cancel it. */
static void
test_policy_gives_all_the_time (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = create_deaf (TEND_GROUP_POLICY_FIRST_SUCCESS);

  add_in (group, 1, complete_body, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 100 * SECOND);
  assert_notes ("child:drained slept");
  assert_group_gone (&group);
}

/* A child that waits for its turn does not begin any more. */
static void
test_child_without_a_slot_is_cancelled (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) waiting = tend_task_new_fiber ("waiting", drain_body, (gpointer) "waiting", NULL);

  tend_group_set_max_running (group, 1);
  add_draining (group, "child");
  add (group, waiting);
  g_object_unref (group);
  assert_status (waiting, "cancelled");
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("child:drained");
  assert_gone (waiting);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/ends-with-the-task-that-created-it", test_ends_with_the_task_that_created_it);
  g_test_add_func ("/tend/group/ends-with-the-task-that-joined-it", test_ends_with_the_task_that_joined_it);
  g_test_add_func ("/tend/group/goes-on-when-its-scope-completes", test_goes_on_when_its_scope_completes);
  g_test_add_func ("/tend/group/leaves-its-scope", test_leaves_its_scope);
  g_test_add_func ("/tend/group/child-that-is-late-is-stopped", test_child_that_is_late_is_stopped);
  g_test_add_func ("/tend/group/child-of-a-dropped-group-is-stopped", test_child_of_a_dropped_group_is_stopped);
  g_test_add_func ("/tend/group/grace-period-begins-once", test_grace_period_begins_once);
  g_test_add_func ("/tend/group/grace-period-may-have-no-end", test_grace_period_may_have_no_end);
  g_test_add_func ("/tend/group/policy-gives-all-the-time", test_policy_gives_all_the_time);
  g_test_add_func ("/tend/group/child-without-a-slot-is-cancelled", test_child_without_a_slot_is_cancelled);

  return g_test_run ();
}
