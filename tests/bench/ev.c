// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The program of the peers that use libev. What it runs are bare callbacks, without names or results.

#include <ev.h>

#include "bench.h"

#define BATCH 1000
#define N_YIELDS 100000
#define N_TURNS 1000

typedef struct
{
  BenchTimers      timers;
  guint            n_ended;
  guint            n_per_watcher;   /* of yields */
  struct ev_timer **pending;
  struct ev_loop  *loop;
} Peer;

static gpointer
begin (guint n)
{
  Peer *self = g_new0 (Peer, 1);

  bench_timers_init (&self->timers, n);
  self->n_per_watcher = MAX (N_YIELDS / n, 1);
  self->pending = g_new0 (struct ev_timer *, n);
  self->loop = ev_loop_new (EVFLAG_AUTO);

  return self;
}

static void
end (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    g_free (self->pending[i]);
  ev_loop_destroy (self->loop);
  bench_timers_clear (&self->timers);
  g_free (self->pending);
  g_free (self);
}

typedef void (* TimerFunc) (struct ev_loop  *loop,
                            struct ev_timer *timer,
                            int              events);

/* Arms a timer, which is freed by its callback. */
static struct ev_timer *
arm_timer (Peer      *self,
           guint      msec,
           TimerFunc  func,
           gpointer   data)
{
  struct ev_timer *timer = g_new (struct ev_timer, 1);

  ev_timer_init (timer, func, msec / 1000., 0);
  timer->data = data;
  ev_timer_start (self->loop, timer);

  return timer;
}

/* --- S1 --- */

static void
ended_cb (struct ev_loop  *loop,
          struct ev_timer *timer,
          int              events)
{
  ((Peer *) timer->data)->n_ended++;
  g_free (timer);
}

static guint
wait_for (Peer  *self,
          guint  n)
{
  while (self->n_ended < n)
    ev_run (self->loop, EVRUN_ONCE);
  self->n_ended = 0;

  return n;
}

static guint
spawn (gpointer state)
{
  Peer *self = state;

  for (guint n_left = self->timers.n, n; n_left > 0; n_left -= n)
    {
      n = MIN (n_left, BATCH);
      for (guint i = 0; i < n; i++)
        arm_timer (self, 0, ended_cb, self);
      wait_for (self, n);
    }

  return self->timers.n;
}

static const BenchPeer spawn_peer = {
  .scenario = "S1",
  .name = "libev",
  .begin = begin,
  .end = end,
  .steps = {
    { "callback", "task", NULL, spawn },
  },
};

/* --- S2 --- */

typedef struct
{
  struct ev_idle  watcher;
  Peer           *self;
  guint           n_left;
} Yielder;

static void
yield_cb (struct ev_loop *loop,
          struct ev_idle *watcher,
          int             events)
{
  Yielder *yielder = (Yielder *) watcher;

  if (--yielder->n_left > 0)
    return;

  yielder->self->n_ended++;
  ev_idle_stop (loop, watcher);
  g_free (yielder);
}

static guint
start_yielders (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      Yielder *yielder = g_new (Yielder, 1);

      yielder->self = self;
      yielder->n_left = self->n_per_watcher;
      ev_idle_init (&yielder->watcher, yield_cb);
      ev_idle_start (self->loop, &yielder->watcher);
    }

  return self->timers.n;
}

static guint
yield (gpointer state)
{
  Peer *self = state;

  return wait_for (self, self->timers.n) * self->n_per_watcher;
}

static const BenchPeer yield_peer = {
  .scenario = "S2",
  .name = "libev",
  .begin = begin,
  .end = end,
  .steps = {
    { "yield", "yield", start_yielders, yield },
  },
};

/* --- S3 --- */

static guint
turn (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < N_TURNS; i++)
    ev_run (self->loop, EVRUN_NOWAIT);

  return N_TURNS;
}

static guint
arm (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    self->pending[i] = arm_timer (self, bench_timers_get_ms (&self->timers, i), ended_cb, self);

  return self->timers.n;
}

static guint
cancel (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      struct ev_timer **timer = &self->pending[self->timers.positions[i]];

      ev_timer_stop (self->loop, *timer);
      g_clear_pointer (timer, g_free);
    }

  return self->timers.n;
}

static guint
arm_due (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    arm_timer (self, 1, ended_cb, self);
  g_usleep (2000);

  return self->timers.n;
}

static guint
fire (gpointer state)
{
  Peer *self = state;

  return wait_for (self, self->timers.n);
}

static const BenchPeer timers_peer = {
  .scenario = "S3",
  .name = "libev",
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

static void
shot_cb (struct ev_loop  *loop,
         struct ev_timer *timer,
         int              events)
{
  bench_timers_fired (timer->data);
  g_free (timer);
}

static guint
arm_spread (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      ev_now_update (self->loop);
      arm_timer (self, bench_timers_set_due (&self->timers, i), shot_cb, &self->timers.shots[i]);
    }

  return self->timers.n;
}

static guint
fire_spread (gpointer state)
{
  Peer *self = state;

  while (self->timers.n_fired < self->timers.n)
    ev_run (self->loop, EVRUN_ONCE);
  bench_timers_note (&self->timers, "fire, spread");

  return self->timers.n;
}

static const BenchPeer accuracy_peer = {
  .scenario = "accuracy",
  .name = "libev",
  .begin = begin,
  .end = end,
  .steps = {
    { "fire, spread", "timer", arm_spread, fire_spread, BENCH_CPU },
  },
};

/* --- S6, S7 --- */

static const BenchPeer cancel_peer = {
  .scenario = "S6",
  .name = "libev",
  .begin = begin,
  .end = end,
  .steps = {
    { "cancel callback tasks", "task", arm, cancel },
  },
};

static const BenchPeer memory_peer = {
  .scenario = "S7",
  .name = "libev",
  .begin = begin,
  .end = end,
  .steps = {
    { "waiting callback task", "task", NULL, arm, BENCH_WEIGHED },
  },
};

/* --- The program --- */

static const BenchPeer *const peers[] = {
  &spawn_peer, &yield_peer, &timers_peer, &accuracy_peer, &cancel_peer, &memory_peer, NULL
};

int
main (int    argc,
      char **argv)
{
  return bench_main (peers, argc, argv);
}
