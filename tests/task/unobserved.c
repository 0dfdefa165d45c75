// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors that nobody read: told once, when the task is finalized, and never otherwise.

#include "common.h"

typedef struct
{
  int   n_told;
  char *task;
  char *message;
  char *origin;
} Told;

static void
told_cb (const char   *task,
         const GError *error,
         const char   *origin,
         gpointer      user_data)
{
  Told *told = user_data;

  told->n_told++;
  g_free (told->task);
  g_free (told->message);
  g_free (told->origin);
  told->task = g_strdup (task);
  told->message = g_strdup (error->message);
  told->origin = g_strdup (origin);
}

static void
told_clear (Told *told)
{
  tend_set_unobserved_func (NULL, NULL, NULL);
  g_free (told->task);
  g_free (told->message);
  g_free (told->origin);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Told, told_clear)

static void
listen (Told *told)
{
  tend_set_unobserved_func (told_cb, told, NULL);
}

/* Who makes tasks on behalf of others says whose they are; the next task of the same memory knows nothing of that. */
static void
test_origin_may_be_set (void)
{
  g_auto(Told) told = { 0 };
  TendTask *task = tend_task_run_open ("loser", fail_body, NULL, NULL);
  g_autofree char *before = tend_task_dup_origin (task);
  g_autofree char *after = NULL;
  g_autofree char *place = g_strdup ("photos.py:12");

  listen (&told);
  g_assert_true (g_pattern_match_simple ("*test-task-unobserved*", before));
  tend_task_set_origin (task, place);
  memset (place, 'x', strlen (place));
  after = tend_task_dup_origin (task);
  g_assert_cmpstr (after, ==, "photos.py:12");
  g_object_unref (task);
  g_assert_cmpstr (told.origin, ==, "photos.py:12");

  g_object_unref (tend_task_run_open ("loser", fail_body, NULL, NULL));
  g_assert_cmpint (told.n_told, ==, 2);
  g_assert_true (g_pattern_match_simple ("*test-task-unobserved*", told.origin));
}

/* A language binding does so, where the last reference goes in a place that can run no code. */
static void
test_is_told_when_disposed_of_by_hand (void)
{
  g_auto(Told) told = { 0 };
  TendTask *task = tend_task_run_open ("loser", fail_body, NULL, NULL);

  listen (&told);
  g_object_run_dispose (G_OBJECT (task));
  g_assert_cmpint (told.n_told, ==, 1);
  g_object_unref (task);
  g_assert_cmpint (told.n_told, ==, 1);

  task = tend_task_run_open ("loser", fail_body, NULL, NULL);
  g_assert_nonnull (tend_task_get_error (task));
  g_object_run_dispose (G_OBJECT (task));
  g_object_unref (task);
  g_assert_cmpint (told.n_told, ==, 1);
}

static void
test_is_told_at_the_finalization (void)
{
  g_auto(Told) told = { 0 };
  TendTask *task = tend_task_run_open ("loser", fail_body, NULL, NULL);

  listen (&told);
  settle ();
  g_assert_cmpint (told.n_told, ==, 0);
  g_assert_finalize_object (task);
  g_assert_cmpint (told.n_told, ==, 1);
  g_assert_true (g_pattern_match_simple ("Task('loser', *)", told.task));
  g_assert_cmpstr (told.message, ==, "No luck");

  /* The place is in this program. */
  g_assert_nonnull (strstr (told.origin, "test-task-unobserved"));
}

static void
test_default_is_a_warning (void)
{
  TendTask *task = tend_task_run_open ("loser", fail_body, NULL, NULL);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Task 'loser': nobody observed its error; it was made at *test-task-unobserved*: No luck");
  settle ();
  g_object_unref (task);
  g_test_assert_expected_messages ();
}

static void
test_each_is_told_once (void)
{
  g_auto(Told) told = { 0 };

  listen (&told);
  for (guint i = 0; i < 10000; i++)
    g_object_unref (tend_task_run_open (NULL, fail_body, NULL, NULL));
  settle ();
  g_assert_cmpint (told.n_told, ==, 10000);
}

static gboolean
cancelled_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
  return TRUE;
}

static void
test_cancel_and_stop_are_never_told (void)
{
  g_auto(Told) told = { 0 };
  TendTask *task;

  listen (&told);
  g_object_unref (tend_task_run_open (NULL, cancelled_body, NULL, NULL));
  task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  tend_task_stop (task);
  g_object_unref (task);
  task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  tend_task_cancel (task);
  g_object_unref (task);
  g_object_unref (tend_task_run_open (NULL, complete_body, NULL, NULL));
  settle ();
  g_assert_cmpint (told.n_told, ==, 0);
}

/* Those who waited were told already, and an unstarted task has done nothing. */
static void
test_dropping_unstarted_is_never_told (void)
{
  g_auto(Told) told = { 0 };
  TendTask *task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  listen (&told);
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  g_object_unref (task);
  g_object_unref (tend_task_new_open (NULL, idle_body, NULL, NULL));
  settle ();
  assert_notes ("wait:tend-4");
  g_assert_cmpint (told.n_told, ==, 0);
}

/* --- What counts as reading --- */

static void
read_by_get_error (TendTask *task)
{
  g_assert_nonnull (tend_task_get_error (task));
}

static void
read_by_get_result (TendTask *task)
{
  g_assert_null (tend_task_get_result (task, NULL));
}

static void
read_by_wait_sync (TendTask *task)
{
  g_assert_false (tend_task_wait_sync (task, NULL));
}

static void
read_by_wait_async (TendTask *task)
{
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  settle ();
  assert_notes ("wait:io-0");
}

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_assert_false (tend_await (user_data, NULL));
  return TRUE;
}

static void
read_by_await (TendTask *task)
{
  g_assert_true (tend_run (await_body, task, NULL));
}

static void
test_readers_observe (void)
{
  static void (* const readers[]) (TendTask *task) = {
    read_by_get_error, read_by_get_result, read_by_wait_sync, read_by_wait_async, read_by_await,
  };
  g_auto(Told) told = { 0 };

  listen (&told);
  for (gsize i = 0; i < G_N_ELEMENTS (readers); i++)
    {
      TendTask *task = tend_task_run_open (NULL, fail_body, NULL, NULL);

      readers[i] (task);
      settle ();
      g_assert_finalize_object (task);
    }
  g_assert_cmpint (told.n_told, ==, 0);
}

/* A wait that began before the end, and whose result nobody finished, has read nothing. */
static void
test_looking_away_does_not_observe (void)
{
  g_auto(Told) told = { 0 };
  TendTask *task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  listen (&told);
  g_assert_null (tend_task_get_error (task));
  g_assert_null (tend_task_get_result (task, NULL));
  tend_task_wait_async (task, NULL, NULL, NULL);
  fail_body (task, NULL, NULL);
  assert_status (task, "failed");
  settle ();
  g_assert_finalize_object (task);
  g_assert_cmpint (told.n_told, ==, 1);
}

static void
test_function_is_replaced (void)
{
  g_auto(Told) first = { 0 };
  g_auto(Told) second = { 0 };
  int n_destroyed = 0;

  tend_set_unobserved_func (told_cb, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 0);
  listen (&first);
  g_assert_cmpint (n_destroyed, ==, 1);
  tend_set_unobserved_func (NULL, &n_destroyed, count_cb);
  g_assert_cmpint (n_destroyed, ==, 2);
  listen (&second);
  g_object_unref (tend_task_run_open (NULL, fail_body, NULL, NULL));
  settle ();
  g_assert_cmpint (first.n_told, ==, 0);
  g_assert_cmpint (second.n_told, ==, 1);
}

/* --- On a fiber's stack nothing is told --- */

static char *fiber_local;

static void
told_off_fiber_cb (const char   *task,
                   const GError *error,
                   const char   *origin,
                   gpointer      user_data)
{
  char local;

  g_assert_cmpuint (ABS (&local - fiber_local), >, 64 * 1024);
  note ("told");
}

static gboolean
drop_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  char local;
  TendTask *failed = tend_task_run_open (NULL, fail_body, NULL, NULL);

  fiber_local = &local;
  g_object_unref (failed);
  note ("dropped");
  return TRUE;
}

static void
test_is_told_off_a_fiber (void)
{
  tend_set_unobserved_func (told_off_fiber_cb, NULL, NULL);
  g_assert_true (tend_run (drop_body, NULL, NULL));
  tend_set_unobserved_func (NULL, NULL, NULL);
  assert_notes ("told dropped");
}

static gboolean
pass_on_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  return tend_await (user_data, error);
}

/* Who waited for a stopped task fails, but there is no news in that. */
static void
test_stop_that_is_passed_on_is_never_told (void)
{
  g_auto(Told) told = { 0 };
  TendTask *stopped = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTask *waiter = tend_task_run_fiber (NULL, pass_on_body, stopped, NULL);
  TendTask *all = tend_wait_all (&stopped, 1);

  listen (&told);
  tend_task_stop (stopped);
  settle ();
  assert_status (waiter, "failed");
  assert_status (all, "failed");
  assert_gone (waiter);
  assert_gone (all);
  assert_gone (stopped);
  g_assert_cmpint (told.n_told, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/unobserved/is-told-at-the-finalization", test_is_told_at_the_finalization);
  g_test_add_func ("/tend/task/unobserved/is-told-when-disposed-of-by-hand", test_is_told_when_disposed_of_by_hand);
  g_test_add_func ("/tend/task/unobserved/origin-may-be-set", test_origin_may_be_set);
  g_test_add_func ("/tend/task/unobserved/default-is-a-warning", test_default_is_a_warning);
  g_test_add_func ("/tend/task/unobserved/each-is-told-once", test_each_is_told_once);
  g_test_add_func ("/tend/task/unobserved/cancel-and-stop-are-never-told", test_cancel_and_stop_are_never_told);
  g_test_add_func ("/tend/task/unobserved/dropping-unstarted-is-never-told", test_dropping_unstarted_is_never_told);
  g_test_add_func ("/tend/task/unobserved/readers-observe", test_readers_observe);
  g_test_add_func ("/tend/task/unobserved/looking-away-does-not-observe", test_looking_away_does_not_observe);
  g_test_add_func ("/tend/task/unobserved/function-is-replaced", test_function_is_replaced);
  g_test_add_func ("/tend/task/unobserved/is-told-off-a-fiber", test_is_told_off_a_fiber);
  g_test_add_func ("/tend/task/unobserved/stop-that-is-passed-on-is-never-told",
                   test_stop_that_is_passed_on_is_never_told);

  return g_test_run ();
}
