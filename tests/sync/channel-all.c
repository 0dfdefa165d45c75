// SPDX-FileCopyrightText: The libtend authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Receiving all values of a channel at once.

#include "channel-fixture.h"

/* Notes the ids of the values in their order, and drops them. */
static void
note_values (Fixture    *fixture,
             const char *name,
             GPtrArray  *values)
{
  GString *ids = g_string_new (NULL);

  for (guint i = 0; i < values->len; i++)
    g_string_append_printf (ids, "%s%d", i == 0 ? "" : ",", get_id (g_ptr_array_index (values, i)));
  note (fixture, "%s=%s", name, ids->str);
  g_string_free (ids, TRUE);
  g_ptr_array_unref (values);
}

static gboolean
receive_at_once (TendTask  *task,
                 gpointer   data,
                 GError   **error)
{
  Actor *actor = data;
  GError *failure = NULL;
  GPtrArray *values = tend_channel_receive_all (actor->fixture->channel, &failure);

  g_assert_true (values == NULL || failure == NULL);
  if (values != NULL)
    note_values (actor->fixture, actor->name, values);
  else
    note (actor->fixture, "%s:%s", actor->name, name_error (failure));

  if (failure != NULL)
    g_propagate_error (error, failure);
  return failure == NULL;
}

static void
received_all_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  Actor *actor = data;
  g_autoptr(GError) error = NULL;
  GPtrArray *values = tend_channel_receive_all_finish (TEND_CHANNEL (object), result, &error);

  g_assert_true ((values == NULL) == (error != NULL));
  if (values != NULL)
    note_values (actor->fixture, actor->name, values);
  else
    note (actor->fixture, "%s:%s", actor->name, name_error (error));
}

static void
receive_all_async (Fixture      *fixture,
                   const char   *name,
                   GCancellable *cancellable)
{
  tend_channel_receive_all_async (fixture->channel, cancellable, received_all_cb, actor_new (fixture, name, 0));
}

static void
try_receive_all (Fixture *fixture)
{
  GPtrArray *values = tend_channel_try_receive_all (fixture->channel);

  is_mine = TRUE;
  note_values (fixture, "try", values);
  is_mine = FALSE;
}

/* --- In a fiber --- */

static void
test_takes_what_is_there (Fixture       *fixture,
                          gconstpointer  unused)
{
  for (int i = 1; i <= 3; i++)
    try_send_token (fixture->channel, i);
  go (fixture, receive_at_once, "a", 0);
  assert_log (fixture, "a=1,2,3");

  /* It waits for one, and takes what has come with it. */
  go (fixture, receive_at_once, "b", 0);
  assert_log (fixture, "");
  try_send_token (fixture->channel, 4);
  try_send_token (fixture->channel, 5);
  settle (fixture);
  assert_log (fixture, "b=4,5");
}

static void
test_end (Fixture       *fixture,
          gconstpointer  unused)
{
  g_autoptr(GError) reason = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no disk");

  try_send_token (fixture->channel, 1);
  tend_channel_close (fixture->channel);
  go (fixture, receive_at_once, "a", 0);
  go (fixture, receive_at_once, "b", 0);
  receive_all_async (fixture, "c", NULL);
  settle (fixture);
  assert_log (fixture, "a=1 b:end c:closed");

  g_object_unref (fixture->channel);
  fixture->channel = tend_channel_new (0);
  tend_channel_close_with_error (fixture->channel, reason);
  go (fixture, receive_at_once, "a", 0);
  receive_all_async (fixture, "b", NULL);
  settle (fixture);
  assert_log (fixture, "a:no disk b:no disk");
}

/* Those that wait to send find room, and what they send comes the next time. */
static void
test_senders_come_next (Fixture       *fixture,
                        gconstpointer  unused)
{
  try_send_token (fixture->channel, 1);
  try_send_token (fixture->channel, 2);
  go (fixture, send_one, "s", 3);
  go (fixture, send_one, "t", 4);
  go (fixture, send_one, "u", 5);
  go (fixture, receive_at_once, "a", 0);
  settle (fixture);
  assert_log (fixture, "a=1,2 s+3 t+4");
  go (fixture, receive_at_once, "a", 0);
  settle (fixture);
  assert_log (fixture, "a=3,4 u+5");
  go (fixture, receive_at_once, "a", 0);
  assert_log (fixture, "a=5");
}

/* The values of others that were woken are theirs, and if they do not take them they come before what is behind. */
static void
test_leaves_others_theirs (Fixture       *fixture,
                           gconstpointer  unused)
{
  TendTask *task;

  go (fixture, receive_at_once, "a", 0);
  task = go (fixture, receive_one, "b", 0);
  go (fixture, receive_at_once, "c", 0);
  for (int i = 1; i <= 5; i++)
    try_send_token (fixture->channel, i);
  tend_task_cancel (task);
  settle (fixture);
  assert_log (fixture, "a=1 c=2 b:cancelled");
  go (fixture, receive_at_once, "d", 0);
  assert_log (fixture, "d=3,4,5");
}

static void
test_cancelled_takes_nothing (Fixture       *fixture,
                              gconstpointer  data)
{
  const Case *with = data;
  TendTask *task = go (fixture, receive_at_once, "a", 0);
  g_autofree char *expected = g_strdup_printf ("a:%s try=1,2", with->name);

  try_send_token (fixture->channel, 1);
  try_send_token (fixture->channel, 2);
  with->end (task);
  settle (fixture);
  try_receive_all (fixture);
  assert_log (fixture, expected);
}

static void
test_without_a_wait (Fixture       *fixture,
                     gconstpointer  unused)
{
  g_autoptr(GError) error = NULL;

  try_receive_all (fixture);
  assert_log (fixture, "try=");
  try_send_token (fixture->channel, 1);
  try_send_token (fixture->channel, 2);
  try_receive_all (fixture);
  assert_log (fixture, "try=1,2");
  g_assert_null (tend_channel_receive_all (fixture->channel, &error));
  g_assert_error (error, TEND_ERROR, TEND_ERROR_NO_FIBER);
}

/* --- By callback --- */

static void
test_async (Fixture       *fixture,
            gconstpointer  unused)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  receive_all_async (fixture, "a", NULL);
  receive_all_async (fixture, "b", cancellable);
  try_send_token (fixture->channel, 1);
  g_cancellable_cancel (cancellable);
  try_send_token (fixture->channel, 2);
  try_send_token (fixture->channel, 3);
  settle (fixture);
  assert_log (fixture, "a=1,2,3 b:cancelled");
}

/* Until they are read the values take their room, and those that nobody reads come back in front, in their order. */
static void
test_unread_values_go_back (Fixture       *fixture,
                            gconstpointer  unused)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) values = NULL;
  g_autoptr(GPtrArray) same = NULL;

  for (int i = 1; i <= 3; i++)
    try_send_token (fixture->channel, i);
  tend_channel_receive_all_async (fixture->channel, NULL, keep_result_cb, &result);
  settle (fixture);
  send_async (fixture, "s", 4, NULL);
  receive_async (fixture, "r", NULL);
  settle (fixture);
  assert_log (fixture, "");
  g_clear_object (&result);
  settle (fixture);
  assert_log (fixture, "r=1 s+4");

  tend_channel_receive_all_async (fixture->channel, NULL, keep_result_cb, &result);
  settle (fixture);
  values = tend_channel_receive_all_finish (fixture->channel, result, NULL);
  same = tend_channel_receive_all_finish (fixture->channel, result, NULL);
  g_assert_true (values == same);
  g_assert_cmpuint (values->len, ==, 3);
  g_assert_cmpint (get_id (g_ptr_array_index (values, 0)), ==, 2);
  g_assert_true (try_send_token (fixture->channel, 5));

  /* The array is the caller's, and outlives the result. */
  g_clear_object (&result);
  g_assert_cmpint (get_id (g_ptr_array_index (values, 2)), ==, 4);
  try_receive_all (fixture);
  assert_log (fixture, "try=5");
}

static void
test_dropped_channel (Fixture       *fixture,
                      gconstpointer  unused)
{
  go (fixture, receive_at_once, "a", 0);
  receive_all_async (fixture, "b", NULL);
  g_object_unref (g_steal_pointer (&fixture->channel));
  settle (fixture);
  assert_log (fixture, "a:end b:closed");
}

int
main (int   argc,
      char *argv[])
{
  static const Case unbounded = { 0 };
  static const Case two = { .capacity = 2 };
  static const Case three = { .capacity = 3 };
  static const Case cancelled = { .end = tend_task_cancel, .name = "cancelled" };
  static const Case stopped = { .end = tend_task_stop, .name = "stopped" };

  g_test_init (&argc, &argv, NULL);

  add ("all/takes-what-is-there", &unbounded, test_takes_what_is_there);
  add ("all/end", &unbounded, test_end);
  add ("all/senders-come-next", &two, test_senders_come_next);
  add ("all/leaves-others-theirs", &unbounded, test_leaves_others_theirs);
  add ("all/cancelled-takes-nothing", &cancelled, test_cancelled_takes_nothing);
  add ("all/stopped-takes-nothing", &stopped, test_cancelled_takes_nothing);
  add ("all/without-a-wait", &unbounded, test_without_a_wait);
  add ("all/async", &unbounded, test_async);
  add ("all/unread-values-go-back", &three, test_unread_values_go_back);
  add ("all/dropped-channel", &unbounded, test_dropped_channel);

  return g_test_run ();
}
