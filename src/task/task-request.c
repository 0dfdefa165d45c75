// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The requests of other threads to a task: a bit for each request, and one job that brings them home.
//
// The table has a function for each request; the class of the task sets it (task.c), because those functions are above
// this file.

#include "task-state-private.h"

static const TendRequestClass *request_table;  /* constant once there is a task */
static guint n_requests;

/* Called once before there is a task: requests are carried out in the order of @table. */
void
tend_task_set_requests (const TendRequestClass *table,
                        guint                   n)
{
  request_table = table;
  n_requests = n;
}

/* On its way to the task's loop: there are requests among the task's flags. */
typedef struct
{
  TendJob   job;
  TendTask *task;   /* a reference */
} Remote;

static void
remote_job_cb (TendJob *job)
{
  Remote *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Remote, job));
  TendTask *task = self->task;
  guint requests = g_atomic_int_and ((guint *) &task->flags, ~(guint) TEND_REQUESTS);

  g_free (self);

  for (guint i = 0; i < n_requests; i++)
    {
      if (requests & request_table[i].request)
        request_table[i].carry_out (task);
    }

  g_object_unref (task);
}

/* Has @request carried out in the task's loop, which is woken once for several requests. */
void
tend_task_request (TendTask    *self,
                   TendRequest  request)
{
  Remote *remote;

  if ((g_atomic_int_or ((guint *) &self->flags, request) & TEND_REQUESTS) != 0)
    return;

  remote = g_new (Remote, 1);
  tend_job_init (&remote->job, remote_job_cb);
  remote->task = g_object_ref (self);
  tend_loop_send (self->loop, &remote->job);
}
