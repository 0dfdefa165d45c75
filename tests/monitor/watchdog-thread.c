// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The watchdog's start and end, and what it takes of the process: a poll function, a signal, a thread.

#include "../support/child.h"
#include "words.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
noop_cb (int number)
{
}

typedef void (* Handler) (int number);

static Handler
get_handler (void)
{
  struct sigaction now;

  g_assert_cmpint (sigaction (SIGURG, NULL, &now), ==, 0);
  return now.sa_handler;
}

static gboolean
block_cb (gpointer user_data)
{
  *(Word **) user_data = block ();
  return G_SOURCE_REMOVE;
}

/* Whether the watchdog sees what blocks: it hangs if not. */
static void
assert_watches (void)
{
  g_autoptr(Word) word = NULL;

  g_idle_add (block_cb, &word);
  while (word == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_refused (GQuark domain,
                int    code)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_watchdog_start (NEVER, &error));
  g_assert_error (error, domain, code);
}

/* --- The start and the end --- */

static void
test_stop_puts_all_back (void)
{
  GPollFunc poll = g_main_context_get_poll_func (NULL);

  set_threshold (NEVER);
  g_assert_true (g_main_context_get_poll_func (NULL) != poll);
  g_assert_true (get_handler () != SIG_DFL);

  stop_watchdog ();
  g_assert_true (g_main_context_get_poll_func (NULL) == poll);
  g_assert_true (get_handler () == SIG_DFL);
}

static void
test_stop_keeps_an_ignored_signal (void)
{
  signal (SIGURG, SIG_IGN);
  set_threshold (NEVER);
  stop_watchdog ();
  g_assert_true (get_handler () == SIG_IGN);
  signal (SIGURG, SIG_DFL);
}

static void
test_stop_without_a_start_does_nothing (void)
{
  tend_watchdog_stop ();
  set_threshold (NEVER);
  tend_watchdog_stop ();
  tend_watchdog_stop ();
}

static void
test_starts_again (void)
{
  for (guint i = 0; i < 20; i++)
    {
      set_threshold (NEVER);
      if (i % 5 == 0)
        assert_watches ();
      stop_watchdog ();
    }
}

static void
test_starting_twice_is_one (void)
{
  GPollFunc poll = g_main_context_get_poll_func (NULL);

  set_threshold (NEVER);
  set_threshold (NEVER - 1);
  assert_watches ();
  stop_watchdog ();
  g_assert_true (g_main_context_get_poll_func (NULL) == poll);
}

static void
test_threshold_is_positive (void)
{
  static const gint64 bad[] = { 0, -1, G_MININT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*threshold > 0*");
      g_assert_false (tend_watchdog_start (bad[i], NULL));
      g_test_assert_expected_messages ();
    }
  g_assert_true (get_handler () == SIG_DFL);

  set_threshold (G_MAXINT64);
  assert_watches ();
  stop_watchdog ();
}

/* --- One in the process --- */

static void
test_second_context_is_refused (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  GPollFunc poll = g_main_context_get_poll_func (context);

  set_threshold (NEVER);
  g_main_context_push_thread_default (context);
  assert_refused (G_IO_ERROR, G_IO_ERROR_BUSY);
  g_main_context_pop_thread_default (context);
  g_assert_true (g_main_context_get_poll_func (context) == poll);

  assert_watches ();
  stop_watchdog ();
}

static gpointer
refused_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  assert_refused (TEND_ERROR, TEND_ERROR_WRONG_THREAD);

  g_main_context_push_thread_default (context);
  assert_refused (G_IO_ERROR, G_IO_ERROR_BUSY);
  g_main_context_pop_thread_default (context);

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*is_mine*");
  tend_watchdog_stop ();
  g_test_assert_expected_messages ();

  return NULL;
}

static void
test_other_thread_is_refused (void)
{
  g_assert_true (g_main_context_acquire (NULL));
  set_threshold (NEVER);
  g_thread_join (g_thread_new ("other", refused_thread, NULL));
  assert_watches ();
  stop_watchdog ();
  g_main_context_release (NULL);
}

static gpointer
ending_thread (gpointer data)
{
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  set_threshold (NEVER);
  g_main_context_iteration (context, FALSE);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);

  return NULL;
}

static void
test_ends_with_its_thread (void)
{
  g_thread_join (g_thread_new ("ending", ending_thread, NULL));
  g_assert_true (get_handler () == SIG_DFL);

  set_threshold (NEVER);
  assert_watches ();
  stop_watchdog ();
}

/* --- The signal --- */

static void
test_taken_signal_is_refused (void)
{
  GPollFunc poll = g_main_context_get_poll_func (NULL);

  signal (SIGURG, noop_cb);
  assert_refused (G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (get_handler () == noop_cb);
  g_assert_true (g_main_context_get_poll_func (NULL) == poll);
  signal (SIGURG, SIG_DFL);
}

static void
test_handler_of_somebody_since_stays (void)
{
  set_threshold (NEVER);
  signal (SIGURG, noop_cb);
  stop_watchdog ();
  g_assert_true (get_handler () == noop_cb);
  signal (SIGURG, SIG_DFL);
}

static gboolean
stray_cb (gpointer user_data)
{
  errno = EDOM;
  raise (SIGURG);
  g_assert_cmpint (errno, ==, EDOM);
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

static void
test_stray_signal_does_nothing (void)
{
  gboolean is_raised = FALSE;

  set_threshold (NEVER);
  g_idle_add (stray_cb, &is_raised);
  while (!is_raised)
    g_main_context_iteration (NULL, TRUE);
  tend_watchdog_stop ();
  assert_silence ();
}

/* It takes the second for which the watchdog hopes for an answer: a test for those who have time. */
static void
test_speaks_without_an_answer (void)
{
  g_autoptr(Word) word = NULL;
  sigset_t urgent;

  if (!g_test_slow ())
    {
      g_test_skip ("It takes a second; -m slow runs it");
      return;
    }

  sigemptyset (&urgent);
  sigaddset (&urgent, SIGURG);

  set_threshold (NEVER);
  pthread_sigmask (SIG_BLOCK, &urgent, NULL);
  g_main_context_iteration (NULL, FALSE);
  word = block ();
  g_assert_true (g_str_has_prefix (word->message, "Code that takes no signals: has blocked the main context"));

  /* The signal that comes now is late, and answers no question. */
  pthread_sigmask (SIG_UNBLOCK, &urgent, NULL);
  stop_watchdog ();

  set_threshold (NEVER);
  assert_watches ();
  stop_watchdog ();
}

/* --- The poll function --- */

static GPollFunc inner_poll;
static guint n_outer;

static int
outer_poll (GPollFD *fds,
            guint    n_fds,
            int      timeout_ms)
{
  n_outer++;
  return inner_poll (fds, n_fds, timeout_ms);
}

/* Whoever has wrapped the watchdog's function still calls it, after the end and through a new start. */
static void
test_wrapped_poll_function_stays (void)
{
  GPollFunc poll = g_main_context_get_poll_func (NULL);

  set_threshold (NEVER);
  inner_poll = g_main_context_get_poll_func (NULL);
  g_main_context_set_poll_func (NULL, outer_poll);
  assert_watches ();
  stop_watchdog ();

  g_assert_true (g_main_context_get_poll_func (NULL) == outer_poll);
  n_outer = 0;
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (n_outer, ==, 1);

  set_threshold (NEVER);
  g_assert_true (g_main_context_get_poll_func (NULL) == outer_poll);
  assert_watches ();

  g_main_context_set_poll_func (NULL, inner_poll);
  stop_watchdog ();
  g_assert_true (g_main_context_get_poll_func (NULL) == poll);
}

/* The function that was left is gone by another's doing: the watchdog wraps anew. */
static void
test_lost_poll_function_is_wrapped_again (void)
{
  GPollFunc poll = g_main_context_get_poll_func (NULL);

  set_threshold (NEVER);
  inner_poll = g_main_context_get_poll_func (NULL);
  g_main_context_set_poll_func (NULL, outer_poll);
  stop_watchdog ();
  g_main_context_set_poll_func (NULL, poll);

  set_threshold (NEVER);
  assert_watches ();
  stop_watchdog ();
  g_assert_true (g_main_context_get_poll_func (NULL) == poll);
}

static int
own_poll (GPollFD *fds,
          guint    n_fds,
          int      timeout_ms)
{
  return g_poll (fds, n_fds, timeout_ms);
}

/* One wrapper cannot lead to two functions. */
static void
test_left_poll_function_of_another_kind_is_in_the_way (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  set_threshold (NEVER);
  inner_poll = g_main_context_get_poll_func (NULL);
  g_main_context_set_poll_func (NULL, outer_poll);
  stop_watchdog ();

  g_main_context_push_thread_default (context);
  g_main_context_set_poll_func (context, own_poll);
  assert_refused (G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (get_handler () == SIG_DFL);

  /* One that leads to the same is none. */
  g_main_context_set_poll_func (context, g_poll);
  set_threshold (NEVER);
  stop_watchdog ();
  g_assert_true (g_main_context_get_poll_func (context) == g_poll);
  g_main_context_pop_thread_default (context);

  g_main_context_set_poll_func (NULL, g_poll);
}

/* --- fork() --- */

static void
test_child_has_no_watchdog (void)
{
  int status = -1;
  pid_t child;

  set_threshold (NEVER);
  child = fork ();
  g_assert_cmpint (child, >=, 0);

  /* It would wait for a thread that is not there. */
  if (child == 0)
    {
      tend_watchdog_stop ();
      child_end (get_handler () == SIG_DFL);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  assert_child_was_right (status);
  assert_watches ();
  stop_watchdog ();
}

/* It starts its own, with nothing left of what the parent's thread waited for. */
static void
test_child_may_start_its_own (void)
{
  for (guint i = 0; i < 10; i++)
    {
      int status = -1;
      pid_t child;

      set_threshold (NEVER);
      if (i % 2 == 0)
        assert_watches ();
      child = fork ();
      g_assert_cmpint (child, >=, 0);

      if (child == 0)
        {
          GMainContext *context = g_main_context_new ();

          alarm (60);
          g_main_context_push_thread_default (context);
          set_threshold (NEVER);
          g_main_context_iteration (context, FALSE);
          word_free (block ());
          set_threshold (NEVER);
          tend_watchdog_stop ();
          child_end (TRUE);
        }

      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      assert_child_was_right (status);
      stop_watchdog ();
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  catch_words ();

  g_test_add_func ("/tend/watchdog/stop-puts-all-back", test_stop_puts_all_back);
  g_test_add_func ("/tend/watchdog/stop-keeps-an-ignored-signal", test_stop_keeps_an_ignored_signal);
  g_test_add_func ("/tend/watchdog/stop-without-a-start-does-nothing", test_stop_without_a_start_does_nothing);
  g_test_add_func ("/tend/watchdog/starts-again", test_starts_again);
  g_test_add_func ("/tend/watchdog/starting-twice-is-one", test_starting_twice_is_one);
  g_test_add_func ("/tend/watchdog/threshold-is-positive", test_threshold_is_positive);
  g_test_add_func ("/tend/watchdog/second-context-is-refused", test_second_context_is_refused);
  g_test_add_func ("/tend/watchdog/other-thread-is-refused", test_other_thread_is_refused);
  g_test_add_func ("/tend/watchdog/ends-with-its-thread", test_ends_with_its_thread);
  g_test_add_func ("/tend/watchdog/taken-signal-is-refused", test_taken_signal_is_refused);
  g_test_add_func ("/tend/watchdog/handler-of-somebody-since-stays", test_handler_of_somebody_since_stays);
  g_test_add_func ("/tend/watchdog/stray-signal-does-nothing", test_stray_signal_does_nothing);
  g_test_add_func ("/tend/watchdog/speaks-without-an-answer", test_speaks_without_an_answer);
  g_test_add_func ("/tend/watchdog/wrapped-poll-function-stays", test_wrapped_poll_function_stays);
  g_test_add_func ("/tend/watchdog/lost-poll-function-is-wrapped-again", test_lost_poll_function_is_wrapped_again);
  g_test_add_func ("/tend/watchdog/left-poll-function-is-in-the-way",
                   test_left_poll_function_of_another_kind_is_in_the_way);
  g_test_add_func ("/tend/watchdog/child-has-no-watchdog", test_child_has_no_watchdog);
  g_test_add_func ("/tend/watchdog/child-may-start-its-own", test_child_may_start_its_own);

  return g_test_run ();
}
