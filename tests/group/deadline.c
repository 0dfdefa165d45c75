// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Deadlines: when they end a task, and how they pass on to what it starts.

#include "common.h"

static gint64
now (TendClock *clock)
{
  return tend_clock_get_time (clock);
}

/* --- The end at a deadline --- */

static void
test_fiber_times_out (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber ("slow", drain_body, (gpointer) "slow", NULL);

  tend_task_set_deadline (task, now (clock) + SECOND);
  g_assert_true (tend_task_start (task, NULL));

  /* It is asked, as by cancelling, and may clean up. */
  tend_clock_advance (clock, SECOND, NULL);
  g_assert_true (tend_task_is_cancelling (task));
  assert_status (task, "running");
  tend_clock_advance (clock, SECOND, NULL);
  assert_notes ("slow:drained");
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (tend_task_get_error (task)->message, ==, "Task 'slow': did not end before its deadline");
  assert_gone (task);
}

static gboolean
complete_late_body (TendTask  *task,
                    gpointer   user_data,
                    GError   **error)
{
  g_autoptr(GError) timeout = NULL;

  g_assert_false (tend_sleep (2 * SECOND, &timeout));
  g_assert_error (timeout, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  tend_task_return_int (task, 1);
  return TRUE;
}

static void
test_body_may_complete_after_all (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, complete_late_body, NULL, NULL);

  tend_task_set_deadline (task, now (clock) + SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (task, "completed");
  assert_gone (task);
}

static gboolean
set_far_body (TendTask  *task,
              gpointer   user_data,
              GError   **error)
{
  tend_task_set_deadline (user_data, tend_get_time () + 60 * SECOND);
  tend_task_set_deadline (user_data, tend_get_time () + 50 * SECOND);
  return TRUE;
}

/* Who sets the deadline of a task that runs does not pass on its own. */
static void
test_running_task_inherits_nothing (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_run_fiber ("victim", drain_body, (gpointer) "victim", NULL);
  g_autoptr(TendTask) other = tend_task_new_fiber ("other", set_far_body, task, NULL);
  gint64 begin = now (clock);

  tend_task_set_deadline (other, begin + SECOND);
  g_assert_true (tend_task_start (other, NULL));
  g_assert_cmpint (tend_task_get_deadline (task), ==, begin + 50 * SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 51 * SECOND);
  assert_notes ("victim:drained");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
  assert_gone (other);
}

static gboolean
start_inheriting_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  return tend_task_start (user_data, error);
}

/* A deadline that is set by hand counts as the task's own, and its error is told. */
static void
test_own_deadline_takes_the_place_of_an_inherited_one (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = tend_task_new_fiber ("own", drain_body, (gpointer) "own", NULL);
  g_autoptr(TendTask) starter = tend_task_new_fiber ("starter", start_inheriting_body, task, NULL);
  gint64 begin = now (clock);

  tend_task_set_deadline (starter, begin + 3 * SECOND);
  g_assert_true (tend_task_start (starter, NULL));
  g_assert_cmpint (tend_task_get_deadline (task), ==, begin + 3 * SECOND);
  tend_task_set_deadline (task, begin + 2 * SECOND);
  tend_clock_advance (clock, 3 * SECOND, NULL);
  assert_notes ("own:drained");
  assert_status (task, "failed");
  g_test_expect_message ("Tend", G_LOG_LEVEL_WARNING, "Task 'own': nobody observed its error*before its deadline*");
  g_object_unref (task);
  g_test_assert_expected_messages ();
  assert_gone (starter);
}

static void
test_waiting_task_times_out_at_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) delayed = tend_task_new_open (NULL, complete_body, NULL, NULL);
  g_autoptr(TendTask) repeating = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (delayed, 5 * SECOND);
  tend_task_set_deadline (delayed, now (clock) + SECOND);
  tend_task_set_interval (repeating, 2 * SECOND);
  tend_task_set_deadline (repeating, now (clock) + 5 * SECOND);
  g_assert_true (tend_task_start (delayed, NULL));
  g_assert_true (tend_task_start (repeating, NULL));
  tend_clock_advance (clock, SECOND, NULL);
  assert_status (delayed, "failed");
  g_assert_error (tend_task_get_error (delayed), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  tend_clock_advance (clock, 4 * SECOND - 1, NULL);
  assert_status (repeating, "running");
  tend_clock_advance (clock, 1, NULL);
  assert_status (repeating, "failed");
  g_assert_error (tend_task_get_error (repeating), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (delayed);
  assert_gone (repeating);
}

static gboolean
wait_for_cancel_thread (TendTask  *task,
                        gpointer   user_data,
                        GError   **error)
{
  GCancellable *cancellable = tend_task_get_cancellable (task);
  GPollFD poll_fd;

  g_assert_true (g_cancellable_make_pollfd (cancellable, &poll_fd));
  g_poll (&poll_fd, 1, -1);
  g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* What its body called spoke of cancellation; the task knows better. */
static void
test_thread_times_out (void)
{
  g_autoptr(TendTask) task = tend_task_new_thread (NULL, wait_for_cancel_thread, NULL, NULL);
  g_autoptr(GError) error = NULL;

  tend_task_set_deadline (task, g_get_monotonic_time () + SECOND / 100);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_false (tend_task_wait_sync (task, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
}

static void
test_ends_with_its_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_set_deadline (task, now (clock) + 10 * SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_notes ("slept");
  assert_status (task, "completed");
  assert_gone (task);
}

static void
test_past_deadline_ends_it_in_the_next_turn (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, sleep_body, NULL, NULL);

  tend_task_set_deadline (task, G_MININT64);
  g_assert_true (tend_task_start (task, NULL));
  assert_status (task, "running");
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), <=, 1);
  assert_notes ("interrupted");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
}

/* --- Setting --- */

static void
test_nearest_wins (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  gint64 begin = now (clock);

  g_assert_cmpint (tend_task_get_deadline (task), ==, G_MAXINT64);
  tend_task_set_deadline (task, begin + SECOND);
  tend_task_set_deadline (task, begin + 5 * SECOND);
  g_assert_cmpint (tend_task_get_deadline (task), ==, begin + 5 * SECOND);

  /* Once it is started only a nearer one counts. */
  g_assert_true (tend_task_start (task, NULL));
  tend_task_set_deadline (task, begin + 9 * SECOND);
  tend_task_set_deadline (task, G_MAXINT64);
  g_assert_cmpint (tend_task_get_deadline (task), ==, begin + 5 * SECOND);
  tend_task_set_deadline (task, begin + 3 * SECOND);
  g_assert_cmpint (tend_task_get_deadline (task), ==, begin + 3 * SECOND);
  tend_clock_advance (clock, 3 * SECOND - 1, NULL);
  g_assert_false (tend_task_is_cancelling (task));
  tend_clock_advance (clock, 1, NULL);
  g_assert_true (tend_task_is_cancelling (task));
  tend_task_stop (task);
  assert_gone (task);
}

static void
note_deadline_cb (GObject    *object,
                  GParamSpec *pspec,
                  gpointer    user_data)
{
  note ("deadline");
}

static void
test_is_a_property (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, idle_body, NULL, NULL);
  gint64 deadline;

  g_signal_connect (task, "notify::deadline", G_CALLBACK (note_deadline_cb), NULL);
  g_object_set (task, "deadline", G_GINT64_CONSTANT (9000000000000000000), NULL);
  g_object_get (task, "deadline", &deadline, NULL);
  g_assert_cmpint (deadline, ==, G_GINT64_CONSTANT (9000000000000000000));
  assert_notes ("deadline");
  tend_task_stop (task);
  tend_task_set_deadline (task, 1);
  assert_notes ("");
  assert_gone (task);
}

/* --- Inheriting --- */

static gboolean
start_child_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  TendTask *child = user_data;

  if (!tend_task_start (child, error) || !tend_sleep (0, error))
    return FALSE;
  return tend_await (child, error);
}

/* Starts @child in a task with a deadline in so many seconds. */
static TendTask *
start_under (TendClock *clock,
             int        seconds,
             TendTask  *child)
{
  TendTask *parent = tend_task_new_fiber (NULL, start_child_body, child, NULL);

  tend_task_set_deadline (parent, now (clock) + seconds * SECOND);
  g_assert_true (tend_task_start (parent, NULL));
  return parent;
}

static void
test_is_inherited (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, drain_body, (gpointer) "child", NULL);
  g_autoptr(TendTask) parent = start_under (clock, 2, child);

  g_assert_cmpint (tend_task_get_deadline (child), ==, tend_task_get_deadline (parent));
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("child:drained");
  g_assert_error (tend_task_get_error (child), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_error (tend_task_get_error (parent), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (parent);
  assert_gone (child);
}

static void
test_nearer_one_of_its_own_wins (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, drain_body, (gpointer) "child", NULL);
  g_autoptr(TendTask) parent = NULL;

  tend_task_set_deadline (child, now (clock) + SECOND);
  parent = start_under (clock, 5, child);
  g_assert_cmpint (tend_task_get_deadline (child), ==, now (clock) + SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("child:drained");
  assert_status (child, "failed");
  g_assert_error (tend_task_get_error (parent), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (parent);
  assert_gone (child);
}

static gboolean
run_elsewhere_thread (TendTask  *task,
                      gpointer   user_data,
                      GError   **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(TendTask) child = tend_task_run_open (NULL, complete_body, NULL, NULL);

      g_assert_cmpint (tend_task_get_deadline (child), ==, G_MAXINT64);
    }
  g_main_context_pop_thread_default (context);
  return TRUE;
}

/* The deadline of a thread's task is its own thread's business, and may change there meanwhile. */
static void
test_is_not_inherited_in_a_thread (void)
{
  g_autoptr(TendTask) task = tend_task_run_thread (NULL, run_elsewhere_thread, NULL, NULL);

  for (guint i = 0; i < 100; i++)
    tend_task_set_deadline (task, G_MAXINT64 - 1 - i);
  g_assert_true (tend_task_wait_sync (task, NULL));
  assert_gone (task);
}

static void
test_later_one_of_its_own_does_not_count (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) child = tend_task_new_fiber (NULL, drain_body, (gpointer) "child", NULL);
  g_autoptr(TendTask) parent = NULL;

  tend_task_set_deadline (child, now (clock) + 5 * SECOND);
  parent = start_under (clock, 1, child);
  g_assert_cmpint (tend_task_get_deadline (child), ==, now (clock) + SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("child:drained");
  tend_task_get_error (child);
  tend_task_get_error (parent);
  assert_gone (parent);
  assert_gone (child);
}

/* Its error says what the parent's says: dropped without having been read, it is no news. */
static void
test_inherited_error_is_told_once (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *child = tend_task_new_fiber ("child", drain_body, (gpointer) "child", NULL);
  TendTask *parent;

  parent = start_under (clock, 1, child);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("child:drained");
  assert_status (child, "failed");
  tend_task_get_error (parent);
  assert_gone (parent);
  assert_gone (child);
}

static gboolean
wait_for_all_body (TendTask  *task,
                   gpointer   user_data,
                   GError   **error)
{
  g_autoptr(TendTask) all = tend_wait_all (user_data, 1);

  return tend_await (all, error);
}

/* What it waits for was started by somebody else, and goes on. */
static void
test_ends_a_wait_and_not_what_is_waited_for (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  TendTask *task = task_in (5, complete_body, NULL);
  g_autoptr(TendTask) waiter = tend_task_new_fiber (NULL, wait_for_all_body, &task, NULL);

  tend_task_set_deadline (waiter, now (clock) + SECOND);
  g_assert_true (tend_task_start (waiter, NULL));
  tend_clock_run_until_idle (clock, NULL);
  g_assert_error (tend_task_get_error (waiter), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_status (task, "completed");
  assert_gone (waiter);
  assert_gone (task);
}

static gboolean
group_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  g_autoptr(TendTask) a = tend_task_new_fiber ("a", drain_body, (gpointer) "a", NULL);
  g_autoptr(TendTask) b = tend_task_new_fiber ("b", drain_body, (gpointer) "b", NULL);

  return tend_group_add (group, g_object_ref (a), error) && tend_group_add (group, g_object_ref (b), error) &&
         tend_group_wait (group, error);
}

/* One error comes of it, and it is told once. */
static void
test_ends_a_group_with_its_children (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, group_body, NULL, NULL);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_task_set_deadline (task, now (clock) + SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("a:drained b:drained");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
  assert_notes ("");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_goes_on_while_paused (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open (NULL, complete_body, NULL, NULL);

  tend_task_set_delay (task, SECOND / 2);
  tend_task_set_deadline (task, now (clock) + SECOND);
  g_assert_true (tend_task_start (task, NULL));
  tend_task_pause (task);
  tend_clock_advance (clock, SECOND, NULL);
  assert_status (task, "failed");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
}

static gboolean
shielded_body (TendTask  *task,
               gpointer   user_data,
               GError   **error)
{
  g_autoptr(TendTask) child = NULL;
  gboolean timed_out = !tend_sleep (10 * SECOND, error);

  tend_shield_push ();
  child = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  note ("cleaned-up:%d", tend_await (child, NULL));
  tend_shield_pop ();

  return !timed_out;
}

static gboolean
delay_body (TendTask  *task,
            gpointer   user_data,
            GError   **error)
{
  g_autoptr(TendTask) delay = tend_task_run_delay (3 * SECOND);

  note ("awaited:%d", tend_await (delay, error));
  g_assert_false (tend_task_is_ended (delay));
  tend_shield_push ();
  note ("passed:%d", tend_await (delay, NULL));
  tend_shield_pop ();
  return FALSE;
}

/* To let time pass is nothing that could fail. */
static void
test_is_not_inherited_by_a_delay (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, delay_body, NULL, NULL);

  tend_task_set_deadline (task, now (clock) + SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 3 * SECOND);
  assert_notes ("awaited:0 passed:1");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
}

/* What cleans up after the deadline has time for it. */
static void
test_is_not_inherited_under_a_shield (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, shielded_body, NULL, NULL);

  tend_task_set_deadline (task, now (clock) + SECOND);
  g_assert_true (tend_task_start (task, NULL));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  assert_notes ("slept cleaned-up:1");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  assert_gone (task);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/deadline/fiber-times-out", test_fiber_times_out);
  g_test_add_func ("/tend/deadline/body-may-complete-after-all", test_body_may_complete_after_all);
  g_test_add_func ("/tend/deadline/waiting-task-times-out-at-once", test_waiting_task_times_out_at_once);
  g_test_add_func ("/tend/deadline/thread-times-out", test_thread_times_out);
  g_test_add_func ("/tend/deadline/ends-with-its-task", test_ends_with_its_task);
  g_test_add_func ("/tend/deadline/past-one-ends-it-in-the-next-turn", test_past_deadline_ends_it_in_the_next_turn);
  g_test_add_func ("/tend/deadline/nearest-wins", test_nearest_wins);
  g_test_add_func ("/tend/deadline/is-a-property", test_is_a_property);
  g_test_add_func ("/tend/deadline/is-inherited", test_is_inherited);
  g_test_add_func ("/tend/deadline/nearer-one-of-its-own-wins", test_nearer_one_of_its_own_wins);
  g_test_add_func ("/tend/deadline/inherited-error-is-told-once", test_inherited_error_is_told_once);
  g_test_add_func ("/tend/deadline/is-not-inherited-in-a-thread", test_is_not_inherited_in_a_thread);
  g_test_add_func ("/tend/deadline/later-one-of-its-own-does-not-count", test_later_one_of_its_own_does_not_count);
  g_test_add_func ("/tend/deadline/ends-a-wait-and-not-what-is-waited-for",
                   test_ends_a_wait_and_not_what_is_waited_for);
  g_test_add_func ("/tend/deadline/ends-a-group-with-its-children", test_ends_a_group_with_its_children);
  g_test_add_func ("/tend/deadline/goes-on-while-paused", test_goes_on_while_paused);
  g_test_add_func ("/tend/deadline/is-not-inherited-under-a-shield", test_is_not_inherited_under_a_shield);
  g_test_add_func ("/tend/deadline/running-task-inherits-nothing", test_running_task_inherits_nothing);
  g_test_add_func ("/tend/deadline/own-takes-the-place-of-an-inherited-one",
                   test_own_deadline_takes_the_place_of_an_inherited_one);
  g_test_add_func ("/tend/deadline/is-not-inherited-by-a-delay", test_is_not_inherited_by_a_delay);

  return g_test_run ();
}
