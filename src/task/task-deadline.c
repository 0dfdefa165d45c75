// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The deadline of a task, and how the tasks that it starts inherit it.
//
// Ownership: the loop thread's.

#include "task-cancel-private.h"
#include "task-life-private.h"
#include "task-state-private.h"

static gboolean
deadline_cb (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  task->scope->deadline_timer = NULL;
  tend_task_interrupt (task, TEND_CANCELLING_TIMED_OUT);
  return FALSE;
}

static gint64
get_deadline (TendTask *self)
{
  return self->scope != NULL ? self->scope->deadline : TEND_FOREVER;
}

/* Begins to watch the deadline of a task that is started. */
static void
arm (TendTask *self)
{
  gint64 deadline = get_deadline (self);
  gint64 now, wait;

  if (deadline == TEND_FOREVER || tend_task_has_ended (self))
    return;

  now = tend_loop_now (self->loop);
  wait = deadline > now ? deadline - now : 1;
  if (self->scope->deadline_timer != NULL)
    tend_timer_cancel (self->scope->deadline_timer);
  self->scope->deadline_timer = tend_task_add_clock_timer (self, wait, deadline_cb);
}

/*
 * The task is started: the nearest of its own deadline and that of the task that starts it applies. A deadline is
 * inherited nowhere else.
 */
void
tend_task_start_deadline (TendTask *self)
{
  TendTask *starter = tend_task_peek_current ();
  gint64 inherited = TEND_FOREVER;

  /*
   * The scope of a task whose body runs in a thread of the pool belongs to another thread. A shield keeps deadlines
   * off.
   */
  if (starter != NULL && tend_loop_has_thread (starter->loop) && !tend_shield_fiber (0))
    inherited = get_deadline (starter);

  if (inherited < get_deadline (self))
    {
      tend_task_ensure_scope (self)->deadline = inherited;
      self->scope->is_deadline_inherited = TRUE;
    }
  arm (self);
}

/**
 * tend_task_get_deadline:
 * @self: a task
 *
 * Gets the deadline of the task.
 *
 * Only for the owning thread.
 *
 * Returns: a point of [func@Tend.get_time], or %TEND_FOREVER for no limit
 *
 * Since: 0.1
 */
gint64
tend_task_get_deadline (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), TEND_FOREVER);

  return get_deadline (self);
}

/**
 * tend_task_set_deadline:
 * @self: a task that has not ended
 * @deadline: a point of [func@Tend.get_time], or %TEND_FOREVER for no limit
 *
 * Sets the deadline of the task.
 *
 * When the deadline passes, the task is asked to end as by [method@Tend.Task.cancel], but with `G_IO_ERROR_TIMED_OUT`.
 * It fails if its body returns that error. The deadline also passes while the task is paused.
 *
 * The tasks that a task starts inherit its deadline, unless theirs is nearer. The bodies of threads and code under a
 * shield hand no deadline on. The error of an inherited deadline counts as observed. Once a task was started, its
 * nearest deadline stays: a later one changes nothing.
 *
 * Use [method@Tend.Task.with_timeout] to end a wait and let the task go on.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_set_deadline (TendTask *self,
                        gint64    deadline)
{
  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));

  if (tend_task_has_ended (self))
    return;

  if (tend_task_status (self) == TEND_TASK_STATUS_CREATED)
    tend_task_ensure_scope (self)->deadline = deadline;
  else if (deadline < get_deadline (self))
    {
      tend_task_ensure_scope (self)->deadline = deadline;
      self->scope->is_deadline_inherited = FALSE;
      arm (self);
    }
  else
    return;

  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_DEADLINE]);
}
