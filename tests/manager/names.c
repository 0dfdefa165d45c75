// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Names of tasks: how long each stands for its task, what it finds, and what the list has.

#include "fixture.h"

static void
reuse_name_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  Fixture *fixture = data;
  TendTask *task = TEND_TASK (object);

  g_assert_true (tend_task_wait_finish (task, result, NULL));

  /* It has ended, and is still known: only its name is free. */
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == task);
  g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
  g_assert_cmpuint (n_tasks (fixture), ==, 0);

  register_callback (fixture, "n", count_run, NULL);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") != task);
  note (fixture, "told");
}

static void
waiter_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  Fixture *fixture = data;

  g_assert_true (tend_task_wait_finish (TEND_TASK (object), result, NULL));
  note (fixture, "told-too");
}

static void
test_name_is_free_before_it_is_forgotten (Fixture       *fixture,
                                          gconstpointer  unused)
{
  TendTask *task = register_callback (fixture, "n", count_run, NULL);

  tend_task_wait_async (task, NULL, reuse_name_cb, fixture);
  tend_task_wait_async (task, NULL, waiter_cb, fixture);
  g_main_context_iteration (NULL, TRUE);

  /* The first is forgotten now, and the second stands under the name. */
  assert_log (fixture, "told told-too");
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));

  settle (fixture);
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
}

static void
test_lookup_and_is_active (Fixture       *fixture,
                           gconstpointer  unused)
{
  Work *work = register_work (fixture, FIBER, "n");

  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == work->task);
  g_assert_true (tend_task_manager_is_active (fixture->manager, "n"));
  g_assert_null (tend_task_manager_lookup (fixture->manager, "m"));
  g_assert_false (tend_task_manager_is_active (fixture->manager, "m"));
  g_assert_null (tend_task_manager_lookup (fixture->manager, ""));

  work_let_go (work);
  settle (fixture);
  g_assert_null (tend_task_manager_lookup (fixture->manager, "n"));
  g_assert_false (tend_task_manager_is_active (fixture->manager, "n"));
}

/* A name is text and nothing else: no task is found by a part of it. */
static void
test_names_do_not_meet (Fixture       *fixture,
                        gconstpointer  unused)
{
  static const char *const names[] = { "test", "test 1", "test 2", "tést", "_check" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    register_work (fixture, CALLBACK, names[i]);
  register_work (fixture, CALLBACK, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (tend_task_get_name (tend_task_manager_lookup (fixture->manager, names[i])), ==, names[i]);
}

static void
test_list_is_in_order (Fixture       *fixture,
                       gconstpointer  unused)
{
  Work *works[N_KINDS];
  g_autoptr(GPtrArray) all = NULL;
  g_autoptr(GPtrArray) rest = NULL;

  for (Kind kind = 0; kind < N_KINDS; kind++)
    works[kind] = register_work (fixture, kind, NULL);
  all = tend_task_manager_list_tasks (fixture->manager);
  g_assert_cmpuint (all->len, ==, N_KINDS);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    g_assert_true (g_ptr_array_index (all, kind) == works[kind]->task);

  tend_task_cancel (works[FIBER]->task);
  rest = tend_task_manager_list_tasks (fixture->manager);
  g_assert_cmpuint (rest->len, ==, N_KINDS - 1);
  g_assert_true (g_ptr_array_index (rest, 0) == works[CALLBACK]->task);
  g_assert_true (g_ptr_array_index (rest, 1) == works[THREAD]->task);
  g_assert_true (g_ptr_array_index (rest, 2) == works[ASYNC]->task);
}

/* Two managers have nothing to do with each other. */
static void
test_managers_have_own_names (Fixture       *fixture,
                              gconstpointer  unused)
{
  TendTaskManager *other = tend_task_manager_new ();
  Work *work = register_work (fixture, FIBER, "n");
  g_autoptr(GError) error = NULL;

  g_assert_null (tend_task_manager_lookup (other, "n"));
  g_assert_false (tend_task_manager_register (other, g_object_ref (work->task), TEND_NAME_POLICY_REJECT, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
  g_assert_nonnull (tend_task_manager_register (other, tend_task_new_open ("n", never_run, NULL, NULL),
                                                TEND_NAME_POLICY_REJECT, NULL));

  g_assert_finalize_object (other);
  settle (fixture);
  g_assert_true (tend_task_is_running (work->task));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/names/free-before-it-is-forgotten", test_name_is_free_before_it_is_forgotten);
  add_test ("/tend/task-manager/names/lookup-and-is-active", test_lookup_and_is_active);
  add_test ("/tend/task-manager/names/do-not-meet", test_names_do_not_meet);
  add_test ("/tend/task-manager/names/list-is-in-order", test_list_is_in_order);
  add_test ("/tend/task-manager/names/each-manager-has-its-own", test_managers_have_own_names);

  return g_test_run ();
}
