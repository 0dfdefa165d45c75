// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function on the loop's thread, and ends when the function returns.

#include "tend-task-private.h"

static void
callback_run (TendTask *task)
{
  TendBodyFunc func = tend_task_func (task);
  GError *error = NULL;

  if (!func (task, tend_task_user_data (task), &error) && error == NULL && tend_task_peek_recorded_error (task) == NULL)
    error = tend_task_new_missing (task);

  tend_task_run_ended (task, error);
}

static void
callback_abandon (TendTask *task)
{
  /* The function is on the stack: the run ends when it returns. */
}

static const TendBodyClass callback_body = {
  .returns = TRUE,
  .run = callback_run,
  .abandon = callback_abandon,
};

/**
 * tend_task_new:
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task whose body runs on the loop's thread, in one go.
 *
 * The task ends when @func returns. Use [ctor@Tend.Task.new_open] for work that goes on after the function has
 * returned, a fiber for a body that waits, and [ctor@Tend.Task.new_thread] for one that takes long.
 *
 * The task belongs to the thread-default main context of the thread that creates it.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new (const char     *name,
               TendBodyFunc    func,
               gpointer        user_data,
               GDestroyNotify  notify)
{
  g_return_val_if_fail (func != NULL, NULL);

  return tend_task_create (name, &callback_body, func, user_data, notify, __builtin_return_address (0));
}

/**
 * tend_task_run:
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task as [ctor@Tend.Task.new] does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, whose body has run
 *
 * Since: 0.1
 */
TendTask *
tend_task_run (const char     *name,
               TendBodyFunc    func,
               gpointer        user_data,
               GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (func != NULL, NULL);

  task = tend_task_create (name, &callback_body, func, user_data, notify, __builtin_return_address (0));
  tend_task_start_or_fail (task);

  return task;
}
