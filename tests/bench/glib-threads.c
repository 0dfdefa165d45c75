// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The jobs of tend-threads.c, made by g_task_run_in_thread(), and by a GThreadPool with an idle source for each end.

#include <gio/gio.h>

#include "glib-peers.h"

#define N_TRIPS 2000

typedef struct
{
  guint         n;
  guint         n_ended;
  gint64       *trips;      /* how long each was under way, in nanoseconds */
  GThreadPool  *pool;       /* NULL: GTask's own */
  GMainContext *context;
} Threads;

static gpointer
begin (guint n)
{
  Threads *self = g_new0 (Threads, 1);

  self->n = n;
  self->trips = g_new0 (gint64, N_TRIPS);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static void
end (gpointer state)
{
  Threads *self = state;

  if (self->pool != NULL)
    g_thread_pool_free (self->pool, FALSE, TRUE);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
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
}

/* --- GTask --- */

static void
job_thread (GTask        *task,
            gpointer      source_object,
            gpointer      task_data,
            GCancellable *cancellable)
{
  g_task_return_boolean (task, TRUE);
}

static void
job_cb (GObject      *source_object,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  ((Threads *) user_data)->n_ended++;
}

static void
run_task (Threads *self)
{
  g_autoptr(GTask) task = g_task_new (NULL, NULL, job_cb, self);

  g_task_run_in_thread (task, job_thread);
}

/* --- GThreadPool --- */

static gboolean
ended_cb (gpointer user_data)
{
  ((Threads *) user_data)->n_ended++;
  return G_SOURCE_REMOVE;
}

static void
pool_job (gpointer data,
          gpointer user_data)
{
  Threads *self = user_data;
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, ended_cb, self, NULL);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

static gpointer
pool_begin (guint n)
{
  Threads *self = begin (n);

  self->pool = g_thread_pool_new (pool_job, self, (int) g_get_num_processors (), TRUE, NULL);

  return self;
}

/* --- Both --- */

static void
run_job (Threads *self)
{
  if (self->pool != NULL)
    g_thread_pool_push (self->pool, self, NULL);
  else
    run_task (self);
}

static guint
run_in_bulk (gpointer state)
{
  Threads *self = state;

  for (guint i = 0; i < self->n; i++)
    run_job (self);
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

      run_job (self);
      wait_for (self, 1);
      self->trips[i] = bench_get_nsec () - began;
    }
  bench_note_quantiles ("thread jobs, one by one", "latency", self->trips, n_trips);

  return n_trips;
}

const BenchPeer glib_threads_task_peer = {
  .scenario = "S5",
  .name = "GTask",
  .begin = begin,
  .end = end,
  .steps = {
    { "thread jobs, in bulk", "job", NULL, run_in_bulk },
    { "thread jobs, one by one", "job", NULL, run_one_by_one },
  },
};

const BenchPeer glib_threads_pool_peer = {
  .scenario = "S5",
  .name = "GThreadPool",
  .begin = pool_begin,
  .end = end,
  .steps = {
    { "thread jobs, in bulk", "job", NULL, run_in_bulk },
    { "thread jobs, one by one", "job", NULL, run_one_by_one },
  },
};
