// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Semaphores: what becomes of a permit, or of the wait for one, when a holder or a waiter ends.

#include "semaphore-fixture.h"

/* --- What a waiter that ends leaves --- */

static void
test_end_of_waiter (Fixture       *fixture,
                    gconstpointer  unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      TendTask *task;

      g_assert_true (tend_semaphore_try_acquire (fixture->object));
      task = go (fixture, use_body, "a");
      go (fixture, use_body, "b");
      settle (fixture);
      ends[i].end (task);
      settle (fixture);
      assert_log_of (fixture, "a:%s", &ends[i]);
      assert_counts (fixture, 0, 1);

      tend_semaphore_release (fixture->object);
      tend_clock_advance (fixture->clock, SECOND, NULL);
      assert_log (fixture, "b -b");
      assert_counts (fixture, 1, 0);
    }
}

/* The permit is on its way to the one that ends. */
static void
test_end_of_waiter_with_permit (Fixture       *fixture,
                                gconstpointer  unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      TendTask *task;

      g_assert_true (tend_semaphore_try_acquire (fixture->object));
      task = go (fixture, use_body, "a");
      go (fixture, use_body, "b");
      settle (fixture);
      tend_semaphore_release (fixture->object);
      ends[i].end (task);
      tend_clock_advance (fixture->clock, SECOND, NULL);
      assert_log_of (fixture, "a:%s b -b", &ends[i]);
      assert_counts (fixture, 1, 0);
    }
}

static void
test_deadline_of_waiter (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTask *task = tend_task_new_fiber ("a", use_body, actor_new (fixture, "a"), NULL);

  g_assert_true (tend_semaphore_try_acquire (fixture->object));
  tend_task_set_deadline (task, tend_get_time () + SECOND);
  g_assert_true (tend_task_start (keep (fixture, task), NULL));
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "a:timed-out");
  tend_semaphore_release (fixture->object);
  assert_counts (fixture, 1, 0);
}

static void
test_cancellable (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  g_assert_true (tend_semaphore_try_acquire (fixture->object));
  acquire_async (fixture, "a", cancellable);
  acquire_async (fixture, "b", NULL);
  settle (fixture);
  tend_semaphore_release (fixture->object);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "a:cancelled b");
  tend_semaphore_release (fixture->object);
  assert_counts (fixture, 1, 0);

  /* One that is cancelled before it begins. */
  acquire_async (fixture, "c", cancellable);
  settle (fixture);
  assert_log (fixture, "c:cancelled");
  assert_counts (fixture, 1, 0);
}

static void
unread_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
}

static void
test_unread_result (Fixture       *fixture,
                    gconstpointer  unused)
{
  tend_semaphore_acquire_async (fixture->object, NULL, unread_cb, NULL);
  tend_semaphore_acquire_async (fixture->object, NULL, NULL, NULL);
  acquire_async (fixture, "a", NULL);
  settle (fixture);
  assert_log (fixture, "a");
  tend_semaphore_release (fixture->object);
  assert_counts (fixture, 1, 0);
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  unused)
{
  g_assert_true (tend_semaphore_try_acquire (fixture->object));
  go (fixture, use_body, "a");
  acquire_async (fixture, "b", NULL);
  settle (fixture);
  g_clear_object (&fixture->object);
  settle (fixture);
  assert_log (fixture, "a:closed b:closed");
}

/* --- What a holder that ends leaves --- */

static void
test_given_back (Fixture       *fixture,
                 gconstpointer  unused)
{
  go (fixture, keep_body, "a");
  go (fixture, keep_body, "b");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_log (fixture, "a b");
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_counts (fixture, 1, 0);
}

static gboolean
unwind_body (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Actor *actor = data;
  gboolean ok = acquire (actor, error) && tend_sleep (SECOND, error);

  /* Nobody else is between the two while this runs, although the task has ended. */
  note (actor->fixture, "%s-unwinds", actor->name);
  g_assert_cmpuint (tend_semaphore_get_n_available (actor->object), ==, 0);
  return ok;
}

static void
test_given_back_when_finished (Fixture       *fixture,
                               gconstpointer  unused)
{
  TendTask *task = go (fixture, unwind_body, "a");

  go (fixture, keep_body, "b");
  settle (fixture);
  assert_log (fixture, "a");
  tend_task_stop (task);
  g_assert_true (tend_task_is_ended (task));
  assert_counts (fixture, 0, 1);
  settle (fixture);
  assert_log (fixture, "a-unwinds b");
  tend_clock_advance (fixture->clock, SECOND, NULL);
}

static gboolean
twice_body (TendTask  *task,
            gpointer   data,
            GError   **error)
{
  Actor *actor = data;

  return acquire (actor, error) && acquire (actor, error) && tend_sleep (SECOND, error);
}

static void
test_several_given_back (Fixture       *fixture,
                         gconstpointer  unused)
{
  go (fixture, twice_body, "a");
  settle (fixture);
  assert_counts (fixture, 0, 0);
  tend_clock_advance (fixture->clock, SECOND, NULL);
  assert_counts (fixture, 2, 0);
  assert_log (fixture, "a a");
}

static gboolean
open_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Actor *actor = data;

  tend_semaphore_acquire_async (actor->object, NULL, acquired_cb, actor);
  return TRUE;
}

/* A permit that is asked for by callback is the task's that asks. */
static void
test_callback_of_task (Fixture       *fixture,
                       gconstpointer  unused)
{
  TendTask *task = keep (fixture, tend_task_run_open ("a", open_body, actor_new (fixture, "a"), NULL));
  TendTask *late = keep (fixture, tend_task_run_open ("b", open_body, actor_new (fixture, "b"), NULL));

  settle (fixture);
  assert_log (fixture, "a");
  tend_task_return_boolean (late, TRUE);
  tend_task_return_boolean (task, TRUE);
  settle (fixture);
  assert_log (fixture, "b:stopped");
  assert_counts (fixture, 1, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("waiter/ends", 1, test_end_of_waiter);
  add ("waiter/ends-with-permit", 1, test_end_of_waiter_with_permit);
  add ("waiter/deadline", 1, test_deadline_of_waiter);
  add ("waiter/cancellable", 1, test_cancellable);
  add ("waiter/unread-result", 1, test_unread_result);
  add ("waiter/dropped", 1, test_dropped);
  add ("holder/given-back", 1, test_given_back);
  add ("holder/given-back-when-finished", 1, test_given_back_when_finished);
  add ("holder/several-given-back", 2, test_several_given_back);
  add ("holder/callback-of-task", 1, test_callback_of_task);

  return g_test_run ();
}
