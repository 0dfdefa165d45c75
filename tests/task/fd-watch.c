// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Descriptors that are watched in a task's scope.

#include "../loop/descriptors.h"

static TendTask *
new_host (void)
{
  return tend_task_run_open ("host", idle_body, NULL, NULL);
}

static void
drop_host (TendTask *host)
{
  tend_task_stop (host);
  assert_gone (host);
}

/* Reads one byte, and notes it. */
static gboolean
read_cb (TendTask      *task,
         int            fd,
         GIOCondition   condition,
         gpointer       user_data,
         GError       **error)
{
  char byte;

  g_assert_true (tend_task_get_current () == task);
  g_assert_cmpint (condition, ==, G_IO_IN);
  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  note ("read");
  return TRUE;
}

/* --- Calls --- */

/* What a callback leaves is reported again, in the next turn. */
static void
test_called_while_ready (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();
  int n_destroyed = 0;

  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_IN, read_cb, &n_destroyed, count_cb, NULL));
  settle ();
  assert_notes ("");
  pair_write (&pair, 3);
  settle ();
  assert_notes ("read read read");
  pair_write (&pair, 1);
  settle ();
  assert_notes ("read");
  g_assert_cmpint (n_destroyed, ==, 0);

  drop_host (host);
  g_assert_cmpint (n_destroyed, ==, 1);
  pair_clear (&pair);
}

static gboolean
once_cb (TendTask      *task,
         int            fd,
         GIOCondition   condition,
         gpointer       user_data,
         GError       **error)
{
  note ("once");
  return FALSE;
}

static void
test_ends_with_false (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();
  int n_destroyed = 0;
  g_autoptr(TendFdWatch) watch = NULL;

  pair_write (&pair, 1);
  watch = tend_fd_watch_ref (tend_task_add_fd (host, pair.here, G_IO_IN, once_cb, &n_destroyed, count_cb, NULL));
  g_assert_true (tend_fd_watch_is_active (watch));
  settle ();
  assert_notes ("once");
  g_assert_false (tend_fd_watch_is_active (watch));
  g_assert_cmpint (n_destroyed, ==, 1);
  tend_fd_watch_cancel (watch);

  drop_host (host);
  pair_clear (&pair);
}

static gboolean
fail_cb (TendTask      *task,
         int            fd,
         GIOCondition   condition,
         gpointer       user_data,
         GError       **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "No luck");
  return TRUE;
}

static void
test_error_fails_the_task (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();
  int n_destroyed = 0;

  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, fail_cb, &n_destroyed, count_cb, NULL));
  g_assert_false (tend_task_wait_sync (host, NULL));
  g_assert_error (tend_task_get_error (host), G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (host);
  pair_clear (&pair);
}

static void
test_refused (void)
{
  g_autoptr(GError) error = NULL;
  TendTask *host = new_host ();
  int n_destroyed = 0, fd = closed_number ();
  g_autofree char *message = g_strdup_printf ("Task 'host': cannot wait for descriptor %d: %s", fd, g_strerror (EBADF));

  g_assert_null (tend_task_add_fd (host, fd, G_IO_IN, read_cb, &n_destroyed, count_cb, &error));
  g_assert_cmpstr (error->message, ==, message);
  g_assert_cmpint (n_destroyed, ==, 1);
  g_assert_false (tend_task_is_ended (host));

  drop_host (host);
}

static void
test_added_after_the_end (void)
{
  TendTask *host = new_host ();
  int n_destroyed = 0;

  tend_task_stop (host);
  g_assert_false (tend_fd_watch_is_active (tend_task_add_fd (host, 0, G_IO_IN, read_cb, &n_destroyed, count_cb, NULL)));
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_gone (host);
}

/* A regular file is ready in each turn. */
static gboolean
thrice_cb (TendTask      *task,
           int            fd,
           GIOCondition   condition,
           gpointer       user_data,
           GError       **error)
{
  note ("%d", ++*(int *) user_data);
  return *(int *) user_data < 3;
}

static void
test_regular_file (void)
{
  TendTask *host = new_host ();
  int fd = open_file (), n = 0;

  g_assert_nonnull (tend_task_add_fd (host, fd, G_IO_IN, thrice_cb, &n, NULL, NULL));
  assert_notes ("");
  g_main_context_iteration (NULL, FALSE);
  assert_notes ("1");
  settle ();
  assert_notes ("2 3");

  drop_host (host);
  close (fd);
}

/* --- Ends --- */

static gboolean
end_cb (TendTask      *task,
        int            fd,
        GIOCondition   condition,
        gpointer       user_data,
        GError       **error)
{
  TendFdWatch **watches = user_data;

  note ("end");
  if (watches != NULL)
    {
      tend_fd_watch_cancel (watches[0]);
      tend_fd_watch_cancel (watches[1]);
    }
  else
    tend_task_stop (task);

  return TRUE;
}

/* By its own callback, and by that of another whose descriptor is ready as well. */
static void
test_cancelled_in_a_callback (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();
  TendFdWatch *watches[2];
  g_autoptr(TendFdWatch) kept = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (watches); i++)
    watches[i] = tend_task_add_fd (host, pair.here, G_IO_OUT, end_cb, watches, NULL, NULL);
  kept = tend_fd_watch_ref (watches[1]);
  settle ();
  assert_notes ("end");
  g_assert_false (tend_fd_watch_is_active (kept));

  drop_host (host);
  pair_clear (&pair);
}

static void
test_task_ends_in_a_callback (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();

  for (guint i = 0; i < 2; i++)
    g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, end_cb, NULL, NULL, NULL));
  settle ();
  assert_notes ("end");
  assert_gone (host);
  pair_clear (&pair);
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* The task goes home, and its watch with it. */
static void
test_dropped_in_another_thread (void)
{
  Pair pair = pair_new ();
  TendTask *host = tend_task_new_open ("host", idle_body, NULL, NULL);
  int n_destroyed = 0;

  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_IN, read_cb, &n_destroyed, count_cb, NULL));
  in_thread (unref_thread, host);
  settle ();
  g_assert_cmpint (n_destroyed, ==, 1);
  pair_write (&pair, 1);
  settle ();
  assert_notes ("");
  pair_clear (&pair);
}

/* --- Pauses --- */

static void
test_paused (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();

  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_IN, read_cb, NULL, NULL, NULL));
  tend_task_pause (host);
  pair_write (&pair, 1);
  settle ();
  assert_notes ("");
  tend_task_resume (host);
  settle ();
  assert_notes ("read");

  /* Also one that is added meanwhile. */
  tend_task_pause (host);
  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, once_cb, NULL, NULL, NULL));
  settle ();
  assert_notes ("");
  tend_task_resume (host);
  settle ();
  assert_notes ("once");

  drop_host (host);
  pair_clear (&pair);
}

static gboolean
pause_cb (TendTask      *task,
          int            fd,
          GIOCondition   condition,
          gpointer       user_data,
          GError       **error)
{
  note ("pause");
  tend_task_pause (task);
  if (user_data != NULL)
    tend_task_resume (task);
  return notes->len < 20;
}

static void
test_paused_in_its_callback (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();

  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, pause_cb, NULL, NULL, NULL));
  settle ();
  assert_notes ("pause");
  tend_task_stop (host);
  assert_gone (host);

  host = new_host ();
  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, pause_cb, pair_new, NULL, NULL));
  settle ();
  assert_notes ("pause pause pause pause");
  drop_host (host);
  pair_clear (&pair);
}

/* --- Frozen time --- */

/* Nobody knows whether the descriptor will ever be ready. */
static void
test_lets_time_go_on (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) delay G_GNUC_UNUSED = tend_task_run_delay (SECOND);
  Pair pair = pair_new ();
  TendTask *host = new_host ();

  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_IN, read_cb, NULL, NULL, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  drop_host (host);
  pair_clear (&pair);
}

/* --- Nested loops --- */

static gboolean
nest_cb (TendTask      *task,
         int            fd,
         GIOCondition   condition,
         gpointer       user_data,
         GError       **error)
{
  note ("in");
  settle ();
  note ("out");
  return FALSE;
}

/* A callback that runs the main context is not called by it. */
static void
test_nested (void)
{
  Pair pair = pair_new ();
  TendTask *host = new_host ();

  g_assert_nonnull (tend_task_add_fd (host, pair.here, G_IO_OUT, nest_cb, NULL, NULL, NULL));
  settle ();
  assert_notes ("in out");
  drop_host (host);
  pair_clear (&pair);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/fd-watch/called-while-ready", test_called_while_ready);
  g_test_add_func ("/tend/fd-watch/ends-with-false", test_ends_with_false);
  g_test_add_func ("/tend/fd-watch/error-fails-the-task", test_error_fails_the_task);
  g_test_add_func ("/tend/fd-watch/refused", test_refused);
  g_test_add_func ("/tend/fd-watch/added-after-the-end", test_added_after_the_end);
  g_test_add_func ("/tend/fd-watch/regular-file", test_regular_file);
  g_test_add_func ("/tend/fd-watch/cancelled-in-a-callback", test_cancelled_in_a_callback);
  g_test_add_func ("/tend/fd-watch/task-ends-in-a-callback", test_task_ends_in_a_callback);
  g_test_add_func ("/tend/fd-watch/dropped-in-another-thread", test_dropped_in_another_thread);
  g_test_add_func ("/tend/fd-watch/paused", test_paused);
  g_test_add_func ("/tend/fd-watch/paused-in-its-callback", test_paused_in_its_callback);
  g_test_add_func ("/tend/fd-watch/lets-time-go-on", test_lets_time_go_on);
  g_test_add_func ("/tend/fd-watch/nested", test_nested);

  return g_test_run ();
}
