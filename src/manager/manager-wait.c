// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the tasks of a manager, by callback and in a fiber.

#include "tend-manager-private.h"

#include "tend-fiber.h"

/* --- Waiting --- */

static void
wait_unlisten (TendManagerWait *wait)
{
  if (wait->cancelled != NULL)
    g_source_destroy (wait->cancelled);
  g_clear_pointer (&wait->cancelled, g_source_unref);
}

/*
 * Takes the wait at @i out of @waits, for the caller to return and to free it. Whoever waited is
 * called by the return, and must find it in no list and beyond giving up.
 */
TendManagerWait *
tend_manager_wait_take (GPtrArray *waits,
                        guint      i)
{
  TendManagerWait *wait = g_ptr_array_steal_index (waits, i);

  wait_unlisten (wait);

  return wait;
}

void
tend_manager_wait_free (TendManagerWait *wait)
{
  wait_unlisten (wait);
  g_object_unref (wait->result);
  g_object_unref (wait->manager);
  g_free (wait);
}

static gboolean
wait_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  TendManagerWait *wait = user_data;
  TendTaskManagerPrivate *priv = tend_manager_get_private (wait->manager);
  guint i;

  if (g_ptr_array_find (priv->waits, wait, &i))
    tend_manager_wait_take (priv->waits, i);
  else if (g_ptr_array_find (priv->shutdown_waits, wait, &i))
    tend_manager_wait_take (priv->shutdown_waits, i);

  g_task_return_error_if_cancelled (wait->result);
  tend_manager_wait_free (wait);

  return G_SOURCE_REMOVE;
}

/* Adds a wait to @waits, which ends by a return of @result and its removal; takes @result. */
TendManagerWait *
tend_manager_wait_new (TendTaskManager *self,
                       GPtrArray       *waits,
                       GTask           *result)
{
  TendManagerWait *wait = g_new0 (TendManagerWait, 1);
  GCancellable *cancellable = g_task_get_cancellable (result);

  wait->manager = g_object_ref (self);
  wait->result = result;
  wait->caller = tend_task_get_current ();
  g_ptr_array_add (waits, wait);

  if (cancellable != NULL)
    {
      wait->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (wait->cancelled, G_SOURCE_FUNC (wait_cancelled_cb), wait, NULL);
      g_source_set_static_name (wait->cancelled, "[libtend] wait");
      g_source_attach (wait->cancelled, g_task_get_context (result));
    }

  return wait;
}

/* What a fiber waits for, and what it gets: freed by the fiber, or by the callback once that left. */
typedef struct
{
  TendLoop     *loop;       /* the fiber's */
  TendQueue     fiber;      /* its job, while it waits */
  GAsyncResult *result;
  gboolean      is_left;
} FiberWait;

static void
fiber_wait_free (FiberWait *wait)
{
  g_clear_object (&wait->result);
  g_free (wait);
}

static void
fiber_wait_cb (GObject      *source_object,
               GAsyncResult *result,
               gpointer      user_data)
{
  FiberWait *wait = user_data;
  TendJob *fiber = tend_queue_peek (&wait->fiber);

  wait->result = g_object_ref (result);
  if (fiber != NULL)
    {
      tend_job_unlink (fiber);
      tend_loop_queue_micro (wait->loop, fiber);
    }
  else if (wait->is_left)
    fiber_wait_free (wait);
}

/*
 * Waits in a fiber for what @begin begins. tend_await_result() would not do: it is for work that
 * goes on outside of the context, for which virtual time stands still.
 */
gboolean
tend_manager_wait_in_fiber (TendTaskManager   *self,
                            const char        *func,
                            TendManagerBegin   begin,
                            TendManagerFinish  finish,
                            GError           **error)
{
  TendJob *wake = tend_begin_wait (func, error);
  FiberWait *wait;
  gboolean ok;

  if (wake == NULL)
    return FALSE;

  if (!tend_loop_is_mine (tend_manager_get_private (self)->loop))
    {
      g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
                   "%s(): the manager belongs to the main context of another thread", func);
      return FALSE;
    }

  wait = g_new0 (FiberWait, 1);
  wait->loop = tend_task_get_current ()->loop;
  tend_queue_init (&wait->fiber);
  begin (self, tend_current_cancellable (), fiber_wait_cb, wait);
  tend_queue_push (&wait->fiber, wake);

  ok = tend_wait (error);
  if (wait->result == NULL)
    {
      wait->is_left = TRUE;
      return FALSE;
    }

  ok = ok && finish (self, wait->result, error);
  fiber_wait_free (wait);

  return ok;
}

/**
 * tend_task_manager_wait_for_tasks_async:
 * @self: a manager
 * @cancellable: (nullable): gives up waiting; the tasks go on
 * @callback: (nullable) (scope async) (closure user_data): what to call at the end
 * @user_data: data for @callback
 *
 * Waits until every task that is registered now has really ended, in whichever way.
 *
 * Tasks that are registered meanwhile are not waited for, and neither is the task that calls.
 *
 * Since: 0.1
 */
void
tend_task_manager_wait_for_tasks_async (TendTaskManager     *self,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  TendTaskManagerPrivate *priv;
  TendManagerWait *wait;
  TendTask *caller = tend_task_get_current ();
  guint n_left = 0;
  GTask *result;

  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (!tend_manager_check_thread (self, G_STRFUNC))
    return;

  priv = tend_manager_get_private (self);
  result = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (result, tend_task_manager_wait_for_tasks_async);

  for (GSequenceIter *iter = g_sequence_get_begin_iter (priv->entries);
       !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    n_left += ((TendEntry *) g_sequence_get (iter))->task != caller;

  if (n_left == 0)
    {
      g_task_return_boolean (result, TRUE);
      g_object_unref (result);
      return;
    }

  wait = tend_manager_wait_new (self, priv->waits, result);
  wait->last_serial = priv->serial;
  wait->n_left = n_left;
}

/**
 * tend_task_manager_wait_for_tasks_finish:
 * @self: a manager
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes a wait that [method@Tend.TaskManager.wait_for_tasks_async] began.
 *
 * Returns: %TRUE, whatever became of the tasks; %FALSE with `G_IO_ERROR_CANCELLED` if the wait was
 *   given up
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_wait_for_tasks_finish (TendTaskManager  *self,
                                         GAsyncResult     *result,
                                         GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tend_task_manager_wait_for_tasks_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tend_task_manager_wait_for_tasks: (skip)
 * @self: a manager
 * @error: return location for an error
 *
 * Waits in a fiber as [method@Tend.TaskManager.wait_for_tasks_async] does.
 *
 * Returns: %TRUE, or %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_TASK_ERROR_STOPPED` if the calling
 *   task was cancelled or ended, and `TEND_TASK_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_wait_for_tasks (TendTaskManager  *self,
                                  GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return tend_manager_wait_in_fiber (self, G_STRFUNC, tend_task_manager_wait_for_tasks_async,
                                     tend_task_manager_wait_for_tasks_finish, error);
}
