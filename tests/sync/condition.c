// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Conditions: who is woken, and that a notification is not lost to a waiter that ends.

#include "waits.h"

static void
set_up (Fixture       *fixture,
        gconstpointer  unused)
{
  fixture->clock = tend_clock_freeze (NULL);
  fixture_init (fixture, tend_condition_new ());
}

static gboolean
wait_body (TendTask  *task,
           gpointer   data,
           GError   **error)
{
  Actor *actor = data;
  GError *failure = NULL;
  gboolean ok = tend_condition_wait (actor->object, &failure);

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
  gboolean ok = tend_condition_wait_finish (TEND_CONDITION (source), result, &error);

  note_wait (data, ok, error);
}

static void
wait_async (Fixture      *fixture,
            const char   *name,
            GCancellable *cancellable)
{
  tend_condition_wait_async (fixture->object, cancellable, waited_cb, actor_new (fixture, name));
}

static void
test_notify_one (Fixture       *fixture,
                 gconstpointer  unused)
{
  tend_condition_notify_one (fixture->object);
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  go (fixture, wait_body, "c");
  settle (fixture);
  assert_log (fixture, "");

  tend_condition_notify_one (fixture->object);
  tend_condition_notify_one (fixture->object);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "a b");
  tend_condition_notify_one (fixture->object);
  settle (fixture);
  assert_log (fixture, "c");
}

static void
test_notify_all (Fixture       *fixture,
                 gconstpointer  unused)
{
  tend_condition_notify_all (fixture->object);
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  go (fixture, wait_body, "c");
  settle (fixture);
  tend_condition_notify_all (fixture->object);
  go (fixture, wait_body, "d");
  settle (fixture);
  assert_log (fixture, "a b c");
  tend_condition_notify_all (fixture->object);
  settle (fixture);
  assert_log (fixture, "d");
}

/* The notification goes on to the next, if there is one. */
static void
test_end_of_notified (Fixture       *fixture,
                      gconstpointer  unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      TendTask *task = go (fixture, wait_body, "a");

      go (fixture, wait_body, "b");
      go (fixture, wait_body, "c");
      settle (fixture);
      tend_condition_notify_one (fixture->object);
      ends[i].end (task);
      settle (fixture);
      assert_log_of (fixture, "a:%s b", &ends[i]);

      tend_condition_notify_all (fixture->object);
      settle (fixture);
      assert_log (fixture, "c");

      task = go (fixture, wait_body, "d");
      settle (fixture);
      tend_condition_notify_one (fixture->object);
      ends[i].end (task);
      settle (fixture);
      assert_log_of (fixture, "d:%s", &ends[i]);
    }
}

/* Those who came after a notification for all are not woken by it. */
static void
test_end_of_one_of_all (Fixture       *fixture,
                        gconstpointer  unused)
{
  TendTask *task = go (fixture, wait_body, "a");

  settle (fixture);
  tend_condition_notify_all (fixture->object);
  go (fixture, wait_body, "b");
  tend_task_cancel (task);
  settle (fixture);
  assert_log (fixture, "a:cancelled");
  tend_condition_notify_one (fixture->object);
  settle (fixture);
  assert_log (fixture, "b");
}

static void
test_end_of_waiter (Fixture       *fixture,
                    gconstpointer  unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      TendTask *task = go (fixture, wait_body, "a");

      go (fixture, wait_body, "b");
      settle (fixture);
      ends[i].end (task);
      tend_condition_notify_one (fixture->object);
      settle (fixture);
      assert_log_of (fixture, "a:%s b", &ends[i]);
    }
}

static void
test_cancellable (Fixture       *fixture,
                  gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  wait_async (fixture, "a", cancellable);
  wait_async (fixture, "b", NULL);
  settle (fixture);
  tend_condition_notify_one (fixture->object);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "a:cancelled b");
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
  tend_condition_wait_async (fixture->object, NULL, unread_cb, NULL);
  tend_condition_wait_async (fixture->object, NULL, NULL, NULL);
  wait_async (fixture, "a", NULL);
  wait_async (fixture, "b", NULL);
  settle (fixture);
  tend_condition_notify_one (fixture->object);
  settle (fixture);
  assert_log (fixture, "a");
  tend_condition_notify_all (fixture->object);
  settle (fixture);
  assert_log (fixture, "b");
}

static void
test_dropped (Fixture       *fixture,
              gconstpointer  unused)
{
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  settle (fixture);
  g_clear_object (&fixture->object);
  settle (fixture);
  assert_log (fixture, "a:closed b:closed");
}

/* Those who hold the only reference to it have gone on when it is freed. */
static void
test_dropped_after_notification (Fixture       *fixture,
                                 gconstpointer  unused)
{
  go (fixture, wait_body, "a");
  wait_async (fixture, "b", NULL);
  settle (fixture);
  tend_condition_notify_all (fixture->object);
  g_clear_object (&fixture->object);
  settle (fixture);
  assert_log (fixture, "a b");
}

static void
test_outside_fibers (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (tend_condition_wait (fixture->object, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

static void
add (const char *name,
     void     (* test) (Fixture       *fixture,
                        gconstpointer  data))
{
  g_autofree char *path = g_strconcat ("/tend/condition/", name, NULL);

  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("notify-one", test_notify_one);
  add ("notify-all", test_notify_all);
  add ("waiter/ends-notified", test_end_of_notified);
  add ("waiter/ends-among-all", test_end_of_one_of_all);
  add ("waiter/ends", test_end_of_waiter);
  add ("waiter/cancellable", test_cancellable);
  add ("waiter/unread-result", test_unread_result);
  add ("waiter/dropped", test_dropped);
  add ("waiter/dropped-after-notification", test_dropped_after_notification);
  add ("outside-fibers", test_outside_fibers);

  return g_test_run ();
}
