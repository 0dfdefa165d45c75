// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups: what each policy makes of the ends of the children, and what can be a child.

#include "group.h"

/* --- Policies --- */

static void
test_wait_all_lets_each_run_to_its_end (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, fail_as_body, "a");
  add_in (group, 3, complete_body, NULL);
  add_in (group, 2, fail_as_body, "b");
  joined = tend_group_join (group);
  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  assert_status (joined, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_status (joined, "failed");
  g_assert_error (tend_task_get_error (joined), TEND_ERROR, TEND_ERROR_SEVERAL);
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "One or more errors occurred. (a) (b)");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
test_completes_when_all_have (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, complete_body, NULL);
  add_in (group, 2, complete_body, NULL);
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_status (joined, "completed");
  g_assert_null (tend_task_get_result (joined, NULL));
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
test_first_error_cancels_the_others (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
  g_autoptr(TendTask) joined = NULL;

  add_draining (group, "a");
  add_in (group, 1, fail_as_body, "first");
  add_in (group, 5, complete_body, NULL);
  add_draining (group, "b");
  joined = tend_group_join (group);

  /* The others take a second more to end. */
  tend_clock_advance (clock, 2 * SECOND - 1, NULL);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 2);
  assert_status (joined, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("a:drained b:drained");
  assert_status (joined, "failed");
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "first");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

/* What goes wrong while the others are being cancelled is told as well. */
static void
test_error_of_a_clean_up_is_told (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, fail_when_cancelled_body, NULL, NULL);
  g_autoptr(TendTask) joined = NULL;

  add (group, child);
  add_in (group, 1, fail_as_body, "first");
  joined = tend_group_join (group);
  tend_clock_run_until_idle (clock, NULL);
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "One or more errors occurred. (first) (clean-up failed)");
  g_clear_object (&joined);
  assert_gone (child);
  assert_group_gone (&group);
}

static void
test_first_success_cancels_the_others (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_SUCCESS);
  g_autoptr(TendTask) winner = tend_task_new_open ("winner", complete_body, NULL, NULL);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, fail_body, NULL);
  add_draining (group, "a");
  tend_task_set_delay (winner, 2 * SECOND);
  add (group, winner);
  add_in (group, 5, complete_body, NULL);
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  assert_notes ("a:drained");
  assert_status (joined, "completed");
  g_assert_true (tend_task_get_object (joined) == winner);
  g_clear_object (&joined);
  assert_group_gone (&group);
  assert_gone (winner);
}

static void
test_first_success_fails_if_none_completes (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_SUCCESS);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 2, fail_as_body, "b");
  add_in (group, 1, fail_as_body, "a");
  joined = tend_group_join (group);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (joined, "failed");
  g_assert_cmpstr (tend_task_get_error (joined)->message, ==, "One or more errors occurred. (a) (b)");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

/* A child that somebody cancels is no failure, and two of them are none. */
static void
test_cancelled_children_are_no_failure (void)
{
  for (guint n_cancelled = 1; n_cancelled <= 2; n_cancelled++)
    {
      g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
      g_autoptr(TendTask) joined = NULL;

      for (guint i = 0; i < 3; i++)
        {
          g_autoptr(TendTask) child = tend_task_new_open (NULL, i < n_cancelled ? cancel_body : complete_body,
                                                          NULL, NULL);

          add (group, child);
        }
      joined = tend_group_join (group);
      assert_status (joined, "cancelled");
      g_clear_object (&joined);
      assert_group_gone (&group);
    }
}

/* --- Adding --- */

static void
test_starts_at_once (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_open (NULL, complete_body, NULL, NULL);

  add (group, child);
  assert_status (child, "completed");
  assert_gone (child);
  assert_group_gone (&group);
}

static void
test_without_children_is_over_at_once (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_FIRST_SUCCESS);
  g_autoptr(TendTask) joined = tend_group_join (group);
  g_autoptr(TendTask) again = tend_group_join (group);

  assert_status (joined, "completed");
  g_assert_true (joined == again);
  g_clear_object (&joined);
  g_clear_object (&again);
  assert_group_gone (&group);
}

static void
assert_refused (TendGroup *group,
                TendTask  *task,
                int        code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_group_add (group, g_object_ref (task), &error));
  g_assert_error (error, TEND_ERROR, code);
}

static gboolean
wrong_thread_cb (gpointer data)
{
  *(TendTask **) data = tend_task_new_open (NULL, complete_body, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
test_refuses_what_cannot_be_a_child (void)
{
  Other *other = other_new ();
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendGroup) other_group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) idle = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) joined = NULL;
  TendTask *foreign = NULL;

  add (other_group, idle);
  joined = tend_group_join (other_group);
  assert_refused (other_group, joined, TEND_ERROR_STATE);
  other_call (other, wrong_thread_cb, &foreign);
  assert_refused (group, foreign, TEND_ERROR_WRONG_THREAD);
  g_object_unref (foreign);
  other_free (other);
  assert_group_gone (&group);
  tend_group_cancel (other_group);
  tend_task_return_boolean (idle, TRUE);
  assert_gone (idle);
  settle ();
  tend_task_get_error (joined);
  g_clear_object (&joined);
  assert_group_gone (&other_group);
}

static void
test_refuses_children_after_the_end (void)
{
  g_autoptr(TendTask) late = tend_task_new_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = tend_group_join (group);

  assert_refused (group, late, TEND_ERROR_SHUT_DOWN);
  g_clear_object (&joined);
  assert_group_gone (&group);

  group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  tend_group_cancel (group);
  assert_refused (group, late, TEND_ERROR_SHUT_DOWN);
  assert_group_gone (&group);

  group = tend_group_new (TEND_GROUP_POLICY_FIRST_ERROR);
  add_in (group, 0, fail_body, NULL);
  settle ();
  assert_refused (group, late, TEND_ERROR_SHUT_DOWN);
  joined = tend_group_join (group);
  tend_task_get_error (joined);
  g_clear_object (&joined);
  assert_group_gone (&group);
  assert_gone (late);
}

static gboolean
add_two_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  TendGroup *group = user_data;

  add_in (group, 1, complete_body, NULL);
  add_in (group, 2, complete_body, NULL);
  tend_task_return_value (task, NULL);

  return TRUE;
}

/* Also the last child may, while somebody waits for the group. */
static void
test_children_may_add_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  add_in (group, 1, add_two_body, group);
  joined = tend_group_join (group);
  tend_clock_advance (clock, SECOND, NULL);
  g_assert_cmpuint (tend_group_get_n_left (group), ==, 2);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (joined, "completed");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

/* --- Deep in bodies that start the next within one another --- */

#define DEPTH 40

typedef struct
{
  TendGroup *groups[DEPTH];
  TendTask  *joined[DEPTH];
  guint      n;
} Nested;

/* Half of the groups are empty, and one child of each of the others is cancelled with it. */
static gboolean
join_nested_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Nested *self = user_data;
  guint n = self->n++;

  self->groups[n] = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  if (n % 2 == 0)
    add_in (self->groups[n], 1, complete_body, NULL);
  self->joined[n] = tend_group_join (self->groups[n]);
  assert_status (self->joined[n], n % 2 == 0 ? "running" : "completed");
  tend_task_cancel (self->joined[n]);
  if (self->n < DEPTH)
    g_object_unref (tend_task_run_open (NULL, join_nested_body, self, NULL));
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_deep_in_bodies_it_is_joined_at_once (void)
{
  Nested nested = { .n = 0 };

  g_object_unref (tend_task_run_open (NULL, join_nested_body, &nested, NULL));
  settle ();
  g_assert_cmpuint (nested.n, ==, DEPTH);
  for (guint i = 0; i < DEPTH; i++)
    {
      assert_status (nested.joined[i], i % 2 == 0 ? "cancelled" : "completed");
      g_assert_cmpuint (tend_group_get_n_left (nested.groups[i]), ==, 0);
      g_clear_object (&nested.joined[i]);
      assert_group_gone (&nested.groups[i]);
    }
}

/* Disposed of by hand, as language bindings can, it ends for those who wait. */
static void
test_ends_when_disposed_of (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  TendTask *child = tend_task_new_open (NULL, idle_body, NULL, NULL);
  TendTask *joined;

  g_assert_true (tend_group_add (group, g_object_ref (child), NULL));
  joined = tend_group_join (group);
  g_object_run_dispose (G_OBJECT (group));
  assert_status (joined, "cancelled");
  tend_task_return_value (child, NULL);
  assert_gone (child);
  g_assert_finalize_object (g_steal_pointer (&group));
  assert_gone (joined);
}

static void
dispose_of_group_cb (const char   *task,
                     const GError *error,
                     const char   *origin,
                     gpointer      user_data)
{
  note ("told");
  g_object_run_dispose (user_data);
}

/* Whoever is told of the errors that it drops disposes of it once more. */
static void
test_disposed_of_within_its_end (void)
{
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(TendTask) child = tend_task_new_open (NULL, fail_body, NULL, NULL);

      g_assert_true (tend_group_add (group, g_object_ref (child), NULL));
    }
  settle ();
  tend_set_unobserved_func (dispose_of_group_cb, group, NULL);
  g_object_run_dispose (G_OBJECT (group));
  tend_set_unobserved_func (NULL, NULL, NULL);
  assert_notes ("told told");
  g_assert_finalize_object (group);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/wait-all-lets-each-run-to-its-end", test_wait_all_lets_each_run_to_its_end);
  g_test_add_func ("/tend/group/completes-when-all-have", test_completes_when_all_have);
  g_test_add_func ("/tend/group/first-error-cancels-the-others", test_first_error_cancels_the_others);
  g_test_add_func ("/tend/group/error-of-a-clean-up-is-told", test_error_of_a_clean_up_is_told);
  g_test_add_func ("/tend/group/first-success-cancels-the-others", test_first_success_cancels_the_others);
  g_test_add_func ("/tend/group/first-success-fails-if-none-completes", test_first_success_fails_if_none_completes);
  g_test_add_func ("/tend/group/cancelled-children-are-no-failure", test_cancelled_children_are_no_failure);
  g_test_add_func ("/tend/group/starts-at-once", test_starts_at_once);
  g_test_add_func ("/tend/group/without-children-is-over-at-once", test_without_children_is_over_at_once);
  g_test_add_func ("/tend/group/refuses-what-cannot-be-a-child", test_refuses_what_cannot_be_a_child);
  g_test_add_func ("/tend/group/refuses-children-after-the-end", test_refuses_children_after_the_end);
  g_test_add_func ("/tend/group/children-may-add-children", test_children_may_add_children);
  g_test_add_func ("/tend/group/deep-in-bodies-it-is-joined-at-once", test_deep_in_bodies_it_is_joined_at_once);
  g_test_add_func ("/tend/group/ends-when-disposed-of", test_ends_when_disposed_of);
  g_test_add_func ("/tend/group/disposed-of-within-its-end", test_disposed_of_within_its_end);

  return g_test_run ();
}
