// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The gate through which the callbacks of some tasks go, such as those of a manager that belongs to an object. Once the
// gate is closed, none of them is called.
//
// Any thread may close a gate. The tasks behind it notice at the latest when one of their callbacks would run: then
// they are stopped instead. Usually the code that closes the gate has them stopped sooner.

#include "tend-gate-private.h"

struct _TendGate
{
  gatomicrefcount ref_count;
  int             is_closed;    /* atomic */
};

TendGate *
tend_gate_new (void)
{
  TendGate *self = g_new0 (TendGate, 1);

  g_atomic_ref_count_init (&self->ref_count);

  return self;
}

TendGate *
tend_gate_ref (TendGate *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
tend_gate_unref (TendGate *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/* Closes the gate for ever: TRUE if it was open. */
gboolean
tend_gate_close (TendGate *self)
{
  return !g_atomic_int_exchange (&self->is_closed, TRUE);
}

gboolean
tend_gate_is_closed (TendGate *self)
{
  return g_atomic_int_get (&self->is_closed);
}

static TendGateFunc current_func;   /* atomic */

/* Sets the function that returns the gate of the code that runs. */
void
tend_gate_set_func (TendGateFunc func)
{
  g_atomic_pointer_set (&current_func, func);
}

/* The gate of the code that runs in this thread, which is not a reference; NULL: none. */
TendGate *
tend_gate_peek_current (void)
{
  TendGateFunc func = g_atomic_pointer_get (&current_func);

  return func != NULL ? func () : NULL;
}
