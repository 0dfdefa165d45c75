// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The time of a cancellable: when it is up, a new one, and that it leaves with its cancellable.

#include "cancellable.h"

static void
test_cancels_after_a_time (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_add_handler (cancellable, note_handler_cb, (gpointer) "a", NULL);
  tend_cancellable_cancel_after (cancellable, 5 * SECOND);
  tend_clock_advance (clock, 5 * SECOND - 1, NULL);
  g_assert_false (is_cancelled (cancellable));
  tend_clock_advance (clock, 1, NULL);
  g_assert_true (is_cancelled (cancellable));
  assert_reason (cancellable, "its time of 5 s was up");
  assert_notes ("a");
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_zero_is_the_next_turn (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, 0);
  g_assert_false (is_cancelled (cancellable));
  tend_clock_advance (clock, 0, NULL);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_new_time_replaces_the_old (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  tend_cancellable_cancel_after (cancellable, 3 * SECOND);
  tend_clock_advance (clock, 2 * SECOND, NULL);
  g_assert_false (is_cancelled (cancellable));
  tend_clock_advance (clock, SECOND, NULL);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, 3 * SECOND);
  tend_cancellable_cancel_after (cancellable, SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_time_can_be_taken_back (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  tend_cancellable_cancel_after (cancellable, G_MAXINT64);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_false (is_cancelled (cancellable));
  tend_cancellable_cancel_after (cancellable, G_MAXINT64 - 1);
  tend_clock_advance (clock, 1000 * SECOND, NULL);
  g_assert_false (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

static void
test_negative_time_is_refused (void)
{
  TendCancellable *cancellable = tend_cancellable_new ();

  expect_critical ("*timeout >= 0*");
  tend_cancellable_cancel_after (cancellable, -1);
  g_test_assert_expected_messages ();
  settle ();
  g_assert_false (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);
}

/* Cancelled by hand, dropped, or in another thread: the loop has nothing left to wait for. */
static void
test_time_leaves_with_its_cancellable (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  tend_cancellable_cancel_after (cancellable, SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  in_thread (cancel_cancellable_thread, cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  g_assert_finalize_object (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);

  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  settle ();
  in_thread (unref_thread, cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);

  /* Before the loop has heard of it. */
  cancellable = tend_cancellable_new ();
  tend_cancellable_cancel_after (cancellable, SECOND);
  g_assert_finalize_object (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_finalize_object (clock);
}

static gpointer
cancel_after_thread (gpointer data)
{
  tend_cancellable_cancel_after (data, SECOND);
  return NULL;
}

/* A thread without a context of its own has the default one, whose loop takes the time. */
static void
test_time_may_be_set_from_another_thread (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  in_thread (cancel_after_thread, cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, SECOND);
  g_assert_true (is_cancelled (cancellable));
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  in_thread (cancel_after_thread, cancellable);
  tend_cancellable_cancel_after (cancellable, 2 * SECOND);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 2 * SECOND);
  g_assert_finalize_object (cancellable);

  cancellable = tend_cancellable_new ();
  in_thread (cancel_after_thread, cancellable);
  g_assert_finalize_object (cancellable);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_finalize_object (clock);
}

static gpointer
cancel_after_hour_thread (gpointer data)
{
  tend_cancellable_cancel_after (data, 3600 * SECOND);
  return NULL;
}

/* A time that another thread has set, and that is over before it has come to the loop, is never there. */
static void
test_time_that_is_late_is_dropped (void)
{
  TendClock *clock = tend_clock_freeze (NULL);
  TendCancellable *cancellable = tend_cancellable_new ();

  g_thread_join (g_thread_new ("cancel-after", cancel_after_hour_thread, cancellable));
  g_assert_true (g_main_context_acquire (NULL));
  g_cancellable_cancel (G_CANCELLABLE (cancellable));
  g_main_context_release (NULL);
  g_assert_cmpint (tend_clock_run_until_idle (clock, NULL), ==, 0);
  g_assert_finalize_object (cancellable);
  g_assert_finalize_object (clock);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tend/cancellable/cancels-after-a-time", test_cancels_after_a_time);
  g_test_add_func ("/tend/cancellable/zero-is-the-next-turn", test_zero_is_the_next_turn);
  g_test_add_func ("/tend/cancellable/new-time-replaces-the-old", test_new_time_replaces_the_old);
  g_test_add_func ("/tend/cancellable/time-can-be-taken-back", test_time_can_be_taken_back);
  g_test_add_func ("/tend/cancellable/negative-time-is-refused", test_negative_time_is_refused);
  g_test_add_func ("/tend/cancellable/time-leaves-with-its-cancellable", test_time_leaves_with_its_cancellable);
  g_test_add_func ("/tend/cancellable/time-may-be-set-from-another-thread", test_time_may_be_set_from_another_thread);
  g_test_add_func ("/tend/cancellable/time-that-is-late-is-dropped", test_time_that_is_late_is_dropped);

  return g_test_run ();
}
