// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A limit of time on the wait for a group: when it passes, the children are cancelled and waited for.

#include "group.h"

static gboolean
note_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  note ("%s", (const char *) user_data);
  tend_task_return_boolean (task, TRUE);
  return TRUE;
}

static void
assert_timed_out (TendTask *joined)
{
  assert_status (joined, "failed");
  g_assert_error (tend_task_get_error (joined), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_children_are_cancelled (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  add_draining (group, "a");
  add_draining (group, "b");
  joined = tend_group_join_with_timeout (group, 3 * SECOND);
  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 2);
  assert_notes ("");

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND + 1);
  assert_notes ("a:drained b:drained");
  assert_timed_out (joined);
  assert_group_gone (&group);
}

/* The nearest limit counts, whoever has set it. */
static void
test_nearest_limit (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) first = NULL;
  g_autoptr(TendTask) second = NULL;
  g_autoptr(TendTask) third = NULL;

  add_draining (group, "a");
  first = tend_group_join_with_timeout (group, 5 * SECOND);
  second = tend_group_join_with_timeout (group, 2 * SECOND);
  third = tend_group_join_with_timeout (group, TEND_FOREVER);
  g_assert_true (first == second && second == third);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  assert_notes ("a:drained");
  assert_timed_out (first);
  assert_group_gone (&group);
}

/* Without children left no time passes, and the timer goes with the group. */
static void
test_in_time (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, note_body, "a");
  joined = tend_group_join_with_timeout (group, 5 * SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("a");
  assert_status (joined, "completed");
  assert_group_gone (&group);
}

/* What a child has failed with says more than the limit. */
static void
test_error_of_a_child (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, fail_when_cancelled_body, NULL, NULL);
  g_autoptr(TendTask) joined = NULL;

  add (group, child);
  joined = tend_group_join_with_timeout (group, SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (joined, "failed");
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "clean-up failed");
  assert_group_gone (&group);
}

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);

  add_draining (group, "a");
  g_assert_false (tend_group_wait_with_timeout (group, 2 * SECOND, error));
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 0);
  note ("waited");

  return FALSE;
}

static void
test_in_a_fiber (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, wait_body, NULL, NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  assert_notes ("a:drained waited");
  assert_timed_out (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/time/children-are-cancelled", test_children_are_cancelled);
  g_test_add_func ("/tend/group/time/nearest-limit", test_nearest_limit);
  g_test_add_func ("/tend/group/time/in-time", test_in_time);
  g_test_add_func ("/tend/group/time/error-of-a-child", test_error_of_a_child);
  g_test_add_func ("/tend/group/time/in-a-fiber", test_in_a_fiber);

  return g_test_run ();
}
