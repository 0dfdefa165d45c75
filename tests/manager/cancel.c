// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Cancelling by name: the name goes at once, the task stays until its body has really ended, and
// what leaves is that very task and no other.

#include "fixture.h"

/* A fiber that takes a second to clean up once it was cancelled. */
static gboolean
clean_up_slowly (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  Fixture *fixture = data;
  gboolean slept = tend_sleep (3600 * SECOND, error);

  g_assert_false (slept);
  note (fixture, "cleaning");
  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_pop ();
  note (fixture, "clean");

  return FALSE;
}

static void
test_frees_name_at_once (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTask *draining = register_fiber (fixture, "n", clean_up_slowly, fixture);
  TendTask *cancelled;

  settle (fixture);
  cancelled = tend_task_manager_cancel_task (fixture->manager, "n");
  g_assert_true (cancelled == draining);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
  g_assert_null (tend_task_manager_cancel_task (fixture->manager, "n"));

  /* The body has not even heard of it. */
  assert_log (fixture, "");
  g_assert_true (tend_task_is_running (cancelled));
}

static void
test_draining_task_stays_owned_and_listed (Fixture       *fixture,
                                           gconstpointer  unused)
{
  TendTask *draining = register_fiber (fixture, "n", clean_up_slowly, fixture);

  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "cleaning");
  g_assert_cmpuint (fixture->n_alive, ==, 1);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  g_assert_true (nth_task (fixture, 0) == draining);

  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "clean");
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* The end of the old one must not take the new one's name, place in the list, or life. */
static void
test_removal_is_by_identity (Fixture       *fixture,
                             gconstpointer  unused)
{
  TendTask *newest;

  register_fiber (fixture, "n", clean_up_slowly, fixture);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "n");
  newest = register_fiber (fixture, "n", clean_up_slowly, fixture);
  g_assert_cmpuint (n_tasks (fixture), ==, 2);
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == newest);

  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == newest);
  g_assert_null (tend_task_manager_register (fixture->manager, tend_task_new_open ("n", never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, NULL));

  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* Two bodies of one name never overlap, although the name is free at once. */
static void
test_next_of_the_name_waits_for_the_real_end (Fixture       *fixture,
                                              gconstpointer  unused)
{
  TendTask *next;

  register_fiber (fixture, "n", clean_up_slowly, fixture);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "n");
  next = register_fiber (fixture, "n", clean_up_slowly, fixture);

  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  g_assert_cmpint (tend_task_get_status (next), ==, TEND_TASK_STATUS_PENDING);
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpint (tend_task_get_status (next), ==, TEND_TASK_STATUS_RUNNING);

  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* One that waits for the real end of another leaves at once when it is cancelled, and the next waits on. */
static void
test_wait_passes_on_when_the_next_is_cancelled (Fixture       *fixture,
                                                gconstpointer  unused)
{
  TendTask *last;

  register_fiber (fixture, "n", clean_up_slowly, fixture);
  settle (fixture);
  for (guint i = 0; i < 3; i++)
    {
      tend_task_manager_cancel_task (fixture->manager, "n");
      last = register_fiber (fixture, "n", clean_up_slowly, fixture);
      g_assert_cmpuint (n_tasks (fixture), ==, 2);
    }

  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  g_assert_cmpint (tend_task_get_status (last), ==, TEND_TASK_STATUS_PENDING);
  tend_clock_advance (fixture->clock, 1, NULL);
  g_assert_cmpint (tend_task_get_status (last), ==, TEND_TASK_STATUS_RUNNING);

  tend_task_manager_cancel_task (fixture->manager, "n");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
test_pending_task_replaced_in_one_turn (Fixture       *fixture,
                                        gconstpointer  unused)
{
  guint n_runs = 0;
  TendTask *task;

  for (guint i = 0; i < 10; i++)
    {
      register_callback (fixture, "n", never_run, NULL);
      tend_task_manager_cancel_task (fixture->manager, "n");
    }
  task = register_callback (fixture, "n", count_run, &n_runs);
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == task);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);

  settle (fixture);
  g_assert_cmpuint (n_runs, ==, 1);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static void
test_thread_stays_until_it_returns (Fixture       *fixture,
                                    gconstpointer  unused)
{
  Work *work = register_work (fixture, THREAD, "n");
  g_autoptr(TendTask) task = g_object_ref (work->task);

  work->is_deaf = TRUE;
  work_wait_begun (work);
  tend_task_manager_cancel_task (fixture->manager, "n");
  settle (fixture);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  g_assert_true (tend_task_is_running (task));

  /* It takes no notice, and so completes. */
  work_let_go (work);
  work_wait_gone (work);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
}

/* A task that was stopped has ended, but is only let go of when its body has ended too. */
static void
test_stopped_thread_stays_until_it_returns (Fixture       *fixture,
                                            gconstpointer  unused)
{
  Work *work = register_work (fixture, THREAD, "n");

  work->is_deaf = TRUE;
  work_wait_begun (work);
  tend_task_stop (work->task);
  settle (fixture);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  g_assert_cmpuint (work->n_freed, ==, 0);

  work_let_go (work);
  work_wait_gone (work);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      data)
{
  g_autoptr(GError) error = NULL;

  tend_task_wait_finish (TEND_TASK (object), result, &error);
  note (data, "%s", tend_task_status_to_string (tend_task_get_status (TEND_TASK (object))));
}

/* Stopped with somebody waiting and without, a task of any kind is let go of. */
static void
test_stopped_tasks_are_let_go (Fixture       *fixture,
                               gconstpointer  unused)
{
  for (guint waiting = 0; waiting < 2; waiting++)
    {
      for (Kind kind = 0; kind < N_KINDS; kind++)
        {
          Work *work = register_work (fixture, kind, "n");

          work_wait_begun (work);
          if (waiting)
            tend_task_wait_async (work->task, NULL, ended_cb, fixture);
          tend_task_stop (work->task);
          work_wait_gone (work);
          g_assert_cmpuint (fixture->n_alive, ==, 0);
          g_assert_cmpuint (n_tasks (fixture), ==, 0);
          assert_log (fixture, waiting ? "stopped" : "");
        }
    }
}

static void
test_ended_task_is_left_alone (Fixture       *fixture,
                               gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_callback (fixture, "n", count_run, NULL));
  TendTask *found;

  /* Somebody waits, so that it is known for a moment after its end. */
  tend_task_wait_async (task, NULL, ended_cb, fixture);
  tend_task_stop (task);
  found = tend_task_manager_cancel_task (fixture->manager, "n");
  g_assert_true (found == task);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_STOPPED);
  settle (fixture);
  assert_log (fixture, "stopped");
  g_assert_null (tend_task_manager_cancel_task (fixture->manager, "n"));
}

/* A task that ends by being cancelled is given all the same, and lives until the loop turns. */
static void
test_pending_task_is_valid_until_the_next_turn (Fixture       *fixture,
                                                gconstpointer  unused)
{
  TendTask *first = register_callback (fixture, "n", never_run, NULL);
  TendTask *second = register_callback (fixture, "m", never_run, NULL);
  guint n_alive = fixture->n_alive;

  g_assert_true (tend_task_manager_cancel_task (fixture->manager, "n") == first);
  g_assert_true (tend_task_manager_cancel_task (fixture->manager, "m") == second);
  g_assert_cmpint (tend_task_get_status (first), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpint (tend_task_get_status (second), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpuint (fixture->n_alive, ==, n_alive);
  settle (fixture);
  g_assert_cmpuint (fixture->n_alive, ==, n_alive - 2);
}

/* Nor does the manager leave it behind when it goes before. */
static void
test_pending_task_goes_with_the_manager (Fixture       *fixture,
                                         gconstpointer  unused)
{
  guint n_alive;

  register_callback (fixture, "n", never_run, NULL);
  n_alive = fixture->n_alive;
  g_assert_nonnull (tend_task_manager_cancel_task (fixture->manager, "n"));
  g_clear_object (&fixture->manager);
  g_assert_cmpuint (fixture->n_alive, ==, n_alive - 1);
}

static void
test_unknown_name (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_assert_null (tend_task_manager_cancel_task (fixture->manager, "n"));
  register_callback (fixture, NULL, count_run, NULL);
  g_assert_null (tend_task_manager_cancel_task (fixture->manager, "n"));
  settle (fixture);
}

static gboolean
do_nothing (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  return TRUE;
}

static void
test_body_that_finishes_after_all (Fixture       *fixture,
                                   gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;

  register_callback (fixture, "n", do_nothing, NULL);
  settle (fixture);
  task = g_object_ref (tend_task_manager_cancel_task (fixture->manager, "n"));
  g_assert_true (tend_task_is_running (task));

  tend_task_return_int (task, 42);
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
  g_assert_cmpint (tend_task_get_int (task), ==, 42);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

/* --- All of them --- */

static void
test_cancel_all (Fixture       *fixture,
                 gconstpointer  unused)
{
  static const char *const names[N_KINDS] = { "callback", "fiber", "thread", "async" };
  Work *works[N_KINDS];

  for (Kind kind = 0; kind < N_KINDS; kind++)
    works[kind] = register_work (fixture, kind, names[kind]);
  register_callback (fixture, NULL, never_run, NULL);
  tend_task_cancel (nth_task (fixture, N_KINDS));
  for (Kind kind = 0; kind < N_KINDS; kind++)
    work_wait_begun (works[kind]);

  tend_task_manager_cancel_all (fixture->manager);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_assert_null (tend_task_manager_lookup (fixture->manager, names[kind]));
      g_assert_true (tend_task_is_cancelling (works[kind]->task));
    }
  for (Kind kind = 0; kind < N_KINDS; kind++)
    work_wait_gone (works[kind]);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);

  /* The manager is still open. */
  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
  register_callback (fixture, "fiber", count_run, NULL);
  settle (fixture);
}

static void
test_cancel_all_of_none (Fixture       *fixture,
                         gconstpointer  unused)
{
  tend_task_manager_cancel_all (fixture->manager);
  g_assert_cmpuint (fixture->n_changes, ==, 0);
}

static void
look_for_others (TendTask *task,
                 gpointer  data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      g_assert_null (tend_task_manager_lookup (fixture->manager, name));
    }
  register_callback (fixture, tend_task_get_name (task), count_run, NULL);
  note (fixture, "%s", tend_task_get_name (task));
}

/* No name is left when the first of them ends, and what its handler adds is not cancelled. */
static void
test_cancel_all_frees_every_name_first (Fixture       *fixture,
                                        gconstpointer  unused)
{
  TendTask *tasks[3];

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      tasks[i] = register_callback (fixture, name, never_run, NULL);
    }
  tend_task_add_exit_handler (tasks[0], look_for_others, fixture, NULL);

  tend_task_manager_cancel_all (fixture->manager);
  assert_log (fixture, "0");
  g_assert_true (tend_task_manager_is_active (fixture->manager, "0"));
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  settle (fixture);
}

static void
cancel_others (TendTask *task,
               gpointer  data)
{
  note (data, "exit");
  tend_task_manager_cancel_all (((Fixture *) data)->manager);
}

static void
test_cancel_all_inside_exit_handler (Fixture       *fixture,
                                     gconstpointer  unused)
{
  for (guint i = 0; i < 5; i++)
    tend_task_add_exit_handler (register_callback (fixture, NULL, never_run, NULL), cancel_others, fixture, NULL);

  tend_task_stop (nth_task (fixture, 2));
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  assert_log (fixture, "exit exit exit exit exit");
}

static gboolean
cancel_all_in_fiber (TendTask  *task,
                     gpointer   data,
                     GError   **error)
{
  Fixture *fixture = data;

  tend_task_manager_cancel_all (fixture->manager);
  note (fixture, "%s", tend_task_is_cancelling (task) ? "cancelling" : "going on");

  return tend_sleep (SECOND, error);
}

/* What the cancelled tasks' handlers and the list's listeners do, they do on the native stack. */
static void
test_cancel_all_in_managed_fiber (Fixture       *fixture,
                                  gconstpointer  unused)
{
  Work *work = register_work (fixture, FIBER, "w");
  g_autoptr(TendTask) task = NULL;

  task = g_object_ref (register_fiber (fixture, "n", cancel_all_in_fiber, fixture));
  register_callback (fixture, "pending", never_run, NULL);
  settle (fixture);
  g_assert_true (work_has_run (work));
  assert_log (fixture, "cancelling");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static gpointer
cancel_in_thread (gpointer data)
{
  tend_task_cancel (data);
  return NULL;
}

/* The task itself may be cancelled anywhere: the manager sees to it in the next turn. */
static void
test_task_cancelled_in_another_thread (Fixture       *fixture,
                                       gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      Work *work = register_work (fixture, kind, "n");

      work_wait_begun (work);
      g_thread_join (g_thread_new ("elsewhere", cancel_in_thread, work->task));
      work_wait_gone (work);
      g_assert_cmpuint (n_tasks (fixture), ==, 0);
      g_assert_cmpuint (fixture->n_alive, ==, 0);
      g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
    }
}

static gpointer
misuse_in_thread (gpointer data)
{
  Fixture *fixture = data;

  tend_task_manager_cancel_all (fixture->manager);
  g_assert_null (tend_task_manager_cancel_task (fixture->manager, "n"));
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
  g_assert_null (tend_task_manager_list_tasks (fixture->manager));
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (fixture->manager), 0));

  return NULL;
}

static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  static const char *const functions[] = { "cancel_all", "cancel_task", "lookup", "list_tasks", "get_item" };
  Work *work = register_work (fixture, FIBER, "n");

  settle (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autofree char *message = g_strdup_printf ("tend_task_manager_%s(): *another thread", functions[i]);

      g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, message);
    }
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("misuse", misuse_in_thread, fixture));
  g_main_context_release (NULL);
  g_test_assert_expected_messages ();
  g_assert_true (tend_task_is_running (work->task));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/cancel/frees-name-at-once", test_frees_name_at_once);
  add_test ("/tend/task-manager/cancel/draining-task-stays-owned-and-listed",
            test_draining_task_stays_owned_and_listed);
  add_test ("/tend/task-manager/cancel/removal-is-by-identity", test_removal_is_by_identity);
  add_test ("/tend/task-manager/cancel/next-of-the-name-waits-for-the-real-end",
            test_next_of_the_name_waits_for_the_real_end);
  add_test ("/tend/task-manager/cancel/wait-passes-on-when-the-next-is-cancelled",
            test_wait_passes_on_when_the_next_is_cancelled);
  add_test ("/tend/task-manager/cancel/pending-task-replaced-in-one-turn", test_pending_task_replaced_in_one_turn);
  add_test ("/tend/task-manager/cancel/thread-stays-until-it-returns", test_thread_stays_until_it_returns);
  add_test ("/tend/task-manager/cancel/ended-task-is-left-alone", test_ended_task_is_left_alone);
  add_test ("/tend/task-manager/cancel/pending-task-is-valid-until-the-next-turn",
            test_pending_task_is_valid_until_the_next_turn);
  add_test ("/tend/task-manager/cancel/pending-task-goes-with-the-manager", test_pending_task_goes_with_the_manager);
  add_test ("/tend/task-manager/cancel/unknown-name", test_unknown_name);
  add_test ("/tend/task-manager/cancel/body-that-finishes-after-all", test_body_that_finishes_after_all);
  add_test ("/tend/task-manager/cancel/task-itself-in-another-thread", test_task_cancelled_in_another_thread);
  add_test ("/tend/task-manager/cancel/other-thread", test_other_thread);

  add_test ("/tend/task-manager/stop/thread-stays-until-it-returns", test_stopped_thread_stays_until_it_returns);
  add_test ("/tend/task-manager/stop/every-kind-is-let-go", test_stopped_tasks_are_let_go);

  add_test ("/tend/task-manager/cancel-all/every-kind", test_cancel_all);
  add_test ("/tend/task-manager/cancel-all/none", test_cancel_all_of_none);
  add_test ("/tend/task-manager/cancel-all/frees-every-name-first", test_cancel_all_frees_every_name_first);
  add_test ("/tend/task-manager/cancel-all/inside-exit-handler", test_cancel_all_inside_exit_handler);
  add_test ("/tend/task-manager/cancel-all/in-managed-fiber", test_cancel_all_in_managed_fiber);

  return g_test_run ();
}
