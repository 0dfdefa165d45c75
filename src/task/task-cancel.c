// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The bridge between a task and its GCancellable.
//
// The cancellable is made when somebody asks for it, from whichever thread. It is a subclass that
// knows its task, so that cancelling it cancels the task without a signal connection per task.
//
// Lock: bridge_lock guards the way from a cancellable to its task, and nothing is called under it.

#include "tend-task-private.h"

static GMutex bridge_lock;

typedef struct
{
  GCancellable  parent_instance;

  TendTask     *task;       /* under bridge_lock; not a reference; NULL once the task goes */
} TendTaskCancellable;

typedef GCancellableClass TendTaskCancellableClass;

GType tend_task_cancellable_get_type (void) G_GNUC_CONST;

G_DEFINE_FINAL_TYPE (TendTaskCancellable, tend_task_cancellable, G_TYPE_CANCELLABLE)

static void
tend_task_cancellable_cancelled (GCancellable *cancellable)
{
  TendTaskCancellable *self = (TendTaskCancellable *) cancellable;
  TendTask *task;

  /* Until dispose() has cleared the pointer, under the lock, a reference may still be taken. */
  g_mutex_lock (&bridge_lock);
  task = self->task != NULL ? g_object_ref (self->task) : NULL;
  g_mutex_unlock (&bridge_lock);

  if (task == NULL)
    return;

  /* Never at once: what a task does at its end may wait for this very emission to be over. */
  if (!g_atomic_int_get (&task->is_cancelling) && !tend_task_has_ended (task))
    tend_task_request (task, TEND_REQUEST_CANCEL);
  g_object_unref (task);
}

static void
tend_task_cancellable_class_init (TendTaskCancellableClass *klass)
{
  klass->cancelled = tend_task_cancellable_cancelled;
}

static void
tend_task_cancellable_init (TendTaskCancellable *self)
{
}

/* Says that the body should end, or no longer counts, and cancels the cancellable if there is one. */
void
tend_task_set_cancelling (TendTask       *self,
                          TendCancelling  why)
{
  GCancellable *cancellable;

  if (!g_atomic_int_compare_and_exchange (&self->is_cancelling, TEND_CANCELLING_NOT, (int) why))
    return;

  tend_task_wake_worker (self);

  cancellable = g_atomic_pointer_get (&self->cancellable);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
}

void
tend_task_drop_cancellable (TendTask *self)
{
  TendTaskCancellable *cancellable = (TendTaskCancellable *) g_atomic_pointer_get (&self->cancellable);

  if (cancellable == NULL)
    return;

  g_mutex_lock (&bridge_lock);
  cancellable->task = NULL;
  g_mutex_unlock (&bridge_lock);
}

/**
 * tend_task_get_cancellable:
 * @self: a task
 *
 * Gets the cancellable of the task.
 *
 * Give it to what the body calls. It is cancelled when the task is cancelled or stopped while its
 * body runs, and cancelling it cancels the task, in the next turn of the task's loop. It is made
 * by the first call.
 *
 * May be called from any thread.
 *
 * Returns: (transfer none): the cancellable, owned by the task
 *
 * Since: 0.1
 */
GCancellable *
tend_task_get_cancellable (TendTask *self)
{
  TendTaskCancellable *made;
  GCancellable *cancellable;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  cancellable = g_atomic_pointer_get (&self->cancellable);
  if (cancellable != NULL)
    return cancellable;

  made = g_object_new (tend_task_cancellable_get_type (), NULL);
  made->task = self->loop != NULL ? self : NULL;
  if (!g_atomic_pointer_compare_and_exchange (&self->cancellable, NULL, G_CANCELLABLE (made)))
    {
      g_object_unref (made);
      return g_atomic_pointer_get (&self->cancellable);
    }

  /* Whoever set the flag before the pointer was there has not seen it. */
  if (g_atomic_int_get (&self->is_cancelling))
    g_cancellable_cancel (G_CANCELLABLE (made));

  return G_CANCELLABLE (made);
}

/* The error of a task that was asked to end, with the reason for which it was. */
GError *
tend_task_new_cancelled (TendTask *self)
{
  g_autofree char *task = tend_task_to_string (self);

  if (g_atomic_int_get (&self->is_cancelling) == TEND_CANCELLING_TIMED_OUT)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s did not end before its deadline", task);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s was cancelled", task);
}

GError *
tend_task_new_stopped (TendTask *self)
{
  g_autofree char *task = tend_task_to_string (self);

  return g_error_new (TEND_TASK_ERROR, TEND_TASK_ERROR_STOPPED, "%s was stopped", task);
}
