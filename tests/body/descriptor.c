// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting once for a descriptor: in fibers, in the bodies of threads, and as a task.

#include "../loop/descriptors.h"

/* --- What ends the wait --- */

/* Waits for its descriptor, and notes what that is ready for. */
static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  const Wait *wait = user_data;
  GIOCondition revents = G_IO_NVAL;

  if (!tend_await_fd (wait->fd, wait->condition, &revents, error))
    {
      g_assert_cmpint (revents, ==, 0);
      return FALSE;
    }

  tend_task_return_int (task, revents);
  return TRUE;
}

typedef TendTask * (* BeginFunc) (Wait *wait);

static TendTask *
begin_fiber (Wait *wait)
{
  return tend_task_run_fiber ("fiber", await_body, wait, NULL);
}

static TendTask *
begin_thread (Wait *wait)
{
  return tend_task_run_thread ("thread", await_body, wait, NULL);
}

static TendTask *
begin_task (Wait *wait)
{
  return tend_task_run_fd ("task", wait->fd, wait->condition);
}

static const BeginFunc kinds[] = { begin_fiber, begin_thread, begin_task };

static void
assert_ends_with (TendTask     *task,
                  GIOCondition  condition)
{
  g_autoptr(GError) error = NULL;

  tend_task_wait_sync (task, &error);
  g_assert_no_error (error);
  g_assert_cmpint (tend_task_get_int (task), ==, condition);
}

static void
test_is_readable (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Pair pair = pair_new ();
      Wait wait = { pair.here, G_IO_IN };
      TendTask *task = kinds[i] (&wait);

      settle ();
      g_assert_false (tend_task_is_ended (task));
      pair_write (&pair, 1);
      assert_ends_with (task, G_IO_IN);
      assert_gone (task);

      /* It is ready until it was read. */
      task = kinds[i] (&wait);
      assert_ends_with (task, G_IO_IN);
      assert_gone (task);
      pair_clear (&pair);
    }
}

static void
test_is_writable (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Pair pair = pair_new ();
      Wait wait = { pair.here, G_IO_OUT };
      TendTask *task = kinds[i] (&wait);

      assert_ends_with (task, G_IO_OUT);
      assert_gone (task);

      pair_fill (&pair);
      task = kinds[i] (&wait);
      settle ();
      g_assert_false (tend_task_is_ended (task));
      pair_drain (pair.there);
      assert_ends_with (task, G_IO_OUT);
      assert_gone (task);
      pair_clear (&pair);
    }
}

/* Whatever is asked for. */
static void
test_hang_up (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      int ends[2];
      Wait wait;
      TendTask *task;

      g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
      wait = (Wait) { ends[0], G_IO_PRI };
      task = kinds[i] (&wait);
      settle ();
      close (ends[1]);
      assert_ends_with (task, G_IO_HUP);
      assert_gone (task);
      close (ends[0]);
    }
}

static void
test_regular_file (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Wait wait = { open_file (), G_IO_IN };
      TendTask *task = kinds[i] (&wait);

      assert_ends_with (task, G_IO_IN);
      assert_gone (task);
      close (wait.fd);
    }
}

static void
test_bad_descriptor (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Wait wait = { -1, G_IO_IN };
      g_autoptr(TendTask) negative = kinds[i] (&wait);
      g_autoptr(TendTask) closed = NULL;
      g_autofree char *pattern = NULL;

      g_assert_false (tend_task_wait_sync (negative, NULL));
      g_assert_nonnull (strstr (tend_task_get_error (negative)->message, "': cannot wait for descriptor -1: "));

      wait.fd = closed_number ();
      closed = kinds[i] (&wait);
      g_assert_false (tend_task_wait_sync (closed, NULL));
      pattern = g_strdup_printf ("*': cannot wait for descriptor %d: %s", wait.fd, g_strerror (EBADF));
      g_assert_true (g_pattern_match_simple (pattern, tend_task_get_error (closed)->message));
      g_assert_cmpint (tend_task_get_error (closed)->code, ==, (int) g_io_error_from_errno (EBADF));
    }
}

/* --- Who is cancelled or stopped --- */

static void
test_cancelled_while_waiting (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Pair pair = pair_new ();
      Wait wait = { pair.here, G_IO_IN };
      TendTask *task = kinds[i] (&wait);

      settle ();
      tend_task_cancel (task);
      g_assert_false (tend_task_wait_sync (task, NULL));
      assert_status (task, "cancelled");
      assert_gone (task);

      /* Nothing of it is left. */
      pair_write (&pair, 1);
      task = kinds[i] (&wait);
      assert_ends_with (task, G_IO_IN);
      assert_gone (task);
      pair_clear (&pair);
    }
}

static void
test_stopped_while_waiting (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Pair pair = pair_new ();
      Wait wait = { pair.here, G_IO_IN };
      TendTask *task = kinds[i] (&wait);

      settle ();
      tend_task_stop (task);
      assert_status (task, "stopped");
      while (!tend_task_is_finished (task))
        g_main_context_iteration (NULL, TRUE);
      assert_gone (task);
      pair_clear (&pair);
    }
}

/* What is posted comes before the descriptors that are ready in the same turn. */
static gboolean
cancel_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_cancel (user_data);
  return TRUE;
}

static gboolean
stop_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  tend_task_stop (user_data);
  return TRUE;
}

static void
end_while_ready (TendScopeFunc  end,
                 BeginFunc      begin,
                 const char    *status)
{
  Pair pair = pair_new ();
  g_autoptr(TendTask) host = tend_task_run_open (NULL, idle_body, NULL, NULL);
  Wait wait = { pair.here, G_IO_IN };
  TendTask *task = begin (&wait);

  settle ();
  pair_write (&pair, 1);
  tend_task_post (host, end, task, NULL);
  tend_task_wait_sync (task, NULL);
  assert_status (task, status);
  while (!tend_task_is_finished (task))
    g_main_context_iteration (NULL, TRUE);
  assert_gone (task);

  tend_task_stop (host);
  pair_clear (&pair);
}

static void
test_ended_while_ready (void)
{
  end_while_ready (cancel_cb, begin_fiber, "cancelled");
  end_while_ready (cancel_cb, begin_task, "cancelled");
  end_while_ready (stop_cb, begin_fiber, "stopped");
  end_while_ready (stop_cb, begin_task, "stopped");
}

static gboolean
await_cancelled_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  tend_task_cancel (task);
  return await_body (task, user_data, error);
}

static void
test_cancelled_before (void)
{
  Pair pair = pair_new ();
  Wait wait = { pair.here, G_IO_OUT };
  TendTask *fiber = tend_task_run_fiber (NULL, await_cancelled_body, &wait, NULL);
  TendTask *thread = tend_task_run_thread (NULL, await_cancelled_body, &wait, NULL);

  tend_task_wait_sync (fiber, NULL);
  assert_status (fiber, "cancelled");
  tend_task_wait_sync (thread, NULL);
  assert_status (thread, "cancelled");
  assert_gone (fiber);
  assert_gone (thread);
  pair_clear (&pair);
}

static void
test_deadline (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Pair pair = pair_new ();
  Wait wait = { pair.here, G_IO_IN };
  TendTask *task = tend_task_new_fiber (NULL, await_body, &wait, NULL);

  tend_task_set_deadline (task, tend_clock_get_time (clock) + SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (clock, SECOND, NULL);
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
  pair_clear (&pair);
}

/* --- Where and when --- */

static void
test_outside_of_bodies (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_await_fd (0, G_IO_IN, NULL, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

static gboolean
write_later_cb (gpointer user_data)
{
  pair_write (user_data, 1);
  return G_SOURCE_REMOVE;
}

/* Time does not jump over what is waited for outside. */
static void
test_is_work_outside (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      Pair pair = pair_new ();
      Wait wait = { pair.here, G_IO_IN };
      g_autoptr(TendTask) later G_GNUC_UNUSED = tend_task_run_delay (SECOND);
      TendTask *task = kinds[i] (&wait);
      gint64 begin = tend_clock_get_time (clock);

      g_timeout_add (1, write_later_cb, &pair);
      g_assert_true (tend_task_wait_sync (task, NULL));
      g_assert_cmpint (tend_clock_get_time (clock), ==, begin);
      g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
      assert_gone (task);
      pair_clear (&pair);
    }
}

static void
test_runs_again (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  Pair pair = pair_new ();
  TendTask *task = tend_task_new_fd ("again", pair.here, G_IO_IN), *delay;
  gint64 begin = tend_clock_get_time (clock);

  tend_task_set_delay (task, 0);
  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  settle ();
  for (guint i = 0; i < 3; i++)
    {
      assert_status (task, "running");
      pair_write (&pair, 1);
      settle ();
      pair_drain (pair.here);

      /* It does not wait meanwhile, so time goes on. */
      delay = tend_task_run_delay (SECOND / 2);
      g_assert_true (tend_task_wait_sync (delay, NULL));
      assert_gone (delay);
      tend_clock_advance (clock, SECOND / 2, NULL);
    }
  g_assert_cmpint (tend_clock_get_time (clock) - begin, ==, 3 * SECOND);
  tend_task_stop (task);
  assert_gone (task);
  pair_clear (&pair);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/descriptor/is-readable", test_is_readable);
  g_test_add_func ("/tend/descriptor/is-writable", test_is_writable);
  g_test_add_func ("/tend/descriptor/hang-up", test_hang_up);
  g_test_add_func ("/tend/descriptor/regular-file", test_regular_file);
  g_test_add_func ("/tend/descriptor/bad-descriptor", test_bad_descriptor);
  g_test_add_func ("/tend/descriptor/cancelled-while-waiting", test_cancelled_while_waiting);
  g_test_add_func ("/tend/descriptor/stopped-while-waiting", test_stopped_while_waiting);
  g_test_add_func ("/tend/descriptor/ended-while-ready", test_ended_while_ready);
  g_test_add_func ("/tend/descriptor/cancelled-before", test_cancelled_before);
  g_test_add_func ("/tend/descriptor/deadline", test_deadline);
  g_test_add_func ("/tend/descriptor/outside-of-bodies", test_outside_of_bodies);
  g_test_add_func ("/tend/descriptor/is-work-outside", test_is_work_outside);
  g_test_add_func ("/tend/descriptor/runs-again", test_runs_again);

  return g_test_run ();
}
