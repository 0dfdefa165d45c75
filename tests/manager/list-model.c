// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list of tasks as others see it: each change is told as it happened, and what a list that
// follows the changes shows is what the manager has. The shadow of the fixture is such a list, and
// compares itself with the manager at every change.

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
  g_assert_null (tend_task_manager_register (fixture->manager, "n", never_run, NULL, NULL, NULL));
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
  drop (tend_task_manager_cancel_task (fixture->manager, "n"));
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

/* --- Anything in any order --- */

#define N_OPERATIONS 100000
#define N_NAMES 12
#define MAX_TASKS 40

static gboolean
sleep_for (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  guint ms = GPOINTER_TO_UINT (data);
  gboolean ok = tend_sleep (ms * 1000, error);

  /* A few of them take their time to clean up. */
  if (!ok && ms % 3 == 0)
    {
      tend_shield_push ();
      tend_sleep (1000 * (ms % 7), NULL);
      tend_shield_pop ();
    }

  return ok;
}

static void
do_nothing (TendTask *task,
            gpointer  data)
{
}

static TendTask *
pick_task (Fixture *fixture)
{
  guint n = fixture->shadow->len;

  return n == 0 ? NULL : g_ptr_array_index (fixture->shadow, (guint) g_test_rand_int_range (0, (gint32) n));
}

static TendTask *
make_random_task (const char *name)
{
  guint ms = (guint) g_test_rand_int_range (0, 20);
  TendTask *task;

  switch (g_test_rand_int_range (0, 5))
    {
    case 0:
      task = tend_task_new (name, do_nothing, NULL, NULL);
      g_object_set_data (G_OBJECT (task), "by-hand", task);
      break;
    case 1:
      task = tend_task_new (name, fail_at_once, NULL, NULL);
      break;
    case 2:
      task = tend_task_new (name, count_run, NULL, NULL);
      tend_task_set_interval (task, 1 + ms * 1000);
      break;
    default:
      task = tend_task_new_fiber (name, sleep_for, GUINT_TO_POINTER (ms), NULL);
      break;
    }
  if (g_test_rand_int_range (0, 3) == 0)
    tend_task_set_delay (task, ms * 500);

  return task;
}

/* What the manager must answer is known, unless a handler has changed more meanwhile. */
static void
register_random (Fixture *fixture)
{
  g_autofree char *name = g_test_rand_int_range (0, 3) == 0 ? NULL
                                                            : g_strdup_printf ("%d", g_test_rand_int_range (0, N_NAMES));
  g_autoptr(TendTask) task = NULL;
  g_autoptr(GError) error = NULL;
  gboolean is_active = name != NULL && tend_task_manager_is_active (fixture->manager, name);
  guint n_before = fixture->shadow->len;
  guint n_changes = fixture->n_changes;

  if (n_before >= MAX_TASKS)
    return;

  task = make_random_task (name);
  if (tend_task_manager_register_task (fixture->manager, task, &error))
    {
      g_assert_no_error (error);
      g_assert_false (is_active);
      watch (fixture, task);
      if (fixture->n_changes == n_changes + 1)
        {
          g_assert_cmpuint (fixture->shadow->len, ==, n_before + 1);
          g_assert_true (g_ptr_array_index (fixture->shadow, n_before) == task);
        }
    }
  else
    {
      g_assert_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_EXISTS);
      g_assert_true (is_active);
      g_assert_cmpuint (fixture->shadow->len, ==, n_before);
    }
}

static void
cancel_random_name (Fixture *fixture)
{
  g_autofree char *name = g_strdup_printf ("%d", g_test_rand_int_range (0, N_NAMES));
  TendTask *found = tend_task_manager_lookup (fixture->manager, name);
  guint n_changes = fixture->n_changes;
  g_autoptr(TendTask) cancelled = tend_task_manager_cancel_task (fixture->manager, name);

  g_assert_true (cancelled == found);
  if (fixture->n_changes <= n_changes + 1)
    g_assert_false (tend_task_manager_is_active (fixture->manager, name));
}

static void
complete_random (TendTask *task)
{
  if (task != NULL && tend_task_is_running (task) && g_object_steal_data (G_OBJECT (task), "by-hand") != NULL)
    tend_task_return_boolean (task, TRUE);
}

static void
operate (Fixture *fixture)
{
  int kind = g_test_rand_int_range (0, 200);
  TendTask *task = pick_task (fixture);

  if (kind < 90)
    register_random (fixture);
  else if (kind < 110)
    cancel_random_name (fixture);
  else if (kind < 130 && task != NULL)
    tend_task_cancel (task);
  else if (kind < 145 && task != NULL)
    tend_task_stop (task);
  else if (kind < 150)
    tend_task_manager_set_max_running (fixture->manager, (guint) g_test_rand_int_range (0, 8));
  else if (kind < 151)
    tend_task_manager_cancel_all (fixture->manager);
  else if (kind < 160)
    complete_random (task);
  else if (kind < 180)
    g_main_context_iteration (NULL, FALSE);
  else
    tend_clock_advance (fixture->clock, g_test_rand_int_range (0, 3000));
}

/* Each name in use stands for one task of the list, and each task that goes on has its name. */
static void
check_names (Fixture *fixture)
{
  guint n_named = 0;
  guint n_active = 0;

  for (guint i = 0; i < N_NAMES; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      n_active += tend_task_manager_is_active (fixture->manager, name);
    }
  for (guint i = 0; i < fixture->shadow->len; i++)
    {
      TendTask *task = g_ptr_array_index (fixture->shadow, i);

      n_named += tend_task_get_name (task) != NULL &&
                 tend_task_manager_lookup (fixture->manager, tend_task_get_name (task)) == task &&
                 !tend_task_is_ended (task);
    }
  g_assert_cmpuint (n_named, ==, n_active);
}

/*
 * Goes into the list from inside, now and then, at the moment of a change; the changes that it makes
 * itself are left alone, or it would never come to an end.
 */
static void
operate_when_changed_cb (GListModel *model,
                         guint       position,
                         guint       n_removed,
                         guint       n_added,
                         gpointer    data)
{
  static gboolean is_inside;
  Fixture *fixture = data;
  TendTask *task = pick_task (fixture);

  if (is_inside)
    return;

  is_inside = TRUE;
  switch (g_test_rand_int_range (0, 20))
    {
    case 0:
      register_random (fixture);
      break;
    case 1:
      cancel_random_name (fixture);
      break;
    case 2:
      if (task != NULL)
        tend_task_stop (task);
      break;
    default:
      break;
    }
  is_inside = FALSE;
}

static void
run_operations (Fixture *fixture,
                guint    n_operations)
{
  for (guint i = 0; i < n_operations; i++)
    {
      operate (fixture);
      if (i % 16 == 0)
        check_names (fixture);
    }

  g_signal_handlers_disconnect_by_func (fixture->manager, operate_when_changed_cb, fixture);
  tend_task_manager_cancel_all (fixture->manager);
  for (guint i = fixture->shadow->len; i > 0; i--)
    tend_task_stop (g_ptr_array_index (fixture->shadow, i - 1));
  settle (fixture);
  assert_shadow (fixture);
  g_assert_cmpuint (fixture->shadow->len, ==, 0);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  g_assert_cmpuint (fixture->n_changes, >, n_operations / 3);
}

static void
test_random_operations (Fixture       *fixture,
                        gconstpointer  unused)
{
  run_operations (fixture, N_OPERATIONS);
}

/* A task that a handler has ended meanwhile does not come to hand. */
static void
test_random_operations_from_inside (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (operate_when_changed_cb), fixture);
  run_operations (fixture, N_OPERATIONS / 5);
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

  add_test ("/tend/task-manager/list/random-operations", test_random_operations);
  add_test ("/tend/task-manager/list/random-operations-from-inside", test_random_operations_from_inside);

  return g_test_run ();
}
