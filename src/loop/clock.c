// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Virtual time for the tasks of one main context.

#include "tend-hub-private.h"

/*
 * How many turns may pass in one instant of virtual time. A task that yields without end would otherwise stop time, and
 * then no timer could end it.
 */
#define MAX_TURNS_PER_INSTANT 10000

/**
 * TendClock:
 *
 * A virtual clock: you decide what time the tasks of a main context see.
 *
 * Use it in tests. From [func@Tend.Clock.freeze] until the clock is finalized, the time of every libtend task, timer,
 * delay, interval and grace period of the context stands still, and moves only when you move it. An hour of timers
 * passes in a millisecond, in the same order each time.
 *
 * The clock moves libtend's time alone. `g_timeout_add()` and the timeouts inside GIO follow the machine's time. The
 * body of a thread takes real time, and the clock waits for it before it jumps to a later deadline. What was armed
 * while time was frozen keeps its virtual deadline afterwards, and waits until the machine's time reaches it.
 *
 * While time is frozen, [method@Tend.Task.wait_sync] and [func@Tend.run] also jump from deadline to deadline, so a
 * whole program runs in an instant.
 *
 * Since: 0.1
 */
struct _TendClock
{
  GObject  parent_instance;

  TendLoop *loop;           /* constant; a use of it */
  TendHub  *hub;            /* constant; the loop's */
  guint     n_turns;        /* loop thread; turns at this instant, up to MAX_TURNS_PER_INSTANT */
};

G_DEFINE_FINAL_TYPE (TendClock, tend_clock, G_TYPE_OBJECT)

static void
tend_clock_dispose (GObject *object)
{
  TendClock *self = TEND_CLOCK (object);

  if (self->loop != NULL && tend_loop_take_home (self->loop, object))
    return;

  if (self->hub != NULL && self->hub->clock == self)
    {
      self->hub->clock = NULL;
      tend_hub_freeze (self->hub, -1);
    }

  G_OBJECT_CLASS (tend_clock_parent_class)->dispose (object);
}

static void
tend_clock_finalize (GObject *object)
{
  g_clear_pointer (&TEND_CLOCK (object)->loop, tend_loop_release);

  G_OBJECT_CLASS (tend_clock_parent_class)->finalize (object);
}

static void
tend_clock_class_init (TendClockClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = tend_clock_dispose;
  G_OBJECT_CLASS (klass)->finalize = tend_clock_finalize;
}

static void
tend_clock_init (TendClock *self)
{
}

/* Whether time is frozen for the clock. It is not once the clock was disposed of, which the code that runs may do. */
static gboolean
is_in_charge (TendClock *self)
{
  return self->hub->clock == self;
}

static void
jump (TendClock *self,
      gint64     time)
{
  if (!is_in_charge (self))
    return;

  tend_hub_freeze (self->hub, MAX (self->hub->frozen_now, time));
  self->n_turns = 0;
}

/* Runs everything that happens at this instant. */
static void
run_instant (TendClock *self)
{
  for (guint turn = 0; turn < MAX_TURNS_PER_INSTANT; turn++)
    {
      gboolean ran = g_main_context_iteration (self->hub->context, FALSE);

      if (!ran && tend_hub_is_quiet (self->hub))
        break;
    }
}

/*
 * Goes one step on: runs what is ready, waits for work outside the context, or else jumps to the next deadline up to
 * @until. FALSE if there was nothing to do.
 */
gboolean
tend_clock_step (TendClock *self,
                 gint64     until)
{
  gint64 next = tend_hub_next_deadline (self->hub);
  gboolean can_jump = next <= until && next != TEND_FOREVER && self->hub->n_outside == 0;
  gboolean is_spinning = self->n_turns >= MAX_TURNS_PER_INSTANT;

  if (!(is_spinning && can_jump) &&
      (!tend_hub_is_quiet (self->hub) || g_main_context_pending (self->hub->context)))
    {
      self->n_turns += !is_spinning;
      g_main_context_iteration (self->hub->context, FALSE);
      return TRUE;
    }

  if (self->hub->n_outside > 0)
    {
      g_main_context_iteration (self->hub->context, TRUE);
      return TRUE;
    }

  if (can_jump)
    jump (self, next);

  return can_jump;
}

/**
 * tend_clock_freeze:
 * @context: (nullable): a main context, or %NULL for the default one
 *
 * Freezes the time of the tasks of @context.
 *
 * Time starts at the machine's monotonic time, and moves only when the clock is told to. When the clock is finalized,
 * the tasks follow the machine's time again. A context has one clock at a time.
 *
 * Only for the thread that runs @context.
 *
 * Returns: (transfer full): the clock
 *
 * Since: 0.1
 */
TendClock *
tend_clock_freeze (GMainContext *context)
{
  TendLoop *loop = tend_loop_acquire (context != NULL ? context : g_main_context_default (), G_PRIORITY_DEFAULT);
  TendHub *hub = tend_loop_get_hub (loop);
  TendClock *self;

  if (hub->clock != NULL)
    {
      g_critical ("%s(): the time of this context is frozen already", G_STRFUNC);
      tend_loop_release (loop);
      return NULL;
    }

  self = g_object_new (TEND_TYPE_CLOCK, NULL);
  self->loop = loop;
  self->hub = hub;
  tend_hub_freeze (hub, g_get_monotonic_time ());
  hub->clock = self;

  return self;
}

/**
 * tend_clock_get_time:
 * @self: a clock
 *
 * Gets the virtual time.
 *
 * Returns: monotonic time, in microseconds
 *
 * Since: 0.1
 */
gint64
tend_clock_get_time (TendClock *self)
{
  g_return_val_if_fail (TEND_IS_CLOCK (self), 0);

  return is_in_charge (self) ? self->hub->frozen_now : tend_loop_now (self->loop);
}

/**
 * tend_get_time:
 *
 * Gets the time that the tasks of the thread-default main context follow.
 *
 * It is the machine's monotonic time, or the time of the [class@Tend.Clock] that has frozen it.
 * [method@Tend.Task.set_deadline] takes a point of this time. May be called from any thread.
 *
 * Returns: monotonic time, in microseconds
 *
 * Since: 0.1
 */
gint64
tend_get_time (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  return tend_context_now (context != NULL ? context : g_main_context_default ());
}

/**
 * tend_clock_advance:
 * @self: a clock
 * @duration: how far, in microseconds; 0 lets happen what happens now
 *
 * Moves time forward by @duration.
 *
 * Iterates the main context. Each timer that becomes due on the way runs at its own time, and so does what it causes.
 * This function does not wait for threads.
 *
 * Only for the thread that runs the context, outside tasks.
 *
 * Since: 0.1
 */
void
tend_clock_advance (TendClock *self,
                    gint64     duration)
{
  gint64 until, next;

  g_return_if_fail (TEND_IS_CLOCK (self));
  g_return_if_fail (duration >= 0);

  /* The code that runs may drop the clock, which is then freed at the end. */
  g_object_ref (self);

  /* Time stops just before the end of time, because what is due for ever never becomes due. */
  until = MIN (tend_time_add (tend_clock_get_time (self), duration), TEND_FOREVER - 1);

  run_instant (self);
  while (is_in_charge (self) && (next = tend_hub_next_deadline (self->hub)) <= until)
    {
      jump (self, next);
      run_instant (self);
    }

  jump (self, until);
  run_instant (self);
  g_object_unref (self);
}

/**
 * tend_clock_run_until_idle:
 * @self: a clock
 *
 * Runs the main context until nothing is left to run, and jumps to the next deadline each time.
 *
 * Waits for task bodies in threads, for the operations of asynchronous bodies, and for results that fibers await. Time
 * stands still while one of them is under way. So an operation that itself waits for this clock would not end.
 *
 * While an interval task or a repeating timer goes on, this function does not return: use [method@Tend.Clock.advance].
 *
 * Only for the thread that runs the context, outside tasks.
 *
 * Returns: how much virtual time has passed, in microseconds
 *
 * Since: 0.1
 */
gint64
tend_clock_run_until_idle (TendClock *self)
{
  gint64 begin, passed;

  g_return_val_if_fail (TEND_IS_CLOCK (self), 0);

  g_object_ref (self);
  begin = tend_clock_get_time (self);
  while (is_in_charge (self) && tend_clock_step (self, TEND_FOREVER))
    ;
  passed = tend_clock_get_time (self) - begin;
  g_object_unref (self);

  return passed;
}
