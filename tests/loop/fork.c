// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// fork() in a process that runs tasks, fibers and threads: in the child all kinds of tasks work, wherever it was forked
// and in whichever context, and of what the parent had nothing goes on.

#include "../support/child.h"
#include "descriptors.h"

#include <sys/wait.h>
#include <unistd.h>

/* --- The child --- */

static guint n_ticks;   /* of the parent's timer */

static gboolean
tick_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  n_ticks++;
  return TRUE;
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_return_int (task, 42);
  return tend_sleep (1000, error);
}

static gboolean
fiber_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendTask) thread = tend_task_run_thread ("thread", thread_body, NULL, NULL);

  if (!tend_sleep (1000, error) || !tend_await (thread, error))
    return FALSE;

  tend_task_return_int (task, tend_task_get_int (thread));
  return TRUE;
}

static gpointer
post_thread (gpointer data)
{
  tend_task_return_int (data, 42);
  return NULL;
}

static gboolean
reader_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  char bytes[2];

  if (!tend_await_fd (GPOINTER_TO_INT (user_data), G_IO_IN, NULL, error))
    return FALSE;

  tend_task_return_int (task, read (GPOINTER_TO_INT (user_data), bytes, sizeof bytes));
  return TRUE;
}

static gboolean
tick_fd_cb (TendTask      *task,
            int            fd,
            GIOCondition   condition,
            gpointer       user_data,
            GError       **error)
{
  n_ticks++;
  return TRUE;
}

static gboolean
set_flag_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* What is registered by the parent is ready, and does not keep the child busy. */
static gboolean
is_idle (void)
{
  gboolean is_over = FALSE;
  guint n_turns = 0;
  GSource *source = g_timeout_source_new (50);

  g_source_set_callback (source, set_flag_cb, &is_over, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  for (; !is_over; n_turns++)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_source_unref (source);

  return n_turns < 1000;
}

/* Whether a task of each kind does what it should. */
static gboolean
all_kinds_work (void)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(TendRequestCache) requests = tend_request_cache_new ();
  g_autoptr(TendNumberCache) request = tend_number_cache_new ("a", 1);
  g_autoptr(TendTask) timed = tend_task_run_delay (1000);
  g_autoptr(TendTask) thread = tend_task_run_thread ("thread", thread_body, NULL, NULL);
  g_autoptr(TendTask) fiber = tend_task_run_fiber ("fiber", fiber_body, NULL, NULL);
  g_autoptr(TendTask) open = tend_task_new_open ("open", NULL, NULL, NULL);
  g_autoptr(TendTask) managed = tend_task_new_fiber ("managed", fiber_body, NULL, NULL);
  Pair pair = pair_new ();
  g_autoptr(TendTask) reader = tend_task_run_fiber ("reader", reader_body, GINT_TO_POINTER (pair.here), NULL);
  GThread *poster = g_thread_new ("poster", post_thread, open);
  gboolean works;

  tend_number_cache_set_timeout (request, 1000);
  works = tend_task_manager_register (manager, g_object_ref (managed), TEND_NAME_POLICY_REJECT, NULL) == managed;
  works = works && tend_request_cache_add (requests, request, NULL);
  works = works && tend_task_wait_sync (timed, NULL);
  works = works && tend_task_wait_sync (thread, NULL) && tend_task_get_int (thread) == 42;
  works = works && tend_task_wait_sync (fiber, NULL) && tend_task_get_int (fiber) == 42;
  works = works && tend_task_wait_sync (managed, NULL) && tend_task_get_int (managed) == 42;
  works = works && tend_task_wait_sync (open, NULL) && tend_task_get_int (open) == 42;
  pair_write (&pair, 1);
  works = works && tend_task_wait_sync (reader, NULL) && tend_task_get_int (reader) == 1;
  pair_clear (&pair);
  works = works && is_idle ();
  while (works && tend_number_cache_is_held (request))
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  g_thread_join (poster);

  return works;
}

typedef enum
{
  OF_THE_PARENT,
  OF_ITS_OWN,
} Context;

static gboolean
child_works (Context which)
{
  g_autoptr(GMainContext) context = NULL;
  gboolean works;

  /* Should it hang, the parent is told. */
  alarm (120);
  n_ticks = 0;
  if (which == OF_THE_PARENT)
    return all_kinds_work () && n_ticks == 0;

  context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  works = all_kinds_work () && n_ticks == 0;
  g_main_context_pop_thread_default (context);

  return works;
}

/* Forks a child, and says whether it was well in there. */
static gboolean
fork_and_look (Context which)
{
  pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    child_end (child_works (which));

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_test_message ("the child has ended with %#x", (guint) status);
  return child_was_right (status);
}

/* --- Where it is forked --- */

typedef struct
{
  TendTask *host;
  TendTask *fibers[3];
  TendTask *thread;
  GMutex    lock;       /* what the thread waits for */
  Pair      pair;       /* of which one end is readable, and two wait for the other */
  TendFdWatch *watch;   /* not a reference */
  TendTask *reader;
} Parent;

static gboolean
blocked_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  Parent *parent = user_data;

  g_mutex_lock (&parent->lock);
  g_mutex_unlock (&parent->lock);
  return TRUE;
}

/* A process that is in the middle of things. */
static void
set_up (Parent        *parent,
        gconstpointer  unused)
{
  parent->host = tend_task_run_open ("host", idle_body, NULL, NULL);
  tend_task_add_timer (parent->host, 100, 100, tick_cb, NULL, NULL);
  tend_task_post (parent->host, tick_cb, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (parent->fibers); i++)
    parent->fibers[i] = tend_task_run_fiber ("fiber", fiber_body, NULL, NULL);
  g_mutex_init (&parent->lock);
  g_mutex_lock (&parent->lock);
  parent->thread = tend_task_run_thread ("blocked", blocked_body, parent, NULL);

  parent->pair = pair_new ();
  pair_write (&parent->pair, 1);
  parent->watch = tend_task_add_fd (parent->host, parent->pair.here, G_IO_IN, tick_fd_cb, NULL, NULL, NULL);
  parent->reader = tend_task_run_fiber ("reader", reader_body, GINT_TO_POINTER (parent->pair.there), NULL);
}

static void
tear_down (Parent        *parent,
           gconstpointer  unused)
{
  /* It is ready all the time. */
  tend_fd_watch_cancel (parent->watch);
  g_mutex_unlock (&parent->lock);
  g_assert_true (tend_task_wait_sync (parent->thread, NULL));
  assert_gone (parent->thread);
  g_mutex_clear (&parent->lock);

  /* All goes on in the parent. */
  for (guint i = 0; i < G_N_ELEMENTS (parent->fibers); i++)
    {
      g_assert_true (tend_task_wait_sync (parent->fibers[i], NULL));
      assert_gone (parent->fibers[i]);
    }
  g_assert_cmpuint (n_ticks, >, 0);
  g_assert_cmpint (write (parent->pair.here, "", 1), ==, 1);
  g_assert_true (tend_task_wait_sync (parent->reader, NULL));
  g_assert_cmpint (tend_task_get_int (parent->reader), ==, 1);
  assert_gone (parent->reader);
  tend_task_stop (parent->host);
  pair_clear (&parent->pair);
  assert_gone (parent->host);
}

static void
test_outside (Parent        *parent,
              gconstpointer  unused)
{
  g_assert_true (fork_and_look (OF_THE_PARENT));
  g_assert_true (fork_and_look (OF_ITS_OWN));
}

static gboolean
fork_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_assert_true (fork_and_look (OF_THE_PARENT));
  g_assert_true (fork_and_look (OF_ITS_OWN));
  tend_task_return_value (task, NULL);

  return TRUE;
}

static void
test_in_a_callback (Parent        *parent,
                    gconstpointer  unused)
{
  g_autoptr(TendTask) task = tend_task_new_open ("forks", fork_body, NULL, NULL);

  tend_task_set_delay (task, 1000);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_wait_sync (task, NULL));
}

static gboolean
fork_fiber_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  pid_t child;
  int status;

  if (!tend_sleep (1000, error))
    return FALSE;

  child = fork ();
  if (child == 0)
    {
      /* It is not this task's fiber there, and nobody's: it cannot wait as one, but for a main loop. */
      g_autoptr(GError) refused = NULL;
      gboolean is_refused = !tend_sleep (1000, &refused) &&
                            g_error_matches (refused, TEND_ERROR, TEND_ERROR_NO_FIBER);

      child_end (is_refused && tend_task_get_current () != task && child_works (OF_ITS_OWN));
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  assert_child_was_right (status);
  return tend_sleep (1000, error);
}

static void
test_in_a_fiber (Parent        *parent,
                 gconstpointer  unused)
{
  g_autoptr(TendTask) task = tend_task_new_fiber ("forks", fork_fiber_body, NULL, NULL);

  tend_task_set_stack_size (task, 1024 * 1024);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_true (tend_task_wait_sync (task, NULL));
}

static gboolean
fork_thread_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  g_assert_true (fork_and_look (OF_ITS_OWN));
  return TRUE;
}

static void
test_in_a_thread (Parent        *parent,
                  gconstpointer  unused)
{
  g_autoptr(TendTask) task = tend_task_run_thread ("forks", fork_thread_body, NULL, NULL);

  g_assert_true (tend_task_wait_sync (task, NULL));
}

/*
 * While other threads take and give back locks of the library. They take none of GLib's: those of its allocator, its
 * types, cancellables and contexts are not given back in a child.
 */
typedef struct
{
  int is_over;      /* atomic */
  int n_begun;      /* atomic */
} Busy;

static gpointer
busy_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  Busy *busy = data;
  TendTask *task;

  g_main_context_push_thread_default (context);
  task = tend_task_run_open ("busy", idle_body, NULL, NULL);
  for (guint i = 0; !g_atomic_int_get (&busy->is_over); i++)
    {
      tend_task_set_progress (task, (i % 2) / 2.0, NULL);
      tend_set_max_threads (0);
      if (i == 0)
        g_atomic_int_inc (&busy->n_begun);
    }
  tend_task_stop (task);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_finalize_object (task);
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_beside_busy_threads (Parent        *parent,
                          gconstpointer  unused)
{
  GThread *threads[2];
  Busy busy = { FALSE, 0 };

  /* Nor those of a tool's allocator, once they have begun. */
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("busy", busy_thread, &busy);
  while (g_atomic_int_get (&busy.n_begun) < (int) G_N_ELEMENTS (threads))
    g_thread_yield ();
  for (guint i = 0; i < 20; i++)
    g_assert_true (fork_and_look (i % 2 == 0 ? OF_THE_PARENT : OF_ITS_OWN));

  g_atomic_int_set (&busy.is_over, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static gpointer
time_thread (gpointer data)
{
  while (!g_atomic_int_get ((int *) data))
    tend_get_time ();

  return NULL;
}

/* A process that has no task yet, and whose threads take a lock of the library all the same. */
static void
test_before_there_is_a_task (void)
{
  GThread *threads[4];
  int is_over = FALSE, status = 0;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("time", time_thread, &is_over);
  for (guint i = 0; i < 100 && child_was_right (status); i++)
    {
      pid_t child = fork ();

      if (child == 0)
        {
          /* It would wait for ever. */
          alarm (20);
          tend_get_time ();
          child_end (TRUE);
        }

      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    }
  assert_child_was_right (status);

  g_atomic_int_set (&is_over, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* A child of a child. */
static void
test_twice (Parent        *parent,
            gconstpointer  unused)
{
  pid_t child = fork ();
  int status;

  if (child == 0)
    {
      g_autoptr(TendTask) task = NULL;

      if (!child_works (OF_THE_PARENT))
        child_end (FALSE);
      task = tend_task_run_open ("pending", idle_body, NULL, NULL);
      tend_task_add_timer (task, 100, 100, tick_cb, NULL, NULL);
      child_end (fork_and_look (OF_THE_PARENT));
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  assert_child_was_right (status);
}

#define add(path, func) \
  g_test_add ("/tend/fork/" path, Parent, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/fork/before-there-is-a-task", test_before_there_is_a_task);
  add ("outside", test_outside);
  add ("in-a-callback", test_in_a_callback);
  add ("in-a-fiber", test_in_a_fiber);
  add ("in-a-thread", test_in_a_thread);
  add ("beside-busy-threads", test_beside_busy_threads);
  add ("twice", test_twice);

  return g_test_run ();
}
