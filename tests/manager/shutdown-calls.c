// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Who calls the shutdown, how often, and from where. What it does: shutdown.c.

#include "shutdown.h"

/* --- How often --- */

static void
test_second_call_joins_first (Fixture       *fixture,
                              gconstpointer  unused)
{
  add_sleep (fixture, "a");
  shut_down (fixture);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "a<");
  shut_down (fixture);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, ">a down down down");
}

static void
test_call_after_the_end (Fixture       *fixture,
                         gconstpointer  unused)
{
  add_note (fixture, "a");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "a down");
  shut_down (fixture);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "down");
}

/* Whoever asks is told the same, also afterwards. */
static void
test_each_call_is_told_the_errors (Fixture       *fixture,
                                   gconstpointer  unused)
{
  add_shutdown_task (fixture, tend_task_new_open ("x", fail_at_once, NULL, NULL));
  add_shutdown_task (fixture, tend_task_new_open ("y", fail_at_once, NULL, NULL));
  shut_down (fixture);
  shut_down (fixture);
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "errors errors errors");
}

static void
call_again_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  shut_down_cb (object, result, data);
  shut_down (data);
}

static void
test_callback_calls_again (Fixture       *fixture,
                           gconstpointer  unused)
{
  tend_task_manager_shutdown_async (fixture->manager, NULL, call_again_cb, fixture);
  tend_task_manager_shutdown_async (fixture->manager, NULL, call_again_cb, fixture);
  settle (fixture);
  assert_log (fixture, "down down down down");
}

static void
nest_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      data)
{
  shut_down_cb (object, result, data);
  g_cancellable_cancel (g_task_get_cancellable (G_TASK (result)));
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* A callback has the other callers give up, and runs a main loop of its own, in which they do. */
static void
test_callback_runs_a_nested_loop (Fixture       *fixture,
                                  gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < 3; i++)
    tend_task_manager_shutdown_async (fixture->manager, cancellable, nest_cb, fixture);
  settle (fixture);
  assert_log (fixture, "down given-up given-up");
}

/* --- Given up --- */

static void
test_given_up_by_caller (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  add_sleep (fixture, "a");
  tend_task_manager_shutdown_async (fixture->manager, cancellable, shut_down_cb, fixture);
  settle (fixture);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "a< given-up");

  /* The shutdown goes on, and can be waited for again. */
  g_assert_true (tend_task_manager_is_shut_down (fixture->manager));
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  shut_down (fixture);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  assert_log (fixture, ">a down");
}

static void
test_without_callback (Fixture       *fixture,
                       gconstpointer  unused)
{
  add_note (fixture, "a");
  tend_task_manager_shutdown_async (fixture->manager, NULL, NULL, NULL);
  settle (fixture);
  assert_log (fixture, "a");
}

/* --- In a fiber, and in tasks of the manager --- */

static gboolean
shut_down_in_fiber (TendTask  *task,
                    gpointer   data,
                    GError   **error)
{
  Fixture *fixture = data;

  if (!tend_task_manager_shutdown (fixture->manager, error))
    {
      note (fixture, "fiber-gave-up");
      return FALSE;
    }

  note (fixture, "fiber-down");
  return TRUE;
}

static void
test_in_fiber (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  register_work (fixture, FIBER, NULL);
  add_sleep (fixture, "a");

  /* A whole program runs in no time: virtual time goes on while a fiber waits for this. */
  g_assert_true (tend_run (shut_down_in_fiber, fixture, &error));
  g_assert_no_error (error);
  assert_log (fixture, "a< >a fiber-down");
}

static void
test_outside_fiber (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_manager_shutdown (fixture->manager, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
}

static void
test_inside_managed_fiber (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_fiber (fixture, "n", shut_down_in_fiber, fixture));
  Work *work = register_work (fixture, FIBER, "other");

  add_note (fixture, "a");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "a fiber-down");
  g_assert_cmpuint (work->n_freed, ==, 1);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
}

static gboolean
shut_down_and_go_on (TendTask  *task,
                     gpointer   data,
                     GError   **error)
{
  shut_down (data);
  return TRUE;
}

/* A task that calls it and does not wait is left alone, and the shutdown with it. */
static void
test_inside_managed_callback (Fixture       *fixture,
                              gconstpointer  unused)
{
  TendTask *task = register_callback (fixture, "n", shut_down_and_go_on, fixture);

  settle (fixture);
  assert_log (fixture, "down");
  g_assert_true (tend_task_is_running (task));
  g_assert_false (tend_task_is_cancelling (task));
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));

  tend_task_return_boolean (task, TRUE);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static void
test_managed_caller_ends_first (Fixture       *fixture,
                                gconstpointer  unused)
{
  Work *thread = register_work (fixture, THREAD, NULL);
  TendTask *task;

  thread->is_deaf = TRUE;
  work_wait_begun (thread);
  task = register_callback (fixture, "n", shut_down_and_go_on, fixture);
  settle (fixture);
  tend_task_return_boolean (task, TRUE);
  settle (fixture);
  assert_log (fixture, "");
  work_let_go (thread);
  work_wait_gone (thread);
  settle (fixture);
  assert_log (fixture, "down");
}

/* Several tasks of the manager wait for its end, in their clean-up too: none for another. */
static gboolean
shut_down_in_clean_up (TendTask  *task,
                       gpointer   data,
                       GError   **error)
{
  gboolean slept = tend_sleep (3600 * SECOND, error);
  gboolean is_down;

  g_assert_false (slept);
  tend_shield_push ();
  is_down = shut_down_in_fiber (task, data, NULL);
  tend_shield_pop ();

  return is_down && FALSE;
}

static void
test_inside_several_managed_tasks (Fixture       *fixture,
                                   gconstpointer  unused)
{
  register_fiber (fixture, NULL, shut_down_in_clean_up, fixture);
  register_fiber (fixture, NULL, shut_down_in_clean_up, fixture);
  settle (fixture);
  register_fiber (fixture, NULL, shut_down_in_fiber, fixture);
  add_note (fixture, "a");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "a fiber-down fiber-down fiber-down");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* Without a shield its wait fails, since it is cancelled: then it is waited for as any other. */
static gboolean
give_up_and_clean_up (TendTask  *task,
                      gpointer   data,
                      GError   **error)
{
  Fixture *fixture = data;
  gboolean slept = tend_sleep (3600 * SECOND, error);

  g_assert_false (slept);
  g_assert_false (shut_down_in_fiber (task, fixture, NULL));
  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_pop ();
  note (fixture, "clean");

  return FALSE;
}

static void
test_managed_task_that_gives_up_is_waited_for (Fixture       *fixture,
                                               gconstpointer  unused)
{
  register_fiber (fixture, NULL, give_up_and_clean_up, fixture);
  settle (fixture);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "fiber-gave-up clean down");
}

static void
test_cancelled_in_fiber (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_fiber (NULL, shut_down_in_fiber, fixture, NULL));

  add_sleep (fixture, "a");
  g_assert_true (tend_task_start (task, NULL));
  settle (fixture);
  tend_task_cancel (task);
  settle (fixture);
  assert_log (fixture, "a< fiber-gave-up");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, ">a");
}

static gboolean
shut_down_within (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GError) refused = NULL;

  g_assert_false (tend_task_manager_shutdown (fixture->manager, &refused));
  g_assert_error (refused, TEND_ERROR, TEND_ERROR_STATE);
  note (fixture, "refused");
  return TRUE;
}

/* It would wait for its own end. */
static void
test_inside_shutdown_task (Fixture       *fixture,
                           gconstpointer  unused)
{
  add_shutdown_task (fixture, tend_task_new_fiber (NULL, shut_down_within, fixture, NULL));
  add_note (fixture, "a");
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "refused a down");
}

static void
shut_down_at_exit (TendTask *task,
                   gpointer  data)
{
  shut_down (data);
}

static void
test_inside_exit_handler (Fixture       *fixture,
                          gconstpointer  unused)
{
  Work *works[3];

  for (guint i = 0; i < 3; i++)
    {
      works[i] = register_work (fixture, FIBER, NULL);
      tend_task_add_exit_handler (works[i]->task, shut_down_at_exit, fixture, NULL);
    }
  settle (fixture);
  tend_task_stop (works[1]->task);
  settle (fixture);
  assert_log (fixture, "down down down");
}

static void
shut_down_when_changed_cb (GListModel *model,
                           guint       position,
                           guint       n_removed,
                           guint       n_added,
                           gpointer    data)
{
  if (n_removed > 0 && !tend_task_manager_is_shut_down (TEND_TASK_MANAGER (model)))
    shut_down (data);
}

static void
test_inside_items_changed (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (shut_down_when_changed_cb), fixture);
  for (guint i = 0; i < 3; i++)
    register_work (fixture, FIBER, NULL);
  settle (fixture);
  tend_task_cancel (nth_task (fixture, 1));
  settle (fixture);
  assert_log (fixture, "down");
}

/* --- What is refused --- */

static void
test_shutdown_task_after_the_end (Fixture       *fixture,
                                  gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));

  shut_down (fixture);
  settle (fixture);
  g_assert_false (tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
}

static void
test_shutdown_task_that_was_started (Fixture       *fixture,
                                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_run_open (NULL, count_run, NULL, NULL));

  g_assert_false (tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
}

static gboolean
shut_down_when_cancelled (TendTask  *task,
                          gpointer   data,
                          GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GError) local = NULL;

  g_assert_false (tend_sleep (SECOND, NULL));
  g_assert_false (tend_task_manager_shutdown (fixture->manager, &local));
  g_assert_error (local, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  note (fixture, "left");
  return TRUE;
}

/* Clean-up code cannot wait, but must not leave the manager open either. */
static void
test_begins_in_cancelled_fiber (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_run_fiber (NULL, shut_down_when_cancelled, fixture, NULL));

  add_note (fixture, "last");
  tend_task_cancel (task);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "left last");
  g_assert_true (tend_task_manager_is_shut_down (fixture->manager));
}

/* One that runs already has nobody who would tend it, and is not left alone. */
static void
test_running_task_after_the_shutdown (Fixture       *fixture,
                                      gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) running = work_make_task (work_new (fixture), FIBER, "n");

  g_assert_true (tend_task_start (running, NULL));
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "down");
  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (running), TEND_NAME_POLICY_REJECT,
                                              &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  g_assert_nonnull (strstr (error->message, "Task 'n': "));
  settle (fixture);
  g_assert_cmpint (tend_task_get_status (running), ==, TEND_TASK_STATUS_CANCELLED);
}

static gboolean
live_in_thread (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  guint n_runs = 0;

  g_assert_nonnull (tend_task_manager_register (manager, tend_task_new_open ("n", count_run, &n_runs, NULL),
                                                TEND_NAME_POLICY_REJECT, error));
  g_assert_true (tend_task_manager_wait_for_tasks (manager, error));
  g_assert_cmpuint (n_runs, ==, 1);
  return tend_task_manager_shutdown (manager, error);
}

static gpointer
make_in_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GError) error = NULL;

  g_main_context_push_thread_default (context);
  g_assert_true (tend_run (live_in_thread, NULL, &error));
  g_assert_no_error (error);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);

  return NULL;
}

/* A manager may be made in any thread, and belongs to the context that is the thread's default. */
static void
test_made_in_a_thread (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_thread_join (g_thread_new ("elsewhere", make_in_thread, NULL));
}

static gpointer
misuse_in_thread (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GError) error = NULL;

  g_main_context_push_thread_default (context);
  {
    g_autoptr(TendTask) task = tend_task_new_open (NULL, never_run, NULL, NULL);

    g_assert_false (tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), &error));
    g_assert_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  }
  tend_task_manager_shutdown_async (fixture->manager, NULL, NULL, NULL);
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_assert_true (g_main_context_acquire (NULL));
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "tend_task_manager_shutdown_async(): *another thread");
  g_thread_join (g_thread_new ("misuse", misuse_in_thread, fixture));
  g_test_assert_expected_messages ();
  g_main_context_release (NULL);
  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_shutdown_test ("/tend/task-manager/shutdown-calls/second-joins-first", test_second_call_joins_first);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/after-the-end", test_call_after_the_end);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/each-is-told-the-errors", test_each_call_is_told_the_errors);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/callback-calls-again", test_callback_calls_again);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/callback-runs-a-nested-loop",
                     test_callback_runs_a_nested_loop);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/given-up-by-caller", test_given_up_by_caller);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/without-callback", test_without_callback);

  add_shutdown_test ("/tend/task-manager/shutdown-calls/in-fiber", test_in_fiber);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/outside-fiber", test_outside_fiber);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/inside-managed-fiber", test_inside_managed_fiber);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/inside-managed-callback", test_inside_managed_callback);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/managed-caller-ends-first", test_managed_caller_ends_first);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/inside-several-managed-tasks",
                     test_inside_several_managed_tasks);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/managed-task-that-gives-up-is-waited-for",
                     test_managed_task_that_gives_up_is_waited_for);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/cancelled-in-fiber", test_cancelled_in_fiber);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/begins-in-cancelled-fiber", test_begins_in_cancelled_fiber);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/inside-shutdown-task", test_inside_shutdown_task);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/inside-exit-handler", test_inside_exit_handler);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/inside-items-changed", test_inside_items_changed);

  add_shutdown_test ("/tend/task-manager/shutdown-tasks/added-after-the-end", test_shutdown_task_after_the_end);
  add_shutdown_test ("/tend/task-manager/shutdown-tasks/that-was-started", test_shutdown_task_that_was_started);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/running-task-is-refused-and-cancelled",
                     test_running_task_after_the_shutdown);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/made-in-a-thread", test_made_in_a_thread);
  add_shutdown_test ("/tend/task-manager/shutdown-calls/other-thread", test_other_thread);

  return g_test_run ();
}
