// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Open tasks that nobody can end any more: a warning names them, once. Who has a way to end one is not warned of it.

#include "common.h"

#define FORGOTTEN "Task '%s': does not end: its function has returned, it has no timer, source or handler, and nobody " \
                  "has a reference to it; it was made at *test-task-forgotten*"

static void
expect_forgotten (const char *name)
{
  g_autofree char *pattern = g_strdup_printf (FORGOTTEN, name);

  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, pattern);
}

/* Starts an open task and forgets it. */
static TendTask *
start_open (const char   *name,
            TendBodyFunc  func)
{
  TendTask *task = tend_task_run_open (name, func, NULL, NULL);

  g_object_unref (task);
  return task;
}

static gboolean
nothing_cb (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  return FALSE;
}

static void
test_is_told_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = start_open ("search", idle_body);

  expect_forgotten ("search");
  settle ();
  g_test_assert_expected_messages ();
  tend_task_add_timer (task, SECOND, -1, nothing_cb, NULL, NULL);
  tend_clock_advance (clock, 2 * SECOND, NULL);

  /* A bare pointer does for this. */
  tend_task_return_boolean (task, TRUE);
}

/* Those who wait do not end it. */
static void
test_those_who_wait_do_not_count (void)
{
  TendTask *task = tend_task_run_open ("search", idle_body, NULL, NULL);

  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "wait");
  expect_forgotten ("search");
  g_object_unref (task);
  settle ();
  g_test_assert_expected_messages ();
  tend_task_return_boolean (task, TRUE);
  settle ();
  assert_notes ("wait:ok");
}

static gboolean
timer_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  tend_task_add_timer (task, SECOND, -1, nothing_cb, NULL, NULL);
  return TRUE;
}

/* As long as there is a timer, that may end it. */
static void
test_is_told_when_its_last_timer_is_over (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = start_open ("timed", timer_body);

  tend_clock_advance (clock, SECOND - 1, NULL);
  expect_forgotten ("timed");
  tend_clock_advance (clock, 1, NULL);
  g_test_assert_expected_messages ();
  tend_task_stop (task);
}

/* --- Tasks that somebody can end --- */

static gboolean
cancellable_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  tend_task_get_cancellable (task);
  return TRUE;
}

static void
ignore_cb (TendTask *task,
           gpointer  user_data)
{
}

static gboolean
handler_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  tend_task_add_cancel_handler (task, ignore_cb, NULL, NULL);
  return TRUE;
}

static gboolean
pause_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  tend_task_pause (task);
  return TRUE;
}

static void
test_who_can_be_ended_is_not_told (void)
{
  static const TendBodyFunc bodies[] = { cancellable_body, handler_body, pause_body, timer_body };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
      TendTask *task = start_open (NULL, bodies[i]);

      settle ();
      tend_task_stop (task);
    }
}

/* Until the next turn there is time to take a reference, to end it, or to give it a timer. */
static void
test_may_be_seen_to_in_the_same_turn (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *held = tend_task_run_open (NULL, idle_body, NULL, NULL);
  TendTask *timed = start_open (NULL, idle_body);
  TendTask *ended = start_open (NULL, idle_body);

  tend_task_add_timer (timed, 9 * SECOND, -1, nothing_cb, NULL, NULL);
  tend_task_return_boolean (ended, TRUE);
  settle ();
  tend_task_stop (timed);
  tend_task_stop (held);
  assert_gone (held);
}

static int n_runs;

static gboolean
run_body (TendTask  *task,
          gpointer   user_data,
          GError   **error)
{
  n_runs++;
  return TRUE;
}

static gboolean
return_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_return_value (user_data, NULL);
  return TRUE;
}

/* Its run is over before the turn in which it would be looked at, and the next one is to come. */
static void
test_runs_again (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, run_body, NULL, NULL);
  g_autoptr(TendTask) other = tend_task_run_open (NULL, idle_body, NULL, NULL);

  n_runs = 0;
  tend_task_set_interval (task, SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_task_add_timer (other, SECOND, -1, return_cb, task, NULL);
  tend_clock_advance (clock, 3 * SECOND, NULL);
  g_assert_cmpint (n_runs, ==, 2);
  tend_task_stop (task);
  tend_task_stop (other);
  assert_gone (task);
  assert_gone (other);
}

/* It is not begun a second time when it goes on. */
static void
test_is_paused_in_the_same_turn (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, run_body, NULL, NULL);

  n_runs = 1;
  tend_task_pause (task);
  settle ();
  tend_task_resume (task);
  settle ();
  g_assert_cmpint (n_runs, ==, 1);
  tend_task_return_value (task, NULL);
  assert_gone (task);
}

/* Whoever asks the manager gets the task, and may end it. */
static void
test_manager_has_a_reference (void)
{
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  TendTask *task = tend_task_manager_register (manager, tend_task_new_open ("search", idle_body, NULL, NULL),
                                               TEND_NAME_POLICY_REJECT, NULL);

  settle ();
  tend_task_return_boolean (task, TRUE);
}

static gboolean
forget_body (TendTask  *task,
             gpointer   user_data,
             GError   **error)
{
  start_open ("search", idle_body);
  return tend_sleep (SECOND, error);
}

/* The end of the program has nothing to add. */
static void
test_is_not_told_again_at_the_end (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);

  expect_forgotten ("search");
  g_assert_true (tend_run (forget_body, NULL, NULL));
  g_test_assert_expected_messages ();
}

/* --- Tasks that nobody starts --- */

static void
test_unstarted_is_told_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber ("forgotten", idle_body, NULL, NULL);

  tend_clock_advance (clock, 100 * SECOND, NULL);
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "first");
  tend_clock_advance (clock, 9 * SECOND, NULL);
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "second");
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING,
                         "Task 'forgotten': is waited for, and has not been started for 10 s; it was made at "
                         "*test-task-forgotten*");
  tend_clock_advance (clock, SECOND, NULL);
  g_test_assert_expected_messages ();
  tend_task_wait_async (task, NULL, note_wait_cb, (gpointer) "third");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);

  /* Dropped at last: those who wait get an error. */
  g_object_unref (g_steal_pointer (&task));
  settle ();
  assert_notes ("first:tend-4 second:tend-4 third:tend-4");
}

/* The run looks after its task, and waits for it; that is no way to end it. */
static gboolean
leave_open_body (TendTask  *task,
                 gpointer   user_data,
                 GError   **error)
{
  start_open ("left", idle_body);
  return TRUE;
}

static void
test_run_that_ends_does_not_hide_it (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);

  expect_forgotten ("left");
  g_assert_true (tend_run (leave_open_body, NULL, NULL));
  g_test_assert_expected_messages ();
}

static void
test_started_in_time_is_not_told (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTaskManager) manager = tend_task_manager_new ();
  g_autoptr(TendTask) plain = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) delayed = tend_task_new_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) managed = tend_task_new_open ("managed", idle_body, NULL, NULL);
  g_autoptr(TendTask) ended = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendTask) given_up = tend_task_new_open (NULL, idle_body, NULL, NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TendTask *tasks[] = { plain, delayed, managed, ended };

  tend_task_wait_async (given_up, cancellable, note_wait_cb, (gpointer) "given up");
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    tend_task_wait_async (tasks[i], NULL, note_wait_cb, (gpointer) "wait");
  tend_clock_advance (clock, 9 * SECOND, NULL);
  g_assert_true (tend_task_start (plain, NULL));
  tend_task_set_delay (delayed, 30 * SECOND);
  g_assert_true (tend_task_start (delayed, NULL));
  tend_task_manager_register (manager, g_object_ref (managed), TEND_NAME_POLICY_REJECT, NULL);
  tend_task_cancel (ended);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 30 * SECOND);
  tend_task_stop (plain);
  tend_task_stop (managed);
  settle ();
  g_string_free (g_steal_pointer (&notes), TRUE);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/task/forgotten/is-told-once", test_is_told_once);
  g_test_add_func ("/tend/task/forgotten/those-who-wait-do-not-count", test_those_who_wait_do_not_count);
  g_test_add_func ("/tend/task/forgotten/is-told-when-its-last-timer-is-over",
                   test_is_told_when_its_last_timer_is_over);
  g_test_add_func ("/tend/task/forgotten/who-can-be-ended-is-not-told", test_who_can_be_ended_is_not_told);
  g_test_add_func ("/tend/task/forgotten/may-be-seen-to-in-the-same-turn", test_may_be_seen_to_in_the_same_turn);
  g_test_add_func ("/tend/task/forgotten/runs-again", test_runs_again);
  g_test_add_func ("/tend/task/forgotten/is-paused-in-the-same-turn", test_is_paused_in_the_same_turn);
  g_test_add_func ("/tend/task/forgotten/manager-has-a-reference", test_manager_has_a_reference);

  g_test_add_func ("/tend/task/forgotten/is-not-told-again-at-the-end", test_is_not_told_again_at_the_end);
  g_test_add_func ("/tend/task/forgotten/run-that-ends-does-not-hide-it", test_run_that_ends_does_not_hide_it);
  g_test_add_func ("/tend/task/forgotten/unstarted-is-told-once", test_unstarted_is_told_once);
  g_test_add_func ("/tend/task/forgotten/started-in-time-is-not-told", test_started_in_time_is_not_told);

  return g_test_run ();
}
