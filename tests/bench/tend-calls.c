// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How often the system is called (S8): by tasks that come one at a time, by a loop that only waits, and by
// another thread that completes n tasks. What comes in bulk is counted in the other scenarios.

#include <tend.h>

#include "tend-peers.h"

#define HOUR_USEC (3600 * G_TIME_SPAN_SECOND)
#define WAIT_USEC 100000
#define N_TASKS 1000

typedef struct
{
  guint         n;
  guint         n_ended;
  TendTask     *host;       /* that the timers are of */
  TendTask    **tasks;
  GMainContext *context;
} Calls;

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
  Calls *self = g_new0 (Calls, 1);

  self->n = n;
  self->tasks = g_new0 (TendTask *, n);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->host = tend_task_run_open ("host", idle_body, NULL, NULL);

  return self;
}

static void
end (gpointer state)
{
  Calls *self = state;

  tend_task_stop (self->host);
  g_object_unref (self->host);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self->tasks);
  g_free (self);
}

static void
wait_for (Calls *self,
          guint  n)
{
  while (self->n_ended < n)
    g_main_context_iteration (self->context, TRUE);
  self->n_ended = 0;
}

static void
ended_cb (TendTask *task,
          gpointer  user_data)
{
  ((Calls *) user_data)->n_ended++;
}

/* --- One task at a time --- */

static gboolean
callback_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  ((Calls *) user_data)->n_ended++;

  return TRUE;
}

static gboolean
fiber_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (!tend_yield (error))
    return FALSE;
  ((Calls *) user_data)->n_ended++;
  return TRUE;
}

static guint
run_callbacks (gpointer state)
{
  Calls *self = state;

  for (guint i = 0; i < N_TASKS; i++)
    {
      g_autoptr(TendTask) task = tend_task_new ("task", callback_body, self, NULL);

      tend_task_set_delay (task, 0);
      tend_task_start (task, NULL);
      wait_for (self, 1);
    }

  return N_TASKS;
}

static guint
run_fibers (gpointer state)
{
  Calls *self = state;

  for (guint i = 0; i < N_TASKS; i++)
    {
      g_autoptr(TendTask) task G_GNUC_UNUSED = tend_task_run_fiber ("task", fiber_body, self, NULL);

      wait_for (self, 1);
    }

  return N_TASKS;
}

/* --- Nothing to do --- */

static gboolean
due_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  ((Calls *) user_data)->n_ended++;
  return TRUE;
}

/* One timer is due soon; the others, and the turn in which they are noticed, are nobody's concern until then. */
static guint
arm (gpointer state)
{
  Calls *self = state;

  for (guint i = 0; i < self->n; i++)
    tend_task_add_timer (self->host, HOUR_USEC + i, -1, due_cb, self, NULL);
  g_main_context_iteration (self->context, FALSE);
  tend_task_add_timer (self->host, WAIT_USEC, -1, due_cb, self, NULL);

  return self->n;
}

static guint
wait_for_due (gpointer state)
{
  wait_for (state, 1);

  return 1;
}

/* --- Another thread --- */

static guint
start_waiting (gpointer state)
{
  Calls *self = state;

  for (guint i = 0; i < self->n; i++)
    {
      self->tasks[i] = tend_task_run_open ("waiting", idle_body, NULL, NULL);
      tend_task_add_exit_handler (self->tasks[i], ended_cb, self, NULL);
    }

  return self->n;
}

static gpointer
complete_thread (gpointer data)
{
  Calls *self = data;

  for (guint i = 0; i < self->n; i++)
    tend_task_return_boolean (self->tasks[i], TRUE);

  return NULL;
}

/* All of them come while the loop is busy, as a burst does; the making of the thread is counted with them. */
static guint
complete_in_burst (gpointer state)
{
  Calls *self = state;

  g_thread_join (g_thread_new ("completer", complete_thread, self));
  wait_for (self, self->n);
  for (guint i = 0; i < self->n; i++)
    g_clear_object (&self->tasks[i]);

  return 1;
}

const BenchPeer tend_calls_peer = {
  .scenario = "S8",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "callback, one at a time", "task", NULL, run_callbacks },
    { "fiber, one at a time", "task", NULL, run_fibers },
    { "wait with n timers", "wait", arm, wait_for_due },
    { "n tasks completed by a thread", "burst", start_waiting, complete_in_burst },
  },
};
