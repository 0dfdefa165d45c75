// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What asks the system which descriptors are ready, in two variants: poller-epoll.c and poller-poll.c. Each knows what
// was registered with the system and nothing of who waits for it.

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TendPoller TendPoller;

/* A descriptor that is ready. */
typedef struct
{
  int          fd;
  guint32      serial;      /* what its registration was given */
  GIOCondition condition;
} TendReady;

/* How many are taken in one turn of the loop: the system hands out the others first in the next one. */
#define TEND_MAX_READY 256

/* NULL with errno if the system refuses. The source looks at what is registered from then on. */
TendPoller   *tend_poller_new       (GSource          *source);
void          tend_poller_free      (TendPoller       *self);

/* The child of a fork looks at nothing of its parent's. The source is attached. */
void          tend_poller_forget    (TendPoller       *self,
                                     GSource          *source);

/* Before and after the context polls. */
void          tend_poller_prepare   (TendPoller       *self);
gboolean      tend_poller_is_ready  (TendPoller       *self);
guint         tend_poller_take      (TendPoller       *self,
                                     TendReady         ready[TEND_MAX_READY]);

/* Each gives errno's, or 0. */
int           tend_poller_add       (TendPoller       *self,
                                     int               fd,
                                     guint32           serial,
                                     GIOCondition      condition);
int           tend_poller_modify    (TendPoller       *self,
                                     int               fd,
                                     guint32           serial,
                                     GIOCondition      condition);
int           tend_poller_remove    (TendPoller       *self,
                                     int               fd);

/* Forgets every registration, also those that cannot be removed. After an error it can only be freed. */
int           tend_poller_renew     (TendPoller       *self);

G_END_DECLS
