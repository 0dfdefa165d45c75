// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "kinds.h"

#include "../support/child.h"

#include <string.h>

/* Of this process; atomic. */
static Refused counts;

/* --- How it ends --- */

/* Counts what @error is about, which must be something that the system has refused. */
static void
count_refused (const GError *error)
{
  g_autoptr(GPtrArray) errors = tend_error_list (error);

  for (guint i = 0; i < errors->len; i++)
    {
      const GError *one = errors->pdata[i];

      if (g_error_matches (one, TEND_ERROR, TEND_ERROR_NO_THREAD) &&
          strstr (one->message, "the system gives no thread for the body: ") != NULL)
        g_atomic_int_inc (&counts.n_threads);
      else if (g_error_matches (one, TEND_ERROR, TEND_ERROR_NO_STACK) &&
               strstr (one->message, "no memory for a stack of ") != NULL)
        g_atomic_int_inc (&counts.n_stacks);
      else
        g_error ("Nothing that the system has refused: %s", one->message);
    }
}

static void
settle (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  while (g_main_context_iteration (context, FALSE) || g_main_context_iteration (context, FALSE))
    ;
}

static void
wait_for (TendTask *task)
{
  g_autoptr(GError) error = NULL;

  if (!tend_task_wait_sync (task, &error))
    count_refused (error);
  settle ();
}

/* Takes @task, and waits for its end. */
static void
finish (TendTask *task)
{
  wait_for (task);
  g_assert_finalize_object (task);
}

static void
finish_all (TendTask **tasks,
            guint      n_tasks)
{
  for (guint i = 0; i < n_tasks; i++)
    finish (tasks[n_tasks - 1 - i]);
}

/* --- Bodies --- */

static gboolean
callback_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  tend_task_return_value (task, NULL);
  return TRUE;
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_yield (error) && tend_sleep (1000, error);
}

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_await (user_data, error);
}

static void
count_down_cb (gpointer data)
{
  --*(guint *) data;
}

/* What it begins is counted until it has really ended. */
static gboolean
begin_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  guint *n_left = user_data;
  g_autoptr(TendTask) fiber = NULL;
  g_autoptr(TendTask) thread = NULL;
  gboolean is_good;

  *n_left += 2;
  fiber = tend_task_run_fiber ("inner", sleep_body, n_left, count_down_cb);
  thread = tend_task_run_thread ("inner", sleep_body, n_left, count_down_cb);
  is_good = tend_await (fiber, error);
  return tend_await (thread, is_good ? error : NULL) && is_good;
}

/* --- The kinds --- */

static void
run_callbacks (void)
{
  TendTask *tasks[3];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      tasks[i] = tend_task_new_open ("callback", callback_body, NULL, NULL);
      tend_task_set_delay (tasks[i], 1000 * i);
      g_assert_true (tend_task_start (tasks[i], NULL));
    }
  finish_all (tasks, G_N_ELEMENTS (tasks));
}

/* Of stacks that are in use nothing is unmapped, so that there are more than one slab of some. */
static void
run_fibers (void)
{
  static const gsize sizes[] = { 16 << 10, 0, 200 << 10, 1 << 20, 8 << 20 };
  TendTask *tasks[90];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      tasks[i] = tend_task_new_fiber ("fiber", sleep_body, NULL, NULL);
      tend_task_set_stack_size (tasks[i], i < G_N_ELEMENTS (sizes) ? sizes[i] : i < 75 ? 0 : 1 << 20);
      g_assert_true (tend_task_start (tasks[i], NULL));
    }
  finish_all (tasks, G_N_ELEMENTS (tasks));
}

/* More than the pool keeps of that size, which then unmaps some. */
static void
run_large_fibers (void)
{
  TendTask *tasks[GLIB_SIZEOF_VOID_P > 4 ? 24 : 3];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      tasks[i] = tend_task_new_fiber ("large", sleep_body, NULL, NULL);
      tend_task_set_stack_size (tasks[i], 64 << 20);
      g_assert_true (tend_task_start (tasks[i], NULL));
    }
  finish_all (tasks, G_N_ELEMENTS (tasks));
}

static void
run_fibers_that_start_others (void)
{
  TendTask *tasks[3];
  guint n_left = 0;

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      tasks[i] = tend_task_run_fiber ("outer", begin_body, &n_left, NULL);
      tend_task_cancel (tasks[i]);
      if (i == 0)
        tend_task_stop (tasks[i]);
      if (tend_task_wait_sync (tasks[i], NULL))
        g_assert_not_reached ();
      settle ();
      g_clear_object (&tasks[i]);
      tasks[i] = tend_task_run_fiber ("outer", begin_body, &n_left, NULL);
    }
  finish_all (tasks, G_N_ELEMENTS (tasks));

  /* Of those that were cancelled. */
  while (n_left > 0)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  settle ();
}

static void
run_threads (void)
{
  TendTask *tasks[10];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread ("thread", sleep_body, NULL, NULL);
  finish_all (tasks, G_N_ELEMENTS (tasks));
}

/* Each waits for the one before. The limit is for those that do not. */
static void
run_threads_that_wait (void)
{
  TendTask *tasks[10];

  tend_set_max_threads (2);
  tasks[0] = tend_task_new_thread ("awaited", sleep_body, NULL, NULL);
  for (guint i = 1; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread ("waits", await_body, tasks[i - 1], NULL);
  g_assert_true (tend_task_start (tasks[0], NULL));
  finish_all (tasks, G_N_ELEMENTS (tasks));
  tend_set_max_threads (0);
}

static void
pair_async (TendTask            *task,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             callback_data,
            gpointer             user_data)
{
  g_autoptr(GTask) operation = g_task_new (task, cancellable, callback, callback_data);

  g_task_return_boolean (operation, TRUE);
}

static gboolean
pair_finish (TendTask      *task,
             GAsyncResult  *result,
             gpointer       user_data,
             GError       **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
run_pairs (void)
{
  TendTask *tasks[3];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_async ("pair", pair_async, pair_finish, NULL, NULL);
  finish_all (tasks, G_N_ELEMENTS (tasks));
}

static void
run_group (void)
{
  TendGroup *group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) join = NULL;

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr(TendTask) thread = tend_task_new_thread ("child", sleep_body, NULL, NULL);
      g_autoptr(TendTask) fiber = tend_task_new_fiber ("child", sleep_body, NULL, NULL);

      g_assert_true (tend_group_add (group, g_object_ref (thread), NULL));
      g_assert_true (tend_group_add (group, g_object_ref (fiber), NULL));
    }
  join = tend_group_join (group);
  wait_for (join);
  g_assert_finalize_object (group);
}

static void
task_failed_cb (TendTaskManager *manager,
                TendTask        *task,
                const GError    *error)
{
  count_refused (error);
}

static void
shut_down_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_assert_true (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (source), result, NULL));
  *(gboolean *) user_data = TRUE;
}

/* The shutdown comes while there are some of each that wait, run, and are through. */
static void
run_manager (void)
{
  TendTaskManager *manager = tend_task_manager_new ();
  TendTask *last;
  gboolean is_over = FALSE;

  g_signal_connect (manager, "task-failed", G_CALLBACK (task_failed_cb), NULL);
  tend_task_manager_set_max_running (manager, 4);
  for (guint i = 0; i < 6; i++)
    {
      g_assert_nonnull (tend_task_manager_register (manager, tend_task_new_thread (NULL, sleep_body, NULL, NULL),
                                                    TEND_NAME_POLICY_REJECT, NULL));
      g_assert_nonnull (tend_task_manager_register (manager, tend_task_new_fiber (NULL, sleep_body, NULL, NULL),
                                                    TEND_NAME_POLICY_REJECT, NULL));
    }
  last = g_object_ref (tend_task_manager_register (manager, tend_task_new_thread (NULL, sleep_body, NULL, NULL),
                                                   TEND_NAME_POLICY_REJECT, NULL));
  tend_task_wait_sync (last, NULL);
  g_object_unref (last);

  tend_task_manager_register (manager, tend_task_new_thread (NULL, sleep_body, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_register (manager, tend_task_new_fiber (NULL, sleep_body, NULL, NULL),
                              TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_shutdown_async (manager, NULL, shut_down_cb, &is_over);
  while (!is_over)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  settle ();
  g_assert_finalize_object (manager);
}

/* Each number is 8 bytes of the 512 that are had at a time. */
static void
run_numbers (void)
{
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) again = NULL;
      TendRandomNumberCache *cache = tend_random_number_cache_new (requests, "number", 64, &error);
      TendRandomNumberCache *made;

      if (cache == NULL)
        {
          g_assert_cmpint (error->domain, ==, G_IO_ERROR);
          g_assert_nonnull (strstr (error->message, "the system gives no random number: "));
          g_atomic_int_inc (&counts.n_numbers);
        }
      else
        g_assert_true (tend_request_cache_add (requests, TEND_NUMBER_CACHE (cache), NULL));
      g_clear_object (&cache);

      /* In the way of the bindings. */
      made = g_object_new (TEND_TYPE_RANDOM_NUMBER_CACHE, "request-cache", requests, "prefix", "made", "bits", 64, NULL);
      if (!tend_request_cache_add (requests, TEND_NUMBER_CACHE (made), &again))
        {
          g_assert_cmpint (again->domain, ==, G_IO_ERROR);
          g_assert_nonnull (strstr (again->message, "the system gives no random number: "));
        }
      g_object_unref (made);
    }
  tend_request_cache_clear (requests);
}

static void
run_watchdog (void)
{
  g_autoptr(GError) error = NULL;

  if (!tend_watchdog_start (G_TIME_SPAN_HOUR, &error))
    {
      g_assert_true (error->domain == G_IO_ERROR || error->domain == G_THREAD_ERROR);
      g_atomic_int_inc (&counts.n_watchdogs);
      return;
    }

  run_callbacks ();
  tend_watchdog_stop ();
}

/* --- In other contexts, and in a child --- */

static gpointer
context_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  run_fibers_that_start_others ();
  run_threads ();
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
run_contexts (void)
{
  GThread *threads[2];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("context", context_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* ThreadSanitizer has no use for the child of a process with threads. */
static void
run_child (void)
{
  pid_t child;
  int status;

  if (IS_TSAN)
    return;

  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      run_callbacks ();
      run_fibers ();
      run_threads ();
      run_threads_that_wait ();
      child_end (TRUE);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  assert_child_was_right (status);
}

/* --- All of them --- */

/* Of bodies that somebody has begun and does not wait for any more. */
static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
  count_refused (error);
}

static void
begin (void)
{
  counts = (Refused) { 0 };
  tend_set_unobserved_func (unobserved_cb, NULL, NULL);
}

static Refused
end (void)
{
  tend_set_unobserved_func (NULL, NULL, NULL);
  return counts;
}

static void
run_alone (void)
{
  run_callbacks ();
  run_fibers ();
  run_large_fibers ();
  run_fibers_that_start_others ();
  run_threads ();
  run_threads_that_wait ();
  run_pairs ();
  run_group ();
  run_manager ();
  run_numbers ();
  run_watchdog ();
}

/* Runs what needs neither another thread of the caller's nor a process, in the thread-default context. Says what failed. */
void
kinds_run_alone (Refused *refused)
{
  begin ();
  run_alone ();
  *refused = end ();
}

/* Runs all. */
void
kinds_run (Refused *refused)
{
  begin ();
  run_alone ();
  run_contexts ();
  run_child ();
  run_fibers ();
  *refused = end ();
}

/* The same where the system refuses nothing any more. */
void
kinds_run_good (void)
{
  Refused refused;

  kinds_run (&refused);
  g_assert_cmpint (refused.n_threads, ==, 0);
  g_assert_cmpint (refused.n_stacks, ==, 0);
  g_assert_cmpint (refused.n_numbers, ==, 0);
  g_assert_cmpint (refused.n_watchdogs, ==, 0);
}
