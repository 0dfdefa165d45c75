// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Returning the result of a body: each public function makes an outcome of it, which task-deliver.c takes to the task.
// Reading it is in task-result.c.

#include "task-outcome-private.h"

/**
 * tend_task_return_value:
 * @self: a task
 * @value: (nullable): the result, or %NULL for none
 *
 * Returns a result from the body of the task.
 *
 * In an open task ([ctor@Tend.Task.new_open]) and in the task of a [class@Tend.Completion], this completes the task. In
 * every other body it records the result, and the task completes when the body returns %TRUE. In an interval task the
 * current run ends, and the next one comes.
 *
 * A body returns once: a second result is a critical, and is dropped. A result that comes after the task was stopped is
 * dropped, and an error is reported as one that nobody observed. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_task_return_value (TendTask     *self,
                        const GValue *value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (value == NULL || G_IS_VALUE (value));

  g_object_ref (self);
  tend_outcome_copy_value (&outcome, value);
  tend_task_return_outcome (self, &outcome);
  g_object_unref (self);
}

/**
 * tend_task_return_boolean:
 * @self: a task
 * @value: the result
 *
 * Returns a boolean as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_boolean (TendTask *self,
                          gboolean  value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_BOOLEAN);
  g_value_set_boolean (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_int:
 * @self: a task
 * @value: the result
 *
 * Returns an integer as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_int (TendTask *self,
                      gint64    value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_INT64);
  g_value_set_int64 (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_double:
 * @self: a task
 * @value: the result
 *
 * Returns a floating-point number as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_double (TendTask *self,
                         double    value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_DOUBLE);
  g_value_set_double (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_string:
 * @self: a task
 * @value: (nullable): the result, which is copied
 *
 * Returns a string as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_string (TendTask   *self,
                         const char *value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_STRING);
  g_value_set_string (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_object:
 * @self: a task
 * @value: (nullable) (type GObject.Object): the result, of which a reference is taken
 *
 * Returns an object as the result of the task; see [method@Tend.Task.return_value].
 *
 * Since: 0.1
 */
void
tend_task_return_object (TendTask *self,
                         gpointer  value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (value == NULL || G_IS_OBJECT (value));

  g_object_ref (self);
  g_value_init (&outcome.value, value != NULL ? G_OBJECT_TYPE (value) : G_TYPE_OBJECT);
  g_value_set_object (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
  g_object_unref (self);
}

/**
 * tend_task_return_variant: (skip)
 * @self: a task
 * @value: (nullable): the result, of which a reference is taken; one that is floating is sunk
 *
 * Returns a variant as the result of the task; see [method@Tend.Task.return_value].
 *
 * For C. The bindings return it as any other value.
 *
 * Since: 0.1
 */
void
tend_task_return_variant (TendTask *self,
                          GVariant *value)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  g_return_if_fail (TEND_IS_TASK (self));

  g_value_init (&outcome.value, G_TYPE_VARIANT);
  g_value_set_variant (&outcome.value, value);
  tend_task_return_outcome (self, &outcome);
}

static TendPointer *
tend_pointer_ref (TendPointer *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
tend_pointer_unref (TendPointer *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->notify != NULL)
    self->notify (self->pointer);
  g_free (self);
}

G_DEFINE_BOXED_TYPE (TendPointer, tend_pointer, tend_pointer_ref, tend_pointer_unref)

/**
 * tend_task_return_pointer: (skip)
 * @self: a task
 * @value: (nullable): the result
 * @notify: (nullable): frees @value when the task is finalized
 *
 * Returns a pointer as the result of the task; see [method@Tend.Task.return_value].
 *
 * @notify is called in the task's own thread, even if the result is dropped.
 *
 * Since: 0.1
 */
void
tend_task_return_pointer (TendTask       *self,
                          gpointer        value,
                          GDestroyNotify  notify)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };
  TendPointer *pointer;

  g_return_if_fail (TEND_IS_TASK (self));

  pointer = g_new0 (TendPointer, 1);
  g_atomic_ref_count_init (&pointer->ref_count);
  pointer->pointer = value;
  pointer->notify = notify;
  g_value_init (&outcome.value, tend_pointer_get_type ());
  g_value_take_boxed (&outcome.value, pointer);
  tend_task_return_outcome (self, &outcome);
}

/**
 * tend_task_return_error:
 * @self: a task
 * @error: (transfer full): the error
 *
 * Fails the task; see [method@Tend.Task.return_value].
 *
 * With `G_IO_ERROR_CANCELLED` the task ends as cancelled.
 *
 * Since: 0.1
 */
void
tend_task_return_error (TendTask *self,
                        GError   *error)
{
  TendOutcome outcome = { G_VALUE_INIT, error };

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (error != NULL);

  tend_task_return_outcome (self, &outcome);
}

/* Whether the body runs in this thread, has not returned, and counts. */
static gboolean
is_at_home (TendTask *self)
{
  /* The thread comes first: another must not look at the rest. */
  return tend_task_get_worker () != self && self->body != NULL && tend_loop_is_mine (self->loop) &&
         self->is_active && !self->has_returned && !tend_task_has_ended (self);
}

/**
 * tend_task_set_error_if_cancelled:
 * @self: a task
 * @error: return location for an error
 *
 * Sets the error of the task's cancellation, if it was asked to end.
 *
 * Call it in a body that waits in its own way. The error is `G_IO_ERROR_CANCELLED` with the reason, or
 * `G_IO_ERROR_TIMED_OUT` if the deadline of the task has passed. The task does not end by this: see
 * [method@Tend.Task.return_error_if_cancelled].
 *
 * Only for the owning thread, and the thread of the body.
 *
 * Returns: %TRUE if the task was asked to end; %FALSE if not, and @error is not set
 *
 * Since: 0.1
 */
gboolean
tend_task_set_error_if_cancelled (TendTask  *self,
                                  GError   **error)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (tend_task_cancelling (self) == TEND_CANCELLING_NOT)
    return FALSE;

  if (error != NULL)
    *error = tend_task_new_cancelled (self);

  return TRUE;
}

/**
 * tend_task_return_error_if_cancelled:
 * @self: a task
 *
 * Ends the task with the error of its cancellation, if it was asked to end; see [method@Tend.Task.return_value].
 *
 * Call it in a body at points where nothing has to be undone, or in a cancel handler. The error is
 * `G_IO_ERROR_CANCELLED` with the reason, or `G_IO_ERROR_TIMED_OUT` if the deadline of the task has passed.
 *
 * Returns: %TRUE if the task was asked to end; %FALSE if not, and nothing has happened
 *
 * Since: 0.1
 */
gboolean
tend_task_return_error_if_cancelled (TendTask *self)
{
  TendOutcome outcome = { G_VALUE_INIT, NULL };
  int is_cancelling;

  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  is_cancelling = tend_task_cancelling (self);
  if (is_cancelling == TEND_CANCELLING_NOT)
    return FALSE;

  if (is_cancelling == TEND_CANCELLING_ASKED && is_at_home (self))
    {
      /* The error is created on demand. */
      self->has_returned = self->has_given_up = TRUE;
      if (!self->body->returns)
        tend_task_run_ended (self, NULL);
    }
  else
    {
      outcome.error = tend_task_new_cancelled (self);
      tend_task_return_outcome (self, &outcome);
    }

  return TRUE;
}

/**
 * tend_task_return_new_error: (skip)
 * @self: a task
 * @domain: the domain of the error
 * @code: its code
 * @format: its message, in the manner of printf()
 * @...: the arguments of @format
 *
 * Fails the task with a new error; see [method@Tend.Task.return_error].
 *
 * Since: 0.1
 */
void
tend_task_return_new_error (TendTask   *self,
                            GQuark      domain,
                            int         code,
                            const char *format,
                            ...)
{
  va_list args;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (format != NULL);

  va_start (args, format);
  tend_task_return_error (self, g_error_new_valist (domain, code, format, args));
  va_end (args);
}
