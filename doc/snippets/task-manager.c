// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The code of doc/task-manager.md: an indexer of files that owns its work. The test that runs it does
// so on a clock that stands still.

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
  TendTaskManager *manager = TEND_TASK_MANAGER (self);

  /* Four at once; no more than a hundred in a second; a file that is gone meanwhile is no failure. */
  tend_task_manager_set_max_running (manager, 4);
  tend_task_manager_set_rate (manager, 100, G_TIME_SPAN_SECOND);
  tend_task_manager_ignore_error (manager, G_FILE_ERROR, G_FILE_ERROR_NOENT);
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
  return tend_task_manager_register (manager, tend_task_new_thread (path, index_file, g_strdup (path), g_free),
                                     TEND_NAME_POLICY_REJECT, error) != NULL;
}

static gboolean
print_statistics (TendTask *task, gpointer user_data, GError **error)
{
  TendTaskManager *manager = user_data;

  g_print ("%" G_GUINT64_FORMAT " indexed, %" G_GUINT64_FORMAT " failed, 99 %% within %" G_GINT64_FORMAT " us\n",
           tend_task_manager_get_n_tasks (manager, TEND_TASK_STATUS_COMPLETED),
           tend_task_manager_get_n_tasks (manager, TEND_TASK_STATUS_FAILED),
           tend_task_manager_get_run_time (manager, 0.99));
  return TRUE;
}

static gboolean
add_statistics (TendTaskManager *manager, GError **error)
{
  g_autoptr(TendTask) task = tend_task_new ("statistics", print_statistics, manager, NULL);

  tend_task_set_delay (task, 0);
  tend_task_set_interval (task, 60 * G_TIME_SPAN_SECOND);

  return tend_task_manager_register (manager, g_steal_pointer (&task), TEND_NAME_POLICY_REJECT, error) != NULL;
}

/* --- Names --- */

static gboolean
search (TendTask *task, gpointer user_data, GError **error)
{
  const char *text = user_data;

  if (!tend_sleep (G_TIME_SPAN_SECOND / 10, error))
    return FALSE;   /* another search has come */

  g_print ("found: %s\n", text);
  return TRUE;
}

static gboolean
start_search (TendTaskManager *manager, const char *text, GError **error)
{
  g_autoptr(TendTask) task = tend_task_new_fiber ("search", search, g_strdup (text), g_free);

  tend_task_set_priority (task, G_PRIORITY_HIGH);

  return tend_task_manager_register (manager, g_steal_pointer (&task), TEND_NAME_POLICY_REPLACE, error) != NULL;
}

static void
forget_file (TendTaskManager *manager, const char *path)
{
  if (tend_task_manager_cancel_task (manager, path) == NULL)
    g_print ("Nobody indexes %s\n", path);
}

static gboolean
write_index (TendTask *task, gpointer user_data, GError **error)
{
  g_print ("written\n");
  return TRUE;
}

static void
index_changed (TendTaskManager *manager)
{
  tend_task_manager_debounce (manager, tend_task_new ("write", write_index, NULL, NULL),
                              2 * G_TIME_SPAN_SECOND, NULL);
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
  /* A task that has run for a minute is named in the log, and again every ten minutes. */
  tend_task_manager_set_slow_check (manager, 60 * G_TIME_SPAN_SECOND, 600 * G_TIME_SPAN_SECOND);
  g_signal_connect (manager, "items-changed", G_CALLBACK (tasks_changed_cb), NULL);
}

/* --- Child managers --- */

static TendTaskManager *
add_volume (TendTaskManager *indexer, GError **error)
{
  g_autoptr(TendTaskManager) volume = tend_task_manager_new ();

  tend_task_manager_set_max_running (volume, 1);
  if (!tend_task_manager_add_child (indexer, volume, error))
    return NULL;

  return volume;    /* the parent keeps it until it is shut down */
}

/* --- The end --- */

static void
print_errors (const GError *error)
{
  g_autoptr(GPtrArray) errors = tend_error_list (error);

  for (guint i = 0; i < errors->len; i++)
    g_printerr ("%s\n", ((GError *) g_ptr_array_index (errors, i))->message);
}

static void
shut_down_cb (GObject *manager, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (manager), result, &error))
    print_errors (error);

  g_main_loop_quit (user_data);
}

static void
awaited_changed_cb (GListModel *awaited, guint position, guint n_removed, guint n_added, gpointer user_data)
{
  TendTaskManager *manager = user_data;
  gint64 deadline = tend_task_manager_get_grace_deadline (manager);

  for (guint i = 0; i < g_list_model_get_n_items (awaited); i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (awaited, i);

      g_print ("waiting for %s, %.1f s old", tend_task_get_name (task),
               (double) tend_task_manager_get_age (manager, task) / G_TIME_SPAN_SECOND);
      if (deadline < TEND_FOREVER)
        g_print (", which is stopped in %.1f s", (double) (deadline - tend_get_time ()) / G_TIME_SPAN_SECOND);
      g_print ("\n");
    }
}

static void
quit (TendTaskManager *manager, GMainLoop *loop)
{
  g_signal_connect (tend_task_manager_get_awaited (manager), "items-changed", G_CALLBACK (awaited_changed_cb), manager);
  tend_task_manager_shutdown_async (manager, NULL, shut_down_cb, loop);
}

static gboolean
end_with_write (TendTaskManager *manager, GError **error)
{
  return tend_task_manager_add_shutdown_task (manager, tend_task_new ("last write", write_index, NULL, NULL), error);
}

/* --- The program --- */

static gboolean
index_all (TendTask *task, gpointer user_data, GError **error)
{
  TendTaskManager *manager = user_data;
  TendTaskManager *volume = add_volume (manager, error);

  watch_tasks (manager);
  if (volume == NULL ||
      !end_with_write (manager, error) ||
      !add_statistics (manager, error) ||
      !add_file (volume, "/nowhere/to/be/found", error) ||
      !add_file (manager, "/dev/null", error) ||
      !start_search (manager, "te", error) ||
      !start_search (manager, "tend", error))
    return FALSE;

  index_changed (manager);
  index_changed (manager);
  if (!tend_sleep (G_TIME_SPAN_SECOND, error))
    return FALSE;

  /* The statistics would never end, and so would the wait. */
  forget_file (manager, "statistics");
  forget_file (manager, "statistics");

  return tend_task_manager_wait_for_tasks (manager, error);
}

int
main (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  g_autoptr(Indexer) indexer = g_object_new (INDEXER_TYPE, NULL);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(GError) error = NULL;

  if (!tend_run (index_all, indexer, &error))
    print_errors (error);

  quit (TEND_TASK_MANAGER (indexer), loop);
  g_main_loop_run (loop);
  g_object_unref (clock);

  return error == NULL && indexer->n_failed == 0 ? 0 : 1;
}
