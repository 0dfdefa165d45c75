// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The way from a cancellable, which any thread cancels, to an object that ends with it, such as a task.
//
// A link has two ends, and is counted. The thread that cancels sends a request along it to the loop at its other end,
// where its function is called: the thread does not touch the object there, and needs no reference to it.

#include "tend-cancel-private.h"

/* Held by a cancellable, by the object that ends with it, and by requests on the way. */
struct _TendCancelLink
{
  gatomicrefcount     ref_count;
  TendLoop           *loop;    /* constant; a use */
  TendCancelLinkFunc  func;    /* loop thread; NULL once the link is cut */
  gpointer            data;    /* loop thread; likewise */
};

typedef struct
{
  TendJob         job;
  TendCancelLink *link;
  char           *reason;     /* NULL: what is at the end has it */
} CancelRequest;

/* Creates a link with its end in @loop, where @func is called. */
TendCancelLink *
tend_cancel_link_new (TendLoop           *loop,
                      TendCancelLinkFunc  func,
                      gpointer            data)
{
  TendCancelLink *self = g_new (TendCancelLink, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->loop = tend_loop_ref (loop);
  self->func = func;
  self->data = data;

  return self;
}

TendCancelLink *
tend_cancel_link_ref (TendCancelLink *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
tend_cancel_link_unref (gpointer data)
{
  TendCancelLink *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  tend_loop_release (self->loop);
  g_free (self);
}

/* The object at the end of the link is going. In its loop's thread. Drops the reference. */
void
tend_cancel_link_cut (TendCancelLink *self)
{
  self->func = NULL;
  self->data = NULL;
  tend_cancel_link_unref (self);
}

static void
cancel_request_cb (TendJob *job)
{
  CancelRequest *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (CancelRequest, job));

  if (self->link->func != NULL)
    self->link->func (self->link->data, self->reason);

  tend_cancel_link_unref (self->link);
  g_free (self->reason);
  g_free (self);
}

/*
 * Has the link's function called soon, if the link is not cut by then; takes @reason. Never at once: what a task does
 * at its end may wait for the very emission that this is called from. Any thread.
 */
void
tend_cancel_link_send (TendCancelLink *self,
                       char           *reason)
{
  CancelRequest *request = g_new (CancelRequest, 1);

  tend_job_init (&request->job, cancel_request_cb);
  request->link = tend_cancel_link_ref (self);
  request->reason = reason;
  tend_loop_send (self->loop, &request->job);
}
