// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The last steps of a shutdown. All shutdown tasks run, one by one, each for no longer than the grace period. Then
// those who wait for the shutdown get its result. The steps before are in manager-shutdown.c.
//
// Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"
#include "tend-manager-wait-private.h"

/* --- Steps --- */

/* The manager of a step of its shutdown. */
TendTaskManager *
tend_manager_of_step (TendJob *job)
{
  TendTaskManagerPrivate *priv = TEND_MANAGER_PRIVATE_OF (job, shutdown_step);

  return priv->shutting_down;
}

/* Makes @step the next one of the shutdown, @usec from now. */
void
tend_manager_set_step (TendTaskManager *self,
                       TendJobFunc      step,
                       gint64           usec)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  tend_loop_remove (priv->loop, &priv->shutdown_step);
  priv->shutdown_step.run = step;

  if (usec == 0)
    tend_loop_queue_ready (priv->loop, &priv->shutdown_step);
  else
    {
      priv->step_began = tend_loop_now (priv->loop);
      priv->grace_deadline = tend_time_add (priv->step_began, usec);
      tend_loop_arm (priv->loop, &priv->shutdown_step, priv->grace_deadline);
    }
  tend_manager_changed (priv);
}

/* --- The last step --- */

/* Gives the result of the shutdown, which is over: TRUE, or its errors. */
void
tend_manager_shutdown_return (GPtrArray *errors,
                              GTask     *result)
{
  if (errors->len == 0)
    g_task_return_boolean (result, TRUE);
  else if (errors->len == 1)
    g_task_return_error (result, g_error_copy (g_ptr_array_index (errors, 0)));
  else
    g_task_return_error (result, tend_error_new_several (errors));
}

/* The last step: gives the result of the shutdown to those who wait. */
void
tend_manager_shutdown_finish (TendTaskManager *self)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendTaskManager *held = g_steal_pointer (&priv->shutting_down);
  g_autoptr(GPtrArray) errors = g_ptr_array_ref (priv->shutdown_errors);
  g_autoptr(GPtrArray) over = g_ptr_array_new_with_free_func ((GDestroyNotify) tend_manager_wait_free);

  /* Who gets the result may dispose of the owner, and then nothing must be left to end. */
  priv->state = TEND_MANAGER_SHUT_DOWN;
  priv->was_down = TRUE;
  tend_manager_changed (priv);
  tend_manager_leave_when_done (self);
  tend_manager_release_rest (self);
  g_clear_pointer (&priv->drained, g_ptr_array_unref);

  /* A parent that gets the result may end the manager again at once, to wait for its rest. */
  while (priv->shutdown_waits->len > 0)
    g_ptr_array_add (over, tend_manager_wait_take (g_ptr_array_index (priv->shutdown_waits, 0)));
  for (guint i = 0; i < over->len; i++)
    tend_manager_shutdown_return (errors, ((TendManagerWait *) g_ptr_array_index (over, i))->result);

  g_object_unref (held);
}

/* --- The shutdown tasks --- */

/* The shutdown task is over, with @error or without; takes @error. */
static void
go_on_after (TendTaskManager *self,
             TendTask        *task,
             GError          *error)
{
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);

  if (error != NULL)
    g_ptr_array_add (priv->shutdown_errors, error);
  tend_task_set_observed (task);
  tend_task_remove_observer (task, &priv->shutdown_observer);
  g_object_unref (g_queue_pop_head (&priv->shutdown_tasks));

  tend_manager_set_step (self, tend_manager_run_next_cb, 0);
}

static void
shutdown_task_released (TendObserver *observer,
                        TendTask     *task)
{
  TendTaskManagerPrivate *priv = TEND_MANAGER_PRIVATE_OF (observer, shutdown_observer);
  g_autoptr(TendTaskManager) self = g_object_ref (priv->shutting_down);
  const GError *error = tend_task_peek_error (task);
  g_autoptr(GError) copy = NULL;

  /* To copy the error may run user code, which may dispose of the manager or run the main context. */
  tend_task_remove_observer (task, observer);
  tend_loop_remove (priv->loop, &priv->shutdown_step);
  copy = error != NULL ? g_error_copy (error) : NULL;
  if (priv->shutting_down != NULL)
    go_on_after (self, task, g_steal_pointer (&copy));
}

const TendObserverClass tend_shutdown_observer = {
  .released = shutdown_task_released,
};

/* A shutdown task has not ended in time: it is stopped, and not waited for. */
static void
shutdown_task_late_cb (TendJob *job)
{
  TendTaskManager *self = tend_manager_of_step (job);
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  g_autoptr(TendTask) task = g_object_ref (g_queue_peek_head (&priv->shutdown_tasks));

  go_on_after (self, task,
               tend_task_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                    _("stopped: this shutdown task is %s, and did not end within %.3f s"),
                                    tend_task_status_to_string (tend_task_status (task)),
                                    (double) priv->grace_period / G_TIME_SPAN_SECOND));
  tend_task_stop (task);
}

/* Runs the next shutdown task. One that was started or ended by somebody else does not run again. */
void
tend_manager_run_next_cb (TendJob *job)
{
  g_autoptr(TendTaskManager) self = g_object_ref (tend_manager_of_step (job));
  TendTaskManagerPrivate *priv = tend_manager_get_private (self);
  TendTask *task;

  /* To drop a task that cannot run may run user code, which may dispose of the manager. */
  while (priv->shutting_down != NULL && (task = g_queue_peek_head (&priv->shutdown_tasks)) != NULL)
    {
      g_autoptr(TendTask) kept = NULL;
      GError *error = NULL;

      if (tend_task_check_startable (task, &error))
        {
          /* To start it runs user code, which may end it, and the shutdown drops it when it has ended. */
          kept = g_object_ref (task);
          tend_manager_set_step (self, shutdown_task_late_cb, MAX (1, priv->grace_period));
          tend_task_add_observer (task, &priv->shutdown_observer);
          tend_task_start (task, NULL);
          return;
        }

      g_ptr_array_add (priv->shutdown_errors, error);
      g_object_unref (g_queue_pop_head (&priv->shutdown_tasks));
    }

  if (priv->shutting_down != NULL)
    tend_manager_shutdown_finish (self);
}

/**
 * tend_task_manager_add_shutdown_task:
 * @self: a manager
 * @task: (transfer full): a task, not started
 * @error: return location for an error
 *
 * Adds a task that runs at the end of the shutdown.
 *
 * Shutdown tasks run when every other task is finished, one after the other, in the order in which they were added. All
 * of them run, even if some fail. A shutdown task that has not ended after [property@Tend.TaskManager:grace-period],
 * its delay included, is stopped, and the error of the shutdown names it. A shutdown task may add further ones. If
 * somebody else has started or ended @task by then, it does not run, and the shutdown gets an error.
 *
 * Returns: %TRUE, or %FALSE with `TEND_ERROR_SHUT_DOWN` after the shutdown, `TEND_ERROR_WRONG_THREAD` if the task
 *   belongs to another context, and the errors of [method@Tend.Task.start] if it could not be started
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_add_shutdown_task (TendTaskManager  *self,
                                     TendTask         *task,
                                     GError          **error)
{
  g_autoptr(TendTask) held = task;
  TendTaskManagerPrivate *priv;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  priv = tend_manager_get_private (self);
  if (!tend_task_check_startable (task, error) || !tend_manager_check_context (self, task, error))
    return FALSE;

  if (priv->was_down)
    {
      tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_SHUT_DOWN,
                           _("is not added: the manager has been shut down"));
      return FALSE;
    }

  if (priv->gate != NULL)
    tend_task_set_gate (task, priv->gate);
  g_queue_push_tail (&priv->shutdown_tasks, g_steal_pointer (&held));

  return TRUE;
}
