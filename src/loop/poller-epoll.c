// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Descriptors by epoll: one descriptor in the main context, however many are registered. A turn in which none is ready
// costs nothing; otherwise one system call.
//
// The poll descriptor is added by g_source_add_poll(), not by g_source_add_unix_fd(): GLib would dispatch the loop
// whenever that one is ready, also in the iterations that the loop leaves to others.

#include "poller-private.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

struct _TendPoller
{
  GSource *source;      /* constant; not a reference: it owns us */
  GPollFD  poll;        /* loop thread, or who runs the context */
};

/* Conditions are those of poll(), and epoll has the same numbers. */
G_STATIC_ASSERT ((int) G_IO_IN == (int) EPOLLIN);
G_STATIC_ASSERT ((int) G_IO_OUT == (int) EPOLLOUT);
G_STATIC_ASSERT ((int) G_IO_PRI == (int) EPOLLPRI);
G_STATIC_ASSERT ((int) G_IO_ERR == (int) EPOLLERR);
G_STATIC_ASSERT ((int) G_IO_HUP == (int) EPOLLHUP);

static gboolean
open_poll (TendPoller *self)
{
  self->poll.fd = epoll_create1 (EPOLL_CLOEXEC);
  self->poll.events = G_IO_IN;
  self->poll.revents = 0;
  if (self->poll.fd < 0)
    return FALSE;

  g_source_add_poll (self->source, &self->poll);
  return TRUE;
}

TendPoller *
tend_poller_new (GSource *source)
{
  TendPoller *self = g_new (TendPoller, 1);
  int saved;

  self->source = source;
  if (open_poll (self))
    return self;

  saved = errno;
  g_free (self);
  errno = saved;
  return NULL;
}

/* The source has been destroyed, and does not look any more; or the poller could not be renewed. */
void
tend_poller_free (TendPoller *self)
{
  if (self->poll.fd >= 0)
    close (self->poll.fd);
  g_free (self);
}

void
tend_poller_forget (TendPoller *self,
                    GSource    *source)
{
  g_source_remove_poll (source, &self->poll);
  tend_poller_free (self);
}

void
tend_poller_prepare (TendPoller *self)
{
  self->poll.revents = 0;
}

gboolean
tend_poller_is_ready (TendPoller *self)
{
  return self->poll.revents != 0;
}

guint
tend_poller_take (TendPoller *self,
                  TendReady   ready[TEND_MAX_READY])
{
  struct epoll_event events[TEND_MAX_READY];
  int n = epoll_wait (self->poll.fd, events, TEND_MAX_READY, 0);

  self->poll.revents = 0;
  for (int i = 0; i < n; i++)
    {
      ready[i].fd = (int) (guint32) events[i].data.u64;
      ready[i].serial = (guint32) (events[i].data.u64 >> 32);
      ready[i].condition = (GIOCondition) events[i].events;
    }

  /* An interrupted call is repeated in the next turn. */
  return n > 0 ? (guint) n : 0;
}

static int
control (TendPoller   *self,
         int           operation,
         int           fd,
         guint32       serial,
         GIOCondition  condition)
{
  struct epoll_event event = {
    .events = condition & (G_IO_IN | G_IO_OUT | G_IO_PRI),
    .data.u64 = (guint64) serial << 32 | (guint32) fd,
  };

  return epoll_ctl (self->poll.fd, operation, fd, &event) == 0 ? 0 : errno;
}

int
tend_poller_add (TendPoller   *self,
                 int           fd,
                 guint32       serial,
                 GIOCondition  condition)
{
  int error = control (self, EPOLL_CTL_ADD, fd, serial, condition);

  /* The file had the same number before, was closed, and came back while something else kept it open. */
  return error == EEXIST ? control (self, EPOLL_CTL_MOD, fd, serial, condition) : error;
}

int
tend_poller_modify (TendPoller   *self,
                    int           fd,
                    guint32       serial,
                    GIOCondition  condition)
{
  return control (self, EPOLL_CTL_MOD, fd, serial, condition);
}

int
tend_poller_remove (TendPoller *self,
                    int         fd)
{
  return control (self, EPOLL_CTL_DEL, fd, 0, 0);
}

/* The old descriptor is closed first, so that there is a number for the new one. */
int
tend_poller_renew (TendPoller *self)
{
  g_source_remove_poll (self->source, &self->poll);
  close (self->poll.fd);

  return open_poll (self) ? 0 : errno;
}
