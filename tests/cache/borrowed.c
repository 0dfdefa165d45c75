// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// User code that a call on a cache or a request cache runs, and that drops one of the two, or a task that was added.

#include "../task/borrowed.h"

/* --- A class whose time-out is user code --- */

#define TEST_TYPE_REQUEST (test_request_get_type ())
G_DECLARE_FINAL_TYPE (TestRequest, test_request, TEST, REQUEST, TendNumberCache)

struct _TestRequest
{
  TendNumberCache parent_instance;
};

G_DEFINE_FINAL_TYPE (TestRequest, test_request, TEND_TYPE_NUMBER_CACHE)

static gint64
test_request_get_timeout (TendNumberCache *cache)
{
  run_user_code ();
  return SECOND;
}

static void
test_request_class_init (TestRequestClass *klass)
{
  TEND_NUMBER_CACHE_CLASS (klass)->get_timeout = test_request_get_timeout;
}

static void
test_request_init (TestRequest *self)
{
}

static TendNumberCache *
request_new (void)
{
  return g_object_new (TEST_TYPE_REQUEST, "prefix", "p", "number", G_GUINT64_CONSTANT (1), NULL);
}

/* --- Tasks of a cache --- */

static void
test_add_task_with_error (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(GError) reason = new_test_error ();
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_number_cache_add_task_with_error (lend (tend_number_cache_new ("p", 1)), task, reason, &error));
  g_assert_no_error (error);
  assert_dropped ();
  assert_status (task, "cancelled");
}

static void
test_add_task_with_error_drops_the_task (void)
{
  g_autoptr(TendNumberCache) cache = tend_number_cache_new ("p", 1);
  g_autoptr(GError) reason = new_test_error ();
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_new_open (NULL, NULL, NULL, NULL);

  g_assert_true (tend_number_cache_add_task_with_error (cache, lend (task), reason, &error));
  g_assert_no_error (error);
  g_assert_true (tend_number_cache_remove_task (cache, task));
  assert_dropped ();

  /* One that is refused is looked at as well. */
  task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
  g_assert_false (tend_number_cache_add_task_with_error (cache, lend (task), reason, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  assert_dropped ();
}

/* --- The request cache --- */

/* What is dropped with it has its tasks cancelled. */
static void
test_add (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendNumberCache) cache = request_new ();
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_number_cache_add_task (cache, task, NULL, NULL));
  g_assert_true (tend_request_cache_add (lend (tend_request_cache_new ()), cache, &error));
  g_assert_no_error (error);
  assert_dropped ();
  g_assert_false (tend_number_cache_is_held (cache));
  assert_status (task, "cancelled");
}

static void
test_add_drops_the_cache (void)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_request_cache_add (requests, lend (request_new ()), &error));
  g_assert_no_error (error);
  g_assert_nonnull (watched);
  g_object_unref (tend_request_cache_pop (requests, "p", 1));
  assert_dropped ();

  /* One that is refused is gone when the call returns. */
  g_object_run_dispose (G_OBJECT (requests));
  g_assert_false (tend_request_cache_add (requests, lend (request_new ()), &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  assert_dropped ();
}

static void
freed_cb (gpointer data)
{
  run_user_code ();
}

/* Leaves a time-out behind, and a result. */
static gboolean
push_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_request_cache_push_timeout (user_data, TEND_TYPE_NUMBER_CACHE, SECOND);
  tend_task_return_pointer (task, user_data, freed_cb);

  return TRUE;
}

/* The last to hold an ended task is the time-out that it has left behind. */
static void
test_push_timeout (void)
{
  TendRequestCache *requests = tend_request_cache_new ();
  TendTask *task = tend_task_new_open (NULL, push_body, requests, NULL);

  g_assert_true (tend_task_start (task, NULL));
  settle ();
  g_object_unref (task);
  tend_request_cache_push_timeout (lend (requests), TEND_TYPE_NUMBER_CACHE, 2 * SECOND);
  assert_dropped ();
}

static gboolean
shutdown_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  use_up_waits ();
  return tend_request_cache_shutdown (user_data, error);
}

static void
test_shutdown (void)
{
  run_dropping (shutdown_body, tend_request_cache_new ());
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/borrowed/add-task-with-error", test_add_task_with_error);
  g_test_add_func ("/tend/borrowed/add-task-with-error-drops-the-task", test_add_task_with_error_drops_the_task);
  g_test_add_func ("/tend/borrowed/add", test_add);
  g_test_add_func ("/tend/borrowed/add-drops-the-cache", test_add_drops_the_cache);
  g_test_add_func ("/tend/borrowed/push-timeout", test_push_timeout);
  g_test_add_func ("/tend/borrowed/shutdown", test_shutdown);

  return g_test_run ();
}
