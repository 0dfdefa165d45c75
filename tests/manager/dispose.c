// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A manager that is dropped with work unfinished: its tasks end cancelled, it hears nothing of them
// any more, and nothing is left. Each test drops the last reference somewhere else.

#include "fixture.h"

static void
gone_cb (gpointer  data,
         GObject  *object)
{
  note (data, "gone");
}

/* Drops the manager, which nobody else holds. */
static void
drop_manager (Fixture *fixture)
{
  g_object_unref (g_steal_pointer (&fixture->manager));
}

static void
note_end (TendTask *task,
          gpointer  data)
{
  note (data, "%s", tend_task_status_to_string (tend_task_get_status (task)));
}

static void
test_every_kind (Fixture       *fixture,
                 gconstpointer  unused)
{
  static const char *const names[2 * N_KINDS] = { NULL, "a", "b", NULL, "c", NULL, NULL, "d" };
  Work *works[2 * N_KINDS];
  guint n_changes;

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    {
      works[i] = register_work (fixture, i % N_KINDS, names[i]);
      tend_task_add_exit_handler (works[i]->task, note_end, fixture, NULL);
      if (i < N_KINDS)
        work_wait_begun (works[i]);
    }
  n_changes = fixture->n_changes;

  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  assert_log (fixture, "cancelled cancelled cancelled cancelled");
  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    work_wait_gone (works[i]);
  assert_log (fixture, "cancelled cancelled cancelled cancelled");
  g_assert_cmpuint (fixture->n_changes, ==, n_changes);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    g_assert_false (work_has_run (works[N_KINDS + kind]));
}

static void
test_waiting_and_delayed (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) delayed = watch (fixture, tend_task_new_open ("delayed", never_run, NULL, NULL));
  g_autoptr(TendTask) ticking = watch (fixture, tend_task_new_open ("ticking", count_run, NULL, NULL));

  tend_task_manager_set_max_running (fixture->manager, 1);
  tend_task_set_delay (delayed, 3600 * SECOND);
  tend_task_set_interval (ticking, SECOND);
  tend_task_manager_register (fixture->manager, g_object_ref (delayed), TEND_NAME_POLICY_REJECT, NULL);
  tend_task_manager_register (fixture->manager, g_object_ref (ticking), TEND_NAME_POLICY_REJECT, NULL);
  register_work (fixture, FIBER, NULL);
  register_callback (fixture, "waiting", never_run, NULL);
  tend_clock_advance (fixture->clock, 5 * SECOND / 2, NULL);

  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  g_assert_cmpint (tend_task_get_status (delayed), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpint (tend_task_get_status (ticking), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
}

static gpointer
unref_in_thread (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

static void
test_from_another_thread (Fixture       *fixture,
                          gconstpointer  unused)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    work_wait_begun (register_work (fixture, kind, NULL));
  tend_task_add_exit_handler (nth_task (fixture, FIBER), note_end, fixture, NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);

  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("unref", unref_in_thread, g_steal_pointer (&fixture->manager)));
  g_main_context_release (NULL);

  /* Nothing has happened there: it comes home, and its tasks are cancelled here. */
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "gone cancelled");
}

/* --- From inside its own signals --- */

static void
drop_when_failed_cb (TendTaskManager *manager,
                     TendTask        *task,
                     const GError    *error,
                     gpointer         data)
{
  note (data, "failed");
  drop_manager (data);
}

static void
told_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      data)
{
  tend_task_wait_finish (TEND_TASK (object), result, NULL);
  note (data, "told");
}

static void
test_inside_task_failed (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTask *task;

  g_signal_connect (fixture->manager, "task-failed", G_CALLBACK (drop_when_failed_cb), fixture);
  register_work (fixture, FIBER, NULL);
  task = register_callback (fixture, "n", fail_at_once, NULL);
  tend_task_wait_async (task, NULL, told_cb, fixture);
  register_callback (fixture, "m", never_run, NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  assert_log (fixture, "failed gone told");
}

static void
drop_when_removed_cb (GListModel *model,
                      guint       position,
                      guint       n_removed,
                      guint       n_added,
                      gpointer    data)
{
  Fixture *fixture = data;

  if (n_removed == 0)
    return;

  note (fixture, "removed");
  if (fixture->manager != NULL)
    drop_manager (fixture);
}

static void
drop_when_added_cb (TendTaskManager *manager,
                    TendTask        *task,
                    gpointer         data)
{
  Fixture *fixture = data;

  note (fixture, "added");
  if (fixture->manager != NULL)
    drop_manager (fixture);
}

static void
test_inside_removal (Fixture       *fixture,
                     gconstpointer  unused)
{
  static const char *const names[] = { NULL, "n" };

  /* With somebody who waits and without, named and anonymous. */
  for (guint i = 0; i < 4; i++)
    {
      TendTask *task = register_callback (fixture, names[i % 2], count_run, NULL);

      if (i / 2)
        tend_task_wait_async (task, NULL, told_cb, fixture);
      register_work (fixture, FIBER, NULL);
      g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (drop_when_removed_cb), fixture);
      g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
      settle (fixture);
      assert_log (fixture, i / 2 ? "told removed gone" : "removed gone");

      /* A new one for the next round. */
      g_ptr_array_set_size (fixture->shadow, 0);
      fixture->manager = tend_task_manager_new ();
      g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (items_changed_cb), fixture);
    }
}

static void
test_inside_addition (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  TendTaskManager *manager = fixture->manager;
  Work work = { .fixture = fixture };

  register_work (fixture, FIBER, NULL);
  g_signal_connect (manager, "task-added", G_CALLBACK (drop_when_added_cb), fixture);
  g_object_weak_ref (G_OBJECT (manager), gone_cb, fixture);

  /* The task goes with the manager, and cannot be handed back. */
  g_assert_null (tend_task_manager_register (manager, tend_task_new_open ("n", never_run, &work, work_freed_cb),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (work.n_freed, ==, 1);
  assert_log (fixture, "added gone");
  settle (fixture);
}

/* --- From inside what its tasks call --- */

static void
drop_at_exit (TendTask *task,
              gpointer  data)
{
  note_end (task, data);
  drop_manager (data);
}

static void
test_inside_exit_handler (Fixture       *fixture,
                          gconstpointer  unused)
{
  Work *works[3];

  for (guint i = 0; i < 3; i++)
    works[i] = register_work (fixture, FIBER, NULL);
  tend_task_add_exit_handler (works[1]->task, drop_at_exit, fixture, NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  tend_task_stop (works[1]->task);
  assert_log (fixture, "stopped gone");
  settle (fixture);
}

static void
test_inside_exit_handler_of_cancel_all (Fixture       *fixture,
                                        gconstpointer  unused)
{
  for (guint i = 0; i < 3; i++)
    {
      TendTask *task = register_callback (fixture, NULL, never_run, NULL);

      tend_task_add_exit_handler (task, i == 0 ? drop_at_exit : note_end, fixture, NULL);
    }
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  tend_task_manager_cancel_all (fixture->manager);
  assert_log (fixture, "cancelled cancelled cancelled gone");
}

static void
drop_when_told_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      data)
{
  told_cb (object, result, data);
  drop_manager (data);
}

/* The task has ended and left the list, but its entry is still there for those who are told. */
static void
test_inside_callback_of_waiter (Fixture       *fixture,
                                gconstpointer  unused)
{
  TendTask *task = register_callback (fixture, NULL, count_run, NULL);

  tend_task_wait_async (task, NULL, drop_when_told_cb, fixture);
  tend_task_wait_async (task, NULL, told_cb, fixture);
  register_work (fixture, FIBER, NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  assert_log (fixture, "told gone told");
}

static void
drop_when_waited_cb (GObject      *object,
                     GAsyncResult *result,
                     gpointer      data)
{
  g_assert_true (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, NULL));
  note (data, "waited");
  drop_manager (data);
}

static void
test_inside_callback_of_wait_for_tasks (Fixture       *fixture,
                                        gconstpointer  unused)
{
  register_callback (fixture, "n", count_run, NULL);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, drop_when_waited_cb, fixture);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  assert_log (fixture, "waited gone");
}

static gboolean
drop_in_body (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  note (data, "body");
  drop_manager (data);
  note (data, tend_task_is_cancelling (task) ? "cancelling" : "going-on");
  tend_task_return_boolean (task, TRUE);
  note_end (task, data);

  return TRUE;
}

static void
test_inside_body (Fixture       *fixture,
                  gconstpointer  unused)
{
  register_callback (fixture, "n", drop_in_body, fixture);
  register_callback (fixture, "m", never_run, NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  assert_log (fixture, "body gone cancelling completed");
}

static gboolean
drop_in_fiber (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  drop_manager (data);
  note (data, "fiber");
  return tend_sleep (SECOND, error);
}

static void
test_inside_managed_fiber (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(TendTask) task = g_object_ref (register_fiber (fixture, "n", drop_in_fiber, fixture));

  tend_task_add_exit_handler (register_callback (fixture, "m", never_run, NULL), note_end, fixture, NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  assert_log (fixture, "cancelled gone fiber");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CANCELLED);
}

/* --- And otherwise --- */

typedef struct
{
  Fixture         *fixture;
  TendTaskManager *manager;
} Late;

static void
register_at_exit (TendTask *task,
                  gpointer  data)
{
  Late *late = data;
  g_autoptr(GError) error = NULL;

  g_assert_null (tend_task_manager_register (late->manager, tend_task_new_open ("late", never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  note (late->fixture, "refused");
}

static void
test_nothing_is_registered_meanwhile (Fixture       *fixture,
                                      gconstpointer  unused)
{
  Late late = { fixture, fixture->manager };

  tend_task_add_exit_handler (register_callback (fixture, NULL, never_run, NULL), register_at_exit, &late, NULL);
  drop_manager (fixture);
  assert_log (fixture, "refused");
  settle (fixture);
}

static void
test_shutdown_tasks_never_run (Fixture       *fixture,
                               gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));

  g_assert_true (tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), NULL));
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  settle (fixture);
}

static void
note_down_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      data)
{
  g_assert_true (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, NULL));
  note (data, "down");
}

static gboolean
note_run (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  note (data, "task");
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* The shutdown itself keeps it, up to its end. */
static void
test_during_shutdown (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, note_run, fixture, NULL));

  register_work (fixture, FIBER, NULL);
  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (task), NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  tend_task_manager_shutdown_async (fixture->manager, NULL, note_down_cb, fixture);
  drop_manager (fixture);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "task down gone");
}

static void
test_during_shutdown_without_callback (Fixture       *fixture,
                                       gconstpointer  unused)
{
  register_work (fixture, FIBER, NULL);
  g_object_weak_ref (G_OBJECT (fixture->manager), gone_cb, fixture);
  settle (fixture);
  tend_task_manager_shutdown_async (fixture->manager, NULL, NULL, NULL);
  drop_manager (fixture);
  settle (fixture);
  assert_log (fixture, "gone");
}

/* Bindings may dispose of an object that others still hold. */
static void
test_disposed_twice (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  register_work (fixture, FIBER, "n");
  settle (fixture);
  g_object_run_dispose (G_OBJECT (fixture->manager));
  g_object_run_dispose (G_OBJECT (fixture->manager));
  g_ptr_array_set_size (fixture->shadow, 0);
  assert_shadow (fixture);
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
  g_assert_null (tend_task_manager_register (fixture->manager, tend_task_new_open ("n", never_run, NULL, NULL),
                                             TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_SHUT_DOWN);
  tend_task_manager_shutdown_async (fixture->manager, NULL, note_down_cb, fixture);
  settle (fixture);
  assert_log (fixture, "down");
}

static gboolean
sleep_long (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  return tend_sleep (SECOND, error);
}

static void
note_stopped_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STOPPED);
  note (data, "stopped");
}

/* A shutdown task runs, another is to come, and somebody waits. */
static void
test_disposed_during_shutdown_task (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_autoptr(TendTask) first = watch (fixture, tend_task_new_fiber (NULL, sleep_long, NULL, NULL));
  g_autoptr(TendTask) second = watch (fixture, tend_task_new_open (NULL, never_run, NULL, NULL));

  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (first), NULL);
  tend_task_manager_add_shutdown_task (fixture->manager, g_object_ref (second), NULL);
  tend_task_manager_shutdown_async (fixture->manager, NULL, note_stopped_cb, fixture);
  settle (fixture);
  g_object_run_dispose (G_OBJECT (fixture->manager));
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "stopped");
  g_assert_cmpint (tend_task_get_status (first), ==, TEND_TASK_STATUS_STOPPED);
}

/* The tasks are being waited for. */
static void
test_disposed_during_grace_period (Fixture       *fixture,
                                   gconstpointer  unused)
{
  register_work (fixture, CALLBACK, NULL);
  settle (fixture);
  tend_task_manager_shutdown_async (fixture->manager, NULL, note_stopped_cb, fixture);
  g_object_run_dispose (G_OBJECT (fixture->manager));
  g_ptr_array_set_size (fixture->shadow, 0);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "stopped");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/dispose/every-kind", test_every_kind);
  add_test ("/tend/task-manager/dispose/waiting-and-delayed", test_waiting_and_delayed);
  add_test ("/tend/task-manager/dispose/from-another-thread", test_from_another_thread);

  add_test ("/tend/task-manager/dispose/inside-task-failed", test_inside_task_failed);
  add_test ("/tend/task-manager/dispose/inside-removal", test_inside_removal);
  add_test ("/tend/task-manager/dispose/inside-addition", test_inside_addition);
  add_test ("/tend/task-manager/dispose/inside-exit-handler", test_inside_exit_handler);
  add_test ("/tend/task-manager/dispose/inside-exit-handler-of-cancel-all", test_inside_exit_handler_of_cancel_all);
  add_test ("/tend/task-manager/dispose/inside-callback-of-waiter", test_inside_callback_of_waiter);
  add_test ("/tend/task-manager/dispose/inside-callback-of-wait-for-tasks", test_inside_callback_of_wait_for_tasks);
  add_test ("/tend/task-manager/dispose/inside-body", test_inside_body);
  add_test ("/tend/task-manager/dispose/inside-managed-fiber", test_inside_managed_fiber);

  add_test ("/tend/task-manager/dispose/nothing-is-registered-meanwhile", test_nothing_is_registered_meanwhile);
  add_test ("/tend/task-manager/dispose/shutdown-tasks-never-run", test_shutdown_tasks_never_run);
  add_test ("/tend/task-manager/dispose/during-shutdown", test_during_shutdown);
  add_test ("/tend/task-manager/dispose/during-shutdown-without-callback", test_during_shutdown_without_callback);
  add_test ("/tend/task-manager/dispose/twice", test_disposed_twice);
  add_test ("/tend/task-manager/dispose/during-shutdown-task", test_disposed_during_shutdown_task);
  add_test ("/tend/task-manager/dispose/during-grace-period", test_disposed_during_grace_period);

  return g_test_run ();
}
