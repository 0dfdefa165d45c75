// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function on the loop's thread. It completes its task by returning a result,
// within the call or at any time later.

#include "tend-task-private.h"

static void
callback_run (TendTask *task)
{
  TendTaskFunc func = tend_task_func (task);

  func (task, tend_task_user_data (task));
}

static void
callback_abandon (TendTask *task)
{
  tend_task_run_ended (task, NULL);
}

static const TendBodyClass callback_body = {
  .returns = FALSE,
  .run = callback_run,
  .abandon = callback_abandon,
};

/**
 * tend_task_new:
 * @name: (nullable): a name
 * @func: (nullable) (scope notified) (closure user_data) (destroy notify): the body, or %NULL
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended and its body with it
 *
 * Makes a task whose body is a function on the loop's thread.
 *
 * The body completes the task with one of the `return` methods, before it returns or later. A task
 * without a body runs from the beginning, until somebody completes it by the same methods.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_task_new (const char     *name,
               TendTaskFunc    func,
               gpointer        user_data,
               GDestroyNotify  notify)
{
  return tend_task_create (name, func != NULL ? &callback_body : NULL, func,
                           user_data, notify, __builtin_return_address (0));
}

/**
 * tend_task_new_main:
 * @func: (scope notified) (closure user_data) (destroy notify): the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended and its body with it
 *
 * Makes a task as [ctor@Tend.Task.new] does, for the main part of a program: `Task('main()', 1)`.
 *
 * For languages whose main part is no fiber, as that of [func@Tend.run] is. The tasks that it makes
 * have the numbers that they have in C, then.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_main (TendTaskFunc    func,
                    gpointer        user_data,
                    GDestroyNotify  notify)
{
  g_return_val_if_fail (func != NULL, NULL);

  return tend_task_create (tend_main_name, &callback_body, func, user_data, notify,
                           __builtin_return_address (0));
}

/**
 * tend_task_run:
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended and its body with it
 *
 * Makes a task as [ctor@Tend.Task.new] does and starts it.
 *
 * In a thread that does not run its context, such as one of the pool without a context of its own, it cannot be
 * started: then it fails with `TEND_TASK_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, whose body has run up to where it returned
 *
 * Since: 0.1
 */
TendTask *
tend_task_run (const char     *name,
               TendTaskFunc    func,
               gpointer        user_data,
               GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (func != NULL, NULL);

  task = tend_task_create (name, &callback_body, func, user_data, notify,
                           __builtin_return_address (0));
  tend_task_start_or_fail (task);

  return task;
}
