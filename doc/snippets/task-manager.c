// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/task-manager.md: an indexer that owns its work.

#include <tend.h>

/* --- Deriving --- */

#define INDEXER_TYPE (indexer_get_type ())
G_DECLARE_FINAL_TYPE (Indexer, indexer, INDEXER, INDEXER, TendTaskManager)

struct _Indexer
{
  TendTaskManager parent_instance;

  guint n_failed;
};

G_DEFINE_FINAL_TYPE (Indexer, indexer, TEND_TYPE_TASK_MANAGER)

static void
indexer_task_failed (TendTaskManager *manager, TendTask *task, const GError *error)
{
  INDEXER_INDEXER (manager)->n_failed++;
  g_printerr ("%s: %s\n", tend_task_get_name (task), error->message);
}

static void
indexer_class_init (IndexerClass *klass)
{
  TEND_TASK_MANAGER_CLASS (klass)->task_failed = indexer_task_failed;
}

static void
indexer_init (Indexer *self)
{
  tend_task_manager_set_max_running (TEND_TASK_MANAGER (self), 4);
}

/* --- Registering --- */

static gboolean
index_file (TendTask *task, gpointer user_data, GError **error)
{
  const char *path = user_data;
  g_autofree char *data = NULL;

  return g_file_get_contents (path, &data, NULL, error);
}

static gboolean
add_file (TendTaskManager *manager, const char *path, GError **error)
{
  return tend_task_manager_register_thread (manager, path, index_file,
                                            g_strdup (path), g_free, error) != NULL;
}

static void
write_statistics (TendTask *task, gpointer user_data)
{
  g_print ("%u tasks\n", g_list_model_get_n_items (G_LIST_MODEL (user_data)));
  tend_task_return_boolean (task, TRUE);
}

static gboolean
add_statistics (TendTaskManager *manager, GError **error)
{
  g_autoptr(TendTask) task = tend_task_new ("statistics", write_statistics, manager, NULL);

  tend_task_set_delay (task, 0);
  tend_task_set_interval (task, 60 * G_USEC_PER_SEC);

  return tend_task_manager_register_task (manager, task, error);
}

static void
forget_file (TendTaskManager *manager, const char *path)
{
  g_autoptr(TendTask) task = tend_task_manager_cancel_task (manager, path);

  if (task == NULL)
    g_print ("Nobody indexes %s\n", path);
}

/* --- The list --- */

static void
tasks_changed_cb (GListModel *tasks, guint position, guint n_removed, guint n_added, gpointer user_data)
{
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (tasks, i);

      g_print ("new: %s\n", tend_task_get_name (task));
    }
}

static void
watch_tasks (TendTaskManager *manager)
{
  g_signal_connect (manager, "items-changed", G_CALLBACK (tasks_changed_cb), NULL);
}

/* --- The end --- */

static void
close_index (TendTask *task, gpointer user_data)
{
  g_print ("closed\n");
  tend_task_return_boolean (task, TRUE);
}

static gboolean
index_all (TendTask *task, gpointer user_data, GError **error)
{
  TendTaskManager *manager = user_data;
  g_autoptr(TendTask) close = tend_task_new ("close", close_index, NULL, NULL);

  watch_tasks (manager);
  if (!tend_task_manager_add_shutdown_task (manager, close, error) ||
      !add_statistics (manager, error) ||
      !add_file (manager, "/etc/hostname", error) ||
      !add_file (manager, "/etc/os-release", error))
    return FALSE;

  /* The statistics would never end, and so would the wait. */
  forget_file (manager, "statistics");

  return tend_task_manager_wait_for_tasks (manager, error) &&
         tend_task_manager_shutdown (manager, error);
}

static void
print_errors (const GError *error)
{
  g_autoptr(GPtrArray) errors = tend_task_error_list (error);

  for (guint i = 0; i < errors->len; i++)
    g_printerr ("%s\n", ((GError *) g_ptr_array_index (errors, i))->message);
}

int
main (void)
{
  g_autoptr(Indexer) indexer = g_object_new (INDEXER_TYPE, NULL);
  g_autoptr(GError) error = NULL;

  if (!tend_run (index_all, indexer, &error))
    print_errors (error);

  return error == NULL && indexer->n_failed == 0 ? 0 : 1;
}
