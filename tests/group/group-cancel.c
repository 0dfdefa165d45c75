// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups that are cancelled, stopped or dropped: they wait for the real ends, and lose no error.

#include "group.h"

/* --- Cancelling --- */

static void
cancel_group (TendGroup *group,
              TendTask  *joined)
{
  tend_group_cancel (group);
}

static void
cancel_joined (TendGroup *group,
               TendTask  *joined)
{
  tend_task_cancel (joined);
}

static void
test_cancel_waits_for_the_real_ends (void)
{
  void (* const ways[]) (TendGroup *, TendTask *) = { cancel_group, cancel_joined };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
      g_autoptr(TendTask) joined = NULL;

      add_draining (group, "a");
      add_draining (group, "b");
      joined = tend_group_join (group);
      ways[i] (group, joined);
      ways[i] (group, joined);
      tend_clock_advance (clock, SECOND - 1, NULL);
      assert_notes ("");
      assert_status (joined, "running");
      tend_clock_advance (clock, 1, NULL);
      assert_notes ("a:drained b:drained");
      assert_status (joined, "cancelled");
      g_assert_error (tend_task_get_error (joined), G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_object (&joined);
      assert_group_gone (&group);
    }
}

static void
give_up_cb (TendTask *task,
            gpointer  user_data)
{
  g_assert_true (tend_task_return_error_if_cancelled (task));
}

static void
drop_group_cb (TendTask *task,
               gpointer  user_data)
{
  g_object_unref (user_data);
}

/* A child that is cancelled may be the last to hold it. */
static void
test_goes_while_it_is_cancelled (void)
{
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_open (NULL, idle_body, NULL, NULL);

  g_assert_true (tend_group_add (group, g_object_ref (child), NULL));
  tend_task_add_cancel_handler (child, give_up_cb, NULL, NULL);
  tend_task_add_exit_handler (child, drop_group_cb, group, NULL);
  g_object_add_weak_pointer (G_OBJECT (group), (gpointer *) &group);
  tend_group_cancel (group);
  g_assert_null (group);
  assert_status (child, "cancelled");
  assert_gone (child);
}

typedef struct
{
  GMutex   lock;
  GCond    cond;
  gboolean has_begun;
  gboolean may_end;
} Worker;

static gboolean
deaf_thread_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Worker *worker = user_data;

  g_mutex_lock (&worker->lock);
  worker->has_begun = TRUE;
  g_cond_broadcast (&worker->cond);
  while (!worker->may_end)
    g_cond_wait (&worker->cond, &worker->lock);
  g_mutex_unlock (&worker->lock);
  return TRUE;
}

/* A child that was stopped has ended, and its thread has not. */
static void
test_waits_for_the_thread_of_a_stopped_child (void)
{
  Worker worker = { 0 };
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_thread (NULL, deaf_thread_body, &worker, NULL);
  g_autoptr(TendTask) joined = NULL;

  add (group, child);
  joined = tend_group_join (group);

  /* One that has not begun never does, and there would be nothing to wait for. */
  g_mutex_lock (&worker.lock);
  while (!worker.has_begun)
    g_cond_wait (&worker.cond, &worker.lock);
  g_mutex_unlock (&worker.lock);

  tend_task_stop (child);
  settle ();
  assert_status (child, "stopped");
  assert_status (joined, "running");
  g_mutex_lock (&worker.lock);
  worker.may_end = TRUE;
  g_cond_broadcast (&worker.cond);
  g_mutex_unlock (&worker.lock);
  g_assert_false (tend_task_wait_sync (joined, NULL));
  g_assert_error (tend_task_get_error (joined), TEND_ERROR, TEND_ERROR_STOPPED);
  g_clear_object (&joined);
  assert_gone (child);
  assert_group_gone (&group);
}

/* --- Errors of a group that nobody waits for --- */

static void
test_dropping_it_cancels_the_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);

  add_draining (group, "a");
  add_in (group, 1, complete_body, NULL);
  g_assert_finalize_object (group);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("a:drained");
}

static void
test_dropping_it_loses_no_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, fail_when_cancelled_body, NULL, NULL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  add_in (group, 1, fail_as_body, "before");
  add (group, child);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  g_assert_finalize_object (group);
  assert_notes ("unobserved:before");
  settle ();
  assert_gone (child);
  assert_notes ("unobserved:clean-up failed");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* It keeps so many that fail. What comes beyond is nobody's, and told at once. */
static void
test_keeps_a_number_of_errors (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;
  g_autoptr(GPtrArray) errors = NULL;

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  for (guint i = 0; i < 65536; i++)
    add_in (group, 0, fail_as_body, "kept");
  settle ();
  assert_notes ("");
  add_in (group, 0, fail_as_body, "beyond");
  settle ();
  assert_notes ("unobserved:beyond");

  joined = tend_group_join (group);
  settle ();
  errors = tend_task_list_errors (joined);
  g_assert_cmpuint (errors->len, ==, 65536);
  g_assert_true (g_str_has_suffix (tend_task_get_error (joined)->message, "(kept) and 65520 more"));
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
cancel_group_cb (gpointer  data,
                 GObject  *child)
{
  note ("freed");
  tend_group_cancel (data);
}

/* A child that failed is freed when its error has been taken, and who hears of that cancels the group. */
static void
test_child_that_is_freed_cancels_it (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;
  TendTask *first = tend_task_new_open (NULL, fail_as_body, (gpointer) "first", NULL);
  g_autoptr(TendTask) second = tend_task_new_open (NULL, fail_as_body, (gpointer) "second", NULL);

  g_object_weak_ref (G_OBJECT (first), cancel_group_cb, group);
  add (group, first);
  add (group, second);
  g_object_unref (first);
  settle ();
  assert_notes ("");

  joined = tend_group_join (group);
  assert_notes ("freed");
  g_assert_error (tend_task_get_error (joined), TEND_ERROR, TEND_ERROR_SEVERAL);
  settle ();
  g_assert_finalize_object (g_steal_pointer (&group));
  assert_gone (joined);
  assert_gone (second);
}

static void
test_unread_joined_task_reports_the_error_once (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  add_in (group, 0, fail_as_body, "lost?");
  g_object_unref (tend_group_join (group));
  assert_group_gone (&group);
  assert_notes ("unobserved:lost?");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* The task of the group was stopped, and cannot carry what the children say. */
static void
test_stopping_the_joined_task_loses_no_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) joined = NULL;

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  add_in (group, 1, fail_as_body, "before");
  add_draining (group, "a");
  joined = tend_group_join (group);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  tend_task_stop (joined);
  g_clear_object (&joined);
  g_object_unref (group);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("unobserved:before a:drained");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/group/goes-while-it-is-cancelled", test_goes_while_it_is_cancelled);
  g_test_add_func ("/tend/group/cancel-waits-for-the-real-ends", test_cancel_waits_for_the_real_ends);
  g_test_add_func ("/tend/group/waits-for-the-thread-of-a-stopped-child",
                   test_waits_for_the_thread_of_a_stopped_child);
  g_test_add_func ("/tend/group/dropping-it-cancels-the-children", test_dropping_it_cancels_the_children);
  g_test_add_func ("/tend/group/dropping-it-loses-no-error", test_dropping_it_loses_no_error);
  g_test_add_func ("/tend/group/child-that-is-freed-cancels-it", test_child_that_is_freed_cancels_it);
  g_test_add_func ("/tend/group/keeps-a-number-of-errors", test_keeps_a_number_of_errors);
  g_test_add_func ("/tend/group/unread-joined-task-reports-the-error-once",
                   test_unread_joined_task_reports_the_error_once);
  g_test_add_func ("/tend/group/stopping-the-joined-task-loses-no-error",
                   test_stopping_the_joined_task_loses_no_error);

  return g_test_run ();
}
