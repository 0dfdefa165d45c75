// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How managers below managers end: with the one above, before its shutdown tasks and within its grace
// period, or alone. In each test the virtual time that it takes is known.

#include "children.h"

static gboolean
clean_up_for_a_second (TendTask  *task,
                       gpointer   data,
                       GError   **error)
{
  gboolean slept = tend_sleep (3600 * SECOND, error);

  g_assert_false (slept);
  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_pop ();
  note (data, "clean");

  return FALSE;
}

/* --- From above --- */

static void
test_children_go_first (Fixture       *fixture,
                        gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);

  note_in (fixture, fixture->manager, "parent");
  note_in (fixture, child, "child");
  note_in (fixture, grandchild, "grandchild");
  fiber_in (fixture, fixture->manager, NULL, clean_up_for_a_second, fixture);
  fiber_in (fixture, grandchild, NULL, clean_up_for_a_second, fixture);
  settle (fixture);

  shut_down (fixture);
  g_assert_true (tend_task_manager_is_shut_down (child));
  g_assert_true (tend_task_manager_is_shut_down (grandchild));
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "clean clean grandchild child parent down");

  /* They have left it, and nobody keeps them. */
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
test_errors_come_one_by_one (Fixture       *fixture,
                             gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);
  g_autoptr(GPtrArray) errors = NULL;

  shutdown_task_in (fixture, fixture->manager, tend_task_new_open ("parent", fail_at_once, NULL, NULL));
  shutdown_task_in (fixture, child, tend_task_new_open ("child", fail_at_once, NULL, NULL));
  shutdown_task_in (fixture, grandchild, tend_task_new_open ("first", fail_at_once, NULL, NULL));
  shutdown_task_in (fixture, grandchild, tend_task_new_open ("second", fail_at_once, NULL, NULL));
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "errors");

  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 4);
  assert_message (errors, 0, "first failed");
  assert_message (errors, 1, "second failed");
  assert_message (errors, 2, "child failed");
  assert_message (errors, 3, "parent failed");
}

static void
test_grace_period_of_parent_ends_that_of_children (Fixture       *fixture,
                                                   gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);
  g_autoptr(GPtrArray) errors = NULL;

  tend_task_manager_set_grace_period (fixture->manager, SECOND);
  tend_task_manager_set_grace_period (child, 3600 * SECOND);
  tend_task_manager_set_grace_period (grandchild, 3600 * SECOND);
  callback_in (fixture, grandchild, "below", ignore_cancel, NULL);
  callback_in (fixture, child, "between", ignore_cancel, NULL);
  note_in (fixture, fixture->manager, "parent");
  settle (fixture);

  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "parent errors");
  errors = take_errors (fixture);
  g_assert_cmpuint (errors->len, ==, 2);
  assert_message (errors, 0, "'between'");
  assert_message (errors, 1, "'below'");
  assert_message (errors, 1, "did not end within 1.000 s");
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
test_shorter_grace_period_of_child_stands (Fixture       *fixture,
                                           gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  tend_task_manager_set_grace_period (child, SECOND);
  callback_in (fixture, child, NULL, ignore_cancel, NULL);
  note_in (fixture, fixture->manager, "parent");
  settle (fixture);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "parent error");
}

static void
test_thread_of_child_is_not_waited_for (Fixture       *fixture,
                                        gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = g_object_ref (add_child (fixture, fixture->manager));
  Work *thread = work_in (fixture, child, THREAD, NULL);

  thread->is_deaf = TRUE;
  work_wait_begun (thread);
  note_in (fixture, child, "child");
  note_in (fixture, fixture->manager, "parent");
  shut_down (fixture);
  tend_clock_advance (fixture->clock, 5 * SECOND - 1, NULL);
  assert_log (fixture, "");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "child parent error");
  g_assert_null (tend_task_manager_get_parent (child));

  work_let_go (thread);
  work_wait_gone (thread);
}

/* --- From below --- */

static gboolean
shut_parent_down (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  Fixture *fixture = data;

  if (!tend_task_manager_shutdown (fixture->manager, error))
    {
      note (fixture, "gave-up");
      return FALSE;
    }

  note (fixture, "fiber-down");
  return TRUE;
}

static void
test_task_of_child_shuts_parent_down (Fixture       *fixture,
                                      gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);
  g_autoptr(TendTask) task = NULL;

  fiber_in (fixture, child, NULL, clean_up_for_a_second, fixture);
  settle (fixture);
  task = g_object_ref (fiber_in (fixture, grandchild, NULL, shut_parent_down, fixture));
  note_in (fixture, child, "child");
  note_in (fixture, fixture->manager, "parent");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "clean child parent fiber-down");
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_COMPLETED);
}

/* Goes on for a while, whatever it is asked, and only then shuts the parent down, or waits for that. */
static gboolean
clean_up_and_join (TendTask  *task,
                   gpointer   data,
                   GError   **error)
{
  gboolean joined;

  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  joined = shut_parent_down (task, data, error);
  tend_shield_pop ();

  return joined;
}

/* Both wait for all the others, and neither for the other: they are all that is left in the child. */
static void
test_tasks_of_child_shut_parent_down (Fixture       *fixture,
                                      gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  fiber_in (fixture, child, NULL, clean_up_and_join, fixture);
  fiber_in (fixture, child, NULL, clean_up_and_join, fixture);
  note_in (fixture, fixture->manager, "parent");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "parent fiber-down fiber-down");
}

/* It is all that the shutdown waits for, until it waits for that itself: nobody waits for the grace period. */
static void
test_task_below_joins_late (Fixture       *fixture,
                            gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild;

  fiber_in (fixture, child, NULL, clean_up_and_join, fixture);
  note_in (fixture, fixture->manager, "parent");
  settle (fixture);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "parent down fiber-down");

  /* Also two levels below. */
  g_object_unref (fixture->manager);
  fixture->manager = tend_task_manager_new ();
  child = add_child (fixture, fixture->manager);
  grandchild = add_child (fixture, child);
  fiber_in (fixture, grandchild, NULL, clean_up_and_join, fixture);
  note_in (fixture, child, "child");
  settle (fixture);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "child down fiber-down");
}

/* Its wait for the parent fails, since it was cancelled: then it is waited for as any other. */
static gboolean
give_up_and_clean_up (TendTask  *task,
                      gpointer   data,
                      GError   **error)
{
  gboolean slept = tend_sleep (3600 * SECOND, error);

  g_assert_false (slept);
  g_assert_false (shut_parent_down (task, data, NULL));
  tend_shield_push ();
  g_assert_true (tend_sleep (SECOND, NULL));
  tend_shield_pop ();
  note (data, "clean");

  return FALSE;
}

/* Begins the shutdown, is cancelled while it waits for it, and cleans up. */
static gboolean
shut_parent_down_and_clean_up (TendTask  *task,
                               gpointer   data,
                               GError   **error)
{
  if (!shut_parent_down (task, data, error))
    {
      tend_shield_push ();
      g_assert_true (tend_sleep (SECOND, NULL));
      tend_shield_pop ();
      note (data, "clean");
      return FALSE;
    }

  return TRUE;
}

static void
test_task_of_child_that_gives_up_is_waited_for (Fixture       *fixture,
                                                gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTask *task;

  fiber_in (fixture, child, NULL, give_up_and_clean_up, fixture);
  note_in (fixture, child, "child");
  settle (fixture);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "gave-up clean child down");

  /* Also if it was the one that has begun the shutdown. */
  g_object_unref (fixture->manager);
  fixture->manager = tend_task_manager_new ();
  child = add_child (fixture, fixture->manager);
  note_in (fixture, child, "child");
  fiber_in (fixture, child, NULL, clean_up_for_a_second, fixture);
  settle (fixture);
  task = fiber_in (fixture, child, NULL, shut_parent_down_and_clean_up, fixture);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  tend_task_cancel (task);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "gave-up clean clean child");
}

static gboolean
call_parent (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  note (data, "calls");
  shut_down (data);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* The parent's shutdown waits for the child's, and that for the task: it begins, and the task is told. */
static void
test_shutdown_task_of_child_shuts_parent_down (Fixture       *fixture,
                                               gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  g_autoptr(GPtrArray) errors = NULL;

  note_in (fixture, fixture->manager, "parent");
  shutdown_task_in (fixture, child, tend_task_new_open (NULL, call_parent, fixture, NULL));
  note_in (fixture, child, "child");
  tend_task_manager_shutdown_async (child, NULL, NULL, NULL);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "calls child error parent");
  errors = take_errors (fixture);
  g_assert_error (get_error (errors, 0), TEND_ERROR, TEND_ERROR_STATE);

  /* The refusal is the caller's, and none of the errors of the shutdown. */
  shut_down (fixture);
  settle (fixture);
  assert_log (fixture, "down");
}

static gboolean
wait_for_parent (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(GError) refused = NULL;

  g_assert_false (tend_task_manager_shutdown (fixture->manager, &refused));
  g_assert_error (refused, TEND_ERROR, TEND_ERROR_STATE);
  note (fixture, "refused");
  if (!tend_sleep (SECOND, error))
    return FALSE;

  note (fixture, "slept");
  return TRUE;
}

/* Two levels below, while the shutdown of all goes on: nobody gets ahead of it. */
static void
test_shutdown_task_of_grandchild_waits_for_all (Fixture       *fixture,
                                                gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);

  note_in (fixture, fixture->manager, "parent");
  note_in (fixture, child, "child");
  shutdown_task_in (fixture, grandchild, tend_task_new_fiber (NULL, wait_for_parent, fixture, NULL));
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "refused slept child parent down");
}

/* --- Alone --- */

static void
child_down_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  g_autoptr(GError) error = NULL;

  tend_task_manager_shutdown_finish (TEND_TASK_MANAGER (object), result, &error);
  g_assert_no_error (error);
  g_assert_null (tend_task_manager_get_parent (TEND_TASK_MANAGER (object)));
  note (data, "child-down");
}

static void
test_child_alone_leaves_its_parent (Fixture       *fixture,
                                    gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  Work *above, *next;

  tend_task_manager_set_max_running (fixture->manager, 2);
  above = register_work (fixture, FIBER, NULL);
  fiber_in (fixture, child, NULL, clean_up_for_a_second, fixture);
  settle (fixture);
  next = register_work (fixture, FIBER, NULL);
  tend_task_manager_shutdown_async (child, NULL, child_down_cb, fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND);
  assert_log (fixture, "clean child-down");

  g_assert_false (tend_task_manager_is_shut_down (fixture->manager));
  g_assert_true (tend_task_is_running (above->task));
  g_assert_true (work_has_run (next));
  next = register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_false (work_has_run (next));
}

static void
test_shutdown_of_child_is_joined (Fixture       *fixture,
                                  gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  fiber_in (fixture, child, NULL, clean_up_for_a_second, fixture);
  note_in (fixture, fixture->manager, "parent");
  settle (fixture);
  tend_task_manager_shutdown_async (child, NULL, child_down_cb, fixture);
  tend_clock_advance (fixture->clock, SECOND / 2, NULL);
  shut_down (fixture);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, SECOND / 2);
  assert_log (fixture, "clean child-down parent down");
}

static void
test_removed_meanwhile (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = g_object_ref (add_child (fixture, fixture->manager));

  callback_in (fixture, child, NULL, ignore_cancel, NULL);
  note_in (fixture, child, "child");
  note_in (fixture, fixture->manager, "parent");
  settle (fixture);
  shut_down (fixture);
  settle (fixture);
  tend_task_manager_remove_child (fixture->manager, child);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 5 * SECOND);
  assert_log (fixture, "child parent error");
}

/* It belongs to nobody above any more, and so only its own grace period ends it. */
static void
test_removed_meanwhile_keeps_its_grace_period (Fixture       *fixture,
                                               gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = g_object_ref (add_child (fixture, fixture->manager));

  tend_task_manager_set_grace_period (child, 20 * SECOND);
  callback_in (fixture, child, NULL, ignore_cancel, NULL);
  note_in (fixture, fixture->manager, "parent");
  settle (fixture);
  shut_down (fixture);
  tend_task_manager_remove_child (fixture->manager, child);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 20 * SECOND);
  assert_log (fixture, "parent error");
}

static void
note_end (TendTask *task,
          gpointer  data)
{
  note (data, "%s", tend_task_status_to_string (tend_task_get_status (task)));
}

static void
test_parent_finalized_without_shutdown (Fixture       *fixture,
                                        gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = g_object_ref (add_child (fixture, fixture->manager));
  TendTaskManager *grandchild = add_child (fixture, child);

  tend_task_add_exit_handler (work_in (fixture, child, FIBER, NULL)->task, note_end, fixture, NULL);
  tend_task_add_exit_handler (work_in (fixture, grandchild, FIBER, NULL)->task, note_end, fixture, NULL);
  settle (fixture);
  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  settle (fixture);
  assert_log (fixture, "cancelled");

  /* The child is somebody else's as well, and goes on; it goes, and the grandchild with it. */
  g_assert_null (tend_task_manager_get_parent (child));
  callback_in (fixture, child, NULL, note_name, fixture);
  settle (fixture);
  g_string_truncate (fixture->log, 0);
  g_clear_object (&child);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
  assert_log (fixture, "cancelled");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_shutdown_test ("/tend/task-manager/children/go-first", test_children_go_first);
  add_shutdown_test ("/tend/task-manager/children/errors-come-one-by-one", test_errors_come_one_by_one);
  add_shutdown_test ("/tend/task-manager/children/grace-period-of-parent-ends-theirs",
                     test_grace_period_of_parent_ends_that_of_children);
  add_shutdown_test ("/tend/task-manager/children/shorter-grace-period-stands",
                     test_shorter_grace_period_of_child_stands);
  add_shutdown_test ("/tend/task-manager/children/thread-is-not-waited-for",
                     test_thread_of_child_is_not_waited_for);

  add_shutdown_test ("/tend/task-manager/children/task-shuts-parent-down", test_task_of_child_shuts_parent_down);
  add_shutdown_test ("/tend/task-manager/children/tasks-shut-parent-down", test_tasks_of_child_shut_parent_down);
  add_shutdown_test ("/tend/task-manager/children/task-that-joins-late", test_task_below_joins_late);
  add_shutdown_test ("/tend/task-manager/children/task-that-gives-up-is-waited-for",
                     test_task_of_child_that_gives_up_is_waited_for);
  add_shutdown_test ("/tend/task-manager/children/shutdown-task-shuts-parent-down",
                     test_shutdown_task_of_child_shuts_parent_down);
  add_shutdown_test ("/tend/task-manager/children/shutdown-task-of-grandchild-waits-for-all",
                     test_shutdown_task_of_grandchild_waits_for_all);

  add_shutdown_test ("/tend/task-manager/children/shut-down-alone", test_child_alone_leaves_its_parent);
  add_shutdown_test ("/tend/task-manager/children/shutdown-is-joined", test_shutdown_of_child_is_joined);
  add_shutdown_test ("/tend/task-manager/children/removed-during-shutdown", test_removed_meanwhile);
  add_shutdown_test ("/tend/task-manager/children/removed-during-shutdown-keeps-its-grace-period",
                     test_removed_meanwhile_keeps_its_grace_period);
  add_shutdown_test ("/tend/task-manager/children/parent-finalized-without-shutdown",
                     test_parent_finalized_without_shutdown);

  return g_test_run ();
}
