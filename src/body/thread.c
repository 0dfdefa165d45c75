// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that is a function in a thread of a pool.
//
// The worker runs the function and nothing else of the user's: the result goes home through the loop's inbox, and is
// delivered and freed there. The task holds itself until then. A job belongs to the loop thread before it is pushed, to
// the worker until it is sent, and to the loop thread again afterwards.
//
// A body may end its worker with pthread_exit() or g_thread_exit(). Then the first code of ours that runs is the
// destructor of the thread's data, which sends the job home.

#include "thread-private.h"
#include "tend-task-private.h"

#include <pthread.h>

/*
 * Small enough for one cache line, as it goes from one processor to another and back. What is constant while
 * the body is active, the worker reads from the task.
 */
typedef struct
{
  TendJob      job;         /* takes it to a worker, and then back to the loop */
  TendTask    *task;        /* which holds itself while the body is active */
  TendGate    *gate;        /* the task's, which has its own in the loop's thread; a reference; NULL: none */
  TendOutcome *outcome;     /* NULL: the body returned without a value; before it runs, how often it was refused */
} ThreadJob;

/* The system may give a thread soon: five tries within a third of a second. */
#define MAX_RETRIES 5
#define FIRST_RETRY_MS 10u

/* The data of a worker. On the heap, because the end of the thread frees its stack first. */
typedef struct
{
  ThreadJob  *running;      /* NULL: none */
  TendOutcome outcome;      /* of the body that runs */
} Worker;

static TEND_THREAD Worker *worker;

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
  TendOutcome *outcome = self->outcome;
  GError *error = outcome != NULL ? g_steal_pointer (&outcome->error) : NULL;

  tend_loop_unhold (tend_task_loop (task));

  if (outcome != NULL && error == NULL && !tend_task_has_ended (task))
    tend_task_record (task, outcome);
  /* The task may be gone after this. */
  tend_task_run_ended (task, error);

  if (outcome != NULL)
    tend_outcome_clear (outcome);
  g_free (outcome);
  g_clear_pointer (&self->gate, tend_gate_unref);
  g_free (self);
}

/* Runs the body, unless it must not run any more, and stores its result in @outcome. */
static void
work (ThreadJob   *self,
      TendOutcome *outcome)
{
  TendTask *task = self->task;
  TendBodyFunc func = (TendBodyFunc) tend_task_func (task);
  TendTask *previous;
  GError *error = NULL;

  if (tend_task_cancelling (task) || (self->gate != NULL && tend_gate_is_closed (self->gate)))
    {
      outcome->error = tend_task_new_cancelled (task);
      return;
    }

  previous = tend_task_enter (task);
  tend_task_set_worker (task, outcome);

  if (!func (task, tend_task_user_data (task), &error) && error == NULL && outcome->error == NULL)
    error = tend_task_new_missing (task);

  tend_task_set_worker (NULL, NULL);
  tend_task_leave (previous);

  if (error != NULL)
    {
      g_clear_error (&outcome->error);
      outcome->error = error;
    }
}

static void
send_home (ThreadJob   *self,
           TendOutcome *outcome)
{
  if (outcome->error != NULL || tend_outcome_has_value (outcome))
    self->outcome = g_memdup2 (outcome, sizeof *outcome);

  self->job.run = come_home_cb;
  tend_loop_send (tend_task_loop (self->task), &self->job);
}

/* The thread ends, perhaps in the middle of a body. */
static void
worker_free (gpointer data)
{
  Worker *mine = data;
  ThreadJob *self = mine->running;

  worker = NULL;
  if (self != NULL)
    {
      tend_task_set_worker (NULL, NULL);
      tend_task_leave (NULL);
      g_clear_error (&mine->outcome.error);
      mine->outcome.error = tend_task_new_error (self->task, TEND_ERROR, TEND_ERROR_STATE,
                                                 _("the body has ended its thread, as pthread_exit() does"));
      send_home (self, &mine->outcome);

      /* For the pool it is a worker that waits and never goes on. */
      tend_worker_block ();
    }

  g_free (mine);
}

static inline Worker *
get_worker (void)
{
  static GPrivate at_end = G_PRIVATE_INIT (worker_free);

  if (G_UNLIKELY (worker == NULL))
    {
      worker = g_new0 (Worker, 1);
      g_private_set (&at_end, worker);

      /* Where a body waits, our locks would be left taken. */
      pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, NULL);
    }

  return worker;
}

/* In the worker. */
static void
work_cb (TendJob *job)
{
  ThreadJob *self = get_thread_job (job);
  Worker *mine = get_worker ();

  tend_tool_take (job);
  self->outcome = NULL;
  mine->outcome = (TendOutcome) { G_VALUE_INIT, NULL };
  mine->running = self;
  work (self, &mine->outcome);
  mine->running = NULL;
  send_home (self, &mine->outcome);
}

static void refused_cb (TendJob      *job,
                        const GError *error);

/* In the loop's thread: once more. */
static gboolean
push_again_cb (gpointer data)
{
  ThreadJob *self = data;

  self->job.run = work_cb;
  tend_workers_push (&self->job, refused_cb);

  return G_SOURCE_REMOVE;
}

/*
 * In the loop: there was no thread for the body. It counts as work outside the context meanwhile, and it waits for the
 * system. So this is a timer of GLib, which follows real time: virtual time stands still while other bodies run, and
 * these may wait for this one.
 */
static void
refused_home_cb (TendJob *job)
{
  ThreadJob *self = get_thread_job (job);
  TendLoop *loop = tend_task_loop (self->task);
  guint n_refused = GPOINTER_TO_UINT (self->outcome);
  g_autoptr(GSource) source = g_timeout_source_new (FIRST_RETRY_MS << n_refused);

  self->outcome = GUINT_TO_POINTER (MIN (n_refused + 1, MAX_RETRIES));
  g_source_set_static_name (source, "[libtend] no thread");
  g_source_set_priority (source, tend_loop_get_priority (loop));
  g_source_set_callback (source, push_again_cb, self, NULL);
  g_source_attach (source, tend_loop_get_context (loop));
}

/* In any thread: tries the body again; with an error the body fails if it was tried often enough. */
static void
refused_cb (TendJob      *job,
            const GError *error)
{
  ThreadJob *self = get_thread_job (job);
  TendOutcome outcome = { G_VALUE_INIT, NULL };

  if (error == NULL || GPOINTER_TO_UINT (self->outcome) < MAX_RETRIES)
    job->run = refused_home_cb;
  else
    {
      outcome.error = tend_task_new_error (self->task, TEND_ERROR, TEND_ERROR_NO_THREAD,
                                           _("the system gives no thread for the body: %s"), error->message);
      self->outcome = g_memdup2 (&outcome, sizeof outcome);
      job->run = come_home_cb;
    }
  tend_loop_send (tend_task_loop (self->task), job);
}

static void
thread_run (TendTask *task)
{
  ThreadJob *self = g_new (ThreadJob, 1);
  TendGate *gate = tend_task_get_gate (task);

  tend_job_init (&self->job, work_cb);
  self->task = task;
  self->gate = gate != NULL ? tend_gate_ref (gate) : NULL;
  self->outcome = NULL;
  tend_loop_hold (tend_task_loop (task));
  tend_workers_push (&self->job, refused_cb);
}

/* Only a wait of its own can end a thread. Its cancellable was cancelled, and its result is dropped. */
static void
thread_abandon (TendTask *task)
{
  tend_thread_interrupt (task);
}

static const TendBodyClass thread_body = {
  .returns = TRUE,
  .run = thread_run,
  .cancel = tend_thread_interrupt,
  .abandon = thread_abandon,
};

/**
 * tend_task_new_thread:
 * @name: (nullable): a name
 * @func: (scope notified) (closure user_data) (destroy notify): the body
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task whose body runs in a thread of a pool.
 *
 * Use it for calls that block and for computing. Only @func runs in the thread: the result is delivered, progress is
 * notified and @notify is called in the task's own thread. The body looks at [method@Tend.Task.is_cancelling] from time
 * to time, or passes the task's cancellable to what it calls. If the task is cancelled before a thread has reached its
 * body, the body does not run.
 *
 * If the system gives no thread, the body waits until another body of the pool has ended or a new thread can be
 * created, for which the task's main context asks now and then. If no other body runs either, the task fails with
 * `TEND_ERROR_NO_THREAD` after a third of a second.
 *
 * Not for JavaScript, whose functions run in one thread only.
 *
 * The task belongs to the thread-default main context of the thread that creates it.
 *
 * Returns: (transfer full): the task, not started
 *
 * Since: 0.1
 */
TendTask *
tend_task_new_thread (const char     *name,
                      TendBodyFunc    func,
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
 * @notify: (nullable): destroys @user_data when the task is finished
 *
 * Creates a task as [ctor@Tend.Task.new_thread] does and starts it.
 *
 * In a thread that does not run the task's context, the task cannot be started: it fails with
 * `TEND_ERROR_WRONG_THREAD`, in the thread that runs the context.
 *
 * Returns: (transfer full): the task, whose body was given to the pool
 *
 * Since: 0.1
 */
TendTask *
tend_task_run_thread (const char     *name,
                      TendBodyFunc    func,
                      gpointer        user_data,
                      GDestroyNotify  notify)
{
  TendTask *task;

  g_return_val_if_fail (func != NULL, NULL);

  task = tend_task_create (name, &thread_body, func, user_data, notify,
                           __builtin_return_address (0));
  tend_task_start_or_fail (task);

  return task;
}
