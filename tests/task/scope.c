// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The scope of a task: timers, posts, sources and cancellables that die with it. When timers fire is in timer.c.

#include "common.h"

/* --- Every ending --- */

static void
end_by_completing (TendTask *task)
{
  tend_task_return_int (task, 1);
}

static void
end_by_failing (TendTask *task)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Nothing");
}

static void
end_by_cancelling (TendTask *task)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Enough");
}

static void (* const ways[]) (TendTask *task) = {
  end_by_completing, end_by_failing, end_by_cancelling, tend_task_stop,
};

static gboolean
source_cb (gpointer user_data)
{
  note ("source");
  return G_SOURCE_CONTINUE;
}

/* A timer soon, a timer now, a repeating one, and a post: none of them is to be called. */
static void
fill_scope (TendTask *task,
            int      *n_destroyed)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  tend_task_add_timer (task, SECOND, -1, note_cb, n_destroyed, count_cb);
  tend_task_add_timer (task, 0, -1, note_cb, n_destroyed, count_cb);
  tend_task_add_timer (task, SECOND, SECOND, note_cb, n_destroyed, count_cb);
  tend_task_post (task, note_cb, n_destroyed, count_cb);
  g_source_set_callback (source, source_cb, n_destroyed, count_cb);
  tend_task_add_source (task, source);
}

static void
test_dies_with_every_end (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      int n_destroyed = 0;
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

      fill_scope (task, &n_destroyed);
      ways[i] (task);
      g_assert_cmpint (n_destroyed, ==, 5);
      g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
      g_assert_cmpint (n_destroyed, ==, 5);
      assert_notes ("");
      tend_task_get_error (task);
      assert_gone (task);
    }
}

static void
test_is_dead_on_arrival_after_the_end (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      int n_destroyed = 0;
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

      ways[i] (task);
      fill_scope (task, &n_destroyed);
      g_assert_cmpint (n_destroyed, ==, 5);
      g_assert_false (tend_timer_is_active (tend_task_add_timer (task, 0, -1, note_cb, NULL, NULL)));
      g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
      assert_notes ("");
      tend_task_get_error (task);
      assert_gone (task);
    }
}

static void
test_dies_unstarted (void)
{
  int n_destroyed = 0;
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_open (NULL, idle_body, NULL, NULL);

  fill_scope (task, &n_destroyed);
  g_assert_finalize_object (task);
  g_assert_cmpint (n_destroyed, ==, 5);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_notes ("");
}

/* --- Posts --- */

static gboolean
chain_timer_cb (TendTask  *task,
                gpointer   user_data,
                GError   **error);

/* A chain: a post makes a timer, which makes a post, and so on. */
static gboolean
chain_post_cb (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  tend_task_add_timer (task, SECOND / 2, -1, chain_timer_cb, NULL, NULL);
  return TRUE;
}

static gboolean
chain_timer_cb (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  note ("tick");
  tend_task_post (task, chain_post_cb, NULL, NULL);
  return TRUE;
}

static gboolean
chain_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  tend_task_post (task, chain_post_cb, NULL, NULL);
  return tend_sleep (SECOND * 6 / 5, error);
}

static void
test_chain_of_posts_and_timers_ends_with_its_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, chain_body, NULL, NULL);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND * 6 / 5);
  assert_notes ("tick tick");
  assert_gone (task);
}

static void
test_posts_keep_their_order (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_post (task, note_cb, (gpointer) "1", NULL);
  tend_task_post (task, note_cb, (gpointer) "2", NULL);
  tend_task_post (task, note_cb, (gpointer) "3", NULL);
  assert_notes ("");
  settle ();
  assert_notes ("1 2 3");
  tend_task_stop (task);
  assert_gone (task);
}

typedef struct
{
  TendTask *task;
  GThread  *home;
  int       n_called;
  int       n_destroyed;
} Posts;

static gboolean
count_post_cb (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  Posts *posts = user_data;

  g_assert_true (g_thread_self () == posts->home);
  g_assert_true (tend_task_get_current () == posts->task);
  posts->n_called++;
  return TRUE;
}

static void
count_destroyed_cb (gpointer user_data)
{
  Posts *posts = user_data;

  g_assert_true (g_thread_self () == posts->home);
  posts->n_destroyed++;
}

static gpointer
post_thread (gpointer data)
{
  Posts *posts = data;

  for (guint i = 0; i < 100; i++)
    tend_task_post (posts->task, count_post_cb, posts, count_destroyed_cb);
  return NULL;
}

static void
test_posts_from_other_threads (void)
{
  Posts posts = { .task = tend_task_run_open (NULL, idle_body, NULL, NULL), .home = g_thread_self () };

  in_thread (post_thread, &posts);
  g_assert_cmpint (posts.n_called, ==, 0);
  settle ();
  g_assert_cmpint (posts.n_called, ==, 100);
  g_assert_cmpint (posts.n_destroyed, ==, 100);

  in_thread (post_thread, &posts);
  tend_task_stop (posts.task);
  settle ();
  g_assert_cmpint (posts.n_called, ==, 100);
  g_assert_cmpint (posts.n_destroyed, ==, 200);
  assert_gone (posts.task);
}

/* --- Errors --- */

static gboolean
fail_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  g_set_error_literal (error, G_IO_ERROR, GPOINTER_TO_INT (user_data), "In the scope");
  return TRUE;
}

static gboolean
return_later_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  tend_task_add_timer (task, SECOND, SECOND, fail_cb, GINT_TO_POINTER (G_IO_ERROR_FAILED), NULL);
  tend_sleep (2 * SECOND, NULL);
  tend_task_return_int (task, 1);
  note ("body ends");
  return TRUE;
}

static void
test_error_of_a_timer_fails_the_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, return_later_body, NULL, NULL);

  tend_task_add_exit_handler (task, note_exit_cb, (gpointer) "exit", NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("exit:failed body ends");
  assert_status (task, "failed");
  g_assert_cmpstr (tend_task_get_error (task)->message, ==, "In the scope");
  g_assert_null (tend_task_get_result (task, NULL));
  assert_gone (task);
}

static void
test_error_of_a_post_fails_the_task (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_post (task, fail_cb, GINT_TO_POINTER (G_IO_ERROR_FAILED), NULL);
  settle ();
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_FAILED);
  tend_task_return_int (task, 1);
  assert_status (task, "failed");
  assert_gone (task);
}

/* Cancellation is no failure, and is not reported as one. */
static void
test_cancelled_callback_cancels_the_task (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_task_post (task, fail_cb, GINT_TO_POINTER (G_IO_ERROR_CANCELLED), NULL);
  settle ();
  assert_status (task, "cancelled");
  assert_gone (task);
}

static gboolean
stop_and_fail_cb (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  tend_task_stop (task);
  return fail_cb (task, user_data, error);
}

static void
note_unobserved_cb (const char   *task,
                    const GError *error,
                    const char   *origin,
                    gpointer      user_data)
{
  note ("unobserved:%s", error->message);
}

/* The task cannot carry the error any more, but it is not lost. */
static void
test_error_after_the_end_is_told (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_task_post (task, stop_and_fail_cb, GINT_TO_POINTER (G_IO_ERROR_FAILED), NULL);
  settle ();
  tend_set_unobserved_func (NULL, NULL, NULL);
  assert_notes ("unobserved:In the scope");
  assert_status (task, "stopped");
  assert_gone (task);
}

/* --- Sources --- */

static void
test_source_runs_while_the_task_does (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(GSource) source = g_idle_source_new ();

  settle ();
  g_source_set_callback (source, source_cb, NULL, NULL);
  tend_task_add_source (task, source);
  g_main_context_iteration (NULL, FALSE);
  assert_notes ("source");
  tend_task_stop (task);
  g_assert_true (g_source_is_destroyed (source));
  settle ();
  assert_notes ("");
  assert_gone (task);
}

static gboolean
once_cb (gpointer user_data)
{
  return G_SOURCE_REMOVE;
}

/* A task that lives long does not gather the sources that are through, however many there have been. */
static void
test_forgets_sources_that_are_through (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func ((GDestroyNotify) g_source_unref);
  guint n_held = 0;

  for (guint i = 0; i < 1000; i++)
    {
      GSource *source = g_idle_source_new ();

      g_ptr_array_add (sources, source);
      g_source_set_callback (source, once_cb, NULL, NULL);
      tend_task_add_source (task, source);
      while (!g_source_is_destroyed (source))
        g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < sources->len; i++)
    n_held += ((GSource *) g_ptr_array_index (sources, i))->ref_count > 1;
  g_assert_cmpuint (n_held, <=, 16);
  tend_task_stop (task);
  assert_gone (task);
}

static gpointer
add_timer_thread (gpointer data)
{
  expect_critical ("*tend_loop_is_mine (self->loop)*");
  g_assert_null (tend_task_add_timer (data, 0, -1, note_cb, NULL, NULL));
  expect_critical ("*tend_loop_is_mine (self->loop)*");
  tend_task_add_exit_handler (data, idle_handler, NULL, NULL);
  g_test_assert_expected_messages ();
  return NULL;
}

/* --- A source that cancels a timer when it is freed --- */

typedef struct
{
  GSource    source;
  TendTimer *timer;     /* a reference; NULL: none */
} CancelSource;

static gboolean
never_prepare (GSource *source,
               int     *timeout)
{
  *timeout = -1;
  return FALSE;
}

static void
cancel_source_finalize (GSource *source)
{
  TendTimer *timer = ((CancelSource *) source)->timer;

  if (timer == NULL)
    return;
  tend_timer_cancel (timer);
  tend_timer_unref (timer);
}

static GSourceFuncs cancel_source_funcs = {
  .prepare = never_prepare,
  .finalize = cancel_source_finalize,
};

/* The timer stands next to the first of the sources. */
static void
test_freed_source_may_change_the_scope (void)
{
  TendTask *task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTimer *timer = tend_task_add_timer (task, SECOND, -1, note_cb, (gpointer) "timer", NULL);

  timer = tend_timer_ref (timer);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GSource) source = g_source_new (&cancel_source_funcs, sizeof (CancelSource));

      ((CancelSource *) source)->timer = g_steal_pointer (&timer);
      tend_task_add_source (task, source);
      g_source_destroy (source);
    }
  settle ();
  tend_task_stop (task);
  assert_gone (task);
}

static void
test_refuses_other_threads (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);

  in_thread (add_timer_thread, task);
  tend_task_stop (task);
  assert_gone (task);
}

static gboolean
fired_cb (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  note ("fired");
  return TRUE;
}

static void
run_context_cb (gpointer data)
{
  note ("freed");
  settle ();
}

/* All of a scope has ended before the first of it is let go of, which may run the main context. */
static void
test_dies_as_a_whole (void)
{
  TendTask *task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  tend_task_add_timer (task, 0, -1, fired_cb, NULL, NULL);
  tend_task_add_cancel_handler (task, note_exit_cb, (gpointer) "cancel", run_context_cb);
  tend_task_add_timer (task, SECOND, -1, fired_cb, NULL, run_context_cb);
  tend_task_post (task, fired_cb, NULL, NULL);
  tend_task_add_cancellable (task, cancellable);
  tend_task_stop (task);
  assert_notes ("freed freed");
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/scope/dies-with-every-end", test_dies_with_every_end);
  g_test_add_func ("/tend/scope/is-dead-on-arrival-after-the-end", test_is_dead_on_arrival_after_the_end);
  g_test_add_func ("/tend/scope/dies-unstarted", test_dies_unstarted);
  g_test_add_func ("/tend/scope/chain-of-posts-and-timers-ends-with-its-task",
                   test_chain_of_posts_and_timers_ends_with_its_task);
  g_test_add_func ("/tend/scope/posts-keep-their-order", test_posts_keep_their_order);
  g_test_add_func ("/tend/scope/posts-from-other-threads", test_posts_from_other_threads);
  g_test_add_func ("/tend/scope/error-of-a-timer-fails-the-task", test_error_of_a_timer_fails_the_task);
  g_test_add_func ("/tend/scope/error-of-a-post-fails-the-task", test_error_of_a_post_fails_the_task);
  g_test_add_func ("/tend/scope/cancelled-callback-cancels-the-task", test_cancelled_callback_cancels_the_task);
  g_test_add_func ("/tend/scope/error-after-the-end-is-told", test_error_after_the_end_is_told);
  g_test_add_func ("/tend/scope/source-runs-while-the-task-does", test_source_runs_while_the_task_does);
  g_test_add_func ("/tend/scope/forgets-sources-that-are-through", test_forgets_sources_that_are_through);
  g_test_add_func ("/tend/scope/freed-source-may-change-the-scope", test_freed_source_may_change_the_scope);
  g_test_add_func ("/tend/scope/refuses-other-threads", test_refuses_other_threads);
  g_test_add_func ("/tend/scope/dies-as-a-whole", test_dies_as_a_whole);

  return g_test_run ();
}
