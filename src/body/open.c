// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that stays open: a function on the loop's thread begins it, and somebody completes the task by
// returning a result, within the call or at any time later.

#include "tend-task-private.h"

static void
open_run (TendTask *task)
{
  TendBodyFunc func = tend_task_func (task);
  GError *error = NULL;

  if (func (task, tend_task_user_data (task), &error))
    {
      if (tend_task_is_active (task) && !tend_task_has_ended (task))
        tend_task_look_later (task);
      return;
    }

  if (error == NULL)
    error = tend_task_new_missing (task);

  /* The function may fail after it has completed the task or has had it stopped. */
  if (tend_task_is_active (task))
    tend_task_run_ended (task, error);
  else
    tend_task_fail (task, error);
}

static void
open_abandon (TendTask *task)
{
  tend_task_run_ended (task, NULL);
}

static const TendBodyClass open_body = {
  .returns = FALSE,
  .stays_open = TRUE,
  .run = open_run,
  .abandon = open_abandon,
};

/**
 * tend_task_new_open:
 * @name: (nullable): a name
 * @func: (nullable) (scope notified) (closure user_data) (destroy notify): begins the work, or %NULL
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task that stays open until somebody completes it.
 *
 * @func runs on the loop's thread and only begins the work. The task ends when one of the `return` methods is
 * called, by @func or by anybody later, from any thread, or when @func returns %FALSE with an error. Without @func
 * the task is running from the beginning.
 *
 * Whoever is to end the task holds a reference to it: @func takes one for the callback, which drops it. If @func has
 * returned, only the task's own reference is left, and the task has no timer, source, cancel handler or cancellable
 * that may lead to its end, then nobody can end it: a warning names it, once, in the next turn of the loop.
 *
 * Use it for callbacks that come from elsewhere. A task whose function does all of the work is simpler with
 * [ctor@Tend.Task.new]; a GIO pair with tend_task_new_async().
 *
 * The task belongs to the thread-default main context of the thread that creates it.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_open (const char     *name,
                    TendBodyFunc    func,
                    gpointer        user_data,
                    GDestroyNotify  notify)
{
  return tend_task_create (name, func != NULL ? &open_body : NULL, func,
                           user_data, notify, __builtin_return_address (0));
}

/**
 * tend_task_new_main:
 * @func: (scope notified) (closure user_data) (destroy notify): begins the program's main part
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates an open task for the main part of a program: `Task('main()', 1)`.
 *
 * For language bindings, whose main part is no fiber of [func@Tend.run]. With it, the tasks that the main part creates
 * have the same numbers as in C.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_main (TendBodyFunc    func,
                    gpointer        user_data,
                    GDestroyNotify  notify)
{
  g_return_val_if_fail (func != NULL, NULL);

  return tend_task_create (tend_main_name, &open_body, func, user_data, notify, __builtin_return_address (0));
}

/**
 * tend_task_run_open:
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): begins the work
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task as [ctor@Tend.Task.new_open] does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, whose function has run
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_open (const char     *name,
                    TendBodyFunc    func,
                    gpointer        user_data,
                    GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (func != NULL, NULL);

  task = tend_task_create (name, &open_body, func, user_data, notify, __builtin_return_address (0));
  tend_task_start_or_fail (task);

  return task;
}
