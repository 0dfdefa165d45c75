// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How another thread wakes a loop.
//
// A context's own descriptor is the same for the parent and the child of a fork, and each takes what is meant for the
// other. So a loop that is created in the child has one more. If the system has none left, the loop is woken as any
// other, and also looks on its own now and then, because a wake-up may be lost.

#include "tend-hub-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#endif

struct _TendWake
{
  gatomicrefcount ref_count;
  int             fd;           /* constant */
};

/* Creates what wakes the loop of @source; NULL if the system gives no descriptor. */
TendWake *
tend_wake_new (GSource *source)
{
  TendWake *self = NULL;
#ifdef __linux__
  int fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);

  if (fd >= 0)
    {
      self = g_new (TendWake, 1);
      g_atomic_ref_count_init (&self->ref_count);
      self->fd = fd;
      g_source_add_unix_fd (source, fd, G_IO_IN);
    }
#endif

  return self;
}

void
tend_wake_unref (TendWake *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  close (self->fd);
  g_free (self);
}

/* Returns what wakes the loop, which stays valid when the loop is gone. */
void
tend_loop_hold_waker (TendLoop  *loop,
                      TendWaker *waker)
{
  waker->context = g_main_context_ref (loop->hub->context);
  waker->wake = loop->wake;
  if (waker->wake != NULL)
    g_atomic_ref_count_inc (&waker->wake->ref_count);
}

/* Has the loop look again, if it @is_wanted, and lets go of what was held for that. */
void
tend_loop_wake (TendWaker *waker,
                gboolean   is_wanted)
{
  const guint64 one = 1;

  if (is_wanted && waker->wake == NULL)
    g_main_context_wakeup (waker->context);
  else if (is_wanted && write (waker->wake->fd, &one, sizeof one) < 0 && errno != EAGAIN)
    g_warning ("Loop: its descriptor cannot be written: %s", g_strerror (errno));

  g_clear_pointer (&waker->wake, tend_wake_unref);
  g_clear_pointer (&waker->context, g_main_context_unref);
}

/* In the loop: it is awake. */
void
tend_wake_take (TendWake *wake)
{
  guint64 count;

  if (read (wake->fd, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR)
    g_warning ("Loop: its descriptor cannot be read: %s", g_strerror (errno));
}
