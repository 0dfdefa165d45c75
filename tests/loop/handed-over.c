// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A thread makes tasks in a context of its own, leaves the context to another thread, and goes on to do to the tasks
// what any thread may, just as the other begins to run them.

#include "../support/rounds.h"

#define N_TASKS 8

typedef struct
{
  GMainContext *context;
  TendTask     *tasks[N_TASKS];
  GThread      *thread;         /* atomic; who runs the context */
  guint         n_ended;        /* of the running thread */
  guint         n_posts;        /* the same */
} Handed;

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  Handed *self = user_data;

  g_assert_true (g_thread_self () == g_atomic_pointer_get (&self->thread));
  self->n_ended++;
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_sleep (G_MAXINT64, error);
}

static void
run_all (Handed *self)
{
  g_atomic_pointer_set (&self->thread, g_thread_self ());
  while (self->n_ended < N_TASKS)
    g_main_context_iteration (self->context, TRUE);
}

static gpointer
run_thread (gpointer data)
{
  run_all (data);
  return NULL;
}

/* With the context as its own, as threads that run one have it. */
static gpointer
run_as_default_thread (gpointer data)
{
  Handed *self = data;

  g_main_context_push_thread_default (self->context);
  run_all (self);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
post_cb (TendTask  *task,
         gpointer   user_data,
         GError   **error)
{
  Handed *self = user_data;

  g_assert_true (g_thread_self () == g_atomic_pointer_get (&self->thread));
  self->n_posts++;
  return TRUE;
}

static void
handed_init (Handed *self)
{
  *self = (Handed) { g_main_context_new () };

  g_main_context_push_thread_default (self->context);
  for (guint i = 0; i < N_TASKS; i++)
    {
      if (i % 2 == 0)
        self->tasks[i] = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
      else
        self->tasks[i] = tend_task_new (NULL, NULL, NULL, NULL);
      tend_task_add_exit_handler (self->tasks[i], exit_cb, self, NULL);
    }
  g_main_context_pop_thread_default (self->context);
}

static void
use (TendTask *task,
     guint     how)
{
  if (how == 0)
    tend_task_cancel (task);
  else if (how == 1)
    tend_task_stop (task);
  else
    {
      tend_task_pause (task);
      tend_task_resume (task);
      tend_task_cancel (task);
    }
}

static void
run_rounds (GThreadFunc func)
{
  Rounds rounds = rounds_begin (20000, G_MAXUINT);

  while (rounds_next (&rounds))
    {
      GThread *thread;
      Handed self;

      handed_init (&self);
      thread = g_thread_new ("run", func, &self);

      /* At any moment of the beginning. */
      for (volatile guint i = 0; i < rounds.n % 50 * 400; i++)
        ;
      for (guint i = 0; i < N_TASKS; i++)
        {
          tend_task_post (self.tasks[i], post_cb, &self, NULL);
          use (self.tasks[i], (rounds.n + i) % 3);
        }
      g_thread_join (thread);

      g_assert_cmpuint (self.n_posts, ==, N_TASKS);
      for (guint i = 0; i < N_TASKS; i++)
        {
          g_assert_true (tend_task_is_ended (self.tasks[i]));
          g_object_unref (self.tasks[i]);
        }
      while (g_main_context_iteration (self.context, FALSE))
        ;
      g_main_context_unref (self.context);
    }
}

static void
test_maker_goes_on_to_use_the_tasks (void)
{
  run_rounds (run_thread);
}

static void
test_maker_goes_on_while_the_context_is_taken (void)
{
  run_rounds (run_as_default_thread);
}

/* --- What is done before anybody runs the context --- */

static void
test_waits_for_who_runs_the_context (void)
{
  Handed self;

  handed_init (&self);
  for (guint i = 0; i < N_TASKS; i++)
    {
      use (self.tasks[i], i % 3);
      g_assert_false (tend_task_is_ended (self.tasks[i]));
    }

  g_thread_join (g_thread_new ("run", run_thread, &self));
  for (guint i = 0; i < N_TASKS; i++)
    g_assert_finalize_object (self.tasks[i]);
  while (g_main_context_iteration (self.context, FALSE))
    ;
  g_main_context_unref (self.context);
}

static void
test_is_done_at_once_by_who_owns_the_context (void)
{
  Handed self;

  handed_init (&self);
  g_atomic_pointer_set (&self.thread, g_thread_self ());

  g_assert_true (g_main_context_acquire (self.context));
  for (guint i = 0; i < N_TASKS; i++)
    {
      tend_task_stop (self.tasks[i]);
      g_assert_true (tend_task_is_ended (self.tasks[i]));
    }
  g_main_context_release (self.context);

  for (guint i = 0; i < N_TASKS; i++)
    g_object_unref (self.tasks[i]);
  while (g_main_context_iteration (self.context, FALSE))
    ;
  g_main_context_unref (self.context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/handed-over/maker-goes-on-to-use-the-tasks", test_maker_goes_on_to_use_the_tasks);
  g_test_add_func ("/tend/handed-over/maker-goes-on-while-the-context-is-taken",
                   test_maker_goes_on_while_the_context_is_taken);
  g_test_add_func ("/tend/handed-over/waits-for-who-runs-the-context", test_waits_for_who_runs_the_context);
  g_test_add_func ("/tend/handed-over/is-done-at-once-by-who-owns-the-context",
                   test_is_done_at_once_by_who_owns_the_context);

  return g_test_run ();
}
