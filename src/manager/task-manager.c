// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The manager as an object: its settings, its signals, and the list model.
//
// The registry is in manager-entries.c and manager-register.c, waiting in manager-wait.c, the
// shutdown in manager-shutdown.c. Ownership: the loop thread's.

#include "tend-manager-private.h"

#define DEFAULT_GRACE_PERIOD (5 * G_USEC_PER_SEC)

/**
 * TendTaskManager:
 *
 * Owns the unfinished work of a program, or of a part of it.
 *
 * A task that is registered runs in the next turn of the loop at the earliest, after its delay, and
 * when fewer than [property@Tend.TaskManager:max-running] others run. A named task can be looked
 * up and cancelled by its name, and no other can have that name meanwhile.
 *
 * [method@Tend.TaskManager.shutdown_async] ends all of it in order and in bounded time: no new tasks,
 * every task cancelled and its real end awaited, those that do not end in the grace period stopped,
 * and then the shutdown tasks, all of them.
 *
 * The manager is a [iface@Gio.ListModel] of the tasks whose bodies have not ended, in the order of
 * registration. It may be derived from.
 *
 * A manager that is finalized without having been shut down cancels its tasks and lets go of
 * them. The main context that was the thread's default when the manager was made is the one that
 * it belongs to, and its tasks have to belong to the same; everything is for that thread only.
 *
 * A program that has one task at a time needs no manager: the task alone is enough.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_MAX_RUNNING = 1,
  PROP_GRACE_PERIOD,
} TendTaskManagerProperty;

#define N_PROPERTIES (PROP_GRACE_PERIOD + 1)

enum
{
  SIGNAL_TASK_FAILED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static void tend_task_manager_list_model_init (GListModelInterface *iface);

G_DEFINE_TYPE_WITH_CODE (TendTaskManager, tend_task_manager, G_TYPE_OBJECT,
                         G_ADD_PRIVATE (TendTaskManager)
                         G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, tend_task_manager_list_model_init))

TendTaskManagerPrivate *
tend_manager_get_private (TendTaskManager *self)
{
  return tend_task_manager_get_instance_private (self);
}

/* Whether the caller is in the manager's thread; says so if not. */
gboolean
tend_manager_check_thread (TendTaskManager *self,
                           const char      *func)
{
  if (tend_loop_is_mine (tend_manager_get_private (self)->loop))
    return TRUE;

  g_critical ("%s: the manager belongs to the main context of another thread", func);
  return FALSE;
}

/* Says that @task has failed. */
void
tend_manager_emit_failed (TendTaskManager *self,
                          TendTask        *task)
{
  g_signal_emit (self, signals[SIGNAL_TASK_FAILED], 0, task, tend_task_peek_error (task));
}

/* --- The list model --- */

static GType
tend_task_manager_get_item_type (GListModel *model)
{
  return TEND_TYPE_TASK;
}

static guint
tend_task_manager_get_n_items (GListModel *model)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (model));

  return (guint) g_sequence_get_length (priv->entries);
}

static gpointer
tend_task_manager_get_item (GListModel *model,
                            guint       position)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (model));
  GSequenceIter *iter;

  if (position >= (guint) g_sequence_get_length (priv->entries))
    return NULL;

  iter = g_sequence_get_iter_at_pos (priv->entries, (int) position);

  return g_object_ref (((TendEntry *) g_sequence_get (iter))->task);
}

static void
tend_task_manager_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = tend_task_manager_get_item_type;
  iface->get_n_items = tend_task_manager_get_n_items;
  iface->get_item = tend_task_manager_get_item;
}

/* --- Settings --- */

/**
 * tend_task_manager_get_max_running:
 * @self: a manager
 *
 * Gets how many tasks run at once.
 *
 * Returns: the limit, or 0 for none
 *
 * Since: 0.1
 */
guint
tend_task_manager_get_max_running (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  return tend_manager_get_private (self)->max_running;
}

/**
 * tend_task_manager_set_max_running:
 * @self: a manager
 * @n_tasks: the limit, or 0 for none
 *
 * Sets how many tasks run at once.
 *
 * Those above the limit are pending, and start in the order in which they became due. A task that
 * was cancelled or stopped counts until its body has really ended. Interval tasks do not count.
 * A task that is paused when its turn comes has its slot, and begins when it goes on.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_max_running (TendTaskManager *self,
                                   guint            n_tasks)
{
  TendTaskManagerPrivate *priv;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->max_running == n_tasks)
    return;

  priv->max_running = n_tasks;
  tend_manager_give_slots (priv);
  tend_notify_native (G_OBJECT (self), properties[PROP_MAX_RUNNING]);
}

/**
 * tend_task_manager_get_grace_period:
 * @self: a manager
 *
 * Gets how long a shutdown waits for the tasks that it has cancelled.
 *
 * Returns: microseconds
 *
 * Since: 0.1
 */
gint64
tend_task_manager_get_grace_period (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), 0);

  return tend_manager_get_private (self)->grace_period;
}

/**
 * tend_task_manager_set_grace_period:
 * @self: a manager
 * @usec: microseconds; five seconds by default
 *
 * Sets how long a shutdown waits for the tasks that it has cancelled, before it stops them.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_grace_period (TendTaskManager *self,
                                    gint64           usec)
{
  TendTaskManagerPrivate *priv;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (usec >= 0);

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->grace_period == usec)
    return;

  priv->grace_period = usec;
  tend_notify_native (G_OBJECT (self), properties[PROP_GRACE_PERIOD]);
}

/* --- The object --- */

/*
 * The other thread has dropped its last reference: the one that is left goes home. A plain reference
 * would not do, since it could be dropped at home before the other thread has dropped its own.
 */
static void
go_home_cb (gpointer  data,
            GObject  *object,
            gboolean  is_last_ref)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (object));

  if (is_last_ref && g_atomic_int_compare_and_exchange (&priv->is_going_home, FALSE, TRUE))
    {
      priv->homeless = TEND_TASK_MANAGER (object);
      tend_loop_send (priv->loop, &priv->home);
    }
}

static void
come_home_cb (TendJob *job)
{
  TendTaskManagerPrivate *priv = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendTaskManagerPrivate, home));

  g_atomic_int_set (&priv->is_going_home, FALSE);
  g_object_remove_toggle_ref (G_OBJECT (priv->homeless), go_home_cb, NULL);
}

static void
tend_task_manager_dispose (GObject *object)
{
  TendTaskManager *self = TEND_TASK_MANAGER (object);
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  /* Its tasks can only be cancelled in its own thread: the last reference goes there. */
  if (!tend_loop_is_mine (priv->loop))
    {
      g_object_add_toggle_ref (object, go_home_cb, NULL);
      return;
    }

  /* What ends now, or is freed, may call those who would register once more. */
  priv->state = TEND_MANAGER_SHUT_DOWN;
  tend_manager_abandon_entries (self);
  tend_manager_shutdown_clear (self);

  G_OBJECT_CLASS (tend_task_manager_parent_class)->dispose (object);
}

static void
tend_task_manager_finalize (GObject *object)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (object));

  g_sequence_free (priv->entries);
  g_hash_table_unref (priv->names);
  g_ptr_array_unref (priv->waits);
  g_ptr_array_unref (priv->shutdown_waits);
  g_ptr_array_unref (priv->shutdown_errors);
  tend_loop_release (priv->loop);

  G_OBJECT_CLASS (tend_task_manager_parent_class)->finalize (object);
}

static void
tend_task_manager_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  TendTaskManager *self = TEND_TASK_MANAGER (object);

  switch ((TendTaskManagerProperty) prop_id)
    {
    case PROP_MAX_RUNNING:
      g_value_set_uint (value, tend_task_manager_get_max_running (self));
      break;
    case PROP_GRACE_PERIOD:
      g_value_set_int64 (value, tend_task_manager_get_grace_period (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_task_manager_set_property (GObject      *object,
                                guint         prop_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  TendTaskManager *self = TEND_TASK_MANAGER (object);

  switch ((TendTaskManagerProperty) prop_id)
    {
    case PROP_MAX_RUNNING:
      tend_task_manager_set_max_running (self, g_value_get_uint (value));
      break;
    case PROP_GRACE_PERIOD:
      tend_task_manager_set_grace_period (self, g_value_get_int64 (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
tend_task_manager_class_init (TendTaskManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_task_manager_dispose;
  object_class->finalize = tend_task_manager_finalize;
  object_class->get_property = tend_task_manager_get_property;
  object_class->set_property = tend_task_manager_set_property;

  /**
   * TendTaskManager:max-running:
   *
   * How many tasks run at once; 0 is no limit.
   *
   * Since: 0.1
   */
  properties[PROP_MAX_RUNNING] =
    g_param_spec_uint ("max-running", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendTaskManager:grace-period:
   *
   * How long a shutdown waits before it stops what has not ended, in microseconds.
   *
   * Since: 0.1
   */
  properties[PROP_GRACE_PERIOD] =
    g_param_spec_int64 ("grace-period", NULL, NULL, 0, G_MAXINT64, DEFAULT_GRACE_PERIOD,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  /**
   * TendTaskManager::task-failed:
   * @self: a manager
   * @task: the task
   * @error: its error
   *
   * A task has failed.
   *
   * Emitted once per failed task, before those who wait for it are told.
   *
   * Since: 0.1
   */
  signals[SIGNAL_TASK_FAILED] =
    g_signal_new ("task-failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendTaskManagerClass, task_failed), NULL, NULL, NULL,
                  G_TYPE_NONE, 2, TEND_TYPE_TASK, G_TYPE_ERROR);
}

static void
tend_task_manager_init (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  priv->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  priv->names = g_hash_table_new (g_str_hash, g_str_equal);
  priv->entries = g_sequence_new (NULL);
  priv->waits = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
  priv->shutdown_waits = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
  priv->shutdown_errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  priv->grace_period = DEFAULT_GRACE_PERIOD;
  tend_queue_init (&priv->waiting);
  tend_queue_init (&priv->leaving);
  tend_job_init (&priv->home, come_home_cb);
  tend_manager_shutdown_init (self);
}

/**
 * tend_task_manager_new:
 *
 * Makes a manager.
 *
 * Returns: (transfer full): the manager, for the thread-default main context
 *
 * Since: 0.1
 */
TendTaskManager *
tend_task_manager_new (void)
{
  return g_object_new (TEND_TYPE_TASK_MANAGER, NULL);
}
