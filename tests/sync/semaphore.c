// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Semaphores: who gets a permit and when, guards, and mistakes.

#include "semaphore-fixture.h"

/* --- Order --- */

static void
test_lock (Fixture       *fixture,
           gconstpointer  unused)
{
  go (fixture, use_body, "a");
  go (fixture, use_body, "b");
  go (fixture, use_body, "c");
  settle (fixture);
  assert_log (fixture, "a");
  assert_counts (fixture, 0, 2);
  tend_clock_advance (fixture->clock, 3 * SECOND, NULL);
  assert_log (fixture, "-a b -b c -c");
  assert_counts (fixture, 1, 0);
}

static void
test_limit (Fixture       *fixture,
            gconstpointer  unused)
{
  for (int i = 0; i < 4; i++)
    go (fixture, use_body, (const char *[]) { "a", "b", "c", "d" }[i]);
  settle (fixture);
  assert_log (fixture, "a b");
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "-a c -b d -c -d");
  assert_counts (fixture, 2, 0);
}

/* A released permit is the waiter's, and nobody takes it before that one has gone on. */
static void
test_no_barging (Fixture       *fixture,
                 gconstpointer  unused)
{
  g_assert_true (tend_semaphore_try_acquire (fixture->object));
  go (fixture, use_body, "a");
  settle (fixture);
  assert_log (fixture, "");

  tend_semaphore_release (fixture->object);
  g_assert_false (tend_semaphore_try_acquire (fixture->object));
  go (fixture, use_body, "b");
  settle (fixture);
  assert_log (fixture, "a");
  assert_counts (fixture, 0, 1);
  tend_clock_advance (fixture->clock, 2 * SECOND, NULL);
  assert_log (fixture, "-a b -b");
}

static void
test_callbacks_take_turns (Fixture       *fixture,
                           gconstpointer  unused)
{
  acquire_async (fixture, "a", NULL);
  go (fixture, use_body, "b");
  acquire_async (fixture, "c", NULL);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "a");

  tend_semaphore_release (fixture->object);
  settle (fixture);
  assert_log (fixture, "b");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "-b c");
  tend_semaphore_release (fixture->object);
  assert_counts (fixture, 1, 0);
}

static gboolean
greedy_body (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Actor *actor = data;

  for (int i = 0; i < 100000; i++)
    {
      if (!tend_semaphore_acquire (actor->object, error))
        return FALSE;
      tend_semaphore_release (actor->object);
    }

  note (actor->fixture, "%s", actor->name);
  return TRUE;
}

static gboolean
yield_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Actor *actor = data;

  note (actor->fixture, "%s", actor->name);
  return TRUE;
}

/* One that need not wait lets others run from time to time. */
static void
test_lets_others_run (Fixture       *fixture,
                      gconstpointer  unused)
{
  TendTask *other = tend_task_new_fiber ("b", yield_body, actor_new (fixture, "b"), NULL);

  tend_task_set_delay (other, 0);
  g_assert_true (tend_task_start (keep (fixture, other), NULL));
  go (fixture, greedy_body, "a");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "b a");
}

/* --- Guards --- */

static gboolean
guard_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Actor *actor = data;

  {
    g_auto(TendPermit) permit = tend_permit_acquire (actor->object, error);

    if (!tend_permit_is_held (&permit))
      return note_wait (actor, FALSE, *error);
    note (actor->fixture, "%s", actor->name);
    if (!tend_sleep (SECOND, error))
      return FALSE;
  }

  note (actor->fixture, "-%s", actor->name);
  return tend_sleep (SECOND, error);
}

static void
test_guard (Fixture       *fixture,
            gconstpointer  unused)
{
  TendTask *stopped = go (fixture, guard_body, "a");
  TendTask *cancelled;

  settle (fixture);
  go (fixture, guard_body, "b");
  cancelled = go (fixture, guard_body, "c");
  settle (fixture);
  tend_task_stop (stopped);
  tend_task_cancel (cancelled);
  settle (fixture);
  assert_log (fixture, "a c:cancelled b");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "-b");
  assert_counts (fixture, 1, 0);
  tend_clock_advance (fixture->clock, SECOND, NULL);
}

/* --- Mistakes, and where it works --- */

#define expect_critical(text) g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, text)

static gboolean
release_body (TendTask  *task,
              gpointer   data,
              GError   **error)
{
  Actor *actor = data;

  expect_critical ("*released by a task that holds no permit*");
  tend_semaphore_release (actor->object);
  g_test_assert_expected_messages ();
  return TRUE;
}

static void
test_released_too_often (Fixture       *fixture,
                         gconstpointer  unused)
{
  expect_critical ("*released by a task that holds no permit*");
  tend_semaphore_release (fixture->object);
  g_test_assert_expected_messages ();
  assert_counts (fixture, 1, 0);

  go (fixture, use_body, "a");
  settle (fixture);
  go (fixture, release_body, "b");
  settle (fixture);
  assert_counts (fixture, 0, 0);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_counts (fixture, 1, 0);
  assert_log (fixture, "a -a");
}

/* Code that has no task releases what a task has acquired. */
static void
test_released_outside_tasks (Fixture       *fixture,
                             gconstpointer  unused)
{
  go (fixture, keep_body, "a");
  settle (fixture);
  tend_semaphore_release (fixture->object);
  assert_counts (fixture, 1, 0);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_counts (fixture, 1, 0);
  assert_log (fixture, "a");
}

static void
test_outside_fibers (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (tend_semaphore_acquire (fixture->object, &error));
  g_assert_no_error (error);
  g_assert_false (tend_semaphore_acquire (fixture->object, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  tend_semaphore_release (fixture->object);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    data)
{
  Fixture *fixture = data;
  guint n;

  g_object_get (object, pspec->name, &n, NULL);
  note (fixture, "%s=%u", pspec->name, n);
}

static void
test_properties (Fixture       *fixture,
                 gconstpointer  unused)
{
  guint n;

  g_object_get (fixture->object, "n-permits", &n, NULL);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (tend_semaphore_get_n_permits (fixture->object), ==, 1);
  g_signal_connect (fixture->object, "notify", G_CALLBACK (count_cb), fixture);
  go (fixture, keep_body, "a");
  go (fixture, keep_body, "b");
  settle (fixture);
  assert_log (fixture, "a n-available=0 n-waiting=1");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "b n-waiting=0");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "n-available=1");
}

static void
drop_cb (GObject    *object,
         GParamSpec *pspec,
         gpointer    data)
{
  Fixture *fixture = data;

  g_clear_object (&fixture->object);
}

static void
test_dropped_in_notify (Fixture       *fixture,
                        gconstpointer  unused)
{
  g_signal_connect (fixture->object, "notify::n-available", G_CALLBACK (drop_cb), fixture);
  go (fixture, keep_body, "a");
  settle (fixture);
  g_assert_null (fixture->object);
  assert_log (fixture, "a");
  tend_clock_advance (fixture->clock, SECOND, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("order/lock", 1, test_lock);
  add ("order/limit", 2, test_limit);
  add ("order/no-barging", 1, test_no_barging);
  add ("order/callbacks-take-turns", 1, test_callbacks_take_turns);
  add ("order/lets-others-run", 1, test_lets_others_run);
  add ("guard", 1, test_guard);
  add ("released-too-often", 1, test_released_too_often);
  add ("released-outside-tasks", 1, test_released_outside_tasks);
  add ("outside-fibers", 1, test_outside_fibers);
  add ("properties", 1, test_properties);
  add ("dropped-in-notify", 1, test_dropped_in_notify);

  return g_test_run ();
}
