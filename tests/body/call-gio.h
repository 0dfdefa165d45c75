// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations of GIO in a fiber, which is left alone, cancelled, stopped, and out of time, at each of its waits.

#pragma once

#include "../task/common.h"

typedef enum
{
  WAY_COMPLETED,
  WAY_CANCELLED,
  WAY_STOPPED,
  WAY_TIMED_OUT,
} Way;

static Way way;
static guint interrupt_at;      /* at which wait; 0: at none */
static guint n_awaits;

static inline void
interrupt (TendTask *task)
{
  if (way == WAY_CANCELLED)
    tend_task_cancel (task);
  else if (way == WAY_STOPPED)
    tend_task_stop (task);
  else if (way == WAY_TIMED_OUT)
    tend_task_set_deadline (task, tend_get_time ());
}

/* What the bodies call instead of tend_await_call(): the operation is in flight when the task is interrupted. */
static inline gboolean
await_call (TendCall  *call,
            GError   **error)
{
  gboolean ok;

  g_assert_null (call->result);
  if (++n_awaits == interrupt_at)
    interrupt (tend_task_get_current ());

  ok = tend_await_call (call, error);
  g_assert_true (!ok || call->result != NULL);
  g_assert_true (n_awaits != interrupt_at || !ok);

  return ok;
}

static inline void
wait_until_finished (TendTask *task)
{
  while (!tend_task_is_finished (task))
    g_main_context_iteration (NULL, TRUE);
}

static inline void
run_way (TendBodyFunc body,
         gpointer     data,
         Way          the_way,
         guint        at,
         const char  *status)
{
  g_autoptr(TendTask) task = NULL;

  way = the_way;
  interrupt_at = at;
  n_awaits = 0;
  task = tend_task_run_fiber ("io", body, data, NULL);
  wait_until_finished (task);
  if (at == 0)
    g_assert_no_error (tend_task_get_error (task));
  assert_status (task, status);
  assert_gone (task);
}

/* It is suspended in its first wait when it is interrupted. */
static inline void
run_interrupted (TendBodyFunc body,
                 gpointer     data,
                 Way          the_way,
                 const char  *status)
{
  g_autoptr(TendTask) task = NULL;

  way = the_way;
  interrupt_at = 0;
  task = tend_task_run_fiber ("io", body, data, NULL);
  interrupt (task);
  wait_until_finished (task);
  assert_status (task, status);
  assert_gone (task);
}

/* The deadline is due before the operation can call back, because the priority of the task's loop is higher. */
static inline void
run_out_of_time (TendBodyFunc body,
                 gpointer     data,
                 guint        at)
{
  g_autoptr(TendTask) task = tend_task_new_fiber ("io", body, data, NULL);

  way = WAY_TIMED_OUT;
  interrupt_at = at;
  n_awaits = 0;
  tend_task_set_priority (task, G_PRIORITY_HIGH);
  g_assert_true (tend_task_start (task, NULL));
  wait_until_finished (task);
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (tend_task_get_error (task)->message, ==, "Task 'io': did not end before its deadline");
  assert_gone (task);
}

static inline void
run_all_ways (TendBodyFunc body,
              gpointer     data)
{
  guint n;

  run_way (body, data, WAY_COMPLETED, 0, "completed");
  n = n_awaits;
  g_assert_cmpuint (n, >, 0);
  for (guint i = 1; i <= n; i++)
    {
      run_way (body, data, WAY_CANCELLED, i, "cancelled");
      run_way (body, data, WAY_STOPPED, i, "stopped");
      run_out_of_time (body, data, i);
    }
  run_interrupted (body, data, WAY_CANCELLED, "cancelled");
  run_interrupted (body, data, WAY_STOPPED, "stopped");
}
