// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task is called and how far it has come, for everybody who looks at it.

#include "task-state-private.h"

/**
 * tend_task_get_id:
 * @self: a task
 *
 * Gets the number of the task.
 *
 * Numbers rise in the order in which tasks are created, in the whole process. 1 is the number of the program's main
 * part. A task of [func@Tend.Task.run_delay] gets its number when somebody first asks for it, so that sleeping leaves
 * no gaps. May be called from any thread.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
tend_task_get_id (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), 0);

  return tend_task_number (self);
}

/**
 * tend_task_get_name:
 * @self: a task
 *
 * Gets the name of the task.
 *
 * The name stays the same, with one exception: [method@Tend.TaskManager.register] with `TEND_NAME_POLICY_ANONYMOUS`
 * adds a number to it. May be called from any thread.
 *
 * Returns: (nullable): the name, owned by the task
 *
 * Since: 0.1
 */
const char *
tend_task_get_name (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  return tend_task_peek_name (self);
}

/* --- Where it was made --- */

/**
 * tend_task_dup_origin:
 * @self: a task
 *
 * Prints where the task was created.
 *
 * This is the line that [method@Tend.Task.set_origin] has set. For a task of C or Vala it is the function that called
 * the constructor, or its address in the program.
 *
 * Only for the owning thread.
 *
 * Returns: (transfer full): the place
 *
 * Since: 0.1
 */
char *
tend_task_dup_origin (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  return self->names_origin ? g_strdup (self->origin) : tend_print_place (self->origin);
}

/**
 * tend_task_set_origin:
 * @self: a task
 * @origin: a line of a program, such as `photos.py:12`
 *
 * Sets the line that created the task, for reports.
 *
 * For language bindings, and for functions that create tasks on behalf of their callers: the address of a C function
 * says nothing there. Each string is kept as long as the process, as [func@GLib.intern_string] does, so pass no text
 * with numbers or names of the moment.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_set_origin (TendTask   *self,
                      const char *origin)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (origin != NULL);

  self->origin = g_intern_string (origin);
  self->names_origin = TRUE;
}

typedef struct
{
  TendTask     *task;
  const GError *error;
} Report;

static void
report_cb (gpointer data)
{
  const Report *self = data;
  g_autofree char *task = tend_task_to_string (self->task);
  g_autofree char *head = tend_task_head (self->task);
  g_autofree char *origin = tend_task_dup_origin (self->task);

  tend_report_unobserved (task, head, self->error, origin);
}

/* Reports an error of the task that nobody else is told of. */
void
tend_task_report (TendTask     *self,
                  const GError *error)
{
  Report report = { self, error };

  tend_call_native (report_cb, &report);
}

/* Takes the error, or NULL, with which a body comes when its task has ended without it. */
void
tend_task_take_late_error (TendTask *self,
                           GError   *error)
{
  if (error != NULL && (self->body == NULL || !self->body->passes_on))
    tend_task_report (self, error);
  g_clear_error (&error);
}

/* --- How far it has come --- */

/**
 * tend_task_get_status:
 * @self: a task
 *
 * Gets the status of the task.
 *
 * May be called from any thread.
 *
 * Returns: the status
 *
 * Since: 0.1
 */
TendTaskStatus
tend_task_get_status (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), TEND_TASK_STATUS_CREATED);

  return tend_task_status (self);
}

/**
 * tend_task_is_started:
 * @self: a task
 *
 * Checks whether the task was started or registered with a manager.
 *
 * May be called from any thread.
 *
 * Returns: %FALSE if nothing was done with the task since it was created
 *
 * Since: 0.1
 */
gboolean
tend_task_is_started (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return tend_task_status (self) != TEND_TASK_STATUS_CREATED;
}

/**
 * tend_task_is_running:
 * @self: a task
 *
 * Checks whether the task's body runs, or has run and will run again.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if the status is %TEND_TASK_STATUS_RUNNING
 *
 * Since: 0.1
 */
gboolean
tend_task_is_running (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return tend_task_status (self) == TEND_TASK_STATUS_RUNNING;
}

/**
 * tend_task_is_ended:
 * @self: a task
 *
 * Checks whether the task has ended, in whichever way.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if the status is final
 *
 * Since: 0.1
 */
gboolean
tend_task_is_ended (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return tend_task_has_ended (self);
}

/**
 * tend_task_is_finished:
 * @self: a task
 *
 * Tells whether the task has ended and nothing of its body runs any more.
 *
 * A task that was stopped while its body is a thread, or a fiber that still unwinds, has ended and is not finished.
 *
 * Only for the owning thread.
 *
 * Returns: %TRUE if the task is finished
 *
 * Since: 0.1
 */
gboolean
tend_task_is_finished (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return tend_task_is_released (self);
}

/**
 * tend_task_is_cancelling:
 * @self: a task
 *
 * Checks whether the task's body was asked to end.
 *
 * Call it from time to time in a body that computes in a thread. May be called from any thread.
 *
 * Returns: %TRUE if the task was cancelled or stopped while its body ran
 *
 * Since: 0.1
 */
gboolean
tend_task_is_cancelling (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return tend_task_cancelling (self) != TEND_CANCELLING_NOT;
}
