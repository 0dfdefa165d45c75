// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The list of tasks in GTK's own list models, which believe what items-changed says: sorted, filtered and
// with a selection, they show what sorting and filtering by hand gives. No display is needed for that.

#include "fixture.h"

#include <gtk/gtk.h>

#define N_STEPS 3000
#define N_NAMES 8
#define MAX_TASKS 30

typedef struct
{
  Fixture            *fixture;
  GtkExpression      *status;
  GtkFilter          *is_running;
  GtkSorter          *sorter;
  GtkFilterListModel *filtered;
  GtkSortListModel   *sorted;
  GtkSingleSelection *selection;
} Models;

/* --- By hand --- */

static gboolean
is_running (gpointer item,
            gpointer unused)
{
  return tend_task_get_status (item) == TEND_TASK_STATUS_RUNNING;
}

/* By name, then by status with the latest first, then by age. */
static int
compare_tasks (gconstpointer a,
               gconstpointer b)
{
  TendTask *one = *(TendTask **) a;
  TendTask *other = *(TendTask **) b;
  int by_name = strcmp (tend_task_get_name (one), tend_task_get_name (other));
  int by_status = (int) tend_task_get_status (other) - (int) tend_task_get_status (one);

  if (by_name != 0)
    return by_name;
  if (by_status != 0)
    return by_status;
  return tend_task_get_id (one) < tend_task_get_id (other) ? -1 : 1;
}

static void
assert_shows (gpointer   model,
              GPtrArray *tasks)
{
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, tasks->len);
  for (guint i = 0; i < tasks->len; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, i);

      g_assert_true (task == g_ptr_array_index (tasks, i));
    }
}

static void
assert_models (Models *models)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_copy (models->fixture->shadow, NULL, NULL);
  guint selected = gtk_single_selection_get_selected (models->selection);

  g_ptr_array_sort (tasks, compare_tasks);
  assert_shows (models->sorted, tasks);
  assert_shows (models->selection, tasks);

  /* Something is selected as long as there is anything, and it is what stands there. */
  g_assert_true ((selected == GTK_INVALID_LIST_POSITION) == (tasks->len == 0));
  if (tasks->len > 0)
    g_assert_true (gtk_single_selection_get_selected_item (models->selection) == g_ptr_array_index (tasks, selected));

  for (guint i = 0; i < tasks->len;)
    {
      if (is_running (g_ptr_array_index (tasks, i), NULL))
        i++;
      else
        g_ptr_array_remove_index (tasks, i);
    }
  assert_shows (models->filtered, tasks);
}

/* --- The models --- */

/* GTK does not look at the properties of items by itself: who sorts by them has to say so. */
static void
status_changed_cb (gpointer data)
{
  Models *models = data;

  gtk_sorter_changed (models->sorter, GTK_SORTER_CHANGE_DIFFERENT);
  gtk_filter_changed (models->is_running, GTK_FILTER_CHANGE_DIFFERENT);
}

static void
watch_added_cb (GListModel *model,
                guint       position,
                guint       n_removed,
                guint       n_added,
                gpointer    data)
{
  Models *models = data;

  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (model, position + i);

      /* The watch goes with the task. */
      gtk_expression_watch (models->status, task, status_changed_cb, models, NULL);
    }
}

static int
compare_status (gconstpointer a,
                gconstpointer b,
                gpointer      unused)
{
  return (int) tend_task_get_status ((TendTask *) b) - (int) tend_task_get_status ((TendTask *) a);
}

static GtkExpression *
new_property (const char *name)
{
  return gtk_property_expression_new (TEND_TYPE_TASK, NULL, name);
}

static void
models_init (Models  *models,
             Fixture *fixture)
{
  GtkMultiSorter *sorter = gtk_multi_sorter_new ();

  gtk_multi_sorter_append (sorter, GTK_SORTER (gtk_string_sorter_new (new_property ("name"))));
  gtk_multi_sorter_append (sorter, GTK_SORTER (gtk_custom_sorter_new (compare_status, NULL, NULL)));
  gtk_multi_sorter_append (sorter, GTK_SORTER (gtk_numeric_sorter_new (new_property ("id"))));

  models->fixture = fixture;
  models->status = new_property ("status");
  models->sorter = GTK_SORTER (sorter);
  models->is_running = GTK_FILTER (gtk_custom_filter_new (is_running, NULL, NULL));
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (watch_added_cb), models);
  models->sorted = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (fixture->manager)),
                                            g_object_ref (models->sorter));
  models->filtered = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (models->sorted)),
                                                g_object_ref (models->is_running));
  models->selection = gtk_single_selection_new (g_object_ref (G_LIST_MODEL (models->sorted)));
}

static void
models_clear (Models *models)
{
  g_signal_handlers_disconnect_by_func (models->fixture->manager, watch_added_cb, models);
  g_assert_finalize_object (models->selection);
  g_assert_finalize_object (models->filtered);
  g_assert_finalize_object (models->sorted);
  g_assert_finalize_object (models->is_running);
  g_assert_finalize_object (models->sorter);
  gtk_expression_unref (models->status);
}

/* --- The steps --- */

static gboolean
sleep_for (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  guint ms = GPOINTER_TO_UINT (data);
  gboolean ok = tend_sleep (ms * 1000, error);

  if (!ok && ms % 2 == 0)
    {
      tend_shield_push ();
      tend_sleep (1000 * (ms % 7), NULL);
      tend_shield_pop ();
    }

  return ok;
}

static void
register_random (Fixture *fixture)
{
  char name[] = { (char) ('a' + g_test_rand_int_range (0, N_NAMES)), 0 };
  guint ms = (guint) g_test_rand_int_range (0, 30);
  TendNamePolicy policy = (TendNamePolicy) g_test_rand_int_range (0, TEND_NAME_POLICY_ANONYMOUS + 1);
  g_autoptr(TendTask) task = NULL;

  if (n_tasks (fixture) >= MAX_TASKS)
    return;

  task = tend_task_new_fiber (name, sleep_for, GUINT_TO_POINTER (ms), NULL);
  if (tend_task_manager_register (fixture->manager, g_object_ref (task), policy, NULL) == task)
    watch (fixture, task);
}

static void
step (Fixture *fixture)
{
  guint n = n_tasks (fixture);
  TendTask *task = n > 0 ? nth_task (fixture, (guint) g_test_rand_int_range (0, (gint32) n)) : NULL;
  int kind = g_test_rand_int_range (0, 10);

  if (kind < 4 || task == NULL)
    register_random (fixture);
  else if (kind < 5)
    tend_task_stop (task);
  else if (kind < 6)
    tend_task_cancel (task);
  else if (kind < 7 && g_test_rand_int_range (0, 20) == 0)
    tend_task_manager_cancel_all (fixture->manager);
  else
    tend_clock_advance (fixture->clock, g_test_rand_int_range (0, 5000), NULL);
}

static void
test_sorted_and_filtered (Fixture       *fixture,
                          gconstpointer  unused)
{
  Models models;

  models_init (&models, fixture);
  for (guint i = 0; i < N_STEPS; i++)
    {
      step (fixture);
      if (g_test_rand_int_range (0, 4) == 0)
        settle (fixture);
      assert_models (&models);
      if (i % 50 == 0 && fixture->shadow->len > 0)
        gtk_single_selection_set_selected (models.selection, fixture->shadow->len / 2);
    }

  tend_task_manager_cancel_all (fixture->manager);
  tend_clock_run_until_idle (fixture->clock, NULL);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (models.sorted)), ==, 0);
  g_assert_cmpuint (fixture->n_changes, >, N_STEPS / 3);
  models_clear (&models);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/list/sorted-and-filtered-by-gtk", test_sorted_and_filtered);

  return g_test_run ();
}
