// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function in a thread of a pool.
//
// The worker runs the function and nothing else of the user's: what it returns goes home through
// the loop's inbox, with the reference that the job holds, and is delivered and freed there.
// A job is the loop thread's before it is pushed, the worker's until it is sent, and the loop
// thread's again.

#include "tend-task-private.h"

typedef struct
{
  TendJob      home;        /* brings it back to the loop */
  TendTask    *task;        /* a reference; its func and user_data stay while the body is active */
  TendGate    *gate;        /* the task's, which has its own in the loop's thread; a reference; NULL: none */
  TendOutcome  outcome;
} ThreadJob;

/* GLib's pool keeps idle workers above a limit that was lowered, so what runs is counted here. */
static struct
{
  GMutex       lock;
  GThreadPool *pool;        /* under lock; made by the first job, and never unmade; without a limit */
  GQueue       waiting;     /* under lock; of ThreadJob */
  guint        n_running;   /* under lock; jobs that were given to the pool, and workers that go on */
  gboolean     is_starting; /* under lock; a worker was woken and has not begun */
  guint        max_threads; /* under lock; 0: the default */
} workers;

static guint
get_max_threads_locked (void)
{
  static guint n_default;

  /* Blocking calls sleep more than they compute, hence more threads than processors. */
  if (n_default == 0)
    n_default = MAX (16, 4 * g_get_num_processors ());

  return workers.max_threads > 0 ? workers.max_threads : n_default;
}

static void
come_home_cb (TendJob *job)
{
  ThreadJob *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (ThreadJob, home));
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

/* In the worker. */
static void
work (ThreadJob *self)
{
  TendTask *task = self->task;
  TendWorkFunc func = task->func;
  TendTask *previous;
  GError *error = NULL;

  if (tend_task_cancelling (task) || (self->gate != NULL && tend_gate_is_closed (self->gate)))
    {
      self->outcome.error = tend_task_new_cancelled (task);
      return;
    }

  previous = tend_task_enter (task);
  tend_task_set_worker (task, &self->outcome);

  if (!func (task, task->user_data, &error) && error == NULL && self->outcome.error == NULL)
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

/* The job that the worker goes on with, if it may. */
static ThreadJob *
take_next (void)
{
  ThreadJob *job = NULL;

  g_mutex_lock (&workers.lock);
  if (workers.n_running <= get_max_threads_locked ())
    job = g_queue_pop_head (&workers.waiting);
  if (job == NULL)
    workers.n_running--;
  g_mutex_unlock (&workers.lock);

  return job;
}

/*
 * Wakes one worker for what waits, but not a second before the first has begun: that one wakes the
 * next where more is left. A flood of short jobs so stays with the few workers that the processors
 * can run, and makes no wake-up for each job, while jobs that block have all the workers soon.
 */
static void
wake_worker_locked (void)
{
  ThreadJob *job;

  if (workers.is_starting || workers.n_running >= get_max_threads_locked ())
    return;

  job = g_queue_pop_head (&workers.waiting);
  if (job == NULL)
    return;

  workers.n_running++;
  workers.is_starting = TRUE;

  /* Fails only where no thread could be started at all; the job stays queued for the next one. */
  g_thread_pool_push (workers.pool, job, NULL);
}

static void
worker_cb (gpointer data,
           gpointer user_data)
{
  g_mutex_lock (&workers.lock);
  workers.is_starting = FALSE;
  wake_worker_locked ();
  g_mutex_unlock (&workers.lock);

  for (ThreadJob *job = data; job != NULL; job = take_next ())
    {
      work (job);
      tend_loop_send (job->task->loop, &job->home);
    }
}

static void
push_job (ThreadJob *job)
{
  g_mutex_lock (&workers.lock);
  if (workers.pool == NULL)
    workers.pool = g_thread_pool_new (worker_cb, NULL, -1, FALSE, NULL);
  g_queue_push_tail (&workers.waiting, job);
  wake_worker_locked ();
  g_mutex_unlock (&workers.lock);
}

static void
thread_run (TendTask *task)
{
  ThreadJob *job = g_new0 (ThreadJob, 1);
  TendGate *gate = tend_task_get_gate (task);

  tend_job_init (&job->home, come_home_cb);
  job->task = g_object_ref (task);
  job->gate = gate != NULL ? tend_gate_ref (gate) : NULL;
  tend_loop_hold (task->loop);
  push_job (job);
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

/**
 * tend_get_max_threads:
 *
 * Gets how many bodies run in threads at once, in the whole process.
 *
 * May be called from any thread.
 *
 * Returns: the limit
 *
 * Since: 0.1
 */
guint
tend_get_max_threads (void)
{
  guint n_threads;

  g_mutex_lock (&workers.lock);
  n_threads = get_max_threads_locked ();
  g_mutex_unlock (&workers.lock);

  return n_threads;
}

/**
 * tend_set_max_threads:
 * @n_threads: the limit, or 0 for the default: four for each processor, and at least 16
 *
 * Sets how many bodies run in threads at once, in the whole process.
 *
 * Those above the limit wait for a thread, in order. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_set_max_threads (guint n_threads)
{
  g_return_if_fail (n_threads <= G_MAXINT);

  g_mutex_lock (&workers.lock);
  workers.max_threads = n_threads;
  wake_worker_locked ();
  g_mutex_unlock (&workers.lock);
}
