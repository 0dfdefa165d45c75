// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Operations of GIO one after the other, each begun in the callback of the one before.

#include "call-work.h"
#include "glib-peers.h"

static void
task_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  CallWork *self = user_data;
  g_autoptr(GTask) task = NULL;

  g_task_propagate_boolean (G_TASK (result), NULL);
  if (++self->n_done == self->n)
    return;

  task = g_task_new (NULL, self->cancellable, task_cb, self);
  g_task_return_boolean (task, TRUE);
}

static guint
run_tasks (gpointer state)
{
  CallWork *self = state;
  g_autoptr(GTask) task = g_task_new (NULL, self->cancellable, task_cb, self);

  self->n_done = 0;
  g_task_return_boolean (task, TRUE);

  return call_work_run (self);
}

static void
read_cb (GObject      *source_object,
         GAsyncResult *result,
         gpointer      user_data)
{
  CallWork *self = user_data;

  g_input_stream_read_finish (self->stream, result, NULL);
  if (++self->n_done == self->n)
    return;

  g_input_stream_read_async (self->stream, &self->byte, 1, G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
  call_work_answer (self);
}

static guint
run_reads (gpointer state)
{
  CallWork *self = state;

  self->n_done = 0;
  g_input_stream_read_async (self->stream, &self->byte, 1, G_PRIORITY_DEFAULT, self->cancellable, read_cb, self);
  call_work_answer (self);

  return call_work_run (self);
}

const BenchPeer glib_call_peer = {
  .scenario = "call",
  .name = "GIO callback",
  .begin = call_work_begin,
  .end = call_work_end,
  .steps = {
    { "operation that is done at once", "operation", NULL, run_tasks },
    { "read from a socket", "operation", NULL, run_reads },
  },
};
