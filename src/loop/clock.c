// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Virtual time for the tasks of one main context.

#include "tend-hub-private.h"

/*
 * How many turns may pass in one instant of virtual time. A task that yields without end would otherwise stop time, and
 * a test would hang. While somebody waits for a task, time goes on then: a timer may end the one that yields.
 */
#define MAX_TURNS_PER_INSTANT 10000

/* For how long the clock is run in one call, in real time, at which it looks once in so many turns. */
#define MAX_REAL_TIME   (60 * G_TIME_SPAN_SECOND)
#define CHECKS_PER_LOOK 128

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

/* --- What it gives up --- */

/* Says which tasks have something to do, for the messages of a clock that has given up; set by those who have tasks. */
char *(* tend_clock_print_tasks) (TendHub *hub);

/* One call that runs the clock. */
typedef struct
{
  TendClock  *clock;
  GSource    *timeout;  /* a reference; ends a wait for a thread when real time is up; NULL: there was none */
  gint64      deadline; /* in real time; 0: not looked at yet */
  guint       n_checks;
  const char *func;
  gint64      begin;
  gboolean    is_late;
  gboolean    is_over;  /* the call has given up */
} Drive;

static gboolean
late_cb (gpointer data)
{
  ((Drive *) data)->is_late = TRUE;

  return G_SOURCE_REMOVE;
}

static void
drive_init (Drive      *self,
            TendClock  *clock,
            const char *func)
{
  /* The code that runs may drop the clock, which is then freed at the end. */
  *self = (Drive) { .clock = g_object_ref (clock), .func = func, .begin = tend_clock_get_time (clock) };
  clock->n_turns = 0;
}

/* Looks at real time, which costs as much as a turn, now and then. */
static void
look_at_time (Drive *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->deadline == 0)
    self->deadline = now + MAX_REAL_TIME;
  if (now >= self->deadline)
    self->is_late = TRUE;
}

/* The next turn may block until a thread is done. */
static void
limit_wait (Drive *self)
{
  self->timeout = g_timeout_source_new (MAX_REAL_TIME / 1000);
  g_source_set_priority (self->timeout, G_PRIORITY_HIGH);
  g_source_set_callback (self->timeout, late_cb, self, NULL);
  g_source_attach (self->timeout, self->clock->hub->context);
}

static GError *
describe_end (Drive *self)
{
  g_autofree char *tasks = tend_clock_print_tasks != NULL ? tend_clock_print_tasks (self->clock->hub) : NULL;
  const char *text = tasks != NULL ? tasks : _("no task");

  if (self->is_late)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Clock: not idle after %d s of real time: %s"),
                        (int) (MAX_REAL_TIME / G_TIME_SPAN_SECOND), text);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Clock: not idle after %d turns of the loop: %s"),
                      MAX_TURNS_PER_INSTANT, text);
}

/* Gives the virtual time that has passed, or -1 with @error if the call has given up. */
static gint64
drive_end (Drive   *self,
           GError **error)
{
  gint64 passed = tend_clock_get_time (self->clock) - self->begin;

  if (self->is_over)
    {
      GError *given_up = describe_end (self);

      /* A test that does not ask must not pass. */
      if (error == NULL)
        g_critical ("%s: %s", self->func, given_up->message);
      g_propagate_error (error, given_up);
      passed = -1;
    }

  if (self->timeout != NULL)
    {
      g_source_destroy (self->timeout);
      g_source_unref (self->timeout);
    }
  g_object_unref (self->clock);

  return passed;
}

/* Whether the call goes on. */
static gboolean
drive_check (Drive *self)
{
  if ((++self->n_checks & (CHECKS_PER_LOOK - 1)) == 0)
    look_at_time (self);
  if (self->timeout == NULL && self->clock->hub->n_outside > 0)
    limit_wait (self);
  if (self->is_late || self->clock->n_turns >= MAX_TURNS_PER_INSTANT)
    self->is_over = TRUE;

  return !self->is_over && is_in_charge (self->clock);
}

/* --- Moving it --- */

/* Runs everything that happens at this instant. Returns whether the call goes on. */
static gboolean
run_instant (Drive *drive)
{
  TendClock *self = drive->clock;

  while (drive_check (drive))
    {
      gboolean ran = g_main_context_iteration (self->hub->context, FALSE);

      if (!ran && tend_hub_is_quiet (self->hub))
        return is_in_charge (self);
      self->n_turns++;
    }

  return FALSE;
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

/* Lets the thread wait for a turn of the context; while a clock has frozen time, time jumps to the next deadline. */
void
tend_hub_turn (TendHub *self)
{
  if (self->clock == NULL || !tend_clock_step (self->clock, TEND_FOREVER))
    g_main_context_iteration (self->context, TRUE);
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
 * It gives up when 10,000 turns of the loop have not moved the time, since something is always ready, or after a minute
 * of real time. Time stands at that point then, and the error names the tasks that are under way. If @error is %NULL,
 * this is a critical: a test that hangs has failed.
 *
 * Only for the thread that runs the context, outside tasks.
 *
 * Returns: %TRUE, or %FALSE with `G_IO_ERROR_TIMED_OUT`
 *
 * Since: 0.1
 */
gboolean
tend_clock_advance (TendClock  *self,
                    gint64      duration,
                    GError    **error)
{
  gint64 until, next;
  Drive drive;

  g_return_val_if_fail (TEND_IS_CLOCK (self), FALSE);
  g_return_val_if_fail (duration >= 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  /* Time stops just before the end of time, because what is due for ever never becomes due. */
  until = MIN (tend_time_add (tend_clock_get_time (self), duration), TEND_FOREVER - 1);

  drive_init (&drive, self, G_STRFUNC);
  while (run_instant (&drive) && (next = tend_hub_next_deadline (self->hub)) <= until)
    jump (self, next);
  if (!drive.is_over)
    {
      jump (self, until);
      run_instant (&drive);
    }

  return drive_end (&drive, error) >= 0;
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
 * While an interval task or a repeating timer goes on, there is always something left: use
 * [method@Tend.Clock.advance]. This function gives up as that does, after 10,000 turns of the loop that do not move the
 * time or after a minute of real time. If @error is %NULL, this is a critical.
 *
 * Only for the thread that runs the context, outside tasks.
 *
 * Returns: how much virtual time has passed, in microseconds; -1 with `G_IO_ERROR_TIMED_OUT`
 *
 * Since: 0.1
 */
gint64
tend_clock_run_until_idle (TendClock  *self,
                           GError    **error)
{
  Drive drive;

  g_return_val_if_fail (TEND_IS_CLOCK (self), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  drive_init (&drive, self, G_STRFUNC);
  while (drive_check (&drive) && tend_clock_step (self, TEND_FOREVER))
    continue;

  return drive_end (&drive, error);
}
