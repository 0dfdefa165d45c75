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
 * A fiber stands still meanwhile. The body of a thread blocks, and its thread does not count against the limit of
 * [func@Tend.set_max_threads]; there @task may be of any main context that another thread runs. For one of a context
 * that this thread runs itself there is [method@Tend.Task.wait_sync].
 *
 * The error of @task comes back as @error, which counts as having observed it. Cancelling the
 * caller ends the wait and leaves @task alone. A task that has ended is no wait, but the call still
 * fails where the caller was cancelled.
 *
 * Returns: %TRUE if @task completed; %FALSE with @error set if not. `G_IO_ERROR_CANCELLED` and
 *   `TEND_ERROR_STOPPED` may be the caller's own end; `TEND_ERROR_NO_FIBER` says that the
 *   caller is neither a fiber nor a thread's body, `TEND_ERROR_WRONG_THREAD` that @task is of another context
 *   than the fiber, and `TEND_ERROR_STATE` that @task is the caller, or of a context that the thread's body runs
 *
 * Since: 0.1
 */
gboolean
tend_await (TendTask  *task,
            GError   **error)
{
  TendTask *worker = tend_task_get_blocking ();
  g_autoptr(TendTask) kept = NULL;
  g_autofree char *text = NULL;
  TendLoop *loop;
  TendJob *wake;

  g_return_val_if_fail (TEND_IS_TASK (task), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (worker != NULL)
    return tend_thread_await (worker, task, error);

  /* The fiber may stand still here already, while somebody drops the task. */
  kept = g_object_ref (task);
  wake = tend_begin_wait (G_STRFUNC, error);
  if (wake == NULL)
    return FALSE;

  /* Who happens to run another context now does not count: that may change while the fiber waits. */
  loop = tend_task_loop (task);
  if (loop == NULL ||
      tend_loop_get_context (loop) != tend_loop_get_context (tend_task_loop (tend_task_get_current ())))
    {
      text = tend_task_to_string (task);
      g_set_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                   _("%s belongs to another main context, and cannot be awaited here"), text);
      return FALSE;
    }

  if (task == tend_task_get_current ())
    {
      text = tend_task_to_string (task);
      g_set_error (error, TEND_ERROR, TEND_ERROR_STATE,
                   _("%s cannot wait for its own end"), text);
      return FALSE;
    }

  /* Who waits in the queue of the task holds no reference, and is woken when it is dropped. */
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
 * Sleeps, never shorter than @duration, while the main context goes on.
 *
 * In the body of a fiber, or of a thread, which blocks and does not count against the limit of
 * [func@Tend.set_max_threads] meanwhile.
 *
 * Returns: %TRUE, or %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was
 *   cancelled or ended, `TEND_ERROR_NO_FIBER` outside such a body, and
 *   `G_IO_ERROR_INVALID_ARGUMENT` if @duration is negative
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
                   _("Cannot sleep for a negative time: %" PRId64 " us"), duration);
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
 * Lets everything else run, and goes on in the next turn of the loop.
 *
 * Returns: %TRUE, or %FALSE with an error as tend_sleep() gives it
 *
 * Since: 0.1
 */
gboolean
tend_yield (GError **error)
{
  return tend_sleep (0, error);
}

/*
 * A slot that is waited for holds its waiter, marked by the lowest bit, which no object's address
 * has. tend_resume() so needs nothing but the slot's address.
 */
#define SLOT_MARK ((guintptr) 1)

/* Lies on the stack of the fiber, which stands still meanwhile. */
typedef struct
{
  TendLoop *loop;
  TendJob  *wake;
} SlotWaiter;

/**
 * tend_resume: (skip)
 * @source_object: (nullable): what the operation was called on
 * @result: its result
 * @user_data: the address of a `GAsyncResult *` that is %NULL
 *
 * The callback to give to any asynchronous operation that a fiber waits for with
 * tend_await_result().
 *
 * Since: 0.1
 */
void
tend_resume (GObject      *source_object,
             GAsyncResult *result,
             gpointer      user_data)
{
  GAsyncResult **slot = user_data;
  guintptr waiter = (guintptr) *slot;

  *slot = g_object_ref (result);

  if (waiter & SLOT_MARK)
    {
      SlotWaiter *fiber = (SlotWaiter *) (waiter & ~SLOT_MARK);

      tend_loop_queue_micro (fiber->loop, fiber->wake);
    }
}

/**
 * tend_await_result: (skip)
 * @result: (inout) (transfer full): a variable that was %NULL when the operation began
 * @error: return location for an error
 *
 * Waits until the asynchronous operation that was begun with tend_resume() and the address of
 * @result has its result.
 *
 *     g_autoptr(GAsyncResult) result = NULL;
 *
 *     g_file_load_contents_async (file, tend_current_cancellable (), tend_resume, &result);
 *     if (!tend_await_result (&result, error))
 *       return FALSE;
 *     return g_file_load_contents_finish (file, result, &data, &length, NULL, error);
 *
 * Once an operation has begun with the address of a variable, this must be called before the
 * variable goes. It always waits for the operation, whose callback will write there; cancelling
 * and stopping the task cancel its cancellable, and so the operation. Of a cancelled task the
 * operation's own `finish` function tells.
 *
 * Returns: %TRUE when @result is there; %FALSE, with @result cleared, and `TEND_ERROR_STOPPED`
 *   if the task ended meanwhile, or `TEND_ERROR_NO_FIBER` outside a fiber
 *
 * Since: 0.1
 */
gboolean
tend_await_result (GAsyncResult **result,
                   GError       **error)
{
  TendTask *task = tend_task_get_current ();
  SlotWaiter waiter;

  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!tend_is_on_fiber ())
    {
      tend_begin_wait (G_STRFUNC, error);
      return FALSE;
    }

  if (*result == NULL)
    {
      waiter.loop = tend_task_loop (task);
      waiter.wake = tend_begin_bound_wait ();
      *result = (GAsyncResult *) ((guintptr) &waiter | SLOT_MARK);
      tend_loop_hold (waiter.loop);
      tend_wait_bound ();
      tend_loop_unhold (waiter.loop);
    }

  if (!tend_task_has_ended (task))
    return TRUE;

  g_clear_object (result);
  tend_begin_wait (G_STRFUNC, error);
  return FALSE;
}

/**
 * tend_current_cancellable: (skip)
 *
 * Gets the cancellable to give to what the running body calls.
 *
 * Returns: (transfer none) (nullable): the cancellable of the current task; %NULL under a shield
 *   and outside tasks
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
 * Lets the waits of the running fiber go on although its task is cancelled.
 *
 * For cleaning up: until tend_shield_pop() waits do not fail with `G_IO_ERROR_CANCELLED`, and
 * tend_current_cancellable() is %NULL. Shields nest. Against tend_task_stop() there is none. A shield for the rest of
 * a scope is `g_auto(TendShield) shield = tend_shield_enter ();`.
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
 * Takes off the shield that tend_shield_push() put on.
 *
 * Since: 0.1
 */
void
tend_shield_pop (void)
{
  if (!tend_shield_fiber (-1))
    g_critical ("%s: no shield is on", G_STRFUNC);
}

/**
 * tend_run: (skip)
 * @func: the main part of the program
 * @user_data: data for @func
 * @error: return location for an error
 *
 * Runs @func as a fiber, and the thread-default main context until it has ended.
 *
 * The entry for `main()`, and so its task is `Task('main()', 1)`. Tasks that are unfinished when
 * @func returns stand still until the main context runs again: shut their manager down, or await
 * them, before that. While a [class@Tend.Clock] holds time still, it jumps from deadline to
 * deadline.
 *
 * Returns: %TRUE, or %FALSE with the error that @func gave, or with `TEND_ERROR_STATE` in a
 *   fiber, where @func does not run
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
                   _("%s() runs the main context, which a fiber cannot do: use tend_await()"), G_STRFUNC);
      return FALSE;
    }

  task = tend_task_new_fiber (tend_main_name, func, user_data, NULL);
  tend_task_set_origin (task, __builtin_return_address (0));

  return tend_task_start (task, error) && tend_task_wait_sync (task, error);
}
