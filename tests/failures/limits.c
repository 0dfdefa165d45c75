// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A process that is at one of its limits: of threads, of descriptors, of memory. What the library does ends all the
// same, and works again when the limit is lifted. Each has a process of its own.

/* setresuid() */
#define _GNU_SOURCE

#include "../support/child.h"
#include "kinds.h"

#include <errno.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child ends with that could not set its limit. */
#define SKIPPED 77

typedef void (* TestFunc) (void);

/* --- Limits --- */

static struct rlimit
get_limit (int resource)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (resource, &limit), ==, 0);
  return limit;
}

/* The soft limit, which can be lifted again. */
static void
set_limit (int    resource,
           rlim_t soft)
{
  struct rlimit limit = get_limit (resource);

  limit.rlim_cur = MIN (soft, limit.rlim_max);
  g_assert_cmpint (setrlimit (resource, &limit), ==, 0);
}

static void
lift_limit (int resource)
{
  set_limit (resource, RLIM_INFINITY);
}

/* GLib ends the process where it does not get the thread and the descriptor that it wants for itself. */
static void
give_glib_its_own (void)
{
  g_type_ensure (G_TYPE_TASK);
  g_main_context_iteration (NULL, FALSE);
}

static void
run_in_child (TestFunc func)
{
  pid_t child;
  int status;

  fflush (stdout);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      give_glib_its_own ();
      func ();
      child_exit ();
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (WIFEXITED (status) && WEXITSTATUS (status) == SKIPPED)
    g_test_skip ("The limit cannot be set here");
  else
    assert_child_was_right (status);
}

/* --- Threads --- */

/* The limit counts the threads of all processes of the user, and does not count for root. */
static void
become_nobody_else (void)
{
  uid_t uid = 2000000000u + (uid_t) getpid () % 100000u;

  if (getuid () != 0)
    return;

  while (getpwuid (uid) != NULL)
    uid++;
  if (setresuid (uid, uid, uid) != 0)
    exit (SKIPPED);

  /* The kernel ends it with its parent no more, once it is somebody else's. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static gpointer
nothing_thread (gpointer data)
{
  return NULL;
}

static gboolean
may_make_thread (void)
{
  GThread *thread = g_thread_try_new ("probe", nothing_thread, NULL, NULL);

  if (thread == NULL)
    return FALSE;

  g_thread_join (thread);
  return TRUE;
}

static void
run_without_threads (void)
{
  Refused refused;

  become_nobody_else ();
  set_limit (RLIMIT_NPROC, 1);

  /* Whoever has CAP_SYS_RESOURCE has no limit, and a sanitizer may have a thread of its own. */
  if (may_make_thread ())
    exit (SKIPPED);

  kinds_run_alone (&refused);
  g_assert_cmpint (refused.n_threads, >, 0);
  g_assert_cmpint (refused.n_stacks, ==, 0);
  g_assert_cmpint (refused.n_watchdogs, ==, 1);

  lift_limit (RLIMIT_NPROC);
  kinds_run_good ();
}

static void
test_threads (void)
{
  run_in_child (run_without_threads);
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_usleep (100);
  return TRUE;
}

/* As the bodies wait for threads that run others, not one of them fails. */
static void
run_many_bodies (void)
{
  TendTask *tasks[200];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread (NULL, sleep_body, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      g_object_unref (tasks[i]);
    }
}

/* Fewer than the pool would have. Bodies that wait for one another need one each, and may fail. */
static void
run_with_few_threads (void)
{
  Refused refused;
  rlim_t n = 1;

  /* There are some already, of GLib and of a sanitizer. */
  become_nobody_else ();
  do
    set_limit (RLIMIT_NPROC, n++);
  while (!may_make_thread ());
  set_limit (RLIMIT_NPROC, n);
  run_many_bodies ();
  kinds_run_alone (&refused);
  g_assert_cmpint (refused.n_stacks, ==, 0);

  lift_limit (RLIMIT_NPROC);
  kinds_run_good ();
}

static void
test_few_threads (void)
{
  run_in_child (run_with_few_threads);
}

/* --- Descriptors --- */

/* Those that are open stay so. A lower limit would keep GLib from polling them. */
static void
take_all_descriptors (void)
{
  int fd;

  do
    fd = dup (STDERR_FILENO);
  while (fd >= 0);
  g_assert_cmpint (errno, ==, EMFILE);
}

/* By poll() the loop needs no descriptor of its own. */
static void
wait_without_descriptors (void)
{
  g_autoptr(TendTask) task = tend_task_run_fd ("pipe", STDERR_FILENO, G_IO_OUT);
  g_autofree char *message = NULL;

  if (tend_task_wait_sync (task, NULL))
    return;

  message = g_strdup_printf ("Task 'pipe': cannot wait for descriptor %d: %s", STDERR_FILENO, g_strerror (EMFILE));
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_cmpstr (tend_task_get_error (task)->message, ==, message);
}

static void
run_without_descriptors (void)
{
  g_autoptr(TendTask) task = NULL;
  int first = dup (STDERR_FILENO);
  Refused refused;

  set_limit (RLIMIT_NOFILE, (rlim_t) first + 20);
  take_all_descriptors ();

  wait_without_descriptors ();
  kinds_run_alone (&refused);
  g_assert_cmpint (refused.n_threads, ==, 0);
  g_assert_cmpint (refused.n_stacks, ==, 0);
  g_assert_cmpint (refused.n_numbers, ==, 0);
  g_assert_cmpint (refused.n_watchdogs, ==, 1);

  lift_limit (RLIMIT_NOFILE);
  task = tend_task_run_fd (NULL, STDERR_FILENO, G_IO_OUT);
  g_assert_true (tend_task_wait_sync (task, NULL));
  kinds_run_good ();
}

static void
test_descriptors (void)
{
  run_in_child (run_without_descriptors);
}

/* --- Memory --- */

/* As much as is in use, and somewhat more, since GLib ends a process that gets no memory from the heap. */
static void
set_memory_limit (gsize more)
{
  g_autofree char *text = NULL;
  gsize n_pages;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  n_pages = strtoul (text, NULL, 10);
  set_limit (RLIMIT_AS, n_pages * (gsize) getpagesize () + more);
}

/* The one heap that there is has some left when the limit is reached. */
static void
fill_heap (void)
{
  gpointer blocks[512];

  mallopt (M_ARENA_MAX, 1);
  mallopt (M_TRIM_THRESHOLD, G_MAXINT);
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    blocks[i] = g_malloc (64 << 10);
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    g_free (blocks[i]);
}

static void
run_without_memory (void)
{
  Refused refused;

  fill_heap ();
  set_memory_limit (4 << 20);
  kinds_run_alone (&refused);
  g_assert_cmpint (refused.n_threads, >, 0);
  g_assert_cmpint (refused.n_stacks, >, 0);

  lift_limit (RLIMIT_AS);
  kinds_run_good ();
}

static void
test_memory (void)
{
  if (IS_SANITIZED || is_under_valgrind ())
    g_test_skip ("A tool has no use for a limit of memory");
  else
    run_in_child (run_without_memory);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/failures/limits/threads", test_threads);
  g_test_add_func ("/tend/failures/limits/few-threads", test_few_threads);
  g_test_add_func ("/tend/failures/limits/descriptors", test_descriptors);
  g_test_add_func ("/tend/failures/limits/memory", test_memory);

  return g_test_run ();
}
