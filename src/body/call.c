// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The asynchronous operation that a fiber waits for, or the body of a thread.
//
// A TendCall lies on a stack, and the operation calls back with its address. So the stack must not go before that: the
// scope that is left, and the fiber that is given up, wait for the operation. The record of an operation is on the
// heap, and is the cancellable that the operation is given: one allocation for both. The operation holds it until it
// has called back, so that a record is never found dead (operation.c).
//
//   in a fiber      the list of the fiber has the record until the operation has called back. Cancelling and stopping
//                   the task go through that list, and need no cancellable of the task.
//   in a thread     the operation runs in a main context of the thread's own, which is iterated while the body waits.
//   anywhere else   is a mistake: the operation is cancelled from the beginning, and leaving the scope iterates the
//                   main context until it has called back.
//
// A fiber goes on in the callback itself if nothing of libtend runs in the thread at that moment. Otherwise its job is
// in the micro-queue, as that of any other wait.
//
// Ownership: a record is of the thread in which the operation was begun. Only its being cancelled, and a callback that
// comes in another thread, are not; such a callback sends its result home.

#include "call-private.h"

/**
 * TendCall:
 * @result: (nullable): the result of the operation, once it has called back
 *
 * An asynchronous operation that a fiber, or the body of a thread, waits for.
 *
 * For C and Vala. In C, declare it as `g_auto(TendCall) call = TEND_CALL_INIT;`, in a function of the body. See
 * [func@Tend.await_call].
 *
 * Since: 0.1
 */

/* The context of a thread's body in which its operations call back, and how often it was pushed. */
static TEND_THREAD GMainContext *thread_context;
static TEND_THREAD guint n_pushed;

/* --- Waiting --- */

/* Waits in a fiber until the operation has called back. */
static void
wait_in_fiber (TendOperation *self)
{
  TendLoop *loop = self->loop;

  if (self->n_out == 0)
    return;

  self->wake = tend_begin_bound_wait ();
  tend_loop_hold (loop);
  tend_wait_bound ();
  tend_loop_unhold (loop);
}

static void
iterate (TendOperation *self)
{
  if (self->n_out == 0)
    return;

  if (self->worker != NULL)
    tend_worker_block ();
  while (self->n_out > 0)
    {
      if (self->source != NULL && g_cancellable_is_cancelled (self->source))
        tend_operation_cancel (self);
      if (self->n_out > 0)
        g_main_context_iteration (self->context, TRUE);
    }
  if (self->worker != NULL)
    tend_worker_unblock ();
}

/* The thread's default context is again what it was before the operation. */
static void
leave_thread (TendOperation *self)
{
  if (self->handler != 0)
    g_cancellable_disconnect (self->source, self->handler);
  self->handler = 0;

  if (!self->is_pushed)
    return;

  self->is_pushed = FALSE;
  g_main_context_pop_thread_default (thread_context);
  if (--n_pushed == 0)
    g_clear_pointer (&thread_context, g_main_context_unref);
}

static void
wait_until_ended (TendOperation *self)
{
  if (self->calls != NULL)
    {
      wait_in_fiber (self);
      return;
    }

  iterate (self);
  leave_thread (self);
}

/* Cancels the operations of the running fiber, whose stack goes, and waits for them. */
void
tend_calls_end (TendCalls *calls)
{
  while (calls->first != NULL)
    {
      g_autoptr(TendOperation) self = g_object_ref (calls->first);

      tend_call_native (tend_operation_cancel, self);
      wait_in_fiber (self);
    }
}

/* --- Beginning --- */

/*
 * In the thread that cancels the task. The operation is cancelled in its own thread, where its sources are: GLib does
 * not free a source of a cancellable that is removed while another thread cancels.
 */
static void
source_cancelled_cb (GCancellable *source,
                     gpointer      user_data)
{
  TendOperation *self = user_data;

  g_main_context_wakeup (self->context);
}

static void
begin_in_fiber (TendOperation *self,
                TendCalls     *calls)
{
  TendTask *task = tend_task_get_current ();

  self->calls = calls;
  self->loop = tend_task_loop (task);
  self->next = calls->first;
  calls->first = self;
  self->is_shielded = tend_shield_fiber (0);

  if (tend_task_has_ended (task) || (tend_task_cancelling (task) && !self->is_shielded))
    tend_call_native (tend_operation_cancel, self);
}

static void
begin_in_thread (TendOperation *self,
                 TendTask      *worker)
{
  GMainContext *context = g_main_context_get_thread_default ();

  /* What the thread has for a default without being told is the context of another thread. */
  if (context == NULL || context == thread_context)
    {
      if (thread_context == NULL)
        thread_context = g_main_context_new ();
      context = thread_context;
      g_main_context_push_thread_default (context);
      self->is_pushed = TRUE;
      n_pushed++;
    }

  self->worker = worker;
  self->context = g_main_context_ref (context);
  self->source = g_object_ref (tend_task_get_cancellable (worker));
  self->handler = g_cancellable_connect (self->source, G_CALLBACK (source_cancelled_cb),
                                         g_object_ref (self), g_object_unref);
  if (g_cancellable_is_cancelled (self->source))
    tend_operation_cancel (self);
}

static void
begin_elsewhere (TendOperation *self)
{
  g_critical ("%s(): an operation can only be awaited in a fiber and in the body of a thread", "tend_call_start");

  self->context = g_main_context_ref_thread_default ();
  tend_operation_cancel (self);
}

/* By mistake @call is begun again before its end: the second operation is to end at once, like the first one. */
static GCancellable *
refuse (TendOperation *self)
{
  g_critical ("%s(): the operation of this TendCall has not ended yet", "tend_call_start");

  self->is_misused = TRUE;
  self->n_out++;
  tend_call_native (tend_operation_cancel, g_object_ref (self));

  return G_CANCELLABLE (self);
}

/**
 * tend_call_start: (skip)
 * @call: a call whose operation has not begun, or has called back
 *
 * Gets the cancellable for an asynchronous operation that begins now.
 *
 * Call it where the operation takes its cancellable, and begin the operation at once: its callback is
 * [func@Tend.Call.ready], and the data of the callback is @call. The reference is that of [func@Tend.await_call].
 *
 * The cancellable is of this operation alone. It is cancelled when the current task is cancelled or ends, and when
 * @call is cleared, which `g_auto(TendCall)` does at the end of the scope. Under a shield only the last two cancel it.
 *
 * A call may be used again once its operation has called back: its result is freed. To begin again before that is a
 * mistake, which is logged as critical. Then both operations are cancelled, and [func@Tend.await_call] fails.
 *
 * Outside a fiber and the body of a thread this logs a critical, and the operation is cancelled.
 *
 * Returns: (transfer none): the cancellable, valid until @call is cleared or begins again
 *
 * Since: 0.1
 */
GCancellable *
tend_call_start (TendCall *call)
{
  TendOperation *self;
  TendCalls *calls;
  TendTask *worker;

  g_return_val_if_fail (call != NULL, NULL);

  self = call->operation;
  if (self != NULL && self->n_out > 0)
    return refuse (self);

  tend_call_clear (call);
  calls = tend_get_fiber_calls ();
  self = tend_operation_take (call);

  worker = calls == NULL ? tend_task_get_blocking () : NULL;
  if (calls != NULL)
    begin_in_fiber (self, calls);
  else if (worker != NULL)
    begin_in_thread (self, worker);
  else
    begin_elsewhere (self);

  return G_CANCELLABLE (self);
}

/* Whether the running body has begun the operation. What was begun outside of bodies belongs to nobody. */
static gboolean
is_callers (TendOperation *self)
{
  return self->calls == tend_get_fiber_calls () && (self->calls != NULL || self->worker == tend_task_get_blocking ());
}

/* Whether the caller may wait for the operation; otherwise sets the error. */
static gboolean
check_caller (TendOperation  *self,
              GError        **error)
{
  gboolean is_body = tend_is_on_fiber () || tend_task_get_blocking () != NULL;

  if (is_body && self != NULL && is_callers (self))
    return TRUE;

  if (!is_body)
    {
      tend_begin_wait ("tend_await_call", error);
      return FALSE;
    }

  if (self == NULL)
    g_critical ("%s(): no operation was begun with this TendCall", "tend_await_call");
  else
    g_critical ("%s(): this TendCall is of another body", "tend_await_call");
  g_set_error (error, TEND_ERROR, TEND_ERROR_STATE, _("%s(): there is no operation to wait for"), "tend_await_call");
  return FALSE;
}

/*
 * A fiber that does not go on has no use for an error, which is reported, and a stopped one has none for a result. A
 * fiber that has the result already may have taken its error: a GTask does not tell.
 */
static void
drop_result (TendOperation *self)
{
  TendTask *task = tend_task_get_current ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) dropped = NULL;

  if (self->calls == NULL || self->calls != tend_get_fiber_calls () || self->call->result == NULL)
    return;
  if (!tend_task_has_ended (task) &&
      (!G_IS_TASK (self->call->result) || !g_task_had_error (G_TASK (self->call->result))))
    return;

  result = g_steal_pointer (&self->call->result);
  dropped = tend_take_result_error (result);
  if (dropped != NULL)
    tend_task_report (task, dropped);
}

/**
 * tend_await_call: (skip)
 * @call: a call whose operation was begun
 * @error: return location for an error
 *
 * Waits for an asynchronous operation, in the body of a fiber or of a thread.
 *
 * The operation is begun with the cancellable of [method@Tend.Call.start], with [func@Tend.Call.ready] as its callback,
 * and with the address of @call as the data of the callback:
 *
 *     g_auto(TendCall) call = TEND_CALL_INIT;
 *
 *     g_file_load_contents_async (file, tend_call_start (&call), tend_call_ready, &call);
 *     if (!tend_await_call (&call, error))
 *       return FALSE;
 *     return g_file_load_contents_finish (file, call.result, &data, &length, NULL, error);
 *
 * The call always waits until the operation has called back, because that writes to @call. If the task is cancelled or
 * ends meanwhile, the operation is cancelled, and calls back soon. An operation that ignores its cancellable keeps the
 * body until it ends. Then the error is that of the task, with its reason or deadline. If the task was cancelled, the
 * result may be in @call all the same: then call the finish function with it if what the operation made must not be
 * lost. If the task of a fiber has ended, or the result is a [class@Gio.Task] with an error, the result is dropped, and
 * an error that is no cancellation is reported.
 *
 * A fiber goes on within the callback of the operation if no other task runs in the thread at that moment. Several
 * operations may be in flight, each with a call of its own, and are awaited in any order. In the body of a thread the
 * operation runs in a main context of the thread's own, which is its default one from [method@Tend.Call.start] until
 * the end of the wait.
 *
 * While the result of an operation is awaited, virtual time stands still.
 *
 * Returns: %TRUE if the operation has called back, and `call.result` is set. %FALSE with `G_IO_ERROR_CANCELLED` or
 *   `TEND_ERROR_STOPPED` if the task was cancelled or has ended; with `TEND_ERROR_NO_FIBER` outside such a body; with
 *   `TEND_ERROR_STATE`, after a critical, if no operation was begun, or another one before its end
 *
 * Since: 0.1
 */
gboolean
tend_await_call (TendCall  *call,
                 GError   **error)
{
  TendOperation *self;

  g_return_val_if_fail (call != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  self = call->operation;
  if (!check_caller (self, error))
    return FALSE;

  wait_until_ended (self);
  if (self->is_misused)
    {
      g_set_error (error, TEND_ERROR, TEND_ERROR_STATE, _("%s(): another operation was begun before the end"),
                   G_STRFUNC);
      return FALSE;
    }

  self->is_awaited = TRUE;
  if (self->worker != NULL)
    return tend_worker_checkpoint (self->worker, error);

  if (tend_begin_wait (G_STRFUNC, error) != NULL)
    return TRUE;

  drop_result (self);
  return FALSE;
}


/**
 * tend_call_clear: (skip)
 * @call: a call, also one whose operation was never begun
 *
 * Cancels the operation of @call, waits until it has called back, and frees the result.
 *
 * `g_auto(TendCall)` calls it at the end of the scope, so that the operation never finds a dead stack. Nothing cuts
 * this wait short, as under a shield. If the task of a fiber has ended, and nothing has awaited the operation, the
 * error of a [class@Gio.Task] is reported. The call may be used again.
 *
 * Since: 0.1
 */
void
tend_call_clear (TendCall *call)
{
  TendOperation *self;

  g_return_if_fail (call != NULL);

  self = call->operation;
  if (self != NULL && self->n_out > 0 && !is_callers (self))
    {
      g_critical ("%s(): this TendCall is of another body, and its operation has not ended yet", G_STRFUNC);
      return;
    }

  if (self != NULL)
    {
      if (self->n_out > 0)
        tend_call_native (tend_operation_cancel, self);
      wait_until_ended (self);
      if (!self->is_awaited && self->calls != NULL && tend_task_has_ended (tend_task_get_current ()))
        drop_result (self);
    }

  /* The result may hold the record. */
  g_clear_object (&call->result);
  if (self != NULL)
    tend_operation_give_back (self);
  call->operation = NULL;
  call->check = 0;
}
