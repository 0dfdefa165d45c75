// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Work that is requested more often than it must be done: debounced, the last request after a pause; throttled, at most
// one in an interval.

#include "tend-manager-private.h"
#include "tend-manager-register-private.h"

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

/* The entry goes: when its task began is known to nobody else. */
static void
forget (TendTaskManagerPrivate *priv,
        TendEntry              *entry)
{
  Throttle *throttle = g_hash_table_lookup (priv->throttles, tend_task_peek_name (entry->task));

  if (throttle == NULL || !throttle->is_alive || throttle->latest != tend_task_number (entry->task))
    return;

  learn (throttle, entry);
  throttle->is_alive = FALSE;
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
      priv->forget_throttled = forget;
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

/* Returns the entry of the latest, or NULL. Tasks that were registered in another way may have come behind it. */
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
  if (!tend_task_check_startable (task, error) || !tend_manager_check_task (self, task, error))
    return FALSE;
  if (tend_task_peek_name (task) != NULL)
    return TRUE;

  tend_task_set_error (task, error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("needs a name"));
  return FALSE;
}

/* Registers @task, which has been checked and is held. Who hears of it may drop it; of its delay he hears last. */
static gboolean
register_delayed (TendTaskManager  *self,
                  TendTask         *task,
                  gint64            delay,
                  TendNamePolicy    policy,
                  GError          **error)
{
  gboolean is_changed = tend_task_delay (task) != delay;
  gboolean is_registered;

  tend_task_replace_delay (task, delay);
  is_registered = tend_manager_register_held (self, task, policy, error) != NULL;
  if (is_changed)
    tend_task_notify_delay (task);

  return is_registered;
}

/**
 * tend_task_manager_debounce:
 * @self: a manager
 * @task: (transfer full): a task with a name, not started
 * @delay: microseconds
 * @error: return location for an error
 *
 * Registers a task that begins when nothing was debounced under its name for @delay.
 *
 * Use it to react when a user has stopped typing. It is [method@Tend.TaskManager.register] with @delay as the task's
 * delay and %TEND_NAME_POLICY_REPLACE: a task of that name that waits never begins; one that runs is cancelled, and the
 * new one begins when it is finished. A shutdown cancels what still waits.
 *
 * Returns: (transfer none): the task; %NULL with an error as [method@Tend.TaskManager.register] sets it, or
 *   `G_IO_ERROR_INVALID_ARGUMENT` if @task has no name
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_debounce (TendTaskManager  *self,
                            TendTask         *task,
                            gint64            delay,
                            GError          **error)
{
  G_GNUC_UNUSED g_autoptr(TendTask) held = task;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (TEND_IS_TASK (task), NULL);
  g_return_val_if_fail (delay >= 0, NULL);

  if (!check_task (self, task, error) ||
      !register_delayed (self, task, delay, TEND_NAME_POLICY_REPLACE, error))
    return NULL;

  return tend_manager_give_kept (self, task, error);
}

/* Gives the checked @task its place among those that were throttled under its name, and registers it. */
static gboolean
register_throttled (TendTaskManager  *self,
                    TendTask         *task,
                    gint64            interval,
                    GError          **error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  gint64 now = tend_loop_now (priv->loop);
  Throttle *throttle = ensure_throttle (priv, tend_task_peek_name (task), now);
  TendEntry *latest = find_latest (priv, throttle, tend_task_peek_name (task));
  g_autoptr(TendTask) replaced = NULL;
  gboolean is_waiting, is_registered;

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
  throttle->start = get_next (throttle->before, interval, now);
  throttle->usec = interval;
  throttle->latest = tend_task_number (task);
  throttle->is_alive = TRUE;
  is_registered = register_delayed (self, task, throttle->start - now, TEND_NAME_POLICY_QUEUE, error);
  if (replaced != NULL)
    tend_task_cancel (replaced);

  return is_registered;
}

/**
 * tend_task_manager_throttle:
 * @self: a manager
 * @task: (transfer full): a task with a name, not started
 * @interval: microseconds; above 0
 * @error: return location for an error
 *
 * Registers a task that begins at once, but not sooner than @interval after the last one throttled under its name.
 *
 * Use it for progress or positions that change faster than they can be handled. Of the tasks that come too early, or
 * while an earlier one runs, only the latest begins, and the others are cancelled: the latest request is carried out,
 * unless a shutdown cancels it. A task that runs is left alone, and the next one begins when it is finished at the
 * earliest. The interval counts from the beginning of the last task. A task that waits for a slot of the manager counts
 * as if it had begun when it was due.
 *
 * Returns: (transfer none): the task; %NULL with an error as [method@Tend.TaskManager.register] sets it, or
 *   `G_IO_ERROR_INVALID_ARGUMENT` if @task has no name
 *
 * Since: 0.1
 */
TendTask *
tend_task_manager_throttle (TendTaskManager  *self,
                            TendTask         *task,
                            gint64            interval,
                            GError          **error)
{
  G_GNUC_UNUSED g_autoptr(TendTask) held = task;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), NULL);
  g_return_val_if_fail (TEND_IS_TASK (task), NULL);
  g_return_val_if_fail (interval > 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!check_task (self, task, error) || !register_throttled (self, task, interval, error))
    return NULL;

  return tend_manager_give_kept (self, task, error);
}
