// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A program of somebody who looks for faults with a sanitizer or with valgrind, and has libtend as it is installed:
// built without any of them. It does what it is told, right or wrong; check-tools.py knows what is to be seen.

#include <tend.h>

#include <stdlib.h>
#include <string.h>

#define N_FIBERS 10
#define N_ROUNDS 10

static gboolean
wait_long (GError **error)
{
  return tend_sleep (10 * G_TIME_SPAN_SECOND, error);
}

static G_GNUC_NO_INLINE void
fill (char *bytes,
      guint n)
{
  for (guint i = 0; i < n; i++)
    bytes[i] = (char) i;
}

static G_GNUC_NO_INLINE void
check (const char *bytes,
       guint       n)
{
  for (guint i = 0; i < n; i++)
    if (bytes[i] != (char) i)
      abort ();
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
run (TendBodyFunc body,
     gpointer     data)
{
  g_autoptr(TendTask) task = tend_task_run_fiber ("fiber", body, data, NULL);

  tend_task_wait_sync (task, NULL);
}

/* Pointers in an array, which a sanitizer may keep elsewhere than on the stack. */
static G_GNUC_NO_INLINE void
hold (char **held,
      guint  n)
{
  for (guint i = 0; i < n; i++)
    {
      held[i] = g_malloc (50);
      fill (held[i], 50);
    }
}

static G_GNUC_NO_INLINE void
let_go (char **held,
        guint  n)
{
  for (guint i = 0; i < n; i++)
    g_free (held[i]);
}

/* --- Right --- */

/* Waits below some frames, and again below others, with variables in each. */
static G_GNUC_NO_INLINE gboolean
wait_below (guint    depth,
            GError **error)
{
  char local[80];
  gboolean is_good;

  fill (local, sizeof local);
  is_good = depth > 0 ? wait_below (depth - 1, error) : tend_sleep (100, error);
  check (local, sizeof local);

  return is_good;
}

static gboolean
wait_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autofree char *held = g_malloc (100);
  char local[300];

  fill (local, sizeof local);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      fill (held, 100);
      if (!wait_below (i % 7, error))
        return FALSE;
      check (held, 100);
      check (local, sizeof local);
    }

  return TRUE;
}

static void
waits (void)
{
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < N_FIBERS; i++)
    g_ptr_array_add (tasks, tend_task_run_fiber (NULL, wait_body, NULL, NULL));
  for (guint i = 0; i < N_FIBERS; i++)
    tend_task_wait_sync (tasks->pdata[i], NULL);
}

static gboolean
count_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  guint *counters = user_data;

  for (guint i = 0; i < 10; i++)
    counters[i]++;
  tend_task_return_string (task, "counted");

  return TRUE;
}

/* What a thread has written is the fiber's when it has awaited it. On the heap, where each access is looked at. */
static gboolean
await_threads_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_autofree guint *counters = g_new0 (guint, 10);

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr(TendTask) thread = tend_task_run_thread (NULL, count_body, counters, NULL);

      if (!wait_below (i % 7, error) || !tend_await (thread, error))
        return FALSE;
      for (guint j = 0; j < 10; j++)
        counters[j]++;
    }

  return counters[9] == 2 * N_ROUNDS;
}

static gpointer
loop_thread (gpointer data)
{
  GMainContext *context = data;

  g_main_context_push_thread_default (context);
  waits ();
  run (await_threads_body, NULL);
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
waits_with_threads (void)
{
  static GMainContext *contexts[2];
  GThread *threads[2];

  /*
   * ThreadSanitizer does not see what GLib does between threads. So the classes are made here, and nobody drops the
   * last reference to a context.
   */
  waits ();
  run (await_threads_body, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      contexts[i] = g_main_context_new ();
      threads[i] = g_thread_new ("loop", loop_thread, contexts[i]);
    }
  waits ();
  run (await_threads_body, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static gboolean
exit_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  char *held[8];

  hold (held, 8);
  if (tend_yield (error))
    exit (3);
  let_go (held, 8);

  return FALSE;
}

/* What main() holds then, and what fibers hold that wait, is not leaked. */
static gboolean
hold_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  char *held[8];
  gboolean is_good;

  hold (held, 8);
  is_good = wait_long (error);
  let_go (held, 8);

  return is_good;
}

static void
exits (void)
{
  g_autoptr(TendTask) waiting = tend_task_run_fiber (NULL, hold_body, NULL, NULL);
  char *held[8];

  hold (held, 8);
  run (exit_body, NULL);
  let_go (held, 8);
  tend_task_stop (waiting);
}

static void
holds_at_the_end (void)
{
  TendTask *waiting = tend_task_run_fiber (NULL, hold_body, NULL, NULL);

  settle ();
  g_object_unref (waiting);
}

static void
uses_while_held (void)
{
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, wait_body, NULL, NULL);

  tend_task_wait_sync (task, NULL);
  settle ();
  g_print ("%d\n", tend_task_get_status (task));
}

/* --- Wrong --- */

static void
uses_after_the_last_unref (void)
{
  TendTask *task = tend_task_run_fiber (NULL, wait_body, NULL, NULL);

  tend_task_wait_sync (task, NULL);
  settle ();
  g_object_unref (task);
  settle ();
  g_print ("%d\n", tend_task_get_status (task));
}

static void
uses_after_another_is_made (void)
{
  TendTask *task = tend_task_run_fiber (NULL, wait_body, NULL, NULL);
  g_autoptr(TendTask) other = NULL;

  tend_task_wait_sync (task, NULL);
  settle ();
  g_object_unref (task);
  other = tend_task_run_fiber (NULL, wait_body, NULL, NULL);
  g_print ("%d\n", tend_task_get_status (task));
  tend_task_wait_sync (other, NULL);
}

static void
drops_once_too_often (void)
{
  TendTask *task = tend_task_run_fiber ("too often", wait_body, NULL, NULL);

  tend_task_wait_sync (task, NULL);
  settle ();
  g_object_unref (task);
  g_object_unref (task);
}

static G_GNUC_NO_INLINE guint
dive (guint depth)
{
  volatile char local[200];

  local[0] = local[199] = 1;
  return depth < 1000000 ? dive (depth + 1) + local[0] : 0;
}

static gboolean
overflow_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  return tend_yield (error) && dive (0) > 0;
}

static void
overflows (void)
{
  run (overflow_body, NULL);
}

static gboolean
write_beyond_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  volatile guint n = 300;
  char local[300];

  fill (local, sizeof local);
  if (!tend_yield (error))
    return FALSE;
  fill (local, n + 1);

  return TRUE;
}

static void
writes_beyond (void)
{
  run (write_beyond_body, NULL);
}

static G_GNUC_NO_INLINE void
forget (void)
{
  fill (g_malloc (123), 123);
}

static gboolean
leak_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  for (guint i = 0; i < 5; i++)
    {
      forget ();
      if (!wait_below (5, error))
        return FALSE;
    }
  exit (0);
}

static void
leaks (void)
{
  run (leak_body, NULL);
}

/* Relaxed: they order nothing. */
static int is_there, is_seen;

static gboolean
race_thread (TendTask  *task,
             gpointer   counter,
             GError   **error)
{
  __atomic_store_n (&is_there, TRUE, __ATOMIC_RELAXED);
  do
    ++*(guint *) counter;
  while (!__atomic_load_n (&is_seen, __ATOMIC_RELAXED));

  return TRUE;
}

/* The fiber does not await the thread, but changes what that changes. */
static gboolean
race_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  g_autofree guint *counter = g_new0 (guint, 1);
  g_autoptr(TendTask) thread = tend_task_run_thread (NULL, race_thread, counter, NULL);

  while (!__atomic_load_n (&is_there, __ATOMIC_RELAXED))
    continue;
  ++*counter;
  __atomic_store_n (&is_seen, TRUE, __ATOMIC_RELAXED);

  return tend_await (thread, error);
}

static void
races (void)
{
  run (race_body, NULL);
}

#define DOES(name) { #name, name }

static const struct
{
  const char  *name;
  void      (* func) (void);
} deeds[] = {
  DOES (waits), DOES (waits_with_threads), DOES (exits), DOES (holds_at_the_end), DOES (uses_while_held),
  DOES (uses_after_the_last_unref), DOES (uses_after_another_is_made), DOES (drops_once_too_often),
  DOES (overflows), DOES (writes_beyond), DOES (leaks), DOES (races),
};

int
main (int    argc,
      char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    if (argc == 2 && strcmp (argv[1], deeds[i].name) == 0)
      {
        deeds[i].func ();
        return 0;
      }

  return 2;
}
