// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How a task repeats: the interval between its runs, and whether it goes on after a failed one.
//
// A task of fixed rate keeps in its scope when its run is due, and counts the grid from there. While a pending task is
// paused, the field has the time that is left instead: the code that will begin the task moves its own timer in the
// same way. Once the task runs, its own job waits, and each time the job is armed, it sets anew when the run is due. So
// a pause moves the grid by as much as it moves a run.
//
// Ownership: everything belongs to the loop thread. Observers of a failed run are called on the native stack, and may
// end the task.

#include "task-life-private.h"
#include "task-state-private.h"

/**
 * TendIntervalMode:
 * @TEND_INTERVAL_MODE_FIXED_DELAY: the interval is the time between the end of one run and the beginning of the next
 * @TEND_INTERVAL_MODE_FIXED_RATE: the interval is the time between the moments when one run and the next are due,
 *   however long a run takes; moments that pass during a run are skipped
 *
 * Decides where the interval of a task begins.
 *
 * Since: 0.1
 */
G_DEFINE_ENUM_TYPE (TendIntervalMode, tend_interval_mode,
                    G_DEFINE_ENUM_VALUE (TEND_INTERVAL_MODE_FIXED_DELAY, "fixed-delay"),
                    G_DEFINE_ENUM_VALUE (TEND_INTERVAL_MODE_FIXED_RATE, "fixed-rate"))

/* --- The grid --- */

/* Returns the time before the first run: negative if the task has neither a delay nor an interval. */
gint64
tend_task_get_first_wait (TendTask *self)
{
  gint64 delay = tend_task_delay (self);

  return delay >= 0 ? delay : tend_task_interval (self);
}

/* Notes that the next run is due @usec from now: from when the task goes on, if it stands still. */
void
tend_task_expect_run (TendTask *self,
                      gint64    usec)
{
  TendScope *scope;

  if (!self->is_fixed_rate)
    return;

  scope = tend_task_ensure_scope (self);
  scope->due = scope->stands_still ? usec : tend_time_add (tend_loop_now (self->loop), usec);
}

/* Returns when the run of fixed rate after the one that has just ended is due. */
gint64
tend_task_get_next_tick (TendTask *self)
{
  gint64 interval = tend_task_interval (self);
  gint64 late, n_ticks;

  /* A tick that is due right now was not missed: a run may take the whole interval. */
  late = MAX (0, tend_loop_now (self->loop) - self->scope->due);
  n_ticks = MAX (1, late / interval + (late % interval != 0));

  return tend_time_add (self->scope->due, n_ticks * interval);
}

/* --- Failed runs --- */

/* Notifies all observers that a run has failed: TRUE if one of them has handled the error. */
static gboolean
call_observers (TendTask     *self,
                const GError *error)
{
  TendObserverWalk walk;
  TendObserver *o;
  gboolean is_dealt_with = FALSE;

  tend_task_begin_walk (self, &walk);
  while ((o = tend_task_walk (self, &walk)) != NULL)
    {
      if (o->klass->run_failed != NULL)
        is_dealt_with |= o->klass->run_failed (o, self, error);
    }

  return is_dealt_with;
}

/* Whether the task goes on after the error of its run. It may have ended otherwise by then. */
static gboolean
outlives (TendTask     *self,
          const GError *error)
{
  if (tend_error_is_cancelled (error))
    return FALSE;

  if (call_observers (self, error))
    return TRUE;

  /* A task that has ended cannot carry this error any more. */
  if (!self->keep_going && !tend_task_has_ended (self))
    return FALSE;

  tend_task_report (self, error);

  return TRUE;
}

/*
 * A run is over, with @error or without: returns whether there is another one. FALSE if the task must end with @error.
 * The caller holds the task, which may have ended after TRUE.
 */
gboolean
tend_task_outlives_run (TendTask     *self,
                        const GError *error)
{
  if (tend_task_interval (self) < 0 || self->body == NULL || tend_task_cancelling (self) || self->is_last_run)
    return FALSE;
  if (error != NULL && !outlives (self, error))
    return FALSE;

  tend_task_drop_cancel_handlers (self);
  if (self->outcome != NULL)
    tend_outcome_clear (self->outcome);

  return TRUE;
}

/* Has a task with an interval not run again. TRUE if it waits for its next run, and is to be cancelled. */
gboolean
tend_task_end_runs (TendTask *self)
{
  if (tend_task_interval (self) < 0)
    return FALSE;

  self->is_last_run = TRUE;

  return !self->is_active;
}

/* --- Settings --- */

/**
 * tend_task_get_interval:
 * @self: a task
 *
 * Gets the interval of the task.
 *
 * Returns: microseconds, or -1 if no interval was set: the task runs once
 *
 * Since: 0.1
 */
gint64
tend_task_get_interval (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), -1);

  return tend_task_interval (self);
}

/**
 * tend_task_set_interval:
 * @self: a task
 * @interval: microseconds, above 0; -1 for none
 *
 * Sets the interval of the task: its body runs repeatedly.
 *
 * The [enum@Tend.IntervalMode] decides where the interval begins; see [method@Tend.Task.set_interval_mode]. Two runs of
 * a task never overlap. Without a delay ([method@Tend.Task.set_delay]), the first run comes one interval after the
 * start.
 *
 * An interval task does not complete: it ends when it is cancelled or stopped, or when a run fails, unless
 * [method@Tend.Task.set_keep_going] says otherwise. If the interval is changed while a run goes on, it applies from the
 * end of that run; a wait that has begun keeps its length. It cannot be removed once the task is started.
 *
 * A task without a body ignores the interval. A task that waits for other tasks, as that of [func@Tend.wait_all],
 * cannot have one.
 *
 * Only for the owning thread once the task is started.
 *
 * Since: 0.1
 */
void
tend_task_set_interval (TendTask *self,
                        gint64    interval)
{
  g_autofree char *task = NULL;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (interval == -1 || interval > 0);

  if (tend_task_interval (self) == interval)
    return;

  if (self->body != NULL && self->body->runs_once)
    {
      task = tend_task_head (self);
      g_critical ("%s: runs once, and cannot have an interval", task);
      return;
    }

  if (interval < 0 && !tend_task_check_settable (self, "interval"))
    return;

  tend_task_ensure_scope (self)->interval = interval;
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_INTERVAL]);
}

/**
 * tend_task_get_interval_mode:
 * @self: a task
 *
 * Gets the interval mode.
 *
 * Returns: the mode
 *
 * Since: 0.1
 */
TendIntervalMode
tend_task_get_interval_mode (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), TEND_INTERVAL_MODE_FIXED_DELAY);

  return self->is_fixed_rate ? TEND_INTERVAL_MODE_FIXED_RATE : TEND_INTERVAL_MODE_FIXED_DELAY;
}

/**
 * tend_task_set_interval_mode:
 * @self: a task that was not started yet
 * @mode: the mode; %TEND_INTERVAL_MODE_FIXED_DELAY by default
 *
 * Sets the interval mode.
 *
 * With a fixed delay, the next run begins one interval after the end of the last one.
 *
 * With a fixed rate, run n is due n intervals after the first run was due, however long the runs take and however late
 * they begin. If a run ends after the next one was due, the missed runs are skipped, and the next run comes at the next
 * due moment. After [method@Tend.Task.pause] the moments are counted anew from the run that the pause has delayed. A
 * pause that is over before the current run has ended delays nothing.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_set_interval_mode (TendTask         *self,
                             TendIntervalMode  mode)
{
  gboolean is_fixed_rate = mode == TEND_INTERVAL_MODE_FIXED_RATE;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (mode == TEND_INTERVAL_MODE_FIXED_DELAY || mode == TEND_INTERVAL_MODE_FIXED_RATE);

  if (!tend_task_check_settable (self, "interval mode") || self->is_fixed_rate == is_fixed_rate)
    return;

  self->is_fixed_rate = is_fixed_rate;
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_INTERVAL_MODE]);
}

/**
 * tend_task_get_keep_going:
 * @self: a task
 *
 * Checks whether an interval task continues after a failed run.
 *
 * Returns: %FALSE if a failed run ends the task
 *
 * Since: 0.1
 */
gboolean
tend_task_get_keep_going (TendTask *self)
{
  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);

  return self->keep_going;
}

/**
 * tend_task_set_keep_going:
 * @self: a task that was not started yet
 * @keep_going: whether the task continues; %FALSE by default
 *
 * Sets whether an interval task continues after a failed run.
 *
 * The task does not keep the error of such a run. If nobody who watches the task handles the error, it is reported at
 * once, as one that nobody observed: see [func@Tend.set_unobserved_func].
 *
 * Some errors end the task all the same: a run that ends with `G_IO_ERROR_CANCELLED`, any run after the task was
 * cancelled, a deadline, and the error of a timer or another callback of the task's scope. A task without an interval
 * ignores this setting.
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_set_keep_going (TendTask *self,
                          gboolean  keep_going)
{
  g_return_if_fail (TEND_IS_TASK (self));

  keep_going = keep_going != FALSE;
  if (!tend_task_check_settable (self, "keep-going") || self->keep_going == keep_going)
    return;

  self->keep_going = keep_going;
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_KEEP_GOING]);
}
