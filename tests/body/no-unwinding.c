// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The end of the thread in a fiber whose code cannot be unwound: this file is built without what tells how.

#include <tend.h>

#include <pthread.h>
#include <sys/resource.h>

static gboolean
leaving_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  if (tend_yield (error))
    pthread_exit (NULL);

  return FALSE;
}

/* The C library goes on with the thread itself then: nobody would ever run its loop again, nor say so. */
static void
test_end_of_the_thread_is_an_error (void)
{
  const struct rlimit none = { 0, 0 };

  if (g_test_subprocess ())
    {
      g_autoptr(TendTask) task = tend_task_run_fiber ("leaver", leaving_body, NULL, NULL);

      setrlimit (RLIMIT_CORE, &none);
      tend_task_wait_sync (task, NULL);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*Task 'leaver': the body has ended its thread, as pthread_exit() does*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/no-unwinding/end-of-the-thread-is-an-error", test_end_of_the_thread_is_an_error);

  return g_test_run ();
}
