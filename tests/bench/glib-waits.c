// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A mutex that nobody else wants.

#include "glib-peers.h"

#define N_PAIRS 1000

typedef struct
{
  GMutex mutex;
  guint  n;
} Lock;

static gpointer
begin (guint n)
{
  Lock *self = g_new0 (Lock, 1);

  g_mutex_init (&self->mutex);
  self->n = n;

  return self;
}

static void
end (gpointer state)
{
  Lock *self = state;

  g_mutex_clear (&self->mutex);
  g_free (self);
}

static guint
lock (gpointer state)
{
  Lock *self = state;

  for (guint i = 0; i < self->n * N_PAIRS; i++)
    {
      g_mutex_lock (&self->mutex);
      g_mutex_unlock (&self->mutex);
    }

  return self->n * N_PAIRS;
}

const BenchPeer glib_waits_peer = {
  .scenario = "waits",
  .name = "GMutex",
  .begin = begin,
  .end = end,
  .steps = {
    { "acquire and release", "pair", NULL, lock },
  },
};
