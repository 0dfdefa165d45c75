// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A condition: tasks wait until somebody notifies one or all of them.
//
// A notification for one is not lost to a waiter that does not go on: it wakes the next one then. One that finds no
// waiter is gone. The condition remembers nothing, and needs no state beside its queue.
//
// Ownership: all of it is the loop thread's.

#include "tend-sync-private.h"
#include "tend-condition.h"

/**
 * TendCondition:
 *
 * A place to wait until something of yours has changed.
 *
 * What is waited for is an expression of the program, which the waiting task looks at before and after each wait:
 *
 * ```c
 * while (service->n_jobs == 0)
 *   {
 *     if (!tend_condition_wait (service->changed, error))
 *       return FALSE;
 *   }
 * ```
 *
 * Whoever changes the state calls [method@Tend.Condition.notify_one] or [method@Tend.Condition.notify_all]. A condition
 * remembers nothing: a notification for which nobody waits does nothing. No lock is needed, since the tasks of one main
 * context take turns, and nobody else runs between the look and the wait. For a state that is on or off, use a
 * [class@Tend.Event]; to hand over values, a [class@Tend.Channel].
 *
 * A fiber waits with `tend_condition_wait()`, and all other code with [method@Tend.Condition.wait_async]. Waits hold no
 * reference to the condition: when everybody else has dropped theirs, the waits fail.
 *
 * A condition belongs to the thread-default main context of the thread that creates it, and all of it is for the thread
 * that runs this context. To notify from another thread, post a function to a task: [method@Tend.Task.post].
 *
 * See [Semaphores, events and conditions](primitives.html).
 *
 * Since: 0.1
 */
struct _TendCondition
{
  GObject   parent_instance;

  TendLoop *loop;       /* constant */
  TendQueue waiters;    /* of TendWaiter */
};

G_DEFINE_FINAL_TYPE (TendCondition, tend_condition, G_TYPE_OBJECT)

/* The data of a waiter that was notified alone. */
static char alone;

/* Those who still wait are woken, and hold the condition until they have gone on. */
static void
tend_condition_dispose (GObject *object)
{
  TendCondition *self = TEND_CONDITION (object);

  if (tend_loop_take_home (self->loop, object))
    return;

  tend_waiters_wake_all (&self->waiters, FALSE);

  G_OBJECT_CLASS (tend_condition_parent_class)->dispose (object);
}

static void
tend_condition_finalize (GObject *object)
{
  TendCondition *self = TEND_CONDITION (object);

  g_assert (tend_queue_is_empty (&self->waiters));

  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_condition_parent_class)->finalize (object);
}

static void
tend_condition_class_init (TendConditionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_condition_dispose;
  object_class->finalize = tend_condition_finalize;
}

static void
tend_condition_init (TendCondition *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  tend_queue_init (&self->waiters);
}

/**
 * tend_condition_new:
 *
 * Creates a condition for the thread-default main context.
 *
 * Returns: (transfer full): the condition
 *
 * Since: 0.1
 */
TendCondition *
tend_condition_new (void)
{
  return g_object_new (TEND_TYPE_CONDITION, NULL);
}

/*
 * Wakes the first that waits, if any does. If it does not go on, as one that is cancelled, the next one is woken in its
 * place: its data says that it was notified alone. The caller holds a reference.
 */
static void
notify_next (TendCondition *self)
{
  TendWaiter *waiter = tend_waiters_peek (&self->waiters);

  if (waiter == NULL)
    return;

  waiter->data = &alone;
  tend_waiter_wake (waiter, TRUE);
}

/**
 * tend_condition_notify_one:
 * @self: a condition
 *
 * Wakes the one that has waited longest.
 *
 * Its code never runs before this returns. If it is cancelled or stopped before it goes on, the next one is woken
 * instead. Does nothing if nobody waits. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_condition_notify_one (TendCondition *self)
{
  g_return_if_fail (TEND_IS_CONDITION (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  /* Waking takes references, of which user code is not told, since this is the first one. */
  g_object_ref (self);
  notify_next (self);
  g_object_unref (self);
}

/**
 * tend_condition_notify_all:
 * @self: a condition
 *
 * Wakes all who wait, in the order of waiting.
 *
 * Their code never runs before this returns, and those who wait from now on are not woken. Does nothing if nobody
 * waits. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_condition_notify_all (TendCondition *self)
{
  g_return_if_fail (TEND_IS_CONDITION (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  g_object_ref (self);
  tend_waiters_wake_all (&self->waiters, TRUE);
  g_object_unref (self);
}

static void
set_gone_error (GError **error)
{
  g_set_error (error, TEND_ERROR, TEND_ERROR_CLOSED, _("Condition: nobody can notify it any more"));
}

/**
 * tend_condition_wait: (skip)
 * @self: a condition
 * @error: return location for an error
 *
 * Waits in a fiber for a notification.
 *
 * Only those who wait at the time of a notification are woken. Look at the state again afterwards: another task may
 * have changed it before the fiber goes on. If the task is cancelled or stopped when
 * [method@Tend.Condition.notify_one] has woken it, the next one that waits is woken.
 *
 * Only for the owning thread, and for a fiber of the condition's main context.
 *
 * Returns: %TRUE after a notification; %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was
 *   cancelled or ended, `TEND_ERROR_CLOSED` if everybody has dropped the condition, `TEND_ERROR_NO_FIBER` outside a
 *   fiber, and `TEND_ERROR_WRONG_THREAD` in a fiber of another main context
 *
 * Since: 0.1
 */
gboolean
tend_condition_wait (TendCondition  *self,
                     GError        **error)
{
  g_autoptr(TendCondition) kept = NULL;
  TendWaiter waiter;
  gboolean goes_on;
  TendJob *wake;

  g_return_val_if_fail (TEND_IS_CONDITION (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* Others may run before the fiber waits here, and drop the condition. */
  kept = tend_fiber_lets_run () ? g_object_ref (self) : NULL;
  if (!tend_waiter_begin (self->loop, &wake, error))
    return FALSE;

  if (wake == NULL)
    {
      tend_begin_wait (G_STRFUNC, error);
      return FALSE;
    }

  goes_on = tend_waiter_wait_in (&waiter, self, g_steal_pointer (&kept), &self->waiters, wake, NULL, error);
  if (goes_on && !waiter.is_granted)
    set_gone_error (error);
  else if (!goes_on && waiter.data == &alone)
    notify_next (self);
  if (waiter.is_woken)
    g_object_unref (self);

  return goes_on && waiter.is_granted;
}

/* The marker is nobody's. */
static void
forget_cb (gpointer data)
{
}

/* Nobody goes on by this notification. */
static void
take_back_notification (TendAsyncWait *wait)
{
  TendCondition *self = wait->waiter.source;

  wait->waiter.data = NULL;
  g_object_ref (self);
  notify_next (self);
  g_object_unref (self);
}

static void
settle_wait (TendAsyncWait *wait)
{
  if (tend_waiter_is_given_up (&wait->waiter))
    {
      wait->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Condition: the wait was cancelled"));
      if (wait->waiter.data == &alone)
        take_back_notification (wait);
    }
  else if (!wait->waiter.is_granted)
    set_gone_error (&wait->error);
}

static const TendAsyncWaitKind wait_kind = {
  .settle = settle_wait,
  .free_data = forget_cb,
  .take_back = take_back_notification,
};

/**
 * tend_condition_wait_async:
 * @self: a condition
 * @cancellable: (nullable): ends the wait when it is cancelled
 * @callback: (nullable) (scope async) (closure user_data): called after a notification
 * @user_data: data for @callback
 *
 * Waits for a notification.
 *
 * @callback never runs before this returns. A result that is dropped without
 * [method@Tend.Condition.wait_finish] passes a notification for one on to the next that waits. The wait holds no
 * reference to the condition: when everybody else has dropped theirs, it fails with `TEND_ERROR_CLOSED`. If the calling
 * task belongs to a manager with an owner, @callback does not run after the owner is gone: see
 * [ctor@Tend.TaskManager.new_for_owner].
 *
 * Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_condition_wait_async (TendCondition       *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  TendAsyncWait *wait;

  g_return_if_fail (TEND_IS_CONDITION (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* A toggle reference of the cancellable may tell user code that it is held, and that drop the condition. */
  g_object_ref (self);
  wait = tend_async_wait_new (&wait_kind, self, self->loop, NULL, cancellable, callback, user_data);
  tend_queue_push (&self->waiters, &wait->waiter.link);
  g_object_unref (self);
}

/**
 * tend_condition_wait_finish:
 * @self: a condition
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.Condition.wait_async].
 *
 * Returns: %TRUE after a notification; %FALSE with `G_IO_ERROR_CANCELLED`, or with `TEND_ERROR_CLOSED` if everybody has
 *   dropped the condition
 *
 * Since: 0.1
 */
gboolean
tend_condition_wait_finish (TendCondition  *self,
                            GAsyncResult   *result,
                            GError        **error)
{
  TendAsyncWait *wait;

  g_return_val_if_fail (TEND_IS_CONDITION (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  wait = tend_async_wait_check (result, &wait_kind, self);
  g_return_val_if_fail (wait != NULL, FALSE);

  wait->is_read = TRUE;
  return tend_async_wait_propagate (wait, error);
}
