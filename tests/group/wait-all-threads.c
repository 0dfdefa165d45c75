// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for all of several tasks, some of which belong to another thread.

#include "common.h"

static gboolean
complete_foreign_cb (gpointer data)
{
  if (!tend_task_is_ended (data))
    tend_task_return_int (data, 42);
  return G_SOURCE_REMOVE;
}

static gboolean
fail_foreign_cb (gpointer data)
{
  tend_task_return_new_error (data, G_IO_ERROR, G_IO_ERROR_FAILED, "Far away");
  return G_SOURCE_REMOVE;
}

static void
test_of_another_thread (void)
{
  Other *other = other_new ();
  TendTask *ended = foreign_new (other);
  TendTask *running = foreign_new (other);
  TendTask *own = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) all = NULL;
  g_autoptr(GError) error = NULL;

  other_call (other, complete_foreign_cb, ended);
  all = tend_wait_all ((TendTask *[]) { ended, running, own }, 3);
  tend_task_return_int (own, 1);
  settle ();
  assert_status (all, "running");
  other_call (other, fail_foreign_cb, running);
  g_assert_false (tend_task_wait_sync (all, &error));
  g_assert_cmpstr (error->message, ==, "One or more errors occurred. (Far away)");

  assert_gone (all);
  assert_gone (own);
  g_object_unref (ended);
  g_object_unref (running);
  other_free (other);
}

static void
count_unobserved_cb (const char   *task,
                     const GError *error,
                     const char   *origin,
                     gpointer      user_data)
{
  g_atomic_int_inc ((int *) user_data);
}

/* What the result carries is not told again; what was given up is. */
static void
test_of_another_thread_is_observed (void)
{
  int n_told = 0;
  Other *other = other_new ();

  tend_set_unobserved_func (count_unobserved_cb, &n_told, NULL);
  for (guint i = 0; i < 2; i++)
    {
      TendTask *tasks[] = { foreign_new (other), foreign_new (other) };
      g_autoptr(TendTask) all = tend_wait_all (tasks, 2);

      other_call (other, fail_foreign_cb, tasks[0]);
      while (tend_task_get_progress (all) < 0.5)
        g_main_context_iteration (NULL, TRUE);
      if (i == 1)
        tend_task_cancel (all);
      other_call (other, complete_foreign_cb, tasks[1]);
      g_assert_false (tend_task_wait_sync (all, NULL));
      assert_gone (all);
      g_object_unref (tasks[0]);
      g_object_unref (tasks[1]);
      for (guint turn = 0; turn < 3; turn++)
        {
          other_call (other, nothing_cb, NULL);
          settle ();
        }
      g_assert_cmpint (g_atomic_int_get (&n_told), ==, i);
    }
  other_free (other);
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* Each moment of its way there and back may be the one at which it is given up. */
static void
test_of_another_thread_is_given_up (void)
{
  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  for (guint i = 0; i < 200; i++)
    {
      Other *other = other_new ();
      TendTask *task = foreign_new (other);
      g_autoptr(TendTask) all = tend_wait_all (&task, 1);

      if (i % 4 == 1)
        g_main_context_invoke (other->context, complete_foreign_cb, task);
      if (i % 4 == 2)
        other_call (other, complete_foreign_cb, task);
      if (i % 8 == 3)
        settle ();
      if (!tend_task_is_ended (all))
        tend_task_cancel (all);
      assert_gone (all);
      other_call (other, complete_foreign_cb, task);
      g_object_unref (task);
      other_free (other);
    }
  assert_notes ("");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

/* It was given up and lets go of one task, and what frees that completes the next. */
static void
test_given_up_it_counts_no_more (void)
{
  g_autoptr(TendTask) second = tend_task_new_open (NULL, NULL, NULL, NULL);
  TendTask *first = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) all = tend_wait_all ((TendTask *[]) { first, second }, 2);

  tend_task_return_pointer (first, second, complete_and_settle_cb);
  settle ();
  g_object_unref (first);
  tend_task_stop (all);
  assert_status (second, "completed");
  assert_status (all, "stopped");
  g_assert_cmpfloat (tend_task_get_progress (all), ==, 0.5);
  assert_gone (all);
  assert_gone (second);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/wait-all/of-another-thread", test_of_another_thread);
  g_test_add_func ("/tend/wait-all/of-another-thread-is-observed", test_of_another_thread_is_observed);
  g_test_add_func ("/tend/wait-all/of-another-thread-is-given-up", test_of_another_thread_is_given_up);
  g_test_add_func ("/tend/wait-all/given-up-it-counts-no-more", test_given_up_it_counts_no_more);

  return g_test_run ();
}
