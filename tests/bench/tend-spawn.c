// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task costs from its making to its freeing (S1), and what it costs to let others go first (S2).
//
// Each has a name, and is held by its caller until all of a batch have ended. S1 makes n tasks in batches of
// a thousand; in S2 n fibers are alive, each of which yields in turn.

#include <tend.h>

#include "tend-peers.h"

#define BATCH 1000
#define N_YIELDS 100000

typedef struct
{
  guint            n;
  guint            n_per_fiber;     /* of yields */
  guint            n_ended;
  TendTaskManager *manager;         /* NULL: the peer without one */
  TendTask        *tasks[BATCH];
  char             names[BATCH][16];
  GMainContext    *context;
} Spawn;

static gpointer
begin (guint n)
{
  Spawn *self = g_new0 (Spawn, 1);

  self->n = n;
  self->n_per_fiber = MAX (N_YIELDS / n, 1);
  for (guint i = 0; i < BATCH; i++)
    g_snprintf (self->names[i], sizeof self->names[i], "task/%u", i);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);

  return self;
}

static gpointer
managed_begin (guint n)
{
  Spawn *self = begin (n);

  self->manager = tend_task_manager_new ();

  return self;
}

static void
end (gpointer state)
{
  Spawn *self = state;

  g_clear_object (&self->manager);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
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

/* Lets @make make tasks, a batch at a time, and frees them when they have ended. */
static guint
in_batches (Spawn      *self,
            TendTask *(*make) (Spawn *self,
                               guint  i))
{
  for (guint n_left = self->n, n; n_left > 0; n_left -= n)
    {
      n = MIN (n_left, BATCH);
      for (guint i = 0; i < n; i++)
        self->tasks[i] = make (self, i);
      wait_for (self, n);
      for (guint i = 0; i < n; i++)
        {
          g_assert_true (tend_task_is_ended (self->tasks[i]));
          g_clear_object (&self->tasks[i]);
        }
    }

  return self->n;
}

/* --- Callbacks --- */

static gboolean
callback_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  ((Spawn *) user_data)->n_ended++;

  return TRUE;
}

static TendTask *
run_callback (Spawn *self,
              guint  i)
{
  return tend_task_run (self->names[i], callback_body, self, NULL);
}

/* Begins in the next turn of the loop, where the peers begin as well. */
static TendTask *
start_callback (Spawn *self,
                guint  i)
{
  TendTask *task = tend_task_new (self->names[i], callback_body, self, NULL);

  tend_task_set_delay (task, 0);
  tend_task_start (task, NULL);

  return task;
}

static TendTask *
register_callback (Spawn *self,
                   guint  i)
{
  return g_object_ref (tend_task_manager_register (self->manager,
                                                   tend_task_new (self->names[i], callback_body, self, NULL),
                                                   TEND_NAME_POLICY_REJECT, NULL));
}

static guint
spawn_callback (gpointer state)
{
  return in_batches (state, start_callback);
}

static guint
spawn_callback_at_once (gpointer state)
{
  return in_batches (state, run_callback);
}

static guint
spawn_callback_managed (gpointer state)
{
  return in_batches (state, register_callback);
}

/* --- Fibers --- */

static gboolean
fiber_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  ((Spawn *) user_data)->n_ended++;
  return TRUE;
}

static gboolean
yield_once_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  if (!tend_yield (error))
    return FALSE;
  ((Spawn *) user_data)->n_ended++;
  return TRUE;
}

static TendTask *
run_fiber (Spawn *self,
           guint  i)
{
  return tend_task_run_fiber (self->names[i], fiber_body, self, NULL);
}

static TendTask *
register_fiber (Spawn *self,
                guint  i)
{
  return g_object_ref (tend_task_manager_register (self->manager,
                                                   tend_task_new_fiber (self->names[i], fiber_body, self, NULL),
                                                   TEND_NAME_POLICY_REJECT, NULL));
}

static TendTask *
run_waiting_fiber (Spawn *self,
                   guint  i)
{
  return tend_task_run_fiber (self->names[i], yield_once_body, self, NULL);
}

static TendTask *
register_waiting_fiber (Spawn *self,
                        guint  i)
{
  return g_object_ref (tend_task_manager_register (self->manager,
                                                   tend_task_new_fiber (self->names[i], yield_once_body, self, NULL),
                                                   TEND_NAME_POLICY_REJECT, NULL));
}

static guint
spawn_fiber (gpointer state)
{
  return in_batches (state, run_fiber);
}

static guint
spawn_fiber_managed (gpointer state)
{
  return in_batches (state, register_fiber);
}

static guint
spawn_waiting_fiber (gpointer state)
{
  return in_batches (state, run_waiting_fiber);
}

static guint
spawn_waiting_fiber_managed (gpointer state)
{
  return in_batches (state, register_waiting_fiber);
}

static gboolean
parent_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Spawn *self = user_data;

  for (guint i = 0; i < self->n; i++)
    {
      g_autoptr(TendTask) child = tend_task_run_fiber (self->names[i % BATCH], yield_once_body, self, NULL);

      if (!tend_await (child, error))
        return FALSE;
    }

  return TRUE;
}

/* The child waits once as well; what has ended when it is awaited would not be waited for. */
static guint
spawn_and_await (gpointer state)
{
  Spawn *self = state;
  g_autoptr(TendTask) parent G_GNUC_UNUSED = tend_task_run_fiber ("parent", parent_body, self, NULL);

  wait_for (self, self->n);

  return self->n;
}

const BenchPeer tend_spawn_peer = {
  .scenario = "S1",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "callback", "task", NULL, spawn_callback },
    { "callback, at once", "task", NULL, spawn_callback_at_once },
    { "fiber", "task", NULL, spawn_fiber },
    { "fiber that waits", "task", NULL, spawn_waiting_fiber },
    { "spawn and await", "child", NULL, spawn_and_await },
  },
};

const BenchPeer tend_spawn_managed_peer = {
  .scenario = "S1",
  .name = "libtend, managed",
  .begin = managed_begin,
  .end = end,
  .steps = {
    { "callback", "task", NULL, spawn_callback_managed },
    { "fiber", "task", NULL, spawn_fiber_managed },
    { "fiber that waits", "task", NULL, spawn_waiting_fiber_managed },
  },
};

/* --- Yields --- */

static gboolean
yield_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Spawn *self = user_data;

  for (guint i = 0; i < self->n_per_fiber; i++)
    {
      if (!tend_yield (error))
        return FALSE;
    }
  self->n_ended++;

  return TRUE;
}

static guint
start_yielders (gpointer state)
{
  Spawn *self = state;

  for (guint i = 0; i < self->n; i++)
    g_object_unref (tend_task_run_fiber (self->names[i % BATCH], yield_body, self, NULL));

  return self->n;
}

static guint
yield (gpointer state)
{
  Spawn *self = state;

  wait_for (self, self->n);

  return self->n * self->n_per_fiber;
}

const BenchPeer tend_yield_peer = {
  .scenario = "S2",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "yield", "yield", start_yielders, yield },
  },
};
