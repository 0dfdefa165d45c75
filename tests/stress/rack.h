// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the threads of stress.h choose, count and hand to one another: chance, tickets and racks.

#pragma once

#include <tend.h>

#define N_HOMES 4
#define N_WORKERS 8
#define N_SLOTS 64
#define N_CHUNK 1024
#define MAX_OPERATIONS 32

typedef struct _Worker Worker;

typedef struct
{
  const char *what;         /* constant */
  Worker     *home;         /* constant; where it must end, or NULL for anywhere */
  int         n_ended;      /* atomic */
} Ticket;

struct _Worker
{
  guint         number;     /* constant; the homes come first */
  GThread      *thread;     /* constant */
  GMainContext *context;    /* constant; NULL if it is no home */
  guint32       seed;       /* its own, like what has no word here */
  guint         n_done[MAX_OPERATIONS];
  guint         n_idle;     /* operations in a row for which there was nothing */
  const char   *now;        /* atomic; the operation that it carries out */
  int           n_open;     /* atomic; tickets that must end here */
  GPtrArray    *chunks;
  guint         n_tickets;
};

/* References on their way from thread to thread. */
typedef struct
{
  GDestroyNotify drop;      /* constant */
  gpointer       slots[N_HOMES][N_SLOTS];       /* atomic */
} Rack;

static Worker workers[N_WORKERS];
static gboolean is_alone;                       /* constant while they work */
static _Thread_local Worker *me;

/* --- Chance --- */

static inline guint
pick (Worker *worker,
      guint   n)
{
  worker->seed ^= worker->seed << 13;
  worker->seed ^= worker->seed >> 17;
  worker->seed ^= worker->seed << 5;

  return worker->seed % n;
}

static inline gboolean
is_home (Worker *worker)
{
  return worker->context != NULL;
}

static inline Worker *
pick_home (Worker *worker)
{
  guint number = pick (worker, N_HOMES);

  return &workers[is_alone && is_home (worker) ? worker->number : number];
}

/* --- Tickets --- */

/* Has to be called by a worker. */
static inline Ticket *
ticket_new (const char *what,
            Worker     *home)
{
  Ticket *ticket;

  if (me->n_tickets % N_CHUNK == 0)
    g_ptr_array_add (me->chunks, g_new0 (Ticket, N_CHUNK));
  ticket = (Ticket *) g_ptr_array_index (me->chunks, me->n_tickets / N_CHUNK) + me->n_tickets % N_CHUNK;
  me->n_tickets++;

  ticket->what = what;
  ticket->home = home;
  if (home != NULL)
    g_atomic_int_inc (&home->n_open);

  return ticket;
}

/* Ends @data, which is a ticket; a GDestroyNotify. */
static inline void
ticket_end (gpointer data)
{
  Ticket *ticket = data;

  if (ticket->home != NULL && g_thread_self () != ticket->home->thread)
    g_error ("%s of home %u ended in thread %d", ticket->what, ticket->home->number,
             me != NULL ? (int) me->number : -1);
  if (g_atomic_int_add (&ticket->n_ended, 1) != 0)
    g_error ("%s ended twice", ticket->what);
  if (ticket->home != NULL)
    g_atomic_int_add (&ticket->home->n_open, -1);
}

/* Has @object end a ticket when it is finalized, or by a weak reference when it is disposed of. */
static inline void
ticket_weak_cb (gpointer  data,
                GObject  *object)
{
  ticket_end (data);
}

static inline void
ticket_watch (gpointer    object,
              const char *what,
              Worker     *home)
{
  if (pick (me, 2) == 0)
    g_object_set_qdata_full (object, g_quark_from_string (what), ticket_new (what, home), ticket_end);
  else
    g_object_weak_ref (object, ticket_weak_cb, ticket_new (what, home));
}

/* --- Racks --- */

/* Gives @object into the rack of @home; what was in its place is dropped here. */
static inline void
rack_put (Rack     *rack,
          Worker   *home,
          gpointer  object)
{
  gpointer old = g_atomic_pointer_exchange (&rack->slots[home->number][pick (me, N_SLOTS)], object);

  if (old != NULL)
    rack->drop (old);
}

/* Takes something of @home's, or gives NULL. */
static inline gpointer
rack_take (Rack   *rack,
           Worker *home)
{
  guint first = pick (me, N_SLOTS);
  gpointer object = NULL;

  for (guint i = 0; i < N_SLOTS / 4 && object == NULL; i++)
    object = g_atomic_pointer_exchange (&rack->slots[home->number][(first + i) % N_SLOTS], NULL);

  return object;
}
