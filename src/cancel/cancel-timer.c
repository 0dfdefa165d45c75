// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The time limit of a cancellable, which the loop of the thread that set it keeps.
//
// A timer has two owners, the cancellable and the loop, and neither waits for the other. The code that takes it out of
// its cancellable, which is decided under the lock, drops it: a job goes home and takes it out of the loop. Until this
// job arrives, the timer may still be armed or fire; it finds no cancellable then, and does nothing.
//
// Lock: tend_cancel_lock, as in cancellable.c. A timer knows its cancellable without a reference, and pins it.

#include "tend-cancel-private.h"

struct _TendCancelTimer
{
  TendJob          job;         /* loop thread, once it has come there: arms it, then fires */
  TendJob          drop;        /* the inbox's: takes it out of the loop */
  TendLoop        *loop;        /* constant; a use */
  TendCancellable *cancellable; /* under tend_cancel_lock; NULL once dropped */
  gint64           usec;        /* constant */
  gint64           begin;       /* constant; when it was asked for, in real time */
  gatomicrefcount  ref_count;   /* the cancellable has one, the loop another */
};

static void
timer_unref (TendCancelTimer *timer)
{
  if (!g_atomic_ref_count_dec (&timer->ref_count))
    return;

  tend_loop_release (timer->loop);
  g_free (timer);
}

/* Returns the cancellable, pinned, if the timer still applies. */
static TendCancellable *
timer_pin_cancellable (TendCancelTimer *timer)
{
  TendCancellable *cancellable;

  tend_lock (&tend_cancel_lock);
  cancellable = timer->cancellable;
  if (cancellable != NULL)
    tend_cancellable_pin_locked (cancellable);
  tend_unlock (&tend_cancel_lock);

  return cancellable;
}

static void
timer_fire_cb (TendJob *job)
{
  TendCancelTimer *timer = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendCancelTimer, job));
  TendCancellable *cancellable = timer_pin_cancellable (timer);

  if (cancellable != NULL)
    {
      g_autofree char *reason = g_strdup_printf ("its time of %g s was up", (double) timer->usec / G_TIME_SPAN_SECOND);

      tend_cancellable_set_reason (cancellable, reason);
      g_cancellable_cancel (G_CANCELLABLE (cancellable));
      tend_cancellable_unpin (cancellable);
    }
  timer_unref (timer);
}

/* At home. */
static void
timer_arm (TendCancelTimer *timer)
{
  TendHub *hub = tend_loop_get_hub (timer->loop);
  gint64 begin = hub->clock != NULL ? tend_loop_now (timer->loop) : timer->begin;

  timer->job.run = timer_fire_cb;

  if (timer->usec == 0)
    tend_loop_queue_ready (timer->loop, &timer->job);
  else
    tend_loop_arm (timer->loop, &timer->job, tend_time_add (begin, timer->usec));
}

/* Comes from another thread, or from outside a turn. */
static void
timer_arrive_cb (TendJob *job)
{
  TendCancelTimer *timer = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendCancelTimer, job));
  TendCancellable *cancellable = timer_pin_cancellable (timer);

  if (cancellable == NULL)
    {
      timer_unref (timer);
      return;
    }

  timer_arm (timer);
  tend_cancellable_unpin (cancellable);
}

static void
timer_drop_cb (TendJob *job)
{
  TendCancelTimer *timer = G_STRUCT_MEMBER_P (job, -(glong) G_STRUCT_OFFSET (TendCancelTimer, drop));

  /* Neither while its job is on its way here, which will notice, nor while it fires. */
  if (tend_job_is_waiting (&timer->job))
    {
      tend_loop_remove (timer->loop, &timer->job);
      timer_unref (timer);
    }
  timer_unref (timer);
}

/* The timer has lost its cancellable, under the lock: takes it out of the loop. NULL is none. */
void
tend_cancel_timer_drop (TendCancelTimer *timer)
{
  if (timer == NULL)
    return;

  if (tend_cancel_is_home (timer->loop))
    timer_drop_cb (&timer->drop);
  else
    tend_loop_send (timer->loop, &timer->drop);
}

/* Takes the timer out of @self, for tend_cancel_timer_drop(); NULL if there is none. */
TendCancelTimer *
tend_cancel_timer_steal_locked (TendCancellable *self)
{
  TendCancelTimer *timer = g_steal_pointer (&self->timer);

  if (timer != NULL)
    timer->cancellable = NULL;

  return timer;
}

static TendCancelTimer *
timer_new (TendCancellable *cancellable,
           gint64           usec)
{
  TendCancelTimer *timer = g_new0 (TendCancelTimer, 1);

  tend_job_init (&timer->job, timer_arrive_cb);
  tend_job_init (&timer->drop, timer_drop_cb);
  timer->loop = tend_loop_acquire (NULL, G_PRIORITY_DEFAULT);
  timer->cancellable = cancellable;
  timer->usec = usec;
  timer->begin = g_get_monotonic_time ();
  g_atomic_ref_count_init (&timer->ref_count);
  g_atomic_ref_count_inc (&timer->ref_count);

  return timer;
}

/**
 * tend_cancellable_cancel_after:
 * @self: a cancellable
 * @timeout: in how many microseconds; 0 is the next turn of the loop, and %TEND_FOREVER is never
 *
 * Cancels @self after a time, unless it is cancelled before.
 *
 * The thread-default main context of the caller keeps the time; if there is a [class@Tend.Clock], it is the time of the
 * clock. Calling this function again replaces the time; %TEND_FOREVER removes it. If @self is already cancelled,
 * nothing happens.
 *
 * The time does not keep @self alive: it is forgotten when @self is cancelled or finalized. The reason of the
 * cancellation says that the time was up. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_cancellable_cancel_after (TendCancellable *self,
                               gint64           timeout)
{
  TendCancelTimer *timer = NULL;
  TendCancelTimer *old;
  gboolean is_late;

  g_return_if_fail (TEND_IS_CANCELLABLE (self));
  g_return_if_fail (timeout >= 0);

  if (g_cancellable_is_cancelled (G_CANCELLABLE (self)))
    return;

  if (timeout < TEND_FOREVER)
    timer = timer_new (self, timeout);

  /* Another thread may cancel from here on: the drop finds the timer wherever it is then. */
  tend_lock (&tend_cancel_lock);
  is_late = self->is_told;
  old = tend_cancel_timer_steal_locked (self);
  if (!is_late)
    self->timer = timer;
  tend_unlock (&tend_cancel_lock);

  tend_cancel_timer_drop (old);
  if (timer == NULL)
    return;

  if (is_late)
    {
      timer_unref (timer);
      timer_unref (timer);
    }
  else if (tend_cancel_is_home (timer->loop))
    timer_arm (timer);
  else
    tend_loop_send (timer->loop, &timer->job);
}
