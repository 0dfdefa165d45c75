// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What very many tasks do to others: to the frames of a window on the same loop ("fair"), and to the memory of
// the program after they have ended ("scale").

#include <tend.h>

#include "tend-peers.h"

#define HOUR_USEC (3600 * G_TIME_SPAN_SECOND)
#define LOAD_USEC (2 * G_TIME_SPAN_SECOND)
#define IDLE_USEC (20 * (gint64) 1000)
#define CALLBACKS_PER_FIBER 10

typedef struct
{
  guint         n;
  guint         n_ended;
  gint64        until;      /* others follow those that end before this time */
  TendTask    **fibers;
  gint64        base_used;
  gint64        base_resident;
  GMainContext *context;
} Load;

static gpointer
begin (guint n)
{
  Load *self = g_new0 (Load, 1);

  self->n = n;
  self->fibers = g_new0 (TendTask *, n);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static void
end (gpointer state)
{
  Load *self = state;

  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self->fibers);
  g_free (self);
}

static void
wait_for (Load  *self,
          guint  n)
{
  while (self->n_ended < n)
    g_main_context_iteration (self->context, TRUE);
  self->n_ended = 0;
}

/* --- Frames --- */

static void start_ready (Load *self);

static gboolean
ready_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Load *self = user_data;

  if (g_get_monotonic_time () < self->until)
    start_ready (self);
  else
    self->n_ended++;

  return TRUE;
}

/* Ready in the next turn of the loop: there are n of them at all times. */
static void
start_ready (Load *self)
{
  g_autoptr(TendTask) task = tend_task_new ("ready", ready_body, self, NULL);

  tend_task_set_delay (task, 0);
  tend_task_start (task, NULL);
}

static guint
run_beside_frames (gpointer state)
{
  Load *self = state;
  BenchFrames frames;

  self->until = g_get_monotonic_time () + LOAD_USEC;
  for (guint i = 0; i < self->n; i++)
    start_ready (self);
  bench_frames_init (&frames, self->context);
  wait_for (self, self->n);
  bench_frames_clear (&frames, "frames beside n ready tasks");

  return 1;
}

const BenchPeer tend_fair_peer = {
  .scenario = "fair",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "frames beside n ready tasks", "run", NULL, run_beside_frames, BENCH_SILENT },
  },
};

/* --- Memory --- */

static void
note_memory (Load       *self,
             const char *name,
             gint64      peak)
{
  gint64 used = bench_get_used ();
  gint64 resident = bench_get_bytes ();

  bench_note (name, "resident before", "MB", (double) self->base_resident / 1e6);
  bench_note (name, "at most", "MB", (double) peak / 1e6);
  bench_note (name, "afterwards", "MB", (double) resident / 1e6);
  bench_note (name, "kept of the growth", "%", (double) (resident - self->base_resident) * 100
                                                / MAX (peak - self->base_resident, 1));
  bench_note (name, "heap before", "MB", (double) self->base_used / 1e6);
  bench_note (name, "heap afterwards", "MB", (double) used / 1e6);
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  gboolean slept = tend_sleep (HOUR_USEC, error);

  ((Load *) user_data)->n_ended++;

  return slept;
}

static guint
weigh (gpointer state)
{
  Load *self = state;

  self->base_used = bench_get_used ();
  self->base_resident = bench_get_bytes ();

  return 1;
}

static gboolean
stop_cb (gpointer data)
{
  *(gboolean *) data = TRUE;

  return G_SOURCE_REMOVE;
}

/* Until what was idle has been given back: twice the time that it may be idle for, and that of the work. */
static void
wait_for_trim (Load *self)
{
  g_autoptr(GSource) source = g_timeout_source_new (10 * IDLE_USEC / 1000);
  gboolean is_over = FALSE;

  g_source_set_callback (source, stop_cb, &is_over, NULL);
  g_source_attach (source, self->context);
  while (!is_over)
    g_main_context_iteration (self->context, TRUE);
}

static guint
run_fibers (Load       *self,
            void      (*finish) (TendTask *task),
            const char *name)
{
  gint64 peak;

  tend_set_stack_idle_time (IDLE_USEC);
  for (guint i = 0; i < self->n; i++)
    self->fibers[i] = tend_task_run_fiber ("sleeper", sleep_body, self, NULL);
  peak = bench_get_bytes ();
  for (guint i = 0; i < self->n; i++)
    finish (self->fibers[i]);
  wait_for (self, self->n);
  for (guint i = 0; i < self->n; i++)
    g_clear_object (&self->fibers[i]);
  wait_for_trim (self);
  note_memory (self, name, peak);

  return self->n;
}

static guint
cancel_fibers (gpointer state)
{
  return run_fibers (state, tend_task_cancel, "n fibers that sleep, cancelled");
}

static guint
stop_fibers (gpointer state)
{
  return run_fibers (state, tend_task_stop, "n fibers that sleep, stopped");
}

static gboolean
callback_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  ((Load *) user_data)->n_ended++;

  return TRUE;
}

/* All of them at once, as the loop finds them in its next turn. */
static guint
run_callbacks (gpointer state)
{
  Load *self = state;
  gint64 peak;

  for (guint i = 0; i < self->n * CALLBACKS_PER_FIBER; i++)
    {
      g_autoptr(TendTask) task = tend_task_new ("callback", callback_body, self, NULL);

      tend_task_set_delay (task, 0);
      tend_task_start (task, NULL);
    }
  peak = bench_get_bytes ();
  wait_for (self, self->n * CALLBACKS_PER_FIBER);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  note_memory (self, "10 n callback tasks at once", peak);

  return self->n * CALLBACKS_PER_FIBER;
}

const BenchPeer tend_scale_peer = {
  .scenario = "scale",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "n fibers that sleep, cancelled", "fiber", weigh, cancel_fibers, BENCH_SILENT },
    { "n fibers that sleep, stopped", "fiber", NULL, stop_fibers, BENCH_SILENT },
    { "10 n callback tasks at once", "task", NULL, run_callbacks },
  },
};
