// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The C code of doc/testing.md: tests that run on a virtual clock.

#include <tend.h>

/* --- What is tested --- */

static gboolean
remind (TendTask *task, gpointer user_data, GError **error)
{
  if (!tend_sleep (G_TIME_SPAN_HOUR, error))
    return FALSE;

  tend_task_return_string (task, "tea");
  return TRUE;
}

static gboolean
measure (TendTask *task, gpointer user_data, GError **error)
{
  tend_task_return_int (task, 42);
  return TRUE;
}

static gboolean
measure_later (TendTask *task, gpointer user_data, GError **error)
{
  g_autoptr(TendTask) thread = NULL;

  if (!tend_sleep (G_TIME_SPAN_MINUTE, error))
    return FALSE;

  thread = tend_task_run_thread ("measure", measure, NULL, NULL);
  if (!tend_await (thread, error))
    return FALSE;

  tend_task_return_int (task, tend_task_get_int (thread));
  return TRUE;
}

static gboolean
fail (TendTask *task, gpointer user_data, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "No such thing");
  return FALSE;
}

/* --- The fixture --- */

static void
set_up (TendClock **clock, gconstpointer unused)
{
  *clock = tend_clock_freeze (NULL);
}

static void
tear_down (TendClock **clock, gconstpointer unused)
{
  g_assert_finalize_object (*clock);
}

/* Moves the time on. Then waits for a task that needs a thread or an operation of GIO; time stands still meanwhile. */
static void
advance_and_wait (TendClock *clock, gint64 duration, TendTask *task)
{
  tend_clock_advance (clock, duration, NULL);
  while (!tend_task_is_ended (task))
    g_main_context_iteration (NULL, TRUE);
}

/* --- The tests --- */

static void
test_an_hour (TendClock **clock, gconstpointer unused)
{
  TendTask *task = tend_task_run_fiber ("reminder", remind, NULL, NULL);

  tend_clock_advance (*clock, G_TIME_SPAN_HOUR - 1, NULL);
  g_assert_false (tend_task_is_ended (task));
  tend_clock_advance (*clock, 1, NULL);
  g_assert_cmpstr (tend_task_get_string (task), ==, "tea");

  g_assert_finalize_object (task);
}

static void
test_a_thread (TendClock **clock, gconstpointer unused)
{
  TendTask *task = tend_task_run_fiber ("measurement", measure_later, NULL, NULL);

  advance_and_wait (*clock, G_TIME_SPAN_MINUTE, task);
  g_assert_cmpint (tend_task_get_int (task), ==, 42);

  g_assert_finalize_object (task);
}

static void
test_cancelled (TendClock **clock, gconstpointer unused)
{
  TendTask *task = tend_task_run_fiber ("reminder", remind, NULL, NULL);
  g_autoptr(GError) error = NULL;

  tend_task_cancel (task);
  g_assert_false (tend_task_wait_sync (task, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_assert_finalize_object (task);
}

static void
test_a_mistake (TendClock **clock, gconstpointer unused)
{
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*TEND_IS_TASK*failed*");
  tend_task_cancel (NULL);
  g_test_assert_expected_messages ();
}

static void
test_an_error_that_nobody_reads (TendClock **clock, gconstpointer unused)
{
  TendTask *task = tend_task_run_fiber ("broken", fail, NULL, NULL);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'broken': *No such thing*");
  g_assert_finalize_object (task);
  g_test_assert_expected_messages ();
}

#define ADD(path, func) g_test_add (path, TendClock *, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/reminder/an-hour", test_an_hour);
  ADD ("/reminder/a-thread", test_a_thread);
  ADD ("/reminder/cancelled", test_cancelled);
  ADD ("/reminder/a-mistake", test_a_mistake);
  ADD ("/reminder/an-error-that-nobody-reads", test_an_error_that_nobody_reads);

  return g_test_run ();
}
