// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the first success, or for the first error, of several tasks.

#include "common.h"

/* Frees the wait and its tasks, of which nothing else must be left. */
static void
drop (TendTask  *wait,
      TendTask **tasks,
      gsize      n_tasks)
{
  assert_gone (wait);
  for (gsize i = 0; i < n_tasks; i++)
    assert_gone (tasks[i]);
}

static void
test_first_success_is_the_result (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (1, fail_as_body, "before"), task_in (2, complete_body, NULL), task_in (3, fail_as_body, "after"),
    task_in (4, complete_body, NULL),
  };
  TendTask *first = tend_when_first_success (tasks, G_N_ELEMENTS (tasks));

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_advance (clock, SECOND, NULL);
  g_assert_false (tend_task_is_ended (first));
  tend_clock_advance (clock, SECOND, NULL);
  assert_status (first, "completed");
  g_assert_true (tend_task_get_object (first) == tasks[1]);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (tasks[3], "completed");

  /* The error that came before is observed, and the one that came after is not. */
  drop (first, tasks, G_N_ELEMENTS (tasks));
  assert_notes ("unobserved:after");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_first_success_fails_with_all_errors (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (1, fail_as_body, "a"), task_in (2, cancel_body, NULL), task_in (3, fail_as_body, "b"),
  };
  TendTask *first = tend_when_first_success (tasks, G_N_ELEMENTS (tasks));

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_run_until_idle (clock, NULL);
  g_assert_error (tend_task_get_error (first), TEND_ERROR, TEND_ERROR_SEVERAL);
  drop (first, tasks, G_N_ELEMENTS (tasks));
  assert_notes ("");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_first_error_is_passed_on (void)
{
  const TendBodyFunc bodies[] = { fail_as_body, cancel_body };

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendTask *tasks[] = {
        task_in (1, complete_body, NULL), task_in (2, bodies[i], "first"), task_in (3, fail_as_body, "second"),
      };
      TendTask *error = tend_when_first_error (tasks, G_N_ELEMENTS (tasks));

      tend_clock_advance (clock, 2 * SECOND, NULL);
      assert_status (error, i == 0 ? "failed" : "cancelled");
      g_assert_cmpstr (tend_task_get_error (error)->message, ==, i == 0 ? "first" : "Enough");
      tend_clock_run_until_idle (clock, NULL);
      drop (error, tasks, G_N_ELEMENTS (tasks));
      assert_notes ("unobserved:second");
    }
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_first_error_without_one_gives_the_tasks (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = { task_in (2, complete_body, NULL), task_in (1, complete_body, NULL) };
  TendTask *error = tend_when_first_error (tasks, G_N_ELEMENTS (tasks));
  g_autoptr(TendTask) none = tend_when_first_error (NULL, 0);

  tend_clock_run_until_idle (clock, NULL);
  assert_status (error, "completed");
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (tend_task_get_object (error), i);

      g_assert_true (task == tasks[i]);
    }
  assert_status (none, "completed");
  g_assert_cmpint (g_list_model_get_n_items (tend_task_get_object (none)), ==, 0);
  drop (error, tasks, G_N_ELEMENTS (tasks));
}

/* An error that the wait has seen, but has not passed on, is nobody's. */
static void
test_giving_up_leaves_tasks_and_errors_alone (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = { task_in (1, fail_as_body, "early"), task_in (3, complete_body, NULL) };
  TendTask *first = tend_when_first_success (tasks, G_N_ELEMENTS (tasks));

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_advance (clock, SECOND, NULL);
  tend_task_cancel (first);
  assert_status (first, "cancelled");
  tend_clock_run_until_idle (clock, NULL);
  assert_status (tasks[1], "completed");
  drop (first, tasks, G_N_ELEMENTS (tasks));
  assert_notes ("unobserved:early");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/when-first/success-is-the-result", test_first_success_is_the_result);
  g_test_add_func ("/tend/when-first/success-fails-with-all-errors", test_first_success_fails_with_all_errors);
  g_test_add_func ("/tend/when-first/error-is-passed-on", test_first_error_is_passed_on);
  g_test_add_func ("/tend/when-first/error-without-one-gives-the-tasks", test_first_error_without_one_gives_the_tasks);
  g_test_add_func ("/tend/when-first/giving-up-leaves-tasks-and-errors-alone",
                   test_giving_up_leaves_tasks_and_errors_alone);

  return g_test_run ();
}
