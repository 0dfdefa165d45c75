// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The gate of a task, through which its callbacks go; and how control is taken back from a body that has been barred.
//
// Ownership: the loop thread's.

#include "task-state-private.h"

/* Has the callbacks of @self go through @gate, and through none that it had before. */
void
tend_task_set_gate (TendTask *self,
                    TendGate *gate)
{
  TendScope *scope = tend_task_ensure_scope (self);

  tend_gate_ref (gate);
  g_clear_pointer (&scope->gate, tend_gate_unref);
  scope->gate = gate;
}

/* Has the callbacks of @self go through the gate of @other, if that has one and @self does not. */
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
 * The gate through which @callback goes if @caller has it called at the end of a wait: NULL if there is
 * none, or if it is a callback of the body's own. That has to come, or the body would never end. A
 * worker, which runs the body of another thread's task, cannot look at it.
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

/* The gate of the code that runs in this thread, for the layers that know of no task. */
static TendGate *
peek_current_gate (void)
{
  TendTask *current = tend_task_peek_current ();

  return current != NULL ? tend_task_get_callback_gate (current, NULL) : NULL;
}

/* To be called once before there is a task. */
void
tend_task_watch_gates (void)
{
  tend_gate_set_func (peek_current_gate);
}

/* Takes the reference to the task. */
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

/* Takes control back from a body whose task has been stopped, as far as that is possible at once. */
void
tend_task_unwind (TendTask *self)
{
  tend_call_native (unwind_native_cb, g_object_ref (self));
}
