// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Each way to register in one call, by the kind of body: what it gives, and what becomes of the data.

#include "fixture.h"

typedef enum
{
  WAY_CALLBACK,
  WAY_FIBER,
  WAY_THREAD,
  WAY_ASYNC,
  WAY_ANONYMOUS,
  WAY_DEBOUNCE,
  WAY_THROTTLE,
  N_WAYS
} Way;

static TendTask *
register_in_way (Fixture     *fixture,
                 Way          way,
                 const char  *name,
                 Work        *work,
                 GError     **error)
{
  TendTaskManager *manager = fixture->manager;

  switch (way)
    {
    case WAY_CALLBACK:
      return tend_task_manager_register (manager, tend_task_new_open (name, callback_work, work, work_freed_cb),
                                         TEND_NAME_POLICY_REJECT, error);
    case WAY_FIBER:
      return tend_task_manager_register (manager, tend_task_new_fiber (name, fiber_work, work, work_freed_cb),
                                         TEND_NAME_POLICY_REJECT, error);
    case WAY_THREAD:
      return tend_task_manager_register (manager, tend_task_new_thread (name, thread_work, work, work_freed_cb),
                                         TEND_NAME_POLICY_REJECT, error);
    case WAY_ASYNC:
      return tend_task_manager_register (manager,
                                         tend_task_new_async (name, async_work, finish_async_work, work, work_freed_cb),
                                         TEND_NAME_POLICY_REJECT, error);
    case WAY_ANONYMOUS:
      return tend_task_manager_register (manager, tend_task_new_open (name, callback_work, work, work_freed_cb),
                                         TEND_NAME_POLICY_ANONYMOUS, error);
    case WAY_DEBOUNCE:
      return tend_task_manager_debounce (manager, tend_task_new_open (name, callback_work, work, work_freed_cb),
                                         SECOND, error);
    case WAY_THROTTLE:
      return tend_task_manager_throttle (manager, tend_task_new_open (name, callback_work, work, work_freed_cb),
                                         SECOND, error);
    case N_WAYS:
    default:
      g_assert_not_reached ();
    }
}

static void
assert_refused (Fixture    *fixture,
                Way         way,
                const char *name,
                GQuark      domain,
                int         code)
{
  g_autoptr(GError) error = NULL;
  Work *work = work_new (fixture);

  g_assert_null (register_in_way (fixture, way, name, work, &error));
  g_assert_error (error, domain, code);
  g_assert_cmpuint (work->n_freed, ==, 1);

  /* Without somewhere to put the error, it is the same. */
  work->n_freed = 0;
  g_assert_null (register_in_way (fixture, way, name, work, NULL));
  g_assert_cmpuint (work->n_freed, ==, 1);

  tend_clock_run_until_idle (fixture->clock, NULL);
  g_assert_cmpuint (work->n_freed, ==, 1);
  g_assert_false (work_has_run (work));
}

/* Each runs once, is the name's, gives its result, and has its data destroyed once. */
static void
test_runs (Fixture       *fixture,
           gconstpointer  unused)
{
  for (Way way = 0; way < N_WAYS; way++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(TendTask) task = NULL;
      Work *work = work_new (fixture);

      task = watch (fixture, g_object_ref (register_in_way (fixture, way, "n", work, &error)));
      g_assert_no_error (error);
      work->task = task;
      g_assert_false (work_has_run (work));
      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_PENDING);
      g_assert_cmpstr (tend_task_get_name (task), ==, way == WAY_ANONYMOUS ? "n 1" : "n");
      g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == (way == WAY_ANONYMOUS ? NULL : task));

      tend_clock_advance (fixture->clock, SECOND, NULL);
      work_wait_begun (work);
      work_let_go (work);
      work_wait_gone (work);
      g_assert_cmpint (g_atomic_int_get (&work->n_runs), ==, 1);
      g_assert_cmpint (tend_task_get_int (task), ==, 1);
      g_assert_cmpuint (n_tasks (fixture), ==, 0);
    }
}

static void
test_refused_since_name_is_in_use (Fixture       *fixture,
                                   gconstpointer  unused)
{
  Work *holder = register_work (fixture, FIBER, "n");

  for (Way way = WAY_CALLBACK; way <= WAY_ASYNC; way++)
    assert_refused (fixture, way, "n", TEND_ERROR, TEND_ERROR_EXISTS);
  g_assert_true (tend_task_is_running (holder->task));
}

static void
test_refused_for_the_name (Fixture       *fixture,
                           gconstpointer  unused)
{
  for (Way way = 0; way < N_WAYS; way++)
    {
      assert_refused (fixture, way, "", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      assert_refused (fixture, way, "caf\xe9", G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpuint (fixture->n_changes, ==, 0);
}

static void
shut_down_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_assert_true (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, NULL));
  note (data, "down");
}

static void
test_refused_after_shutdown (Fixture       *fixture,
                             gconstpointer  unused)
{
  tend_task_manager_shutdown_async (fixture->manager, NULL, shut_down_cb, fixture);
  for (Way way = 0; way < N_WAYS; way++)
    assert_refused (fixture, way, "n", TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  assert_log (fixture, "down");
  g_assert_cmpuint (fixture->n_changes, ==, 0);
}

/* One that never begins has its data destroyed when it is cancelled, and not again. */
static void
test_cancelled_before_it_begins (Fixture       *fixture,
                                 gconstpointer  unused)
{
  for (Way way = 0; way < N_WAYS; way++)
    {
      Work *work = work_new (fixture);
      TendTask *task = watch (fixture, register_in_way (fixture, way, "n", work, NULL));

      tend_task_cancel (task);
      g_assert_cmpuint (work->n_freed, ==, 1);
      g_assert_cmpuint (fixture->n_alive, ==, 0);
      settle (fixture);
      g_assert_cmpuint (work->n_freed, ==, 1);
      g_assert_false (work_has_run (work));
    }
}

static void
cancel_new_cb (TendTaskManager *manager,
               TendTask        *task,
               gpointer         unused)
{
  tend_task_cancel (task);
}

/* A task that has ended by the time that it could be given back is not: it may be gone. */
static void
test_cancelled_inside_the_call (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-added", G_CALLBACK (cancel_new_cb), NULL);
  for (Way way = 0; way < N_WAYS; way++)
    {
      g_autoptr(GError) error = NULL;
      Work *work = work_new (fixture);

      g_assert_null (register_in_way (fixture, way, "n", work, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (work->n_freed, ==, 1);
      g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
    }
  tend_clock_run_until_idle (fixture->clock, NULL);
}

/* --- Asynchronous operations --- */

static void
begin_and_answer (TendTask            *task,
                  GCancellable        *cancellable,
                  GAsyncReadyCallback  callback,
                  gpointer             callback_data,
                  gpointer             data)
{
  g_autoptr(GTask) result = g_task_new (NULL, cancellable, callback, callback_data);

  note (data, "begin");
  g_assert_true (tend_task_get_current () == task);
  g_assert_true (cancellable == tend_task_get_cancellable (task));
  g_task_return_int (result, 42);
}

static gboolean
finish_answer (TendTask      *task,
               GAsyncResult  *result,
               gpointer       data,
               GError       **error)
{
  note (data, "finish");
  tend_task_return_int (task, g_task_propagate_int (G_TASK (result), error));
  return TRUE;
}

static void
test_async (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = NULL;

  task = watch (fixture, tend_task_new_async ("n", begin_and_answer, finish_answer, fixture, NULL));
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);
  assert_log (fixture, "");
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "begin finish");
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
}

/* The operation is asked to end, and its name is used again while it does. */
static void
test_async_is_cancelled (Fixture       *fixture,
                         gconstpointer  unused)
{
  g_autoptr(TendTask) cancelled = NULL;
  Work *work = register_work (fixture, ASYNC, "n");

  settle (fixture);
  cancelled = g_object_ref (tend_task_manager_cancel_task (fixture->manager, "n"));
  g_assert_cmpint (tend_task_get_status (cancelled), ==, TEND_TASK_STATUS_RUNNING);
  g_assert_true (g_cancellable_is_cancelled (tend_task_get_cancellable (cancelled)));
  work_wait_gone (work);
  g_assert_cmpint (tend_task_get_status (cancelled), ==, TEND_TASK_STATUS_CANCELLED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/register/every-way/runs", test_runs);
  add_test ("/tend/task-manager/register/every-way/name-in-use", test_refused_since_name_is_in_use);
  add_test ("/tend/task-manager/register/every-way/bad-name", test_refused_for_the_name);
  add_test ("/tend/task-manager/register/every-way/after-shutdown", test_refused_after_shutdown);
  add_test ("/tend/task-manager/register/every-way/cancelled-before-it-begins", test_cancelled_before_it_begins);
  add_test ("/tend/task-manager/register/every-way/cancelled-inside-the-call", test_cancelled_inside_the_call);

  add_test ("/tend/task-manager/register/async", test_async);
  add_test ("/tend/task-manager/register/async-is-cancelled", test_async_is_cancelled);

  return g_test_run ();
}
