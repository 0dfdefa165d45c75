// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Managers below managers: who may stand below whom, and limits that hold for all of them together.
// How they end: children-end.c. Their rates: rate.c.

#include "children.h"

/* --- Parent and child --- */

static void
test_parent_keeps_child (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  g_autoptr(TendTaskManager) parent = NULL;

  g_assert_null (tend_task_manager_get_parent (fixture->manager));
  g_object_get (child, "parent", &parent, NULL);
  g_assert_true (parent == fixture->manager);
  g_clear_object (&parent);

  g_assert_cmpuint (fixture->n_alive, ==, 1);
  tend_task_manager_remove_child (fixture->manager, child);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

static void
test_child_does_not_keep_parent (Fixture       *fixture,
                                 gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = g_object_ref (add_child (fixture, fixture->manager));

  g_assert_finalize_object (g_steal_pointer (&fixture->manager));
  g_assert_null (tend_task_manager_get_parent (child));
  g_assert_false (tend_task_manager_is_shut_down (child));
}

static void
test_removing_a_stranger_does_nothing (Fixture       *fixture,
                                       gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);
  g_autoptr(TendTaskManager) stranger = tend_task_manager_new ();

  tend_task_manager_remove_child (fixture->manager, stranger);
  tend_task_manager_remove_child (fixture->manager, grandchild);
  tend_task_manager_remove_child (grandchild, child);
  tend_task_manager_remove_child (fixture->manager, fixture->manager);
  g_assert_true (tend_task_manager_get_parent (grandchild) == child);
  g_assert_true (tend_task_manager_get_parent (child) == fixture->manager);
}

static void
assert_refused (TendTaskManager *parent,
                TendTaskManager *child,
                TendError    code)
{
  g_autoptr(GError) error = NULL;
  TendTaskManager *before = tend_task_manager_get_parent (child);

  g_assert_false (tend_task_manager_add_child (parent, child, &error));
  g_assert_error (error, TEND_ERROR, (int) code);
  g_assert_true (tend_task_manager_get_parent (child) == before);
}

static void
test_a_circle_is_refused (Fixture       *fixture,
                          gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);

  assert_refused (fixture->manager, fixture->manager, TEND_ERROR_STATE);
  assert_refused (child, fixture->manager, TEND_ERROR_STATE);
  assert_refused (grandchild, fixture->manager, TEND_ERROR_STATE);
}

static void
test_a_second_parent_is_refused (Fixture       *fixture,
                                 gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  g_autoptr(TendTaskManager) other = tend_task_manager_new ();

  assert_refused (other, child, TEND_ERROR_STATE);
  assert_refused (fixture->manager, child, TEND_ERROR_STATE);

  /* After it has left it may have another. */
  g_object_ref (child);
  tend_task_manager_remove_child (fixture->manager, child);
  g_assert_true (tend_task_manager_add_child (other, child, NULL));
  g_object_unref (child);
  g_assert_true (tend_task_manager_get_parent (child) == other);
}

static void
test_another_context_is_refused (Fixture       *fixture,
                                 gconstpointer  unused)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(TendTaskManager) stranger = NULL;

  g_main_context_push_thread_default (context);
  stranger = tend_task_manager_new ();
  g_main_context_pop_thread_default (context);
  assert_refused (fixture->manager, stranger, TEND_ERROR_WRONG_THREAD);

  g_main_context_push_thread_default (context);
  g_clear_object (&stranger);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
}

static void
test_after_the_shutdown_is_refused (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_autoptr(TendTaskManager) open = tend_task_manager_new ();

  shut_down (fixture);
  assert_refused (fixture->manager, open, TEND_ERROR_SHUT_DOWN);
  assert_refused (open, fixture->manager, TEND_ERROR_SHUT_DOWN);
  settle (fixture);
  assert_refused (fixture->manager, open, TEND_ERROR_SHUT_DOWN);
  assert_refused (open, fixture->manager, TEND_ERROR_SHUT_DOWN);
}

static void
notified_cb (TendTaskManager *child,
             GParamSpec      *pspec,
             gpointer         data)
{
  assert_is_native (data);
  note (data, tend_task_manager_get_parent (child) != NULL ? "has" : "none");
}

static gboolean
add_and_remove (TendTask  *task,
                gpointer   data,
                GError   **error)
{
  Fixture *fixture = data;
  g_autoptr(TendTaskManager) child = watch (fixture, tend_task_manager_new ());

  g_signal_connect (child, "notify::parent", G_CALLBACK (notified_cb), fixture);
  g_assert_true (tend_task_manager_add_child (fixture->manager, child, NULL));
  tend_task_manager_remove_child (fixture->manager, child);
  tend_task_manager_remove_child (fixture->manager, child);
  return TRUE;
}

static void
test_notifies (Fixture       *fixture,
               gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);

  g_signal_connect (child, "notify::parent", G_CALLBACK (notified_cb), fixture);
  assert_refused (child, fixture->manager, TEND_ERROR_STATE);
  assert_log (fixture, "");
  tend_task_manager_remove_child (fixture->manager, child);
  assert_log (fixture, "none");

  register_fiber (fixture, NULL, add_and_remove, fixture);
  settle (fixture);
  assert_log (fixture, "has none");
}

static void
test_names_are_its_own (Fixture       *fixture,
                        gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  Work *above = work_in (fixture, fixture->manager, FIBER, "n");
  Work *below = work_in (fixture, child, FIBER, "n");

  settle (fixture);
  g_assert_true (tend_task_manager_lookup (fixture->manager, "n") == above->task);
  g_assert_true (tend_task_manager_lookup (child, "n") == below->task);

  /* And so is what a cancelling of all reaches. */
  tend_task_manager_cancel_all (fixture->manager);
  settle (fixture);
  g_assert_cmpuint (above->n_freed, ==, 1);
  g_assert_true (tend_task_is_running (below->task));
}

/* --- Limits --- */

static void
test_limits_nest (Fixture       *fixture,
                  gconstpointer  unused)
{
  TendTaskManager *managers[3] = { fixture->manager };
  Work *works[3][4];
  guint n_rounds = 0, n_done = 0;

  managers[1] = add_child (fixture, managers[0]);
  managers[2] = add_child (fixture, managers[1]);
  for (guint i = 0; i < 3; i++)
    tend_task_manager_set_max_running (managers[i], 3 - i);
  for (guint i = 0; i < 4; i++)
    {
      for (guint m = 0; m < 3; m++)
        works[m][i] = work_in (fixture, managers[m], i % 2 ? FIBER : CALLBACK, NULL);
    }

  while (n_done < 12)
    {
      settle (fixture);
      g_assert_cmpuint (count_running (managers[2]), <=, 1);
      g_assert_cmpuint (count_running (managers[2]) + count_running (managers[1]), <=, 2);
      g_assert_cmpuint (count_running (managers[2]) + count_running (managers[1]) + count_running (managers[0]),
                        ==, MIN (3, 12 - n_done));

      /* The one that ends is now of this manager, now of that. */
      for (guint i = 0; i < 12; i++)
        {
          Work *work = works[(i + n_rounds) % 3][i / 3];

          if (work_has_run (work) && work->n_freed == 0)
            {
              work_let_go (work);
              break;
            }
        }
      settle (fixture);
      n_rounds++;
      n_done++;
    }

  for (guint m = 0; m < 3; m++)
    g_assert_cmpuint (tend_task_manager_get_n_tasks (managers[m], TEND_TASK_STATUS_COMPLETED), ==, 4);
}

/* A slot that one child gives back goes to another, or to the parent. */
static void
test_slots_go_from_one_to_another (Fixture       *fixture,
                                   gconstpointer  unused)
{
  TendTaskManager *a = add_child (fixture, fixture->manager);
  TendTaskManager *b = add_child (fixture, fixture->manager);
  Work *first, *second, *third;

  tend_task_manager_set_max_running (fixture->manager, 1);
  first = work_in (fixture, a, FIBER, NULL);
  settle (fixture);
  second = work_in (fixture, b, FIBER, NULL);
  settle (fixture);
  third = work_in (fixture, fixture->manager, FIBER, NULL);
  settle (fixture);
  g_assert_false (work_has_run (second));

  work_let_go (first);
  settle (fixture);
  g_assert_true (work_has_run (second));
  g_assert_false (work_has_run (third));
  work_let_go (second);
  settle (fixture);
  g_assert_true (work_has_run (third));
}

/* A child that has no room itself does not keep its siblings from theirs. */
static void
test_full_child_is_in_nobodys_way (Fixture       *fixture,
                                   gconstpointer  unused)
{
  TendTaskManager *a = add_child (fixture, fixture->manager);
  TendTaskManager *b = add_child (fixture, fixture->manager);
  Work *works[4];

  tend_task_manager_set_max_running (fixture->manager, 3);
  tend_task_manager_set_max_running (a, 1);
  for (guint i = 0; i < 3; i++)
    works[i] = work_in (fixture, a, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_running (a), ==, 1);
  works[3] = work_in (fixture, b, FIBER, NULL);
  settle (fixture);
  g_assert_true (work_has_run (works[3]));
}

static void
test_removed_with_running_and_waiting_tasks (Fixture       *fixture,
                                             gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = g_object_ref (add_child (fixture, fixture->manager));
  TendTaskManager *grandchild = add_child (fixture, child);
  Work *works[6];

  tend_task_manager_set_max_running (fixture->manager, 2);
  works[0] = work_in (fixture, child, FIBER, NULL);
  works[1] = work_in (fixture, grandchild, FIBER, NULL);
  works[2] = work_in (fixture, child, FIBER, NULL);
  works[3] = work_in (fixture, grandchild, FIBER, NULL);
  works[4] = work_in (fixture, fixture->manager, FIBER, NULL);
  works[5] = work_in (fixture, fixture->manager, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_running (child) + count_running (grandchild), ==, 2);
  g_assert_cmpuint (count_running (fixture->manager), ==, 0);

  /* Nothing limits them any more, and they have left their slots to the parent. */
  tend_task_manager_remove_child (fixture->manager, child);
  settle (fixture);
  for (guint i = 0; i < 6; i++)
    g_assert_true (work_has_run (works[i]));

  /* None of them gives anything back to the parent, which is full. */
  for (guint i = 0; i < 4; i++)
    work_let_go (works[i]);
  settle (fixture);
  works[0] = work_in (fixture, fixture->manager, FIBER, NULL);
  settle (fixture);
  g_assert_false (work_has_run (works[0]));
  work_let_go (works[4]);
  settle (fixture);
  g_assert_true (work_has_run (works[0]));
}

static void
test_added_with_running_and_waiting_tasks (Fixture       *fixture,
                                           gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = tend_task_manager_new ();
  Work *works[4], *above;

  tend_task_manager_set_max_running (child, 3);
  for (guint i = 0; i < 4; i++)
    works[i] = work_in (fixture, child, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_running (child), ==, 3);
  tend_task_manager_set_max_running (fixture->manager, 2);
  g_assert_true (tend_task_manager_add_child (fixture->manager, child, NULL));
  settle (fixture);
  g_assert_cmpuint (count_running (child), ==, 3);

  /* The parent is more than full: it takes two ends until there is room for one. */
  above = work_in (fixture, fixture->manager, FIBER, NULL);
  work_let_go (works[0]);
  settle (fixture);
  g_assert_cmpuint (count_running (child) + count_running (fixture->manager), ==, 2);
  work_let_go (works[1]);
  settle (fixture);
  g_assert_true (work_has_run (works[3]));
  g_assert_false (work_has_run (above));
  work_let_go (works[2]);
  settle (fixture);
  g_assert_true (work_has_run (above));

  tend_task_manager_remove_child (fixture->manager, child);
  work_let_go (works[3]);
  settle (fixture);
}

/* --- At random --- */

#define N_MANAGERS 5
#define N_STEPS 3000

typedef struct
{
  TendTaskManager *managers[N_MANAGERS];
  guint            limits[N_MANAGERS];
  GPtrArray       *works;       /* of Work that have not been let go or cancelled */
} Forest;

static guint
count_subtree (Forest          *forest,
               TendTaskManager *top)
{
  guint n = 0;

  for (guint i = 0; i < N_MANAGERS; i++)
    {
      for (TendTaskManager *m = forest->managers[i]; m != NULL; m = tend_task_manager_get_parent (m))
        {
          if (m == top)
            n += count_running (forest->managers[i]);
        }
    }

  return n;
}

static void
do_something (Fixture *fixture,
              Forest  *forest)
{
  guint m = (guint) g_test_rand_int_range (0, N_MANAGERS);
  TendTaskManager *manager = forest->managers[m];
  TendTaskManager *parent = tend_task_manager_get_parent (manager);
  Work *work = NULL;

  switch (g_test_rand_int_range (0, 10))
    {
    case 0:
      if (parent != NULL)
        tend_task_manager_remove_child (parent, manager);
      else
        tend_task_manager_add_child (forest->managers[g_test_rand_int_range (0, N_MANAGERS)], manager, NULL);
      break;
    case 1:
      forest->limits[m] = (guint) g_test_rand_int_range (0, 4);
      tend_task_manager_set_max_running (manager, forest->limits[m]);
      break;
    case 2: case 3: case 4: case 5:
      g_ptr_array_add (forest->works, work_in (fixture, manager, g_test_rand_bit () ? FIBER : CALLBACK, NULL));
      break;
    default:
      if (forest->works->len == 0)
        break;
      work = g_ptr_array_steal_index_fast (forest->works,
                                           (guint) g_test_rand_int_range (0, (int) forest->works->len));
      if (g_test_rand_bit ())
        work_let_go (work);
      else
        tend_task_cancel (work->task);
    }
}

/* No limit is crossed, but by a limit that is lowered and a child that comes with its tasks. */
static void
assert_limits (Forest *forest,
               guint  *before)
{
  for (guint i = 0; i < N_MANAGERS; i++)
    {
      guint n = count_subtree (forest, forest->managers[i]);

      if (forest->limits[i] > 0 && n > forest->limits[i])
        g_assert_cmpuint (n, <=, before[i]);
    }
}

static void
test_counts_stay_right_at_random (Fixture       *fixture,
                                  gconstpointer  unused)
{
  Forest forest = { .works = g_ptr_array_new () };

  for (guint i = 0; i < N_MANAGERS; i++)
    forest.managers[i] = watch (fixture, tend_task_manager_new ());

  for (guint step = 0; step < N_STEPS; step++)
    {
      guint before[N_MANAGERS];

      do_something (fixture, &forest);
      for (guint i = 0; i < N_MANAGERS; i++)
        before[i] = count_subtree (&forest, forest.managers[i]);
      settle (fixture);
      assert_limits (&forest, before);
    }

  /* When all have ended, nothing is left of them: each manager runs as many as its limit again. */
  for (guint i = 0; i < N_MANAGERS; i++)
    tend_task_manager_cancel_all (forest.managers[i]);
  settle (fixture);
  for (guint i = 0; i < N_MANAGERS; i++)
    {
      TendTaskManager *manager = forest.managers[i];

      if (tend_task_manager_get_parent (manager) != NULL)
        tend_task_manager_remove_child (tend_task_manager_get_parent (manager), manager);
      g_assert_cmpuint (count_running (manager) + count_pending (manager), ==, 0);
      tend_task_manager_set_max_running (manager, 2);
      for (guint n = 0; n < 3; n++)
        work_in (fixture, manager, FIBER, NULL);
      settle (fixture);
      g_assert_cmpuint (count_running (manager), ==, 2);
    }

  for (guint i = 0; i < N_MANAGERS; i++)
    g_object_unref (forest.managers[i]);
  g_ptr_array_unref (forest.works);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/children/parent-keeps-child", test_parent_keeps_child);
  add_test ("/tend/task-manager/children/child-does-not-keep-parent", test_child_does_not_keep_parent);
  add_test ("/tend/task-manager/children/removing-a-stranger-does-nothing", test_removing_a_stranger_does_nothing);
  add_test ("/tend/task-manager/children/circle-is-refused", test_a_circle_is_refused);
  add_test ("/tend/task-manager/children/second-parent-is-refused", test_a_second_parent_is_refused);
  add_test ("/tend/task-manager/children/another-context-is-refused", test_another_context_is_refused);
  add_shutdown_test ("/tend/task-manager/children/after-the-shutdown-is-refused",
                     test_after_the_shutdown_is_refused);
  add_test ("/tend/task-manager/children/notifies", test_notifies);
  add_test ("/tend/task-manager/children/names-are-its-own", test_names_are_its_own);

  add_test ("/tend/task-manager/children/limits-nest", test_limits_nest);
  add_test ("/tend/task-manager/children/slots-go-from-one-to-another", test_slots_go_from_one_to_another);
  add_test ("/tend/task-manager/children/full-child-is-in-nobodys-way", test_full_child_is_in_nobodys_way);
  add_test ("/tend/task-manager/children/removed-with-running-and-waiting-tasks",
            test_removed_with_running_and_waiting_tasks);
  add_test ("/tend/task-manager/children/added-with-running-and-waiting-tasks",
            test_added_with_running_and_waiting_tasks);
  add_test ("/tend/task-manager/children/counts-stay-right-at-random", test_counts_stay_right_at_random);

  return g_test_run ();
}
