// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Giving tasks to a manager.

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

  if (tend_loop_get_context (tend_task_loop (task)) == tend_loop_get_context (priv->loop))
    return TRUE;

  text = tend_task_to_string (task);
  g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
               "%s belongs to another main context than its manager", text);
  return FALSE;
}

/*
 * Whether a manager can take @task, whose name has been checked: one that was not started, or that runs
 * and is nobody else's.
 */
static gboolean
check_takeable (TendTaskManager  *self,
                TendTask         *task,
                GError          **error)
{
  g_autofree char *text = NULL;

  if (tend_task_loop (task) != NULL && tend_loop_is_mine (tend_task_loop (task)) &&
      !tend_task_is_managed (task) && !tend_task_has_ended (task))
    return tend_manager_check_context (self, task, error);

  text = tend_task_to_string (task);
  if (tend_task_loop (task) != NULL && !tend_loop_is_mine (tend_task_loop (task)))
    g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
                 "%s belongs to the main context of another thread", text);
  else if (tend_task_is_managed (task))
    g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_STATE, "%s has a manager already", text);
  else
    g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_STATE,
                 "%s cannot be managed: it is %s", text,
                 tend_task_loop (task) == NULL ? "the program's main part" :
                                                 tend_task_status_to_string (tend_task_status (task)));

  return FALSE;
}

static gboolean
check_name_of (TendTask  *task,
               GError   **error)
{
  return tend_task_peek_name (task) == NULL || tend_check_name (tend_task_peek_name (task), error);
}

static gboolean
check_open (TendTaskManager  *self,
            TendTask         *task,
            GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autofree char *text = NULL;

  if (priv->state == TEND_MANAGER_OPEN && !tend_manager_is_bereaved (priv))
    return TRUE;

  text = tend_task_to_string (task);
  g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_SHUT_DOWN,
               "Not adding %s: the manager has been shut down", text);
  return FALSE;
}

/* Whether @task can be registered, if its name is not in the way. */
gboolean
tend_manager_check_task (TendTaskManager  *self,
                         TendTask         *task,
                         GError          **error)
{
  return check_name_of (task, error) && check_takeable (self, task, error) && check_open (self, task, error);
}

/*
 * Makes @task an anonymous one, whose name is the base and a number. That of a task that runs stays. The new name is
 * told last, since who hears of it may end the task.
 */
static void
add_anonymous (TendTaskManager *self,
               TendTask        *task)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  gboolean is_renamed = tend_task_peek_name (task) != NULL && tend_task_status (task) == TEND_TASK_STATUS_CREATED;
  const char *base = tend_task_peek_name (task);

  if (!is_renamed)
    {
      tend_manager_add_entry (self, task, base);
      return;
    }

  tend_task_rename (task, g_strdup_printf ("%s %" G_GUINT64_FORMAT, base, ++priv->n_anonymous));
  tend_manager_add_entry (self, task, base);
  tend_task_notify_name (task);
}

/* Gives @task its place under its name, and says whose name it is then: NULL with @error set if not. */
static TendTask *
add_named (TendTaskManager  *self,
           TendTask         *task,
           TendNamePolicy    policy,
           GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendEntry *holder = tend_task_peek_name (task) != NULL ? tend_names_lookup (priv, tend_task_peek_name (task)) : NULL;
  g_autoptr(GPtrArray) replaced = NULL;

  if (holder != NULL && !tend_task_has_ended (holder->task))
    {
      if (policy == TEND_NAME_POLICY_KEEP)
        return holder->task;

      if (policy == TEND_NAME_POLICY_REJECT)
        {
          g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_EXISTS,
                       "Task already exists: '%s'", tend_task_peek_name (task));
          return NULL;
        }

      if (policy == TEND_NAME_POLICY_REPLACE)
        replaced = tend_names_take (priv, tend_task_peek_name (task));
    }

  /* The name is the new one's before anybody hears of it, or of the ends of the old ones. */
  tend_manager_add_entry (self, task, NULL);
  for (guint i = 0; replaced != NULL && i < replaced->len; i++)
    tend_task_cancel (g_ptr_array_index (replaced, i));

  return task;
}

/*
 * Registers @task, whose name has been checked: see tend_task_manager_register_with_policy(). The caller holds it: who
 * hears of it, in the list or by its status or name, may stop and drop it.
 */
TendTask *
tend_manager_register_held (TendTaskManager  *self,
                            TendTask         *task,
                            TendNamePolicy    policy,
                            GError          **error)
{
  TendTask *holder = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_takeable (self, task, error))
    return NULL;

  if (check_open (self, task, error))
    {
      if (policy != TEND_NAME_POLICY_ANONYMOUS)
        holder = add_named (self, task, policy, error);
      else
        {
          add_anonymous (self, task);
          holder = task;
        }
    }

  if (holder == NULL && tend_task_status (task) != TEND_TASK_STATUS_CREATED)
    tend_task_cancel (task);

  return holder;
}

/**
 * TendNamePolicy:
 * @TEND_NAME_POLICY_REJECT: the new task is refused with `TEND_TASK_ERROR_EXISTS`
 * @TEND_NAME_POLICY_REPLACE: the active task and those queued behind it are cancelled, and the new one
 *   begins after their real ends
 * @TEND_NAME_POLICY_KEEP: the active task stays, and the new one is left alone
 * @TEND_NAME_POLICY_QUEUE: the new task begins after the real ends of all that have the name
 * @TEND_NAME_POLICY_ANONYMOUS: the name is a base, to which a number is added unless the task runs
 *   already; the new task does not answer to its name, and so no name is ever in the way of another
 *
 * What a manager does with a new task whose name is in use.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (TendNamePolicy, tend_name_policy,
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_REJECT, "reject"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_REPLACE, "replace"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_KEEP, "keep"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_QUEUE, "queue"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_ANONYMOUS, "anonymous"))

/**
 * tend_task_manager_register_with_policy:
 * @self: a manager
 * @task: a task that has not ended and has no manager
 * @policy: what to do if its name is in use
 * @error: return location for an error
 *
 * Gives @task to the manager, which starts it.
 *
 * Its body never runs before this returns: it runs in the next turn of the loop, or after its delay
 * or first interval, but not before all tasks that had its name before have really ended, and waits
 * for a slot after that. The delay passes while it waits for them. The manager holds a reference until
 * the body has really ended.
 *
 * A task that was started already, such as that of a [class@Tend.Completion], is watched from now on and ended
 * with the others; it waits for nobody, and counts as pending until its body begins. If it is refused since its name is in use or the manager was
 * shut down, it is cancelled: nobody would tend it.
 *
 * When the task fails, [signal@Tend.TaskManager::task-failed] is emitted before those who wait are
 * told, and the error counts as observed.
 *
 * Of several tasks that are queued or replaced, the one that is last registered comes last; one that is
 * replaced before it began never begins. A task without a name is refused by no policy.
 *
 * Returns: (transfer none): the task that has the name, which is @task, or the active one
 *   with %TEND_NAME_POLICY_KEEP; %NULL with `TEND_TASK_ERROR_EXISTS` if the name is in use,
 *   `TEND_TASK_ERROR_SHUT_DOWN` if the manager was shut down, `TEND_TASK_ERROR_STATE` if the task has
 *   ended or a manager, `TEND_TASK_ERROR_WRONG_THREAD` if it belongs elsewhere, or
 *   `G_IO_ERROR_INVALID_ARGUMENT` if the name is empty or not UTF-8
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_with_policy (TendTaskManager  *self,
                                        TendTask         *task,
                                        TendNamePolicy    policy,
                                        GError          **error)
{
  TendTask *holder;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (TEND_IS_TASK (task), NULL);
  g_return_val_if_fail ((guint) policy <= TEND_NAME_POLICY_ANONYMOUS, NULL);

  if (!check_name_of (task, error))
    return NULL;

  g_object_ref (task);
  holder = tend_manager_register_held (self, task, policy, error);
  g_object_unref (task);

  return holder;
}

/**
 * tend_task_manager_register_task:
 * @self: a manager
 * @task: a task that has not ended and has no manager
 * @error: return location for an error
 *
 * Gives @task to the manager, which starts it.
 *
 * This is [method@Tend.TaskManager.register_with_policy] with %TEND_NAME_POLICY_REJECT.
 *
 * Returns: %TRUE, or %FALSE with an error as it says there
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_register_task (TendTaskManager  *self,
                                 TendTask         *task,
                                 GError          **error)
{
  return tend_task_manager_register_with_policy (self, task, TEND_NAME_POLICY_REJECT, error) != NULL;
}

/* Whether @name can be in a task at all, before one is made of it; destroys the data if not. */
gboolean
tend_manager_check_name (const char      *name,
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
 * What to give for a task that was made to be registered, and was or was not; takes @task, which the manager keeps.
 * Somebody who listens to the manager may have had it end by now, or have dropped the manager, of which only the
 * address counts here: then nobody keeps the task, and it cannot be given.
 */
TendTask *
tend_manager_keep_task (TendTaskManager  *self,
                        TendTask         *task,
                        gboolean          is_registered,
                        GError          **error)
{
  TendTask *kept = is_registered && tend_manager_holds (self, task) ? task : NULL;
  g_autofree char *text = NULL;

  if (is_registered && kept == NULL && (!tend_task_has_ended (task) || tend_task_propagate (task, error)))
    {
      text = tend_task_to_string (task);
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_STATE,
                   tend_task_has_ended (task) ? "%s has ended already" : "%s has no manager any more", text);
    }
  g_object_unref (task);

  return kept;
}

/*
 * Registers @task, which was made with a name that had been checked, by the code at @origin; takes @task,
 * and the manager keeps it.
 */
static TendTask *
register_taken (TendTaskManager  *self,
                TendTask         *task,
                TendNamePolicy    policy,
                gconstpointer     origin,
                GError          **error)
{
  tend_task_set_origin (task, origin);

  return tend_manager_keep_task (self, task, tend_manager_register_held (self, task, policy, error) != NULL, error);
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
 * Returns: (transfer none): the task, which the manager owns; %NULL with @error set
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

  if (!tend_manager_check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new (name, func, user_data, notify),
                         TEND_NAME_POLICY_REJECT, __builtin_return_address (0), error);
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
 * Returns: (transfer none): the task, which the manager owns; %NULL with @error set
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

  if (!tend_manager_check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new_fiber (name, func, user_data, notify),
                         TEND_NAME_POLICY_REJECT, __builtin_return_address (0), error);
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
 * Returns: (transfer none): the task, which the manager owns; %NULL with @error set
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

  if (!tend_manager_check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new_thread (name, func, user_data, notify),
                         TEND_NAME_POLICY_REJECT, __builtin_return_address (0), error);
}

/**
 * tend_task_manager_register_async: (skip)
 * @self: a manager
 * @name: (nullable): a name, or %NULL for an anonymous task
 * @func: begins the operation
 * @finish: finishes it
 * @user_data: data for @func and @finish
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as tend_task_new_async() does, and registers it as
 * [method@Tend.TaskManager.register_task] does.
 *
 * Returns: (transfer none): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_async (TendTaskManager  *self,
                                  const char       *name,
                                  TendAsyncFunc     func,
                                  TendFinishFunc    finish,
                                  gpointer          user_data,
                                  GDestroyNotify    notify,
                                  GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);
  g_return_val_if_fail (finish != NULL, NULL);

  if (!tend_manager_check_name (name, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new_async (name, func, finish, user_data, notify),
                         TEND_NAME_POLICY_REJECT, __builtin_return_address (0), error);
}

/**
 * tend_task_manager_register_anonymous:
 * @self: a manager
 * @base: what the name begins with
 * @func: (scope notified) (closure user_data) (destroy notify): the body, on the loop's thread
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended, or if it is not registered
 * @error: return location for an error
 *
 * Makes a task as [ctor@Tend.Task.new] does, and registers it under %TEND_NAME_POLICY_ANONYMOUS.
 *
 * Its name is @base with a number that rises by one with each anonymous task of the manager. A task
 * with another kind of body is registered so by [method@Tend.TaskManager.register_with_policy].
 *
 * Returns: (transfer none): the task, which the manager owns; %NULL with @error set
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register_anonymous (TendTaskManager  *self,
                                      const char       *base,
                                      TendTaskFunc      func,
                                      gpointer          user_data,
                                      GDestroyNotify    notify,
                                      GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (base != NULL, NULL);
  g_return_val_if_fail (func != NULL, NULL);

  if (!tend_manager_check_name (base, user_data, notify, error))
    return NULL;

  return register_taken (self, tend_task_new (base, func, user_data, notify),
                         TEND_NAME_POLICY_ANONYMOUS, __builtin_return_address (0), error);
}
