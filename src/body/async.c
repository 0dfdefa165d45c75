// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a pair of functions in GIO's style: one begins the operation, the other finishes it.

#include "tend-task-private.h"

/* Takes over the reference to the task that async_run() took. */
static void
ready_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(TendTask) task = user_data;
  TendFinishFunc finish = (TendFinishFunc) tend_task_body_state (task);
  GError *error = NULL;

  tend_loop_unhold (tend_task_loop (task));

  if (!tend_task_stop_if_barred (task) && !tend_task_has_ended (task))
    {
      TendTask *previous = tend_task_enter (task);

      if (!finish (task, result, tend_task_user_data (task), &error) && error == NULL &&
          tend_task_peek_recorded_error (task) == NULL)
        error = tend_task_new_missing (task);
      tend_task_leave (previous);
    }
  else
    {
      error = tend_take_result_error (result);
    }

  tend_task_run_ended (task, error);
}

static void
async_run (TendTask *task)
{
  TendAsyncFunc func = (TendAsyncFunc) tend_task_func (task);

  tend_loop_hold (tend_task_loop (task));
  func (task, tend_task_get_cancellable (task), ready_cb, g_object_ref (task), tend_task_user_data (task));
}

static void
async_abandon (TendTask *task)
{
  /* The task's cancellable was cancelled: the operation returns, and its result is dropped. */
}

static const TendBodyClass async_body = {
  .returns = TRUE,
  .run = async_run,
  .abandon = async_abandon,
  .ready = ready_cb,
};

/**
 * tend_task_new_async: (skip)
 * @name: (nullable): a name
 * @begin: begins the operation
 * @finish: finishes it
 * @user_data: data for @begin and @finish
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task whose body is an asynchronous operation in GIO's style.
 *
 * The task ends when @finish has returned. Cancelling the task cancels the cancellable that @begin is given. If the
 * task is stopped while the operation is under way, @finish is not called; if its result is a [class@Gio.Task] with an
 * error, the error is reported.
 *
 * For C and Vala. For a single operation in the middle of other work, await it in a fiber with tend_await_call().
 *
 * The task belongs to the thread-default main context of the thread that creates it.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_async (const char     *name,
                     TendAsyncFunc   begin,
                     TendFinishFunc  finish,
                     gpointer        user_data,
                     GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (begin != NULL, NULL);
  g_return_val_if_fail (finish != NULL, NULL);

  task = tend_task_create (name, &async_body, begin, user_data, notify, __builtin_return_address (0));
  tend_task_set_body_state (task, finish);

  return task;
}

/**
 * tend_task_run_async: (skip)
 * @name: (nullable): a name
 * @begin: begins the operation
 * @finish: finishes it
 * @user_data: data for @begin and @finish
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task as tend_task_new_async() does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, whose operation has begun
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_async (const char     *name,
                     TendAsyncFunc   begin,
                     TendFinishFunc  finish,
                     gpointer        user_data,
                     GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (begin != NULL, NULL);
  g_return_val_if_fail (finish != NULL, NULL);

  task = tend_task_create (name, &async_body, begin, user_data, notify, __builtin_return_address (0));
  tend_task_set_body_state (task, finish);
  tend_task_start_or_fail (task);

  return task;
}
