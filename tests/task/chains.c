// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Chains of tasks that are as long as a program likes: what goes along one takes no more of the stack for that.

#include "common.h"

#define N_CHAIN 100000

/* Fibers, of which each takes a stack. */
#define N_FIBERS 20000

/* --- Ends --- */

static guint n_called;

static void
stop_next_cb (TendTask *task,
              gpointer  user_data)
{
  n_called++;
  tend_task_stop (user_data);
}

static void
complete_next_cb (TendTask *task,
                  gpointer  user_data)
{
  n_called++;
  tend_task_return_value (user_data, NULL);
}

static void
cancel_next_cb (TendTask *task,
                gpointer  user_data)
{
  n_called++;
  tend_task_cancel (user_data);
}

/* Tasks that run, each of which does with the next what @func does, by what @add adds. */
static GPtrArray *
make_running (void       (* add) (TendTask *, TendTaskFunc, gpointer, GDestroyNotify),
              TendTaskFunc  func)
{
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);

  n_called = 0;
  for (guint i = 0; i < N_CHAIN; i++)
    g_ptr_array_add (tasks, tend_task_run_open (NULL, idle_body, NULL, NULL));
  for (guint i = 0; i + 1 < N_CHAIN; i++)
    add (g_ptr_array_index (tasks, i), func, g_ptr_array_index (tasks, i + 1), NULL);

  return tasks;
}

static void
assert_all (GPtrArray  *tasks,
            const char *status)
{
  for (guint i = 0; i < tasks->len; i++)
    assert_status (g_ptr_array_index (tasks, i), status);
}

static void
test_exit_handlers_that_stop (void)
{
  g_autoptr(GPtrArray) tasks = make_running (tend_task_add_exit_handler, stop_next_cb);

  tend_task_stop (g_ptr_array_index (tasks, 0));
  assert_all (tasks, "stopped");
  g_assert_cmpuint (n_called, ==, N_CHAIN - 1);
  settle ();
}

static void
test_exit_handlers_that_complete (void)
{
  g_autoptr(GPtrArray) tasks = make_running (tend_task_add_exit_handler, complete_next_cb);

  tend_task_return_value (g_ptr_array_index (tasks, 0), NULL);
  assert_all (tasks, "completed");
  g_assert_cmpuint (n_called, ==, N_CHAIN - 1);
  settle ();
}

static void
test_cancel_handlers_that_cancel (void)
{
  g_autoptr(GPtrArray) tasks = make_running (tend_task_add_cancel_handler, cancel_next_cb);

  tend_task_cancel (g_ptr_array_index (tasks, 0));
  for (guint i = 0; i < tasks->len; i++)
    g_assert_true (tend_task_is_cancelling (g_ptr_array_index (tasks, i)));
  g_assert_cmpuint (n_called, ==, N_CHAIN - 1);

  for (guint i = 0; i < tasks->len; i++)
    tend_task_stop (g_ptr_array_index (tasks, i));
  settle ();
}

/* As deep as by hand, all is as the reference says: what stop() brings about is done when it returns. */
static void
note_stop_next_cb (TendTask *task,
                   gpointer  user_data)
{
  g_autofree char *name = g_strdup (tend_task_get_name (task));

  if (user_data != NULL)
    tend_task_stop (user_data);
  note ("%s", name);
}

static void
test_few_nest (void)
{
  static const char *const names[] = { "a", "b", "c", "d" };
  TendTask *tasks[G_N_ELEMENTS (names) + 1] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    tasks[i] = tend_task_run_open (names[i], idle_body, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    tend_task_add_exit_handler (tasks[i], note_stop_next_cb, tasks[i + 1], NULL);

  tend_task_stop (tasks[0]);
  assert_notes ("d c b a");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_gone (tasks[i]);
}

/* --- Last references --- */

static void
test_data_that_holds_the_next (void)
{
  TendTask *first = tend_task_run_open (NULL, complete_body, NULL, NULL);
  TendTask *task = first;
  GWeakRef ref;

  /* Not started, so that each has the one before to the end. */
  for (guint i = 1; i < N_CHAIN; i++)
    task = tend_task_new_open (NULL, complete_body, task, g_object_unref);

  g_weak_ref_init (&ref, first);
  assert_gone (task);
  g_assert_null (g_weak_ref_get (&ref));
  g_weak_ref_clear (&ref);
}

static void
test_results_that_hold_the_next (void)
{
  TendTask *first = tend_task_run_open (NULL, complete_body, NULL, NULL);
  TendTask *task = first;
  GWeakRef ref;

  for (guint i = 1; i < N_CHAIN; i++)
    {
      TendTask *next = tend_task_run_open (NULL, idle_body, NULL, NULL);

      tend_task_return_object (next, task);
      g_object_unref (task);
      task = next;
    }

  g_weak_ref_init (&ref, first);
  assert_gone (task);
  g_assert_null (g_weak_ref_get (&ref));
  g_weak_ref_clear (&ref);
}

static void
test_lists_of_results (void)
{
  TendTask *task = tend_task_run_open (NULL, complete_body, NULL, NULL);

  for (guint i = 1; i < N_CHAIN / 10; i++)
    {
      TendTask *all = tend_when_all (&task, 1);

      settle ();
      g_object_unref (task);
      task = all;
    }
  assert_status (task, "completed");
  assert_gone (task);
}

/* --- Starts and waits --- */

static gboolean
await_next_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  guint n = GPOINTER_TO_UINT (user_data);
  g_autoptr(TendTask) child = NULL;

  if (n == 0)
    return TRUE;

  child = tend_task_run_fiber (NULL, await_next_body, GUINT_TO_POINTER (n - 1), NULL);
  return tend_await (child, error);
}

static void
test_fibers_that_await_the_next (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, await_next_body, GUINT_TO_POINTER (N_FIBERS), NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
  settle ();
}

static gboolean
start_next_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  guint n = GPOINTER_TO_UINT (user_data);

  if (n > 0)
    g_object_unref (tend_task_run_open (NULL, start_next_body, GUINT_TO_POINTER (n - 1), NULL));
  n_called++;
  tend_task_return_value (task, NULL);

  return TRUE;
}

static void
test_bodies_that_start_the_next (void)
{
  n_called = 0;
  g_object_unref (tend_task_run_open (NULL, start_next_body, GUINT_TO_POINTER (N_CHAIN), NULL));
  settle ();
  g_assert_cmpuint (n_called, ==, N_CHAIN + 1);
}

static void
test_combinations_of_combinations (void)
{
  TendTask *first = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTask *task = g_object_ref (first);

  for (guint i = 0; i < N_CHAIN; i++)
    {
      TendTask *next = tend_wait_all (&task, 1);

      g_object_unref (task);
      task = next;
    }
  g_object_ref (task);
  tend_task_return_value (first, NULL);
  g_object_unref (first);
  settle ();
  assert_status (task, "completed");
  g_object_unref (task);
  assert_gone (task);
}

/* Who waits for a task is told when it is dropped, and is itself dropped then. */
static void
test_waits_for_what_is_dropped (void)
{
  TendTask *first = tend_task_new_open (NULL, complete_body, NULL, NULL);
  TendTask *task = first;
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N_CHAIN; i++)
    {
      TendTask *next = tend_task_with_cancellable (task, NULL);

      g_ptr_array_add (tasks, next);
      task = next;
    }
  g_object_unref (first);
  settle ();
  assert_status (task, "failed");
  tend_task_get_error (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/chains/exit-handlers-that-stop", test_exit_handlers_that_stop);
  g_test_add_func ("/tend/task/chains/exit-handlers-that-complete", test_exit_handlers_that_complete);
  g_test_add_func ("/tend/task/chains/cancel-handlers-that-cancel", test_cancel_handlers_that_cancel);
  g_test_add_func ("/tend/task/chains/few-nest", test_few_nest);
  g_test_add_func ("/tend/task/chains/data-that-holds-the-next", test_data_that_holds_the_next);
  g_test_add_func ("/tend/task/chains/results-that-hold-the-next", test_results_that_hold_the_next);
  g_test_add_func ("/tend/task/chains/lists-of-results", test_lists_of_results);
  g_test_add_func ("/tend/task/chains/fibers-that-await-the-next", test_fibers_that_await_the_next);
  g_test_add_func ("/tend/task/chains/bodies-that-start-the-next", test_bodies_that_start_the_next);
  g_test_add_func ("/tend/task/chains/combinations-of-combinations", test_combinations_of_combinations);
  g_test_add_func ("/tend/task/chains/waits-for-what-is-dropped", test_waits_for_what_is_dropped);

  return g_test_run ();
}
