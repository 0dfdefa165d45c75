// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Asking a task to end, and ending it: cancel and stop, the task's cancellable, and their errors.
//
// The cancellable is created on demand, in any thread. It knows its task, so cancelling it cancels the task without a
// signal connection for each task. The errors are created on demand as well: printing one takes longer than everything
// else of a cancelled task.

#include "task-cancel-private.h"
#include "task-life-private.h"
#include "task-outcome-private.h"
#include "task-state-private.h"

/* --- The cancellable --- */

/* Keeps the reason of the cancellation for the task's error, in its cancellable, which is created for it. */
void
tend_task_set_cancel_reason (TendTask   *self,
                             const char *reason)
{
  if (reason != NULL)
    tend_cancellable_set_reason (TEND_CANCELLABLE (tend_task_get_cancellable (self)), reason);
}

/* In the task's thread: a cancellable was cancelled that cancels the task. */
static void
link_cb (gpointer    data,
         const char *reason)
{
  TendTask *self = data;

  if (tend_task_has_ended (self))
    return;

  g_object_ref (self);
  tend_task_set_cancel_reason (self, reason);
  tend_task_cancel (self);
  g_object_unref (self);
}

/* Creates a link from a cancellable to the task, which must be cut before the task is freed. Any thread. */
TendCancelLink *
tend_task_new_link (TendTask *self)
{
  return tend_cancel_link_new (self->loop, link_cb, self);
}

/**
 * tend_task_get_cancellable:
 * @self: a task
 *
 * Gets the cancellable of the task, which is a [class@Tend.Cancellable].
 *
 * Pass it to the operations that the body starts. It is cancelled when the task is cancelled or stopped while its body
 * runs. Cancelling it cancels the task, in the next turn of the task's loop; the error of the task contains the reason
 * of the cancellable. The first call creates it.
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
  TendCancellable *made;
  GCancellable *cancellable;

  g_return_val_if_fail (TEND_IS_TASK (self), NULL);

  cancellable = g_atomic_pointer_get (&self->cancellable);
  if (cancellable != NULL)
    return cancellable;

  made = tend_cancellable_new ();
  if (self->loop != NULL)
    tend_cancellable_set_link (made, tend_task_new_link (self));
  if (!g_atomic_pointer_compare_and_exchange (&self->cancellable, NULL, G_CANCELLABLE (made)))
    {
      g_object_unref (made);
      return g_atomic_pointer_get (&self->cancellable);
    }

  /* Code that set the flag before the pointer was there has not seen the cancellable. */
  if (tend_task_cancelling (self))
    g_cancellable_cancel (G_CANCELLABLE (made));

  return G_CANCELLABLE (made);
}

/* --- Cancel and stop --- */

/* Ends the task at once, for an error that did not come from its body; takes @error. */
void
tend_task_fail (TendTask *self,
                GError   *error)
{
  if (!tend_task_has_ended (self) && tend_task_settle (self))
    {
      tend_task_end (self, tend_task_get_final_status (error), error);
      return;
    }

  /* The error came too late for the task to keep it, and is reported all the same. */
  if (!tend_error_is_cancelled (error))
    tend_task_report (self, error);
  g_error_free (error);
}

static gboolean
check_endable (TendTask   *self,
               const char *verb)
{
  if (self->loop != NULL)
    return TRUE;

  g_critical ("Task '%s': is the main part of the program, and cannot be %s", self->name, verb);
  return FALSE;
}

typedef struct
{
  TendTask       *task;
  TendCancelling  why;
} InterruptCall;

/* Notifies the body that it was asked to end, which may end it. */
static void
cancel_body (TendTask *self)
{
  tend_task_run_cancel_handlers (self);
  if (self->is_active && !tend_task_has_ended (self) && self->body->cancel != NULL)
    self->body->cancel (self);
}

/* Takes over the reference to the task, which the notified code may end and drop. */
static void
interrupt_cb (gpointer data)
{
  InterruptCall *call = data;
  g_autoptr(TendTask) self = call->task;
  gboolean was_active = self->is_active;

  if (tend_task_has_ended (self) || tend_task_cancelling (self) || !tend_task_settle (self))
    return;

  tend_task_set_cancelling (self, call->why);

  if (!was_active && !tend_task_has_ended (self))
    {
      if (call->why == TEND_CANCELLING_TIMED_OUT)
        tend_task_end (self, TEND_TASK_STATUS_FAILED, tend_task_new_cancelled (self));
      else
        tend_task_end (self, TEND_TASK_STATUS_CANCELLED, NULL);
    }
  else if (self->is_active)
    cancel_body (self);
}

static void
interrupt_native_cb (gpointer data)
{
  tend_call_flat (interrupt_cb, data, sizeof (InterruptCall));
}

/* Asks the task to end; its own thread only. */
void
tend_task_interrupt (TendTask       *self,
                     TendCancelling  why)
{
  InterruptCall call = { self, why };

  if (tend_task_has_ended (self) || tend_task_cancelling (self))
    return;

  g_object_ref (self);
  tend_call_native (interrupt_native_cb, &call);
}

/**
 * tend_task_cancel:
 * @self: a task
 *
 * Asks the task to end.
 *
 * The cancellable of the task is cancelled, its cancel handlers run, and each wait of its body fails with
 * `G_IO_ERROR_CANCELLED`. The body may clean up, and then decides: the task ends as cancelled if the body returns that
 * error, and completes if the body succeeds all the same. If no body runs, the task is cancelled at once: because it
 * was not started, waits for its turn, sleeps between two runs, or has no body.
 *
 * Use [method@Tend.Task.stop] to end a task whatever its body does.
 *
 * Does nothing if the task has ended or was cancelled before. May be called from any thread; from another thread than
 * the task's own, it takes effect in the next turn of the task's loop.
 *
 * Since: 0.1
 */
void
tend_task_cancel (TendTask *self)
{
  TendPass pass;
  TendLoop *loop;

  g_return_if_fail (TEND_IS_TASK (self));

  if (!check_endable (self, "cancelled"))
    return;

  loop = self->loop;
  pass = tend_loop_enter (loop);
  if (pass == TEND_PASS_NONE)
    tend_task_request (self, TEND_REQUEST_CANCEL);
  else
    tend_task_interrupt (self, TEND_CANCELLING_ASKED);
  tend_loop_leave (loop, pass);
}

/**
 * tend_task_stop:
 * @self: a task
 *
 * Ends the task at once.
 *
 * When this returns, the status is stopped, the error is `TEND_ERROR_STOPPED`, the timers and sources of the task are
 * gone, and its exit handlers have run. There is one exception: if 64 calls of this function are nested, each in an
 * exit handler of the task before, the exit handlers of the next task run when the outermost call returns.
 *
 * What the body still does has no effect on the task. A fiber is unwound: its current wait and all further ones fail
 * with the same error, so that it can free what it holds. A thread cannot be ended: its cancellable is cancelled and
 * its result is dropped. The task is finished when its body has returned.
 *
 * Does nothing if the task has ended. May be called from any thread; from another thread than the task's own, it takes
 * effect in the next turn of the task's loop.
 *
 * Since: 0.1
 */
void
tend_task_stop (TendTask *self)
{
  TendPass pass;
  TendLoop *loop;

  g_return_if_fail (TEND_IS_TASK (self));

  if (!check_endable (self, "stopped"))
    return;

  loop = self->loop;
  pass = tend_loop_enter (loop);
  if (pass == TEND_PASS_NONE)
    tend_task_request (self, TEND_REQUEST_STOP);
  else if (!tend_task_has_ended (self) && tend_task_settle (self))
    tend_task_end (self, TEND_TASK_STATUS_STOPPED, NULL);
  tend_loop_leave (loop, pass);
}
