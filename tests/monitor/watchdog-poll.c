// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the watchdog does at each poll: it lets the poll be what it was, and its thread sleeps while the loop does.

#include "tend-monitor-private.h"
#include "words.h"

#include <stdio.h>
#include <time.h>

/* A clock that has a use for errno, as any function may have. The library's own look at the time comes here. */
gint64
g_get_monotonic_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  errno = EDOM;

  return (gint64) time.tv_sec * G_TIME_SPAN_SECOND + time.tv_nsec / 1000;
}

/* --- errno --- */

static int
interrupted_poll (GPollFD *fds,
                  guint    n_fds,
                  int      timeout_ms)
{
  errno = EINTR;
  return -1;
}

/* GLib warns of a poll that fails, unless a signal has interrupted it. */
static void
test_keeps_errno (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_get_monotonic_time ();
  g_assert_cmpint (errno, ==, EDOM);

  g_main_context_push_thread_default (context);
  g_main_context_set_poll_func (context, interrupted_poll);
  set_threshold (NEVER);

  errno = 0;
  g_assert_cmpint (g_main_context_get_poll_func (context) (NULL, 0, 0), ==, -1);
  g_assert_cmpint (errno, ==, EINTR);
  g_main_context_iteration (context, FALSE);

  stop_watchdog ();
  g_main_context_pop_thread_default (context);
}

/* --- Sleeping --- */

static guint n_switches;    /* of the watchdog's thread while it slept */

/* How often the thread of that name has given up the processor by itself, as it does whenever it waits. */
static guint
count_switches (const char *name)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *id;

  while ((id = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", id, "status", NULL);
      g_autofree char *title = g_strdup_printf ("Name:\t%s\n", name);
      g_autofree char *text = NULL;
      const char *found;
      guint n;

      if (!g_file_get_contents (path, &text, NULL, NULL) || !g_str_has_prefix (text, title))
        continue;

      found = strstr (text, "\nvoluntary_ctxt_switches:");
      g_assert_nonnull (found);
      g_assert_cmpint (sscanf (found, "\nvoluntary_ctxt_switches: %u", &n), ==, 1);
      return n;
    }

  g_assert_not_reached ();
}

/* A poll that lasts until the watchdog's thread sleeps, and for twenty thresholds more. */
static int
idle_poll (GPollFD *fds,
           guint    n_fds,
           int      timeout_ms)
{
  guint n_before;

  while (!tend_watch_is_asleep ())
    g_thread_yield ();

  n_before = count_switches ("tend-watchdog");
  g_poll (NULL, 0, 20 * SOON / G_TIME_SPAN_MILLISECOND);
  n_switches = count_switches ("tend-watchdog") - n_before;
  g_assert_true (tend_watch_is_asleep ());

  return g_poll (fds, n_fds, 0);
}

static GMainContext *
push_idle_context (void)
{
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  g_main_context_set_poll_func (context, idle_poll);
  set_threshold (SOON);

  return context;
}

static void
pop_context (GMainContext *context)
{
  stop_watchdog ();
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
}

/* It may just have been about to sleep. */
static void
test_sleeps_while_the_loop_polls (void)
{
  GMainContext *context = push_idle_context ();

  for (guint i = 0; i < 3; i++)
    {
      g_main_context_iteration (context, FALSE);
      g_assert_cmpuint (n_switches, <=, 1);
    }
  pop_context (context);
}

static gboolean
block_cb (gpointer user_data)
{
  gboolean is_named = FALSE;

  /* Others may be slow here. */
  while (!is_named)
    {
      g_autoptr(Word) word = wait_for_word ();

      is_named = g_strcmp0 (word->source, "GSource 'after the sleep'") == 0;
    }

  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Nobody but the poll that returns tells the watchdog of it: had it not, this would hang. */
static void
test_sees_what_blocks_after_its_sleep (void)
{
  GMainContext *context = push_idle_context ();

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(GSource) source = g_idle_source_new ();
      gboolean is_named = FALSE;

      g_main_context_iteration (context, FALSE);
      g_source_set_name (source, "after the sleep");
      g_source_set_callback (source, block_cb, &is_named, NULL);
      g_source_attach (source, context);
      while (!is_named)
        g_main_context_iteration (context, FALSE);
    }
  pop_context (context);
}

/* What wakes it otherwise: the end, and another threshold, with which nothing else is waited for. */
static void
test_ends_in_its_sleep (void)
{
  set_threshold (NEVER);
  while (!tend_watch_is_asleep ())
    g_thread_yield ();
  set_threshold (SOON);
  tend_watchdog_stop ();
  assert_silence ();
  g_assert_false (tend_watch_is_asleep ());
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  catch_words ();

  g_test_add_func ("/tend/watchdog/keeps-errno", test_keeps_errno);
  g_test_add_func ("/tend/watchdog/sleeps-while-the-loop-polls", test_sleeps_while_the_loop_polls);
  g_test_add_func ("/tend/watchdog/sees-what-blocks-after-its-sleep", test_sees_what_blocks_after_its_sleep);
  g_test_add_func ("/tend/watchdog/ends-in-its-sleep", test_ends_in_its_sleep);

  return g_test_run ();
}
