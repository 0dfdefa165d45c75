// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups that are dropped within a call: by the copy of an error, or while a fiber waits for them.

#include "../task/borrowed.h"

static TendGroup *
new_with_child (TendTask *child)
{
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(GError) error = NULL;

  tend_group_add (group, g_object_ref (child), &error);
  g_assert_no_error (error);

  return group;
}

static void
end_lent (void)
{
  g_autoptr(TendTask) joined = tend_group_join (lent);

  tend_task_stop (joined);
  drop_lent ();
}

/* What was joined keeps the group, and ends. */
static void
test_join (void)
{
  g_autoptr(TendTask) child = tend_task_new_open (NULL, fail_with_copies_body, NULL, NULL);
  TendGroup *group = new_with_child (child);
  g_autoptr(TendTask) joined = NULL;

  settle ();
  lend (group);
  user_code = end_lent;
  joined = tend_group_join (group);
  assert_status (joined, "stopped");
  assert_dropped ();
  tend_task_get_error (child);
}

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return tend_group_wait (user_data, error);
}

static gboolean
wait_late_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  use_up_waits ();
  return tend_group_wait (user_data, error);
}

static void
test_wait_late (void)
{
  run_dropping (wait_late_body, tend_group_new (TEND_GROUP_POLICY_WAIT_ALL));
}

/* The last child has ended when the fiber that waits is ended as well, and then nothing else keeps the group. */
static void
check_wait_ended (void     (* end) (TendTask *),
                  const char *status)
{
  g_autoptr(TendTask) child = tend_task_new_open (NULL, idle_body, NULL, NULL);
  TendGroup *group = lend (new_with_child (child));
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, wait_body, group, NULL);

  settle ();
  tend_task_return_int (child, 1);
  end (fiber);
  run_user_code ();
  assert_dropped ();
  assert_status (fiber, status);
}

static void
test_wait_cancelled (void)
{
  check_wait_ended (tend_task_cancel, "cancelled");
}

static void
test_wait_stopped (void)
{
  check_wait_ended (tend_task_stop, "stopped");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/borrowed/join", test_join);
  g_test_add_func ("/tend/borrowed/wait-late", test_wait_late);
  g_test_add_func ("/tend/borrowed/wait-cancelled", test_wait_cancelled);
  g_test_add_func ("/tend/borrowed/wait-stopped", test_wait_stopped);

  return g_test_run ();
}
