// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Whether the body of a task was asked to end, and what is notified: its cancellable, and the thread in which it
// sleeps.
//
// Ownership: the loop thread's; the state is an atomic word that any thread may read.

#include "task-cancel-private.h"
#include "task-state-private.h"

/* Cuts the link from the cancellable to the task. On the task's own thread. */
void
tend_task_drop_cancellable (TendTask *self)
{
  GCancellable *cancellable = g_atomic_pointer_get (&self->cancellable);

  if (cancellable != NULL)
    tend_cancellable_drop_link (TEND_CANCELLABLE (cancellable));
}

/*
 * Marks that the body should end, or no longer counts, and cancels the cancellable if there is one. On the task's own
 * thread.
 */
void
tend_task_set_cancelling (TendTask       *self,
                          TendCancelling  why)
{
  GCancellable *cancellable;

  if (tend_task_cancelling (self) != TEND_CANCELLING_NOT)
    return;

  g_atomic_int_or ((guint *) &self->flags, (guint) why << TEND_FLAG_CANCELLING_SHIFT);

  for (TendObserver *o = self->observers; o != NULL; o = o->next)
    {
      if (o->klass->asked != NULL)
        o->klass->asked (o, self);
    }

  tend_task_wake_worker (self);

  /* The cancellable need not ask the task any more. */
  tend_task_drop_cancellable (self);
  cancellable = g_atomic_pointer_get (&self->cancellable);

  /* Who hears of it may drop the task. */
  g_object_ref (self);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_CANCELLING]);
  g_object_unref (self);
}
