// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the first of several tasks.

#include "common.h"

static void
test_gives_the_first_that_ends (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) slow = task_in (2, complete_body, NULL);
  g_autoptr(TendTask) fast = task_in (1, complete_body, NULL);
  g_autoptr(TendTask) any = tend_when_any ((TendTask *[]) { slow, fast }, 2);

  tend_clock_advance (clock, SECOND, NULL);
  assert_status (any, "completed");
  g_assert_true (tend_task_get_object (any) == fast);
  assert_status (slow, "pending");
  tend_clock_run_until_idle (clock, NULL);
  assert_status (slow, "completed");
  assert_gone (any);
  assert_gone (slow);
  assert_gone (fast);
}

static void
test_completes_however_the_first_ended (void)
{
  const TendBodyFunc bodies[] = { complete_body, fail_body, cancel_body };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendTask) task = task_in (1, bodies[i], NULL);
      g_autoptr(TendTask) any = tend_when_any (&task, 1);

      tend_clock_run_until_idle (clock, NULL);
      assert_status (any, "completed");
      g_assert_true (tend_task_get_object (any) == task);
      tend_task_get_error (task);
      assert_gone (any);
      assert_gone (task);
    }
}

/* Neither the error of the first nor those of the others are lost. */
static void
test_observes_no_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) first = task_in (1, fail_as_body, "first");
  g_autoptr(TendTask) second = task_in (2, fail_as_body, "second");
  g_autoptr(TendTask) third = task_in (3, fail_as_body, "third");
  g_autoptr(TendTask) any = tend_when_any ((TendTask *[]) { first, second, third }, 3);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_run_until_idle (clock, NULL);
  assert_gone (any);
  assert_gone (first);
  assert_notes ("unobserved:first");
  assert_gone (second);
  assert_notes ("unobserved:second");
  tend_task_get_error (third);
  assert_gone (third);
  assert_notes ("");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_of_ended_tasks_the_first_of_the_list (void)
{
  g_autoptr(TendTask) running = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) a = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) b = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) any = tend_when_any ((TendTask *[]) { running, b, a, b }, 4);

  assert_status (any, "running");
  settle ();
  g_assert_true (tend_task_get_object (any) == b);
  assert_gone (any);
  assert_gone (a);
  assert_gone (b);
  assert_gone (running);
}

static void
test_same_task_twice (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (1, complete_body, NULL);
  g_autoptr(TendTask) any = tend_when_any ((TendTask *[]) { task, task }, 2);

  tend_clock_run_until_idle (clock, NULL);
  g_assert_true (tend_task_get_object (any) == task);
  g_assert_cmpfloat_with_epsilon (tend_task_get_progress (any), 0.5, 1e-9);
  assert_gone (any);
  assert_gone (task);
}

static void
test_needs_a_task (void)
{
  TendTask *none = NULL;

  expect_critical ("*n_tasks > 0*");
  g_assert_null (tend_when_any (&none, 0));
  g_test_assert_expected_messages ();
}

static void
test_giving_up_leaves_tasks_alone (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (1, complete_body, NULL);
  g_autoptr(TendTask) any = tend_when_any (&task, 1);

  tend_task_cancel (any);
  assert_status (any, "cancelled");
  assert_gone (any);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_a_task_that_is_dropped_unstarted_is_the_first (void)
{
  TendTask *task = tend_task_new_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) any = tend_when_any (&task, 1);
  TendTask *first;

  g_object_unref (task);
  settle ();
  first = tend_task_get_object (any);
  g_assert_error (tend_task_get_error (first), TEND_ERROR, TEND_ERROR_NOT_STARTED);
  assert_gone (any);
}

static gboolean
complete_foreign_cb (gpointer data)
{
  tend_task_return_int (data, 42);
  return G_SOURCE_REMOVE;
}

static gboolean
never_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_assert_not_reached ();
}

/* Its end runs the loop, in which the other one ends: that comes too late. */
static void
test_its_end_hears_of_no_other (void)
{
  G_GNUC_UNUSED g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) first = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) second = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) any = tend_when_any ((TendTask *[]) { first, second }, 2);

  tend_task_add_timer (any, SECOND, -1, never_cb, second, complete_and_settle_cb);
  tend_task_return_boolean (first, TRUE);
  settle ();
  assert_status (second, "completed");
  g_assert_true (tend_task_get_object (any) == first);
  assert_gone (any);
  assert_gone (first);
  assert_gone (second);
}

static void
test_of_another_thread (void)
{
  Other *other = other_new ();
  TendTask *never = foreign_new (other);
  TendTask *first = foreign_new (other);
  g_autoptr(TendTask) own = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) any = tend_when_any ((TendTask *[]) { never, own, first }, 3);

  other_call (other, complete_foreign_cb, first);
  g_assert_true (tend_task_wait_sync (any, NULL));
  g_assert_true (tend_task_get_object (any) == first);
  assert_gone (any);
  assert_gone (own);
  g_object_unref (first);
  g_object_unref (never);
  other_free (other);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/when-any/gives-the-first-that-ends", test_gives_the_first_that_ends);
  g_test_add_func ("/tend/when-any/completes-however-the-first-ended", test_completes_however_the_first_ended);
  g_test_add_func ("/tend/when-any/observes-no-error", test_observes_no_error);
  g_test_add_func ("/tend/when-any/of-ended-tasks-the-first-of-the-list", test_of_ended_tasks_the_first_of_the_list);
  g_test_add_func ("/tend/when-any/same-task-twice", test_same_task_twice);
  g_test_add_func ("/tend/when-any/needs-a-task", test_needs_a_task);
  g_test_add_func ("/tend/when-any/giving-up-leaves-tasks-alone", test_giving_up_leaves_tasks_alone);
  g_test_add_func ("/tend/when-any/a-task-that-is-dropped-unstarted-is-the-first",
                   test_a_task_that_is_dropped_unstarted_is_the_first);
  g_test_add_func ("/tend/when-any/its-end-hears-of-no-other", test_its_end_hears_of_no_other);
  g_test_add_func ("/tend/when-any/of-another-thread", test_of_another_thread);

  return g_test_run ();
}
