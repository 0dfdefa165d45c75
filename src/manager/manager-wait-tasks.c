// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the tasks of a manager.
//
// A wait counts: n_left is the number of tasks that it is still for. It is for the tasks that were registered when it
// began, but not for the caller, and not for those that are *excused*: tasks of the manager that wait as well. Two that
// wait for each other would never end.
//
//   a task of the manager begins to wait     each wait that is for it excuses it: n_left goes down
//                                            its own wait excuses those that wait already
//   a task is released                       each wait that is for it counts it off: n_left goes down
//   a task gives up its last wait            each wait that has excused it is for it again: n_left goes up
//   n_left is 0                              the wait is over
//
// Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-wait-private.h"

/* --- Who is waited for --- */

/* Whether @wait is for @entry's task. */
static gboolean
is_for (TendManagerWait *wait,
        TendEntry       *entry)
{
  return entry->serial <= wait->last_serial && entry->task != wait->caller &&
         (wait->excused == NULL || !g_hash_table_contains (wait->excused, entry->task));
}

static void
excuse (TendManagerWait *wait,
        TendTask        *task)
{
  if (wait->excused == NULL)
    wait->excused = g_hash_table_new (NULL, NULL);
  g_hash_table_add (wait->excused, task);
}

/* A task of the manager begins to wait: the waits of other tasks of the manager are not for it any more. */
static void
excuse_caller (TendTaskManager *self,
               TendEntry       *caller)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  for (guint i = 0; i < priv->waits->len;)
    {
      TendManagerWait *wait = g_ptr_array_index (priv->waits, i);

      if (!is_for (wait, caller) || tend_manager_find_entry (self, wait->caller) == NULL)
        {
          i++;
          continue;
        }

      excuse (wait, caller->task);
      if (--wait->n_left > 0)
        i++;
      else
        tend_loop_queue_micro (priv->loop, &tend_manager_wait_take (wait)->job);
    }
}

/* The new wait of a task of the manager is not for those tasks of the manager that wait already. */
static void
excuse_callers (TendTaskManager *self,
                TendManagerWait *wait)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  for (guint i = 0; i < priv->waits->len; i++)
    {
      TendManagerWait *other = g_ptr_array_index (priv->waits, i);
      TendEntry *entry = other != wait ? tend_manager_find_entry (self, other->caller) : NULL;

      if (entry != NULL && is_for (wait, entry))
        {
          excuse (wait, entry->task);
          wait->n_left--;
        }
    }
}

/* The caller has given up its last wait and does something else: the waits that have excused it are for it again. */
static void
stop_excusing (TendManagerWait *given_up)
{
  GPtrArray *waits = tend_manager_get_private (given_up->manager)->waits;
  TendTask *task = given_up->caller;

  for (guint i = 0; i < waits->len; i++)
    {
      if (((TendManagerWait *) g_ptr_array_index (waits, i))->caller == task)
        return;
    }

  for (guint i = 0; i < waits->len; i++)
    {
      TendManagerWait *wait = g_ptr_array_index (waits, i);

      if (wait->excused != NULL && g_hash_table_remove (wait->excused, task))
        wait->n_left++;
    }
}

/* --- The end of waits --- */

/* The task of the entry is released: counts it off the waits that are for it, and takes out those that are over. */
GPtrArray *
tend_manager_count_off (TendTaskManagerPrivate *priv,
                        TendEntry              *entry)
{
  GPtrArray *over = NULL;

  for (guint i = 0; i < priv->waits->len;)
    {
      TendManagerWait *wait = g_ptr_array_index (priv->waits, i);

      if (!is_for (wait, entry))
        {
          /* The task may be freed, and another one may be made at its address. */
          if (wait->excused != NULL)
            g_hash_table_remove (wait->excused, entry->task);
          i++;
          continue;
        }

      if (--wait->n_left > 0)
        {
          i++;
          continue;
        }

      if (over == NULL)
        over = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
      g_ptr_array_add (over, tend_manager_wait_take (wait));
    }

  return over;
}

/* Somebody disposes of the manager, although waits hold it. It hears no more of its tasks, and so all waits fail. */
void
tend_manager_give_up_waits (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  while (priv->waits->len > 0)
    {
      TendManagerWait *wait = tend_manager_wait_take (g_ptr_array_index (priv->waits, 0));

      g_task_return_new_error (wait->result, TEND_ERROR, TEND_ERROR_STOPPED,
                               "The manager was disposed of");
      tend_manager_wait_free (wait);
    }
}

/* --- Public --- */

/**
 * tend_task_manager_wait_for_tasks_async:
 * @self: a manager
 * @cancellable: (nullable): ends the wait when it is cancelled; the tasks go on
 * @callback: (nullable) (scope async) (closure user_data): called at the end
 * @user_data: data for @callback
 *
 * Waits until every task that is registered now is finished.
 *
 * It does not wait for tasks that are registered later, for tasks of child managers, nor for the calling task. Tasks of
 * the manager that wait for its tasks do not wait for each other.
 *
 * Since: 0.1
 */
void
tend_task_manager_wait_for_tasks_async (TendTaskManager     *self,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  TendTaskManagerPrivate *priv;
  TendManagerWait *wait;
  TendEntry *caller;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return;

  priv = tend_manager_get_private (self);
  caller = tend_manager_find_entry (self, tend_task_get_current ());
  wait = tend_manager_wait_new (self, priv->waits,
                                tend_manager_new_result (self, priv->gate, cancellable, callback, user_data,
                                                         tend_task_manager_wait_for_tasks_async),
                                stop_excusing);
  wait->last_serial = priv->serial;
  wait->n_left = tend_manager_count_tasks (priv) - (caller != NULL);

  if (caller != NULL)
    {
      excuse_callers (self, wait);
      excuse_caller (self, caller);
    }

  if (wait->n_left == 0)
    {
      tend_manager_wait_take (wait);
      g_task_return_boolean (wait->result, TRUE);
      tend_manager_wait_free (wait);
    }
}

/**
 * tend_task_manager_wait_for_tasks_finish:
 * @self: a manager
 * @result: the result that @callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.TaskManager.wait_for_tasks_async].
 *
 * Returns: %TRUE, in whichever way the tasks ended; %FALSE with `G_IO_ERROR_CANCELLED` if the wait was cancelled, and
 *   `TEND_ERROR_STOPPED` if the manager was disposed of
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_wait_for_tasks_finish (TendTaskManager  *self,
                                         GAsyncResult     *result,
                                         GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tend_task_manager_wait_for_tasks_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tend_task_manager_wait_for_tasks: (skip)
 * @self: a manager
 * @error: return location for an error
 *
 * Waits in a fiber until every task that is registered now is finished.
 *
 * It waits as [method@Tend.TaskManager.wait_for_tasks_async] does.
 *
 * Returns: %TRUE, or %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the calling
 *   task was cancelled or ended, and `TEND_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_wait_for_tasks (TendTaskManager  *self,
                                  GError          **error)
{
  g_autoptr(TendTaskManager) kept = NULL;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  kept = g_object_ref (self);
  return tend_manager_wait_in_fiber (self, tend_manager_get_private (self)->loop, G_STRFUNC,
                                     (TendManagerBegin) tend_task_manager_wait_for_tasks_async,
                                     (TendManagerFinish) tend_task_manager_wait_for_tasks_finish, error);
}
