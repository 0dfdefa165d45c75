// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The timers of tend-timers.c, made by a time-out source for each.

#include "glib-peers.h"

typedef struct
{
  BenchTimers   timers;
  GSource     **pending;
  GMainContext *context;
} Timers;

static gpointer
begin (guint n)
{
  Timers *self = g_new0 (Timers, 1);

  bench_timers_init (&self->timers, n);
  self->pending = g_new0 (GSource *, n);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static void
end (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    g_clear_pointer (&self->pending[i], g_source_unref);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  bench_timers_clear (&self->timers);
  g_free (self->pending);
  g_free (self);
}

/* Few where each takes long: it is the same turn again. */
static guint
turn (gpointer state)
{
  Timers *self = state;
  guint n_turns = CLAMP (2000000 / self->timers.n, 5, 1000);

  for (guint i = 0; i < n_turns; i++)
    g_main_context_iteration (self->context, FALSE);

  return n_turns;
}

static gboolean
fired_cb (gpointer user_data)
{
  ((Timers *) user_data)->timers.n_fired++;
  return G_SOURCE_REMOVE;
}

static GSource *
attach (Timers      *self,
        guint        msec,
        GSourceFunc  func,
        gpointer     data)
{
  GSource *source = g_timeout_source_new (msec);

  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, self->context);

  return source;
}

static guint
arm (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    self->pending[i] = attach (self, bench_timers_get_ms (&self->timers, i), fired_cb, self);

  return self->timers.n;
}

static guint
cancel (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      GSource **timer = &self->pending[self->timers.positions[i]];

      g_source_destroy (*timer);
      g_clear_pointer (timer, g_source_unref);
    }

  return self->timers.n;
}

static guint
arm_due (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    g_source_unref (attach (self, 1, fired_cb, self));
  g_usleep (2000);

  return self->timers.n;
}

static guint
fire (gpointer state)
{
  Timers *self = state;

  while (self->timers.n_fired < self->timers.n)
    g_main_context_iteration (self->context, TRUE);
  self->timers.n_fired = 0;

  return self->timers.n;
}

const BenchPeer glib_timers_peer = {
  .scenario = "S3",
  .name = "GLib source",
  .begin = begin,
  .end = end,
  .steps = {
    { "arm", "timer", NULL, arm, BENCH_WEIGHED },
    { "turn", "turn", NULL, turn },
    { "cancel", "timer", NULL, cancel },
    { "turn, none pending", "turn", NULL, turn },
    { "fire, all due", "timer", arm_due, fire },
  },
};

/* --- Accuracy --- */

static gboolean
shot_cb (gpointer user_data)
{
  bench_timers_fired (user_data);
  return G_SOURCE_REMOVE;
}

static guint
arm_spread (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    g_source_unref (attach (self, bench_timers_set_due (&self->timers, i), shot_cb, &self->timers.shots[i]));

  return self->timers.n;
}

static guint
fire_spread (gpointer state)
{
  Timers *self = state;

  while (self->timers.n_fired < self->timers.n)
    g_main_context_iteration (self->context, TRUE);
  bench_timers_note (&self->timers, "fire, spread");
  self->timers.n_fired = 0;

  return self->timers.n;
}

const BenchPeer glib_accuracy_peer = {
  .scenario = "accuracy",
  .name = "GLib source",
  .begin = begin,
  .end = end,
  .steps = {
    { "fire, spread", "timer", arm_spread, fire_spread, BENCH_CPU },
  },
};
