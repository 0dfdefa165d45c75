// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What timers cost of which n are pending (S3), and how late they fire that are spread over a second ("accuracy").

#include <tend.h>

#include "tend-peers.h"

#define N_TURNS 1000

typedef struct
{
  BenchTimers   timers;
  TendTask     *host;       /* that the timers are of */
  TendTimer   **pending;
  GMainContext *context;
} Timers;

static gboolean
idle_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static gpointer
begin (guint n)
{
  Timers *self = g_new0 (Timers, 1);

  bench_timers_init (&self->timers, n);
  self->pending = g_new0 (TendTimer *, n);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->host = tend_task_run_open ("host", idle_body, NULL, NULL);

  return self;
}

static void
end (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    g_clear_pointer (&self->pending[i], tend_timer_unref);
  tend_task_return_boolean (self->host, TRUE);
  g_object_unref (self->host);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  bench_timers_clear (&self->timers);
  g_free (self->pending);
  g_free (self);
}

static guint
turn (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < N_TURNS; i++)
    g_main_context_iteration (self->context, FALSE);

  return N_TURNS;
}

static gboolean
fired_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  ((Timers *) user_data)->timers.n_fired++;
  return TRUE;
}

static guint
arm (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      gint64 usec = (gint64) bench_timers_get_ms (&self->timers, i) * 1000;

      self->pending[i] = tend_timer_ref (tend_task_add_timer (self->host, usec, -1, fired_cb, self, NULL));
    }

  return self->timers.n;
}

static guint
cancel (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      TendTimer **timer = &self->pending[self->timers.positions[i]];

      tend_timer_cancel (*timer);
      g_clear_pointer (timer, tend_timer_unref);
    }

  return self->timers.n;
}

static guint
arm_due (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    tend_task_add_timer (self->host, 1000, -1, fired_cb, self, NULL);
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

const BenchPeer tend_timers_peer = {
  .scenario = "S3",
  .name = "libtend",
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
shot_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  bench_timers_fired (user_data);
  return TRUE;
}

static guint
arm_spread (gpointer state)
{
  Timers *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      gint64 usec = (gint64) bench_timers_set_due (&self->timers, i) * 1000;

      tend_task_add_timer (self->host, usec, -1, shot_cb, &self->timers.shots[i], NULL);
    }

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

const BenchPeer tend_accuracy_peer = {
  .scenario = "accuracy",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "fire, spread", "timer", arm_spread, fire_spread, BENCH_CPU },
  },
};
