// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Channels: what arrives and in which order, what the end is like, and where the calls may be made.

#include "channel-fixture.h"

/* --- Order --- */

static void
test_values_keep_their_order (Fixture       *fixture,
                              gconstpointer  unused)
{
  go (fixture, receive_all, "r", 0);
  go (fixture, send_many, "s", 5);
  settle (fixture);
  assert_log (fixture, "r=1 r=2 r=3 r=4 r=5 r:end");
}

static void
test_unbounded_never_waits (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (tend_channel_get_capacity (fixture->channel), ==, 0);
  for (int i = 1; i <= 100; i++)
    g_assert_true (try_send_token (fixture->channel, i));
  go (fixture, send_one, "s", 101);
  assert_log (fixture, "s+101");

  /* Neither outside of fibers. */
  g_assert_true (send_token (fixture->channel, 102, &error));
  g_assert_no_error (error);

  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 102);
  for (int i = 1; i <= 102; i++)
    g_assert_cmpint (try_receive_token (fixture->channel), ==, i);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 0);
}

static void
test_full_channel_waits (Fixture       *fixture,
                         gconstpointer  unused)
{
  guint value;

  g_object_get (fixture->channel, "capacity", &value, NULL);
  g_assert_cmpuint (value, ==, 2);

  go (fixture, send_one, "a", 1);
  go (fixture, send_one, "b", 2);
  go (fixture, send_one, "c", 3);
  send_async (fixture, "d", 4, NULL);
  go (fixture, send_one, "e", 5);
  g_assert_false (try_send_token (fixture->channel, 6));
  settle (fixture);
  assert_log (fixture, "a+1 b+2");
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 2);

  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 2);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "c+3");

  for (int i = 2; i <= 5; i++)
    g_assert_cmpint (try_receive_token (fixture->channel), ==, i);
  settle (fixture);
  assert_log (fixture, "d+4 e+5");
  g_assert_true (try_send_token (fixture->channel, 6));
}

static void
test_receivers_take_turns (Fixture       *fixture,
                           gconstpointer  unused)
{
  go (fixture, receive_one, "a", 0);
  receive_async (fixture, "b", NULL);
  go (fixture, receive_one, "c", 0);
  receive_async (fixture, "d", NULL);

  for (int i = 1; i <= 3; i++)
    g_assert_true (try_send_token (fixture->channel, i));
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "a=1 b=2 c=3");

  g_assert_true (try_send_token (fixture->channel, 4));
  settle (fixture);
  assert_log (fixture, "d=4");
}

/* Whoever comes while a value is on its way to one who waited comes behind that one. */
static void
test_nobody_pushes_in (Fixture       *fixture,
                       gconstpointer  unused)
{
  go (fixture, receive_one, "a", 0);
  try_send_token (fixture->channel, 1);
  try_send_token (fixture->channel, 2);
  try_send_token (fixture->channel, 3);
  go (fixture, receive_one, "b", 0);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 3);
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 2);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "a=1 b=2");
}

static void
test_task_of_lower_priority (Fixture       *fixture,
                             gconstpointer  unused)
{
  TendTask *task = tend_task_new_fiber ("low", receive_all, actor_new (fixture, "low", 0), NULL);

  tend_task_set_priority (task, G_PRIORITY_LOW);
  g_ptr_array_add (fixture->tasks, task);
  g_assert_true (tend_task_start (task, NULL));
  go (fixture, send_many, "s", 3);
  settle (fixture);
  assert_log (fixture, "low=1 low=2 low=3 low:end");
}

/* --- Fairness --- */

static gboolean
send_and_note (TendTask  *task,
               gpointer   data,
               GError   **error)
{
  Actor *actor = data;

  send_token (actor->fixture->channel, 1, NULL);
  note (actor->fixture, "sent");
  return TRUE;
}

static void
test_receiver_runs_after_sender (Fixture       *fixture,
                                 gconstpointer  unused)
{
  receive_async (fixture, "a", NULL);
  go (fixture, send_and_note, "s", 0);
  assert_log (fixture, "sent");
  settle (fixture);
  assert_log (fixture, "a=1");

  go (fixture, receive_one, "b", 0);
  go (fixture, send_and_note, "s", 0);
  assert_log (fixture, "sent");
  settle (fixture);
  assert_log (fixture, "b=1");
}

/* 128 waits go on at once, and the next one takes a turn. */
#define N_BACKLOG (10 * 129)

/* A fiber that always finds a value still lets others run. */
static gboolean
receive_backlog (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  Actor *actor = data;
  gint64 value;
  gint64 next = 0;

  while (tend_channel_receive_int (actor->fixture->channel, &value, error))
    {
      g_assert_cmpint (value, ==, next);
      if (++next == N_BACKLOG)
        tend_task_stop (g_ptr_array_index (actor->fixture->tasks, 0));
    }

  return *error == NULL;
}

static gboolean
yield_on (TendTask  *task,
          gpointer   data,
          GError   **error)
{
  Actor *actor = data;

  while (tend_yield (error))
    actor->value++;
  return FALSE;
}

static void
test_backlog_lets_others_run (Fixture       *fixture,
                              gconstpointer  unused)
{
  Actor *other = actor_new (fixture, "other", 0);

  g_ptr_array_add (fixture->tasks, tend_task_run_fiber ("other", yield_on, other, NULL));
  for (int i = 0; i < N_BACKLOG; i++)
    g_assert_true (tend_channel_send_int (fixture->channel, i, NULL));
  tend_channel_close (fixture->channel);
  go (fixture, receive_backlog, "r", 0);
  settle (fixture);
  g_assert_cmpint (other->value, ==, 10);
}

/* --- Closing --- */

static void
test_close (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  try_send_token (fixture->channel, 1);
  try_send_token (fixture->channel, 2);
  g_assert_false (tend_channel_is_closed (fixture->channel));
  tend_channel_close (fixture->channel);
  tend_channel_close (fixture->channel);
  g_assert_true (tend_channel_is_closed (fixture->channel));

  g_assert_false (try_send_token (fixture->channel, 3));
  g_assert_false (send_token (fixture->channel, 3, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_CLOSED);
  go (fixture, send_one, "s", 3);
  send_async (fixture, "t", 4, NULL);
  go (fixture, receive_all, "r", 0);
  receive_async (fixture, "u", NULL);
  settle (fixture);
  assert_log (fixture, "s:closed r=1 r=2 r:end t:closed u:closed");
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 0);
}

static void
test_close_wakes_receivers (Fixture       *fixture,
                            gconstpointer  unused)
{
  go (fixture, receive_all, "a", 0);
  receive_async (fixture, "b", NULL);
  go (fixture, receive_one, "c", 0);
  tend_channel_close (fixture->channel);
  assert_log (fixture, "");
  settle (fixture);
  assert_log (fixture, "a:end b:closed c:end");
}

static void
test_close_keeps_what_senders_offer (Fixture       *fixture,
                                     gconstpointer  unused)
{
  try_send_token (fixture->channel, 1);
  go (fixture, send_one, "a", 2);
  send_async (fixture, "b", 3, NULL);
  go (fixture, send_one, "c", 4);
  tend_channel_close (fixture->channel);
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 4);
  settle (fixture);
  assert_log (fixture, "a+2 b+3 c+4");

  /* It has more than its capacity, and takes nothing more. */
  g_assert_false (try_send_token (fixture->channel, 5));
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
  go (fixture, send_one, "d", 5);
  go (fixture, receive_all, "r", 0);
  assert_log (fixture, "d:closed r=2 r=3 r=4 r:end");
}

/* A result that nobody has read takes the room. Receivers that wait get what a sender offers before they get the end. */
static void
test_close_with_senders_and_receivers (Fixture       *fixture,
                                       gconstpointer  unused)
{
  g_autoptr(GAsyncResult) result = NULL;

  try_send_token (fixture->channel, 1);
  tend_channel_receive_async (fixture->channel, NULL, keep_result_cb, &result);
  settle (fixture);
  go (fixture, send_one, "s", 2);
  go (fixture, receive_one, "a", 0);
  receive_async (fixture, "b", NULL);
  assert_log (fixture, "");
  tend_channel_close (fixture->channel);
  settle (fixture);
  assert_log (fixture, "s+2 a=2");

  g_clear_object (&result);
  settle (fixture);
  assert_log (fixture, "b=1");
}

static void
test_close_with_error (Fixture       *fixture,
                       gconstpointer  unused)
{
  g_autoptr(GError) reason = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no disk");
  g_autoptr(GError) other = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "other");
  g_autoptr(GError) error = NULL;

  try_send_token (fixture->channel, 1);
  go (fixture, send_one, "waiting", 2);
  tend_channel_close_with_error (fixture->channel, reason);
  tend_channel_close_with_error (fixture->channel, other);
  tend_channel_close (fixture->channel);
  settle (fixture);
  assert_log (fixture, "waiting+2");

  g_assert_false (send_token (fixture->channel, 3, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_CLOSED);
  g_assert_nonnull (strstr (error->message, "no disk"));

  go (fixture, receive_all, "a", 0);
  go (fixture, receive_all, "b", 0);
  receive_async (fixture, "c", NULL);
  settle (fixture);
  assert_log (fixture, "a=1 a=2 a:no disk b:no disk c:no disk");
}

/* The end is not told while a value may still come back from who was woken for it. */
static void
test_end_comes_last (Fixture       *fixture,
                     gconstpointer  unused)
{
  TendTask *first = go (fixture, receive_one, "a", 0);

  go (fixture, receive_all, "b", 0);
  try_send_token (fixture->channel, 1);
  tend_channel_close (fixture->channel);
  tend_task_cancel (first);
  settle (fixture);
  assert_log (fixture, "a:cancelled b=1 b:end");
}

/* --- Where it may be called --- */

static void
test_no_fiber (Fixture       *fixture,
               gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;
  GValue value = G_VALUE_INIT;

  g_assert_false (tend_channel_receive (fixture->channel, &value, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  g_clear_error (&error);

  g_assert_true (send_token (fixture->channel, 1, &error));
  g_assert_no_error (error);
  g_assert_false (send_token (fixture->channel, 2, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
  g_clear_error (&error);

  g_assert_true (tend_channel_receive (fixture->channel, &value, &error));
  g_assert_no_error (error);
  g_assert_cmpint (take_id (&value), ==, 1);
}

static void
expect_not_mine (const char *func)
{
  g_autofree char *pattern = g_strdup_printf ("%s: assertion *tend_loop_is_mine*", func);

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, pattern);
}

static gpointer
use_in_thread (gpointer data)
{
  TendChannel *channel = data;
  GValue value = G_VALUE_INIT;

  expect_not_mine ("tend_channel_try_send");
  g_assert_false (tend_channel_try_send (channel, NULL));
  expect_not_mine ("tend_channel_try_receive");
  g_assert_false (tend_channel_try_receive (channel, &value));
  expect_not_mine ("tend_channel_send");
  g_assert_false (tend_channel_send (channel, NULL, NULL));
  expect_not_mine ("tend_channel_receive");
  g_assert_false (tend_channel_receive (channel, &value, NULL));
  expect_not_mine ("tend_channel_send_async");
  tend_channel_send_async (channel, NULL, NULL, NULL, NULL);
  expect_not_mine ("tend_channel_receive_async");
  tend_channel_receive_async (channel, NULL, NULL, NULL);
  expect_not_mine ("tend_channel_close");
  tend_channel_close (channel);
  expect_not_mine ("tend_channel_get_length");
  tend_channel_get_length (channel);
  expect_not_mine ("tend_channel_is_closed");
  tend_channel_is_closed (channel);
  g_test_assert_expected_messages ();

  return NULL;
}

static void
test_wrong_thread (Fixture       *fixture,
                   gconstpointer  unused)
{
  settle (fixture);
  g_thread_join (g_thread_new ("user", use_in_thread, fixture->channel));
  g_assert_cmpuint (tend_channel_get_length (fixture->channel), ==, 0);
  g_assert_false (tend_channel_is_closed (fixture->channel));
}

static void
test_other_context (Fixture       *fixture,
                    gconstpointer  unused)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  TendTask *task;

  try_send_token (fixture->channel, 1);
  g_main_context_push_thread_default (context);
  task = go (fixture, receive_one, "a", 0);
  g_main_context_pop_thread_default (context);
  g_assert_error (tend_task_get_error (task), TEND_ERROR, TEND_ERROR_WRONG_THREAD);
  g_string_truncate (fixture->log, 0);
  g_assert_cmpint (try_receive_token (fixture->channel), ==, 1);
}

static void
test_wrong_result (Fixture       *fixture,
                   gconstpointer  unused)
{
  g_autoptr(TendChannel) other = tend_channel_new (0);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  tend_channel_send_async (fixture->channel, NULL, NULL, keep_result_cb, &result);
  settle (fixture);

  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "tend_channel_receive_finish: assertion *");
  g_assert_null (tend_channel_receive_finish (fixture->channel, result, &error));
  g_test_expect_message ("Tend", G_LOG_LEVEL_CRITICAL, "tend_channel_send_finish: assertion *");
  g_assert_false (tend_channel_send_finish (other, result, &error));
  g_test_assert_expected_messages ();
  g_assert_true (tend_channel_send_finish (fixture->channel, result, &error));
}

int
main (int   argc,
      char *argv[])
{
  static const Case unbounded = { 0 };
  static const Case one = { .capacity = 1 };
  static const Case two = { .capacity = 2 };

  g_test_init (&argc, &argv, NULL);

  add ("order/unbounded", &unbounded, test_values_keep_their_order);
  add ("order/bounded", &one, test_values_keep_their_order);
  add ("order/receivers-take-turns", &unbounded, test_receivers_take_turns);
  add ("order/nobody-pushes-in", &unbounded, test_nobody_pushes_in);
  add ("order/task-of-lower-priority", &two, test_task_of_lower_priority);
  add ("capacity/unbounded-never-waits", &unbounded, test_unbounded_never_waits);
  add ("capacity/full-channel-waits", &two, test_full_channel_waits);
  add ("fairness/receiver-runs-after-sender", &unbounded, test_receiver_runs_after_sender);
  add ("fairness/backlog-lets-others-run", &unbounded, test_backlog_lets_others_run);
  add ("close/tells-the-end", &unbounded, test_close);
  add ("close/wakes-receivers", &unbounded, test_close_wakes_receivers);
  add ("close/keeps-what-senders-offer", &one, test_close_keeps_what_senders_offer);
  add ("close/with-senders-and-receivers", &one, test_close_with_senders_and_receivers);
  add ("close/with-error", &one, test_close_with_error);
  add ("close/end-comes-last", &unbounded, test_end_comes_last);
  add ("caller/no-fiber", &one, test_no_fiber);
  add ("caller/wrong-thread", &unbounded, test_wrong_thread);
  add ("caller/other-context", &unbounded, test_other_context);
  add ("caller/wrong-result", &unbounded, test_wrong_result);

  return g_test_run ();
}
