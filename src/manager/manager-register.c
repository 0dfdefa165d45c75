// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Registering tasks with a manager.

#include "tend-manager-private.h"
#include "tend-manager-register-private.h"

/* --- Registration --- */

/*
 * Whether a manager can take @task, whose name has been checked: one that was not started, or that runs
 * and is nobody else's.
 */
static gboolean
check_takeable (TendTaskManager  *self,
                TendTask         *task,
                GError          **error)
{
  if (tend_task_loop (task) != NULL && tend_loop_is_mine (tend_task_loop (task)) && !tend_task_is_managed (task) &&
      !tend_task_has_ended (task))
    return tend_manager_check_context (self, task, error);

  if (tend_task_loop (task) != NULL && !tend_loop_is_mine (tend_task_loop (task)))
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                         _("belongs to the main context of another thread"));
  else if (tend_task_is_managed (task))
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_STATE, _("has a manager already"));
  else
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_STATE, _("cannot be managed: it is %s"),
                         tend_task_loop (task) == NULL ? _("the main part of the program")
                                                       : tend_task_status_to_string (tend_task_status (task)));

  return FALSE;
}

static gboolean
check_open (TendTaskManager  *self,
            TendTask         *task,
            GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (!tend_manager_is_closed (priv))
    return TRUE;

  tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_SHUT_DOWN, _("is not added: the manager %s"),
                       tend_manager_describe_end (priv));
  return FALSE;
}

/* Whether @task can be registered, if its name is not in the way. */
gboolean
tend_manager_check_task (TendTaskManager  *self,
                         TendTask         *task,
                         GError          **error)
{
  return tend_task_check_name (task, error) && check_takeable (self, task, error) && check_open (self, task, error);
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
          tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_EXISTS, _("the name is taken"));
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
 * Registers @task, whose name has been checked: see tend_task_manager_register(). The caller holds it: who
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
 * @TEND_NAME_POLICY_REJECT: the new task is refused with `TEND_ERROR_EXISTS`
 * @TEND_NAME_POLICY_REPLACE: the active task and those queued behind it are cancelled, and the new one begins when they
 *   are finished
 * @TEND_NAME_POLICY_KEEP: the active task stays, and the new one is refused without an error
 * @TEND_NAME_POLICY_QUEUE: the new task begins when all tasks of the name are finished
 * @TEND_NAME_POLICY_ANONYMOUS: the name is a base, to which a number is added unless the task runs already; the new
 *   task is not found by its name, and takes no name
 *
 * Decides what happens to a new task whose name is taken.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (TendNamePolicy, tend_name_policy,
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_REJECT, "reject"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_REPLACE, "replace"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_KEEP, "keep"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_QUEUE, "queue"),
                    G_DEFINE_ENUM_VALUE (TEND_NAME_POLICY_ANONYMOUS, "anonymous"))

/*
 * What to return for @task, which was registered and which the caller holds. Somebody who listens to the manager may
 * have had it end by now, or have dropped the manager, of which only the address counts here: then nobody keeps the
 * task, and it cannot be returned.
 */
TendTask *
tend_manager_give_kept (TendTaskManager  *self,
                        TendTask         *task,
                        GError          **error)
{
  if (tend_manager_holds (self, task))
    return task;

  if (!tend_task_has_ended (task) || tend_task_propagate (task, error))
    tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_STATE,
                         tend_task_has_ended (task) ? _("has ended already") : _("has no manager any more"));

  return NULL;
}

/**
 * tend_task_manager_register:
 * @self: a manager
 * @task: (transfer full): a task that has not ended and is in no manager
 * @policy: decides what happens if the name of @task is taken
 * @error: return location for an error
 *
 * Registers a task, which the manager starts.
 *
 * The body runs after this returns: in the next turn of the loop, or after the delay or first interval of the task. It
 * also waits until all tasks that had its name are finished, and then for a slot. The delay passes meanwhile. The
 * manager holds a reference to the task until it is finished.
 *
 * You may also register a task that was already started, such as that of a [class@Tend.Completion]. It goes on, without
 * waiting for tasks of its name, and ends with the others. It counts as pending until its body begins. If it is refused
 * because its name is taken or the manager was shut down, it is cancelled.
 *
 * When the task fails, [signal@Tend.TaskManager::task-failed] is emitted before those who wait are notified, and the
 * error counts as observed.
 *
 * Tasks that are queued or replace one another begin in the order of registration. A task that is replaced before it
 * began never begins. A task without a name is not refused for its name.
 *
 * A refused task is freed with its data, unless somebody else holds a reference. Only for the owning thread.
 *
 * Returns: (transfer none): the task that has the name: @task, or with %TEND_NAME_POLICY_KEEP the active one; %NULL
 *   with `TEND_ERROR_EXISTS` if the name is taken, `TEND_ERROR_SHUT_DOWN` if the manager was shut down,
 *   `TEND_ERROR_STATE` if the task has ended or is in a manager, `TEND_ERROR_WRONG_THREAD` if it belongs to another
 *   context, or `G_IO_ERROR_INVALID_ARGUMENT` if the name is empty or not UTF-8
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_register (TendTaskManager  *self,
                            TendTask         *task,
                            TendNamePolicy    policy,
                            GError          **error)
{
  G_GNUC_UNUSED g_autoptr(TendTask) held = task;
  TendTask *holder = NULL;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (TEND_IS_TASK (task), NULL);
  g_return_val_if_fail ((guint) policy <= TEND_NAME_POLICY_ANONYMOUS, NULL);

  if (tend_task_check_name (task, error))
    holder = tend_manager_register_held (self, task, policy, error);

  return holder == task ? tend_manager_give_kept (self, task, error) : holder;
}
