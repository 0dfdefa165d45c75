// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which task the calling thread is in, and which thread is a task's own.

#include "tend-task-private.h"

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

gboolean
tend_wait_for_task (TendTask  *task,
                    GError   **error)
{
  TendJob *wake = tend_begin_wait (G_STRFUNC, error);

  if (wake == NULL)
    return FALSE;

  if (tend_task_is_over (task))
    return TRUE;

  tend_queue_push (&tend_task_ensure_scope (task)->waiters, wake);
  return tend_wait (error);
}

/* The task of the program's main part: made on demand, and never unmade. */
static TendTask *
get_main_task (void)
{
  static TendTask *main_task;

  if (g_once_init_enter (&main_task))
    {
      TendTask *task = tend_task_create (tend_main_name, NULL, NULL, NULL, NULL, NULL);

      /* It stands for every thread's main part, and holds no loop. */
      tend_loop_release (g_steal_pointer (&task->loop));
      g_once_init_leave (&main_task, task);
    }

  return main_task;
}

/**
 * tend_task_get_current:
 *
 * Gets the task whose code is running.
 *
 * In a body, in a fiber also after it waited, in a thread's body, in a callback of the task's scope
 * and in its exit handlers that is the task, and where [method@Tend.Task.push_current] said so.
 * Everywhere else it is a task that stands for the program's main part: it is called `main()`, is
 * always running, and cannot be awaited or ended.
 *
 * May be called from any thread.
 *
 * Returns: (transfer none): the task; valid while its code runs
 *
 * Since: 0.1
 */
TendTask *
tend_task_get_current (void)
{
  return current != NULL ? current : get_main_task ();
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
