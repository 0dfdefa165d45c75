// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The limit of a group: how many children run at once, and what becomes of those that wait.

#include "group.h"

typedef struct
{
  guint n_running;
  guint n_most;
} Count;

static gboolean
counted_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Count *count = user_data;
  gboolean slept;

  note ("%s", tend_task_get_name (task));
  count->n_running++;
  count->n_most = MAX (count->n_most, count->n_running);
  slept = tend_sleep (SECOND, error);
  count->n_running--;
  return slept;
}

static void
test_limit_lets_so_many_run_at_once (void)
{
  const char *names[] = { "a", "b", "c", "d", "e" };
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;
  Count count = { 0 };

  tend_group_set_max_running (group, 2);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(TendTask) child = tend_task_new_fiber (names[i], counted_body, &count, NULL);

      add (group, child);
      assert_status (child, i < 2 ? "running" : "pending");
    }
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  assert_notes ("a b c d e");
  g_assert_cmpuint (count.n_most, ==, 2);
  assert_status (joined, "completed");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
note_limit_cb (GObject    *object,
               GParamSpec *pspec,
               gpointer    user_data)
{
  note ("limit:%u", tend_group_get_max_running (TEND_GROUP (object)));
}

static void
test_limit_may_be_lifted (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) a = tend_task_new_fiber ("a", counted_body, &(Count) { 0 }, NULL);
  g_autoptr(TendTask) b = tend_task_new_fiber ("b", counted_body, &(Count) { 0 }, NULL);
  TendGroupPolicy policy;
  guint limit;

  g_signal_connect (group, "notify::max-running", G_CALLBACK (note_limit_cb), NULL);
  tend_group_set_max_running (group, 1);
  tend_group_set_max_running (group, 1);
  add (group, a);
  add (group, b);
  assert_notes ("limit:1 a");
  g_object_set (group, "max-running", 0, NULL);
  settle ();
  assert_notes ("limit:0 b");
  g_object_get (group, "max-running", &limit, "policy", &policy, NULL);
  g_assert_cmpuint (limit, ==, 0);
  g_assert_cmpint (policy, ==, tend_group_get_policy (group));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_gone (a);
  assert_gone (b);
  assert_group_gone (&group);
}

/* Who waits for a slot and is cancelled takes none, and does not run. */
static void
test_limit_waiting_child_may_be_cancelled (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) waiting = tend_task_new_fiber ("waiting", counted_body, &(Count) { 0 }, NULL);
  g_autoptr(TendTask) last = tend_task_new_fiber ("last", counted_body, &(Count) { 0 }, NULL);
  g_autoptr(TendTask) joined = NULL;

  tend_group_set_max_running (group, 1);
  add_in (group, 1, complete_body, NULL);
  add (group, waiting);
  add (group, last);
  tend_task_cancel (waiting);
  assert_status (waiting, "cancelled");
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("last");
  assert_status (joined, "cancelled");
  g_clear_object (&joined);
  assert_gone (waiting);
  assert_gone (last);
  assert_group_gone (&group);
}

/* The delay of a child that waited for a slot begins when it has one, and counts as running. */
static void
test_limit_keeps_the_delay (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  tend_group_set_max_running (group, 1);
  add_in (group, 1, complete_body, NULL);
  add_in (group, 2, complete_body, NULL);
  joined = tend_group_join (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  assert_status (joined, "completed");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
test_cancel_starts_none_of_those_that_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  tend_group_set_max_running (group, 1);
  add_in (group, 1, complete_body, NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TendTask) waiting = tend_task_new_fiber ("waiting", counted_body, &(Count) { 0 }, NULL);

      add (group, waiting);
    }
  joined = tend_group_join (group);
  tend_group_cancel (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("");
  assert_status (joined, "cancelled");
  g_clear_object (&joined);
  assert_group_gone (&group);
}

static void
settle_exit_cb (TendTask *task,
                gpointer  user_data)
{
  settle ();
}

/* It has been given a slot when it is cancelled, and who is told of that runs the loop. */
static void
test_limit_begins_no_child_that_ends (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) first = tend_task_new_fiber ("first", sleep_body, NULL, NULL);
  g_autoptr(TendTask) second = tend_task_new_fiber ("second", sleep_body, NULL, NULL);

  tend_group_set_max_running (group, 1);
  add (group, first);
  add (group, second);
  tend_task_add_exit_handler (second, settle_exit_cb, NULL, NULL);

  tend_group_set_max_running (group, 2);
  tend_task_cancel (second);
  assert_status (second, "cancelled");
  tend_clock_run_until_idle (clock, NULL);
  assert_status (second, "cancelled");
  assert_notes ("slept");
  assert_group_gone (&group);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/limit-lets-so-many-run-at-once", test_limit_lets_so_many_run_at_once);
  g_test_add_func ("/tend/group/limit-may-be-lifted", test_limit_may_be_lifted);
  g_test_add_func ("/tend/group/limit-waiting-child-may-be-cancelled", test_limit_waiting_child_may_be_cancelled);
  g_test_add_func ("/tend/group/limit-keeps-the-delay", test_limit_keeps_the_delay);
  g_test_add_func ("/tend/group/limit-begins-no-child-that-ends", test_limit_begins_no_child_that_ends);
  g_test_add_func ("/tend/group/cancel-starts-none-of-those-that-wait", test_cancel_starts_none_of_those_that_wait);

  return g_test_run ();
}
