// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Fibers that wait for an object without keeping it: while one waits, its reference goes into a rack,
// where any thread may drop it.

#pragma once

#include "stress.h"

typedef struct
{
  Ticket         *ticket;
  Worker         *home;     /* constant */
  gpointer        object;   /* a reference until it is taken, or NULL */
  gpointer        data;     /* constant */
  GDestroyNotify  notify;   /* constant; nullable; frees the data */
  GList           link;
} Keeper;

static GQueue keepers[N_HOMES];     /* of Keeper; each queue is its home's */

static inline void
keeper_free (gpointer user_data)
{
  Keeper *self = user_data;

  ticket_end (self->ticket);
  if (self->object != NULL)
    {
      g_queue_unlink (&keepers[self->home->number], &self->link);
      g_object_unref (self->object);
    }
  if (self->notify != NULL)
    self->notify (self->data);
  g_free (self);
}

/*
 * Starts a fiber whose user data is a Keeper of @object, a reference to which is taken over. If its body
 * finds no object, that has been taken already; it must not touch it once it has waited.
 */
static inline TendTask *
keeper_start (Worker         *worker,
              const char     *what,
              TendBodyFunc    body,
              gpointer        object,
              gpointer        data,
              GDestroyNotify  notify)
{
  Keeper *self = g_new0 (Keeper, 1);

  self->ticket = ticket_new (what, worker);
  self->home = worker;
  self->object = object;
  self->data = data;
  self->notify = notify;
  self->link.data = self;
  g_queue_push_tail_link (&keepers[worker->number], &self->link);

  return tend_task_run_fiber (NULL, body, self, keeper_free);
}

/* Takes the object of one of @worker's fibers, or gives NULL. */
static inline gpointer
keeper_take (Worker *worker)
{
  GList *link = g_queue_pop_head_link (&keepers[worker->number]);

  return link != NULL ? g_steal_pointer (&((Keeper *) link->data)->object) : NULL;
}
