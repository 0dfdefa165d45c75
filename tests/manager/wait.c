// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waiting for the tasks of a manager.

#include "fixture.h"

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  Fixture *fixture = data;
  g_autoptr(GError) error = NULL;

  assert_is_native (fixture);
  if (tend_task_manager_wait_for_tasks_finish (TEND_TASK_MANAGER (object), result, &error))
    {
      g_assert_no_error (error);
      note (fixture, "waited");
    }
  else
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      note (fixture, "given-up");
    }
}

static void
wait_for_tasks (Fixture *fixture)
{
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, waited_cb, fixture);
}

static void
test_empty_manager (Fixture       *fixture,
                    gconstpointer  unused)
{
  wait_for_tasks (fixture);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "waited");
}

static void
test_every_kind (Fixture       *fixture,
                 gconstpointer  unused)
{
  Work *works[N_KINDS];

  for (Kind kind = 0; kind < N_KINDS; kind++)
    works[kind] = register_work (fixture, kind, NULL);
  wait_for_tasks (fixture);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      work_wait_begun (works[kind]);
      assert_log (fixture, "");
      work_let_go (works[kind]);
      work_wait_gone (works[kind]);
    }
  settle (fixture);
  assert_log (fixture, "waited");
}

/* In whichever way they end, the wait is for all of them, and goes well. */
static void
test_every_ending (Fixture       *fixture,
                   gconstpointer  unused)
{
  Work *cancelled = register_work (fixture, FIBER, NULL);
  Work *stopped = register_work (fixture, FIBER, NULL);
  Work *pending = register_work (fixture, FIBER, NULL);

  tend_task_cancel (pending->task);
  pending = register_work (fixture, FIBER, NULL);
  register_callback (fixture, NULL, fail_at_once, NULL);
  wait_for_tasks (fixture);
  tend_task_cancel (pending->task);
  settle (fixture);
  tend_task_cancel (cancelled->task);
  settle (fixture);
  assert_log (fixture, "");
  tend_task_stop (stopped->task);
  settle (fixture);
  assert_log (fixture, "waited");
}

/* A thread that was stopped has ended for everybody, but the wait is for its real end. */
static void
test_stopped_thread (Fixture       *fixture,
                     gconstpointer  unused)
{
  Work *work = register_work (fixture, THREAD, NULL);

  work->is_deaf = TRUE;
  work_wait_begun (work);
  wait_for_tasks (fixture);
  tend_task_stop (work->task);
  settle (fixture);
  assert_log (fixture, "");
  work_let_go (work);
  work_wait_gone (work);
  settle (fixture);
  assert_log (fixture, "waited");
}

static void
test_later_tasks_are_not_waited_for (Fixture       *fixture,
                                     gconstpointer  unused)
{
  Work *first = register_work (fixture, FIBER, NULL);
  Work *second;

  wait_for_tasks (fixture);
  second = register_work (fixture, FIBER, NULL);
  settle (fixture);

  /* One that comes and goes meanwhile must not be counted for another. */
  register_callback (fixture, NULL, count_run, NULL);
  settle (fixture);
  assert_log (fixture, "");

  work_let_go (first);
  settle (fixture);
  assert_log (fixture, "waited");
  g_assert_true (tend_task_is_running (second->task));
}

static void
test_several_waits (Fixture       *fixture,
                    gconstpointer  unused)
{
  Work *works[3];

  for (guint i = 0; i < G_N_ELEMENTS (works); i++)
    {
      works[i] = register_work (fixture, FIBER, NULL);
      wait_for_tasks (fixture);
    }
  settle (fixture);
  work_let_go (works[2]);
  settle (fixture);
  assert_log (fixture, "");
  work_let_go (works[0]);
  settle (fixture);
  assert_log (fixture, "waited");
  work_let_go (works[1]);
  settle (fixture);
  assert_log (fixture, "waited waited");
}

static void
test_given_up (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Work *work = register_work (fixture, FIBER, NULL);

  tend_task_manager_wait_for_tasks_async (fixture->manager, cancellable, waited_cb, fixture);
  wait_for_tasks (fixture);
  settle (fixture);
  g_cancellable_cancel (cancellable);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "given-up");
  g_assert_true (tend_task_is_running (work->task));

  work_let_go (work);
  settle (fixture);
  assert_log (fixture, "waited");
}

static void
test_given_up_before (Fixture       *fixture,
                      gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Work *work = register_work (fixture, FIBER, NULL);

  g_cancellable_cancel (cancellable);
  tend_task_manager_wait_for_tasks_async (fixture->manager, cancellable, waited_cb, fixture);
  settle (fixture);
  assert_log (fixture, "given-up");
  work_let_go (work);
}

static void
test_given_up_in_turn_of_end (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Work *work = register_work (fixture, FIBER, NULL);

  settle (fixture);
  tend_task_manager_wait_for_tasks_async (fixture->manager, cancellable, waited_cb, fixture);
  work_let_go (work);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  g_assert_cmpuint (fixture->log->len, >, 0);
  assert_log (fixture, "given-up");
}

/* --- Reentrancy --- */

static void
wait_again_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  Fixture *fixture = data;

  waited_cb (object, result, data);
  register_callback (fixture, NULL, count_run, NULL);
  wait_for_tasks (fixture);
}

static void
test_callback_registers_and_waits_again (Fixture       *fixture,
                                         gconstpointer  unused)
{
  register_callback (fixture, NULL, count_run, NULL);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, wait_again_cb, fixture);
  wait_for_tasks (fixture);
  settle (fixture);
  assert_log (fixture, "waited waited waited");
}

static void
nest_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      data)
{
  Fixture *fixture = data;
  guint n_changes = fixture->n_changes;

  waited_cb (object, result, data);
  note (fixture, "(");
  register_callback (fixture, NULL, count_run, NULL);
  while (fixture->n_changes < n_changes + 2)
    g_main_context_iteration (NULL, TRUE);
  note (fixture, ")");
}

/* A callback may run a main loop of its own, in which other tasks and waits end. */
static void
test_callback_runs_a_nested_loop (Fixture       *fixture,
                                  gconstpointer  unused)
{
  register_callback (fixture, NULL, count_run, NULL);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, nest_cb, fixture);
  tend_task_manager_wait_for_tasks_async (fixture->manager, NULL, nest_cb, fixture);
  wait_for_tasks (fixture);
  settle (fixture);
  assert_log (fixture, "waited ( ) waited ( ) waited");
}

static void
wait_when_removed_cb (GListModel *model,
                      guint       position,
                      guint       n_removed,
                      guint       n_added,
                      gpointer    data)
{
  if (n_removed > 0)
    wait_for_tasks (data);
}

/* A wait that begins while the end of a task is told is not for that task. */
static void
test_begun_while_a_task_leaves (Fixture       *fixture,
                                gconstpointer  unused)
{
  Work *work = register_work (fixture, FIBER, NULL);
  gulong handler = g_signal_connect (fixture->manager, "items-changed", G_CALLBACK (wait_when_removed_cb), fixture);

  register_callback (fixture, NULL, count_run, NULL);
  settle (fixture);
  assert_log (fixture, "");
  g_signal_handler_disconnect (fixture->manager, handler);
  work_let_go (work);
  settle (fixture);
  assert_log (fixture, "waited");
}

/* --- In fibers --- */

static gboolean
wait_in_fiber (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Fixture *fixture = data;

  if (!tend_task_manager_wait_for_tasks (fixture->manager, error))
    {
      note (fixture, "fiber-gave-up");
      return FALSE;
    }

  note (fixture, "fiber-waited");
  return TRUE;
}

static void
test_inside_managed_fiber (Fixture       *fixture,
                           gconstpointer  unused)
{
  Work *work = register_work (fixture, FIBER, NULL);

  register_fiber (fixture, "n", wait_in_fiber, fixture);
  settle (fixture);
  assert_log (fixture, "");
  work_let_go (work);
  settle (fixture);
  assert_log (fixture, "fiber-waited");
}

static void
test_alone_in_manager (Fixture       *fixture,
                       gconstpointer  unused)
{
  register_fiber (fixture, "n", wait_in_fiber, fixture);
  settle (fixture);
  assert_log (fixture, "fiber-waited");
}

static gboolean
complete_cb (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  tend_task_return_boolean (task, TRUE);
  return FALSE;
}

static gboolean
wait_in_callback (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  wait_for_tasks (data);
  tend_task_add_timer (task, SECOND, -1, complete_cb, NULL, NULL);

  return TRUE;
}

/* The task that waits is not waited for, although it goes on. */
static void
test_inside_managed_callback (Fixture       *fixture,
                              gconstpointer  unused)
{
  Work *work = register_work (fixture, FIBER, NULL);

  register_callback (fixture, NULL, wait_in_callback, fixture);
  settle (fixture);
  work_let_go (work);
  settle (fixture);
  assert_log (fixture, "waited");
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

static void
test_cancelled_in_fiber (Fixture       *fixture,
                         gconstpointer  unused)
{
  Work *work = register_work (fixture, FIBER, NULL);

  register_fiber (fixture, "cancelled", wait_in_fiber, fixture);
  register_fiber (fixture, "stopped", wait_in_fiber, fixture);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, "cancelled");
  settle (fixture);
  assert_log (fixture, "fiber-gave-up");
  tend_task_stop (tend_task_manager_lookup (fixture->manager, "stopped"));
  settle (fixture);
  assert_log (fixture, "fiber-gave-up");
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  work_let_go (work);
}

static gboolean
sleep_a_second (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  return tend_sleep (SECOND, error);
}

static gboolean
whole_program (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Fixture *fixture = data;
  gint64 begin = tend_clock_get_time (fixture->clock);

  register_fiber (fixture, NULL, sleep_a_second, NULL);
  if (!tend_task_manager_wait_for_tasks (fixture->manager, error))
    return FALSE;

  g_assert_cmpint (tend_clock_get_time (fixture->clock) - begin, ==, SECOND);
  return TRUE;
}

/* Virtual time goes on while a fiber waits for tasks: they are not outside of the context. */
static void
test_time_jumps_meanwhile (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_run (whole_program, fixture, &error));
  g_assert_no_error (error);

  register_fiber (fixture, NULL, sleep_a_second, NULL);
  register_fiber (fixture, NULL, wait_in_fiber, fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "fiber-waited");
}

static void
test_outside_fiber (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_task_manager_wait_for_tasks (fixture->manager, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  g_assert_nonnull (strstr (error->message, "tend_task_manager_wait_for_tasks"));
}

static gboolean
wait_elsewhere (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  return tend_task_manager_wait_for_tasks (((Fixture *) data)->manager, error);
}

static gpointer
wait_in_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GError) error = NULL;

  g_main_context_push_thread_default (context);
  g_assert_false (tend_run (wait_elsewhere, data, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_fiber_of_other_thread (Fixture       *fixture,
                            gconstpointer  unused)
{
  register_work (fixture, FIBER, NULL);
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("elsewhere", wait_in_thread, fixture));
  g_main_context_release (NULL);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/wait/empty-manager", test_empty_manager);
  add_test ("/tend/task-manager/wait/every-kind", test_every_kind);
  add_test ("/tend/task-manager/wait/every-ending", test_every_ending);
  add_test ("/tend/task-manager/wait/stopped-thread", test_stopped_thread);
  add_test ("/tend/task-manager/wait/later-tasks-are-not-waited-for", test_later_tasks_are_not_waited_for);
  add_test ("/tend/task-manager/wait/several", test_several_waits);
  add_test ("/tend/task-manager/wait/given-up", test_given_up);
  add_test ("/tend/task-manager/wait/given-up-before", test_given_up_before);
  add_test ("/tend/task-manager/wait/given-up-in-turn-of-end", test_given_up_in_turn_of_end);

  add_test ("/tend/task-manager/wait/callback-registers-and-waits-again", test_callback_registers_and_waits_again);
  add_test ("/tend/task-manager/wait/callback-runs-a-nested-loop", test_callback_runs_a_nested_loop);
  add_test ("/tend/task-manager/wait/begun-while-a-task-leaves", test_begun_while_a_task_leaves);

  add_test ("/tend/task-manager/wait/inside-managed-fiber", test_inside_managed_fiber);
  add_test ("/tend/task-manager/wait/alone-in-manager", test_alone_in_manager);
  add_test ("/tend/task-manager/wait/inside-managed-callback", test_inside_managed_callback);
  add_test ("/tend/task-manager/wait/cancelled-in-fiber", test_cancelled_in_fiber);
  add_test ("/tend/task-manager/wait/time-jumps-meanwhile", test_time_jumps_meanwhile);
  add_test ("/tend/task-manager/wait/outside-fiber", test_outside_fiber);
  add_test ("/tend/task-manager/wait/fiber-of-other-thread", test_fiber_of_other_thread);

  return g_test_run ();
}
