// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Threads that the system does not give: the body runs when one can be had, and its task fails when none can.
//
// The program has a pthread_create() of its own, which stands before the C library's also for GLib.

#define _GNU_SOURCE

#include "../task/common.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

static int n_to_fail;   /* atomic; so many calls fail from now on; negative: all */
static int n_failed;    /* atomic */

typedef int (* CreateFunc) (pthread_t            *thread,
                            const pthread_attr_t *attributes,
                            void               *(*func) (void *),
                            void                 *data);

/* That of a sanitizer which is part of the program, and has to know of each thread. */
extern int __interceptor_pthread_create (pthread_t            *thread,
                                         const pthread_attr_t *attributes,
                                         void               *(*func) (void *),
                                         void                 *data) __attribute__ ((weak));

int
pthread_create (pthread_t            *thread,
                const pthread_attr_t *attributes,
                void               *(*func) (void *),
                void                 *data)
{
  static CreateFunc next;
  int n = g_atomic_int_get (&n_to_fail);

  if (next == NULL)
    next = __interceptor_pthread_create != NULL ? __interceptor_pthread_create
                                                : (CreateFunc) dlsym (RTLD_NEXT, "pthread_create");
  if (n == 0)
    return next (thread, attributes, func, data);

  if (n > 0)
    g_atomic_int_add (&n_to_fail, -1);
  g_atomic_int_inc (&n_failed);
  return EAGAIN;
}

static gboolean
run_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  g_atomic_int_inc ((int *) user_data);
  return TRUE;
}

static void
fail_next (int n)
{
  g_atomic_int_set (&n_failed, 0);
  g_atomic_int_set (&n_to_fail, n);
}

/* Before there is any thread in the pool. */
static void
test_none_can_be_had (void)
{
  TendTask *tasks[3];
  int n_runs = 0;

  fail_next (-1);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tasks[i] = tend_task_run_thread ("refused", run_body, &n_runs, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_false (tend_task_wait_sync (tasks[i], NULL));
      g_assert_error (tend_task_get_error (tasks[i]), TEND_ERROR, TEND_ERROR_NO_THREAD);
      assert_gone (tasks[i]);
    }
  g_assert_cmpint (n_runs, ==, 0);
  g_assert_cmpint (n_failed, >, 5);
  fail_next (0);
}

static void
test_cancelled_meanwhile (void)
{
  g_autoptr(TendTask) task = NULL;
  int n_runs = 0;

  fail_next (-1);
  task = tend_task_run_thread ("cancelled", run_body, &n_runs, NULL);
  tend_task_cancel (task);
  g_assert_false (tend_task_wait_sync (task, NULL));
  g_assert_cmpint (n_runs, ==, 0);
  fail_next (0);
  assert_gone (task);
}

/* In virtual time the task ends as well. The wait for a thread is no virtual one: what runs would make it last for ever. */
static void
test_in_virtual_time (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = NULL;
  int n_runs = 0;

  fail_next (-1);
  task = tend_task_run_thread ("refused", run_body, &n_runs, NULL);
  tend_clock_run_until_idle (clock, NULL);
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_NO_THREAD);
  fail_next (0);
  assert_gone (task);
}

static void
test_one_can_be_had_later (void)
{
  g_autoptr(TendTask) task = NULL;
  int n_runs = 0;

  fail_next (2);
  task = tend_task_run_thread ("later", run_body, &n_runs, NULL);
  g_assert_true (tend_task_wait_sync (task, NULL));
  g_assert_cmpint (n_runs, ==, 1);
  g_assert_cmpint (n_failed, ==, 2);
  assert_gone (task);
}

/* Bodies that wait until all of them are there, which the pool does not see. */
typedef struct
{
  GMutex lock;
  GCond  cond;
  guint  n_here;
  guint  n_wanted;
} Meeting;

static gboolean
meet_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Meeting *meeting = user_data;

  g_mutex_lock (&meeting->lock);
  meeting->n_here++;
  g_cond_broadcast (&meeting->cond);
  while (meeting->n_here < meeting->n_wanted)
    g_cond_wait (&meeting->cond, &meeting->lock);
  g_mutex_unlock (&meeting->lock);

  return TRUE;
}

static guint
count_here (Meeting *meeting)
{
  guint n_here;

  g_mutex_lock (&meeting->lock);
  n_here = meeting->n_here;
  g_mutex_unlock (&meeting->lock);

  return n_here;
}

/* The threads that the pool has are taken, and for one more body there is none at first, which they all wait for. */
static void
meet (void)
{
  Meeting meeting = { .n_wanted = G_MAXUINT };
  g_autoptr(GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);

  fail_next (0);
  do
    {
      g_ptr_array_add (tasks, tend_task_run_thread ("meets", meet_body, &meeting, NULL));
      while (g_atomic_int_get (&n_failed) == 0 && count_here (&meeting) < tasks->len)
        g_thread_yield ();
      if (tasks->len == 1)
        fail_next (1);
    }
  while (g_atomic_int_get (&n_failed) == 0);

  g_mutex_lock (&meeting.lock);
  meeting.n_wanted = tasks->len;
  g_mutex_unlock (&meeting.lock);
  for (guint i = 0; i < tasks->len; i++)
    g_assert_true (tend_task_wait_sync (g_ptr_array_index (tasks, i), NULL));
}

/* The others are not through before it runs, and would keep it from running. */
static void
test_others_wait_for_it (void)
{
  meet ();
}

static void
test_others_wait_for_it_in_virtual_time (void)
{
  G_GNUC_UNUSED g_autoptr(TendClock) clock = tend_clock_freeze (NULL);

  meet ();
}

static gboolean
await_other_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  return tend_await (user_data, error);
}

/* The only worker waits for what no other can be had for: it hears of that. */
static void
test_none_beside_one_that_waits (void)
{
  g_autoptr(TendTask) waiting = NULL;
  g_autoptr(TendTask) other = NULL;
  int n_runs = 0;

  tend_set_max_threads (1);
  other = tend_task_new_thread ("other", run_body, &n_runs, NULL);
  waiting = tend_task_run_thread ("waiting", await_other_body, other, NULL);
  fail_next (-1);
  g_assert_true (tend_task_start (other, NULL));
  tend_task_wait_sync (waiting, NULL);
  g_assert_true (tend_task_is_ended (other));

  /* A worker of before may just have been there for it. */
  if (n_runs == 0)
    {
      g_assert_error (tend_task_get_error (other), TEND_ERROR, TEND_ERROR_NO_THREAD);
      g_assert_error (tend_task_get_error (waiting), TEND_ERROR, TEND_ERROR_NO_THREAD);
    }
  fail_next (0);
  assert_gone (waiting);
  assert_gone (other);
  tend_set_max_threads (0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/thread-refused/none-can-be-had", test_none_can_be_had);
  g_test_add_func ("/tend/thread-refused/cancelled-meanwhile", test_cancelled_meanwhile);
  g_test_add_func ("/tend/thread-refused/in-virtual-time", test_in_virtual_time);
  g_test_add_func ("/tend/thread-refused/one-can-be-had-later", test_one_can_be_had_later);
  g_test_add_func ("/tend/thread-refused/others-wait-for-it", test_others_wait_for_it);
  g_test_add_func ("/tend/thread-refused/others-wait-for-it-in-virtual-time", test_others_wait_for_it_in_virtual_time);
  g_test_add_func ("/tend/thread-refused/none-beside-one-that-waits", test_none_beside_one_that_waits);

  return g_test_run ();
}
