// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Giving tasks to a manager, and finding them there by their names.

#include "tend-manager-private.h"

/* --- Registration --- */

/* Whether @task can run where the manager does. */
gboolean
tend_manager_check_context (TendTaskManager  *self,
                            TendTask         *task,
                            GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autofree char *text = NULL;

  if (tend_loop_get_context (task->loop) == tend_loop_get_context (priv->loop))
    return TRUE;

  text = tend_task_to_string (task);
  g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
               "%s belongs to another main context than its manager", text);
  return FALSE;
}

static gboolean
check_registration (TendTaskManager  *self,
                    TendTask         *task,
                    GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autofree char *text = NULL;
  TendEntry *entry;

  if (!tend_task_check_startable (task, error))
    return FALSE;

  if (task->name != NULL && !tend_check_name (task->name, error))
    return FALSE;

  if (!tend_manager_check_context (self, task, error))
    return FALSE;

  if (priv->state != TEND_MANAGER_OPEN)
    {
      text = tend_task_to_string (task);
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_SHUT_DOWN,
                   "Not adding %s: the manager has been shut down", text);
      return FALSE;
    }

  entry = task->name != NULL ? g_hash_table_lookup (priv->names, task->name) : NULL;
  if (entry != NULL && !tend_task_has_ended (entry->task))
    {
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_EXISTS,
                   "Task already exists: '%s'", task->name);
      return FALSE;
    }

  /* A task that has ended may still be looked up, but its name is free. */
  if (entry != NULL)
    tend_manager_free_name (priv, entry);

  return TRUE;
}

/**
 * tend_task_manager_register_task:
 * @self: a manager
 * @task: a task that was not started yet
 * @error: return location for an error
 *
 * Gives @task to the manager, which starts it.
 *
 * Its body never runs before this returns: it runs in the next turn of the loop, or after its delay
 * or first interval, and waits for a slot after that. If the task has a name, the name must be free.
 * The manager holds a reference until the body has really ended.
 *
 * When the task fails, [signal@Tend.TaskManager::task-failed] is emitted before those who wait are
 * told, and the error counts as observed.
 *
 * Returns: %TRUE, or %FALSE with `TEND_TASK_ERROR_EXISTS` if the name is in use,
 *   `TEND_TASK_ERROR_SHUT_DOWN` if the manager was shut down, `TEND_TASK_ERROR_STATE` if the task was
 *   started before, `TEND_TASK_ERROR_WRONG_THREAD` if it belongs elsewhere, or
 *   `G_IO_ERROR_INVALID_ARGUMENT` if the name is empty
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_register_task (TendTaskManager  *self,
                                 TendTask         *task,
                                 GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_registration (self, task, error))
    return FALSE;

  tend_manager_add_entry (self, task);

  return TRUE;
}

/* Whether @name can be in a task at all, before one is made of it; destroys the data if not. */
static gboolean
check_name (const char      *name,
            gpointer         user_data,
            GDestroyNotify   notify,
            GError         **error)
{
  if (name == NULL || tend_check_name (name, error))
    return TRUE;

  if (notify != NULL)
    notify (user_data);
  return FALSE;
}

/*
 * Registers @task, which was made by the code at @origin; takes @task, and the manager keeps it.
 * Somebody who listens to the manager may have ended the task by now, and then nobody keeps it.
 */
static TendTask *
register_taken (TendTaskManager  *self,
                TendTask         *task,
                gconstpointer     origin,
                GError          **error)
{
  TendTask *kept = task;

  task->origin = origin;
  if (!tend_task_manager_register_task (self, task, error) ||
      (tend_task_has_ended (task) && !tend_task_propagate (task, error)))
    kept = NULL;
  g_object_unref (task);

  return kept;
}

/**
 * tend_task_manager_register:
 * @self: a manager
 * @name: (nullable): a name, or %NULL for an anonymous task
 * @func: (scope notified) (closure user_data) (destroy notify): the body, on the loop's thread
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as [ctor@Tend.Task.new] does, and registers it as
 * [method@Tend.TaskManager.register_task] does.
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register (TendTaskManager  *self,
                            const char       *name,
                            TendTaskFunc      func,
                            gpointer          user_data,
                            GDestroyNotify    notify,
                            GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new (name, func, user_data, notify),
                         __builtin_return_address (0), error);
}

/**
 * tend_task_manager_register_fiber: (skip)
 * @self: a manager
 * @name: (nullable): a name, or %NULL for an anonymous task
 * @func: the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as tend_task_new_fiber() does, and registers it as
 * [method@Tend.TaskManager.register_task] does.
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_fiber (TendTaskManager  *self,
                                  const char       *name,
                                  TendWorkFunc      func,
                                  gpointer          user_data,
                                  GDestroyNotify    notify,
                                  GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new_fiber (name, func, user_data, notify),
                         __builtin_return_address (0), error);
}

/**
 * tend_task_manager_register_thread:
 * @self: a manager
 * @name: (nullable): a name, or %NULL for an anonymous task
 * @func: (scope notified) (closure user_data) (destroy notify): the body, in a thread
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as [ctor@Tend.Task.new_thread] does, and registers it as
 * [method@Tend.TaskManager.register_task] does.
 *
 * Name and shutdown are checked before the body is given to any thread.
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_thread (TendTaskManager  *self,
                                   const char       *name,
                                   TendWorkFunc      func,
                                   gpointer          user_data,
                                   GDestroyNotify    notify,
                                   GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new_thread (name, func, user_data, notify),
                         __builtin_return_address (0), error);
}

/* --- Looking up and cancelling --- */

/**
 * tend_task_manager_lookup:
 * @self: a manager
 * @name: a name
 *
 * Finds the task of a name.
 *
 * A task that has ended is found until those who waited for it have been told. One that was
 * cancelled by [method@Tend.TaskManager.cancel_task] has lost its name.
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

  entry = g_hash_table_lookup (tend_manager_get_private (self)->names, name);

  return entry != NULL ? entry->task : NULL;
}

/**
 * tend_task_manager_is_active:
 * @self: a manager
 * @name: a name
 *
 * Tells whether the name is in use.
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
 * Lists the tasks whose bodies have not ended, in the order of registration.
 *
 * Among them are those that were cancelled and still end.
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

/**
 * tend_task_manager_cancel_task:
 * @self: a manager
 * @name: a name
 *
 * Cancels the task of a name, and frees the name at once.
 *
 * The manager keeps the task until its body has really ended. See [method@Tend.Task.cancel].
 *
 * Returns: (transfer full) (nullable): the task, to wait for; %NULL if there is none
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_cancel_task (TendTaskManager *self,
                               const char      *name)
{
  TendTask *task;
  TendEntry *entry;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  entry = g_hash_table_lookup (tend_manager_get_private (self)->names, name);
  if (entry == NULL)
    return NULL;

  task = g_object_ref (entry->task);
  if (!tend_task_has_ended (task))
    {
      tend_manager_free_name (tend_manager_get_private (self), entry);
      tend_task_cancel (task);
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
