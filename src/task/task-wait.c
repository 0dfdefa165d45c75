// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the end of a task, by callback or by running the main context.
//
// A waiter puts a job into the task's queue of waiters, without a reference to the task. So a task that is never
// started may be dropped, which wakes its waiters with an error. A wait that is given up leaves the queue. The task
// stays alive until the last waiter has run.

#include "task-life-private.h"
#include "task-sigint-private.h"

gboolean
tend_wait_for_task (TendTask  *task,
                    GError   **error)
{
  TendJob *wake = tend_begin_wait (G_STRFUNC, error);

  if (wake == NULL)
    return FALSE;

  if (tend_task_is_over (task))
    return TRUE;

  tend_task_add_waiter (task, wake);
  return tend_wait (error);
}

/* The result of tend_task_wait_async(), and the waiter itself. */
typedef struct
{
  GObject              parent_instance;

  TendJob              job;             /* loop thread */
  TendTask            *task;            /* loop thread */
  TendLoop            *loop;            /* constant; a use of the task's loop */
  GCancellable        *cancellable;     /* constant */
  gulong               handler;         /* loop thread */
  TendJob              give_up;         /* the inbox's, once the cancellable is cancelled */
  int                  is_given_up;     /* atomic */
  GAsyncReadyCallback  callback;        /* loop thread */
  gpointer             user_data;       /* constant */
  TendGate            *gate;            /* constant; the caller's; NULL: none */
  guint                has_caller : 1;  /* constant; a task has called */
  guint                is_cancelled : 1; /* loop thread */
  guint                owns_task : 1;   /* loop thread; task is a reference */
} TendWait;

typedef GObjectClass TendWaitClass;

static gpointer
tend_wait_get_user_data (GAsyncResult *result)
{
  return ((TendWait *) result)->user_data;
}

static GObject *
tend_wait_get_source_object (GAsyncResult *result)
{
  TendWait *self = (TendWait *) result;

  return self->task != NULL ? G_OBJECT (g_object_ref (self->task)) : NULL;
}

static void
tend_wait_result_iface_init (GAsyncResultIface *iface)
{
  iface->get_user_data = tend_wait_get_user_data;
  iface->get_source_object = tend_wait_get_source_object;
}

GType tend_wait_get_type (void) G_GNUC_CONST;

G_DEFINE_FINAL_TYPE_WITH_CODE (TendWait, tend_wait, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, tend_wait_result_iface_init))

static void
tend_wait_dispose (GObject *object)
{
  if (tend_loop_take_home (((TendWait *) object)->loop, object))
    return;

  G_OBJECT_CLASS (tend_wait_parent_class)->dispose (object);
}

static void
tend_wait_finalize (GObject *object)
{
  TendWait *self = (TendWait *) object;

  if (self->owns_task)
    g_object_unref (self->task);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->gate, tend_gate_unref);
  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_wait_parent_class)->finalize (object);
}

static void
tend_wait_class_init (TendWaitClass *klass)
{
  klass->dispose = tend_wait_dispose;
  klass->finalize = tend_wait_finalize;
}

/* Whether a closed gate bars the callback: the gate of its caller, or that of the task. */
static gboolean
is_barred (TendWait *self)
{
  if (self->has_caller)
    return self->gate != NULL && tend_gate_is_closed (self->gate);

  return tend_task_is_barred (self->task);
}

/* The wait is over; the job is in no queue. */
static void
wait_over (TendJob *job)
{
  TendWait *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendWait, job));
  GAsyncReadyCallback callback = g_steal_pointer (&self->callback);

  if (!self->owns_task)
    self->owns_task = g_object_ref (self->task) != NULL;
  /* Not g_cancellable_disconnect(), which waits for a handler that may be what runs us. */
  if (self->handler != 0)
    g_signal_handler_disconnect (self->cancellable, self->handler);
  self->handler = 0;

  if (callback != NULL && !is_barred (self))
    callback (G_OBJECT (self->task), G_ASYNC_RESULT (self), self->user_data);
  g_object_unref (self);
}

static void
give_up_cb (TendJob *job)
{
  TendWait *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendWait, give_up));

  if (tend_job_is_waiting (&self->job))
    {
      tend_job_unlink (&self->job);
      self->is_cancelled = TRUE;
      wait_over (&self->job);
    }
  g_object_unref (self);
}

/* Runs in the thread that cancels. */
static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  TendWait *self = user_data;

  if (g_atomic_int_exchange (&self->is_given_up, TRUE))
    return;

  g_object_ref (self);
  tend_loop_send (self->loop, &self->give_up);
}

static void
tend_wait_init (TendWait *self)
{
  tend_job_init (&self->job, wait_over);
  tend_job_init (&self->give_up, give_up_cb);
}

/**
 * tend_task_wait_async:
 * @self: a task
 * @cancellable: (nullable): ends the wait when it is cancelled; the task goes on
 * @callback: (nullable) (scope async) (closure user_data): called when the task has ended
 * @user_data: data for @callback
 *
 * Waits for the end of the task.
 *
 * May be called any number of times, before and after the end. @callback never runs before this returns. It runs after
 * the exit handlers of the task and after its manager was notified. Several waits are notified in the order of waiting.
 * If the task is dropped before it was started, the wait fails.
 *
 * If the calling task belongs to a manager with an owner, @callback does not run after the owner is gone. Outside of
 * tasks, this holds for the manager of @self. See [ctor@Tend.TaskManager.new_for_owner].
 *
 * Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_task_wait_async (TendTask            *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  TendTask *caller = tend_task_peek_current ();
  g_autoptr(GCancellable) held = NULL;
  g_autoptr(TendTask) kept = NULL;
  TendGate *gate;
  TendWait *wait;

  g_return_if_fail (TEND_IS_TASK (self));
  g_return_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /*
   * A toggle reference of the cancellable may tell user code that it is held, which may drop the task, or run the loop
   * and so what waits in it.
   */
  if (cancellable != NULL)
    {
      kept = g_object_ref (self);
      held = g_object_ref (cancellable);
    }

  wait = g_object_new (tend_wait_get_type (), NULL);
  wait->task = self;
  wait->loop = tend_loop_ref (self->loop);
  wait->callback = callback;
  wait->user_data = user_data;
  wait->has_caller = caller != NULL;
  gate = caller != NULL ? tend_task_get_callback_gate (caller, callback) : NULL;
  wait->gate = gate != NULL ? tend_gate_ref (gate) : NULL;

  if (!tend_task_is_over (self))
    tend_task_add_waiter (self, &wait->job);
  else
    {
      /* Nothing else keeps an ended task until the callback has run. */
      wait->owns_task = g_object_ref (self) != NULL;
      tend_loop_queue_micro (self->loop, &wait->job);
    }

  if (cancellable != NULL)
    {
      wait->cancellable = g_steal_pointer (&held);
      wait->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                             g_object_ref (wait), g_object_unref);
    }
}

/**
 * tend_task_wait_finish:
 * @self: a task
 * @result: the result that @callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.Task.wait_async].
 *
 * If the task failed, its error is returned in @error and counts as observed.
 *
 * Returns: %TRUE if the task completed; %FALSE with the error of the task if it did not, or with `G_IO_ERROR_CANCELLED`
 *   if the wait was cancelled
 *
 * Since: 0.1
 */
gboolean
tend_task_wait_finish (TendTask      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  TendWait *wait = (TendWait *) result;

  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);
  g_return_val_if_fail (G_TYPE_CHECK_INSTANCE_TYPE (result, tend_wait_get_type ()), FALSE);
  g_return_val_if_fail (wait->task == self, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (wait->is_cancelled)
    {
      tend_task_set_error (self, error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("the wait for it was cancelled"));
      return FALSE;
    }

  return tend_task_propagate (self, error);
}

/* Iterates the context until the task, which was started and is kept by the caller, has ended. */
gboolean
tend_task_wait_here (TendTask  *self,
                     GError   **error)
{
  TendHub *hub = tend_loop_get_hub (self->loop);

  tend_worker_block ();
  while (!tend_task_has_ended (self))
    tend_hub_turn (hub);

  /* If a body has ended within its start, its waiters run in a turn of the loop. */
  while (self->scope != NULL && tend_job_is_waiting (&self->scope->job))
    g_main_context_iteration (hub->context, FALSE);
  tend_worker_unblock ();

  return tend_task_propagate (self, error);
}

/**
 * tend_task_wait_sync:
 * @self: a task that was started
 * @error: return location for an error
 *
 * Iterates the task's main context until the task has ended.
 *
 * Use it in the main part of a program and in tests. A fiber uses tend_await() instead. While a [class@Tend.Clock] has
 * frozen time, time jumps from deadline to deadline.
 *
 * In a callback of [func@Tend.run_task], Ctrl-C cancels @self as well as the task of the run. Elsewhere it has no
 * effect on the task.
 *
 * Only for the owning thread.
 *
 * Returns: %TRUE if the task completed; %FALSE with the error of the task if it did not, or with `TEND_ERROR_STATE` if
 *   the task is not started or the caller is a fiber
 *
 * Since: 0.1
 */
gboolean
tend_task_wait_sync (TendTask  *self,
                     GError   **error)
{
  g_autoptr(TendTask) kept = NULL;
  TendSigint sigint;
  TendTaskStatus status;
  gboolean has_completed;

  g_return_val_if_fail (TEND_IS_TASK (self), FALSE);
  g_return_val_if_fail (self->loop != NULL && tend_loop_is_mine (self->loop), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  status = tend_task_status (self);
  if (status == TEND_TASK_STATUS_CREATED || tend_is_on_fiber ())
    {
      tend_task_set_error (self, error, TEND_ERROR, TEND_ERROR_STATE,
                           status == TEND_TASK_STATUS_CREATED ?
                           _("has not been started, and the wait for it would not end") :
                           _("a fiber cannot run the main context to wait for it: use tend_await()"));
      return FALSE;
    }

  kept = g_object_ref (self);
  tend_sigint_begin (&sigint, self, TRUE);
  has_completed = tend_task_wait_here (self, error);
  tend_sigint_end (&sigint);

  return has_completed;
}
