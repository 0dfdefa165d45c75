// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Pausing and resuming a manager: its tasks stand still, and those of the managers below it.
//
// A task is paused as task-pause.c does it. An entry knows whether its task stands still because of the manager, or of
// one above, and tells the task once, however many of them are paused. Ownership: the loop thread's.

#include "tend-manager-private.h"

/* Lets the tasks of one manager stand still or go on. Those who are told may change everything. */
static void
update_tasks (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = NULL;

  if (priv->entries.n_items == 0)
    return;

  tasks = tend_manager_copy_tasks (self);
  for (guint i = 0; i < tasks->len; i++)
    {
      TendTask *task = g_ptr_array_index (tasks, i);
      TendEntry *entry = tend_manager_find_entry (self, task);

      if (entry == NULL || entry->is_suspended == tend_manager_stands_still (priv))
        continue;

      entry->is_suspended = !entry->is_suspended;
      if (tend_task_suspend (task, entry->is_suspended))
        tend_task_notify_paused (task);
    }
}

/* The manager or one above it was paused or resumed, or it has another parent. */
void
tend_manager_update_pause (TendTaskManager *self)
{
  g_autoptr(GPtrArray) family = tend_manager_copy_family (self);

  for (guint i = 0; i < family->len; i++)
    update_tasks (g_ptr_array_index (family, i));
}

/* The drain or the shutdown begins: a task that stands still would not end. */
void
tend_manager_end_pause (TendTaskManager *self)
{
  tend_manager_get_private (self)->is_paused = FALSE;
  g_object_ref (self);
  update_tasks (self);
  g_object_unref (self);
}

static void
set_paused (TendTaskManager *self,
            gboolean         is_paused)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (priv->is_paused == is_paused || priv->state >= TEND_MANAGER_DRAINING)
    return;

  priv->is_paused = is_paused;
  tend_manager_changed (priv);
  tend_manager_update_pause (self);
}

/**
 * tend_task_manager_pause:
 * @self: a manager
 *
 * Pauses the tasks of the manager, until [method@Tend.TaskManager.resume].
 *
 * Each task that the manager has is paused, as [method@Tend.Task.pause] does it, and so is each that is registered
 * before the manager is resumed, and each of the child managers. Tasks that wait for their name or for a slot go on
 * waiting. A task that you have paused yourself stays paused when the manager is resumed.
 *
 * You can cancel and stop the tasks, and wait for them. When the manager is drained or shut down, its tasks go on, even
 * while a manager above is paused. Once that has begun, this does nothing.
 *
 * Does nothing if the manager is paused.
 *
 * Since: 0.1
 */
void
tend_task_manager_pause (TendTaskManager *self)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  if (tend_manager_check_thread (self, G_STRFUNC))
    set_paused (self, TRUE);
}

/**
 * tend_task_manager_resume:
 * @self: a manager
 *
 * Resumes a paused manager.
 *
 * Its tasks go on with the time that was left, unless you have paused them, or a manager above or their group is
 * paused. Does nothing if the manager is not paused.
 *
 * Since: 0.1
 */
void
tend_task_manager_resume (TendTaskManager *self)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  if (tend_manager_check_thread (self, G_STRFUNC))
    set_paused (self, FALSE);
}

/**
 * tend_task_manager_is_paused:
 * @self: a manager
 *
 * Checks whether the manager is paused.
 *
 * A manager whose parent is paused is not paused itself, although its tasks are.
 *
 * Returns: %TRUE between [method@Tend.TaskManager.pause] and [method@Tend.TaskManager.resume]
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_is_paused (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);

  return tend_manager_get_private (self)->is_paused;
}
