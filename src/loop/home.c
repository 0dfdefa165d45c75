// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The way home for an object whose last reference was dropped in another thread than its own: it is
// taken apart where it belongs, so that what it holds of the user is freed there.

#include "tend-loop-private.h"

typedef struct
{
  TendJob   job;        /* the inbox's, while it is on its way */
  TendLoop *loop;       /* constant; a use of it */
  GObject  *object;     /* constant; held by the toggle reference */
  int       is_going;   /* atomic */
} Home;

/*
 * The other thread has dropped its last reference: the one that is left goes home. A plain reference
 * would not do, since it could be dropped at home before the other thread has dropped its own.
 */
static void
go_home_cb (gpointer  data,
            GObject  *object,
            gboolean  is_last_ref)
{
  Home *self = data;

  if (is_last_ref && g_atomic_int_compare_and_exchange (&self->is_going, FALSE, TRUE))
    tend_loop_send (self->loop, &self->job);
}

static void
come_home_cb (TendJob *job)
{
  Home *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Home, job));

  /* Nobody is told of this reference any more once it is gone. */
  g_object_remove_toggle_ref (self->object, go_home_cb, self);
  tend_loop_release (self->loop);
  g_free (self);
}

/* To be called by dispose(): TRUE if @object must leave it at that, since it goes to @loop's thread. */
gboolean
tend_loop_take_home (TendLoop *loop,
                     GObject  *object)
{
  Home *home;

  if (tend_loop_is_mine (loop))
    return FALSE;

  home = g_new0 (Home, 1);
  tend_job_init (&home->job, come_home_cb);
  home->loop = tend_loop_ref (loop);
  home->object = object;
  g_object_add_toggle_ref (object, go_home_cb, home);

  return TRUE;
}
