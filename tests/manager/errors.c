// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The errors of managed tasks: told once, to the manager, before those who wait.

#include "fixture.h"

static void
task_failed_cb (TendTaskManager *manager,
                TendTask        *task,
                const GError    *error,
                gpointer         data)
{
  Fixture *fixture = data;

  assert_is_native (fixture);
  g_assert_true (manager == fixture->manager);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_FAILED);
  note (fixture, "failed: %s", error->message);
}

static void
set_up_listening (Fixture       *fixture,
                  gconstpointer  data)
{
  set_up (fixture, data);
  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (task_failed_cb), fixture);
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_wait_finish (TEND_TASK (object), result, &error));
  note (data, "waited: %s", error->message);
}

/* Whoever waits is told the error too, later, and every time. */
static void
test_told_once_and_before_waiters (Fixture       *fixture,
                                   gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_callback (fixture, "x", fail_at_once, NULL));

  tend_task_wait_async (task, NULL, waited_cb, fixture);
  tend_task_wait_async (task, NULL, waited_cb, fixture);
  settle (fixture);
  assert_log (fixture, "failed: x failed waited: x failed waited: x failed");

  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "");
}

static gboolean
await_failure (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GError) failure = NULL;
  g_autoptr(TendTask) failing = g_object_ref (register_callback (fixture, "x", fail_at_once, NULL));

  g_assert_false (tend_await (failing, &failure));
  note (fixture, "awaited: %s", failure->message);

  return TRUE;
}

static void
test_told_before_fiber_resumes (Fixture       *fixture,
                                gconstpointer  unused)
{
  register_fiber (fixture, "f", await_failure, fixture);
  settle (fixture);
  assert_log (fixture, "failed: x failed awaited: x failed");
}

static gboolean
fail_in_body (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, data);
  return FALSE;
}

static void
begin_failing (TendTask            *task,
               GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             callback_data,
               gpointer             data)
{
  g_autoptr(GTask) result = g_task_new (NULL, cancellable, callback, callback_data);

  g_task_return_new_error (result, G_IO_ERROR, G_IO_ERROR_BUSY, "async");
}

static gboolean
finish_failing (TendTask      *task,
                GAsyncResult  *result,
                gpointer       data,
                GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
test_every_kind (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_async (NULL, begin_failing, finish_failing, NULL, NULL));

  register_callback (fixture, "callback", fail_at_once, NULL);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "failed: callback failed");

  register_fiber (fixture, NULL, fail_in_body, (gpointer) "fiber");
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "failed: fiber");

  watch (fixture, tend_task_manager_register (fixture->manager,
                                              tend_task_new_thread (NULL, fail_in_body, (gpointer) "thread", NULL),
                                              TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "failed: thread");

  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_log (fixture, "failed: async");
}

static gboolean
fail_in_timer (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "timer");
  return FALSE;
}

static gboolean
add_failing_timer (TendTask  *task,
                   gpointer   data,
                   GError   **error)
{
  tend_task_add_timer (task, SECOND, -1, fail_in_timer, NULL, NULL);
  return TRUE;
}

static void
test_error_in_scope (Fixture       *fixture,
                     gconstpointer  unused)
{
  register_callback (fixture, NULL, add_failing_timer, NULL);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "failed: timer");
}

static void
test_cancelled_and_stopped_are_no_failures (Fixture       *fixture,
                                            gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      Work *cancelled = register_work (fixture, kind, NULL);
      Work *stopped = register_work (fixture, kind, NULL);

      work_wait_begun (cancelled);
      work_wait_begun (stopped);
      tend_task_cancel (cancelled->task);
      tend_task_stop (stopped->task);
      work_wait_gone (cancelled);
      work_wait_gone (stopped);
    }
  tend_task_cancel (register_callback (fixture, NULL, never_run, NULL));
  tend_task_stop (register_callback (fixture, NULL, never_run, NULL));
  assert_log (fixture, "");
}

static void
stop_when_failed_cb (TendTaskManager *manager,
                     TendTask        *task)
{
  tend_task_stop (task);
  tend_task_cancel (task);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_FAILED);
}

static void
test_handler_changes_nothing (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (stop_when_failed_cb), NULL);
  register_callback (fixture, "x", fail_at_once, NULL);
  settle (fixture);
  assert_log (fixture, "failed: x failed");
}

static void
retry_cb (TendTaskManager *manager,
          TendTask        *task,
          const GError    *error,
          gpointer         data)
{
  Fixture *fixture = data;

  /* The name of a task that has failed is free already. */
  if (tend_task_manager_is_active (manager, "ok"))
    return;
  register_callback (fixture, tend_task_get_name (task), count_run, NULL);
  register_callback (fixture, "ok", count_run, NULL);
}

static void
test_handler_registers_again (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_callback (fixture, "x", fail_at_once, NULL));

  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (retry_cb), fixture);
  tend_task_wait_async (task, NULL, waited_cb, fixture);
  while (!tend_task_is_ended (task))
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "x"));
  settle (fixture);
  assert_log (fixture, "failed: x failed waited: x failed");
}

/* --- Unobserved --- */

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      data)
{
  g_assert_nonnull (origin);
  note (data, "unobserved: %s", error->message);
}

/* A handler that runs observes the error. If none does, it is reported as that of any other task. */
static void
test_told_to_a_handler_or_reported (Fixture       *fixture,
                                    gconstpointer  unused)
{
  tend_set_unobserved_func (unobserved_cb, fixture, NULL);

  register_callback (fixture, "heard", fail_at_once, NULL);
  settle (fixture);
  assert_log (fixture, "");

  g_signal_handlers_block_by_func (fixture->manager, heard_cb, NULL);
  register_callback (fixture, "blocked", fail_at_once, NULL);
  settle (fixture);
  assert_log (fixture, "unobserved: blocked failed");

  hear_no_failures (fixture->manager);
  register_callback (fixture, "x", fail_at_once, NULL);
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  assert_log (fixture, "unobserved: x failed");

  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* Who waits for it has the error, and it is reported to nobody else. */
static void
test_waited_for_is_not_reported (Fixture       *fixture,
                                 gconstpointer  unused)
{
  tend_set_unobserved_func (unobserved_cb, fixture, NULL);
  hear_no_failures (fixture->manager);
  tend_task_wait_async (register_callback (fixture, "x", fail_at_once, NULL), NULL, waited_cb, fixture);
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  assert_log (fixture, "waited: x failed");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* What an interval task outlives would have been told to nobody at its end. */
static void
test_each_run_is_told_to_a_handler_or_reported (Fixture       *fixture,
                                                gconstpointer  unused)
{
  TendTask *task = tend_task_new ("x", fail_in_body, (gpointer) "run", NULL);

  tend_task_set_interval (task, SECOND);
  tend_task_set_keep_going (task, TRUE);
  tend_set_unobserved_func (unobserved_cb, fixture, NULL);
  watch (fixture, tend_task_manager_register (fixture->manager, task, TEND_NAME_POLICY_REJECT, NULL));
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "");

  hear_no_failures (fixture->manager);
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "unobserved: run unobserved: run");

  tend_task_cancel (task);
  settle (fixture);
  assert_log (fixture, "");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* A manager that has gone cannot observe anything. */
static gboolean
fail_when_cancelled (TendTask  *task,
                     gpointer   data,
                     GError   **error)
{
  if (!tend_sleep (SECOND, NULL))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "clean-up failed");

  return FALSE;
}

static void
test_after_manager_went_it_is_reported (Fixture       *fixture,
                                        gconstpointer  unused)
{
  tend_set_unobserved_func (unobserved_cb, fixture, NULL);
  register_fiber (fixture, NULL, fail_when_cancelled, NULL);
  settle (fixture);
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  settle (fixture);
  assert_log (fixture, "unobserved: clean-up failed");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* --- In a class derived from it --- */

#define TEST_TYPE_MANAGER (test_manager_get_type ())
G_DECLARE_FINAL_TYPE (TestManager, test_manager, TEST, MANAGER, TendTaskManager)

struct _TestManager
{
  TendTaskManager parent_instance;

  Fixture *fixture;
};

G_DEFINE_FINAL_TYPE (TestManager, test_manager, TEND_TYPE_TASK_MANAGER)

static void
test_manager_task_failed (TendTaskManager *manager,
                          TendTask        *task,
                          const GError    *error)
{
  Fixture *fixture = TEST_MANAGER (manager)->fixture;

  assert_is_native (fixture);
  note (fixture, "class: %s", error->message);
}

static void
test_manager_class_init (TestManagerClass *klass)
{
  TEND_TASK_MANAGER_CLASS (klass)->task_failed = test_manager_task_failed;
}

static void
test_manager_init (TestManager *self)
{
}

static void
failed_first_cb (TendTaskManager *manager,
                 TendTask        *task,
                 const GError    *error,
                 gpointer         data)
{
  note (data, "handler: %s", error->message);
}

static void
test_class_method (Fixture       *fixture,
                   gconstpointer  unused)
{
  TestManager *manager = g_object_new (TEST_TYPE_MANAGER, "max-running", 1, NULL);
  TendTask *task = tend_task_manager_register (TEND_TASK_MANAGER (manager),
                                               tend_task_new_open ("x", fail_at_once, NULL, NULL),
                                               TEND_NAME_POLICY_REJECT, NULL);

  manager->fixture = fixture;
  watch (fixture, task);
  g_signal_connect (manager, "task-failed", G_CALLBACK (failed_first_cb), fixture);
  tend_task_wait_async (task, NULL, waited_cb, fixture);
  settle (fixture);
  assert_log (fixture, "handler: x failed class: x failed waited: x failed");

  /* A manager derived from ours is a manager in everything else too. */
  register_work (fixture, FIBER, "n");
  task = tend_task_manager_register (TEND_TASK_MANAGER (manager),
                                     tend_task_new_fiber ("n", fail_in_body, (gpointer) "in fiber", NULL),
                                     TEND_NAME_POLICY_REJECT, NULL);
  watch (fixture, task);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (manager)), ==, 1);
  settle (fixture);
  assert_log (fixture, "handler: in fiber class: in fiber");
  g_assert_finalize_object (manager);
}

static void
add_listening_test (const char *path,
                    void     (* test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up_listening, test, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_listening_test ("/tend/task-manager/errors/told-once-and-before-waiters", test_told_once_and_before_waiters);
  add_listening_test ("/tend/task-manager/errors/told-before-fiber-resumes", test_told_before_fiber_resumes);
  add_listening_test ("/tend/task-manager/errors/every-kind", test_every_kind);
  add_listening_test ("/tend/task-manager/errors/in-scope", test_error_in_scope);
  add_listening_test ("/tend/task-manager/errors/cancelled-and-stopped-are-none",
                      test_cancelled_and_stopped_are_no_failures);
  add_listening_test ("/tend/task-manager/errors/handler-changes-nothing", test_handler_changes_nothing);
  add_listening_test ("/tend/task-manager/errors/handler-registers-again", test_handler_registers_again);

  add_test ("/tend/task-manager/errors/told-to-a-handler-or-reported", test_told_to_a_handler_or_reported);
  add_test ("/tend/task-manager/errors/waited-for-is-not-reported", test_waited_for_is_not_reported);
  add_test ("/tend/task-manager/errors/each-run-is-told-to-a-handler-or-reported",
            test_each_run_is_told_to_a_handler_or_reported);
  add_test ("/tend/task-manager/errors/after-manager-went", test_after_manager_went_it_is_reported);
  add_test ("/tend/task-manager/errors/class-method", test_class_method);

  return g_test_run ();
}
