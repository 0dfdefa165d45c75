// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Clocks that freeze, advance and thaw the time of their homes, while any thread drops them and asks for the
// time. A clock goes at home, and each task ends once, whether its time was frozen or not.
//
// Virtual time is moved on by little, so that the machine's comes after it when the clock has gone.

#include "stress.h"

static Rack clocks = { .drop = g_object_unref };
static Rack tasks = { .drop = g_object_unref };
static Ticket *frozen[N_HOMES];     /* each the home's; that of its clock, if it has one */

/* --- Tasks --- */

static gboolean
returning_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_int (task, 1);
  return TRUE;
}

static gboolean
sleeping_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  return tend_sleep (pick (me, 1000), error);
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  return tend_get_time () > 0;
}

static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_assert_true (((Ticket *) user_data)->home == me);
  return TRUE;
}

static gboolean
make_task (Worker *worker)
{
  Ticket *ticket = ticket_new ("task", worker);
  TendTask *task;

  switch (pick (worker, 4))
    {
    case 0:
      task = tend_task_run_thread (NULL, thread_body, ticket, ticket_end);
      break;
    case 1:
      task = tend_task_new_open (NULL, returning_body, ticket, ticket_end);
      tend_task_set_delay (task, pick (worker, 1000));
      tend_task_start (task, NULL);
      break;
    case 2:
      task = tend_task_new_open (NULL, returning_body, ticket, ticket_end);
      tend_task_add_timer (task, pick (worker, 1000), -1, tick_cb, ticket_new ("timer", worker), ticket_end);
      tend_task_set_deadline (task, tend_get_time () + pick (worker, 1000));
      break;
    default:
      task = tend_task_run_fiber (NULL, sleeping_body, ticket, ticket_end);
    }
  rack_put (&tasks, worker, task);
  return TRUE;
}

/* --- Clocks --- */

static void
clock_gone_cb (gpointer  data,
               GObject  *object)
{
  Ticket *ticket = data;

  ticket_end (ticket);
  frozen[ticket->home->number] = NULL;
}

static gboolean
freeze (Worker *worker)
{
  TendClock *self;

  if (frozen[worker->number] != NULL)
    return FALSE;

  self = tend_clock_freeze (worker->context);
  frozen[worker->number] = ticket_new ("clock", worker);
  g_object_weak_ref (G_OBJECT (self), clock_gone_cb, frozen[worker->number]);
  rack_put (&clocks, worker, self);
  return TRUE;
}

static gboolean
use (Worker *worker)
{
  TendClock *self = rack_take (&clocks, worker);

  if (self == NULL)
    return FALSE;

  g_assert_cmpint (tend_get_time (), ==, tend_clock_get_time (self));
  switch (pick (worker, 8))
    {
    case 0:
      tend_clock_run_until_idle (self, NULL);
      break;
    case 1:
      rack_put (&clocks, worker, g_object_ref (self));
      break;
    default:
      tend_clock_advance (self, pick (worker, 300), NULL);
    }
  rack_put (&clocks, worker, self);
  return TRUE;
}

/* --- Anywhere --- */

static gboolean
ask (Worker *worker)
{
  g_assert_cmpint (tend_get_time (), >, 0);
  return TRUE;
}

static const Operation operations[] = {
  { "make a task", make_task, 6 },
  { "freeze", freeze, 4 },
  { "use a clock", use, 4 },
  { "ask for the time", ask, 4, TRUE },
  { "drop", drop_one, 4, TRUE },
};

static void
test_clocks (void)
{
  static const Program clocks_program = {
    operations, G_N_ELEMENTS (operations), { &clocks, &tasks },
  };

  stress_run (&clocks_program, 10);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/clocks", test_clocks);

  return g_test_run ();
}
