// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tasks of a manager that wait for its tasks: not for one another, but for all the rest. In each test
// the virtual time that it takes is known, so that nobody waits for ever.

#include "fixture.h"

static void
assert_time (Fixture *fixture,
             gint64   usec)
{
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, usec);
}

/* Waits for the others, notes its name, and goes on for a second if it has a name in capitals. */
static gboolean
wait_in_fiber (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Fixture *fixture = data;
  const char *name = tend_task_get_name (task);

  if (!tend_task_manager_wait_for_tasks (fixture->manager, error))
    {
      note (fixture, "%s-gave-up", name);
      return FALSE;
    }

  note (fixture, "%s", name);
  return !g_ascii_isupper (name[0]) || tend_sleep (SECOND, error);
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(TendTask) task = data;

  g_assert_true (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, NULL));
  tend_task_return_boolean (task, TRUE);
}

static void
note_end (TendTask *task,
          gpointer  data)
{
  note (data, "%s", tend_task_get_name (task));
}

static gboolean
wait_in_callback (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;

  tend_task_add_exit_handler (task, note_end, fixture, NULL);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, g_object_ref (task));

  return TRUE;
}

static gboolean
sleep_a_second (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  return tend_sleep (SECOND, error);
}

static void
outside_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  g_assert_true (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, NULL));
  note (data, "outside");
}

static void
test_two_and_the_rest (Fixture       *fixture,
                       gconstpointer  unused)
{
  register_fiber (fixture, "a", wait_in_fiber, fixture);
  register_fiber (fixture, NULL, sleep_a_second, NULL);
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "");
  assert_time (fixture, 1);
  assert_log (fixture, "a b");
}

static void
test_many_without_a_rest (Fixture       *fixture,
                          gconstpointer  unused)
{
  for (char name[2] = "a"; name[0] <= 'e'; name[0]++)
    register_fiber (fixture, name, wait_in_fiber, fixture);
  assert_time (fixture, 0);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  g_assert_cmpuint (strlen (fixture->log->str), ==, strlen ("a b c d e"));
}

static void
test_callbacks_and_fibers (Fixture       *fixture,
                           gconstpointer  unused)
{
  register_callback (fixture, "a", wait_in_callback, fixture);
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  register_callback (fixture, "c", wait_in_callback, fixture);
  register_fiber (fixture, NULL, sleep_a_second, NULL);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "");
  assert_time (fixture, 1);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  g_assert_cmpuint (strlen (fixture->log->str), ==, strlen ("a b c"));
}

static void
gave_up_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Waits for half a second, gives that up, and then does something else for two seconds. */
static gboolean
give_up_in_fiber (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  tend_task_manager_wait_for_tasks_async (fixture->manager, cancellable, gave_up_cb, NULL);
  if (!tend_sleep (SECOND / 2, error))
    return FALSE;

  g_cancellable_cancel (cancellable);
  return tend_sleep (2 * SECOND, error);
}

/* Whoever waits no longer is waited for again. */
static void
test_one_gives_up (Fixture       *fixture,
                   gconstpointer  unused)
{
  register_fiber (fixture, "b", give_up_in_fiber, fixture);
  register_fiber (fixture, "a", wait_in_fiber, fixture);
  register_fiber (fixture, NULL, sleep_a_second, NULL);
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "");
  assert_time (fixture, SECOND / 2);
  assert_log (fixture, "a");
}

/* A wait from outside is for those that wait as well, and for what they do then. */
static void
test_outside_waits_for_all (Fixture       *fixture,
                            gconstpointer  unused)
{
  register_fiber (fixture, "A", wait_in_fiber, fixture);
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, outside_cb, fixture);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "b A");
  assert_time (fixture, 1);
  assert_log (fixture, "outside");
}

/* One whose wait is over works again, and whoever begins to wait then waits for it. */
static void
test_over_is_over (Fixture       *fixture,
                   gconstpointer  unused)
{
  register_fiber (fixture, "A", wait_in_fiber, fixture);
  settle (fixture);
  assert_log (fixture, "A");
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "");
  assert_time (fixture, 1);
  assert_log (fixture, "b");
}

static void
test_one_is_cancelled (Fixture       *fixture,
                       gconstpointer  unused)
{
  register_fiber (fixture, NULL, sleep_a_second, NULL);
  register_fiber (fixture, "a", wait_in_fiber, fixture);
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  register_fiber (fixture, "c", wait_in_fiber, fixture);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "b");
  settle (fixture);
  assert_log (fixture, "b-gave-up");
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "");
  assert_time (fixture, 1);
  assert_log (fixture, "a c");
}

static void
test_one_is_stopped (Fixture       *fixture,
                     gconstpointer  unused)
{
  register_fiber (fixture, NULL, sleep_a_second, NULL);
  register_fiber (fixture, "a", wait_in_fiber, fixture);
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  settle (fixture);
  tend_task_stop (tend_task_manager_lookup (fixture->manager, "a"));
  settle (fixture);
  assert_log (fixture, "a-gave-up");
  assert_time (fixture, SECOND);
  assert_log (fixture, "b");
}

static gboolean
wait_and_end (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  Fixture *fixture = data;

  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, outside_cb, fixture);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* Its wait goes on without it, and another task may come to stand where it stood in memory. */
static void
test_one_ends_while_it_waits (Fixture       *fixture,
                              gconstpointer  unused)
{
  register_fiber (fixture, NULL, sleep_a_second, NULL);
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  for (guint i = 0; i < 3; i++)
    {
      register_callback (fixture, NULL, wait_and_end, fixture);
      settle (fixture);
      register_callback (fixture, NULL, count_run, NULL);
      settle (fixture);
    }
  assert_log (fixture, "");
  assert_time (fixture, SECOND);
  g_assert_cmpuint (strlen (fixture->log->str), ==, strlen ("b outside outside outside"));
}

static gboolean
wait_twice (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Fixture *fixture = data;

  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, outside_cb, fixture);

  return wait_in_callback (task, data, error);
}

static void
test_one_waits_twice (Fixture       *fixture,
                      gconstpointer  unused)
{
  register_callback (fixture, "a", wait_twice, fixture);
  register_fiber (fixture, "b", wait_in_fiber, fixture);
  register_callback (fixture, "c", wait_twice, fixture);
  assert_time (fixture, 0);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  g_assert_cmpuint (strlen (fixture->log->str), ==, strlen ("a b c outside outside"));
}

/* --- At random --- */

#define N_TASKS 100

static gboolean
sleep_and_wait (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Fixture *fixture = data;

  return tend_sleep (g_test_rand_int_range (0, 1000), error) &&
         (g_test_rand_bit () || tend_task_manager_wait_for_tasks (fixture->manager, error)) &&
         tend_sleep (g_test_rand_int_range (0, 1000), error);
}

static void
test_all_end_at_random (Fixture       *fixture,
                        gconstpointer  unused)
{
  for (guint round = 0; round < 20; round++)
    {
      for (guint i = 0; i < N_TASKS; i++)
        {
          register_fiber (fixture, NULL, sleep_and_wait, fixture);
          if (g_test_rand_int_range (0, 4) == 0)
            tend_clock_advance (fixture->clock, g_test_rand_int_range (0, 100), NULL);
        }
      tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, outside_cb, fixture);
      tend_clock_run_until_idle (fixture->clock, NULL);
      assert_log (fixture, "outside");
      g_assert_cmpuint (fixture->n_alive, ==, 0);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/wait-mutual/two-and-the-rest", test_two_and_the_rest);
  add_test ("/tend/task-manager/wait-mutual/one-gives-up", test_one_gives_up);
  add_test ("/tend/task-manager/wait-mutual/many-without-a-rest", test_many_without_a_rest);
  add_test ("/tend/task-manager/wait-mutual/callbacks-and-fibers", test_callbacks_and_fibers);
  add_test ("/tend/task-manager/wait-mutual/outside-waits-for-all", test_outside_waits_for_all);
  add_test ("/tend/task-manager/wait-mutual/over-is-over", test_over_is_over);
  add_test ("/tend/task-manager/wait-mutual/one-is-cancelled", test_one_is_cancelled);
  add_test ("/tend/task-manager/wait-mutual/one-is-stopped", test_one_is_stopped);
  add_test ("/tend/task-manager/wait-mutual/one-ends-while-it-waits", test_one_ends_while_it_waits);
  add_test ("/tend/task-manager/wait-mutual/one-waits-twice", test_one_waits_twice);
  add_test ("/tend/task-manager/wait-mutual/all-end-at-random", test_all_end_at_random);

  return g_test_run ();
}
