// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Threads that start, cancel, stop, wait on, complete and drop tasks of one another at random. In
// the end every task has ended, run its exit handler once, answered each wait once, and is gone.
//
// Each thread makes tasks in a context of its own and puts references to them into a table that all
// share. Whoever takes one out of there does something to the task that any thread may do, and drops the reference,
// which may be the last one, also while the timer of the task fires at home.

#include <tend.h>

#if defined (__SANITIZE_THREAD__)
#define IS_TSAN TRUE
#elif defined (__has_feature)
#if __has_feature (thread_sanitizer)
#define IS_TSAN TRUE
#endif
#endif
#ifndef IS_TSAN
#define IS_TSAN FALSE
#endif

#define N_THREADS 8
#define N_TASKS (IS_TSAN ? 40000 : 1000000)
#define N_SLOTS 1024
#define MAX_WAITS 3

/* No more than so many of a thread's tasks are alive at once, which bounds the fibers. */
#define MAX_ALIVE (IS_TSAN ? 100 : 2000)

typedef struct
{
  GMainContext *context;
  guint32       seed;
  guint         n_made;
  guint         n_gone;         /* of the thread that runs the context, like all here */
} Worker;

/* What is known of one task, and lives as long as it does. */
typedef struct
{
  Worker   *worker;
  GThread  *home;
  guint     n_waits;
  guint     n_answers;
  guint     n_exits;
  guint     n_destroyed;
  gboolean  is_returned;        /* atomic: somebody gives its result */
  gboolean  is_open;            /* anybody may give its result */
} Record;

static TendTask *slots[N_SLOTS];        /* atomic */
static int n_unobserved;                /* atomic */
static int n_ended[4];                  /* atomic; by the kind of end */

static guint
pick (Worker *worker,
      guint   n)
{
  worker->seed ^= worker->seed << 13;
  worker->seed ^= worker->seed >> 17;
  worker->seed ^= worker->seed << 5;

  return worker->seed % n;
}

static GQuark
record_quark (void)
{
  return g_quark_from_static_string ("tend-stress-record");
}

static Record *
get_record (TendTask *task)
{
  return g_object_get_qdata (G_OBJECT (task), record_quark ());
}

static void
record_free (gpointer data)
{
  Record *record = data;

  g_assert_true (g_thread_self () == record->home);
  g_assert_cmpuint (record->n_answers, ==, record->n_waits);
  g_assert_cmpuint (record->n_exits, ==, 1);
  g_assert_cmpuint (record->n_destroyed, ==, 1);
  record->worker->n_gone++;
  g_free (record);
}

static void
destroyed_cb (gpointer data)
{
  Record *record = data;

  g_assert_true (g_thread_self () == record->home);
  record->n_destroyed++;
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  Record *record = user_data;

  g_assert_true (g_thread_self () == record->home);
  g_assert_true (tend_task_is_ended (task));
  record->n_exits++;
  g_atomic_int_inc (&n_ended[tend_task_get_status (task) - TEND_TASK_STATUS_COMPLETED]);
}

static void
answer_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Record *record = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_thread_self () == record->home);
  record->n_answers++;
  if (!tend_task_wait_finish (TEND_TASK (source), result, &error))
    g_assert_nonnull (error);
}

/* --- Bodies --- */

static gboolean
open_body (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  return TRUE;
}

static void
give_result (TendTask *task)
{
  if (tend_task_get_id (task) % 4 == 0)
    tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "At random");
  else
    tend_task_return_string (task, "result");
}

/* From any thread: unless somebody else has, or the task's own body does. */
static void
return_once (TendTask *task)
{
  Record *record = get_record (task);

  if (g_atomic_int_compare_and_exchange (&record->is_returned, FALSE, TRUE))
    give_result (task);
}

static gboolean
returning_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  give_result (task);
  return TRUE;
}

static gboolean
waiting_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  for (guint i = 0; i < 3; i++)
    {
      if (!tend_sleep (tend_task_get_id (task) % 1000, error))
        return FALSE;
    }
  tend_task_return_int (task, 1);
  return TRUE;
}

static gboolean
awaiting_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_autoptr(TendTask) other = tend_task_run_fiber (NULL, waiting_body, NULL, NULL);

  return tend_await (other, error);
}

static gboolean
thread_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_set_progress (task, 0.5, "half");
  return !g_cancellable_set_error_if_cancelled (tend_task_get_cancellable (task), error);
}

/* A task without an end of its own ends by this at the latest. */
static gboolean
end_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  switch (tend_task_get_id (task) % 3)
    {
    case 0:
      tend_task_stop (task);
      return FALSE;
    case 1:
      return_once (task);
      tend_task_stop (task);
      return FALSE;
    default:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Too late");
      return FALSE;
    }
}

/* --- What each thread does --- */

static TendTask *
make_task (Worker *worker,
           Record *record)
{
  switch (pick (worker, 7))
    {
    case 0:
      return tend_task_new_open (NULL, returning_body, record, destroyed_cb);
    case 1:
      return tend_task_new_fiber (NULL, waiting_body, record, destroyed_cb);
    case 2:
      return tend_task_new_fiber (NULL, awaiting_body, record, destroyed_cb);
    case 3:
      return tend_task_new_thread (NULL, thread_body, record, destroyed_cb);
    case 4:
      record->is_open = TRUE;
      return tend_task_new_open (NULL, NULL, record, destroyed_cb);
    default:
      record->is_open = TRUE;
      return tend_task_new_open (NULL, open_body, record, destroyed_cb);
    }
}

static void
publish (Worker   *worker,
         TendTask *task)
{
  TendTask *old = g_atomic_pointer_exchange (&slots[pick (worker, N_SLOTS)], task);

  g_clear_object (&old);
}

static void
make_one (Worker *worker)
{
  Record *record = g_new0 (Record, 1);
  g_autoptr(GCancellable) cancellable = pick (worker, 4) == 0 ? g_cancellable_new () : NULL;
  TendTask *task = make_task (worker, record);
  gboolean is_started = pick (worker, 20) != 0;

  worker->n_made++;
  record->worker = worker;
  record->home = g_thread_self ();
  g_object_set_qdata_full (G_OBJECT (task), record_quark (), record, record_free);
  tend_task_add_exit_handler (task, exit_cb, record, NULL);
  tend_task_add_cancellable (task, cancellable);

  record->n_waits = pick (worker, MAX_WAITS + 1);
  for (guint i = 0; i < record->n_waits; i++)
    tend_task_wait_async (task, cancellable, answer_cb, record);

  if (!record->is_open && pick (worker, 4) == 0)
    tend_task_set_delay (task, pick (worker, 2000));
  if (record->is_open || !is_started)
    tend_task_add_timer (task, pick (worker, 20000), -1, end_cb, NULL, NULL);
  if (is_started && !tend_task_is_started (task))
    g_assert_true (tend_task_start (task, NULL));

  if (cancellable != NULL && pick (worker, 2) == 0)
    g_cancellable_cancel (cancellable);

  /* Only what was started may be given a result. */
  record->is_returned = !record->is_open || !tend_task_is_started (task);
  publish (worker, task);
}

static gboolean
post_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_assert_true (g_thread_self () == get_record (task)->home);
  return TRUE;
}

static void
meddle (Worker *worker,
        guint   slot)
{
  g_autoptr(TendTask) task = g_atomic_pointer_exchange (&slots[slot], NULL);

  if (task == NULL)
    return;

  for (guint n = pick (worker, 3); n > 0; n--)
    switch (pick (worker, 7))
      {
      case 0:
        tend_task_cancel (task);
        break;
      case 1:
        tend_task_stop (task);
        break;
      case 2:
        return_once (task);
        break;
      case 3:
        g_cancellable_cancel (tend_task_get_cancellable (task));
        break;
      case 4:
        tend_task_set_progress (task, 0.25, NULL);
        break;
      case 5:
        tend_task_post (task, post_cb, NULL, NULL);
        break;
      default:
        publish (worker, g_object_ref (task));
        break;
      }
}

static gpointer
work_thread (gpointer data)
{
  Worker *worker = data;

  worker->context = g_main_context_new ();
  g_main_context_push_thread_default (worker->context);

  while (worker->n_made < N_TASKS / N_THREADS)
    {
      if (worker->n_made - worker->n_gone < MAX_ALIVE)
        make_one (worker);
      meddle (worker, pick (worker, N_SLOTS));
      if (pick (worker, 8) == 0 || worker->n_made - worker->n_gone >= MAX_ALIVE)
        g_main_context_iteration (worker->context, FALSE);
    }

  while (worker->n_gone < worker->n_made)
    {
      for (guint i = 0; i < N_SLOTS; i++)
        meddle (worker, i);
      g_main_context_iteration (worker->context, FALSE);
    }

  g_main_context_pop_thread_default (worker->context);
  while (g_main_context_iteration (worker->context, FALSE))
    ;
  g_main_context_unref (worker->context);

  return NULL;
}

static void
unobserved_cb (const char   *task,
               const GError *error,
               const char   *origin,
               gpointer      user_data)
{
  g_atomic_int_inc (&n_unobserved);
}

static void
test_threads_meddle_with_tasks (void)
{
  guint32 seed = g_test_rand_int () | 1;
  Worker workers[N_THREADS] = { 0 };
  GThread *threads[N_THREADS];
  guint n = 0;

  tend_set_unobserved_func (unobserved_cb, NULL, NULL);
  for (guint i = 0; i < N_THREADS; i++)
    {
      workers[i].seed = seed + 2 * i;
      threads[i] = g_thread_new ("worker", work_thread, &workers[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (workers[i].n_gone, ==, N_TASKS / N_THREADS);
    }
  for (guint i = 0; i < N_SLOTS; i++)
    g_assert_null (slots[i]);
  for (guint i = 0; i < G_N_ELEMENTS (n_ended); i++)
    n += n_ended[i];

  g_test_message ("%d completed, %d failed (%d unobserved), %d cancelled, %d stopped",
                  n_ended[0], n_ended[1], n_unobserved, n_ended[2], n_ended[3]);
  g_assert_cmpuint (n, ==, N_TASKS / N_THREADS * N_THREADS);
  for (guint i = 0; i < G_N_ELEMENTS (n_ended); i++)
    g_assert_cmpint (n_ended[i], >, N_TASKS / 100);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/stress/threads-meddle-with-tasks", test_threads_meddle_with_tasks);

  return g_test_run ();
}
