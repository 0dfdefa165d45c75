// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How long unused stacks are kept: a source of the main context whose fibers used them last unmaps stacks that have not
// been used for the idle time.
//
// This is a source of GLib, and not a timer of our loop: it must not keep the loop alive, nor count for a virtual
// clock. It exists while some stacks are idle, and wakes an idle program twice.

#include "stack-private.h"

#include "tend-fiber.h"

#define DEFAULT_IDLE_TIME (10 * G_TIME_SPAN_SECOND)

static TEND_DEFINE_LOCK (idle_lock);
static gint64 stack_idle_time = DEFAULT_IDLE_TIME;    /* under idle_lock */

static gboolean
trim_cb (gpointer data)
{
  gboolean *is_done = data;

  *is_done = !tend_stack_trim (FALSE);
  return *is_done ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* The source is gone. If its context went first, idle stacks are left to the next fiber that ends anywhere. */
static void
disarm (gpointer data)
{
  gboolean *is_done = data;

  if (!*is_done)
    g_atomic_int_compare_and_exchange (&tend_stack_trim_state, TEND_TRIM_ARMED, TEND_TRIM_WANTED);
  g_free (is_done);
}

/* The source that would have trimmed them may not exist in the child of a fork. */
static void
begin_anew (void)
{
  g_atomic_int_compare_and_exchange (&tend_stack_trim_state, TEND_TRIM_ARMED, TEND_TRIM_WANTED);
}

/* Has idle stacks trimmed by a source of @context, if there is none yet. */
void
tend_stack_arm_trim (GMainContext *context)
{
  static TendAtFork at_fork = { begin_anew };
  g_autoptr(GSource) source = NULL;
  gint64 usec;

  tend_at_fork (&at_fork);
  if (!g_atomic_int_compare_and_exchange (&tend_stack_trim_state, TEND_TRIM_WANTED, TEND_TRIM_ARMED))
    return;

  /* Stacks that are kept for ever need no trimming. */
  usec = tend_get_stack_idle_time ();
  if (usec == TEND_FOREVER)
    return;

  source = g_timeout_source_new ((guint) MIN (usec / 1000 + (usec % 1000 > 0), G_MAXINT));
  g_source_set_static_name (source, "[libtend] idle stacks");
  g_source_set_priority (source, G_PRIORITY_LOW);
  g_source_set_callback (source, trim_cb, g_new0 (gboolean, 1), disarm);
  g_source_attach (source, context);
}

/**
 * tend_get_stack_idle_time: (skip)
 *
 * Gets how long unused stacks of fibers are kept.
 *
 * May be called from any thread.
 *
 * Returns: the time in microseconds; %TEND_FOREVER if they are kept for ever
 *
 * Since: 0.1
 */
gint64
tend_get_stack_idle_time (void)
{
  gint64 idle;

  tend_lock (&idle_lock);
  idle = stack_idle_time;
  tend_unlock (&idle_lock);

  return idle;
}

/**
 * tend_set_stack_idle_time: (skip)
 * @idle_time: a time in microseconds; %TEND_FOREVER to keep them for ever
 *
 * Sets how long unused stacks of fibers are kept; 10 seconds by default.
 *
 * The stacks of fibers that have ended are kept for the next fibers, because new stacks cost more: up to about 17,000
 * of the default size. A stack that was not used for this time is given back to the system, after twice the time at the
 * latest. The main context in which fibers ended last does this, if it runs. A few dozen stacks are kept for ever.
 *
 * A change takes effect when stacks are next left unused. May be called from any thread.
 *
 * Since: 0.1
 */
void
tend_set_stack_idle_time (gint64 idle_time)
{
  gboolean was_for_ever;

  g_return_if_fail (idle_time >= 0);

  tend_lock (&idle_lock);
  was_for_ever = stack_idle_time == TEND_FOREVER;
  stack_idle_time = idle_time;
  tend_unlock (&idle_lock);

  if (was_for_ever)
    g_atomic_int_compare_and_exchange (&tend_stack_trim_state, TEND_TRIM_ARMED, TEND_TRIM_WANTED);
}
