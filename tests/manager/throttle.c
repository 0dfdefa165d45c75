// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Throttling: at once, then once in a while, and the last thing that was asked for is always done.

#include "calls.h"

static TendTask *
throttle (Fixture    *fixture,
          const char *tag,
          gint64      usec)
{
  return ask (fixture, tend_task_manager_throttle, tag, usec);
}

static TendTask *
throttle_task (Fixture    *fixture,
               const char *tag,
               gint64      duration,
               gint64      usec)
{
  return ask_task (fixture, tend_task_manager_throttle, tag, duration, usec);
}

static void
test_first_and_last_of_a_burst (Fixture       *fixture,
                                gconstpointer  unused)
{
  g_autoptr(TendTask) middle = NULL;

  begin_time (fixture);
  throttle (fixture, "A", SECOND);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "A@0");
  go_to (fixture, 3);
  middle = g_object_ref (throttle (fixture, "B", SECOND));
  go_to (fixture, 6);
  throttle (fixture, "C", SECOND);
  g_assert_cmpint (tend_task_get_status (middle), ==, TEND_TASK_STATUS_CANCELLED);
  g_assert_cmpuint (n_tasks (fixture), ==, 1);
  go_to (fixture, 9);
  assert_log (fixture, "");
  go_to (fixture, 15);
  assert_log (fixture, "C@10");

  /* After the last of them it is at once again when so much time has passed. */
  throttle (fixture, "D", SECOND);
  go_to (fixture, 29);
  assert_log (fixture, "D@20");
  go_to (fixture, 30);
  throttle (fixture, "E", SECOND);
  settle (fixture);
  assert_log (fixture, "E@30");
}

/* All in one turn: the first begins in the next one, and the last when its time has come. */
static void
test_burst_in_one_turn (Fixture       *fixture,
                        gconstpointer  unused)
{
  begin_time (fixture);
  throttle (fixture, "A", SECOND);
  throttle (fixture, "B", SECOND);
  throttle (fixture, "C", SECOND);
  g_assert_cmpuint (n_tasks (fixture), ==, 2);
  go_to (fixture, 30);
  assert_log (fixture, "A@0 C@10");
}

static void
test_asked_for_all_the_time (Fixture       *fixture,
                             gconstpointer  unused)
{
  begin_time (fixture);
  for (int i = 0; i <= 35; i++)
    {
      go_to (fixture, i);
      throttle (fixture, i < 35 ? "x" : "last", SECOND);
      g_assert_cmpuint (n_tasks (fixture), <=, 2);
    }
  go_to (fixture, 60);
  assert_log (fixture, "x@0 x@10 x@20 x@30 last@40");
}

static void
test_running_body_is_left_alone (Fixture       *fixture,
                                 gconstpointer  unused)
{
  begin_time (fixture);
  throttle_task (fixture, "A", 15 * TENTH, SECOND);
  go_to (fixture, 5);
  throttle_task (fixture, "B", 15 * TENTH, SECOND);
  go_to (fixture, 60);
  assert_log (fixture, "A@0 A.15 B@15 B.30");
}

/* A body that takes longer than the while piles nothing up: the latest alone waits for its end. */
static void
test_slow_body_piles_nothing_up (Fixture       *fixture,
                                 gconstpointer  unused)
{
  static const char *const tags[] = { "B", "C", "D", "E", "F", "G", "H", "I", "J" };

  begin_time (fixture);
  throttle_task (fixture, "A", 5 * SECOND, SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      go_to (fixture, 5 + 5 * (int) i);
      throttle (fixture, tags[i], SECOND);
      g_assert_cmpuint (n_tasks (fixture), ==, 2);
    }
  go_to (fixture, 100);
  assert_log (fixture, "A@0 A.50 J@50");
}

/* Where one began later than it was due, the while counts from when it began. */
static void
test_counts_from_the_real_beginning (Fixture       *fixture,
                                     gconstpointer  unused)
{
  begin_time (fixture);
  throttle_task (fixture, "A", 5 * SECOND, SECOND);
  go_to (fixture, 5);
  throttle (fixture, "B", SECOND);
  go_to (fixture, 52);
  assert_log (fixture, "A@0 A.50 B@50");
  throttle (fixture, "C", SECOND);
  go_to (fixture, 56);
  throttle (fixture, "D", SECOND);
  go_to (fixture, 100);
  assert_log (fixture, "D@60");

  /* And also where that one still runs. */
  throttle_task (fixture, "E", 2 * SECOND, SECOND);
  go_to (fixture, 101);
  throttle_task (fixture, "F", 5 * TENTH, SECOND);
  go_to (fixture, 122);
  throttle (fixture, "G", SECOND);
  go_to (fixture, 200);
  assert_log (fixture, "E@100 E.120 F@120 F.125 G@130");
}

/* One that waits for a slot keeps its place, and the latest alone comes behind it. */
static void
test_waiting_for_a_slot (Fixture       *fixture,
                         gconstpointer  unused)
{
  static const char *const tags[] = { "B", "C", "D" };
  Work *work;

  begin_time (fixture);
  tend_task_manager_set_max_running (fixture->manager, 1);
  work = register_work (fixture, FIBER, "busy");
  settle (fixture);
  throttle (fixture, "A", SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      go_to (fixture, 5 + 8 * (int) i);
      throttle (fixture, tags[i], SECOND);
      g_assert_cmpuint (n_tasks (fixture), ==, 3);
    }
  go_to (fixture, 30);
  assert_log (fixture, "");

  work_let_go (work);
  settle (fixture);
  assert_log (fixture, "A@30 D@30");
}

/* --- Cancelled ones --- */

static void
test_waiting_one_is_cancelled_by_name (Fixture       *fixture,
                                       gconstpointer  unused)
{
  begin_time (fixture);
  throttle (fixture, "A", SECOND);
  settle (fixture);
  throttle (fixture, "B", SECOND);
  go_to (fixture, 5);
  tend_task_manager_cancel_task (fixture->manager, NAME);
  g_assert_false (tend_task_manager_is_active (fixture->manager, NAME));
  go_to (fixture, 7);
  throttle (fixture, "C", SECOND);
  go_to (fixture, 9);
  assert_log (fixture, "A@0");
  go_to (fixture, 30);
  assert_log (fixture, "C@10");
}

/* What has never begun keeps nobody waiting. */
static void
test_first_is_cancelled_before_it_began (Fixture       *fixture,
                                         gconstpointer  unused)
{
  begin_time (fixture);
  tend_task_cancel (throttle (fixture, "A", SECOND));
  throttle (fixture, "B", SECOND);
  settle (fixture);
  assert_log (fixture, "B@0");

  go_to (fixture, 20);
  throttle (fixture, "C", SECOND);
  tend_task_manager_cancel_all (fixture->manager);
  throttle (fixture, "D", SECOND);
  settle (fixture);
  assert_log (fixture, "D@20");
}

static void
test_running_one_is_cancelled (Fixture       *fixture,
                               gconstpointer  unused)
{
  begin_time (fixture);
  throttle_task (fixture, "A", 5 * SECOND, SECOND);
  go_to (fixture, 3);
  tend_task_manager_cancel_task (fixture->manager, NAME);
  throttle (fixture, "B", SECOND);
  go_to (fixture, 30);
  assert_log (fixture, "A@0 A!3 B@10");
}

/* --- Beside other tasks of the name --- */

/* A delayed task that nobody throttled is not in the series, and is left alone. */
static void
test_stranger_of_the_name (Fixture       *fixture,
                           gconstpointer  unused)
{
  g_autoptr(TendTask) stranger = NULL;

  begin_time (fixture);
  throttle (fixture, "A", 5 * SECOND);
  settle (fixture);
  throttle (fixture, "x", 5 * SECOND);
  tend_task_manager_cancel_task (fixture->manager, NAME);
  stranger = call_new_task (fixture, NAME, "S", SECOND);
  tend_task_set_delay (stranger, SECOND);
  g_assert_true (tend_task_manager_register (fixture->manager, g_object_ref (stranger), TEND_NAME_POLICY_REJECT,
                                             NULL));
  throttle (fixture, "B", 5 * SECOND);
  g_assert_false (tend_task_is_cancelling (stranger));
  go_to (fixture, 100);
  assert_log (fixture, "A@0 S@10 S.20 B@50");
}

/* The latest that waits is replaced although another has queued up behind it. */
static void
test_queued_behind_the_latest (Fixture       *fixture,
                               gconstpointer  unused)
{
  g_autoptr(TendTask) queued = NULL;

  begin_time (fixture);
  throttle (fixture, "A", SECOND);
  settle (fixture);
  throttle (fixture, "B", SECOND);
  queued = call_new_task (fixture, NAME, "Q", SECOND);
  g_assert_nonnull (tend_task_manager_register (fixture->manager, g_object_ref (queued), TEND_NAME_POLICY_QUEUE,
                                                NULL));
  throttle (fixture, "C", SECOND);
  go_to (fixture, 30);
  assert_log (fixture, "A@0 Q@0 Q.10 C@10");
}

static void
test_replaced_by_another (Fixture       *fixture,
                          gconstpointer  unused)
{
  g_autoptr(TendTask) task = NULL;

  begin_time (fixture);
  throttle_task (fixture, "A", 5 * SECOND, SECOND);
  go_to (fixture, 1);
  throttle (fixture, "B", SECOND);
  task = call_new_task (fixture, NAME, "R", SECOND);
  g_assert_nonnull (tend_task_manager_register (fixture->manager, g_object_ref (task), TEND_NAME_POLICY_REPLACE,
                                                NULL));
  go_to (fixture, 2);
  throttle (fixture, "C", SECOND);
  go_to (fixture, 40);
  assert_log (fixture, "A@0 A!1 R@1 R.11 C@11");
}

/* --- Different times --- */

/* The while is that of the call, and counts from the last one that has begun. */
static void
test_different_times (Fixture       *fixture,
                      gconstpointer  unused)
{
  begin_time (fixture);
  throttle (fixture, "A", 5 * SECOND);
  settle (fixture);
  go_to (fixture, 3);
  throttle (fixture, "B", SECOND);
  go_to (fixture, 5);
  throttle (fixture, "C", 3 * SECOND);
  go_to (fixture, 15);
  assert_log (fixture, "A@0");
  throttle (fixture, "D", SECOND);
  settle (fixture);
  assert_log (fixture, "D@15");
  go_to (fixture, 100);
  assert_log (fixture, "");
}

static void
test_longest_time (Fixture       *fixture,
                   gconstpointer  unused)
{
  begin_time (fixture);
  throttle (fixture, "A", G_MAXINT64);
  throttle (fixture, "B", G_MAXINT64);
  tend_clock_advance (fixture->clock, 8589934592 * SECOND, NULL);
  assert_log (fixture, "A@0");
  g_assert_true (tend_task_manager_is_active (fixture->manager, NAME));
}

/* --- Errors --- */

static void
test_refusals_lose_nothing (Fixture       *fixture,
                            gconstpointer  unused)
{
  begin_time (fixture);
  throttle (fixture, "A", SECOND);
  settle (fixture);
  throttle (fixture, "B", SECOND);
  assert_log (fixture, "A@0");
  assert_refusals_lose_nothing (fixture, tend_task_manager_throttle);
  go_to (fixture, 100);
  assert_log (fixture, "B@10");
}

/* Nor do they count as a beginning. */
static void
test_refused_ones_do_not_count (Fixture       *fixture,
                                gconstpointer  unused)
{
  begin_time (fixture);
  assert_refusals_lose_nothing (fixture, tend_task_manager_throttle);
  throttle (fixture, "A", 3600 * SECOND);
  settle (fixture);
  assert_log (fixture, "A@0");
}

static void
test_after_shutdown (Fixture       *fixture,
                     gconstpointer  unused)
{
  begin_time (fixture);
  throttle (fixture, "A", SECOND);
  assert_refused_after_shutdown (fixture, tend_task_manager_throttle);
}

static void
test_other_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  begin_time (fixture);
  assert_refused_elsewhere (fixture, tend_task_manager_throttle);
  go_to (fixture, 20);
  assert_log (fixture, "A@0 A.0");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/tend/task-manager/throttle/first-and-last-of-a-burst", test_first_and_last_of_a_burst);
  add_test ("/tend/task-manager/throttle/burst-in-one-turn", test_burst_in_one_turn);
  add_test ("/tend/task-manager/throttle/asked-for-all-the-time", test_asked_for_all_the_time);
  add_test ("/tend/task-manager/throttle/running-body-is-left-alone", test_running_body_is_left_alone);
  add_test ("/tend/task-manager/throttle/slow-body-piles-nothing-up", test_slow_body_piles_nothing_up);
  add_test ("/tend/task-manager/throttle/counts-from-the-real-beginning", test_counts_from_the_real_beginning);
  add_test ("/tend/task-manager/throttle/waiting-for-a-slot", test_waiting_for_a_slot);

  add_test ("/tend/task-manager/throttle/waiting-one-is-cancelled-by-name", test_waiting_one_is_cancelled_by_name);
  add_test ("/tend/task-manager/throttle/first-is-cancelled-before-it-began",
            test_first_is_cancelled_before_it_began);
  add_test ("/tend/task-manager/throttle/running-one-is-cancelled", test_running_one_is_cancelled);

  add_test ("/tend/task-manager/throttle/stranger-of-the-name", test_stranger_of_the_name);
  add_test ("/tend/task-manager/throttle/queued-behind-the-latest", test_queued_behind_the_latest);
  add_test ("/tend/task-manager/throttle/replaced-by-another", test_replaced_by_another);
  add_test ("/tend/task-manager/throttle/different-times", test_different_times);
  add_test ("/tend/task-manager/throttle/longest-time", test_longest_time);

  add_test ("/tend/task-manager/throttle/refusals-lose-nothing", test_refusals_lose_nothing);
  add_test ("/tend/task-manager/throttle/refused-ones-do-not-count", test_refused_ones_do_not_count);
  add_test ("/tend/task-manager/throttle/after-shutdown", test_after_shutdown);
  add_test ("/tend/task-manager/throttle/other-thread", test_other_thread);

  return g_test_run ();
}
