// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How many tasks run at once, and who is next.

#include "fixture.h"

static guint
count_begun (Work  **works,
             guint   n)
{
  guint n_begun = 0;

  for (guint i = 0; i < n; i++)
    n_begun += work_has_run (works[i]);

  return n_begun;
}

static void
test_no_limit_by_default (Fixture       *fixture,
                          gconstpointer  unused)
{
  Work *works[100];

  g_assert_cmpuint (tend_task_manager_get_max_running (fixture->manager), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, G_N_ELEMENTS (works)), ==, 100);
}

/* At each end the next one begins, within the same turn, whichever kind they are. */
static void
test_every_kind (Fixture       *fixture,
                 gconstpointer  unused)
{
  Work *works[3 * N_KINDS];

  tend_task_manager_set_max_running (fixture->manager, 2);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    works[i] = register_work (fixture, i % N_KINDS, NULL);
  settle (fixture);

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    {
      guint n_expected = MIN (i + 2, G_N_ELEMENTS (works));

      for (guint j = 0; j < n_expected; j++)
        work_wait_begun (works[j]);
      g_assert_cmpuint (count_begun (works, G_N_ELEMENTS (works)), ==, n_expected);
      if (n_expected < G_N_ELEMENTS (works))
        g_assert_cmpint (tend_task_get_status (works[n_expected]->task), ==, TEND_TASK_STATUS_PENDING);

      work_let_go (works[i]);
      work_wait_gone (works[i]);
    }
}

static gboolean
note_name (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  note (data, "%s", tend_task_get_name (task));
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
register_with_delay (Fixture    *fixture,
                     const char *name,
                     gint64      delay)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (name, note_name, fixture, NULL));

  if (delay >= 0)
    tend_task_set_delay (task, delay);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));
}

static void
test_order_is_that_of_becoming_due (Fixture       *fixture,
                                    gconstpointer  unused)
{
  Work *work;

  tend_task_manager_set_max_running (fixture->manager, 1);
  work = register_work (fixture, CALLBACK, NULL);
  register_with_delay (fixture, "3", 3 * SECOND);
  register_with_delay (fixture, "1", 1 * SECOND);
  register_with_delay (fixture, "0", 0);
  register_with_delay (fixture, "2", 2 * SECOND);
  register_with_delay (fixture, "9", 9 * SECOND);
  register_callback (fixture, "none", note_name, fixture);

  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_log (fixture, "");
  work_let_go (work);
  settle (fixture);
  assert_log (fixture, "0 none 1 2 3");

  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_log (fixture, "9");
}

static void
test_delay_takes_no_slot (Fixture       *fixture,
                          gconstpointer  unused)
{
  tend_task_manager_set_max_running (fixture->manager, 1);
  register_with_delay (fixture, "later", SECOND);
  register_with_delay (fixture, "now", -1);
  settle (fixture);
  assert_log (fixture, "now");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "later");
}

/* --- Changed meanwhile --- */

static void
test_raised_while_running (Fixture       *fixture,
                           gconstpointer  unused)
{
  Work *works[10];

  tend_task_manager_set_max_running (fixture->manager, 2);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 10), ==, 2);

  tend_task_manager_set_max_running (fixture->manager, 5);
  g_assert_cmpuint (count_begun (works, 10), ==, 2);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 10), ==, 5);

  tend_task_manager_set_max_running (fixture->manager, 0);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 10), ==, 10);
}

static void
test_lowered_while_running (Fixture       *fixture,
                            gconstpointer  unused)
{
  Work *works[6];

  tend_task_manager_set_max_running (fixture->manager, 4);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);

  /* Those that run go on. The next begins when only one is left. */
  tend_task_manager_set_max_running (fixture->manager, 2);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (count_begun (works, 6), ==, 4);
      work_let_go (works[i]);
      settle (fixture);
    }
  g_assert_cmpuint (count_begun (works, 6), ==, 5);
}

static void
test_set_after_tasks_began (Fixture       *fixture,
                            gconstpointer  unused)
{
  Work *works[4];

  for (guint i = 0; i < 2; i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  tend_task_manager_set_max_running (fixture->manager, 2);
  for (guint i = 2; i < 4; i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 4), ==, 2);

  work_let_go (works[0]);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 4), ==, 3);
}

static void
notified_cb (Fixture *fixture)
{
  assert_is_native (fixture);
  note (fixture, "%u", tend_task_manager_get_max_running (fixture->manager));
}

static gboolean
change_in_fiber (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  tend_task_manager_set_max_running (((Fixture *) data)->manager, 7);
  tend_task_manager_set_grace_period (((Fixture *) data)->manager, SECOND);
  return TRUE;
}

static void
test_notifies (Fixture       *fixture,
               gconstpointer  unused)
{
  guint max_running = 0;

  g_signal_connect_swapped (fixture->manager, "notify::max-running", G_CALLBACK (notified_cb), fixture);
  g_signal_connect_swapped (fixture->manager, "notify::grace-period", G_CALLBACK (notified_cb), fixture);
  tend_task_manager_set_max_running (fixture->manager, 3);
  tend_task_manager_set_max_running (fixture->manager, 3);
  assert_log (fixture, "3");
  g_object_set (fixture->manager, "max-running", 4, NULL);
  g_object_get (fixture->manager, "max-running", &max_running, NULL);
  g_assert_cmpuint (max_running, ==, 4);
  assert_log (fixture, "4");

  register_fiber (fixture, NULL, change_in_fiber, fixture);
  settle (fixture);
  assert_log (fixture, "7 7");
}

/* --- What keeps a slot --- */

static void
test_cancelled_task_keeps_slot_until_its_end (Fixture       *fixture,
                                              gconstpointer  unused)
{
  Work *first, *second;

  tend_task_manager_set_max_running (fixture->manager, 1);
  first = register_work (fixture, THREAD, "n");
  first->is_deaf = TRUE;
  second = register_work (fixture, FIBER, NULL);
  work_wait_begun (first);

  tend_task_manager_cancel_task (fixture->manager, "n");
  settle (fixture);
  g_assert_false (work_has_run (second));
  work_let_go (first);
  work_wait_gone (first);
  settle (fixture);
  g_assert_true (work_has_run (second));
}

static void
test_stopped_thread_keeps_slot_until_its_end (Fixture       *fixture,
                                              gconstpointer  unused)
{
  Work *first, *second;

  tend_task_manager_set_max_running (fixture->manager, 1);
  first = register_work (fixture, THREAD, NULL);
  first->is_deaf = TRUE;
  second = register_work (fixture, FIBER, NULL);
  work_wait_begun (first);

  tend_task_stop (first->task);
  g_assert_true (tend_task_is_ended (first->task));
  settle (fixture);
  g_assert_false (work_has_run (second));
  work_let_go (first);
  work_wait_gone (first);
  settle (fixture);
  g_assert_true (work_has_run (second));
}

static void
test_failed_task_gives_slot_back (Fixture       *fixture,
                                  gconstpointer  unused)
{
  tend_task_manager_set_max_running (fixture->manager, 1);
  register_callback (fixture, "a", fail_at_once, NULL);
  register_callback (fixture, "b", note_name, fixture);
  settle (fixture);
  assert_log (fixture, "b");
}

static void
test_interval_task_does_not_count (Fixture       *fixture,
                                   gconstpointer  unused)
{
  g_autoptr(TendTask) ticking = watch (fixture, tend_task_new_open ("tick", note_name, fixture, NULL));
  Work *works[3];

  tend_task_manager_set_max_running (fixture->manager, 2);
  tend_task_set_interval (ticking, SECOND);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (ticking), TEND_NAME_POLICY_REJECT,
                                             NULL));
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "tick");

  /* It takes no slot from them ... */
  for (guint i = 0; i < 3; i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 3), ==, 2);

  /* ... and they keep it from nothing; nor does its end give back what it never had. */
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "tick");
  tend_task_manager_cancel_task (fixture->manager, "tick");
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 3), ==, 2);
}

/* --- Those that wait --- */

static void
test_cancelled_while_it_waits (Fixture       *fixture,
                               gconstpointer  unused)
{
  Work *works[4];

  tend_task_manager_set_max_running (fixture->manager, 1);
  for (guint i = 0; i < 4; i++)
    works[i] = register_work (fixture, i, NULL);
  settle (fixture);
  tend_task_cancel (works[1]->task);
  tend_task_stop (works[2]->task);
  g_assert_cmpuint (works[1]->n_freed, ==, 1);
  g_assert_cmpuint (works[2]->n_freed, ==, 1);

  work_let_go (works[0]);
  settle (fixture);
  g_assert_false (work_has_run (works[1]));
  g_assert_false (work_has_run (works[2]));
  g_assert_true (work_has_run (works[3]));
}

/* One is cancelled after it was given its slot, and before it began: the slot goes on to the next. */
static void
test_cancelled_on_the_way_to_its_slot (Fixture       *fixture,
                                       gconstpointer  unused)
{
  Work *works[4];

  tend_task_manager_set_max_running (fixture->manager, 1);
  for (guint i = 0; i < 4; i++)
    works[i] = register_work (fixture, CALLBACK, NULL);
  settle (fixture);

  tend_task_manager_set_max_running (fixture->manager, 2);
  tend_task_cancel (works[1]->task);
  settle (fixture);
  g_assert_false (work_has_run (works[1]));
  g_assert_true (work_has_run (works[2]));
  g_assert_false (work_has_run (works[3]));
}

static void
test_all_cancelled_while_they_wait (Fixture       *fixture,
                                    gconstpointer  unused)
{
  Work *works[50];

  tend_task_manager_set_max_running (fixture->manager, 3);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  tend_task_manager_cancel_all (fixture->manager);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, G_N_ELEMENTS (works)), ==, 3);
  g_assert_cmpuint (fixture->n_alive, ==, 0);

  /* Every slot has come back. */
  for (guint i = 0; i < 4; i++)
    works[i] = register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_begun (works, 4), ==, 3);
}

static gboolean
register_next (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Fixture *fixture = data;
  guint n = (guint) g_ascii_strtoull (tend_task_get_name (task), NULL, 10);
  g_autofree char *name = g_strdup_printf ("%u", n + 1);

  note (fixture, "%u", n);
  if (n < 5)
    register_callback (fixture, name, register_next, fixture);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_registered_by_the_one_that_runs (Fixture       *fixture,
                                      gconstpointer  unused)
{
  tend_task_manager_set_max_running (fixture->manager, 1);
  register_callback (fixture, "0", register_next, fixture);
  settle (fixture);
  assert_log (fixture, "0 1 2 3 4 5");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/limit/none-by-default", test_no_limit_by_default);
  add_test ("/tend/task-manager/limit/every-kind", test_every_kind);
  add_test ("/tend/task-manager/limit/order-is-that-of-becoming-due", test_order_is_that_of_becoming_due);
  add_test ("/tend/task-manager/limit/delay-takes-no-slot", test_delay_takes_no_slot);

  add_test ("/tend/task-manager/limit/raised-while-running", test_raised_while_running);
  add_test ("/tend/task-manager/limit/lowered-while-running", test_lowered_while_running);
  add_test ("/tend/task-manager/limit/set-after-tasks-began", test_set_after_tasks_began);
  add_test ("/tend/task-manager/limit/notifies", test_notifies);

  add_test ("/tend/task-manager/limit/cancelled-task-keeps-slot-until-its-end",
            test_cancelled_task_keeps_slot_until_its_end);
  add_test ("/tend/task-manager/limit/stopped-thread-keeps-slot-until-its-end",
            test_stopped_thread_keeps_slot_until_its_end);
  add_test ("/tend/task-manager/limit/failed-task-gives-slot-back", test_failed_task_gives_slot_back);
  add_test ("/tend/task-manager/limit/interval-task-does-not-count", test_interval_task_does_not_count);

  add_test ("/tend/task-manager/limit/cancelled-while-it-waits", test_cancelled_while_it_waits);
  add_test ("/tend/task-manager/limit/cancelled-on-the-way-to-its-slot", test_cancelled_on_the_way_to_its_slot);
  add_test ("/tend/task-manager/limit/all-cancelled-while-they-wait", test_all_cancelled_while_they_wait);
  add_test ("/tend/task-manager/limit/registered-by-the-one-that-runs", test_registered_by_the_one_that_runs);

  return g_test_run ();
}
