// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The manager's record of a task: an entry, which is created, freed and found here.
//
// Names, slots, waits and the shutdown find entries here. What happens to an entry is in manager-life.c, above them.
// Ownership: the loop thread's.

#include "tend-manager-private.h"

#include <string.h>

/*
 * Entries that are kept for the next tasks, as many as spare tasks are; 152 KiB. To allocate one and to free
 * it took 310 instructions of a named fiber's 6,250. None is kept where a tool looks for uses after the end.
 */
#define MAX_SPARE 1024

/* An observer with this table is an entry. What the table does is in manager-life.c, which fills it in. */
TendObserverClass tend_entry_observer;

/* --- Made and freed --- */

/* A spare one or a new one, zeroed. */
static TendEntry *
entry_alloc (TendTaskManagerPrivate *priv)
{
  TendEntry *entry = priv->spare;

  if (entry == NULL)
    return g_new0 (TendEntry, 1);

  priv->spare = entry->after;
  priv->n_spare--;
  memset (entry, 0, sizeof *entry);

  return entry;
}

/* Creates the entry of @task, at the end of the list. The caller sets up its job. */
TendEntry *
tend_entry_new (TendTaskManager *self,
                TendTask        *task,
                const char      *base)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendEntry *entry = entry_alloc (priv);

  entry->observer.klass = &tend_entry_observer;
  entry->manager = self;
  entry->task = g_object_ref (task);
  tend_entry_list_append (&priv->entries, entry);
  entry->is_listed = TRUE;
  entry->serial = ++priv->serial;
  entry->registered = tend_loop_now_coarse (tend_task_loop (task));
  entry->base = g_strdup (base);

  return entry;
}

/* Frees an entry that is in no list, chain or lane. This may free the task, with user data that holds the manager. */
void
tend_entry_free (TendEntry *entry)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);
  TendTask *task = entry->task;

  tend_loop_remove (tend_task_loop (task), &entry->job);
  tend_task_remove_observer (task, &entry->observer);
  if (entry->is_suspended)
    tend_task_suspend (task, FALSE);
  g_free (entry->base);
  if (entry->is_running)
    tend_running_remove (entry);

  if (priv->n_spare < MAX_SPARE && !tend_tools_watch () && !tend_debug_has (TEND_DEBUG_NO_SPARES))
    {
      entry->after = priv->spare;
      priv->spare = entry;
      priv->n_spare++;
    }
  else
    g_free (entry);

  g_object_unref (task);
}

/* The manager goes, and has released every task. */
void
tend_manager_free_entries (TendTaskManagerPrivate *priv)
{
  for (TendEntry *entry = priv->spare, *next; entry != NULL; entry = next)
    {
      next = entry->after;
      g_free (entry);
    }

  tend_entry_list_clear (&priv->entries);
  tend_table_clear (&priv->names);
}

/* --- Begun --- */

/* The body of the task begins, at @now. */
void
tend_entry_note_begin (TendEntry *entry,
                       gint64     now)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (entry->manager);

  entry->has_begun = TRUE;
  entry->began = now;
  entry->rest = 0;
  if (priv->running != NULL)
    tend_running_add (entry);
  tend_statistics_began (&priv->statistics);
  tend_manager_changed (priv);
}

/* Begins the task of an entry, for which it waits no longer, at @now; on the native stack. */
void
tend_entry_begin (TendEntry *entry,
                  gint64     now)
{
  tend_entry_note_begin (entry, now);
  tend_task_begin (entry->task);
}

/* --- Found --- */

/* Returns the entry of @task, which may be NULL, if it is in the list of @self; or NULL. */
TendEntry *
tend_manager_find_entry (TendTaskManager *self,
                         TendTask        *task)
{
  for (TendObserver *o = task != NULL ? tend_task_observers (task) : NULL; o != NULL; o = o->next)
    {
      TendEntry *entry = (TendEntry *) o;

      if (o->klass == &tend_entry_observer && entry->manager == self && entry->is_listed)
        return entry;
    }

  return NULL;
}

/* Whether the manager has a reference to @task, which may have ended, until its waiters have been notified. */
gboolean
tend_manager_holds (TendTaskManager *self,
                    TendTask        *task)
{
  for (TendObserver *o = tend_task_observers (task); o != NULL; o = o->next)
    {
      if (o->klass == &tend_entry_observer && ((TendEntry *) o)->manager == self)
        return TRUE;
    }

  return FALSE;
}

/* Returns the manager in whose list @task is; or NULL. */
TendTaskManager *
tend_manager_of_task (TendTask *task)
{
  for (TendObserver *o = tend_task_observers (task); o != NULL; o = o->next)
    {
      TendEntry *entry = (TendEntry *) o;

      if (o->klass == &tend_entry_observer && entry->is_listed)
        return entry->manager;
    }

  return NULL;
}

/* --- All of them --- */

/* The list as it is now, with references to the tasks, to walk while user code changes it. */
GPtrArray *
tend_manager_copy_tasks (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  GPtrArray *tasks = g_ptr_array_new_full (tend_manager_count_tasks (priv), g_object_unref);

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    g_ptr_array_add (tasks, g_object_ref (entry->task));

  return tasks;
}

/* Frees every name, and then cancels every task, but for those that @spares, which may be NULL, says TRUE to. */
void
tend_manager_cancel_entries (TendTaskManager *self,
                             TendTaskTest     spares)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_full (tend_manager_count_tasks (priv), g_object_unref);

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (spares != NULL && spares (priv, entry->task))
        continue;

      entry->is_named = FALSE;
      g_ptr_array_add (tasks, g_object_ref (entry->task));
    }

  for (guint i = 0; i < tasks->len; i++)
    tend_task_cancel (g_ptr_array_index (tasks, i));
}
