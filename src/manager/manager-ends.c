// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The ends of a manager beside the shutdown: it closes, it drains, and it stops all that it has. The drain itself is in
// manager-shutdown.c, since it ends as a shutdown does. Ownership: the loop thread's.

#include "tend-manager-private.h"
#include "tend-manager-shutdown-private.h"
#include "tend-manager-wait-private.h"

/**
 * tend_task_manager_close:
 * @self: a manager
 *
 * Refuses new tasks from now on.
 *
 * The tasks that are there go on: those that run, and those that wait for their delay, their name or a slot. The child
 * managers are closed as well. No child manager can be added any more, but shutdown tasks can. Nothing opens a closed
 * manager again.
 *
 * Does nothing if the manager is closed already. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_manager_close (TendTaskManager *self)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  if (tend_manager_check_thread (self, G_STRFUNC))
    tend_manager_close (self);
}

/**
 * tend_task_manager_is_closed:
 * @self: a manager
 *
 * Tells whether the manager refuses new tasks: it was closed, it drains, it was shut down, or its owner is gone.
 *
 * Returns: %TRUE if the manager takes no new tasks
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_is_closed (TendTaskManager *self)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);

  return tend_manager_is_closed (tend_manager_get_private (self));
}

/* --- To drain --- */

/**
 * tend_task_manager_drain_async:
 * @self: a manager
 * @cancellable: (nullable): gives up waiting; the drain goes on
 * @callback: (nullable) (scope async) (closure user_data): what to call at the end
 * @user_data: data for @callback
 *
 * Closes the manager, waits until every task is finished, and then shuts it down.
 *
 * No task is cancelled: those that wait for their delay, their name or a slot run as well. There is no limit of time,
 * and an interval task goes on until somebody ends it. Child managers are drained meanwhile, and their errors are among
 * those of this one. Those that have ended before and have threads left, such as the managers of owners that are gone,
 * are waited for as well. When all of them are down and every task is finished, the shutdown tasks run.
 *
 * The drain keeps the manager alive. A second call joins the first, and joins a shutdown that is under way.
 * [method@Tend.TaskManager.shutdown_async] overtakes the drain: it cancels what is left. Then both calls get the same
 * result. No task of the manager or of one below that waits for the drain is waited for, and one with an interval is
 * cancelled when its run is over. A shutdown task of these managers cannot wait for it, and gets `TEND_ERROR_STATE`.
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_manager_drain_async (TendTaskManager     *self,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  if (tend_manager_check_thread (self, G_STRFUNC))
    tend_manager_drain (self, tend_manager_new_result (self, tend_manager_get_private (self)->gate, cancellable,
                                                       callback, user_data, tend_task_manager_drain_async));
}

/**
 * tend_task_manager_drain_finish:
 * @self: a manager
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes a drain that [method@Tend.TaskManager.drain_async] began.
 *
 * Returns: %TRUE if every shutdown task completed, whatever became of the other tasks; %FALSE with @error set as
 *   [method@Tend.TaskManager.shutdown_finish] sets it
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_drain_finish (TendTaskManager  *self,
                                GAsyncResult     *result,
                                GError          **error)
{
  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tend_task_manager_drain_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * tend_task_manager_drain: (skip)
 * @self: a manager
 * @error: return location for an error
 *
 * Drains the manager in a fiber, as [method@Tend.TaskManager.drain_async] does.
 *
 * A task that was cancelled before cannot wait unless it is shielded: then the drain begins all the same, and only the
 * wait fails.
 *
 * Returns: %TRUE, or %FALSE with an error as [method@Tend.TaskManager.drain_finish] gives it, `G_IO_ERROR_CANCELLED` or
 *   `TEND_ERROR_STOPPED` if the calling task was cancelled or ended, and `TEND_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_task_manager_drain (TendTaskManager  *self,
                         GError          **error)
{
  g_autoptr(TendTaskManager) kept = NULL;

  g_return_val_if_fail (TEND_IS_TASK_MANAGER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  kept = g_object_ref (self);
  if (tend_manager_wait_in_fiber (self, tend_manager_get_private (self)->loop, G_STRFUNC,
                                  (TendManagerBegin) tend_task_manager_drain_async,
                                  (TendManagerFinish) tend_task_manager_drain_finish, error))
    return TRUE;

  /* A task that was cancelled cannot wait, but its clean-up must not leave the manager open. */
  if (tend_is_on_fiber () && tend_manager_get_private (self)->state < TEND_MANAGER_DRAINING)
    tend_task_manager_drain_async (self, NULL, NULL, NULL);

  return FALSE;
}

/* --- To stop --- */

/* On the native stack: those who wait for the tasks are told at once. */
static void
stop_all_native_cb (gpointer data)
{
  g_autoptr(GPtrArray) family = tend_manager_copy_family (data);
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < family->len; i++)
    g_ptr_array_extend_and_steal (tasks, tend_manager_copy_tasks (g_ptr_array_index (family, i)));

  tend_manager_end_tasks (tasks);
}

/**
 * tend_task_manager_stop_all:
 * @self: a manager
 *
 * Stops every task, here and in the child managers, before this returns.
 *
 * Each task ends as [method@Tend.Task.stop] has it: those that run, those that wait for their delay, their name or a
 * slot, and those that were cancelled before. None of them begins afterwards, and no timer, post, further run or exit
 * handler of one is called any more. Fibers unwind before this returns, except the one that calls and one that
 * waits for an operation of GIO. A thread goes on until it looks at its cancellable; what it returns is dropped.
 *
 * Use it where you cannot wait, such as in the `disable()` of an extension. It waits for nothing and begins no
 * shutdown: the manager stays as it is, open, closed or draining. An open one takes new tasks, from the handlers that
 * hear of these ends as well; close it before if you want none. Shutdown tasks are not touched.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_manager_stop_all (TendTaskManager *self)
{
  g_return_if_fail (TEND_IS_TASK_MANAGER (self));

  if (tend_manager_check_thread (self, G_STRFUNC))
    tend_call_native (stop_all_native_cb, self);
}
