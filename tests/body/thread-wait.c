// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the body of a thread waits for, what ends the wait, and that its thread counts for nothing meanwhile.

#include "../task/common.h"

/* --- What it waits for --- */

static gboolean
add_one_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  gint64 sum = GPOINTER_TO_INT (user_data) + 1;

  if (!tend_sleep (SECOND, error))
    return FALSE;

  tend_task_return_int (task, sum);
  return TRUE;
}

static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  if (!tend_await (user_data, error))
    return FALSE;

  tend_task_return_int (task, tend_task_get_int (user_data) + 1);
  return TRUE;
}

/* Also of a task that is another thread's body, which waits in turn. The virtual clock goes on meanwhile. */
static void
test_awaits_tasks (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *tasks[4];

  tasks[0] = tend_task_run_fiber ("fiber", add_one_body, GINT_TO_POINTER (1), NULL);
  for (guint i = 1; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread ("thread", await_body, tasks[i - 1], NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  g_assert_cmpint (tend_task_get_int (tasks[3]), ==, 5);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    assert_gone (tasks[i]);
}

static void
test_awaited_error_is_its_own (void)
{
  g_autoptr(TendTask) failing = tend_task_run_open ("failing", fail_body, NULL, NULL);
  g_autoptr(TendTask) task = tend_task_run_thread ("thread", await_body, failing, NULL);

  g_assert_false (tend_task_wait_sync (task, NULL));
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_FAILED);
  assert_gone (task);
  assert_gone (failing);
}

static gboolean
await_main_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  g_autoptr(GError) own = NULL;

  g_assert_false (tend_await (task, &own));
  g_assert_error (own, TEND_ERROR, TEND_ERROR_STATE);

  return tend_await (user_data, error);
}

static void
test_what_cannot_be_awaited (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, await_main_body, tend_task_get_current (), NULL);

  g_assert_false (tend_task_wait_sync (task, NULL));
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STATE);
  assert_gone (task);
}

static gboolean
sleep_hours_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  gboolean slept;

  slept = tend_sleep (GPOINTER_TO_SIZE (user_data) * SECOND, error) && tend_yield (error);
  return slept;
}

static void
test_sleeps_in_virtual_time (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, sleep_hours_body, GSIZE_TO_POINTER (3600), NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3600 * SECOND);
  assert_status (task, "completed");
  assert_gone (task);
}

static gboolean
sleep_really_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  gint64 begin = g_get_monotonic_time ();

  if (!tend_sleep (1000, error))
    return FALSE;

  g_assert_cmpint (g_get_monotonic_time (), >=, begin + 1000);
  return TRUE;
}

static void
test_sleeps_in_real_time (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, sleep_really_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
}

/* --- What ends the wait --- */

typedef enum
{
  BY_CANCEL,
  BY_STOP,
  BY_DEADLINE,
} Way;

static void
check_end (TendTask *task,
           Way       way)
{
  g_autoptr(TendClock) clock G_GNUC_UNUSED = NULL;

  if (way == BY_DEADLINE)
    tend_task_set_deadline (task, tend_get_time () + 1000);
  g_assert_true (tend_task_start (task, NULL));
  if (way == BY_CANCEL)
    tend_task_cancel (task);
  if (way == BY_STOP)
    tend_task_stop (task);

  g_assert_false (tend_task_wait_sync (task, NULL));
  if (way == BY_CANCEL)
    g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (way == BY_STOP)
    g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_STOPPED);
  if (way == BY_DEADLINE)
    g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static gboolean
sleep_for_ever_body (TendTask  *task,
                     gpointer   user_data,
                     GError   **error)
{
  return tend_sleep (G_MAXINT64, error);
}

/* Nothing of a wait is left anywhere: not in the loop, and not in the task that was awaited. */
static void
test_wait_is_ended (void)
{
  for (Way way = BY_CANCEL; way <= BY_DEADLINE; way++)
    {
      g_autoptr(TendTask) endless = tend_task_run_open ("endless", idle_body, NULL, NULL);
      TendTask *waiting = tend_task_new_thread ("waiting", await_body, endless, NULL);
      TendTask *sleeping = tend_task_new_thread ("sleeping", sleep_for_ever_body, NULL, NULL);

      check_end (waiting, way);
      check_end (sleeping, way);
      while (g_main_context_iteration (NULL, FALSE) || !tend_task_is_ended (waiting))
        ;
      tend_task_stop (endless);
      g_object_unref (waiting);
      g_object_unref (sleeping);
    }
}

/* --- A context of its own --- */

static gboolean
fiber_in_thread_body (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_assert_true (tend_task_get_current () == task);
  return tend_sleep (10, error) && tend_checkpoint (error);
}

static gboolean
callback_in_thread (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_autoptr(GError) refusal = NULL;

  /* It is no body of a thread, and would block the others of its context. */
  g_assert_false (tend_sleep (10, &refusal));
  g_assert_error (refusal, TEND_ERROR, TEND_ERROR_NO_FIBER);
  tend_task_return_value (task, NULL);

  return TRUE;
}

static gboolean
own_context_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  gboolean ok;

  g_main_context_push_thread_default (context);
  {
    g_autoptr(TendTask) fiber = tend_task_run_fiber (NULL, fiber_in_thread_body, NULL, NULL);
    g_autoptr(TendTask) callback = tend_task_run_open (NULL, callback_in_thread, NULL, NULL);

    ok = tend_task_wait_sync (fiber, error) && tend_task_wait_sync (callback, error);
  }
  g_main_context_pop_thread_default (context);

  return ok;
}

/* What runs in a main context of the thread is what it is anywhere. */
static void
test_tasks_of_a_context_of_its_own (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, own_context_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
}

/* --- The pool --- */

#define DEPTH 100

static int n_inside;                    /* atomic */

/* Each has a context of its own, where it waits for the next. */
static gboolean
nested_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  guint depth = GPOINTER_TO_UINT (user_data);
  g_autoptr(GMainContext) context = NULL;
  g_autoptr(TendTask) next = NULL;
  gboolean ok;

  if (depth == 0)
    return TRUE;

  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  next = tend_task_run_thread (NULL, nested_body, GUINT_TO_POINTER (depth - 1), NULL);
  ok = tend_task_wait_sync (next, error);
  g_clear_object (&next);
  g_main_context_pop_thread_default (context);

  return ok;
}

/* Runs the next one at home, and awaits it in the thread. */
static TendTask *chain[DEPTH];

static gboolean
await_next_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  guint i = GPOINTER_TO_UINT (user_data);

  return i + 1 == DEPTH || tend_await (chain[i + 1], error);
}

static void
test_waiting_takes_no_thread (void)
{
  guint max_before = tend_get_max_threads ();
  g_autoptr(TendTask) nested = NULL;

  tend_set_max_threads (2);
  nested = tend_task_run_thread (NULL, nested_body, GUINT_TO_POINTER (DEPTH), NULL);
  for (guint i = 0; i < DEPTH; i++)
    chain[i] = tend_task_new_thread (NULL, await_next_body, GUINT_TO_POINTER (i), NULL);
  for (guint i = 0; i < DEPTH; i++)
    g_assert_true (tend_task_start (chain[i], NULL));

  g_assert_true (tend_task_wait_sync (nested, NULL));
  g_assert_true (tend_task_wait_sync (chain[0], NULL));
  settle ();
  for (guint i = 0; i < DEPTH; i++)
    assert_gone (chain[i]);
  tend_set_max_threads (max_before);
}

static gboolean
count_inside_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  int *most = user_data;
  int n = g_atomic_int_add (&n_inside, 1) + 1;
  int seen;

  do
    seen = g_atomic_int_get (most);
  while (n > seen && !g_atomic_int_compare_and_exchange (most, seen, n));
  for (guint i = 0; i < 100; i++)
    g_thread_yield ();
  g_atomic_int_add (&n_inside, -1);

  return TRUE;
}

/* A pool that has grown for those who waited keeps to its limit again when they do not. */
static void
test_pool_shrinks_again (void)
{
  guint max_before = tend_get_max_threads ();
  TendTask *tasks[200];
  int most = 0;

  tend_set_max_threads (2);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread (NULL, count_inside_body, &most, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      g_object_unref (tasks[i]);
    }
  g_assert_cmpint (most, <=, 2);
  tend_set_max_threads (max_before);
}

static gboolean
wait_for_a_thread_cb (gpointer user_data)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, add_one_body, NULL, NULL);

  tend_task_cancel (task);
  g_assert_false (tend_task_wait_sync (task, NULL));
  return G_SOURCE_REMOVE;
}

/* Waits until @func has been called by the context of its thread. */
static void
wait_while_called (GSourceFunc func)
{
  g_autoptr(GSource) source = g_idle_source_new ();
  g_autoptr(TendTask) delay = tend_task_run_delay (1000);

  g_source_set_callback (source, func, NULL, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  g_assert_true (tend_task_wait_sync (delay, NULL));
}

static gboolean
wait_within_cb (gpointer user_data)
{
  wait_while_called (wait_for_a_thread_cb);
  return G_SOURCE_REMOVE;
}

static gboolean
nested_waits_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new (context);

  wait_while_called (wait_within_cb);
  return TRUE;
}

/* A wait within a wait takes the thread from the count once, or no other would ever be called. */
static void
test_waits_within_waits (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, nested_waits_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
}

static gboolean
await_own_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new (context);
  g_autoptr(TendTask) delay = tend_task_run_delay (1000);
  g_autoptr(GError) local = NULL;

  g_assert_false (tend_await (delay, &local));
  g_assert_error (local, TEND_ERROR, TEND_ERROR_STATE);
  return tend_task_wait_sync (delay, error);
}

/* Nobody would run the context while the thread blocks. */
static void
test_cannot_block_its_own_context (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, await_own_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/thread-wait/awaits-tasks", test_awaits_tasks);
  g_test_add_func ("/tend/thread-wait/awaited-error-is-its-own", test_awaited_error_is_its_own);
  g_test_add_func ("/tend/thread-wait/what-cannot-be-awaited", test_what_cannot_be_awaited);
  g_test_add_func ("/tend/thread-wait/sleeps-in-virtual-time", test_sleeps_in_virtual_time);
  g_test_add_func ("/tend/thread-wait/sleeps-in-real-time", test_sleeps_in_real_time);
  g_test_add_func ("/tend/thread-wait/is-ended", test_wait_is_ended);
  g_test_add_func ("/tend/thread-wait/tasks-of-a-context-of-its-own", test_tasks_of_a_context_of_its_own);
  g_test_add_func ("/tend/thread-wait/takes-no-thread", test_waiting_takes_no_thread);
  g_test_add_func ("/tend/thread-wait/pool-shrinks-again", test_pool_shrinks_again);
  g_test_add_func ("/tend/thread-wait/waits-within-waits", test_waits_within_waits);
  g_test_add_func ("/tend/thread-wait/cannot-block-its-own-context", test_cannot_block_its_own_context);

  return g_test_run ();
}
