// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a main context holds of ours: nothing, once its tasks are gone, whichever goes first.

#include <dlfcn.h>
#include <malloc.h>

#include "trace.h"

#include "../support/tool.h"

#define N_AT_ONCE 200u

/* Stands before GLib's function of the same name: the library has one table here, of the contexts. */
static int n_tables_gone;   /* atomic */

void
g_hash_table_unref (GHashTable *table)
{
  static __typeof__ (&g_hash_table_unref) next;

  if (g_atomic_pointer_get (&next) == NULL)
    g_atomic_pointer_set (&next, (__typeof__ (&g_hash_table_unref)) dlsym (RTLD_NEXT, "g_hash_table_unref"));

  g_atomic_int_inc (&n_tables_gone);
  next (table);
}

static guint
count_sources (GMainContext *context)
{
  guint n = 0;

  for (guint id = 1; id < 1000; id++)
    n += g_main_context_find_source_by_id (context, id) != NULL;

  return n;
}

static guint
count_open_files (void)
{
  g_autoptr(GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_sleep (1, error);
}

/* --- The source --- */

static void
test_has_one_source_for_all_tasks (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *tasks[100];

  g_assert_cmpuint (count_sources (context), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  g_assert_cmpuint (count_sources (context), ==, 1);

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      g_assert_finalize_object (tasks[i]);
    }
  g_assert_cmpuint (count_sources (context), ==, 1);

  run_dry (context);
  g_assert_cmpuint (count_sources (context), ==, 0);
}

static void
test_has_one_source_for_each_priority (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *tasks[30];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      tasks[i] = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);
      tend_task_set_priority (tasks[i], (int) (i % 3) * 100 - 100);
      g_assert_true (tend_task_start (tasks[i], NULL));
    }
  g_assert_cmpuint (count_sources (context), ==, 3);

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (tend_task_wait_sync (tasks[i], NULL));
      g_assert_finalize_object (tasks[i]);
    }
  run_dry (context);
  g_assert_cmpuint (count_sources (context), ==, 0);
}

/* One that comes when the loop is about to go keeps it, or has a new one. */
static void
test_serves_again_after_the_last_task (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  for (guint i = 0; i < 200; i++)
    {
      TendTask *task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);

      g_assert_true (tend_task_wait_sync (task, NULL));
      g_assert_finalize_object (task);
      for (guint turn = 0; turn < i % 3; turn++)
        g_main_context_iteration (context, FALSE);
      g_assert_cmpuint (count_sources (context), <=, 1);
    }

  run_dry (context);
}

/* --- Contexts that go --- */

static void
drop_weakly (GMainContext *context)
{
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
}

static void
use_context (guint i)
{
  GMainContext *context = g_main_context_new ();
  TendTask *task;

  g_main_context_push_thread_default (context);
  task = i % 3 == 0 ? tend_task_run_fiber (NULL, sleep_body, NULL, NULL) : new_host ();
  if (i % 3 == 0)
    g_assert_true (tend_task_wait_sync (task, NULL));
  else if (i % 3 == 1)
    add_timer (task, 1000, "no");

  /* The task goes before its context, or holds it until it goes too. Nobody iterates. */
  if (i % 2 == 0)
    {
      g_assert_finalize_object (task);
      drop_weakly (context);
    }
  else
    {
      drop_weakly (context);
      g_assert_finalize_object (task);
    }
}

static gsize
get_allocated (void)
{
  return IS_SANITIZED ? 0 : mallinfo2 ().uordblks;
}

/* Each context has an open file, so that one that stays is seen. */
static void
test_goes_with_its_context (void)
{
  guint n_files;
  gsize before, after;

  for (guint i = 0; i < 600; i++)
    use_context (i);
  n_files = count_open_files ();
  before = get_allocated ();

  for (guint i = 0; i < 10000; i++)
    use_context (i);
  after = get_allocated ();

  g_assert_cmpuint (count_open_files (), ==, n_files);
  g_test_message ("%" G_GSIZE_FORMAT " bytes before, %" G_GSIZE_FORMAT " after", before, after);
  g_assert_cmpuint (after, <, before + 10000);
}

/* Of contexts that are there at the same time: with the last of them goes the table of them all. */
static void
test_leaves_nothing_of_many_contexts (void)
{
  GMainContext *contexts[N_AT_ONCE];
  TendTask *tasks[N_AT_ONCE];
  int n_gone = g_atomic_int_get (&n_tables_gone);

  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      contexts[i] = g_main_context_new ();
      g_main_context_push_thread_default (contexts[i]);
      tasks[i] = new_host ();
      g_main_context_pop_thread_default (contexts[i]);
    }
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_assert_cmpint (g_atomic_int_get (&n_tables_gone), ==, n_gone);
      g_assert_finalize_object (tasks[i]);
      g_main_context_unref (contexts[i]);
    }

  g_assert_cmpint (g_atomic_int_get (&n_tables_gone), ==, n_gone + 1);
}

static void
test_clock_goes_with_its_context (void)
{
  guint n_files = count_open_files ();

  for (guint i = 0; i < 1000; i++)
    {
      GMainContext *context = g_main_context_new ();
      TendClock *clock = tend_clock_freeze (context);
      TendTask *host = NULL;

      g_main_context_push_thread_default (context);
      if (i % 2 == 0)
        host = new_host ();
      drop_weakly (context);

      /* It holds the context, which it moves. */
      tend_clock_advance (clock, 1000, NULL);
      if (i % 4 == 0)
        g_assert_finalize_object (host);
      g_assert_finalize_object (clock);
      if (i % 4 == 2)
        g_assert_finalize_object (host);
    }

  g_assert_cmpuint (count_open_files (), ==, n_files);
}

/* --- Threads --- */

#define N_THREADS 8

static gboolean
work_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  int *n_done = user_data;

  for (guint i = 0; i < 10; i++)
    if (!tend_sleep (i % 3 * 10, error))
      return FALSE;

  g_atomic_int_inc (n_done);
  return TRUE;
}

static gpointer
context_thread (gpointer data)
{
  for (guint round = 0; round < 20; round++)
    {
      GMainContext *context = g_main_context_new ();
      TendTask *tasks[20];

      g_main_context_push_thread_default (context);
      for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
        tasks[i] = tend_task_run_fiber (NULL, work_body, data, NULL);
      for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
        {
          g_assert_true (tend_task_wait_sync (tasks[i], NULL));
          g_assert_finalize_object (tasks[i]);
        }
      drop_weakly (context);
    }

  return NULL;
}

static void
test_many_threads_have_their_own (void)
{
  GThread *threads[N_THREADS];
  guint n_files = count_open_files ();
  int n_done = 0;

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("context", context_thread, &n_done);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  g_assert_cmpint (n_done, ==, N_THREADS * 20 * 20);
  g_assert_cmpuint (count_open_files (), ==, n_files);
}

static gboolean
task_works_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  return TRUE;
}

static void
count_destroyed (gpointer user_data)
{
  ++*(guint *) user_data;
}

typedef struct
{
  guint     n_iterations;
  guint     n_destroyed;
  TendTask *created;
  TendTask *running;
  TendTask *ended;
} Orphans;

/* Leaves tasks behind, and a context that nobody has. */
static gpointer
orphaning_thread (gpointer data)
{
  Orphans *orphans = data;
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  orphans->created = tend_task_new_fiber ("created", task_works_body, &orphans->n_destroyed, count_destroyed);
  orphans->running = new_host ();
  tend_task_add_timer (orphans->running, HOUR, -1, trace_cb, &orphans->n_destroyed, count_destroyed);
  orphans->ended = tend_task_run_fiber ("ended", task_works_body, &orphans->n_destroyed, count_destroyed);
  for (guint i = 0; i < orphans->n_iterations; i++)
    g_main_context_iteration (context, FALSE);
  drop_weakly (context);

  return NULL;
}

/* They can still be dropped, and take the context with them. */
static void
test_tasks_outlive_their_thread (void)
{
  guint n_files = count_open_files ();

  for (guint n_iterations = 0; n_iterations < 2; n_iterations++)
    {
      Orphans orphans = { n_iterations, 0, NULL, NULL, NULL };

      g_thread_join (g_thread_new ("orphaning", orphaning_thread, &orphans));
      g_assert_cmpuint (orphans.n_destroyed, ==, 1);
      g_assert_finalize_object (orphans.created);
      g_assert_finalize_object (orphans.ended);
      g_assert_finalize_object (orphans.running);
      g_assert_cmpuint (orphans.n_destroyed, ==, 3);
    }

  g_assert_cmpuint (count_open_files (), ==, n_files);
}

/* Or go on, in whichever thread takes their context over. */
static gpointer
leaving_thread (gpointer data)
{
  TendTask *task;

  g_main_context_push_thread_default (data);
  task = tend_task_run_fiber ("left", sleep_body, NULL, NULL);
  g_main_context_pop_thread_default (data);

  return task;
}

static void
test_context_may_change_its_thread (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  for (guint i = 0; i < 10; i++)
    {
      TendTask *left, *next;

      g_main_context_pop_thread_default (context);
      left = g_thread_join (g_thread_new ("leaving", leaving_thread, context));
      g_main_context_push_thread_default (context);

      next = tend_task_run_fiber ("next", sleep_body, NULL, NULL);
      g_assert_cmpint (tend_task_get_status (next), ==, TEND_TASK_STATUS_RUNNING);
      g_assert_true (tend_task_wait_sync (left, NULL));
      g_assert_true (tend_task_wait_sync (next, NULL));
      g_assert_finalize_object (left);
      g_assert_finalize_object (next);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tend/loop/has-one-source-for-all-tasks", test_has_one_source_for_all_tasks);
  ADD ("/tend/loop/has-one-source-for-each-priority", test_has_one_source_for_each_priority);
  ADD ("/tend/loop/serves-again-after-the-last-task", test_serves_again_after_the_last_task);
  ADD ("/tend/loop/goes-with-its-context", test_goes_with_its_context);
  ADD ("/tend/loop/leaves-nothing-of-many-contexts", test_leaves_nothing_of_many_contexts);
  ADD ("/tend/loop/clock-goes-with-its-context", test_clock_goes_with_its_context);
  ADD ("/tend/loop/many-threads-have-their-own", test_many_threads_have_their_own);
  ADD ("/tend/loop/tasks-outlive-their-thread", test_tasks_outlive_their_thread);
  ADD ("/tend/loop/context-may-change-its-thread", test_context_may_change_its_thread);

  return g_test_run ();
}
