// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Which of the tasks that wait for a slot goes first: the most urgent, but every eighth slot goes to
// whoever has waited longest.

#include "children.h"

#define LOW G_PRIORITY_LOW
#define HIGH G_PRIORITY_HIGH

/* A task that notes its name when it runs, and ends. */
static TendTask *
add (Fixture         *fixture,
     TendTaskManager *manager,
     const char      *name,
     int              priority)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (name, note_name, fixture, NULL));

  tend_task_set_priority (task, priority);
  tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_ANONYMOUS, &error);
  g_assert_no_error (error);

  return task;
}

static void
add_many (Fixture         *fixture,
          TendTaskManager *manager,
          const char      *name,
          int              priority,
          guint            n)
{
  for (guint i = 0; i < n; i++)
    add (fixture, manager, name, priority);
}

/* Takes all the slots, so that those who come wait until the work is let go. Those are the first slots given. */
static Work *
fill (Fixture *fixture)
{
  Work *work;

  tend_task_manager_set_max_running (fixture->manager, 1);
  work = register_work (fixture, CALLBACK, NULL);
  settle (fixture);

  return work;
}

/* The names without their numbers. */
static void
assert_order (Fixture    *fixture,
              const char *expected)
{
  g_auto(GStrv) words = g_strsplit (fixture->log->str, " ", -1);
  g_autoptr(GString) names = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++)
    {
      if (!g_ascii_isdigit (words[i][0]))
        g_string_append (names, words[i]);
    }
  g_assert_cmpstr (names->str, ==, expected);
  g_string_truncate (fixture->log, 0);
}

static void
test_urgent_ones_go_first (Fixture       *fixture,
                           gconstpointer  unused)
{
  Work *work = fill (fixture);

  add (fixture, fixture->manager, "l", LOW);
  add (fixture, fixture->manager, "d", 0);
  add (fixture, fixture->manager, "h", HIGH);
  add (fixture, fixture->manager, "D", 0);
  add (fixture, fixture->manager, "H", HIGH);
  settle (fixture);
  assert_order (fixture, "");
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "hHdDl");
}

static void
test_nobody_starves (Fixture       *fixture,
                     gconstpointer  unused)
{
  Work *work = fill (fixture);

  add_many (fixture, fixture->manager, "l", LOW, 2);
  settle (fixture);
  add_many (fixture, fixture->manager, "h", HIGH, 20);
  settle (fixture);
  work_let_go (work);
  settle (fixture);

  /* The work had the first slot; these are the eighth and the sixteenth. */
  assert_order (fixture, "hhhhhh" "l" "hhhhhhh" "l" "hhhhhhh");
}

/* The eldest of all, and not of the least urgent ones. */
static void
test_eldest_is_of_any_priority (Fixture       *fixture,
                                gconstpointer  unused)
{
  Work *work = fill (fixture);

  add (fixture, fixture->manager, "d", 0);
  tend_clock_advance (fixture->clock, 1, NULL);
  add (fixture, fixture->manager, "l", LOW);
  tend_clock_advance (fixture->clock, 1, NULL);
  add_many (fixture, fixture->manager, "h", HIGH, 20);
  settle (fixture);
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "hhhhhh" "d" "hhhhhhh" "l" "hhhhhhh");
}

/* --- Leaving the lane, and standing still in it --- */

static void
test_cancelled_in_a_lane (Fixture       *fixture,
                          gconstpointer  unused)
{
  Work *work = fill (fixture);
  TendTask *tasks[6];

  for (guint i = 0; i < 6; i++)
    {
      const char name[2] = { (char) ('a' + i), 0 };

      tasks[i] = add (fixture, fixture->manager, name, i < 3 ? LOW : HIGH);
    }
  settle (fixture);
  tend_task_cancel (tasks[0]);
  tend_task_stop (tasks[3]);
  tend_task_cancel (tasks[4]);
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "fbc");
  g_assert_cmpuint (count_running (fixture->manager) + count_pending (fixture->manager), ==, 0);
}

/* A whole lane that is gone is in nobody's way. */
static void
test_emptied_lane (Fixture       *fixture,
                   gconstpointer  unused)
{
  Work *work = fill (fixture);
  TendTask *task = add (fixture, fixture->manager, "h", HIGH);

  add (fixture, fixture->manager, "l", LOW);
  settle (fixture);
  tend_task_cancel (task);
  settle (fixture);
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "l");

  /* And nobody is thought to wait in it: the next one goes at once. */
  add (fixture, fixture->manager, "x", 0);
  settle (fixture);
  assert_order (fixture, "x");
}

/* It does not begin before it goes on, whatever comes to it meanwhile. */
static void
test_paused_in_a_lane (Fixture       *fixture,
                       gconstpointer  unused)
{
  Work *work = fill (fixture);
  TendTask *paused = add (fixture, fixture->manager, "p", HIGH);
  TendTask *cancelled = add (fixture, fixture->manager, "c", HIGH);
  TendTask *resumed = add (fixture, fixture->manager, "r", HIGH);

  add (fixture, fixture->manager, "x", 0);
  settle (fixture);
  tend_task_pause (paused);
  tend_task_pause (cancelled);
  tend_task_pause (resumed);
  tend_task_resume (resumed);
  tend_task_manager_set_max_running (fixture->manager, 4);
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "rx");

  tend_task_cancel (cancelled);
  tend_task_resume (paused);
  settle (fixture);
  assert_order (fixture, "p");

  /* All slots have come back. */
  for (guint i = 0; i < 5; i++)
    register_work (fixture, FIBER, NULL);
  settle (fixture);
  g_assert_cmpuint (count_running (fixture->manager), ==, 4);
}

/* One that stands still when its turn comes takes no slot from those that could run. */
static void
test_paused_keeps_no_slot (Fixture       *fixture,
                           gconstpointer  unused)
{
  Work *work = fill (fixture);
  TendTask *paused = add (fixture, fixture->manager, "p", HIGH);

  add (fixture, fixture->manager, "x", 0);
  settle (fixture);
  tend_task_pause (paused);
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "x");
  g_assert_cmpint (tend_task_get_status (paused), ==, TEND_TASK_STATUS_PENDING);
  g_assert_cmpuint (tend_task_manager_get_n_tasks (fixture->manager, TEND_TASK_STATUS_PENDING), ==, 1);

  tend_task_resume (paused);
  settle (fixture);
  assert_order (fixture, "p");
}

/* --- Child managers --- */

static void
test_urgency_counts_across_children (Fixture       *fixture,
                                     gconstpointer  unused)
{
  TendTaskManager *a = add_child (fixture, fixture->manager);
  TendTaskManager *b = add_child (fixture, a);
  Work *work = fill (fixture);

  add (fixture, fixture->manager, "d", 0);
  add (fixture, a, "l", LOW);
  add (fixture, b, "h", HIGH);
  add (fixture, a, "D", 0);
  add (fixture, b, "L", LOW);
  settle (fixture);
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "hdDlL");
}

static void
test_nobody_starves_in_a_child (Fixture       *fixture,
                                gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  Work *work = fill (fixture);

  add (fixture, child, "l", LOW);
  tend_clock_advance (fixture->clock, 1, NULL);
  add_many (fixture, fixture->manager, "h", HIGH, 10);
  settle (fixture);
  work_let_go (work);
  settle (fixture);
  assert_order (fixture, "hhhhhhlhhhh");
}

/* --- The limit changes --- */

static void
test_limit_changes_while_they_wait (Fixture       *fixture,
                                    gconstpointer  unused)
{
  static const int priorities[] = { LOW, HIGH, 0, LOW, HIGH, 0 };
  Work *first = fill (fixture), *works[6];

  for (guint i = 0; i < 6; i++)
    {
      g_autoptr(TendTask) task = NULL;

      works[i] = work_new (fixture);
      task = work_make_task (works[i], CALLBACK, NULL);
      tend_task_set_priority (task, priorities[i]);
      g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                                 NULL));
    }
  settle (fixture);

  tend_task_manager_set_max_running (fixture->manager, 3);
  settle (fixture);
  g_assert_true (work_has_run (works[1]) && work_has_run (works[4]));
  g_assert_cmpuint (count_running (fixture->manager), ==, 3);

  tend_task_manager_set_max_running (fixture->manager, 1);
  work_let_go (first);
  work_let_go (works[1]);
  settle (fixture);
  g_assert_cmpuint (count_running (fixture->manager), ==, 1);
  work_let_go (works[4]);
  settle (fixture);
  g_assert_true (work_has_run (works[2]));
  g_assert_cmpuint (count_running (fixture->manager), ==, 1);

  tend_task_manager_set_max_running (fixture->manager, 0);
  settle (fixture);
  g_assert_cmpuint (count_running (fixture->manager), ==, 4);
  g_assert_cmpuint (count_pending (fixture->manager), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/priority/urgent-ones-go-first", test_urgent_ones_go_first);
  add_test ("/tend/task-manager/priority/nobody-starves", test_nobody_starves);
  add_test ("/tend/task-manager/priority/eldest-is-of-any-priority", test_eldest_is_of_any_priority);
  add_test ("/tend/task-manager/priority/cancelled-in-a-lane", test_cancelled_in_a_lane);
  add_test ("/tend/task-manager/priority/emptied-lane", test_emptied_lane);
  add_test ("/tend/task-manager/priority/paused-in-a-lane", test_paused_in_a_lane);
  add_test ("/tend/task-manager/priority/paused-keeps-no-slot", test_paused_keeps_no_slot);
  add_test ("/tend/task-manager/priority/counts-across-children", test_urgency_counts_across_children);
  add_test ("/tend/task-manager/priority/nobody-starves-in-a-child", test_nobody_starves_in_a_child);
  add_test ("/tend/task-manager/priority/limit-changes-while-they-wait", test_limit_changes_while_they_wait);

  return g_test_run ();
}
