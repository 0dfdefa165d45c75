// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The handlers of a cancellable, which run in the loop of the thread that added them.
//
// A handler is in its cancellable's table, under its id, until it runs or is removed. The code that takes it out of the
// table decides under the lock whether it is called or only destroyed, and its job does this at home. Only the job of a
// handler that was fired destroys it, wherever the job is then, so removing it needs no search.
//
// Lock: tend_cancel_lock, as in cancellable.c.

#include "tend-cancel-private.h"

typedef struct
{
  TendJob          job;         /* brings it to the loop of the thread that added it */
  TendLoop        *loop;        /* constant; a use */
  TendCancellable *cancellable; /* a reference once fired */
  TendGate        *gate;        /* constant; of the code that added it; a reference; NULL: none */
  gulong           id;          /* constant; 0: added too late to be removed */
  TendCancelFunc   func;        /* constant */
  gpointer         user_data;   /* constant */
  GDestroyNotify   notify;      /* constant */
  gboolean         is_fired;    /* under tend_cancel_lock; on its way, in the table until it runs */
  gboolean         is_removed;  /* under tend_cancel_lock; to be destroyed, not called */
} Handler;

static gulong last_id;      /* under tend_cancel_lock */

/* At home, on the native stack: calls the handler unless it was removed, and destroys it. */
static void
handler_run_cb (TendJob *job)
{
  Handler *handler = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (Handler, job));
  gboolean is_removed;

  tend_lock (&tend_cancel_lock);
  is_removed = handler->is_removed;
  if (!is_removed && handler->id != 0)
    g_hash_table_remove (handler->cancellable->handlers, GSIZE_TO_POINTER (handler->id));
  tend_unlock (&tend_cancel_lock);

  if (!is_removed && (handler->gate == NULL || !tend_gate_is_closed (handler->gate)))
    handler->func (handler->cancellable, handler->user_data);
  if (handler->notify != NULL)
    handler->notify (handler->user_data);

  g_clear_object (&handler->cancellable);
  g_clear_pointer (&handler->gate, tend_gate_unref);
  tend_loop_release (handler->loop);
  g_free (handler);
}

static void
handler_run_native_cb (gpointer data)
{
  handler_run_cb (&((Handler *) data)->job);
}

/* Has a handler destroyed that was not fired, and is in no table any more. */
static void
handler_destroy (Handler *handler)
{
  if (tend_cancel_is_home (handler->loop))
    tend_call_native (handler_run_native_cb, handler);
  else
    tend_loop_send (handler->loop, &handler->job);
}

/* Has a handler called soon. Takes a reference to @self until then. */
static void
handler_fire (Handler         *handler,
              TendCancellable *self)
{
  handler->cancellable = g_object_ref (self);

  if (tend_cancel_is_home (handler->loop))
    tend_loop_queue_micro (handler->loop, &handler->job);
  else
    tend_loop_send (handler->loop, &handler->job);
}

/* Marks each handler as fired, and lists them. */
GList *
tend_handlers_fire_locked (TendCancellable *self)
{
  GList *handlers = self->handlers != NULL ? g_hash_table_get_values (self->handlers) : NULL;

  for (GList *l = handlers; l != NULL; l = l->next)
    ((Handler *) l->data)->is_fired = TRUE;

  return handlers;
}

static int
compare_handlers (gconstpointer a,
                  gconstpointer b)
{
  return ((const Handler *) a)->id < ((const Handler *) b)->id ? -1 : 1;
}

/* Has @handlers called in the order in which they were added; takes the list. */
void
tend_handlers_send (GList           *handlers,
                    TendCancellable *self)
{
  handlers = g_list_sort (handlers, compare_handlers);
  for (GList *l = handlers; l != NULL; l = l->next)
    handler_fire (l->data, self);
  g_list_free (handlers);
}

/* Takes out the handlers that were not fired, and lists them. One that was fired has a reference to @self. */
GList *
tend_handlers_remove_locked (TendCancellable *self)
{
  GList *handlers;

  if (self->handlers == NULL || self->is_told)
    return NULL;

  handlers = g_hash_table_get_values (self->handlers);
  g_hash_table_remove_all (self->handlers);
  for (GList *l = handlers; l != NULL; l = l->next)
    ((Handler *) l->data)->is_removed = TRUE;

  return handlers;
}

/* Destroys @handlers, which are in no table any more; takes the list. */
void
tend_handlers_destroy (GList *handlers)
{
  g_list_free_full (handlers, (GDestroyNotify) handler_destroy);
}

/**
 * TendCancelFunc:
 * @cancellable: the cancellable, which was cancelled
 * @user_data: the data given with the function
 *
 * Handles the cancellation of a cancellable.
 *
 * Since: 0.1
 */

/**
 * tend_cancellable_add_handler:
 * @self: a cancellable
 * @func: (scope notified) (closure user_data) (destroy notify): the handler
 * @user_data: data for @func
 * @notify: (nullable): destroys @user_data once @func has run or was removed, or when it can no longer run
 *
 * Adds a handler that is called once, soon after @self is cancelled.
 *
 * @func runs in the thread-default main context of the caller, never during this call nor during the call that cancels
 * @self. If @self is already cancelled, @func runs soon as well. Handlers of one context run in the order in which they
 * were added. The same function may be added several times.
 *
 * @func may add and remove handlers, its own included. @notify runs in the same context: at once if that context is
 * running us, and soon if not. A handler that a task has added does not run once the owner of the task's manager is
 * gone.
 *
 * Connect to [signal@Gio.Cancellable::cancelled] for code that has to run at once, in the thread that cancels.
 *
 * May be called from any thread.
 *
 * Returns: an id for [method@Tend.Cancellable.remove_handler], or 0 if @self is cancelled already
 *
 * Since: 0.1
 */
gulong
tend_cancellable_add_handler (TendCancellable *self,
                              TendCancelFunc   func,
                              gpointer         user_data,
                              GDestroyNotify   notify)
{
  Handler *handler;
  TendGate *gate;
  gulong id = 0;

  g_return_val_if_fail (TEND_IS_CANCELLABLE (self), 0);
  g_return_val_if_fail (func != NULL, 0);

  gate = tend_gate_peek_current ();

  handler = g_new0 (Handler, 1);
  tend_job_init (&handler->job, handler_run_cb);
  handler->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  handler->gate = gate != NULL ? tend_gate_ref (gate) : NULL;
  handler->func = func;
  handler->user_data = user_data;
  handler->notify = notify;

  tend_lock (&tend_cancel_lock);
  if (!self->is_told)
    {
      if (self->handlers == NULL)
        self->handlers = g_hash_table_new (NULL, NULL);
      id = handler->id = ++last_id;
      g_hash_table_insert (self->handlers, GSIZE_TO_POINTER (id), handler);
    }
  tend_unlock (&tend_cancel_lock);

  if (id == 0)
    handler_fire (handler, self);

  return id;
}

/**
 * tend_cancellable_remove_handler:
 * @self: a cancellable
 * @id: the id that [method@Tend.Cancellable.add_handler] returned
 *
 * Removes a handler that has not run.
 *
 * Does nothing for 0, for an unknown id, and for a handler that runs or has run: such a handler need not be removed. In
 * the thread that added it, the handler never runs after this returns, even if @self is already cancelled. If another
 * thread removes it, the handler may be running at that moment. This function never waits.
 *
 * May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_cancellable_remove_handler (TendCancellable *self,
                                 gulong           id)
{
  gboolean is_ours = FALSE;
  gpointer handler;

  g_return_if_fail (TEND_IS_CANCELLABLE (self));

  tend_lock (&tend_cancel_lock);
  if (self->handlers != NULL && g_hash_table_steal_extended (self->handlers, GSIZE_TO_POINTER (id), NULL, &handler))
    {
      ((Handler *) handler)->is_removed = TRUE;
      is_ours = !((Handler *) handler)->is_fired;
    }
  tend_unlock (&tend_cancel_lock);

  /* A handler that was fired is destroyed when its job arrives. */
  if (is_ours)
    handler_destroy (handler);
}
