// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The waiting tasks of tend-wait.c: GTask alone, and with a cancellable; and time-out sources.

#include <gio/gio.h>

#include "glib-peers.h"

#define HOUR_MSEC (3600 * 1000)

typedef struct
{
  guint          n;
  guint          n_ended;
  GTask        **tasks;
  GCancellable **cancellables;
  GSource      **sources;
  GMainContext  *context;
} Wait;

static gpointer
begin (guint n)
{
  Wait *self = g_new0 (Wait, 1);

  self->n = n;
  self->tasks = g_new0 (GTask *, n);
  self->cancellables = g_new0 (GCancellable *, n);
  self->sources = g_new0 (GSource *, n);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static guint
destroy_sources (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->n; i++)
    {
      if (self->sources[i] != NULL)
        g_source_destroy (self->sources[i]);
      g_clear_pointer (&self->sources[i], g_source_unref);
    }

  return self->n;
}

static void
end (gpointer state)
{
  Wait *self = state;

  /* A GTask without a callback ends without having returned. */
  destroy_sources (self);
  for (guint i = 0; i < self->n; i++)
    {
      g_clear_object (&self->tasks[i]);
      g_clear_object (&self->cancellables[i]);
    }
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self->tasks);
  g_free (self->cancellables);
  g_free (self->sources);
  g_free (self);
}

/* --- GTask --- */

static void
ended_cb (GObject      *source_object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_assert_false (g_task_propagate_boolean (G_TASK (result), NULL));
  ((Wait *) user_data)->n_ended++;
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  g_task_return_error_if_cancelled (user_data);
}

static guint
start_waiting (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->n; i++)
    {
      self->cancellables[i] = g_cancellable_new ();
      self->tasks[i] = g_task_new (NULL, self->cancellables[i], ended_cb, self);
      g_signal_connect (self->cancellables[i], "cancelled", G_CALLBACK (cancelled_cb), self->tasks[i]);
    }

  return self->n;
}

static guint
cancel_waiting (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->n; i++)
    g_cancellable_cancel (self->cancellables[i]);
  while (self->n_ended < self->n)
    g_main_context_iteration (self->context, TRUE);
  self->n_ended = 0;

  for (guint i = 0; i < self->n; i++)
    {
      g_clear_object (&self->tasks[i]);
      g_clear_object (&self->cancellables[i]);
    }

  return self->n;
}

const BenchPeer glib_cancel_task_peer = {
  .scenario = "S6",
  .name = "GTask",
  .begin = begin,
  .end = end,
  .steps = {
    { "cancel callback tasks", "task", start_waiting, cancel_waiting },
  },
};

static guint
start_bare (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->n; i++)
    self->tasks[i] = g_task_new (NULL, NULL, NULL, NULL);

  return self->n;
}

static guint
start_cancellable (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->n; i++)
    {
      self->cancellables[i] = g_cancellable_new ();
      self->tasks[i] = g_task_new (NULL, self->cancellables[i], NULL, NULL);
    }

  return self->n;
}

const BenchPeer glib_memory_task_peer = {
  .scenario = "S7",
  .name = "GTask",
  .begin = begin,
  .end = end,
  .steps = {
    { "waiting callback task", "task", NULL, start_bare, BENCH_WEIGHED },
  },
};

const BenchPeer glib_memory_cancellable_peer = {
  .scenario = "S7",
  .name = "GTask, cancellable",
  .begin = begin,
  .end = end,
  .steps = {
    { "waiting callback task", "task", NULL, start_cancellable, BENCH_WEIGHED },
  },
};

/* --- Sources --- */

static gboolean
never_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

static guint
start_sources (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->n; i++)
    {
      self->sources[i] = g_timeout_source_new (HOUR_MSEC);
      g_source_set_callback (self->sources[i], never_cb, self, NULL);
      g_source_attach (self->sources[i], self->context);
    }

  return self->n;
}

const BenchPeer glib_cancel_source_peer = {
  .scenario = "S6",
  .name = "GLib source",
  .begin = begin,
  .end = end,
  .steps = {
    { "cancel callback tasks", "task", start_sources, destroy_sources },
  },
};

const BenchPeer glib_memory_source_peer = {
  .scenario = "S7",
  .name = "GLib source",
  .begin = begin,
  .end = end,
  .steps = {
    { "waiting callback task", "task", NULL, start_sources, BENCH_WEIGHED },
  },
};
