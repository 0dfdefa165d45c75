// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The watchdog: says what blocks a main context, while it still does.
//
// Three files do the work: watchdog-poll.c knows since when the loop is busy, watchdog-say.c when
// that is too long, and watchdog-ask.c how to learn what the loop is busy with. Here are the thread
// that puts the three together, and its start and end.
//
// Threads: the watched thread starts and stops the watchdog, and stops it at the latest when it
// ends. So it is there whenever it is asked, and what is set up at the start is constant while the
// watchdog's thread runs. That thread waits for the next look, and does nothing else: it touches no
// task and no source.
//
// Locks: "lock" has the fields of the watchdog; its thread gives it back before it asks or speaks. The
// context's own lock is taken under it, by GLib.
//
// The time is the monotonic clock's and never a TendClock's: blocking is real.

#include "tend-monitor-private.h"

#include "tend-error.h"
#include "tend-watchdog.h"

#include <gio/gio.h>
#include <pthread.h>
#include <signal.h>

typedef struct
{
  GMainContext *context;        /* NULL: there is no watchdog */
  GThread      *thread;
  gint64        threshold;      /* microseconds */
  gboolean      is_stopping;
} Watchdog;

static void thread_ended_cb (gpointer data);

static GMutex lock;
static GCond changed;           /* the threshold, or is_stopping */
static Watchdog watchdog;       /* under the lock */

/* Not NULL in the watched thread. */
static GPrivate watched = G_PRIVATE_INIT (thread_ended_cb);

/* --- The watchdog's thread --- */

static void
report (gint64 since,
        gint64 now)
{
  const TendAnswer *answer = NULL;

  /* What is over is no longer worth a word, and nobody knows any more who it was. */
  if (tend_watch_ask (since, &answer) != TEND_ASK_OVER)
    tend_watch_say (answer, now - since);
}

static gpointer
watch (gpointer data)
{
  TendWatchRule rule = { 0 };

  g_mutex_lock (&lock);
  while (!watchdog.is_stopping)
    {
      gint64 since = tend_watch_busy_since ();
      gint64 now = g_get_monotonic_time ();
      gint64 next_look;

      if (tend_watch_rule_look (&rule, watchdog.threshold, since, now, &next_look))
        {
          g_mutex_unlock (&lock);
          report (since, now);
          g_mutex_lock (&lock);
        }
      else
        g_cond_wait_until (&changed, &lock, next_look);
    }
  g_mutex_unlock (&lock);

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

/* --- fork(): the child has the memory of a watchdog, and not its thread --- */

static void
before_fork_cb (void)
{
  g_mutex_lock (&lock);
}

static void
after_fork_cb (void)
{
  g_mutex_unlock (&lock);
}

/*
 * The locks of the context may be held by a thread that is not there, so the wrapper stays, and the
 * reference too. The thread stays where the child's memory has it: it cannot be joined.
 */
static void
child_cb (void)
{
  if (watchdog.context != NULL)
    {
      tend_watch_poll_forget ();
      tend_watch_ask_end ();
      watchdog.context = NULL;
    }

  g_private_set (&watched, NULL);
  g_mutex_unlock (&lock);
}

static void
handle_forks (void)
{
  static gsize is_done;

  if (g_once_init_enter (&is_done))
    {
      pthread_atfork (before_fork_cb, after_fork_cb, child_cb);
      g_once_init_leave (&is_done, 1);
    }
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

  g_set_error (error, TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD,
               "The main context is run by another thread, and the watchdog has to be started there");
  return FALSE;
}

static gboolean
begin_locked (GMainContext  *context,
              gint64         threshold,
              GError       **error)
{
  if (!tend_watch_ask_begin (error))
    return FALSE;

  if (!tend_watch_poll_begin (context, error))
    {
      tend_watch_ask_end ();
      return FALSE;
    }

  watchdog.threshold = threshold;
  watchdog.is_stopping = FALSE;
  watchdog.thread = start_thread (error);
  if (watchdog.thread == NULL)
    {
      tend_watch_poll_end (context);
      tend_watch_ask_end ();
      return FALSE;
    }

  watchdog.context = g_main_context_ref (context);
  g_private_set (&watched, &watchdog);

  return TRUE;
}

/* Ends the watchdog, in the watched thread. */
static void
end (void)
{
  GMainContext *context;
  GThread *thread;

  g_mutex_lock (&lock);
  watchdog.is_stopping = TRUE;
  thread = g_steal_pointer (&watchdog.thread);
  g_cond_signal (&changed);
  g_mutex_unlock (&lock);

  g_thread_join (thread);

  g_mutex_lock (&lock);
  tend_watch_poll_end (watchdog.context);
  tend_watch_ask_end ();
  context = g_steal_pointer (&watchdog.context);
  g_mutex_unlock (&lock);

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
 * Starts the watchdog: a thread that says what blocks the main context, while it still does.
 *
 * From now on a warning is logged when the calling thread's default main context has not polled for
 * @threshold since its last poll returned, and one more each time that this has doubled. It names
 * the task whose code runs, as [method@Tend.Task.to_string] prints it, or the `GSource`, and has a
 * stack trace where the C library can make one. Iterations of the same context within a callback
 * count as polls. Time is real time, whatever a [class@Tend.Clock] says.
 *
 * The warning is a structured message in the domain `Tend`, logged in the watchdog's own thread. Its
 * fields are `TEND_BLOCKED_USEC`, the microseconds so far, and if they are known `TEND_TASK` and
 * `TEND_SOURCE`.
 *
 * There is one watchdog in the process. Calling this again in the same thread and main context
 * changes the threshold. The watchdog takes the signal `SIGURG`, and holds a reference to the
 * main context. It ends with tend_watchdog_stop(), or with the calling thread. In the child of a
 * `fork()` there is none.
 *
 * Only for the thread that runs the main context.
 *
 * Returns: %TRUE; %FALSE with @error set to `G_IO_ERROR_BUSY` if another thread or main context is
 *   watched, or the signal is handled by somebody else, to `TEND_TASK_ERROR_WRONG_THREAD` if another
 *   thread runs the main context, and to an error of the system's where there are no resources
 *
 * Since: 0.1
 */
gboolean
tend_watchdog_start (gint64   threshold,
                     GError **error)
{
  g_autoptr(GMainContext) context = NULL;
  gboolean is_on = TRUE;

  g_return_val_if_fail (threshold > 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  context = g_main_context_ref_thread_default ();
  if (!check_thread (context, error))
    return FALSE;

  handle_forks ();

  g_mutex_lock (&lock);
  if (watchdog.context == NULL)
    is_on = begin_locked (context, threshold, error);
  else if (watchdog.context == context && g_private_get (&watched) != NULL)
    {
      watchdog.threshold = threshold;
      g_cond_signal (&changed);
    }
  else
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                           "The watchdog watches another main context or thread");
      is_on = FALSE;
    }
  g_mutex_unlock (&lock);

  return is_on;
}

/**
 * tend_watchdog_stop:
 *
 * Ends the watchdog.
 *
 * When this returns, its thread has ended and says nothing more, and the main context and the
 * signal `SIGURG` are as they were. Without a watchdog it does nothing.
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

  g_mutex_lock (&lock);
  is_anybodys = watchdog.context != NULL;
  g_mutex_unlock (&lock);

  g_return_if_fail (is_mine || !is_anybodys);

  if (!is_mine)
    return;

  g_private_set (&watched, NULL);
  end ();
}
