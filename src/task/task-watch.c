// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// One wait for one task, which may belong to another context.
//
// For a task of our own context, our job is among its waiters. For a task of another context, a foreign watch travels
// there through its loop's inbox, waits there in our place, and travels back through ours. It belongs to the other
// loop's thread while it is away. We keep a pointer to it to withdraw it, and then it comes back at once, and notifies
// nobody.
//
// A task of our own context is not kept: one that is dropped before it was started wakes its waiters. A task of another
// context is kept until it ends.

#include "task-fields-private.h"

struct _TendForeignWatch
{
  TendJob    there;     /* goes to the other loop, and waits there */
  TendJob    back;      /* comes home */
  TendJob    withdraw;  /* withdraws the watch over there */
  TendTask  *task;      /* constant; a reference */
  TendLoop  *home;      /* constant; a use of it */
  TendWatch *watch;     /* home thread; NULL once withdrawn */
  gboolean   is_back;   /* home thread; arrived, with the withdrawal still under way */
  gboolean   is_withdrawing;    /* home thread */
};

static void
foreign_free (TendForeignWatch *self)
{
  g_object_unref (self->task);
  tend_loop_release (self->home);
  g_free (self);
}

/* Home. */
static void
foreign_back_cb (TendJob *job)
{
  TendForeignWatch *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendForeignWatch, back));
  TendWatch *watch = self->watch;

  tend_loop_unhold (self->home);

  if (watch != NULL)
    {
      watch->foreign = NULL;
      watch->has_ended = TRUE;
      foreign_free (self);
      watch->ended (watch);
    }
  else if (self->is_withdrawing)
    self->is_back = TRUE;
  else
    foreign_free (self);
}

/* Home: the withdrawal has been there and is back, so nothing of ours is there any more. */
static void
foreign_withdrawn_cb (TendJob *job)
{
  TendForeignWatch *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendForeignWatch, withdraw));

  self->is_withdrawing = FALSE;
  if (self->is_back)
    foreign_free (self);
}

/* There: the task has ended. */
static void
foreign_ended_cb (TendJob *job)
{
  TendForeignWatch *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendForeignWatch, there));

  /* If its error is created on demand, it is created here. */
  tend_task_peek_error (self->task);
  tend_loop_send (self->home, &self->back);
}

/* There: just arrived. */
static void
foreign_arrive_cb (TendJob *job)
{
  TendForeignWatch *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendForeignWatch, there));

  self->there.run = foreign_ended_cb;
  if (tend_task_is_over (self->task))
    foreign_ended_cb (job);
  else
    tend_task_add_waiter (self->task, &self->there);
}

/* There: the watch was withdrawn. */
static void
foreign_withdraw_cb (TendJob *job)
{
  TendForeignWatch *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendForeignWatch, withdraw));

  /* Either it waits, and goes back now, or it is on its way back already. */
  if (tend_job_is_waiting (&self->there))
    {
      tend_job_unlink (&self->there);
      tend_loop_send (self->home, &self->back);
    }

  self->withdraw.run = foreign_withdrawn_cb;
  tend_loop_send (self->home, &self->withdraw);
}

static void
own_ended_cb (TendJob *job)
{
  TendWatch *watch = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendWatch, job));

  if (!watch->has_ended)
    g_object_ref (watch->task);
  watch->has_ended = TRUE;

  watch->ended (watch);
}

/* Begins to watch @task from @loop. @ended is not called before this returns. */
void
tend_watch_begin (TendWatch     *watch,
                  TendLoop      *loop,
                  TendTask      *task,
                  TendWatchFunc  ended,
                  gpointer       data)
{
  TendForeignWatch *foreign;

  tend_job_init (&watch->job, own_ended_cb);
  watch->task = task;
  watch->ended = ended;
  watch->data = data;

  if (tend_loop_get_context (task->loop) == tend_loop_get_context (loop))
    {
      if (!tend_task_is_over (task))
        {
          tend_task_add_waiter (task, &watch->job);
          return;
        }

      g_object_ref (task);
      watch->has_ended = TRUE;
      tend_loop_queue_micro (loop, &watch->job);
      return;
    }

  foreign = g_new0 (TendForeignWatch, 1);
  tend_job_init (&foreign->there, foreign_arrive_cb);
  tend_job_init (&foreign->back, foreign_back_cb);
  tend_job_init (&foreign->withdraw, foreign_withdraw_cb);
  foreign->task = g_object_ref (task);
  foreign->home = tend_loop_ref (loop);
  foreign->watch = watch;
  watch->task = g_object_ref (task);
  watch->foreign = foreign;
  watch->is_foreign = TRUE;
  tend_loop_hold (loop);
  tend_loop_send (task->loop, &foreign->there);
}

/* Notifies a task of another context that its error was passed on. */
typedef struct
{
  TendJob   job;
  TendTask *task;       /* a reference */
} Observation;

static void
observe_cb (TendJob *job)
{
  Observation *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Observation, job));

  tend_task_set_observed (self->task);
  g_object_unref (self->task);
  g_free (self);
}

/* Counts the error of the task, which has ended, as observed: another task carries it now. */
void
tend_watch_observe (TendWatch *watch)
{
  Observation *observation;

  if (!watch->is_foreign)
    {
      tend_task_set_observed (watch->task);
      return;
    }

  observation = g_new0 (Observation, 1);
  tend_job_init (&observation->job, observe_cb);
  observation->task = g_object_ref (watch->task);
  tend_loop_send (watch->task->loop, &observation->job);
}

/* The watch does nothing from here on. Calls no user code. */
static void
detach (TendWatch *watch)
{
  TendForeignWatch *foreign = g_steal_pointer (&watch->foreign);

  if (watch->task == NULL)
    return;

  if (tend_job_is_waiting (&watch->job))
    tend_job_unlink (&watch->job);

  if (foreign != NULL)
    {
      foreign->watch = NULL;
      foreign->is_withdrawing = TRUE;
      tend_loop_send (watch->task->loop, &foreign->withdraw);
    }
}

static void
let_go (TendWatch *watch)
{
  TendTask *task = g_steal_pointer (&watch->task);

  if (task != NULL && (watch->has_ended || watch->is_foreign))
    g_object_unref (task);
}

/* Stops watching, if it still does, and drops the task. */
void
tend_watch_clear (TendWatch *watch)
{
  detach (watch);
  let_go (watch);
}

/*
 * Clears all of @watches. Where the last reference to a task goes, somebody's code may run the loop, which must not
 * find those that have not been cleared yet.
 */
void
tend_watches_clear (TendWatch *watches,
                    gsize      n_watches)
{
  for (gsize i = 0; i < n_watches; i++)
    detach (&watches[i]);
  for (gsize i = 0; i < n_watches; i++)
    let_go (&watches[i]);
}

gboolean
tend_watch_check (TendTask   **tasks,
                  gsize        n_tasks,
                  const char  *func)
{
  if (tasks == NULL && n_tasks > 0)
    {
      g_critical ("%s(): there is no list of tasks", func);
      return FALSE;
    }

  for (gsize i = 0; i < n_tasks; i++)
    {
      if (!TEND_IS_TASK (tasks[i]) || tasks[i]->loop == NULL)
        {
          g_critical ("%s(): number %" G_GSIZE_FORMAT " is not a task that can be waited for", func, i);
          return FALSE;
        }
    }

  return TRUE;
}
