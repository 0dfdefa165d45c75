// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Groups with children of all kinds, which their homes fill, join and wait for, while any thread drops
// groups, children and the tasks that stand for groups, and cancels or stops those tasks. Each child goes
// once and at home, each wait ends once, and no group outlives its children.

#include "stress.h"

static Rack groups = { .drop = g_object_unref };
static Rack tasks = { .drop = g_object_unref };     /* of groups, and children */

/* --- Children --- */

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
  g_assert_true (((Ticket *) user_data)->home == me);
  if (!tend_sleep (tend_task_get_id (task) % 2000, error))
    return FALSE;
  if (tend_task_get_id (task) % 4 != 0)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
  return FALSE;
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return !g_cancellable_set_error_if_cancelled (tend_task_get_cancellable (task), error);
}

static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  /* It may still wait for a slot. */
  if (tend_task_is_running (task))
    tend_task_return_value (task, NULL);
  else
    tend_task_stop (task);
  return FALSE;
}

static TendTask *
new_child (Worker *worker)
{
  Ticket *ticket = ticket_new ("child", worker);
  TendTask *task;

  switch (pick (worker, 8))
    {
    case 0:
      return tend_task_new_thread (NULL, thread_body, ticket, ticket_end);
    case 1:
    case 2:
      return tend_task_new_fiber (NULL, sleeping_body, ticket, ticket_end);
    case 3:
      task = tend_task_new_open (NULL, returning_body, ticket, ticket_end);
      tend_task_set_delay (task, pick (worker, 2000));
      return task;
    case 4:
    case 5:
      task = tend_task_new_open (NULL, open_body, ticket, ticket_end);
      tend_task_add_timer (task, pick (worker, 4000), -1, end_cb, ticket_new ("timer", worker), ticket_end);
      return task;
    default:
      return tend_task_new_open (NULL, returning_body, ticket, ticket_end);
    }
}

/* --- At home --- */

static void
joined_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  ticket_end (user_data);
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    g_assert_nonnull (error);
}

/* A fiber that waits for a group, which it keeps. */
typedef struct
{
  Ticket    *ticket;
  TendGroup *group;
} Waiting;

static void
waiting_free (gpointer data)
{
  Waiting *self = data;

  ticket_end (self->ticket);
  g_object_unref (self->group);
  g_free (self);
}

static gboolean
waiting_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  return tend_group_wait (((Waiting *) user_data)->group, error);
}

static gboolean
add_child (Worker    *worker,
           TendGroup *group)
{
  g_autoptr(TendTask) child = new_child (worker);
  g_autoptr(GError) error = NULL;

  if (!tend_group_add (group, g_object_ref (child), &error))
    {
      g_assert_nonnull (error);
      return FALSE;
    }

  if (pick (worker, 3) == 0)
    rack_put (&tasks, worker, g_steal_pointer (&child));
  return TRUE;
}

static void
join (Worker    *worker,
      TendGroup *group)
{
  TendTask *joined = tend_group_join (group);

  for (guint n = pick (worker, 3); n > 0; n--)
    tend_task_wait_async (joined, NULL, joined_cb, ticket_new ("wait for a group", worker));
  rack_put (&tasks, worker, joined);
}

static gboolean
make (Worker *worker)
{
  TendGroup *group = tend_group_new (pick (worker, TEND_GROUP_POLICY_FIRST_SUCCESS + 1));

  ticket_watch (group, "group", worker);
  tend_group_set_max_running (group, pick (worker, 4));
  for (guint n = pick (worker, 4); n > 0; n--)
    add_child (worker, group);
  rack_put (&groups, worker, group);
  return TRUE;
}

static gboolean
use (Worker *worker)
{
  TendGroup *group = rack_take (&groups, worker);

  if (group == NULL)
    return FALSE;

  switch (pick (worker, 8))
    {
    case 0:
      tend_group_cancel (group);
      break;
    case 1:
      tend_group_set_max_running (group, pick (worker, 4));
      break;
    case 2:
    case 3:
      join (worker, group);
      break;
    default:
      while (pick (worker, 4) != 0 && add_child (worker, group))
        ;
    }
  rack_put (&groups, worker, group);
  return TRUE;
}

static gboolean
wait_in_fiber (Worker *worker)
{
  TendGroup *group = rack_take (&groups, worker);
  Waiting *waiting;

  if (group == NULL)
    return FALSE;

  waiting = g_new (Waiting, 1);
  *waiting = (Waiting) { ticket_new ("waiting fiber", worker), g_object_ref (group) };
  rack_put (&tasks, worker, tend_task_run_fiber (NULL, waiting_body, waiting, waiting_free));
  rack_put (&groups, worker, group);
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
  TendGroup *group = rack_take (&groups, home);

  if (group == NULL)
    return FALSE;

  rack_put (&groups, home, g_object_ref (group));
  rack_put (&groups, home, group);
  return TRUE;
}

static const Operation operations[] = {
  { "make", make, 6 },
  { "use", use, 6 },
  { "wait in a fiber", wait_in_fiber, 2 },
  { "end a task", end_task, 2, TRUE },
  { "share", share, 2, TRUE },
  { "drop", drop_one, 3, TRUE },
};

static void
test_groups (void)
{
  static const Program groups_program = {
    operations, G_N_ELEMENTS (operations), { &groups, &tasks },
  };

  stress_run (&groups_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/groups", test_groups);

  return g_test_run ();
}
