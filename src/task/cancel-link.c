// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The way from a cancellable, which any thread cancels, to the task that is to end then.
//
// A link is shared by both, and counted. Whoever cancels sends a request along it to the task's loop, and there
// the task is looked up: the other thread never touches the task, and needs no reference to it.

#include "tend-task-private.h"

/* Of a task and its cancellable, and of whoever goes from the one to the other. */
struct _TendTaskLink
{
  gatomicrefcount  ref_count;
  TendLoop        *loop;    /* constant; a use of the task's */
  TendTask        *task;    /* loop thread; not a reference; NULL once the task goes */
};

typedef struct
{
  TendJob       job;
  TendTaskLink *link;
  char         *reason;     /* NULL: the task's own cancellable has it */
} CancelRequest;

TendTaskLink *
tend_task_link_new (TendTask *task,
                    TendLoop *loop)
{
  TendTaskLink *self = g_new (TendTaskLink, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->loop = tend_loop_ref (loop);
  self->task = task;

  return self;
}

TendTaskLink *
tend_task_link_ref (TendTaskLink *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
tend_task_link_unref (gpointer data)
{
  TendTaskLink *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  tend_loop_release (self->loop);
  g_free (self);
}

/* The task goes. In its own thread. */
void
tend_task_link_cut (TendTaskLink *self)
{
  self->task = NULL;
  tend_task_link_unref (self);
}

static void
cancel_request_cb (TendJob *job)
{
  CancelRequest *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (CancelRequest, job));
  TendTask *task = self->link->task;

  if (task != NULL && !tend_task_has_ended (task))
    {
      g_object_ref (task);
      tend_task_set_cancel_reason (task, self->reason);
      tend_task_cancel (task);
      g_object_unref (task);
    }

  tend_task_link_unref (self->link);
  g_free (self->reason);
  g_free (self);
}

/*
 * Has the task cancelled soon, if it is still there; takes @reason. Never at once: what a task does at its end may wait
 * for the very emission that this is called from. Any thread.
 */
void
tend_task_link_cancel (TendTaskLink *self,
                       char         *reason)
{
  CancelRequest *request = g_new (CancelRequest, 1);

  tend_job_init (&request->job, cancel_request_cb);
  request->link = tend_task_link_ref (self);
  request->reason = reason;
  tend_loop_send (self->loop, &request->job);
}
