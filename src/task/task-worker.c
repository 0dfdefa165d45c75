// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The body that runs in a thread of the pool, from that thread's side: its task, the place of its result, and how it
// sleeps.
//
// Lock: pause_lock lets workers sleep until a task goes on or is cancelled; nothing is called under it.

#include "task-fields-private.h"

static TEND_THREAD TendOutcome *worker_outcome;
static TEND_THREAD TendTask *worker_task;
static TEND_THREAD const TendWorkerClass *worker_class;

/* Marks this as a thread of the pool. */
void
tend_set_worker_class (const TendWorkerClass *klass)
{
  worker_class = klass;
}

/* Called before a body waits: meanwhile its thread does not count against the limit. Does nothing on other threads. */
void
tend_worker_block (void)
{
  if (worker_class != NULL)
    worker_class->block ();
}

void
tend_worker_unblock (void)
{
  if (worker_class != NULL)
    worker_class->unblock ();
}

static TEND_DEFINE_LOCK (pause_lock);
static TendCond pause_cond = TEND_COND_INIT;
static guint n_sleepers;    /* under pause_lock */

/* In the child of a fork the body is the parent's. */
static void
begin_anew (void)
{
  worker_task = NULL;
  worker_outcome = NULL;
  worker_class = NULL;
}

/* Marks this thread as running the body of @self, which stores its result in @outcome. */
void
tend_task_set_worker (TendTask    *self,
                      TendOutcome *outcome)
{
  static TendAtFork at_fork = { begin_anew };

  tend_at_fork (&at_fork);
  worker_task = self;
  worker_outcome = outcome;
}

/* Returns the task whose body this worker thread runs, or NULL on other threads. */
TendTask *
tend_task_get_worker (void)
{
  return worker_task;
}

/*
 * The task whose body, which runs in this thread, is what calls now; or NULL. Such a body may wait, and blocks the
 * thread.
 * One may also run a main context of its own there, with other tasks.
 */
TendTask *
tend_task_get_blocking (void)
{
  return worker_task != NULL && !tend_is_on_fiber () && tend_task_peek_current () == worker_task ? worker_task : NULL;
}

/* Returns where the body of @self stores its result, if it runs in this thread; or NULL. */
TendOutcome *
tend_task_get_worker_outcome (TendTask *self)
{
  return worker_task == self ? worker_outcome : NULL;
}

/* --- Sleep --- */

/* Wakes a worker that sleeps in a checkpoint of the task. */
void
tend_task_wake_worker (TendTask *self)
{
  /* A broadcast is a system call even if nobody hears it. */
  tend_lock (&pause_lock);
  if (n_sleepers > 0)
    tend_cond_broadcast (&pause_cond);
  tend_unlock (&pause_lock);
}

static inline gboolean
is_paused (TendTask *task)
{
  return (g_atomic_int_get (&task->flags) & (TEND_FLAG_PAUSED | TEND_FLAG_SUSPENDED)) != 0;
}

/* Whether the body of @task, which runs in this thread, goes on. */
static gboolean
check_going (TendTask  *task,
             GError   **error)
{
  if (!tend_task_cancelling (task))
    return TRUE;

  if (error != NULL)
    *error = tend_task_has_ended (task) ? tend_task_new_stopped (task) : tend_task_new_cancelled (task);
  return FALSE;
}

/* Lets the body of @task, which runs in this thread, wait while the task is paused: FALSE if it must not go on. */
gboolean
tend_worker_checkpoint (TendTask  *task,
                        GError   **error)
{
  if (!is_paused (task))
    return check_going (task, error);

  tend_worker_block ();
  tend_lock (&pause_lock);
  n_sleepers++;
  while (is_paused (task) && !tend_task_cancelling (task))
    tend_cond_wait (&pause_cond, &pause_lock);
  n_sleepers--;
  tend_unlock (&pause_lock);
  tend_worker_unblock ();

  return check_going (task, error);
}

/* Lets the body of @task, which runs in this thread, sleep, unless it is cancelled: FALSE then. */
gboolean
tend_worker_sleep (TendTask  *task,
                   gint64     usec,
                   GError   **error)
{
  gint64 end = tend_time_add (g_get_monotonic_time (), usec);

  if (!check_going (task, error))
    return FALSE;

  tend_worker_block ();
  tend_lock (&pause_lock);
  n_sleepers++;
  while (!tend_task_cancelling (task) && tend_cond_wait_until (&pause_cond, &pause_lock, end))
    ;
  n_sleepers--;
  tend_unlock (&pause_lock);
  tend_worker_unblock ();

  return check_going (task, error);
}
