// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which task the calling thread is in, and which thread is a task's own.

#include "task-state-private.h"

static TEND_THREAD TendTask *current;

/* The tasks that somebody has made current from outside, innermost first. */
typedef struct _Pushed Pushed;
struct _Pushed
{
  TendTask *task;       /* a reference */
  TendTask *previous;
  Pushed   *outer;
};

static TEND_THREAD Pushed *pushed;

/* In the child of a fork, code is in no task of the parent's. */
static void
begin_anew (void)
{
  current = NULL;
  pushed = NULL;
}

/* To be called once before there is a task. */
void
tend_task_watch_forks (void)
{
  static TendAtFork at_fork = { begin_anew };

  tend_at_fork (&at_fork);
}

TendTask *
tend_task_enter (TendTask *task)
{
  TendTask *previous = current;

  current = task;
  return previous;
}

void
tend_task_leave (TendTask *previous)
{
  current = previous;
}

TendTask *
tend_task_peek_current (void)
{
  return current;
}

/**
 * tend_task_push_current:
 * @self: a task
 *
 * Makes the task the current one of the thread, until [method@Tend.Task.pop_current].
 *
 * For those who run a task's code where the library does not know it: a coroutine that goes on when
 * something else calls back, say. What is done in between is then done by the task: what it starts is
 * under its deadline, and what it waits for goes with its owner. It does not run the loop, nor
 * keep the task from ending.
 *
 * Only for the owning thread, and not in a fiber, which is its task's anyway.
 *
 * Since: 0.1
 */
void
tend_task_push_current (TendTask *self)
{
  Pushed *push;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (!tend_is_on_fiber ());

  push = g_new (Pushed, 1);
  push->task = g_object_ref (self);
  push->previous = tend_task_enter (self);
  push->outer = pushed;
  pushed = push;
}

/**
 * tend_task_pop_current:
 * @self: the task that was pushed last
 *
 * Makes that task the current one that was so before [method@Tend.Task.push_current].
 *
 * Only for the thread that pushed it.
 *
 * Since: 0.1
 */
void
tend_task_pop_current (TendTask *self)
{
  Pushed *push = pushed;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (push != NULL && push->task == self && current == self);

  pushed = push->outer;
  tend_task_leave (push->previous);
  g_object_unref (push->task);
  g_free (push);
}

/**
 * tend_task_get_context:
 * @self: a task
 *
 * Gets the main context that the task belongs to: the thread's default when it was made.
 *
 * May be called from any thread. A source attached there runs in the owning thread.
 *
 * Returns: (transfer none): the context, which the task keeps alive
 *
 * Since: 0.1
 */
GMainContext *
tend_task_get_context (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  return self->loop != NULL ? tend_loop_get_context (self->loop) : g_main_context_default ();
}

/**
 * tend_task_is_owner_thread:
 * @self: a task
 *
 * Tells whether the calling thread is the owning one: that of the task's main context.
 *
 * That is the thread which made the task, or another that has run the context since. May be called
 * from any thread.
 *
 * Returns: %TRUE if this thread may use all of the task
 *
 * Since: 0.1
 */
gboolean
tend_task_is_owner_thread (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return self->loop == NULL || tend_loop_has_thread (self->loop);
}
