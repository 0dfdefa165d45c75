// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Giving a manager a task that runs already: it is listed, waited for and ended with the others.

#include "fixture.h"

/* Starts such a task without a manager; the caller holds it. */
static Work *
start_work (Fixture    *fixture,
            Kind        kind,
            const char *name,
            TendTask  **task)
{
  Work *work = work_new (fixture);

  *task = work_make_task (work, kind, name);
  g_assert_true (tend_task_start (*task, NULL));
  work_wait_begun (work);

  return work;
}

static void
adopt (Fixture  *fixture,
       TendTask *task)
{
  g_autoptr(GError) error = NULL;
  TendTask *holder =
    tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error);

  g_assert_no_error (error);
  g_assert_true (holder == task);
  g_assert_true (nth_task (fixture, n_tasks (fixture) - 1) == task);
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
shut_down_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, &error);
  g_assert_no_error (error);
  note (data, "down");
}

static void
shut_down (Fixture *fixture)
{
  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "down");
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

/* --- What is taken --- */

static void
test_every_kind_is_waited_for (Fixture       *fixture,
                               gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendTask) task = NULL;
      Work *work = start_work (fixture, kind, "n", &task);

      adopt (fixture, task);
      g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == task);
      g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, TEND_TASK_STATUS_RUNNING), ==, 1);
      tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, fixture);
      settle (fixture);
      assert_log (fixture, "");

      work_let_go (work);
      work_wait_gone (work);
      settle (fixture);
      assert_log (fixture, "waited");
      g_assert_cmpint (g_atomic_int_get (&work->n_runs), ==, 1);
      g_assert_cmpint (tend_task_get_int (task), ==, 1);
      g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
    }
}

static void
test_every_kind_is_ended_by_shutdown (Fixture       *fixture,
                                      gconstpointer  unused)
{
  TendTask *tasks[N_KINDS];

  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      start_work (fixture, kind, NULL, &tasks[kind]);
      adopt (fixture, tasks[kind]);
    }
  shut_down (fixture);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_assert_cmpint (tend_task_get_status (tasks[kind]), ==, TEND_TASK_STATUS_CANCELLED);
      g_object_unref (tasks[kind]);
    }
}

static void
test_manager_cancels_it_when_it_goes (Fixture       *fixture,
                                      gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;

  start_work (fixture, FIBER, NULL, &task);
  adopt (fixture, task);
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  g_assert_true (tend_task_is_cancelling (task));
  settle (fixture);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
}

/* Nobody else has to hold it, and it goes when it has ended. */
static void
test_manager_alone_holds_it (Fixture       *fixture,
                             gconstpointer  unused)
{
  TendCompletion *completion = watch (fixture, tend_completion_new ("c"));
  TendTask *task = g_object_ref (tend_completion_get_task (completion));

  adopt (fixture, watch (fixture, task));
  g_object_unref (task);
  tend_clock_advance (fixture->clock, 3600 * SECOND, NULL);
  g_assert_true (tend_task_manager_lookup (fixture->manager, "c") == task);

  g_assert_true (tend_completion_set_int (completion, 7, NULL));
  g_object_unref (completion);
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
failed_cb (TendTaskManager *manager,
           TendTask        *task,
           const GError    *error,
           gpointer         data)
{
  note (data, "failed: %s", error->message);
}

/* What somebody else completes has its place too: its value, its error, and its end with the others. */
static void
test_completion (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(TendCompletion) value = watch (fixture, tend_completion_new ("value"));
  g_autoptr(TendCompletion) failure = watch (fixture, tend_completion_new ("failure"));
  g_autoptr(TendCompletion) never = watch (fixture, tend_completion_new ("never"));
  g_autoptr(GError) reason = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "no answer");

  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (failed_cb), fixture);
  adopt (fixture, tend_completion_get_task (value));
  adopt (fixture, tend_completion_get_task (failure));
  adopt (fixture, tend_completion_get_task (never));

  g_assert_true (tend_completion_set_int (value, 7, NULL));
  g_assert_true (tend_completion_set_error (failure, reason, NULL));
  settle (fixture);
  assert_log (fixture, "failed: no answer");
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  g_assert_cmpint (tend_task_get_int (tend_completion_get_task (value)), ==, 7);

  shut_down (fixture);
  g_assert_cmpint (tend_task_get_status (tend_completion_get_task (never)), ==, TEND_TASK_STATUS_CANCELLED);
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      data)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_wait_finish (TEND_TASK (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  note (data, "cancelled");
}

static void
test_cancelled_completion_tells_who_waits (Fixture       *fixture,
                                           gconstpointer  unused)
{
  g_autoptr(TendCompletion) completion = watch (fixture, tend_completion_new ("c"));
  TendTask *cancelled;

  adopt (fixture, tend_completion_get_task (completion));
  tend_task_wait_async (tend_completion_get_task (completion), NULL, ended_cb, fixture);
  cancelled = tend_task_manager_cancel_task (fixture->manager, "c");
  g_assert_true (cancelled == tend_completion_get_task (completion));
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  settle (fixture);
  assert_log (fixture, "cancelled");
}

/* An interval task that sleeps between two runs goes on with its grid, and a pending one with its delay. */
static void
test_between_two_runs (Fixture       *fixture,
                       gconstpointer  unused)
{
  guint n_runs = 0;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("n", count_run, &n_runs, NULL));

  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (fixture->clock, SECOND + SECOND / 2, NULL);
  adopt (fixture, task);
  g_assert_cmpuint (n_runs, ==, 1);

  tend_clock_advance (fixture->clock, SECOND / 2 - 1, NULL);
  g_assert_cmpuint (n_runs, ==, 1);
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpuint (n_runs, ==, 2);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  g_assert_cmpuint (n_runs, ==, 5);

  shut_down (fixture);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  g_assert_cmpuint (n_runs, ==, 5);
}

static void
test_pending_by_its_own_delay (Fixture       *fixture,
                               gconstpointer  unused)
{
  for (guint cancelled = 0; cancelled < 2; cancelled++)
    {
      guint n_runs = 0;
      guint64 n_started = tend_task_manager_get_n_started (fixture->manager);
      g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("n", count_run, &n_runs, NULL));

      tend_task_set_delay (task, 2 * SECOND);
      g_assert_true (tend_task_start (task, NULL));
      tend_clock_advance (fixture->clock, SECOND, NULL);
      adopt (fixture, task);

      /* It has not begun, and is not what runs here for long. */
      g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, TEND_TASK_STATUS_PENDING), ==, 1);
      g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, TEND_TASK_STATUS_RUNNING), ==, 0);
      g_assert_cmpuint (tend_task_manager_get_n_started (fixture->manager), ==, n_started);
      if (cancelled)
        tend_task_manager_cancel_task (fixture->manager, "n");
      tend_task_pause (task);
      tend_task_resume (task);
      tend_clock_advance (fixture->clock, SECOND - 1, NULL);
      g_assert_cmpuint (n_runs, ==, 0);
      tend_clock_advance (fixture->clock, 1, NULL);
      g_assert_cmpuint (n_runs, ==, !cancelled);
      g_assert_cmpuint (tend_task_manager_get_n_started (fixture->manager), ==, n_started + !cancelled);
    }
}

static void
test_paused (Fixture       *fixture,
             gconstpointer  unused)
{
  guint n_runs = 0;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("n", count_run, &n_runs, NULL));

  tend_task_set_delay (task, 2 * SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_pause (task);
  adopt (fixture, task);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  g_assert_cmpuint (n_runs, ==, 0);

  tend_task_resume (task);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  g_assert_cmpuint (n_runs, ==, 0);
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpuint (n_runs, ==, 1);
}

static gboolean
adopt_oneself (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Fixture *fixture = data;

  adopt (fixture, task);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
test_by_itself (Fixture       *fixture,
                gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_run_open ("n", adopt_oneself, fixture, NULL));

  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

/* One that was cancelled before still has to end, and is waited for. */
static void
test_one_that_is_cancelling (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  Work *work = work_new (fixture);

  work->is_deaf = TRUE;
  task = work_make_task (work, THREAD, "n");
  g_assert_true (tend_task_start (task, NULL));
  work_wait_begun (work);
  tend_task_cancel (task);
  adopt (fixture, task);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, fixture);
  settle (fixture);
  assert_log (fixture, "");

  work_let_go (work);
  work_wait_gone (work);
  settle (fixture);
  assert_log (fixture, "waited");
}

/* --- Names and slots --- */

/* It waits for nobody, and others of its name wait for it. */
static void
test_others_of_its_name_wait (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  Work *first = register_work (fixture, FIBER, "n");
  Work *adopted, *last;
  TendTask *holder;

  settle (fixture);
  adopted = start_work (fixture, FIBER, "n", &task);
  holder = tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_QUEUE, NULL);
  g_assert_true (holder == task);
  last = register_work_as (fixture, FIBER, "n", TEND_NAME_POLICY_QUEUE);

  work_let_go (first);
  settle (fixture);
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == task);
  g_assert_false (work_has_run (last));
  work_let_go (adopted);
  settle (fixture);
  g_assert_true (work_has_run (last));
}

/* Those before it and after it in a queue wait in their order, whether it ends first or last. */
static void
test_adopted_one_in_the_queue_ends_first (Fixture       *fixture,
                                          gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  Work *first = register_work (fixture, FIBER, "n");
  Work *adopted, *last;

  settle (fixture);
  adopted = start_work (fixture, FIBER, "n", &task);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_QUEUE, NULL);
  last = register_work_as (fixture, FIBER, "n", TEND_NAME_POLICY_QUEUE);

  work_let_go (adopted);
  settle (fixture);
  g_assert_false (work_has_run (last));
  work_let_go (first);
  settle (fixture);
  g_assert_true (work_has_run (last));
}

static void
test_takes_a_name_over (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  Work *old = register_work (fixture, FIBER, "n");

  settle (fixture);
  start_work (fixture, FIBER, "n", &task);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REPLACE,
                                             NULL) ==
                 task);
  g_assert_true (tend_task_is_cancelling (old->task));
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == task);
  settle (fixture);
  g_assert_true (tend_task_is_running (task));
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
}

static void
test_takes_no_slot (Fixture       *fixture,
                    gconstpointer  unused)
{
  TendTask *tasks[N_KINDS];
  Work *work;

  tend_task_manager_set_max_running (fixture->manager, 1);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      start_work (fixture, kind, NULL, &tasks[kind]);
      adopt (fixture, tasks[kind]);
    }
  work = register_work (fixture, FIBER, "n");
  settle (fixture);
  g_assert_true (work_has_run (work));

  /* Nor does its end give one back that it never had. */
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      tend_task_cancel (tasks[kind]);
      g_object_unref (tasks[kind]);
    }
  while (n_tasks (fixture) > 1)
    g_main_context_iteration (NULL, TRUE);
  work = register_work (fixture, FIBER, "m");
  settle (fixture);
  g_assert_false (work_has_run (work));
}

/* --- What is refused --- */

static void
assert_refused (Fixture  *fixture,
                TendTask *task,
                int       code)
{
  g_autoptr(GError) error = NULL;
  guint n_changes = fixture->n_changes;

  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                              &error));
  g_assert_error (error, TEND_ERROR, code);
  g_assert_cmpuint (fixture->n_changes, ==, n_changes);
}

/* Nobody would tend it: a task that is not taken does not run on. */
static void
test_refused_under_a_used_name (Fixture       *fixture,
                                gconstpointer  unused)
{
  Work *holder = register_work (fixture, CALLBACK, "n");

  settle (fixture);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendTask) task = NULL;
      Work *work = start_work (fixture, kind, "n", &task);

      assert_refused (fixture, task, TEND_ERROR_EXISTS);
      g_assert_true (tend_task_is_cancelling (task));
      work_wait_gone (work);
      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
    }
  g_assert_false (tend_task_is_cancelling (holder->task));
}

static void
test_refused_after_shutdown (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(TendCompletion) completion = watch (fixture, tend_completion_new (NULL));
  g_autoptr(TendTask) delayed = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));

  shut_down (fixture);
  tend_task_set_delay (delayed, SECOND);
  g_assert_true (tend_task_start (delayed, NULL));
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendTask) task = NULL;
      Work *work = start_work (fixture, kind, NULL, &task);

      assert_refused (fixture, task, TEND_ERROR_SHUT_DOWN);
      work_wait_gone (work);
      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
    }

  assert_refused (fixture, tend_completion_get_task (completion), TEND_ERROR_SHUT_DOWN);
  g_assert_cmpint (tend_task_get_status (tend_completion_get_task (completion)), ==, TEND_TASK_STATUS_CANCELLED);
  assert_refused (fixture, delayed, TEND_ERROR_SHUT_DOWN);
  g_assert_cmpint (tend_task_get_status (delayed), ==, TEND_TASK_STATUS_CANCELLED);
  tend_clock_advance (fixture->clock, SECOND, NULL);
}

/* With KEEP the new one is left alone, also where it runs. */
static void
test_kept_out_it_runs_on (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;
  Work *holder = register_work (fixture, CALLBACK, "n");
  Work *work = start_work (fixture, FIBER, "n", &task);

  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_KEEP, NULL) ==
                 holder->task);
  g_assert_false (tend_task_is_cancelling (task));
  work_let_go (work);
  settle (fixture);
  g_assert_cmpint (tend_task_get_int (task), ==, 1);
}

/* A task has one manager, and is in its list once: a second registration leaves it as it is. */
static void
test_registered_twice (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendTaskManager *other = tend_task_manager_new ();
  g_autoptr(TendTask) task = NULL;
  Work *work = start_work (fixture, FIBER, "n", &task);

  adopt (fixture, task);
  for (TendNamePolicy policy = TEND_NAME_POLICY_REJECT; policy <= TEND_NAME_POLICY_ANONYMOUS; policy++)
    {
      for (guint i = 0; i < 2; i++)
        {
          g_autoptr(GError) error = NULL;

          g_assert_null (tend_task_manager_register (i == 0 ? fixture->manager : other, g_object_ref (task),
                                                     policy, &error));
          g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
          g_assert_nonnull (strstr (error->message, "has a manager already"));
        }
    }
  g_assert_finalize_object (other);
  g_assert_false (tend_task_is_cancelling (task));
  g_assert_cmpstr (tend_task_get_name (task), ==, "n");
  g_assert_cmpuint (n_tasks (fixture), ==, 1);

  work_let_go (work);
  settle (fixture);
  assert_refused (fixture, task, TEND_ERROR_STATE);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/adopt/every-kind-is-waited-for", test_every_kind_is_waited_for);
  add_test ("/tend/task-manager/adopt/every-kind-is-ended-by-shutdown", test_every_kind_is_ended_by_shutdown);
  add_test ("/tend/task-manager/adopt/manager-cancels-it-when-it-goes", test_manager_cancels_it_when_it_goes);
  add_test ("/tend/task-manager/adopt/manager-alone-holds-it", test_manager_alone_holds_it);
  add_test ("/tend/task-manager/adopt/completion", test_completion);
  add_test ("/tend/task-manager/adopt/cancelled-completion-tells-who-waits",
            test_cancelled_completion_tells_who_waits);
  add_test ("/tend/task-manager/adopt/between-two-runs", test_between_two_runs);
  add_test ("/tend/task-manager/adopt/pending-by-its-own-delay", test_pending_by_its_own_delay);
  add_test ("/tend/task-manager/adopt/paused", test_paused);
  add_test ("/tend/task-manager/adopt/by-itself", test_by_itself);
  add_test ("/tend/task-manager/adopt/one-that-is-cancelling", test_one_that_is_cancelling);

  add_test ("/tend/task-manager/adopt/others-of-its-name-wait", test_others_of_its_name_wait);
  add_test ("/tend/task-manager/adopt/in-a-queue-it-may-end-first", test_adopted_one_in_the_queue_ends_first);
  add_test ("/tend/task-manager/adopt/takes-a-name-over", test_takes_a_name_over);
  add_test ("/tend/task-manager/adopt/takes-no-slot", test_takes_no_slot);

  add_test ("/tend/task-manager/adopt/refused-under-a-used-name", test_refused_under_a_used_name);
  add_test ("/tend/task-manager/adopt/refused-after-shutdown", test_refused_after_shutdown);
  add_test ("/tend/task-manager/adopt/kept-out-it-runs-on", test_kept_out_it_runs_on);
  add_test ("/tend/task-manager/adopt/registered-twice", test_registered_twice);

  return g_test_run ();
}
