// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Work that is asked for more often than it is to be done: debounced, the last one after a while of
// silence; throttled, one in a while at most.

#include "tend-manager-private.h"

#define FIRST_PRUNE 64
#define NEVER G_MININT64

/* The tasks of a throttled name. */
typedef struct
{
  gint64   start;       /* of the latest: when it is due or, once it has begun, when it did; NEVER */
  gint64   before;      /* of the last one that has begun, or is about to, before the latest; NEVER */
  gint64   usec;        /* from one to the next */
  guint64  latest;      /* the id of the latest */
  gboolean is_alive;    /* the latest has an entry */
} Throttle;

/* --- The throttled names --- */

/* When the next one may begin, if the last did at @last. */
static gint64
get_next (gint64 last,
          gint64 usec,
          gint64 now)
{
  return last == NEVER ? now : MAX (now, tend_time_add (last, usec));
}

static gboolean
is_over (gpointer key,
         gpointer value,
         gpointer user_data)
{
  Throttle *throttle = value;
  gint64 now = *(gint64 *) user_data;

  return !throttle->is_alive && get_next (throttle->start, throttle->usec, now) == now;
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
                 gint64                  now)
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
      throttle->start = NEVER;
      throttle->before = NEVER;
      g_hash_table_insert (priv->throttles, g_strdup (name), throttle);
    }

  return throttle;
}

/* Takes from the entry of the latest what has become of it. */
static void
learn (Throttle  *throttle,
       TendEntry *latest)
{
  if (latest->has_begun)
    throttle->start = latest->began;
  else if (tend_task_has_ended (latest->task))
    throttle->start = throttle->before;
}

/* The entry of the latest, or NULL. Tasks of other origin may have come behind it. */
static TendEntry *
find_latest (TendTaskManagerPrivate *priv,
             Throttle               *throttle,
             const char             *name)
{
  TendEntry *entry = throttle->is_alive ? tend_names_find_last (priv, name) : NULL;

  while (entry != NULL && tend_task_number (entry->task) != throttle->latest)
    entry = entry->before;

  return entry;
}

/* The entry goes: when its task began is known to nobody else. */
void
tend_throttles_forget (TendTaskManagerPrivate *priv,
                       TendEntry              *entry)
{
  Throttle *throttle;

  if (priv->throttles == NULL)
    return;

  throttle = g_hash_table_lookup (priv->throttles, tend_task_peek_name (entry->task));
  if (throttle == NULL || !throttle->is_alive || throttle->latest != tend_task_number (entry->task))
    return;

  learn (throttle, entry);
  throttle->is_alive = FALSE;
}

void
tend_throttles_clear (TendTaskManagerPrivate *priv)
{
  g_clear_pointer (&priv->throttles, g_hash_table_unref);
}

/* --- Tasks --- */

/* Whether @task can be taken at all: nothing is changed for one that cannot. */
static gboolean
check_task (TendTaskManager  *self,
            TendTask         *task,
            GError          **error)
{
  g_autofree char *text = NULL;

  if (!tend_task_check_startable (task, error) || !tend_manager_check_task (self, task, error))
    return FALSE;
  if (tend_task_peek_name (task) != NULL)
    return TRUE;

  text = tend_task_to_string (task);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s needs a name", text);
  return FALSE;
}

/* Registers @task, which has been checked. Who hears of it may drop it; of its delay he hears last. */
static gboolean
register_delayed (TendTaskManager  *self,
                  TendTask         *task,
                  gint64            delay,
                  TendNamePolicy    policy,
                  GError          **error)
{
  gboolean is_changed = tend_task_delay (task) != delay;
  gboolean is_registered;

  g_object_ref (task);
  tend_task_replace_delay (task, delay);
  is_registered = tend_manager_register_held (self, task, policy, error) != NULL;
  if (is_changed)
    tend_task_notify_delay (task);
  g_object_unref (task);

  return is_registered;
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

  return check_task (self, task, error) &&
         register_delayed (self, task, usec, TEND_NAME_POLICY_REPLACE, error);
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
 * Of those that come too early, or while an earlier one runs, only the latest begins, and the others
 * are cancelled: so the last thing that was asked for is always done, unless a shutdown cancels it. A
 * task that runs is left alone, and the next one begins after its real end at the earliest. The time
 * counts from when the last one has begun; one that waits for a slot of the manager counts as if it
 * had begun when it was due.
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
  TendEntry *latest;
  gboolean is_waiting, is_registered;
  gint64 now;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (usec > 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_task (self, task, error))
    return FALSE;

  priv = tend_manager_get_private (self);
  now = tend_loop_now (priv->loop);
  throttle = ensure_throttle (priv, tend_task_peek_name (task), now);
  latest = find_latest (priv, throttle, tend_task_peek_name (task));
  if (latest != NULL)
    learn (throttle, latest);

  /* One that is still to come makes room. One that only waits for its turn or a slot never would begin so. */
  is_waiting = latest != NULL && !latest->has_begun && !tend_task_has_ended (latest->task);
  if (is_waiting && (throttle->start > now || latest->is_blocked))
    {
      latest->is_named = FALSE;
      replaced = g_object_ref (latest->task);
    }
  else
    throttle->before = is_waiting ? now : throttle->start;

  /* All is in its place before anybody hears of the new task, who may throttle another. */
  throttle->start = get_next (throttle->before, usec, now);
  throttle->usec = usec;
  throttle->latest = tend_task_number (task);
  throttle->is_alive = TRUE;
  is_registered = register_delayed (self, task, throttle->start - now, TEND_NAME_POLICY_QUEUE, error);
  if (replaced != NULL)
    tend_task_cancel (replaced);

  return is_registered;
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
 * Returns: (transfer none): the task, which the manager owns; %NULL with @error set
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
  tend_task_set_origin (task, __builtin_return_address (0));

  return tend_manager_keep_task (self, task, tend_task_manager_debounce_task (self, task, usec, error), error);
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
 * Returns: (transfer none): the task, which the manager owns; %NULL with @error set
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
  tend_task_set_origin (task, __builtin_return_address (0));

  return tend_manager_keep_task (self, task, tend_task_manager_throttle_task (self, task, usec, error), error);
}
