// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How many tasks a manager has had, by whichever way they came and ended, and how long they ran.

#include "fixture.h"

#include <stdlib.h>

/* The counts of all statuses, from pending on, and of those that were started. */
static void
assert_counts (Fixture    *fixture,
               const char *expected)
{
  g_autofree char *counts = NULL;
  guint n[TEND_TASK_STATUS_STOPPED + 1];

  for (guint i = 0; i < G_N_ELEMENTS (n); i++)
    n[i] = (guint) tend_task_manager_get_n_tasks (fixture->manager, (TendTaskStatus) i);
  g_assert_cmpuint (n[TEND_TASK_STATUS_CREATED], ==, 0);
  counts = g_strdup_printf ("pending %u, running %u, completed %u, failed %u, cancelled %u, stopped %u; started %u",
                            n[TEND_TASK_STATUS_PENDING], n[TEND_TASK_STATUS_RUNNING], n[TEND_TASK_STATUS_COMPLETED],
                            n[TEND_TASK_STATUS_FAILED], n[TEND_TASK_STATUS_CANCELLED], n[TEND_TASK_STATUS_STOPPED],
                            (guint) tend_task_manager_get_n_started (fixture->manager));
  g_assert_cmpstr (counts, ==, expected);
}

static void
test_empty (Fixture       *fixture,
            gconstpointer  unused)
{
  assert_counts (fixture, "pending 0, running 0, completed 0, failed 0, cancelled 0, stopped 0; started 0");
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 0.0), ==, 0);
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.0), ==, 0);
}

static void
test_each_end (Fixture       *fixture,
               gconstpointer  unused)
{
  Work *works[N_KINDS];

  for (Kind kind = 0; kind < N_KINDS; kind++)
    works[kind] = register_work (fixture, kind, NULL);
  register_callback (fixture, NULL, fail_at_once, NULL);
  assert_counts (fixture, "pending 5, running 0, completed 0, failed 0, cancelled 0, stopped 0; started 0");
  work_wait_begun (works[THREAD]);
  assert_counts (fixture, "pending 0, running 4, completed 0, failed 1, cancelled 0, stopped 0; started 5");
  tend_task_cancel (works[THREAD]->task);
  work_wait_gone (works[THREAD]);
  work_let_go (works[ASYNC]);
  settle (fixture);
  tend_task_stop (works[FIBER]->task);
  settle (fixture);
  assert_counts (fixture, "pending 0, running 1, completed 1, failed 1, cancelled 1, stopped 1; started 5");
}

static void
test_ended_before_they_began (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(TendTask) delayed = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));

  tend_task_manager_set_max_running (fixture->manager, 1);
  register_work (fixture, FIBER, NULL);
  settle (fixture);
  tend_task_set_delay (delayed, SECOND);
  tend_task_manager_register (fixture->manager, g_object_ref (delayed), TEND_NAME_POLICY_REJECT, NULL);
  register_callback (fixture, "lane", never_run, NULL);
  register_callback (fixture, "stopped", never_run, NULL);
  settle (fixture);
  register_callback (fixture, "new", never_run, NULL);
  assert_counts (fixture, "pending 4, running 1, completed 0, failed 0, cancelled 0, stopped 0; started 1");

  tend_task_cancel (delayed);
  tend_task_manager_cancel_task (fixture->manager, "lane");
  tend_task_manager_cancel_task (fixture->manager, "new");
  tend_task_stop (tend_task_manager_lookup (fixture->manager, "stopped"));
  settle (fixture);
  assert_counts (fixture, "pending 0, running 1, completed 0, failed 0, cancelled 3, stopped 1; started 1");

  /* What never ran has no run time. */
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.0), ==, 0);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_manager_cancel_all (fixture->manager);
  settle (fixture);
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 0.0), ==, SECOND);
}

/* One that was stopped has ended, although its thread works on. */
static void
test_stopped_thread (Fixture       *fixture,
                     gconstpointer  unused)
{
  Work *work = register_work (fixture, THREAD, NULL);

  work->is_deaf = TRUE;
  work_wait_begun (work);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_stop (work->task);
  assert_counts (fixture, "pending 0, running 0, completed 0, failed 0, cancelled 0, stopped 1; started 1");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  work_let_go (work);
  work_wait_gone (work);
  assert_counts (fixture, "pending 0, running 0, completed 0, failed 0, cancelled 0, stopped 1; started 1");
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.0), ==, SECOND);
}

/* One that ran already has run for the manager from when it was registered. */
static void
test_adopted (Fixture       *fixture,
              gconstpointer  unused)
{
  g_autoptr(TendCompletion) completion = tend_completion_new ("n");
  g_autoptr(GError) error = NULL;

  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_manager_register (fixture->manager, g_object_ref (tend_completion_get_task (completion)),
                              TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);
  assert_counts (fixture, "pending 0, running 1, completed 0, failed 0, cancelled 0, stopped 0; started 1");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_completion_set_boolean (completion, TRUE, &error);
  settle (fixture);
  assert_counts (fixture, "pending 0, running 0, completed 1, failed 0, cancelled 0, stopped 0; started 1");
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.0), ==, SECOND);
}

static void
replace (Fixture *fixture)
{
  g_autoptr(TendTask) task = work_make_task (work_new (fixture), FIBER, "n");

  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REPLACE,
                                             NULL) == task);
}

static void
test_replaced (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(TendTask) refused = watch (fixture, tend_task_new_open ("n", never_run, NULL, NULL));

  replace (fixture);
  settle (fixture);
  replace (fixture);
  replace (fixture);
  assert_counts (fixture, "pending 1, running 1, completed 0, failed 0, cancelled 1, stopped 0; started 1");
  settle (fixture);
  assert_counts (fixture, "pending 0, running 1, completed 0, failed 0, cancelled 2, stopped 0; started 2");

  /* What is refused or kept out is nowhere. */
  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (refused), TEND_NAME_POLICY_REJECT,
                                              NULL));
  tend_task_manager_register (fixture->manager, g_object_ref (refused), TEND_NAME_POLICY_KEEP, NULL);
  assert_counts (fixture, "pending 0, running 1, completed 0, failed 0, cancelled 2, stopped 0; started 2");
}

static void
test_interval_task (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, count_run, NULL, NULL));

  tend_task_set_interval (task, SECOND);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  assert_counts (fixture, "pending 1, running 0, completed 0, failed 0, cancelled 0, stopped 0; started 0");
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_counts (fixture, "pending 1, running 0, completed 0, failed 0, cancelled 0, stopped 0; started 0");
  tend_clock_advance (fixture->clock, 1, NULL);
  tend_task_cancel (task);
  settle (fixture);
  g_assert_cmpuint (tend_task_manager_get_n_started (fixture->manager), ==, 1);
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.0), ==, 0);
}

static void
test_shutdown_counts (Fixture       *fixture,
                      gconstpointer  unused)
{
  register_work (fixture, FIBER, NULL);
  settle (fixture);
  register_callback (fixture, NULL, never_run, NULL);
  tend_task_manager_shutdown_async (fixture->manager, NULL, NULL, NULL);
  settle (fixture);
  assert_counts (fixture, "pending 0, running 0, completed 0, failed 0, cancelled 2, stopped 0; started 1");
}

/* --- Run times --- */

static void
test_pause_and_delay_do_not_count (Fixture       *fixture,
                                   gconstpointer  unused)
{
  Work *work = work_new (fixture);
  g_autoptr(TendTask) task = work_make_task (work, CALLBACK, NULL);

  tend_task_set_delay (task, SECOND);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  tend_task_pause (task);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  tend_task_resume (task);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_pause (task);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_stop (task);
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.0), ==, 3 * SECOND);
}

#define N_VALUES 10000

/* Somebody else completes it. */
static gboolean
run_on (TendTask  *task,
        gpointer   data,
        GError   **error)
{
  return TRUE;
}

static int
compare (const void *a,
         const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* Of any size: from nothing to hours, as many of each size as of the next. */
static gint64
get_random_time (void)
{
  return g_test_rand_int_range (0, 1 << g_test_rand_int_range (1, 31)) * (gint64) g_test_rand_int_range (1, 3);
}

static void
assert_quantile (Fixture      *fixture,
                 const gint64 *sorted,
                 guint         rank,
                 double        quantile)
{
  gint64 truth = sorted[rank - 1];
  gint64 got = tend_task_manager_get_run_time (fixture->manager, quantile);

  g_assert_cmpint (got, >=, truth);
  g_assert_cmpint (got - truth, <=, truth / 16);
}

static void
test_quantiles_of_random_times (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autofree gint64 *times = g_new (gint64, N_VALUES);

  for (guint i = 0; i < N_VALUES; i++)
    {
      TendTask *task = register_callback (fixture, NULL, run_on, NULL);

      times[i] = get_random_time ();
      settle (fixture);
      tend_clock_advance (fixture->clock, times[i], NULL);
      tend_task_return_boolean (task, TRUE);
      settle (fixture);
    }
  qsort (times, N_VALUES, sizeof (gint64), compare);

  for (guint rank = 1; rank <= N_VALUES; rank++)
    assert_quantile (fixture, times, rank, (double) rank / N_VALUES);
  assert_quantile (fixture, times, 1, 0.0);
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.0), ==, times[N_VALUES - 1]);
}

/* At each power of two, and one to either side. */
static void
test_limits_of_the_buckets (Fixture       *fixture,
                            gconstpointer  unused)
{
  gint64 times[3 * 40 + 1];
  guint n = 0;

  times[n++] = 0;
  for (guint bit = 1; bit <= 40; bit++)
    {
      for (gint64 i = -1; i <= 1; i++)
        times[n++] = ((gint64) 1 << bit) + i;
    }
  for (guint i = 0; i < n; i++)
    {
      Work *work = register_work (fixture, CALLBACK, NULL);

      settle (fixture);
      tend_clock_advance (fixture->clock, times[i], NULL);
      work_let_go (work);
      settle (fixture);
    }

  qsort (times, n, sizeof (gint64), compare);
  for (guint rank = 1; rank <= n; rank++)
    assert_quantile (fixture, times, rank, (double) rank / n);
}

static void
test_nonsense_is_refused (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*quantile*");
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, 1.5), ==, 0);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*quantile*");
  g_assert_cmpint (tend_task_manager_get_run_time (fixture->manager, -0.1), ==, 0);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*status*");
  g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, (TendTaskStatus) 7), ==, 0);
  g_test_assert_expected_messages ();
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/statistics/empty", test_empty);
  add_test ("/tend/task-manager/statistics/each-end", test_each_end);
  add_test ("/tend/task-manager/statistics/ended-before-they-began", test_ended_before_they_began);
  add_test ("/tend/task-manager/statistics/stopped-thread", test_stopped_thread);
  add_test ("/tend/task-manager/statistics/adopted", test_adopted);
  add_test ("/tend/task-manager/statistics/replaced", test_replaced);
  add_test ("/tend/task-manager/statistics/interval-task", test_interval_task);
  add_test ("/tend/task-manager/statistics/shutdown", test_shutdown_counts);

  add_test ("/tend/task-manager/statistics/pause-and-delay-do-not-count", test_pause_and_delay_do_not_count);
  add_test ("/tend/task-manager/statistics/quantiles-of-random-times", test_quantiles_of_random_times);
  add_test ("/tend/task-manager/statistics/limits-of-the-buckets", test_limits_of_the_buckets);
  add_test ("/tend/task-manager/statistics/nonsense-is-refused", test_nonsense_is_refused);

  return g_test_run ();
}
