// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Streams of tasks, and tasks made of tasks, over the tasks of all homes, while any thread drops each of
// them, and cancels and stops the tasks. Each question and each wait ends once, and everything goes at home.
//
// Who waits for a task of another context keeps it until it ends, so all tasks end by themselves.

#include "stress.h"

#define MAX_TASKS 6

static Rack tasks = { .drop = g_object_unref };
static Rack streams = { .drop = g_object_unref };
static Rack waits = { .drop = g_object_unref };     /* questions to streams, and tasks made of tasks */

/* --- Tasks --- */

static gboolean
open_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static gboolean
returning_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  if (tend_task_get_id (task) % 3 == 0)
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
  return tend_sleep (tend_task_get_id (task) % 2000, error);
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return TRUE;
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  tend_task_stop (task);
  return FALSE;
}

static gboolean
make_task (Worker *worker)
{
  Ticket *ticket = ticket_new ("task", worker);
  TendTask *task;

  switch (pick (worker, 6))
    {
    case 0:
      task = tend_task_run_thread (NULL, thread_body, ticket, ticket_end);
      break;
    case 1:
    case 2:
      task = tend_task_run_fiber (NULL, sleeping_body, ticket, ticket_end);
      break;
    case 3:
      task = tend_task_run_open (NULL, returning_body, ticket, ticket_end);
      break;
    default:
      task = tend_task_new_open (NULL, open_body, ticket, ticket_end);
      tend_task_add_timer (task, pick (worker, 3000), -1, end_cb, ticket_new ("timer", worker), ticket_end);
      if (pick (worker, 2) == 0)
        tend_task_start (task, NULL);
    }
  if (pick (worker, 2) == 0)
    ticket_watch (task, "watched task", worker);
  rack_put (&tasks, worker, task);
  return TRUE;
}

/* --- Waiting for them --- */

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  ticket_end (user_data);
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    g_assert_nonnull (error);
}

/* Gives @task to the rack; somebody waits for it, perhaps. */
static void
give_wait (Worker   *worker,
           TendTask *task)
{
  for (guint n = pick (worker, 3); n > 0; n--)
    tend_task_wait_async (task, NULL, waited_cb, ticket_new ("wait", worker));
  if (pick (worker, 2) == 0)
    ticket_watch (task, "task made of tasks", worker);
  rack_put (&waits, worker, task);
}

/* Some tasks of any home, the same one perhaps twice. */
static GPtrArray *
take_tasks (Worker *worker)
{
  GPtrArray *array = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint n = pick (worker, MAX_TASKS) + 1; n > 0; n--)
    {
      Worker *home = pick_home (worker);
      TendTask *task = rack_take (&tasks, home);

      if (task == NULL)
        continue;

      g_ptr_array_add (array, task);
      if (pick (worker, 4) == 0)
        g_ptr_array_add (array, g_object_ref (task));
      if (pick (worker, 2) == 0)
        rack_put (&tasks, home, g_object_ref (task));
    }

  return array;
}

static gboolean
make_stream (Worker *worker)
{
  g_autoptr(GPtrArray) array = take_tasks (worker);
  TendTaskStream *stream = tend_when_each ((TendTask **) array->pdata, array->len);

  ticket_watch (stream, "stream", worker);
  for (guint n = pick (worker, 3); n > 0; n--)
    give_wait (worker, tend_task_stream_next (stream));
  rack_put (&streams, worker, stream);
  return TRUE;
}

static gboolean
ask_stream (Worker *worker)
{
  TendTaskStream *stream = rack_take (&streams, worker);

  if (stream == NULL)
    return FALSE;

  for (guint n = pick (worker, MAX_TASKS) + 1; n > 0; n--)
    give_wait (worker, tend_task_stream_next (stream));
  g_assert_cmpuint (tend_task_stream_get_n_left (stream), <=, 2 * MAX_TASKS);
  rack_put (&streams, worker, stream);
  return TRUE;
}

static gboolean
combine (Worker *worker)
{
  g_autoptr(GPtrArray) array = take_tasks (worker);

  if (array->len == 0)
    return FALSE;

  switch (pick (worker, 3))
    {
    case 0:
      give_wait (worker, tend_wait_all ((TendTask **) array->pdata, array->len));
      break;
    case 1:
      give_wait (worker, tend_when_all ((TendTask **) array->pdata, array->len));
      break;
    default:
      give_wait (worker, tend_when_any ((TendTask **) array->pdata, array->len));
    }
  return TRUE;
}

static gboolean
limit (Worker *worker)
{
  g_autoptr(TendTask) task = rack_take (&tasks, pick_home (worker));
  g_autoptr(GCancellable) cancellable = NULL;

  if (task == NULL)
    return FALSE;

  switch (pick (worker, 3))
    {
    case 0:
      give_wait (worker, tend_task_with_timeout (task, pick (worker, 3000)));
      break;
    case 1:
      give_wait (worker, tend_task_with_deadline (task, tend_get_time () + pick (worker, 3000)));
      break;
    default:
      cancellable = g_cancellable_new ();
      give_wait (worker, tend_task_with_cancellable (task, cancellable));
      if (pick (worker, 2) == 0)
        g_cancellable_cancel (cancellable);
    }
  return TRUE;
}

/* --- Anywhere --- */

static gboolean
end_one (Worker *worker,
         Rack   *rack)
{
  Worker *home = pick_home (worker);
  TendTask *task = rack_take (rack, home);

  if (task == NULL)
    return FALSE;

  if (pick (worker, 3) == 0)
    tend_task_stop (task);
  else
    tend_task_cancel (task);
  if (pick (worker, 2) == 0)
    rack_put (rack, home, task);
  else
    g_object_unref (task);
  return TRUE;
}

static gboolean
end_task (Worker *worker)
{
  return end_one (worker, &tasks);
}

static gboolean
end_wait (Worker *worker)
{
  return end_one (worker, &waits);
}

static gboolean
share (Worker *worker)
{
  Worker *home = pick_home (worker);
  TendTaskStream *stream = rack_take (&streams, home);

  if (stream == NULL)
    return FALSE;

  rack_put (&streams, home, g_object_ref (stream));
  rack_put (&streams, home, stream);
  return TRUE;
}

static const Operation operations[] = {
  { "make a task", make_task, 10 },
  { "make a stream", make_stream, 3 },
  { "ask a stream", ask_stream, 2 },
  { "combine tasks", combine, 3 },
  { "limit a task", limit, 2 },
  { "end a task", end_task, 1, TRUE },
  { "end a wait", end_wait, 1, TRUE },
  { "share a stream", share, 1, TRUE },
  { "drop", drop_one, 3, TRUE },
};

static void
test_streams (void)
{
  static const Program streams_program = {
    operations, G_N_ELEMENTS (operations), { &streams, &waits, &tasks },
  };

  stress_run (&streams_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/streams", test_streams);

  return g_test_run ();
}
