// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a task gives: results of each type, errors, who gives them, and who may read them.

#include "common.h"

static TendTask *
run_idle (void)
{
  return tend_task_run_open ("work", idle_body, NULL, NULL);
}

/* --- Each type --- */

static void
test_boolean (void)
{
  g_autoptr(TendTask) task = run_idle ();

  tend_task_return_boolean (task, TRUE);
  g_assert_true (tend_task_get_boolean (task));
  g_assert_true (G_VALUE_HOLDS_BOOLEAN (tend_task_get_result (task, NULL)));
  assert_gone (task);
}

static void
test_int (void)
{
  g_autoptr(TendTask) task = run_idle ();

  tend_task_return_int (task, G_MININT64);
  g_assert_cmpint (tend_task_get_int (task), ==, G_MININT64);
  g_assert_true (G_VALUE_HOLDS_INT64 (tend_task_get_result (task, NULL)));
  assert_gone (task);
}

static void
test_double (void)
{
  g_autoptr(TendTask) task = run_idle ();

  tend_task_return_double (task, 0.1);
  g_assert_cmpfloat (tend_task_get_double (task), ==, 0.1);
  assert_gone (task);
}

static void
test_string (void)
{
  g_autoptr(TendTask) task = run_idle ();
  g_autoptr(TendTask) nothing = run_idle ();
  char text[] = "copied";

  tend_task_return_string (task, text);
  text[0] = 'C';
  g_assert_cmpstr (tend_task_get_string (task), ==, "copied");
  tend_task_return_string (nothing, NULL);
  g_assert_null (tend_task_get_string (nothing));
  assert_status (nothing, "completed");
  assert_gone (task);
  assert_gone (nothing);
}

static void
test_object (void)
{
  g_autoptr(TendTask) task = run_idle ();
  g_autoptr(TendTask) nothing = run_idle ();
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  tend_task_return_object (task, object);
  g_assert_true (tend_task_get_object (task) == object);
  tend_task_return_object (nothing, NULL);
  g_assert_null (tend_task_get_object (nothing));
  assert_gone (task);
  assert_gone (nothing);
  g_assert_finalize_object (object);
}

static void
test_pointer (void)
{
  g_autoptr(TendTask) task = run_idle ();
  g_autoptr(TendTask) nothing = run_idle ();
  int n_destroyed = 0;

  tend_task_return_pointer (task, &n_destroyed, count_cb);
  g_assert_true (tend_task_get_pointer (task) == &n_destroyed);
  g_assert_cmpint (n_destroyed, ==, 0);
  assert_gone (task);
  g_assert_cmpint (n_destroyed, ==, 1);

  tend_task_return_pointer (nothing, NULL, NULL);
  g_assert_null (tend_task_get_pointer (nothing));
  assert_gone (nothing);
}

static void
test_value (void)
{
  g_auto(GValue) value = G_VALUE_INIT;
  g_autoptr(TendTask) task = run_idle ();

  g_value_init (&value, G_TYPE_STRV);
  g_value_take_boxed (&value, g_strsplit ("a b", " ", -1));
  tend_task_return_value (task, &value);
  g_assert_cmpstr (((char **) g_value_get_boxed (tend_task_get_result (task, NULL)))[1], ==, "b");
  assert_gone (task);
}

static void
test_nothing (void)
{
  g_autoptr(TendTask) task = run_idle ();
  g_autoptr(GError) error = NULL;

  tend_task_return_value (task, NULL);
  g_assert_null (tend_task_get_result (task, &error));
  g_assert_no_error (error);
  g_assert_null (tend_task_get_error (task));
  assert_gone (task);
}

/* A language binding returns the kind of number that it finds best. */
static void
test_numbers_are_converted (void)
{
  g_autoptr(TendTask) task = run_idle ();
  GValue value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_INT);
  g_value_set_int (&value, -3);
  tend_task_return_value (task, &value);
  g_assert_cmpint (tend_task_get_int (task), ==, -3);
  g_assert_cmpfloat (tend_task_get_double (task), ==, -3.0);
  assert_gone (task);
}

/* --- Wrong uses --- */

static void
test_wrong_type_says_so (void)
{
  g_autoptr(TendTask) task = run_idle ();
  g_autoptr(TendTask) nothing = run_idle ();

  tend_task_return_int (task, 5);
  tend_task_return_value (nothing, NULL);
  expect_critical ("Task 'work': has a result of type gint64, and tend_task_get_string() gets a gchararray");
  g_assert_null (tend_task_get_string (task));
  expect_critical ("Task 'work': has a result of type gint64, and tend_task_get_object() gets a GObject");
  g_assert_null (tend_task_get_object (task));
  expect_critical ("Task 'work': has a result of type gint64, and tend_task_get_boolean() gets a gboolean");
  g_assert_false (tend_task_get_boolean (task));
  expect_critical ("Task 'work': has a result of type gint64, and tend_task_get_pointer() gets a TendPointer");
  g_assert_null (tend_task_get_pointer (task));
  expect_critical ("Task 'work': has a result of type void, and tend_task_get_int() gets a gint64");
  g_assert_cmpint (tend_task_get_int (nothing), ==, 0);
  g_test_assert_expected_messages ();
  assert_gone (task);
  assert_gone (nothing);
}

static void
test_getters_before_the_end_say_so (void)
{
  g_autoptr(TendTask) task = run_idle ();

  expect_critical ("Task 'work': has no result for tend_task_get_int(): its status is 'running'");
  g_assert_cmpint (tend_task_get_int (task), ==, 0);
  tend_task_stop (task);
  expect_critical ("Task 'work': has no result for tend_task_get_int(): its status is 'stopped'");
  g_assert_cmpint (tend_task_get_int (task), ==, 0);
  g_test_assert_expected_messages ();
  assert_gone (task);
}

static void
test_second_result_is_dropped (void)
{
  int n_destroyed = 0;
  g_autoptr(TendTask) task = run_idle ();

  tend_task_return_int (task, 1);
  expect_critical ("Task 'work': has returned a result already");
  tend_task_return_pointer (task, &n_destroyed, count_cb);
  expect_critical ("Task 'work': has returned a result already");
  fail_body (task, NULL, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_status (task, "completed");
  g_assert_cmpint (tend_task_get_int (task), ==, 1);
  assert_gone (task);
}

static gboolean
return_twice_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  tend_task_return_int (task, 1);
  expect_critical ("Task 'twice': has returned a result already");
  tend_task_return_int (task, 2);
  g_test_assert_expected_messages ();
  return TRUE;
}

static void
test_second_result_of_a_body_is_dropped (void)
{
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("twice", return_twice_body, NULL, NULL);
  g_autoptr(TendTask) thread = tend_task_run_thread ("twice", return_twice_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (thread, NULL));
  g_assert_cmpint (tend_task_get_int (fiber), ==, 1);
  g_assert_cmpint (tend_task_get_int (thread), ==, 1);
  assert_gone (fiber);
  assert_gone (thread);
}

static void
test_a_task_that_does_not_run_gives_nothing (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open ("idle", complete_body, NULL, NULL);
  g_autoptr(TendTask) interval = tend_task_new_fiber ("often", note_cb, (gpointer) "run", NULL);
  int n_destroyed = 0;

  expect_critical ("Task 'idle': does not run, and cannot return a result");
  tend_task_return_pointer (task, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 1);
  assert_status (task, "created");

  tend_task_set_delay (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  expect_critical ("Task 'idle': does not run, and cannot return a result");
  tend_task_return_pointer (task, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 2);
  assert_status (task, "pending");

  tend_task_set_interval (interval, SECOND);
  g_assert_true (tend_task_start (interval, NULL));
  tend_clock_advance (clock, SECOND, NULL);
  expect_critical ("Task 'often': does not run, and cannot return a result");
  tend_task_return_pointer (interval, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 3);
  g_test_assert_expected_messages ();

  assert_status (task, "completed");
  tend_task_stop (interval);
  assert_notes ("run");
  assert_gone (task);
  assert_gone (interval);
}

static void
test_result_before_the_end_is_an_error (void)
{
  g_autoptr(TendTask) task = run_idle ();
  g_autoptr(GError) error = NULL;

  g_assert_null (tend_task_get_result (task, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_true (g_pattern_match_simple ("Task 'work': has no result yet: its status is 'running'",
                                         error->message));
  g_assert_null (tend_task_get_error (task));
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_refuses_bad_arguments (void)
{
  g_autoptr(GObject) foreign = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr(TendTask) task = run_idle ();

  expect_critical ("*error != NULL*");
  tend_task_return_error (task, NULL);
  expect_critical ("*TEND_IS_TASK (self)*");
  tend_task_return_int ((TendTask *) foreign, 1);
  expect_critical ("*TEND_IS_TASK (self)*");
  tend_task_return_value (NULL, NULL);
  expect_critical ("*TEND_IS_TASK (self)*");
  g_assert_null (tend_task_get_result ((TendTask *) foreign, NULL));
  expect_critical ("*TEND_IS_TASK (self)*");
  g_assert_cmpint (tend_task_get_int (NULL), ==, 0);
  g_test_assert_expected_messages ();
  assert_status (task, "running");
  tend_task_stop (task);
  assert_gone (task);
}

/* --- Errors --- */

static gboolean
both_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY, "Returned");
  return FALSE;
}

static gboolean
value_and_error_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  tend_task_return_int (task, 1);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Set");
  return FALSE;
}

static gboolean
without_error_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  return FALSE;
}

static void
assert_body_fails (TendBodyFunc  body,
                   GQuark        domain,
                   int           code,
                   const char   *pattern)
{
  g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, body, NULL, NULL);
  g_autoptr(TendTask) thread = tend_task_run_thread (NULL, body, NULL, NULL);

  g_assert_false (tend_task_wait_sync (thread, NULL));
  g_assert_error (tend_task_get_error (fiber), domain, code);
  g_assert_true (g_pattern_match_simple (pattern, tend_task_get_error (fiber)->message));
  g_assert_error (tend_task_get_error (thread), domain, code);
  g_assert_true (g_pattern_match_simple (pattern, tend_task_get_error (thread)->message));
  assert_status (fiber, "failed");
  assert_status (thread, "failed");
  assert_gone (fiber);
  assert_gone (thread);
}

static void
test_body_may_return_its_error (void)
{
  assert_body_fails (both_body, G_IO_ERROR, G_IO_ERROR_BUSY, "Returned");
}

static void
test_error_wins_over_a_value (void)
{
  assert_body_fails (value_and_error_body, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "Set");
}

static void
test_failing_without_an_error_is_one (void)
{
  assert_body_fails (without_error_body, TEND_ERROR, TEND_ERROR_STATE, "Task *: the body failed without an error");
}

/* --- From other threads --- */

typedef struct
{
  TendTask *task;
  GThread  *home;
  int       n_destroyed;
} Remote;

static void
count_at_home_cb (gpointer data)
{
  Remote *remote = data;

  g_assert_true (g_thread_self () == remote->home);
  remote->n_destroyed++;
}

static gpointer
return_thread (gpointer data)
{
  Remote *remote = data;

  tend_task_return_pointer (remote->task, remote, count_at_home_cb);
  return NULL;
}

static void
test_result_from_another_thread (void)
{
  Remote remote = { .task = run_idle (), .home = g_thread_self () };

  in_thread (return_thread, &remote);
  assert_status (remote.task, "running");
  g_assert_true (tend_task_wait_sync (remote.task, NULL));
  g_assert_true (tend_task_get_pointer (remote.task) == &remote);
  g_assert_cmpint (remote.n_destroyed, ==, 0);
  assert_gone (remote.task);
  g_assert_cmpint (remote.n_destroyed, ==, 1);
}

/* Without a body, too; and what comes after the end goes home to be dropped. */
static void
test_late_result_from_another_thread (void)
{
  Remote remote = { .task = tend_task_new_open (NULL, NULL, NULL, NULL), .home = g_thread_self () };

  in_thread (return_thread, &remote);
  tend_task_stop (remote.task);
  settle ();
  assert_status (remote.task, "stopped");
  g_assert_cmpint (remote.n_destroyed, ==, 1);
  assert_gone (remote.task);
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* The last reference dropped elsewhere brings the task home first. */
static void
test_is_finalized_at_home (void)
{
  Remote remote = { .task = run_idle (), .home = g_thread_self () };

  tend_task_return_pointer (remote.task, &remote, count_at_home_cb);
  settle ();
  in_thread (unref_thread, remote.task);
  g_assert_cmpint (remote.n_destroyed, ==, 0);
  settle ();
  g_assert_cmpint (remote.n_destroyed, ==, 1);
}

static gboolean
linger_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  while (!g_atomic_int_get ((int *) user_data))
    g_thread_yield ();
  return TRUE;
}

/* Somebody else may give a thread's result for it. */
static void
test_result_given_for_a_thread (void)
{
  int go_on = FALSE;
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, linger_body, &go_on, NULL);

  tend_task_return_string (task, "given");
  assert_status (task, "running");
  g_atomic_int_set (&go_on, TRUE);
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_cmpstr (tend_task_get_string (task), ==, "given");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/result/boolean", test_boolean);
  g_test_add_func ("/tend/task/result/int", test_int);
  g_test_add_func ("/tend/task/result/double", test_double);
  g_test_add_func ("/tend/task/result/string", test_string);
  g_test_add_func ("/tend/task/result/object", test_object);
  g_test_add_func ("/tend/task/result/pointer", test_pointer);
  g_test_add_func ("/tend/task/result/value", test_value);
  g_test_add_func ("/tend/task/result/nothing", test_nothing);
  g_test_add_func ("/tend/task/result/numbers-are-converted", test_numbers_are_converted);
  g_test_add_func ("/tend/task/result/wrong-type-says-so", test_wrong_type_says_so);
  g_test_add_func ("/tend/task/result/getters-before-the-end-say-so", test_getters_before_the_end_say_so);
  g_test_add_func ("/tend/task/result/second-is-dropped", test_second_result_is_dropped);
  g_test_add_func ("/tend/task/result/second-of-a-body-is-dropped", test_second_result_of_a_body_is_dropped);
  g_test_add_func ("/tend/task/result/a-task-that-does-not-run-gives-nothing",
                   test_a_task_that_does_not_run_gives_nothing);
  g_test_add_func ("/tend/task/result/before-the-end-is-an-error", test_result_before_the_end_is_an_error);
  g_test_add_func ("/tend/task/result/refuses-bad-arguments", test_refuses_bad_arguments);
  g_test_add_func ("/tend/task/result/body-may-return-its-error", test_body_may_return_its_error);
  g_test_add_func ("/tend/task/result/error-wins-over-a-value", test_error_wins_over_a_value);
  g_test_add_func ("/tend/task/result/failing-without-an-error-is-one", test_failing_without_an_error_is_one);
  g_test_add_func ("/tend/task/result/from-another-thread", test_result_from_another_thread);
  g_test_add_func ("/tend/task/result/late-from-another-thread", test_late_result_from_another_thread);
  g_test_add_func ("/tend/task/result/is-finalized-at-home", test_is_finalized_at_home);
  g_test_add_func ("/tend/task/result/given-for-a-thread", test_result_given_for_a_thread);

  return g_test_run ();
}
