// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The operations of glib-call.c, which a fiber awaits one after the other.

#include <tend.h>

#include "call-work.h"
#include "tend-peers.h"

static gboolean
tasks_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  CallWork *self = user_data;

  for (; self->n_done < self->n; self->n_done++)
    {
      g_auto(TendCall) call = TEND_CALL_INIT;
      g_autoptr(GTask) operation = g_task_new (NULL, tend_call_start (&call), tend_call_ready, &call);

      g_task_return_boolean (operation, TRUE);
      if (!tend_await_call (&call, error) || !g_task_propagate_boolean (G_TASK (call.result), error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
reads_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  CallWork *self = user_data;

  for (; self->n_done < self->n; self->n_done++)
    {
      g_auto(TendCall) call = TEND_CALL_INIT;

      g_input_stream_read_async (self->stream, &self->byte, 1, G_PRIORITY_DEFAULT, tend_call_start (&call),
                                 tend_call_ready, &call);
      call_work_answer (self);
      if (!tend_await_call (&call, error) || g_input_stream_read_finish (self->stream, call.result, error) < 0)
        return FALSE;
    }

  return TRUE;
}

static guint
run_body (CallWork     *self,
          TendBodyFunc  body)
{
  g_autoptr(TendTask) task = NULL;

  self->n_done = 0;
  task = tend_task_run_fiber ("call", body, self, NULL);

  return call_work_run (self);
}

static guint
run_tasks (gpointer state)
{
  return run_body (state, tasks_body);
}

static guint
run_reads (gpointer state)
{
  return run_body (state, reads_body);
}

const BenchPeer tend_call_peer = {
  .scenario = "call",
  .name = "libtend",
  .begin = call_work_begin,
  .end = call_work_end,
  .steps = {
    { "operation that is done at once", "operation", NULL, run_tasks },
    { "read from a socket", "operation", NULL, run_reads },
  },
};
