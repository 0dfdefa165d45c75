// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// How fast tasks start: at most so many in any so many microseconds, a window that slides.

#include "children.h"

/* Notes the tenths of seconds since the beginning. */
static gboolean
note_time (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Fixture *fixture = data;

  note (fixture, "%d", (int) (tend_clock_get_time (fixture->clock) / (SECOND / 10)) % 100000);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static TendTask *
add (Fixture         *fixture,
     TendTaskManager *manager,
     gint64           delay)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open (NULL, note_time, fixture, NULL));

  if (delay >= 0)
    tend_task_set_delay (task, delay);
  tend_task_manager_register (manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, &error);
  g_assert_no_error (error);

  return task;
}

static void
add_many (Fixture         *fixture,
          TendTaskManager *manager,
          guint            n)
{
  for (guint i = 0; i < n; i++)
    add (fixture, manager, -1);
}

/* The times that were noted, from the first on, in tenths of seconds. */
static void
assert_times (Fixture    *fixture,
              const char *expected)
{
  g_auto(GStrv) words = g_strsplit (fixture->log->str, " ", -1);
  g_autoptr(GString) times = g_string_new (NULL);

  for (guint i = 0; words[i] != NULL; i++)
    g_string_append_printf (times, "%s%d", i > 0 ? " " : "", atoi (words[i]) - atoi (words[0]));
  g_assert_cmpstr (times->str, ==, expected);
  g_string_truncate (fixture->log, 0);
}

static void
test_none_by_default (Fixture       *fixture,
                      gconstpointer  unused)
{
  gint64 usec = -1;

  g_assert_cmpuint (tend_task_manager_get_rate (fixture->manager, &usec), ==, 0);
  g_assert_cmpint (usec, ==, 0);
  add_many (fixture, fixture->manager, 5);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 0 0 0 0");

  tend_task_manager_set_rate (fixture->manager, 3, SECOND);
  g_assert_cmpuint (tend_task_manager_get_rate (fixture->manager, NULL), ==, 3);
  tend_task_manager_get_rate (fixture->manager, &usec);
  g_assert_cmpint (usec, ==, SECOND);
  tend_task_manager_set_rate (fixture->manager, 0, 0);
  tend_task_manager_get_rate (fixture->manager, &usec);
  g_assert_cmpint (usec, ==, 0);
}

static void
test_so_many_in_a_second (Fixture       *fixture,
                          gconstpointer  unused)
{
  tend_task_manager_set_rate (fixture->manager, 3, SECOND);
  add_many (fixture, fixture->manager, 8);
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), >=, 2 * SECOND);
  assert_times (fixture, "0 0 0 10 10 10 20 20");
}

/* Each start is counted for a second, and not those of a second by the clock. */
static void
test_window_slides (Fixture       *fixture,
                    gconstpointer  unused)
{
  tend_task_manager_set_rate (fixture->manager, 2, SECOND);
  add (fixture, fixture->manager, 0);
  add (fixture, fixture->manager, 9 * SECOND / 10);
  add (fixture, fixture->manager, 9 * SECOND / 10);
  add (fixture, fixture->manager, 11 * SECOND / 10);
  add (fixture, fixture->manager, 4 * SECOND);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 9 10 19 40");
}

static void
test_delay_is_no_start (Fixture       *fixture,
                        gconstpointer  unused)
{
  tend_task_manager_set_rate (fixture->manager, 1, SECOND);
  add (fixture, fixture->manager, 5 * SECOND / 10);
  add (fixture, fixture->manager, -1);
  add (fixture, fixture->manager, 7 * SECOND / 10);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 10 20");
}

static gboolean
sleep_three (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Fixture *fixture = data;

  note (fixture, "%d", (int) (tend_clock_get_time (fixture->clock) / (SECOND / 10)) % 100000);
  return tend_sleep (3 * SECOND / 10, error);
}

/* Both limits hold. */
static void
test_with_a_limit (Fixture       *fixture,
                   gconstpointer  unused)
{
  tend_task_manager_set_rate (fixture->manager, 3, SECOND);
  tend_task_manager_set_max_running (fixture->manager, 1);
  for (guint i = 0; i < 7; i++)
    register_fiber (fixture, NULL, sleep_three, fixture);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 3 6 10 13 16 20");
}

static void
test_changed_while_they_wait (Fixture       *fixture,
                              gconstpointer  unused)
{
  tend_task_manager_set_rate (fixture->manager, 1, 10 * SECOND);
  add_many (fixture, fixture->manager, 9);
  tend_clock_advance (fixture->clock, SECOND, NULL);

  /* What was before does not count. */
  tend_task_manager_set_rate (fixture->manager, 2, SECOND);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_manager_set_rate (fixture->manager, 1, 5 * SECOND);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  tend_task_manager_set_rate (fixture->manager, 0, 0);
  settle (fixture);
  assert_times (fixture, "0 10 10 20 20 20 30 30 30");
  g_assert_cmpint (tend_clock_run_until_idle (fixture->clock, NULL), ==, 0);
}

static void
test_cancelled_while_it_waits (Fixture       *fixture,
                               gconstpointer  unused)
{
  TendTask *task;

  tend_task_manager_set_rate (fixture->manager, 1, SECOND);
  add (fixture, fixture->manager, -1);
  task = add (fixture, fixture->manager, -1);
  add (fixture, fixture->manager, -1);
  settle (fixture);
  tend_task_cancel (task);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 10");
}

static void
test_interval_task_is_free (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("tick", count_run, NULL, NULL));

  tend_task_manager_set_rate (fixture->manager, 1, 3600 * SECOND);
  tend_task_set_interval (task, SECOND);
  add (fixture, fixture->manager, -1);
  tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT, NULL);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  g_assert_true (tend_task_is_running (task));
  tend_task_cancel (task);
  assert_times (fixture, "0");
}

/* --- Child managers --- */

static void
test_rates_nest (Fixture       *fixture,
                 gconstpointer  unused)
{
  TendTaskManager *child = add_child (fixture, fixture->manager);
  TendTaskManager *grandchild = add_child (fixture, child);

  /* One each second below, two above, four in all; and those of all levels count for the top. */
  tend_task_manager_set_rate (fixture->manager, 4, SECOND);
  tend_task_manager_set_rate (child, 2, SECOND);
  tend_task_manager_set_rate (grandchild, 1, SECOND);
  add_many (fixture, grandchild, 3);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 10 20");

  tend_clock_advance (fixture->clock, SECOND, NULL);
  add_many (fixture, grandchild, 2);
  add_many (fixture, child, 3);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 0 10 10 20");

  tend_clock_advance (fixture->clock, SECOND, NULL);
  add_many (fixture, grandchild, 1);
  add_many (fixture, child, 2);
  add_many (fixture, fixture->manager, 3);
  tend_clock_run_until_idle (fixture->clock, NULL);
  assert_times (fixture, "0 0 0 0 10 10");
}

static void
test_removed_child_has_its_own (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autoptr(TendTaskManager) child = g_object_ref (add_child (fixture, fixture->manager));

  tend_task_manager_set_rate (fixture->manager, 1, 3600 * SECOND);
  tend_task_manager_set_rate (child, 2, SECOND);
  add_many (fixture, child, 5);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  tend_task_manager_remove_child (fixture->manager, child);
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_times (fixture, "0 100 100 110 110");
}

/* --- At random --- */

#define N_TASKS 500
#define N_STARTS 7

typedef struct
{
  TendClock *clock;
  GArray    *times;     /* of gint64 */
} Starts;

static gboolean
collect_time (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  Starts *starts = data;
  gint64 now = tend_clock_get_time (starts->clock);

  g_array_append_val (starts->times, now);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

/* Each starts when it is due, or when the N-th before it has left the window: no earlier and no later. */
static void
test_each_starts_as_early_as_it_may (Fixture       *fixture,
                                     gconstpointer  unused)
{
  g_autoptr(GArray) due = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr(GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  Starts starts = { fixture->clock, times };

  tend_task_manager_set_rate (fixture->manager, N_STARTS, 1000);
  for (guint i = 0; i < N_TASKS; i++)
    {
      gint64 now;

      tend_clock_advance (fixture->clock, g_test_rand_bit () ? 0 : g_test_rand_int_range (0, 250), NULL);
      now = tend_clock_get_time (fixture->clock);
      g_array_append_val (due, now);
      register_callback (fixture, NULL, collect_time, &starts);
    }
  tend_clock_run_until_idle (fixture->clock, NULL);

  g_assert_cmpuint (times->len, ==, N_TASKS);
  for (guint i = 0; i < N_TASKS; i++)
    {
      gint64 start = g_array_index (due, gint64, i);

      if (i >= N_STARTS)
        start = MAX (start, g_array_index (times, gint64, i - N_STARTS) + 1000);
      g_assert_cmpint (g_array_index (times, gint64, i), ==, start);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/rate/none-by-default", test_none_by_default);
  add_test ("/tend/task-manager/rate/so-many-in-a-second", test_so_many_in_a_second);
  add_test ("/tend/task-manager/rate/window-slides", test_window_slides);
  add_test ("/tend/task-manager/rate/delay-is-no-start", test_delay_is_no_start);
  add_test ("/tend/task-manager/rate/with-a-limit", test_with_a_limit);
  add_test ("/tend/task-manager/rate/changed-while-they-wait", test_changed_while_they_wait);
  add_test ("/tend/task-manager/rate/cancelled-while-it-waits", test_cancelled_while_it_waits);
  add_test ("/tend/task-manager/rate/interval-task-is-free", test_interval_task_is_free);
  add_test ("/tend/task-manager/rate/nests", test_rates_nest);
  add_test ("/tend/task-manager/rate/removed-child-has-its-own", test_removed_child_has_its_own);
  add_test ("/tend/task-manager/rate/each-starts-as-early-as-it-may", test_each_starts_as_early_as_it_may);

  return g_test_run ();
}
