// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Completions and threads: an outcome comes home, counts while it is on its way, and one of many wins.

#include "completion.h"

static gpointer
set_thread (gpointer data)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_completion_set_string (data, "from afar", &error));
  g_assert_no_error (error);
  g_assert_false (tend_completion_set_string (data, "again", &error));
  expect_state_error (error, " has been completed already");
  g_assert_true (tend_completion_is_done (data));
  return NULL;
}

static void
test_outcome_of_another_thread_arrives_at_home (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  in_thread (set_thread, completion);
  assert_status (task, "running");
  g_assert_true (tend_completion_is_done (completion));
  g_assert_false (tend_completion_set_value (completion, NULL, NULL));
  settle ();
  assert_status (task, "completed");
  g_assert_cmpstr (tend_task_get_string (task), ==, "from afar");

  g_assert_finalize_object (completion);
  assert_gone (task);
}

/* Whoever was told that it is the first is, though its outcome be on its way still. */
static void
test_outcome_on_its_way_wins_over_cancel_and_stop (void)
{
  for (guint i = 0; i < 3; i++)
    {
      TendCompletion *completion = tend_completion_new (NULL);
      g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

      in_thread (set_thread, completion);
      if (i == 0)
        tend_task_cancel (task);
      else if (i == 1)
        tend_task_stop (task);
      else
        in_thread (cancel_thread, task);
      settle ();
      assert_status (task, "completed");
      g_assert_cmpstr (tend_task_get_string (task), ==, "from afar");

      g_assert_finalize_object (completion);
      assert_gone (task);
    }
}

static void
test_completion_may_go_before_its_outcome_arrives (void)
{
  TendCompletion *completion = tend_completion_new (NULL);
  g_autoptr(TendTask) task = g_object_ref (tend_completion_get_task (completion));

  in_thread (set_thread, completion);
  g_assert_finalize_object (completion);
  settle ();
  g_assert_cmpstr (tend_task_get_string (task), ==, "from afar");
  assert_gone (task);
}

typedef struct
{
  TendCompletion *completion;
  int             n_ready;      /* atomic */
  int             n_won;        /* atomic */
  int             winner;       /* atomic */
} Race;

#define N_RACERS 4

static gpointer
race_thread (gpointer data)
{
  Race *race = data;
  int number = g_atomic_int_add (&race->n_ready, 1);

  while (g_atomic_int_get (&race->n_ready) <= N_RACERS)
    g_thread_yield ();
  if (tend_completion_set_int (race->completion, number, NULL))
    {
      g_atomic_int_inc (&race->n_won);
      g_atomic_int_set (&race->winner, number);
    }
  return NULL;
}

static void
test_one_of_many_threads_wins (void)
{
  for (guint round = 0; round < 50; round++)
    {
      Race race = { .completion = tend_completion_new (NULL), .winner = -1 };
      TendTask *task = tend_completion_get_task (race.completion);
      GThread *threads[N_RACERS];
      TendTaskStatus status;

      for (guint i = 0; i < N_RACERS; i++)
        threads[i] = g_thread_new ("race", race_thread, &race);
      while (g_atomic_int_get (&race.n_ready) < N_RACERS)
        g_thread_yield ();
      g_atomic_int_inc (&race.n_ready);
      if (round % 2 == 1)
        tend_task_cancel (task);
      for (guint i = 0; i < N_RACERS; i++)
        g_thread_join (threads[i]);
      settle ();

      status = tend_task_get_status (task);
      g_assert_true (status == TEND_TASK_STATUS_COMPLETED || (round % 2 == 1 && status == TEND_TASK_STATUS_CANCELLED));
      g_assert_cmpint (race.n_won, ==, status == TEND_TASK_STATUS_COMPLETED);
      if (race.n_won > 0)
        g_assert_cmpint (tend_task_get_int (task), ==, race.winner);

      task = drop (race.completion);
      assert_gone (task);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/completion/outcome-of-another-thread-arrives-at-home",
                   test_outcome_of_another_thread_arrives_at_home);
  g_test_add_func ("/tend/completion/outcome-on-its-way-wins-over-cancel-and-stop",
                   test_outcome_on_its_way_wins_over_cancel_and_stop);
  g_test_add_func ("/tend/completion/may-go-before-its-outcome-arrives",
                   test_completion_may_go_before_its_outcome_arrives);
  g_test_add_func ("/tend/completion/one-of-many-threads-wins", test_one_of_many_threads_wins);

  return g_test_run ();
}
