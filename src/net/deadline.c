// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The end of a fiber's wait for a socket: its deadline, and its errors.
//
// A fiber has one job, which waits in one place. The deadline is a job of its own, so that the other one stays free for
// what the fiber waits for.

#include "net-private.h"

/* A fiber that goes on already, or was cancelled, is woken once. */
void
tend_net_wake (TendLoop *loop,
               TendJob  *wake)
{
  if (!tend_job_is_waiting (wake))
    tend_loop_queue_micro (loop, wake);
}

static void
passed_cb (TendJob *job)
{
  TendNetDeadline *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendNetDeadline, job));

  self->has_passed = TRUE;
  tend_net_wake (self->loop, self->wake);
}

void
tend_net_deadline_begin (TendNetDeadline *self,
                         TendLoop        *loop,
                         TendJob         *wake,
                         gint64           deadline)
{
  *self = (TendNetDeadline) { .loop = loop, .wake = wake };
  tend_job_init (&self->job, passed_cb);
  if (deadline != TEND_FOREVER)
    tend_loop_arm (loop, &self->job, deadline);
}

void
tend_net_deadline_end (TendNetDeadline *self)
{
  tend_loop_remove (self->loop, &self->job);
}

gboolean
tend_net_deadline_check (TendNetDeadline  *self,
                         GError          **error)
{
  if (self->has_passed)
    tend_task_set_error (tend_task_get_current (), error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         _("the socket was not ready before the deadline"));

  return !self->has_passed;
}

void
tend_net_set_error (GError     **error,
                    int          status,
                    const char  *what)
{
  g_autofree char *message = g_strconcat (what, g_strerror (status), NULL);

  tend_task_set_error (tend_task_get_current (), error, G_IO_ERROR, (int) g_io_error_from_errno (status), "%s",
                       message);
}
