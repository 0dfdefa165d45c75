// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What it costs to cancel n tasks that wait, until the last has ended (S6), and what memory they take (S7).

#include <tend.h>

#include "tend-peers.h"

#define HOUR_USEC (3600 * G_TIME_SPAN_SECOND)

typedef struct
{
  BenchWork         work;
  TendTask        **tasks;
  TendTask        **fibers;
  TendTaskManager  *manager;
  guint             n_asleep;
  gboolean          is_down;
} Wait;

static gpointer
begin (guint n)
{
  Wait *self = g_new0 (Wait, 1);

  bench_work_init (&self->work, n);
  self->tasks = g_new0 (TendTask *, n);
  self->fibers = g_new0 (TendTask *, n);
  self->manager = tend_task_manager_new ();

  return self;
}

static void
stop_all (Wait      *self,
          TendTask **tasks)
{
  for (guint i = 0; i < self->work.n; i++)
    {
      if (tasks[i] != NULL)
        tend_task_stop (tasks[i]);
      g_clear_object (&tasks[i]);
    }
  g_free (tasks);
}

static void
end (gpointer state)
{
  Wait *self = state;

  stop_all (self, self->tasks);
  stop_all (self, self->fibers);
  g_object_unref (self->manager);

  /* A stopped fiber unwinds in the next turn. LeakSanitizer does not see what is held by one's stack. */
  while (g_main_context_iteration (self->work.context, FALSE))
    ;
  bench_work_clear (&self->work);
  g_free (self);
}

static guint
cancel_all (Wait      *self,
            TendTask **tasks)
{
  for (guint i = 0; i < self->work.n; i++)
    tend_task_cancel (tasks[i]);
  while (self->work.n_run < self->work.n)
    bench_work_turn (&self->work);
  self->work.n_run = 0;

  for (guint i = 0; i < self->work.n; i++)
    g_clear_object (&tasks[i]);

  return self->work.n;
}

/* --- Callbacks --- */

/* Waits for something that will call back, and that nobody can cancel. */
static gboolean
idle_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static void
give_up_cb (TendTask *task,
            gpointer  user_data)
{
  tend_task_return_error_if_cancelled (task);
}

/* Waits for something that is given up when the task is cancelled. */
static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_add_cancel_handler (task, give_up_cb, NULL, NULL);
  return TRUE;
}

static void
ended_cb (TendTask *task,
          gpointer  user_data)
{
  ((Wait *) user_data)->work.n_run++;
}

static guint
start_idle (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->work.n; i++)
    self->tasks[i] = tend_task_run_open (bench_work_get_name (&self->work, i), idle_body, self, NULL);

  return self->work.n;
}

static guint
start_waiting (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      self->tasks[i] = tend_task_run_open (bench_work_get_name (&self->work, i), wait_body, self, NULL);
      tend_task_add_exit_handler (self->tasks[i], ended_cb, self, NULL);
    }

  return self->work.n;
}

static guint
cancel_waiting (gpointer state)
{
  Wait *self = state;

  return cancel_all (self, self->tasks);
}

/* --- Fibers --- */

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  Wait *self = user_data;
  gboolean slept;

  self->n_asleep++;
  slept = tend_sleep (HOUR_USEC, error);
  self->work.n_run++;

  return slept;
}

static guint
start_fibers (gpointer state)
{
  Wait *self = state;

  for (guint i = 0; i < self->work.n; i++)
    self->fibers[i] = tend_task_run_fiber (bench_work_get_name (&self->work, i), sleep_body, self, NULL);

  return self->work.n;
}

static guint
cancel_fibers (gpointer state)
{
  Wait *self = state;

  return cancel_all (self, self->fibers);
}

/* --- A manager --- */

/* Not only registered: a turn of the loop begins as many of them as its time allows. */
static guint
register_fibers (gpointer state)
{
  Wait *self = state;

  self->n_asleep = 0;
  for (guint i = 0; i < self->work.n; i++)
    {
      TendTask *task = tend_task_new_fiber (bench_work_get_name (&self->work, i), sleep_body, self, NULL);

      g_assert_nonnull (tend_task_manager_register (self->manager, task, TEND_NAME_POLICY_REJECT, NULL));
    }
  while (self->n_asleep < self->work.n)
    bench_work_turn (&self->work);

  return self->work.n;
}

static void
down_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  Wait *self = user_data;

  g_assert_true (tend_task_manager_shutdown_finish (self->manager, result, NULL));
  self->is_down = TRUE;
}

static guint
shut_down (gpointer state)
{
  Wait *self = state;

  tend_task_manager_shutdown_async (self->manager, NULL, down_cb, self);
  while (!self->is_down)
    bench_work_turn (&self->work);

  return self->work.n;
}

const BenchPeer tend_cancel_peer = {
  .scenario = "S6",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "cancel callback tasks", "task", start_waiting, cancel_waiting },
    { "cancel fibers", "task", start_fibers, cancel_fibers },
    { "shut down", "task", register_fibers, shut_down },
  },
};

const BenchPeer tend_memory_peer = {
  .scenario = "S7",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "waiting callback task", "task", NULL, start_idle, BENCH_WEIGHED },
    { "waiting fiber", "task", NULL, start_fibers, BENCH_WEIGHED },
  },
};
