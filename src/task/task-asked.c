// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Whether the body of a task is asked to end, and who is told: its cancellable, and the thread that it sleeps in.
//
// Ownership: the loop thread's; what is asked stands in an atomic word that any thread may look at.

#include "task-cancel-private.h"
#include "task-state-private.h"

/* The cancellable does not ask the task to end any more. On the task's own thread. */
void
tend_task_drop_cancellable (TendTask *self)
{
  GCancellable *cancellable = g_atomic_pointer_get (&self->cancellable);

  if (cancellable != NULL)
    tend_cancellable_drop_link (TEND_CANCELLABLE (cancellable));
}

/*
 * Says that the body should end, or no longer counts, and cancels the cancellable if there is one. On the
 * task's own thread.
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

  /* It need not ask the task any more. */
  tend_task_drop_cancellable (self);
  cancellable = g_atomic_pointer_get (&self->cancellable);

  /* Who hears of it may drop the task. */
  g_object_ref (self);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
  tend_notify_native (G_OBJECT (self), tend_task_properties[PROP_CANCELLING]);
  g_object_unref (self);
}
