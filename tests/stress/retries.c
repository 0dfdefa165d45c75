// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Retries, whose tasks try until they succeed, while any thread drops the retries and the tasks, and cancels
// and stops the tasks and their attempts. The data of every run, predicate and attempt are freed once and
// at home, and each wait ends once.

#include "stress.h"

static Rack retries = { .drop = g_object_unref };
static Rack tasks = { .drop = g_object_unref };     /* of runs, and attempts */

/* --- Attempts --- */

static gboolean
open_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  return TRUE;
}

static gboolean
returning_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  if (pick (me, 4) != 0)
    tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
  else
    tend_task_return_int (task, 1);

  return TRUE;
}

static gboolean
sleeping_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  if (!tend_sleep (pick (me, 500), error))
    return FALSE;
  if (pick (me, 4) == 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
  return FALSE;
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  if (tend_task_get_id (task) % 4 == 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
  return FALSE;
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Too late");
  return FALSE;
}

/* Some attempts can be reached from elsewhere, and some are no task at all. */
static TendTask *
attempt_cb (guint    attempt,
            gpointer user_data)
{
  Worker *home = ((Ticket *) user_data)->home;
  Ticket *ticket = ticket_new ("attempt", home);
  TendTask *task = NULL;

  g_assert_true (home == me);
  switch (pick (me, 10))
    {
    case 0:
      ticket_end (ticket);
      return NULL;
    case 1:
      task = tend_task_new_thread (NULL, thread_body, ticket, ticket_end);
      break;
    case 2:
    case 3:
      task = tend_task_new_fiber (NULL, sleeping_body, ticket, ticket_end);
      break;
    case 4:
    case 5:
      task = tend_task_new_open (NULL, open_body, ticket, ticket_end);
      tend_task_add_timer (task, pick (me, 1000), -1, end_cb, ticket_new ("timer", home), ticket_end);
      break;
    default:
      task = tend_task_new_open (NULL, returning_body, ticket, ticket_end);
    }
  if (pick (me, 4) == 0)
    rack_put (&tasks, home, g_object_ref (task));

  return task;
}

static gboolean
predicate_cb (TendTask     *task,
              guint         attempt,
              const GError *error,
              gpointer      user_data)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  g_assert_nonnull (error);
  return attempt < 5;
}

/* --- At home --- */

static void
tried_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  ticket_end (user_data);
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    g_assert_nonnull (error);
}

static void
change (Worker    *worker,
        TendRetry *retry)
{
  switch (pick (worker, 4))
    {
    case 0:
      tend_retry_set_back_off (retry, pick (worker, 200), pick (worker, 1000) + 200, 1 + pick (worker, 2));
      break;
    case 1:
      tend_retry_set_jitter (retry, pick (worker, 2));
      break;
    case 2:
      tend_retry_set_predicate (retry, NULL, NULL, NULL);
      break;
    default:
      tend_retry_set_predicate (retry, predicate_cb, ticket_new ("predicate", worker), ticket_end);
    }
}

static gboolean
make (Worker *worker)
{
  TendRetry *retry = tend_retry_new (pick (worker, 5));

  ticket_watch (retry, "retry", worker);
  tend_retry_set_back_off (retry, pick (worker, 200), 1000, 2);
  tend_retry_set_timeout (retry, 1 + pick (worker, 5000));
  change (worker, retry);
  rack_put (&retries, worker, retry);
  return TRUE;
}

static gboolean
change_one (Worker *worker)
{
  TendRetry *retry = rack_take (&retries, worker);

  if (retry == NULL)
    return FALSE;

  change (worker, retry);
  rack_put (&retries, worker, retry);
  return TRUE;
}

static gboolean
run (Worker *worker)
{
  TendRetry *retry = rack_take (&retries, worker);
  TendTask *task;

  if (retry == NULL)
    return FALSE;

  if (pick (worker, 4) == 0)
    task = tend_retry_create_task (retry, NULL, attempt_cb, ticket_new ("unstarted run", worker), ticket_end);
  else
    task = tend_retry_run (retry, NULL, attempt_cb, ticket_new ("run", worker), ticket_end);

  if (pick (worker, 2) == 0)
    ticket_watch (task, "watched run", worker);
  for (guint n = pick (worker, 3); n > 0; n--)
    tend_task_wait_async (task, NULL, tried_cb, ticket_new ("wait", worker));
  rack_put (&tasks, worker, task);
  rack_put (&retries, worker, retry);
  return TRUE;
}

/* --- Anywhere --- */

static gboolean
end_task (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendTask *task = rack_take (&tasks, home);

  if (task == NULL)
    return FALSE;

  if (pick (worker, 3) == 0)
    tend_task_stop (task);
  else
    tend_task_cancel (task);
  if (pick (worker, 2) == 0)
    rack_put (&tasks, home, task);
  else
    g_object_unref (task);
  return TRUE;
}

static gboolean
share (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendRetry *retry = rack_take (&retries, home);

  if (retry == NULL)
    return FALSE;

  rack_put (&retries, home, g_object_ref (retry));
  rack_put (&retries, home, retry);
  return TRUE;
}

static const Operation operations[] = {
  { "make", make, 4 },
  { "change", change_one, 2 },
  { "run", run, 6 },
  { "end a task", end_task, 2, TRUE },
  { "share", share, 2, TRUE },
  { "drop", drop_one, 2, TRUE },
};

static void
test_retries (void)
{
  static const Program retries_program = {
    operations, G_N_ELEMENTS (operations), { &retries, &tasks },
  };

  stress_run (&retries_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/retries", test_retries);

  return g_test_run ();
}
