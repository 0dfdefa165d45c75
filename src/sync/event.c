// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// An event: something that happens, for which any number of tasks waits.
//
// A fiber of the event's own loop stands in the queue by its own job, as one that waits for a task does: to wake a
// thousand of them touches none of their stacks. Those that wait for the same set() share a batch, which says how their
// wait has ended. Everybody else stands there by the link of a TendWaiter, which has no function.
//
// Ownership: all of it is the loop thread's.

#include "tend-sync-private.h"
#include "tend-event.h"

/* How the wait of several fibers has ended. */
typedef struct
{
  guint    n_users;     /* those fibers, and the event while they wait */
  gboolean is_set;
} Batch;

/**
 * TendEvent:
 *
 * Something that is set or not, and that tasks wait for.
 *
 * [method@Tend.Event.set] wakes all who wait. Those who come later do not wait, until [method@Tend.Event.reset]. Use an
 * event for a state that comes and goes, such as being connected. For something that happens once and has a result or
 * an error, use a [class@Tend.Completion]; for a state with a condition of your own, a [class@Tend.Condition].
 *
 * A fiber waits with `tend_event_wait()`, and all other code with [method@Tend.Event.wait_async]. Waits hold no
 * reference to the event: when everybody else has dropped theirs, the waits fail.
 *
 * An event belongs to the thread-default main context of the thread that creates it, and all of it is for the thread
 * that runs this context. To set it from another thread, post a function to a task: [method@Tend.Task.post].
 *
 * See [Semaphores, events and conditions](primitives.html).
 *
 * Since: 0.1
 */
struct _TendEvent
{
  GObject   parent_instance;

  TendLoop *loop;       /* constant */
  TendQueue waiters;    /* of TendWaiter, and of fibers' jobs */
  Batch    *batch;      /* that of the fibers that wait; NULL: none does */
  gboolean  is_set;
  gboolean  is_mixed;   /* others than fibers of the loop may wait as well */
};

G_DEFINE_FINAL_TYPE (TendEvent, tend_event, G_TYPE_OBJECT)

static void
batch_unref (Batch *batch)
{
  if (--batch->n_users == 0)
    g_free (batch);
}

/* The caller holds a reference, so that those of the waiters tell nobody. */
static void
wake_all (TendEvent *self,
          gboolean   is_set)
{
  TendJob *job;

  if (self->batch != NULL)
    {
      self->batch->is_set = is_set;
      batch_unref (g_steal_pointer (&self->batch));
    }

  if (!self->is_mixed)
    {
      tend_loop_queue_micro_all (self->loop, &self->waiters);
      return;
    }

  self->is_mixed = FALSE;
  while ((job = tend_queue_peek (&self->waiters)) != NULL)
    {
      if (job->run == NULL)
        {
          tend_waiter_wake_link (job, is_set);
          continue;
        }

      tend_job_unlink (job);
      tend_loop_queue_micro (self->loop, job);
    }
}

/* Those who still wait are woken, and hold the event until they have gone on. */
static void
tend_event_dispose (GObject *object)
{
  TendEvent *self = TEND_EVENT (object);

  if (tend_loop_take_home (self->loop, object))
    return;

  wake_all (self, FALSE);

  G_OBJECT_CLASS (tend_event_parent_class)->dispose (object);
}

static void
tend_event_finalize (GObject *object)
{
  TendEvent *self = TEND_EVENT (object);

  g_assert (tend_queue_is_empty (&self->waiters));

  tend_loop_release (self->loop);

  G_OBJECT_CLASS (tend_event_parent_class)->finalize (object);
}

static void
tend_event_class_init (TendEventClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = tend_event_dispose;
  object_class->finalize = tend_event_finalize;
}

static void
tend_event_init (TendEvent *self)
{
  self->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  tend_queue_init (&self->waiters);
}

/**
 * tend_event_new:
 *
 * Creates an event for the thread-default main context, which is not set.
 *
 * Returns: (transfer full): the event
 *
 * Since: 0.1
 */
TendEvent *
tend_event_new (void)
{
  return g_object_new (TEND_TYPE_EVENT, NULL);
}

/**
 * tend_event_set:
 * @self: an event
 *
 * Sets the event, and wakes all who wait for it, in the order of waiting.
 *
 * Their code never runs before this returns. A [method@Tend.Event.reset] before they go on does not stop them. Does
 * nothing if the event is set. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_event_set (TendEvent *self)
{
  g_return_if_fail (TEND_IS_EVENT (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  /* Waking takes references, of which user code is not told, since this is the first one. */
  g_object_ref (self);
  self->is_set = TRUE;
  wake_all (self, TRUE);
  g_object_unref (self);
}

/**
 * tend_event_reset:
 * @self: an event
 *
 * Resets the event: who waits for it from now on waits until it is set again.
 *
 * Does nothing if the event is not set. Only for the owning thread.
 *
 * Since: 0.1
 */
void
tend_event_reset (TendEvent *self)
{
  g_return_if_fail (TEND_IS_EVENT (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));

  self->is_set = FALSE;
}

/**
 * tend_event_is_set:
 * @self: an event
 *
 * Checks whether the event is set.
 *
 * Only for the owning thread.
 *
 * Returns: %TRUE if a wait would return at once
 *
 * Since: 0.1
 */
gboolean
tend_event_is_set (TendEvent *self)
{
  g_return_val_if_fail (TEND_IS_EVENT (self), FALSE);
  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);

  return self->is_set;
}

static void
set_gone_error (GError **error)
{
  g_set_error (error, TEND_ERROR, TEND_ERROR_CLOSED, _("Event: nobody can set it any more"));
}

/* Lets a fiber of the event's loop wait. */
static inline gboolean
wait_in_batch (TendEvent  *self,
               TendJob    *wake,
               GError    **error)
{
  gboolean goes_on, is_set;
  Batch *batch;

  if (G_UNLIKELY (self->batch == NULL))
    {
      self->batch = g_new (Batch, 1);
      *self->batch = (Batch) { .n_users = 1 };
    }
  batch = self->batch;
  batch->n_users++;
  tend_loop_queue_aside (self->loop, &self->waiters, wake);

  /* From here on the event may be gone. */
  goes_on = tend_wait (error);
  is_set = batch->is_set;
  batch_unref (batch);
  if (G_UNLIKELY (goes_on && !is_set))
    set_gone_error (error);

  return goes_on && is_set;
}

/* Lets any fiber wait. Takes @kept, a reference to @self or NULL. */
static gboolean
wait_as_waiter (TendEvent  *self,
                TendEvent  *kept,
                TendJob    *wake,
                GError    **error)
{
  TendWaiter waiter;
  gboolean goes_on;

  self->is_mixed = TRUE;
  goes_on = tend_waiter_wait_in (&waiter, self, kept, &self->waiters, wake, NULL, error);
  if (goes_on && !waiter.is_granted)
    set_gone_error (error);
  if (waiter.is_woken)
    g_object_unref (self);

  return goes_on && waiter.is_granted;
}

/* Apart from the public function, whose way is short where a fiber waits again and again. */
static G_GNUC_NO_INLINE gboolean
wait_slowly (TendEvent   *self,
             const char  *func,
             GError     **error)
{
  g_autoptr(TendEvent) kept = NULL;
  TendJob *wake;

  /* Others may run before the fiber waits here, and drop the event. */
  kept = tend_fiber_lets_run () ? g_object_ref (self) : NULL;
  if (!tend_waiter_begin (self->loop, &wake, error))
    return FALSE;

  if (self->is_set)
    return TRUE;

  if (wake == NULL)
    {
      tend_begin_wait (func, error);
      return FALSE;
    }

  return wait_as_waiter (self, g_steal_pointer (&kept), wake, error);
}

/**
 * tend_event_wait: (skip)
 * @self: an event
 * @error: return location for an error
 *
 * Waits in a fiber until the event is set.
 *
 * If the event is set, the call does not wait, but still fails if the task was cancelled. Outside a fiber the call
 * works if it need not wait.
 *
 * Only for the owning thread, and for a fiber of the event's main context.
 *
 * Returns: %TRUE if the event was set; %FALSE with `G_IO_ERROR_CANCELLED` or `TEND_ERROR_STOPPED` if the task was
 *   cancelled or ended, `TEND_ERROR_CLOSED` if everybody has dropped the event, `TEND_ERROR_NO_FIBER` if it would have
 *   to wait outside a fiber, and `TEND_ERROR_WRONG_THREAD` in a fiber of another main context
 *
 * Since: 0.1
 */
gboolean
tend_event_wait (TendEvent  *self,
                 GError    **error)
{
  g_return_val_if_fail (TEND_IS_EVENT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* A fiber of the event's loop, which therefore runs in this thread. */
  if (tend_is_on_fiber () && !self->is_set && tend_task_loop (tend_task_peek_current ()) == self->loop &&
      !tend_fiber_lets_run ())
    {
      TendJob *wake = tend_begin_wait (G_STRFUNC, error);

      return wake != NULL && wait_in_batch (self, wake, error);
    }

  g_return_val_if_fail (tend_loop_is_mine (self->loop), FALSE);

  return wait_slowly (self, G_STRFUNC, error);
}

static void
settle_wait (TendAsyncWait *wait)
{
  if (tend_waiter_is_given_up (&wait->waiter))
    wait->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Event: the wait was cancelled"));
  else if (!wait->waiter.is_granted)
    set_gone_error (&wait->error);
}

static const TendAsyncWaitKind wait_kind = { .settle = settle_wait };

/**
 * tend_event_wait_async:
 * @self: an event
 * @cancellable: (nullable): ends the wait when it is cancelled
 * @callback: (nullable) (scope async) (closure user_data): called when the event was set
 * @user_data: data for @callback
 *
 * Waits until the event is set.
 *
 * @callback never runs before this returns. The wait holds no reference to the event: when everybody else has dropped
 * theirs, it fails with `TEND_ERROR_CLOSED`. If the calling task belongs to a manager with an owner, @callback does not
 * run after the owner is gone: see [ctor@Tend.TaskManager.new_for_owner].
 *
 * Only for the owning thread; @cancellable may be cancelled in any thread.
 *
 * Since: 0.1
 */
void
tend_event_wait_async (TendEvent           *self,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  TendAsyncWait *wait;

  g_return_if_fail (TEND_IS_EVENT (self));
  g_return_if_fail (tend_loop_is_mine (self->loop));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  /* A toggle reference of the cancellable may tell user code that it is held, and that drop the event. */
  g_object_ref (self);
  wait = tend_async_wait_new (&wait_kind, self, self->loop, NULL, cancellable, callback, user_data);
  self->is_mixed = TRUE;
  tend_queue_push (&self->waiters, &wait->waiter.link);
  if (self->is_set)
    wake_all (self, TRUE);
  g_object_unref (self);
}

/**
 * tend_event_wait_finish:
 * @self: an event
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes the operation of [method@Tend.Event.wait_async].
 *
 * Returns: %TRUE if the event was set; %FALSE with `G_IO_ERROR_CANCELLED`, or with `TEND_ERROR_CLOSED` if everybody has
 *   dropped the event
 *
 * Since: 0.1
 */
gboolean
tend_event_wait_finish (TendEvent     *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  TendAsyncWait *wait;

  g_return_val_if_fail (TEND_IS_EVENT (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  wait = tend_async_wait_check (result, &wait_kind, self);
  g_return_val_if_fail (wait != NULL, FALSE);

  return tend_async_wait_propagate (wait, error);
}
