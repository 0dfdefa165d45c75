// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What becomes of a new task whose name is in use: refused, left alone, queued, or given a number.

#include "named.h"

static void
test_policies_have_names (Fixture       *fixture,
                          gconstpointer  unused)
{
  static const char *const nicks[] = { "reject", "replace", "keep", "queue", "anonymous" };
  g_autoptr(GEnumClass) class = g_type_class_ref (TEND_TYPE_NAME_POLICY);

  g_assert_cmpuint (class->n_values, ==, G_N_ELEMENTS (nicks));
  for (guint i = 0; i < class->n_values; i++)
    g_assert_cmpstr (g_enum_get_value (class, (int) i)->value_nick, ==, nicks[i]);
}

static void
test_no_such_policy (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(TendTask) task = watch (fixture, tend_task_new_open ("n", never_run, NULL, NULL));

  for (int i = 0; i < 2; i++)
    {
      g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "*policy*");
      g_assert_null (tend_task_manager_register (fixture->manager, g_object_ref (task), i == 0 ? 5 : -1, NULL));
      g_test_assert_expected_messages ();
    }
  g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CREATED);
}

/* --- Reject --- */

/* A name is in use from the call on: in the delay, in the wait for a slot, and between two runs. */
static void
test_reject_in_every_state (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(TendTask) repeated = watch (fixture, tend_task_new_open ("interval", count_run, NULL, NULL));
  g_autoptr(TendTask) delayed = watch (fixture, tend_task_new_open ("delay", never_run, NULL, NULL));
  static const char *const names[] = { "run", "lane", "delay", "interval", "next" };

  tend_task_set_interval (repeated, 3 * SECOND);
  tend_task_set_delay (delayed, 20 * SECOND);
  tend_task_manager_set_max_running (fixture->manager, 1);
  register_work (fixture, FIBER, "run");
  register_callback (fixture, "lane", never_run, NULL);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (delayed), TEND_NAME_POLICY_REJECT,
                                             NULL));
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (repeated), TEND_NAME_POLICY_REJECT,
                                             NULL));
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  register_callback (fixture, "next", never_run, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (tend_task_manager_register (fixture->manager,
                                                 tend_task_new_open (names[i], never_run, NULL, NULL),
                                                 TEND_NAME_POLICY_REJECT, &error));
      g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);
    }
  g_assert_cmpuint (n_tasks (fixture), ==, 5);
}

/* --- Keep --- */

static void
test_keep_gives_the_active_one (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = named_new (fixture, "B");
  TendTask *active = add (fixture, "A", TEND_NAME_POLICY_KEEP);
  TendTask *holder;

  for (guint i = 0; i < 2; i++)
    {
      holder = tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_KEEP, &error);
      g_assert_no_error (error);
      g_assert_true (holder == active);
      g_assert_cmpint (tend_task_get_status (task), ==, TEND_TASK_STATUS_CREATED);
      g_assert_cmpuint (n_tasks (fixture), ==, 1);
      settle (fixture);
    }
  assert_log (fixture, "A+");

  /* It is nobody's, and can run without a manager. */
  g_assert_true (tend_task_start (task, NULL));
  assert_log (fixture, "B+");
  tend_task_stop (task);
  end_all (fixture);
}

static void
test_kept_out_task_in_another_manager (Fixture       *fixture,
                                       gconstpointer  unused)
{
  TendTaskManager *other = tend_task_manager_new ();
  g_autoptr(TendTask) task = named_new (fixture, "B");
  TendTask *active = add (fixture, "A", TEND_NAME_POLICY_REJECT);

  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_KEEP, NULL) ==
                 active);
  g_assert_true (tend_task_manager_register (other, g_object_ref (task), TEND_NAME_POLICY_KEEP, NULL) == task);
  settle (fixture);
  assert_log (fixture, "A+ B+");

  tend_task_stop (task);
  g_assert_finalize_object (other);
  end_all (fixture);
}

/* One that was cancelled by its name is not active, and still the next waits for its real end. */
static void
test_keep_beside_one_that_drains (Fixture       *fixture,
                                  gconstpointer  unused)
{
  add (fixture, "A", TEND_NAME_POLICY_REJECT);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, NAME);
  add (fixture, "B", TEND_NAME_POLICY_KEEP);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "A+ A! A- B+");
  end_all (fixture);
}

static void
keep_own_name_cb (GObject      *object,
                  GAsyncResult *result,
                  gpointer      data)
{
  Fixture *fixture = data;

  g_assert_true (tend_task_wait_finish (TEND_TASK (object), result, NULL));
  g_assert_true (find (fixture) == TEND_TASK (object));
  g_assert_true (add (fixture, "B", TEND_NAME_POLICY_KEEP) == find (fixture));
}

/* A task that has ended, and is still found by those who waited for it, is not kept. */
static void
test_keep_after_the_end (Fixture       *fixture,
                         gconstpointer  unused)
{
  tend_task_wait_async (add (fixture, "A", TEND_NAME_POLICY_KEEP), NULL, keep_own_name_cb, fixture);
  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "A+ A. B+");
  end_all (fixture);
}

/* --- Queue --- */

static void
test_queue_runs_one_after_the_other (Fixture       *fixture,
                                     gconstpointer  unused)
{
  TendTask *tasks[3];

  tasks[0] = add (fixture, "A", TEND_NAME_POLICY_QUEUE);
  tasks[1] = add (fixture, "B", TEND_NAME_POLICY_QUEUE);
  tasks[2] = add (fixture, "C", TEND_NAME_POLICY_QUEUE);
  g_assert_cmpuint (n_tasks (fixture), ==, 3);

  /* The name passes on with each end. */
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      g_assert_true (find (fixture) == tasks[i]);
      g_assert_true (tend_task_manager_is_active (fixture->manager, NAME));
      tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
    }
  g_assert_null (find (fixture));
  assert_log (fixture, "A+ A. B+ B. C+ C.");
}

static void
test_queue_survives_every_end (Fixture       *fixture,
                               gconstpointer  unused)
{
  guint n_runs = 0;
  g_autoptr(TendTask) last = watch (fixture, tend_task_new_open ("n", count_run, &n_runs, NULL));
  Work *works[N_KINDS];

  register_callback (fixture, "n", fail_at_once, NULL);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    works[kind] = register_work_as (fixture, kind, "n", TEND_NAME_POLICY_QUEUE);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (last), TEND_NAME_POLICY_QUEUE,
                                             NULL) == last);

  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autoptr(TendTask) task = g_object_ref (works[kind]->task);

      work_wait_begun (works[kind]);
      for (Kind later = kind + 1; later < N_KINDS; later++)
        g_assert_false (work_has_run (works[later]));
      if (kind % 2 == 0)
        tend_task_cancel (task);
      else
        tend_task_stop (task);
      work_wait_gone (works[kind]);
    }
  settle (fixture);
  g_assert_cmpuint (n_runs, ==, 1);
}

/* Cancelling by name takes the first from the queue, and the name goes to the next at once. */
static void
test_cancel_task_takes_the_first (Fixture       *fixture,
                                  gconstpointer  unused)
{
  TendTask *first = add (fixture, "A", TEND_NAME_POLICY_QUEUE);
  TendTask *second = add (fixture, "B", TEND_NAME_POLICY_QUEUE);
  TendTask *third = add (fixture, "C", TEND_NAME_POLICY_QUEUE);
  TendTask *cancelled;

  settle (fixture);
  cancelled = tend_task_manager_cancel_task (fixture->manager, NAME);
  g_assert_true (cancelled == first);
  g_assert_true (find (fixture) == second);
  g_assert_false (tend_task_is_cancelling (second));
  g_assert_false (tend_task_is_cancelling (third));

  /* The next of them has not begun, and ends at once; it does not let the third in before the first is over. */
  tend_task_manager_cancel_task (fixture->manager, NAME);
  g_assert_true (find (fixture) == third);
  tend_clock_advance (fixture->clock, SECOND - 1, NULL);
  assert_log (fixture, "A+ A!");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "A- C+");
  end_all (fixture);
}

static void
test_one_leaves_the_middle_of_the_queue (Fixture       *fixture,
                                         gconstpointer  unused)
{
  TendTask *middle;

  add (fixture, "A", TEND_NAME_POLICY_QUEUE);
  middle = add (fixture, "B", TEND_NAME_POLICY_QUEUE);
  add (fixture, "C", TEND_NAME_POLICY_QUEUE);
  settle (fixture);
  tend_task_cancel (middle);
  g_assert_cmpuint (n_tasks (fixture), ==, 2);
  tend_clock_advance (fixture->clock, 20 * SECOND, NULL);
  assert_log (fixture, "A+ A. C+ C.");
}

/* A delay passes in the queue, and one that is not over yet holds the queue up. */
static void
test_delay_in_the_queue (Fixture       *fixture,
                         gconstpointer  unused)
{
  add (fixture, "A", TEND_NAME_POLICY_QUEUE);
  add_delayed (fixture, "B", TEND_NAME_POLICY_QUEUE, 5 * SECOND);
  add_delayed (fixture, "C", TEND_NAME_POLICY_QUEUE, 30 * SECOND);
  add (fixture, "D", TEND_NAME_POLICY_QUEUE);

  tend_clock_advance (fixture->clock, 10 * SECOND, NULL);
  assert_log (fixture, "A+ A. B+");
  tend_clock_advance (fixture->clock, 20 * SECOND - 1, NULL);
  assert_log (fixture, "B.");
  tend_clock_advance (fixture->clock, 1, NULL);
  assert_log (fixture, "C+");
  tend_clock_advance (fixture->clock, 20 * SECOND, NULL);
  assert_log (fixture, "C. D+ D.");
}

static void
test_reject_behind_a_queue (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TendTask) task = named_new (fixture, "C");

  add (fixture, "A", TEND_NAME_POLICY_QUEUE);
  add (fixture, "B", TEND_NAME_POLICY_QUEUE);
  settle (fixture);
  tend_task_manager_cancel_task (fixture->manager, NAME);
  g_assert_false (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                              &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_EXISTS);

  tend_task_manager_cancel_all (fixture->manager);
  g_assert_null (find (fixture));
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REJECT,
                                             NULL));
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "A+ A! A- C+");
  end_all (fixture);
}

static guint n_queued_runs;

static gboolean
run_in_order (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  g_assert_cmpuint (GPOINTER_TO_UINT (data), ==, n_queued_runs++);
  tend_task_return_boolean (task, TRUE);

  return TRUE;
}

static void
count_waiter_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  tend_task_wait_finish (TEND_TASK (object), result, NULL);
  ++*(guint *) data;
}

/* Ten thousand of one name: all in order, and as well with somebody who waits for each. */
static void
test_long_queue (Fixture       *fixture,
                 gconstpointer  unused)
{
  const guint n_tasks = 10000;

  for (guint turn = 0; turn < 3; turn++)
    {
      gboolean is_cancelled = turn == 2;
      guint n_told = 0;

      n_queued_runs = 0;
      g_ptr_array_set_size (fixture->shadow, 0);
      g_signal_handlers_block_by_func (fixture->manager, items_changed_cb, fixture);
      for (guint i = 0; i < n_tasks; i++)
        {
          g_autoptr(TendTask) task = tend_task_new_open ("n", run_in_order, GUINT_TO_POINTER (i), NULL);

          watch (fixture, task);
          if (turn > 0)
            tend_task_wait_async (task, NULL, count_waiter_cb, &n_told);
          tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_QUEUE, NULL);
        }
      if (is_cancelled)
        tend_task_manager_cancel_all (fixture->manager);
      tend_clock_run_until_idle (fixture->clock, NULL);
      g_signal_handlers_unblock_by_func (fixture->manager, items_changed_cb, fixture);

      g_assert_cmpuint (n_queued_runs, ==, is_cancelled ? 0 : n_tasks);
      g_assert_cmpuint (n_told, ==, turn > 0 ? n_tasks : 0);
      g_assert_cmpuint (fixture->n_alive, ==, 0);
      g_assert_null (find (fixture));
    }
}

/* Which of its tasks does a manager have under the name, when each operation is random? The list knows. */
static void
test_random_operations (Fixture       *fixture,
                        gconstpointer  unused)
{
  static const TendNamePolicy policies[] = { TEND_NAME_POLICY_REPLACE, TEND_NAME_POLICY_QUEUE };

  for (guint i = 0; i < 3000; i++)
    {
      int choice = g_test_rand_int_range (0, 10);
      g_autoptr(GPtrArray) tasks = NULL;
      guint n_running = 0;

      if (choice < 5)
        add_delayed (fixture, "x", policies[choice % 2], g_test_rand_int_range (0, 3) * SECOND / 2);
      else if (choice < 6)
        {
          TendTask *cancelled = tend_task_manager_cancel_task (fixture->manager, NAME);

          g_assert_true (cancelled == NULL || find (fixture) != cancelled);
        }
      else if (choice < 7 && n_tasks (fixture) > 0)
        tend_task_stop (nth_task (fixture, g_test_rand_int_range (0, (int) n_tasks (fixture))));
      else if (choice < 8 && n_tasks (fixture) > 0)
        tend_task_cancel (nth_task (fixture, g_test_rand_int_range (0, (int) n_tasks (fixture))));
      else
        tend_clock_advance (fixture->clock, g_test_rand_int_range (0, 4) * SECOND / 2, NULL);

      /* Never two bodies at once, and the name is that of one which has not ended. */
      tasks = tend_task_manager_list_tasks (fixture->manager);
      for (guint j = 0; j < tasks->len; j++)
        n_running += tend_task_is_running (g_ptr_array_index (tasks, j));
      g_assert_cmpuint (n_running, <=, 1);
      g_assert_true (find (fixture) == NULL || g_ptr_array_find (tasks, find (fixture), NULL));
    }

  /* Nobody is left behind in a wait for one that has gone. */
  tend_clock_run_until_idle (fixture->clock, NULL);
  g_assert_cmpuint (n_tasks (fixture), ==, 0);
  g_string_truncate (fixture->log, 0);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/name-policy/have-names", test_policies_have_names);
  add_test ("/tend/task-manager/policy/no-such-policy", test_no_such_policy);

  add_test ("/tend/task-manager/reject/in-every-state", test_reject_in_every_state);
  add_test ("/tend/task-manager/reject/behind-a-queue", test_reject_behind_a_queue);

  add_test ("/tend/task-manager/keep/gives-the-active-one", test_keep_gives_the_active_one);
  add_test ("/tend/task-manager/keep/new-one-may-go-to-another-manager", test_kept_out_task_in_another_manager);
  add_test ("/tend/task-manager/keep/beside-one-that-drains", test_keep_beside_one_that_drains);
  add_test ("/tend/task-manager/keep/after-the-end", test_keep_after_the_end);

  add_test ("/tend/task-manager/queue/runs-one-after-the-other", test_queue_runs_one_after_the_other);
  add_test ("/tend/task-manager/queue/goes-on-after-every-end", test_queue_survives_every_end);
  add_test ("/tend/task-manager/queue/cancel-task-takes-the-first", test_cancel_task_takes_the_first);
  add_test ("/tend/task-manager/queue/one-leaves-the-middle", test_one_leaves_the_middle_of_the_queue);
  add_test ("/tend/task-manager/queue/delay-passes-in-it", test_delay_in_the_queue);
  add_test ("/tend/task-manager/queue/ten-thousand", test_long_queue);
  add_test ("/tend/task-manager/queue/random-operations", test_random_operations);

  return g_test_run ();
}
