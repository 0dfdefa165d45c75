// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The last reference to a manager is dropped in another thread while its own thread starts, ends and tells of
// the manager's tasks: it goes at home, with all that it has, and nobody uses it afterwards.

#include "../support/rounds.h"

#define N_TASKS 30
#define N_NOISY 2

static GThread *home;
static int has_ended;           /* atomic */
static int pause_usec;          /* atomic; the most that is waited before a reference is dropped; 0: none */
static gpointer handed;         /* atomic; a manager, with the reference to drop */

static gpointer
drop_thread (gpointer data)
{
  guint32 seed = 1;

  while (!g_atomic_int_get (&has_ended))
    {
      gpointer manager = g_atomic_pointer_exchange (&handed, NULL);

      seed = seed * 1664525 + 1013904223;
      if (manager != NULL && g_atomic_int_get (&pause_usec) > 0)
        g_usleep ((seed >> 16) % (guint) g_atomic_int_get (&pause_usec));
      if (manager == NULL)
        g_thread_yield ();
      g_clear_object (&manager);
    }

  return NULL;
}

/* GObject has one lock for all notifications, which others contend for as well. */
static gpointer
noise_thread (gpointer data)
{
  g_autoptr(GObject) object = g_object_new (G_TYPE_OBJECT, NULL);

  while (!g_atomic_int_get (&has_ended))
    {
      g_object_freeze_notify (object);
      g_object_thaw_notify (object);
    }

  return NULL;
}

static gboolean
failing_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  tend_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "It failed");
  return TRUE;
}

static gboolean
returning_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  tend_task_return_value (task, NULL);
  return TRUE;
}

static void
count_at_home (gpointer data)
{
  if (g_thread_self () != home)
    g_error ("what a manager holds was freed in another thread");
  ++*(guint *) data;
}

static void
task_failed_cb (TendTaskManager *manager,
                TendTask        *task,
                const GError    *error,
                gpointer         user_data)
{
  gint64 end = g_get_monotonic_time () + 3;

  g_assert_true (g_thread_self () == home);
  while (g_get_monotonic_time () < end)
    ;
}

/* What is told may be kept for a while, so that the reference which goes elsewhere is not the last after all. */
static void
items_changed_cb (GListModel *model,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  gpointer    user_data)
{
  g_autoptr(GListModel) kept = g_object_ref (model);

  g_assert_true (g_thread_self () == home);
  g_assert_cmpuint (g_list_model_get_n_items (kept), <=, N_TASKS);
}

static void
run_rounds (TendBodyFunc body)
{
  Rounds rounds = rounds_begin (10000, G_MAXUINT);
  GThread *threads[N_NOISY + 1];
  guint n_freed = 0, n_gone = 0;

  threads[N_NOISY] = g_thread_new ("drop", drop_thread, NULL);
  for (guint i = 0; i < N_NOISY; i++)
    threads[i] = g_thread_new ("noise", noise_thread, NULL);

  while (rounds_next (&rounds))
    {
      TendTaskManager *manager = tend_task_manager_new ();

      g_object_set_qdata_full (G_OBJECT (manager), g_quark_from_static_string ("tend-test-gone"), &n_gone,
                               count_at_home);
      g_signal_connect (manager, "task-failed", G_CALLBACK (task_failed_cb), NULL);
      g_signal_connect (manager, "items-changed", G_CALLBACK (items_changed_cb), NULL);
      for (guint i = 0; i < N_TASKS; i++)
        tend_task_manager_register (manager, tend_task_new_open (NULL, body, &n_freed, count_at_home),
                                    TEND_NAME_POLICY_REJECT, NULL);

      g_atomic_pointer_set (&handed, manager);
      while (n_gone < rounds.n || n_freed < N_TASKS * rounds.n)
        if (!g_main_context_iteration (NULL, FALSE))
          g_thread_yield ();
    }

  g_atomic_int_set (&has_ended, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_atomic_int_set (&has_ended, FALSE);
  g_assert_cmpuint (n_freed, ==, N_TASKS * rounds.n);
  g_assert_cmpuint (n_gone, ==, rounds.n);
}

static void
test_while_tasks_fail (void)
{
  run_rounds (failing_body);
}

static void
test_a_little_later_while_tasks_fail (void)
{
  g_atomic_int_set (&pause_usec, 40);
  run_rounds (failing_body);
  g_atomic_int_set (&pause_usec, 0);
}

static void
test_while_tasks_complete (void)
{
  run_rounds (returning_body);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  home = g_thread_self ();
  g_test_add_func ("/tend/task-manager/foreign-drop/while-tasks-fail", test_while_tasks_fail);
  g_test_add_func ("/tend/task-manager/foreign-drop/a-little-later-while-tasks-fail",
                   test_a_little_later_while_tasks_fail);
  g_test_add_func ("/tend/task-manager/foreign-drop/while-tasks-complete", test_while_tasks_complete);

  return g_test_run ();
}
