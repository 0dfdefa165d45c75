// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The watchdog: reports what blocks a main context, while it is blocked.
//
// Three files do the work: watchdog-poll.c knows since when the loop is busy, watchdog-say.c decides when that is too
// long, and watchdog-ask.c finds out what the loop is busy with. This file has the thread that connects the three, and
// its start and end.
//
// Threads: the watched thread starts and stops the watchdog, and stops it at the latest when the thread ends. So the
// thread exists whenever it is asked, and what the start sets up is constant while the watchdog's thread runs. That
// thread waits for the next look, and does nothing else: it uses no task and no source.
//
// States: the watchdog is free or claimed. The thread that claims it sets it up and takes it down with no lock held,
// and no other thread touches it meanwhile.
//
// Sleeping: while the loop polls there is nothing to look at, and no time for the next look either. So the watchdog's
// thread sleeps until the poll returns. It first marks itself as asleep and then looks once more, and the loop first
// marks itself as busy and then looks whether the thread sleeps: one of the two sees the other. A loop that is never
// idle for long finds the thread awake, and an idle loop does not wake it.
//
// Lock: watchdog_lock has the fields of the watchdog.
//
// The time is that of the monotonic clock, even if there is a TendClock: blocking is real.

#include "tend-monitor-private.h"

#include "tend-core-private.h"
#include "tend-error.h"
#include "tend-watchdog.h"

#include <gio/gio.h>
#include <pthread.h>
#include <signal.h>

typedef struct
{
  gboolean      is_claimed;
  GMainContext *context;        /* NULL: there is no watchdog, or not yet */
  gint64        threshold;      /* microseconds */
  gboolean      is_stopping;
  GThread      *thread;         /* of whoever has the claim */
} Watchdog;

static void thread_ended_cb (gpointer data);

static TEND_DEFINE_LOCK (watchdog_lock);
static TendCond changed = TEND_COND_INIT;   /* the threshold, is_stopping, or the loop is busy */
static Watchdog watchdog;                   /* under watchdog_lock */
static int is_asleep;                       /* atomic; the thread must be woken when the loop is busy */

/* Not NULL in the watched thread. */
static GPrivate watched = G_PRIVATE_INIT (thread_ended_cb);

/* --- The watchdog's thread --- */

/* The loop is busy, and the watchdog's thread sleeps. */
void
tend_watch_wake (void)
{
  tend_lock (&watchdog_lock);
  g_atomic_int_set (&is_asleep, FALSE);
  tend_cond_signal (&changed);
  tend_unlock (&watchdog_lock);
}

gboolean
tend_watch_is_asleep (void)
{
  return g_atomic_int_get (&is_asleep);
}

/* Waits until the loop is busy, or something has changed. */
static void
sleep_locked (void)
{
  g_atomic_int_set (&is_asleep, TRUE);
  if (tend_watch_busy_since () == 0)
    tend_cond_wait (&changed, &watchdog_lock);
  g_atomic_int_set (&is_asleep, FALSE);
}

static void
report (gint64 since,
        gint64 now)
{
  const TendAnswer *answer = NULL;

  /* A block that is over is not reported, and its cause is not known any more. */
  if (tend_watch_ask (since, &answer) != TEND_ASK_OVER)
    tend_watch_say (answer, now - since);
}

static gpointer
watch (gpointer data)
{
  TendWatchRule rule = { 0 };

  tend_lock (&watchdog_lock);
  while (!watchdog.is_stopping)
    {
      gint64 since = tend_watch_busy_since ();
      gint64 now = g_get_monotonic_time ();
      gint64 next_look;

      if (tend_watch_rule_look (&rule, watchdog.threshold, since, now, &next_look))
        {
          tend_unlock (&watchdog_lock);
          report (since, now);
          tend_lock (&watchdog_lock);
        }
      else if (since == 0)
        sleep_locked ();
      else
        tend_cond_wait_until (&changed, &watchdog_lock, next_look);
    }
  tend_unlock (&watchdog_lock);

  return NULL;
}

/* The program's signals are for the program's threads: ours begins with all of them blocked. */
static GThread *
start_thread (GError **error)
{
  GThread *thread;
  sigset_t all, before;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new ("tend-watchdog", watch, NULL, error);
  pthread_sigmask (SIG_SETMASK, &before, NULL);

  return thread;
}

/*
 * The child of a fork has the memory of a watchdog, and not its thread. The locks of the context may be held by a
 * thread that is not there, so the wrapper stays, and the reference too. The thread cannot be joined.
 */
static void
begin_anew (void)
{
  if (watchdog.is_claimed)
    {
      tend_watch_poll_forget ();
      tend_watch_ask_end ();
    }

  watchdog = (Watchdog) { 0 };
  changed = (TendCond) TEND_COND_INIT;
  is_asleep = FALSE;
  g_private_set (&watched, NULL);
}

/* --- The start and the end --- */

/* Whether the calling thread may run @context. */
static gboolean
check_thread (GMainContext  *context,
              GError       **error)
{
  if (g_main_context_acquire (context))
    {
      g_main_context_release (context);
      return TRUE;
    }

  g_set_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD,
               _("Watchdog: another thread runs the main context, and has to start it"));
  return FALSE;
}

/* Claims the watchdog for the caller, which sets it up: FALSE if it is claimed. */
static gboolean
claim (gint64 threshold)
{
  gboolean is_mine;

  tend_lock (&watchdog_lock);
  is_mine = !watchdog.is_claimed;
  if (is_mine)
    {
      watchdog.is_claimed = TRUE;
      watchdog.threshold = threshold;
      watchdog.is_stopping = FALSE;
    }
  tend_unlock (&watchdog_lock);

  return is_mine;
}

static void
give_back (void)
{
  tend_lock (&watchdog_lock);
  watchdog.is_claimed = FALSE;
  tend_unlock (&watchdog_lock);
}

/* Changes the threshold, if the calling thread watches over @context. */
static gboolean
change_threshold (GMainContext *context,
                  gint64        threshold)
{
  gboolean is_mine = g_private_get (&watched) != NULL;

  tend_lock (&watchdog_lock);
  is_mine = is_mine && watchdog.context == context;
  if (is_mine)
    {
      watchdog.threshold = threshold;
      tend_cond_signal (&changed);
    }
  tend_unlock (&watchdog_lock);

  return is_mine;
}

static gboolean
set_up (GMainContext  *context,
        GError       **error)
{
  if (!tend_watch_ask_begin (error))
    return FALSE;

  if (!tend_watch_poll_begin (context, error))
    {
      tend_watch_ask_end ();
      return FALSE;
    }

  watchdog.thread = start_thread (error);
  if (watchdog.thread == NULL)
    {
      tend_watch_poll_end (context);
      tend_watch_ask_end ();
      return FALSE;
    }

  return TRUE;
}

/* Ends the watchdog, in the watched thread. */
static void
end (void)
{
  GMainContext *context;

  tend_lock (&watchdog_lock);
  watchdog.is_stopping = TRUE;
  context = g_steal_pointer (&watchdog.context);
  tend_cond_signal (&changed);
  tend_unlock (&watchdog_lock);

  g_thread_join (g_steal_pointer (&watchdog.thread));
  tend_watch_poll_end (context);
  tend_watch_ask_end ();
  give_back ();

  g_main_context_unref (context);
}

static void
thread_ended_cb (gpointer data)
{
  end ();
}

/* --- Public --- */

/**
 * tend_watchdog_start:
 * @threshold: how long a callback may block, in microseconds; more than 0
 * @error: return location for an error
 *
 * Starts the watchdog: a thread that reports what blocks the main context, while it is blocked.
 *
 * The watchdog logs a warning when the calling thread's default main context has not polled for @threshold since its
 * last poll returned, and another one each time that the time has doubled. The warning names the task whose code runs,
 * or the `GSource`, and has a stack trace if the C library can create one.
 * Iterations of the same context within a callback count as polls. The time is the machine's, even if there is a
 * [class@Tend.Clock].
 *
 * The warning is a structured message in the domain `Tend`, logged in the watchdog's own thread. Its fields are
 * `TEND_BLOCKED_USEC`, the microseconds so far, and, if they are known, `TEND_TASK`, as
 * [method@Tend.Task.to_string] prints it, and `TEND_SOURCE`.
 *
 * There is one watchdog in the process. Calling this function again in the same thread and main context changes the
 * threshold. The watchdog takes the signal `SIGURG`, and holds a reference to the main context. It ends with
 * tend_watchdog_stop(), or with the calling thread. The child of a `fork()` has no watchdog.
 *
 * Only for the thread that runs the main context.
 *
 * Returns: %TRUE; %FALSE with `G_IO_ERROR_BUSY` if another thread or main context is watched or the signal has another
 *   handler, with `TEND_ERROR_WRONG_THREAD` if another thread runs the main context, and with an error of the system if
 *   there are no resources
 *
 * Since: 0.1
 */
gboolean
tend_watchdog_start (gint64   threshold,
                     GError **error)
{
  static TendAtFork at_fork = { begin_anew };
  g_autoptr(GMainContext) context = NULL;

  g_return_val_if_fail (threshold > 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  context = g_main_context_ref_thread_default ();
  if (!check_thread (context, error))
    return FALSE;

  tend_at_fork (&at_fork);

  if (change_threshold (context, threshold))
    return TRUE;

  if (!claim (threshold))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                           _("Watchdog: it watches another main context or thread"));
      return FALSE;
    }

  if (!set_up (context, error))
    {
      give_back ();
      return FALSE;
    }

  g_private_set (&watched, &watchdog);
  tend_lock (&watchdog_lock);
  watchdog.context = g_steal_pointer (&context);
  tend_unlock (&watchdog_lock);

  return TRUE;
}

/**
 * tend_watchdog_stop:
 *
 * Stops the watchdog.
 *
 * When this returns, the watchdog's thread has ended and logs nothing more, and the main context and the signal
 * `SIGURG` are as they were before. Without a watchdog nothing happens.
 *
 * Only for the thread that called [func@Tend.watchdog_start].
 *
 * Since: 0.1
 */
void
tend_watchdog_stop (void)
{
  gboolean is_mine = g_private_get (&watched) != NULL;
  gboolean is_anybodys;

  tend_lock (&watchdog_lock);
  is_anybodys = watchdog.is_claimed;
  tend_unlock (&watchdog_lock);

  g_return_if_fail (is_mine || !is_anybodys);

  if (!is_mine)
    return;

  g_private_set (&watched, NULL);
  end ();
}
