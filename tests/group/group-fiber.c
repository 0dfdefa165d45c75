// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups in fibers: a scope that waits for its children, whatever ends it.

#include "group.h"

typedef struct
{
  const char      *name;
  int              seconds;     /* until its second child ends */
  TendBodyFunc     body;
  TendGroupPolicy  policy;
} Scope;

static gboolean
scope_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Scope *scope = user_data;
  g_autoptr(TendGroup) group = tend_group_new (scope->policy);
  gboolean completed;

  add_draining (group, "child");
  add_in (group, scope->seconds, scope->body, "second");
  completed = tend_group_wait (group, error);
  note ("%s:%s", scope->name, completed ? "completed" : (*error)->message);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, tend_task_is_ended (task) ? 1 : 0);
  return completed;
}

static void
test_is_waited_for_in_a_fiber (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 1, fail_as_body, TEND_GROUP_POLICY_FIRST_ERROR };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, scope_body, &scope, NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("child:drained scope:second");
  g_assert_cmpstr (tend_task_get_error (fiber)->message, ==, "second");
  assert_gone (fiber);
}

static void
test_cancelled_fiber_waits_for_the_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 50, complete_body, TEND_GROUP_POLICY_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);
  const char *expected = "child:drained scope:Task 'fiber': cancelled";

  tend_clock_advance (clock, SECOND, NULL);
  tend_task_cancel (fiber);
  tend_clock_advance (clock, SECOND - 1, NULL);
  assert_status (fiber, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_notes (expected);
  assert_status (fiber, "cancelled");
  assert_gone (fiber);
}

/* The failure comes before the cancellation in time and in weight. */
static void
test_cancelled_fiber_hears_of_failures (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 1, fail_as_body, TEND_GROUP_POLICY_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  tend_task_cancel (fiber);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("child:drained scope:second");
  assert_status (fiber, "failed");
  g_assert_cmpstr (tend_task_get_error (fiber)->message, ==, "second");
  assert_gone (fiber);
  assert_notes ("");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* Stopping does not wait, but the child is cancelled all the same. */
static void
test_stopped_fiber_cancels_the_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 50, complete_body, TEND_GROUP_POLICY_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);
  const char *expected = "scope:Task 'fiber': stopped child:drained";

  tend_clock_advance (clock, SECOND, NULL);
  tend_task_stop (fiber);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes (expected);
  assert_gone (fiber);
}

static void
test_stopped_fiber_loses_no_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "scope", 1, fail_as_body, TEND_GROUP_POLICY_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", scope_body, &scope, NULL);
  const char *expected = "scope:Task 'fiber': stopped child:drained unobserved:second";

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  tend_task_stop (fiber);
  tend_clock_run_until_idle (clock, NULL);
  assert_gone (fiber);
  assert_notes (expected);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static gboolean
outer_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
  g_autoptr(TendTask) inner = tend_task_new_fiber ("inner", scope_body, user_data, NULL);

  add (group, inner);
  add_in (group, 2, fail_as_body, "outer child");
  if (!tend_group_wait (group, error))
    {
      note ("outer:%s", (*error)->message);
      return FALSE;
    }
  return TRUE;
}

static void
test_groups_nest (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Scope scope = { "inner", 50, complete_body, TEND_GROUP_POLICY_WAIT_ALL };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, outer_body, &scope, NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  g_assert_true (g_str_has_prefix (notes->str, "child:drained inner:Task 'inner': "));
  g_assert_true (g_str_has_suffix (notes->str, ": cancelled outer:outer child"));
  g_string_free (g_steal_pointer (&notes), TRUE);
  g_assert_cmpstr (tend_task_get_error (fiber)->message, ==, "outer child");
  assert_gone (fiber);
}

static void
test_wait_needs_a_fiber (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(GError) error = NULL;

  add (group, child);
  g_assert_false (tend_group_wait (group, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  assert_status (child, "running");
  tend_group_cancel (group);
  tend_task_return_value (child, NULL);
  assert_gone (child);
  assert_group_gone (&group);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/is-waited-for-in-a-fiber", test_is_waited_for_in_a_fiber);
  g_test_add_func ("/tend/group/cancelled-fiber-waits-for-the-children", test_cancelled_fiber_waits_for_the_children);
  g_test_add_func ("/tend/group/cancelled-fiber-hears-of-failures", test_cancelled_fiber_hears_of_failures);
  g_test_add_func ("/tend/group/stopped-fiber-cancels-the-children", test_stopped_fiber_cancels_the_children);
  g_test_add_func ("/tend/group/stopped-fiber-loses-no-error", test_stopped_fiber_loses_no_error);
  g_test_add_func ("/tend/group/groups-nest", test_groups_nest);
  g_test_add_func ("/tend/group/wait-needs-a-fiber", test_wait_needs_a_fiber);

  return g_test_run ();
}
