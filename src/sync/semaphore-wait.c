// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Acquiring and releasing the permits of a semaphore. Ownership: the loop thread's. No user code runs where a decision
// is pending.

#include "semaphore-private.h"

static void
set_gone_error (GError **error)
{
  g_set_error (error, TEND_ERROR, TEND_ERROR_CLOSED, _("Semaphore: nobody can release it any more"));
}

/* Takes a permit for the current task, if one is available. */
static gboolean
take (TendSemaphore *self)
{
  if (self->n_available == 0)
    return FALSE;

  self->n_available--;
  tend_semaphore_add_hold (self, tend_task_peek_current ());
  tend_semaphore_note_change (self);
  return TRUE;
}

/* --- Acquiring in a fiber --- */

/* Takes @kept, a reference to @self or NULL. */
static gboolean
wait_for_permit (TendSemaphore  *self,
                 TendSemaphore  *kept,
                 TendJob        *wake,
                 GError        **error)
{
  TendWaiter waiter;
  gboolean goes_on;

  self->n_waiting++;
  tend_semaphore_note_change (self);
  goes_on = tend_waiter_wait_in (&waiter, self, kept, &self->waiters, wake, NULL, error);
  self->n_waiting--;

  if (goes_on && waiter.is_granted)
    tend_semaphore_add_hold (self, tend_task_get_current ());
  else if (goes_on)
    set_gone_error (error);
  else if (waiter.is_granted)
    self->n_available++;
  if (!waiter.is_woken)
    g_object_ref (self);
  tend_semaphore_settle (self);
  g_object_unref (self);

  return goes_on && waiter.is_granted;
}

/* Apart from the function below, whose way is short where it is one that is gone again and again. */
static G_GNUC_NO_INLINE gboolean
acquire (TendSemaphore  *self,
         const char     *func,
         GError        **error)
{
  g_autoptr(TendSemaphore) kept = NULL;
  TendJob *wake;

  /* Others may run before the fiber waits here, and drop the semaphore. */
  kept = tend_fiber_lets_run () ? g_object_ref (self) : NULL;
  if (!tend_waiter_begin (self->loop, &wake, error))
    return FALSE;

  if (take (self))
    return TRUE;

  if (wake == NULL)
    {
      tend_begin_wait (func, error);
      return FALSE;
    }

  return wait_for_permit (self, g_steal_pointer (&kept), wake, error);
}

/**
 * tend_semaphore_acquire: (skip)
 * @self: a semaphore
 * @error: return location for an error
 *
 * Acquires a permit, and waits while there is none.
 *
 * The permit belongs to the task of the fiber until [method@Tend.Semaphore.release], or until the task is finished. For
 * the rest of a scope, use the guard `TendPermit`, which releases it:
 *
 * ```c
 * g_auto(TendPermit) permit = tend_permit_acquire (account->lock, error);
 * ```
 *
 * Waiting tasks get their turn in the order of waiting. If the task is cancelled or stopped meanwhile, it gets none: a
 * permit that was on its way to it goes to the next one that waits. Outside a fiber the call works if it need not wait.
 *
 * Only for the owning thread, and for a fiber of the semaphore's main context.
 *
 * Returns: %TRUE with a permit; %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled or
 *   ended, `TEND_ERROR_CLOSED` if everybody has dropped the semaphore, `TEND_ERROR_NO_FIBER` if it would have to wait
 *   outside a fiber, and `TEND_ERROR_WRONG_THREAD` in a fiber of another main context
 *
 * Since: 0.1
 */
gboolean
tend_semaphore_acquire (TendSemaphore  *self,
                        GError        **error)
{
  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* The task is one of this main context, since it has been here before. */
  if (self->n_available > 0 && tend_semaphore_is_recent (self, tend_task_peek_current ()) && tend_fiber_goes_on ())
    {
      self->n_available--;
      ((TendHold *) self->recent)->n++;
      tend_semaphore_note_change (self);
      return TRUE;
    }

  return acquire (self, G_STRFUNC, error);
}

/* --- By callback --- */

static void
unref_task_cb (gpointer data)
{
  g_object_unref (data);
}

/* Whether what @task held was given back. It is not the one of the main part, which has no loop. */
static gboolean
is_finished (TendTask *task)
{
  return tend_task_loop (task) != NULL && tend_task_is_released (task);
}

/* The data of the wait is the task that has begun it, to which the permit goes. */
static void
settle_acquire (TendAsyncWait *wait)
{
  TendSemaphore *self = wait->waiter.source;
  TendTask *task = wait->waiter.data;
  gboolean is_granted = wait->waiter.is_granted;

  self->n_waiting--;
  if (tend_waiter_is_given_up (&wait->waiter))
    wait->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                       _("Semaphore: the wait for a permit was cancelled"));
  else if (!is_granted)
    set_gone_error (&wait->error);
  else if (is_finished (task))
    tend_task_set_error (task, &wait->error, TEND_ERROR, TEND_ERROR_STOPPED, _("ended before it got the permit"));
  else
    tend_semaphore_add_hold (self, task);

  if (is_granted && wait->error != NULL)
    self->n_available++;
  tend_semaphore_settle (self);
}

/* Nobody has read the result, and so nobody knows that there is a permit to release. A task may have given it back. */
static void
take_back_permit (TendAsyncWait *wait)
{
  TendSemaphore *self = wait->waiter.source;
  g_autoptr(TendTask) task = g_steal_pointer (&wait->waiter.data);
  TendHold *hold;

  if (!wait->waiter.is_granted || wait->error != NULL || is_finished (task))
    return;

  hold = tend_semaphore_find_hold (self, task);
  if (tend_semaphore_may_hold (self, task) && (hold == NULL || hold->n == 0))
    return;

  if (tend_semaphore_remove_hold (self, task))
    tend_semaphore_give_back (self, 1);
}

static const TendAsyncWaitKind acquire_kind = {
  .settle = settle_acquire,
  .free_data = unref_task_cb,
  .take_back = take_back_permit,
};

/**
 * tend_semaphore_acquire_async:
 * @self: a semaphore
 * @cancellable: (nullable): ends the wait when it is cancelled; no permit is taken then
 * @callback: (nullable) (scope async) (closure user_data): called when there is a permit
 * @user_data: data for @callback
 *
 * Acquires a permit as soon as there is one.
 *
 * @callback never runs before this returns. The permit belongs to the current task of this call, and is given back when
 * that is finished; outside tasks it belongs to nobody. A result that is dropped without
 * [method@Tend.Semaphore.acquire_finish] gives its permit back. The wait holds no reference to the semaphore: when
 * everybody else has dropped theirs, it fails with `TEND_ERROR_CLOSED`. If the calling task belongs to a manager with
 * an owner, @callback does not run after the owner is gone, and no permit is taken for it: see
 * [ctor@Tend.TaskManager.new_for_owner].
 *
 * Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_semaphore_acquire_async (TendSemaphore       *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  TendAsyncWait *wait;

  g_return_if_fail (TEND_IS_SEMAPHORE (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* A toggle reference of the cancellable may tell user code that it is held, and that drop the semaphore. */
  g_object_ref (self);
  wait = tend_async_wait_new (&acquire_kind, self, self->loop, g_object_ref (tend_task_get_current ()),
                              cancellable, callback, user_data);
  self->n_waiting++;
  tend_queue_push (&self->waiters, &wait->waiter.link);
  tend_semaphore_settle (self);
  g_object_unref (self);
}

/**
 * tend_semaphore_acquire_finish:
 * @self: a semaphore
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.Semaphore.acquire_async].
 *
 * Returns: %TRUE with a permit; %FALSE with `G_IO_ERROR_CANCELLED`, with `TEND_ERROR_CLOSED` if everybody has dropped
 *   the semaphore, or with `TEND_ERROR_STOPPED` if the task that the permit was for is finished
 *
 * Since: 0.1
 */
gboolean
tend_semaphore_acquire_finish (TendSemaphore  *self,
                               GAsyncResult   *result,
                               GError        **error)
{
  TendAsyncWait *wait;

  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  wait = tend_async_wait_check (result, &acquire_kind, self);
  g_return_val_if_fail (wait != NULL, FALSE);
  g_return_val_if_fail (wait->error != NULL || wait->waiter.data != NULL, FALSE);

  wait->is_read = TRUE;
  return tend_async_wait_propagate (wait, error);
}

/* --- Without a wait --- */

/**
 * tend_semaphore_try_acquire:
 * @self: a semaphore
 *
 * Acquires a permit if this needs no wait.
 *
 * The permit belongs to the current task, as one of tend_semaphore_acquire() does, or outside tasks and in one that is
 * finished to nobody. Works inside and outside fibers, also in a task that was cancelled. Only for the owning thread.
 *
 * Returns: %TRUE with a permit; %FALSE if none is available
 *
 * Since: 0.1
 */
gboolean
tend_semaphore_try_acquire (TendSemaphore *self)
{
  g_return_val_if_fail (TEND_IS_SEMAPHORE (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);

  return take (self);
}

/**
 * tend_semaphore_release:
 * @self: a semaphore
 *
 * Releases a permit, which goes to the first that waits.
 *
 * The permit is one that the current task holds. If it holds none, the permit is one that was acquired outside tasks.
 * Outside tasks, if there is no such permit either, it is one of the task that has held its permits for longest.
 *
 * To release what was not acquired is an error in the program: the function logs a critical and does nothing. The code
 * of the next holder never runs before this returns.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_semaphore_release (TendSemaphore *self)
{
  TendTask *task;

  g_return_if_fail (TEND_IS_SEMAPHORE (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  task = tend_task_peek_current ();
  if (tend_semaphore_is_recent (self, task) && ((TendHold *) self->recent)->n > 0)
    {
      tend_hold_release (self->recent);
      tend_semaphore_give_back (self, 1);
    }
  else if (tend_semaphore_remove_hold (self, task))
    tend_semaphore_give_back (self, 1);
  else if (!self->is_disposed)
    g_critical ("Semaphore: released by a task that holds no permit");
}
