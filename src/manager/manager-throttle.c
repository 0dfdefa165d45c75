// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Work that is asked for more often than it is to be done: debounced, the last one after a while of
// silence; throttled, one in a while at most.

#include "tend-manager-private.h"

#define FIRST_PRUNE 64

/* The starts of the tasks of a throttled name. */
typedef struct
{
  gint64 start;     /* of the latest one, which may be still to come */
  gint64 usec;      /* from one to the next */
} Throttle;

static gboolean
is_over (gpointer key,
         gpointer value,
         gpointer user_data)
{
  Throttle *throttle = value;

  return tend_time_add (throttle->start, throttle->usec) <= *(gint64 *) user_data;
}

/* Forgets the names that could start at once again, when so many more have been added. */
static void
prune (TendTaskManagerPrivate *priv,
       gint64                  now)
{
  if (g_hash_table_size (priv->throttles) < priv->prune_at)
    return;

  g_hash_table_foreach_remove (priv->throttles, is_over, &now);
  priv->prune_at = MAX (FIRST_PRUNE, 2 * g_hash_table_size (priv->throttles));
}

static Throttle *
ensure_throttle (TendTaskManagerPrivate *priv,
                 const char             *name,
                 gint64                  now,
                 gint64                  usec)
{
  Throttle *throttle;

  if (priv->throttles == NULL)
    {
      priv->throttles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      priv->prune_at = FIRST_PRUNE;
    }

  throttle = g_hash_table_lookup (priv->throttles, name);
  if (throttle == NULL)
    {
      prune (priv, now);
      throttle = g_new0 (Throttle, 1);
      throttle->start = now - usec;
      g_hash_table_insert (priv->throttles, g_strdup (name), throttle);
    }
  throttle->usec = usec;

  return throttle;
}

void
tend_throttles_clear (TendTaskManagerPrivate *priv)
{
  g_clear_pointer (&priv->throttles, g_hash_table_unref);
}

static gboolean
check_settable (TendTaskManager  *self,
                TendTask         *task,
                GError          **error)
{
  g_autofree char *text = NULL;

  if (tend_task_check_startable (task, error))
    {
      if (task->name != NULL)
        return TRUE;

      text = tend_task_to_string (task);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s needs a name", text);
    }

  return FALSE;
}

/**
 * tend_task_manager_debounce_task:
 * @self: a manager
 * @task: a task with a name that was not started yet
 * @usec: microseconds
 * @error: return location for an error
 *
 * Has @task begin when nothing was debounced under its name for @usec.
 *
 * This is [method@Tend.TaskManager.register_with_policy] with @usec as the delay and
 * %TEND_NAME_POLICY_REPLACE: a task of that name which waits never begins, and one that runs is
 * cancelled and its real end waited for. A shutdown cancels what still waits.
 *
 * Returns: %TRUE, or %FALSE with an error as [method@Tend.TaskManager.register_with_policy] gives it,
 *   or `G_IO_ERROR_INVALID_ARGUMENT` without a name
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_debounce_task (TendTaskManager  *self,
                                 TendTask         *task,
                                 gint64            usec,
                                 GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (usec >= 0, FALSE);

  if (!check_settable (self, task, error))
    return FALSE;

  tend_task_set_delay (task, usec);
  return tend_task_manager_register_with_policy (self, task, TEND_NAME_POLICY_REPLACE, error) != NULL;
}

/**
 * tend_task_manager_throttle_task:
 * @self: a manager
 * @task: a task with a name that was not started yet
 * @usec: microseconds; above 0
 * @error: return location for an error
 *
 * Has @task begin at once, or @usec after the last one that was throttled under its name.
 *
 * Of those that come too early only the latest begins, and the others are cancelled: so the last
 * thing that was asked for is always done, unless a shutdown cancels it. A task that runs is left
 * alone, and the next one begins after its real end at the earliest.
 *
 * Returns: %TRUE, or %FALSE with an error as [method@Tend.TaskManager.register_with_policy] gives it,
 *   or `G_IO_ERROR_INVALID_ARGUMENT` without a name
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_throttle_task (TendTaskManager  *self,
                                 TendTask         *task,
                                 gint64            usec,
                                 GError          **error)
{
  TendTaskManagerPrivate *priv;
  g_autoptr(TendTask) replaced = NULL;
  Throttle *throttle;
  TendEntry *last;
  gint64 now, start;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (usec > 0, FALSE);

  if (!check_settable (self, task, error))
    return FALSE;

  priv = tend_manager_get_private (self);
  now = tend_loop_now (priv->loop);
  throttle = ensure_throttle (priv, task->name, now, usec);
  last = tend_names_find_last (priv, task->name);

  /* The latest is still to come: @task takes its place, and its time. */
  start = throttle->start;
  if (start <= now)
    start = MAX (now, tend_time_add (start, usec));
  else if (last != NULL && last->is_named && last->is_delayed)
    {
      last->is_named = FALSE;
      replaced = g_object_ref (last->task);
    }

  tend_task_set_delay (task, start - now);
  if (tend_task_manager_register_with_policy (self, task, TEND_NAME_POLICY_QUEUE, error) == NULL)
    {
      /* Nobody has been called: the entry is still there. */
      if (replaced != NULL)
        last->is_named = TRUE;
      return FALSE;
    }

  /* The table may have changed: who hears of the new task may have throttled others. */
  throttle = ensure_throttle (priv, task->name, now, usec);
  throttle->start = MAX (throttle->start, start);
  if (replaced != NULL)
    tend_task_cancel (replaced);

  return TRUE;
}

/**
 * tend_task_manager_debounce:
 * @self: a manager
 * @name: a name
 * @usec: microseconds
 * @func: (scope notified) (closure user_data) (destroy notify): the body, on the loop's thread
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Has @func run when this was not called with @name for @usec, such as when a user has stopped typing.
 *
 * Makes a task as [ctor@Tend.Task.new] does, for [method@Tend.TaskManager.debounce_task].
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_debounce (TendTaskManager  *self,
                            const char       *name,
                            gint64            usec,
                            TendTaskFunc      func,
                            gpointer          user_data,
                            GDestroyNotify    notify,
                            GError          **error)
{
  TendTask *task;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (usec >= 0, NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!tend_manager_check_name (name, user_data, notify, error))
    return NULL;

  task = tend_task_new (name, func, user_data, notify);
  task->origin = __builtin_return_address (0);

  return tend_manager_keep_task (task, tend_task_manager_debounce_task (self, task, usec, error), error);
}

/**
 * tend_task_manager_throttle:
 * @self: a manager
 * @name: a name
 * @usec: microseconds; above 0
 * @func: (scope notified) (closure user_data) (destroy notify): the body, on the loop's thread
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Has @func run now, but not more often than once in @usec however often this is called with @name.
 *
 * Makes a task as [ctor@Tend.Task.new] does, for [method@Tend.TaskManager.throttle_task].
 *
 * Returns: (transfer none) (nullable): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_throttle (TendTaskManager  *self,
                            const char       *name,
                            gint64            usec,
                            TendTaskFunc      func,
                            gpointer          user_data,
                            GDestroyNotify    notify,
                            GError          **error)
{
  TendTask *task;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (usec > 0, NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!tend_manager_check_name (name, user_data, notify, error))
    return NULL;

  task = tend_task_new (name, func, user_data, notify);
  task->origin = __builtin_return_address (0);

  return tend_manager_keep_task (task, tend_task_manager_throttle_task (self, task, usec, error), error);
}
