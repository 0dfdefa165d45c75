// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How the body of a thread waits: it blocks, and its thread does not count against the limit meanwhile.
//
// Everything that it waits for goes through the loop of its task, where the task is cancelled and stopped as well. So
// one place ends the wait, and nothing of the wait is left when the body goes on. While the body waits for a task or
// for time it does not count as work outside the context, so a virtual clock moves on.
//
// A poll() in the thread, with a descriptor that cancels it, would save two changes of threads. It would need a
// descriptor for each thread, and would take a second way to end a wait.
//
// A sleep in real time is the exception: it needs no loop.
//
// Ownership: a wait lies on the stack of the body's thread. It is the loop's from when it is sent until it is over.
// Lock: waits_lock guards is_over, which the loop sets as the last thing that it does with a wait.

#include "thread-private.h"
#include "tend-descriptor-private.h"
#include "tend-task-private.h"

struct _TendThreadWait
{
  TendJob   job;        /* to the loop; there it is the end of a sleep */
  TendTask *task;       /* constant; whose body waits; its being active holds it */
  TendTask *awaited;    /* constant; a reference of the body's; NULL: it sleeps */
  gint64    usec;       /* constant; for how long it sleeps */
  gboolean  is_for_fd;  /* constant; it waits for a descriptor */
  TendFdWait fd;        /* loop thread; likewise */
  TendWatch watch;      /* loop thread */
  GError   *error;      /* loop thread; what ended the wait, or NULL */
  TendCond  cond;
  gboolean  is_over;    /* under waits_lock */
};

static TEND_DEFINE_LOCK (waits_lock);

/* --- In the loop --- */

/* Takes @error. The wait must not be used afterwards. */
static void
finish (TendThreadWait *self,
        GError         *error)
{
  self->error = error;

  tend_lock (&waits_lock);
  self->is_over = TRUE;
  tend_cond_signal (&self->cond);
  tend_unlock (&waits_lock);
}

/* The wait had begun: the body is at work again. Takes @error. */
static void
end (TendThreadWait *self,
     GError         *error)
{
  tend_task_set_body_state (self->task, NULL);
  tend_watch_clear (&self->watch);
  tend_loop_remove (tend_task_loop (self->task), &self->job);
  if (self->is_for_fd)
    tend_fd_wait_end (&self->fd, tend_task_loop (self->task));
  else
    tend_loop_hold (tend_task_loop (self->task));
  finish (self, error);
}

static void
awaited_ended (TendWatch *watch)
{
  TendThreadWait *self = watch->data;
  const GError *error = tend_task_peek_error (watch->task);

  /* Copying the error may run user code, which may end our task: the wait is over already. */
  tend_task_set_body_state (self->task, NULL);
  if (error != NULL)
    tend_watch_observe (watch);
  end (self, error != NULL ? g_error_copy (error) : NULL);
}

static void
slept_cb (TendJob *job)
{
  end ((TendThreadWait *) job, NULL);
}

static void
ready_cb (TendJob *job)
{
  TendThreadWait *self = (TendThreadWait *) job;
  int error = self->fd.error;

  end (self, error != 0 ? tend_task_new_fd_error (self->task, self->fd.fd, error) : NULL);
}

/* A body that waits for a descriptor goes on counting as work outside the context. */
static void
begin_fd (TendThreadWait *self)
{
  int error;

  self->job.run = ready_cb;
  error = tend_fd_wait_begin (&self->fd, tend_task_loop (self->task));
  if (error == 0)
    tend_task_set_body_state (self->task, self);
  else
    finish (self, tend_task_new_fd_error (self->task, self->fd.fd, error));
}

static GError *
new_interrupted (TendTask *task)
{
  return tend_task_has_ended (task) ? tend_task_new_stopped (task) : tend_task_new_cancelled (task);
}

static void
begin_cb (TendJob *job)
{
  TendThreadWait *self = (TendThreadWait *) job;
  TendLoop *loop = tend_task_loop (self->task);

  if (tend_task_has_ended (self->task) || tend_task_cancelling (self->task))
    {
      finish (self, new_interrupted (self->task));
      return;
    }

  if (self->is_for_fd)
    {
      begin_fd (self);
      return;
    }

  tend_task_set_body_state (self->task, self);
  tend_loop_unhold (loop);
  job->run = slept_cb;
  if (self->awaited != NULL)
    tend_watch_begin (&self->watch, loop, self->awaited, awaited_ended, self);
  else if (self->usec > 0)
    tend_loop_arm (loop, job, tend_time_add (tend_loop_now (loop), self->usec));
  else
    tend_loop_queue_ready (loop, job);
}

/* The task was asked to end, or has ended: ends the wait of its body, if it waits. */
void
tend_thread_interrupt (TendTask *task)
{
  if (tend_task_body_state (task) != NULL)
    end (tend_task_body_state (task), new_interrupted (task));
}

/* --- In the thread --- */

/* Waits for what @self says. */
static gboolean
run_wait (TendThreadWait  *self,
          GError         **error)
{
  tend_job_init (&self->job, begin_cb);
  tend_worker_block ();
  tend_loop_send (tend_task_loop (self->task), &self->job);

  tend_lock (&waits_lock);
  while (!self->is_over)
    tend_cond_wait (&self->cond, &waits_lock);
  tend_unlock (&waits_lock);
  tend_worker_unblock ();

  if (self->error == NULL)
    return TRUE;

  g_propagate_error (error, self->error);
  return FALSE;
}

/* Waits for @awaited, or for @usec. */
static gboolean
wait_for (TendTask  *task,
          TendTask  *awaited,
          gint64     usec,
          GError   **error)
{
  TendThreadWait self = { .task = task, .awaited = awaited, .usec = usec, .cond = TEND_COND_INIT };

  return run_wait (&self, error);
}

/* Lets the body of @task, which runs in this thread, wait for a descriptor. */
gboolean
tend_thread_await_fd (TendTask      *task,
                      int            fd,
                      GIOCondition   condition,
                      GIOCondition  *revents,
                      GError       **error)
{
  TendThreadWait self = { .task = task, .is_for_fd = TRUE, .cond = TEND_COND_INIT };

  tend_fd_wait_init (&self.fd, fd, condition, &self.job);
  if (!run_wait (&self, error))
    return FALSE;

  if (revents != NULL)
    *revents = (GIOCondition) self.fd.revents;
  return TRUE;
}

/* Lets the body of @task, which runs in this thread, wait for @awaited, which may be of any context. */
gboolean
tend_thread_await (TendTask  *task,
                   TendTask  *awaited,
                   GError   **error)
{
  TendLoop *loop = tend_task_loop (awaited);

  if (awaited != task && loop != NULL && !g_main_context_is_owner (tend_loop_get_context (loop)))
    return wait_for (task, awaited, 0, error);

  if (awaited != task && loop != NULL)
    {
      tend_task_set_error (awaited, error, TEND_ERROR, TEND_ERROR_STATE,
                           _("belongs to a main context of this thread, which blocks: use tend_task_wait_sync()"));
      return FALSE;
    }

  tend_task_set_error (awaited, error, TEND_ERROR, TEND_ERROR_STATE,
                       awaited == task ? _("cannot wait for its own end") : _("never ends, and cannot be awaited"));
  return FALSE;
}

/* Lets the body of @task, which runs in this thread, sleep. */
gboolean
tend_thread_sleep (TendTask  *task,
                   gint64     usec,
                   GError   **error)
{
  if (tend_loop_is_frozen (tend_task_loop (task)))
    return wait_for (task, NULL, usec, error);

  return tend_worker_sleep (task, usec, error);
}
