// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of retries share: work that fails so many times, in attempts of any kind.

#pragma once

#include "../task/common.h"

#define MSEC ((gint64) G_TIME_SPAN_MILLISECOND)

/* --- Work --- */

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

/* --- Attempts of each kind --- */

static gboolean
callback_body (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  if (does_fail (data, error))
    return FALSE;

  tend_task_return_int (task, 42);
  return TRUE;
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
  tend_task_add_timer (task, 0, -1, complete_cb, completion, g_object_unref);
  return task;
}

static TendTask *
new_attempt (Work *work)
{
  switch (work->kind)
    {
    case CALLBACK:
      return tend_task_new_open (NULL, callback_body, work, NULL);
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

/* --- Retries --- */

G_GNUC_UNUSED
static TendRetry *
new_retry (guint max_attempts)
{
  TendRetry *retry = tend_retry_new (max_attempts);

  tend_retry_set_back_off (retry, 100 * MSEC, SECOND, 2.0);
  return retry;
}

G_GNUC_UNUSED
static TendTask *
run (Work      *work,
     TendRetry *retry)
{
  return tend_retry_run (retry, "try", attempt_cb, work, work_destroyed_cb);
}

G_GNUC_UNUSED
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

G_GNUC_UNUSED
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

G_GNUC_UNUSED
static void
add_test (const char *path,
          void     (* test) (Work          *work,
                             gconstpointer  unused))
{
  g_test_add (path, Work, NULL, set_up, test, tear_down);
}
