// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The current task of each thread, and the owning thread of each task.

#include "task-state-private.h"

static TEND_THREAD TendTask *current;

/* Tasks that were pushed as the current one, innermost first. */
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

/* Called once before there is a task. */
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
 * Sets the current task of the thread, until [method@Tend.Task.pop_current].
 *
 * For code that runs parts of a task where the library cannot know it, such as a language binding that resumes a
 * coroutine. What happens in between is done by the task: what it starts inherits the deadline of the task, and what it
 * waits for ends with the owner of the task. This function does not run the loop, and does not keep the task from
 * ending.
 *
 * For the rest of a scope, write `g_auto(TendCurrentTask) current = tend_current_task_enter (task);`.
 *
 * Only for the owning thread, outside fibers: in a fiber its own task is the current one.
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
 * Restores the current task that was replaced by [method@Tend.Task.push_current].
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
 * Gets the main context of the task: the thread-default one of the thread that created it.
 *
 * A source that is attached to it runs in the owning thread. May be called from any thread.
 *
 * Returns: (transfer none): the context, to which the task holds a reference
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
 * Checks whether the calling thread is the owning thread: the one that runs the task's main context.
 *
 * The owning thread is the one that created the task, or another one that has run the context since. May be called from
 * any thread.
 *
 * Returns: %TRUE if this thread may call every function of the task
 *
 * Since: 0.1
 */
gboolean
tend_task_is_owner_thread (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return self->loop == NULL || tend_loop_has_thread (self->loop);
}
