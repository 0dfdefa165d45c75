// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The operations whose instructions are counted, a thousand of each, on a clock that stands still.
//
// No count depends on how fast the machine is, and so they are compared with those of before.

#include <tend.h>

#include "tend-peers.h"

#define HOUR_USEC (3600 * G_TIME_SPAN_SECOND)
#define PREFIX "bench"

typedef struct
{
  BenchWork          work;
  TendClock         *clock;
  TendTask          *host;      /* that timers are of */
  TendTask         **tasks;
  TendTimer        **timers;
  TendTaskManager   *manager;
  TendRequestCache  *cache;
  TendNumberCache  **requests;
  TendChannel       *channel;
} Operations;

static gboolean
idle_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static void
failed_cb (TendTaskManager *manager,
           TendTask        *task,
           const GError    *error,
           gpointer         user_data)
{
  ((Operations *) user_data)->work.n_run++;
}

static gpointer
begin (guint n)
{
  Operations *self = g_new0 (Operations, 1);

  bench_work_init (&self->work, n);
  self->clock = tend_clock_freeze (self->work.context);
  self->host = tend_task_run_open ("host", idle_body, NULL, NULL);
  /* What comes now is done by the thread that runs the context. */
  g_main_context_iteration (self->work.context, FALSE);
  self->tasks = g_new0 (TendTask *, n);
  self->timers = g_new0 (TendTimer *, n);
  self->manager = tend_task_manager_new ();
  g_signal_connect (self->manager, "task-failed", G_CALLBACK (failed_cb), self);
  self->cache = tend_request_cache_new ();
  self->requests = g_new0 (TendNumberCache *, n);
  self->channel = tend_channel_new (0);

  return self;
}

static guint
drop_tasks (Operations *self)
{
  for (guint i = 0; i < self->work.n; i++)
    g_clear_object (&self->tasks[i]);

  return self->work.n;
}

static void
end (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_object_unref (self->requests[i]);
  tend_task_stop (self->host);
  g_object_unref (self->host);
  g_object_unref (self->channel);
  g_object_unref (self->cache);
  g_object_unref (self->manager);
  bench_work_turn (&self->work);
  g_object_unref (self->clock);
  bench_work_clear (&self->work);
  g_free (self->tasks);
  g_free (self->timers);
  g_free (self->requests);
  g_free (self);
}

/* --- Callback tasks --- */

static gboolean
return_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  ((Operations *) user_data)->work.n_run++;

  return TRUE;
}

static guint
run_callbacks (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_object_unref (tend_task_run (bench_work_get_name (&self->work, i), return_body, self, NULL));

  return self->work.n;
}

static guint
start_callbacks (gpointer state)
{
  Operations *self = state;

  self->work.n_run = 0;
  for (guint i = 0; i < self->work.n; i++)
    {
      g_autoptr(TendTask) task = tend_task_new (bench_work_get_name (&self->work, i), return_body, self,
                                                     NULL);

      tend_task_set_delay (task, 0);
      tend_task_start (task, NULL);
    }
  while (self->work.n_run < self->work.n)
    bench_work_turn (&self->work);

  return self->work.n;
}

static guint
start_waiting (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    self->tasks[i] = tend_task_run_open (bench_work_get_name (&self->work, i), idle_body, NULL, NULL);

  return self->work.n;
}

static guint
complete (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    tend_task_return_int (self->tasks[i], i);

  return drop_tasks (self);
}

/* --- Fibers --- */

static gboolean
return_fiber (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  return TRUE;
}

static gboolean
yield_fiber (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Operations *self = user_data;

  for (guint i = 0; i < self->work.n; i++)
    {
      if (!tend_yield (error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
once_fiber (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_yield (error);
}

static gboolean
await_fiber (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  Operations *self = user_data;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_autoptr(TendTask) child = tend_task_run_fiber ("child", once_fiber, NULL, NULL);

      if (!tend_await (child, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
sleep_fiber (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return tend_sleep (HOUR_USEC, error);
}

static guint
run_fibers (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_object_unref (tend_task_run_fiber (bench_work_get_name (&self->work, i), return_fiber, NULL, NULL));

  return self->work.n;
}

static guint
run_to_end (Operations   *self,
            TendBodyFunc  func)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("fiber", func, self, NULL);

  while (!tend_task_is_ended (task))
    bench_work_turn (&self->work);

  return self->work.n;
}

static guint
yield (gpointer state)
{
  return run_to_end (state, yield_fiber);
}

static guint
await (gpointer state)
{
  return run_to_end (state, await_fiber);
}

static guint
start_sleepers (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    self->tasks[i] = tend_task_run_fiber (bench_work_get_name (&self->work, i), sleep_fiber, NULL, NULL);

  return self->work.n;
}

static guint
cancel_sleepers (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    tend_task_cancel (self->tasks[i]);
  bench_work_turn (&self->work);

  return drop_tasks (self);
}

/* --- Timers --- */

static gboolean
fired_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  ((Operations *) user_data)->work.n_run++;
  return TRUE;
}

static guint
arm (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      gint64 delay = HOUR_USEC + self->work.positions[i];

      self->timers[i] = tend_timer_ref (tend_task_add_timer (self->host, delay, -1, fired_cb, self, NULL));
    }

  return self->work.n;
}

static guint
cancel_timers (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      TendTimer **timer = &self->timers[i];

      tend_timer_cancel (*timer);
      g_clear_pointer (timer, tend_timer_unref);
    }

  return self->work.n;
}

static guint
fire (gpointer state)
{
  Operations *self = state;

  self->work.n_run = 0;
  tend_clock_advance (self->clock, 2 * HOUR_USEC, NULL);
  g_assert_cmpuint (self->work.n_run, ==, self->work.n);
  for (guint i = 0; i < self->work.n; i++)
    g_clear_pointer (&self->timers[i], tend_timer_unref);

  return self->work.n;
}

/* --- A manager --- */

static gboolean
fail_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "as is wanted");
  return FALSE;
}

static guint
register_with (Operations   *self,
               TendBodyFunc  func)
{
  for (guint i = 0; i < self->work.n; i++)
    {
      TendTask *task = tend_task_new (bench_work_get_name (&self->work, i), func, self, NULL);

      g_assert_nonnull (tend_task_manager_register (self->manager, task, TEND_NAME_POLICY_REJECT, NULL));
    }

  return self->work.n;
}

static guint
register_idle (gpointer state)
{
  return register_with (state, idle_body);
}

static guint
look_up_tasks (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_nonnull (tend_task_manager_lookup (self->manager, bench_work_get_query (&self->work, i)));

  return self->work.n;
}

/* Before their first turn: they end at once. */
static guint
cancel_by_name (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    tend_task_manager_cancel_task (self->manager, bench_work_get_query (&self->work, i));
  bench_work_turn (&self->work);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (self->manager)), ==, 0);

  return self->work.n;
}

static guint
fail (gpointer state)
{
  Operations *self = state;

  self->work.n_run = 0;
  register_with (self, fail_body);
  while (self->work.n_run < self->work.n)
    bench_work_turn (&self->work);

  return self->work.n;
}

/* --- Requests --- */

static guint
make_requests (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      self->requests[i] = tend_number_cache_new (PREFIX, bench_get_number (i));
      tend_number_cache_set_timeout (self->requests[i], HOUR_USEC);
    }

  return self->work.n;
}

static guint
add_requests (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_true (tend_request_cache_add (self->cache, self->requests[i], NULL));

  return self->work.n;
}

static guint
look_up_requests (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_nonnull (tend_request_cache_lookup (self->cache, PREFIX, bench_get_number (self->work.positions[i])));

  return self->work.n;
}

static guint
pop_requests (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      guint64 number = bench_get_number (self->work.positions[i]);

      g_object_unref (tend_request_cache_pop (self->cache, PREFIX, number));
    }

  return self->work.n;
}

/* --- A channel --- */

static guint
send_all (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    g_assert_true (tend_channel_send_int (self->channel, i, NULL));

  return self->work.n;
}

static guint
receive_all (gpointer state)
{
  Operations *self = state;

  for (guint i = 0; i < self->work.n; i++)
    {
      g_auto(GValue) value = G_VALUE_INIT;

      g_assert_true (tend_channel_try_receive (self->channel, &value));
    }

  return self->work.n;
}

const BenchPeer tend_operations_peer = {
  .scenario = "instructions",
  .name = "libtend",
  .begin = begin,
  .end = end,
  .steps = {
    { "callback task, make, run and free", "task", NULL, run_callbacks },
    { "callback task, by the next turn", "task", NULL, start_callbacks },
    { "waiting task, complete and free", "task", start_waiting, complete },
    { "fiber, make, run and free", "task", NULL, run_fibers },
    { "fiber, yield", "yield", NULL, yield },
    { "fiber, spawn and await a child", "child", NULL, await },
    { "fiber, cancel a sleeping one", "task", start_sleepers, cancel_sleepers },
    { "timer, arm", "timer", NULL, arm },
    { "timer, cancel", "timer", NULL, cancel_timers },
    { "timer, fire", "timer", arm, fire },
    { "manager, register", "task", NULL, register_idle },
    { "manager, look up", "task", NULL, look_up_tasks },
    { "manager, cancel by name", "task", NULL, cancel_by_name },
    { "manager, run one that fails, and emit", "task", NULL, fail },
    { "request cache, add", "request", make_requests, add_requests },
    { "request cache, look up", "request", NULL, look_up_requests },
    { "request cache, pop", "request", NULL, pop_requests },
    { "channel, send", "value", NULL, send_all },
    { "channel, receive", "value", NULL, receive_all },
  },
};
