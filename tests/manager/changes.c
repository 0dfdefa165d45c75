// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a manager tells: counts and states as properties, notified once in a turn, and the signals of its tasks.

#include "children.h"

static void
note_property_cb (GObject    *object,
                  GParamSpec *pspec,
                  gpointer    data)
{
  Fixture *fixture = data;
  g_auto(GValue) value = G_VALUE_INIT;
  g_auto(GValue) text = G_VALUE_INIT;

  assert_is_native (fixture);
  g_object_get_property (object, pspec->name, &value);
  if (G_VALUE_HOLDS_DOUBLE (&value))
    note (fixture, "%s=%.3f", pspec->name, g_value_get_double (&value));
  else if (G_VALUE_HOLDS_BOOLEAN (&value))
    note (fixture, "%s=%d", pspec->name, g_value_get_boolean (&value));
  else
    {
      g_value_init (&text, G_TYPE_INT);
      g_value_transform (&value, &text);
      note (fixture, "%s=%d", pspec->name, g_value_get_int (&text));
    }
}

static void
listen (Fixture    *fixture,
        const char *property)
{
  g_autofree char *signal = g_strdup_printf ("notify::%s", property);

  g_signal_connect (fixture->manager, signal, G_CALLBACK (note_property_cb), fixture);
}

static gboolean
sleep_a_second (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  return tend_sleep (SECOND, error);
}

/* --- Properties --- */

static void
test_counts (Fixture       *fixture,
             gconstpointer  unused)
{
  tend_task_manager_set_max_running (fixture->manager, 2);
  listen (fixture, "n-pending");
  listen (fixture, "n-running");
  listen (fixture, "n-failed");
  listen (fixture, "busy");
  for (guint i = 0; i < 3; i++)
    fiber_in (fixture, fixture->manager, NULL, sleep_a_second, fixture);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "n-pending=3 busy=1 n-pending=1 n-running=2");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "n-pending=0 n-running=1");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "n-running=0 busy=0");

  /* What cancels out in a turn is not told. */
  callback_in (fixture, fixture->manager, NULL, fail_at_once, fixture);
  tend_task_manager_cancel_all (fixture->manager);
  settle (fixture);
  assert_log (fixture, "");
  callback_in (fixture, fixture->manager, NULL, fail_at_once, fixture);
  settle (fixture);
  g_assert_nonnull (strstr (fixture->log->str, "n-failed=1"));
  g_string_truncate (fixture->log, 0);
}

static gboolean
clean_up_for_a_second (TendTask  *task,
                       gpointer   data,
                       GError   **error)
{
  gboolean slept = tend_sleep (3600 * SECOND, error);

  g_assert_false (slept);
  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_pop ();

  return FALSE;
}

static void
test_draining (Fixture       *fixture,
               gconstpointer  unused)
{
  TendTask *task = fiber_in (fixture, fixture->manager, NULL, clean_up_for_a_second, fixture);

  settle (fixture);
  listen (fixture, "n-draining");
  tend_task_cancel (task);
  settle (fixture);
  assert_log (fixture, "n-draining=1");
  g_assert_cmpuint (tend_task_manager_get_n_draining (fixture->manager), ==, 1);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "n-draining=0");
}

static void
test_progress (Fixture       *fixture,
               gconstpointer  unused)
{
  TendTask *first = fiber_in (fixture, fixture->manager, NULL, sleep_a_second, fixture);
  TendTask *second = fiber_in (fixture, fixture->manager, NULL, clean_up_for_a_second, fixture);

  settle (fixture);
  g_assert_cmpfloat (tend_task_manager_get_progress (fixture->manager), ==, 0.0);
  listen (fixture, "progress");
  for (int i = 1; i <= 5; i++)
    tend_task_set_progress (first, i / 10.0, NULL);
  settle (fixture);
  assert_log (fixture, "progress=0.250");
  tend_task_set_progress (second, 0.5, NULL);
  settle (fixture);
  assert_log (fixture, "progress=0.500");

  /* One that has ended counts as done, and so does not take the others back. */
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "progress=0.750");
  tend_task_cancel (second);
  settle (fixture);
  assert_log (fixture, "progress=0.750");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "progress=0.000");
  g_assert_false (tend_task_manager_is_busy (fixture->manager));

  /* The next ones begin anew. */
  fiber_in (fixture, fixture->manager, NULL, sleep_a_second, fixture);
  settle (fixture);
  assert_log (fixture, "progress=0.000 progress=0.000");
}

static void
test_closed_and_shut_down (Fixture       *fixture,
                           gconstpointer  unused)
{
  listen (fixture, "closed");
  listen (fixture, "shut-down");
  tend_task_manager_close (fixture->manager);
  settle (fixture);
  assert_log (fixture, "closed=1");
  tend_task_manager_drain_async (fixture->manager, NULL, NULL, NULL);
  settle (fixture);
  assert_log (fixture, "shut-down=1");
}

static void
test_rate (Fixture       *fixture,
           gconstpointer  unused)
{
  guint rate;
  gint64 period;

  g_object_get (fixture->manager, "rate", &rate, "rate-period", &period, NULL);
  g_assert_cmpuint (rate, ==, 0);
  g_assert_cmpint (period, ==, SECOND);

  listen (fixture, "rate");
  listen (fixture, "rate-period");
  for (guint i = 0; i < 2; i++)
    {
      g_object_set (fixture->manager, "rate-period", 2 * SECOND, NULL);
      g_object_set (fixture->manager, "rate", 5, NULL);
    }
  g_assert_cmpuint (tend_task_manager_get_rate (fixture->manager, &period), ==, 5);
  g_assert_cmpint (period, ==, 2 * SECOND);
  assert_log (fixture, "rate-period=2000000 rate=5");
  g_object_set (fixture->manager, "rate-period", 3 * SECOND, NULL);
  g_assert_cmpuint (tend_task_manager_get_rate (fixture->manager, &period), ==, 5);
  g_assert_cmpint (period, ==, 3 * SECOND);
  assert_log (fixture, "rate-period=3000000");
  tend_task_manager_set_rate (fixture->manager, 0, 0);
  assert_log (fixture, "rate=0");
}

static void
test_slow_check (Fixture       *fixture,
                 gconstpointer  unused)
{
  gint64 age, interval;

  g_object_get (fixture->manager, "slow-age", &age, "slow-interval", &interval, NULL);
  g_assert_cmpint (age, ==, TEND_FOREVER);
  g_assert_cmpint (interval, ==, 600 * SECOND);

  listen (fixture, "slow-age");
  listen (fixture, "slow-interval");
  for (guint i = 0; i < 2; i++)
    {
      g_object_set (fixture->manager, "slow-interval", 2 * SECOND, NULL);
      g_object_set (fixture->manager, "slow-age", 5 * SECOND, NULL);
    }
  assert_log (fixture, "slow-interval=2000000 slow-age=5000000");
  tend_task_manager_set_slow_check (fixture->manager, 6 * SECOND, 3 * SECOND);
  assert_log (fixture, "slow-age=6000000 slow-interval=3000000");
  g_object_set (fixture->manager, "slow-interval", 4 * SECOND, NULL);
  assert_log (fixture, "slow-interval=4000000");

  /* The interval is kept for the next check. */
  tend_task_manager_set_slow_check (fixture->manager, TEND_FOREVER, -1);
  assert_log (fixture, "slow-age=-1");
  g_object_get (fixture->manager, "slow-age", &age, "slow-interval", &interval, NULL);
  g_assert_cmpint (age, ==, TEND_FOREVER);
  g_assert_cmpint (interval, ==, 4 * SECOND);
}

static void
slow_cb (TendTaskManager *manager,
         TendTask        *task,
         gint64           age,
         gpointer         data)
{
  note (data, "slow:%" G_GINT64_FORMAT, age / SECOND);
  g_signal_stop_emission_by_name (manager, "task-slow");
}

static gboolean
run_on (TendTask  *task,
        gpointer   data,
        GError   **error)
{
  return TRUE;
}

/* A manager that is created with the property alone checks, and one whose interval is set goes by the new one. */
static void
test_slow_check_works (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(TendTaskManager) manager = g_object_new (TEND_TYPE_TASK_MANAGER, "slow-age", 5 * SECOND, NULL);

  g_signal_connect (manager, "task-slow", G_CALLBACK (slow_cb), fixture);
  callback_in (fixture, manager, "a", run_on, NULL);
  settle (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_log (fixture, "slow:5");
  tend_clock_advance (fixture->clock, 600 * SECOND, NULL);
  assert_log (fixture, "slow:605");
  g_object_set (manager, "slow-interval", SECOND, NULL);
  tend_clock_advance (fixture->clock, 6 * SECOND, NULL);
  assert_log (fixture, "slow:610 slow:611");
  g_object_set (manager, "slow-age", TEND_FOREVER, NULL);
  tend_clock_advance (fixture->clock, 60 * SECOND, NULL);
  assert_log (fixture, "");
  tend_task_manager_stop_all (manager);
  settle (fixture);
}

/* A handler drops the manager; the job has gone on by then. */
static void
drop_cb (GObject    *object,
         GParamSpec *pspec,
         gpointer    data)
{
  g_clear_object (&((Fixture *) data)->manager);
}

static void
test_handler_drops_the_manager (Fixture       *fixture,
                                gconstpointer  unused)
{
  callback_in (fixture, fixture->manager, NULL, note_name, fixture);
  g_signal_connect (fixture->manager, "notify::n-pending", G_CALLBACK (drop_cb), fixture);
  tend_task_manager_set_max_running (fixture->manager, 1);
  fiber_in (fixture, fixture->manager, NULL, sleep_a_second, fixture);
  fiber_in (fixture, fixture->manager, NULL, sleep_a_second, fixture);
  settle (fixture);
  g_assert_null (fixture->manager);
  g_string_truncate (fixture->log, 0);
}

/* --- Signals --- */

static void
added_cb (TendTaskManager *manager,
          TendTask        *task,
          gpointer         data)
{
  assert_is_native (data);
  g_assert_false (tend_task_is_running (task));
  note (data, "+%s", tend_task_get_name (task));
}

static void
ended_cb (TendTaskManager *manager,
          TendTask        *task,
          gpointer         data)
{
  assert_is_native (data);
  note (data, "-%s:%s", tend_task_get_name (task), tend_task_status_to_string (tend_task_get_status (task)));
}

static void
failed_cb (TendTaskManager *manager,
           TendTask        *task,
           const GError    *error,
           gpointer         data)
{
  note (data, "!%s", tend_task_get_name (task));
}

static void
connect_signals (Fixture         *fixture,
                 TendTaskManager *manager)
{
  g_signal_connect (manager, "task-added", G_CALLBACK (added_cb), fixture);
  g_signal_connect (manager, "task-ended", G_CALLBACK (ended_cb), fixture);
  g_signal_connect (manager, "task-failed", G_CALLBACK (failed_cb), fixture);
}

static void
test_signals (Fixture       *fixture,
              gconstpointer  unused)
{
  connect_signals (fixture, fixture->manager);
  callback_in (fixture, fixture->manager, "a", note_name, fixture);
  callback_in (fixture, fixture->manager, "b", fail_at_once, NULL);
  assert_log (fixture, "+a +b");
  settle (fixture);
  assert_log (fixture, "a -a:completed !b -b:failed");

  callback_in (fixture, fixture->manager, "c", never_run, NULL);
  tend_task_manager_cancel_all (fixture->manager);
  fiber_in (fixture, fixture->manager, "d", sleep_a_second, NULL);
  settle (fixture);
  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "+c -c:cancelled +d -d:stopped");
}

static void
stop_cb (TendTaskManager *manager,
         TendTask        *task,
         gpointer         data)
{
  tend_task_stop (task);
}

static void
test_handler_stops_the_task (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_signal_connect (fixture->manager, "task-added", G_CALLBACK (stop_cb), fixture);
  tend_task_manager_register (fixture->manager, tend_task_new_open ("a", never_run, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, &error);
  settle (fixture);
  g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, TEND_TASK_STATUS_STOPPED), ==, 1);
}

static void
test_owner_bars_the_signals (Fixture       *fixture,
                             gconstpointer  unused)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(TendTaskManager) manager = tend_task_manager_new_for_owner (owner);

  connect_signals (fixture, manager);
  fiber_in (fixture, manager, "a", sleep_a_second, fixture);
  settle (fixture);
  assert_log (fixture, "+a");
  g_object_unref (owner);
  assert_log (fixture, "");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/properties/counts", test_counts);
  add_test ("/tend/task-manager/properties/draining", test_draining);
  add_test ("/tend/task-manager/properties/progress", test_progress);
  add_test ("/tend/task-manager/properties/closed-and-shut-down", test_closed_and_shut_down);
  add_test ("/tend/task-manager/properties/rate", test_rate);
  add_test ("/tend/task-manager/properties/slow-check", test_slow_check);
  add_test ("/tend/task-manager/properties/slow-check-works", test_slow_check_works);
  add_test ("/tend/task-manager/properties/handler-drops-the-manager", test_handler_drops_the_manager);
  add_test ("/tend/task-manager/signals/each-task", test_signals);
  add_test ("/tend/task-manager/signals/handler-stops-the-task", test_handler_stops_the_task);
  add_test ("/tend/task-manager/signals/owner-bars-them", test_owner_bars_the_signals);

  return g_test_run ();
}
