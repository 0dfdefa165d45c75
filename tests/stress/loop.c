// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Threads that hammer at one loop, and loops that hammer at each other. What is counted must come
// out to the last one; what is lost on the way, a wake-up say, makes the test hang.

#include <tend.h>

#define N_THREADS 8u
#define N_POSTS 100000u     /* each thread's */
#define N_TASKS 100000u     /* in all; two threads have each of them at the same time */
#define N_IN_FLIGHT 500u

/* --- One loop --- */

typedef struct
{
  GThread     *home;
  TendTask    *host;
  GAsyncQueue *queues[N_THREADS];   /* of references to tasks; the host itself says that it is over */
  guint        n_posted;            /* the loop's, as all below */
  guint        n_posts_freed;
  guint        n_made;
  guint        n_ended;
  guint        n_freed;
  guint        n_by_status[TEND_TASK_STATUS_STOPPED + 1];
} Target;

typedef struct
{
  Target  *target;
  guint    index;
  guint32  seed;
} Hammer;

static guint32
roll (Hammer *hammer)
{
  hammer->seed = hammer->seed * 1664525 + 1013904223;
  return hammer->seed >> 16;
}

static gboolean
posted_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Target *target = user_data;

  g_assert_true (g_thread_self () == target->home);
  target->n_posted++;
  return TRUE;
}

static void
post_freed_cb (gpointer user_data)
{
  Target *target = user_data;

  g_assert_true (g_thread_self () == target->home);
  target->n_posts_freed++;
}

static void
end_somehow (Hammer   *hammer,
             TendTask *task,
             gboolean  may_return)
{
  switch (roll (hammer) % 6)
    {
    case 0:
    case 1:
      if (may_return)
        {
          tend_task_return_int (task, hammer->index);
          break;
        }
      G_GNUC_FALLTHROUGH;
    case 2:
      tend_task_cancel (task);
      break;
    case 3:
      tend_task_stop (task);
      break;
    case 4:
      g_cancellable_cancel (tend_task_get_cancellable (task));
      break;
    default:
      tend_task_set_progress (task, 0.5, "hammered");
      tend_task_cancel (task);
      tend_task_stop (task);
      break;
    }
}

static gpointer
hammer_thread (gpointer data)
{
  Hammer *hammer = data;
  Target *target = hammer->target;
  GAsyncQueue *queue = target->queues[hammer->index];
  gboolean is_over = FALSE;

  for (guint i = 0; i < N_POSTS || !is_over; i++)
    {
      TendTask *task = i < N_POSTS ? g_async_queue_try_pop (queue) : g_async_queue_pop (queue);

      if (i < N_POSTS)
        tend_task_post (target->host, posted_cb, target, post_freed_cb);
      if (task == target->host)
        is_over = TRUE;
      else if (task != NULL)
        {
          /* The first of the two that have a task is the one with the task's index. */
          gboolean may_return = tend_task_get_id (task) % N_THREADS == hammer->index;

          end_somehow (hammer, task, may_return);
          g_object_unref (task);
        }
    }

  return NULL;
}

static void
ended_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Target *target = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_thread_self () == target->home);
  g_assert_true (tend_task_is_ended (TEND_TASK (source)));
  tend_task_wait_finish (TEND_TASK (source), result, &error);
  target->n_by_status[tend_task_get_status (TEND_TASK (source))]++;
  target->n_ended++;
}

static void
task_freed_cb (gpointer user_data)
{
  Target *target = user_data;

  g_assert_true (g_thread_self () == target->home);
  target->n_freed++;
}

static gboolean
no_cb (TendTask  *task,
       gpointer   user_data,
       GError   **error)
{
  return TRUE;
}

/* A task that two threads will end, with a timer and a waiter that must end with it. */
static void
make_task (Target *target)
{
  TendTask *task = tend_task_new_open (NULL, NULL, target, task_freed_cb);
  guint first = tend_task_get_id (task) % N_THREADS;

  tend_task_wait_async (task, NULL, ended_cb, target);
  tend_task_add_timer (task, 3600 * G_TIME_SPAN_SECOND, -1, no_cb, NULL, NULL);
  target->n_made++;
  g_async_queue_push (target->queues[first], g_object_ref (task));
  g_async_queue_push (target->queues[(first + 1 + target->n_made % (N_THREADS - 1)) % N_THREADS], task);
}

static gboolean
yield_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_yield (error);
}

static void
test_one_loop_under_many_threads (void)
{
  Target target = { .home = g_thread_self (), .host = tend_task_new_open ("host", NULL, NULL, NULL) };
  Hammer hammers[N_THREADS];
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    {
      target.queues[i] = g_async_queue_new ();
      hammers[i] = (Hammer) { &target, i, i };
    }
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("hammer", hammer_thread, &hammers[i]);

  for (guint turn = 0; target.n_ended < N_TASKS; turn++)
    {
      while (target.n_made < N_TASKS && target.n_made - target.n_ended < N_IN_FLIGHT)
        make_task (&target);

      g_main_context_iteration (NULL, TRUE);

      /* The loop is the thread's between two turns as well, and in turns that are nested. */
      if (turn % 64 == 0)
        {
          g_autoptr(TendTask) task = tend_task_run_fiber (NULL, yield_body, NULL, NULL);

          g_assert_true (tend_task_wait_sync (task, NULL));
        }
    }

  for (guint i = 0; i < N_THREADS; i++)
    g_async_queue_push (target.queues[i], target.host);
  while (target.n_posts_freed < N_THREADS * N_POSTS || target.n_freed < N_TASKS)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      g_async_queue_unref (target.queues[i]);
    }

  g_assert_cmpuint (target.n_posted, ==, N_THREADS * N_POSTS);
  g_assert_cmpuint (target.n_ended, ==, N_TASKS);
  g_test_message ("%u completed, %u cancelled, %u stopped",
                  target.n_by_status[TEND_TASK_STATUS_COMPLETED],
                  target.n_by_status[TEND_TASK_STATUS_CANCELLED],
                  target.n_by_status[TEND_TASK_STATUS_STOPPED]);
  g_assert_cmpuint (target.n_by_status[TEND_TASK_STATUS_FAILED], ==, 0);

  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (target.host);
}

/* --- Many loops --- */

#define N_LOOPS 4u
#define N_HOPS 20000u       /* each token's */
#define N_TOKENS 3u         /* each loop's at the beginning; few, so that loops fall asleep */

typedef struct _Node Node;
struct _Node
{
  Node     *next;
  TendTask *host;
  GThread  *thread;
};

typedef struct
{
  Node  *at;
  guint  n_hops;
} Token;

typedef struct
{
  GMutex lock;
  GCond  cond;
  guint  n_ready;       /* under lock */
  guint  n_arrived;     /* under lock */
  Node   nodes[N_LOOPS];
} Ring;

static Ring ring;

static gboolean
hop_cb (TendTask  *task,
        gpointer   user_data,
        GError   **error)
{
  Token *token = user_data;

  g_assert_true (g_thread_self () == token->at->thread);
  g_assert_true (task == token->at->host);

  if (++token->n_hops < N_HOPS)
    {
      token->at = token->at->next;
      tend_task_post (token->at->host, hop_cb, token, NULL);
      return TRUE;
    }

  g_free (token);
  g_mutex_lock (&ring.lock);
  if (++ring.n_arrived == N_LOOPS * N_TOKENS)
    for (guint i = 0; i < N_LOOPS; i++)
      tend_task_cancel (ring.nodes[i].host);
  g_mutex_unlock (&ring.lock);

  return TRUE;
}

static gpointer
node_thread (gpointer data)
{
  Node *node = data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GError) error = NULL;

  g_main_context_push_thread_default (context);
  node->thread = g_thread_self ();
  node->host = tend_task_new_open ("node", NULL, NULL, NULL);

  g_mutex_lock (&ring.lock);
  ring.n_ready++;
  g_cond_broadcast (&ring.cond);
  while (ring.n_ready < N_LOOPS)
    g_cond_wait (&ring.cond, &ring.lock);
  g_mutex_unlock (&ring.lock);

  for (guint i = 0; i < N_TOKENS; i++)
    {
      Token *token = g_new0 (Token, 1);

      token->at = node->next;
      tend_task_post (node->next->host, hop_cb, token, NULL);
    }

  tend_task_wait_sync (node->host, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_finalize_object (node->host);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_loops_under_each_other (void)
{
  GThread *threads[N_LOOPS];

  for (guint i = 0; i < N_LOOPS; i++)
    ring.nodes[i].next = &ring.nodes[(i + 1) % N_LOOPS];
  for (guint i = 0; i < N_LOOPS; i++)
    threads[i] = g_thread_new ("node", node_thread, &ring.nodes[i]);
  for (guint i = 0; i < N_LOOPS; i++)
    g_thread_join (threads[i]);

  g_assert_cmpuint (ring.n_arrived, ==, N_LOOPS * N_TOKENS);
}

/* --- Contexts that come and go --- */

static gpointer
coming_and_going_thread (gpointer data)
{
  TendTask *host = data;

  for (guint i = 0; i < 2000; i++)
    {
      GMainContext *context = g_main_context_new ();
      TendTask *task;

      g_main_context_push_thread_default (context);
      task = tend_task_run_fiber (NULL, yield_body, NULL, NULL);
      tend_task_post (host, no_cb, NULL, NULL);
      if (i % 2 == 0)
        g_assert_true (tend_task_wait_sync (task, NULL));
      else
        tend_task_stop (task);
      if (i % 3 == 0)
        g_main_context_iteration (context, FALSE);
      while (g_main_context_iteration (context, FALSE))
        ;
      g_assert_finalize_object (task);
      g_main_context_pop_thread_default (context);
      g_main_context_unref (context);
    }

  tend_task_cancel (host);
  g_object_unref (host);
  return NULL;
}

static void
test_contexts_come_and_go (void)
{
  GThread *threads[N_THREADS];
  TendTask *hosts[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    {
      hosts[i] = tend_task_new_open ("host", NULL, NULL, NULL);
      threads[i] = g_thread_new ("coming", coming_and_going_thread, g_object_ref (hosts[i]));
    }
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_autoptr(GError) error = NULL;

      tend_task_wait_sync (hosts[i], &error);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (threads[i]);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < N_THREADS; i++)
    g_assert_finalize_object (hosts[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/loop/one-loop-under-many-threads", test_one_loop_under_many_threads);
  g_test_add_func ("/tend/loop/loops-under-each-other", test_loops_under_each_other);
  g_test_add_func ("/tend/loop/contexts-come-and-go", test_contexts_come_and_go);

  return g_test_run ();
}
