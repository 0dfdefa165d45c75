// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The errors of a retry: which of them end it, who is told, and what a deadline makes of them.

#include "retry.h"

/* --- Errors --- */

static gboolean
predicate_cb (TendTask     *task,
              guint         attempt,
              const GError *error,
              gpointer      data)
{
  g_assert_true (tend_task_get_current () == task);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  note ("%s?", error->message);
  return attempt < 2;
}

static void
test_predicate_decides (Work          *work,
                        gconstpointer  unused)
{
  TendRetry *retry = new_retry (5);
  int n_destroyed = 0;
  TendTask *task;

  tend_retry_set_predicate (retry, predicate_cb, &n_destroyed, count_cb);
  work->n_failures = 10;
  task = run (work, retry);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0 Refused 1? 2@100 Refused 2?");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Refused 2 (after 2 attempts)");
  g_assert_cmpint (n_destroyed, ==, 0);
  assert_all_gone (work, task, retry);
  g_assert_cmpint (n_destroyed, ==, 1);
}

typedef struct
{
  TendRetry *retry;
  int        n_destroyed;
} Replacing;

static gboolean
replacing_predicate_cb (TendTask     *task,
                        guint         attempt,
                        const GError *error,
                        gpointer      data)
{
  Replacing *self = data;

  tend_retry_set_predicate (self->retry, predicate_cb, NULL, NULL);
  g_assert_cmpint (self->n_destroyed, ==, 0);

  return TRUE;
}

static void
replacing_destroyed_cb (gpointer data)
{
  ((Replacing *) data)->n_destroyed++;
}

/* A predicate that puts another in its own place keeps its data until it returns. */
static void
test_predicate_replaces_itself (Work          *work,
                                gconstpointer  unused)
{
  TendRetry *retry = new_retry (5);
  Replacing self = { .retry = retry };
  TendTask *task;

  tend_retry_set_predicate (retry, replacing_predicate_cb, &self, replacing_destroyed_cb);
  work->n_failures = 10;
  task = run (work, retry);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0 2@100 Refused 2?");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Refused 2 (after 2 attempts)");
  g_assert_cmpint (self.n_destroyed, ==, 1);
  assert_all_gone (work, task, retry);
  g_assert_cmpint (self.n_destroyed, ==, 1);
}

static guint n_reports;

static void
count_report_cb (const char   *task,
                 const GError *error,
                 const char   *origin,
                 gpointer      user_data)
{
  n_reports++;
}

/* The attempts' are all observed; the task's own is told if nobody reads it, once. */
static void
test_errors_are_told_once (Work          *work,
                           gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  n_reports = 0;
  tend_set_unobserved_func (count_report_cb, NULL, NULL);
  work->n_failures = 10;
  task = run (work, retry);
  tend_clock_run_until_idle (work->clock, NULL);
  g_assert_cmpuint (n_reports, ==, 0);
  assert_all_gone (work, task, retry);
  g_assert_cmpuint (n_reports, ==, 1);
  tend_set_unobserved_func (NULL, NULL, NULL);
  assert_notes ("1@0 2@100 3@300");
}

static TendTask *
no_attempt_cb (guint    attempt,
               gpointer data)
{
  return NULL;
}

static void
test_no_task_fails_it (Work          *work,
                       gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", no_attempt_cb, work, work_destroyed_cb);

  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message, " gave up at attempt 1"));
  assert_all_gone (work, task, retry);
}

static TendTask *
foreign_attempt_cb (guint    attempt,
                    gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  TendTask *task;

  g_main_context_push_thread_default (context);
  task = tend_task_new_open (NULL, complete_body, NULL, NULL);
  g_main_context_pop_thread_default (context);
  return task;
}

static void
test_task_of_another_context_fails_it (Work          *work,
                                       gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", foreign_attempt_cb, work, work_destroyed_cb);

  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  assert_all_gone (work, task, retry);
}

/* --- The deadline --- */

static void
test_deadline_ends_the_attempt (Work          *work,
                                gconstpointer  unused)
{
  TendRetry *retry = new_retry (0);
  TendTask *task;

  work->kind = FIBER;
  work->duration = SECOND;
  work->n_failures = 10;
  tend_retry_set_timeout (retry, 3 * SECOND);
  task = run (work, retry);
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 3 * SECOND);
  assert_notes ("1@0 2@1100 3@2300 interrupted");
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message,
                                   " ran out of time in attempt 3; the one before: Refused 2"));
  assert_all_gone (work, task, retry);
}

static void
test_no_wait_beyond_the_deadline (Work          *work,
                                  gconstpointer  unused)
{
  TendRetry *retry = new_retry (0);
  TendTask *task;

  work->n_failures = 10;
  tend_retry_set_timeout (retry, 700 * MSEC);
  task = run (work, retry);
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 300 * MSEC);
  assert_notes ("1@0 2@100 3@300");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                "Refused 3 (after 3 attempts, with no time left for another)");
  assert_all_gone (work, task, retry);
}

static void
test_deadline_of_the_task_counts (Work          *work,
                                  gconstpointer  unused)
{
  TendRetry *retry = new_retry (0);
  TendTask *task = tend_retry_create_task (retry, NULL, attempt_cb, work, work_destroyed_cb);

  work->kind = FIBER;
  work->duration = SECOND;
  work->n_failures = 10;
  tend_task_set_deadline (task, work->begin + SECOND + SECOND / 2);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, SECOND + SECOND / 2);
  assert_notes ("1@0 2@1100 interrupted");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_all_gone (work, task, retry);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/retry/predicate-decides", test_predicate_decides);
  add_test ("/tend/retry/predicate-replaces-itself", test_predicate_replaces_itself);
  add_test ("/tend/retry/errors-are-told-once", test_errors_are_told_once);
  add_test ("/tend/retry/no-task-fails-it", test_no_task_fails_it);
  add_test ("/tend/retry/task-of-another-context-fails-it", test_task_of_another_context_fails_it);
  add_test ("/tend/retry/deadline-ends-the-attempt", test_deadline_ends_the_attempt);
  add_test ("/tend/retry/no-wait-beyond-the-deadline", test_no_wait_beyond_the_deadline);
  add_test ("/tend/retry/deadline-of-the-task-counts", test_deadline_of_the_task_counts);

  return g_test_run ();
}
