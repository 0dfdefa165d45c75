// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task is set to, as functions, and all of it as GObject properties.

#include "task-state-private.h"

/* It is kept in KiB, and the next whole one has to fit into a size. */
#define MAX_STACK_SIZE MIN ((guint64) 1 << 40, G_MAXSIZE & ~(gsize) 1023)

static inline void
notify_set (TendTask         *self,
            TendTaskProperty  property)
{
  tend_notify_native (G_OBJECT (self), tend_task_properties[property]);
}

/**
 * tend_task_get_priority:
 * @self: a task
 *
 * Gets the priority of the task's callbacks in its main context.
 *
 * Returns: a priority of GLib's main loop
 *
 * Since: 0.1
 */
int
tend_task_get_priority (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), G_PRIORITY_DEFAULT);

  return self->loop != NULL ? tend_loop_get_priority (self->loop) : G_PRIORITY_DEFAULT;
}

/**
 * tend_task_set_priority:
 * @self: a task that was not started yet
 * @priority: a priority of GLib's main loop; %G_PRIORITY_DEFAULT by default
 *
 * Sets the priority of the task's callbacks in its main context.
 *
 * Only for the owning thread, and before timers and other sources are added.
 *
 * Since: 0.1
 */
void
tend_task_set_priority (TendTask *self,
                        int       priority)
{
  TendLoop *loop;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail ((self->scope == NULL || self->scope->items == NULL) && !tend_task_has_waiters (self));

  if (!tend_task_check_settable (self, "priority") || priority == tend_loop_get_priority (self->loop))
    return;

  loop = tend_loop_acquire (tend_loop_get_context (self->loop), priority);
  tend_loop_release (self->loop);
  self->loop = loop;
  notify_set (self, PROP_PRIORITY);
}

/**
 * tend_task_get_delay:
 * @self: a task
 *
 * Gets how long after its start the task first runs.
 *
 * Returns: microseconds, or -1 if no delay was set
 *
 * Since: 0.1
 */
gint64
tend_task_get_delay (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), -1);

  return tend_task_delay (self);
}

/**
 * tend_task_set_delay:
 * @self: a task that was not started yet
 * @delay: microseconds; -1 for none
 *
 * Sets how long after its start the task first runs.
 *
 * Without a delay, an interval task first runs one interval after its start. Any other task runs at once, or in the
 * next turn of the loop if a manager starts it.
 *
 * Since: 0.1
 */
void
tend_task_set_delay (TendTask *self,
                     gint64    delay)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (delay >= -1);

  if (!tend_task_check_settable (self, "delay") || tend_task_delay (self) == delay)
    return;

  tend_task_ensure_scope (self)->delay = delay;
  notify_set (self, PROP_DELAY);
}

/**
 * tend_task_get_stack_size:
 * @self: a task
 *
 * Gets the stack size of the task's fiber.
 *
 * Returns: bytes, or 0 for the default
 *
 * Since: 0.1
 */
gsize
tend_task_get_stack_size (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), 0);

  return self->scope != NULL ? (gsize) self->scope->stack_size * 1024 : 0;
}

/**
 * tend_task_set_stack_size:
 * @self: a task that was not started yet
 * @bytes: how many bytes, or 0 for the default of 64 KiB; rounded up to whole pages
 *
 * Sets the stack size of the task's fiber.
 *
 * A task whose body is not a fiber ignores it.
 *
 * Since: 0.1
 */
void
tend_task_set_stack_size (TendTask *self,
                          gsize     bytes)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (bytes <= MAX_STACK_SIZE);

  if (!tend_task_check_settable (self, "stack size"))
    return;

  tend_task_ensure_scope (self)->stack_size = (guint32) ((bytes + 1023) / 1024);
  notify_set (self, PROP_STACK_SIZE);
}

/* --- Properties --- */

static void
get_property (GObject    *object,
              guint       prop_id,
              GValue     *value,
              GParamSpec *pspec)
{
  TendTask *self = TEND_TASK (object);

  switch ((TendTaskProperty) prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, tend_task_peek_name (self));
      break;
    case PROP_ID:
      g_value_set_uint64 (value, tend_task_number (self));
      break;
    case PROP_STATUS:
      g_value_set_enum (value, tend_task_get_status (self));
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, tend_task_get_progress (self));
      break;
    case PROP_MESSAGE:
      g_value_take_string (value, tend_task_dup_message (self));
      break;
    case PROP_PRIORITY:
      g_value_set_int (value, tend_task_get_priority (self));
      break;
    case PROP_DELAY:
      g_value_set_int64 (value, tend_task_delay (self));
      break;
    case PROP_INTERVAL:
      g_value_set_int64 (value, tend_task_interval (self));
      break;
    case PROP_INTERVAL_MODE:
      g_value_set_enum (value, tend_task_get_interval_mode (self));
      break;
    case PROP_KEEP_GOING:
      g_value_set_boolean (value, self->keep_going);
      break;
    case PROP_STACK_SIZE:
      g_value_set_uint64 (value, tend_task_get_stack_size (self));
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, tend_task_is_paused (self));
      break;
    case PROP_DEADLINE:
      g_value_set_int64 (value, tend_task_get_deadline (self));
      break;
    case PROP_ENDED:
      g_value_set_boolean (value, tend_task_has_ended (self));
      break;
    case PROP_FINISHED:
      g_value_set_boolean (value, tend_task_is_released (self));
      break;
    case PROP_CANCELLING:
      g_value_set_boolean (value, tend_task_is_cancelling (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
set_property (GObject      *object,
              guint         prop_id,
              const GValue *value,
              GParamSpec   *pspec)
{
  TendTask *self = TEND_TASK (object);

  switch ((TendTaskProperty) prop_id)
    {
    case PROP_PRIORITY:
      tend_task_set_priority (self, g_value_get_int (value));
      break;
    case PROP_DELAY:
      tend_task_set_delay (self, g_value_get_int64 (value));
      break;
    case PROP_INTERVAL:
      tend_task_set_interval (self, g_value_get_int64 (value));
      break;
    case PROP_INTERVAL_MODE:
      tend_task_set_interval_mode (self, g_value_get_enum (value));
      break;
    case PROP_KEEP_GOING:
      tend_task_set_keep_going (self, g_value_get_boolean (value));
      break;
    case PROP_STACK_SIZE:
      tend_task_set_stack_size (self, g_value_get_uint64 (value));
      break;
    case PROP_DEADLINE:
      tend_task_set_deadline (self, g_value_get_int64 (value));
      break;
    case PROP_NAME:
    case PROP_ID:
    case PROP_STATUS:
    case PROP_PROGRESS:
    case PROP_MESSAGE:
    case PROP_PAUSED:
    case PROP_ENDED:
    case PROP_FINISHED:
    case PROP_CANCELLING:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* What the task is, and where it stands. */
static void
define_state (GParamSpec  **p,
              GParamFlags   flags)
{
  /**
   * TendTask:name:
   *
   * The name of the task.
   *
   * Since: 0.1
   */
  p[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * TendTask:id:
   *
   * The number of the task.
   *
   * Since: 0.1
   */
  p[PROP_ID] = g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * TendTask:status:
   *
   * The status of the task.
   *
   * Since: 0.1
   */
  p[PROP_STATUS] = g_param_spec_enum ("status", NULL, NULL, TEND_TYPE_TASK_STATUS,
                                      TEND_TASK_STATUS_CREATED, flags);

  /**
   * TendTask:paused:
   *
   * Whether the task is paused.
   *
   * Since: 0.1
   */
  p[PROP_PAUSED] = g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);
}

/* Whether the task has come to its end. */
static void
define_end (GParamSpec  **p,
            GParamFlags   flags)
{
  /**
   * TendTask:ended:
   *
   * Whether the task has ended, in whichever way.
   *
   * Since: 0.1
   */
  p[PROP_ENDED] = g_param_spec_boolean ("ended", NULL, NULL, FALSE, flags);

  /**
   * TendTask:finished:
   *
   * Whether the task has ended and nothing of its body runs any more.
   *
   * Since: 0.1
   */
  p[PROP_FINISHED] = g_param_spec_boolean ("finished", NULL, NULL, FALSE, flags);

  /**
   * TendTask:cancelling:
   *
   * Whether the body of the task was asked to end.
   *
   * Since: 0.1
   */
  p[PROP_CANCELLING] = g_param_spec_boolean ("cancelling", NULL, NULL, FALSE, flags);
}

/* How far the task has come. */
static void
define_progress (GParamSpec  **p,
                 GParamFlags   flags)
{
  /**
   * TendTask:progress:
   *
   * How much of the task is done, from 0 to 1; -1 while that is unknown, see [method@Tend.Task.pulse].
   *
   * Since: 0.1
   */
  p[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, -1.0, 1.0, 0.0, flags);

  /**
   * TendTask:message:
   *
   * The message about the progress of the task.
   *
   * Since: 0.1
   */
  p[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, flags);
}

/* When the task runs, and until when. */
static void
define_times (GParamSpec  **p,
              GParamFlags   flags)
{
  /**
   * TendTask:delay:
   *
   * How long after its start the task first runs, in microseconds; -1 is no delay.
   *
   * Since: 0.1
   */
  p[PROP_DELAY] = g_param_spec_int64 ("delay", NULL, NULL, -1, G_MAXINT64, -1, flags);

  /**
   * TendTask:interval:
   *
   * The interval between the runs of the task, in microseconds; -1 is none: the task runs once. 0 cannot be set.
   *
   * Since: 0.1
   */
  p[PROP_INTERVAL] = g_param_spec_int64 ("interval", NULL, NULL, -1, G_MAXINT64, -1, flags);

  /**
   * TendTask:interval-mode:
   *
   * Decides where the interval begins.
   *
   * Since: 0.1
   */
  p[PROP_INTERVAL_MODE] = g_param_spec_enum ("interval-mode", NULL, NULL, TEND_TYPE_INTERVAL_MODE,
                                             TEND_INTERVAL_MODE_FIXED_DELAY, flags);

  /**
   * TendTask:deadline:
   *
   * The deadline of the task: a point of [func@Tend.get_time], in microseconds.
   *
   * Since: 0.1
   */
  p[PROP_DEADLINE] = g_param_spec_int64 ("deadline", NULL, NULL, G_MININT64, G_MAXINT64, G_MAXINT64,
                                         flags);
}

/* How the task runs. */
static void
define_manner (GParamSpec  **p,
               GParamFlags   flags)
{
  /**
   * TendTask:priority:
   *
   * The priority of the task's callbacks in its main context.
   *
   * Since: 0.1
   */
  p[PROP_PRIORITY] = g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT,
                                       G_PRIORITY_DEFAULT, flags);

  /**
   * TendTask:keep-going:
   *
   * Whether an interval task continues after a failed run.
   *
   * Since: 0.1
   */
  p[PROP_KEEP_GOING] = g_param_spec_boolean ("keep-going", NULL, NULL, FALSE, flags);

  /**
   * TendTask:stack-size:
   *
   * The stack size of the task's fiber, in bytes; 0 is the default.
   *
   * Since: 0.1
   */
  p[PROP_STACK_SIZE] = g_param_spec_uint64 ("stack-size", NULL, NULL, 0, MAX_STACK_SIZE, 0, flags);
}

void
tend_task_install_properties (GObjectClass *klass)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags settable = readable | G_PARAM_WRITABLE;

  klass->get_property = get_property;
  klass->set_property = set_property;

  define_state (tend_task_properties, readable);
  define_progress (tend_task_properties, readable);
  define_end (tend_task_properties, readable);
  define_times (tend_task_properties, settable);
  define_manner (tend_task_properties, settable);
  g_object_class_install_properties (klass, N_TASK_PROPERTIES, tend_task_properties);
}
