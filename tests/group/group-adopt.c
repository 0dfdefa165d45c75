// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups that adopt tasks which were started elsewhere.

#include "group.h"

static void
test_waits_for_a_running_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
  g_autoptr(TendTask) running = task_in (3, fail_as_body, "running");
  g_autoptr(TendTask) draining = tend_task_run_fiber (NULL, drain_body, (gpointer) "a", NULL);
  g_autoptr(TendTask) joined = NULL;

  tend_clock_advance (clock, SECOND, NULL);
  add (group, running);
  add (group, draining);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 2);
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  assert_notes ("a:drained");
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "running");
  assert_status (draining, "cancelled");
  g_clear_object (&joined);
  assert_gone (running);
  assert_gone (draining);
  assert_group_gone (&group);
}

static void
test_cancels_a_running_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) running = tend_task_run_fiber (NULL, drain_body, (gpointer) "a", NULL);

  add (group, running);
  g_clear_object (&group);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("a:drained");
  assert_status (running, "cancelled");
  assert_gone (running);
}

/* One that completed, one that failed, and one that was stopped and is not finished. */
static void
test_counts_a_task_that_has_ended (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);

  for (TendGroupPolicy policy = TEND_GROUP_POLICY_WAIT_ALL; policy <= TEND_GROUP_POLICY_FIRST_SUCCESS; policy++)
    {
      g_autoptr(TendGroup) group = tend_group_new (policy);
      g_autoptr(TendTask) failed = tend_task_run_open (NULL, fail_as_body, (gpointer) "failed", NULL);
      g_autoptr(TendTask) completed = tend_task_run_open (NULL, complete_body, NULL, NULL);
      g_autoptr(TendTask) joined = NULL;

      if (policy == TEND_GROUP_POLICY_FIRST_SUCCESS)
        {
          add (group, completed);
          joined = tend_group_join (group);
          g_assert_true (tend_task_get_object (joined) == completed);
        }
      else
        {
          add (group, failed);
          joined = tend_group_join (group);
          g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "failed");
        }
      g_assert_cmpuint (tend_group_get_n_left (group), ==, 0);
      tend_task_get_error (failed);
      g_clear_object (&joined);
      settle ();
      if (policy == TEND_GROUP_POLICY_FIRST_SUCCESS)
        g_assert_finalize_object (g_steal_pointer (&group));
      else
        assert_group_gone (&group);
      assert_gone (failed);
      assert_gone (completed);
    }
}

static gboolean
shielded_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_auto(TendShield) shield = tend_shield_enter ();
  g_auto(TendCall) call = TEND_CALL_INIT;

  g_task_return_boolean (*(GTask **) user_data = g_task_new (NULL, tend_call_start (&call), tend_call_ready, &call),
                         TRUE);
  tend_await_call (&call, NULL);
  return TRUE;
}

/* Its body still unwinds, and the group is not over before. */
static void
test_waits_for_a_task_that_drains (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  GTask *operation = NULL;
  g_autoptr(TendTask) stopped = tend_task_run_fiber (NULL, shielded_body, &operation, NULL);
  g_autoptr(TendTask) joined = NULL;

  tend_task_stop (stopped);
  if (!tend_task_is_finished (stopped))
    {
      add (group, stopped);
      g_assert_cmpuint (tend_group_get_n_left (group), ==, 1);
      joined = tend_group_join (group);
      assert_status (joined, "running");
    }
  tend_clock_run_until_idle (clock, NULL);
  g_assert_nonnull (joined);
  g_assert_true (tend_task_is_ended (joined));
  tend_task_get_error (joined);
  tend_task_get_error (stopped);
  g_clear_object (&joined);
  g_object_unref (operation);
  assert_gone (stopped);
  assert_group_gone (&group);
}

/* It takes a slot though there is none, and the next child waits for both. */
static void
test_takes_a_slot (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) running = task_in (2, complete_body, NULL);
  g_autoptr(TendTask) waiting = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_group_set_max_running (group, 1);
  add_in (group, 1, complete_body, NULL);
  add (group, running);
  add (group, waiting);
  tend_clock_advance (clock, SECOND, NULL);
  assert_status (waiting, "pending");
  tend_clock_advance (clock, SECOND, NULL);
  assert_status (waiting, "completed");
  assert_gone (running);
  assert_gone (waiting);
  assert_group_gone (&group);
}

static gboolean
add_itself_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);

  return tend_group_add (group, g_object_ref (task), error);
}

static void
test_refuses_its_scope (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, add_itself_body, NULL, NULL);

  g_assert_error (tend_task_get_error (fiber), TEND_ERROR, TEND_ERROR_STATE);
  assert_gone (fiber);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/adopt/waits-for-a-running-task", test_waits_for_a_running_task);
  g_test_add_func ("/tend/group/adopt/cancels-a-running-task", test_cancels_a_running_task);
  g_test_add_func ("/tend/group/adopt/counts-a-task-that-has-ended", test_counts_a_task_that_has_ended);
  g_test_add_func ("/tend/group/adopt/waits-for-a-task-that-drains", test_waits_for_a_task_that_drains);
  g_test_add_func ("/tend/group/adopt/takes-a-slot", test_takes_a_slot);
  g_test_add_func ("/tend/group/adopt/refuses-its-scope", test_refuses_its_scope);

  return g_test_run ();
}
