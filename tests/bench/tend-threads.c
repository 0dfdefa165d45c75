// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What jobs in threads cost, in bulk and one after another (S5).

#include <tend.h>

#include "tend-peers.h"

#define N_TRIPS 2000

/* For how long threads look for jobs in the peer that has chosen to. */
#define LONG_SPIN_USEC 50

typedef struct
{
  guint         n;
  guint         n_ended;
  TendTask    **tasks;
  gint64       *trips;      /* how long each was under way, in nanoseconds */
  GMainContext *context;
} Threads;

static gpointer
begin (guint n)
{
  Threads *self = g_new0 (Threads, 1);

  self->n = n;
  self->tasks = g_new0 (TendTask *, n);
  self->trips = g_new0 (gint64, N_TRIPS);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static gpointer
begin_looking (guint n)
{
  tend_set_thread_spin_time (LONG_SPIN_USEC);
  return begin (n);
}

static void
end (gpointer state)
{
  Threads *self = state;

  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self->tasks);
  g_free (self->trips);
  g_free (self);
}

static void
wait_for (Threads *self,
          guint    n)
{
  while (self->n_ended < n)
    g_main_context_iteration (self->context, TRUE);
  self->n_ended = 0;

  for (guint i = 0; i < n; i++)
    g_clear_object (&self->tasks[i]);
}

static void
ended_cb (TendTask *task,
          gpointer  user_data)
{
  ((Threads *) user_data)->n_ended++;
}

/* --- Jobs --- */

static gboolean
job (TendTask  *task,
     gpointer   user_data,
     GError   **error)
{
  return TRUE;
}

static void
run_job (Threads *self,
         guint    i)
{
  self->tasks[i] = tend_task_run_thread ("job", job, self, NULL);
  tend_task_add_exit_handler (self->tasks[i], ended_cb, self, NULL);
}

static guint
run_in_bulk (gpointer state)
{
  Threads *self = state;

  for (guint i = 0; i < self->n; i++)
    run_job (self, i);
  wait_for (self, self->n);

  return self->n;
}

static guint
run_one_by_one (gpointer state)
{
  Threads *self = state;
  guint n_trips = MIN (self->n, N_TRIPS);

  for (guint i = 0; i < n_trips; i++)
    {
      gint64 began = bench_get_nsec ();

      run_job (self, 0);
      wait_for (self, 1);
      self->trips[i] = bench_get_nsec () - began;
    }
  bench_note_quantiles ("thread jobs, one by one", "latency", self->trips, n_trips);

  return n_trips;
}

const BenchPeer tend_threads_peer = {
  .scenario = "S5",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "thread jobs, in bulk", "job", NULL, run_in_bulk },
    { "thread jobs, one by one", "job", NULL, run_one_by_one },
  },
};

/* Each peer has a process of its own: what it sets is nobody else's. */
const BenchPeer tend_threads_looking_peer = {
  .scenario = "S5",
  .name = "libtend, looks 50 us",
  .begin = begin_looking,
  .end = end,
  .steps = {
    { "thread jobs, in bulk", "job", NULL, run_in_bulk },
    { "thread jobs, one by one", "job", NULL, run_one_by_one },
  },
};
