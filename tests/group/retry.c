// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Trying again: how often and how soon, with any kind of body, and among others.

#include "retry.h"

/* --- Attempts --- */

static void
test_first_success_ends_it (Work          *work,
                            gconstpointer  unused)
{
  TendRetry *retry = new_retry (5);
  TendTask *task = run (work, retry);

  assert_notes ("1@0");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_status (task, "completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  assert_notes ("");
  assert_all_gone (work, task, retry);
}

static void
test_waits_grow_up_to_the_longest (Work          *work,
                                   gconstpointer  unused)
{
  TendRetry *retry = new_retry (8);
  TendTask *task;

  work->n_failures = 7;
  task = run (work, retry);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0 2@100 3@300 4@700 5@1500 6@2500 7@3500 8@4500");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  assert_all_gone (work, task, retry);
}

static void
test_last_error_says_after_how_many (Work          *work,
                                     gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  work->n_failures = 10;
  task = run (work, retry);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0 2@100 3@300");
  assert_status (task, "failed");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Refused 3 (after 3 attempts)");
  assert_all_gone (work, task, retry);
}

static void
test_one_attempt_is_no_retry (Work          *work,
                              gconstpointer  unused)
{
  TendRetry *retry = new_retry (1);
  TendTask *task;

  work->n_failures = 1;
  task = run (work, retry);
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_notes ("1@0");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Refused 1 (after 1 attempt)");
  assert_all_gone (work, task, retry);
}

static void
test_any_kind_of_body (Work          *work,
                       gconstpointer  unused)
{
  for (work->kind = CALLBACK; work->kind < N_KINDS; work->kind++)
    {
      TendRetry *retry = new_retry (0);
      TendTask *task;

      work->n_attempts = work->n_destroyed = 0;
      work->n_failures = 2;
      work->begin = tend_clock_get_time (work->clock);
      task = run (work, retry);
      tend_clock_run_until_idle (work->clock, NULL);
      assert_notes ("1@0 2@100 3@300");
      g_assert_cmpint (tend_task_get_int (task), ==, 42);
      assert_all_gone (work, task, retry);
    }
}

/* Equal waits without end, and none at all. */
static void
test_without_limit (Work          *work,
                    gconstpointer  unused)
{
  TendRetry *retry = tend_retry_new (0);
  TendTask *task;

  tend_retry_set_back_off (retry, 0, 0, 1.0);
  work->n_failures = 1000;
  task = run (work, retry);
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  g_assert_cmpuint (work->n_attempts, ==, 1001);
  g_string_free (g_steal_pointer (&notes), TRUE);
  assert_all_gone (work, task, retry);
}

static void
note_progress_cb (GObject    *object,
                  GParamSpec *pspec,
                  gpointer    data)
{
  g_autofree char *message = tend_task_dup_message (TEND_TASK (object));

  note ("%s(%.2f)", message, tend_task_get_progress (TEND_TASK (object)));
}

static void
test_progress_says_which_attempt (Work          *work,
                                  gconstpointer  unused)
{
  TendRetry *retry = new_retry (4);
  TendTask *task = tend_retry_create_task (retry, NULL, attempt_cb, work, work_destroyed_cb);

  work->n_failures = 2;
  assert_status (task, "created");
  g_signal_connect (task, "notify::message", G_CALLBACK (note_progress_cb), NULL);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0 attempt 1 of 4(0.00) 2@100 attempt 2 of 4(0.25) 3@300 attempt 3 of 4(0.50)");
  assert_all_gone (work, task, retry);
}

/* The result is passed on as it is: none, too. */
static TendTask *
complete_attempt_cb (guint    attempt,
                     gpointer data)
{
  return tend_task_new_open (NULL, complete_body, NULL, NULL);
}

static void
test_result_may_be_none (Work          *work,
                         gconstpointer  unused)
{
  TendRetry *retry = new_retry (2);
  TendTask *task = tend_retry_run (retry, NULL, complete_attempt_cb, work, work_destroyed_cb);
  g_autoptr(GError) error = NULL;

  settle ();
  assert_status (task, "completed");
  g_assert_null (tend_task_get_result (task, &error));
  g_assert_no_error (error);
  assert_all_gone (work, task, retry);
}

/* As any body, it may run again and again. */
static void
test_interval_tries_anew_each_time (Work          *work,
                                    gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_create_task (retry, NULL, complete_attempt_cb, work, work_destroyed_cb);

  tend_task_set_interval (task, SECOND);
  tend_retry_set_timeout (retry, SECOND / 2);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (work->clock, 10 * SECOND, NULL);
  assert_status (task, "running");
  tend_task_cancel (task);
  assert_status (task, "cancelled");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), ==, 0);
  assert_all_gone (work, task, retry);
}

static void
test_never_started_leaves_nothing (Work          *work,
                                   gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_create_task (retry, NULL, attempt_cb, work, work_destroyed_cb);

  g_assert_finalize_object (task);
  g_assert_cmpuint (work->n_destroyed, ==, 1);
  g_assert_finalize_object (retry);
}

/* --- Chance --- */

static char *
notes_with_seed (Work    *work,
                 double   jitter,
                 guint32  seed)
{
  TendRetry *retry = new_retry (0);
  TendTask *task;

  tend_retry_set_jitter (retry, jitter);
  tend_retry_set_seed (retry, seed);
  work->n_attempts = work->n_destroyed = 0;
  work->n_failures = 4;
  work->begin = tend_clock_get_time (work->clock);
  task = run (work, retry);
  g_assert_cmpint (tend_clock_run_until_idle (work->clock, NULL), <=, (100 + 200 + 400 + 800) * MSEC);
  assert_all_gone (work, task, retry);

  return g_string_free (g_steal_pointer (&notes), FALSE);
}

static void
test_chance_shortens_the_waits (Work          *work,
                                gconstpointer  unused)
{
  g_autofree char *none = notes_with_seed (work, 0.0, 1);
  g_autofree char *some = notes_with_seed (work, 1.0, 1);
  g_autofree char *same = notes_with_seed (work, 1.0, 1);
  g_autofree char *other = notes_with_seed (work, 1.0, 2);

  g_assert_cmpstr (none, ==, "1@0 2@100 3@300 4@700 5@1500");
  g_assert_cmpstr (some, !=, none);
  g_assert_cmpstr (some, ==, same);
  g_assert_cmpstr (some, !=, other);
}

static void
test_chance_takes_no_more_than_its_part (Work          *work,
                                         gconstpointer  unused)
{
  for (guint i = 0; i < 100; i++)
    {
      TendRetry *retry = tend_retry_new (2);
      TendTask *task;
      gint64 waited;

      tend_retry_set_back_off (retry, SECOND, SECOND, 1.0);
      tend_retry_set_jitter (retry, 0.25);
      work->n_attempts = work->n_destroyed = 0;
      work->n_failures = 1;
      task = run (work, retry);
      waited = tend_clock_run_until_idle (work->clock, NULL);
      g_assert_cmpint (waited, >=, SECOND * 3 / 4);
      g_assert_cmpint (waited, <=, SECOND);
      assert_all_gone (work, task, retry);
    }
  g_string_free (g_steal_pointer (&notes), TRUE);
}

/* --- With others --- */

static gboolean
await_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  g_autoptr(TendRetry) retry = new_retry (3);
  g_autoptr(TendTask) inner = tend_retry_run (retry, NULL, attempt_cb, data, work_destroyed_cb);

  return tend_await (inner, error);
}

static void
test_fiber_awaits_it (Work          *work,
                      gconstpointer  unused)
{
  TendTask *fiber;

  work->n_failures = 1;
  fiber = tend_task_run_fiber (NULL, await_body, work, NULL);
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0 2@100");
  assert_status (fiber, "completed");
  g_assert_cmpuint (work->n_destroyed, ==, 1);
  assert_gone (fiber);
}

static void
test_manager_runs_it (Work          *work,
                      gconstpointer  unused)
{
  TendTaskManager *manager = tend_task_manager_new ();
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_create_task (retry, "try", attempt_cb, work, work_destroyed_cb);
  g_autoptr(GError) error = NULL;

  work->n_failures = 1;
  g_assert_true (tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error));
  g_assert_no_error (error);
  assert_notes ("");
  tend_clock_run_until_idle (work->clock, NULL);
  assert_notes ("1@0 2@100");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  g_assert_finalize_object (manager);
  assert_all_gone (work, task, retry);
}

static void
test_refuses_nonsense (Work          *work,
                       gconstpointer  unused)
{
  TendRetry *retry = tend_retry_new (1);

  expect_critical ("*first >= 0*");
  tend_retry_set_back_off (retry, -1, 0, 1.0);
  expect_critical ("*most >= first*");
  tend_retry_set_back_off (retry, 2, 1, 1.0);
  expect_critical ("*factor >= 1.0*");
  tend_retry_set_back_off (retry, 1, 1, 0.5);
  expect_critical ("*fraction <= 1.0*");
  tend_retry_set_jitter (retry, 1.1);
  expect_critical ("*timeout > 0*");
  tend_retry_set_timeout (retry, 0);
  g_test_assert_expected_messages ();
  g_assert_finalize_object (retry);
}

/* --- Properties --- */

static void
note_count_cb (GObject    *object,
               GParamSpec *pspec,
               gpointer    data)
{
  ++*(guint *) data;
}

static void
assert_notified (TendRetry  *retry,
                 const char *name,
                 guint      *n)
{
  if (*n != 1)
    g_error ("%s was notified %u times", name, *n);
  *n = 0;
  g_signal_handlers_disconnect_by_func (retry, note_count_cb, n);
}

static void
expect (TendRetry  *retry,
        const char *name,
        guint      *n)
{
  g_autofree char *signal = g_strdup_printf ("notify::%s", name);

  g_signal_connect (retry, signal, G_CALLBACK (note_count_cb), n);
}

static void
test_properties (Work          *work,
                 gconstpointer  unused)
{
  g_autoptr(TendRetry) retry = tend_retry_new (3);
  guint max_attempts, n = 0;
  gint64 first, most, timeout, seed;
  double factor, jitter;

  g_object_get (retry, "max-attempts", &max_attempts, "first-wait", &first, "longest-wait", &most, "factor", &factor,
                "jitter", &jitter, "timeout", &timeout, "seed", &seed, NULL);
  g_assert_true (max_attempts == 3 && first == 100 * G_TIME_SPAN_MILLISECOND && most == 30 * G_TIME_SPAN_SECOND);
  g_assert_true (factor == 2.0 && jitter == 0.0 && timeout == G_MAXINT64 && seed == -1);

  expect (retry, "max-attempts", &n);
  g_object_set (retry, "max-attempts", 5, NULL);
  g_object_set (retry, "max-attempts", 5, NULL);
  g_assert_cmpuint (tend_retry_get_max_attempts (retry), ==, 5);
  assert_notified (retry, "max-attempts", &n);

  expect (retry, "jitter", &n);
  g_object_set (retry, "jitter", 0.5, NULL);
  tend_retry_set_jitter (retry, 0.5);
  g_assert_cmpfloat (tend_retry_get_jitter (retry), ==, 0.5);
  assert_notified (retry, "jitter", &n);

  expect (retry, "timeout", &n);
  g_object_set (retry, "timeout", G_GINT64_CONSTANT (7), NULL);
  tend_retry_set_timeout (retry, 7);
  g_assert_cmpint (tend_retry_get_timeout (retry), ==, 7);
  assert_notified (retry, "timeout", &n);

  expect (retry, "seed", &n);
  tend_retry_set_seed (retry, G_MAXUINT32);
  tend_retry_set_seed (retry, G_MAXUINT32);
  g_object_get (retry, "seed", &seed, NULL);
  g_assert_cmpint (seed, ==, G_MAXUINT32);
  g_object_set (retry, "seed", G_GINT64_CONSTANT (-1), NULL);
  g_object_get (retry, "seed", &seed, NULL);
  g_assert_cmpint (seed, ==, -1);
  n--;
  assert_notified (retry, "seed", &n);

  expect (retry, "longest-wait", &n);
  tend_retry_set_back_off (retry, 1, 2, 3.0);
  tend_retry_set_back_off (retry, 1, 2, 3.0);
  g_assert_cmpfloat (tend_retry_get_back_off (retry, &first, &most), ==, 3.0);
  g_assert_true (first == 1 && most == 2);
  g_assert_cmpfloat (tend_retry_get_back_off (retry, NULL, NULL), ==, 3.0);
  assert_notified (retry, "longest-wait", &n);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/retry/first-success-ends-it", test_first_success_ends_it);
  add_test ("/tend/retry/waits-grow-up-to-the-longest", test_waits_grow_up_to_the_longest);
  add_test ("/tend/retry/last-error-says-after-how-many", test_last_error_says_after_how_many);
  add_test ("/tend/retry/one-attempt-is-no-retry", test_one_attempt_is_no_retry);
  add_test ("/tend/retry/any-kind-of-body", test_any_kind_of_body);
  add_test ("/tend/retry/without-limit", test_without_limit);
  add_test ("/tend/retry/progress-says-which-attempt", test_progress_says_which_attempt);
  add_test ("/tend/retry/result-may-be-none", test_result_may_be_none);
  add_test ("/tend/retry/interval-tries-anew-each-time", test_interval_tries_anew_each_time);
  add_test ("/tend/retry/never-started-leaves-nothing", test_never_started_leaves_nothing);
  add_test ("/tend/retry/chance-shortens-the-waits", test_chance_shortens_the_waits);
  add_test ("/tend/retry/chance-takes-no-more-than-its-part", test_chance_takes_no_more_than_its_part);
  add_test ("/tend/retry/fiber-awaits-it", test_fiber_awaits_it);
  add_test ("/tend/retry/manager-runs-it", test_manager_runs_it);
  add_test ("/tend/retry/properties", test_properties);
  add_test ("/tend/retry/refuses-nonsense", test_refuses_nonsense);

  return g_test_run ();
}
