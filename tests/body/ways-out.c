// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Bodies that do not return: they end their thread or the process, or jump.

#include "../task/common.h"
#include "../support/tool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- The end of the thread --- */

static void
unwound_cb (void *data)
{
  note ("%s", (const char *) data);
}

/* Leaves by the way that others call, from below some frames. */
static G_GNUC_NO_INLINE void
leave (gboolean by_glib)
{
  if (by_glib)
    g_thread_exit (NULL);
  pthread_exit (NULL);
}

static G_GNUC_NO_INLINE void
leave_from_within (gboolean by_glib)
{
  pthread_cleanup_push (unwound_cb, "inner");
  leave (by_glib);
  pthread_cleanup_pop (0);
}

static gboolean
leaving_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  if (!tend_yield (error))
    return FALSE;

  pthread_cleanup_push (unwound_cb, "outer");
  leave_from_within (GPOINTER_TO_INT (user_data));
  pthread_cleanup_pop (0);

  return TRUE;
}

static void
assert_has_left (TendTask *task)
{
  const GError *error = tend_task_get_error (task);

  assert_status (task, "failed");
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "pthread_exit()"));
}

static void
run_leaving_fibers (gboolean by_glib)
{
  gpointer data = GINT_TO_POINTER (by_glib);
  g_autoptr(TendTask) other = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, leaving_body, data, NULL);
  g_autoptr(TendTask) again = NULL;

  while (!tend_task_is_ended (task))
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  assert_notes ("inner outer");
  assert_has_left (task);

  /* The thread goes on, and may be told to end as often as one likes. */
  again = tend_task_run_fiber (NULL, leaving_body, data, NULL);
  g_assert_false (tend_task_wait_sync (again, NULL));
  assert_notes ("inner outer");
  assert_has_left (again);
  assert_status (other, "running");
  tend_task_stop (other);
  g_assert_false (tend_task_wait_sync (other, NULL));
}

static gboolean
is_forbidden (void)
{
  if (IS_TSAN)
    g_test_skip ("ThreadSanitizer does not let a fiber call pthread_exit().");
  return IS_TSAN;
}

static void
test_fiber_ends_and_its_thread_goes_on (void)
{
  if (is_forbidden ())
    return;

  run_leaving_fibers (FALSE);
  settle ();
  assert_notes ("interrupted");
}

static gpointer
leaving_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  run_leaving_fibers (TRUE);
  while (g_main_context_iteration (context, FALSE))
    ;
  assert_notes ("interrupted");
  g_main_context_pop_thread_default (context);

  /* What the thread's own frames want to be told is still known. */
  pthread_cleanup_push (unwound_cb, "thread");
  leave (TRUE);
  pthread_cleanup_pop (0);

  return NULL;
}

static void
test_fiber_ends_in_any_thread (void)
{
  if (is_forbidden ())
    return;

  g_thread_join (g_thread_new ("loop", leaving_thread, NULL));
  assert_notes ("thread");
}

static gboolean
leaving_work (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  tend_task_return_string (task, "too early");
  leave (GPOINTER_TO_INT (user_data));

  return TRUE;
}

static gboolean
plain_work (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  tend_task_return_int (task, 5);
  return TRUE;
}

/* One thread at a time: were the one that has gone still counted, no other would come. */
static void
test_thread_ends_and_others_come (void)
{
  tend_set_max_threads (1);
  for (int i = 0; i < 4; i++)
    {
      g_autoptr(TendTask) task = tend_task_run_thread (NULL, leaving_work, GINT_TO_POINTER (i % 2), NULL);
      g_autoptr(TendTask) next = tend_task_run_thread (NULL, plain_work, NULL, NULL);

      g_assert_false (tend_task_wait_sync (task, NULL));
      assert_has_left (task);
      g_assert_true (tend_task_wait_sync (next, NULL));
      g_assert_cmpint (tend_task_get_int (next), ==, 5);
    }
  tend_set_max_threads (0);
}

static gboolean
cancelled_work (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  pthread_cancel (pthread_self ());
  pthread_testcancel ();

  return TRUE;
}

/* It is the library's, whose locks it may hold. */
static void
test_thread_cannot_be_cancelled (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, cancelled_work, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
}

/* What was awaited goes on in the one that waits. */
static gboolean
await_leaving_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_autoptr(TendTask) work = tend_task_run_thread (NULL, leaving_work, NULL, NULL);
  g_autoptr(GError) local_error = NULL;

  g_assert_false (tend_await (work, &local_error));
  g_assert_error (local_error, TEND_ERROR, TEND_ERROR_STATE);
  return TRUE;
}

static void
test_waiters_are_told (void)
{
  g_assert_true (tend_run (await_leaving_body, NULL, NULL));
}

/* --- The end of the process --- */

static gboolean
exit_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  exit (tend_yield (error) ? 7 : 1);
}

static void
at_exit_cb (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) stopped = tend_task_new_open (NULL, idle_body, NULL, NULL);

  tend_task_stop (stopped);
  g_printerr ("at exit: %d %d\n", tend_task_get_status (task) == TEND_TASK_STATUS_COMPLETED,
              tend_task_is_ended (stopped));
}

static void
exit_in (TendTask *(*run) (const char     *name,
                           TendBodyFunc    func,
                           gpointer        user_data,
                           GDestroyNotify  notify),
         TendBodyFunc func)
{
  g_autoptr(TendTask) waiting G_GNUC_UNUSED = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_autoptr(TendTask) task = NULL;

  atexit (at_exit_cb);
  task = run (NULL, func, NULL, NULL);
  tend_task_wait_sync (task, NULL);
}

static void
assert_exited (const char *words)
{
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (words);
}

static void
test_exit_in_a_fiber (void)
{
  if (g_test_subprocess ())
    exit_in (tend_task_run_fiber, exit_body);
  else
    assert_exited ("*at exit: 1 1\n");
}

static gboolean
exit_work (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  exit (7);
}

/* Which runs the handlers in that thread, where tasks of the main context do not begin. */
static void
test_exit_in_a_thread (void)
{
  if (g_test_subprocess ())
    exit_in (tend_task_run_thread, exit_work);
  else
    assert_exited ("*at exit: ? ?\n*");
}

/* --- Jumps --- */

static gboolean
jump_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  jmp_buf here;
  volatile int n = 0;

  if (setjmp (here) < 5)
    {
      if (!tend_sleep (SECOND, error))
        return FALSE;
      n++;
      longjmp (here, n);
    }

  return n == 5;
}

static void
test_jumps_within_a_fiber (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) first = tend_task_run_fiber (NULL, jump_body, NULL, NULL);
  g_autoptr(TendTask) second = tend_task_run_fiber (NULL, jump_body, NULL, NULL);

  tend_clock_run_until_idle (clock, NULL);
  assert_status (first, "completed");
  assert_status (second, "completed");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/ways-out/fiber-ends-and-its-thread-goes-on", test_fiber_ends_and_its_thread_goes_on);
  g_test_add_func ("/tend/ways-out/fiber-ends-in-any-thread", test_fiber_ends_in_any_thread);
  g_test_add_func ("/tend/ways-out/thread-ends-and-others-come", test_thread_ends_and_others_come);
  g_test_add_func ("/tend/ways-out/thread-cannot-be-cancelled", test_thread_cannot_be_cancelled);
  g_test_add_func ("/tend/ways-out/waiters-are-told", test_waiters_are_told);
  g_test_add_func ("/tend/ways-out/exit-in-a-fiber", test_exit_in_a_fiber);
  g_test_add_func ("/tend/ways-out/exit-in-a-thread", test_exit_in_a_thread);
  g_test_add_func ("/tend/ways-out/jumps-within-a-fiber", test_jumps_within_a_fiber);

  return g_test_run ();
}
