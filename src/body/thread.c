// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function in a thread of a pool.
//
// The worker runs the function and nothing else of the user's: what it returns goes home through
// the loop's inbox, with the reference that the job holds, and is delivered and freed there.
// A job is the loop thread's before it is pushed, the worker's until it is sent, and the loop
// thread's again.

#include "tend-body-private.h"
#include "tend-task-private.h"

/* What the worker needs of the task it has here: the task's own memory is written while it runs. */
typedef struct
{
  TendJob       job;        /* takes it to a worker, and then back to the loop */
  TendTask     *task;       /* a reference */
  TendLoop     *loop;       /* the task's, which that holds */
  TendGate     *gate;       /* the task's, which has its own in the loop's thread; a reference; NULL: none */
  TendWorkFunc  func;       /* the task's */
  gpointer      user_data;  /* the task's; stays while the body is active */
  TendOutcome   outcome;
} ThreadJob;

static inline ThreadJob *
get_thread_job (TendJob *job)
{
  return G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (ThreadJob, job));
}

static void
come_home_cb (TendJob *job)
{
  ThreadJob *self = get_thread_job (job);
  TendTask *task = self->task;
  GError *error = g_steal_pointer (&self->outcome.error);

  tend_loop_unhold (task->loop);

  if (!tend_task_has_ended (task) && error == NULL && tend_outcome_has_value (&self->outcome))
    tend_task_record (task, &self->outcome);
  tend_task_run_ended (task, error);

  tend_outcome_clear (&self->outcome);
  g_clear_pointer (&self->gate, tend_gate_unref);
  g_object_unref (task);
  g_free (self);
}

static void
work (ThreadJob *self)
{
  TendTask *task = self->task;
  TendTask *previous;
  GError *error = NULL;

  if (tend_task_cancelling (task) || (self->gate != NULL && tend_gate_is_closed (self->gate)))
    {
      self->outcome.error = tend_task_new_cancelled (task);
      return;
    }

  previous = tend_task_enter (task);
  tend_task_set_worker (task, &self->outcome);

  if (!self->func (task, self->user_data, &error) && error == NULL && self->outcome.error == NULL)
    error = g_error_new (TEND_TASK_ERROR, TEND_TASK_ERROR_STATE,
                         "The body failed without an error");

  tend_task_set_worker (NULL, NULL);
  tend_task_leave (previous);

  if (error != NULL)
    {
      g_clear_error (&self->outcome.error);
      self->outcome.error = error;
    }
}

/* In the worker. */
static void
work_cb (TendJob *job)
{
  ThreadJob *self = get_thread_job (job);

  work (self);
  job->run = come_home_cb;
  tend_loop_send (self->loop, job);
}

static void
thread_run (TendTask *task)
{
  ThreadJob *self = g_new0 (ThreadJob, 1);
  TendGate *gate = tend_task_get_gate (task);

  tend_job_init (&self->job, work_cb);
  self->task = g_object_ref (task);
  self->loop = task->loop;
  self->gate = gate != NULL ? tend_gate_ref (gate) : NULL;
  self->func = task->func;
  self->user_data = task->user_data;
  tend_loop_hold (task->loop);
  tend_workers_push (&self->job);
}

static void
thread_abandon (TendTask *task)
{
  /* Nothing can end a thread. Its cancellable has been cancelled; what it returns is dropped. */
}

static const TendBodyClass thread_body = {
  .returns = TRUE,
  .run = thread_run,
  .abandon = thread_abandon,
};

/**
 * tend_task_new_thread:
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended and its body with it
 *
 * Makes a task whose body is a function in a thread of a pool.
 *
 * For calls that block and for computing. @func alone runs in the thread: the result is delivered,
 * progress is notified and @notify is called in the task's own thread. A body that was not reached
 * by a thread when its task is cancelled does not run. A body that runs should look at
 * [method@Tend.Task.is_cancelling], or give the task's cancellable to what it calls.
 *
 * Not for JavaScript, whose functions run in one thread only.
 *
 * Returns: (transfer full): the task, for the thread-default main context
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_thread (const char     *name,
                      TendWorkFunc    func,
                      gpointer        user_data,
                      GDestroyNotify  notify)
{
  g_return_val_if_fail (func != NULL, NULL);

  return tend_task_create (name, &thread_body, func, user_data, notify,
                           __builtin_return_address (0));
}

/**
 * tend_task_run_thread:
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task has ended and its body with it
 *
 * Makes a task as [ctor@Tend.Task.new_thread] does and starts it.
 *
 * Returns: (transfer full): the task, whose body has been given to the pool
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_thread (const char     *name,
                      TendWorkFunc    func,
                      gpointer        user_data,
                      GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (func != NULL, NULL);

  task = tend_task_create (name, &thread_body, func, user_data, notify,
                           __builtin_return_address (0));
  tend_task_start (task, NULL);

  return task;
}
