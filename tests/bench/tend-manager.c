// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a manager costs that has very many named tasks, next to what does the same without one.
//
// Each peer registers n named pieces of work that are due in an hour, looks them up by name in random
// order, walks through them, turns its loop, cancels them by name in random order until the last has
// ended, gets all of them again and shuts down. At last it runs n that are due at once. The peers:
//
// - libtend: a TendTaskManager with a TendTask for each;
// - libtend, no manager: the TendTask alone, kept in an array, which no name finds;
// - GLib source: what programs write by hand, a GSource for each and a table from names to source ids;
// - GLib table: a table from names to small structs, which is what the names alone cost.
//
// Only the source has a cost per turn that grows with n. Here it has a case of its own: no other case turns
// the loop so often that it would matter, and so no peer has to be spared the largest size.

#include <tend.h>

#include "tend-peers.h"

#define HOUR_USEC (3600 * G_TIME_SPAN_SECOND)
#define N_TURNS 1000

static gboolean
run_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  ((BenchWork *) user_data)->n_run++;

  return TRUE;
}

/* The state of either peer begins with its work. */
static guint
take_turns (gpointer state)
{
  for (guint i = 0; i < N_TURNS; i++)
    bench_work_turn (state);

  return N_TURNS;
}

/* --- Tasks in a manager --- */

typedef struct
{
  BenchWork        work;
  TendTaskManager *manager;
  gboolean         is_down;
} Managed;

static gpointer
managed_begin (guint n)
{
  Managed *self = g_new0 (Managed, 1);

  bench_work_init (&self->work, n);
  self->manager = tend_task_manager_new ();

  return self;
}

static void
managed_end (gpointer state)
{
  Managed *self = state;

  g_object_unref (self->manager);
  bench_work_clear (&self->work);
  g_free (self);
}

static void
managed_add (Managed *self,
             gint64   delay)
{
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_autoptr(TendTask) task = tend_task_new (bench_work_get_name (&self->work, i), run_body, &self->work,
                                                     NULL);

      if (delay > 0)
        tend_task_set_delay (task, delay);
      tend_task_manager_register (self->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error);
      g_assert_no_error (error);
    }
}

static guint
managed_register (gpointer state)
{
  Managed *self = state;

  managed_add (self, HOUR_USEC);

  return self->work.n;
}

static guint
managed_look_up (gpointer state)
{
  Managed *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_nonnull (tend_task_manager_lookup (self->manager, bench_work_get_query (&self->work, i)));

  return self->work.n;
}

static guint
managed_list (gpointer state)
{
  Managed *self = state;
  g_autoptr(GPtrArray) tasks = tend_task_manager_list_tasks (self->manager);

  g_assert_cmpuint (tasks->len, ==, self->work.n);
  for (guint i = 0; i < tasks->len; i++)
    g_assert_false (tend_task_is_ended (g_ptr_array_index (tasks, i)));

  return tasks->len;
}

static guint
managed_get_item (gpointer state)
{
  Managed *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_autoptr(TendTask) task = g_list_model_get_item (G_LIST_MODEL (self->manager), self->work.positions[i]);

      g_assert_nonnull (task);
    }

  return self->work.n;
}

static void
managed_wait_empty (Managed *self)
{
  do
    bench_work_turn (&self->work);
  while (g_list_model_get_n_items (G_LIST_MODEL (self->manager)) > 0);
}

static guint
managed_cancel (gpointer state)
{
  Managed *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_nonnull (tend_task_manager_cancel_task (self->manager, bench_work_get_query (&self->work, i)));
  managed_wait_empty (self);
  g_assert_cmpuint (self->work.n_run, ==, 0);

  return self->work.n;
}

static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Managed *self = user_data;
  g_autoptr(GError) error = NULL;

  tend_task_manager_shutdown_finish (self->manager, result, &error);
  g_assert_no_error (error);
  self->is_down = TRUE;
}

static guint
managed_shut_down (gpointer state)
{
  Managed *self = state;

  self->is_down = FALSE;
  tend_task_manager_shutdown_async (self->manager, NULL, shut_down_cb, self);
  while (!self->is_down)
    bench_work_turn (&self->work);

  return self->work.n;
}

static guint
managed_renew (gpointer state)
{
  Managed *self = state;

  g_object_unref (self->manager);
  self->manager = tend_task_manager_new ();

  return 1;
}

static guint
managed_run (gpointer state)
{
  Managed *self = state;

  managed_add (self, 0);
  managed_wait_empty (self);
  g_assert_cmpuint (self->work.n_run, ==, self->work.n);

  return self->work.n;
}

const BenchPeer tend_manager_peer = {
  .scenario = "manager",
  .name = "libtend",
  .begin = managed_begin,
  .end = managed_end,
  .steps = {
    { "register", "task", NULL, managed_register, BENCH_WEIGHED },
    { "look up", "task", NULL, managed_look_up },
    { "list", "task", NULL, managed_list },
    { "get item", "task", NULL, managed_get_item },
    { "turn", "turn", NULL, take_turns },
    { "cancel", "task", NULL, managed_cancel },
    { "shut down", "task", managed_register, managed_shut_down },
    { "run", "task", managed_renew, managed_run },
  },
};

/* --- Tasks alone --- */

typedef struct
{
  BenchWork   work;
  TendTask  **tasks;    /* NULL where there is none */
} Bare;

static gpointer
bare_begin (guint n)
{
  Bare *self = g_new0 (Bare, 1);

  bench_work_init (&self->work, n);
  self->tasks = g_new0 (TendTask *, n);

  return self;
}

static guint
bare_cancel_all (gpointer state)
{
  Bare *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      if (self->tasks[i] != NULL)
        tend_task_cancel (self->tasks[i]);
      g_clear_object (&self->tasks[i]);
    }
  bench_work_turn (&self->work);

  return self->work.n;
}

static void
bare_end (gpointer state)
{
  Bare *self = state;

  bare_cancel_all (self);
  g_free (self->tasks);
  bench_work_clear (&self->work);
  g_free (self);
}

static guint
bare_register (gpointer state)
{
  Bare *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      self->tasks[i] = tend_task_new (bench_work_get_name (&self->work, i), run_body, &self->work, NULL);
      tend_task_set_delay (self->tasks[i], HOUR_USEC);
      tend_task_start (self->tasks[i], NULL);
    }

  return self->work.n;
}

static guint
bare_list (gpointer state)
{
  Bare *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_false (tend_task_is_ended (self->tasks[i]));

  return self->work.n;
}

static guint
bare_cancel (gpointer state)
{
  Bare *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      TendTask **task = &self->tasks[self->work.positions[i]];

      tend_task_cancel (*task);
      g_clear_object (task);
    }
  bench_work_turn (&self->work);
  g_assert_cmpuint (self->work.n_run, ==, 0);

  return self->work.n;
}

static guint
bare_run (gpointer state)
{
  Bare *self = state;

  /* All of them at once, and in a turn of the loop, as in a manager. */
  for (guint i = 0; i < self->work.n; i++)
    {
      self->tasks[i] = tend_task_new (bench_work_get_name (&self->work, i), run_body, &self->work, NULL);
      tend_task_set_delay (self->tasks[i], 0);
      tend_task_start (self->tasks[i], NULL);
      g_clear_object (&self->tasks[i]);
    }
  while (self->work.n_run < self->work.n)
    bench_work_turn (&self->work);

  return self->work.n;
}

const BenchPeer tend_manager_task_peer = {
  .scenario = "manager",
  .name = "libtend, no manager",
  .begin = bare_begin,
  .end = bare_end,
  .steps = {
    { "register", "task", NULL, bare_register, BENCH_WEIGHED },
    { "list", "task", NULL, bare_list },
    { "turn", "turn", NULL, take_turns },
    { "cancel", "task", NULL, bare_cancel },
    { "shut down", "task", bare_register, bare_cancel_all },
    { "run", "task", NULL, bare_run },
  },
};
