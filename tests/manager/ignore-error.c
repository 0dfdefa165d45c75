// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors that a manager ignores, and interval tasks that go on after a run that failed.

#include "fixture.h"

static void
task_failed_cb (TendTaskManager *manager,
                TendTask        *task,
                const GError    *error,
                gpointer         data)
{
  assert_is_native (data);
  note (data, "failed: %s", error->message);
}

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      data)
{
  note (data, "unobserved: %s", error->message);
}

/* Every way in which an error is told goes to the log. */
static void
set_up_listening (Fixture       *fixture,
                  gconstpointer  data)
{
  set_up (fixture, data);
  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (task_failed_cb), fixture);
  tend_set_unobserved_func (unobserved_cb, fixture, NULL);
}

static void
tear_down_listening (Fixture       *fixture,
                     gconstpointer  data)
{
  tear_down (fixture, data);
  tend_set_unobserved_func (NULL, NULL, NULL);
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

typedef struct
{
  GQuark domain;
  int    code;
} Failure;

static gboolean
fail_so (TendTask  *task,
         gpointer   data,
         GError   **error)
{
  Failure *failure = data;

  tend_task_return_new_error (task, failure->domain, failure->code, "%s-%d",
                              g_quark_to_string (failure->domain), failure->code);

  return TRUE;
}

/* Whether the error of a task is told to the manager; it is never told by anybody else. */
static gboolean
is_told (Fixture *fixture,
         GQuark   domain,
         int      code)
{
  Failure failure = { domain, code };
  gboolean is_told;

  register_callback (fixture, NULL, fail_so, &failure);
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  is_told = g_str_has_prefix (fixture->log->str, "failed: ");
  if (!is_told)
    assert_log (fixture, "");
  g_string_truncate (fixture->log, 0);

  return is_told;
}

static void
test_one_code (Fixture       *fixture,
               gconstpointer  unused)
{
  tend_task_manager_ignore_error (fixture->manager, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_false (is_told (fixture, G_IO_ERROR, G_IO_ERROR_BUSY));
  g_assert_true (is_told (fixture, G_IO_ERROR, G_IO_ERROR_CLOSED));
  g_assert_true (is_told (fixture, G_FILE_ERROR, G_IO_ERROR_BUSY));
  g_assert_true (is_told (fixture, G_IO_ERROR, 0));

  /* More of them, and one of them twice. */
  tend_task_manager_ignore_error (fixture->manager, G_FILE_ERROR, 0);
  tend_task_manager_ignore_error (fixture->manager, G_FILE_ERROR, 0);
  g_assert_false (is_told (fixture, G_FILE_ERROR, 0));
  g_assert_false (is_told (fixture, G_IO_ERROR, G_IO_ERROR_BUSY));
  g_assert_true (is_told (fixture, G_FILE_ERROR, 1));
}

static void
test_whole_domain (Fixture       *fixture,
                   gconstpointer  unused)
{
  tend_task_manager_ignore_error (fixture->manager, G_FILE_ERROR, -1);
  for (int code = -1; code < 5; code++)
    {
      g_assert_false (is_told (fixture, G_FILE_ERROR, code));
      g_assert_true (is_told (fixture, G_OPTION_ERROR, code));
    }
}

static void
test_each_manager_has_its_own (Fixture       *fixture,
                               gconstpointer  unused)
{
  TendTaskManager *other = tend_task_manager_new ();

  tend_task_manager_ignore_error (other, G_IO_ERROR, -1);
  g_assert_true (is_told (fixture, G_IO_ERROR, G_IO_ERROR_BUSY));
  g_assert_finalize_object (other);
}

/* Whoever waits still gets the error, and it counts as observed. */
static void
test_waiters_are_told (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;

  tend_task_manager_ignore_error (fixture->manager, G_IO_ERROR, -1);
  task = g_object_ref (register_callback (fixture, "x", fail_at_once, NULL));
  tend_task_wait_async (task, NULL, waited_cb, fixture);
  settle (fixture);
  assert_log (fixture, "waited: x failed");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_FAILED);
}

/* --- What is logged --- */

static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         data)
{
  Fixture *fixture = data;
  const char *domain = NULL;
  const char *message = NULL;

  for (gsize i = 0; i < n_fields; i++)
    {
      if (g_str_equal (fields[i].key, "GLIB_DOMAIN"))
        domain = fields[i].value;
      if (g_str_equal (fields[i].key, "MESSAGE"))
        message = fields[i].value;
    }
  if (g_strcmp0 (domain, "Tend") != 0)
    return g_log_writer_default (level, fields, n_fields, NULL);

  g_assert_cmpint (level & G_LOG_LEVEL_MASK, ==, G_LOG_LEVEL_INFO);
  note (fixture, "info: %s", message);

  return G_LOG_WRITER_HANDLED;
}

/* A writer of logs can be set once in a process. */
static void
test_is_logged_as_information (void)
{
  if (g_test_subprocess ())
    {
      Fixture fixture = { NULL };

      set_up_listening (&fixture, NULL);
      g_log_set_writer_func (write_log, &fixture, NULL);
      tend_task_manager_ignore_error (fixture.manager, G_IO_ERROR, -1);
      register_callback (&fixture, "x", fail_at_once, NULL);
      settle (&fixture);
      assert_log (&fixture, "info: Task 'x': its error is ignored: x failed");
      tear_down_listening (&fixture, NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

static void
test_nonsense (Fixture       *fixture,
               gconstpointer  unused)
{
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*domain != 0*");
  tend_task_manager_ignore_error (fixture->manager, 0, -1);
  g_test_assert_expected_messages ();
  g_assert_true (is_told (fixture, G_IO_ERROR, G_IO_ERROR_BUSY));
}

static gpointer
ignore_elsewhere (gpointer data)
{
  tend_task_manager_ignore_error (data, G_IO_ERROR, -1);
  return NULL;
}

static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "tend_task_manager_ignore_error(): *another thread");
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("elsewhere", ignore_elsewhere, fixture->manager));
  g_main_context_release (NULL);
  g_test_assert_expected_messages ();
  g_assert_true (is_told (fixture, G_IO_ERROR, G_IO_ERROR_BUSY));
}

/* --- Interval tasks --- */

static TendTask *
register_failing (Fixture  *fixture,
                  Failure  *failure,
                  gboolean  keep_going)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("n", fail_so, failure, NULL));

  tend_task_set_interval (task, SECOND);
  tend_task_set_keep_going (task, keep_going);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));

  return task;
}

/* A run whose error is ignored ends nothing; one with another error does. */
static void
test_interval_goes_on (Fixture       *fixture,
                       gconstpointer  unused)
{
  Failure failure = { G_FILE_ERROR, 3 };
  g_autoptr(TendTask) task = g_object_ref (register_failing (fixture, &failure, FALSE));

  tend_task_manager_ignore_error (fixture->manager, G_FILE_ERROR, 3);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "");
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_RUNNING);

  failure.code = 4;
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "failed: g-file-error-quark-4");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_FAILED);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "");
}

/* Each failed run is told once, at its end, and nobody is told again when the task ends. */
static void
test_keep_going_tells_each_run (Fixture       *fixture,
                                gconstpointer  unused)
{
  Failure failure = { G_FILE_ERROR, 1 };
  TendTask *task = register_failing (fixture, &failure, TRUE);

  for (int run = 1; run < 4; run++)
    {
      g_autofree char *expected = g_strdup_printf ("failed: g-file-error-quark-%d", run);

      failure.code = run;
      tend_clock_advance (fixture->clock, SECOND, NULL);
      assert_log (fixture, expected);
      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_RUNNING);
    }

  tend_task_manager_cancel_task (fixture->manager, "n");
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  assert_log (fixture, "");
}

static void
test_keep_going_and_ignored (Fixture       *fixture,
                             gconstpointer  unused)
{
  Failure failure = { G_FILE_ERROR, 1 };

  tend_task_manager_ignore_error (fixture->manager, G_FILE_ERROR, -1);
  register_failing (fixture, &failure, TRUE);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  assert_log (fixture, "");
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));
}

static void
cancel_failed_cb (TendTaskManager *manager,
                  TendTask        *task,
                  const GError    *error,
                  gpointer         data)
{
  tend_task_manager_cancel_task (manager, "n");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
}

/* Who is told of a failed run may end the task, in its own way. */
static void
test_handler_ends_the_task (Fixture       *fixture,
                            gconstpointer  unused)
{
  Failure failure = { G_FILE_ERROR, 1 };

  register_failing (fixture, &failure, TRUE);
  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (cancel_failed_cb), NULL);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "failed: g-file-error-quark-1");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* An interval task that was taken over while it runs is watched in the same way. */
static void
test_adopted_interval_task (Fixture       *fixture,
                            gconstpointer  unused)
{
  Failure failure = { G_FILE_ERROR, 1 };
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("n", fail_so, &failure, NULL));

  tend_task_set_interval (task, SECOND);
  tend_task_set_keep_going (task, TRUE);
  g_assert_true (tend_task_start (task, NULL));
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "unobserved: g-file-error-quark-1");

  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "failed: g-file-error-quark-1");
  tend_task_manager_ignore_error (fixture->manager, G_FILE_ERROR, 1);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "");
}

/* The last run's error ends the task, and is told once: before those who wait. */
static void
test_last_run_is_told_once (Fixture       *fixture,
                            gconstpointer  unused)
{
  Failure failure = { G_FILE_ERROR, 1 };

  tend_task_wait_async (register_failing (fixture, &failure, FALSE), NULL, waited_cb, fixture);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  assert_log (fixture, "failed: g-file-error-quark-1 waited: g-file-error-quark-1");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
  assert_log (fixture, "");
}

static void
add_listening_test (const char *path,
                    void     (* test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up_listening, test, tear_down_listening);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_listening_test ("/tend/task-manager/ignore-error/one-code", test_one_code);
  add_listening_test ("/tend/task-manager/ignore-error/whole-domain", test_whole_domain);
  add_listening_test ("/tend/task-manager/ignore-error/each-manager-has-its-own", test_each_manager_has_its_own);
  add_listening_test ("/tend/task-manager/ignore-error/waiters-are-told", test_waiters_are_told);
  g_test_add_func ("/tend/task-manager/ignore-error/is-logged-as-information", test_is_logged_as_information);
  add_listening_test ("/tend/task-manager/ignore-error/nonsense", test_nonsense);
  add_listening_test ("/tend/task-manager/ignore-error/other-thread", test_other_thread);

  add_listening_test ("/tend/task-manager/interval/goes-on-after-an-ignored-error", test_interval_goes_on);
  add_listening_test ("/tend/task-manager/interval/keep-going-tells-each-failed-run", test_keep_going_tells_each_run);
  add_listening_test ("/tend/task-manager/interval/keep-going-and-ignored", test_keep_going_and_ignored);
  add_listening_test ("/tend/task-manager/interval/handler-of-failed-run-ends-it", test_handler_ends_the_task);
  add_listening_test ("/tend/task-manager/interval/adopted-and-failing", test_adopted_interval_task);
  add_listening_test ("/tend/task-manager/interval/last-run-is-told-once", test_last_run_is_told_once);

  return g_test_run ();
}
