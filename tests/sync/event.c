// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Events: who is woken, and what a wait that is cut short says.

#include "waits.h"

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->clock = tend_clock_freeze (NULL);
  fixture_init (fixture, tend_event_new ());
}

static gboolean
wait_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Actor *actor = data;
  GError *failure = NULL;
  gboolean ok = tend_event_wait (actor->object, &failure);

  note_wait (actor, ok, failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return ok;
}

static void
waited_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr(GError) error = NULL;
  gboolean ok = tend_event_wait_finish (TEND_EVENT (source), result, &error);

  note_wait (data, ok, error);
}

static void
wait_async (Fixture      *fixture,
            const char   *name,
            GCancellable *cancellable)
{
  tend_event_wait_async (fixture->object, cancellable, waited_cb, actor_new (fixture, name));
}

static void
test_wakes_all (Fixture       *fixture,
                gconstpointer  unused)
{
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  go (fixture, wait_body, "c");
  settle (fixture);
  assert_log (fixture, "");
  g_assert_false (tend_event_is_set (fixture->object));

  tend_event_set (fixture->object);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "a b c");
  g_assert_true (tend_event_is_set (fixture->object));
}

static void
test_set_already (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  tend_event_set (fixture->object);
  tend_event_set (fixture->object);
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  assert_log (fixture, "a");
  settle (fixture);
  assert_log (fixture, "b");
  g_assert_true (tend_event_wait (fixture->object, &error));
  g_assert_no_error (error);
}

/* Who was woken goes on, and who comes afterwards waits. */
static void
test_reset (Fixture       *fixture,
            gconstpointer  unused)
{
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  settle (fixture);
  tend_event_set (fixture->object);
  tend_event_reset (fixture->object);
  go (fixture, wait_body, "c");
  wait_async (fixture, "d", NULL);
  settle (fixture);
  assert_log (fixture, "a b");
  tend_event_set (fixture->object);
  settle (fixture);
  assert_log (fixture, "c d");
}

static void
test_end_of_waiter (Fixture       *fixture,
                    gconstpointer  unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      TendTask *task = go (fixture, wait_body, "a");
      TendTask *woken = go (fixture, wait_body, "b");

      go (fixture, wait_body, "c");
      settle (fixture);
      ends[i].end (task);
      tend_event_set (fixture->object);
      ends[i].end (woken);
      settle (fixture);
      assert_log (fixture, i == 0 ? "a:cancelled c b:cancelled" : "a:stopped c b:stopped");
      tend_event_reset (fixture->object);
    }
}

static void
test_deadline_of_waiter (Fixture       *fixture,
                         gconstpointer  unused)
{
  TendTask *task = tend_task_new_fiber ("a", wait_body, actor_new (fixture, "a"), NULL);

  tend_task_set_deadline (task, tend_get_time () + G_TIME_SPAN_SECOND);
  g_assert_true (tend_task_start (keep (fixture, task), NULL));
  tend_clock_advance (fixture->clock, G_TIME_SPAN_SECOND, NULL);
  assert_log (fixture, "a:timed-out");
}

static void
test_cancellable (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  wait_async (fixture, "a", cancellable);
  wait_async (fixture, "b", NULL);
  settle (fixture);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "a:cancelled");
  tend_event_set (fixture->object);
  settle (fixture);
  assert_log (fixture, "b");
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  unused)
{
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  tend_event_wait_async (fixture->object, NULL, NULL, NULL);
  settle (fixture);
  g_clear_object (&fixture->object);
  settle (fixture);
  assert_log (fixture, "a:closed b:closed");
}

static void
test_outside_fibers (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_event_wait (fixture->object, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

static void
add (const char *name,
     void     (* test) (Fixture       *fixture,
                        gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/tend/event/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("wakes-all", test_wakes_all);
  add ("set-already", test_set_already);
  add ("reset", test_reset);
  add ("waiter/ends", test_end_of_waiter);
  add ("waiter/deadline", test_deadline_of_waiter);
  add ("waiter/cancellable", test_cancellable);
  add ("waiter/dropped", test_dropped);
  add ("outside-fibers", test_outside_fibers);

  return g_test_run ();
}
