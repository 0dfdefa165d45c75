// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A semaphore that nobody else wants, and n fibers that an event wakes, beside n that yield.

#include <tend.h>

#include "tend-peers.h"

#define N_ROUNDS 100
#define N_PAIRS 1000

typedef struct
{
  BenchWork       work;
  TendEvent      *event;
  TendTask      **tasks;
  guint           n_ended;
} Waits;

static gpointer
begin (guint n)
{
  Waits *self = g_new0 (Waits, 1);

  bench_work_init (&self->work, n);
  self->event = tend_event_new ();
  self->tasks = g_new0 (TendTask *, n);

  return self;
}

static void
end (gpointer state)
{
  Waits *self = state;

  g_object_unref (self->event);
  bench_work_turn (&self->work);
  bench_work_clear (&self->work);
  g_free (self->tasks);
  g_free (self);
}

static gboolean
lock_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Waits *self = user_data;
  g_autoptr(TendSemaphore) lock = tend_semaphore_new (1);

  for (guint i = 0; i < self->work.n * N_PAIRS; i++)
    {
      if (!tend_semaphore_acquire (lock, error))
        return FALSE;
      tend_semaphore_release (lock);
    }

  return TRUE;
}

static guint
lock (gpointer state)
{
  Waits *self = state;
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, lock_body, self, NULL);

  while (!tend_task_is_ended (task))
    bench_work_turn (&self->work);

  return self->work.n * N_PAIRS;
}

static gboolean
yield_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Waits *self = user_data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      if (!tend_yield (error))
        return FALSE;
    }

  self->n_ended++;
  return TRUE;
}

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Waits *self = user_data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      if (!tend_event_wait (self->event, error))
        return FALSE;
    }

  self->n_ended++;
  return TRUE;
}

static guint
start (Waits        *self,
       TendBodyFunc  body)
{
  self->n_ended = 0;
  for (guint i = 0; i < self->work.n; i++)
    self->tasks[i] = tend_task_run_fiber (NULL, body, self, NULL);

  return self->work.n;
}

static guint
start_yielders (gpointer state)
{
  return start (state, yield_body);
}

static guint
start_waiters (gpointer state)
{
  return start (state, wait_body);
}

static guint
finish (Waits *self)
{
  for (guint i = 0; i < self->work.n; i++)
    g_clear_object (&self->tasks[i]);

  return self->work.n * N_ROUNDS;
}

static guint
yield (gpointer state)
{
  Waits *self = state;

  while (self->n_ended < self->work.n)
    bench_work_turn (&self->work);

  return finish (self);
}

static guint
wake (gpointer state)
{
  Waits *self = state;

  while (self->n_ended < self->work.n)
    {
      tend_event_set (self->event);
      tend_event_reset (self->event);
      bench_work_turn (&self->work);
    }

  return finish (self);
}

const BenchPeer tend_waits_peer = {
  .scenario = "waits",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "acquire and release", "pair", NULL, lock },
    { "yield", "yield", start_yielders, yield },
    { "woken by an event", "wake", start_waiters, wake },
  },
};
