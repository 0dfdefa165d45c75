// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list of tasks as others see it: the changes of a turn are told in the next one, as few as there are, and the list
// model shows what was told. The shadow of the fixture is a list that follows the changes, and compares itself with the
// model at every change. Anything in any order is in list-model-random.c.

#include "fixture.h"

static void
test_items (Fixture       *fixture,
            gconstpointer  unused)
{
  GListModel *model = G_LIST_MODEL (fixture->manager);
  Work *works[3];

  g_assert_true (g_list_model_get_item_type (model) == TEND_TYPE_TASK);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
  g_assert_null (g_list_model_get_item (model, 0));

  for (guint i = 0; i < 3; i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, i);

      g_assert_true (task == works[i]->task);
    }
  g_assert_null (g_list_model_get_item (model, 3));
  g_assert_null (g_list_model_get_item (model, G_MAXUINT));
}

/* Where nobody listens, there is nothing to wait for. */
static void
test_nobody_listens (void)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  GListModel *model = G_LIST_MODEL (manager);
  TendTask *task = tend_task_manager_register (manager, tend_task_new_open ("n", never_run, NULL, NULL),
                                               TEND_NAME_POLICY_REJECT, NULL);
  g_autoptr(TendTask) item = g_list_model_get_item (model, 0);

  g_assert_true (item == task);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 1);
  tend_task_stop (item);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
}

static void
assert_change (Fixture *fixture,
               guint    n_changes,
               guint    n_items)
{
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, ==, n_changes);
  g_assert_cmpuint (fixture->shadow->len, ==, n_items);
}

static void
test_changes_are_told_by_the_turn (Fixture       *fixture,
                                   gconstpointer  unused)
{
  GListModel *model = G_LIST_MODEL (fixture->manager);
  TendTask *tasks[10];

  for (guint i = 0; i < 10; i++)
    tasks[i] = register_work (fixture, CALLBACK, NULL)->task;
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
  g_assert_cmpuint (n_tasks (fixture), ==, 10);
  assert_change (fixture, 1, 10);

  /* Two rows of neighbours go, and what is told last may be gone. */
  for (guint i = 2; i < 7; i++)
    if (i != 4)
      tend_task_stop (tasks[i]);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 10);
  g_assert_cmpuint (n_tasks (fixture), ==, 6);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, i);

      g_assert_true (task == tasks[i]);
    }
  assert_change (fixture, 3, 6);

  /* At the end, what goes and what comes is one change. */
  tend_task_stop (tasks[9]);
  register_work (fixture, CALLBACK, NULL);
  register_work (fixture, CALLBACK, NULL);
  assert_change (fixture, 4, 7);

  /* What comes and goes within a turn is none, and neither is a refusal. */
  tend_task_stop (register_callback (fixture, "n", never_run, NULL));
  register_work (fixture, CALLBACK, "m");
  assert_change (fixture, 5, 8);
  g_assert_null (tend_task_manager_register (fixture->manager, tend_task_new_open ("m", never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, NULL));
  assert_change (fixture, 5, 8);
}

/* A turn tells of a bounded number of changes, and the next ones of the rest. */
static void
test_many_changes (Fixture       *fixture,
                   gconstpointer  unused)
{
  GListModel *model = G_LIST_MODEL (fixture->manager);
  TendTask **tasks = g_newa (TendTask *, 2000);

  for (guint i = 0; i < 2000; i++)
    {
      tasks[i] = register_callback (fixture, NULL, never_run, NULL);
      tend_task_pause (tasks[i]);
    }
  assert_change (fixture, 1, 2000);

  for (guint i = 0; i < 2000; i += 2)
    tend_task_stop (tasks[i]);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->n_changes, <, 500);
  g_assert_cmpuint (fixture->shadow->len, >, 1500);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, fixture->shadow->len);
  assert_change (fixture, 1001, 1000);

  tend_task_manager_stop_all (fixture->manager);
  assert_change (fixture, 1002, 0);
}

static gboolean
register_and_cancel (TendTask  *task,
                     gpointer   data,
                     GError   **error)
{
  Fixture *fixture = data;

  for (guint i = 0; i < 3; i++)
    register_callback (fixture, NULL, never_run, NULL);
  register_callback (fixture, "n", never_run, NULL);
  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_task_stop (nth_task (fixture, 1));
  tend_task_manager_cancel_all (fixture->manager);

  return TRUE;
}

/* The shadow looks at each change whether it is on the native stack. */
static void
test_told_on_native_stack (Fixture       *fixture,
                           gconstpointer  unused)
{
  register_fiber (fixture, NULL, register_and_cancel, fixture);
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, ==, 2);
}

/* --- Handlers that change it --- */

static void
register_when_removed_cb (GListModel *model,
                          guint       position,
                          guint       n_removed,
                          guint       n_added,
                          gpointer    data)
{
  Fixture *fixture = data;

  if (n_removed > 0 && fixture->n_changes < 20)
    register_callback (fixture, NULL, count_run, NULL);
}

static void
test_handler_registers (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (register_when_removed_cb), fixture);
  for (guint i = 0; i < 3; i++)
    register_callback (fixture, NULL, count_run, NULL);
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, >=, 20);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static void
cancel_first_cb (GListModel *model,
                 guint       position,
                 guint       n_removed,
                 guint       n_added,
                 gpointer    data)
{
  g_autoptr(TendTask) task = g_list_model_get_item (model, 0);

  if (task != NULL)
    tend_task_cancel (task);
}

static void
test_handler_cancels (Fixture       *fixture,
                      gconstpointer  unused)
{
  for (guint i = 0; i < 10; i++)
    register_work (fixture, i % 2 ? FIBER : CALLBACK, NULL);
  settle (fixture);
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (cancel_first_cb), fixture);

  /* Each end cancels the next one. */
  tend_task_stop (nth_task (fixture, 5));
  settle (fixture);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

/* Runs the loop: a list model must not change again before all have heard of a change. */
static void
run_loop_cb (GListModel *model,
             guint       position,
             guint       n_removed,
             guint       n_added,
             gpointer    data)
{
  Fixture *fixture = data;
  guint n_changes = fixture->n_changes;

  if (fixture->shadow->len < 10)
    register_work (fixture, FIBER, NULL);
  for (guint i = 0; i < 5; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->n_changes, ==, n_changes);
}

static void
test_handler_runs_the_loop (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (run_loop_cb), fixture);
  register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, ==, 10);
  g_signal_handlers_disconnect_by_func (fixture->manager, run_loop_cb, fixture);
}

static void
drop_cb (GListModel *model,
         guint       position,
         guint       n_removed,
         guint       n_added,
         gpointer    data)
{
  g_clear_object ((TendTaskManager **) data);
}

/* Dropped while it tells, and while there is more to tell. */
static void
test_handler_drops (void)
{
  TendTaskManager *manager = tend_task_manager_new ();
  TendTask *tasks[4];

  for (guint i = 0; i < 4; i++)
    tasks[i] = g_object_ref (tend_task_manager_register (manager, tend_task_new_open (NULL, NULL, NULL, NULL),
                                                         TEND_NAME_POLICY_REJECT, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (manager)), ==, 4);
  g_signal_connect (manager, "items-changed", G_CALLBACK (drop_cb), &manager);
  tend_task_stop (tasks[0]);
  tend_task_stop (tasks[2]);
  while (manager != NULL)
    g_main_context_iteration (NULL, FALSE);
  for (guint i = 0; i < 4; i++)
    g_assert_finalize_object (tasks[i]);
}

/* --- Those that run --- */

static void
count_changes_cb (GListModel *model,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  guint      *n_changes)
{
  ++*n_changes;
}

static void
assert_running (GListModel *running,
                TendTask   *first,
                TendTask   *second)
{
  TendTask *expected[] = { first, second };
  guint n = second != NULL ? 2 : first != NULL;

  g_assert_cmpuint (g_list_model_get_n_items (running), ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (running, i);

      g_assert_true (task == expected[i]);
    }
}

static gboolean
begin_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return TRUE;
}

/* In the order in which they have begun, from when one asks; the changes of a turn are told together. */
static void
test_running (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTaskManager *manager = tend_task_manager_new ();
  g_autoptr(GListModel) running = NULL;
  TendTask *tasks[3];
  guint n_changes = 0;

  for (guint i = 0; i < 3; i++)
    {
      tasks[i] = tend_task_new_open (NULL, begin_body, NULL, NULL);
      tend_task_set_delay (tasks[i], (3 - i) * SECOND);
      tend_task_manager_register (manager, g_object_ref (tasks[i]), TEND_NAME_POLICY_REJECT, NULL);
    }
  tend_clock_advance (clock, SECOND, NULL);
  running = tend_task_manager_list_running (manager);
  assert_running (running, tasks[2], NULL);
  tend_clock_advance (clock, SECOND, NULL);
  assert_running (running, tasks[2], tasks[1]);

  g_signal_connect (running, "items-changed", G_CALLBACK (count_changes_cb), &n_changes);
  tend_task_stop (tasks[2]);
  tend_task_stop (tasks[1]);
  assert_running (running, tasks[2], tasks[1]);
  g_assert_cmpuint (n_changes, ==, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_changes, ==, 1);
  assert_running (running, NULL, NULL);

  tend_clock_advance (clock, SECOND, NULL);
  assert_running (running, tasks[0], NULL);
  g_assert_finalize_object (manager);
  assert_running (running, NULL, NULL);
  g_assert_cmpuint (n_changes, ==, 3);
  tend_task_stop (tasks[0]);
  for (guint i = 0; i < 3; i++)
    g_assert_finalize_object (tasks[i]);
}

/* --- Those that have ended --- */

static gboolean
end_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  if (user_data == NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "It failed");
  return FALSE;
}

static void
assert_names (TendTaskManager *manager,
              const char      *names)
{
  g_autoptr(GString) found = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (manager)); i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (G_LIST_MODEL (manager), i);

      g_string_append (found, tend_task_get_name (task));
    }
  g_assert_cmpstr (found->str, ==, names);
}

static void
run_in (TendTaskManager *manager,
        const char      *name,
        gboolean         fails)
{
  TendTask *task = tend_task_new (name, end_body, GINT_TO_POINTER (fails), NULL);

  tend_task_manager_register (manager, task, TEND_NAME_POLICY_REJECT, NULL);
  while (tend_task_manager_is_busy (manager))
    g_main_context_iteration (NULL, FALSE);
}

/* The last ones stay, and of them those that have failed for longest; they are nowhere but in the list model. */
static void
test_keep_ended (gconstpointer is_heard)
{
  TendTaskManager *manager = tend_task_manager_new ();
  guint n_changes = 0;

  hear_failures (manager);
  if (is_heard != NULL)
    g_signal_connect (manager, "items-changed", G_CALLBACK (count_changes_cb), &n_changes);
  tend_task_manager_set_keep_ended (manager, 3);
  run_in (manager, "a", FALSE);
  run_in (manager, "b", TRUE);
  run_in (manager, "c", FALSE);
  g_main_context_iteration (NULL, FALSE);
  assert_names (manager, "abc");
  g_assert_false (tend_task_manager_is_active (manager, "a"));
  g_assert_cmpuint (tend_task_manager_get_n_tasks (manager, TEND_TASK_STATUS_RUNNING), ==, 0);

  run_in (manager, "d", FALSE);
  g_main_context_iteration (NULL, FALSE);
  assert_names (manager, "bcd");
  run_in (manager, "e", TRUE);
  run_in (manager, "f", TRUE);
  g_main_context_iteration (NULL, FALSE);
  assert_names (manager, "bef");
  run_in (manager, "g", TRUE);
  g_main_context_iteration (NULL, FALSE);
  assert_names (manager, "efg");

  tend_task_manager_set_keep_ended (manager, 1);
  g_main_context_iteration (NULL, FALSE);
  assert_names (manager, "g");
  g_assert_finalize_object (manager);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/list/items", test_items);
  g_test_add_func ("/tend/task-manager/list/nobody-listens", test_nobody_listens);
  add_test ("/tend/task-manager/list/changes-are-told-by-the-turn", test_changes_are_told_by_the_turn);
  add_test ("/tend/task-manager/list/many-changes", test_many_changes);
  add_test ("/tend/task-manager/list/told-on-native-stack", test_told_on_native_stack);

  add_test ("/tend/task-manager/list/handler-registers", test_handler_registers);
  add_test ("/tend/task-manager/list/handler-cancels", test_handler_cancels);
  add_test ("/tend/task-manager/list/handler-runs-the-loop", test_handler_runs_the_loop);
  g_test_add_func ("/tend/task-manager/list/handler-drops", test_handler_drops);
  g_test_add_func ("/tend/task-manager/list/running", test_running);
  g_test_add_data_func ("/tend/task-manager/list/keep-ended", NULL, test_keep_ended);
  g_test_add_data_func ("/tend/task-manager/list/keep-ended-heard", "heard", test_keep_ended);

  return g_test_run ();
}
