// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The retry as an object, and for which errors it tries again. How often and how soon is in retry-settings.c, and what
// tries in retry-run.c.
//
// Ownership: all of it is the thread's that made it. The last reference that is dropped elsewhere goes home.

#include "tend-group-private.h"

/**
 * TendRetry:
 *
 * Decides how often, and how soon, failed work is tried again.
 *
 * [method@Tend.Retry.run] returns a task that calls a function for each attempt. The function creates a new task with
 * any kind of body. The first attempt that completes completes the whole task with its result. After an attempt that
 * failed, the next one follows when the back-off ([method@Tend.Retry.set_back_off]) has passed, which the jitter
 * ([method@Tend.Retry.set_jitter]) may shorten. The task fails when the number of attempts or the time is used up, or
 * when the predicate ([method@Tend.Retry.set_predicate]) says so. Its error is that of the last attempt, with the
 * number of attempts in the message.
 *
 * Cancelling the task cancels the current attempt, and the task ends when that is finished. Stopping it stops the
 * attempt. An attempt that somebody else has cancelled or stopped is not followed by another one. The error of every
 * attempt counts as observed.
 *
 * One object can serve any number of tasks, one after the other or at once. A setting applies to runs that begin
 * afterwards.
 *
 * For work that runs repeatedly although it succeeds, use an interval ([method@Tend.Task.set_interval]). Do not retry
 * what must not be done twice: a failed attempt may have done part of its work.
 *
 * Only for the thread that created it.
 *
 * Since: 0.1
 */
G_DEFINE_FINAL_TYPE (TendRetry, tend_retry, G_TYPE_OBJECT)

/* --- The object --- */

static void
tend_retry_dispose (GObject *object)
{
  TendRetry *self = TEND_RETRY (object);

  if (tend_loop_take_home (self->loop, object))
    return;

  tend_callback_unref (g_steal_pointer (&self->predicate));

  G_OBJECT_CLASS (tend_retry_parent_class)->dispose (object);
}

static void
tend_retry_finalize (GObject *object)
{
  tend_loop_release (TEND_RETRY (object)->loop);

  G_OBJECT_CLASS (tend_retry_parent_class)->finalize (object);
}

static void
tend_retry_class_init (TendRetryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = tend_retry_dispose;
  G_OBJECT_CLASS (klass)->finalize = tend_retry_finalize;

  tend_retry_install_properties (G_OBJECT_CLASS (klass));
}

static void
tend_retry_init (TendRetry *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  tend_retry_init_settings (self);
}

/* --- For the task --- */

/* Asks the predicate, if there is one. It may put another in its place. */
gboolean
tend_retry_ask (TendRetry    *self,
                TendTask     *task,
                guint         attempt,
                const GError *error)
{
  TendCallback *predicate = tend_callback_ref (self->predicate);
  gboolean worth;

  if (predicate == NULL)
    return TRUE;

  worth = ((TendRetryPredicateFunc) predicate->func) (task, attempt, error, predicate->user_data);
  tend_callback_unref (predicate);

  return worth;
}

/* --- Public --- */

/**
 * tend_retry_new:
 * @max_attempts: the number of attempts, the first one included; 0 for no limit
 *
 * Creates a retry policy: exponential back-off, no jitter, no time limit, any error is retried.
 *
 * The first wait is 100 ms, and each further one is twice as long, up to 30 s.
 *
 * Returns: (transfer full): the retry policy
 *
 * Since: 0.1
 */
TendRetry *
tend_retry_new (guint max_attempts)
{
  TendRetry *self = g_object_new (TEND_TYPE_RETRY, NULL);

  self->settings.max_attempts = max_attempts;

  return self;
}

/**
 * tend_retry_set_predicate:
 * @self: a retry
 * @func: (nullable) (scope notified) (closure user_data) (destroy notify): decides whether to try again, or %NULL to
 *   try again after any error
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when another function takes its place
 *
 * Sets the function that decides which errors are worth another attempt.
 *
 * @func is called after each failed attempt except the last one, in the thread of the task. It is not called for an
 * attempt that was cancelled or stopped. Unlike the other settings, it also applies to runs that have begun.
 *
 * Since: 0.1
 */
void
tend_retry_set_predicate (TendRetry              *self,
                          TendRetryPredicateFunc  func,
                          gpointer                user_data,
                          GDestroyNotify          notify)
{
  TendCallback *new, *old;

  g_return_if_fail (TEND_IS_RETRY (self));

  new = tend_callback_new (func, user_data, notify);
  old = self->predicate;
  self->predicate = new;
  tend_callback_unref (old);
}

/**
 * tend_retry_retry_now:
 * @self: a retry
 *
 * Ends the waits between two attempts: each task that waits begins its next attempt in the next turn of the loop.
 *
 * Call it when the reason of the failures may be gone, for example because the network is back. A task that is paused
 * begins its attempt when it is resumed. It does not change an attempt that runs, nor how long later waits are.
 *
 * Since: 0.1
 */
void
tend_retry_retry_now (TendRetry *self)
{
  g_return_if_fail (TEND_IS_RETRY (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  tend_retry_end_waits (self);
}

/**
 * TendRetryFunc:
 * @attempt: which attempt it is, from 1
 * @user_data: the data given with the function
 *
 * Makes the task of one attempt.
 *
 * A fresh one for each, of the main context of the task that tries. It is started if it is not
 * running. That task is the current one meanwhile ([func@Tend.Task.get_current]).
 *
 * Returns: (transfer full) (nullable): the task, or %NULL to give up: the whole then fails with `TEND_ERROR_STATE`
 *
 * Since: 0.1
 */

/**
 * tend_retry_create_task:
 * @self: a retry
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): creates the task of each attempt
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task and its last attempt are finished
 *
 * Creates a task that tries until it succeeds, without starting it.
 *
 * Use it for a manager, or to set a delay. The result of the task is that of the first attempt that completes. Its
 * error is that of the last attempt, with the same domain and code. [property@Tend.Task:message] says which attempt
 * runs: `attempt 2 of 5`.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_retry_create_task (TendRetry      *self,
                        const char     *name,
                        TendRetryFunc   func,
                        gpointer        user_data,
                        GDestroyNotify  notify)
{
  g_return_val_if_fail (TEND_IS_RETRY (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  return tend_retry_create (self, name, func, user_data, notify, __builtin_return_address (0));
}

/**
 * tend_retry_run:
 * @self: a retry
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): creates the task of each attempt
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task and its last attempt are finished
 *
 * Creates a task as [method@Tend.Retry.create_task] does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, whose first attempt has begun
 *
 * Since: 0.1
 */
TendTask *
tend_retry_run (TendRetry      *self,
                const char     *name,
                TendRetryFunc   func,
                gpointer        user_data,
                GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (TEND_IS_RETRY (self), NULL);
  g_return_val_if_fail (func != NULL, NULL);

  task = tend_retry_create (self, name, func, user_data, notify, __builtin_return_address (0));
  tend_task_start_or_fail (task);

  return task;
}
