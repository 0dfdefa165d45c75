// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The life of a task: it begins, runs once or repeatedly, ends, and is released. How it is started is in task-start.c,
// and how it is asked to end in task-cancel.c.
//
// Two moments end a task. It *ends* when its status becomes final: the scope is dropped, the exit handlers run,
// observers are notified and waiters are woken. It is *finished*, and release() runs, when nothing of its body runs any
// more either, which for a stopped fiber or thread is later. Both happen once.
//
//    created, pending
//        |  begin_run(): the body is active while it runs
//        v                                       end(), from outside
//    running, active --------------------------------------------------> final, active; the body is abandoned
//      |         ^                                                                      |
//      | run_    | go_on(): waits for the next run, and is not active meanwhile         | run_ended()
//      | ended() |                                                                      |
//      +---------+                                                                      v
//      +--- end(): there is no next one -------------------------------> final, not active: release(), let_go()
//
// The functions stand in the opposite order, each before those that call it: read from the last section to the first.
//
// Four bits keep a task, and let_go() is called again by whoever takes off the last that stood in its way:
//
//    is_held    since its start the task has a reference to itself; to drop it is the end of let_go()
//    in_call    the body's function is on the stack; run_body() takes it off
//    is_ending  tell_end() has not told all of the end yet; it releases the task itself afterwards
//    is_kept    a callback of the scope is on the stack, and relies on the reference; tend_task_unkeep() takes it off
//
// Ownership: all of it is the loop thread's. User code runs on the native stack and outside locks.

#include "task-cancel-private.h"
#include "task-life-private.h"
#include "task-outcome-private.h"
#include "task-state-private.h"

/* --- Release --- */

/* Not while the body's function runs: a binding's closure is among the data. */
static void
drop_user_data (TendTask *self)
{
  GDestroyNotify notify = g_steal_pointer (&self->notify);
  gpointer user_data = g_steal_pointer (&self->user_data);

  if (notify != NULL)
    notify (user_data);
}

typedef enum
{
  EVENT_BEGAN,
  EVENT_ENDED,
  EVENT_TOLD,
  EVENT_RELEASED,
} Event;

static void
call_observers (TendTask *self,
                Event     event)
{
  TendObserverWalk walk;
  TendObserver *o;

  /* Most tasks have none. */
  if (self->observers == NULL)
    return;

  tend_task_begin_walk (self, &walk);
  while ((o = tend_task_walk (self, &walk)) != NULL)
    {
      void (* const funcs[]) (TendObserver *, TendTask *) = {
        [EVENT_BEGAN] = o->klass->began,
        [EVENT_ENDED] = o->klass->ended,
        [EVENT_TOLD] = o->klass->told,
        [EVENT_RELEASED] = o->klass->released,
      };
      void (* func) (TendObserver *, TendTask *) = funcs[event];

      if (func != NULL)
        func (o, self);
    }
}

static inline TendTask *
get_task (TendJob *job)
{
  TendScope *scope = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendScope, job));

  return scope->task;
}

/* Comes behind those who wait, and drops the reference that kept the task for them. */
static void
told_job_cb (TendJob *job)
{
  TendTask *self = get_task (job);

  call_observers (self, EVENT_TOLD);
  g_object_unref (self);
}

/*
 * Lets go of what the body had, and of the reference that kept the task for it: once the task is released, and as far
 * as nothing on the stack needs them.
 */
static void
let_go (TendTask *self)
{
  if (self->in_call || self->is_ending || !tend_task_is_released (self))
    return;

  drop_user_data (self);

  if (self->is_held && !self->is_kept)
    {
      self->is_held = FALSE;
      tend_task_delist (self);
      g_object_unref (self);
    }
}

/* The body has returned, and the status is final: nothing of the body is left. */
static void
release (TendTask *self)
{
  g_assert (tend_task_is_released (self));

  call_observers (self, EVENT_RELEASED);
  g_object_notify_by_pspec (G_OBJECT (self), tend_task_properties[PROP_FINISHED]);
  let_go (self);
}

/*
 * Keeps the task while a callback of its scope runs. A task that holds itself needs no reference for that,
 * which would be two atomic operations for each timer that fires: it only does not let go meanwhile.
 *
 * Returns: what tend_task_unkeep() is to be told
 */
gboolean
tend_task_keep (TendTask *self)
{
  gboolean by_itself = self->is_held && !self->is_kept;

  if (by_itself)
    self->is_kept = TRUE;
  else
    g_object_ref (self);

  return by_itself;
}

void
tend_task_unkeep (TendTask *self,
                  gboolean  by_itself)
{
  if (!by_itself)
    {
      g_object_unref (self);
      return;
    }

  self->is_kept = FALSE;
  if (self->is_active)
    tend_task_tell_forgotten (self);
  let_go (self);
}

/* --- The end --- */

/* Wakes the waiters of the task: FALSE if there are none. */
static gboolean
wake_waiters (TendTask *self)
{
  gboolean has_waiters = tend_task_has_waiters (self);
  TendJob *waiter;

  while (has_waiters && (waiter = tend_queue_peek (&self->scope->waiters)) != NULL)
    {
      tend_job_unlink (waiter);
      tend_loop_queue_micro (self->loop, waiter);
    }

  return has_waiters;
}

/* Everything that follows when the status is final. Unless the task @is_kept, drops the reference of end(). */
static void
tell_end (TendTask *self,
          gboolean  is_kept)
{
  gboolean has_waiters;

  tend_task_kill_scope (self);

  /*
   * Code that completes a task without a body may look at its cancellable. Code that hears of that may run the loop:
   * nothing of the scope is left that could run there.
   */
  if (self->is_active || (self->body == NULL && tend_task_status (self) == TEND_TASK_STATUS_STOPPED))
    tend_task_set_cancelling (self, TEND_CANCELLING_ASKED);

  tend_task_run_exit_handlers (self);

  call_observers (self, EVENT_ENDED);
  tend_task_notify_status (self);

  has_waiters = wake_waiters (self);

  /* The code that was called above may have ended the body as well. */
  self->is_ending = FALSE;
  if (self->is_active)
    self->body->abandon (self);
  else
    release (self);

  /* Waiters hold no reference: ours is dropped behind the last of them. */
  if (has_waiters)
    {
      if (is_kept)
        g_object_ref (self);
      self->scope->job.run = told_job_cb;
      tend_loop_queue_micro (self->loop, &self->scope->job);
      return;
    }

  call_observers (self, EVENT_TOLD);
  if (!is_kept)
    g_object_unref (self);
}

static void
tell_end_kept_cb (gpointer data)
{
  tell_end (data, TRUE);
}

static void
tell_end_cb (gpointer data)
{
  tell_end (data, FALSE);
}

/*
 * Ends the task with @status and @error, which a task that has failed has. The order is the one that the
 * documentation promises: status, scope, exit handlers, observers and notifications, those who wait. What hears of
 * the end may end the next task, and so on.
 */
static void
end (TendTask       *self,
     TendTaskStatus  status,
     GError         *error)
{
  gboolean is_kept = self->in_call && self->is_held && !tend_is_deep ();

  g_assert (!tend_task_has_ended (self));
  g_assert (status != TEND_TASK_STATUS_COMPLETED || error == NULL);
  g_assert (status != TEND_TASK_STATUS_FAILED || error != NULL);

  /* A body that ends its task within its call, as most do, has a caller that keeps the task. */
  if (!is_kept)
    g_object_ref (self);
  self->is_ending = TRUE;
  if (self->scope != NULL)
    tend_loop_remove (self->loop, &self->scope->job);

  /* The status first: what is called from here on must not end the task again. */
  tend_task_set_status (self, status);
  if (status != TEND_TASK_STATUS_COMPLETED)
    {
      TendOutcome outcome = { G_VALUE_INIT, error };

      tend_task_exchange (self, &outcome);
      tend_task_drop_with_scope (self, &outcome);
      self->is_observed |= tend_task_has_inherited_timeout (self);
    }

  tend_call_flat (is_kept ? tell_end_kept_cb : tell_end_cb, self, 0);
}

typedef struct
{
  TendTask       *task;
  TendTaskStatus  status;
  GError         *error;
} EndCall;

static void
end_native_cb (gpointer data)
{
  EndCall *call = data;

  end (call->task, call->status, call->error);
}

/* Ends the task at once, whatever its body does; takes @error, which only a task that fails needs. */
void
tend_task_end (TendTask       *self,
               TendTaskStatus  status,
               GError         *error)
{
  EndCall call = { self, status, error };

  tend_call_native (end_native_cb, &call);
}

/* Returns the status of a task that ends by itself, with @error or without. */
TendTaskStatus
tend_task_get_final_status (const GError *error)
{
  if (error == NULL)
    return TEND_TASK_STATUS_COMPLETED;

  return tend_error_is_cancelled (error) ? TEND_TASK_STATUS_CANCELLED : TEND_TASK_STATUS_FAILED;
}

/* --- The start and the runs --- */

/* Called before a run: TRUE if the gate is closed, and the task has ended. */
static gboolean
end_if_barred (TendTask *self)
{
  if (G_LIKELY (!tend_task_is_barred (self)))
    return FALSE;

  if (!tend_task_has_ended (self))
    tend_task_end (self, TEND_TASK_STATUS_STOPPED, NULL);
  return TRUE;
}

/* Runs the body once. The task is held, and lives until this returns. */
static void
run_body (TendTask *self)
{
  gboolean was_in_call = self->in_call;
  TendTask *previous;

  g_assert (!self->is_active && self->is_held);

  self->in_call = TRUE;
  if (tend_task_status (self) != TEND_TASK_STATUS_RUNNING)
    {
      tend_task_set_status (self, TEND_TASK_STATUS_RUNNING);
      call_observers (self, EVENT_BEGAN);
      tend_task_notify_status (self);
    }

  /* The notified code may have ended it, or the owner of its manager may be gone. */
  if (!tend_task_has_ended (self) && !end_if_barred (self))
    {
      self->is_active = TRUE;
      self->has_returned = FALSE;
      previous = tend_task_enter (self);
      self->body->run (self);
      tend_task_leave (previous);
    }
  self->in_call = was_in_call;
  let_go (self);
}

/* Runs the body of a task whose turn has come. */
static void
begin_run (TendTask *self)
{
  if (end_if_barred (self))
    return;

  /* A paused task begins when it goes on. */
  if (tend_task_stands_still (self))
    {
      tend_task_run_later (self, 0);
      return;
    }

  run_body (self);
}

static void
run_job_cb (TendJob *job)
{
  begin_run (get_task (job));
}

/*
 * Waits for @wait until the next run, which is due at @due; 0 is the next turn. While the task is paused, the wait is
 * held.
 */
static void
wait_for_run (TendTask *self,
              gint64    wait,
              gint64    due)
{
  TendScope *scope = tend_task_ensure_scope (self);

  scope->job.run = run_job_cb;
  if (self->is_fixed_rate)
    scope->due = due;

  if (tend_task_stands_still (self))
    scope->rest = MAX (0, wait);
  else if (wait <= 0)
    tend_loop_queue_ready (self->loop, &scope->job);
  else
    tend_loop_arm (self->loop, &scope->job, due);
}

/* Arms the next run for @due: the next turn if that is past. */
void
tend_task_run_at (TendTask *self,
                  gint64    due)
{
  wait_for_run (self, due - tend_loop_now (self->loop), due);
}

/* The same for @usec from now: the next turn for 0, for which nobody looks at the clock. */
void
tend_task_run_later (TendTask *self,
                     gint64    usec)
{
  gboolean is_timed = usec > 0 || self->is_fixed_rate;

  wait_for_run (self, usec, is_timed ? tend_time_add (tend_loop_now (self->loop), usec) : 0);
}

/* Arms the next run, if one is to come: FALSE if not. After TRUE the task may have ended, and be gone. */
static gboolean
go_on (TendTask     *self,
       const GError *error)
{
  gboolean goes_on;

  if (tend_task_interval (self) < 0)
    return FALSE;

  tend_task_look_no_more (self);
  g_object_ref (self);
  goes_on = tend_task_outlives_run (self, error);

  /* The notified or dropped code may have ended it. */
  if (goes_on && !tend_task_has_ended (self))
    {
      if (self->is_fixed_rate)
        tend_task_run_at (self, tend_task_get_next_tick (self));
      else
        tend_task_run_later (self, tend_task_interval (self));
    }
  g_object_unref (self);

  return goes_on;
}

/* The run is over, with @error or without; takes @error. Native stack. */
static void
run_ended (TendTask *self,
           GError   *error)
{
  g_assert (self->is_active);

  self->is_active = FALSE;

  if (tend_task_has_ended (self))
    {
      /* The task had ended without the body: its result is dropped, and its error told to somebody else. */
      tend_task_take_late_error (self, error);
      if (!self->is_ending)
        release (self);
      return;
    }

  if (error == NULL)
    error = self->outcome != NULL ? g_steal_pointer (&self->outcome->error) : NULL;

  if (go_on (self, error))
    {
      g_clear_error (&error);
      return;
    }

  if (error == NULL && self->has_given_up)
    {
      end (self, TEND_TASK_STATUS_CANCELLED, NULL);
      return;
    }

  /* The run went well, but there is no next one. */
  if (error == NULL && tend_task_interval (self) > 0 && self->body != NULL)
    error = tend_task_new_cancelled (self);

  /* Functions that a timed-out body calls see a cancellable, and so report a cancellation. */
  if (tend_error_is_cancelled (error) &&
      tend_task_cancelling (self) == TEND_CANCELLING_TIMED_OUT)
    {
      g_error_free (error);
      error = tend_task_new_cancelled (self);
    }

  end (self, tend_task_get_final_status (error), error);
}

static void
run_ended_native_cb (gpointer data)
{
  EndCall *call = data;

  run_ended (call->task, call->error);
}

/* Called by the body at the end of each run; takes @error, which is NULL if it went well. */
void
tend_task_run_ended (TendTask *self,
                     GError   *error)
{
  EndCall call = { self, TEND_TASK_STATUS_COMPLETED, error };

  tend_call_native (run_ended_native_cb, &call);
}

/* Runs the body of a task that was not run yet, on the native stack. */
void
tend_task_begin (TendTask *self)
{
  /* A delay or interval has already set when the run is due, however late it is. */
  if (tend_task_get_first_wait (self) < 0)
    tend_task_expect_run (self, 0);

  begin_run (self);
}
