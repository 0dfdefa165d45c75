// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the watchdog sees of a main context: since when it has not polled.
//
// The context's poll function is wrapped. That costs each poll a call, two stores and one look at the clock, and one of
// many wakes the watchdog's thread, if that sleeps. Rejected: a source that answers pings, which wakes an idle program
// again and again, and which a source of higher priority starves although nothing blocks.
//
// A poll function has no user data, so there is one wrapper for all contexts, and it knows the
// watched thread instead. In other threads, and when nothing is watched, it passes on what it gets.
// That is needed because a wrapper cannot always be taken away: whoever has wrapped it since still
// calls it. It stays then, and is found again by the next start.
//
// Ownership: busy_since is written by the watched thread and read by any. What is below the wrapper
// is changed by whoever has claimed the watchdog, and read by any thread that polls.

#include "tend-monitor-private.h"

#include "tend-i18n-private.h"

#include <errno.h>
#include <gio/gio.h>

static GPollFunc next_poll;             /* atomic; what the wrapper wraps */
static gboolean is_left;                /* of who has claimed the watchdog; some context may still lead to it */
static gint64 busy_since;               /* atomic; monotonic microseconds; 0 during a poll */
static __thread gboolean is_watched;    /* whether this is the watched thread */

/* In one order with who sleeps: see watchdog.c. */
static inline void
set_busy_since (gint64 time)
{
  __atomic_store_n (&busy_since, time, __ATOMIC_SEQ_CST);
}

gint64
tend_watch_busy_since (void)
{
  return __atomic_load_n (&busy_since, __ATOMIC_SEQ_CST);
}

static int
poll_cb (GPollFD *fds,
         guint    n_fds,
         int      timeout_ms)
{
  GPollFunc next = g_atomic_pointer_get (&next_poll);
  int n_ready, saved_errno;

  if (!is_watched)
    return next (fds, n_fds, timeout_ms);

  set_busy_since (0);
  n_ready = next (fds, n_fds, timeout_ms);

  /* GLib looks at it when the poll failed. */
  saved_errno = errno;
  set_busy_since (g_get_monotonic_time ());
  if (G_UNLIKELY (tend_watch_is_asleep ()))
    tend_watch_wake ();
  errno = saved_errno;

  return n_ready;
}

/* Whether @poll ends in the wrapper, of which it makes a round without a descriptor or a wait. */
static gboolean
leads_here (GPollFunc poll)
{
  gboolean does;

  set_busy_since (G_MAXINT64);
  poll (NULL, 0, 0);
  does = tend_watch_busy_since () != G_MAXINT64;
  set_busy_since (0);

  return does;
}

/* Begins to note when @context polls, which the calling thread runs. */
gboolean
tend_watch_poll_begin (GMainContext  *context,
                       GError       **error)
{
  GPollFunc poll = g_main_context_get_poll_func (context);

  /* Until the first poll there is nothing to count from. */
  set_busy_since (0);
  is_watched = TRUE;

  if (is_left && (poll == poll_cb || leads_here (poll)))
    return TRUE;

  /* The wrapper of another context passes on to the function below it, and there is room for one. */
  if (is_left && poll != g_atomic_pointer_get (&next_poll))
    {
      is_watched = FALSE;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   _("Watchdog: cannot leave the poll function of the main context that it watched before"));
      return FALSE;
    }

  g_atomic_pointer_set (&next_poll, poll);
  g_main_context_set_poll_func (context, poll_cb);

  return TRUE;
}

void
tend_watch_poll_end (GMainContext *context)
{
  is_watched = FALSE;

  if (g_main_context_get_poll_func (context) == poll_cb)
    g_main_context_set_poll_func (context, g_atomic_pointer_get (&next_poll));
  else
    is_left = TRUE;
}

void
tend_watch_poll_forget (void)
{
  is_watched = FALSE;
  is_left = next_poll != NULL;
}
