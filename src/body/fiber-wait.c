// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a fiber calls to wait, and the fiber that is a program's main part.

#include "thread-private.h"
#include "tend-task-private.h"

#include "tend-fiber.h"

/**
 * tend_await: (skip)
 * @task: a task, for a fiber one of the same main context
 * @error: return location for an error
 *
 * Waits for the end of @task, in the body of a fiber or of a thread.
 *
 * A fiber is suspended while the loop goes on, and @task must be of the same main context. The body of a thread blocks,
 * and its thread does not count against the limit of [func@Tend.set_max_threads] meanwhile; there @task may be of any
 * main context that another thread runs. For a task of a context that the calling thread runs itself, use
 * [method@Tend.Task.wait_sync].
 *
 * If @task failed, its error is returned in @error and counts as observed. Cancelling the caller ends the wait and
 * leaves @task alone. If @task has ended already, the call does not wait, but still fails if the caller was cancelled.
 *
 * Returns: %TRUE if @task completed; %FALSE with @error set if not. `G_IO_ERROR_CANCELLED` and `TEND_ERROR_STOPPED` may
 *   be those of the caller. `TEND_ERROR_NO_FIBER`: the caller is neither a fiber nor the body of a thread;
 *   `TEND_ERROR_WRONG_THREAD`: @task is of another context than the fiber; `TEND_ERROR_STATE`: @task is the caller, or
 *   of a context that the thread's body runs
 *
 * Since: 0.1
 */
gboolean
tend_await (TendTask  *task,
            GError   **error)
{
  TendTask *worker = tend_task_get_blocking ();
  g_autoptr(TendTask) kept = NULL;
  TendLoop *loop;
  TendJob *wake;

  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (worker != NULL)
    return tend_thread_await (worker, task, error);

  /* The fiber may be suspended already while another thread drops the task. */
  kept = g_object_ref (task);
  wake = tend_begin_wait (G_STRFUNC, error);
  if (wake == NULL)
    return FALSE;

  /* Which thread runs another context now does not count: that may change while the fiber waits. */
  loop = tend_task_loop (task);
  if (loop == NULL ||
      tend_loop_get_context (loop) != tend_loop_get_context (tend_task_loop (tend_task_get_current ())))
    {
      tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                           _("belongs to another main context, and cannot be awaited here"));
      return FALSE;
    }

  if (task == tend_task_get_current ())
    {
      tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_STATE, _("cannot wait for its own end"));
      return FALSE;
    }

  /* A waiter in the queue of the task holds no reference, and is woken when the task is dropped. */
  if (!tend_task_is_over (task))
    {
      tend_task_add_waiter (task, wake);
      g_clear_object (&kept);
      if (!tend_wait (error))
        return FALSE;
    }

  return tend_task_propagate (task, error);
}

/**
 * tend_sleep: (skip)
 * @duration: how long, in microseconds; 0 is until the next turn of the loop
 * @error: return location for an error
 *
 * Sleeps for @duration in the body of a fiber or of a thread.
 *
 * A fiber is suspended while the loop goes on. The body of a thread blocks, and its thread does not count against the
 * limit of [func@Tend.set_max_threads] meanwhile. The sleep is never shorter than @duration.
 *
 * Returns: %TRUE, or %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled or has ended,
 *   `TEND_ERROR_NO_FIBER` outside such a body, and `G_IO_ERROR_INVALID_ARGUMENT` if @duration is negative
 *
 * Since: 0.1
 */
gboolean
tend_sleep (gint64    duration,
            GError  **error)
{
  TendTask *worker;
  TendLoop *loop;
  TendJob *wake;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (duration < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("%s(): the time of %" PRId64 " us is negative"), G_STRFUNC, duration);
      return FALSE;
    }

  worker = tend_task_get_blocking ();
  if (worker != NULL)
    return tend_thread_sleep (worker, duration, error);

  wake = tend_begin_wait (G_STRFUNC, error);
  if (wake == NULL)
    return FALSE;

  loop = tend_task_loop (tend_task_get_current ());
  if (duration == 0)
    tend_loop_queue_ready (loop, wake);
  else
    tend_loop_arm (loop, wake, tend_time_add (tend_loop_now (loop), duration));

  return tend_wait (error);
}

/**
 * tend_yield: (skip)
 * @error: return location for an error
 *
 * Lets the loop run everything else, and returns in its next turn.
 *
 * Use it in a fiber that computes for long, so that others run in between.
 *
 * Returns: %TRUE, or %FALSE with an error as tend_sleep() sets it
 *
 * Since: 0.1
 */
gboolean
tend_yield (GError **error)
{
  return tend_sleep (0, error);
}

/**
 * tend_current_cancellable: (skip)
 *
 * Gets the cancellable for operations that the running body starts.
 *
 * Returns: (transfer none) (nullable): the cancellable of the current task; %NULL under a shield and outside tasks
 *
 * Since: 0.1
 */
GCancellable *
tend_current_cancellable (void)
{
  TendTask *task = tend_task_get_current ();

  if (tend_task_loop (task) == NULL || tend_shield_fiber (0))
    return NULL;

  return tend_task_get_cancellable (task);
}

/**
 * tend_shield_push: (skip)
 *
 * Shields the waits of the running fiber from the cancellation of its task.
 *
 * Use it for clean-up that waits. Until tend_shield_pop() is called, waits do not fail with `G_IO_ERROR_CANCELLED`, and
 * tend_current_cancellable() returns %NULL. Shields nest. A shield does not protect from tend_task_stop().
 *
 * For the rest of a scope, write `g_auto(TendShield) shield = tend_shield_enter ();`.
 *
 * Since: 0.1
 */
void
tend_shield_push (void)
{
  g_return_if_fail (tend_is_on_fiber ());

  tend_shield_fiber (1);
}

/**
 * tend_shield_pop: (skip)
 *
 * Removes the shield of the last tend_shield_push().
 *
 * Since: 0.1
 */
void
tend_shield_pop (void)
{
  if (!tend_shield_fiber (-1))
    g_critical ("%s(): no shield is on", G_STRFUNC);
}

/**
 * tend_run: (skip)
 * @func: the main part of the program
 * @user_data: data for @func
 * @error: return location for an error
 *
 * Runs @func as a fiber, and iterates the thread-default main context until @func has returned.
 *
 * Use it as the main part of a program, in `main()`. Its task is `Task('main()', 1)`. When @func has returned, what it
 * leaves behind is cancelled and waited for, as [func@Tend.run_task] says. While a [class@Tend.Clock] has frozen time,
 * time jumps from deadline to deadline.
 *
 * Returns: %TRUE, or %FALSE with the error that @func set, or with `TEND_ERROR_STATE` in a fiber, where @func is not
 *   called
 *
 * Since: 0.1
 */
gboolean
tend_run (TendBodyFunc   func,
          gpointer       user_data,
          GError       **error)
{
  g_autoptr(TendTask) task = NULL;

  g_return_val_if_fail (func != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (tend_is_on_fiber ())
    {
      g_set_error (error, TEND_ERROR, TEND_ERROR_STATE,
                   _("%s(): runs the main context, which a fiber cannot do: use tend_await()"), G_STRFUNC);
      return FALSE;
    }

  task = tend_task_new_fiber (tend_main_name, func, user_data, NULL);
  tend_task_set_caller (task, __builtin_return_address (0));

  return tend_run_task (task, error);
}
