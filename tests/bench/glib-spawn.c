// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The tasks and the yields of tend-spawn.c, made by idle sources and by GTask.
//
// A "GTask, full" has what a task of libtend has as well: an object, data and a cancellable.

#include <gio/gio.h>

#include "glib-peers.h"

#define BATCH 1000
#define N_YIELDS 100000

typedef struct
{
  guint         n;
  guint         n_per_chain;    /* of yields */
  guint         n_ended;
  GObject      *object;
  gboolean      is_full;
  GTask        *tasks[BATCH];
  GMainContext *context;
} Spawn;

static gpointer
begin (guint n)
{
  Spawn *self = g_new0 (Spawn, 1);

  self->n = n;
  self->n_per_chain = MAX (N_YIELDS / n, 1);
  self->object = g_object_new (G_TYPE_OBJECT, NULL);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static gpointer
full_begin (guint n)
{
  Spawn *self = begin (n);

  self->is_full = TRUE;

  return self;
}

static void
end (gpointer state)
{
  Spawn *self = state;

  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_object_unref (self->object);
  g_free (self);
}

static void
wait_for (Spawn *self,
          guint  n)
{
  while (self->n_ended < n)
    g_main_context_iteration (self->context, TRUE);
  self->n_ended = 0;
}

static void
attach_idle (Spawn       *self,
             GSourceFunc  func,
             gpointer     data)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

/* --- Idle sources --- */

static gboolean
idle_cb (gpointer user_data)
{
  ((Spawn *) user_data)->n_ended++;
  return G_SOURCE_REMOVE;
}

static guint
spawn_idle (gpointer state)
{
  Spawn *self = state;

  for (guint n_left = self->n, n; n_left > 0; n_left -= n)
    {
      n = MIN (n_left, BATCH);
      for (guint i = 0; i < n; i++)
        attach_idle (self, idle_cb, self);
      wait_for (self, n);
    }

  return self->n;
}

const BenchPeer glib_spawn_source_peer = {
  .scenario = "S1",
  .name = "GLib source",
  .begin = begin,
  .end = end,
  .steps = {
    { "callback", "task", NULL, spawn_idle },
  },
};

/* --- GTask --- */

static void
task_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Spawn *self = user_data;

  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  self->n_ended++;
}

static GTask *
make_task (Spawn *self)
{
  g_autoptr(GCancellable) cancellable = NULL;
  GTask *task;

  if (!self->is_full)
    return g_task_new (NULL, NULL, task_cb, self);

  cancellable = g_cancellable_new ();
  task = g_task_new (self->object, cancellable, task_cb, self);
  g_task_set_name (task, "task");
  g_task_set_task_data (task, g_new0 (int, 1), g_free);

  return task;
}

static guint
spawn_task (gpointer state)
{
  Spawn *self = state;

  for (guint n_left = self->n, n; n_left > 0; n_left -= n)
    {
      n = MIN (n_left, BATCH);
      for (guint i = 0; i < n; i++)
        {
          self->tasks[i] = make_task (self);
          g_task_return_boolean (self->tasks[i], TRUE);
        }
      wait_for (self, n);
      for (guint i = 0; i < n; i++)
        g_clear_object (&self->tasks[i]);
    }

  return self->n;
}

const BenchPeer glib_spawn_task_peer = {
  .scenario = "S1",
  .name = "GTask",
  .begin = begin,
  .end = end,
  .steps = {
    { "callback", "task", NULL, spawn_task },
  },
};

const BenchPeer glib_spawn_full_task_peer = {
  .scenario = "S1",
  .name = "GTask, full",
  .begin = full_begin,
  .end = end,
  .steps = {
    { "callback", "task", NULL, spawn_task },
  },
};

/* --- Yields --- */

typedef struct
{
  Spawn *self;
  guint  n_left;
} Chain;

static gboolean
yield_cb (gpointer user_data)
{
  Chain *chain = user_data;

  if (--chain->n_left > 0)
    return G_SOURCE_CONTINUE;

  chain->self->n_ended++;
  g_free (chain);
  return G_SOURCE_REMOVE;
}

static void next_cb (GObject      *source_object,
                     GAsyncResult *result,
                     gpointer      user_data);

static void
return_next (Chain *chain)
{
  g_autoptr(GTask) task = g_task_new (NULL, NULL, next_cb, chain);

  g_task_return_boolean (task, TRUE);
}

static void
next_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Chain *chain = user_data;

  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  if (--chain->n_left > 0)
    {
      return_next (chain);
      return;
    }

  chain->self->n_ended++;
  g_free (chain);
}

static Chain *
chain_new (Spawn *self)
{
  Chain *chain = g_new (Chain, 1);

  chain->self = self;
  chain->n_left = self->n_per_chain;

  return chain;
}

static guint
start_idle_chains (gpointer state)
{
  Spawn *self = state;

  for (guint i = 0; i < self->n; i++)
    attach_idle (self, yield_cb, chain_new (self));

  return self->n;
}

static guint
start_task_chains (gpointer state)
{
  Spawn *self = state;

  for (guint i = 0; i < self->n; i++)
    return_next (chain_new (self));

  return self->n;
}

static guint
yield (gpointer state)
{
  Spawn *self = state;

  wait_for (self, self->n);

  return self->n * self->n_per_chain;
}

const BenchPeer glib_yield_source_peer = {
  .scenario = "S2",
  .name = "GLib source",
  .begin = begin,
  .end = end,
  .steps = {
    { "yield", "yield", start_idle_chains, yield },
  },
};

const BenchPeer glib_yield_task_peer = {
  .scenario = "S2",
  .name = "GTask",
  .begin = begin,
  .end = end,
  .steps = {
    { "yield", "yield", start_task_chains, yield },
  },
};
