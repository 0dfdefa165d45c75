// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Errors whose copy is user code, which ends the task that the copy is made for, or disposes of who makes it.

#include "common.h"

typedef struct
{
  char *text;
} TestErrorPrivate;

static TendTask *ended_by_copy;     /* a reference; what the next copy stops; NULL: nothing */
static GObject *disposed_by_copy;   /* a reference; what the next copy disposes of; NULL: nothing */

GQuark test_error_quark (void);

static void
test_error_private_init (TestErrorPrivate *priv)
{
  priv->text = g_strdup ("text");
}

static void
test_error_private_clear (TestErrorPrivate *priv)
{
  g_free (priv->text);
}

/* What is copied is there until the copy is made. */
static void
test_error_private_copy (const TestErrorPrivate *src,
                         TestErrorPrivate       *dest)
{
  g_autoptr(TendTask) task = g_steal_pointer (&ended_by_copy);
  g_autoptr(GObject) object = g_steal_pointer (&disposed_by_copy);

  if (task != NULL)
    tend_task_stop (task);
  if (object != NULL)
    g_object_run_dispose (object);
  g_free (dest->text);
  dest->text = g_strdup (src->text);
  g_assert_cmpstr (dest->text, ==, "text");
}

G_DEFINE_EXTENDED_ERROR (TestError, test_error)

static gboolean
fail_with_copies_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  tend_task_return_error (task, g_error_new_literal (test_error_quark (), 1, "No luck"));
  return TRUE;
}

/* A task that has ended with such an error. */
static TendTask *
new_failed (void)
{
  TendTask *task = tend_task_new_open (NULL, NULL, NULL, NULL);

  tend_task_return_error (task, g_error_new_literal (test_error_quark (), 1, "No luck"));
  assert_status (task, "failed");
  tend_task_get_error (task);

  return task;
}

/* Nobody but the wait holds the task. */
static void
check_stopped_by_copy (TendTask *wait)
{
  ended_by_copy = g_object_ref (wait);
  settle ();
  g_assert_null (ended_by_copy);
  assert_status (wait, "stopped");
  assert_gone (wait);
}

static void
test_of_who_follows (void)
{
  TendTask *task = new_failed ();
  TendTask *wait = tend_task_with_cancellable (task, NULL);

  g_object_unref (task);
  check_stopped_by_copy (wait);
}

static void
test_of_who_waits_for_all (void)
{
  TendTask *task = new_failed ();
  TendTask *wait = tend_wait_all (&task, 1);

  g_object_unref (task);
  check_stopped_by_copy (wait);
}

/* --- Trying again --- */

static TendTask *
attempt_cb (guint    attempt,
            gpointer user_data)
{
  return tend_task_new_open (NULL, fail_with_copies_body, NULL, NULL);
}

/* The error comes to nobody when the one who would have had it was stopped. */
static void
count_unobserved_cb (const char   *task,
                     const GError *error,
                     const char   *origin,
                     gpointer      user_data)
{
  ++*(guint *) user_data;
}

/* With one attempt it is the run's error that is copied, with more that of the attempt before. */
static void
test_of_who_tries_again (void)
{
  guint n_unobserved = 0;

  tend_set_unobserved_func (count_unobserved_cb, &n_unobserved, NULL);
  for (guint max_attempts = 1; max_attempts <= 2; max_attempts++)
    {
      g_autoptr(TendRetry) retry = tend_retry_new (max_attempts);

      check_stopped_by_copy (tend_retry_run (retry, NULL, attempt_cb, NULL, NULL));
      g_assert_cmpuint (n_unobserved, <=, max_attempts);
    }
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* --- In a thread --- */

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_await (user_data, error);
}

/* The wait is over by the copy alone, and not for the second time by the end of its task. */
static void
test_of_who_waits_in_a_thread (void)
{
  g_autoptr(TendTask) failing = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) wait = tend_task_run_thread (NULL, await_body, failing, NULL);
  g_autoptr(TendTask) released = NULL;
  TendTask *tasks[] = { wait };
  guint n_unobserved = 0;

  /* The body of the thread returns the error to a task that was stopped meanwhile. */
  tend_set_unobserved_func (count_unobserved_cb, &n_unobserved, NULL);
  ended_by_copy = g_object_ref (wait);
  tend_task_return_error (failing, g_error_new_literal (test_error_quark (), 1, "No luck"));
  tend_task_wait_sync (wait, NULL);
  g_assert_null (ended_by_copy);
  assert_status (wait, "stopped");

  released = tend_wait_all (tasks, G_N_ELEMENTS (tasks));
  tend_task_wait_sync (released, NULL);
  while (!tend_task_is_finished (wait))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (n_unobserved, <=, 1);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* --- A group --- */

static TendTask *
join_failing (TendGroup *group)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(TendTask) child = tend_task_new_open (NULL, fail_with_copies_body, NULL, NULL);

      g_assert_true (tend_group_add (group, g_object_ref (child), NULL));
    }

  return tend_group_join (group);
}

static void
test_of_a_group_that_is_disposed_of (void)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  TendTask *joined;

  disposed_by_copy = g_object_ref (G_OBJECT (group));
  joined = join_failing (group);
  g_assert_null (disposed_by_copy);
  g_assert_error (tend_task_get_error (joined), TEND_ERROR, TEND_ERROR_SEVERAL);
  g_assert_finalize_object (g_steal_pointer (&group));
  assert_gone (joined);
}

/* --- A shutdown --- */

static void
test_of_a_shutdown_task (void)
{
  TendTaskManager *manager = tend_task_manager_new ();
  TendTask *task = tend_task_new_open ("late", fail_with_copies_body, NULL, NULL);

  g_assert_true (tend_task_manager_add_shutdown_task (manager, g_object_ref (task), NULL));
  disposed_by_copy = g_object_ref (G_OBJECT (manager));
  tend_task_manager_shutdown_async (manager, NULL, NULL, NULL);
  settle ();
  g_assert_null (disposed_by_copy);
  assert_status (task, "failed");
  tend_task_get_error (task);
  assert_gone (task);
  g_assert_finalize_object (manager);
}

/* Who hears that it is to run cancels it, and nobody but the shutdown holds it. */
static void
cancel_pending_cb (GObject    *object,
                   GParamSpec *pspec,
                   gpointer    user_data)
{
  tend_task_cancel (TEND_TASK (object));
}

static void
test_shutdown_task_cancelled_at_its_start (void)
{
  TendTaskManager *manager = tend_task_manager_new ();
  TendTask *task = tend_task_new_open ("late", complete_body, NULL, NULL);

  tend_task_set_delay (task, 1000);
  g_signal_connect (task, "notify::status", G_CALLBACK (cancel_pending_cb), NULL);
  g_assert_true (tend_task_manager_add_shutdown_task (manager, g_object_ref (task), NULL));
  g_object_unref (task);
  tend_task_manager_shutdown_async (manager, NULL, NULL, NULL);
  settle ();
  g_assert_true (tend_task_manager_is_shut_down (manager));
  g_assert_finalize_object (manager);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/copy-of-an-error/of-who-follows", test_of_who_follows);
  g_test_add_func ("/tend/copy-of-an-error/of-who-waits-for-all", test_of_who_waits_for_all);
  g_test_add_func ("/tend/copy-of-an-error/of-who-tries-again", test_of_who_tries_again);
  g_test_add_func ("/tend/copy-of-an-error/of-who-waits-in-a-thread", test_of_who_waits_in_a_thread);
  g_test_add_func ("/tend/copy-of-an-error/of-a-group-that-is-disposed-of", test_of_a_group_that_is_disposed_of);
  g_test_add_func ("/tend/copy-of-an-error/of-a-shutdown-task", test_of_a_shutdown_task);
  g_test_add_func ("/tend/task-manager/shutdown-tasks/cancelled-at-its-start", test_shutdown_task_cancelled_at_its_start);

  return g_test_run ();
}
