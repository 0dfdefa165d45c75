// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The manager as an object: its settings, its signals, and the list model.
//
// It stands above all other files of its folder. The registry is in manager-entry.c, the life of a task in
// manager-life.c, the names in manager-names.c and the limits in manager-slots.c. Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-register-private.h"
#include "tend-manager-shutdown-private.h"
#include "tend-manager-slow-private.h"
#include "tend-manager-wait-private.h"

#define DEFAULT_GRACE_PERIOD (5 * G_TIME_SPAN_SECOND)

/**
 * TendTaskManager:
 *
 * Owns the unfinished work of a program, or of a part of it.
 *
 * A task that is registered runs in the next turn of the loop at the earliest, after its delay, and when fewer than
 * [property@Tend.TaskManager:max-running] others run. You can look up and cancel a named task by its name. Before the
 * manager begins a task, the earlier tasks of its name are finished. A [enum@Tend.NamePolicy] decides what happens to a
 * new task whose name is taken.
 *
 * [method@Tend.TaskManager.shutdown_async] ends everything in bounded time: new tasks are refused, every task is
 * cancelled, tasks that are not finished after the grace period are stopped, and then all shutdown tasks run.
 *
 * The manager is a [iface@Gio.ListModel] of the tasks that are not finished, in the order of registration. Its changes
 * are emitted once per turn of the loop; [method@Tend.TaskManager.list_tasks] knows them at once. You may derive from
 * the manager.
 *
 * A manager may be a child of another one, and it may belong to an object such as a window, with which its tasks end. A
 * manager that is finalized without a shutdown cancels its tasks and lets go of them.
 *
 * A manager belongs to the thread-default main context of the thread that creates it, and its tasks must belong to the
 * same context. All of it is for the thread that runs this context.
 *
 * If a program has one task at a time, the task alone is enough.
 *
 * Since: 0.1
 */

static void tend_task_manager_list_model_init (GListModelInterface *iface);

G_DEFINE_TYPE_WITH_CODE (TendTaskManager, tend_task_manager, G_TYPE_OBJECT,
                         G_ADD_PRIVATE (TendTaskManager)
                         G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, tend_task_manager_list_model_init))

/* --- The list model --- */

static GType
tend_task_manager_get_item_type (GListModel *model)
{
  return TEND_TYPE_TASK;
}

static guint
tend_task_manager_get_n_items (GListModel *model)
{
  return tend_view_get_length (&tend_manager_get_private (TEND_TASK_MANAGER (model))->entries, model);
}

static gpointer
tend_task_manager_get_item (GListModel *model,
                            guint       position)
{
  TendTaskManager *self = TEND_TASK_MANAGER (model);
  TendTask *task;

  /* Elsewhere the list may be built anew just now. */
  if (!tend_manager_check_thread (self, G_STRFUNC))
    return NULL;

  task = tend_view_get_item (&tend_manager_get_private (self)->entries, model, position);

  return task != NULL ? g_object_ref (task) : NULL;
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
 * tend_task_manager_get_grace_period:
 * @self: a manager
 *
 * Gets how long a shutdown waits for tasks that it has cancelled, and for each shutdown task.
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
 * @grace_period: microseconds, five seconds by default; %TEND_FOREVER for no limit
 *
 * Sets how long a shutdown waits for tasks that it has cancelled, before it stops them; five seconds by default.
 *
 * Each shutdown task has the same time. A wait that has begun keeps its length.
 *
 * Since: 0.1
 */
void
tend_task_manager_set_grace_period (TendTaskManager *self,
                                    gint64           grace_period)
{
  TendTaskManagerPrivate *priv;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (grace_period >= 0);

  priv = tend_manager_get_private (self);
  if (!tend_manager_check_thread (self, G_STRFUNC) || priv->grace_period == grace_period)
    return;

  priv->grace_period = grace_period;
  tend_manager_notify (self, TEND_MANAGER_PROP_GRACE_PERIOD);
}

/* --- The object --- */

/* Ends what the manager has. On the native stack: those who wait for its shutdown are told at once. */
static void
dispose_native_cb (gpointer data)
{
  TendTaskManager *self = data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(GPtrArray) tasks = NULL;

  /* What ends now, or is freed, may call those who would register once more: nobody can from here on. */
  priv->is_bereft = FALSE;
  tend_manager_shutdown_force (self);
  tasks = tend_manager_copy_tasks (self);
  tend_manager_clear_owner (self);
  tend_manager_drop_children (self);
  tend_manager_abandon_entries (self);
  tend_manager_leave_parent (self);

  /* They end by themselves. */
  if (priv->gate != NULL)
    tend_manager_end_tasks (tasks);
  else
    for (guint i = 0; i < tasks->len; i++)
      tend_task_cancel (g_ptr_array_index (tasks, i));

  tend_manager_give_up_waits (self);
  tend_manager_clear_awaited (self);
  tend_manager_clear_running (priv);
  tend_manager_clear_kept (priv);
}

static void
tend_task_manager_dispose (GObject *object)
{
  /* Its tasks can only be cancelled in its own thread: the last reference goes there. */
  if (tend_loop_take_home (tend_manager_get_private (TEND_TASK_MANAGER (object))->loop, object))
    return;

  tend_call_native (dispose_native_cb, object);

  G_OBJECT_CLASS (tend_task_manager_parent_class)->dispose (object);
}

static void
tend_task_manager_finalize (GObject *object)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (TEND_TASK_MANAGER (object));

  tend_slots_clear (TEND_TASK_MANAGER (object));
  tend_loop_remove (priv->loop, &priv->slow_job);
  tend_loop_remove (priv->loop, &priv->changed_job);
  tend_throttles_clear (priv);
  tend_statistics_clear (&priv->statistics);
  g_clear_object (&priv->awaited);
  g_clear_object (&priv->running);
  g_clear_pointer (&priv->ignored, g_array_unref);
  g_clear_pointer (&priv->gate, tend_gate_unref);
  tend_manager_free_entries (priv);
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

  switch ((TendManagerProperty) prop_id)
    {
    case TEND_MANAGER_PROP_OWNER:
      g_value_take_object (value, tend_task_manager_dup_owner (self));
      break;
    case TEND_MANAGER_PROP_PARENT:
      g_value_set_object (value, tend_task_manager_get_parent (self));
      break;
    case TEND_MANAGER_PROP_MAX_RUNNING:
      g_value_set_uint (value, tend_task_manager_get_max_running (self));
      break;
    case TEND_MANAGER_PROP_GRACE_PERIOD:
      g_value_set_int64 (value, tend_task_manager_get_grace_period (self));
      break;
    case TEND_MANAGER_PROP_RATE:
      g_value_set_uint (value, tend_task_manager_get_rate (self, NULL));
      break;
    case TEND_MANAGER_PROP_RATE_PERIOD:
      g_value_set_int64 (value, tend_manager_get_private (self)->slots.rate_period);
      break;
    case TEND_MANAGER_PROP_SLOW_AGE:
      g_value_set_int64 (value, tend_manager_get_private (self)->slow_age);
      break;
    case TEND_MANAGER_PROP_SLOW_INTERVAL:
      g_value_set_int64 (value, tend_manager_get_private (self)->slow_interval);
      break;
    case TEND_MANAGER_PROP_KEEP_ENDED:
      g_value_set_uint (value, tend_task_manager_get_keep_ended (self));
      break;
    case TEND_MANAGER_PROP_N_PENDING:
    case TEND_MANAGER_PROP_N_RUNNING:
    case TEND_MANAGER_PROP_N_DRAINING:
    case TEND_MANAGER_PROP_N_FAILED:
    case TEND_MANAGER_PROP_PROGRESS:
    case TEND_MANAGER_PROP_BUSY:
    case TEND_MANAGER_PROP_PAUSED:
    case TEND_MANAGER_PROP_CLOSED:
    case TEND_MANAGER_PROP_SHUT_DOWN:
    case TEND_MANAGER_PROP_GRACE_DEADLINE:
    case TEND_MANAGER_PROP_AWAITED:
      tend_manager_get_change (self, prop_id, value);
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
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  switch ((TendManagerProperty) prop_id)
    {
    case TEND_MANAGER_PROP_OWNER:
      tend_manager_set_owner (self, g_value_get_object (value));
      break;
    case TEND_MANAGER_PROP_MAX_RUNNING:
      tend_task_manager_set_max_running (self, g_value_get_uint (value));
      break;
    case TEND_MANAGER_PROP_GRACE_PERIOD:
      tend_task_manager_set_grace_period (self, g_value_get_int64 (value));
      break;
    case TEND_MANAGER_PROP_RATE:
      tend_task_manager_set_rate (self, g_value_get_uint (value), priv->slots.rate_period);
      break;
    case TEND_MANAGER_PROP_RATE_PERIOD:
      tend_slots_set_period (self, g_value_get_int64 (value));
      break;
    case TEND_MANAGER_PROP_SLOW_AGE:
      tend_task_manager_set_slow_check (self, g_value_get_int64 (value), priv->slow_interval);
      break;
    case TEND_MANAGER_PROP_SLOW_INTERVAL:
      tend_slow_check_set_interval (self, g_value_get_int64 (value));
      break;
    case TEND_MANAGER_PROP_KEEP_ENDED:
      tend_task_manager_set_keep_ended (self, g_value_get_uint (value));
      break;
    case TEND_MANAGER_PROP_PARENT:
    case TEND_MANAGER_PROP_N_PENDING:
    case TEND_MANAGER_PROP_N_RUNNING:
    case TEND_MANAGER_PROP_N_DRAINING:
    case TEND_MANAGER_PROP_N_FAILED:
    case TEND_MANAGER_PROP_PROGRESS:
    case TEND_MANAGER_PROP_BUSY:
    case TEND_MANAGER_PROP_PAUSED:
    case TEND_MANAGER_PROP_CLOSED:
    case TEND_MANAGER_PROP_SHUT_DOWN:
    case TEND_MANAGER_PROP_GRACE_DEADLINE:
    case TEND_MANAGER_PROP_AWAITED:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
define_settings (void)
{
  /**
   * TendTaskManager:owner:
   *
   * The object with which the tasks end.
   *
   * See [ctor@Tend.TaskManager.new_for_owner].
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_OWNER] =
    g_param_spec_object ("owner", NULL, NULL, G_TYPE_OBJECT,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * TendTaskManager:parent:
   *
   * The manager of which this one is a child.
   *
   * See [method@Tend.TaskManager.add_child].
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_PARENT] =
    g_param_spec_object ("parent", NULL, NULL, TEND_TYPE_TASK_MANAGER,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * TendTaskManager:max-running:
   *
   * How many tasks may run at once; 0 is no limit.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_MAX_RUNNING] =
    g_param_spec_uint ("max-running", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendTaskManager:grace-period:
   *
   * How long a shutdown waits before it stops tasks that are not finished, in microseconds.
   *
   * All tasks together have this time, and then each shutdown task has it.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_GRACE_PERIOD] =
    g_param_spec_int64 ("grace-period", NULL, NULL, 0, G_MAXINT64, DEFAULT_GRACE_PERIOD,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
define_keep_ended (void)
{
  /**
   * TendTaskManager:keep-ended:
   *
   * How many tasks stay in the list model when they have finished.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_KEEP_ENDED] =
    g_param_spec_uint ("keep-ended", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
define_rate (void)
{
  /**
   * TendTaskManager:rate:
   *
   * How many tasks may start in any [property@Tend.TaskManager:rate-period]; 0 is no limit.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_RATE] =
    g_param_spec_uint ("rate", NULL, NULL, 0, G_MAXUINT, 0,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendTaskManager:rate-period:
   *
   * The period of [property@Tend.TaskManager:rate], in microseconds. It is kept while there is no limit.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_RATE_PERIOD] =
    g_param_spec_int64 ("rate-period", NULL, NULL, 1, G_MAXINT64, G_TIME_SPAN_SECOND,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
define_slow_check (void)
{
  /**
   * TendTaskManager:slow-age:
   *
   * For how long a task may run before [signal@Tend.TaskManager::task-slow] is emitted, in microseconds; %TEND_FOREVER
   * is no check.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_SLOW_AGE] =
    g_param_spec_int64 ("slow-age", NULL, NULL, 1, G_MAXINT64, TEND_FOREVER,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * TendTaskManager:slow-interval:
   *
   * How long the slow check waits between two looks, in microseconds; ten minutes by default.
   *
   * It is kept while there is no check.
   *
   * Since: 0.1
   */
  tend_manager_properties[TEND_MANAGER_PROP_SLOW_INTERVAL] =
    g_param_spec_int64 ("slow-interval", NULL, NULL, 1, G_MAXINT64, TEND_DEFAULT_SLOW_INTERVAL,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_signals (GType type)
{
  tend_manager_signals[TEND_MANAGER_SIGNAL_ITEMS_CHANGED] = g_signal_lookup ("items-changed", G_TYPE_LIST_MODEL);

  /**
   * TendTaskManager::task-failed:
   * @self: a manager
   * @task: the task
   * @error: its error
   *
   * Emitted when a task has failed, or a run of an interval task that goes on.
   *
   * It is emitted once for each failed task or run, before those who wait are notified. It is not emitted for errors
   * that [method@Tend.TaskManager.ignore_error] ignores.
   *
   * A handler, connected or of a derived class, observes the error. Without one, an error that nobody waits for is
   * reported: see [func@Tend.set_unobserved_func].
   *
   * Since: 0.1
   */
  tend_manager_signals[TEND_MANAGER_SIGNAL_FAILED] =
    g_signal_new ("task-failed", type, G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendTaskManagerClass, task_failed), NULL, NULL, NULL,
                  G_TYPE_NONE, 2, TEND_TYPE_TASK, G_TYPE_ERROR);

  /**
   * TendTaskManager::task-slow:
   * @self: a manager
   * @task: the task
   * @age: for how long it has run, in microseconds; where @task is pending, since when the task that it waits for was
   *   asked to end
   *
   * Emitted when a task has run for longer than [method@Tend.TaskManager.set_slow_check] allows.
   *
   * Emitted too for a pending task whose name is kept for longer by a task that was asked to end and is not finished.
   *
   * The default handler logs a warning, which names both tasks in that case.
   *
   * Since: 0.1
   */
  tend_manager_signals[TEND_MANAGER_SIGNAL_SLOW] =
    g_signal_new ("task-slow", type, G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendTaskManagerClass, task_slow), NULL, NULL, NULL,
                  G_TYPE_NONE, 2, TEND_TYPE_TASK, G_TYPE_INT64);
}

static void
install_task_signals (GType type)
{
  /**
   * TendTaskManager::task-added:
   * @self: a manager
   * @task: the task
   *
   * A task was registered.
   *
   * The task is in the list, and its body has not begun unless the task was running before. Emitted in the call that
   * registers.
   *
   * Since: 0.1
   */
  tend_manager_signals[TEND_MANAGER_SIGNAL_ADDED] =
    g_signal_new ("task-added", type, G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendTaskManagerClass, task_added), NULL, NULL, NULL,
                  G_TYPE_NONE, 1, TEND_TYPE_TASK);

  /**
   * TendTaskManager::task-ended:
   * @self: a manager
   * @task: the task
   *
   * A task has ended, in whichever way.
   *
   * Emitted once per task, before those who wait for the task are told, and after
   * [signal@Tend.TaskManager::task-failed] if the task has failed. The task may not be finished: then it is still in
   * the list.
   *
   * Since: 0.1
   */
  tend_manager_signals[TEND_MANAGER_SIGNAL_ENDED] =
    g_signal_new ("task-ended", type, G_SIGNAL_RUN_LAST,
                  G_STRUCT_OFFSET (TendTaskManagerClass, task_ended), NULL, NULL, NULL,
                  G_TYPE_NONE, 1, TEND_TYPE_TASK);
}

static void
tend_task_manager_class_init (TendTaskManagerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  tend_manager_private_offset = g_type_class_get_instance_private_offset (klass);
  tend_manager_life_init ();

  object_class->dispose = tend_task_manager_dispose;
  object_class->finalize = tend_task_manager_finalize;
  object_class->get_property = tend_task_manager_get_property;
  object_class->set_property = tend_task_manager_set_property;
  klass->task_failed = tend_manager_ignore_failure;
  klass->task_slow = tend_slow_check_warn;
  klass->task_added = tend_manager_ignore_task;
  klass->task_ended = tend_manager_ignore_task;

  define_settings ();
  define_keep_ended ();
  define_rate ();
  define_slow_check ();
  tend_manager_define_changes ();
  g_object_class_install_properties (object_class, TEND_MANAGER_N_PROPERTIES, tend_manager_properties);
  install_signals (G_TYPE_FROM_CLASS (klass));
  install_task_signals (G_TYPE_FROM_CLASS (klass));
}

static void
tend_task_manager_init (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  priv->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  priv->waits = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
  priv->shutdown_waits = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);
  priv->shutdown_errors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_error_free);
  priv->grace_period = DEFAULT_GRACE_PERIOD;
  tend_queue_init (&priv->leaving);
  tend_queue_init (&priv->ended);
  tend_queue_init (&priv->ended_failed);
  tend_slots_init (self);
  tend_slow_check_init (priv);
  tend_manager_init_kept (priv);
  tend_manager_init_changes (priv);
  tend_manager_shutdown_init (self);
}

/**
 * tend_task_manager_new:
 *
 * Creates a manager.
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
