// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What comes from other threads: its order, the wake-ups, and whose thread a loop is.

#include <dlfcn.h>

#include "trace.h"

/* Stands before GLib's function of the same name, and counts the calls from outside GLib. */
static int n_wakeups;   /* atomic */

void
g_main_context_wakeup (GMainContext *context)
{
  static __typeof__ (&g_main_context_wakeup) next;

  if (g_atomic_pointer_get (&next) == NULL)
    g_atomic_pointer_set (&next, (__typeof__ (&g_main_context_wakeup)) dlsym (RTLD_NEXT, "g_main_context_wakeup"));

  g_atomic_int_inc (&n_wakeups);
  next (context);
}

static int
take_wakeups (void)
{
  return (int) g_atomic_int_and ((guint *) &n_wakeups, 0);
}

/* --- Order and wake-ups --- */

#define N_POSTS 5000u

typedef struct
{
  TendTask *host;
  guint     next;       /* the number that is due; the loop's */
  guint     n_freed;    /* the loop's */
  GThread  *home;       /* the loop's thread */
} Sender;

typedef struct
{
  Sender *sender;
  guint   number;
} Post;

static gboolean
posted_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  Post *sent = user_data;

  g_assert_true (g_thread_self () == sent->sender->home);
  g_assert_cmpuint (sent->number, ==, sent->sender->next);
  sent->sender->next++;
  return TRUE;
}

static void
post_free (gpointer user_data)
{
  Post *sent = user_data;

  g_assert_true (g_thread_self () == sent->sender->home);
  sent->sender->n_freed++;
  g_free (sent);
}

static gpointer
sender_thread (gpointer data)
{
  Sender *sender = data;

  for (guint i = 0; i < N_POSTS; i++)
    {
      Post *sent = g_new (Post, 1);

      sent->sender = sender;
      sent->number = i;
      tend_task_post (sender->host, posted_cb, sent, post_free);
    }

  return NULL;
}

static void
start_senders (Sender   *senders,
               GThread **threads,
               guint     n,
               TendTask *host)
{
  for (guint i = 0; i < n; i++)
    {
      senders[i] = (Sender) { .host = host, .home = g_thread_self () };
      threads[i] = g_thread_new ("sender", sender_thread, &senders[i]);
    }
}

static void
check_senders (Sender *senders,
               guint   n)
{
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (senders[i].next, ==, N_POSTS);
      g_assert_cmpuint (senders[i].n_freed, ==, N_POSTS);
    }
}

static void
test_keeps_order_of_each_sender (void)
{
  TendTask *host = new_host ();
  Sender senders[4];
  GThread *threads[4];
  guint n_done = 0;

  start_senders (senders, threads, 4, host);
  while (n_done < 4 * N_POSTS)
    {
      g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
      n_done = senders[0].n_freed + senders[1].n_freed + senders[2].n_freed + senders[3].n_freed;
    }
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  check_senders (senders, 4);

  drop_host (host);
}

/* Nobody takes anything out meanwhile, so that all of it is one batch. */
static void
test_wakes_once_for_a_batch (void)
{
  TendTask *host = new_host ();
  Sender senders[4];
  GThread *threads[4];

  for (guint round = 0; round < 3; round++)
    {
      take_wakeups ();
      start_senders (senders, threads, 4, host);
      for (guint i = 0; i < 4; i++)
        g_thread_join (threads[i]);
      g_assert_cmpint (take_wakeups (), ==, 1);

      run_dry (g_main_context_get_thread_default ());
      check_senders (senders, 4);
    }

  drop_host (host);
}

static void
test_own_thread_needs_no_wakeup (void)
{
  TendTask *host = new_host ();

  take_wakeups ();
  post (host, "a");
  add_timer (host, 0, "b");
  tend_task_set_progress (host, 0.5, NULL);
  run_dry (g_main_context_get_thread_default ());
  g_assert_cmpint (take_wakeups (), ==, 0);
  assert_trace ("ab");

  drop_host (host);
}

static gpointer
post_thread (gpointer data)
{
  post (data, "a");
  return NULL;
}

/* What was sent before a turn is part of it, and so comes before the timers that are due in it. */
static void
test_is_taken_in_the_next_turn (void)
{
  TendTask *host = new_host ();
  gint64 armed;

  add_timer (host, 1, "b");
  armed = g_get_monotonic_time ();
  while (g_get_monotonic_time () <= armed)
    ;
  g_thread_join (g_thread_new ("post", post_thread, host));
  run_dry (g_main_context_get_thread_default ());
  assert_trace ("ab");

  drop_host (host);
}

static gpointer
cancel_thread (gpointer data)
{
  /* A hundred requests are one job, and carry one reference. */
  for (guint i = 0; i < 100; i++)
    {
      tend_task_cancel (data);
      tend_task_set_progress (data, i / 100.0, NULL);
    }

  return NULL;
}

static void
test_requests_are_one_batch (void)
{
  TendTask *host = new_host ();

  take_wakeups ();
  g_thread_join (g_thread_new ("cancel", cancel_thread, host));
  g_assert_cmpint (take_wakeups (), ==, 1);
  g_assert_false (tend_task_is_ended (host));
  run_dry (g_main_context_get_thread_default ());
  g_assert_cmpint (tend_task_get_status (host), ==, TEND_TASK_STATUS_CANCELLED);

  drop_host (host);
}

/* The thread that made the task has left the context to another, which may be about to sleep there. */
static void
test_wakes_a_context_that_was_left (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *host = new_host ();
  g_autoptr(GCancellable) cancellable = g_object_ref (tend_task_get_cancellable (host));

  g_main_context_pop_thread_default (context);
  take_wakeups ();
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (take_wakeups (), ==, 1);
  g_assert_false (tend_task_is_ended (host));

  g_main_context_push_thread_default (context);
  run_dry (context);
  g_assert_cmpint (tend_task_get_status (host), ==, TEND_TASK_STATUS_CANCELLED);

  drop_host (host);
}

/* --- Sleeping --- */

typedef struct
{
  GMutex    lock;
  GCond     cond;
  gboolean  is_asleep;    /* under lock */
  TendTask *host;
} Sleeper;

static Sleeper sleeper;
static guint n_sleeps;    /* the loop's */
static guint n_looks;     /* the loop's */

static int
watched_poll (GPollFD *fds,
              guint    n_fds,
              int      timeout_ms)
{
  if (timeout_ms == 0)
    n_looks++;
  else
    {
      g_assert_cmpint (timeout_ms, ==, -1);
      n_sleeps++;
      g_mutex_lock (&sleeper.lock);
      sleeper.is_asleep = TRUE;
      g_cond_signal (&sleeper.cond);
      g_mutex_unlock (&sleeper.lock);
    }

  return g_poll (fds, n_fds, timeout_ms);
}

static gpointer
wake_thread (gpointer data)
{
  g_mutex_lock (&sleeper.lock);
  while (!sleeper.is_asleep)
    g_cond_wait (&sleeper.cond, &sleeper.lock);
  g_mutex_unlock (&sleeper.lock);

  g_usleep (1000);
  post (sleeper.host, "a");
  return NULL;
}

/* It sleeps without a limit, once, and is woken: it does not look around from time to time. */
static void
test_wakes_a_sleeping_context (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *host = new_host ();
  GThread *thread;

  run_dry (context);
  g_main_context_set_poll_func (context, watched_poll);
  sleeper.is_asleep = FALSE;
  sleeper.host = host;
  n_sleeps = n_looks = 0;
  thread = g_thread_new ("wake", wake_thread, NULL);
  while (trace->len == 0)
    g_main_context_iteration (context, TRUE);
  assert_trace ("a");
  g_assert_cmpuint (n_sleeps, ==, 1);
  g_assert_cmpuint (n_looks, <=, 1);
  g_thread_join (thread);

  drop_host (host);
}

/* A timer far off is slept for in one piece; the wait is rounded up, and cut to what poll can take. */
static int last_timeout_ms;
static gint64 last_poll;    /* when it began */

static int
noting_poll (GPollFD *fds,
             guint    n_fds,
             int      timeout_ms)
{
  last_timeout_ms = timeout_ms;
  last_poll = g_get_monotonic_time ();
  return g_poll (fds, n_fds, 0);
}

static void
test_sleeps_until_the_first_deadline (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *host = new_host ();

  g_main_context_set_poll_func (context, noting_poll);

  add_timer (host, ((gint64) 1 << 33) * G_TIME_SPAN_SECOND, "no");
  g_main_context_iteration (context, TRUE);
  g_assert_cmpint (last_timeout_ms, ==, G_MAXINT);

  add_timer (host, 3600 * G_TIME_SPAN_SECOND, "no");
  g_main_context_iteration (context, TRUE);
  g_assert_cmpint (last_timeout_ms, <=, 3600 * 1000);
  g_assert_cmpint (last_timeout_ms, >, 3590 * 1000);

  for (gint64 usec = 600 * G_TIME_SPAN_SECOND; usec > 599 * G_TIME_SPAN_SECOND; usec -= 9999)
    {
      gint64 armed = g_get_monotonic_time ();

      add_timer (host, usec, "no");
      g_main_context_iteration (context, TRUE);
      g_assert_cmpint (last_timeout_ms * (gint64) 1000, >=, armed + usec - last_poll);
    }

  drop_host (host);
}

/* --- Whose loop it is --- */

static gpointer
stop_thread (gpointer data)
{
  TendTask *task = data;

  tend_task_stop (task);
  return NULL;
}

static void
home_cb (TendTask *task,
         gpointer  user_data)
{
  g_assert_true (g_thread_self () == user_data);
  g_string_append_c (trace, 'x');
}

/* Nobody runs the context at this moment, and still the task is not another thread's. */
static void
test_belongs_to_its_thread_between_turns (void)
{
  for (guint n_turns = 0; n_turns < 3; n_turns++)
    {
      GMainContext *context = g_main_context_get_thread_default ();
      TendTask *host;

      g_main_context_pop_thread_default (context);
      g_main_context_push_thread_default (context);
      host = new_host ();
      tend_task_add_exit_handler (host, home_cb, g_thread_self (), NULL);
      g_main_context_pop_thread_default (context);
      for (guint i = 0; i < n_turns; i++)
        g_main_context_iteration (context, FALSE);
      g_thread_join (g_thread_new ("stop", stop_thread, host));
      g_assert_false (tend_task_is_ended (host));
      g_main_context_push_thread_default (context);

      run_dry (context);
      g_assert_true (tend_task_is_ended (host));
      assert_trace ("x");
      drop_host (host);
    }
}

static gpointer
make_thread (gpointer data)
{
  g_autoptr(GError) error = NULL;
  TendTask *host = new_host ();

  g_assert_false (tend_task_start (host, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  return host;
}

/* A worker makes tasks for the default context, but they are the main thread's from the beginning. */
static void
test_worker_does_not_own_the_default_context (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *host, *other;

  g_main_context_pop_thread_default (context);
  host = g_thread_join (g_thread_new ("make", make_thread, NULL));
  other = new_host ();
  tend_task_stop (other);
  g_assert_true (tend_task_is_ended (other));
  tend_task_stop (host);
  g_assert_true (tend_task_is_ended (host));
  run_dry (NULL);
  drop_host (host);
  drop_host (other);
  run_dry (NULL);
  g_main_context_push_thread_default (context);
}

typedef struct
{
  GMainContext *context;
  TendTask     *task;
} Handover;

static gboolean
handed_over_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  tend_task_return_pointer (task, g_thread_self (), NULL);
  return tend_yield (error);
}

/* Takes the context as its own before it has ever iterated it. */
static gpointer
take_over_thread (gpointer data)
{
  Handover *handover = data;
  g_autoptr(GError) error = NULL;

  g_main_context_push_thread_default (handover->context);
  g_assert_true (tend_task_start (handover->task, &error));
  g_assert_no_error (error);
  g_assert_true (tend_task_wait_sync (handover->task, &error));
  g_assert_no_error (error);
  g_assert_true (tend_task_get_pointer (handover->task) == g_thread_self ());
  g_assert_finalize_object (handover->task);
  run_dry (handover->context);
  g_main_context_pop_thread_default (handover->context);

  return NULL;
}

static void
test_task_may_run_in_a_later_thread (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *task = tend_task_new_fiber ("later", handed_over_body, NULL, NULL);
  Handover handover = { context, task };

  g_main_context_pop_thread_default (context);
  g_thread_join (g_thread_new ("later", take_over_thread, &handover));
  g_main_context_push_thread_default (context);
}

/* The same, where the thread only iterates the context. */
static gpointer
iterate_thread (gpointer data)
{
  Handover *handover = data;

  g_main_context_acquire (handover->context);
  while (!tend_task_is_ended (handover->task))
    g_main_context_iteration (handover->context, TRUE);
  g_assert_finalize_object (handover->task);
  run_dry (handover->context);
  g_main_context_release (handover->context);

  return NULL;
}

static void
test_task_may_be_started_for_a_later_thread (void)
{
  GMainContext *context = g_main_context_get_thread_default ();
  TendTask *task = tend_task_run_fiber ("later", handed_over_body, NULL, NULL);
  Handover handover = { context, task };

  g_main_context_pop_thread_default (context);
  g_thread_join (g_thread_new ("later", iterate_thread, &handover));
  g_main_context_push_thread_default (context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/tend/loop/keeps-order-of-each-sender", test_keeps_order_of_each_sender);
  ADD ("/tend/loop/wakes-once-for-a-batch", test_wakes_once_for_a_batch);
  ADD ("/tend/loop/inbox-is-taken-in-the-next-turn", test_is_taken_in_the_next_turn);
  ADD ("/tend/loop/own-thread-needs-no-wakeup", test_own_thread_needs_no_wakeup);
  ADD ("/tend/loop/requests-are-one-batch", test_requests_are_one_batch);
  ADD ("/tend/loop/wakes-a-context-that-was-left", test_wakes_a_context_that_was_left);
  ADD ("/tend/loop/wakes-a-sleeping-context", test_wakes_a_sleeping_context);
  ADD ("/tend/loop/sleeps-until-the-first-deadline", test_sleeps_until_the_first_deadline);
  ADD ("/tend/loop/belongs-to-its-thread-between-turns", test_belongs_to_its_thread_between_turns);
  ADD ("/tend/loop/worker-does-not-own-the-default-context", test_worker_does_not_own_the_default_context);
  ADD ("/tend/loop/task-may-run-in-a-later-thread", test_task_may_run_in_a_later_thread);
  ADD ("/tend/loop/task-may-be-started-for-a-later-thread", test_task_may_be_started_for_a_later_thread);

  return g_test_run ();
}
