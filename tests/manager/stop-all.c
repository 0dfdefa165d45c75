// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// All tasks of a manager stopped at once, and nothing of them afterwards: in each state of a manager, from inside, and
// with child managers.

#include "children.h"

static gboolean
sleep_long (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  tend_shield_push ();
  if (tend_sleep (3600 * SECOND, error))
    g_assert_not_reached ();
  tend_shield_pop ();
  note (data, "unwound");

  return FALSE;
}

static gboolean
never_called (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  g_assert_not_reached ();
}

static gboolean
begin_and_time (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  tend_task_add_timer (task, SECOND, SECOND, never_called, data, NULL);
  return TRUE;
}

static void
note_end (TendTask *task,
          gpointer  data)
{
  note (data, "%s:%s", tend_task_get_name (task), tend_task_status_to_string (tend_task_get_status (task)));
}

/* A task of each kind that has not begun, or stands between two runs. */
static void
register_waiting (Fixture         *fixture,
                  TendTaskManager *manager)
{
  TendTask *delayed = watch (fixture, tend_task_new_open ("delayed", never_run, NULL, NULL));
  TendTask *ticking = watch (fixture, tend_task_new_open ("ticking", never_run, NULL, NULL));

  tend_task_set_delay (delayed, 10 * SECOND);
  tend_task_set_interval (ticking, SECOND);
  tend_task_add_exit_handler (tend_task_manager_register (manager, delayed, TEND_NAME_POLICY_REJECT, NULL), note_end,
                              fixture, NULL);
  tend_task_manager_register (manager, ticking, TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_register (manager, watch (fixture, tend_task_new_fiber ("delayed", never_run, NULL, NULL)),
                              TEND_NAME_POLICY_QUEUE, NULL);
  callback_in (fixture, manager, "new", never_run, NULL);
}

static void
test_nothing_is_left (Fixture       *fixture,
                      gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  fiber_in (fixture, fixture->manager, "fiber", sleep_long, fixture);
  fiber_in (fixture, child, "fiber", sleep_long, fixture);
  callback_in (fixture, fixture->manager, "callback", begin_and_time, fixture);
  settle (fixture);
  register_waiting (fixture, fixture->manager);
  register_waiting (fixture, child);

  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "delayed:stopped delayed:stopped unwound unwound");
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (child)), ==, 0);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "");
  g_assert_cmpuint (fixture->n_alive, ==, 1);
}

/* What was debounced, throttled, held back by the rate or paused waits in other places. */
static void
register_held_back (Fixture         *fixture,
                    TendTaskManager *manager)
{
  TendTask *paused = watch (fixture, tend_task_new_open ("paused", never_run, NULL, NULL));

  callback_in (fixture, manager, "throttled", count_run, NULL);
  settle (fixture);
  tend_task_manager_set_rate (manager, 1, 100 * SECOND);
  tend_task_manager_register (manager, paused, TEND_NAME_POLICY_REJECT, NULL);
  tend_task_pause (paused);
  callback_in (fixture, manager, "first", count_run, NULL);
  settle (fixture);
  callback_in (fixture, manager, "second", never_run, NULL);
  for (guint i = 0; i < 3; i++)
    {
      TendTask *throttled = watch (fixture, tend_task_new_open ("throttled", never_run, NULL, NULL));
      TendTask *debounced = watch (fixture, tend_task_new_open ("debounced", never_run, NULL, NULL));

      tend_task_manager_throttle (manager, throttled, SECOND, NULL);
      tend_task_manager_debounce (manager, debounced, SECOND, NULL);
    }
  settle (fixture);
}

static void
test_nothing_is_held_back (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  guint n_runs = 0;

  register_held_back (fixture, fixture->manager);
  register_held_back (fixture, child);
  tend_task_manager_stop_all (fixture->manager);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (child)), ==, 0);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  g_assert_cmpuint (fixture->n_alive, ==, 1);

  /* The names are free, and nothing is remembered of what never ran. */
  tend_clock_advance (fixture->clock, 100 * SECOND, NULL);
  tend_task_manager_throttle (fixture->manager, tend_task_new_open ("throttled", count_run, &n_runs, NULL), SECOND,
                              NULL);
  tend_task_manager_debounce (child, tend_task_new_open ("debounced", count_run, &n_runs, NULL), SECOND, NULL);
  tend_clock_run_until_idle (fixture->clock, NULL);
  g_assert_cmpuint (n_runs, ==, 2);
}

static void
test_manager_stays_open (Fixture       *fixture,
                         gconstpointer  unused)
{
  tend_task_manager_stop_all (fixture->manager);
  tend_task_manager_set_max_running (fixture->manager, 1);
  fiber_in (fixture, fixture->manager, "n", sleep_long, fixture);
  settle (fixture);
  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "unwound");
  g_assert_false (tend_task_manager_is_closed (fixture->manager));

  /* The name and the slot are free. */
  callback_in (fixture, fixture->manager, "n", note_name, fixture);
  settle (fixture);
  assert_log (fixture, "n");

  tend_task_manager_close (fixture->manager);
  tend_task_manager_stop_all (fixture->manager);
  g_assert_true (tend_task_manager_is_closed (fixture->manager));
  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
}

/* What was cancelled before, and cleans up under a shield, is unwound as well. */
static void
test_tasks_that_drain (Fixture       *fixture,
                       gconstpointer  unused)
{
  fiber_in (fixture, fixture->manager, "n", sleep_long, fixture);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "n");
  settle (fixture);
  assert_log (fixture, "");
  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "unwound");
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

/* A thread goes on, and what it returns is dropped. */
static void
test_thread_goes_on (Fixture       *fixture,
                     gconstpointer  unused)
{
  Work *work = register_work (fixture, THREAD, "thread");

  work->is_deaf = TRUE;
  work_wait_begun (work);
  tend_task_manager_stop_all (fixture->manager);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  work_let_go (work);
  work_wait_gone (work);
  settle (fixture);
  g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, TEND_TASK_STATUS_STOPPED), ==, 1);
  g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, TEND_TASK_STATUS_COMPLETED), ==, 0);
}

static void
drained_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_drain_finish (TEND_TASK_MANAGER (object), result, &error);
  g_assert_no_error (error);
  note (data, "drained");
}

static void
test_drain_goes_on (Fixture       *fixture,
                    gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  add_note (fixture, "last");
  fiber_in (fixture, child, "n", sleep_long, fixture);
  settle (fixture);
  register_waiting (fixture, fixture->manager);
  tend_task_manager_drain_async (fixture->manager, NULL, drained_cb, fixture);
  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "delayed:stopped unwound");
  settle (fixture);
  assert_log (fixture, "last drained");
}

/* While it shuts down, and when it runs its shutdown tasks, which are not touched, and afterwards. */
static void
test_shutdown_goes_on (Fixture       *fixture,
                       gconstpointer  unused)
{
  add_sleep (fixture, "a");
  fiber_in (fixture, fixture->manager, "n", sleep_long, fixture);
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "");
  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "unwound");
  settle (fixture);
  assert_log (fixture, "a<");
  tend_task_manager_stop_all (fixture->manager);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, ">a down");
  tend_task_manager_stop_all (fixture->manager);
}

static gboolean
stop_all_from_inside (TendTask  *task,
                      gpointer   data,
                      GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GError) stopped = NULL;

  tend_task_manager_stop_all (fixture->manager);
  note (fixture, "after");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  g_assert_false (tend_sleep (SECOND, &stopped));
  g_assert_error (stopped, TEND_ERROR, TEND_ERROR_STOPPED);

  return TRUE;
}

static void
test_called_from_inside (Fixture       *fixture,
                         gconstpointer  unused)
{
  fiber_in (fixture, fixture->manager, "n", sleep_long, fixture);
  settle (fixture);
  fiber_in (fixture, fixture->manager, NULL, stop_all_from_inside, fixture);
  settle (fixture);
  assert_log (fixture, "unwound after");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
register_again (TendTask *task,
                gpointer  data)
{
  Fixture *fixture = data;

  callback_in (fixture, fixture->manager, "again", note_name, fixture);
}

/* Who hears of the end finds the manager open. */
static void
test_handler_registers (Fixture       *fixture,
                        gconstpointer  unused)
{
  tend_task_add_exit_handler (fiber_in (fixture, fixture->manager, "n", sleep_long, fixture), register_again, fixture,
                              NULL);
  settle (fixture);
  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "unwound");
  settle (fixture);
  assert_log (fixture, "again");
}

/* The manager goes in the handler of the first end; the others end all the same. */
static void
drop_manager (TendTask *task,
              gpointer  data)
{
  Fixture *fixture = data;

  g_clear_object (&fixture->manager);
}

static void
test_handler_drops_the_manager (Fixture       *fixture,
                                gconstpointer  unused)
{
  tend_task_add_exit_handler (fiber_in (fixture, fixture->manager, "a", sleep_long, fixture), drop_manager, fixture,
                              NULL);
  fiber_in (fixture, fixture->manager, "b", sleep_long, fixture);
  settle (fixture);
  tend_task_manager_stop_all (fixture->manager);
  assert_log (fixture, "unwound unwound");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
test_with_an_owner (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(TendTaskManager) manager = watch (fixture, tend_task_manager_new_for_owner (owner));

  fiber_in (fixture, manager, "n", sleep_long, fixture);
  settle (fixture);
  tend_task_manager_stop_all (manager);
  assert_log (fixture, "unwound");
  g_assert_false (tend_task_manager_is_closed (manager));
  g_clear_object (&owner);
  g_assert_true (tend_task_manager_is_closed (manager));
  g_assert_true (tend_task_manager_is_shut_down (manager));
  tend_task_manager_stop_all (manager);
  tend_task_manager_close (manager);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_shutdown_test ("/tend/task-manager/stop-all/nothing-is-left", test_nothing_is_left);
  add_shutdown_test ("/tend/task-manager/stop-all/nothing-is-held-back", test_nothing_is_held_back);
  add_shutdown_test ("/tend/task-manager/stop-all/manager-stays-open", test_manager_stays_open);
  add_shutdown_test ("/tend/task-manager/stop-all/tasks-that-drain", test_tasks_that_drain);
  add_shutdown_test ("/tend/task-manager/stop-all/thread-goes-on", test_thread_goes_on);
  add_shutdown_test ("/tend/task-manager/stop-all/drain-goes-on", test_drain_goes_on);
  add_shutdown_test ("/tend/task-manager/stop-all/shutdown-goes-on", test_shutdown_goes_on);
  add_shutdown_test ("/tend/task-manager/stop-all/called-from-inside", test_called_from_inside);
  add_shutdown_test ("/tend/task-manager/stop-all/handler-registers", test_handler_registers);
  add_shutdown_test ("/tend/task-manager/stop-all/handler-drops-the-manager", test_handler_drops_the_manager);
  add_shutdown_test ("/tend/task-manager/stop-all/with-an-owner", test_with_an_owner);

  return g_test_run ();
}
