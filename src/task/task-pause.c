// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Pausing and resuming a task.
//
// TEND_FLAG_PAUSED is the user's request, and any thread may set it. TEND_FLAG_SUSPENDED is that of managers and
// groups. The loop thread carries it out: the timers of the scope and the task's own delay leave the loop, and return
// with the time that was left. A body is held where it looks: at a checkpoint.

#include "task-life-private.h"
#include "task-state-private.h"

static void
stand_still (TendTask *self)
{
  TendScope *scope = tend_task_ensure_scope (self);
  gboolean is_ready;

  tend_task_look_no_more (self);
  is_ready = scope->job.place == TEND_JOB_QUEUED;
  scope->rest = -1;
  if (tend_job_is_waiting (&scope->job))
    {
      gint64 due = is_ready ? 0 : tend_loop_get_deadline (self->loop, &scope->job);

      scope->rest = is_ready ? 0 : MAX (0, due - tend_loop_now (self->loop));
      tend_loop_remove (self->loop, &scope->job);
    }

  /* Other code may begin a pending task; its timer is held as well. */
  if (tend_task_status (self) == TEND_TASK_STATUS_PENDING)
    scope->due = MAX (0, scope->due - tend_loop_now (self->loop));

  scope->stands_still = TRUE;
  for (TendScopeItem *item = scope->items; item != NULL; item = item->next)
    {
      if (item->klass->stand != NULL)
        item->klass->stand (item, TRUE);
    }
}

static void
go_on (TendTask *self)
{
  TendScope *scope = self->scope;
  TendScopeItem *last = NULL;
  TendJob *job;

  scope->stands_still = FALSE;

  /* Oldest first, so that what is due at the same time keeps its order. */
  for (TendScopeItem *item = scope->items; item != NULL; item = item->next)
    last = item;
  for (TendScopeItem *item = last; item != NULL; item = item->prev)
    {
      if (item->klass->stand != NULL)
        item->klass->stand (item, FALSE);
    }

  if (tend_task_status (self) == TEND_TASK_STATUS_PENDING)
    tend_task_expect_run (self, scope->due);
  if (scope->rest >= 0)
    tend_task_run_later (self, scope->rest);
  scope->rest = -1;

  while ((job = tend_queue_peek (&scope->paused)) != NULL)
    {
      tend_job_unlink (job);
      tend_loop_queue_micro (self->loop, job);
    }
}

static void
call_observers (TendTask *self,
                gboolean  still)
{
  TendObserverWalk walk;
  TendObserver *o;

  tend_task_begin_walk (self, &walk);
  while ((o = tend_task_walk (self, &walk)) != NULL)
    {
      if (o->klass->paused != NULL)
        o->klass->paused (o, self, still);
    }
}

void
tend_task_notify_paused (TendTask *self)
{
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_PAUSED]);
}

/* On the task's own thread: lets the task stand still or go on. Whether it has changed, which nobody is told yet. */
static gboolean
carry_out (TendTask *self)
{
  gboolean still = tend_task_is_paused (self);

  if (tend_task_has_ended (self) || still == tend_task_stands_still (self))
    return FALSE;

  if (still)
    stand_still (self);
  else
    go_on (self);
  call_observers (self, still);
  return TRUE;
}

/* On the task's own thread: carries out the request. */
void
tend_task_apply_pause (TendTask *self)
{
  if (carry_out (self))
    tend_task_notify_paused (self);
}

static void
set_flag (TendTask *self,
          guint     flag,
          gboolean  is_set)
{
  if (is_set)
    g_atomic_int_or ((guint *) &self->flags, flag);
  else
    g_atomic_int_and ((guint *) &self->flags, ~flag);

  if (!is_set)
    tend_task_wake_worker (self);
}

static void
ask (TendTask *self,
     gboolean  paused)
{
  TendLoop *loop = self->loop;
  TendPass pass;

  set_flag (self, TEND_FLAG_PAUSED, paused);

  pass = tend_loop_enter (loop);
  if (pass == TEND_PASS_NONE)
    tend_task_request (self, TEND_REQUEST_PAUSE);
  else
    tend_task_apply_pause (self);
  tend_loop_leave (loop, pass);
}

/*
 * On the task's own thread: one that has the task is paused, or is not any more. They are counted, and what the user
 * asks for is apart from them: so the task goes on when nobody wants it to stand still. Whether it has changed: the
 * caller then calls tend_task_notify_paused(), where user code may run.
 */
gboolean
tend_task_suspend (TendTask *self,
                   gboolean  is_suspended)
{
  TendScope *scope = tend_task_ensure_scope (self);

  if (!is_suspended && scope->n_suspended == 0)
    return FALSE;

  scope->n_suspended += is_suspended ? 1 : -1;
  set_flag (self, TEND_FLAG_SUSPENDED, scope->n_suspended > 0);
  return carry_out (self);
}

/**
 * tend_task_pause:
 * @self: a task
 *
 * Pauses the task, until [method@Tend.Task.resume].
 *
 * The timers and posted functions of the task are held, and so is the delay or the interval before its next run: they
 * continue with the time that was left. With a fixed rate, the moments are counted anew from the run that was delayed.
 * A body that runs goes on until it calls [func@Tend.checkpoint]. Cancelling and stopping work as usual, and the
 * deadline passes.
 *
 * Does nothing if the task is paused or has ended. May be called from any thread; from another thread than the task's
 * own, the timers are held from the next turn of the task's loop.
 *
 * Since: 0.1
 */
void
tend_task_pause (TendTask *self)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL);

  ask (self, TRUE);
}

/**
 * tend_task_resume:
 * @self: a task
 *
 * Resumes a paused task.
 *
 * While its manager or its group is paused, the task stays paused until that is resumed as well. Does nothing if the
 * task is not paused. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_task_resume (TendTask *self)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL);

  ask (self, FALSE);
}

/**
 * tend_task_is_paused:
 * @self: a task
 *
 * Checks whether the task is paused.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE between [method@Tend.Task.pause] and [method@Tend.Task.resume], and while its manager, a manager above
 *   that or its group is paused
 *
 * Since: 0.1
 */
gboolean
tend_task_is_paused (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return (g_atomic_int_get (&self->flags) & (TEND_FLAG_PAUSED | TEND_FLAG_SUSPENDED)) != 0;
}

/**
 * tend_checkpoint:
 * @error: return location for an error
 *
 * Waits while the current task is paused, in a fiber or in the body of a thread.
 *
 * Call it from time to time in a body that takes long, at points where it can be paused. There the body also learns
 * that its task was cancelled.
 *
 * Returns: %TRUE to go on; %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was cancelled or
 *   ended, `G_IO_ERROR_TIMED_OUT` if its deadline has passed, and `TEND_ERROR_NO_FIBER` elsewhere
 *
 * Since: 0.1
 */
gboolean
tend_checkpoint (GError **error)
{
  TendTask *task = tend_task_get_blocking ();
  TendJob *wake;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (task != NULL)
    return tend_worker_checkpoint (task, error);

  wake = tend_begin_wait (G_STRFUNC, error);
  if (wake == NULL)
    return FALSE;

  /* It may be paused again before this fiber's turn comes. */
  task = tend_task_peek_current ();
  while (tend_task_stands_still (task))
    {
      tend_queue_push (&task->scope->paused, wake);
      if (!tend_wait (error))
        return FALSE;
    }

  return TRUE;
}
