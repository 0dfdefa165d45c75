// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Descriptors by the poll() of the main context, where there is no epoll: each turn looks at each of them.

#include "poller-private.h"

#include <errno.h>
#include <fcntl.h>

typedef struct
{
  GPollFD poll;         /* loop thread, or who runs the context */
  guint32 serial;
  guint   index;        /* in all */
} Registration;

struct _TendPoller
{
  GSource    *source;   /* constant; not a reference: it owns us */
  GHashTable *by_fd;    /* from descriptor to Registration */
  GPtrArray  *all;      /* of Registration, which it owns */
  guint       first;    /* with which the next look begins, so that each gets its turn */
};

TendPoller *
tend_poller_new (GSource *source)
{
  TendPoller *self = g_new0 (TendPoller, 1);

  self->source = source;
  self->by_fd = g_hash_table_new (NULL, NULL);
  self->all = g_ptr_array_new_with_free_func (g_free);

  return self;
}

/* The source has been destroyed, and does not look any more. */
void
tend_poller_free (TendPoller *self)
{
  g_hash_table_unref (self->by_fd);
  g_ptr_array_unref (self->all);
  g_free (self);
}

int
tend_poller_renew (TendPoller *self)
{
  for (guint i = 0; i < self->all->len; i++)
    g_source_remove_poll (self->source, &((Registration *) self->all->pdata[i])->poll);
  g_hash_table_remove_all (self->by_fd);
  g_ptr_array_set_size (self->all, 0);

  return 0;
}

void
tend_poller_forget (TendPoller *self,
                    GSource    *source)
{
  tend_poller_renew (self);
  tend_poller_free (self);
}

void
tend_poller_prepare (TendPoller *self)
{
  for (guint i = 0; i < self->all->len; i++)
    ((Registration *) self->all->pdata[i])->poll.revents = 0;
}

gboolean
tend_poller_is_ready (TendPoller *self)
{
  for (guint i = 0; i < self->all->len; i++)
    {
      if (((Registration *) self->all->pdata[i])->poll.revents != 0)
        return TRUE;
    }

  return FALSE;
}

guint
tend_poller_take (TendPoller *self,
                  TendReady   ready[TEND_MAX_READY])
{
  guint n_all = self->all->len, n = 0, i;

  for (i = 0; i < n_all && n < TEND_MAX_READY; i++)
    {
      Registration *each = self->all->pdata[(self->first + i) % n_all];

      if (each->poll.revents != 0)
        ready[n++] = (TendReady) { each->poll.fd, each->serial, (GIOCondition) each->poll.revents };
      each->poll.revents = 0;
    }
  self->first = i < n_all ? (self->first + i) % n_all : 0;

  return n;
}

int
tend_poller_add (TendPoller   *self,
                 int           fd,
                 guint32       serial,
                 GIOCondition  condition)
{
  Registration *each;

  if (fcntl (fd, F_GETFD) < 0)
    return errno;

  each = g_new0 (Registration, 1);
  each->poll.fd = fd;
  each->poll.events = (gushort) condition;
  each->serial = serial;
  each->index = self->all->len;
  g_ptr_array_add (self->all, each);
  g_hash_table_insert (self->by_fd, GINT_TO_POINTER (fd), each);
  g_source_add_poll (self->source, &each->poll);

  return 0;
}

int
tend_poller_modify (TendPoller   *self,
                    int           fd,
                    guint32       serial,
                    GIOCondition  condition)
{
  Registration *each = g_hash_table_lookup (self->by_fd, GINT_TO_POINTER (fd));

  if (fcntl (fd, F_GETFD) < 0)
    return errno;

  each->poll.events = (gushort) condition;
  return 0;
}

int
tend_poller_remove (TendPoller *self,
                    int         fd)
{
  Registration *each = g_hash_table_lookup (self->by_fd, GINT_TO_POINTER (fd));
  guint index = each->index;

  g_source_remove_poll (self->source, &each->poll);
  g_hash_table_remove (self->by_fd, GINT_TO_POINTER (fd));
  g_ptr_array_remove_index_fast (self->all, index);
  if (index < self->all->len)
    ((Registration *) self->all->pdata[index])->index = index;

  return 0;
}
