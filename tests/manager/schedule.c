// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Managed tasks and time: delays, intervals, and the lists that tutorial programs print.

#include "shutdown.h"

/* Makes a callback task with these times, where they are not negative, and registers it. */
static TendTask *
register_timed (Fixture      *fixture,
                const char   *name,
                gint64        delay,
                gint64        interval,
                TendBodyFunc  func,
                gpointer      data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (name, func, data, NULL));

  if (delay >= 0)
    tend_task_set_delay (task, delay);
  if (interval >= 0)
    tend_task_set_interval (task, interval);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);

  return task;
}

static void
test_delay (Fixture       *fixture,
            gconstpointer  unused)
{
  guint n_runs = 0;

  register_timed (fixture, "n", 2 * SECOND, -1, count_run, &n_runs);
  tend_clock_advance (fixture->clock, 2 * SECOND - 1, NULL);
  g_assert_cmpuint (n_runs, ==, 0);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));

  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpuint (n_runs, ==, 1);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));

  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  g_assert_cmpuint (n_runs, ==, 1);
}

static void
test_no_delay_and_delay_of_zero (Fixture       *fixture,
                                 gconstpointer  unused)
{
  for (gint64 delay = -1; delay <= 0; delay++)
    {
      guint n_runs = 0;

      register_timed (fixture, "n", delay, -1, count_run, &n_runs);
      g_assert_cmpuint (n_runs, ==, 0);
      settle (fixture);
      g_assert_cmpuint (n_runs, ==, 1);
    }
}

static void
test_longest_delay (Fixture       *fixture,
                    gconstpointer  unused)
{
  register_timed (fixture, "long", 8589934592 * SECOND, -1, never_run, NULL);
  register_timed (fixture, "longest", G_MAXINT64, -1, never_run, NULL);
  tend_clock_advance (fixture->clock, 8589934592 * SECOND - 1, NULL);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "long"));
  g_assert_true (tend_task_manager_is_active (fixture->manager, "longest"));
}

static void
test_cancelled_in_delay (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTask *task;

  register_timed (fixture, "n", SECOND, -1, never_run, NULL);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);

  task = tend_task_manager_cancel_task (fixture->manager, "n");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  tend_clock_advance (fixture->clock, SECOND, NULL);
}

static void
test_interval (Fixture       *fixture,
               gconstpointer  unused)
{
  guint n_runs = 0;

  register_timed (fixture, "n", -1, SECOND / 10, count_run, &n_runs);
  tend_clock_advance (fixture->clock, SECOND / 10 - 1, NULL);
  g_assert_cmpuint (n_runs, ==, 0);
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpuint (n_runs, ==, 1);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpuint (n_runs, ==, 11);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));

  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpuint (n_runs, ==, 11);
}

static void
test_interval_with_delay (Fixture       *fixture,
                          gconstpointer  unused)
{
  guint n_later = 0;
  guint n_at_once = 0;

  register_timed (fixture, "later", 3 * SECOND, SECOND, count_run, &n_later);
  register_timed (fixture, "at once", 0, SECOND, count_run, &n_at_once);

  settle (fixture);
  g_assert_cmpuint (n_at_once, ==, 1);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  g_assert_cmpuint (n_at_once, ==, 4);
  g_assert_cmpuint (n_later, ==, 1);
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  g_assert_cmpuint (n_later, ==, 3);
}

static gboolean
work_for_a_while (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;

  note (fixture, "%d", (int) (tend_clock_get_time (fixture->clock) / 1000 % 100000));
  return tend_sleep (50 * 1000, error);
}

/* An interval counts from the end of a run to the next: a tenth, and half of one for the work. */
static void
test_interval_is_a_fixed_delay (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_fiber ("n", work_for_a_while, fixture, NULL));
  g_autoptr(GString) expected = g_string_new (NULL);
  int begin = (int) (tend_clock_get_time (fixture->clock) / 1000 % 100000);

  tend_task_set_interval (task, SECOND / 10);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));
  for (int i = 0; i < 4; i++)
    g_string_append_printf (expected, "%s%d", i == 0 ? "" : " ", (begin + 100 + 150 * i) % 100000);

  tend_clock_advance (fixture->clock, 600 * 1000, NULL);
  assert_log (fixture, expected->str);
}

static gboolean
fail_third_time (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  if (++*(guint *) data < 3)
    tend_task_return_boolean (task, TRUE);
  else
    return fail_at_once (task, NULL, error);

  return TRUE;
}

static void
test_error_ends_interval (Fixture       *fixture,
                          gconstpointer  unused)
{
  guint n_runs = 0;

  register_timed (fixture, "n", -1, SECOND, fail_third_time, &n_runs);
  tend_clock_advance (fixture->clock, 100 * SECOND, NULL);
  g_assert_cmpuint (n_runs, ==, 3);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
}

static gboolean
cancel_oneself (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Fixture *fixture = data;

  note (fixture, "run");
  tend_task_manager_cancel_task (fixture->manager, "n");
  g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_interval_cancelled_from_inside (Fixture       *fixture,
                                     gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_timed (fixture, "n", -1, SECOND, cancel_oneself, fixture));

  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "run");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
}

/* --- The manager ends --- */

/* Notes its run, and begins the end of its manager in the second one. */
static gboolean
tick_and_shut_down (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  Fixture *fixture = data;

  note (fixture, "tick");
  if (g_str_has_suffix (fixture->log->str, "tick tick"))
    shut_down (fixture);
  return TRUE;
}

static gboolean
tick_and_drain (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Fixture *fixture = data;

  note (fixture, "tick");
  return !g_str_has_suffix (fixture->log->str, "tick tick") || tend_task_manager_drain (fixture->manager, error);
}

/* The task waits for the end, which does not cancel it. But it is not to go on without its manager. */
static void
test_run_that_ends_the_manager_is_the_last (Fixture       *fixture,
                                            gconstpointer  drains)
{
  g_autoptr(TendTask) task = drains != NULL ? tend_task_new_fiber ("n", tick_and_drain, fixture, NULL)
                                            : tend_task_new ("n", tick_and_shut_down, fixture, NULL);

  tend_task_set_interval (watch (fixture, task), SECOND);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  if (!g_str_equal (fixture->log->str, drains != NULL ? "tick tick" : "tick tick down"))
    g_error ("The task has gone on: %.60s", fixture->log->str);
  g_string_truncate (fixture->log, 0);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_true (tend_task_is_finished (task));
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static gboolean
shut_down_once (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  shut_down (data);
  return FALSE;
}

static gboolean
note_tick (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  note (data, "tick");
  return TRUE;
}

/* A timer of the task ends the manager while the task waits for its next run. */
static void
test_manager_ended_between_two_runs (Fixture       *fixture,
                                     gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new ("n", note_tick, fixture, NULL));

  tend_task_set_interval (task, 3 * SECOND);
  tend_task_add_timer (task, 4 * SECOND, -1, shut_down_once, fixture, NULL);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (fixture->clock, 4 * SECOND, NULL);
  assert_log (fixture, "tick down");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static void
test_bad_times (Fixture       *fixture,
                gconstpointer  unused)
{
  TendTask *task = tend_task_new_open (NULL, never_run, NULL, NULL);

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*delay >= -1*");
  tend_task_set_delay (task, -2);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_task_get_delay (task), ==, -1);

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*interval > 0*");
  tend_task_set_interval (task, -2);
  g_test_assert_expected_messages ();
  g_assert_cmpint (tend_task_get_interval (task), ==, -1);

  g_assert_finalize_object (task);
}

/* --- The tutorial's programs --- */

static gboolean
note_after_half_a_second (TendTask  *task,
                          gpointer   data,
                          GError   **error)
{
  if (!tend_sleep (SECOND / 2, error))
    return FALSE;

  note (data, "%s", tend_task_get_name (task));
  return TRUE;
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, &error));
  g_assert_no_error (error);
  note (data, "waited");
}

static void
test_tutorial_3 (Fixture       *fixture,
                 gconstpointer  unused)
{
  register_fiber (fixture, "1", note_after_half_a_second, fixture);
  register_fiber (fixture, "2", note_after_half_a_second, fixture);
  tend_task_manager_cancel_task (fixture->manager, "1");
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND / 2);
  assert_log (fixture, "2 waited");

  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "down");
}

static void
test_tutorial_3_without_waiting (Fixture       *fixture,
                                 gconstpointer  unused)
{
  register_fiber (fixture, "1", note_after_half_a_second, fixture);
  register_fiber (fixture, "2", note_after_half_a_second, fixture);
  tend_task_manager_cancel_task (fixture->manager, "1");
  shut_down (fixture);

  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "down");
}

static gboolean
note_number (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Fixture *fixture = g_object_get_data (G_OBJECT (task), "fixture");

  if (!tend_sleep (SECOND / 2, error))
    return FALSE;

  note (fixture, "%d", GPOINTER_TO_INT (data));
  return TRUE;
}

static void
test_tutorial_4 (Fixture       *fixture,
                 gconstpointer  unused)
{
  for (int i = 0; i < 20; i++)
    g_object_set_data (G_OBJECT (register_fiber (fixture, NULL, note_number, GINT_TO_POINTER (i))),
                       "fixture", fixture);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, fixture);

  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND / 2);
  assert_log (fixture, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 waited");
}

typedef struct
{
  Fixture *fixture;
  guint    n_entries;
} Tutorial;

static gboolean
add_one (TendTask  *task,
         gpointer   data,
         GError   **error)
{
  Tutorial *tutorial = data;

  note (tutorial->fixture, "1");
  if (++tutorial->n_entries == 20)
    tend_task_manager_cancel_task (tutorial->fixture->manager, "keep adding 1");
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static gboolean
inject_two (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Tutorial *tutorial = data;

  note (tutorial->fixture, "2");
  tutorial->n_entries++;
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_tutorial_5 (Fixture       *fixture,
                 gconstpointer  unused)
{
  Tutorial tutorial = { fixture, 0 };

  register_timed (fixture, "keep adding 1", -1, SECOND / 10, add_one, &tutorial);
  register_timed (fixture, "inject a single 2", SECOND / 2, -1, inject_two, &tutorial);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, fixture);

  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 19 * SECOND / 10);
  assert_log (fixture, "1 1 1 1 2 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 waited");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/delay/runs-once-after-it", test_delay);
  add_test ("/tend/task-manager/delay/none-and-zero-run-in-next-turn", test_no_delay_and_delay_of_zero);
  add_test ("/tend/task-manager/delay/longest", test_longest_delay);
  add_test ("/tend/task-manager/delay/cancelled-in-it", test_cancelled_in_delay);
  add_test ("/tend/task-manager/delay/bad-times", test_bad_times);

  add_test ("/tend/task-manager/interval/first-run-after-it", test_interval);
  add_test ("/tend/task-manager/interval/with-delay", test_interval_with_delay);
  add_test ("/tend/task-manager/interval/is-a-fixed-delay", test_interval_is_a_fixed_delay);
  add_test ("/tend/task-manager/interval/ended-by-error", test_error_ends_interval);
  add_test ("/tend/task-manager/interval/cancelled-from-inside", test_interval_cancelled_from_inside);
  add_shutdown_test ("/tend/task-manager/interval/shuts-its-manager-down", test_run_that_ends_the_manager_is_the_last);
  g_test_add ("/tend/task-manager/interval/drains-its-manager", Fixture, "drains", set_up,
              test_run_that_ends_the_manager_is_the_last, tear_down_shutdown);
  add_shutdown_test ("/tend/task-manager/interval/shut-down-between-two-runs", test_manager_ended_between_two_runs);

  add_test ("/tend/task-manager/tutorial/3-prints-2", test_tutorial_3);
  add_test ("/tend/task-manager/tutorial/3-without-waiting-prints-nothing", test_tutorial_3_without_waiting);
  add_test ("/tend/task-manager/tutorial/4-prints-0-to-19", test_tutorial_4);
  add_test ("/tend/task-manager/tutorial/5-prints-twenty-numbers", test_tutorial_5);

  return g_test_run ();
}
