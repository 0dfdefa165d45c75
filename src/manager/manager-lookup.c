// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Finding the tasks of a manager, by name and all at once, and cancelling them.

#include "tend-manager-private.h"

/**
 * tend_task_manager_lookup:
 * @self: a manager
 * @name: a name
 *
 * Finds the task of a name.
 *
 * A task that has ended is found until those who waited for it have been notified. A task that was cancelled by
 * [method@Tend.TaskManager.cancel_task], or that was replaced, has lost its name. If several tasks of the name are
 * queued, the first one is found. Anonymous tasks are not found.
 *
 * Returns: (transfer none) (nullable): the task
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_lookup (TendTaskManager *self,
                          const char      *name)
{
  TendEntry *entry;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  entry = tend_names_lookup (tend_manager_get_private (self), name);

  return entry != NULL ? entry->task : NULL;
}

/**
 * tend_task_manager_is_active:
 * @self: a manager
 * @name: a name
 *
 * Checks whether a name is taken.
 *
 * Returns: %TRUE if there is a task of that name that has not ended
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_is_active (TendTaskManager *self,
                             const char      *name)
{
  TendTask *task;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  task = tend_task_manager_lookup (self, name);

  return task != NULL && !tend_task_has_ended (task);
}

/**
 * tend_task_manager_list_tasks:
 * @self: a manager
 *
 * Lists the tasks that are not finished, in the order of registration.
 *
 * The tasks of [method@Tend.TaskManager.list_draining] are among them.
 *
 * Returns: (transfer container) (element-type TendTask): the tasks, to which the list holds references
 *
 * Since: 0.1
 */
GPtrArray *
tend_task_manager_list_tasks (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  return tend_manager_copy_tasks (self);
}

/* Lists the tasks for which @func returns TRUE, in the order of registration. */
static GPtrArray *
list_matching (TendTaskManager *self,
               gboolean      (* func) (TendEntry *entry, const char *base),
               const char      *base)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (func (entry, base))
        g_ptr_array_add (tasks, g_object_ref (entry->task));
    }

  return tasks;
}

static gboolean
is_draining (TendEntry  *entry,
             const char *base)
{
  return tend_task_has_ended (entry->task) || tend_task_cancelling (entry->task);
}

/**
 * tend_task_manager_list_draining:
 * @self: a manager
 *
 * Lists the tasks that were cancelled or stopped and are not finished.
 *
 * It looks at every task of the manager.
 *
 * Returns: (transfer container) (element-type TendTask): the tasks, to which the list holds references
 *
 * Since: 0.1
 */
GPtrArray *
tend_task_manager_list_draining (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  return list_matching (self, is_draining, NULL);
}

static gboolean
has_base (TendEntry  *entry,
          const char *base)
{
  return g_strcmp0 (entry->base, base) == 0;
}

/**
 * tend_task_manager_list_anonymous:
 * @self: a manager
 * @base: the base of their names
 *
 * Lists the anonymous tasks that were registered under one base, and no other tasks.
 *
 * It looks at every task of the manager.
 *
 * Returns: (transfer container) (element-type TendTask): the tasks, to which the list holds references
 *
 * Since: 0.1
 */
GPtrArray *
tend_task_manager_list_anonymous (TendTaskManager *self,
                                  const char      *base)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (base != NULL, NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  return list_matching (self, has_base, base);
}

/* --- What cancel_task() gives --- */

static void
kept_job_cb (TendJob *job)
{
  TendTaskManagerPrivate *priv = TEND_MANAGER_PRIVATE_OF (job, kept_job);
  G_GNUC_UNUSED g_autoptr(GPtrArray) kept = g_steal_pointer (&priv->kept);
}

void
tend_manager_init_kept (TendTaskManagerPrivate *priv)
{
  tend_job_init (&priv->kept_job, kept_job_cb);
}

void
tend_manager_clear_kept (TendTaskManagerPrivate *priv)
{
  tend_loop_remove (priv->loop, &priv->kept_job);
  kept_job_cb (&priv->kept_job);
}

/* Keeps @task until the next turn. */
static void
keep_for_a_turn (TendTaskManagerPrivate *priv,
                 TendTask               *task)
{
  if (priv->kept == NULL)
    {
      priv->kept = g_ptr_array_new_with_free_func (g_object_unref);
      tend_loop_queue_ready (priv->loop, &priv->kept_job);
    }
  g_ptr_array_add (priv->kept, g_object_ref (task));
}

/**
 * tend_task_manager_cancel_task:
 * @self: a manager
 * @name: a name
 *
 * Cancels the task of a name, and frees the name at once.
 *
 * The manager keeps the task until it is finished, and does not begin another task of that name before. If other tasks
 * are queued under the name, the name goes to the next one. A task that has already ended is returned as it is. See
 * [method@Tend.Task.cancel].
 *
 * Returns: (transfer none) (nullable): the task, to wait for; %NULL if there is none. It is valid until the next turn
 *   of the loop, or for as long as it drains
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_cancel_task (TendTaskManager *self,
                               const char      *name)
{
  TendTaskManagerPrivate *priv;
  TendTask *task;
  TendEntry *entry;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  priv = tend_manager_get_private (self);
  entry = tend_names_lookup (priv, name);
  if (entry == NULL)
    return NULL;

  /* A pending task ends now. Code that hears of that may run the loop, so that the task is kept afterwards. */
  task = entry->task;
  if (!tend_task_has_ended (task))
    {
      G_GNUC_UNUSED g_autoptr(TendTaskManager) held = g_object_ref (self);
      G_GNUC_UNUSED g_autoptr(TendTask) cancelled = g_object_ref (task);

      entry->is_named = FALSE;
      tend_task_cancel (task);
      keep_for_a_turn (priv, task);
    }

  return task;
}

/**
 * tend_task_manager_cancel_all:
 * @self: a manager
 *
 * Cancels every task, and frees every name at once.
 *
 * The manager stays open. See [method@Tend.Task.cancel].
 *
 * Since: 0.1
 */
void
tend_task_manager_cancel_all (TendTaskManager *self)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  if (tend_manager_check_thread (self, G_STRFUNC))
    tend_manager_cancel_entries (self, NULL);
}
