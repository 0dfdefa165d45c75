// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for all of several tasks: tend_wait_all() and tend_when_all().

#include "common.h"

#define N_TASKS 3

static void
unref_all (TendTask **tasks,
           guint      n_tasks)
{
  settle ();
  for (guint i = 0; i < n_tasks; i++)
    g_assert_finalize_object (tasks[i]);
}

/* --- How it ends --- */

static void
test_completes_when_all_have_ended (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (2, complete_body, NULL), task_in (3, complete_body, NULL), task_in (1, complete_body, NULL),
  };
  g_autoptr(TendTask) all = tend_wait_all (tasks, N_TASKS);

  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  assert_status (all, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_status (all, "completed");
  g_assert_null (tend_task_get_result (all, NULL));
  assert_gone (all);
  unref_all (tasks, N_TASKS);
}

static void
test_waits_for_all_after_an_error (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (2, complete_body, NULL), task_in (3, complete_body, NULL), task_in (1, fail_body, NULL),
  };
  g_autoptr(TendTask) all = tend_when_all (tasks, N_TASKS);

  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  assert_status (all, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_status (all, "failed");
  g_assert_cmpstr (tend_task_get_error (all)->message, ==, "One or more errors occurred. (No luck)");
  assert_gone (all);
  unref_all (tasks, N_TASKS);
}

static void
test_errors_come_in_the_order_of_their_ends (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (3, fail_as_body, "third"), task_in (1, fail_as_body, "first"), task_in (2, cancel_body, NULL),
  };
  g_autoptr(TendTask) all = tend_wait_all (tasks, N_TASKS);
  g_autoptr(GPtrArray) errors = NULL;

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_run_until_idle (clock, NULL);
  g_assert_error (tend_task_get_error (all), TEND_ERROR, TEND_ERROR_SEVERAL);
  g_assert_cmpstr (tend_task_get_error (all)->message, ==, "One or more errors occurred. (first) (Enough) (third)");
  errors = tend_error_list (tend_task_get_error (all));
  g_assert_cmpuint (errors->len, ==, 3);
  g_assert_error ((GError *) errors->pdata[0], G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_error ((GError *) errors->pdata[1], G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (((GError *) errors->pdata[2])->message, ==, "third");
  assert_gone (all);
  unref_all (tasks, N_TASKS);
  assert_notes ("");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_only_cancellations_is_cancelled (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (1, cancel_body, NULL), task_in (2, complete_body, NULL), task_in (3, cancel_body, NULL),
  };
  g_autoptr(TendTask) all = tend_when_all (tasks, N_TASKS);

  tend_clock_run_until_idle (clock, NULL);
  assert_status (all, "cancelled");
  g_assert_error (tend_task_get_error (all), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_gone (all);
  unref_all (tasks, N_TASKS);
}

static void
test_gives_tasks_in_the_order_of_input (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (2, complete_body, NULL), task_in (3, complete_body, NULL), task_in (1, complete_body, NULL),
  };
  g_autoptr(TendTask) all = tend_when_all (tasks, N_TASKS);
  GListModel *list;

  tend_clock_run_until_idle (clock, NULL);
  list = tend_task_get_object (all);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, N_TASKS);
  for (guint i = 0; i < N_TASKS; i++)
    {
      g_autoptr(TendTask) item = g_list_model_get_item (list, i);

      g_assert_true (item == tasks[i]);
    }
  assert_gone (all);
  unref_all (tasks, N_TASKS);
}

static void
test_without_tasks_completes_at_once (void)
{
  g_autoptr(TendTask) all = tend_wait_all (NULL, 0);
  g_autoptr(TendTask) list = tend_when_all (NULL, 0);

  assert_status (all, "completed");
  g_assert_null (tend_task_get_result (all, NULL));
  assert_status (list, "completed");
  g_assert_cmpuint (g_list_model_get_n_items (tend_task_get_object (list)), ==, 0);
  assert_gone (all);
  assert_gone (list);
}

/* --- What it is given --- */

static void
test_same_task_twice_counts_twice (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (1, fail_body, NULL);
  g_autoptr(TendTask) all = tend_wait_all ((TendTask *[]) { task, task }, 2);

  tend_clock_run_until_idle (clock, NULL);
  g_assert_cmpstr (tend_task_get_error (all)->message, ==, "One or more errors occurred. (No luck) (No luck)");
  assert_gone (all);
  assert_gone (task);
}

static void
test_takes_ended_tasks (void)
{
  TendTask *tasks[] = { tend_task_run_open (NULL, complete_body, NULL, NULL), tend_task_run_open (NULL,
                                                                                                  fail_body,
                                                                                                  NULL, NULL) };
  g_autoptr(TendTask) all = tend_wait_all (tasks, 2);

  /* Never within the call. */
  assert_status (all, "running");
  settle ();
  assert_status (all, "failed");
  tend_task_get_error (all);
  assert_gone (all);
  unref_all (tasks, 2);
}

static void
test_copies_the_list (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (1, complete_body, NULL);
  TendTask *tasks[] = { task };
  g_autoptr(TendTask) all = tend_when_all (tasks, 1);
  g_autoptr(TendTask) item = NULL;

  tasks[0] = NULL;
  tend_clock_run_until_idle (clock, NULL);
  item = g_list_model_get_item (tend_task_get_object (all), 0);
  g_assert_true (item == task);
  g_clear_object (&item);
  assert_gone (all);
  assert_gone (task);
}

/* Tasks that somebody completes have their results and errors there, like others. */
static void
test_takes_tasks_without_body (void)
{
  TendTask *tasks[] = { tend_task_new_open (NULL, NULL, NULL, NULL), tend_task_new_open (NULL, NULL, NULL, NULL) };
  g_autoptr(TendTask) all = tend_when_all (tasks, 2);
  g_autoptr(TendTask) item = NULL;

  tend_task_return_int (tasks[0], 42);
  tend_task_return_string (tasks[1], "text");
  settle ();
  assert_status (all, "completed");
  item = g_list_model_get_item (tend_task_get_object (all), 0);
  g_assert_cmpint (tend_task_get_int (item), ==, 42);
  g_assert_null (tend_task_get_error (item));
  g_clear_object (&item);
  assert_gone (all);
  unref_all (tasks, 2);
}

static void
test_a_task_that_is_dropped_unstarted_fails_it (void)
{
  TendTask *task = tend_task_new_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) all = tend_wait_all (&task, 1);
  g_autoptr(GPtrArray) errors = NULL;

  g_object_unref (task);
  settle ();
  assert_status (all, "failed");
  errors = tend_error_list (tend_task_get_error (all));
  g_assert_error ((GError *) errors->pdata[0], TEND_ERROR, TEND_ERROR_NOT_STARTED);
  assert_gone (all);
}

/* Deeper than bodies may start the next within one another. */
#define DEPTH 40

typedef struct
{
  TendTask  *(* wait) (TendTask **tasks,
                       gsize      n_tasks);
  TendTask  *waits[DEPTH];
  guint      n_waits;
} Nested;

/* Nobody else holds what it waits for. */
static gboolean
wait_nested_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  Nested *self = user_data;
  TendTask *dropped = tend_task_new_open (NULL, complete_body, NULL, NULL);

  self->waits[self->n_waits++] = self->wait (&dropped, 1);
  g_object_unref (dropped);
  if (self->n_waits < DEPTH)
    g_object_unref (tend_task_run_open (NULL, wait_nested_body, self, NULL));
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* A body that is so deep begins in the next turn. What waits does not: nobody else holds the tasks by then. */
static void
test_deep_in_bodies_it_waits_at_once (void)
{
  Nested nested = { .wait = tend_wait_all };

  g_object_unref (tend_task_run_open (NULL, wait_nested_body, &nested, NULL));
  settle ();
  g_assert_cmpuint (nested.n_waits, ==, DEPTH);
  for (guint i = 0; i < DEPTH; i++)
    {
      TendTask *wait = g_steal_pointer (&nested.waits[i]);
      g_autoptr(GPtrArray) errors = tend_error_list (tend_task_get_error (wait));

      assert_status (wait, "failed");
      g_assert_error ((GError *) errors->pdata[0], TEND_ERROR, TEND_ERROR_NOT_STARTED);
      assert_gone (wait);
    }
}

static TendTask *
wait_and_cancel (TendTask **tasks,
                 gsize      n_tasks)
{
  TendTask *wait = tend_wait_all (tasks, n_tasks);

  tend_task_cancel (wait);
  return wait;
}

static void
test_deep_in_bodies_it_is_given_up (void)
{
  Nested nested = { .wait = wait_and_cancel };

  g_object_unref (tend_task_run_open (NULL, wait_nested_body, &nested, NULL));
  settle ();
  for (guint i = 0; i < DEPTH; i++)
    {
      assert_status (nested.waits[i], "cancelled");
      assert_gone (nested.waits[i]);
    }
}

static void
test_refuses_what_is_no_task (void)
{
  TendTask *none = NULL;
  TendTask *root = tend_task_get_current ();

  expect_critical ("*there is no list of tasks*");
  expect_critical ("*tend_watch_check*");
  g_assert_null (tend_wait_all (NULL, 1));
  expect_critical ("*number 0 is not a task*");
  expect_critical ("*tend_watch_check*");
  g_assert_null (tend_when_all (&none, 1));
  expect_critical ("*number 0 is not a task*");
  expect_critical ("*tend_watch_check*");
  g_assert_null (tend_wait_all (&root, 1));
  g_test_assert_expected_messages ();
}

/* --- Meanwhile --- */

static void
note_progress_cb (GObject    *object,
                  GParamSpec *pspec,
                  gpointer    user_data)
{
  g_autofree char *message = tend_task_dup_message (TEND_TASK (object));

  note ("[%s]", message);
}

static void
test_counts_progress (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (2, complete_body, NULL), task_in (3, complete_body, NULL), task_in (1, fail_body, NULL),
    task_in (4, complete_body, NULL),
  };
  g_autoptr(TendTask) all = tend_wait_all (tasks, 4);

  g_signal_connect (all, "notify::progress", G_CALLBACK (note_progress_cb), NULL);
  tend_clock_advance (clock, 3 * SECOND, NULL);
  g_assert_cmpfloat_with_epsilon (tend_task_get_progress (all), 0.75, 1e-9);
  tend_clock_advance (clock, SECOND, NULL);
  g_assert_cmpfloat_with_epsilon (tend_task_get_progress (all), 1, 1e-9);
  assert_notes ("[1 of 4] [2 of 4] [3 of 4] [4 of 4]");
  tend_task_get_error (all);
  assert_gone (all);
  unref_all (tasks, 4);
}

static void
end_by_cancel (TendTask *task)
{
  tend_task_cancel (task);
  assert_status (task, "cancelled");
}

static void
end_by_stop (TendTask *task)
{
  tend_task_stop (task);
  assert_status (task, "stopped");
}

/* Whoever gives up has not read the error of the one that had failed. */
static void
test_giving_up_leaves_tasks_alone (void)
{
  void (* const ways[]) (TendTask *) = { end_by_cancel, end_by_stop };

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendTask *tasks[] = {
        task_in (1, fail_as_body, "early"), task_in (3, complete_body, NULL), task_in (4, fail_as_body, "late"),
      };
      g_autoptr(TendTask) all = tend_wait_all (tasks, N_TASKS);

      tend_clock_advance (clock, 2 * SECOND, NULL);
      ways[i] (all);
      assert_gone (all);
      g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
      assert_status (tasks[1], "completed");
      assert_notes ("");
      unref_all (tasks, N_TASKS);
      assert_notes ("unobserved:early unobserved:late");
    }
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* It goes on without a reference, as every task does, and its error is reported as theirs. */
static void
test_dropped_one_reports_the_errors_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = { task_in (1, fail_as_body, "a"), task_in (2, fail_as_body, "b") };

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  g_object_unref (tend_wait_all (tasks, 2));
  tend_clock_run_until_idle (clock, NULL);
  unref_all (tasks, 2);
  assert_notes ("unobserved:One or more errors occurred. (a) (b)");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static gboolean
await_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_autoptr(TendTask) all = tend_wait_all (user_data, 2);
  gboolean completed = tend_await (all, error);

  note (completed ? "completed" : "failed");
  return completed;
}

static void
test_is_awaited_in_a_fiber (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = { task_in (1, complete_body, NULL), task_in (2, complete_body, NULL) };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, await_cb, tasks, NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("completed");
  assert_gone (fiber);
  unref_all (tasks, 2);
}

/* --- One by one, for comparison --- */

static gboolean
await_in_order_cb (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  TendTask **tasks = user_data;

  for (guint i = 0; i < N_TASKS; i++)
    {
      if (!tend_await (tasks[i], error))
        return FALSE;
      note ("%u", i);
    }
  return TRUE;
}

static void
test_awaiting_one_by_one_keeps_the_order (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[] = {
    task_in (3, complete_body, NULL), task_in (1, complete_body, NULL), task_in (2, complete_body, NULL),
  };
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, await_in_order_cb, tasks, NULL);

  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  assert_notes ("");
  tend_clock_advance (clock, 1, NULL);
  assert_notes ("0 1 2");
  assert_gone (fiber);
  unref_all (tasks, N_TASKS);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/wait-all/completes-when-all-have-ended", test_completes_when_all_have_ended);
  g_test_add_func ("/tend/wait-all/waits-for-all-after-an-error", test_waits_for_all_after_an_error);
  g_test_add_func ("/tend/wait-all/errors-come-in-the-order-of-their-ends", test_errors_come_in_the_order_of_their_ends);
  g_test_add_func ("/tend/wait-all/only-cancellations-is-cancelled", test_only_cancellations_is_cancelled);
  g_test_add_func ("/tend/wait-all/without-tasks-completes-at-once", test_without_tasks_completes_at_once);
  g_test_add_func ("/tend/when-all/gives-tasks-in-the-order-of-input", test_gives_tasks_in_the_order_of_input);
  g_test_add_func ("/tend/when-all/takes-tasks-without-body", test_takes_tasks_without_body);
  g_test_add_func ("/tend/when-all/copies-the-list", test_copies_the_list);
  g_test_add_func ("/tend/wait-all/same-task-twice-counts-twice", test_same_task_twice_counts_twice);
  g_test_add_func ("/tend/wait-all/takes-ended-tasks", test_takes_ended_tasks);
  g_test_add_func ("/tend/wait-all/a-task-that-is-dropped-unstarted-fails-it",
                   test_a_task_that_is_dropped_unstarted_fails_it);
  g_test_add_func ("/tend/wait-all/deep-in-bodies-it-waits-at-once", test_deep_in_bodies_it_waits_at_once);
  g_test_add_func ("/tend/wait-all/deep-in-bodies-it-is-given-up", test_deep_in_bodies_it_is_given_up);
  g_test_add_func ("/tend/wait-all/refuses-what-is-no-task", test_refuses_what_is_no_task);
  g_test_add_func ("/tend/wait-all/counts-progress", test_counts_progress);
  g_test_add_func ("/tend/wait-all/giving-up-leaves-tasks-alone", test_giving_up_leaves_tasks_alone);
  g_test_add_func ("/tend/wait-all/dropped-one-reports-the-errors-once", test_dropped_one_reports_the_errors_once);
  g_test_add_func ("/tend/wait-all/is-awaited-in-a-fiber", test_is_awaited_in_a_fiber);
  g_test_add_func ("/tend/await/one-by-one-keeps-the-order", test_awaiting_one_by_one_keeps_the_order);

  return g_test_run ();
}
