// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Throttling many names, at random, and from inside what a call itself sets off.

#include "calls.h"

static TendTask *
throttle_name (Fixture    *fixture,
               const char *name,
               gint64      usec,
               guint      *n_runs)
{
  g_autoptr(GError) error = NULL;
  TendTask *task = tend_task_manager_throttle (fixture->manager,
                                               tend_task_new_open (name, count_run, n_runs, NULL), usec, &error);

  g_assert_no_error (error);
  return watch (fixture, task);
}

/* --- Many names --- */

/* Each has its own series, and all of them may begin again when their time has come. */
static void
test_ten_thousand_names (Fixture       *fixture,
                         gconstpointer  unused)
{
  const guint n_names = 10000;
  guint n_runs = 0;

  g_signal_handlers_block_by_func (fixture->manager, items_changed_cb, fixture);
  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < n_names; i++)
        {
          g_autofree char *name = g_strdup_printf ("%u", i);

          throttle_name (fixture, name, SECOND, &n_runs);
          throttle_name (fixture, name, SECOND, &n_runs);
        }
      settle (fixture);
      g_assert_cmpuint (n_runs, ==, n_names);
      tend_clock_advance (fixture->clock, SECOND, NULL);
      g_assert_cmpuint (n_runs, ==, 2 * n_names);
      tend_clock_advance (fixture->clock, SECOND, NULL);
      n_runs = 0;
    }
  g_signal_handlers_unblock_by_func (fixture->manager, items_changed_cb, fixture);
  g_assert_cmpuint (fixture->n_alive, ==, 0);
}

/* So many other names that those which are over are forgotten. */
static void
throttle_others (Fixture *fixture)
{
  static guint n_names = 0;

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf ("other %u", n_names++);

      throttle_name (fixture, name, 1, NULL);
    }
  settle (fixture);
}

/* A name is not forgotten before its time is over, nor while its latest waits or runs. */
static void
test_what_is_not_over_is_not_forgotten (Fixture       *fixture,
                                        gconstpointer  unused)
{
  guint n_runs = 0;
  guint n_delayed = 0;

  begin_time (fixture);
  throttle_name (fixture, "over", SECOND, &n_runs);
  throttle_name (fixture, "not over", 10 * SECOND, &n_runs);
  ask_task (fixture, tend_task_manager_throttle, "A", 5 * SECOND, SECOND);
  go_to (fixture, 20);
  ask (fixture, tend_task_manager_throttle, "B", SECOND);
  go_to (fixture, 35);
  g_assert_cmpuint (n_runs, ==, 2);
  throttle_others (fixture);

  throttle_name (fixture, "over", SECOND, &n_runs);
  throttle_name (fixture, "not over", 10 * SECOND, &n_delayed);
  ask (fixture, tend_task_manager_throttle, "C", SECOND);
  go_to (fixture, 99);
  g_assert_cmpuint (n_runs, ==, 3);
  g_assert_cmpuint (n_delayed, ==, 0);
  go_to (fixture, 100);
  g_assert_cmpuint (n_delayed, ==, 1);
  assert_log (fixture, "A@0 A.50 C@50");
}

/* --- From inside --- */

static void
throttle_again_cb (TendTaskManager *manager,
                   TendTask        *task,
                   gpointer         data)
{
  Fixture *fixture = data;

  g_signal_handlers_block_by_func (manager, throttle_again_cb, data);
  ask (fixture, tend_task_manager_throttle, "B", SECOND);
  g_signal_handlers_unblock_by_func (manager, throttle_again_cb, data);
}

/* Whoever is told of the first one throttles another: that is the one which comes too early. */
static void
test_inside_addition (Fixture       *fixture,
                      gconstpointer  unused)
{
  begin_time (fixture);
  g_signal_connect (fixture->manager, "task-added", G_CALLBACK (throttle_again_cb), fixture);
  ask (fixture, tend_task_manager_throttle, "A", SECOND);
  g_signal_handlers_disconnect_by_func (fixture->manager, throttle_again_cb, fixture);
  go_to (fixture, 5);
  assert_log (fixture, "A@0");
  go_to (fixture, 30);
  assert_log (fixture, "B@10");
}

static void
drop_manager_cb (TendTaskManager *manager,
                 TendTask        *task,
                 gpointer         data)
{
  Fixture *fixture = data;

  g_signal_handlers_disconnect_by_func (manager, items_changed_cb, fixture);
  g_signal_handlers_disconnect_by_func (manager, drop_manager_cb, fixture);
  g_clear_object (&fixture->manager);
}

/* Whoever is told of the new task drops the manager: nothing of it is looked at any more. */
static void
test_manager_goes_inside (Fixture       *fixture,
                          gconstpointer  unused)
{
  static const AskFunc funcs[] = { tend_task_manager_debounce, tend_task_manager_throttle };

  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++)
    {
      g_autoptr(GError) error = NULL;
      Work *work = work_new (fixture);

      fixture->manager = fixture->manager != NULL ? fixture->manager : tend_task_manager_new ();
      watch (fixture, fixture->manager);
      g_signal_connect (fixture->manager, "task-added", G_CALLBACK (drop_manager_cb), fixture);
      g_assert_null (funcs[i] (fixture->manager, tend_task_new_open (NAME, callback_work, work, work_freed_cb),
                               SECOND, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (work->n_freed, ==, 1);
      g_assert_cmpuint (fixture->n_alive, ==, 0);
    }
  g_ptr_array_set_size (fixture->shadow, 0);
}

static void
start_notified_cb (TendTask   *task,
                   GParamSpec *pspec,
                   gpointer    data)
{
  g_autoptr(GError) error = NULL;

  assert_is_native (data);
  note (data, "delay");
  g_assert_false (tend_task_start (task, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_STATE);
}

/* Who hears of the delay that was set finds the task registered, and cannot take it away. */
static void
test_delay_is_notified (Fixture       *fixture,
                        gconstpointer  unused)
{
  static const AskFunc funcs[] = { tend_task_manager_debounce, tend_task_manager_throttle };

  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++)
    {
      g_autoptr(TendTask) task = call_new_task (fixture, NAME, "A", 0);

      begin_time (fixture);
      g_signal_connect (task, "notify::delay", G_CALLBACK (start_notified_cb), fixture);
      g_assert_true (funcs[i] (fixture->manager, g_object_ref (task), SECOND, NULL) == task);
      assert_log (fixture, "delay");
      go_to (fixture, 20);
      assert_log (fixture, i == 0 ? "A@10 A.10" : "A@0 A.0");
    }
}

/* --- At random --- */

typedef struct
{
  Fixture *fixture;
  gint64   began;       /* the last one; negative: none */
  guint    n_running;
  guint    n_asked;
  guint    latest;      /* of those that have begun */
} Series;

typedef struct
{
  Series *series;
  guint   number;
} Member;

static gboolean
member_body (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Member *member = data;
  Series *series = member->series;
  gint64 now = tend_clock_get_time (series->fixture->clock);
  gboolean slept;

  g_assert_true (series->began < 0 || now >= series->began + SECOND);
  g_assert_cmpuint (series->n_running, ==, 0);
  g_assert_true (member->number > series->latest);
  series->began = now;
  series->latest = member->number;
  series->n_running++;
  slept = tend_sleep (g_test_rand_int_range (0, 4) * SECOND / 2, error);
  series->n_running--;

  return slept;
}

/* Never two within a second, never two at once, never an older one after a newer; and the last is done. */
static void
test_random (Fixture       *fixture,
             gconstpointer  unused)
{
  Series series = { .fixture = fixture, .began = -1 };

  for (guint i = 0; i < 3000; i++)
    {
      int choice = g_test_rand_int_range (0, 20);

      if (choice < 10)
        {
          Member *member = g_new0 (Member, 1);
          g_autoptr(TendTask) task = watch (fixture, tend_task_new_fiber (NAME, member_body, member, g_free));

          member->series = &series;
          member->number = ++series.n_asked;
          g_assert_true (tend_task_manager_throttle (fixture->manager, g_object_ref (task), SECOND, NULL));
        }
      else if (choice == 10)
        {
          TendTask *cancelled = tend_task_manager_cancel_task (fixture->manager, NAME);

          g_assert_true (cancelled == NULL || tend_task_is_ended (cancelled) || tend_task_is_cancelling (cancelled));
        }
      else
        tend_clock_advance (fixture->clock, g_test_rand_int_range (0, 8) * TENTH, NULL);

      /* One that runs, one that is due, and the latest. */
      g_assert_cmpuint (n_tasks (fixture), <=, 3);
      if (i % 100 == 99 && choice < 10)
        {
          tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
          g_assert_cmpuint (series.latest, ==, series.n_asked);
        }
    }

  /* None is left that would begin after the series. */
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/throttle/ten-thousand-names", test_ten_thousand_names);
  add_test ("/tend/task-manager/throttle/what-is-not-over-is-not-forgotten", test_what_is_not_over_is_not_forgotten);
  add_test ("/tend/task-manager/throttle/inside-addition", test_inside_addition);
  add_test ("/tend/task-manager/throttle/manager-goes-inside", test_manager_goes_inside);
  add_test ("/tend/task-manager/throttle/delay-is-notified", test_delay_is_notified);
  add_test ("/tend/task-manager/throttle/random", test_random);

  return g_test_run ();
}
