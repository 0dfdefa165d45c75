// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The program of the peers that use libdex, whose fibers run on the main context of the program.

#include <libdex.h>

#include "bench.h"

#define BATCH 1000
#define N_YIELDS 100000
#define N_TRIPS 2000
#define HOUR_SEC 3600

typedef struct
{
  BenchTimers      timers;
  guint            n_ended;
  guint            n_per_fiber;     /* of yields */
  DexFuture      **futures;
  DexCancellable **cancellables;
} Peer;

static gpointer
begin (guint n)
{
  Peer *self = g_new0 (Peer, 1);

  dex_init ();
  bench_timers_init (&self->timers, n);
  self->n_per_fiber = MAX (N_YIELDS / n, 1);
  self->futures = g_new0 (DexFuture *, MAX (n, BATCH));
  self->cancellables = g_new0 (DexCancellable *, n);

  return self;
}

static guint
drop_futures (Peer  *self,
              guint  n)
{
  for (guint i = 0; i < n; i++)
    dex_clear (&self->futures[i]);

  return n;
}

static guint
wait_for (Peer  *self,
          guint  n)
{
  while (self->n_ended < n)
    g_main_context_iteration (NULL, TRUE);
  self->n_ended = 0;

  return n;
}

static guint
cancel_all (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    dex_cancellable_cancel (self->cancellables[i]);
  wait_for (self, self->timers.n);
  for (guint i = 0; i < self->timers.n; i++)
    dex_clear (&self->cancellables[i]);

  return drop_futures (self, self->timers.n);
}

static void
end (gpointer state)
{
  Peer *self = state;

  /* Where only memory is measured, fibers still wait. */
  if (self->cancellables[0] != NULL)
    cancel_all (self);
  drop_futures (self, self->timers.n);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  bench_timers_clear (&self->timers);
  g_free (self->futures);
  g_free (self->cancellables);
  g_free (self);
}

/* --- S1 --- */

static DexFuture *
fiber (gpointer user_data)
{
  ((Peer *) user_data)->n_ended++;
  return dex_future_new_for_boolean (TRUE);
}

/* Lets the others of the loop go first. It fails only where a fiber is discarded. */
static void
yield_once (void)
{
  g_assert_true (dex_fiber_yield (NULL));
}

static DexFuture *
waiting_fiber (gpointer user_data)
{
  yield_once ();
  return fiber (user_data);
}

static DexFuture *
parent_fiber (gpointer user_data)
{
  Peer *self = user_data;

  for (guint i = 0; i < self->timers.n; i++)
    dex_await (dex_scheduler_spawn (NULL, 0, waiting_fiber, self, NULL), NULL);

  return dex_future_new_for_boolean (TRUE);
}

static guint
spawn_all (Peer         *self,
           DexFiberFunc  func)
{
  for (guint n_left = self->timers.n, n; n_left > 0; n_left -= n)
    {
      n = MIN (n_left, BATCH);
      for (guint i = 0; i < n; i++)
        self->futures[i] = dex_scheduler_spawn (NULL, 0, func, self, NULL);
      wait_for (self, n);
      drop_futures (self, n);
    }

  return self->timers.n;
}

static guint
spawn (gpointer state)
{
  return spawn_all (state, fiber);
}

static guint
spawn_waiting (gpointer state)
{
  return spawn_all (state, waiting_fiber);
}

static guint
spawn_and_await (gpointer state)
{
  Peer *self = state;
  DexFuture *parent = dex_scheduler_spawn (NULL, 0, parent_fiber, self, NULL);

  wait_for (self, self->timers.n);
  dex_unref (parent);

  return self->timers.n;
}

static const BenchPeer spawn_peer = {
  .scenario = "S1",
  .name = "libdex",
  .begin = begin,
  .end = end,
  .steps = {
    { "fiber", "task", NULL, spawn },
    { "fiber that waits", "task", NULL, spawn_waiting },
    { "spawn and await", "child", NULL, spawn_and_await },
  },
};

/* --- S2 --- */

static DexFuture *
yield_fiber (gpointer user_data)
{
  Peer *self = user_data;

  for (guint i = 0; i < self->n_per_fiber; i++)
    yield_once ();

  return fiber (self);
}

static guint
start_yielders (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    self->futures[i] = dex_scheduler_spawn (NULL, 0, yield_fiber, self, NULL);

  return self->timers.n;
}

static guint
yield (gpointer state)
{
  Peer *self = state;

  return wait_for (self, self->timers.n) * self->n_per_fiber;
}

static const BenchPeer yield_peer = {
  .scenario = "S2",
  .name = "libdex",
  .max_n = 10000,
  .begin = begin,
  .end = end,
  .steps = {
    { "yield", "yield", start_yielders, yield },
  },
};

/* --- S3 --- */

static DexFuture *
fire_cb (DexFuture *timeout,
         gpointer   user_data)
{
  return dex_future_new_for_boolean (TRUE);
}

/* A timeout that nobody waits for must not be freed before it is due: its callback is what waits, and is freed. */
static guint
arm (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      gint64 usec = (gint64) bench_timers_get_ms (&self->timers, i) * 1000;

      self->futures[i] = dex_future_finally (dex_timeout_new_usec (usec), fire_cb, self, NULL);
    }

  return self->timers.n;
}

static guint
cancel (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    dex_clear (&self->futures[self->timers.positions[i]]);

  return self->timers.n;
}

static const BenchPeer timers_peer = {
  .scenario = "S3",
  .name = "libdex",
  .max_n = 100000,
  .begin = begin,
  .end = end,
  .steps = {
    { "arm", "timer", NULL, arm, BENCH_WEIGHED },
    { "cancel", "timer", NULL, cancel },
  },
};

/* --- S5 --- */

static void
back_home (gpointer user_data)
{
  ((Peer *) user_data)->n_ended++;
}

static void
job (gpointer user_data)
{
  dex_scheduler_push (dex_scheduler_get_default (), back_home, user_data);
}

static void
push_job (Peer *self)
{
  dex_scheduler_push (dex_thread_pool_scheduler_get_default (), job, self);
}

static guint
run_in_bulk (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    push_job (self);

  return wait_for (self, self->timers.n);
}

static guint
run_one_by_one (gpointer state)
{
  Peer *self = state;
  guint n_trips = MIN (self->timers.n, N_TRIPS);
  g_autofree gint64 *trips = g_new (gint64, N_TRIPS);

  for (guint i = 0; i < n_trips; i++)
    {
      gint64 began = bench_get_nsec ();

      push_job (self);
      wait_for (self, 1);
      trips[i] = bench_get_nsec () - began;
    }
  bench_note_quantiles ("thread jobs, one by one", "latency", trips, n_trips);

  return n_trips;
}

static const BenchPeer threads_peer = {
  .scenario = "S5",
  .name = "libdex",
  .begin = begin,
  .end = end,
  .steps = {
    { "thread jobs, in bulk", "job", NULL, run_in_bulk },
    { "thread jobs, one by one", "job", NULL, run_one_by_one },
  },
};

/* --- S6, S7 --- */

typedef struct
{
  Peer           *self;
  DexCancellable *cancellable;
} Sleeper;

/* As the fibers of the others do, it sleeps for an hour, or until it is cancelled. */
static DexFuture *
sleeping_fiber (gpointer user_data)
{
  Sleeper *sleeper = user_data;

  dex_await (dex_future_first (dex_ref (DEX_FUTURE (sleeper->cancellable)), dex_timeout_new_seconds (HOUR_SEC), NULL),
             NULL);
  return fiber (sleeper->self);
}

static guint
start_sleepers (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      Sleeper *sleeper = g_new (Sleeper, 1);

      self->cancellables[i] = dex_cancellable_new ();
      *sleeper = (Sleeper) { self, self->cancellables[i] };
      self->futures[i] = dex_scheduler_spawn (NULL, 0, sleeping_fiber, sleeper, g_free);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;

  return self->timers.n;
}

/* Each fiber takes two of the mappings of which a process has 65,530. */
static const BenchPeer cancel_peer = {
  .scenario = "S6",
  .name = "libdex",
  .max_n = 10000,
  .begin = begin,
  .end = end,
  .steps = {
    { "cancel fibers", "task", start_sleepers, cancel_all },
  },
};

static const BenchPeer memory_peer = {
  .scenario = "S7",
  .name = "libdex",
  .max_n = 10000,
  .begin = begin,
  .end = end,
  .steps = {
    { "waiting fiber", "task", NULL, start_sleepers, BENCH_WEIGHED },
  },
};

/* --- The program --- */

static const BenchPeer *const peers[] = {
  &spawn_peer, &yield_peer, &timers_peer, &threads_peer, &cancel_peer, &memory_peer, NULL
};

int
main (int    argc,
      char **argv)
{
  return bench_main (peers, argc, argv);
}
