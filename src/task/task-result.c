// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Reading the result and the error of a task.

#include "task-outcome-private.h"

/**
 * tend_task_get_result:
 * @self: a task
 * @error: return location for an error
 *
 * Gets the result of the task.
 *
 * If the task failed, its error is returned in @error and counts as observed. If the task has not ended, the error is
 * `TEND_ERROR_STATE`. Only for the owning thread.
 *
 * Returns: (transfer none) (nullable): the result, owned by the task; %NULL with @error set, or
 *   without if the task completed without a result
 *
 * Since: 0.1
 */
const GValue *
tend_task_get_result (TendTask  *self,
                      GError   **error)
{
  g_return_val_if_fail (TEND_IS_TASK (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!tend_task_has_ended (self))
    {
      tend_task_set_error (self, error, TEND_ERROR, TEND_ERROR_STATE, _("has no result yet: its status is '%s'"),
                           tend_task_status_to_string (tend_task_status (self)));
      return NULL;
    }

  if (!tend_task_propagate (self, error))
    return NULL;

  return tend_task_peek_value (self);
}

/**
 * tend_task_get_error:
 * @self: a task
 *
 * Gets the error that the task ended with.
 *
 * The error counts as observed. Only for the owning thread.
 *
 * Returns: (transfer none) (nullable): the error, owned by the task; %NULL if the task completed
 *   or has not ended
 *
 * Since: 0.1
 */
const GError *
tend_task_get_error (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  if (!tend_task_has_ended (self))
    return NULL;

  self->is_observed = TRUE;

  return tend_task_peek_error (self);
}

/**
 * tend_task_list_errors:
 * @self: a task
 *
 * Lists the errors that the task ended with.
 *
 * If the code of the task's error is `TEND_ERROR_SEVERAL`, the list has its parts, as [func@Tend.Error.list] gives
 * them. The errors count as observed. Only for the owning thread.
 *
 * Returns: (transfer container) (element-type GError): copies of the errors; empty if the task
 *   completed or has not ended
 *
 * Since: 0.1
 */
GPtrArray *
tend_task_list_errors (TendTask *self)
{
  const GError *error;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  error = tend_task_get_error (self);

  return error != NULL ? tend_error_list (error) : g_ptr_array_new ();
}

/*
 * Returns the result if there is one of @type, or a number that is converted to it, in @converted; otherwise a critical
 * says what is wrong.
 */
static const GValue *
expect_result (TendTask   *self,
               GType       type,
               GValue     *converted,
               const char *func)
{
  g_autofree char *task = NULL;
  gboolean completed = tend_task_status (self) == TEND_TASK_STATUS_COMPLETED;
  const GValue *value = completed ? tend_task_peek_value (self) : NULL;

  if (value != NULL)
    {
      if (G_VALUE_HOLDS (value, type))
        return value;

      /* A language binding chooses the kind of number that it finds best. */
      if (converted != NULL && !G_VALUE_HOLDS_STRING (value) &&
          g_value_type_transformable (G_VALUE_TYPE (value), type))
        {
          g_value_init (converted, type);
          g_value_transform (value, converted);
          return converted;
        }
    }

  task = tend_task_head (self);
  if (!completed)
    g_critical ("%s: has no result for %s(): its status is '%s'", task, func,
                tend_task_status_to_string (tend_task_status (self)));
  else
    g_critical ("%s: has a result of type %s, and %s() gets a %s", task,
                value != NULL ? G_VALUE_TYPE_NAME (value) : "void", func, g_type_name (type));

  return NULL;
}

/**
 * tend_task_get_boolean:
 * @self: a completed task whose result is a boolean
 *
 * Gets the result that [method@Tend.Task.return_boolean] recorded.
 *
 * Only for the owning thread.
 *
 * Returns: the result
 *
 * Since: 0.1
 */
gboolean
tend_task_get_boolean (TendTask *self)
{
  const GValue *value;

  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  value = expect_result (self, G_TYPE_BOOLEAN, NULL, G_STRFUNC);
  return value != NULL ? g_value_get_boolean (value) : FALSE;
}

/**
 * tend_task_get_int:
 * @self: a completed task whose result is an integer
 *
 * Gets the result that [method@Tend.Task.return_int] recorded.
 *
 * Only for the owning thread.
 *
 * Returns: the result
 *
 * Since: 0.1
 */
gint64
tend_task_get_int (TendTask *self)
{
  GValue converted = G_VALUE_INIT;
  const GValue *value;

  g_return_val_if_fail (TEND_IS_TASK (self), 0);

  value = expect_result (self, G_TYPE_INT64, &converted, G_STRFUNC);
  return value != NULL ? g_value_get_int64 (value) : 0;
}

/**
 * tend_task_get_double:
 * @self: a completed task whose result is a number
 *
 * Gets the result that [method@Tend.Task.return_double] recorded.
 *
 * Only for the owning thread.
 *
 * Returns: the result
 *
 * Since: 0.1
 */
double
tend_task_get_double (TendTask *self)
{
  GValue converted = G_VALUE_INIT;
  const GValue *value;

  g_return_val_if_fail (TEND_IS_TASK (self), 0.0);

  value = expect_result (self, G_TYPE_DOUBLE, &converted, G_STRFUNC);
  return value != NULL ? g_value_get_double (value) : 0.0;
}

/**
 * tend_task_get_string:
 * @self: a completed task whose result is a string
 *
 * Gets the result that [method@Tend.Task.return_string] recorded.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none) (nullable): the result, owned by the task
 *
 * Since: 0.1
 */
const char *
tend_task_get_string (TendTask *self)
{
  const GValue *value;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  value = expect_result (self, G_TYPE_STRING, NULL, G_STRFUNC);
  return value != NULL ? g_value_get_string (value) : NULL;
}

/**
 * tend_task_get_object:
 * @self: a completed task whose result is an object
 *
 * Gets the result that [method@Tend.Task.return_object] recorded.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none) (nullable) (type GObject.Object): the result, owned by the task
 *
 * Since: 0.1
 */
gpointer
tend_task_get_object (TendTask *self)
{
  const GValue *value;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  value = expect_result (self, G_TYPE_OBJECT, NULL, G_STRFUNC);
  return value != NULL ? g_value_get_object (value) : NULL;
}

/**
 * tend_task_get_variant: (skip)
 * @self: a completed task whose result is a variant
 *
 * Gets the result that tend_task_return_variant() recorded.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none) (nullable): the result, owned by the task
 *
 * Since: 0.1
 */
GVariant *
tend_task_get_variant (TendTask *self)
{
  const GValue *value;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  value = expect_result (self, G_TYPE_VARIANT, NULL, G_STRFUNC);
  return value != NULL ? g_value_get_variant (value) : NULL;
}

/**
 * tend_task_get_pointer: (skip)
 * @self: a completed task whose result is a pointer
 *
 * Gets the result that tend_task_return_pointer() recorded.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer none) (nullable): the result, owned by the task
 *
 * Since: 0.1
 */
gpointer
tend_task_get_pointer (TendTask *self)
{
  const GValue *value;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  value = expect_result (self, tend_pointer_get_type (), NULL, G_STRFUNC);
  return value != NULL ? ((TendPointer *) g_value_get_boxed (value))->pointer : NULL;
}
