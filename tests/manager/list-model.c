// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list of tasks as others see it: each change is told as it happened, and what a list that
// follows the changes shows is what the manager has. The shadow of the fixture is such a list, and
// compares itself with the manager at every change. Anything in any order is in list-model-random.c.

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
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, i);

      g_assert_true (task == works[i]->task);
    }
  g_assert_null (g_list_model_get_item (model, 3));
  g_assert_null (g_list_model_get_item (model, G_MAXUINT));
}

static void
test_each_change_is_told_once (Fixture       *fixture,
                               gconstpointer  unused)
{
  TendTask *task = register_callback (fixture, "n", count_run, NULL);

  g_assert_cmpuint (fixture->n_changes, ==, 1);
  tend_task_cancel (task);
  g_assert_cmpuint (fixture->n_changes, ==, 2);
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, ==, 2);

  /* A refusal is no change. */
  register_work (fixture, FIBER, "n");
  g_assert_null (tend_task_manager_register (fixture->manager, tend_task_new_open ("n", never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, NULL));
  g_assert_cmpuint (fixture->n_changes, ==, 3);
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
  tend_task_stop (g_ptr_array_index (fixture->shadow, 1));
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
  g_assert_cmpuint (fixture->n_changes, ==, 10);
}

/* The list is not changed before the status says so, nor is the name taken away. */
static void
check_state_cb (GListModel *model,
                guint       position,
                guint       n_removed,
                guint       n_added,
                gpointer    data)
{
  Fixture *fixture = data;

  if (n_added > 0)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, position);

      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_PENDING);
      g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == task);
    }
  else
    {
      g_assert_true (tend_task_is_ended (tend_task_manager_lookup (fixture->manager, "n")));
      g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
    }
  note (fixture, n_added > 0 ? "added" : "removed");
}

static void
test_everything_else_fits_the_list (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (check_state_cb), fixture);
  register_callback (fixture, "n", count_run, NULL);
  settle (fixture);
  assert_log (fixture, "added removed");
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
  g_assert_cmpuint (fixture->shadow->len, ==, 0);
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
  tend_task_stop (g_ptr_array_index (fixture->shadow, 5));
  settle (fixture);
  g_assert_cmpuint (fixture->shadow->len, ==, 0);
}

static void
register_and_wait_cb (GObject      *object,
                      GAsyncResult *result,
                      gpointer      data)
{
  Fixture *fixture = data;

  g_assert_true (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, NULL));
  if (fixture->n_changes >= 20)
    return;

  register_callback (fixture, NULL, count_run, NULL);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, register_and_wait_cb, fixture);
}

/* Whoever waits for a task sees a list that has told of its end. */
static void
test_changes_are_told_before_waiters (Fixture       *fixture,
                                      gconstpointer  unused)
{
  register_callback (fixture, NULL, count_run, NULL);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, register_and_wait_cb, fixture);
  settle (fixture);
  g_assert_cmpuint (fixture->n_changes, ==, 20);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/list/items", test_items);
  add_test ("/tend/task-manager/list/each-change-is-told-once", test_each_change_is_told_once);
  add_test ("/tend/task-manager/list/told-on-native-stack", test_told_on_native_stack);
  add_test ("/tend/task-manager/list/everything-else-fits-it", test_everything_else_fits_the_list);

  add_test ("/tend/task-manager/list/handler-registers", test_handler_registers);
  add_test ("/tend/task-manager/list/handler-cancels", test_handler_cancels);
  add_test ("/tend/task-manager/list/changes-are-told-before-waiters", test_changes_are_told_before_waiters);

  return g_test_run ();
}
