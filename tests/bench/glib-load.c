// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The ready tasks of tend-load.c, each an idle source that comes again: what no frame gets past.

#include "glib-peers.h"

#define LOAD_USEC (2 * G_TIME_SPAN_SECOND)

typedef struct
{
  guint         n;
  guint         n_ended;
  gint64        until;
  GMainContext *context;
} Load;

static gpointer
begin (guint n)
{
  Load *self = g_new0 (Load, 1);

  self->n = n;
  self->context = g_main_context_new ();

  return self;
}

static void
end (gpointer state)
{
  Load *self = state;

  g_main_context_unref (self->context);
  g_free (self);
}

static void attach_ready (Load *self);

static gboolean
ready_cb (gpointer user_data)
{
  Load *self = user_data;

  if (g_get_monotonic_time () < self->until)
    attach_ready (self);
  else
    self->n_ended++;

  return G_SOURCE_REMOVE;
}

static void
attach_ready (Load *self)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, ready_cb, self, NULL);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static guint
run_beside_frames (gpointer state)
{
  Load *self = state;
  BenchFrames frames;

  self->until = g_get_monotonic_time () + LOAD_USEC;
  for (guint i = 0; i < self->n; i++)
    attach_ready (self);
  bench_frames_init (&frames, self->context);
  while (self->n_ended < self->n)
    g_main_context_iteration (self->context, TRUE);
  bench_frames_clear (&frames, "frames beside n ready tasks");

  return 1;
}

const BenchPeer glib_fair_peer = {
  .scenario = "fair",
  .name = "GLib source",
  .begin = begin,
  .end = end,
  .steps = {
    { "frames beside n ready tasks", "run", NULL, run_beside_frames, BENCH_SILENT },
  },
};
