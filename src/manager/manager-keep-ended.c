// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The tasks that have ended and stay in the list model for a while, such as the last downloads of a program.
//
// An entry that leaves the list has another one put in its place, which has the task and nothing else: no name, no
// slot, and no observer. The list model shows it as any other, and all else passes over it. Ownership: the loop
// thread's.

#include "tend-manager-private.h"

/* The one to go next: the oldest that has not failed, or else the oldest. */
static TendEntry *
find_oldest (TendTaskManagerPrivate *priv)
{
  TendJob *job = tend_queue_peek (&priv->ended);

  if (job == NULL)
    job = tend_queue_peek (&priv->ended_failed);

  return job != NULL ? tend_entry_of_job (job) : NULL;
}

/* Takes them out of the list until so many are left, and drops their tasks: user data of these may do anything. */
static void
trim (TendTaskManager *self,
      guint            n_left)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  TendEntry *entry;

  while (priv->n_ended > n_left && (entry = find_oldest (priv)) != NULL)
    {
      tend_job_unlink (&entry->job);
      tend_view_remove (&priv->entries, self, entry);
      g_ptr_array_add (tasks, entry->task);
      g_free (entry);
      priv->n_ended--;
    }
  tend_manager_changed (priv);
}

/* Removes @entry, whose task is finished, from the list; its task stays there if it is to be kept. */
void
tend_manager_end_entry (TendEntry *entry)
{
  TendTaskManager *self = entry->manager;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendEntry *shown;

  if (priv->keep_ended == 0)
    {
      tend_view_remove (&priv->entries, self, entry);
      return;
    }

  shown = g_new0 (TendEntry, 1);
  shown->manager = self;
  shown->task = g_object_ref (entry->task);
  shown->is_ended = TRUE;
  tend_job_init (&shown->job, NULL);
  tend_queue_push (tend_task_status (entry->task) == TEND_TASK_STATUS_FAILED ? &priv->ended_failed : &priv->ended,
                   &shown->job);
  tend_entry_list_replace (&priv->entries, entry, shown);
  priv->n_ended++;
}

/* Lets those go that are too many. */
void
tend_manager_trim_ended (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (G_UNLIKELY (priv->n_ended > priv->keep_ended))
    trim (self, priv->keep_ended);
}

/* The manager goes. */
void
tend_manager_clear_ended (TendTaskManager *self)
{
  if (tend_manager_get_private (self)->n_ended > 0)
    trim (self, 0);
}

/**
 * tend_task_manager_get_keep_ended:
 * @self: a manager
 *
 * Gets how many tasks that have ended stay in the list model.
 *
 * Returns: the number of tasks; 0 by default
 *
 * Since: 0.1
 */
guint
tend_task_manager_get_keep_ended (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  return tend_manager_get_private (self)->keep_ended;
}

/**
 * tend_task_manager_set_keep_ended:
 * @self: a manager
 * @n_kept: how many tasks; 0 for none
 *
 * Lets the last tasks that have finished stay in the list model, where a view shows how they ended.
 *
 * When there are more than @n_kept, those that have not failed go first, and of these that which has finished first.
 * With 0, all go.
 *
 * Such a task is in the list model and nowhere else: its name is free, it counts for no limit and no number, and
 * [method@Tend.TaskManager.list_tasks] does not list it. Its error is not observed by that. The manager holds a
 * reference to it, and drops it when the task leaves the list.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_keep_ended (TendTaskManager *self,
                                  guint            n_kept)
{
  TendTaskManagerPrivate *priv;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->keep_ended == n_kept)
    return;

  priv->keep_ended = n_kept;
  g_object_ref (self);
  tend_manager_trim_ended (self);
  tend_manager_notify (self, TEND_MANAGER_PROP_KEEP_ENDED);
  g_object_unref (self);
}
