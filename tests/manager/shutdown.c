// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The shutdown: every task cancelled and its real end awaited, in bounded time, and then the
// shutdown tasks, all of them. Who may call it, how often, and from where: shutdown-calls.c.

#include "shutdown.h"

/* --- The end of the tasks --- */

static void
test_empty_manager (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
  shut_down (fixture);
  g_assert_true (tend_task_manager_is_shut_down (fixture->manager));
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "down");
}

static void
test_every_kind (Fixture       *fixture,
                 gconstpointer  unused)
{
  Work *works[2 * N_KINDS];

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    works[i] = register_work (fixture, i % N_KINDS, NULL);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    work_wait_begun (works[kind]);
  shut_down (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    work_wait_gone (works[i]);
  settle (fixture);
  assert_log (fixture, "down");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
note_end (TendTask *task,
          gpointer  data)
{
  note (data, "%s:%s", tend_task_get_name (task), tend_task_status_to_string (tend_task_get_status (task)));
}

static void
test_pending_and_delayed_tasks_never_run (Fixture       *fixture,
                                          gconstpointer  unused)
{
  g_autoptr(TendTask) delayed = watch (fixture, tend_task_new_open ("delayed", never_run, NULL, NULL));
  g_autoptr(TendTask) ticking = watch (fixture, tend_task_new_open ("ticking", never_run, NULL, NULL));
  Work *work;

  tend_task_manager_set_max_running (fixture->manager, 1);
  work = register_work (fixture, FIBER, NULL);
  tend_task_add_exit_handler (register_callback (fixture, "waiting", never_run, NULL), note_end, fixture, NULL);
  settle (fixture);
  tend_task_set_delay (delayed, 10 * SECOND);
  tend_task_set_interval (ticking, SECOND);
  tend_task_manager_register (fixture->manager, g_object_ref (delayed), TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_register (fixture->manager, g_object_ref (ticking), TEND_NAME_POLICY_REJECT, NULL);
  tend_task_add_exit_handler (delayed, note_end, fixture, NULL);
  tend_task_add_exit_handler (ticking, note_end, fixture, NULL);
  tend_task_add_exit_handler (register_callback (fixture, "new", never_run, NULL), note_end, fixture, NULL);

  shut_down (fixture);
  assert_log (fixture, "waiting:cancelled delayed:cancelled ticking:cancelled new:cancelled");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "down");
  g_assert_cmpuint (work->n_freed, ==, 1);
}

static gboolean
clean_up (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  Fixture *fixture = data;
  gboolean slept = tend_sleep (3600 * SECOND, error);

  g_assert_false (slept);
  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_pop ();
  note (fixture, "clean");

  return FALSE;
}

/* Not the first end of a task counts, and not its being cancelled: the last body's real end. */
static void
test_waits_for_shielded_clean_up (Fixture       *fixture,
                                  gconstpointer  unused)
{
  add_note (fixture, "task");
  register_work (fixture, FIBER, NULL);
  register_fiber (fixture, NULL, clean_up, fixture);
  register_work (fixture, CALLBACK, NULL);
  settle (fixture);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 2 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "clean task down");
}

static void
test_waits_for_tasks_cancelled_before (Fixture       *fixture,
                                       gconstpointer  unused)
{
  register_fiber (fixture, "n", clean_up, fixture);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "clean down");
}

/* A thread that was stopped has ended for everybody, but it still works with what others share. */
static void
test_waits_for_stopped_thread (Fixture       *fixture,
                               gconstpointer  unused)
{
  Work *work = register_work (fixture, THREAD, NULL);

  work->is_deaf = TRUE;
  work_wait_begun (work);
  tend_task_stop (work->task);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "");
  work_let_go (work);
  work_wait_gone (work);
  settle (fixture);
  assert_log (fixture, "down");
}

static gboolean
fail_in_clean_up (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  tend_sleep (SECOND, NULL);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "clean-up failed");
  return FALSE;
}

static void
note_failure_cb (TendTaskManager *manager,
                 TendTask        *task,
                 const GError    *error,
                 gpointer         data)
{
  note (data, "failed");
}

/* That is the task's failure, told by task-failed, and not the shutdown's. */
static void
test_task_that_fails_meanwhile (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (note_failure_cb), fixture);
  add_note (fixture, "task");
  register_fiber (fixture, NULL, fail_in_clean_up, NULL);
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "failed task down");
}

static gboolean
ignore_cancel (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  return TRUE;
}

/* One that completes after all has ended as well as any. */
static void
test_task_that_completes_meanwhile (Fixture       *fixture,
                                    gconstpointer  unused)
{
  TendTask *task = register_callback (fixture, NULL, ignore_cancel, NULL);

  settle (fixture);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 4 * SECOND, NULL);
  assert_log (fixture, "");
  tend_task_return_int (task, 1);
  settle (fixture);
  assert_log (fixture, "down");
}

/* --- The grace period --- */

static void
test_grace_period (Fixture       *fixture,
                   gconstpointer  unused)
{
  GPtrArray *errors;
  TendTask *task = register_callback (fixture, "slow", ignore_cancel, NULL);

  g_assert_cmpint (tend_task_manager_get_grace_period (fixture->manager), ==, 5 * SECOND);
  add_note (fixture, "task");
  tend_clock_advance (fixture->clock, 2 * SECOND + SECOND / 2, NULL);
  tend_task_add_exit_handler (task, note_end, fixture, NULL);

  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "slow:stopped task error");

  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 1);
  g_assert_error (get_error (errors, 0), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_message (errors, 0, "Task 'slow': ");
  assert_message (errors, 0, "7.500 s old");
  assert_message (errors, 0, "running");
  assert_message (errors, 0, "5.000 s");
  g_ptr_array_unref (errors);
}

static void
test_grace_period_is_settable (Fixture       *fixture,
                               gconstpointer  unused)
{
  gint64 usec = 0;

  g_object_set (fixture->manager, "grace-period", SECOND / 4, NULL);
  g_object_get (fixture->manager, "grace-period", &usec, NULL);
  g_assert_cmpint (usec, ==, SECOND / 4);

  register_callback (fixture, NULL, ignore_cancel, NULL);
  settle (fixture);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND / 4);
  assert_log (fixture, "error");
}

static void
test_no_grace_at_all (Fixture       *fixture,
                      gconstpointer  unused)
{
  GPtrArray *errors;

  /* Those that end when they are told have no need of it; time never stands between. */
  tend_task_manager_set_grace_period (fixture->manager, 0);
  register_work (fixture, FIBER, NULL);
  register_work (fixture, CALLBACK, NULL);
  register_fiber (fixture, "n", clean_up, fixture);
  settle (fixture);
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*grace_period >= 0*");
  tend_task_manager_set_grace_period (fixture->manager, -1);
  g_test_assert_expected_messages ();
  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "clean");

  register_callback (fixture, NULL, ignore_cancel, NULL);
  settle (fixture);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), <=, 1);
  assert_log (fixture, "error");
  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 1);
  g_ptr_array_unref (errors);
}

static void
test_stragglers_are_named (Fixture       *fixture,
                           gconstpointer  unused)
{
  GPtrArray *errors;
  Work *thread = register_work (fixture, THREAD, "thread");

  thread->is_deaf = TRUE;
  register_callback (fixture, "callback", ignore_cancel, NULL);
  register_work (fixture, FIBER, "good");
  register_callback (fixture, NULL, ignore_cancel, NULL);
  work_wait_begun (thread);

  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_log (fixture, "errors");
  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 3);
  assert_message (errors, 0, "Task 'thread': ");
  assert_message (errors, 1, "Task 'callback': ");
  assert_message (errors, 2, "Task ");
  g_ptr_array_unref (errors);

  /* The thread, which nothing can end, comes late. The manager still has it until then. */
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  work_let_go (thread);
  work_wait_gone (thread);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

/* The same, and nobody has the manager any more when the thread comes. */
static void
test_thread_that_returns_after_manager_went (Fixture       *fixture,
                                             gconstpointer  unused)
{
  Work *thread = register_work (fixture, THREAD, "thread");

  thread->is_deaf = TRUE;
  work_wait_begun (thread);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND, NULL);
  assert_log (fixture, "error");
  g_ptr_array_unref (take_errors (fixture));
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));

  work_let_go (thread);
  work_wait_gone (thread);
}

static gboolean
wait_on_and_on (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  tend_shield_push ();
  while (tend_sleep (SECOND, NULL) || TRUE)
    ;

  return TRUE;
}

/* A fiber that heeds neither cancel nor stop: its waits fail, and after many of them it is given up. */
static void
test_fiber_that_refuses_to_end (Fixture       *fixture,
                                gconstpointer  unused)
{
  GPtrArray *errors;

  register_fiber (fixture, "stubborn", wait_on_and_on, NULL);
  settle (fixture);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'stubborn': has ended*given up");
  tend_clock_advance (fixture->clock, 1, NULL);
  g_test_assert_expected_messages ();
  assert_log (fixture, "error");
  g_assert_cmpuint (fixture->n_alive, ==, 0);

  errors = take_errors (fixture);
  assert_message (errors, 0, "Task 'stubborn': ");
  g_ptr_array_unref (errors);
}

/* --- The shutdown tasks --- */

static void
test_tasks_run_in_order (Fixture       *fixture,
                         gconstpointer  unused)
{
  add_sleep (fixture, "a");
  add_note (fixture, "b");
  add_sleep (fixture, "c");
  register_work (fixture, CALLBACK, NULL);
  settle (fixture);
  assert_log (fixture, "");

  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 2 * SECOND);
  assert_log (fixture, "a< >a b c< >c down");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static gboolean
note_in_thread (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  g_atomic_int_inc ((int *) data);
  return TRUE;
}

static void
begin_nothing (TendTask            *task,
               GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             callback_data,
               gpointer             data)
{
  g_autoptr(GTask) result = g_task_new (NULL, cancellable, callback, callback_data);

  g_task_return_boolean (result, TRUE);
}

static gboolean
finish_nothing (TendTask      *task,
                GAsyncResult  *result,
                gpointer       data,
                GError       **error)
{
  note (data, "async");
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_tasks_of_every_kind (Fixture       *fixture,
                          gconstpointer  unused)
{
  int n_runs = 0;

  add_shutdown_task (fixture, tend_task_new_thread (NULL, note_in_thread, &n_runs, NULL));
  add_shutdown_task (fixture, tend_task_new_async (NULL, begin_nothing, finish_nothing, fixture, NULL));
  add_note (fixture, "callback");
  add_sleep (fixture, "fiber");
  shut_down (fixture);
  tend_clock_run_until_idle (fixture->clock, NULL);
  g_assert_cmpint (g_atomic_int_get (&n_runs), ==, 1);
  assert_log (fixture, "async callback fiber< >fiber down");
}

static void
test_all_tasks_run_and_errors_are_collected (Fixture       *fixture,
                                             gconstpointer  unused)
{
  GPtrArray *errors;

  add_shutdown_task (fixture, tend_task_new_open ("first", fail_at_once, NULL, NULL));
  add_note (fixture, "between");
  add_shutdown_task (fixture, tend_task_new_open ("second", fail_at_once, NULL, NULL));
  add_note (fixture, "last");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "between last errors");

  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 2);
  g_assert_error (get_error (errors, 0), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  assert_message (errors, 0, "first failed");
  assert_message (errors, 1, "second failed");
  g_ptr_array_unref (errors);
}

static void
test_one_error_comes_as_it_is (Fixture       *fixture,
                               gconstpointer  unused)
{
  GPtrArray *errors;

  add_shutdown_task (fixture, tend_task_new_open ("only", fail_at_once, NULL, NULL));
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "error");
  errors = take_errors (fixture);
  g_assert_error (get_error (errors, 0), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_ptr_array_unref (errors);
}

static gboolean
add_more (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GError) refusal = NULL;

  add_note (fixture, "more");
  g_assert_null (tend_task_manager_register (fixture->manager, tend_task_new_open (NULL, never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &refusal));
  g_assert_error (refusal, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  note (fixture, "adds");
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_task_that_adds_others (Fixture       *fixture,
                            gconstpointer  unused)
{
  add_shutdown_task (fixture, tend_task_new_open (NULL, add_more, fixture, NULL));
  add_note (fixture, "second");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "adds second more down");
}

/* It was started by somebody else by then: it does not run again, and that is said. */
static void
test_task_that_was_started_meanwhile (Fixture       *fixture,
                                      gconstpointer  unused)
{
  TendTask *task = add_note (fixture, "first");
  GPtrArray *errors;

  add_note (fixture, "second");
  g_assert_true (tend_task_start (task, NULL));
  assert_log (fixture, "first");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "second error");
  errors = take_errors (fixture);
  g_assert_error (get_error (errors, 0), TEND_ERROR, TEND_ERROR_STATE);
  g_ptr_array_unref (errors);
}

static void
test_task_that_is_stopped (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendTask *task = add_sleep (fixture, "a");
  GPtrArray *errors;

  add_note (fixture, "b");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "a<");
  tend_task_stop (task);
  settle (fixture);
  assert_log (fixture, "b error");
  errors = take_errors (fixture);
  g_assert_error (get_error (errors, 0), TEND_ERROR, TEND_ERROR_STOPPED);
  g_ptr_array_unref (errors);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_shutdown_test ("/tend/task-manager/shutdown/empty-manager", test_empty_manager);
  add_shutdown_test ("/tend/task-manager/shutdown/every-kind", test_every_kind);
  add_shutdown_test ("/tend/task-manager/shutdown/pending-and-delayed-tasks-never-run",
                     test_pending_and_delayed_tasks_never_run);
  add_shutdown_test ("/tend/task-manager/shutdown/waits-for-shielded-clean-up", test_waits_for_shielded_clean_up);
  add_shutdown_test ("/tend/task-manager/shutdown/waits-for-tasks-cancelled-before",
                     test_waits_for_tasks_cancelled_before);
  add_shutdown_test ("/tend/task-manager/shutdown/waits-for-stopped-thread", test_waits_for_stopped_thread);
  add_shutdown_test ("/tend/task-manager/shutdown/task-that-fails-meanwhile", test_task_that_fails_meanwhile);
  add_shutdown_test ("/tend/task-manager/shutdown/task-that-completes-meanwhile",
                     test_task_that_completes_meanwhile);

  add_shutdown_test ("/tend/task-manager/grace/stops-after-it", test_grace_period);
  add_shutdown_test ("/tend/task-manager/grace/is-settable", test_grace_period_is_settable);
  add_shutdown_test ("/tend/task-manager/grace/none-at-all", test_no_grace_at_all);
  add_shutdown_test ("/tend/task-manager/grace/stragglers-are-named", test_stragglers_are_named);
  add_shutdown_test ("/tend/task-manager/grace/thread-that-returns-after-manager-went",
                     test_thread_that_returns_after_manager_went);
  add_shutdown_test ("/tend/task-manager/grace/fiber-that-refuses-to-end", test_fiber_that_refuses_to_end);

  add_shutdown_test ("/tend/task-manager/shutdown-tasks/run-in-order", test_tasks_run_in_order);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/of-every-kind", test_tasks_of_every_kind);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/all-run-and-errors-are-collected",
                     test_all_tasks_run_and_errors_are_collected);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/one-error-comes-as-it-is", test_one_error_comes_as_it_is);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/that-add-others", test_task_that_adds_others);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/started-meanwhile", test_task_that_was_started_meanwhile);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/stopped", test_task_that_is_stopped);

  return g_test_run ();
}
