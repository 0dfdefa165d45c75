// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Waits with a limit: with a cancellable, a timeout, a deadline; and the delay as a task.

#include "common.h"

/* Each of the three, with a limit that is not reached within 100 seconds. */
static TendTask *
follow_cancellable (TendTask *task)
{
  return tend_task_with_cancellable (task, NULL);
}

static TendTask *
follow_timeout (TendTask *task)
{
  return tend_task_with_timeout (task, 100 * SECOND);
}

static TendTask *
follow_deadline (TendTask *task)
{
  return tend_task_with_deadline (task, G_MAXINT64);
}

static TendTask * (* const followers[]) (TendTask *) = { follow_cancellable, follow_timeout, follow_deadline };

static void
test_ends_as_the_task_does (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (followers); i++)
    {
      g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
      g_autoptr(TendTask) follower = followers[i] (task);

      tend_task_return_string (task, "result");
      settle ();
      g_assert_cmpstr (tend_task_get_string (follower), ==, "result");
      assert_gone (follower);
      assert_gone (task);
    }
}

static void
test_fails_as_the_task_does (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (followers); i++)
    {
      g_autoptr(TendTask) task = tend_task_run_open (NULL, fail_body, NULL, NULL);
      g_autoptr(TendTask) follower = followers[i] (task);

      settle ();
      assert_status (follower, "failed");
      g_assert_cmpstr (tend_task_get_error (follower)->message, ==, "No luck");
      assert_gone (follower);
      assert_gone (task);
    }
}

static void
test_is_cancelled_as_the_task_is (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (followers); i++)
    {
      g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
      g_autoptr(TendTask) follower = followers[i] (task);

      tend_task_cancel (task);
      settle ();
      assert_status (follower, "cancelled");
      assert_gone (follower);
      assert_gone (task);
    }
}

static void
test_cancelling_it_leaves_the_task_alone (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (followers); i++)
    {
      g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
      g_autoptr(TendTask) follower = followers[i] (task);

      tend_task_cancel (follower);
      assert_status (follower, "cancelled");
      assert_status (task, "running");
      assert_gone (follower);
      tend_task_stop (task);
      assert_gone (task);
    }
}

/* --- Cancellable --- */

static gboolean
next_work_body (TendTask  *task,
                gpointer   user_data,
                GError   **error)
{
  struct
  {
    TendTask     *task;
    GCancellable *cancellable;
  } *data = user_data;
  g_autoptr(TendTask) limited = tend_task_with_cancellable (data->task, data->cancellable);
  g_autoptr(GError) own = NULL;

  g_assert_false (tend_await (limited, &own));
  g_assert_error (own, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  note ("cancelled");
  if (!tend_task_is_ended (data->task))
    note ("still-running");
  note ("next-work");
  return TRUE;
}

/* Whoever waits goes on with other work, and the task with its own. */
static void
test_cancellable_ends_the_wait_and_not_the_task (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_run_fiber (NULL, sleep_body, NULL, NULL);
  struct
  {
    TendTask     *task;
    GCancellable *cancellable;
  } data = { task, cancellable };
  g_autoptr(TendTask) waiter = tend_task_run_fiber (NULL, next_work_body, &data, NULL);

  tend_clock_advance (clock, SECOND / 2, NULL);
  g_cancellable_cancel (cancellable);
  tend_clock_run_until_idle (clock, NULL);
  assert_notes ("cancelled still-running next-work slept");
  assert_status (task, "completed");
  assert_gone (waiter);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static void
test_cancelled_cancellable_cancels_in_the_next_turn (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) limited = NULL;

  g_cancellable_cancel (cancellable);
  limited = tend_task_with_cancellable (task, cancellable);
  assert_status (limited, "running");
  settle ();
  assert_status (limited, "cancelled");
  assert_gone (limited);
  tend_task_stop (task);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

static gpointer
cancel_cancellable_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancellable_of_another_thread (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) limited = tend_task_with_cancellable (task, cancellable);

  in_thread (cancel_cancellable_thread, cancellable);
  g_assert_false (tend_task_wait_sync (limited, NULL));
  assert_status (limited, "cancelled");
  assert_gone (limited);
  tend_task_stop (task);
  assert_gone (task);
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* What lives long does not gather those who have waited. */
static void
test_lets_go_of_the_cancellable (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(TendTask) task = tend_task_run_open (NULL, complete_body, NULL, NULL);
      g_autoptr(TendTask) limited = tend_task_with_cancellable (task, cancellable);

      settle ();
      assert_status (limited, "completed");
      assert_gone (limited);
      assert_gone (task);
    }
  g_assert_cmpuint (G_OBJECT (cancellable)->ref_count, ==, 1);
  g_assert_false (g_signal_has_handler_pending (cancellable, g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE), 0, TRUE));
  g_assert_finalize_object (g_steal_pointer (&cancellable));
}

/* --- Time --- */

static void
test_timeout_fails_the_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = tend_task_new_open ("slow", complete_body, NULL, NULL);
  g_autoptr(TendTask) limited = NULL;

  tend_task_set_delay (task, 2 * SECOND);
  tend_task_start (task, NULL);
  limited = tend_task_with_timeout (task, SECOND);
  tend_clock_advance (clock, SECOND, NULL);
  assert_status (limited, "failed");
  g_assert_error (tend_task_get_error (limited), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (tend_task_get_error (limited)->message, ==, "Task 'slow': did not end in time");
  tend_clock_run_until_idle (clock, NULL);
  assert_status (task, "completed");
  assert_gone (limited);
  assert_gone (task);
}

/* The time of the limit is past; of a task that ends at the same time the end counts. */
static void
test_timeout_ends_with_the_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (1, complete_body, NULL);
  g_autoptr(TendTask) limited = tend_task_with_timeout (task, SECOND);

  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  assert_status (limited, "completed");
  assert_gone (limited);
  assert_gone (task);
}

static void
test_error_after_the_timeout_is_not_lost (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (2, fail_as_body, "late");
  g_autoptr(TendTask) limited = tend_task_with_timeout (task, SECOND);

  tend_set_unobserved_func (note_unobserved_cb, NULL, NULL);
  tend_clock_run_until_idle (clock, NULL);
  tend_task_get_error (limited);
  assert_gone (limited);
  assert_notes ("");
  assert_gone (task);
  assert_notes ("unobserved:late");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static void
test_deadline_fails_the_wait (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) task = task_in (2, complete_body, NULL);
  g_autoptr(TendTask) limited = tend_task_with_deadline (task, tend_clock_get_time (clock) + SECOND);
  g_autoptr(TendTask) late = tend_task_with_deadline (task, tend_clock_get_time (clock) - SECOND);
  g_autoptr(TendTask) later = tend_task_with_deadline (task, G_MININT64);

  tend_clock_advance (clock, 0, NULL);
  g_assert_error (tend_task_get_error (late), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_error (tend_task_get_error (later), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  tend_clock_advance (clock, SECOND - 1, NULL);
  assert_status (limited, "running");
  tend_clock_advance (clock, 1, NULL);
  g_assert_error (tend_task_get_error (limited), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (task, "completed");
  assert_gone (limited);
  assert_gone (late);
  assert_gone (later);
  assert_gone (task);
}

static gboolean
complete_foreign_cb (gpointer data)
{
  tend_task_return_int (data, 42);
  return G_SOURCE_REMOVE;
}

static void
test_of_another_thread (void)
{
  Other *other = other_new ();
  TendTask *never = foreign_new (other);
  TendTask *task = foreign_new (other);
  g_autoptr(TendTask) limited = tend_task_with_timeout (task, 100 * SECOND);
  g_autoptr(TendTask) late = tend_task_with_timeout (never, 0);

  other_call (other, complete_foreign_cb, task);
  g_assert_true (tend_task_wait_sync (limited, NULL));
  g_assert_cmpint (tend_task_get_int (limited), ==, 42);
  g_assert_false (tend_task_wait_sync (late, NULL));
  assert_gone (limited);
  assert_gone (late);
  g_object_unref (task);
  g_object_unref (never);
  other_free (other);
}

static void
test_refuses_nonsense (void)
{
  g_autoptr(TendTask) task = tend_task_new_open (NULL, NULL, NULL, NULL);

  expect_critical ("*timeout >= 0*");
  g_assert_null (tend_task_with_timeout (task, -1));
  expect_critical ("*delay >= 0*");
  g_assert_null (tend_task_run_delay (-1));
  expect_critical ("*is not a task*");
  expect_critical ("*tend_watch_check*");
  g_assert_null (tend_task_with_cancellable (NULL, NULL));
  g_test_assert_expected_messages ();
  tend_task_stop (task);
  assert_gone (task);
}

/* --- Delay --- */

static void
test_delay_completes (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) delay = tend_task_run_delay (SECOND);
  g_autoptr(TendTask) none = tend_task_run_delay (0);

  assert_status (none, "pending");
  tend_clock_advance (clock, SECOND - 1, NULL);
  assert_status (none, "completed");
  assert_status (delay, "pending");
  tend_clock_advance (clock, 1, NULL);
  assert_status (delay, "completed");
  assert_gone (delay);
  assert_gone (none);
}

/* Sleeping leaves no gaps between the numbers of tasks; who asks for the one of a delay gets it then. */
static void
test_delay_is_numbered_when_asked (void)
{
  g_autoptr(TendTask) first = tend_task_new_open (NULL, NULL, NULL, NULL);
  g_autoptr(TendTask) delay = tend_task_run_delay (SECOND);
  g_autoptr(TendTask) second = tend_task_new_open (NULL, NULL, NULL, NULL);
  guint64 id = tend_task_get_id (first);

  g_assert_cmpuint (tend_task_get_id (second), ==, id + 1);
  g_assert_cmpuint (tend_task_get_id (delay), ==, id + 2);
  g_assert_cmpuint (tend_task_get_id (delay), ==, id + 2);
  tend_task_stop (delay);
  assert_gone (delay);
}

static void
test_delay_is_cancelled (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(TendTask) delay = tend_task_run_delay (SECOND);

  tend_task_add_cancellable (delay, cancellable);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  assert_status (delay, "cancelled");
  assert_gone (delay);
}

static void
note_origin_cb (const char   *task,
                const GError *error,
                const char   *origin,
                gpointer      user_data)
{
  note ("%s", strstr (origin, "test-group-limits") != NULL ? "here" : origin);
}

static void
test_delay_is_made_by_its_caller (void)
{
  g_autoptr(TendClock) clock = tend_clock_freeze (NULL);
  g_autoptr(TendTask) delay = tend_task_run_delay (2 * SECOND);

  tend_set_unobserved_func (note_origin_cb, NULL, NULL);
  tend_task_set_deadline (delay, tend_clock_get_time (clock) + SECOND);
  tend_clock_run_until_idle (clock, NULL);
  assert_status (delay, "failed");
  assert_gone (delay);
  assert_notes ("here");
  tend_set_unobserved_func (NULL, NULL, NULL);
}

static gboolean
delay_again_body (TendTask  *task,
                  gpointer   user_data,
                  GError   **error)
{
  while (TRUE)
    {
      g_autoptr(TendTask) delay = tend_task_run_delay (0);

      (*(guint *) user_data)++;
      if (!tend_await (delay, error))
        return FALSE;
    }
}

static gboolean
cancel_cb (TendTask  *task,
           gpointer   user_data,
           GError   **error)
{
  tend_task_cancel (task);
  return FALSE;
}

/* Whoever waits for nothing again and again does not keep a timer from coming. */
static void
test_delays_of_zero_starve_no_timer (void)
{
  guint n_delays = 0;
  g_autoptr(TendTask) task = tend_task_new_fiber (NULL, delay_again_body, &n_delays, NULL);

  tend_task_add_timer (task, SECOND / 100, -1, cancel_cb, NULL, NULL);
  tend_task_start (task, NULL);
  g_assert_false (tend_task_wait_sync (task, NULL));
  assert_status (task, "cancelled");
  g_assert_cmpuint (n_delays, >, 1);
  assert_gone (task);
}

/* What stands for the end of others ends once, and has no runs that could come again. */
static void
test_has_no_interval (void)
{
  g_autoptr(TendTask) task = tend_task_run_open (NULL, idle_body, NULL, NULL);
  g_autoptr(TendGroup) group = tend_group_new (TEND_GROUP_POLICY_WAIT_ALL);
  TendTask *results[] = {
    tend_wait_all (&task, 1), tend_when_all (&task, 1), tend_when_any (&task, 1), tend_task_with_timeout (task, SECOND),
    tend_task_run_delay (SECOND), tend_group_join (group)
  };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "Task *: runs once, and cannot have an interval");
      tend_task_set_interval (results[i], SECOND);
      g_test_assert_expected_messages ();
      g_assert_cmpint (tend_task_get_interval (results[i]), ==, -1);
    }

  tend_task_return_value (task, NULL);
  settle ();
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      tend_task_stop (results[i]);
      g_object_unref (results[i]);
    }
}

/* --- Values that are somebody's --- */

static TendTask *dropped;       /* what the next copy stops and drops; NULL: nothing */
static TendTask *also_dropped;

static gpointer
dropping_copy (gpointer value)
{
  TendTask *task = g_steal_pointer (&dropped);

  if (task != NULL)
    {
      tend_task_stop (task);
      g_object_unref (task);
      g_clear_object (&also_dropped);
      settle ();
    }

  return g_strdup (value);
}

static GType
dropping_get_type (void)
{
  static GType type;

  if (type == 0)
    type = g_boxed_type_register_static ("Dropping", dropping_copy, g_free);
  return type;
}

static void
return_dropping_body (TendTask *task,
                      gpointer  user_data)
{
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, dropping_get_type ());
  g_value_take_boxed (&value, g_strdup ("value"));
  tend_task_return_value (task, &value);
}

/* The copy that the attempt makes is harmless, the next one is not. */
static gboolean
return_then_drop_body (TendTask  *task,
                       gpointer   user_data,
                       GError   **error)
{
  return_dropping_body (task, NULL);
  dropped = g_steal_pointer ((TendTask **) user_data);

  return TRUE;
}

static TendTask *
dropping_attempt_cb (guint    attempt,
                     gpointer user_data)
{
  return tend_task_new_open ("attempt", return_then_drop_body, user_data, NULL);
}

/* What copies a value drops the task that it is for, or that it comes from. A sanitizer sees what is used afterwards. */
static void
test_copy_drops_the_task (void)
{
  for (guint way = 0; way < 2; way++)
    {
      TendTask *task = tend_task_new_open ("observed", NULL, NULL, NULL);
      TendTask *result = tend_task_with_timeout (task, SECOND);

      return_dropping_body (task, NULL);
      dropped = result;
      if (way == 1)
        also_dropped = g_object_ref (task);
      g_object_unref (task);
      settle ();
      g_assert_null (dropped);
    }
}

static void
test_copy_drops_the_retry (void)
{
  g_autoptr(TendRetry) retry = tend_retry_new (3);
  TendTask *task = NULL;

  task = tend_retry_create_task (retry, "retry", dropping_attempt_cb, &task, NULL);
  g_assert_true (tend_task_start (task, NULL));
  settle ();
  g_assert_null (task);
  g_assert_null (dropped);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/limits/ends-as-the-task-does", test_ends_as_the_task_does);
  g_test_add_func ("/tend/limits/fails-as-the-task-does", test_fails_as_the_task_does);
  g_test_add_func ("/tend/limits/is-cancelled-as-the-task-is", test_is_cancelled_as_the_task_is);
  g_test_add_func ("/tend/limits/cancelling-it-leaves-the-task-alone", test_cancelling_it_leaves_the_task_alone);
  g_test_add_func ("/tend/limits/cancellable-ends-the-wait-and-not-the-task",
                   test_cancellable_ends_the_wait_and_not_the_task);
  g_test_add_func ("/tend/limits/cancelled-cancellable-cancels-in-the-next-turn",
                   test_cancelled_cancellable_cancels_in_the_next_turn);
  g_test_add_func ("/tend/limits/cancellable-of-another-thread", test_cancellable_of_another_thread);
  g_test_add_func ("/tend/limits/lets-go-of-the-cancellable", test_lets_go_of_the_cancellable);
  g_test_add_func ("/tend/limits/timeout-fails-the-wait", test_timeout_fails_the_wait);
  g_test_add_func ("/tend/limits/timeout-ends-with-the-wait", test_timeout_ends_with_the_wait);
  g_test_add_func ("/tend/limits/error-after-the-timeout-is-not-lost", test_error_after_the_timeout_is_not_lost);
  g_test_add_func ("/tend/limits/deadline-fails-the-wait", test_deadline_fails_the_wait);
  g_test_add_func ("/tend/limits/of-another-thread", test_of_another_thread);
  g_test_add_func ("/tend/limits/refuses-nonsense", test_refuses_nonsense);
  g_test_add_func ("/tend/limits/has-no-interval", test_has_no_interval);
  g_test_add_func ("/tend/delay/completes", test_delay_completes);
  g_test_add_func ("/tend/delay/is-numbered-when-asked", test_delay_is_numbered_when_asked);
  g_test_add_func ("/tend/delay/is-cancelled", test_delay_is_cancelled);
  g_test_add_func ("/tend/delay/is-made-by-its-caller", test_delay_is_made_by_its_caller);
  g_test_add_func ("/tend/delay/of-zero-starves-no-timer", test_delays_of_zero_starve_no_timer);
  g_test_add_func ("/tend/limits/copy-drops-the-task", test_copy_drops_the_task);
  g_test_add_func ("/tend/limits/copy-drops-the-retry", test_copy_drops_the_retry);

  return g_test_run ();
}
