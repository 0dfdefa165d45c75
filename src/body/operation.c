// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The record of an operation: a cancellable, which the operation is given, and where its result goes. See call.c.
//
// A record has a reference for each callback that is to come, and one of its TendCall. So it is never found dead.
//
// Ownership: the thread in which the operation was begun. Only being cancelled, and a callback that comes in another
// thread, are not its own; such a callback sends its result home.

#include "call-private.h"

typedef GCancellableClass TendOperationClass;

GType tend_operation_get_type (void) G_GNUC_CONST;

G_DEFINE_FINAL_TYPE (TendOperation, tend_operation, G_TYPE_CANCELLABLE)

#define CHECK_WORD ((gsize) 0x5ca1ab1e)

/* What fibers of this thread have left behind, of TendOperation; not references. */
static TEND_THREAD GSList *left;

/* A record that is not in use, of this thread. */
static GPrivate spare = G_PRIVATE_INIT (g_object_unref);
static guint cancelled_signal;

/* What is cancelled may call back at once, and is not to run a fiber within the call that cancels. */
static TEND_THREAD guint n_cancelling;

static void
tend_operation_finalize (GObject *object)
{
  TendOperation *self = (TendOperation *) object;

  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->source);

  G_OBJECT_CLASS (tend_operation_parent_class)->finalize (object);
}

static void
tend_operation_class_init (TendOperationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = tend_operation_finalize;
  cancelled_signal = g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE);
}

static void
tend_operation_init (TendOperation *self)
{
}

static inline gsize
get_check (TendCall *call)
{
  return (gsize) call ^ (gsize) call->operation ^ CHECK_WORD;
}

/* --- Cancelling --- */

/* A result that comes in this call does not run its fiber here. On the native stack. */
void
tend_operation_cancel (gpointer data)
{
  n_cancelling++;
  g_cancellable_cancel (data);
  n_cancelling--;
}

/*
 * Cancels the operations, those that began under a shield too if @also_shielded. On the native stack. Code that is
 * notified may run the main context, where the fiber may end: @calls is not looked at again.
 */
void
tend_calls_cancel (TendCalls *calls,
                   gboolean   also_shielded)
{
  GSList *going = NULL;

  for (TendOperation *self = calls->first; self != NULL; self = self->next)
    {
      if (also_shielded || !self->is_shielded)
        going = g_slist_prepend (going, g_object_ref (self));
    }

  for (GSList *l = going; l != NULL; l = l->next)
    tend_operation_cancel (l->data);
  g_slist_free_full (going, g_object_unref);
}

/* --- The end of an operation --- */

static void
unlink_from_fiber (TendOperation *self)
{
  TendOperation **link = &self->calls->first;

  while (*link != self)
    link = &(*link)->next;
  *link = self->next;
  self->next = NULL;
}

/* Queues the fiber that waits. It runs now, with whatever came before it, unless something else of ours is running. */
static void
wake_fiber (TendOperation *self)
{
  TendLoop *loop = self->loop;
  TendJob *wake = g_steal_pointer (&self->wake);

  tend_loop_queue_micro (loop, wake);
  if (n_cancelling == 0 && !tend_is_on_fiber () && tend_task_peek_current () == NULL)
    tend_loop_run_micro (loop);
}

/* The operation has called back. In the thread in which it was begun. Takes over its reference to the record. */
static void
arrive (TendOperation *self,
        GAsyncResult  *result)
{
  G_GNUC_UNUSED g_autoptr(TendOperation) held = self;

  if (--self->n_out > 0)
    return;

  if (self->is_left)
    {
      left = g_slist_remove (left, self);
      return;
    }

  self->call->result = g_object_ref (result);
  if (self->calls != NULL)
    unlink_from_fiber (self);
  if (self->wake != NULL)
    wake_fiber (self);
}

/* A result from another thread, on its way to the fiber. */
typedef struct
{
  TendJob        job;
  TendOperation *self;
  GAsyncResult  *result;
} Arrival;

static void
arrival_cb (TendJob *job)
{
  g_autofree Arrival *arrival = (Arrival *) job;
  g_autoptr(GAsyncResult) result = arrival->result;

  arrive (arrival->self, result);
}

static void
send_home (TendOperation *self,
           GAsyncResult  *result)
{
  Arrival *arrival = g_new0 (Arrival, 1);

  tend_job_init (&arrival->job, arrival_cb);
  arrival->self = self;
  arrival->result = g_object_ref (result);
  tend_loop_send (self->loop, &arrival->job);
}

/* Returns the operation of @call, or of what was there before its fiber has left it; or NULL. */
static TendOperation *
find_operation (TendCall *call)
{
  for (GSList *l = left; l != NULL; l = l->next)
    {
      if (((TendOperation *) l->data)->call == call)
        return l->data;
    }

  return call->operation != NULL && call->check == get_check (call) ? call->operation : NULL;
}

/**
 * tend_call_ready: (skip)
 * @source_object: (nullable): what the operation was called on
 * @result: its result
 * @user_data: the address of a [struct@Tend.Call]
 *
 * Hands the result of an asynchronous operation to the body that waits for it.
 *
 * Give this function as the callback of the operation, and the address of the call as its data. See
 * [func@Tend.await_call].
 *
 * Since: 0.1
 */
void
tend_call_ready (GObject      *source_object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  TendCall *call = user_data;
  TendOperation *self = find_operation (call);
  TendLoop *loop;
  TendPass pass;

  if (self == NULL)
    {
      g_critical ("%s(): an operation has called back, and its TendCall is gone: declare it with g_auto(TendCall)",
                  G_STRFUNC);
      return;
    }

  loop = self->loop;
  if (loop == NULL)
    {
      arrive (self, result);
      return;
    }

  pass = tend_loop_enter (loop);
  if (pass == TEND_PASS_NONE)
    send_home (self, result);
  else
    arrive (self, result);
  tend_loop_leave (loop, pass);
}

/* The fiber has returned with operations in flight, which will write to its stack. That stays, and is lost. */
void
tend_calls_leave (TendCalls *calls,
                  TendTask  *task)
{
  g_autofree char *head = tend_task_head (task);

  g_critical ("%s: the body has returned before its operation has ended: declare the TendCall with g_auto(TendCall)",
              head);

  tend_calls_cancel (calls, TRUE);
  while (calls->first != NULL)
    {
      TendOperation *self = calls->first;

      unlink_from_fiber (self);
      self->calls = NULL;
      self->loop = NULL;
      self->is_left = TRUE;
      left = g_slist_prepend (left, self);
      /* It was the fiber's reference, whose TendCall nobody will clear. */
      g_object_unref (self);
    }
}

/* --- Records that are used again --- */

/*
 * Whether a record, which is in no list, may serve once more: nobody else has it, it was not cancelled, and no
 * operation has left a handler behind. Making one and freeing it takes as long as the rest of the call.
 */
static gboolean
is_fresh (TendOperation *self)
{
  return self->calls != NULL && !self->is_misused && g_atomic_int_get (&G_OBJECT (self)->ref_count) == 1 &&
         !g_cancellable_is_cancelled (G_CANCELLABLE (self)) &&
         !g_signal_has_handler_pending (self, cancelled_signal, 0, TRUE);
}

/* Drops the reference of a TendCall, or keeps the record for the thread's next operation. */
void
tend_operation_give_back (TendOperation *self)
{
  if (g_private_get (&spare) == NULL && is_fresh (self))
    {
      self->call = NULL;
      self->calls = NULL;
      self->loop = NULL;
      g_private_set (&spare, self);
    }
  else
    g_object_unref (self);
}

/* Gives @call a record, with a reference for the callback that is to come. */
TendOperation *
tend_operation_take (TendCall *call)
{
  TendOperation *self = g_private_get (&spare);

  if (self != NULL)
    g_private_set (&spare, NULL);
  else
    self = g_object_new (tend_operation_get_type (), NULL);

  self->call = call;
  call->operation = self;
  call->check = get_check (call);
  self->n_out = 1;
  self->is_awaited = FALSE;

  return g_object_ref (self);
}
