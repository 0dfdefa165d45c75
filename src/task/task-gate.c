// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The gate of a task, through which its callbacks go; and taking control back from a body whose callbacks are barred.
//
// Ownership: the loop thread's.

#include "task-state-private.h"

/* Lets the callbacks of @self go through @gate, instead of the gate that it had before. */
void
tend_task_set_gate (TendTask *self,
                    TendGate *gate)
{
  TendScope *scope = tend_task_ensure_scope (self);

  tend_gate_ref (gate);
  g_clear_pointer (&scope->gate, tend_gate_unref);
  scope->gate = gate;
}

/* Lets the callbacks of @self go through the gate of @other, if @other has one and @self has none. */
void
tend_task_inherit_gate (TendTask *self,
                        TendTask *other)
{
  TendGate *gate = tend_task_get_gate (other);

  if (gate != NULL && tend_task_get_gate (self) == NULL)
    tend_task_set_gate (self, gate);
}

/* The gate of @self, or NULL: not a reference. */
TendGate *
tend_task_get_gate (TendTask *self)
{
  return self->scope != NULL ? self->scope->gate : NULL;
}

/*
 * Returns the gate for @callback if @caller has it called at the end of a wait: NULL if there is none, or if it is a
 * callback of the body's own. That one has to be called, or the body would never end. A worker, which runs the body of
 * another thread's task, cannot look at the gate.
 */
TendGate *
tend_task_get_callback_gate (TendTask            *caller,
                             GAsyncReadyCallback  callback)
{
  if (caller->loop == NULL || !tend_loop_has_thread (caller->loop))
    return NULL;
  if (callback != NULL && caller->body != NULL && caller->body->ready == callback)
    return NULL;

  return tend_task_get_gate (caller);
}

/* Returns the gate of the code that runs in this thread, for the layers that know no task. */
static TendGate *
peek_current_gate (void)
{
  TendTask *current = tend_task_peek_current ();

  return current != NULL ? tend_task_get_callback_gate (current, NULL) : NULL;
}

/* Called once before there is a task. */
void
tend_task_watch_gates (void)
{
  tend_gate_set_func (peek_current_gate);
}

/* Takes over the reference to the task. */
static void
unwind_cb (gpointer data)
{
  g_autoptr(TendTask) self = data;

  if (self->is_active && self->body->unwind != NULL)
    self->body->unwind (self);
}

static void
unwind_native_cb (gpointer data)
{
  tend_call_flat (unwind_cb, data, 0);
}

/* Takes control back from a body whose task was stopped, as far as this is possible at once. */
void
tend_task_unwind (TendTask *self)
{
  tend_call_native (unwind_native_cb, g_object_ref (self));
}
