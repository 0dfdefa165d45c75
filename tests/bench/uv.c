// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The program of the peers that use libuv. What it runs are bare callbacks, without names or results.

#include <uv.h>

#include "bench.h"

#define BATCH 1000
#define N_YIELDS 100000
#define N_TURNS 1000
#define N_TRIPS 2000
#define DAY_MSEC (24 * 3600 * 1000)

typedef struct
{
  BenchTimers  timers;
  guint        n_ended;
  guint        n_per_handle;    /* of yields */
  uv_timer_t **pending;
  uv_timer_t   last;            /* never due: a loop that has nothing takes no turn at all */
  uv_loop_t    loop;
} Peer;

static void
never_cb (uv_timer_t *timer)
{
}

static gpointer
begin (guint n)
{
  Peer *self = g_new0 (Peer, 1);

  bench_timers_init (&self->timers, n);
  self->n_per_handle = MAX (N_YIELDS / n, 1);
  self->pending = g_new0 (uv_timer_t *, n);
  uv_loop_init (&self->loop);
  uv_timer_init (&self->loop, &self->last);
  uv_timer_start (&self->last, never_cb, DAY_MSEC, 0);

  return self;
}

static void
free_cb (uv_handle_t *handle)
{
  g_free (handle);
}

/* Those that are left over: the loop's own is part of the peer. */
static void
close_cb (uv_handle_t *handle,
          void        *data)
{
  Peer *self = data;

  if (!uv_is_closing (handle))
    uv_close (handle, handle == (uv_handle_t *) &self->last ? NULL : free_cb);
}

static void
end (gpointer state)
{
  Peer *self = state;

  uv_walk (&self->loop, close_cb, self);
  uv_run (&self->loop, UV_RUN_NOWAIT);
  g_assert_cmpint (uv_loop_close (&self->loop), ==, 0);
  bench_timers_clear (&self->timers);
  g_free (self->pending);
  g_free (self);
}

/* Arms a timer, which is closed by its callback. */
static uv_timer_t *
arm_timer (Peer        *self,
           guint        msec,
           uv_timer_cb  func,
           gpointer     data)
{
  uv_timer_t *timer = g_new (uv_timer_t, 1);

  uv_timer_init (&self->loop, timer);
  timer->data = data;
  uv_timer_start (timer, func, msec, 0);

  return timer;
}

/* --- S1 --- */

static void
ended_cb (uv_timer_t *timer)
{
  ((Peer *) timer->data)->n_ended++;
  uv_close ((uv_handle_t *) timer, free_cb);
}

static guint
wait_for (Peer  *self,
          guint  n)
{
  while (self->n_ended < n)
    uv_run (&self->loop, UV_RUN_ONCE);
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
  .name = "libuv",
  .begin = begin,
  .end = end,
  .steps = {
    { "callback", "task", NULL, spawn },
  },
};

/* --- S2 --- */

typedef struct
{
  uv_idle_t  handle;
  Peer      *self;
  guint      n_left;
} Yielder;

static void
yield_cb (uv_idle_t *handle)
{
  Yielder *yielder = (Yielder *) handle;

  if (--yielder->n_left > 0)
    return;

  yielder->self->n_ended++;
  uv_close ((uv_handle_t *) handle, free_cb);
}

static guint
start_yielders (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      Yielder *yielder = g_new (Yielder, 1);

      yielder->self = self;
      yielder->n_left = self->n_per_handle;
      uv_idle_init (&self->loop, &yielder->handle);
      uv_idle_start (&yielder->handle, yield_cb);
    }

  return self->timers.n;
}

static guint
yield (gpointer state)
{
  Peer *self = state;

  return wait_for (self, self->timers.n) * self->n_per_handle;
}

static const BenchPeer yield_peer = {
  .scenario = "S2",
  .name = "libuv",
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
    uv_run (&self->loop, UV_RUN_NOWAIT);

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
    uv_close ((uv_handle_t *) self->pending[self->timers.positions[i]], free_cb);
  uv_run (&self->loop, UV_RUN_NOWAIT);

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
  .name = "libuv",
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
shot_cb (uv_timer_t *timer)
{
  bench_timers_fired (timer->data);
  uv_close ((uv_handle_t *) timer, free_cb);
}

static guint
arm_spread (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    {
      uv_update_time (&self->loop);
      arm_timer (self, bench_timers_set_due (&self->timers, i), shot_cb, &self->timers.shots[i]);
    }

  return self->timers.n;
}

static guint
fire_spread (gpointer state)
{
  Peer *self = state;

  while (self->timers.n_fired < self->timers.n)
    uv_run (&self->loop, UV_RUN_ONCE);
  bench_timers_note (&self->timers, "fire, spread");

  return self->timers.n;
}

static const BenchPeer accuracy_peer = {
  .scenario = "accuracy",
  .name = "libuv",
  .begin = begin,
  .end = end,
  .steps = {
    { "fire, spread", "timer", arm_spread, fire_spread, BENCH_CPU },
  },
};

/* --- S5 --- */

static void
job (uv_work_t *work)
{
}

static void
job_done_cb (uv_work_t *work,
             int        status)
{
  ((Peer *) work->data)->n_ended++;
  g_free (work);
}

static void
queue_job (Peer *self)
{
  uv_work_t *work = g_new (uv_work_t, 1);

  work->data = self;
  uv_queue_work (&self->loop, work, job, job_done_cb);
}

static guint
run_in_bulk (gpointer state)
{
  Peer *self = state;

  for (guint i = 0; i < self->timers.n; i++)
    queue_job (self);

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

      queue_job (self);
      wait_for (self, 1);
      trips[i] = bench_get_nsec () - began;
    }
  bench_note_quantiles ("thread jobs, one by one", "latency", trips, n_trips);

  return n_trips;
}

static const BenchPeer threads_peer = {
  .scenario = "S5",
  .name = "libuv",
  .begin = begin,
  .end = end,
  .steps = {
    { "thread jobs, in bulk", "job", NULL, run_in_bulk },
    { "thread jobs, one by one", "job", NULL, run_one_by_one },
  },
};

/* --- S6, S7 --- */

static const BenchPeer cancel_peer = {
  .scenario = "S6",
  .name = "libuv",
  .begin = begin,
  .end = end,
  .steps = {
    { "cancel callback tasks", "task", arm, cancel },
  },
};

static const BenchPeer memory_peer = {
  .scenario = "S7",
  .name = "libuv",
  .begin = begin,
  .end = end,
  .steps = {
    { "waiting callback task", "task", NULL, arm, BENCH_WEIGHED },
  },
};

/* --- The program --- */

/* uv-echo.c */
extern const BenchPeer uv_echo_peer;

static const BenchPeer *const peers[] = {
  &spawn_peer, &yield_peer, &timers_peer, &accuracy_peer, &threads_peer, &cancel_peer, &memory_peer, &uv_echo_peer,
  NULL
};

int
main (int    argc,
      char **argv)
{
  return bench_main (peers, argc, argv);
}
