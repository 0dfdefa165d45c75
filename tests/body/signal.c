// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks that wait for a Unix signal.

#include "../support/child.h"
#include "../task/common.h"

#include <signal.h>

static void
test_completes_with_its_number (void)
{
  static const int all[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      TendTask *task = tend_task_run_signal (all[i]);

      settle ();
      assert_status (task, "running");
      kill (getpid (), all[i]);
      g_assert_true (tend_task_wait_sync (task, NULL));
      g_assert_cmpint (tend_task_get_int (task), ==, all[i]);
      assert_gone (task);
    }
}

static void
test_name (void)
{
  TendTask *task = tend_task_new_signal (SIGINT);

  g_assert_cmpstr (tend_task_get_name (task), ==, "SIGINT");
  assert_gone (task);
}

static void
test_wakes_all (void)
{
  TendTask *tasks[2] = { tend_task_run_signal (SIGUSR1), tend_task_run_signal (SIGUSR1) };

  kill (getpid (), SIGUSR1);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      assert_gone (tasks[i]);
    }
}

static void
test_others_are_refused (void)
{
  static const int refused[] = { SIGKILL, SIGSEGV, SIGCHLD, 0, -1, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      TendTask *task = tend_task_run_signal (refused[i]);
      g_autofree char *what = g_strdup_printf (": cannot wait for signal %d: ", refused[i]);

      g_assert_false (tend_task_wait_sync (task, NULL));
      g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      g_assert_nonnull (strstr (tend_task_get_error (task)->message, what));
      assert_gone (task);
    }
}

static void
test_cancelled_and_stopped (void)
{
  TendTask *cancelled = tend_task_run_signal (SIGUSR1);
  TendTask *stopped = tend_task_run_signal (SIGUSR1);

  tend_task_cancel (cancelled);
  assert_status (cancelled, "cancelled");
  tend_task_stop (stopped);
  assert_status (stopped, "stopped");
  assert_gone (cancelled);
  assert_gone (stopped);
}

static gboolean
cancel_idle_cb (gpointer task)
{
  tend_task_cancel (task);
  return G_SOURCE_REMOVE;
}

static gboolean
stop_idle_cb (gpointer task)
{
  tend_task_stop (task);
  return G_SOURCE_REMOVE;
}

static volatile sig_atomic_t n_handled;

static void
handle (int signum)
{
  n_handled++;
}

static void
install_cb (TendTask *task,
            gpointer  user_data)
{
  signal (SIGUSR2, handle);
}

/* What is installed at the end of the task is not undone by what the task leaves behind. */
static void
test_gives_way_to_a_handler (void)
{
  TendTask *task = tend_task_run_signal (SIGUSR2);

  tend_task_add_exit_handler (task, install_cb, NULL, NULL);
  kill (getpid (), SIGUSR2);
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
  kill (getpid (), SIGUSR2);
  g_assert_cmpint (n_handled, ==, 1);
  signal (SIGUSR2, SIG_DFL);
}

/* Ended when the signal has come, and the task has not completed yet. */
static void
test_ended_meanwhile (void)
{
  for (guint i = 0; i < 2; i++)
    {
      TendTask *task = tend_task_run_signal (SIGUSR1);

      kill (getpid (), SIGUSR1);
      g_idle_add_full (G_PRIORITY_HIGH, i == 0 ? cancel_idle_cb : stop_idle_cb, task, NULL);
      tend_task_wait_sync (task, NULL);
      g_assert_true (tend_task_is_ended (task));
      assert_gone (task);
    }
}

/* The second signal has its default effect. */
static void
test_second_one_ends_the_process (void)
{
  pid_t child;
  int status;

  if (is_under_valgrind ())
    {
      g_test_skip ("The child has threads of the tool's");
      return;
    }

  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      /* GLib's thread for signals is the parent's, so a program of its own. */
      execl ("/proc/self/exe", "signal", "--twice", NULL);
      _exit (1);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGINT);
}

static int
get_two_signals (void)
{
  g_autoptr(TendTask) task = tend_task_run_signal (SIGINT);

  kill (getpid (), SIGINT);
  if (!tend_task_wait_sync (task, NULL))
    return 1;
  kill (getpid (), SIGINT);
  return 2;
}

/* A signal may never come, and nobody waits for it. */
static void
test_lets_time_go_on (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) delay G_GNUC_UNUSED = tend_task_run_delay (SECOND);
  TendTask *task = tend_task_run_signal (SIGUSR1);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (task, "running");
  tend_task_stop (task);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 2 && strcmp (argv[1], "--twice") == 0)
    return get_two_signals ();

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/signal/completes-with-its-number", test_completes_with_its_number);
  g_test_add_func ("/tend/signal/name", test_name);
  g_test_add_func ("/tend/signal/wakes-all", test_wakes_all);
  g_test_add_func ("/tend/signal/others-are-refused", test_others_are_refused);
  g_test_add_func ("/tend/signal/cancelled-and-stopped", test_cancelled_and_stopped);
  g_test_add_func ("/tend/signal/gives-way-to-a-handler", test_gives_way_to_a_handler);
  g_test_add_func ("/tend/signal/ended-meanwhile", test_ended_meanwhile);
  g_test_add_func ("/tend/signal/second-one-ends-the-process", test_second_one_ends_the_process);
  g_test_add_func ("/tend/signal/lets-time-go-on", test_lets_time_go_on);

  return g_test_run ();
}
