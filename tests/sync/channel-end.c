// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What becomes of a value when those end who send or receive it: cancelled, stopped, given up, dropped.

#include "channel-fixture.h"

/* --- Cancelling and stopping --- */

#define assert_log_of(fixture, format, with) \
  G_STMT_START \
    { \
      g_autofree char *expected = g_strdup_printf (format, (with)->name); \
      assert_log (fixture, expected); \
    } \
  G_STMT_END

static void
test_end_of_receiver (Fixture       *fixture,
                      gconstpointer  data)
{
  const Case *with = data;
  TendTask *task = go (fixture, receive_one, "a", 0);

  go (fixture, receive_one, "b", 0);
  settle (fixture);
  with->end (task);
  settle (fixture);
  assert_log_of (fixture, "a:%s", with);

  try_send_token (fixture->channel, 1);
  settle (fixture);
  assert_log (fixture, "b=1");
}

/* It has not gone on yet, and is passed over. */
static void
test_end_of_receiver_before_value (Fixture       *fixture,
                                   gconstpointer  data)
{
  const Case *with = data;
  TendTask *task = go (fixture, receive_one, "a", 0);

  go (fixture, receive_one, "b", 0);
  settle (fixture);
  with->end (task);
  try_send_token (fixture->channel, 1);
  settle (fixture);
  assert_log_of (fixture, "a:%s b=1", with);
}

static void
test_end_of_receiver_with_value (Fixture       *fixture,
                                 gconstpointer  data)
{
  const Case *with = data;
  TendTask *task = go (fixture, receive_one, "a", 0);

  settle (fixture);
  try_send_token (fixture->channel, 1);
  try_send_token (fixture->channel, 2);
  with->end (task);
  settle (fixture);
  assert_log_of (fixture, "a:%s", with);

  /* The value is the first one again. */
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 2);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 2);
}

static void
test_end_of_receiver_among_others (Fixture       *fixture,
                                   gconstpointer  data)
{
  const Case *with = data;
  TendTask *task;

  go (fixture, receive_one, "a", 0);
  task = go (fixture, receive_one, "b", 0);
  go (fixture, receive_one, "c", 0);
  go (fixture, receive_one, "d", 0);
  settle (fixture);
  for (int i = 1; i <= 3; i++)
    try_send_token (fixture->channel, i);
  with->end (task);
  settle (fixture);
  assert_log_of (fixture, "a=1 c=2 b:%s d=3", with);
}

static void
test_end_of_sender (Fixture       *fixture,
                    gconstpointer  data)
{
  const Case *with = data;
  TendTask *task;

  try_send_token (fixture->channel, 1);
  task = go (fixture, send_one, "a", 2);
  go (fixture, send_one, "b", 3);
  with->end (task);

  /* There is room before it has gone on: it is passed over. */
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
  settle (fixture);
  assert_log_of (fixture, "a:%s b+3", with);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 3);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 0);
}

/* The value is in the channel, and so it was sent. */
static void
test_end_of_sender_with_room (Fixture       *fixture,
                              gconstpointer  data)
{
  const Case *with = data;
  TendTask *task;

  try_send_token (fixture->channel, 1);
  task = go (fixture, send_one, "a", 2);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
  with->end (task);
  settle (fixture);
  assert_log (fixture, "a+2");
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 2);
}

/* It is closed before the sender that was ended has gone on: what that one offers is not kept, unlike the others'. */
static void
test_end_of_sender_of_closed (Fixture       *fixture,
                              gconstpointer  data)
{
  const Case *with = data;
  TendTask *early, *late;

  try_send_token (fixture->channel, 1);
  early = go (fixture, send_one, "a", 2);
  late = go (fixture, send_one, "b", 3);
  go (fixture, send_one, "c", 4);
  with->end (early);
  tend_channel_close (fixture->channel);
  with->end (late);
  settle (fixture);
  /* To end a fiber lets it go on behind those that go on already. */
  assert_log_of (fixture, "a:%s c+4 b+3", with);

  go (fixture, receive_all, "r", 0);
  assert_log (fixture, "r=1 r=3 r=4 r:end");
}

static gboolean
receive_shielded (TendTask  *task,
                  gpointer   data,
                  GError   **error)
{
  gboolean is_received;

  tend_sleep (1000, NULL);
  g_assert_false (receive_one (task, data, NULL));
  tend_shield_push ();
  is_received = receive_one (task, data, error);
  tend_shield_pop ();

  return is_received;
}

static void
test_cancelled_task_uses_no_channel (Fixture       *fixture,
                                     gconstpointer  unused)
{
  TendTask *task = go (fixture, receive_shielded, "a", 0);

  tend_task_cancel (task);
  try_send_token (fixture->channel, 1);
  settle (fixture);
  assert_log (fixture, "a:cancelled a=1");
}

/* --- Cancelling of asynchronous calls --- */

static void
test_cancel_async (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  try_send_token (fixture->channel, 1);
  send_async (fixture, "a", 2, cancellable);
  send_async (fixture, "b", 3, NULL);
  settle (fixture);
  g_cancellable_cancel (cancellable);
  assert_log (fixture, "");

  /* There is room before the cancelled one has been told. */
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
  settle (fixture);
  assert_log (fixture, "a:cancelled b+3");
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 3);

  /* Now it is cancelled before it begins. */
  send_async (fixture, "c", 4, cancellable);
  receive_async (fixture, "d", cancellable);
  settle (fixture);
  assert_log (fixture, "c:cancelled d:cancelled");
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 0);
}

static void
test_cancel_async_with_value (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  receive_async (fixture, "a", cancellable);
  receive_async (fixture, "b", NULL);
  try_send_token (fixture->channel, 1);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "a:cancelled b=1");
}

static void
test_send_in_time_is_not_cancelled (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  send_async (fixture, "a", 1, cancellable);
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 1);
  g_cancellable_cancel (cancellable);
  settle (fixture);
  assert_log (fixture, "a+1");
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
}

static void
test_cancel_async_of_closed (Fixture       *fixture,
                             gconstpointer  unused)
{
  g_autoptr(GCancellable) early = g_cancellable_new ();
  g_autoptr(GCancellable) late = g_cancellable_new ();

  try_send_token (fixture->channel, 1);
  send_async (fixture, "a", 2, early);
  send_async (fixture, "b", 3, late);
  g_cancellable_cancel (early);
  tend_channel_close (fixture->channel);
  g_cancellable_cancel (late);
  settle (fixture);
  assert_log (fixture, "a:cancelled b+3");
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 3);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 0);
}

static gpointer
cancel_thread (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel_async_in_thread (Fixture       *fixture,
                             gconstpointer  unused)
{
  for (int i = 1; i <= 200; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      GThread *thread;
      gboolean is_received;
      int left;

      receive_async (fixture, "r", cancellable);
      settle (fixture);
      thread = g_thread_new ("cancel", cancel_thread, cancellable);
      if (i % 2 == 0)
        g_thread_yield ();
      g_assert_true (try_send_token (fixture->channel, i));
      settle (fixture);
      g_thread_join (thread);
      settle (fixture);

      /* Either way, and never both. */
      is_received = !g_str_equal (fixture->log->str, "r:cancelled");
      left = try_receive_token (fixture->channel);
      g_assert_cmpint (left, ==, is_received ? 0 : i);
      g_string_truncate (fixture->log, 0);
    }
}

/* --- Lifetime --- */

static void
test_dropped_channel_tells_receivers (Fixture       *fixture,
                                   gconstpointer  unused)
{
  TendTask *task;

  go (fixture, receive_one, "a", 0);
  task = go (fixture, receive_one, "b", 0);
  receive_async (fixture, "c", NULL);
  tend_task_cancel (task);
  g_clear_object (&fixture->channel);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "b:cancelled a:end c:closed");
}

static void
test_dropped_channel_tells_senders (Fixture       *fixture,
                                    gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  gpointer watched = fixture->channel;

  g_object_add_weak_pointer (watched, &watched);
  try_send_token (fixture->channel, 1);
  go (fixture, send_one, "a", 2);
  send_async (fixture, "b", 3, NULL);
  send_async (fixture, "c", 4, cancellable);
  g_cancellable_cancel (cancellable);
  g_object_unref (g_steal_pointer (&fixture->channel));
  settle (fixture);
  assert_log (fixture, "a:closed b:closed c:cancelled");
  g_assert_null (watched);
}

/* Nobody receives what a closed channel keeps: it is freed with the channel, and its senders have succeeded. */
static void
test_closed_and_dropped (Fixture       *fixture,
                         gconstpointer  unused)
{
  try_send_token (fixture->channel, 1);
  go (fixture, send_one, "a", 2);
  send_async (fixture, "b", 3, NULL);
  tend_channel_close (fixture->channel);
  g_object_unref (g_steal_pointer (&fixture->channel));
  g_assert_cmpint (n_tokens, ==, 3);
  settle (fixture);
  assert_log (fixture, "a+2 b+3");
  g_assert_cmpint (n_tokens, ==, 0);
}

static gpointer
unref_thread (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* The values are freed at home: token_free() looks. */
static void
test_dropped_in_thread (Fixture       *fixture,
                        gconstpointer  unused)
{
  try_send_token (fixture->channel, 1);
  receive_async (fixture, "a", NULL);
  settle (fixture);
  assert_log (fixture, "a=1");
  try_send_token (fixture->channel, 2);
  g_thread_join (g_thread_new ("unref", unref_thread, g_steal_pointer (&fixture->channel)));
  g_assert_cmpint (n_tokens, ==, 1);
  settle (fixture);
  g_assert_cmpint (n_tokens, ==, 0);
}

static void
test_result_owns_its_value (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(GObject) source = NULL;
  GAsyncResult *result = NULL;

  try_send_token (fixture->channel, 1);
  tend_channel_receive_async (fixture->channel, NULL, keep_result_cb, &result);
  settle (fixture);
  source = g_async_result_get_source_object (result);
  g_assert_true (source == G_OBJECT (fixture->channel));
  g_assert_true (g_async_result_get_user_data (result) == &result);
  g_assert_cmpint (get_id (tend_channel_receive_finish (fixture->channel, result, NULL)), ==, 1);
  g_assert_cmpint (n_tokens, ==, 1);
  g_thread_join (g_thread_new ("unref", unref_thread, result));
  settle (fixture);
  g_assert_cmpint (n_tokens, ==, 0);
}

/* It takes room until it is read, and a closed channel has not ended before. */
static void
test_unread_value_takes_room (Fixture       *fixture,
                              gconstpointer  unused)
{
  g_autoptr(GAsyncResult) result = NULL;

  try_send_token (fixture->channel, 1);
  tend_channel_receive_async (fixture->channel, NULL, keep_result_cb, &result);
  settle (fixture);
  send_async (fixture, "s", 2, NULL);
  settle (fixture);
  assert_log (fixture, "");
  g_assert_cmpint (get_id (tend_channel_receive_finish (fixture->channel, result, NULL)), ==, 1);
  g_assert_cmpint (get_id (tend_channel_receive_finish (fixture->channel, result, NULL)), ==, 1);
  settle (fixture);
  assert_log (fixture, "s+2");

  g_clear_object (&result);
  tend_channel_receive_async (fixture->channel, NULL, keep_result_cb, &result);
  settle (fixture);
  tend_channel_close (fixture->channel);
  receive_async (fixture, "a", NULL);
  settle (fixture);
  assert_log (fixture, "");
  g_clear_object (&result);
  settle (fixture);
  assert_log (fixture, "a=2");
}

/* Nobody has read the first two: the second is handed back, as a binding does, and then the first is dropped. */
static void
test_unread_value_goes_back (Fixture       *fixture,
                             gconstpointer  unused)
{
  GAsyncResult *first = NULL;
  GAsyncResult *second = NULL;

  for (int i = 1; i <= 3; i++)
    try_send_token (fixture->channel, i);
  tend_channel_receive_async (fixture->channel, NULL, keep_result_cb, &first);
  tend_channel_receive_async (fixture->channel, NULL, keep_result_cb, &second);
  settle (fixture);
  g_object_run_dispose (G_OBJECT (second));
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 2);
  g_object_unref (second);
  g_thread_join (g_thread_new ("unref", unref_thread, first));
  settle (fixture);
  receive_async (fixture, "a", NULL);
  receive_async (fixture, "b", NULL);
  receive_async (fixture, "c", NULL);
  settle (fixture);
  assert_log (fixture, "a=1 b=2 c=3");
}

static gboolean
await_value (TendTask  *task,
             gpointer   data,
             GError   **error)
{
  Actor *actor = data;
  g_auto(TendCall) call = TEND_CALL_INIT;
  const GValue *value;

  tend_channel_receive_async (actor->fixture->channel, tend_call_start (&call), tend_call_ready, &call);
  if (!tend_await_call (&call, error))
    return FALSE;

  value = tend_channel_receive_finish (actor->fixture->channel, call.result, error);
  if (value == NULL)
    return FALSE;

  note (actor->fixture, "%s=%d", actor->name, get_id (value));
  return TRUE;
}

/* The result is freed on the fiber's stack, and its value on the native one. */
static void
test_async_in_fiber (Fixture       *fixture,
                     gconstpointer  unused)
{
  TendTask *task;

  go (fixture, await_value, "a", 0);
  task = go (fixture, await_value, "b", 0);
  try_send_token (fixture->channel, 1);
  tend_task_cancel (task);
  settle (fixture);
  assert_log (fixture, "a=1");
  g_assert_error (tend_task_get_error (task), G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int   argc,
      char *argv[])
{
  static const Case unbounded = { 0 };
  static const Case one = { .capacity = 1 };
  static const Case cancelled = { .end = tend_task_cancel, .name = "cancelled" };
  static const Case stopped = { .end = tend_task_stop, .name = "stopped" };
  static const Case cancelled_one = { .capacity = 1, .end = tend_task_cancel, .name = "cancelled" };
  static const Case stopped_one = { .capacity = 1, .end = tend_task_stop, .name = "stopped" };

  g_test_init (&argc, &argv, NULL);

  add ("cancel/receiver", &cancelled, test_end_of_receiver);
  add ("cancel/receiver-before-value", &cancelled, test_end_of_receiver_before_value);
  add ("cancel/receiver-with-value", &cancelled, test_end_of_receiver_with_value);
  add ("cancel/receiver-among-others", &cancelled, test_end_of_receiver_among_others);
  add ("cancel/sender", &cancelled_one, test_end_of_sender);
  add ("cancel/sender-with-room", &cancelled_one, test_end_of_sender_with_room);
  add ("cancel/sender-of-closed", &cancelled_one, test_end_of_sender_of_closed);
  add ("cancel/uses-no-channel", &unbounded, test_cancelled_task_uses_no_channel);
  add ("stop/receiver", &stopped, test_end_of_receiver);
  add ("stop/receiver-before-value", &stopped, test_end_of_receiver_before_value);
  add ("stop/receiver-with-value", &stopped, test_end_of_receiver_with_value);
  add ("stop/receiver-among-others", &stopped, test_end_of_receiver_among_others);
  add ("stop/sender", &stopped_one, test_end_of_sender);
  add ("stop/sender-with-room", &stopped_one, test_end_of_sender_with_room);
  add ("stop/sender-of-closed", &stopped_one, test_end_of_sender_of_closed);
  add ("cancellable/async-of-closed", &one, test_cancel_async_of_closed);
  add ("cancellable/async", &one, test_cancel_async);
  add ("cancellable/async-with-value", &unbounded, test_cancel_async_with_value);
  add ("cancellable/send-in-time", &unbounded, test_send_in_time_is_not_cancelled);
  add ("cancellable/in-thread", &unbounded, test_cancel_async_in_thread);
  add ("lifetime/dropped-channel-tells-receivers", &unbounded, test_dropped_channel_tells_receivers);
  add ("lifetime/dropped-channel-tells-senders", &one, test_dropped_channel_tells_senders);
  add ("lifetime/closed-and-dropped", &one, test_closed_and_dropped);
  add ("lifetime/dropped-in-thread", &unbounded, test_dropped_in_thread);
  add ("lifetime/result-owns-its-value", &unbounded, test_result_owns_its_value);
  add ("lifetime/unread-value-takes-room", &one, test_unread_value_takes_room);
  add ("lifetime/unread-value-goes-back", &unbounded, test_unread_value_goes_back);
  add ("lifetime/async-in-fiber", &unbounded, test_async_in_fiber);

  return g_test_run ();
}
