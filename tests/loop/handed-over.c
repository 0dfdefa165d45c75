// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A thread makes tasks in a context of its own, leaves the context to another thread, and goes on to do to the tasks
// what any thread may, just as the other begins to run them. Until that has begun, it is done at once.

#include "../support/rounds.h"

#define N_TASKS 8

typedef struct
{
  GMainContext *context;
  TendTask     *tasks[N_TASKS];
  int           n_inside;       /* atomic; callbacks that run at this moment */
  int           n_ended;        /* atomic */
  int           n_freed;        /* atomic */
  guint         n_runs;         /* of whichever thread has the loop */
} Handed;

/* The two threads never run callbacks at the same time. */
static void
run_alone (Handed *self)
{
  g_assert_cmpint (g_atomic_int_add (&self->n_inside, 1), ==, 0);
  self->n_runs++;
  g_atomic_int_add (&self->n_inside, -1);
}

static void
exit_cb (TendTask *task,
         gpointer  user_data)
{
  Handed *self = user_data;

  run_alone (self);
  g_atomic_int_inc (&self->n_ended);
  g_main_context_wakeup (self->context);
}

static gboolean
sleep_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return tend_sleep (G_MAXINT64, error);
}

/* However the other task ends. */
static gboolean
await_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  tend_await (user_data, NULL);
  return TRUE;
}

static void
run_all (Handed *self)
{
  while (g_atomic_int_get (&self->n_ended) < N_TASKS)
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
  run_alone (user_data);
  return TRUE;
}

static void
freed_cb (gpointer user_data)
{
  Handed *self = user_data;

  run_alone (self);
  g_atomic_int_inc (&self->n_freed);
}

static void
handed_init (Handed *self)
{
  *self = (Handed) { g_main_context_new () };

  g_main_context_push_thread_default (self->context);
  for (guint i = 0; i < N_TASKS; i++)
    {
      if (i % 4 == 0)
        self->tasks[i] = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
      else if (i % 4 < 3)
        self->tasks[i] = tend_task_new_open (NULL, NULL, NULL, NULL);
      else
        {
          /* Of another loop of the context, which is woken from the first. */
          self->tasks[i] = tend_task_new_fiber (NULL, await_body, self->tasks[i - 1], NULL);
          tend_task_set_priority (self->tasks[i], G_PRIORITY_HIGH);
          g_assert_true (tend_task_start (self->tasks[i], NULL));
        }
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
          tend_task_post (self.tasks[i], post_cb, &self, freed_cb);
          use (self.tasks[i], (rounds.n + i) % 3);
        }
      g_thread_join (thread);

      /* A post may have come after all had ended. */
      while (g_main_context_iteration (self.context, FALSE))
        ;
      g_assert_cmpint (self.n_freed, ==, N_TASKS);
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

/* --- The last reference --- */

static gpointer
run_until_freed_thread (gpointer data)
{
  Handed *self = data;

  while (g_atomic_int_get (&self->n_freed) < N_TASKS)
    if (!g_main_context_iteration (self->context, FALSE))
      g_thread_yield ();

  return NULL;
}

/* Their timers have begun to run there. */
static void
test_maker_lets_go_of_the_tasks (void)
{
  Rounds rounds = rounds_begin (20000, G_MAXUINT);

  while (rounds_next (&rounds))
    {
      Handed self = { g_main_context_new () };
      GThread *thread;

      g_main_context_push_thread_default (self.context);
      for (guint i = 0; i < N_TASKS; i++)
        {
          self.tasks[i] = tend_task_new_open (NULL, NULL, NULL, NULL);
          tend_task_add_timer (self.tasks[i], i % 3, 1 + i % 2, post_cb, &self, freed_cb);
        }
      g_main_context_pop_thread_default (self.context);

      thread = g_thread_new ("run", run_until_freed_thread, &self);
      for (volatile guint i = 0; i < rounds.n % 50 * 400; i++)
        ;
      for (guint i = 0; i < N_TASKS; i++)
        g_object_unref (self.tasks[i]);
      g_thread_join (thread);
      while (g_main_context_iteration (self.context, FALSE))
        ;
      g_main_context_unref (self.context);
    }
}

/* --- Before anybody runs the context --- */

static gboolean
return_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  tend_task_return_int (task, 42);
  return TRUE;
}

static gboolean
cancel_itself_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  tend_task_cancel (task);
  return tend_yield (error);
}

static void
test_maker_acts_at_once (void)
{
  TendTask *answer, *cancelled;
  Handed self;

  handed_init (&self);
  for (guint i = 0; i < N_TASKS; i++)
    {
      use (self.tasks[i], i % 3);
      g_assert_true (tend_task_is_ended (self.tasks[i]) || i % 4 == 0 || i % 4 == 3);
      tend_task_stop (self.tasks[i]);
      g_assert_true (tend_task_is_ended (self.tasks[i]));
    }

  g_main_context_push_thread_default (self.context);
  answer = tend_task_new_fiber (NULL, return_body, NULL, NULL);
  cancelled = tend_task_new_fiber (NULL, cancel_itself_body, NULL, NULL);
  g_main_context_pop_thread_default (self.context);

  g_assert_true (tend_task_start (answer, NULL));
  g_assert_cmpint (tend_task_get_int (answer), ==, 42);
  g_assert_true (tend_task_start (cancelled, NULL));
  g_assert_cmpint (tend_task_get_status (cancelled), ==, TEND_TASK_STATUS_CANCELLED);

  while (g_main_context_iteration (self.context, FALSE))
    ;
  for (guint i = 0; i < N_TASKS; i++)
    g_assert_finalize_object (self.tasks[i]);
  g_assert_finalize_object (answer);
  g_assert_finalize_object (cancelled);
  g_main_context_unref (self.context);
}

static void
count_freed (gpointer data)
{
  ++*(guint *) data;
}

/* All goes with the last references, and the context has nothing left of ours. */
static void
test_context_is_never_run (void)
{
  GMainContext *context = g_main_context_new ();
  TendTaskManager *manager;
  TendCompletion *completion;
  TendTask *task, *completed;
  guint n_freed = 0;

  g_main_context_push_thread_default (context);
  manager = tend_task_manager_new ();
  g_assert_nonnull (tend_task_manager_register (manager,
                                                tend_task_new_fiber (NULL, return_body, &n_freed, count_freed),
                                                TEND_NAME_POLICY_REJECT, NULL));
  completion = tend_completion_new (NULL);
  task = tend_task_new_fiber (NULL, sleep_body, &n_freed, count_freed);
  g_main_context_pop_thread_default (context);

  g_assert_finalize_object (manager);
  completed = g_object_ref (tend_completion_get_task (completion));
  g_assert_finalize_object (completion);
  g_assert_true (tend_task_is_ended (completed));
  g_assert_error (tend_task_get_error (completed), TEND_ERROR, TEND_ERROR_NOT_STARTED);
  g_assert_finalize_object (completed);
  g_assert_finalize_object (task);
  g_assert_cmpuint (n_freed, ==, 2);
  g_main_context_unref (context);
}

/* What an object makes belongs where the object does, and not to the maker's own context. */
static void
test_objects_make_tasks_of_their_context (void)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendRequestCache) requests = NULL;
  g_autoptr(TendTaskStream) stream = NULL;
  g_autoptr(TendGroup) group = NULL;
  g_autoptr(TendTask) child = NULL, joined = NULL, next = NULL, waiting = NULL;

  g_main_context_push_thread_default (context);
  requests = tend_request_cache_new ();
  group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  child = tend_task_new_open (NULL, NULL, NULL, NULL);
  stream = tend_when_each (&child, 1);
  g_main_context_pop_thread_default (context);

  joined = tend_group_join (group);
  next = tend_task_stream_next (stream);
  waiting = tend_request_cache_wait_for (requests, "text", 1, TEND_FOREVER);
  g_assert_true (tend_task_get_context (joined) == context);
  g_assert_true (tend_task_get_context (next) == context);
  g_assert_true (tend_task_get_context (waiting) == context);

  tend_task_stop (child);
  tend_task_stop (waiting);
  while (g_main_context_iteration (context, FALSE))
    ;
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/handed-over/maker-goes-on-to-use-the-tasks", test_maker_goes_on_to_use_the_tasks);
  g_test_add_func ("/tend/handed-over/maker-goes-on-while-the-context-is-taken",
                   test_maker_goes_on_while_the_context_is_taken);
  g_test_add_func ("/tend/handed-over/maker-lets-go-of-the-tasks", test_maker_lets_go_of_the_tasks);
  g_test_add_func ("/tend/handed-over/maker-acts-at-once", test_maker_acts_at_once);
  g_test_add_func ("/tend/handed-over/context-is-never-run", test_context_is_never_run);
  g_test_add_func ("/tend/handed-over/objects-make-tasks-of-their-context", test_objects_make_tasks_of_their_context);

  return g_test_run ();
}
