// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A gate: where a fiber waits until a callback lets it go on.
//
// A task without a body runs until other code completes it. This is all that a fiber needs to wait for a condition of
// your own:
//
//     while (queue_is_full (queue))
//       if (!gate_wait (&gate, error))
//         return FALSE;               (the fiber was cancelled, or stopped)
//
// and, wherever the condition may have changed, gate_open().

#include "checksum.h"

/* Waits in a fiber, and in one only, until the gate is opened. */
gboolean
gate_wait (Gate    *self,
           GError **error)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  gboolean is_open;

  g_assert (self->task == NULL);

  self->task = task;
  is_open = tend_await (task, error);
  self->task = NULL;

  return is_open;
}

/* Lets the fiber go on, if one waits. */
void
gate_open (Gate *self)
{
  TendTask *task = g_steal_pointer (&self->task);

  if (task != NULL)
    tend_task_return_boolean (task, TRUE);
}
