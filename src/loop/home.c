// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The way home for an object whose last reference was dropped in another thread than its own: it is disposed of in its
// own thread, so that what it holds for the user is freed there.
//
// At home the object may be in use meanwhile: a timer or a task of the object calls code that takes references and
// drops them. That is why a plain reference that is sent home is not enough: see linger.c.

#include "tend-hub-private.h"

typedef struct
{
  TendJob     job;      /* the inbox's, while it is on its way */
  TendLoop   *loop;     /* constant; a use of it */
  TendLinger *linger;
} Home;

static void
come_home_cb (TendJob *job)
{
  Home *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Home, job));
  TendLoop *loop = self->loop;

  tend_linger_end (self->linger);
  tend_loop_release (loop);
  g_free (self);
}

/* The thread that has dropped the last reference has finished with the object. */
static void
go_home_cb (TendLinger *linger,
            gpointer    data)
{
  Home *self = data;
  TendLoop *loop = self->loop;
  TendPass pass = tend_loop_enter (loop);

  self->linger = linger;
  if (pass == TEND_PASS_NONE)
    tend_loop_send (loop, &self->job);
  else
    come_home_cb (&self->job);
  tend_loop_leave (loop, pass);
}

/* Called by dispose(). TRUE if dispose() must return at once, because @object goes to @loop's thread. */
gboolean
tend_loop_take_home (TendLoop *loop,
                     GObject  *object)
{
  Home *home;

  tend_tool_take_object (object);

  if (tend_loop_is_held (loop))
    return FALSE;

  /*
   * The creator may go on using an object that was disposed of by hand. An object that is freed must not meet another
   * thread.
   */
  if (g_atomic_int_get (&object->ref_count) > 1 && tend_loop_is_mine (loop))
    return FALSE;

  home = g_new0 (Home, 1);
  tend_job_init (&home->job, come_home_cb);
  home->loop = tend_loop_ref (loop);
  if (!tend_linger_begin (object, go_home_cb, home))
    {
      tend_loop_release (loop);
      g_free (home);
    }

  return TRUE;
}
