// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Trying again: how often, how soon, for which errors, and what becomes of the attempts.

#include "../task/common.h"

#define MSEC ((gint64) G_TIME_SPAN_MILLISECOND)

typedef enum
{
  CALLBACK,
  FIBER,
  THREAD,
  ASYNC,
  COMPLETION,
  N_KINDS,
} Kind;

/* Fails @n_failures times, then gives 42, in tasks of one kind. */
typedef struct
{
  Kind       kind;
  guint      n_failures;
  guint      n_attempts;
  guint      n_alive;       /* attempts that have not been finalized */
  guint      n_destroyed;
  gint64     duration;      /* of an attempt, where the kind can wait */
  TendClock *clock;
  gint64     begin;
  TendTask  *task;          /* that tries, if somebody must know; not a reference */
} Work;

static void
set_up (Work          *work,
        gconstpointer  unused)
{
  work->clock = tend_clock_freeze (NULL);
  work->begin = tend_clock_get_time (work->clock);
}

static void
tear_down (Work          *work,
           gconstpointer  unused)
{
  settle ();
  g_assert_cmpuint (work->n_alive, ==, 0);
  g_assert_finalize_object (work->clock);
}

static void
attempt_gone_cb (gpointer  data,
                 GObject  *object)
{
  ((Work *) data)->n_alive--;
}

static void
work_destroyed_cb (gpointer data)
{
  ((Work *) data)->n_destroyed++;
}

static gboolean
does_fail (Work    *work,
           GError **error)
{
  if (work->n_attempts > work->n_failures)
    return FALSE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Refused %u", work->n_attempts);
  return TRUE;
}

static void
callback_body (TendTask *task,
               gpointer  data)
{
  GError *error = NULL;

  if (does_fail (data, &error))
    tend_task_return_error (task, error);
  else
    tend_task_return_int (task, 42);
}

static gboolean
work_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  if (does_fail (data, error))
    return FALSE;

  tend_task_return_int (task, 42);
  return TRUE;
}

static gboolean
fiber_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Work *work = data;

  if (work->duration > 0 && !tend_sleep (work->duration, error))
    {
      note ("interrupted");
      return FALSE;
    }

  return work_body (task, data, error);
}

static void
async_body (TendTask            *task,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             data)
{
  g_autoptr(GTask) result = g_task_new (task, cancellable, callback, callback_data);

  g_task_return_boolean (result, TRUE);
}

static gboolean
async_finish (TendTask      *task,
              GAsyncResult  *result,
              gpointer       data,
              GError       **error)
{
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));

  return work_body (task, data, error);
}

static gboolean
complete_cb (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  TendCompletion *completion = data;
  Work *work = g_object_get_data (G_OBJECT (completion), "work");
  g_autoptr(GError) reason = NULL;

  if (does_fail (work, &reason))
    tend_completion_set_error (completion, reason, NULL);
  else
    tend_completion_set_int (completion, 42, NULL);
  return FALSE;
}

static TendTask *
new_completion_task (Work *work)
{
  TendCompletion *completion = tend_completion_new (NULL);
  TendTask *task = g_object_ref (tend_completion_get_task (completion));

  g_object_set_data (G_OBJECT (completion), "work", work);
  tend_task_add_timer (task, 0, 0, complete_cb, completion, g_object_unref);
  return task;
}

static TendTask *
new_attempt (Work *work)
{
  switch (work->kind)
    {
    case CALLBACK:
      return tend_task_new (NULL, callback_body, work, NULL);
    case FIBER:
      return tend_task_run_fiber (NULL, fiber_body, work, NULL);
    case THREAD:
      return tend_task_new_thread (NULL, work_body, work, NULL);
    case ASYNC:
      return tend_task_new_async (NULL, async_body, async_finish, work, NULL);
    case COMPLETION:
      return new_completion_task (work);
    case N_KINDS:
    default:
      g_assert_not_reached ();
    }
}

static TendTask *
attempt_cb (guint    attempt,
            gpointer data)
{
  Work *work = data;
  TendTask *task;

  /* One at a time, and none while another's body runs. */
  g_assert_cmpuint (attempt, ==, ++work->n_attempts);
  g_assert_cmpuint (work->n_alive, ==, 0);
  note ("%u@%d", attempt, (int) ((tend_clock_get_time (work->clock) - work->begin) / MSEC));

  task = new_attempt (work);
  work->n_alive++;
  g_object_weak_ref (G_OBJECT (task), attempt_gone_cb, work);
  return task;
}

static TendRetry *
new_retry (guint max_attempts)
{
  TendRetry *retry = tend_retry_new (max_attempts);

  tend_retry_set_back_off (retry, 100 * MSEC, SECOND, 2.0);
  return retry;
}

static TendTask *
run (Work      *work,
     TendRetry *retry)
{
  return tend_retry_run (retry, "try", attempt_cb, work, work_destroyed_cb);
}

static void
assert_all_gone (Work      *work,
                 TendTask  *task,
                 TendRetry *retry)
{
  settle ();
  g_assert_cmpuint (work->n_destroyed, ==, 1);
  g_assert_finalize_object (task);
  g_assert_finalize_object (retry);
}

static void
assert_error (TendTask   *task,
              GQuark      domain,
              int         code,
              const char *message)
{
  const GError *error = tend_task_get_error (task);

  g_assert_error (error, domain, code);
  g_assert_cmpstr (error->message, ==, message);
}

/* --- Attempts --- */

static void
test_first_success_ends_it (Work          *work,
                            gconstpointer  unused)
{
  TendRetry *retry = new_retry (5);
  TendTask *task = run (work, retry);

  assert_notes ("1@0");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
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
  tend_clock_run_until_idle (work->clock);
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
  tend_clock_run_until_idle (work->clock);
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
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
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
      tend_clock_run_until_idle (work->clock);
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
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
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
  tend_clock_run_until_idle (work->clock);
  assert_notes ("1@0 attempt 1 of 4(0.00) 2@100 attempt 2 of 4(0.25) 3@300 attempt 3 of 4(0.50)");
  assert_all_gone (work, task, retry);
}

/* The result is passed on as it is: none, too. */
static TendTask *
complete_attempt_cb (guint    attempt,
                     gpointer data)
{
  return tend_task_new (NULL, complete_body, NULL, NULL);
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
  tend_retry_set_deadline (retry, SECOND / 2);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (work->clock, 10 * SECOND);
  assert_status (task, "running");
  tend_task_cancel (task);
  assert_status (task, "cancelled");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
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
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), <=, (100 + 200 + 400 + 800) * MSEC);
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
      waited = tend_clock_run_until_idle (work->clock);
      g_assert_cmpint (waited, >=, SECOND * 3 / 4);
      g_assert_cmpint (waited, <=, SECOND);
      assert_all_gone (work, task, retry);
    }
  g_string_free (g_steal_pointer (&notes), TRUE);
}

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
  tend_clock_run_until_idle (work->clock);
  assert_notes ("1@0 Refused 1? 2@100 Refused 2?");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Refused 2 (after 2 attempts)");
  g_assert_cmpint (n_destroyed, ==, 0);
  assert_all_gone (work, task, retry);
  g_assert_cmpint (n_destroyed, ==, 1);
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
  tend_clock_run_until_idle (work->clock);
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
  g_assert_error (tend_task_get_error (task), TEND_TASK_ERROR, TEND_TASK_ERROR_STATE);
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message, " was given no task for attempt 1"));
  assert_all_gone (work, task, retry);
}

static TendTask *
foreign_attempt_cb (guint    attempt,
                    gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  TendTask *task;

  g_main_context_push_thread_default (context);
  task = tend_task_new (NULL, complete_body, NULL, NULL);
  g_main_context_pop_thread_default (context);
  return task;
}

static void
test_task_of_another_context_fails_it (Work          *work,
                                       gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", foreign_attempt_cb, work, work_destroyed_cb);

  g_assert_error (tend_task_get_error (task), TEND_TASK_ERROR, TEND_TASK_ERROR_WRONG_THREAD);
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
  tend_retry_set_deadline (retry, 3 * SECOND);
  task = run (work, retry);
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 3 * SECOND);
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
  tend_retry_set_deadline (retry, 700 * MSEC);
  task = run (work, retry);
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 300 * MSEC);
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
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, SECOND + SECOND / 2);
  assert_notes ("1@0 2@1100 interrupted");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_all_gone (work, task, retry);
}

/* --- Cancelling and stopping --- */

static gboolean
stubborn_body (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  if (!tend_sleep (10 * SECOND, error))
    {
      tend_shield_push ();
      note ("cleaning");
      g_assert_true (tend_sleep (SECOND, NULL));
      note ("clean");
      tend_shield_pop ();
      return FALSE;
    }

  return TRUE;
}

static TendTask *
stubborn_cb (guint    attempt,
             gpointer data)
{
  return tend_task_new_fiber (NULL, stubborn_body, NULL, NULL);
}

static void
test_cancel_waits_for_the_attempt (Work          *work,
                                   gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", stubborn_cb, work, work_destroyed_cb);

  tend_clock_advance (work->clock, SECOND);
  tend_task_cancel (task);
  tend_clock_advance (work->clock, SECOND / 2);
  assert_status (task, "running");
  assert_notes ("cleaning");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, SECOND / 2);
  assert_notes ("clean");
  assert_status (task, "cancelled");
  assert_all_gone (work, task, retry);
}

static void
test_cancel_while_it_waits (Work          *work,
                            gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendCancellable *cancellable = tend_cancellable_new ();
  TendTask *task;

  work->n_failures = 10;
  task = run (work, retry);
  tend_task_add_cancellable (task, G_CANCELLABLE (cancellable));
  tend_clock_advance (work->clock, 150 * MSEC);
  tend_cancellable_cancel_with_reason (cancellable, "enough");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
  assert_notes ("1@0 2@100");
  assert_status (task, "cancelled");
  g_assert_true (g_str_has_suffix (tend_task_get_error (task)->message, ") was cancelled: enough"));
  assert_all_gone (work, task, retry);
  g_assert_finalize_object (cancellable);
}

/* A clean-up that fails is told. */
static gboolean
fail_cleaning_body (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  if (!tend_sleep (10 * SECOND, NULL))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Full");
  return FALSE;
}

static TendTask *
fail_cleaning_cb (guint    attempt,
                  gpointer data)
{
  return tend_task_new_fiber (NULL, fail_cleaning_body, NULL, NULL);
}

static void
test_error_of_a_cancelled_attempt_is_told (Work          *work,
                                           gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", fail_cleaning_cb, work, work_destroyed_cb);

  tend_task_cancel (task);
  settle ();
  assert_status (task, "failed");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Full (after 1 attempt)");
  assert_all_gone (work, task, retry);
}

static void
test_stop_stops_the_attempt (Work          *work,
                             gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  work->kind = FIBER;
  work->duration = SECOND;
  task = run (work, retry);
  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
  assert_notes ("1@0 interrupted");
  assert_all_gone (work, task, retry);

  retry = new_retry (3);
  work->kind = CALLBACK;
  work->n_attempts = work->n_destroyed = 0;
  work->n_failures = 10;
  work->begin = tend_clock_get_time (work->clock);
  task = run (work, retry);
  settle ();
  tend_task_stop (task);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
  assert_notes ("1@0");
  assert_all_gone (work, task, retry);
}

static int is_thread_let_go;    /* atomic */

static gboolean
deaf_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  while (!g_atomic_int_get (&is_thread_let_go))
    g_thread_yield ();
  return TRUE;
}

static TendTask *
deaf_cb (guint    attempt,
         gpointer data)
{
  return tend_task_new_thread (NULL, deaf_body, NULL, NULL);
}

/* It has ended, but is released no earlier than the thread returns. */
static void
test_stop_waits_for_the_thread (Work          *work,
                                gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", deaf_cb, work, work_destroyed_cb);

  tend_task_stop (task);
  settle ();
  assert_status (task, "stopped");
  g_assert_cmpuint (work->n_destroyed, ==, 0);
  g_atomic_int_set (&is_thread_let_go, TRUE);
  tend_clock_run_until_idle (work->clock);
  assert_all_gone (work, task, retry);
}

/* Somebody else ends the attempt: that is no failure to try again after. */
static TendTask *the_attempt;

static TendTask *
known_cb (guint    attempt,
          gpointer data)
{
  g_assert_cmpuint (attempt, ==, 1);
  the_attempt = tend_task_new ("attempt", idle_body, NULL, NULL);
  return the_attempt;
}

static void
test_attempt_ended_by_others_ends_it (Work          *work,
                                      gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", known_cb, work, work_destroyed_cb);

  tend_task_stop (the_attempt);
  settle ();
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), TEND_TASK_ERROR, TEND_TASK_ERROR_STOPPED);
  assert_all_gone (work, task, retry);

  retry = new_retry (3);
  work->n_destroyed = 0;
  task = tend_retry_run (retry, "try", known_cb, work, work_destroyed_cb);
  tend_task_return_new_error (the_attempt, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Not now");
  settle ();
  assert_status (task, "cancelled");
  assert_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Not now (after 1 attempt)");
  assert_all_gone (work, task, retry);
}

static TendTask *
end_task_cb (guint    attempt,
             gpointer data)
{
  Work *work = data;
  TendTask *task = tend_task_get_current ();

  if (work->kind == CALLBACK)
    tend_task_cancel (task);
  else
    tend_task_stop (task);
  g_assert_cmpuint (work->n_destroyed, ==, 0);

  return tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
}

static void
test_function_may_end_its_task (Work          *work,
                                gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task = tend_retry_run (retry, "try", end_task_cb, work, work_destroyed_cb);

  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
  assert_status (task, "cancelled");
  assert_notes ("interrupted");
  assert_all_gone (work, task, retry);

  retry = new_retry (3);
  work->n_destroyed = 0;
  work->kind = FIBER;
  task = tend_retry_run (retry, "try", end_task_cb, work, work_destroyed_cb);
  assert_status (task, "stopped");
  g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
  assert_notes ("interrupted");
  assert_all_gone (work, task, retry);
}

static gboolean
ending_predicate_cb (TendTask     *task,
                     guint         attempt,
                     const GError *error,
                     gpointer      data)
{
  if (GPOINTER_TO_INT (data))
    tend_task_stop (task);
  else
    tend_task_cancel (task);
  return TRUE;
}

static void
test_predicate_may_end_the_task (Work          *work,
                                 gconstpointer  unused)
{
  for (int stops = 0; stops < 2; stops++)
    {
      TendRetry *retry = new_retry (3);
      TendTask *task;

      work->n_attempts = work->n_destroyed = 0;
      work->n_failures = 10;
      work->begin = tend_clock_get_time (work->clock);
      tend_retry_set_predicate (retry, ending_predicate_cb, GINT_TO_POINTER (stops), NULL);
      task = run (work, retry);
      g_assert_cmpint (tend_clock_run_until_idle (work->clock), ==, 0);
      assert_status (task, stops ? "stopped" : "cancelled");
      assert_notes ("1@0");
      assert_all_gone (work, task, retry);
    }
}

/* While it is paused the wait stands still. */
static void
test_pause_holds_the_wait (Work          *work,
                           gconstpointer  unused)
{
  TendRetry *retry = new_retry (3);
  TendTask *task;

  work->n_failures = 1;
  task = run (work, retry);
  tend_clock_advance (work->clock, 50 * MSEC);
  tend_task_pause (task);
  tend_clock_advance (work->clock, SECOND);
  assert_notes ("1@0");
  tend_task_resume (task);
  tend_clock_run_until_idle (work->clock);
  assert_notes ("2@1100");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  assert_all_gone (work, task, retry);
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
  tend_clock_run_until_idle (work->clock);
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
  g_assert_true (tend_task_manager_register_task (manager, task, &error));
  g_assert_no_error (error);
  assert_notes ("");
  tend_clock_run_until_idle (work->clock);
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
  expect_critical ("*usec > 0*");
  tend_retry_set_deadline (retry, 0);
  g_test_assert_expected_messages ();
  g_assert_finalize_object (retry);
}

static void
add_test (const char *path,
          void     (* test) (Work          *work,
                             gconstpointer  unused))
{
  g_test_add (path, Work, NULL, set_up, test, tear_down);
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
  add_test ("/tend/retry/predicate-decides", test_predicate_decides);
  add_test ("/tend/retry/errors-are-told-once", test_errors_are_told_once);
  add_test ("/tend/retry/no-task-fails-it", test_no_task_fails_it);
  add_test ("/tend/retry/task-of-another-context-fails-it", test_task_of_another_context_fails_it);
  add_test ("/tend/retry/deadline-ends-the-attempt", test_deadline_ends_the_attempt);
  add_test ("/tend/retry/no-wait-beyond-the-deadline", test_no_wait_beyond_the_deadline);
  add_test ("/tend/retry/deadline-of-the-task-counts", test_deadline_of_the_task_counts);
  add_test ("/tend/retry/cancel-waits-for-the-attempt", test_cancel_waits_for_the_attempt);
  add_test ("/tend/retry/cancel-while-it-waits", test_cancel_while_it_waits);
  add_test ("/tend/retry/error-of-a-cancelled-attempt-is-told", test_error_of_a_cancelled_attempt_is_told);
  add_test ("/tend/retry/stop-stops-the-attempt", test_stop_stops_the_attempt);
  add_test ("/tend/retry/stop-waits-for-the-thread", test_stop_waits_for_the_thread);
  add_test ("/tend/retry/attempt-ended-by-others-ends-it", test_attempt_ended_by_others_ends_it);
  add_test ("/tend/retry/function-may-end-its-task", test_function_may_end_its_task);
  add_test ("/tend/retry/predicate-may-end-the-task", test_predicate_may_end_the_task);
  add_test ("/tend/retry/pause-holds-the-wait", test_pause_holds_the_wait);
  add_test ("/tend/retry/fiber-awaits-it", test_fiber_awaits_it);
  add_test ("/tend/retry/manager-runs-it", test_manager_runs_it);
  add_test ("/tend/retry/refuses-nonsense", test_refuses_nonsense);

  return g_test_run ();
}
