// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiters: how a fiber and a callback wait in a queue of this folder.
//
// Both are woken by a job in the micro-queue: a fiber by its own, a callback by the `over` of its
// asynchronous wait. A wait is cut short by the fiber's task, which queues the job though nobody
// woke the waiter, or by a cancellable, which may be cancelled in any thread and sets is_given_up.
// Such a waiter may still stand in its queue; it is passed over there.
//
// Ownership: the loop thread's, but for what the header marks as atomic. There are no locks.

#include "tend-sync-private.h"

/* Makes @self a waiter for @source that continues with @wake; the caller queues its link. */
void
tend_waiter_init (TendWaiter *self,
                  gpointer    source,
                  TendLoop   *loop,
                  TendJob    *wake,
                  gpointer    data)
{
  memset (self, 0, sizeof *self);
  tend_job_init (&self->link, NULL);
  self->source = source;
  self->loop = loop;
  self->wake = wake;
  self->data = data;
}

/* Takes @self out of its queue and continues it. It holds a reference to the source from here on. */
void
tend_waiter_wake (TendWaiter *self,
                  gboolean    is_granted)
{
  g_assert (!self->is_woken);

  tend_job_unlink (&self->link);
  g_object_ref (self->source);
  self->is_woken = TRUE;
  self->is_granted = is_granted;

  /* If its wait was cut short, it continues already. */
  if (tend_job_is_waiting (self->wake))
    return;

  tend_loop_queue_micro (self->loop, self->wake);
}

/* Whether the wait was given up: its cancellable was cancelled, or the owner of its callback is gone. */
gboolean
tend_waiter_is_given_up (TendWaiter *self)
{
  return g_atomic_int_get (&self->is_given_up) || (self->gate != NULL && tend_gate_is_closed (self->gate));
}

/* Wakes the waiter whose link is @link; it is granted nothing if it was given up, or goes on already. */
void
tend_waiter_wake_link (TendJob  *link,
                       gboolean  is_granted)
{
  TendWaiter *self = G_STRUCT_MEMBER_P (link, -(glong) G_STRUCT_OFFSET (TendWaiter, link));

  tend_waiter_wake (self, is_granted && !tend_waiter_is_given_up (self) && !tend_job_is_waiting (self->wake));
}

/* Returns the first waiter that still waits. Those before it that were given up are continued. */
TendWaiter *
tend_waiters_peek (TendQueue *queue)
{
  TendJob *link;

  while ((link = tend_queue_peek (queue)) != NULL)
    {
      TendWaiter *waiter = G_STRUCT_MEMBER_P (link, -(glong) G_STRUCT_OFFSET (TendWaiter, link));

      if (!tend_waiter_is_given_up (waiter) && !tend_job_is_waiting (waiter->wake))
        return waiter;

      tend_waiter_wake (waiter, FALSE);
    }

  return NULL;
}

/* Wakes all who wait in @queue. The caller has a reference to the source, so that those of the waiters tell nobody. */
void
tend_waiters_wake_all (TendQueue *queue,
                       gboolean   is_granted)
{
  TendWaiter *waiter;

  while ((waiter = tend_waiters_peek (queue)) != NULL)
    tend_waiter_wake (waiter, is_granted);
}

/*
 * Begins a possible wait for what belongs to @loop. Returns the job that will wake the calling fiber, or NULL outside
 * of fibers, where nothing can wait. FALSE if the fiber must not go on. The fiber may be suspended here, as
 * tend_fiber_lets_run() says.
 */
gboolean
tend_waiter_begin (TendLoop  *loop,
                   TendJob  **wake,
                   GError   **error)
{
  TendTask *task;

  *wake = NULL;
  if (!tend_is_on_fiber ())
    return TRUE;

  task = tend_task_get_current ();
  if (tend_task_loop (task) != loop &&
      tend_loop_get_context (tend_task_loop (task)) != tend_loop_get_context (loop))
    {
      tend_task_set_error (task, error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
                           _("belongs to another main context than the object that it waits for"));
      return FALSE;
    }

  *wake = tend_begin_wait (G_STRFUNC, error);
  return *wake != NULL;
}

/*
 * Suspends the fiber whose waiter @self is. FALSE, with an error, if its task was cancelled or has ended; the waiter
 * may have been woken all the same. It is in no queue then.
 */
gboolean
tend_waiter_wait (TendWaiter  *self,
                  GError     **error)
{
  gboolean goes_on = tend_wait (error);

  g_assert (!goes_on || self->is_woken);

  if (!self->is_woken)
    tend_job_unlink (&self->link);

  return goes_on;
}

/*
 * Lets the calling fiber wait in @queue of @source, as tend_waiter_wait() does. Takes @kept, a reference to @source or
 * NULL: a waiter holds none until it is woken. If it was woken, the caller drops the waiter's reference.
 */
gboolean
tend_waiter_wait_in (TendWaiter  *self,
                     gpointer     source,
                     gpointer     kept,
                     TendQueue   *queue,
                     TendJob     *wake,
                     gpointer     data,
                     GError     **error)
{
  tend_waiter_init (self, source, tend_task_loop (tend_task_get_current ()), wake, data);
  tend_queue_push (queue, &self->link);
  if (kept != NULL)
    g_object_unref (kept);

  return tend_waiter_wait (self, error);
}

/* --- Asynchronous waits --- */

static gpointer
tend_async_wait_get_user_data (GAsyncResult *result)
{
  return ((TendAsyncWait *) result)->user_data;
}

static GObject *
tend_async_wait_get_source_object (GAsyncResult *result)
{
  return g_object_ref (((TendAsyncWait *) result)->waiter.source);
}

static void
tend_async_wait_result_iface_init (GAsyncResultIface *iface)
{
  iface->get_user_data = tend_async_wait_get_user_data;
  iface->get_source_object = tend_async_wait_get_source_object;
}

typedef GObjectClass TendAsyncWaitClass;

GType tend_async_wait_get_type (void) G_GNUC_CONST;

G_DEFINE_FINAL_TYPE_WITH_CODE (TendAsyncWait, tend_async_wait, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, tend_async_wait_result_iface_init))

/* The thread that cancels may drop the last reference; what the result holds is freed at home. */
static void
tend_async_wait_dispose (GObject *object)
{
  TendAsyncWait *self = (TendAsyncWait *) object;

  if (tend_loop_take_home (self->waiter.loop, object))
    return;

  /* Also by g_object_run_dispose(), by which a language binding hands back what nobody will read. */
  if (self->waiter.data != NULL && !self->is_read && self->kind->take_back != NULL)
    self->kind->take_back (self);

  G_OBJECT_CLASS (tend_async_wait_parent_class)->dispose (object);
}

static void
tend_async_wait_finalize (GObject *object)
{
  TendAsyncWait *self = (TendAsyncWait *) object;

  g_assert (self->waiter.is_woken);

  if (self->waiter.data != NULL)
    tend_call_native (self->kind->free_data, self->waiter.data);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->waiter.gate, tend_gate_unref);
  g_object_unref (self->waiter.source);

  G_OBJECT_CLASS (tend_async_wait_parent_class)->finalize (object);
}

static void
tend_async_wait_class_init (TendAsyncWaitClass *klass)
{
  klass->dispose = tend_async_wait_dispose;
  klass->finalize = tend_async_wait_finalize;
}

/* The waiter was woken. */
static void
over_cb (TendJob *job)
{
  TendAsyncWait *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendAsyncWait, over));
  GAsyncReadyCallback callback = g_steal_pointer (&self->callback);

  /* Not g_cancellable_disconnect(), which waits for a handler that may be what runs us. */
  if (self->handler != 0)
    g_signal_handler_disconnect (self->cancellable, self->handler);
  self->handler = 0;

  self->kind->settle (self);
  if (callback != NULL && (self->waiter.gate == NULL || !tend_gate_is_closed (self->waiter.gate)))
    callback (self->waiter.source, G_ASYNC_RESULT (self), self->user_data);
  g_object_unref (self);
}

static void
give_up_cb (TendJob *job)
{
  TendAsyncWait *self = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendAsyncWait, give_up));

  if (!self->waiter.is_woken)
    tend_waiter_wake (&self->waiter, FALSE);
  g_object_unref (self);
}

/* Runs in the thread that cancels. */
static void
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  TendAsyncWait *self = user_data;

  if (g_atomic_int_exchange (&self->waiter.is_given_up, TRUE))
    return;

  g_object_ref (self);
  tend_loop_send (self->waiter.loop, &self->give_up);
}

static void
tend_async_wait_init (TendAsyncWait *self)
{
  tend_job_init (&self->over, over_cb);
  tend_job_init (&self->give_up, give_up_cb);
}

/*
 * Creates an asynchronous wait, which keeps itself alive until its callback has run. The caller queues its waiter.
 * @data is freed with the result unless settle() replaces it.
 */
TendAsyncWait *
tend_async_wait_new (const TendAsyncWaitKind *kind,
                     gpointer                 source,
                     TendLoop                *loop,
                     gpointer                 data,
                     GCancellable            *cancellable,
                     GAsyncReadyCallback      callback,
                     gpointer                 user_data)
{
  TendAsyncWait *self = g_object_new (tend_async_wait_get_type (), NULL);
  TendGate *gate = tend_task_get_callback_gate (tend_task_get_current (), callback);

  tend_waiter_init (&self->waiter, source, loop, &self->over, data);
  self->waiter.gate = gate != NULL ? tend_gate_ref (gate) : NULL;
  self->kind = kind;
  self->callback = callback;
  self->user_data = user_data;

  if (cancellable != NULL)
    {
      self->cancellable = g_object_ref (cancellable);
      self->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                             g_object_ref (self), g_object_unref);
    }

  return self;
}

/* Returns @result as the wait that it is, or NULL if it is not one of @kind for @source. */
TendAsyncWait *
tend_async_wait_check (gpointer                 result,
                       const TendAsyncWaitKind *kind,
                       gpointer                 source)
{
  TendAsyncWait *self = result;

  if (!G_TYPE_CHECK_INSTANCE_TYPE (result, tend_async_wait_get_type ()))
    return NULL;

  return self->kind == kind && self->waiter.source == source ? self : NULL;
}

/* Returns the error of the wait, if it has one. The code that copies it may drop the result. */
gboolean
tend_async_wait_propagate (TendAsyncWait  *self,
                           GError        **error)
{
  if (self->error == NULL)
    return TRUE;

  if (error != NULL)
    {
      g_object_ref (self);
      *error = g_error_copy (self->error);
      g_object_unref (self);
    }

  return FALSE;
}
