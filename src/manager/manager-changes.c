// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a manager counts and what it is, as properties, and their notifications: a job of the next turn notifies what is
// not as it was told last. So a thousand tasks that come in one turn take one notification, and who only registers and
// runs tasks pays for the job alone. Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"

/* --- What it is --- */

/**
 * tend_task_manager_get_n_draining:
 * @self: a manager
 *
 * Counts the tasks that were cancelled or stopped and whose bodies still run.
 *
 * Takes time in proportion to all tasks.
 *
 * Returns: the number of tasks
 *
 * Since: 0.1
 */
guint64
tend_task_manager_get_n_draining (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv;
  guint64 n = 0;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC))
    return 0;

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    n += tend_task_has_ended (entry->task) || tend_task_cancelling (entry->task) ? 1 : 0;

  return n;
}

/**
 * tend_task_manager_get_progress:
 * @self: a manager
 *
 * Gets how much of all tasks is done.
 *
 * This is the mean of the progress of the tasks since the manager was last idle. A task that has ended counts as 1,
 * and one whose progress is unknown as 0. The progress becomes less only when a task is added.
 *
 * Takes time in proportion to all tasks.
 *
 * Returns: a fraction from 0 to 1; 0 if the manager is idle
 *
 * Since: 0.1
 */
double
tend_task_manager_get_progress (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv;
  guint64 n_active = 0;
  double sum = 0.0;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0.0);

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || tend_manager_count_tasks (priv) == 0)
    return 0.0;

  for (TendEntry *entry = NULL; (entry = tend_entry_list_next (&priv->entries, entry)) != NULL;)
    {
      if (tend_task_has_ended (entry->task))
        continue;

      n_active++;
      sum += MAX (0.0, tend_task_get_progress (entry->task));
    }

  /* What is left drains, and had ended before the manager was idle last. */
  if (n_active + priv->statistics.n_done == 0)
    return 1.0;

  return (sum + (double) priv->statistics.n_done) / (double) (n_active + priv->statistics.n_done);
}

/**
 * tend_task_manager_is_busy:
 * @self: a manager
 *
 * Tells whether the manager has tasks that are not finished.
 *
 * Returns: %FALSE if the list of tasks is empty
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_is_busy (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);

  return tend_manager_count_tasks (tend_manager_get_private (self)) > 0;
}

/* Fills in the value of one of these properties: FALSE if @property is none of them. */
gboolean
tend_manager_get_change (TendTaskManager     *self,
                         TendManagerProperty  property,
                         GValue              *value)
{
  TendStatistics *statistics = &tend_manager_get_private (self)->statistics;

  if (property == TEND_MANAGER_PROP_N_PENDING)
    g_value_set_uint64 (value, statistics->counts[TEND_TASK_STATUS_PENDING]);
  else if (property == TEND_MANAGER_PROP_N_RUNNING)
    g_value_set_uint64 (value, statistics->counts[TEND_TASK_STATUS_RUNNING]);
  else if (property == TEND_MANAGER_PROP_N_FAILED)
    g_value_set_uint64 (value, statistics->counts[TEND_TASK_STATUS_FAILED]);
  else if (property == TEND_MANAGER_PROP_N_DRAINING)
    g_value_set_uint64 (value, tend_task_manager_get_n_draining (self));
  else if (property == TEND_MANAGER_PROP_PROGRESS)
    g_value_set_double (value, tend_task_manager_get_progress (self));
  else if (property == TEND_MANAGER_PROP_BUSY)
    g_value_set_boolean (value, tend_task_manager_is_busy (self));
  else if (property == TEND_MANAGER_PROP_PAUSED)
    g_value_set_boolean (value, tend_manager_get_private (self)->is_paused);
  else if (property == TEND_MANAGER_PROP_CLOSED)
    g_value_set_boolean (value, tend_task_manager_is_closed (self));
  else if (property == TEND_MANAGER_PROP_GRACE_DEADLINE)
    g_value_set_int64 (value, tend_task_manager_get_grace_deadline (self));
  else if (property == TEND_MANAGER_PROP_AWAITED)
    g_value_set_object (value, tend_task_manager_get_awaited (self));
  else if (property == TEND_MANAGER_PROP_SHUT_DOWN)
    g_value_set_boolean (value, tend_task_manager_is_shut_down (self));
  else
    return FALSE;

  return TRUE;
}

/* --- What is told --- */

/* On the native stack: those who hear of it may do anything with the manager. */
static void
notify_native_cb (gpointer data)
{
  TendTaskManager *self = data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendManagerTold old = priv->told;
  gboolean is_told;
  TendManagerTold new = {
    .n_pending = priv->statistics.counts[TEND_TASK_STATUS_PENDING],
    .n_running = priv->statistics.counts[TEND_TASK_STATUS_RUNNING],
    .n_failed = priv->statistics.counts[TEND_TASK_STATUS_FAILED],
    .is_busy = tend_task_manager_is_busy (self),
    .is_paused = priv->is_paused,
    .is_closed = tend_task_manager_is_closed (self),
    .is_shut_down = tend_task_manager_is_shut_down (self),
    .grace_deadline = tend_task_manager_get_grace_deadline (self),
  };
  const struct { gboolean is_changed; TendManagerProperty property; } changes[] = {
    { old.n_pending != new.n_pending, TEND_MANAGER_PROP_N_PENDING },
    { old.n_running != new.n_running, TEND_MANAGER_PROP_N_RUNNING },
    { TRUE, TEND_MANAGER_PROP_N_DRAINING },
    { old.n_failed != new.n_failed, TEND_MANAGER_PROP_N_FAILED },
    { TRUE, TEND_MANAGER_PROP_PROGRESS },
    { old.is_busy != new.is_busy, TEND_MANAGER_PROP_BUSY },
    { old.is_paused != new.is_paused, TEND_MANAGER_PROP_PAUSED },
    { old.is_closed != new.is_closed, TEND_MANAGER_PROP_CLOSED },
    { old.is_shut_down != new.is_shut_down, TEND_MANAGER_PROP_SHUT_DOWN },
    { old.grace_deadline != new.grace_deadline, TEND_MANAGER_PROP_GRACE_DEADLINE },
  };

  priv->told = new;
  g_object_ref (self);
  is_told = tend_view_tell (&priv->entries, self);
  if (priv->running != NULL)
    is_told = tend_running_tell (priv->running) && is_told;
  if (!is_told)
    tend_manager_changed (priv);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      if (changes[i].is_changed)
        g_object_notify_by_pspec (G_OBJECT (self), tend_manager_properties[changes[i].property]);
    }
  tend_manager_update_awaited (self);
  g_object_unref (self);
}

static void
changed_cb (TendJob *job)
{
  TendTaskManagerPrivate *priv = TEND_MANAGER_PRIVATE_OF (job, changed_job);
  TendTaskManager *self = priv->slots.manager;

  tend_call_native (notify_native_cb, self);
}

void
tend_manager_init_changes (TendTaskManagerPrivate *priv)
{
  tend_job_init (&priv->changed_job, changed_cb);
  priv->told.grace_deadline = TEND_FOREVER;
}

/* --- The properties --- */

static void
define_counts (GParamFlags flags)
{
  /**
   * TendTaskManager:n-pending:
   *
   * How many tasks wait for their delay, their name or a slot.
   *
   * This property and those like it are notified in the next turn of the loop, at most once per turn.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_N_PENDING] =
    g_param_spec_uint64 ("n-pending", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * TendTaskManager:n-running:
   *
   * How many tasks have begun and not ended.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_N_RUNNING] =
    g_param_spec_uint64 ("n-running", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * TendTaskManager:n-draining:
   *
   * How many tasks were cancelled or stopped while their bodies still run.
   *
   * Notified in each turn in which a task was added, has begun, ended, finished or told of its progress.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_N_DRAINING] =
    g_param_spec_uint64 ("n-draining", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * TendTaskManager:n-failed:
   *
   * How many tasks have failed since the manager was created.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_N_FAILED] =
    g_param_spec_uint64 ("n-failed", NULL, NULL, 0, G_MAXUINT64, 0, flags);
}

static void
define_end (GParamFlags flags)
{
  /**
   * TendTaskManager:paused:
   *
   * Whether the manager is paused. It is not if only a manager above it is.
   *
   * Notified as [property@Tend.TaskManager:n-pending] is.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_PAUSED] = g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);

  /**
   * TendTaskManager:closed:
   *
   * Whether the manager refuses new tasks.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_CLOSED] = g_param_spec_boolean ("closed", NULL, NULL, FALSE, flags);

  /**
   * TendTaskManager:shut-down:
   *
   * Whether the shutdown has begun.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_SHUT_DOWN] = g_param_spec_boolean ("shut-down", NULL, NULL, FALSE, flags);

  /**
   * TendTaskManager:grace-deadline:
   *
   * When the tasks that the shutdown waits for are stopped; %TEND_FOREVER if there is no such time.
   *
   * See [method@Tend.TaskManager.get_grace_deadline]. Notified as [property@Tend.TaskManager:n-pending] is.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_GRACE_DEADLINE] =
    g_param_spec_int64 ("grace-deadline", NULL, NULL, 0, TEND_FOREVER, TEND_FOREVER, flags);

  /**
   * TendTaskManager:awaited: (getter get_awaited)
   *
   * The tasks that the drain or the shutdown waits for.
   *
   * See [method@Tend.TaskManager.get_awaited]. It is the same list at all times.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_AWAITED] =
    g_param_spec_object ("awaited", NULL, NULL, G_TYPE_LIST_MODEL, flags);
}

/* To be called before the properties are installed. */
void
tend_manager_define_changes (void)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  define_counts (flags);
  define_end (flags);

  /**
   * TendTaskManager:progress:
   *
   * How much of all tasks is done, from 0 to 1; 0 if the manager is idle. See
   * [method@Tend.TaskManager.get_progress].
   *
   * Notified as [property@Tend.TaskManager:n-draining] is.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_PROGRESS] =
    g_param_spec_double ("progress", NULL, NULL, 0.0, 1.0, 0.0, flags);

  /**
   * TendTaskManager:busy:
   *
   * Whether the manager has tasks that are not finished.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
}
